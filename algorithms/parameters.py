"""The parameters that several algorithms share, each defined in one place. `reader` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from qgis.core import (
    Qgis,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
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

from ..aggregation.contract.days import ALL, ALL_WEEKDAYS
from ..aggregation.contract.spec import METRES_PER_SECOND, FieldMapping, FreeFlow
from ..aggregation.contract.statistic import all_keys, default_keys
from ..aggregation.contract.time_zones import is_zone, zone_names
from ..cluster_client.profiles.profile import LOCAL_NAME
from ..mapping.language import tr, weekday
from ..workflow.id_rules import ID_RULES

PROFILE, TRIPS, MAPPING, SPEED_UNIT, TIME_ZONE = "PROFILE", "TRIPS", "MAPPING", "SPEED_UNIT", "TIME_ZONE"
TRIPS_LAYER = "TRIPS_LAYER"
BIN_MINUTES, DATE_FROM, DATE_TO, WEEKDAYS = "BIN_MINUTES", "DATE_FROM", "DATE_TO", "WEEKDAYS"
MIN_TRIPS, LINKS, LINK_ID_FIELD, NAME_FIELD = "MIN_TRIPS", "LINKS", "LINK_ID_FIELD", "NAME_FIELD"
DIRECTION_FIELD, ID_RULE = "DIRECTION_FIELD", "ID_RULE"
CLASS_FIELD, LINKS_CRS, RUN_FOLDER, OUTPUT = "CLASS_FIELD", "LINKS_CRS", "RUN_FOLDER", "OUTPUT"
STATISTICS, DAYS, PERIODS, HOLIDAYS = "STATISTICS", "DAYS", "PERIODS", "HOLIDAYS"
FREE_FLOW, SUPPRESS_BELOW = "FREE_FLOW", "SUPPRESS_BELOW"
TRIM_STATIONARY, TRIM_METRES, TRIM_SECONDS = "TRIM_STATIONARY", "TRIM_METRES", "TRIM_SECONDS"

JSON_TEXTS = frozenset({MAPPING, DAYS, PERIODS, FREE_FLOW})
"""Parameters that hold JSON: an object is taken where its text is."""

LISTS = frozenset({STATISTICS, HOLIDAYS})
"""Parameters of several words, separated by commas: a list is taken where its text is."""

TRUST_PROGRAMS, SHOWN_UNIT = "TRUST_PROGRAMS", "SHOWN_UNIT"

UNITS = tuple(METRES_PER_SECOND)


def this_zone() -> str:
    """Return the computer's IANA time zone, else UTC."""
    zone = bytes(QTimeZone.systemTimeZoneId()).decode("ascii", "replace")
    return zone if is_zone(zone) else "UTC"


# -- definitions ------------------------------------------------------------------------------------


def trip_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return the parameters of an aggregation, without the run folder."""
    yield advanced(
        with_help(
            QgsProcessingParameterString(PROFILE, tr("Where to run"), LOCAL_NAME),
            tr(
                "Name of a stored profile, or path of a profile file (.json). “local” is this computer, "
                "in a process of its own."
            ),
        )
    )
    yield trust_programs()
    yield with_help(
        # A folder's widget takes any text, so patterns and single files too.
        QgsProcessingParameterFile(
            TRIPS, tr("Trips"), Qgis.ProcessingFileParameterBehavior.Folder, "", None, True
        ),
        tr(
            "A folder of trip files (JSON, JSON lines, CSV, Parquet, GeoJSON; folders inside count too), a "
            "pattern such as /data/2019/*/trip_*.json, or a single file. s3://bucket/folder names one in a "
            "bucket, which the profile says how to reach. Empty with a layer of trips."
        ),
    )
    yield with_help(
        QgsProcessingParameterVectorLayer(
            TRIPS_LAYER,
            tr("Layer of trips"),
            [Qgis.ProcessingSourceType.VectorPoint, Qgis.ProcessingSourceType.Vector],
            None,
            True,
        ),
        tr(
            "Instead of files: a point layer or table whose fields MAPPING names, a point of a trip a "
            "feature, in the order of their times within a trip. For runs on this computer."
        ),
    )
    yield choice(
        SPEED_UNIT, tr("Unit of the speeds"), UNITS, "km/h",
        tr("The unit in which the trips give speeds. It is never guessed."),
    )  # fmt: skip
    yield with_help(
        QgsProcessingParameterEnum(SHOWN_UNIT, tr("Unit of the results"), UNITS, False, None, True, True),
        tr("The unit of all speeds in the results and on the map; empty for that of the trips."),
    )
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
    yield from statistic_parameters()
    yield from day_parameters()
    mapping = QgsProcessingParameterString(MAPPING, tr("Fields of the trips"), default_mapping(), True, True)
    yield advanced(
        with_help(
            mapping,
            tr(
                "Where a trip file keeps its points, and a point its values: JSON text, or the path of a "
                "JSON file. Paths are keys joined by dots; what is left out keeps its name of 2019. "
                "“naive_times” says what a time without an offset means: “refuse”, “utc” or “local” to the "
                "time zone; “time_format” describes other notations of time, such as “%d/%m/%Y %H:%M:%S”."
            ),
        )
    )
    yield from privacy_parameters()


def statistic_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return the statistics that a run computes, and the rule of the free-flow speed."""
    yield with_help(
        QgsProcessingParameterString(STATISTICS, tr("Statistics"), "", False, True),
        tr(
            "Keys separated by commas: {keys}; any other percentile as p01 to p99 and trip_p01 to trip_p99; "
            "“all” for all of these. Points and trips are always there. Empty: {default}."
        ).format(keys=", ".join(all_keys()), default=", ".join(default_keys())),
    )
    yield advanced(
        with_help(
            QgsProcessingParameterString(
                FREE_FLOW, tr("Free-flow speed"), json.dumps(FreeFlow().to_json()), True, True
            ),
            tr(
                "JSON: the percentile of a link's points from one time of day to another, over midnight if "
                "the second is not later; of all its points if fewer than “min_points” lie there."
            ),
        )
    )


def day_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return the sets of days, the periods and the holidays."""
    yield with_help(
        QgsProcessingParameterString(DAYS, tr("Days"), ALL, False, True),
        tr(
            "Sets of days with bins of their own: “all” (one set), “workdays” (Monday to Friday, and the "
            "weekend), “weekdays” (seven), “dates” (each date), or JSON of named sets, text or the path of a "
            "file: {example}. Weekdays beside dates are those weekdays within the dates. Sets may overlap."
        ).format(example='{"Workdays": "Mon-Fri", "Fair": "2025-06-10, 2025-06-12"}'),
    )
    yield with_help(
        QgsProcessingParameterString(PERIODS, tr("Periods"), "", True, True),
        tr(
            "Named parts of the week with a table of their own, as JSON, text or the path of a file: "
            "{example}. The end does not belong to it; one that is not later lies on the next day."
        ).format(example='{"AM peak": "Mon-Fri 07:00-09:00", "Night": "22:00-06:00"}'),
    )
    yield advanced(
        with_help(
            QgsProcessingParameterString(HOLIDAYS, tr("Holidays"), "", False, True),
            tr(
                "Dates separated by commas, or the path of a text or CSV file with a date at the beginning "
                "of each line. They count as Sundays."
            ),
        )
    )


def privacy_parameters() -> Iterable[QgsProcessingParameterDefinition]:
    """Return what is left out of trips and results."""
    for name, label, most, text in (
        (
            TRIM_STATIONARY, tr("Leave out standing (seconds)"), 86_400,
            tr("Parking is no traffic: points that stand at the ends of a trip are left out, and elsewhere "
               "those that stand for longer than this; 180 is usual."),
        ),
        (
            TRIM_METRES, tr("Leave out the ends of trips (metres)"), 1_000_000,
            tr("For privacy: the first and last metres of each trip are left out."),
        ),
        (
            TRIM_SECONDS, tr("Leave out the ends of trips (seconds)"), 86_400,
            tr("For privacy: the first and last seconds of each trip are left out."),
        ),
        (
            SUPPRESS_BELOW, tr("Leave out below (trips)"), 1_000_000,
            tr("For privacy: links and bins with fewer trips are left out of the result tables as well."),
        ),
    ):  # fmt: skip
        number = QgsProcessingParameterNumber(
            name, label, Qgis.ProcessingNumberParameterType.Integer, 0, False, 0, most
        )
        yield advanced(with_help(number, text + " " + tr("0: nothing.")))


def trust_programs() -> QgsProcessingParameterBoolean:
    """Return the parameter that allows the programs of a profile file to be run."""
    parameter = QgsProcessingParameterBoolean(
        TRUST_PROGRAMS, tr("Trust the programs of a profile file"), False
    )
    return advanced(
        with_help(
            parameter,
            tr(
                "A profile file may name programs (“python”, “spark_home”), which are run on your computer "
                "or your cluster, as you. True if you know who wrote it; it is remembered for these programs."
            ),
        )
    )


def run_folder_destination() -> QgsProcessingParameterFolderDestination:
    """Return the parameter of the folder that a run writes to."""
    parameter = QgsProcessingParameterFolderDestination(
        RUN_FOLDER, tr("Run folder, if not in your QGIS profile"), None, True, False
    )
    return advanced(
        with_help(
            parameter,
            tr(
                "A new folder for the result tables and the manifest; empty for one in your QGIS profile. "
                "The same call with the folder of a run that goes on takes it up again."
            ),
        )
    )


def run_folder_input() -> QgsProcessingParameterFile:
    """Return a run that has ended."""
    parameter = QgsProcessingParameterFile(
        RUN_FOLDER, tr("Run folder"), Qgis.ProcessingFileParameterBehavior.Folder
    )
    return with_help(parameter, tr("Folder of a finished run: the one with manifest.json."))


def road_parameters(with_names: bool = True) -> Iterable[QgsProcessingParameterDefinition]:
    """Return the parameters of the join with the roads."""
    yield with_help(
        QgsProcessingParameterVectorLayer(LINKS, tr("Roads"), [Qgis.ProcessingSourceType.VectorLine]),
        tr(
            "Any line layer; all features with the id of a link are parts of it. A PostGIS table is asked "
            "by link id, at the server; in scripts it may be given as postgres://… as QGIS writes it."
        ),
    )
    yield advanced(
        with_help(
            QgsProcessingParameterCrs(LINKS_CRS, tr("Reference system of the roads"), None, True),
            tr(
                "For roads that do not say in which system their coordinates are, or say it wrongly, such as "
                "a shapefile without its .prj. Coordinates stay as they are. Empty: as the roads say."
            ),
        )
    )
    yield with_help(
        QgsProcessingParameterField(LINK_ID_FIELD, tr("Field with the link id"), "link_id", LINKS),
        tr(
            "Whole numbers, or texts such as 101, 0101, 101.0, 110+04099 or a UUID; the same ids as in the "
            "trips, however they are written."
        ),
    )
    yield advanced(
        with_help(
            QgsProcessingParameterField(
                DIRECTION_FIELD, tr("Field with the direction of the link"), None, LINKS, optional=True
            ),
            tr(
                "Only where both directions of a road have the same id: F, forward, 1, + or true, and T, "
                "backward, -1, - or false, which is the link with the negative id. Roads without a direction "
                "serve both."
            ),
        )
    )
    examples = "; ".join(f"{rule.key}: {rule.example}" for rule in ID_RULES)
    yield advanced(
        choice(
            ID_RULE,
            tr("Rule that brings the ids together"),
            ("none", *(rule.key for rule in ID_RULES)),
            "none",
            tr("Where trips and roads write the same ids in different ways ({examples}).").format(
                examples=examples
            ),
        )
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
            "A GeoPackage. Its table “links” is the map; “links_by_time” has a row a link and bin, "
            "“unmatched” and “run” hold what explains the file."
        ),
    )


def weekday_names() -> list[str]:
    """Monday to Sunday, short."""
    return [weekday(day) for day in ALL_WEEKDAYS]


def default_mapping() -> str:
    """Return the names of 2019, as JSON; what one rarely changes is left out."""
    names = FieldMapping()
    return json.dumps({key: getattr(names, key) for key in ("points", "link_id", "speed", "time")})


def _road_field(name: str, label: str, text: str) -> QgsProcessingParameterField:
    field = QgsProcessingParameterField(name, label, None, LINKS, optional=True)
    return with_help(field, text + " " + tr("Empty: a field with a usual name, if the roads have one."))


def _zones(parameter: QgsProcessingParameterString) -> QgsProcessingParameterString:
    """Offer the IANA zones as a list; any text is taken all the same where there is no widget."""
    parameter.setMetadata({"widget_wrapper": {"value_hints": list(zone_names())}})
    return parameter


def with_help(parameter: Any, text: str) -> Any:
    """Return the parameter, with what it means."""
    parameter.setHelp(text)
    return parameter


def advanced(parameter: Any) -> Any:
    """Return the parameter, folded away in the window."""
    parameter.setFlags(parameter.flags() | Qgis.ProcessingParameterFlag.Advanced)
    return parameter


def choice(
    name: str, label: str, choices: Sequence[str], default: str, text: str
) -> QgsProcessingParameterEnum:
    """Return one of several words, which scripts name as they stand."""
    return with_help(
        QgsProcessingParameterEnum(name, label, list(choices), False, default, False, True), text
    )
