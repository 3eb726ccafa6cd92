"""Sets of days and periods of the week, in which the statistics of a run are computed.

A day is a local date. A date in a run's list of holidays counts as a Sunday wherever weekdays are asked for.

Named sets and periods are texts or objects in JSON, of the same meaning:

    {"Term": "Mon-Fri 2025-01-06/2025-02-14", "Sundays": {"weekdays": [7]}}
    {"AM peak": "Mon-Fri 07:00-09:00", "Night": {"from": "22:00", "to": "06:00"}}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Optional, Union
from unicodedata import category

from .errors import SpecError
from .json_text import shown

ALL_WEEKDAYS = (1, 2, 3, 4, 5, 6, 7)
"""ISO weekdays, Monday is 1."""

SUNDAY = 7
"""The weekday that a holiday counts as."""

WEEKDAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_FULL_NAMES = dict(
    zip(WEEKDAY_NAMES, ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
)

ALL, WORKDAYS, WEEKDAYS, DATES, NAMED = "all", "workdays", "weekdays", "dates", "named"
"""Kinds of division: one set of all days; Monday to Friday and the weekend; the seven weekdays; each date;
sets with names of their own, which may overlap."""

KINDS = (ALL, WORKDAYS, WEEKDAYS, DATES)
"""The kinds that a word chooses."""

MOST_SETS, MOST_PERIODS, MOST_DATES, LONGEST_NAME = 100, 100, 1000, 60

_RANGE = re.compile(r"([A-Za-z]+)(?:[-–]([A-Za-z]+))?")
_CLOCKS = re.compile(r"(\d\d?:\d\d)[-–](\d\d?:\d\d)")
_CLOCK = re.compile(r"(\d\d?):(\d\d)")

_DATES = re.compile(r"\d{4}-")
_NEITHER = (
    "no weekday or date; write Mon-Fri or 2025-06-10",
    "no weekday, date or time of day; write Mon-Fri, 2025-06-10 or 07:00-09:00",
)
"""Words on what cannot be read, of a set of days and of a period."""

Dates = tuple[date, date]
"""First and last date, both inclusive."""


@dataclass(frozen=True)
class DaySet:
    """The days with one of `weekdays` (ISO, ascending) that lie in one of the ranges `dates` (empty: any)."""

    name: str
    weekdays: tuple[int, ...] = ALL_WEEKDAYS
    dates: tuple[Dates, ...] = ()

    def __post_init__(self) -> None:
        _check_name("days", self.name)
        object.__setattr__(self, "weekdays", check_weekdays("days", self.weekdays))
        if len(self.dates) > MOST_DATES:
            raise SpecError("days", f"{shown(self.name)} has more than {MOST_DATES:,} dates")
        for first, last in self.dates:
            if first > last:
                raise SpecError("days", f"{shown(self.name)}: {first} is after {last}")

    def holds(self, day: date, holidays: Collection[date] = ()) -> bool:
        """Return True if a day belongs to the set."""
        in_range = not self.dates or any(first <= day <= last for first, last in self.dates)
        return in_range and weekday_of(day, holidays) in self.weekdays

    def to_json(self) -> dict[str, Any]:
        """Return the set as JSON-ready values, without its name."""
        values: dict[str, Any] = {"weekdays": list(self.weekdays)}
        if self.dates:
            values["dates"] = [_range_text(some) for some in self.dates]
        return values

    @classmethod
    def from_json(cls, name: str, value: object, entry: str = "days") -> DaySet:
        """Create the set `name` from a text or decoded JSON; raises `SpecError` for the entry `entry`."""
        values = _values_of(name, value, entry, ("weekdays", "dates"))
        return cls(name, values.weekdays, values.dates)


@dataclass(frozen=True)
class Days:
    """A division of the days into sets: `kind`, and the `sets` of the kind `named`."""

    kind: str = ALL
    sets: tuple[DaySet, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in (*KINDS, NAMED):
            raise SpecError("days", f"is {shown(self.kind)}; choose one of {', '.join(KINDS)}, or name sets")
        if bool(self.sets) != (self.kind == NAMED):
            raise SpecError("days", "names no set of days")
        if len(self.sets) > MOST_SETS:
            raise SpecError("days", f"names {len(self.sets):,} sets; at most {MOST_SETS:,}")
        _check_distinct("days", [one.name for one in self.sets])
        object.__setattr__(self, "_fixed", _FIXED.get(self.kind, self.sets))

    @property
    def fixed_sets(self) -> tuple[DaySet, ...]:
        """The sets in order; empty for `dates`, where each date with a point is one."""
        sets: tuple[DaySet, ...] = self.__dict__["_fixed"]
        return sets

    @property
    def is_divided(self) -> bool:
        """True if there is more than one set, so that results have a column `days`."""
        return self.kind == DATES or len(self.fixed_sets) > 1

    def codes(self, day: date, holidays: Collection[date] = ()) -> tuple[int, ...]:
        """Return the numbers of the sets that a day belongs to, ascending; a date's is its ordinal."""
        if self.kind == DATES:
            return (day.toordinal(),)
        return tuple(number for number, one in enumerate(self.fixed_sets) if one.holds(day, holidays))

    def name(self, code: int) -> str:
        """Return the name of a set by its number, as in the column `days`."""
        return date.fromordinal(code).isoformat() if self.kind == DATES else self.fixed_sets[code].name

    def code(self, name: str) -> int:
        """Return the number of a set by its name; raises `KeyError`."""
        if self.kind == DATES:
            try:
                return date.fromisoformat(name).toordinal()
            except ValueError as error:
                raise KeyError(name) from error
        return {one.name: number for number, one in enumerate(self.fixed_sets)}[name]

    def to_json(self) -> Union[str, dict[str, Any]]:
        """Return the division as JSON-ready values: a word, or the named sets."""
        return {one.name: one.to_json() for one in self.sets} if self.kind == NAMED else self.kind

    @classmethod
    def from_json(cls, value: object) -> Days:
        """Create a division from a word or an object of named sets; raises `SpecError`."""
        if isinstance(value, str):
            return cls(value if value != NAMED else "")
        if not isinstance(value, Mapping):
            raise SpecError("days", f"is {shown(value)}; choose one of {', '.join(KINDS)}, or name sets")
        return cls(NAMED, tuple(DaySet.from_json(name, one) for name, one in value.items()))


@dataclass(frozen=True)
class Period:
    """A named part of the days of a set: from minute `start` up to, not including, minute `end` of the day.

    If `end` is not after `start`, it lies on the next day, and the period is that of the day it starts on.
    """

    name: str
    days: DaySet
    start: int = 0
    end: int = 1440

    def __post_init__(self) -> None:
        _check_name("periods", self.name)
        if not (0 <= self.start < 1440 and 0 < self.end <= 1440):
            raise SpecError("periods", f"{shown(self.name)} goes from minute {self.start} to {self.end}")

    def holds(self, day: date, minute: int, holidays: Collection[date] = ()) -> bool:
        """Return True if a minute of a day belongs to the period."""
        if self.start < self.end:
            return self.start <= minute < self.end and self.days.holds(day, holidays)
        if minute >= self.start:
            return self.days.holds(day, holidays)
        return minute < self.end and self.days.holds(day - timedelta(days=1), holidays)

    def to_json(self) -> dict[str, Any]:
        """Return the period as JSON-ready values, without its name."""
        return {**self.days.to_json(), "from": clock(self.start), "to": clock(self.end)}

    @classmethod
    def from_json(cls, name: str, value: object) -> Period:
        """Create the period `name` from a text or decoded JSON; raises `SpecError`."""
        values = _values_of(name, value, "periods", ("weekdays", "dates", "from", "to"))
        return cls(name, DaySet(name, values.weekdays, values.dates), values.start, values.end)


def periods_from_json(value: object) -> tuple[Period, ...]:
    """Create periods from an object of named periods; raises `SpecError`."""
    if not isinstance(value, Mapping):
        raise SpecError("periods", f"is {shown(value)}, not an object of named periods")
    if len(value) > MOST_PERIODS:
        raise SpecError("periods", f"names {len(value):,} periods; at most {MOST_PERIODS:,}")
    return tuple(Period.from_json(name, one) for name, one in value.items())


def weekday_of(day: date, holidays: Collection[date] = ()) -> int:
    """Return the ISO weekday of a date; that of a holiday is `SUNDAY`."""
    return SUNDAY if day in holidays else day.isoweekday()


def clock(minute: int) -> str:
    """Return a minute of the day as `HH:MM`; the end of the day is `24:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def minute_of(text: str, entry: str) -> int:
    """Return the minute of the day, 0 to 1440, of a text `HH:MM`; raises `SpecError` for `entry`."""
    found = _CLOCK.fullmatch(text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
    if not 0 <= minute <= 1440:
        raise SpecError(entry, f"{shown(text)} is not a time of day such as 07:30")
    return minute


def check_weekdays(entry: str, days: Iterable[int]) -> tuple[int, ...]:
    """Return ISO weekdays, distinct and ascending; raises `SpecError` for the entry `entry`."""
    found = tuple(sorted(set(days)))
    if not found or not set(found) <= set(ALL_WEEKDAYS):
        raise SpecError(entry, "holds one or more of 1 (Monday) to 7 (Sunday)")
    return found


# -- texts and objects --------------------------------------------------------------------------------


@dataclass
class _Values:
    weekdays: tuple[int, ...] = ALL_WEEKDAYS
    dates: tuple[Dates, ...] = ()
    start: int = 0
    end: int = 1440


def _values_of(name: str, value: object, entry: str, known: tuple[str, ...]) -> _Values:
    _check_name(entry, name)
    if isinstance(value, str):
        return _of_text(name, value, entry, "from" in known)
    if not isinstance(value, Mapping):
        raise SpecError(entry, f"{shown(name)} is {shown(value)}, neither a text nor an object")
    found = _Values()
    for key, content in value.items():
        if key not in known:
            raise SpecError(entry, f"{shown(name)} has {shown(key)}; known are {', '.join(known)}")
        if key == "weekdays":
            if not isinstance(content, (list, tuple)) or not all(type(day) is int for day in content):
                raise SpecError(entry, f"{shown(name)}: weekdays is not a list of 1 (Monday) to 7 (Sunday)")
            found.weekdays = check_weekdays(entry, content)
        elif key == "dates":
            if not isinstance(content, (list, tuple)):
                raise SpecError(entry, f"{shown(name)}: dates is not a list of dates such as 2025-06-10")
            found.dates = tuple(_range_of(entry, name, one) for one in content)
        elif not isinstance(content, str):
            raise SpecError(entry, f"{shown(name)}: {shown(content)} is not a time of day such as 07:30")
        else:
            setattr(found, "start" if key == "from" else "end", minute_of(content, entry))
    return _with_end(found)


def _of_text(name: str, text: str, entry: str, with_clocks: bool) -> _Values:
    found, weekdays, dates, hours = _Values(), set[int](), [], ""
    for word in text.replace(",", " ").split():
        clocks, days = _CLOCKS.fullmatch(word), _RANGE.fullmatch(word)
        if clocks and with_clocks:
            if hours:
                both = f"{shown(hours)} and {shown(word)}"
                raise SpecError(entry, f"{shown(name)} has two times of day, {both}; make two periods of it")
            hours = word
            found.start, found.end = minute_of(clocks[1], entry), minute_of(clocks[2], entry)
        elif _DATES.match(word):
            dates.append(_range_of(entry, name, word))
        else:
            numbers = _weekday_range(days[1], days[2]) if days else []
            if not numbers:
                raise SpecError(entry, f"{shown(name)}: {shown(word)} is {_NEITHER[with_clocks]}")
            weekdays.update(numbers)
    found.weekdays, found.dates = tuple(sorted(weekdays)) or ALL_WEEKDAYS, tuple(dates)
    if not text.strip():
        raise SpecError(entry, f"{shown(name)} is empty; write days such as Mon-Fri")
    return _with_end(found)


def _with_end(found: _Values) -> _Values:
    """Let a period up to 00:00 end with its day."""
    found.end = found.end or 1440
    return found


def _weekday_range(first: str, last: Optional[str]) -> list[int]:
    """Return the ISO weekdays of `Mon`, or from `Fri` to `Mon`; none if one is no weekday."""
    numbers = []
    for text in (first, last or first):
        short = text[:3].capitalize()
        if short not in WEEKDAY_NAMES or not _FULL_NAMES[short].startswith(text.lower()):
            return []
        numbers.append(WEEKDAY_NAMES.index(short))
    steps = (numbers[1] - numbers[0]) % 7
    return [(numbers[0] + step) % 7 + 1 for step in range(steps + 1)]


def _range_of(entry: str, name: str, value: object) -> Dates:
    """Return the range of `2025-06-10` or `2025-06-10/2025-06-20`."""
    first, _, last = str(value).partition("/")
    try:
        return date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError as error:
        raise SpecError(entry, f"{shown(name)}: {shown(value)} is not a date such as 2025-06-10 or a range "
                               "such as 2025-06-10/2025-06-20") from error  # fmt: skip


def _range_text(dates: Dates) -> str:
    first, last = dates
    return first.isoformat() if first == last else f"{first.isoformat()}/{last.isoformat()}"


def _check_name(entry: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip() or name != name.strip() or len(name) > LONGEST_NAME:
        raise SpecError(entry, f"has the name {shown(name)}; a name has 1 to {LONGEST_NAME} characters")
    if any(category(one) in ("Cc", "Cs", "Zl", "Zp") for one in name):
        raise SpecError(entry, f"has the name {name!a}, with a character that no name may hold")


def _check_distinct(entry: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SpecError(entry, f"names {shown(name)} twice")


_FIXED = {
    ALL: (DaySet("all"),),
    WORKDAYS: (DaySet("Mon-Fri", (1, 2, 3, 4, 5)), DaySet("Sat-Sun", (6, 7))),
    WEEKDAYS: tuple(DaySet(name, (number,)) for number, name in enumerate(WEEKDAY_NAMES, start=1)),
    DATES: (),
}
"""The sets of the kinds that have no names of their own."""
