"""Statistics of groups of points, exact and the same bit for bit for any number of workers.

All of a group's numbers are taken over its speeds in ascending order, so they do not depend on the order in
which points were read, on workers or on earlier runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Optional, Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract import statistic
from ..storage.sorting import order_by

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STRETCH = 1 << 14  # numbers that are summed at once if they are many


class Sorted(Protocol):
    """Speeds in ascending order, in memory or in a file."""

    def __len__(self) -> int: ...

    def read(self, start: int, n: int) -> Floats:
        """Return up to `n` speeds from index `start` on."""


def speed_codes(speed: Floats) -> Ints:
    """Return non-negative integers in the order of the speeds (finite, non-negative), equal for equal speeds.

    Recorded speeds have few decimals, so times a power of ten they are usually integers, and small enough
    to sort fast; otherwise a speed's code is its rank.
    """
    sample = speed[:: len(speed) // 1000 + 1]
    for scale in (1.0, 10.0, 100.0, 1000.0, 10_000.0):
        if np.array_equal(np.rint(sample * scale) / scale, sample):
            codes = np.rint(speed * scale)
            if np.array_equal(codes / scale, speed) and codes.max(initial=0) < 2**31:
                whole: Ints = codes.astype(np.int64)
                return whole
    ranks: Ints = np.unique(speed, return_inverse=True)[1].astype(np.int64)
    return ranks


@dataclass(frozen=True)
class Groups:
    """Groups of points: `key` (n,), ascending and distinct, and `columns` (n,) by the statistics' keys.

    Speeds have the unit of the input; NaN marks values that need more points than the group has.
    """

    key: Ints
    columns: dict[str, NDArray[np.generic]]


def distinct(key: Ints, trip: Ints) -> tuple[Ints, Ints]:
    """Return the distinct pairs of `key` and `trip`, sorted, as two columns."""
    for step in ("neighbours", "all"):
        if len(key):  # a vehicle's points are consecutive, so most duplicates are neighbours
            new = np.flatnonzero((key[1:] != key[:-1]) | (trip[1:] != trip[:-1])) + 1
            rows = np.concatenate([[0], new])
            key, trip = key[rows], trip[rows]
        if step == "neighbours":
            order = order_by(key, trip)
            key, trip = key[order], trip[order]
    return key, trip


def summarise_groups(key: Ints, speed: Floats, codes: Ints, trip_keys: Ints) -> Groups:
    """Return the statistics of points by `key`; `trip_keys`, sorted, has each key once for each of its trips.

    `key`, `speed` and `codes`, its `speed_codes`, have the same length.
    """
    order = order_by(key, codes)
    key, speed = key[order], speed[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else key
    groups = key[starts]
    return _groups(groups, _Samples(speed, starts, _count(trip_keys, groups)))


def summarise_long(key: int, speeds: Sorted, n_trips: int) -> Groups:
    """Return the statistics of one group of any size, bit for bit equal to those of `summarise_groups`.

    `speeds` are in ascending order, in a file; there is at least one.
    """
    return _groups(np.array([key]), _LongSample(speeds, n_trips))


class Sample(Protocol):
    """Quantities of `groups` groups of points, from which statistics are computed; one value per group."""

    @property
    def n_points(self) -> Ints:
        """Number of points of each group."""

    @property
    def n_trips(self) -> Ints:
        """Number of distinct trips of each group."""

    @property
    def mean(self) -> Floats:
        """Return the mean of the speeds of each group."""

    @property
    def squares(self) -> Floats:
        """Return the sum of the squared deviations from the mean of each group."""

    def order_statistic(self, rank: Ints) -> Floats:
        """Return the speed of each group at its rank, from 0 for the lowest."""


Formula = Callable[[Sample], NDArray[np.generic]]


def _std(sample: Sample) -> Floats:
    """Return the sample standard deviation (n - 1)."""
    n = sample.n_points
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation: Floats = np.where(n > 1, np.sqrt(sample.squares / (n - 1)), np.nan)
    return deviation


def _percentile(sample: Sample, percentile: int) -> Floats:
    """Return a percentile, linear between order statistics (Hyndman and Fan 1996, type 7)."""
    n = sample.n_points
    position = (n - 1) * (percentile / 100)
    below = np.floor(position).astype(np.int64)
    low, high = sample.order_statistic(below), sample.order_statistic(np.minimum(below + 1, n - 1))
    value: Floats = low + (high - low) * (position - below)
    return value


FORMULAS: dict[str, Formula] = {
    "n_points": lambda sample: sample.n_points,
    "n_trips": lambda sample: sample.n_trips,
    "mean": lambda sample: sample.mean,
    "std": _std,
    **{
        entry.key: partial(_percentile, percentile=entry.percentile)
        for entry in statistic.STATISTICS
        if entry.percentile is not None and entry.family == statistic.POINTS
    },
}
"""The computation of each statistic of the registry, by its key."""


def _computed() -> list[statistic.Statistic]:
    return [statistic.statistic(key) for key in statistic.default_keys()]


def _groups(key: Ints, sample: Sample) -> Groups:
    if not len(key):
        kinds = {entry.key: np.int64 if entry.is_whole else np.float64 for entry in _computed()}
        return Groups(key, {name: np.empty(0, kind) for name, kind in kinds.items()})
    return Groups(key, {entry.key: FORMULAS[entry.key](sample) for entry in _computed()})


class _Samples:
    """Groups with speeds in memory: group after group from `starts`, each in ascending order."""

    def __init__(self, speed: Floats, starts: Ints, n_trips: Ints) -> None:
        self._speed, self._starts = speed, starts
        self.n_points: Ints = np.diff(np.append(starts, len(speed)))
        self.n_trips = n_trips

    @cached_property
    def mean(self) -> Floats:
        mean: Floats = np.add.reduceat(self._speed, self._starts) / self.n_points
        return mean

    @cached_property
    def squares(self) -> Floats:
        of_point = np.repeat(self.mean, self.n_points)
        deviation = np.subtract(self._speed, of_point, out=of_point)
        np.multiply(deviation, deviation, out=deviation)
        squares: Floats = np.add.reduceat(deviation, self._starts)
        return squares

    def order_statistic(self, rank: Ints) -> Floats:
        speeds: Floats = self._speed[self._starts + rank]
        return speeds


class _LongSample:
    """One group with speeds in a file."""

    def __init__(self, speeds: Sorted, n_trips: int) -> None:
        self._speeds = speeds
        self.n_points = np.array([len(speeds)])
        self.n_trips = np.array([n_trips])

    @cached_property
    def mean(self) -> Floats:
        mean: Floats = np.array([_sum(self._speeds)]) / self.n_points
        return mean

    @cached_property
    def squares(self) -> Floats:
        return np.array([_sum(self._speeds, self.mean) if len(self._speeds) > 1 else 0.0])

    def order_statistic(self, rank: Ints) -> Floats:
        return self._speeds.read(int(rank[0]), 1)


def _sum(speeds: Sorted, mean: Optional[Floats] = None) -> float:
    """Return the sum of the speeds, or of their squared deviations from a mean, as `np.add.reduceat` does.

    That is the first number plus the pairwise sum of the others, halved until the ranges are short.
    """
    at = 1

    def numbers(start: int, n: int) -> Floats:
        found = speeds.read(start, n)
        return found if mean is None else (found - mean) ** 2

    def of_stretch(n: int) -> float:
        nonlocal at
        if n > _STRETCH:
            half = n // 2 - n // 2 % 8
            return of_stretch(half) + of_stretch(n - half)
        some = np.concatenate([[0.0], numbers(at, n)])
        at += n
        return float(np.add.reduceat(some, [0])[0])

    first = float(numbers(0, 1)[0])
    return first + of_stretch(len(speeds) - 1) if len(speeds) > 1 else first


def _count(keys: Ints, groups: Ints) -> Ints:
    """Return the number of occurrences of each of `groups` in the sorted `keys`."""
    return np.searchsorted(keys, groups, side="right") - np.searchsorted(keys, groups, side="left")
