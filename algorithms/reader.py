"""Values of a call's parameters: each kind read in one place, and refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsCoordinateReferenceSystem, QgsMapLayer, QgsProcessingAlgorithm, QgsProcessingContext

from ..aggregation.contract import json_text
from ..aggregation.contract.days import ALL, KINDS, Days, Period, periods_from_json
from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.spec import FieldMapping, FreeFlow, RunSpec, Trim
from ..aggregation.contract.statistic import chosen_keys, drawn_keys, is_statistic, statistic
from ..mapping.errors import MapError
from ..mapping.language import tr
from ..workflow.holidays import read_holidays
from ..workflow.id_rules import id_rule
from . import parameters as p

if TYPE_CHECKING:
    from ..cluster_client.profiles.profile import Profile
    from ..workflow.layer_trips import LayerTrips
    from ..workflow.roads import Roads

_NO_STORE = "-"  # stands for the point store where a specification is only checked


class Reader:
    """Values of one call's parameters."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm, self._parameters, self._context = algorithm, parameters, context

    def text(self, name: str) -> str:
        """Return a text without blanks around it; empty where none was given."""
        return str(self._algorithm.parameterAsString(self._parameters, name, self._context) or "").strip()

    def number(self, name: str) -> int:
        """Return a whole number."""
        return int(self._algorithm.parameterAsInt(self._parameters, name, self._context))

    def real(self, name: str) -> float:
        """Return a number."""
        return float(self._algorithm.parameterAsDouble(self._parameters, name, self._context))

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return bool(self._algorithm.parameterAsBool(self._parameters, name, self._context))

    def choice(self, name: str) -> str:
        """Return one of an enumeration's texts."""
        return str(self._algorithm.parameterAsEnumString(self._parameters, name, self._context))

    def layers(self, name: str) -> list[QgsMapLayer]:
        """Return the layers of a list, from the first."""
        return list(self._algorithm.parameterAsLayerList(self._parameters, name, self._context))

    def drawn_statistic(self, name: str) -> str:
        """Return the key of a statistic that a map shows, empty where none was given; raises `SpecError`."""
        key = self.text(name)
        if key and not (is_statistic(key) and statistic(key).is_drawn):
            known = f"{', '.join(drawn_keys())}, or another percentile"
            raise SpecError(name, f"is {json_text.shown(key)}; choose one of {known}")
        return key

    def day(self, name: str) -> Optional[date]:
        """Return a date, or None."""
        moment = self._algorithm.parameterAsDateTime(self._parameters, name, self._context)
        if moment.isValid():
            return date(moment.date().year(), moment.date().month(), moment.date().day())
        if self.text(name):
            raise SpecError(name, f"{self.text(name)!r} is not a date such as 2025-06-10")
        return None

    def mapping(self) -> FieldMapping:
        """Return the field mapping, from JSON text or a JSON file; raises `SpecError`."""
        return FieldMapping.from_json(self._json(p.MAPPING, {}))

    def days(self) -> Days:
        """Return the sets of days, from a word, JSON text or a JSON file; raises `SpecError`."""
        text = self.text(p.DAYS).lower()
        with _named(p.DAYS):
            return Days.from_json(text if text in KINDS else self._json(p.DAYS, ALL, KINDS))

    def periods(self) -> tuple[Period, ...]:
        """Return the periods, from JSON text or a JSON file; raises `SpecError`."""
        with _named(p.PERIODS):
            return periods_from_json(self._json(p.PERIODS, {}))

    def free_flow(self) -> FreeFlow:
        """Return the rule of the free-flow speed, from JSON text or a JSON file; raises `SpecError`."""
        with _named(p.FREE_FLOW):
            return FreeFlow.from_json(self._json(p.FREE_FLOW, {}))

    def _json(self, name: str, usual: Any, words: Sequence[str] = ()) -> Any:
        """Return decoded JSON, of a text or of the file whose path it is; `usual` for an empty text."""
        text = self.text(name)
        if not text:
            return usual
        try:
            if text.startswith(("{", "[")):
                return json_text.decode(text, name, json_text.LARGEST_NOTE)
            return json_text.read(Path(text).expanduser(), json_text.LARGEST_NOTE)
        except json_text.JsonFault as error:
            raise SpecError(name, f"cannot be used: {error.fault}") from error
        except (OSError, ValueError) as error:
            known = f"{', '.join(words)}, " if words else ""
            fault = f"is neither {known}JSON text nor a JSON file: {json_text.shown(text)}"
            raise SpecError(name, fault) from error

    def spec(self, store: str = _NO_STORE, remote: bool = False, trips: str = "") -> RunSpec:
        """The run specification; `remote` says that TRIPS lie on another computer. Raises `SpecError`.

        `trips` replaces TRIPS.
        """
        days = self._algorithm.parameterAsEnums(self._parameters, p.WEEKDAYS, self._context)
        return RunSpec(
            trips=trips or (self.text(p.TRIPS) if remote else self.absolute_trips()),
            store=store,
            speed_unit=self.choice(p.SPEED_UNIT),
            shown_unit=self.choice(p.SHOWN_UNIT),
            time_zone=self.text(p.TIME_ZONE),
            bin_minutes=self.number(p.BIN_MINUTES),
            date_from=self.day(p.DATE_FROM),
            date_to=self.day(p.DATE_TO),
            weekdays=tuple(day + 1 for day in days),
            min_trips=self.number(p.MIN_TRIPS),
            mapping=self.mapping(),
            statistics=chosen_keys(self.text(p.STATISTICS), p.STATISTICS),
            days=self.days(),
            periods=self.periods(),
            holidays=read_holidays(self.text(p.HOLIDAYS), p.HOLIDAYS),
            free_flow=self.free_flow(),
            trim=Trim(
                self.number(p.TRIM_STATIONARY), self.number(p.TRIM_METRES), self.number(p.TRIM_SECONDS)
            ),
            suppress_below=self.number(p.SUPPRESS_BELOW),
        )

    def absolute_trips(self) -> str:
        """Return TRIPS of this computer as an absolute path, or address."""
        return _absolute(self.text(p.TRIPS))

    def trips_layer(self, profile: Profile) -> Optional[LayerTrips]:
        """Return the points of TRIPS_LAYER, None if TRIPS is given; for the main thread.

        Raises `RunError`.
        """
        from ..workflow.layer_trips import trips_of_layer  # noqa: PLC0415  (needs numpy)

        given = self._parameters.get(p.TRIPS_LAYER) not in (None, "")
        if given and self.text(p.TRIPS):
            raise SpecError(p.TRIPS_LAYER, tr("is given beside TRIPS; leave one of them empty"))
        if not given:
            if not self.text(p.TRIPS):
                raise SpecError(p.TRIPS, tr("is empty, and so is TRIPS_LAYER; give one of them"))
            return None
        if not profile.runs_here:
            fault = tr(
                "is a layer of this computer, and the profile {name!r} runs elsewhere; choose “local”, or "
                "give TRIPS that it can read"
            )
            raise SpecError(p.TRIPS_LAYER, fault.format(name=profile.name))
        layer = self._algorithm.parameterAsVectorLayer(self._parameters, p.TRIPS_LAYER, self._context)
        if layer is None:
            name = self.text(p.TRIPS_LAYER)
            raise MapError(tr("The layer of trips {name!r} cannot be opened.").format(name=name))
        return trips_of_layer(layer, self.mapping(), self._context.transformContext())

    def profile(self) -> Profile:
        """Return the profile; raises `ProfileError`."""
        from ..workflow.steps import resolve_profile  # noqa: PLC0415  (needs the packages)

        agreed = self._algorithm.parameterAsBoolean(self._parameters, p.TRUST_PROGRAMS, self._context)
        return resolve_profile(self.text(p.PROFILE), agreed)

    def roads(self) -> Roads:
        """Return the roads; for the main thread. Raises `MapError`."""
        from ..workflow import roads  # noqa: PLC0415  (needs the packages)

        layer = self._algorithm.parameterAsVectorLayer(self._parameters, p.LINKS, self._context)
        if layer is None:
            raise MapError(tr("The roads {name!r} cannot be opened.").format(name=self.text(p.LINKS)))
        fields = layer.fields()
        names = self.text(p.NAME_FIELD) if self._has(p.NAME_FIELD) else ""
        classes = self.text(p.CLASS_FIELD) if self._has(p.CLASS_FIELD) else ""
        found = roads.roads_of_layer(
            layer,
            self.text(p.LINK_ID_FIELD),
            names or roads.guess_field(fields, roads.NAME_FIELDS),
            classes or roads.guess_field(fields, roads.CLASS_FIELDS),
            self._crs(p.LINKS_CRS),
            self.text(p.DIRECTION_FIELD),
        )
        rule = id_rule(self.choice(p.ID_RULE))
        return roads.RuledRoads(found, rule) if rule else found

    def _crs(self, name: str) -> Optional[QgsCoordinateReferenceSystem]:
        """Return a reference system, None where none was given; raises `MapError`."""
        from ..mapping.reference_system import is_known  # noqa: PLC0415  (needs numpy)

        if self._parameters.get(name) in (None, ""):
            return None
        crs = self._algorithm.parameterAsCrs(self._parameters, name, self._context)
        if not is_known(crs):
            raise MapError(
                tr("{name} is {value!r}, which QGIS does not know. Give a code such as EPSG:25833.").format(
                    name=name, value=str(self._parameters[name])
                )
            )
        return crs

    def _has(self, name: str) -> bool:
        return self._algorithm.parameterDefinition(name) is not None


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Have errors about an entry of the specification name the parameter instead."""
    try:
        yield
    except SpecError as error:
        entry = error.field.partition(".")[2]
        raise SpecError(name, f"{entry} {error.fault}".lstrip()) from error


def _absolute(trips: str) -> str:
    """Return an absolute path: the run happens in another folder than the call."""
    if not trips or "://" in trips:
        return trips
    return str(Path(trips).expanduser().absolute())
