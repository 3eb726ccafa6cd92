"""Statistics of a link with more points than fit into memory, spilled to one file per bin of the day."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import RunSpec
from ..storage.sorting import sorted_numbers
from ..storage.spill import Spill, spill
from ..trips.times import DAY, MICROSECONDS
from .counts import SummaryReport
from .statistics import Groups, distinct, speed_codes, summarise_groups, summarise_long

HELD_SLICES = 4
"""Number of slices that a task holds in memory beside the one that it computes."""

_ROW = np.dtype([("speed", np.float64), ("trip", np.int32)])
NOTHING = summarise_groups(*(np.empty(0, dtype=t) for t in (np.int64, float, np.int64, np.int64)))


class Counts:
    """Counts of each integer, in arrays that are shown one after the other."""

    def __init__(self) -> None:
        self._values, self._n = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)

    def add(self, values: NDArray[np.int64]) -> None:
        """Count the values of an array."""
        new, n = np.unique(values, return_counts=True)
        self._values, place = np.unique(np.concatenate([self._values, new]), return_inverse=True)
        self._n = np.bincount(place, np.concatenate([self._n, n]), len(self._values)).astype(np.int64)

    def sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct integers in ascending order, and their counts."""
        return self._values, self._n


def of_one_link(
    portions: Iterable[NDArray[Any]], spec: RunSpec, report: SummaryReport, limit: int
) -> tuple[Groups, Groups]:
    """Return the statistics of one link, overall and by time, with keys as for link index 0.

    `portions` yields its points, at most `limit` at a time, with columns time, speed and trip.
    """
    with ExitStack() as stack:
        speeds = stack.enter_context(spill(np.float64))
        room = max(HELD_SLICES * limit // spec.n_bins, 1)
        bins = [stack.enter_context(spill(_ROW, room)) for _ in range(spec.n_bins)]
        trips = _Trips()
        for portion in portions:
            keep, local, timed = report.count(spec, portion["time"].copy(), portion["speed"])
            some = portion
            if keep is not None:
                some, local, timed = portion[keep], local[keep], timed[keep]
            speeds.append(some["speed"])
            trips.add(some["trip"])
            bin_of = local[timed] % DAY // (spec.bin_minutes * 60 * MICROSECONDS)
            with_time = some[timed]
            for number in np.unique(bin_of).tolist():
                here = with_time[bin_of == number]
                bins[number].append(here["speed"], here["trip"])
        if not len(speeds):
            return NOTHING, NOTHING
        by_time = [_of_bin(number, found, limit) for number, found in enumerate(bins) if len(found)]
        return _of_long(0, speeds, trips.n, limit), _one_after_another(by_time) if by_time else NOTHING


def _of_bin(number: int, found: Spill, limit: int) -> Groups:
    """Return the statistics of the points of one bin."""
    if len(found) <= limit:
        rows = found.read(0, len(found))
        key, speed = np.full(len(rows), number, dtype=np.int64), rows["speed"].copy()
        return summarise_groups(key, speed, speed_codes(speed), distinct(key, rows["trip"].copy())[0])
    trips = _Trips()
    with spill(np.float64) as speeds:
        for rows in found.portions(limit):
            trips.add(rows["trip"])
            speeds.append(rows["speed"])
        return _of_long(number, speeds, trips.n, limit)


def _of_long(key: int, speeds: Spill, n_trips: int, limit: int) -> Groups:
    with sorted_numbers(speeds, HELD_SLICES * limit) as ordered:
        return summarise_long(key, ordered, n_trips)


class _Trips:
    """The trips that have been seen."""

    def __init__(self) -> None:
        self._seen = np.zeros(0, dtype=bool)

    def add(self, trips: NDArray[np.int32]) -> None:
        more = int(trips.max(initial=-1)) + 1 - len(self._seen)
        if more > 0:
            self._seen = np.append(self._seen, np.zeros(more, dtype=bool))
        self._seen[trips] = True

    @property
    def n(self) -> int:
        return int(self._seen.sum())


def _one_after_another(groups: list[Groups]) -> Groups:
    return Groups(
        np.concatenate([some.key for some in groups]),
        {name: np.concatenate([some.columns[name] for some in groups]) for name in groups[0].columns},
    )
