"""Formats of times in the codes of C's strptime, such as `%d/%m/%Y %H:%M:%S`.

Names of months and days are English on every computer, unlike those of Python's `strptime`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_CODES = {
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<short_year>\d\d)",
    "m": r"(?P<month>1[0-2]|0?[1-9])",
    "b": rf"(?P<name>{'|'.join(name[:3] for name in MONTHS)})",
    "B": rf"(?P<name>{'|'.join(MONTHS)})",
    "d": r"(?P<day>3[01]|[12]\d|0?[1-9]| [1-9])",
    "a": rf"(?:{'|'.join(name[:3] for name in _WEEKDAYS)})",
    "A": rf"(?:{'|'.join(_WEEKDAYS)})",
    "H": r"(?P<hour>2[0-3]|[01]\d|\d)",
    "I": r"(?P<hour12>1[0-2]|0?[1-9])",
    "p": r"(?P<half>[ap]\.?m\.?)",
    "M": r"(?P<minute>[0-5]\d|\d)",
    "S": r"(?P<second>6[01]|[0-5]\d|\d)",
    "f": r"(?P<fraction>\d{1,9})",
    "z": r"(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)",
    "%": "%",
}
_GROUP = re.compile(r"\(\?P<(\w+)>")
_NEEDED = (
    (("year", "short_year"), "the year (%Y or %y)"),
    (("month", "name"), "the month (%m, %b or %B)"),
    (("day",), "the day (%d)"),
    (("hour", "hour12"), "the hour (%H, or %I with %p)"),
)


@dataclass(frozen=True)
class TimeFormat:
    """A format as a pattern with a named group for each part of a time."""

    pattern: re.Pattern[str]

    @property
    def has_zone(self) -> bool:
        """True if its times have an offset from UTC."""
        return "zone" in self.pattern.groupindex


def time_format_fault(text: str) -> str:
    """Return why a text is no format of times, and what to do, to follow a name; empty if it is one."""
    found: set[str] = set()
    for code in re.findall(r"%(.?)", text, re.DOTALL):
        if code not in _CODES:
            return (
                f"{text!r} has %{code}, which is not read; a format is made of "
                f"{' '.join('%' + one for one in _CODES)} and of the characters between them"
            )
        for group in _GROUP.findall(_CODES[code]):
            if group in found:
                return f"{text!r} names the {group.replace('_', ' ')} twice; name each part of a time once"
            found.add(group)
    missing = [name for groups, name in _NEEDED if not found.intersection(groups)]
    if missing:
        return f"{text!r} lacks {' and '.join(missing)}; write a format such as '%d/%m/%Y %H:%M:%S'"
    for one, other in (("year", "short_year"), ("month", "name"), ("hour", "hour12")):
        if {one, other} <= found:
            return f"{text!r} names the {one} twice; name each part of a time once"
    if ("hour12" in found) != ("half" in found):
        return f"{text!r} has only one of %I and %p; a clock of 12 hours takes both"
    return ""


@lru_cache(maxsize=16)
def compiled(text: str) -> TimeFormat:
    """Return a format without a fault as a pattern; blanks stand for any number of blanks."""
    parts = re.split(r"(%.|\s+)", text)
    pattern = "".join(
        _CODES[part[1]] if part[:1] == "%" else r"\s+" if part.isspace() else re.escape(part)
        for part in parts
    )
    return TimeFormat(re.compile(pattern, re.ASCII | re.IGNORECASE))
