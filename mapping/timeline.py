"""The bins of a map in time: sets of days, each of which plays on a day of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Optional

from ..aggregation.contract.days import ALL, DATES, NAMED, WEEKDAYS, WORKDAYS
from ..aggregation.contract.spec import RunSpec
from .language import clock, day_of_week, short_day, tr, weekdays

REFERENCE_DAY = date(2025, 1, 1)
"""Day on which bins are shown where the run has more than one date, or none: only the hour counts."""

MOST_FRAMES = 2016
"""Frames of a map file at most: a week in bins of five minutes."""

_FIRST = {WORKDAYS: date(2025, 1, 3), WEEKDAYS: date(2025, 1, 6), NAMED: REFERENCE_DAY}
"""Day on which the first set is shown, the others after it: a Friday and a Saturday; a Monday to a Sunday."""

_WEEKDAYS_OF = {WORKDAYS: (range(1, 6), range(6, 8)), WEEKDAYS: tuple((day,) for day in range(1, 8))}
"""ISO weekdays of each set of a division by weekdays."""

BY_WEEKDAY = {
    kind: tuple(next(at for at, days in enumerate(sets) if day in days) for day in range(1, 8))
    for kind, sets in _WEEKDAYS_OF.items()
}
"""Number of the set of days of each weekday, from Monday on; other sets go by their days."""


@dataclass(frozen=True)
class Timeline:
    """The frames of a map: the bins of `bin_minutes` of each set of days, set by set.

    `kind` is that of the run's division of days (`contract.days`), `names` has the sets in order, and `days`
    the date on which each is shown. Frames are counted from 0.
    """

    bin_minutes: int = 60
    kind: str = ALL
    names: tuple[str, ...] = ("all",)
    days: tuple[date, ...] = (REFERENCE_DAY,)

    @classmethod
    def of(cls, spec: RunSpec, names: Sequence[str] = ()) -> Timeline:
        """Create the frames of a run; `names` has the dates with data if each date is a set.

        Raises `ValueError` for a name that is no date.
        """
        kind, fixed = spec.days.kind, tuple(one.name for one in spec.days.fixed_sets)
        if kind == DATES:
            days = tuple(map(date.fromisoformat, names))
        elif kind == ALL:
            days = (reference_day(spec),)
        else:
            days = tuple(_FIRST[kind] + timedelta(days=number) for number in range(len(fixed)))
        return cls(spec.bin_minutes, kind, tuple(names) if kind == DATES else fixed, days)

    @property
    def n_bins(self) -> int:
        """Number of bins in a day."""
        return 1440 // self.bin_minutes

    @property
    def is_divided(self) -> bool:
        """True if the frames are those of sets of days, also of one, or of dates, and not of all days."""
        return self.kind != ALL

    def __len__(self) -> int:
        return len(self.names) * self.n_bins

    @property
    def first_day(self) -> date:
        """The first day on which the map plays."""
        return min(self.days, default=REFERENCE_DAY)

    @property
    def end_day(self) -> date:
        """The day after the last one on which the map plays."""
        return max(self.days, default=REFERENCE_DAY) + timedelta(days=1)

    def place(self, number: int) -> tuple[date, int]:
        """Return the day on which a frame is shown, and the number of its bin in it."""
        at, number = divmod(number, self.n_bins)
        return self.days[at], number

    def number_at(self, day: date, minute: int) -> Optional[int]:
        """Return the frame that a map shows at a minute of a day, None where nothing plays on that day.

        The inverse of `place` on the days of the map. The bins of all days, and those of weekdays, play on
        other days as well.
        """
        if self.kind == ALL:
            at = 0
        elif self.kind in BY_WEEKDAY:
            at = BY_WEEKDAY[self.kind][day.weekday()]
        elif day in self.days:
            at = self.days.index(day)
        else:
            return None
        return at * self.n_bins + minute // self.bin_minutes

    def short_set_name(self, number: int) -> str:
        """Return the name of a frame's set where there is little room: `Mon`, `10 Jun`."""
        if self.kind != DATES:
            return self.set_name(number)
        return short_day(self.days[number // self.n_bins])

    def set_name(self, number: int) -> str:
        """Return a frame's set for a person: `Mon`, `Mon–Fri`, `Tue 10 June 2025`; empty for all days."""
        if not self.is_divided:
            return ""
        at = number // self.n_bins
        if self.kind == DATES:
            return day_of_week(self.days[at])
        if self.kind in _WEEKDAYS_OF:
            return weekdays(_WEEKDAYS_OF[self.kind][at])
        return self.names[at]

    def clock(self, number: int) -> str:
        """Return the time at which a frame's bin begins, `08:00`."""
        return clock(number % self.n_bins * self.bin_minutes)

    def clock_span(self, number: int) -> str:
        """Return the time in which a frame's bin lies, `08:00 – 09:00`."""
        begin = number % self.n_bins * self.bin_minutes
        return tr("{begin} – {end}").format(begin=clock(begin), end=clock(begin + self.bin_minutes))

    def span(self, number: int) -> str:
        """Return a frame's set and bin, `Mon 08:00 – 09:00`."""
        return f"{self.set_name(number)} {self.clock_span(number)}".strip()


def reference_day(spec: RunSpec) -> date:
    """Return the one day of the run, or the day that stands for several."""
    if spec.date_from and spec.date_from == spec.date_to:
        return spec.date_from
    return REFERENCE_DAY
