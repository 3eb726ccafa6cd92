"""Cells of the result tables: the rows of a link to which a point or traversal belongs by its local time.

A cell is an integer: in the table by time the number of the set of days × number of bins + bin, in the table
by period the number of the period, in that of links 0. A point may lie in cells of several sets and periods,
so a table has layers, in each of which it lies in one cell at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.days import DATES, DaySet, Period
from ..contract.spec import RunSpec
from ..contract.tables import LINK_SPEEDS_BY_PERIOD, LINK_SPEEDS_BY_TIME
from ..trips.times import DAY, DAYS_TO_1970, MICROSECONDS
from .samples import Ints

MINUTE = 60 * MICROSECONDS
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clock:
    """Local times of points in µs since 1970-01-01T00:00, and a mask of those that have one."""

    local: Ints
    timed: Mask

    @cached_property
    def all_timed(self) -> bool:
        """True if every point has a time."""
        return bool(self.timed.all())

    @cached_property
    def day(self) -> Ints:
        """Local days since 1970-01-01."""
        day: Ints = self.local // DAY
        return day

    @cached_property
    def time_of_day(self) -> Ints:
        """Time since the local day's 00:00 in µs."""
        time: Ints = self.local % DAY
        return time

    def of(self, rows: NDArray[np.intp]) -> Clock:
        """Return the clock of some of the points."""
        return Clock(self.local[rows], self.timed[rows])

    def within(self, start: int, end: int) -> Mask:
        """Return a mask of the timed points from minute `start` up to `end` of the day.

        The time goes over midnight if `end` is not after `start`.
        """
        after, before = self.time_of_day >= start * MINUTE, self.time_of_day < end * MINUTE
        inside: Mask = (after & before if start < end else after | before) & self.timed
        return inside


Cells = tuple[Optional[NDArray[np.intp]], Ints]
"""Rows of the points that lie in a cell (None: all), and the cell of each of them."""


@dataclass(frozen=True)
class Layer:
    """Cells of one table, of which a point lies in one at most; those of later layers are greater.

    `number` is that of the layer among all of a run, `name` that of its set of days or period, or `dates`.
    """

    number: int
    table: str
    name: str
    cells: Callable[[Clock], Cells]


class Calendar:
    """The layers of the tables of a run by its sets of days and periods."""

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec
        self._holidays = frozenset(spec.holidays)
        self._members: dict[DaySet, dict[int, bool]] = {}
        self._width = spec.bin_minutes * MINUTE
        self.layers: list[Layer] = []
        if spec.days.kind == DATES:
            self._add(LINK_SPEEDS_BY_TIME, DATES, self._on_dates)
        for number, one in enumerate(spec.days.fixed_sets):
            self._add(LINK_SPEEDS_BY_TIME, one.name, self._on_set(number, one))
        for number, period in enumerate(spec.periods):
            self._add(LINK_SPEEDS_BY_PERIOD, period.name, self._in_period(number, period))

    def _add(self, table: str, name: str, cells: Callable[[Clock], Cells]) -> None:
        self.layers.append(Layer(len(self.layers), table, name, cells))

    def _on_dates(self, clock: Clock) -> Cells:
        rows = None if clock.all_timed else np.flatnonzero(clock.timed)
        day, time = _some(clock.day, rows), _some(clock.time_of_day, rows)
        return rows, (day + DAYS_TO_1970) * self._spec.n_bins + time // self._width

    def _on_set(self, number: int, days: DaySet) -> Callable[[Clock], Cells]:
        everything = days == DaySet(days.name)

        def cells(clock: Clock) -> Cells:
            rows = None
            if not (everything and clock.all_timed):
                inside = clock.timed if everything else clock.timed & self._on(days, clock.day)
                rows = np.flatnonzero(inside)
            bins = _some(clock.time_of_day, rows) // self._width
            return rows, bins + number * self._spec.n_bins if number else bins

        return cells

    def _in_period(self, number: int, period: Period) -> Callable[[Clock], Cells]:
        def cells(clock: Clock) -> Cells:
            inside = clock.within(period.start, period.end)
            day = clock.day
            if period.end <= period.start:  # its last hours lie on the day after that which it belongs to
                day = day - (clock.time_of_day < period.end * MINUTE)
            rows = np.flatnonzero(inside & self._on(period.days, day))
            return rows, np.full(len(rows), number, dtype=np.int64)

        return cells

    def _on(self, days: DaySet, day: Ints) -> Mask:
        """Return a mask of the days (since 1970) that belong to a set; a set is asked once for each day."""
        if not len(day):
            return np.zeros(0, dtype=bool)
        known = self._members.setdefault(days, {})
        first = int(day.min())
        present = np.flatnonzero(np.bincount(day - first)) + first
        belongs = np.zeros(int(present[-1]) - first + 1, dtype=bool)
        for number in present.tolist():
            if number not in known:
                known[number] = days.holds(date.fromordinal(number + DAYS_TO_1970), self._holidays)
            belongs[number - first] = known[number]
        mask: Mask = belongs[day - first]
        return mask


def _some(values: Ints, rows: Optional[NDArray[np.intp]]) -> Ints:
    return values if rows is None else values[rows]
