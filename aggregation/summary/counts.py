"""Filtering of points by date and weekday, and counts of what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.days import ALL_WEEKDAYS
from ..contract.spec import METRES_PER_SECOND, RunSpec
from ..trips.times import DAY, DAYS_TO_1970, NO_TIME, local_clock

IMPLAUSIBLE = 70.0
"""Speed in m/s (252 km/h, 157 mph) above which a wrong unit or a sensor's error is likely."""

_THURSDAY = 3  # the weekday of 1970-01-01, Monday being 0


@dataclass
class SummaryReport:
    """Report of a summary task: rows of both tables, and the points by what became of them.

    `most_trips` is the largest number of trips on one link. `first_day` and `last_day` are local days since
    1970-01-01, None if no point has a time.
    """

    number: int
    rows: int = 0
    rows_by_time: int = 0
    points: int = 0
    without_time: int = 0
    other_date: int = 0
    other_weekday: int = 0
    implausible: int = 0
    first_day: Optional[int] = None
    last_day: Optional[int] = None
    most_trips: int = 0

    def _note_days(self, local: NDArray[np.int64]) -> None:
        """Update `first_day` and `last_day` by local clocks."""
        if len(local):
            first, last = int(local.min() // DAY), int(local.max() // DAY)
            self.first_day = first if self.first_day is None else min(first, self.first_day)
            self.last_day = last if self.last_day is None else max(last, self.last_day)

    def count(
        self, spec: RunSpec, instant: NDArray[np.int64], speed: NDArray[np.float64]
    ) -> tuple[Any, NDArray[np.int64], NDArray[np.bool_]]:
        """Count points; return masks of kept (None: all) and timed points, with local clocks between."""
        keep, local, timed = self._filter(spec, instant)
        kept = (speed, local, timed) if keep is None else (speed[keep], local[keep], timed[keep])
        self.points += len(kept[0])
        self.without_time += int(len(kept[2]) - kept[2].sum())
        self.implausible += int((kept[0] > IMPLAUSIBLE / METRES_PER_SECOND[spec.speed_unit]).sum())
        self._note_days(kept[1][kept[2]])
        return keep, local, timed

    def _filter(
        self, spec: RunSpec, instant: NDArray[np.int64]
    ) -> tuple[Any, NDArray[np.int64], NDArray[np.bool_]]:
        """Return a mask by date and weekday (None: all), local clocks, and a mask of timed points."""
        timed = instant != NO_TIME
        local = np.zeros(len(instant), dtype=np.int64)
        if timed.all():
            local = local_clock(instant, spec.time_zone)
        else:
            local[timed] = local_clock(instant[timed], spec.time_zone)
        if spec.date_from is None and spec.date_to is None and spec.weekdays == ALL_WEEKDAYS:
            return None, local, timed
        day = local // DAY
        right_date = timed.copy()  # a point without a time has no date
        if spec.date_from is not None:
            right_date &= day >= spec.date_from.toordinal() - DAYS_TO_1970
        if spec.date_to is not None:
            right_date &= day <= spec.date_to.toordinal() - DAYS_TO_1970
        right_day = right_date & np.isin((day + _THURSDAY) % 7 + 1, spec.weekdays)
        self.other_date += int(len(day) - right_date.sum())
        self.other_weekday += int(right_date.sum() - right_day.sum())
        return np.flatnonzero(right_day), local, timed
