"""Statistics of groups of points, exact and the same bit for bit whoever computes them.

All of a group's numbers are taken over its speeds in ascending order, so they do not depend on the
order in which points were read, on workers or on earlier runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol

import numpy as np
from numpy.typing import NDArray

from ..storage.sorting import order_by

PERCENTILES = (5, 15, 50, 85, 95)
COLUMNS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STRETCH = 1 << 14  # numbers that are summed up at once where they are many


class Sorted(Protocol):
    """Speeds in ascending order, wherever they are."""

    def __len__(self) -> int: ...

    def read(self, start: int, n: int) -> Floats:
        """Up to `n` of them, from the one of index `start` on."""


def speed_codes(speed: Floats) -> Ints:
    """Integers, not negative, in the order of the speeds (finite, not negative); equal for equal speeds.

    Recorded speeds have few decimals, so times a power of ten they are usually whole, and small enough
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
    """Groups of points: `key` (n,) ascending and distinct, and `columns` by the names in `COLUMNS`.

    Speeds have the unit of the input. `std` is the sample standard deviation (n - 1), NaN for n = 1.
    """

    key: Ints
    columns: dict[str, NDArray[np.generic]]


def distinct(key: Ints, trip: Ints) -> tuple[Ints, Ints]:
    """The distinct pairs of `key` and `trip`, sorted, as two columns."""
    for step in ("neighbours", "all"):
        if len(key):  # a vehicle's points follow each other, so most repeats are neighbours
            new = np.flatnonzero((key[1:] != key[:-1]) | (trip[1:] != trip[:-1])) + 1
            rows = np.concatenate([[0], new])
            key, trip = key[rows], trip[rows]
        if step == "neighbours":
            order = order_by(key, trip)
            key, trip = key[order], trip[order]
    return key, trip


def summarise_groups(key: Ints, speed: Floats, codes: Ints, trip_keys: Ints) -> Groups:
    """Statistics of points by `key`; `trip_keys`, sorted, holds a key once for each of its trips.

    `key`, `speed` and its `speed_codes` are of one length. Percentiles interpolate linearly between
    the order statistics (Hyndman and Fan 1996, type 7).
    """
    order = order_by(key, codes)
    key, speed = key[order], speed[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else key
    n = np.diff(np.append(starts, len(speed)))
    groups = key[starts]
    return _of_sorted(groups, speed, starts, n, _count(trip_keys, groups))


def summarise_long(key: int, speeds: Sorted, n_trips: int) -> Groups:
    """Statistics of one group of any size, bit for bit as `summarise_groups` gives them.

    `speeds` are in ascending order, in a file; there is at least one.
    """
    n = np.array([len(speeds)])
    columns: dict[str, NDArray[np.generic]] = {"n_points": n, "n_trips": np.array([n_trips])}
    mean = np.array([_sum(speeds)]) / n
    columns["mean"] = mean
    for percentile in PERCENTILES:
        position = (n - 1) * (percentile / 100)
        below = np.floor(position).astype(np.int64)
        low, high = (speeds.read(int(at), 1) for at in (below[0], np.minimum(below + 1, n - 1)[0]))
        columns[f"p{percentile:02d}"] = low + (high - low) * (position - below)
    columns["std"] = np.full(1, np.nan)
    if n[0] > 1:
        columns["std"] = np.sqrt(np.array([_sum(speeds, mean)]) / (n - 1))
    return Groups(np.array([key]), {name: columns[name] for name in COLUMNS})


def _sum(speeds: Sorted, mean: Optional[Floats] = None) -> float:
    """The sum of the speeds, or of their squared deviations from a mean, in the order of `np.add.reduceat`.

    To the first number it adds the others' sum, of which it halves all stretches until they are short.
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


def _of_sorted(groups: Ints, speed: Floats, starts: Ints, n: Ints, n_trips: Ints) -> Groups:
    """Statistics of groups whose speeds, in ascending order, begin at `starts` and are `n` each."""
    columns: dict[str, NDArray[np.generic]] = {"n_points": n, "n_trips": n_trips}
    if not len(groups):
        return Groups(groups, {name: columns.get(name, np.empty(0)) for name in COLUMNS})
    mean = np.add.reduceat(speed, starts) / n
    columns["mean"] = mean
    for percentile in PERCENTILES:
        position = (n - 1) * (percentile / 100)
        below = np.floor(position).astype(np.int64)
        low = speed[starts + below]
        high = speed[starts + np.minimum(below + 1, n - 1)]
        columns[f"p{percentile:02d}"] = low + (high - low) * (position - below)
    of_point = np.repeat(mean, n)
    deviation = np.subtract(speed, of_point, out=of_point)
    np.multiply(deviation, deviation, out=deviation)
    squares = np.add.reduceat(deviation, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["std"] = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
    return Groups(groups, {name: columns[name] for name in COLUMNS})


def _count(keys: Ints, groups: Ints) -> Ints:
    """How often each of `groups` occurs in the sorted `keys`."""
    return np.searchsorted(keys, groups, side="right") - np.searchsorted(keys, groups, side="left")
