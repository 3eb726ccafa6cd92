"""The run specification: everything that determines a run's result, as stored in `spec.json`.

Plain data without secrets. `RunSpec.from_json` rejects unknown entries, and every error names the entry, so
that a typing error never silently changes the result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import date
from functools import partial
from itertools import permutations
from typing import Any, Optional

from . import json_text, statistic
from .days import ALL_WEEKDAYS, MOST_DATES, Days, Period, check_weekdays, clock, minute_of, periods_from_json
from .errors import SpecError
from .field_path import holds, keys_of, path_fault, path_of
from .json_text import shown
from .s3_access import S3Access
from .time_format import time_format_fault
from .time_zones import zone_fault

SCHEMA = 1
"""Version of the run folder's files; readers reject other versions."""

STORE_LAYOUT = 4
"""Version of the point store's files; points in another layout are ignored and decoded again."""

METRES_PER_SECOND = {"m/s": 1.0, "km/h": 1 / 3.6, "mph": 0.44704, "knots": 1.852 / 3.6}
"""Speed units in m/s."""

KILOMETRES_PER_HOUR = {"m/s": 3.6, "km/h": 1.0, "mph": 1.609344, "knots": 1.852}
"""Speed units in km/h."""

_KNOTS = ("knots", "knot", "kn", "kt", "kts")

MAX_TRIP_MEGABYTES = 256
"""Default maximum size of an unpacked trip file, in MiB."""

BIN_MINUTES = tuple(m for m in range(5, 1441) if 1440 % m == 0)
"""Permitted lengths of bins in minutes: from 5 up, divisors of a day's 1440."""

BAD_FILE_POLICIES = ("skip", "stop")
OBJECT, ARRAY, LINES, TABLE, GEOJSON = FORMS = ("object", "array", "lines", "table", "geojson")
"""Forms of trip files; a field mapping that names none lets each file tell."""

LOCAL_TIMES = "local"
NAIVE_TIMES = ("refuse", "utc", LOCAL_TIMES)
POSITIONS = "positions"


_IF_NAMED = ("vehicle_id", "longitude", "latitude", "trips", "direction")
"""Optional paths of a field mapping, left out of JSON if they are not named."""

_IF_SAID = (*_IF_NAMED, "time_format", "speed_from", "form")
"""Entries of a field mapping that are left out of JSON if they are empty."""


@dataclass(frozen=True)
class FieldMapping:
    """Paths of the fields in a trip file; the defaults are the field names of 2019.

    Every entry is a path of object keys (see field_path). `points` leads from the root to the array of
    points, `trip_id` from the root to the trip's id (empty: the file is the trip), `vehicle_id` to the
    vehicle's (empty: not named), both beside the points or inside of each; the others lead from one point to
    its value. `longitude` and `latitude`, in degrees, may both be empty. `direction` (empty: not named) leads
    to the direction in which the point is on its link (`link_ids.is_backward`): backward, the id is
    that of the opposite direction. `form` is that of all files (empty: each file tells), `trips` leads from
    the root to an array of trips (empty: the file is one, or the array). `naive_times` is the treatment of
    times without an offset: `refuse` (the point counts in no time bin), `utc`, or `local` to the run's time
    zone. `time_format` is the format of all times in the codes of `time_format` (empty: the usual notations).
    With `speed_from` `positions` speeds are computed from positions and times, and `speed` is not read
    (empty: it is).
    """

    points: str = "data"
    link_id: str = "dbResponse.linkID"
    speed: str = "absVelocity"
    time: str = "timestamp"
    trip_id: str = ""
    naive_times: str = "refuse"
    vehicle_id: str = ""
    longitude: str = ""
    latitude: str = ""
    form: str = ""
    trips: str = ""
    time_format: str = ""
    direction: str = ""
    speed_from: str = ""

    def __post_init__(self) -> None:
        for name in self._needed_paths():
            _check_path(f"mapping.{name}", getattr(self, name))
        for name in ("trip_id", *_IF_NAMED):
            if getattr(self, name):
                _check_path(f"mapping.{name}", getattr(self, name))
        if self.form:
            _check_choice("mapping.form", self.form, FORMS)
        if bool(self.longitude) != bool(self.latitude):
            missing = "latitude" if self.longitude else "longitude"
            raise SpecError(f"mapping.{missing}", "is missing; name both longitude and latitude, or neither")
        _check_choice("mapping.naive_times", self.naive_times, NAIVE_TIMES)
        if self.time_format and (fault := time_format_fault(self.time_format)):
            raise SpecError("mapping.time_format", fault)
        points, trip, vehicle = (
            keys_of(path) if path else () for path in (self.points, self.trip_id, self.vehicle_id)
        )
        for name, keys in (("trip_id", trip), ("vehicle_id", vehicle)):
            if keys and holds(keys, points):
                raise SpecError(
                    f"mapping.{name}",
                    f"is {path_of(keys)!r}, which is or holds the points ({self.points!r}); name a value",
                )
        of_point = [
            keys_of(path)
            for path in (
                self.link_id,
                self.speed * (not self.speed_from),
                self.time,
                self.longitude,
                self.latitude,
                self.direction,
            )
            if path
        ]
        of_point += {keys[len(points) :] for keys in (trip, vehicle) if keys and holds(points, keys)}
        for value, other in permutations(of_point, 2):
            if holds(value, other):
                raise SpecError(
                    "mapping", f"{path_of(value)!r} cannot be a value and hold {path_of(other)!r} at once"
                )
        if trip != vehicle and trip and vehicle and (holds(trip, vehicle) or holds(vehicle, trip)):
            raise SpecError(
                "mapping.vehicle_id",
                f"the vehicle's id cannot lie inside of the trip's ({self.trip_id!r}) or hold it",
            )

    def _needed_paths(self) -> tuple[str, ...]:
        """Return the entries that may not be empty; raises `SpecError` for the source of speeds."""
        if not self.speed_from:
            return "points", "link_id", "speed", "time"
        _check_choice("mapping.speed_from", self.speed_from, (POSITIONS,))
        if not self.longitude and not self.latitude and self.form != GEOJSON:
            raise SpecError(
                "mapping.speed_from",
                "is 'positions'; name longitude and latitude, too, or form geojson, which has them",
            )
        return "points", "link_id", "time"

    def to_json(self) -> dict[str, str]:
        """Return the mapping as JSON-ready values, without optional entries that are empty."""
        return {name: text for name, text in asdict(self).items() if text or name not in _IF_SAID}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FieldMapping:
        """Create a mapping from decoded JSON; raises `SpecError`."""
        _check_entries("mapping", values, _names_of(cls))
        return cls(**{name: _text(f"mapping.{name}", value) for name, value in values.items()})


@dataclass(frozen=True)
class FreeFlow:
    """Rule of the free-flow speed of a link: a percentile of its points in a window of the day.

    The window goes from minute `start` up to `end` of the local day, over midnight if `end` is not after
    `start`. If it has fewer than `min_points` points, all points of the link are taken.
    """

    percentile: int = 85
    start: int = 22 * 60
    end: int = 6 * 60
    min_points: int = 20

    def __post_init__(self) -> None:
        _check_range("free_flow.percentile", self.percentile, 1, 99)
        _check_range("free_flow.from", self.start, 0, 1439)
        _check_range("free_flow.to", self.end, 0, 1440)
        _check_range("free_flow.min_points", self.min_points, 1, 1_000_000_000)

    @property
    def definition(self) -> str:
        """The rule in a few words, for legends: `85th percentile of points 22:00–06:00`."""
        name = statistic.statistic(f"p{self.percentile:02d}").estimator
        return f"{name} {clock(self.start)}–{clock(self.end)}, of at least {self.min_points:,}, else of all"

    def to_json(self) -> dict[str, Any]:
        """Return the rule as JSON-ready values."""
        return {
            "percentile": self.percentile, "from": clock(self.start), "to": clock(self.end),
            "min_points": self.min_points,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: object) -> FreeFlow:
        """Create a rule from decoded JSON; raises `SpecError`."""
        known = {"percentile": "percentile", "from": "start", "to": "end", "min_points": "min_points"}
        _check_entries("free_flow", values, known)
        return cls(
            **{
                known[name]: minute_of(_text(f"free_flow.{name}", value), f"free_flow.{name}")
                if name in ("from", "to")
                else _integer(f"free_flow.{name}", value)
                for name, value in values.items()  # type: ignore[attr-defined]
            }
        )


@dataclass(frozen=True)
class Trim:
    """Points of a trip that are left out when it is read; 0 leaves out none.

    With `stationary_seconds`, standing at both ends of a trip, and elsewhere where it takes longer. The first
    and last `ends_metres` and `ends_seconds` of a trip, for privacy.
    """

    stationary_seconds: int = 0
    ends_metres: int = 0
    ends_seconds: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _check_range(f"trim.{name}", value, 0, 86_400 if name.endswith("seconds") else 1_000_000)

    @property
    def is_asked(self) -> bool:
        """True if anything is left out."""
        return bool(self.stationary_seconds or self.ends_metres or self.ends_seconds)

    @classmethod
    def from_json(cls, values: object) -> Trim:
        """Create the rule from decoded JSON; raises `SpecError`."""
        _check_entries("trim", values, _names_of(cls))
        return cls(**{name: _integer(f"trim.{name}", value) for name, value in values.items()})  # type: ignore[attr-defined]


@dataclass(frozen=True)
class DecodeRules:
    """Everything that determines what a point store holds of a trip file.

    `speed_unit` is that of the file's speeds, which hard braking depends on. `time_zone` is the zone of times
    without an offset, and becomes empty unless the mapping says that they are local.
    """

    mapping: FieldMapping = field(default_factory=FieldMapping)
    speed_unit: str = "km/h"
    trim: Trim = field(default_factory=Trim)
    time_zone: str = ""

    def __post_init__(self) -> None:
        _check_choice("speed_unit", self.speed_unit, tuple(METRES_PER_SECOND))
        if self.mapping.naive_times != LOCAL_TIMES:
            object.__setattr__(self, "time_zone", "")

    def to_json(self) -> dict[str, Any]:
        """Return the rules as JSON-ready values."""
        values = {**asdict(self), "mapping": self.mapping.to_json()}
        if not self.time_zone:
            del values["time_zone"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> DecodeRules:
        """Create the rules from decoded JSON; raises `SpecError`."""
        _check_entries("the decode rules", values, _names_of(cls), inside=False)
        return cls(**{name: _READERS[name](value) for name, value in values.items()})

    def digest(self) -> str:
        """Return a short hash of the rules and the store layout.

        Points of other rules or another layout are stored under another digest and never mix.
        """
        return _digest([STORE_LAYOUT, self.to_json()])

    def earlier_digest(self) -> str:
        """Return the hash of the mapping in the layout before this one, which had no traversals."""
        return _digest([3, {n: path for n, path in asdict(self.mapping).items() if n not in _IF_SAID}])


@dataclass(frozen=True)
class RunSpec:
    """Parameters of one aggregation.

    `trips` is a folder, a glob or one file; `store` the folder of the point store. Either may lie in a
    bucket (`s3://bucket/prefix`); `s3` describes how to reach it. Speeds in the trip files are in
    `speed_unit`, in the results in `shown_unit` (empty: the same); see `unit`. Bins, dates and weekdays are
    local to `time_zone`; `date_from` and `date_to` are inclusive. `min_trips` affects what is drawn, not the
    result; `suppress_below` omits cells with fewer distinct trips from the result (0: none). A trip file
    larger than `max_trip_megabytes` (MiB, unpacked) is rejected and reported by name.

    `statistics` has the keys of the statistics to compute, in column order. The bins are those of the sets of
    `days`; `periods` have statistics of their own. `holidays` count as Sundays. `free_flow` and `trim` are
    rules of the free-flow speed and of points that are left out.
    """

    trips: str
    store: str
    speed_unit: str = "km/h"
    time_zone: str = "UTC"
    bin_minutes: int = 60
    date_from: Optional[date] = None
    date_to: Optional[date] = None
    weekdays: tuple[int, ...] = ALL_WEEKDAYS
    min_trips: int = 5
    suppress_below: int = 0
    mapping: FieldMapping = field(default_factory=FieldMapping)
    bad_files: str = "skip"
    max_trip_megabytes: int = MAX_TRIP_MEGABYTES
    s3: S3Access = field(default_factory=S3Access)
    statistics: tuple[str, ...] = field(default_factory=statistic.default_keys)
    days: Days = field(default_factory=Days)
    periods: tuple[Period, ...] = ()
    holidays: tuple[date, ...] = ()
    free_flow: FreeFlow = field(default_factory=FreeFlow)
    trim: Trim = field(default_factory=Trim)
    shown_unit: str = ""
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise SpecError("schema", f"is {self.schema}; this Roadpulse reads version {SCHEMA}")
        for name in ("trips", "store"):
            if not getattr(self, name).strip() or "\0" in getattr(self, name):
                raise SpecError(name, "is empty; name a folder")
        for name in ("speed_unit", "shown_unit"):
            object.__setattr__(self, name, unit_key(getattr(self, name)))
        _check_choice("speed_unit", self.speed_unit, tuple(METRES_PER_SECOND))
        if self.shown_unit == self.speed_unit:
            object.__setattr__(self, "shown_unit", "")
        elif self.shown_unit:
            _check_choice("shown_unit", self.shown_unit, tuple(METRES_PER_SECOND))
        _check_choice("bad_files", self.bad_files, BAD_FILE_POLICIES)
        if fault := zone_fault(self.time_zone):
            raise SpecError("time_zone", fault)
        if self.bin_minutes not in BIN_MINUTES:
            raise SpecError(
                "bin_minutes",
                f"is {self.bin_minutes}; a day is cut into equal bins of 5 to 1440 minutes, "
                f"so choose one of {', '.join(map(str, BIN_MINUTES))}",
            )
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise SpecError("date_from", f"{self.date_from} is after date_to, {self.date_to}")
        object.__setattr__(self, "weekdays", check_weekdays("weekdays", self.weekdays))
        object.__setattr__(self, "statistics", statistic.chosen_keys(",".join(self.statistics)))
        object.__setattr__(self, "holidays", tuple(sorted(set(self.holidays))))
        _check_range("min_trips", self.min_trips, 1, 1_000_000)
        _check_range("suppress_below", self.suppress_below, 0, 1_000_000)
        _check_range("max_trip_megabytes", self.max_trip_megabytes, 1, 4096)

    @property
    def unit(self) -> str:
        """Unit of all speeds in the results."""
        return self.shown_unit or self.speed_unit

    @property
    def unit_factor(self) -> float:
        """Number by which speeds of trip files are multiplied for the results; 1 if the units are equal."""
        return KILOMETRES_PER_HOUR[self.speed_unit] / KILOMETRES_PER_HOUR[self.unit]

    @property
    def decode_rules(self) -> DecodeRules:
        """Rules by which trip files are read to the point store."""
        return DecodeRules(self.mapping, self.speed_unit, self.trim, self.time_zone)

    @property
    def n_bins(self) -> int:
        """Number of bins in a day."""
        return 1440 // self.bin_minutes

    @property
    def bin_names(self) -> list[str]:
        """Start of each bin as `HH:MM`, in order."""
        return [clock(minute) for minute in range(0, 1440, self.bin_minutes)]

    def to_json(self) -> dict[str, Any]:
        """Return the specification as JSON-ready values."""
        values = asdict(self)
        values["mapping"] = self.mapping.to_json()
        for name in ("date_from", "date_to"):
            values[name] = values[name].isoformat() if values[name] else None
        values["weekdays"] = list(self.weekdays)
        values["statistics"] = list(self.statistics)
        values["days"] = self.days.to_json()
        values["periods"] = {period.name: period.to_json() for period in self.periods}
        values["holidays"] = [day.isoformat() for day in self.holidays]
        values["free_flow"] = self.free_flow.to_json()
        for name in _LEFT_OUT_IF_USUAL:
            if getattr(self, name) == _usual(name):
                del values[name]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunSpec:
        """Create a specification from decoded JSON; raises `SpecError` that names the entry."""
        _check_entries("the specification", values, _names_of(cls), inside=False)
        if "schema" in values and values["schema"] != SCHEMA:  # first, as a later schema has other entries
            raise SpecError("schema", f"is {shown(values['schema'])}; this Roadpulse reads version {SCHEMA}")
        read = {name: _READERS.get(name, partial(_integer, name))(value) for name, value in values.items()}
        for name in ("trips", "store"):
            if name not in read:
                raise SpecError(name, "is missing")
        return cls(**read)

    @classmethod
    def from_text(cls, text: str) -> RunSpec:
        """Create a specification from the text of a `spec.json`; raises `SpecError`."""
        try:
            values = json_text.decode(text, "spec.json", json_text.LARGEST_NOTE)
        except json_text.JsonFault as error:
            raise SpecError("spec.json", f"cannot be used: {error.fault}") from error
        return cls.from_json(values)


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


_LEFT_OUT_IF_USUAL = ("s3", "statistics", "days", "periods", "holidays", "free_flow", "trim", "shown_unit")
"""Entries that spec.json has only if they are not the default, so that an older Roadpulse reads others."""


def _usual(name: str) -> Any:
    entry = next(f for f in fields(RunSpec) if f.name == name)
    return entry.default if entry.default is not MISSING else entry.default_factory()  # type: ignore[misc, operator]


def _statistics(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return statistic.chosen_keys(value)
    if not isinstance(value, (list, tuple)):
        raise SpecError("statistics", f"is {shown(value)}, not a list of keys")
    return statistic.chosen_keys(",".join(_text("statistics", key) for key in value))


def _holidays(value: object) -> tuple[date, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_DATES:
        raise SpecError("holidays", f"is {shown(value)}, not a list of at most {MOST_DATES:,} dates")
    found = tuple(_date("holidays", day) for day in value)
    if None in found:
        raise SpecError("holidays", "holds an empty date")
    return found  # type: ignore[return-value]


def _check_entries(name: str, values: object, known: Iterable[str], inside: bool = True) -> None:
    """Raise `SpecError` unless `values` is a JSON object with entries of these names.

    If they lie `inside` the entry `name`, their names begin with it.
    """
    if not isinstance(values, Mapping):
        raise SpecError(name, "is not a JSON object")
    names = tuple(known)
    for key in values:
        if key not in names:
            entry = f"{name}.{key}" if inside else f"{key}"
            raise SpecError(entry[:60], f"is not known; known are {', '.join(names)}")


def _names_of(cls: type) -> list[str]:
    return [f.name for f in fields(cls)]


def _check_path(name: str, path: str) -> None:
    fault = path_fault(path)
    if fault:
        raise SpecError(name, fault)


def unit_key(text: str) -> str:
    """Return the key of a speed unit, of which other spellings are known for knots (`kn`, `kt`, `kts`)."""
    return "knots" if text.strip().lower() in _KNOTS else text


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SpecError(name, f"is {shown(value)}; choose one of {', '.join(choices)}")


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SpecError(name, f"is {value}; it lies between {low} and {high}")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SpecError(name, f"is {shown(value)}, not a text")
    return value


def _integer(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(name, f"is {shown(value)}, not a whole number")
    return value


def _date(name: str, value: object) -> Optional[date]:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(_text(name, value))
    except ValueError as error:
        raise SpecError(name, f"is {shown(value)}, not a date such as 2025-06-10") from error


def _weekdays(value: object) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise SpecError("weekdays", "is not a list of 1 (Monday) to 7 (Sunday)")
    return tuple(_integer("weekdays", day) for day in value)


_READERS: dict[str, Callable[[Any], Any]] = {
    **{
        name: partial(_text, name)
        for name in ("trips", "store", "speed_unit", "shown_unit", "time_zone", "bad_files")
    },
    **{name: partial(_date, name) for name in ("date_from", "date_to")},
    "weekdays": _weekdays,
    "mapping": FieldMapping.from_json,
    "s3": S3Access.from_json,
    "statistics": _statistics,
    "days": Days.from_json,
    "periods": periods_from_json,
    "holidays": _holidays,
    "free_flow": FreeFlow.from_json,
    "trim": Trim.from_json,
}
"""Readers of the entries of a specification that are no integers."""
