"""Result tables by an independent computation: plain Python, slow, from the definitions alone.

It shares nothing with `aggregation/`: trips are read with `json`, local times come from `zoneinfo`, and each
formula stands below the sentence that defines it. `tables` returns the values of a run's result tables,
`differences` compares a run's CSV text with them. A specification is a dictionary as in `spec.json`, with
named sets of days and periods as objects.
"""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple, Optional, Union
from zoneinfo import ZoneInfo

import numpy as np

DEFAULT = ["n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95"]
OTHERS = [
    "n_traversals", "min", "max", "weighted_mean", "trip_mean", "trip_hmean", "trip_p50", "trip_p85", "ci95",
    "free_flow", "free_flow_share", "tti", "pti", "bti", "reliability", "delay", "stopped_share", "brakes",
]  # fmt: skip
EVERY_KEY = [*DEFAULT, *OTHERS]
"""The keys of the table of statistics in the order of the columns: the default set first."""

COUNTS = ("n_points", "n_trips", "n_traversals")
IN_KILOMETRES_PER_HOUR = {"m/s": 3.6, "km/h": 1.0, "mph": 1.609344, "knots": 1.852}

GAP = 120.0
"""Seconds: "a gap of more than 120 s or a step back in time ends it"."""

LONGEST_STEP = 30.0
"""Seconds: "at most 30 s"."""

Value = Optional[float]
Row = dict[str, Value]
Table = dict[tuple[Any, ...], Row]


class Point(NamedTuple):
    """One counted point; `time` is in microseconds since 1970, None if the point has none."""

    link: int
    speed: float
    time: Optional[int]


@dataclass
class Traversal:
    """“A stretch of consecutive points of one trip on one link (in the file's order)”."""

    link: int
    points: list[Point] = field(default_factory=list)
    weighted: float = 0.0
    seconds: float = 0.0
    brakes: int = 0

    @property
    def entry(self) -> Optional[int]:
        """Time of the first point that has one."""
        return next((point.time for point in self.points if point.time is not None), None)


# -- trips ------------------------------------------------------------------------------------------


def points_of(trip: Mapping[str, Any]) -> list[Point]:
    """The counted points of a trip: "a point counts only where link id and speed are both there"."""
    found = []
    for element in trip["data"]:
        link, speed = (element.get("dbResponse") or {}).get("linkID"), element.get("absVelocity")
        if link is not None and speed is not None:
            found.append(Point(int(link), float(speed), _time(element.get("timestamp"))))
    return found


@lru_cache(maxsize=200_000)
def _time(value: Union[str, int, float, None]) -> Optional[int]:
    if value is None:
        return None
    if isinstance(value, str):
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return round((moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(microseconds=1))
    return round(value * (1e3 if abs(value) >= 1e11 else 1e6))  # epoch milliseconds, or seconds


def trimmed(points: list[Point], speed_unit: str, trim: Mapping[str, int]) -> list[Point]:
    """The points that are left of a trip.

    "An optional rule drops dwell at trip ends and dwell > T"; a point slower than 1 km/h stands. "Optionally
    trim trip ends": its first and last metres (u·Δt) and seconds, of the points that have a time.
    """
    kmh, longest = IN_KILOMETRES_PER_HOUR[speed_unit], trim.get("stationary_seconds", 0)
    left: list[Point] = []
    stretches = [(stands, [*some]) for stands, some in groupby(points, lambda point: point.speed * kmh < 1)]
    for number, (stands, some) in enumerate(stretches):
        times = [point.time for point in some if point.time is not None] or [0]
        at_an_end = number in (0, len(stretches) - 1)
        if not (longest and stands and (at_an_end or (times[-1] - times[0]) / 1e6 > longest)):
            left += some
    metres, seconds = trim.get("ends_metres", 0), trim.get("ends_seconds", 0)
    if not metres and not seconds:
        return left
    timed = [number for number, point in enumerate(left) if point.time is not None]
    way, time = [0.0], [0.0]
    for number, following in zip(timed, timed[1:]):
        step = max((left[following].time - left[number].time) / 1e6, 0.0)  # type: ignore[operator]
        way.append(way[-1] + left[number].speed * kmh / 3.6 * min(step, LONGEST_STEP))
        time.append(time[-1] + step)
    inside = [
        number
        for number, metre, second in zip(timed, way, time)
        if metres <= metre <= way[-1] - metres and seconds <= second <= time[-1] - seconds
    ]
    return left[inside[0] : inside[-1] + 1] if inside else []


def steps_of(points: list[Point]) -> list[Optional[float]]:
    """The Δt of each point in seconds; None for a point without a time.

    "Δt to the trip's next counted point in the file's order, at most 30 s; the trip's last point has the Δt
    before it, a lone one 1 s." A point without a time has none, and that of a step back in time is 0.
    """
    steps: list[Optional[float]] = [None] * len(points)
    timed = [number for number, point in enumerate(points) if point.time is not None]
    for number, following in zip(timed, timed[1:]):
        between = (points[following].time - points[number].time) / 1e6  # type: ignore[operator]
        steps[number] = min(max(between, 0.0), LONGEST_STEP)
    if timed:
        steps[timed[-1]] = steps[timed[-2]] if len(timed) > 1 else 1.0
    return steps


def traversals_of(points: list[Point], speed_unit: str) -> list[Traversal]:
    """The traversals of a trip in order.

    "A stretch of consecutive points of one trip on one link (in the file's order; a gap of more than 120 s or
    a step back in time ends it; points without a time have no Δt and end none)"; `brakes` are its
    "decelerations beyond 3 m/s² between consecutive points of it at most 5 s apart".
    """
    metres_per_second = IN_KILOMETRES_PER_HOUR[speed_unit] / 3.6
    found: list[Traversal] = []
    last: Optional[Point] = None  # of the points with a time, of this traversal
    for point, step in zip(points, steps_of(points)):
        between = 0.0
        if last is not None and last.time is not None and point.time is not None:
            between = (point.time - last.time) / 1e6
        if not found or found[-1].link != point.link or between > GAP or between < 0:
            found.append(Traversal(point.link))
            last = None
        current = found[-1]
        current.points.append(point)
        if point.time is None:
            continue
        assert step is not None
        current.weighted += point.speed * step
        current.seconds += step
        if last is not None and 0 < between <= 5:
            current.brakes += (last.speed - point.speed) * metres_per_second / between > 3
        last = point
    return found


# -- days, bins and periods -------------------------------------------------------------------------


class Calendar:
    """The local days of a specification: which moments count, and in which bins and periods."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._zone = ZoneInfo(spec.get("time_zone", "UTC"))
        self._length = spec.get("bin_minutes", 60)
        self._from, self._to = (_date(spec.get(name)) for name in ("date_from", "date_to"))
        self._weekdays = spec.get("weekdays", [1, 2, 3, 4, 5, 6, 7])
        self._days = spec.get("days", "all")
        self._periods = spec.get("periods", {})
        self._holidays = {date.fromisoformat(day) for day in spec.get("holidays", [])}
        self.has_days = self._days != "all" if isinstance(self._days, str) else len(self._days) > 1
        self._places: dict[int, tuple[bool, list[tuple[str, ...]], list[str], int]] = {}

    def counts(self, time: Optional[int]) -> bool:
        """True if a point of that time counts: one without a time only where no date is asked for."""
        if time is None:
            filtered = self._from or self._to or set(self._weekdays) != {1, 2, 3, 4, 5, 6, 7}
            return not filtered
        return self._place(time)[0]

    def bins(self, time: int) -> list[tuple[str, ...]]:
        """`(days, bin)` of each set that the day belongs to; `(bin,)` where results have no column `days`."""
        return self._place(time)[1]

    def periods(self, time: int) -> list[str]:
        """Names of the periods that the moment lies in."""
        return self._place(time)[2]

    def minute(self, time: int) -> int:
        """Minute of the local day."""
        return self._place(time)[3]

    def _place(self, time: int) -> tuple[bool, list[tuple[str, ...]], list[str], int]:
        minute = time // 60_000_000  # offsets of the zones in use are whole minutes
        if minute not in self._places:
            self._places[minute] = self._find(minute)
        return self._places[minute]

    def _find(self, epoch_minute: int) -> tuple[bool, list[tuple[str, ...]], list[str], int]:
        local = datetime.fromtimestamp(epoch_minute * 60, self._zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        in_dates = (not self._from or day >= self._from) and (not self._to or day <= self._to)
        start = minute // self._length * self._length
        name = f"{start // 60:02d}:{start % 60:02d}"
        bins = [(one, name) if self.has_days else (name,) for one in self._sets(day)]
        periods = [key for key, period in self._periods.items() if self._in_period(day, minute, period)]
        return in_dates and self._weekday(day) in self._weekdays, bins, periods, minute

    def _weekday(self, day: date) -> int:
        """ISO weekday; "a holiday counts as a Sunday wherever weekdays are asked"."""
        return 7 if day in self._holidays else day.isoweekday()

    def _sets(self, day: date) -> list[str]:
        weekday = self._weekday(day)
        if self._days == "all":
            return ["all"]
        if self._days == "workdays":
            return ["Mon-Fri" if weekday <= 5 else "Sat-Sun"]
        if self._days == "weekdays":
            return [("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[weekday - 1]]
        if self._days == "dates":
            return [day.isoformat()]
        return [name for name, one in self._days.items() if self._in_set(day, one)]

    def _in_set(self, day: date, one: Mapping[str, Any]) -> bool:
        ranges = []
        for text in one.get("dates", []):
            first, _, last = text.partition("/")
            ranges.append((date.fromisoformat(first), date.fromisoformat(last or first)))
        in_range = not ranges or any(first <= day <= last for first, last in ranges)
        return in_range and self._weekday(day) in one.get("weekdays", [1, 2, 3, 4, 5, 6, 7])

    def _in_period(self, day: date, minute: int, period: Mapping[str, Any]) -> bool:
        """A period over midnight is that of the day on which it begins."""
        start, end = _minute(period.get("from", "00:00")), _minute(period.get("to", "24:00"))
        if start < end:
            return start <= minute < end and self._in_set(day, period)
        if minute >= start:
            return self._in_set(day, period)
        return minute < end and self._in_set(day - timedelta(days=1), period)


def _date(text: Optional[str]) -> Optional[date]:
    return date.fromisoformat(text) if text else None


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


# -- statistics -------------------------------------------------------------------------------------


@dataclass
class Cell:
    """Points and traversals of a link, or of a link in one bin or period."""

    speeds_of_trip: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    traversals: list[Traversal] = field(default_factory=list)


class Measures:
    """The statistics of one cell; speeds are in `speed_unit`."""

    def __init__(self, cell: Cell, speed_unit: str, free_flow: Value) -> None:
        self._kmh = IN_KILOMETRES_PER_HOUR[speed_unit]
        self._u = sorted(speed for speeds in cell.speeds_of_trip.values() for speed in speeds)
        # "v a trip's speed: the mean of the speeds of one trip's points on the link (in the bin, where there
        # is one)"
        self._v = sorted(mean(speeds) for speeds in cell.speeds_of_trip.values())
        # "Pace is 1/v; a v below 1 km/h counts as 1 km/h in paces"
        self._paces = sorted(1 / max(v, 1 / self._kmh) for v in self._v)
        self._traversals = cell.traversals
        self._free_flow = free_flow

    def value(self, key: str) -> Value:
        """The statistic of that key; None if it is empty."""
        if key.startswith("trip_p"):
            return quantile(self._v, int(key[6:]))  # "percentiles of v"
        if key[0] == "p" and key[1:].isdigit():
            return quantile(self._u, int(key[1:]))  # "percentiles of u"
        found: Value = getattr(self, key)()
        return found

    def n_points(self) -> Value:
        return len(self._u)

    def n_trips(self) -> Value:
        """“Trips are distinct, traversals are not”."""
        return len(self._v)

    def n_traversals(self) -> Value:
        return len(self._traversals)

    def mean(self) -> Value:
        """“Mean of u”."""
        return mean(self._u)

    def std(self) -> Value:
        """“Of u; std with n − 1, empty for n = 1”."""
        return deviation(self._u)

    def min(self) -> Value:
        return self._u[0]

    def max(self) -> Value:
        return self._u[-1]

    def weighted_mean(self) -> Value:
        """“Σ u·Δt / Σ Δt over the link's traversals”; empty where there is no Δt."""
        seconds = math.fsum(one.seconds for one in self._traversals)
        return math.fsum(one.weighted for one in self._traversals) / seconds if seconds else None

    def trip_mean(self) -> Value:
        """“Mean of v: each trip counts once”."""
        return mean(self._v)

    def trip_hmean(self) -> Value:
        """“Harmonic mean of v: the speed of the mean travel time”."""
        return 1 / mean(self._paces)

    def ci95(self) -> Value:
        """“t(n−1; 0.975)·s(v)/√n; empty for n < 2”."""
        n, spread = len(self._v), deviation(self._v)
        return None if spread is None else student_t(n - 1) * spread / math.sqrt(n)

    def free_flow(self) -> Value:
        return self._free_flow

    def free_flow_share(self) -> Value:
        """“`trip_hmean` / `free_flow`”; empty where free flow is 0."""
        return 1 / mean(self._paces) / self._free_flow if self._free_flow else None

    def tti(self) -> Value:
        """“`free_flow` / `trip_hmean`”."""
        return None if self._free_flow is None else self._free_flow * mean(self._paces)

    def pti(self) -> Value:
        """“`free_flow` × p95 of pace”."""
        return None if self._free_flow is None else self._free_flow * quantile(self._paces, 95)

    def bti(self) -> Value:
        """“(p95 of pace − mean pace) / mean pace”."""
        return (quantile(self._paces, 95) - mean(self._paces)) / mean(self._paces)

    def reliability(self) -> Value:
        """“p80 of pace / p50 of pace”."""
        return quantile(self._paces, 80) / quantile(self._paces, 50)

    def delay(self) -> Value:
        """“Seconds a km lost: mean pace − 1/`free_flow`, not below 0”; the latter of 1 km/h at least."""
        if self._free_flow is None:
            return None
        lost = mean(self._paces) - 1 / max(self._free_flow, 1 / self._kmh)
        return max(lost * 3600 / self._kmh, 0.0)

    def stopped_share(self) -> Value:
        """“Share of points below 5 km/h”."""
        return sum(u * self._kmh < 5 for u in self._u) / len(self._u)

    def brakes(self) -> Value:
        """“Decelerations beyond 3 m/s² per 100 traversals (by the bin of their entry)”."""
        n = len(self._traversals)
        return 100 * sum(one.brakes for one in self._traversals) / n if n else None


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def deviation(values: list[float]) -> Value:
    """Sample standard deviation."""
    if len(values) < 2:
        return None
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def quantile(ascending: list[float], percent: int) -> float:
    """“Percentiles interpolate linearly (type 7)”: Hyndman and Fan, 1996."""
    whole, hundredths = divmod((len(ascending) - 1) * percent, 100)
    below = ascending[whole]
    return below + (ascending[whole + 1] - below) * hundredths / 100 if hundredths else below


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(300)


@lru_cache(maxsize=100_000)
def student_t(freedom: int) -> float:
    """97.5th percentile of Student's t, by bisection on the integral of its density.

    With t = √freedom · tan θ the density is in proportion to cos θ ^ (freedom − 1), up to a right angle.
    """

    def integral(end: float) -> float:
        angles = (_NODES + 1) * end / 2
        return float((np.cos(angles) ** (freedom - 1) * _WEIGHTS).sum() * end / 2)

    whole = integral(min(math.pi / 2, 12 / math.sqrt(freedom)))  # what lies beyond is less than 1e-30
    low, high = 0.0, min(math.pi / 2, 12 / math.sqrt(freedom))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if integral(middle) < 0.95 * whole else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def free_flow(link: list[Point], calendar: Calendar, rule: Mapping[str, Any]) -> float:
    """“One value a link: by default p85 of u between 22:00 and 06:00 local over all days, of at least 20
    points, else p85 of u over everything”.
    """
    start, end = _minute(rule.get("from", "22:00")), _minute(rule.get("to", "06:00"))

    def inside(minute: int) -> bool:
        return start <= minute < end if start < end else minute >= start or minute < end

    night = [one.speed for one in link if one.time is not None and inside(calendar.minute(one.time))]
    speeds = night if len(night) >= rule.get("min_points", 20) else [one.speed for one in link]
    return quantile(sorted(speeds), rule.get("percentile", 85))


# -- tables -----------------------------------------------------------------------------------------


def tables(trips: Mapping[str, Iterable[Mapping[str, Any]]], spec: Mapping[str, Any]) -> dict[str, Table]:
    """The values of the result tables by name, row and key.

    `trips` has the files of each trip, decoded, or an iterator that decodes them; most have one.
    `spec["statistics"]` lists the keys. Speeds are those of the trips times the ratio of `speed_unit` and
    `shown_unit`, if there is one; braking and trimming are of the speeds as they are in the trips.
    """
    unit, calendar = spec["speed_unit"], Calendar(spec)
    shown = spec.get("shown_unit") or unit
    ratio = IN_KILOMETRES_PER_HOUR[unit] / IN_KILOMETRES_PER_HOUR[shown]
    keys = spec.get("statistics", DEFAULT)
    points: dict[int, list[Point]] = defaultdict(list)
    cells: dict[str, dict[tuple[Any, ...], Cell]] = {
        name: defaultdict(Cell) for name in ("link_speeds", "link_speeds_by_time", "link_speeds_by_period")
    }

    def places(link: int, time: Optional[int]) -> Iterable[Cell]:
        yield cells["link_speeds"][(link,)]
        if time is not None:
            for days_and_bin in calendar.bins(time):
                yield cells["link_speeds_by_time"][(link, *days_and_bin)]
            for period in calendar.periods(time):
                yield cells["link_speeds_by_period"][link, period]

    for trip, files in trips.items():
        for file in files:
            of_file = trimmed(points_of(file), unit, spec.get("trim", {}))
            for point in of_file:
                if calendar.counts(point.time):
                    points[point.link].append(point._replace(speed=point.speed * ratio))
                    for cell in places(point.link, point.time):
                        cell.speeds_of_trip[trip].append(point.speed * ratio)
            for traversal in traversals_of(of_file, unit):
                traversal.weighted *= ratio
                if calendar.counts(traversal.entry):
                    for cell in places(traversal.link, traversal.entry):
                        cell.traversals.append(traversal)
    rule, fewest = spec.get("free_flow", {}), spec.get("suppress_below", 0)
    flows = {link: free_flow(found, calendar, rule) for link, found in points.items()}
    results: dict[str, Table] = {}
    for name, found in cells.items():
        by_bin = name != "link_speeds"
        results[name] = {}
        for place, cell in sorted(found.items()):
            measures = Measures(cell, shown, flows.get(place[0]))
            if len(cell.speeds_of_trip) >= max(fewest, 1):
                results[name][place] = {
                    key: measures.value(key) for key in keys if not (by_bin and key == "free_flow")
                }
    if not spec.get("periods"):
        del results["link_speeds_by_period"]
    return results


SMALLEST: Mapping[str, Callable[[Row], float]] = {
    # Differences of values that may be equal: there is nothing for an error to be relative to but these.
    "std": lambda row: row.get("max") or row.get("p95") or 1.0,
    "ci95": lambda row: row.get("trip_mean") or 1.0,
    "bti": lambda row: 1.0,
    "delay": lambda row: 3600.0 / 50,
}


def differences(text: str, expected: Table, most: int = 5, tolerance: float = 1e-9) -> list[str]:
    """What the CSV text of a result table has otherwise than expected: at most `most` sentences.

    Counts must be equal, other values within `tolerance` of the larger one.
    """
    wrong: list[str] = []
    rows = csv.DictReader(text.splitlines())
    columns = rows.fieldnames or []
    missing, seen = set(expected), set()
    for row in rows:
        place = tuple(
            int(row[name]) if name == "link_id" else row[name] for name in columns if name in _PLACES
        )
        if place in seen or place not in expected:
            wrong.append(f"row {place} {'again' if place in seen else 'is not expected'}")
            continue
        seen.add(place)
        missing.discard(place)
        values = expected[place]
        if [name for name in columns if name not in _PLACES] != [*values]:
            return [f"columns {columns}, expected are {list(values)}"]
        for key, value in values.items():
            if not _same(key, row[key], value, values, tolerance):
                wrong.append(f"{place} {key}: {row[key] or 'empty'}, expected is {value}")
    wrong += [f"row {place} is missing" for place in sorted(missing)]
    return wrong[:most] + ([f"and {len(wrong) - most} more"] if len(wrong) > most else [])


_PLACES = {"link_id", "days", "bin", "period"}


def _same(key: str, found: str, expected: Value, row: Row, tolerance: float) -> bool:
    if expected is None or found == "":
        return expected is None and found == ""
    if key in COUNTS:
        return found == str(expected)
    smallest = tolerance * SMALLEST[key](row) if key in SMALLEST else 0.0
    return math.isclose(float(found), expected, rel_tol=tolerance, abs_tol=smallest)


def read(path: Any) -> dict[str, Any]:
    """One trip file, decoded."""
    with path.open("rb") as stream:
        content: dict[str, Any] = json.load(stream)
    return content
