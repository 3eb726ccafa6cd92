"""Filtering of points by date and weekday, and counts of what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.days import ALL_WEEKDAYS, SUNDAY
from ..contract.spec import METRES_PER_SECOND, RunSpec
from ..trips.times import DAY, DAYS_TO_1970, NO_TIME, local_clock
from .cells import Clock, Mask

IMPLAUSIBLE = 70.0
"""Speed in m/s (252 km/h, 157 mph) above which a wrong unit or a sensor's error is likely."""

SLOW = 20 / 3.6
"""Speed in m/s (20 km/h) that at least one in a hundred points of road traffic exceeds."""

_THURSDAY = 3  # the weekday of 1970-01-01, Monday being 0


Rows = Optional[NDArray[np.intp]]
"""Indices of some points; None: all."""


@dataclass
class SummaryReport:
    """Report of a summary task: the points by what became of them.

    `implausible` and `slow` are faster and slower than the constants of that name, `fastest` is the highest.
    `most_trips` is the largest number of trips on one link, `text_links` the number of links whose id is a
    text. `raised` is the number of pairs of a trip and a
    link that were so slow that they count as faster in paces, and `free_flow_by_window` that of links whose
    free flow is of the points in the rule's window. `in_layers` has the points in each set of days and period
    (see `cells.Layer`). `first_day` and `last_day` are local days since 1970-01-01, None if no point has a
    time. `opened` and `bytes_read` are the files of the store that were opened (in a bucket: the requests)
    and what was read of them.
    """

    number: int
    points: int = 0
    without_time: int = 0
    other_date: int = 0
    other_weekday: int = 0
    implausible: int = 0
    slow: int = 0
    fastest: float = 0.0
    raised: int = 0
    free_flow_by_window: int = 0
    in_layers: dict[int, int] = field(default_factory=dict)
    first_day: Optional[int] = None
    last_day: Optional[int] = None
    most_trips: int = 0
    opened: int = 0
    bytes_read: int = 0
    text_links: int = 0

    def count(
        self, spec: RunSpec, instant: NDArray[np.int64], speed: NDArray[np.float64]
    ) -> tuple[Rows, Clock]:
        """Count points; return which of them are kept, and their local times."""
        clock = clock_of(spec, instant)
        right_date, right_day = _in_dates(spec, clock)
        keep: Rows = None
        if right_date is not None and right_day is not None:
            self.other_date += int(len(right_date) - right_date.sum())
            self.other_weekday += int(right_date.sum() - right_day.sum())
            keep = np.flatnonzero(right_day)
            clock, speed = clock.of(keep), speed[keep]
        self.points += len(speed)
        self.without_time += int(len(speed) - clock.timed.sum())
        metres_per_second = METRES_PER_SECOND[spec.unit]
        self.implausible += int(np.count_nonzero(speed > IMPLAUSIBLE / metres_per_second))
        self.slow += int(np.count_nonzero(speed < SLOW / metres_per_second))
        self.fastest = max(self.fastest, float(speed.max(initial=0.0)))
        self._note_days(clock.local if clock.all_timed else clock.local[clock.timed])
        return keep, clock

    def count_in_layer(self, number: int, n_points: int) -> None:
        """Count points in a layer of a table."""
        if n_points:
            self.in_layers[number] = self.in_layers.get(number, 0) + n_points

    def _note_days(self, local: NDArray[np.int64]) -> None:
        """Update `first_day` and `last_day` by local clocks."""
        if len(local):
            first, last = int(local.min() // DAY), int(local.max() // DAY)
            self.first_day = first if self.first_day is None else min(first, self.first_day)
            self.last_day = last if self.last_day is None else max(last, self.last_day)


def clock_of(spec: RunSpec, instant: NDArray[np.int64]) -> Clock:
    """Return the local times of instants (`NO_TIME` for none)."""
    timed = instant != NO_TIME
    if timed.all():
        return Clock(local_clock(instant, spec.time_zone), timed)
    local = np.zeros(len(instant), dtype=np.int64)
    local[timed] = local_clock(instant[timed], spec.time_zone)
    return Clock(local, timed)


def kept(spec: RunSpec, clock: Clock) -> Rows:
    """Return the rows in the dates and weekdays of a run, as `SummaryReport.count` keeps them."""
    _, right_day = _in_dates(spec, clock)
    return None if right_day is None else np.flatnonzero(right_day)


def _in_dates(spec: RunSpec, clock: Clock) -> tuple[Optional[Mask], Optional[Mask]]:
    """Return masks of the rows in the dates, and in the dates and weekdays; None if all are wanted."""
    if spec.date_from is None and spec.date_to is None and spec.weekdays == ALL_WEEKDAYS:
        return None, None
    day = clock.day
    right_date = clock.timed.copy()  # a point without a time has no date
    if spec.date_from is not None:
        right_date &= day >= spec.date_from.toordinal() - DAYS_TO_1970
    if spec.date_to is not None:
        right_date &= day <= spec.date_to.toordinal() - DAYS_TO_1970
    weekday = (day + _THURSDAY) % 7 + 1
    weekday[np.isin(day, [one.toordinal() - DAYS_TO_1970 for one in spec.holidays])] = SUNDAY
    return right_date, right_date & np.isin(weekday, spec.weekdays)
