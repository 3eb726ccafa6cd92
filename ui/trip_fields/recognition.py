"""Recognition of trip files: form by name, fields, unit, time zone, and the kind of ids.

Everything here is a guess with a reason, shown to the person and used when they say so.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Optional
from zoneinfo import ZoneInfo

import numpy as np

from ...aggregation.contract.errors import BadTripFile
from ...aggregation.contract.field_path import keys_of
from ...aggregation.contract.link_ids import link_id_of
from ...aggregation.contract.spec import (
    ARRAY,
    GEOJSON,
    LINES,
    LOCAL_TIMES,
    METRES_PER_SECOND,
    OBJECT,
    TABLE,
    FieldMapping,
)
from ...aggregation.trips import times, values
from .content import Content
from .field_names import plain, rank, unit_in
from .proposals import fields_of, propose, unit_hint

_NEAR = 0.08
"""Share by which the speeds of a file may differ from those of its positions in the unit that is guessed."""

_FEWEST_STEPS = 5
_SHORTEST_STEP, _LONGEST_STEP = 1.0, 60.0
"""Seconds between two points whose positions tell a speed."""

_SLOWEST = 2.0
"""Speed in m/s below which positions are too inexact to give one."""

FORMATS = tuple(
    f"{day} {clock}"
    for day in ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d")
    for clock in ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
)
"""Formats of times that are tried where the usual notations do not fit; the first that fits all is taken."""


@dataclass(frozen=True)
class Guess:
    """A value for an entry of the run that the file does not settle, and the reason for it in words.

    `entry` is `unit`, `zone`, `ids`, `direction`, `trips`, `times` or `format`.
    """

    entry: str
    value: str
    reason: str


@dataclass(frozen=True)
class Recognition:
    """Probable form of a file, its `label`, the `mapping` that fits it, and guesses.

    `remark` says what the form cannot give, or is empty.
    """

    label: str
    mapping: FieldMapping
    guesses: tuple[Guess, ...] = ()
    remark: str = ""

    def value(self, entry: str) -> str:
        """Return the guess for an entry; empty if there is none."""
        return next((guess.value for guess in self.guesses if guess.entry == entry), "")


@dataclass(frozen=True)
class KnownForm:
    """A form of trips that goes by a name.

    `fits` says whether a file has it; `mapping` has the entries that the form fixes. `unit` is that of its
    speeds if the form fixes it.
    """

    key: str
    label: str
    fits: Callable[[Content], bool]
    mapping: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    remark: str = ""


def _keys(content: Content) -> frozenset[str]:
    """Return plain names of the keys of the file's object, or of the fields of rows."""
    one = content.outer or (content.root if content.rows is None else next(iter(content.rows), None))
    return frozenset(map(plain, one)) if isinstance(one, dict) else frozenset()


def _has(*names: str) -> Callable[[Content], bool]:
    return lambda content: _keys(content).issuperset(names)


KNOWN_FORMS: tuple[KnownForm, ...] = (
    KnownForm(
        "2019", "Trips of 2019",
        lambda content: content.form == OBJECT and _finds(content, FieldMapping()),
        FieldMapping().to_json(),
    ),
    KnownForm(
        "valhalla", "Valhalla, trace_attributes", _has("edges", "matched_points"),
        {"points": "edges", "link_id": "way_id", "speed": "speed"}, "km/h",
        "The speeds of its edges are those of the router's map and not measured, and there are no times. "
        "Write the way's id beside each measured point.",
    ),
    KnownForm(
        "osrm", "OSRM, match", _has("matchings", "tracepoints"), {}, "m/s",
        "It has no ids of links, only pairs of nodes, and no times. Write the link's id beside each measured "
        "point.",
    ),
    KnownForm(
        "fmm", "FMM, map matching", lambda content: _keys(content) >= {"cpath", "mgeom"}, {}, "",
        "It has a row for each trip with lists of edges. Write a row for each point: with the point's edge "
        "(opath), time and speed.",
    ),
    KnownForm(
        "sumo", "SUMO, FCD export", _has("timestep_time", "vehicle_speed", "vehicle_lane"),
        {"link_id": "vehicle_lane", "speed": "vehicle_speed", "time": "timestep_time",
         "trip_id": "vehicle_id"}, "m/s",
        "Its links are lanes: edge_0 is lane 0 of an edge. Its times are seconds since the simulation "
        "began, and so fall on 1 January 1970.",
    ),
    KnownForm("geojson", "GeoJSON, a point a feature", lambda content: content.form == GEOJSON),
    KnownForm("lines", "JSON lines, a trip a line", lambda found: found.form == LINES and found.is_trip),
    KnownForm("points", "JSON lines, a point a line", lambda content: content.form == LINES),
    KnownForm("trips", "JSON, an array of trips", lambda content: content.form == ARRAY and content.is_trip),
    KnownForm("array", "JSON, an array of points", lambda content: content.form == ARRAY),
    KnownForm("table", "Table, a point a row", lambda content: content.form == TABLE),
    KnownForm("flat", "JSON, a trip a file", lambda content: content.form == OBJECT),
)  # fmt: skip
"""Forms, the more special ones first."""


def recognise(content: Content, mapping: FieldMapping, zone: str, unit: str) -> Optional[Recognition]:
    """Return what a file probably is; None if that is not known.

    `mapping`, `zone` and `unit` are those of the run so far: what they find stays, unless the form fixes it.
    """
    known = next((form for form in KNOWN_FORMS if form.fits(content)), None)
    if known is None:
        return None
    fixed = mapping
    if known.mapping and not _finds(content, mapping):
        fixed = replace(FieldMapping(), **{"naive_times": mapping.naive_times, **known.mapping})
    try:
        best = _with_format(content, propose(content, fixed) or fixed)
        points = content.points(best)
        rules = content.rules(best)
    except BadTripFile:
        return Recognition(known.label, mapping, (), known.remark)
    found = _Points([p for p in points if isinstance(p, dict)] if isinstance(points, list) else [], rules)
    guesses = tuple(_guesses(found, content, known, unit, zone))
    result = Recognition(known.label, best, guesses, known.remark)
    naive = result.value("times")
    if naive and best.naive_times == "refuse":
        return replace(result, mapping=replace(best, naive_times=naive))
    return result


def _with_format(content: Content, mapping: FieldMapping) -> FieldMapping:
    """Return the mapping, with the format of its times if they are in one of `FORMATS` only."""
    points = content.points(mapping)
    points = [point for point in points if isinstance(point, dict)] if isinstance(points, list) else []
    if mapping.time_format or _Points(points, content.rules(mapping)).given("time"):
        return mapping
    for one in fields_of(points):
        if rank("time", plain(keys_of(one.path)[-1])) < 0 or not isinstance(one.example, str):
            continue
        texts = [text for point in points if (text := values.follow(point, keys_of(one.path)))]
        for written in FORMATS:
            rules = times.TimeRules("utc", format=written)
            if all(times.instant_of(text, rules)[0] != times.NO_TIME for text in texts):
                return replace(mapping, time=one.path, time_format=written)
    return mapping


def _finds(content: Content, mapping: FieldMapping) -> bool:
    """Return True if a mapping finds link and speed in the first points."""
    try:
        points, rules = content.points(mapping), content.rules(mapping)
    except BadTripFile:
        return False
    found = _Points(points, rules) if isinstance(points, list) else _Points([], rules)
    has_speed = bool(mapping.speed_from) or any(values.speed_of(v)[1] is None for v in found.given("speed"))
    return has_speed and any(link_id_of(value)[1] is None for value in found.given("link_id"))


@dataclass(frozen=True)
class _Points:
    """Some points of a file, with the mapping whose paths lead from each to its values."""

    points: Sequence[Any]
    rules: FieldMapping

    def given(self, entry: str) -> list[Any]:
        """Return the values of an entry that are there."""
        path = getattr(self.rules, entry)
        found = [values.follow(point, keys_of(path)) for point in self.points] if path else []
        return [value for value in found if value is not None and value != ""]

    def moving(self) -> list[tuple[float, float, float, float]]:
        """Return time in s, longitude, latitude and speed of the points that have all of them."""
        if not (self.rules.longitude and self.rules.speed):
            return []
        names = ("time", "longitude", "latitude", "speed")
        naive = times.TimeRules("utc", format=self.rules.time_format)
        found = []
        for point in self.points:
            time, longitude, latitude, speed = (
                values.follow(point, keys_of(getattr(self.rules, name))) for name in names
            )
            instant = times.instant_of(time, naive)[0]
            position = values.position_of(longitude, latitude)
            moving = values.speed_of(speed)[0]
            if instant != times.NO_TIME and not math.isnan(position[0] + moving):
                found.append((instant / times.MICROSECONDS, *position, moving))
        return found


def _guesses(found: _Points, content: Content, known: KnownForm, unit: str, zone: str) -> Iterator[Guess]:
    yield from _unit(found, content, known)
    yield from _times(found, zone)
    yield from _zone(found, zone)
    yield from _ids(found)
    if found.rules.direction:
        words = ", ".join(sorted({str(value) for value in found.given("direction")})[:4])
        yield Guess("direction", found.rules.direction, f"its values are {words}")
    has_points = bool(found.rules.speed_from or found.given("speed"))
    if has_points and not content.is_trip and not found.rules.trip_id:
        yield Guess("trips", "1", "no field tells trips apart, so all points of a file are one trip")


def _unit(found: _Points, content: Content, known: KnownForm) -> Iterator[Guess]:
    """Guess the unit from what the file says, the speed's name, the form, or positions and times."""
    if said := unit_hint(content.root):
        yield Guess("unit", said, "the file says so")
    elif named := unit_in(name := keys_of(found.rules.speed)[-1] if found.rules.speed else ""):
        yield Guess("unit", named, f"the field is called {name}")
    elif known.unit:
        yield Guess("unit", known.unit, f"{known.label} has its speeds in {known.unit}")
    elif ratio := _ratio_to_positions(found.moving()):
        near = {name: abs(ratio * metres - 1) for name, metres in METRES_PER_SECOND.items()}
        best = min(near, key=lambda name: near[name])
        if near[best] < _NEAR:
            yield Guess("unit", best, "so the speeds agree with positions and times")


def _ratio_to_positions(moving: Sequence[tuple[float, float, float, float]]) -> float:
    """Return a point's speed over that in m/s which positions and times give; 0 if unknown."""
    from ...aggregation.store.position_speeds import distances  # noqa: PLC0415  (needs msgspec)

    ratios = []
    apart = distances(np.array([one[1] for one in moving]), np.array([one[2] for one in moving]))
    for (time, *_, speed), (then, *_, later), metres in zip(moving, moving[1:], apart.tolist()):
        step = then - time
        if _SHORTEST_STEP <= step <= _LONGEST_STEP and metres / step > _SLOWEST:
            ratios.append((speed + later) / 2 / (metres / step))
    return statistics.median(ratios) if len(ratios) >= _FEWEST_STEPS else 0.0


def _times(found: _Points, zone: str) -> Iterator[Guess]:
    """Guess the format of times, and that those without an offset are local."""
    if found.rules.time_format:
        yield Guess("format", found.rules.time_format, f"they are like {(found.given('time') or [''])[0]}")
    rules = times.TimeRules("refuse", format=found.rules.time_format)
    codes = [times.instant_of(value, rules)[1] for value in found.given("time")]
    if codes and codes.count(times.WITHOUT_ZONE) > len(codes) / 2:
        yield Guess("times", LOCAL_TIMES, f"they have no offset from UTC, so they are local to {zone}")


def _zone(found: _Points, zone: str) -> Iterator[Guess]:
    """Guess the time zone whose main city is nearest to the first position."""
    longitudes, latitudes = found.given("longitude"), found.given("latitude")
    pairs = [values.position_of(*pair) for pair in zip(longitudes, latitudes)]
    position = next((pair for pair in pairs if not math.isnan(pair[0]) and pair != (0.0, 0.0)), None)
    nearest = nearest_zone(*position) if position else ""
    if nearest and not _same_clock(nearest, zone):
        yield Guess("zone", nearest, f"the first point lies at {position[1]:.2f}, {position[0]:.2f}")  # type: ignore[index]


def _ids(found: _Points) -> Iterator[Guess]:
    ids = [one for value in found.given("link_id") if (one := link_id_of(value)[0]) is not None]
    texts = [one for one in ids if isinstance(one, str)]
    if texts:
        yield Guess("ids", "text", f"such as {texts[0]}")
    elif any(isinstance(one, int) and one < 0 for one in ids):
        yield Guess("ids", "signed", "a minus sign says that the point runs against its road")
    elif ids:
        yield Guess("ids", "number", f"such as {ids[0]}")


def _same_clock(zone: str, other: str) -> bool:
    """Return True if two zones have the same time, in winter and in summer."""
    try:
        days = [datetime(2025, month, 15, tzinfo=timezone.utc) for month in (1, 7)]
        return all(
            day.astimezone(ZoneInfo(zone)).utcoffset() == day.astimezone(ZoneInfo(other)).utcoffset()
            for day in days
        )
    except (KeyError, ValueError, OSError):
        return False


def nearest_zone(longitude: float, latitude: float) -> str:
    """Return the time zone whose main city, in the tables of zones, is nearest to a position.

    Near the border of two zones that may be the wrong one. Empty if there are no tables.
    """
    best, name = math.inf, ""
    scale = math.cos(math.radians(latitude))
    for zone, east, north in _main_positions():
        apart = (abs(east - longitude) + 180) % 360 - 180
        distance = (apart * scale) ** 2 + (north - latitude) ** 2
        if distance < best:
            best, name = distance, zone
    return name


@lru_cache(maxsize=1)
def _main_positions() -> tuple[tuple[str, float, float], ...]:
    """Return zone, longitude and latitude of each line of the table `zone1970.tab`."""
    found = []
    for line in _zone_table().splitlines():
        parts = line.split("\t")
        if line.startswith("#") or len(parts) < 3:
            continue
        position = parts[1]
        at = max(position.rfind("+"), position.rfind("-"))
        found.append((parts[2], _degrees(position[at:], 3), _degrees(position[:at], 2)))
    return tuple(found)


def _zone_table() -> str:
    with contextlib.suppress(OSError):
        return Path("/usr/share/zoneinfo/zone1970.tab").read_text(encoding="utf-8")
    try:
        return (resources.files("tzdata") / "zoneinfo" / "zone1970.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        return ""


def _degrees(text: str, digits: int) -> float:
    """Return the degrees of `±DDMM`, `±DDDMM` or with seconds."""
    number, rest = text[1 : 1 + digits], text[1 + digits :]
    degrees = int(number) + int(rest[:2] or 0) / 60 + int(rest[2:4] or 0) / 3600
    return -degrees if text[0] == "-" else degrees
