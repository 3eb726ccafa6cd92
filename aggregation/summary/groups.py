"""Groups of points in memory: sorting, and the inputs of formulas for each group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import RunSpec
from ..storage.sorting import order_by
from .samples import Floats, HeldSample, Ints, Paces
from .statistics import PACES, POINTS, TRIP_COUNT, TRIPS, WINDOW, Column, Passages, slowest

Mask = NDArray[np.bool_]
_NONE = np.empty(0)


@dataclass(frozen=True)
class Groups:
    """Rows of a result table: `link` (n,), ascending, is a link's index and `cell` (n,) ascending in a link.

    `columns` (n,) by the statistics' keys; NaN marks values that do not exist.
    """

    link: Ints
    cell: Ints
    columns: dict[str, Column]

    def only(self, keep: NDArray[Any]) -> Groups:
        """Return some of the rows, by a mask or in another order."""
        return Groups(
            self.link[keep], self.cell[keep], {name: column[keep] for name, column in self.columns.items()}
        )

    @classmethod
    def joined(cls, parts: list[Groups]) -> Groups:
        """Return the rows of layers of a table, in the order of a table."""
        if len(parts) == 1:
            return parts[0]
        names = parts[0].columns
        together = cls(
            np.concatenate([part.link for part in parts]),
            np.concatenate([part.cell for part in parts]),
            {name: np.concatenate([part.columns[name] for part in parts]) for name in names},
        )
        # A part is sorted, and cells of later parts are greater.
        return together.only(np.argsort(together.link, kind="stable"))


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
class Points:
    """Points of groups by `key`: speeds, their `speed_codes`, trips, and a mask of the free-flow window."""

    key: Ints
    speed: Floats
    codes: Ints
    trip: NDArray[np.int32]
    in_window: Optional[Mask] = None

    def only(self, rows: NDArray[np.intp]) -> Points:
        """Return some of the points."""
        return Points(self.key[rows], self.speed[rows], self.codes[rows], self.trip[rows])

    def by(self, key: Ints) -> Points:
        """Return the same points in groups by another key."""
        return Points(key, self.speed, self.codes, self.trip)


def grouped(
    points: Points, wanted: Collection[str], spec: RunSpec, pairs: Optional[TripPairs] = None
) -> tuple[Ints, dict[str, Any]]:
    """Return the distinct keys, ascending, and what formulas take of the points of each (see `statistics`).

    `wanted` names the inputs; those of traversals are not among them. `pairs`, if given, are those of keys
    and trips, which then are only counted.
    """
    order = order_by(points.key, points.codes)
    key = points.key[order]
    starts = np.flatnonzero(_new(key))
    groups = key[starts]
    speed = points.speed[order]
    inputs: dict[str, Any] = {POINTS: HeldSample(speed, starts)}
    if points.in_window is not None and len(groups):
        inside = points.in_window[order]
        n = np.add.reduceat(inside, starts, dtype=np.int64)
        inputs[WINDOW] = HeldSample(speed[inside], np.cumsum(n) - n, n)
    del key, speed
    if pairs is not None:
        inputs[TRIP_COUNT] = pairs.n_trips
        return groups, inputs
    runs = _Runs(points)
    n_trips = inputs[TRIP_COUNT] = runs.pairs.n_trips
    if takes_trips(wanted):
        inputs[TRIPS] = HeldSample(runs.speeds(order), np.cumsum(n_trips) - n_trips)
        inputs[PACES] = Paces(inputs[TRIPS], slowest(spec))
    return groups, inputs


def takes_trips(wanted: Collection[str]) -> bool:
    """Return True if speeds or paces of trips are among the inputs of formulas."""
    return TRIPS in wanted or PACES in wanted


class TripPairs:
    """The distinct pairs of a key and one of its trips, sorted."""

    def __init__(self, key: Ints, trip: NDArray[np.int32]) -> None:
        self._key, self._trip = key, trip

    @classmethod
    def of(cls, points: Points) -> TripPairs:
        """Return the pairs of some points."""
        return _Runs(points).pairs

    @property
    def n_trips(self) -> Ints:
        """Number of trips of each key."""
        return np.diff(np.append(np.flatnonzero(_new(self._key)), len(self._key)))

    @property
    def rank(self) -> Ints:
        """Index of each pair's key among the distinct ones."""
        return np.cumsum(_new(self._key)) - 1

    def by(self, width: int) -> TripPairs:
        """Return the pairs of the keys divided by a number."""
        return TripPairs.of(Points(self._key // width, _NONE, self._key, self._trip))


class _Runs:
    """Runs of points of one key and trip, sorted by both, and the distinct `pairs` of these.

    A vehicle's points are consecutive, so there are far fewer runs than points.
    """

    def __init__(self, points: Points) -> None:
        self._points = points
        key, trip = points.key, points.trip
        first = np.flatnonzero(_new(key, trip))
        key, trip = key[first], trip[first]
        self._sizes = np.diff(np.append(first, len(points.key)))
        self._order = order_by(key, trip)
        key, trip = key[self._order], trip[self._order]
        self._new = _new(key, trip)
        self.pairs = TripPairs(key[self._new], trip[self._new])

    def speeds(self, order: NDArray[np.intp]) -> Floats:
        """Return the mean speed of each pair's points, ascending within a key.

        `order` sorts the points by key and speed.
        """
        of_run = np.empty(len(self._order), dtype=np.int32)
        of_run[self._order] = np.cumsum(self._new) - 1
        pair = np.repeat(of_run, self._sizes)
        n = np.bincount(pair)
        by_pair = order[order_by(pair[order])]
        mean = HeldSample(self._points.speed[by_pair], np.cumsum(n) - n).mean if len(n) else _NONE
        up = np.argsort(mean)
        ascending: Floats = mean[up[order_by(self.pairs.rank[up])]]
        return ascending


def passages(
    groups: Ints, key: Ints, weighted: Floats, seconds: Floats, brakes: NDArray[np.int16]
) -> Passages:
    """Return the sums over traversals of each of the `groups`; `key`, one of them, is that of a traversal."""
    group = np.searchsorted(groups, key)
    n = np.bincount(group, minlength=len(groups))
    total_brakes = np.bincount(group, brakes, len(groups)).astype(np.int64)
    return Passages(n, _totals(group, weighted, n), _totals(group, seconds, n), total_brakes)


def _totals(group: Ints, values: Floats, n: Ints) -> Floats:
    """Return the sum of the values of each group, 0 for a group of none."""
    totals = np.zeros(len(n))
    some = n > 0
    if some.any():
        up = np.argsort(values)
        ordered = values[up[order_by(group[up])]]
        totals[some] = HeldSample(ordered, (np.cumsum(n) - n)[some]).total
    return totals


def _new(*columns: NDArray[Any]) -> Mask:
    """Return a mask of the rows that differ from the row before."""
    new = np.ones(len(columns[0]), dtype=bool)
    if len(new):
        new[1:] = columns[0][1:] != columns[0][:-1]
        for column in columns[1:]:
            new[1:] |= column[1:] != column[:-1]
    return new
