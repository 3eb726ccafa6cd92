"""Sets of days and named periods: rows of the tables, and what the manifest says of them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from roadpulse.aggregation.contract.json_text import JsonFault
from roadpulse.aggregation.contract.manifest import check_manifest
from roadpulse.tests.engine import LINK, Engine, Outcome

SATURDAY = "2025-06-14T"
PERIODS = {"Late": "Fri-Sat 23:00-01:00", "Noon": {"from": "12:00", "to": "12:01"}, "Never": "Wed"}
DAYS = {"Weekend": "Sat-Sun", "14 June": "2025-06-14", "Wednesdays": "Wed"}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = Engine(tmp_path)
    engine.write("a.json", [point("2025-06-13T23:30:00Z", 10.0), point(f"{SATURDAY}00:30:00Z", 20.0)])
    engine.write("b.json", [point(f"{SATURDAY}12:00:59Z", 30.0), point(f"{SATURDAY}12:01:00Z", 0.5)])
    engine.write("c.json", [point("2025-06-16T08:00:00Z", 40.0), point(None, 5.0)])
    engine.settle()
    return engine


def point(time: Any, speed: float) -> dict[str, Any]:
    return {"timestamp": time, "absVelocity": speed, "dbResponse": {"linkID": LINK}}


def rows(outcome: Outcome, table: str) -> list[list[str]]:
    """Rows of a table without the link."""
    lines = outcome.csv(table).splitlines()[1:]
    assert all(line.startswith(f"{LINK},") for line in lines)
    return [line.split(",")[1:] for line in lines]


def test_a_period_goes_over_midnight_and_belongs_to_the_day_it_starts_on(engine: Engine) -> None:
    outcome = engine.run_here(periods=PERIODS, statistics="mean")
    assert outcome.csv("link_speeds_by_period").splitlines()[0] == "link_id,period,n_points,n_trips,mean"
    assert rows(outcome, "link_speeds_by_period") == [["Late", "2", "1", "15.0"], ["Noon", "1", "1", "30.0"]]


def test_sets_that_overlap_hold_a_point_each_and_rows_follow_their_order(engine: Engine) -> None:
    outcome = engine.run_here(days=DAYS, statistics="mean", bin_minutes=720)
    assert rows(outcome, "link_speeds_by_time") == [
        ["Weekend", "00:00", "1", "1", "20.0"],
        ["Weekend", "12:00", "2", "1", "15.25"],
        ["14 June", "00:00", "1", "1", "20.0"],
        ["14 June", "12:00", "2", "1", "15.25"],
    ]
    assert rows(outcome, "link_speeds")[0][:2] == ["6", "3"]  # those of other days too, and without a time


def test_dates_are_days_of_their_own(engine: Engine) -> None:
    outcome = engine.run_here(days="dates", statistics="mean", bin_minutes=1440)
    assert rows(outcome, "link_speeds_by_time") == [
        ["2025-06-13", "00:00", "1", "1", "10.0"],
        ["2025-06-14", "00:00", "3", "2", str(50.5 / 3)],
        ["2025-06-16", "00:00", "1", "1", "40.0"],
    ]


def test_a_holiday_is_a_sunday_for_sets_periods_and_the_weekdays_that_count(engine: Engine) -> None:
    spec = {"holidays": ["2025-06-16"], "statistics": "mean", "bin_minutes": 1440}
    outcome = engine.run_here(days="weekdays", periods={"Sunday": "Sun"}, weekdays=[5, 7], **spec)
    assert [row[:3] for row in rows(outcome, "link_speeds_by_time")] == [
        ["Fri", "00:00", "1"], ["Sun", "00:00", "1"],
    ]  # fmt: skip
    assert rows(outcome, "link_speeds_by_period") == [["Sunday", "1", "1", "40.0"]]
    assert outcome.manifest["points"]["filtered"] == {"date": 1, "weekday": 3}


def test_a_name_is_text_whatever_is_in_it(engine: Engine) -> None:
    name = 'x\'), "y"; DROP TABLE part --,ü'
    outcome = engine.run_here(days={name: "Sat", "b": "Sun"}, periods={name: "Sat"}, statistics="mean")
    quoted = '"' + name.replace('"', '""') + '"'
    for table in ("link_speeds_by_time", "link_speeds_by_period"):
        assert all(line.startswith(f"{LINK},{quoted},") for line in outcome.csv(table).splitlines()[1:])


# -- the manifest -----------------------------------------------------------------------------------


def test_the_manifest_says_what_was_computed_and_how(engine: Engine) -> None:
    outcome = engine.run_here(
        days=DAYS, periods=PERIODS, statistics="free_flow,trip_hmean", holidays=["2025-01-01"]
    )
    manifest = check_manifest(outcome.manifest, "manifest.json")
    assert manifest["statistics"] == ["n_points", "n_trips", "trip_hmean", "free_flow"]
    assert manifest["estimators"] == {"trip_hmean": "harmonic mean of trips", "free_flow": "free-flow rule"}
    assert manifest["days"]["14 June"] == {"weekdays": [1, 2, 3, 4, 5, 6, 7], "dates": ["2025-06-14"]}
    assert manifest["periods"]["Noon"] == {"weekdays": [1, 2, 3, 4, 5, 6, 7], "from": "12:00", "to": "12:01"}
    assert manifest["holidays"] == ["2025-01-01"]
    assert manifest["points_of"] == {
        "link_speeds_by_time": {"Weekend": 3, "14 June": 3, "Wednesdays": 0},
        "link_speeds_by_period": {"Late": 2, "Noon": 1, "Never": 0},
    }
    assert manifest["free_flow"] == {
        "percentile": 85, "from": "22:00", "to": "06:00", "min_points": 20, "links_by_window": 0,
        "definition": "85th percentile of points 22:00–06:00, of at least 20, else of all",
    }  # fmt: skip
    assert manifest["slow_trips"] == {"below_km_h": 1.0, "raised": 0}
    warned = [text for text in manifest["warnings"] if "No point lies in the" in text]
    assert warned == [
        "No point lies in the period 'Never'. Check its weekdays, dates and times.",
        "No point lies in the set of days 'Wednesdays'. Check its weekdays, dates and times.",
    ]


def test_a_free_flow_of_few_points_at_night_is_counted_as_such(engine: Engine) -> None:
    outcome = engine.run_here(statistics="free_flow", free_flow={"min_points": 2, "percentile": 50})
    assert rows(outcome, "link_speeds") == [["6", "3", "15.0"]]  # of 23:30 and 00:30
    assert outcome.manifest["free_flow"]["links_by_window"] == 1
    assert "slow_trips" not in outcome.manifest


def test_trips_slower_than_1_km_h_are_counted_once_for_each_link(engine: Engine) -> None:
    engine.write("d.json", [point(f"{SATURDAY}09:00:00Z", 0.0), point(f"{SATURDAY}10:00:00Z", 0.5)])
    engine.settle()
    outcome = engine.run_here(statistics="trip_hmean,delay", speed_unit="km/h")
    assert outcome.manifest["slow_trips"] == {"below_km_h": 1.0, "raised": 1}


def test_a_run_with_the_default_set_says_so_and_no_more(engine: Engine) -> None:
    manifest = engine.run_here().manifest
    assert (manifest["days"], manifest["periods"], manifest["holidays"]) == ("all", {}, [])
    assert manifest["points_of"] == {"link_speeds_by_time": {"all": 5}}
    assert not {"free_flow", "slow_trips"} & manifest.keys()
    assert not [text for text in manifest["warnings"] if "No point lies" in text]


def test_a_manifest_of_an_earlier_roadpulse_is_read(engine: Engine) -> None:
    manifest = engine.run_here().manifest
    for entry in ("statistics", "estimators", "days", "periods", "holidays", "points_of"):
        del manifest[entry]
    check_manifest(manifest, "manifest.json")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("statistics", "mean"),
        ("statistics", [1]),
        ("estimators", {"mean": 1}),
        ("days", "fortnights"),
        ("days", {"Term": "Monday till dusk"}),
        ("periods", [1]),
        ("holidays", [20250616]),
        ("points_of", {"link_speeds_by_time": {"all": -1}}),
        ("free_flow", {"definition": 1}),
        ("slow_trips", {"below_km_h": "1", "raised": 0}),
    ],
)
def test_damage_to_a_manifest_is_refused_by_the_entry_s_name(engine: Engine, entry: str, value: Any) -> None:
    manifest = deepcopy(engine.run_here(statistics="free_flow,trip_hmean").manifest)
    manifest[entry] = value
    with pytest.raises(JsonFault, match=f"its entry '{entry}"):
        check_manifest(manifest, "manifest.json")
