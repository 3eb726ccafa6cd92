"""Samples: values of groups in ascending order, in memory or in a file, and what formulas take from them.

All of a group's numbers are taken over its values in ascending order, so they are the same bit for bit
whichever way the values were read, divided or held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

_STRETCH = 1 << 14  # numbers that are summed at once if they are many


class Sorted(Protocol):
    """Numbers in ascending order, in memory or in a file."""

    def __len__(self) -> int: ...

    def read(self, start: int, n: int) -> Floats:
        """Return up to `n` numbers from index `start` on."""


class Sample(Protocol):
    """Values of groups; every attribute and answer has one number per group."""

    @property
    def n(self) -> Ints:
        """Number of values of each group."""

    @property
    def mean(self) -> Floats:
        """Mean of the values of each group."""

    @property
    def squares(self) -> Floats:
        """Sum of the squared deviations from the mean of each group."""

    def mean_of(self, function: Function) -> Floats:
        """Return the mean of a function of the values of each group."""

    def order_statistic(self, rank: Ints) -> Floats:
        """Return the value of each group at its rank, from 0 for the lowest."""

    def n_below(self, limit: float) -> Ints:
        """Return the number of values below a limit in each group."""

    def only(self, groups: NDArray[np.bool_]) -> Sample:
        """Return the sample of some of the groups, for counts and order statistics."""


class HeldSample:
    """Values in memory, one group after the other from `starts` on; `n` is needed if groups may be empty."""

    def __init__(self, values: Floats, starts: Ints, n: Optional[Ints] = None) -> None:
        self._values, self._starts = values, starts
        self.n: Ints = np.diff(np.append(starts, len(values))) if n is None else n

    @cached_property
    def mean(self) -> Floats:
        """See `Sample.mean`."""
        mean: Floats = self.total / self.n
        return mean

    @cached_property
    def total(self) -> Floats:
        """Sum of the values of each group."""
        total: Floats = np.add.reduceat(self._values, self._starts)
        return total

    @cached_property
    def squares(self) -> Floats:
        """See `Sample.squares`."""
        of_value = np.repeat(self.mean, self.n)
        deviation = np.subtract(self._values, of_value, out=of_value)
        np.multiply(deviation, deviation, out=deviation)
        squares: Floats = np.add.reduceat(deviation, self._starts)
        return squares

    def mean_of(self, function: Function) -> Floats:
        """See `Sample.mean_of`."""
        mean: Floats = np.add.reduceat(function(self._values), self._starts) / self.n
        return mean

    def order_statistic(self, rank: Ints) -> Floats:
        """See `Sample.order_statistic`."""
        values: Floats = self._values[self._starts + rank]
        return values

    def n_below(self, limit: float) -> Ints:
        """See `Sample.n_below`."""
        n: Ints = np.add.reduceat(self._values < limit, self._starts, dtype=np.int64)
        return n

    def only(self, groups: NDArray[np.bool_]) -> HeldSample:
        """See `Sample.only`."""
        return HeldSample(self._values, self._starts[groups], self.n[groups])


class LongSample:
    """One group with at least one value, in a file."""

    def __init__(self, values: Sorted) -> None:
        self._values = values
        self.n: Ints = np.array([len(values)])

    @cached_property
    def mean(self) -> Floats:
        """See `Sample.mean`."""
        return self.mean_of(lambda values: values)

    @cached_property
    def squares(self) -> Floats:
        """See `Sample.squares`."""
        mean = self.mean
        return np.array([total_of(self._values, lambda values: (values - mean) ** 2)])

    def mean_of(self, function: Function) -> Floats:
        """See `Sample.mean_of`."""
        mean: Floats = np.array([total_of(self._values, function)]) / self.n
        return mean

    def order_statistic(self, rank: Ints) -> Floats:
        """See `Sample.order_statistic`."""
        return self._values.read(int(rank[0]), 1)

    def n_below(self, limit: float) -> Ints:
        """See `Sample.n_below`."""
        low, high = 0, len(self._values)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._values.read(middle, 1)[0] < limit else (low, middle)
        return np.array([low])

    def only(self, groups: NDArray[np.bool_]) -> LongSample:
        """See `Sample.only`."""
        return self


@dataclass(frozen=True)
class Paces:
    """Paces of trips, the reciprocals of their speeds; speeds below `slowest` count as that."""

    speeds: Sample
    slowest: float

    @property
    def n(self) -> Ints:
        """Number of paces of each group."""
        return self.speeds.n

    @cached_property
    def mean(self) -> Floats:
        """Mean of the paces of each group."""
        return self.speeds.mean_of(self._pace)

    @property
    def n_raised(self) -> Ints:
        """Number of speeds of each group that count as the slowest."""
        return self.speeds.n_below(self.slowest)

    def order_statistic(self, rank: Ints) -> Floats:
        """Return the pace of each group at its rank, from 0 for the lowest."""
        return self._pace(self.speeds.order_statistic(self.n - 1 - rank))

    def _pace(self, speed: Floats) -> Floats:
        pace: Floats = 1 / np.maximum(speed, self.slowest)
        return pace


def total_of(values: Sorted, function: Function) -> float:
    """Return the sum of a function of the values, bit for bit as `np.add.reduceat` does; 0 for no values.

    That is the first number plus the pairwise sum of the others, halved until the ranges are short.
    """
    if not len(values):
        return 0.0
    first = float(function(values.read(0, 1))[0])
    return first + _pairwise(values, function, 1, len(values) - 1) if len(values) > 1 else first


def _pairwise(values: Sorted, function: Function, start: int, n: int) -> float:
    """Return the sum over `n` values from index `start` on."""
    if n > _STRETCH:
        half = n // 2 - n // 2 % 8
        low = _pairwise(values, function, start, half)
        return low + _pairwise(values, function, start + half, n - half)
    some = np.concatenate([[0.0], function(values.read(start, n))])
    return float(np.add.reduceat(some, [0])[0])
