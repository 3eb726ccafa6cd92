"""The remembered settings of the Run dialog: one typed record in QGIS's settings. No secrets."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Optional

from qgis.core import QgsSettings

from ...aggregation.contract.days import ALL_WEEKDAYS, Days, Period, periods_from_json
from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.json_text import Entries, decode, shown
from ...aggregation.contract.spec import FieldMapping, FreeFlow, RunSpec, Trim
from ...aggregation.contract.statistic import (
    ALWAYS,
    DEFAULT_DRAWN,
    default_keys,
    in_column_order,
    is_statistic,
    statistic,
)
from ...algorithms.parameters import this_zone
from ...cluster_client.profiles.profile import LOCAL, LOCAL_NAME, Profile
from ...cluster_client.profiles.store import file_name
from ...workflow.holidays import read_holidays

_KEY = "roadpulse/run"
log = logging.getLogger(__name__)

_MOST = 1_000_000
"""Largest number that a field of the dialog takes."""

POSTGIS, LAYER = "postgis", "layer"
"""Kinds of road sources."""


@dataclass(frozen=True)
class RoadsChoice:
    """Source of the roads: a table of a stored PostGIS connection, or a layer of the project.

    `id_rule` is the key of the rule that brings their ids and those of the trips together; empty for none.
    """

    kind: str = POSTGIS
    connection: str = ""
    schema: str = ""
    table: str = ""
    geometry: str = ""
    layer: str = ""
    id_field: str = ""
    name_field: str = ""
    class_field: str = ""
    id_rule: str = ""


@dataclass(frozen=True)
class RunSettings:
    """Everything that the Run dialog asks for.

    Dates are ISO texts, both inclusive, empty for all. `holidays` is a text of dates or the path of a file
    with them (`workflow.holidays`). `statistic` is the key of the drawn one, which a run computes whether
    `statistics` holds it or not. An empty `driving_side` follows the time zone, an empty `shown_unit`
    is that of the trips.
    """

    profile: str = LOCAL_NAME
    trips: str = ""
    mapping: FieldMapping = field(default_factory=FieldMapping)
    roads: RoadsChoice = field(default_factory=RoadsChoice)
    date_from: str = ""
    date_to: str = ""
    weekdays: tuple[int, ...] = ALL_WEEKDAYS
    bin_minutes: int = 60
    time_zone: str = ""
    days: Days = field(default_factory=Days)
    periods: tuple[Period, ...] = ()
    holidays: str = ""
    statistic: str = DEFAULT_DRAWN
    statistics: tuple[str, ...] = field(default_factory=default_keys)
    free_flow: FreeFlow = field(default_factory=FreeFlow)
    speed_unit: str = "km/h"
    shown_unit: str = ""
    min_trips: int = 5
    bad_files: str = "skip"
    suppress_below: int = 0
    trim: Trim = field(default_factory=Trim)
    workers: int = 0
    theme: str = "light"
    driving_side: str = ""

    @property
    def unit(self) -> str:
        """Unit of the speeds in the results."""
        return self.shown_unit or self.speed_unit

    @property
    def computed(self) -> tuple[str, ...]:
        """Keys of the statistics of the run, in column order: those chosen, the drawn one, and counts."""
        return in_column_order((*ALWAYS, *self.statistics, self.statistic))

    @classmethod
    def defaults(cls) -> RunSettings:
        """Return the settings of a first start."""
        return cls(time_zone=this_zone())

    @classmethod
    def load(cls, settings: Optional[QgsSettings] = None) -> RunSettings:
        """Return the remembered settings; what cannot be read has its default."""
        text = (settings or QgsSettings()).value(_KEY, "", type=str)
        start = cls.defaults()
        try:
            return from_json(Entries.of(decode(text, "roadpulse/run"), "it").values, start) if text else start
        except (ValueError, SpecError) as error:
            log.warning("The remembered settings of the Run dialog cannot be read and were reset: %s", error)
            return start

    def save(self, settings: Optional[QgsSettings] = None) -> None:
        """Remember these settings."""
        (settings or QgsSettings()).setValue(_KEY, json.dumps(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values, which `from_json` reads."""
        values = dict(vars(self))
        for name in ("mapping", "roads", "trim"):
            values[name] = asdict(values[name])
        values["days"], values["free_flow"] = self.days.to_json(), self.free_flow.to_json()
        values["periods"] = {period.name: period.to_json() for period in self.periods}
        return values


def from_json(values: Mapping[str, Any], start: RunSettings) -> RunSettings:
    """Read settings over `start`: entries that are unknown, of another type or not valid are passed over."""
    read: dict[str, Any] = {f.name: getattr(start, f.name) for f in fields(RunSettings)}
    for name, before in read.items():
        value = values.get(name)
        if name == "mapping" and isinstance(value, dict):
            read[name] = FieldMapping.from_json(value)
        elif name == "roads" and isinstance(value, dict):
            known = {f.name for f in fields(RoadsChoice)}
            read[name] = RoadsChoice(**{k: str(v) for k, v in value.items() if k in known})
        elif name == "weekdays" and isinstance(value, list):
            days = tuple(day for day in value if type(day) is int and day in ALL_WEEKDAYS)
            read[name] = days or ALL_WEEKDAYS
        elif name in _OF_THE_CONTRACT:
            if value is not None:
                read[name] = _read(name, value, before)
        elif type(value) is int and isinstance(before, int):
            read[name] = value if 0 <= value <= _MOST else before
        elif isinstance(value, str) and isinstance(before, str):
            read[name] = value
    return RunSettings(**read)


def _statistics(value: object) -> tuple[str, ...]:
    keys = [key for key in value if isinstance(key, str)] if isinstance(value, list) else []
    return in_column_order(filter(is_statistic, keys)) or default_keys()


def _drawn(value: object) -> str:
    if not isinstance(value, str) or not is_statistic(value) or not statistic(value).is_drawn:
        raise SpecError("statistic", f"is {shown(value)}, which no map shows")
    return value


_OF_THE_CONTRACT: dict[str, Callable[[Any], Any]] = {
    "days": Days.from_json,
    "periods": periods_from_json,
    "statistic": _drawn,
    "statistics": _statistics,
    "free_flow": FreeFlow.from_json,
    "trim": Trim.from_json,
}
"""Readers of the entries that the contract checks."""


def _read(name: str, value: object, before: Any) -> Any:
    try:
        return _OF_THE_CONTRACT[name](value)
    except SpecError as error:
        log.warning("A remembered setting of the Run dialog cannot be read and was reset: %s", error)
        return before


class Throughput:
    """Measured speed of a place in the last run there, for the estimate; bytes/s and s."""

    _KEY = "roadpulse/pace"
    DEFAULT = {"decode": 60e6, "summarise": 150e6, "rest": 6.0}

    @classmethod
    def load(cls, profile: Profile = LOCAL) -> dict[str, float]:
        """`decode` and `summarise` in bytes of trips a second, `rest` in seconds.

        For this computer there is a guess; of other places nothing is known before the first run there.
        """
        known = {name: QgsSettings().value(cls._key(profile, name), 0.0, type=float) for name in cls.DEFAULT}
        if not profile.runs_here and not any(known.values()):
            return {}
        return {name: value if value > 0 else cls.DEFAULT[name] for name, value in known.items()}

    @classmethod
    def save(cls, throughput: dict[str, float], profile: Profile = LOCAL) -> None:
        """Remember measured values; only those that are known."""
        for name, value in throughput.items():
            if name in cls.DEFAULT and value > 0:
                QgsSettings().setValue(cls._key(profile, name), value)

    @classmethod
    def _key(cls, profile: Profile, name: str) -> str:
        group = cls._KEY if profile.name == LOCAL.name else _profile_key(profile, cls._KEY)
        return f"{group}/{name}"


class RememberedTrips:
    """The trips that were chosen last with each profile: a path is its place's own."""

    _KEY = "roadpulse/trips"

    @classmethod
    def load(cls, profile: Profile) -> str:
        """Return the trips that were chosen last; empty for none."""
        return str(QgsSettings().value(_profile_key(profile, cls._KEY), "", type=str))

    @classmethod
    def save(cls, profile: Profile, trips: str) -> None:
        """Remember a choice."""
        QgsSettings().setValue(_profile_key(profile, cls._KEY), trips)


def _profile_key(profile: Profile, group: str) -> str:
    return f"{group}/{file_name(profile.name)}"


def run_spec(settings: RunSettings, store: str) -> RunSpec:
    """Return the run specification of the settings; raises `SpecError`."""
    return RunSpec(
        trips=settings.trips,
        store=store,
        speed_unit=settings.speed_unit,
        shown_unit=settings.shown_unit,
        time_zone=settings.time_zone,
        bin_minutes=settings.bin_minutes,
        date_from=date.fromisoformat(settings.date_from) if settings.date_from else None,
        date_to=date.fromisoformat(settings.date_to) if settings.date_to else None,
        weekdays=settings.weekdays,
        min_trips=settings.min_trips,
        suppress_below=settings.suppress_below,
        mapping=settings.mapping,
        bad_files=settings.bad_files,
        statistics=settings.computed,
        days=settings.days,
        periods=settings.periods,
        holidays=read_holidays(settings.holidays),
        free_flow=settings.free_flow,
        trim=settings.trim,
    )
