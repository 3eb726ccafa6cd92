"""Statistics of groups of points, exact and the same bit for bit whoever computes them.

All of a group's numbers are taken over its speeds in ascending order, so they do not depend on the
order in which points were read, on workers or on earlier runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (5, 15, 50, 85, 95)
COLUMNS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpeedCodes:
    """Speeds as small integers in the order of the speeds: `table[code]` (or `code / scale`) is the speed.

    Recorded speeds have few decimals, so multiplying by a power of ten usually gives integers that
    divide back exactly; otherwise a speed's code is its rank.
    """

    codes: Ints
    bits: int
    scale: float
    table: Floats

    @classmethod
    def of(cls, speed: Floats) -> SpeedCodes:
        """Code speeds that are finite and not negative."""
        sample = speed[:: len(speed) // 1000 + 1]
        for scale in (1.0, 10.0, 100.0, 1000.0, 10_000.0):
            if not np.array_equal(np.rint(sample * scale) / scale, sample):
                continue
            codes = np.rint(speed * scale)
            if len(codes) and codes.max() < 2**31 and np.array_equal(codes / scale, speed):
                whole = codes.astype(np.int64)
                return cls(whole, int(whole.max()).bit_length(), scale, np.empty(0))
        table, ranks = np.unique(speed, return_inverse=True)
        return cls(ranks.astype(np.int64), max(len(table) - 1, 0).bit_length(), 0.0, table)

    def speeds(self, codes: Ints) -> Floats:
        """The speeds of codes."""
        return codes / self.scale if self.scale else self.table[codes]


@dataclass(frozen=True)
class Groups:
    """Groups of points: `key` (n,) ascending and distinct, and `columns` by the names in `COLUMNS`.

    Speeds have the unit of the input. `std` is the sample standard deviation (n - 1), NaN for n = 1.
    """

    key: Ints
    columns: dict[str, NDArray[np.generic]]


def distinct(key: Ints, trip: Ints, n_trips: int) -> tuple[Ints, Ints]:
    """The distinct pairs of `key` and `trip` (below `n_trips`), sorted, as two columns."""
    pairs = key * n_trips + trip
    if len(pairs):  # a vehicle's points follow each other, so most repeats are neighbours
        pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])]
        pairs = np.sort(pairs)
        pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])]
    keys = pairs // n_trips
    return keys, pairs - keys * n_trips


def summarise_groups(key: Ints, codes: SpeedCodes, rows: NDArray[np.intp], trip_keys: Ints) -> Groups:
    """Statistics of the points `rows` of each `key`; `trip_keys` holds a key once for each of its trips.

    `key` belongs to `rows`, one each. Percentiles interpolate linearly between the order statistics
    (Hyndman and Fan 1996, type 7).
    """
    order = np.sort((key << codes.bits) | codes.codes[rows])
    sorted_key = order >> codes.bits
    starts = np.flatnonzero(np.concatenate([[True], sorted_key[1:] != sorted_key[:-1]])) if len(key) else key
    speed = codes.speeds(order & ((1 << codes.bits) - 1))
    n = np.diff(np.append(starts, len(speed)))
    groups = sorted_key[starts]
    columns: dict[str, NDArray[np.generic]] = {"n_points": n, "n_trips": _count(trip_keys, groups)}
    if not len(groups):
        return Groups(groups, {name: columns.get(name, np.empty(0)) for name in COLUMNS})
    mean = np.add.reduceat(speed, starts) / n
    columns["mean"] = mean
    squares = np.add.reduceat((speed - np.repeat(mean, n)) ** 2, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns["std"] = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
    for percentile in PERCENTILES:
        position = (n - 1) * (percentile / 100)
        below = np.floor(position).astype(np.int64)
        low = speed[starts + below]
        high = speed[starts + np.minimum(below + 1, n - 1)]
        columns[f"p{percentile:02d}"] = low + (high - low) * (position - below)
    return Groups(groups, columns)


def _count(keys: Ints, groups: Ints) -> Ints:
    """How often each of `groups` occurs in the sorted `keys`."""
    return np.searchsorted(keys, groups, side="right") - np.searchsorted(keys, groups, side="left")
