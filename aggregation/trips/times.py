"""Times: the texts and numbers of trip files to instants, and instants to local days and bins.

An instant is an int64 of microseconds since 1970-01-01T00:00Z; `NO_TIME` stands for none. The texts of a trip
all look alike, so columns of equal layout are read as a matrix of digits; other texts are read one by one by
`instant_of`, which defines the form of a time.

A local time is one on the clock of a zone. Where clocks go back, an hour exists twice: its times are taken as
the first. Where they go forward, an hour does not exist: its times are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple, Optional
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ..contract.time_format import MONTHS, compiled
from ..contract.time_zones import is_zone

NO_TIME = np.iinfo(np.int64).min
"""Missing or unusable time in columns of instants."""

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
DAYS_TO_1970 = date(1970, 1, 1).toordinal()
EARLIEST = int(datetime(1900, 1, 1, tzinfo=timezone.utc).timestamp()) * MICROSECONDS
LATEST = int(datetime(2200, 1, 1, tzinfo=timezone.utc).timestamp()) * MICROSECONDS
_YEAR_1, _YEAR_10000 = -62_135_596_800 * MICROSECONDS, 253_402_300_800 * MICROSECONDS
MILLISECONDS_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM = 1e11, 1e14, 1e17
"""Epoch numbers from here on are milliseconds (as seconds they would be after the year 5100), microseconds or
nanoseconds."""

OK, NONE_GIVEN, NOT_A_TIME, WITHOUT_ZONE, SKIPPED, TWICE = range(6)
"""Results of reading a time: `SKIPPED` is a local time that does not exist, `TWICE` one that exists twice.
The instant is `NO_TIME` except for `OK` and `TWICE`."""

Instants = NDArray[np.int64]
Codes = NDArray[np.uint8]

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?"
    r"((?![\d.,:]).{0,80})",
    re.ASCII,
)
_ZONE = re.compile(
    r" ?(?:(?:(?P<utc>Z|UTC|GMT)|(?:UTC|GMT)?(?P<offset>[+-]\d\d(?::?\d\d)?))(?: ?\[[\w/+-]+\])?"
    r"|\[(?P<in_brackets>[\w/+-]+)\]|(?<= )(?P<named>[a-z]\w*(?:/[\w+-]+)+))?",
    re.ASCII | re.IGNORECASE,
)
_NET_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_TAIL = re.compile(rb"((?:[.,]\d+)?)([^\d.,].*|)")
_STAMP_LENGTH = len("0000-00-00T00:00:00")
_DATE = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[Tt ]")
# A clock of eight characters as one integer, the first in its lowest byte. After XOR with `_CLOCK` a byte is
# the value of a digit; adding `_EXCESS` makes it 16 or more where it is more than 2, 9, 5, 9, 5 or 9.
_CLOCK, _EXCESS, _WRONG = (
    np.uint64(int.from_bytes(text, "little"))
    for text in (b"00:00:00", bytes((13, 6, 0, 10, 6, 0, 10, 6)), b"\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0")
)
_TEN, _BYTE, _OF_MINUTES, _OF_SECONDS, _FIVE_BYTES = map(np.uint64, (10, 0xFF, 24, 48, 40))
_LAYOUTS_TRIED = 16


@dataclass(frozen=True)
class TimeRules:
    """Rules by which the times of trip files are read.

    `naive` says what a time without an offset is: `refuse`, `utc` or `local` to `zone`. With `format` (see
    `contract.time_format`) all times are texts, or whole numbers, of that format.
    """

    naive: str = "refuse"
    zone: str = "UTC"
    format: str = ""


class _Zone(NamedTuple):
    """End of a time, after its clock: an offset in minutes east of UTC, the name of a zone, or nothing."""

    offset: Optional[int] = None
    name: str = ""


_USUAL = TimeRules()
_NOTHING = _Zone()


def instant_of(value: object, rules: TimeRules = _USUAL) -> tuple[int, int]:
    """Return `(instant, code)` of one time.

    Accepts ISO-8601 with `T` or a blank, followed by an offset (`Z`, `UTC`, `+02:00`, `-0530`, `+02`), the
    name of a zone (`[Europe/Berlin]`), or both, of which the offset counts; `/Date(…)/` of .NET, which has
    milliseconds; and seconds, milliseconds, microseconds or nanoseconds since 1970, as number or text.
    """
    if value is None or value == "":
        return NO_TIME, NONE_GIVEN
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return NO_TIME, NOT_A_TIME
    if isinstance(value, str) and value.lower() == "null":
        return NO_TIME, NONE_GIVEN
    if rules.format:
        return _instant_in_format(value, rules)
    if not isinstance(value, str):
        return _instant_of_number(value)
    match = _ISO.fullmatch(value)
    if not match:
        if _NUMBER.fullmatch(value):
            return _instant_of_number(float(value))
        net_date = _NET_DATE.fullmatch(value)
        return _within_range(int(net_date[1]) * 1000) if net_date else (NO_TIME, NOT_A_TIME)
    year, month, day, hour, minute, second, fraction, tail = match.groups()
    zone = _zone_of(tail)
    if zone is None:
        return NO_TIME, NOT_A_TIME
    if zone == _NOTHING and rules.naive == "refuse":
        return NO_TIME, WITHOUT_ZONE
    days = _days(int(year), int(month), int(day))
    seconds = int(second or 0)
    if days is None or int(hour) > 23 or int(minute) > 59 or seconds > 60:
        return NO_TIME, NOT_A_TIME
    clock = days * DAY + (int(hour) * 3600 + int(minute) * 60 + seconds) * MICROSECONDS
    return _instant_at(clock + int((fraction or "0").ljust(6, "0")[:6]), zone, rules)


def _instant_at(clock: int, zone: _Zone, rules: TimeRules) -> tuple[int, int]:
    instants, codes = _instants_at(np.array([clock], dtype=np.int64), zone, rules)
    return int(instants[0]), int(codes[0])


def _instants_at(clocks: Instants, zone: _Zone, rules: TimeRules) -> tuple[Instants, Codes]:
    """Return instants and codes of clocks in a zone, in µs since 1970-01-01T00:00 there."""
    if zone == _NOTHING and rules.naive == "refuse":
        return np.full(len(clocks), NO_TIME), np.full(len(clocks), WITHOUT_ZONE, dtype=np.uint8)
    if zone.name or (zone == _NOTHING and rules.naive == "local"):
        return instants_of_local(clocks, zone.name or rules.zone)
    instants = clocks - (zone.offset or 0) * 60 * MICROSECONDS
    inside = (instants >= EARLIEST) & (instants < LATEST)
    codes = np.zeros(len(instants), dtype=np.uint8)
    if not inside.all():
        instants[~inside] = NO_TIME
        codes[~inside] = NOT_A_TIME
    return instants, codes


def instants_of_clocks(clocks: Instants, rules: TimeRules = _USUAL) -> tuple[Instants, Codes]:
    """Return instants and codes of times without an offset, in µs since 1970 (`NO_TIME`: none given)."""
    missing = clocks == NO_TIME
    instants, codes = _instants_at(np.where(missing, 0, clocks), _NOTHING, rules)
    instants[missing], codes[missing] = NO_TIME, NONE_GIVEN
    never = ~missing & ((clocks < _YEAR_1) | (clocks >= _YEAR_10000))
    instants[never], codes[never] = NO_TIME, NOT_A_TIME
    return instants, codes


def instants_of_local(clocks: Instants, zone: str) -> tuple[Instants, Codes]:
    """Return instants and codes of local times, given as µs since 1970-01-01T00:00 on the zone's clock."""
    instants = np.full(len(clocks), NO_TIME)
    codes = np.full(len(clocks), NOT_A_TIME, dtype=np.uint8)
    inside = (clocks >= EARLIEST) & (clocks < LATEST)
    if not inside.any():
        return instants, codes
    some = clocks if inside.all() else clocks[inside]
    first, last = (date.fromordinal(int(c // DAY) + DAYS_TO_1970).year for c in (some.min(), some.max()))
    starts, offsets = _changes_in(zone, first, last)
    before, after = offsets[:-1], offsets[1:]
    # A change shows on the clock from the earlier of the times before and after it up to the later.
    change = np.searchsorted(starts[1:] + np.maximum(before, after), some, side="right")
    begins = np.append(starts[1:] + np.minimum(before, after), np.iinfo(np.int64).max)
    odd = some >= begins[change]
    at, code = some - offsets[change], np.full(len(some), OK, dtype=np.uint8)
    if odd.any():
        skips = np.append(after > before, False)[change]
        code[odd] = np.where(skips[odd], SKIPPED, TWICE)
        at[code == SKIPPED] = NO_TIME
    instants[inside], codes[inside] = at, code
    return instants, codes


@lru_cache(maxsize=256)
def _changes_in(zone: str, first: int, last: int) -> tuple[Instants, Instants]:
    """Return the zone's offsets in some years, as `_transitions` does."""
    start = (date(first, 1, 1).toordinal() - DAYS_TO_1970 - 2) * DAY
    end = (date(last, 12, 31).toordinal() - DAYS_TO_1970 + 3) * DAY
    return _transitions(ZoneInfo(zone), start, end)


def _instant_in_format(value: object, rules: TimeRules) -> tuple[int, int]:
    match = compiled(rules.format).pattern.fullmatch(str(value))
    clock, zone = _clock_of(match) if match else (0, None)
    if match is None or zone is None or _seconds_of(match) > 60:
        return NO_TIME, NOT_A_TIME
    return _instant_at(clock + _in_minute(match), zone, rules)


def _clock_of(match: re.Match[str]) -> tuple[int, Optional[_Zone]]:
    """Return the minute on the clock, and its zone, that a text of a format names; no zone if none exists."""
    part = match.groupdict()
    year = int(part["year"]) if part.get("year") else _full_year(int(part["short_year"]))
    name = (part.get("name") or "").lower()
    month = next((n for n, one in enumerate(MONTHS, 1) if name and one.startswith(name)), 0)
    days = _days(year, month or int(part["month"]), int(part["day"]))
    if days is None:
        return 0, None
    hour = int(part.get("hour") or part.get("hour12") or 0)
    if part.get("half"):
        hour = hour % 12 + 12 * (part["half"][0] in "pP")
    minutes = hour * 60 + int(part.get("minute") or 0)
    return days * DAY + minutes * 60 * MICROSECONDS, _zone_of(part.get("zone") or "")


def _seconds_of(match: re.Match[str]) -> int:
    return int(match["second"]) if "second" in match.re.groupindex else 0


def _in_minute(match: re.Match[str]) -> int:
    """Return the microseconds since the minute began."""
    fraction = match["fraction"] if "fraction" in match.re.groupindex else ""
    return _seconds_of(match) * MICROSECONDS + int(fraction.ljust(6, "0")[:6])


def _full_year(year: int) -> int:
    """Return the year that two digits stand for: 1969 to 2068, as POSIX has it."""
    return year + (1900 if year >= 69 else 2000)


def _instant_of_number(value: float) -> tuple[int, int]:
    try:
        number = float(value)
    except OverflowError:
        return NO_TIME, NOT_A_TIME
    if not abs(number) < 1e19:  # includes NaN
        return NO_TIME, NOT_A_TIME
    unit = epoch_unit(number)
    scaled = number / 1e3 if unit == "nanoseconds" else number * _MICROSECONDS_OF[unit]
    return _within_range(int(np.rint(scaled)))


_MICROSECONDS_OF = {"seconds": 1e6, "milliseconds": 1e3, "microseconds": 1.0}


def epoch_unit(number: float) -> str:
    """Return what a number since 1970 counts, judged by its size."""
    size = abs(number)
    if size < MILLISECONDS_FROM:
        return "seconds"
    if size < MICROSECONDS_FROM:
        return "milliseconds"
    return "microseconds" if size < NANOSECONDS_FROM else "nanoseconds"


def _within_range(instant: int) -> tuple[int, int]:
    return (instant, OK) if EARLIEST <= instant < LATEST else (NO_TIME, NOT_A_TIME)


def _days(year: int, month: int, day: int) -> Optional[int]:
    try:
        return date(year, month, day).toordinal() - DAYS_TO_1970
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _zone_of(tail: str) -> Optional[_Zone]:
    """Return what the end of a time says of its zone; None if it says nothing that is known."""
    match = _ZONE.fullmatch(tail)
    if match is None:
        return None
    name = match["in_brackets"] or match["named"]
    if name:
        return _Zone(name=name) if is_zone(name) else None
    if match["utc"]:
        return _Zone(0)
    if not match["offset"]:
        return _NOTHING
    digits = match["offset"][1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 18 or minutes > 59:
        return None
    return _Zone((hours * 60 + minutes) * (-1 if match["offset"][0] == "-" else 1))


def instants_of_numbers(values: NDArray[np.float64]) -> tuple[Instants, Codes]:
    """Return instants and codes of numbers since 1970 (NaN: none given), equal to those of `instant_of`."""
    given, size = ~np.isnan(values), np.abs(values)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(values * np.where(size >= MILLISECONDS_FROM, 1e3, 1e6))
        good = given & (scaled >= EARLIEST) & (scaled < LATEST)
        if not good.all():  # as milliseconds, microseconds are after 2199
            small = np.rint(np.where(size >= NANOSECONDS_FROM, values / 1e3, values))
            good |= (size >= MICROSECONDS_FROM) & (small >= EARLIEST) & (small < LATEST)
            scaled = np.where(size >= MICROSECONDS_FROM, small, scaled)
    instants = np.full(len(values), NO_TIME, dtype=np.int64)
    instants[good] = scaled[good].astype(np.int64)
    codes = np.where(good, OK, np.where(given, NOT_A_TIME, NONE_GIVEN)).astype(np.uint8)
    return instants, codes


def instants_of_texts(texts: Sequence[Optional[str]], rules: TimeRules = _USUAL) -> tuple[Instants, Codes]:
    """Return instants and codes of strings (None or empty: none given), equal to those of `instant_of`."""
    instants = np.full(len(texts), NO_TIME, dtype=np.int64)
    codes = np.zeros(len(texts), dtype=np.uint8)
    if rules.format:
        _read_in_format(texts, rules, instants, codes)
        return instants, codes
    for row in _read_column(texts, np.arange(len(texts)), instants, codes, rules):
        instants[row], codes[row] = instant_of(texts[row], rules)
    return instants, codes


def lines_of(texts: Sequence[Optional[str]]) -> Optional[bytes]:
    """Return texts of one length, in ASCII, with a line break after each; None if they are not such."""
    try:
        joined = "\n".join(texts) + "\n"  # type: ignore[arg-type]
        length = len(texts[0]) + 1  # type: ignore[arg-type]
    except (TypeError, IndexError):
        return None
    return joined.encode("ascii") if len(joined) == length * len(texts) and joined.isascii() else None


def instants_of_lines(lines: bytes, n: int, rules: TimeRules = _USUAL) -> Optional[tuple[Instants, Codes]]:
    """Return instants and codes of `n` texts as `lines_of` has them; None unless all are like the first."""
    if rules.format or len(lines) <= _STAMP_LENGTH * n:
        return None
    clocks, good, zone = _read_layout(np.frombuffer(lines, dtype=np.uint8).reshape(n, -1))
    return _instants_at(clocks, zone, rules) if good is None else None


def instants_of_block(
    block: NDArray[np.uint8], rules: TimeRules = _USUAL
) -> Optional[tuple[Instants, Codes]]:
    """Return instants and codes of texts, each a row with one byte more; None unless all are alike."""
    if rules.format or block.shape[1] <= _STAMP_LENGTH or (block[:, -1] != block[0, -1]).any():
        return None
    clocks, good, zone = _read_layout(block)
    return _instants_at(clocks, zone, rules) if good is None else None


def _read_in_format(
    texts: Sequence[Optional[str]], rules: TimeRules, instants: Instants, codes: Codes
) -> None:
    """Read strings of the rules' format; the minutes of those that differ in the seconds are read once."""
    pattern = compiled(rules.format).pattern
    within = [pattern.groupindex[name] - 1 for name in ("second", "fraction") if name in pattern.groupindex]
    minutes: dict[tuple[Optional[str], ...], tuple[int, Optional[_Zone]]] = {}
    rows: dict[_Zone, list[tuple[int, int]]] = {}
    for row, text in enumerate(texts):
        match = pattern.fullmatch(text) if text else None
        if match is None:
            instants[row], codes[row] = instant_of(text, rules)
            continue
        groups = list(match.groups())
        for number in within:
            groups[number] = None
        key = tuple(groups)
        if key not in minutes:
            minutes[key] = _clock_of(match)
        clock, zone = minutes[key]
        if zone is None or _seconds_of(match) > 60:
            codes[row] = NOT_A_TIME
        else:
            rows.setdefault(zone, []).append((row, clock + _in_minute(match)))
    for zone, found in rows.items():
        at, clocks = np.array(found, dtype=np.int64).T
        instants[at], codes[at] = _instants_at(clocks, zone, rules)


def _read_column(
    texts: Sequence[Optional[str]],
    rows: NDArray[np.int64],
    instants: Instants,
    codes: Codes,
    rules: TimeRules,
) -> list[int]:
    """Read strings with a known layout, one length at a time; return the rows that remain."""
    lines = lines_of(texts)
    if lines is not None:
        block = np.frombuffer(lines, dtype=np.uint8).reshape(len(texts), -1)
        breaks = block == ord("\n")
        # If every row ends in a line break, and there is no other, all strings have the same length.
        if breaks[:, -1].all() and np.count_nonzero(breaks) == len(texts):
            return _read_block(block, rows, instants, codes, rules)
    lengths = np.array([0 if text is None else len(text) for text in texts])
    left: list[int] = []
    for one in np.unique(lengths).tolist():
        of_length = np.flatnonzero(lengths == one)
        if one < _STAMP_LENGTH or len(of_length) == len(texts):
            left += rows[of_length].tolist()
        else:
            left += _read_column([texts[row] for row in of_length], rows[of_length], instants, codes, rules)
    return left


def _read_block(
    block: NDArray[np.uint8], rows: NDArray[np.int64], instants: Instants, codes: Codes, rules: TimeRules
) -> list[int]:
    """Read strings of equal length, each followed by a line break; return the rows that fit no layout."""
    if block.shape[1] <= _STAMP_LENGTH:
        return [int(row) for row in rows]
    left: list[int] = []
    for _ in range(_LAYOUTS_TRIED):
        clocks, good, zone = _read_layout(block)
        if good is None:
            instants[rows], codes[rows] = _instants_at(clocks, zone, rules)
            return left
        instants[rows[good]], codes[rows[good]] = _instants_at(clocks[good], zone, rules)
        if not good[0]:  # it defines the layout, so its date or clock is invalid
            left.append(int(rows[0]))
            good[0] = True
        rows, block = rows[~good], block[~good]
        if not len(block):
            return left
    return left + [int(row) for row in rows]


def _read_layout(block: NDArray[np.uint8]) -> tuple[Instants, Optional[NDArray[np.bool_]], _Zone]:
    """Read the rows with the first row's fraction and zone; return clocks, a mask (None: all), the zone."""
    tail = _TAIL.fullmatch(block[0].tobytes()[_STAMP_LENGTH:-1])
    zone = None if tail is None else _zone_of(tail[2].decode("ascii"))
    if tail is None or zone is None:
        return np.zeros(len(block), dtype=np.int64), np.zeros(len(block), dtype=bool), _NOTHING
    return (*_clocks_of(block, len(tail[1])), zone)


def _clocks_of(block: NDArray[np.uint8], fraction: int) -> tuple[Instants, Optional[NDArray[np.bool_]]]:
    """Return the clocks of rows, in µs since 1970-01-01T00:00 there, and which of them are right (None: all).

    A row is date, clock and `fraction` characters of a second's fraction, then as the first row.
    """
    width = block.shape[1]
    digits = _words(block, 11) ^ _CLOCK
    wrong = ((digits + _EXCESS) | digits) & _WRONG
    numbers = digits * _TEN + (digits >> 8)  # hours, minutes and seconds in bytes 0, 3 and 6
    seconds = (numbers & _BYTE) * 3600 + ((numbers >> _OF_MINUTES) & _BYTE) * 60
    seconds += (numbers >> _OF_SECONDS) & _BYTE
    clocks = seconds.view(np.int64) * MICROSECONDS
    for end in range(width, _STAMP_LENGTH + fraction, -8):
        n_other = max(_STAMP_LENGTH + fraction - (end - 8), 0)
        word = _words(block, end - 8)
        wrong |= (word ^ word[0]) >> (8 * n_other)
    if fraction:
        part = np.zeros(len(block), dtype=np.int32)
        is_wrong = block[:, _STAMP_LENGTH] != block[0, _STAMP_LENGTH]
        for number in range(1, fraction):
            digit = block[:, _STAMP_LENGTH + number] ^ 0x30
            is_wrong |= digit > 9
            if number <= 6:
                part *= 10
                part += digit
        wrong |= is_wrong
        clocks += part.astype(np.int64) * 10 ** max(7 - fraction, 0)
    days, exists = _days_of(_words(block, 0), _words(block, 3) >> _FIVE_BYTES)
    clocks += days * DAY
    if exists.all() and not wrong.any() and seconds.max() < 86_400:
        return clocks, None
    return clocks, (wrong == 0) & (seconds < 86_400) & exists


def _words(block: NDArray[np.uint8], at: int) -> NDArray[np.uint64]:
    """Return eight characters of each row as one integer, the first in its lowest byte."""
    return np.ndarray(len(block), "<u8", block, at, block.strides[:1])


def _days_of(month: NDArray[np.uint64], day: NDArray[np.uint64]) -> tuple[Instants, NDArray[np.bool_]]:
    """Return days since 1970 of dates, and whether they exist; one of each if all dates are equal.

    `month` and `day` are the first 8 and the next 3 characters as integers.
    """
    changes = (month[1:] != month[:-1]) | (day[1:] != day[:-1])
    if not changes.any():
        days = _days_of_date(int(month[0]), int(day[0]))
        return np.array([days or 0], dtype=np.int64), np.array([days is not None])
    starts = np.append(0, np.flatnonzero(changes) + 1)
    dates = list(map(_days_of_date, month[starts].tolist(), day[starts].tolist()))
    lengths = np.diff(starts, append=len(month))
    return (
        np.repeat(np.array([number or 0 for number in dates], dtype=np.int64), lengths),
        np.repeat(np.array([number is not None for number in dates]), lengths),
    )


@lru_cache(maxsize=1024)
def _days_of_date(month: int, day: int) -> Optional[int]:
    date = _DATE.fullmatch(month.to_bytes(8, "little") + day.to_bytes(3, "little"))
    return _days(*map(int, date.groups())) if date else None


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
