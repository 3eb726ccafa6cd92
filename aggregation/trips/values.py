"""Reading single values of a trip file: the definition that the fast decoder must agree with.

Numbers may be written as JSON texts ("4575425001", "24.5"), as some databases export them; `null`, an empty
text and a missing field all mean "not given". Everything else is a fault with a name.
"""

from __future__ import annotations

import math
import re
from typing import Any, Optional

from ..contract import link_ids

MAX_SPEED = 1e9
"""Larger speeds count as infinite, in any unit."""

LINK_REASONS = (*link_ids.REASONS, *link_ids.DIRECTION_REASONS)
SPEED_REASONS = ("no_speed", "bad_speed", "negative_speed", "speed_not_finite")
POINT_REASONS = (*LINK_REASONS, *SPEED_REASONS, "not_a_point", "bad_row", "header_again")
"""Reasons for dropping a point. A point with two faults is counted under both."""

POSITION_REASONS = ("no_position", "no_step", "jump")
"""Reasons for dropping a point whose speed is computed from positions (`FieldMapping.speed_from`)."""

TRIP_FAULTS = ("no_trip",)
"""Reasons for counting a point as one of a trip of all such points of its file."""

TRIM_REASONS = ("stationary", "trip_end")
"""Reasons for dropping a usable point where that is asked for (`Trim`)."""

TIME_FAULTS = ("no_time", "bad_time", "time_without_zone", "time_skipped", "time_twice")
"""Faults of times, in the order of the codes of `times`. Those points count in the whole day only and in no
bin, except for `time_twice`, which is taken as the first."""

SMALL_EPOCH_UNITS = ("microseconds", "nanoseconds")
"""Units of numbers since 1970 that a run reports, as few programs write them."""

REASON_TEXTS = {
    "no_link": "no link id",
    "bad_link": "link id is neither a whole number nor a text",
    "no_direction": "no direction",
    "bad_direction": "direction is not understood",
    "no_speed": "no speed",
    "bad_speed": "speed is not a number",
    "negative_speed": "speed is negative",
    "speed_not_finite": "speed is not a finite number",
    "not_a_point": "entry of the points is not an object",
    "bad_row": "row, line or entry cannot be read as a point or trip",
    "no_trip": "no trip id",
    "header_again": "row is the header again",
    "stationary": "vehicle was standing, as its trip began or ended or for long",
    "trip_end": "point lies near an end of its trip",
    "no_position": "no position with a time, from which a speed is computed",
    "no_step": "no point of the trip up to 120 s before, so that no speed is computed",
    "jump": "position is farther from the one before than 70 m/s reaches",
    "no_time": "no time",
    "bad_time": "time is in a notation that is not read",
    "time_without_zone": "time has no zone offset",
    "time_skipped": "time does not exist in the time zone, as the clock goes forward",
    "time_twice": "time exists twice in the time zone, as the clock goes back, and counts as the first",
}

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = {"nan", "inf", "-inf", "infinity", "-infinity"}
MAX_DIGITS = 400
"""Maximum number of digits of a number."""


def speed_of(value: object) -> tuple[float, Optional[str]]:
    """Return a speed as `(speed, None)`, or `(nan, reason)` with a reason of `SPEED_REASONS`."""
    if isinstance(value, str):
        if value == "" or value.lower() == "null":
            return math.nan, "no_speed"
        if value.lower() in _NOT_FINITE:
            return math.nan, "speed_not_finite"
        if len(value) > MAX_DIGITS or not _NUMBER.fullmatch(value):
            return math.nan, "bad_speed"
        value = float(value)
    if value is None:
        return math.nan, "no_speed"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan, "bad_speed"
    if value < 0 and value >= -MAX_SPEED:
        return math.nan, "negative_speed"
    if not 0 <= value <= MAX_SPEED:
        return math.nan, "speed_not_finite"
    return float(value) + 0.0, None  # + 0.0 turns -0.0 into 0.0


def position_of(longitude: object, latitude: object) -> tuple[float, float]:
    """Return a position in degrees; NaN for both unless both are numbers, or their texts, in range."""
    found = []
    for value, limit in ((longitude, 180.0), (latitude, 90.0)):
        number = value
        if isinstance(number, str) and len(number) <= MAX_DIGITS and _NUMBER.fullmatch(number):
            number = float(number)
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not abs(number) <= limit:
            return math.nan, math.nan
        found.append(float(number))
    return found[0], found[1]


def follow(value: Any, path: tuple[str, ...]) -> Any:
    """Return the value at the end of a path of object keys; None if the path breaks off.

    Where it does, keys that spell several steps of it in full count, the longest first: for the path
    `dbResponse.linkID` of `{"dbResponse.linkID": 101}` the value is 101.
    """
    if not path:
        return value
    if not isinstance(value, dict):
        return None
    found = follow(value.get(path[0]), path[1:])
    for end in range(len(path), 1, -1) if found is None else ():
        if (key := ".".join(path[:end])) in value:
            found = follow(value[key], path[end:])
            if found is not None:
                break
    return found
