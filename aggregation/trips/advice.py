"""Advice on values that were not understood: an example, and what to do."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from ..contract.link_ids import LONGEST
from ..contract.spec import FieldMapping
from .values import REASON_TEXTS

SHOWN = 80
"""Maximum number of characters of a value in a message."""

_A_TIME = "2025-06-10T08:00:00+02:00"
_TIMES = f"Write times as ISO-8601 with the offset from UTC, such as {_A_TIME}, or as seconds since 1970."

FILE_ADVICE = {
    "not_an_object": "Say in the field mapping which form the files have (form).",
    "several_texts": "Several JSON texts in one file are read where each has a line of its own.",
    "bad_text": "Write it in UTF-8.",
    "bad_table": "Check how it was exported.",
    "no_column": (
        "Name the columns in the field mapping. If the file holds no trips, keep it in another folder, or "
        "name the trips by a pattern, such as trips/*.json."
    ),
    "no_points": "Check that these are trip files, and name the array of points in the field mapping.",
    "too_large": "Split them, or raise the limit (max_trip_megabytes).",
    "empty": "Check how they were copied or exported.",
    "bad_gzip": "Check how they were copied or exported.",
    "unreadable": "Check your rights.",
}
"""Advice about files that cannot be used, by reason."""


def file_advice(reason: str, message: str) -> str:
    """Return what to do about a file that cannot be used, after the message that gives the reason."""
    key = "several_texts" if reason == "bad_json" and "Extra data" in message else reason
    return FILE_ADVICE.get(key, "Check that these are trip files and that the field mapping fits them.")


def shown(value: object) -> str:
    """Return a value of a trip file for messages: JSON on one short line, or its kind."""
    if isinstance(value, dict):
        return f"an object ({_short(', '.join(map(str, value)))})" if value else "an empty object"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    text = json.dumps(value[: 2 * SHOWN] if isinstance(value, str) else value, ensure_ascii=False)
    return _short(text if text.isprintable() else ascii(text)[1:-1])


def shown_time(value: Any) -> str:
    """Return a time for messages, in the same form whether a number was read as number or string."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return shown(value)
    if isinstance(value, bool) or not math.isfinite(number):
        return shown(value)
    return shown(int(number) if number.is_integer() and abs(number) < 1e21 else number)


def _short(text: str) -> str:
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def advice(reason: str, example: str, mapping: FieldMapping) -> str:
    """Return what to do about a fault of points, after an example of the value (empty: none)."""
    if reason in _FIELDS:
        return _about_missing(mapping, _FIELDS[reason])
    if reason in _DIFFERS:
        return _DIFFERS[reason](example, mapping)
    return _ALWAYS[reason]


def sentence(reason: str, example: str, where: str, mapping: FieldMapping) -> str:
    """Return a sentence with a fault, an example, its file, and what to do about it."""
    text = REASON_TEXTS[reason]
    if example:
        text += f", such as {example} in {where}"
    elif where:
        text += f", first in {where}"
    return f"{text}. {advice(reason, example, mapping)}".strip()


def _about_missing(mapping: FieldMapping, name: str) -> str:
    return f"Check the field mapping, where {name} is {getattr(mapping, name)!r}."


def _about_link(example: str, mapping: FieldMapping) -> str:
    if example.startswith("an object"):
        return f"Name the value inside it in the field mapping, where link_id is {mapping.link_id!r}."
    if example.startswith('"'):
        return f"Ids have at most {LONGEST} characters, and no control characters."
    if _is_number(example) and float(example).is_integer():
        return (
            "Written with a fraction or an exponent, ids of 2^53 and more lose their last digits: write them "
            "as digits alone."
        )
    return _about_missing(mapping, "link_id")


def _about_direction(example: str, mapping: FieldMapping) -> str:
    return (
        "Forward is F, forward, 1, + or true, backward is T, backward, -1, - or false. "
        f"{_about_missing(mapping, 'direction')}"
    )


def _about_speed(example: str, mapping: FieldMapping) -> str:
    text = example.strip('"')
    if re.fullmatch(r"\s*-?[0-9]+,[0-9]+\s*", text):
        return "Write speeds with a decimal point."
    if re.match(r"\s*[0-9.,]+\s*\S", text):
        return "Write the number alone: the unit is declared for the whole run."
    return _about_missing(mapping, "speed")


def _about_time(example: str, mapping: FieldMapping) -> str:
    if mapping.time_format:
        return f"It does not fit time_format in the field mapping, which is {mapping.time_format!r}."
    number = example.strip('"')
    if _is_number(number) and math.isfinite(float(number)):
        return f"As a number since 1970 it is before 1900 or after 2199. {_TIMES}"
    if example.startswith('"'):
        return (
            "Describe the notation by time_format in the field mapping, such as “%d/%m/%Y %H:%M:%S”. "
            f"Or: {_TIMES}"
        )
    return f"{_TIMES} {_about_missing(mapping, 'time')}"


def _about_entry(example: str, mapping: FieldMapping) -> str:
    if example.startswith("an array"):
        return (
            "Points that are arrays are not read by this version: write each as an object with named values."
        )
    return _about_missing(mapping, "points")


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", text))


_FIELDS = {
    "no_position": "longitude",
    "no_link": "link_id",
    "no_direction": "direction",
    "no_speed": "speed",
    "no_time": "time",
}
_DIFFERS: dict[str, Callable[[str, FieldMapping], str]] = {
    "bad_link": _about_link,
    "bad_direction": _about_direction,
    "bad_speed": _about_speed,
    "bad_time": _about_time,
    "not_a_point": _about_entry,
}
_ALWAYS = {
    "bad_row": "Such rows are left out: mend how the file is written.",
    "header_again": "Such rows are left out.",
    "negative_speed": "Such points are left out.",
    "speed_not_finite": "Such points are left out.",
    "time_without_zone": "Say what such times are with naive_times in the field mapping (in the window: "
    "Times without a zone): “utc”, or “local” if they are in the time zone of the run.",
    "no_step": "Speeds are computed from points of a trip that follow one another in time. Check the field "
    "mapping, where trip_id says which points are one trip.",
    "jump": "Such points, and those after them, are left out. Check the positions and times.",
    "time_skipped": "Check the time zone: a clock there does not show this time.",
    "time_twice": "Check the time zone; times with an offset are never ambiguous.",
}
