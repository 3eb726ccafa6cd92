"""The parameters that several algorithms share, each defined and read in one place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    Qgis,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingParameterVectorLayer,
)
from qgis.PyQt.QtCore import QTimeZone

from ..aggregation.errors import SpecError
from ..aggregation.spec import METRES_PER_SECOND, FieldMapping, RunSpec
from ..mapping.errors import MapError
from .words import tr

if TYPE_CHECKING:
    from ..cluster_client.profile import Profile
    from .roads import Roads

PROFILE, TRIPS, MAPPING, SPEED_UNIT, TIME_ZONE = "PROFILE", "TRIPS", "MAPPING", "SPEED_UNIT", "TIME_ZONE"
BIN_MINUTES, DATE_FROM, DATE_TO, WEEKDAYS = "BIN_MINUTES", "DATE_FROM", "DATE_TO", "WEEKDAYS"
MIN_TRIPS, LINKS, LINK_ID_FIELD, NAME_FIELD = "MIN_TRIPS", "LINKS", "LINK_ID_FIELD", "NAME_FIELD"
CLASS_FIELD, RUN_FOLDER, OUTPUT = "CLASS_FIELD", "RUN_FOLDER", "OUTPUT"

UNITS = tuple(METRES_PER_SECOND)
_NO_STORE = "-"  # stands for the point store where a specification is only checked


def this_zone() -> str:
    """The computer's IANA time zone, else UTC."""
    zone = bytes(QTimeZone.systemTimeZoneId()).decode("ascii", "replace")
    return zone if "/" in zone else "UTC"


# -- definitions ------------------------------------------------------------------------------------


def trip_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """What an aggregation asks for, but the run folder."""
    yield advanced(
        with_help(
            QgsProcessingParameterString(PROFILE, tr("Where to run"), "local"),
            tr(
                "Name of a stored profile, or path of a profile file (.json). “local” is this computer, "
                "in a process of its own."
            ),
        )
    )
    yield with_help(
        # A folder's widget takes any text, so patterns and single files too.
        QgsProcessingParameterFile(TRIPS, tr("Trips"), Qgis.ProcessingFileParameterBehavior.Folder),
        tr(
            "A folder of trip files (.json, .json.gz; folders inside count too), a pattern such as "
            "/data/2019/*/trip_*.json, or a single file."
        ),
    )
    yield choice(
        SPEED_UNIT, tr("Unit of the speeds"), UNITS, "km/h",
        tr("The unit in which the trips give speeds, and the result too. It is never guessed."),
    )  # fmt: skip
    yield with_help(
        _zones(QgsProcessingParameterString(TIME_ZONE, tr("Time zone"), this_zone())),
        tr(
            "IANA name, such as Europe/London. Hours, dates and weekdays are local to it, summer time "
            "included."
        ),
    )
    yield with_help(
        QgsProcessingParameterNumber(
            BIN_MINUTES,
            tr("Minutes in a bin"),
            Qgis.ProcessingNumberParameterType.Integer,
            60,
            False,
            5,
            1440,
        ),
        tr("The day is cut into equal bins: 5, 10, 15, 20, 30, 60, 120 … 1440 minutes."),
    )
    for name, label in ((DATE_FROM, tr("First date")), (DATE_TO, tr("Last date"))):
        yield with_help(
            QgsProcessingParameterDateTime(
                name, label, Qgis.ProcessingDateTimeParameterDataType.Date, None, True
            ),
            tr(
                "Local date that still counts; empty for no limit. With either date, points without a time "
                "do not count."
            ),
        )
    yield with_help(
        QgsProcessingParameterEnum(WEEKDAYS, tr("Weekdays"), weekday_names(), True, list(range(7))),
        tr("Local weekdays that count; in scripts 0 is Monday and 6 is Sunday."),
    )
    yield with_help(
        QgsProcessingParameterNumber(
            MIN_TRIPS, tr("Fewest trips"), Qgis.ProcessingNumberParameterType.Integer, 5, False, 1, 1_000_000
        ),
        tr(
            "A link, or its bin, with fewer trips is drawn thin and grey as “too few trips”. "
            "The result tables hold it all the same."
        ),
    )
    mapping = QgsProcessingParameterString(MAPPING, tr("Fields of the trips"), default_mapping(), True, True)
    yield advanced(
        with_help(
            mapping,
            tr(
                "Where a trip file keeps its points, and a point its values: JSON text, or the path of a "
                "JSON file. Paths are keys joined by dots; what is left out keeps its name of 2019. "
                "“naive_times” says what a time without an offset means: “refuse” or “utc”."
            ),
        )
    )


def run_folder_destination() -> QgsProcessingParameterFolderDestination:
    """Where a run writes to."""
    parameter = QgsProcessingParameterFolderDestination(RUN_FOLDER, tr("Run folder"), None, True, False)
    return advanced(
        with_help(
            parameter,
            tr("A new folder for the result tables and the manifest; empty for one in your QGIS profile."),
        )
    )


def run_folder_input() -> QgsProcessingParameterFile:
    """A run that has ended."""
    parameter = QgsProcessingParameterFile(
        RUN_FOLDER, tr("Run folder"), Qgis.ProcessingFileParameterBehavior.Folder
    )
    return with_help(parameter, tr("Folder of a finished run: the one with manifest.json."))


def road_parameters(with_names: bool = True) -> Iterable[QgsProcessingParameterDefinition]:
    """What the join with the roads asks for."""
    yield with_help(
        QgsProcessingParameterVectorLayer(LINKS, tr("Roads"), [Qgis.ProcessingSourceType.VectorLine]),
        tr(
            "Any line layer with one feature for each link. A PostGIS table is asked by link id, at the "
            "server; in scripts it may be given as postgres://… as QGIS writes it."
        ),
    )
    yield with_help(
        QgsProcessingParameterField(LINK_ID_FIELD, tr("Field with the link id"), "link_id", LINKS),
        tr("Whole numbers, or text of digits."),
    )
    if with_names:
        yield advanced(_road_field(NAME_FIELD, tr("Field with the street's name"), tr("For labels.")))
        yield advanced(
            _road_field(
                CLASS_FIELD,
                tr("Field with the road's class"),
                tr("Names as in OpenStreetMap (primary, residential …); they decide how wide a road is."),
            )
        )


def map_destination() -> QgsProcessingParameterVectorDestination:
    """The GeoPackage."""
    parameter = QgsProcessingParameterVectorDestination(
        OUTPUT, tr("Link speeds"), Qgis.ProcessingSourceType.VectorLine
    )
    return with_help(
        parameter,
        tr(
            "A GeoPackage. Its table “links” is the map; “link_speeds_by_time”, “unmatched” and “run” hold "
            "the rest of the result, so the file explains itself."
        ),
    )


def weekday_names() -> list[str]:
    """Monday to Sunday, short."""
    return [tr("Mon"), tr("Tue"), tr("Wed"), tr("Thu"), tr("Fri"), tr("Sat"), tr("Sun")]


def default_mapping() -> str:
    """The names of 2019, as JSON; what one rarely changes is left out."""
    names = FieldMapping()
    return json.dumps({key: getattr(names, key) for key in ("points", "link_id", "speed", "time")})


def _road_field(name: str, label: str, text: str) -> QgsProcessingParameterField:
    field = QgsProcessingParameterField(name, label, None, LINKS, optional=True)
    return with_help(field, text + " " + tr("Empty: a field with a usual name, if the roads have one."))


def _zones(parameter: QgsProcessingParameterString) -> QgsProcessingParameterString:
    """Offer the IANA zones as a list; any text is taken all the same where there is no widget."""
    known = (bytes(zone).decode("ascii", "replace") for zone in QTimeZone.availableTimeZoneIds())
    zones = sorted({zone for zone in known if "/" in zone} | {"UTC", this_zone()})
    parameter.setMetadata({"widget_wrapper": {"value_hints": zones}})
    return parameter


def with_help(parameter: Any, text: str) -> Any:
    """The parameter, with what it means."""
    parameter.setHelp(text)
    return parameter


def advanced(parameter: Any) -> Any:
    """The parameter, folded away in the window."""
    parameter.setFlags(parameter.flags() | Qgis.ProcessingParameterFlag.Advanced)
    return parameter


def choice(
    name: str, label: str, choices: Sequence[str], default: str, text: str
) -> QgsProcessingParameterEnum:
    """One of several words, which scripts name as they stand."""
    return with_help(
        QgsProcessingParameterEnum(name, label, list(choices), False, default, False, True), text
    )


# -- reading ----------------------------------------------------------------------------------------


class Reader:
    """Values of one call's parameters."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> None:
        self._algorithm, self._parameters, self._context = algorithm, parameters, context

    def text(self, name: str) -> str:
        """A text without blanks around it; empty where none was given."""
        return str(self._algorithm.parameterAsString(self._parameters, name, self._context) or "").strip()

    def number(self, name: str) -> int:
        """A whole number."""
        return int(self._algorithm.parameterAsInt(self._parameters, name, self._context))

    def real(self, name: str) -> float:
        """A number."""
        return float(self._algorithm.parameterAsDouble(self._parameters, name, self._context))

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return bool(self._algorithm.parameterAsBool(self._parameters, name, self._context))

    def choice(self, name: str) -> str:
        """One of an enumeration's texts."""
        return str(self._algorithm.parameterAsEnumString(self._parameters, name, self._context))

    def day(self, name: str) -> Optional[date]:
        """A date, or None."""
        moment = self._algorithm.parameterAsDateTime(self._parameters, name, self._context)
        if moment.isValid():
            return date(moment.date().year(), moment.date().month(), moment.date().day())
        if self.text(name):
            raise SpecError(name, f"{self.text(name)!r} is not a date such as 2025-06-10")
        return None

    def mapping(self) -> FieldMapping:
        """The field mapping, from JSON text or a JSON file; raises `SpecError`."""
        text = self.text(MAPPING)
        if not text:
            return FieldMapping()
        if not text.startswith("{"):
            try:
                text = Path(text).expanduser().read_text(encoding="utf-8-sig")
            except (OSError, ValueError) as error:
                raise SpecError(
                    MAPPING,
                    f"is neither JSON text nor a JSON file: {text}",
                ) from error
        try:
            return FieldMapping.from_json(json.loads(text))
        except ValueError as error:
            raise SpecError(MAPPING, f"is not valid JSON: {error}") from error

    def spec(self, store: str = _NO_STORE) -> RunSpec:
        """The run specification; raises `SpecError`."""
        days = self._algorithm.parameterAsEnums(self._parameters, WEEKDAYS, self._context)
        return RunSpec(
            trips=_absolute(self.text(TRIPS)),
            store=store,
            speed_unit=self.choice(SPEED_UNIT),
            time_zone=self.text(TIME_ZONE),
            bin_minutes=self.number(BIN_MINUTES),
            date_from=self.day(DATE_FROM),
            date_to=self.day(DATE_TO),
            weekdays=tuple(day + 1 for day in days),
            min_trips=self.number(MIN_TRIPS),
            mapping=self.mapping(),
        )

    def profile(self) -> Profile:
        """The profile; raises `ProfileError`."""
        from .steps import resolve_profile  # noqa: PLC0415  (needs the packages)

        return resolve_profile(self.text(PROFILE))

    def roads(self) -> Roads:
        """The roads; for the main thread. Raises `MapError`."""
        from . import roads  # noqa: PLC0415  (needs the packages)

        layer = self._algorithm.parameterAsVectorLayer(self._parameters, LINKS, self._context)
        if layer is None:
            raise MapError(tr("The roads {name!r} cannot be opened.").format(name=self.text(LINKS)))
        fields = layer.fields()
        names = self.text(NAME_FIELD) if self._has(NAME_FIELD) else ""
        classes = self.text(CLASS_FIELD) if self._has(CLASS_FIELD) else ""
        return roads.roads_of_layer(
            layer,
            self.text(LINK_ID_FIELD),
            names or roads.guess_field(fields, roads.NAME_FIELDS),
            classes or roads.guess_field(fields, roads.CLASS_FIELDS),
        )

    def _has(self, name: str) -> bool:
        return self._algorithm.parameterDefinition(name) is not None


def _absolute(trips: str) -> str:
    """The run happens in another folder than the call."""
    if not trips or "://" in trips:
        return trips
    return str(Path(trips).expanduser().absolute())
