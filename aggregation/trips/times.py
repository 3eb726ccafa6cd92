"""Times: the texts and numbers of trip files to instants, and instants to local days and bins.

An instant is an int64 of microseconds since 1970-01-01T00:00Z; `NO_TIME` stands for none. The texts of a trip
all look alike, so columns of equal layout are read as a matrix of digits; other texts are read one by one by
`instant_of`, which defines the form of a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Optional
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

NO_TIME = np.iinfo(np.int64).min
"""Missing or unusable time in columns of instants."""

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
DAYS_TO_1970 = date(1970, 1, 1).toordinal()
EARLIEST = int(datetime(1900, 1, 1, tzinfo=timezone.utc).timestamp()) * MICROSECONDS
LATEST = int(datetime(2200, 1, 1, tzinfo=timezone.utc).timestamp()) * MICROSECONDS
MILLISECONDS_FROM = 1e11
"""Epoch numbers from here on are milliseconds: as seconds they would be after the year 5100."""

OK, NONE_GIVEN, NOT_A_TIME, WITHOUT_ZONE = range(4)
"""Results of reading a time."""

Instants = NDArray[np.int64]
Codes = NDArray[np.uint8]

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?"
    r" ?([Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_TAIL = re.compile(rb"((?:[.,]\d+)?)([Zz]|[+-]\d\d:?\d\d|[+-]\d\d)")
_STAMP = b"0000-00-00T00:00:00"
# Maximum of each character after XOR with the layout's character ("0" for digits).
_LIMITS = np.array([9, 9, 9, 9, 0, 1, 9, 0, 3, 9, 0, 2, 9, 0, 5, 9, 0, 5, 9], dtype=np.uint8)
_WEIGHTS = np.array(  # digits to year, month × 100 + day, seconds of the day; small enough for float32
    [
        [1000, 100, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 1000, 100, 0, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 36000, 3600, 0, 600, 60, 0, 10, 1],
    ],
    dtype=np.float32,
).T.copy()
_LAYOUTS_TRIED = 16


def instant_of(value: object, naive_is_utc: bool = False) -> tuple[int, int]:
    """Return `(instant, code)` of one time; the instant is `NO_TIME` unless the code is `OK`.

    Accepts ISO-8601 strings with an offset, and epoch seconds or milliseconds as number or string.
    """
    if value is None or value == "":
        return NO_TIME, NONE_GIVEN
    if isinstance(value, bool):
        return NO_TIME, NOT_A_TIME
    if isinstance(value, (int, float)):
        return _instant_of_number(value)
    if not isinstance(value, str):
        return NO_TIME, NOT_A_TIME
    match = _ISO.fullmatch(value)
    if not match:
        if value.lower() == "null":
            return NO_TIME, NONE_GIVEN
        return _instant_of_number(float(value)) if _NUMBER.fullmatch(value) else (NO_TIME, NOT_A_TIME)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if zone is None and not naive_is_utc:
        return NO_TIME, WITHOUT_ZONE
    days = _days(int(year), int(month), int(day))
    seconds = int(second or 0)
    offset = _offset(zone)
    if days is None or offset is None or int(hour) > 23 or int(minute) > 59 or seconds > 60:
        return NO_TIME, NOT_A_TIME
    instant = days * DAY + (int(hour) * 3600 + int(minute) * 60 + seconds) * MICROSECONDS
    instant += int((fraction or "0").ljust(6, "0")[:6]) - offset * 60 * MICROSECONDS
    return _within_range(instant)


def _instant_of_number(value: float) -> tuple[int, int]:
    try:
        number = float(value)
    except OverflowError:
        return NO_TIME, NOT_A_TIME
    if not abs(number) < 1e15:  # includes NaN
        return NO_TIME, NOT_A_TIME
    scale = 1e3 if abs(number) >= MILLISECONDS_FROM else 1e6
    return _within_range(int(np.rint(number * scale)))


def _within_range(instant: int) -> tuple[int, int]:
    return (instant, OK) if EARLIEST <= instant < LATEST else (NO_TIME, NOT_A_TIME)


def _days(year: int, month: int, day: int) -> Optional[int]:
    try:
        return date(year, month, day).toordinal() - DAYS_TO_1970
    except ValueError:
        return None


def _offset(zone: Optional[str]) -> Optional[int]:
    """Return the minutes east of UTC of `Z`, `+01`, `+0100` or `+01:00`; None if there is no such offset."""
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 18 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def instants_of_numbers(values: NDArray[np.float64]) -> tuple[Instants, Codes]:
    """Return instants and codes of epoch seconds or milliseconds (NaN: none given)."""
    given = ~np.isnan(values)
    scale = np.where(np.abs(values) >= MILLISECONDS_FROM, 1e3, 1e6)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(values * scale)
        good = given & (scaled >= EARLIEST) & (scaled < LATEST)
    instants = np.full(len(values), NO_TIME, dtype=np.int64)
    instants[good] = scaled[good].astype(np.int64)
    codes = np.where(good, OK, np.where(given, NOT_A_TIME, NONE_GIVEN)).astype(np.uint8)
    return instants, codes


def instants_of_texts(texts: Sequence[Optional[str]], naive_is_utc: bool = False) -> tuple[Instants, Codes]:
    """Return instants and codes of strings (None or empty: none given), equal to those of `instant_of`."""
    instants = np.full(len(texts), NO_TIME, dtype=np.int64)
    codes = np.zeros(len(texts), dtype=np.uint8)
    for row in _read_column(texts, np.arange(len(texts)), instants):
        instants[row], codes[row] = instant_of(texts[row], naive_is_utc)
    return instants, codes


def _read_column(texts: Sequence[Optional[str]], rows: NDArray[np.int64], instants: Instants) -> list[int]:
    """Read strings with a known layout, one length at a time; return the rows that remain."""
    try:
        joined = "\n".join(texts) + "\n"  # type: ignore[arg-type]
        length = len(texts[0]) + 1  # type: ignore[arg-type]
    except (TypeError, IndexError):
        joined, length = "", 0
    if length and len(joined) == length * len(texts) and joined.isascii():
        block = np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(len(texts), length)
        breaks = block == ord("\n")
        # If every row ends in a line break, and there is no other, all strings have the same length.
        if breaks[:, -1].all() and np.count_nonzero(breaks) == len(texts):
            return _read_block(block, rows, instants)
    lengths = np.array([0 if text is None else len(text) for text in texts])
    left: list[int] = []
    for one in np.unique(lengths).tolist():
        of_length = np.flatnonzero(lengths == one)
        if one <= len(_STAMP) or len(of_length) == len(texts):
            left += rows[of_length].tolist()
        else:
            left += _read_column([texts[row] for row in of_length], rows[of_length], instants)
    return left


def _read_block(block: NDArray[np.uint8], rows: NDArray[np.int64], instants: Instants) -> list[int]:
    """Read strings of equal length, each followed by a line break; return the rows that fit no layout."""
    if block.shape[1] <= len(_STAMP) + 1:
        return [int(row) for row in rows]
    left: list[int] = []
    for _ in range(_LAYOUTS_TRIED):
        read, good = _read_layout(block)
        if good is None:
            instants[rows] = read
            return left
        instants[rows[good]] = read[good]
        if not good[0]:  # it defines the layout, so its date or clock is invalid
            left.append(int(rows[0]))
            good[0] = True
        rows, block = rows[~good], block[~good]
        if not len(block):
            return left
    return left + [int(row) for row in rows]


def _read_layout(block: NDArray[np.uint8]) -> tuple[Instants, Optional[NDArray[np.bool_]]]:
    """Read the rows with the first row's separators and offset; return instants and a mask (None: all)."""
    first = block[0].tobytes()
    tail = _TAIL.fullmatch(first[len(_STAMP) : -1])
    if tail is None or first[10] not in b"Tt ":
        return np.zeros(len(block), dtype=np.int64), np.zeros(len(block), dtype=bool)
    fraction, zone = tail.groups()
    digits = max(len(fraction) - 1, 0)
    offset = _offset(zone.decode("ascii"))
    layout = _STAMP[:10] + first[10:11] + _STAMP[11:] + fraction[:1] + b"0" * digits + zone + b"\n"
    limits = (_LIMITS.tobytes() + b"\0" * bool(digits) + b"\t" * digits).ljust(len(layout), b"\0")
    weights = np.zeros((len(layout), 3), dtype=np.float32)
    weights[: len(_STAMP)] = _WEIGHTS
    values = block ^ _repeated(layout, block)
    fits = values <= _repeated(limits, block)
    good = None if fits.all() else fits.all(axis=1)
    parts = values.astype(np.float32) @ weights
    days, real_day = _days_of(parts[:, 0], parts[:, 1])
    seconds = parts[:, 2].astype(np.int64)
    instants = days * DAY + (seconds - (offset or 0) * 60) * MICROSECONDS
    if digits:
        used = min(digits, 6)
        start = len(_STAMP) + 1
        instants += values[:, start : start + used].astype(np.int64) @ 10 ** np.arange(5, 5 - used, -1)
    right = real_day & (seconds < 86_400) & (instants >= EARLIEST) & (instants < LATEST)
    if offset is None:
        right[:] = False
    if good is None and right.all():
        return instants, None
    return instants, right if good is None else good & right


def _repeated(row: bytes, block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a block of equal rows, as numpy is several times slower when it broadcasts one short row."""
    return np.frombuffer(row * len(block), dtype=np.uint8).reshape(block.shape)


def _days_of(year: NDArray[np.float32], day: NDArray[np.float32]) -> tuple[Instants, NDArray[np.bool_]]:
    """Return days since 1970 of dates (year, month × 100 + day), and a mask of those that exist."""
    if (year == year[0]).all() and (day == day[0]).all():
        year, day, inverse = year[:1], day[:1], np.zeros(len(year), dtype=np.intp)
    else:
        dates = year.astype(np.int64) * 10_000 + day.astype(np.int64)
        dates, inverse = np.unique(dates, return_inverse=True)
        year, day = dates // 10_000, dates % 10_000
    days = [_days(int(y), int(d) // 100, int(d) % 100) for y, d in zip(year, day)]
    known = np.array([0 if number is None else number for number in days], dtype=np.int64)
    exists = np.array([number is not None for number in days])
    return known[inverse], exists[inverse]


def local_clock(instants: Instants, zone: str) -> Instants:
    """Return the local wall clock of valid instants, in microseconds since 1970-01-01T00:00 local time.

    When clocks go back, the repeated local times of both passes fall into the same bins.
    """
    if not len(instants):
        return instants.copy()
    starts, offsets = _transitions(ZoneInfo(zone), int(instants.min()), int(instants.max()))
    if len(offsets) == 1:
        passed = np.zeros(len(instants), dtype=np.intp)
    else:
        passed = np.searchsorted(starts, instants, side="right") - 1
    local: Instants = instants + offsets[passed]
    return local


def _transitions(zone: ZoneInfo, first: int, last: int) -> tuple[Instants, Instants]:
    """Return the zone's offsets between two instants: starts and offsets, both in microseconds."""

    def offset_at(seconds: int) -> int:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
        offset = moment.astimezone(zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    at, end = first // MICROSECONDS, last // MICROSECONDS
    offset = offset_at(at)
    starts, offsets = [np.iinfo(np.int64).min], [offset * MICROSECONDS]
    while at < end:
        low, high = at, min(at + 86_400, end)
        at = high
        if offset_at(high) == offset:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset_at(middle) == offset else (low, middle)
        at, offset = high, offset_at(high)
        starts.append(high * MICROSECONDS)
        offsets.append(offset * MICROSECONDS)
    return np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64)
