"""Parameters that a call misspells or gives in another type: refused by name, never left out in silence."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    NULL,
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterEnum,
    QgsProperty,
)
from qgis.PyQt.QtCore import QDate

from roadpulse.aggregation.contract.days import Days, DaySet, Period
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.contract.spec import FreeFlow, RunSpec, Trim
from roadpulse.aggregation.contract.statistic import all_keys
from roadpulse.algorithms import parameters
from roadpulse.algorithms.parameter_check import validated
from roadpulse.algorithms.provider import ALGORITHMS
from roadpulse.algorithms.reader import Reader
from roadpulse.ui.run_dialog.sections.when import WhenSection
from roadpulse.ui.runs.settings import RunSettings

IDS = [algorithm.ID for algorithm in ALGORITHMS]


def algorithm(name: str) -> QgsProcessingAlgorithm:
    found = QgsApplication.processingRegistry().createAlgorithmById(f"roadpulse:{name}")
    assert found is not None
    return found


def read(name: str, **parameters: Any) -> dict[str, Any]:
    call = algorithm(name)  # the definitions live as long as it does
    return validated(call.parameterDefinitions(), parameters)


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    """Three trips whose points hold two ids and two speeds: which are read is the mapping's choice."""
    folder = tmp_path / "trips"
    folder.mkdir()
    for number in range(3):
        point = {
            "link": 101, "v": 22.5, "t": 1749542400 + number,
            "dbResponse": {"linkID": 102}, "absVelocity": 90.0, "timestamp": 1749542400,
        }  # fmt: skip
        (folder / f"{number}.json").write_text(json.dumps({"points": [point], "data": [point]}))
    return folder


OTHER_NAMES = {"points": "points", "link_id": "link", "speed": "v", "time": "t"}


@pytest.mark.parametrize("mapping", [OTHER_NAMES, json.dumps(OTHER_NAMES)], ids=["object", "text"])
def test_a_mapping_is_an_object_or_its_text(processing: Any, trips: Path, mapping: Any) -> None:
    result = processing.run(
        "roadpulse:aggregatetrips",
        {
            "TRIPS": str(trips),
            "MAPPING": mapping,
            "RUN_FOLDER": str(trips.parent / "run"),
            "TIME_ZONE": "UTC",
        },
    )
    row = Path(result["LINK_SPEEDS"]).read_text().splitlines()[1]
    assert row.split(",")[:4] == ["101", "3", "3", "22.5"]


def test_a_run_gives_the_statistics_days_and_periods_that_a_call_names(processing: Any, trips: Path) -> None:
    holidays = trips.parent / "holidays.txt"
    holidays.write_text("2025-06-10\n")  # the Tuesday of the points
    result = processing.run(
        "roadpulse:aggregatetrips",
        {
            "TRIPS": str(trips), "MAPPING": OTHER_NAMES, "TIME_ZONE": "UTC", "STATISTICS": "trip_mean,p07",
            "DAYS": "workdays", "HOLIDAYS": str(holidays), "RUN_FOLDER": str(trips.parent / "run"),
            "PERIODS": {"Sunday morning": "Sun 07:00-09:00", "Evening": "17:00-19:00"},
        },
    )  # fmt: skip
    tables = {
        name: Path(result[name.upper()]).read_text().splitlines()
        for name in ("link_speeds", "link_speeds_by_time", "link_speeds_by_period")
    }
    assert tables == {
        "link_speeds": ["link_id,n_points,n_trips,p07,trip_mean", "101,3,3,22.5,22.5"],
        "link_speeds_by_time": [
            "link_id,days,bin,n_points,n_trips,p07,trip_mean", "101,Sat-Sun,08:00,3,3,22.5,22.5",
        ],
        "link_speeds_by_period": [
            "link_id,period,n_points,n_trips,p07,trip_mean", "101,Sunday morning,3,3,22.5,22.5",
        ],
    }  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_every_algorithm_refuses_a_name_that_does_not_exist(processing: Any, name: str) -> None:
    good, message = algorithm(name).checkParameterValues({"TIMEZONE": "UTC"}, QgsProcessingContext())
    assert not good
    assert message.startswith("There is no parameter TIMEZONE.")


def test_a_name_that_does_not_exist_stops_the_call_and_comes_with_the_one_meant(
    processing: Any, trips: Path
) -> None:
    with pytest.raises(QgsProcessingException) as refused:
        processing.run(
            "roadpulse:aggregatetrips",
            {"TRIPS": str(trips), "TIMEZONE": "Europe/Berlin", "UNIT": "mph", "MINTRIPS": 1},
        )
    assert "There is no parameter TIMEZONE, UNIT, MINTRIPS." in str(refused.value)
    assert "Did you mean TIME_ZONE, SPEED_UNIT, MIN_TRIPS?" in str(refused.value)


def test_a_step_that_qgis_does_not_check_is_checked_all_the_same(processing: Any, trips: Path) -> None:
    feedback = QgsProcessingFeedback()  # as a model calls its steps
    given = {"TRIPS": str(trips), "TIMEZONE": "UTC"}
    assert not algorithm("aggregatetrips").prepare(given, QgsProcessingContext(), feedback)
    assert "There is no parameter TIMEZONE." in feedback.textLog()


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("of_qgis", ["ELLIPSOID", "distance_units", "AREA_UNITS", "project_path"])
def test_what_qgis_process_takes_for_itself_is_no_unknown_name(
    processing: Any, name: str, of_qgis: str
) -> None:
    assert read(name, **{of_qgis: "EPSG:7030"}) == {}


def every_enumeration() -> list[tuple[str, str]]:
    found = []
    for kind in ALGORITHMS:
        one = kind()
        one.initAlgorithm()
        found += [
            (kind.ID, definition.name())
            for definition in one.parameterDefinitions()
            if isinstance(definition, QgsProcessingParameterEnum)
        ]
    return found


def test_every_enumeration_takes_its_texts_and_their_numbers(processing: Any) -> None:
    enumerations = every_enumeration()
    assert {("aggregatetrips", "SPEED_UNIT"), ("aggregatetrips", "WEEKDAYS"), ("democity", "SIZE")} <= {
        *enumerations
    }
    for name, parameter in enumerations:
        call = algorithm(name)
        definition = call.parameterDefinition(parameter)
        for number, text in enumerate(definition.options()):
            wanted: Any = text if definition.usesStaticStrings() else number
            wanted = [wanted] if definition.allowMultiple() else wanted
            for given in (text, f" {text.upper()} ", number, str(number), float(number)):
                assert read(name, **{parameter: given}) == {parameter: wanted}, (name, parameter, given)
            assert definition.checkValueIsAcceptable(wanted)
        for given in (len(definition.options()), -1, True, 0.5, "furlongs", {"a": 1}, [["a"]]):
            with pytest.raises(RunError, match=rf"^{parameter}: is .*choose one of") as refused:
                read(name, **{parameter: given})
            assert f"{definition.options()[0]} (0)" in refused.value.message


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("0,4", [0, 4]), ("Mon, fri", [0, 4]), ([0, "4"], [0, 4]), (["Mon", "Fri"], [0, 4]), (6, [6]), ("", [])],
)
def test_several_weekdays(processing: Any, given: Any, wanted: list[int]) -> None:
    assert read("aggregatetrips", WEEKDAYS=given) == {"WEEKDAYS": wanted}


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("TRIPS", 5, "is 5, not a text"),
        ("TRIPS", ["/a", "/b"], r"is \[\"/a\", \"/b\"\], not a text"),
        ("TIME_ZONE", True, "is true, not a text"),
        ("TIME_ZONE", {"name": "UTC"}, "not a text"),
        ("PROFILE", {"kind": "local"}, "not a text"),
        ("RUN_FOLDER", 1, "is 1, not a text"),
        ("BIN_MINUTES", "hour", 'is "hour", not a number'),
        ("BIN_MINUTES", [60], r"is \[60\], not a number"),
        ("BIN_MINUTES", ["15", "30"], "not a number"),  # --BIN_MINUTES twice
        ("MIN_TRIPS", 2.5, "is 2.5, not a whole number"),
        ("MIN_TRIPS", True, "is true, not a number"),
        ("MIN_TRIPS", "nan", "not a number"),
        ("MIN_TRIPS", "9" * 400, "not a number"),
        ("MIN_TRIPS", 0, "is 0; it lies between 1 and 1,000,000"),
        ("DATE_FROM", 20250610, "is 20250610, not a date such as 2025-06-10"),
        ("DATE_TO", {"year": 2025}, "not a date"),
        ("LINKS", 5, "is 5, not a text"),
        ("LINK_ID_FIELD", ["id"], "not a text"),
        ("OUTPUT", False, "is false, not a text"),
        ("TRIPS", "x\n" * 100 + "y", None),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(
    processing: Any, parameter: str, value: Any, words: str | None
) -> None:
    if words is None:
        assert read("speedmap", **{parameter: value}) == {parameter: value}
        return
    with pytest.raises(RunError, match=rf"^{parameter}: .*{words}") as refused:
        read("speedmap", **{parameter: value})
    assert len(refused.value.message) < 120


@pytest.mark.parametrize(("given", "wanted"), [("no", False), ("True", True), (0, False), ("1", True)])
def test_yes_and_no(processing: Any, given: Any, wanted: bool) -> None:
    assert read("democity", LOAD=given) == {"LOAD": wanted}


@pytest.mark.parametrize("given", ["off?", 2, [True], {"yes": 1}])
def test_neither_yes_nor_no(processing: Any, given: Any) -> None:
    with pytest.raises(RunError, match=r"^LOAD: is .*, not true or false"):
        read("democity", LOAD=given)


def test_what_python_and_qgis_have_for_a_value_passes(processing: Any, tmp_path: Path) -> None:
    expression = QgsProperty.fromExpression("1 + 1")
    given = {"TRIPS": tmp_path, "DATE_FROM": date(2025, 6, 10), "DATE_TO": QDate(2025, 6, 11),
             "MIN_TRIPS": expression, "BIN_MINUTES": "15", "SPEED_UNIT": None, "MAPPING": NULL}  # fmt: skip
    assert read("aggregatetrips", **given) == {
        **given, "TRIPS": str(tmp_path), "DATE_FROM": "2025-06-10", "BIN_MINUTES": 15
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"link_id": 5}, "mapping.link_id: is 5, not a text"),
        ({"linkid": "id"}, "mapping.linkid: is not known; known are points, link_id"),
        (["a"], "is not a JSON object"),
        (5, "MAPPING: is 5, not a text"),
    ],
)
def test_a_mapping_of_another_type_is_refused(processing: Any, trips: Path, mapping: Any, words: str) -> None:
    with pytest.raises(QgsProcessingException) as refused:
        processing.run("roadpulse:aggregatetrips", {"TRIPS": str(trips), "MAPPING": mapping})
    assert words in str(refused.value)


def spec_of(**given: Any) -> RunSpec:
    """The specification that a call of Aggregate trips means."""
    call = algorithm("aggregatetrips")
    read_ = validated(call.parameterDefinitions(), {"TRIPS": "/trips", "TIME_ZONE": "UTC", **given})
    return Reader(call, read_, QgsProcessingContext()).spec()


def test_a_call_without_them_has_the_usual_statistics_days_and_rules(processing: Any) -> None:
    usual = RunSpec(trips="/trips", store="-")
    found = spec_of()
    for name in ("statistics", "days", "periods", "holidays", "free_flow", "trim", "suppress_below"):
        assert getattr(found, name) == getattr(usual, name), name


CHRISTMAS = (date(2025, 12, 25), date(2025, 12, 26))
AM_PEAK = Period("AM peak", DaySet("AM peak", (1, 2, 3, 4, 5)), 420, 540)
TERM = Days("named", (DaySet("Term", (1, 2, 3, 4, 5), ((date(2025, 1, 6), date(2025, 2, 14)),)),))


@pytest.mark.parametrize(
    ("parameter", "value", "entry", "wanted"),
    [
        (
            "STATISTICS",
            "mean, p07,trip_hmean",
            "statistics",
            ("n_points", "n_trips", "mean", "p07", "trip_hmean"),
        ),
        ("STATISTICS", ["p85"], "statistics", ("n_points", "n_trips", "p85")),
        ("STATISTICS", "all", "statistics", all_keys()),
        ("DAYS", "Workdays", "days", Days("workdays")),
        ("DAYS", {"Term": "Mon-Fri 2025-01-06/2025-02-14"}, "days", TERM),
        ("DAYS", '{"Term": {"weekdays": [1,2,3,4,5], "dates": ["2025-01-06/2025-02-14"]}}', "days", TERM),
        ("PERIODS", {"AM peak": "Mon-Fri 07:00-09:00"}, "periods", (AM_PEAK,)),
        ("PERIODS", '{"AM peak": "Mon-Fri 07:00-09:00"}', "periods", (AM_PEAK,)),
        ("HOLIDAYS", "2025-12-26, 2025-12-25", "holidays", (date(2025, 12, 25), date(2025, 12, 26))),
        (
            "HOLIDAYS",
            [date(2025, 12, 25), "2025-12-26"],
            "holidays",
            (date(2025, 12, 25), date(2025, 12, 26)),
        ),
        ("FREE_FLOW", {"percentile": 90, "from": "21:00"}, "free_flow", FreeFlow(90, 21 * 60)),
        ("TRIM_STATIONARY", 180, "trim", Trim(180)),
        ("TRIM_METRES", "200", "trim", Trim(0, 200)),
        ("TRIM_SECONDS", 60, "trim", Trim(0, 0, 60)),
        ("SUPPRESS_BELOW", 5, "suppress_below", 5),
    ],
)
def test_statistics_days_periods_and_rules_come_as_texts_and_as_objects(
    processing: Any, parameter: str, value: Any, entry: str, wanted: Any
) -> None:
    assert getattr(spec_of(**{parameter: value}), entry) == wanted


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        ("STATISTICS", "mean,p100", "STATISTICS: holds 'p100'; known are n_points"),
        ("STATISTICS", [5], "STATISTICS: holds 5, not a text"),
        ("STATISTICS", {"mean": True}, "STATISTICS: is .*, not a text"),
        (
            "DAYS",
            "workday",
            "DAYS: is neither all, workdays, weekdays, dates, JSON text nor a JSON file: 'workday'",
        ),
        ("DAYS", {"Term": "Mon-Fry"}, "DAYS: 'Term': 'Mon-Fry' is no weekday"),
        ("DAYS", ["all"], "DAYS: is .*choose one of"),
        ("PERIODS", '{"AM peak": "07:00-25:00"}', "PERIODS: '25:00' is not a time of day"),
        ("PERIODS", '{"AM peak": ', "PERIODS: cannot be used"),
        ("PERIODS", 5, "PERIODS: is 5, not a text"),
        ("HOLIDAYS", "2025-12-25, Christmas", "HOLIDAYS: holds 'Christmas', which is no date such as"),
        ("HOLIDAYS", "/none/days.csv", "HOLIDAYS: is the file /none/days.csv, which cannot be read: No such"),
        ("FREE_FLOW", {"percentile": 100}, "FREE_FLOW: percentile is 100; it lies between 1 and 99"),
        ("FREE_FLOW", {"percentil": 85}, "FREE_FLOW: percentil is not known; known are percentile, from, to"),
        ("TRIM_METRES", -1, "TRIM_METRES: is -1; it lies between 0 and 1,000,000"),
        ("SUPPRESS_BELOW", 1.5, "SUPPRESS_BELOW: is 1.5, not a whole number"),
    ],
)
def test_a_fault_in_statistics_days_or_rules_names_the_parameter_and_the_value(
    processing: Any, parameter: str, value: Any, words: str
) -> None:
    with pytest.raises(RunError, match=f"^{words}"):
        spec_of(**{parameter: value})


def of_the_computer(zone: bytes) -> type:
    """Stands for QTimeZone on a computer with this zone."""
    return type("OfTheComputer", (), {"systemTimeZoneId": staticmethod(lambda: zone)})


@pytest.mark.parametrize("zone", [b"Etc/UTC", b"GMT", b"EST5EDT", b"Japan", b"Europe/London"])
def test_the_zone_of_the_computer_is_the_default_whatever_it_is_called(
    processing: Any, monkeypatch: pytest.MonkeyPatch, zone: bytes
) -> None:
    monkeypatch.setattr(parameters, "QTimeZone", of_the_computer(zone))
    name = zone.decode()
    call = algorithm("aggregatetrips")
    assert call.parameterDefinition("TIME_ZONE").defaultValue() == name
    assert name in call.parameterDefinition("TIME_ZONE").metadata()["widget_wrapper"]["value_hints"]
    section = WhenSection()
    section.show_settings(RunSettings.defaults())
    assert (section.time_zone, section.problem()) == (name, "")


@pytest.mark.parametrize("zone", [b"", b"localtime", b"Mars/Olympus"])
def test_a_zone_that_is_none_of_ianas_gives_utc(monkeypatch: pytest.MonkeyPatch, zone: bytes) -> None:
    monkeypatch.setattr(parameters, "QTimeZone", of_the_computer(zone))
    assert parameters.this_zone() == "UTC"
