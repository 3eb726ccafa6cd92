"""What the windows say and leave behind, in the real QGIS."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from development.ports import free_port
from development.postgis import PostGIS
from roadpulse.aggregation.contract.statistic import all_keys, default_keys
from tests.gui.desktop import SCREENS, Desktop


@pytest.fixture
def dead_port() -> int:
    """A port of this computer where nobody listens."""
    return free_port()


def test_switched_off_and_on_again_the_plugin_leaves_nothing_behind(desktop: Desktop) -> None:
    report = desktop.drive("lifecycle")
    there = report["loaded"]
    parts = ("bar", "clock", "first", "loop", "next", "off", "play", "previous", "worst")
    time_bar = tuple(f"time_{part}" for part in parts)
    windows = ("check", "film", "help", "other_statistic", "page", "profiles", "run", "runs", "style")
    names = (*windows, *time_bar, "two_times")
    assert there["actions"] == [f"roadpulse_{name}" for name in names]
    assert (there["buttons"], len(there["menus"])) == (2, 1)
    assert there["providers"] == ["roadpulse"]
    assert there["handlers"] == 1
    assert report["windows"] == 4
    nothing = {"actions": [], "buttons": 0, "menus": [], "dialogs": 0, "providers": [], "handlers": 0}
    assert report["unloaded"] == nothing
    assert report["loaded_again"] == there
    assert report["unloaded_again"] == nothing
    assert report["warnings"] == []


def test_what_is_missing_is_said_at_its_field_with_the_thing_to_do(
    desktop: Desktop, tmp_path: Path, city: Path, postgis: PostGIS, dead_port: int
) -> None:
    empty, renamed = tmp_path / "empty", tmp_path / "renamed"
    empty.mkdir()
    renamed.mkdir()
    points = [{"when": 1749510026 + s, "v_kmh": 31.5, "edge": {"id": 17}} for s in range(30)]
    (renamed / "a.json").write_text(json.dumps({"track": {"pts": points}}))
    report = desktop.drive(
        "what_is_missing", postgis=postgis.conninfo(), dead_port=dead_port, empty=str(empty),
        nowhere=str(tmp_path / "nowhere"), renamed=str(renamed), screens=f"{SCREENS}/missing",
    )  # fmt: skip
    said = report["said"]
    assert f"127.0.0.1:{dead_port}" in said["no server"]
    assert said["empty folder"].startswith("There are no trip files")
    assert "does not exist" in said["no folder"]
    assert "Europe/London" in said["zone"]
    assert said["renamed"].endswith("Use edge.id, v_kmh, when")
    assert said["editor"].startswith("In this file there is no array of points")
    assert said["editor after"] == "3 of 3 fields recognised in the first 20 points."
    assert report["columns"][3:] == ["when", "v_kmh", "edge.id"]
    assert said["after"] == "JSON, a trip a file  ·  3 of 3 fields recognised"
    assert report["mapping"] == ["track.pts", "edge.id", "v_kmh"]
    assert not report["run_enabled"]


def test_a_failed_run_says_what_happened_and_shows_a_trace_only_behind_details(
    desktop: Desktop, tmp_path: Path, city: Path, postgis: PostGIS
) -> None:
    postgis.load_streets(city / "streets.csv", table="streets", schema="roads")
    broken = tmp_path / "broken"
    broken.mkdir()
    good = sorted((city / "trips").iterdir())[0]
    (broken / "a.json").write_bytes(good.read_bytes())
    (broken / "b.json").write_bytes(good.read_bytes()[:-40])
    report = desktop.drive(
        "run_fails", postgis=postgis.conninfo(), trips=str(city / "trips"), broken=str(broken),
        screens=f"{SCREENS}/error",
    )  # fmt: skip
    assert "b.json" in report["error"]
    assert "Traceback" not in report["error"]
    assert "Traceback" in report["details"]
    assert report["cancelled"].startswith("The run was cancelled.")
    assert report["form_again"]


def test_a_password_that_is_not_stored_is_asked_for(desktop: Desktop, city: Path, postgis: PostGIS) -> None:
    postgis.load_streets(city / "streets.csv", table="streets", schema="roads")
    report = desktop.drive("password_entered", postgis=postgis.conninfo(), screens=f"{SCREENS}/login")
    assert report["before"].endswith("Enter user and password…")
    assert "roads.streets" in report["tables"]


@pytest.mark.belfast
def test_a_run_goes_on_without_qgis_and_is_found_again(
    tmp_path: Path, checkout: Path, belfast: Path, postgis: PostGIS
) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")
    desktop = Desktop(tmp_path / "qgis", checkout)
    left = desktop.drive("run_is_left", trips=str(belfast / "trips"), postgis=postgis.conninfo())
    assert left["running"]
    found = desktop.drive("run_is_found_again", screens=f"{SCREENS}/again")
    assert found["folder"] == left["folder"]
    assert found["layers"] == [3526]
    assert "2,574 trips" in found["summary"]
    again = json.loads((Path(left["folder"]) / "manifest.json").read_text())
    assert again["files"]["named"] == 2574


def test_without_its_packages_the_plugin_says_what_to_install(tmp_path: Path, checkout: Path) -> None:
    desktop = Desktop(
        tmp_path / "qgis", checkout, environment={"PYTHONPATH": os.fspath(Path(__file__).parent)}
    )
    report = desktop.drive("packages_missing", screens=f"{SCREENS}/packages")
    assert "duckdb" in report["said"]
    assert "qpip" in report["said"]
    assert not report["dialog"]


def test_statistics_days_periods_and_holidays_are_chosen_and_faults_said_at_their_field(
    desktop: Desktop,
) -> None:
    report = desktop.drive("statistics_and_days", screens=f"{SCREENS}/statistics")
    said = report["said"]
    assert said["usual"] == "The run computes 9 statistics a link. Choose which"
    assert said["with tti"] == "The run computes 10 statistics a link. Choose which"
    assert report["tip"] == "Mean travel time by that at free-flow speed (tti)."
    assert report["unfolded"]
    assert said["all"] == f"The run computes {len(all_keys())} statistics a link. Choose which"
    assert said["percentile"] == (
        "“p10, trip_q90” under other percentiles: write keys such as p10 or trip_p90."
    )
    assert report["heading"] == ["Of points", True]
    assert report["computed"] == [*default_keys(), "p10", "trip_p90"]
    assert said["no set"] == "Name the sets of days with Edit, or choose other days."
    assert said["wrong days"].startswith("'Sundays': 'Sundae' is no weekday or date")
    assert report["marked"] == said["wrong days"]
    assert said["twice"] == "The list names 'Term' twice."
    assert report["ok"] == [False, True]
    assert said["holidays"] == (
        "The list of holidays holds 'Christmas', which is no date such as 2025-12-25."
    )
    assert said["when"] == "Sets of days: Term, Sundays · Periods: AM peak, Night · 2 holidays as Sundays"
    settings = report["settings"]
    assert settings["days"] == {
        "Term": {"weekdays": [1, 2, 3, 4, 5], "dates": ["2025-01-06/2025-02-14"]},
        "Sundays": {"weekdays": [7]},
    }
    assert settings["periods"]["Night"] == {"weekdays": [1, 2, 3, 4, 5, 6, 7], "from": "22:00", "to": "06:00"}
    assert settings["statistic"] == "reliability" and settings["trim"]["stationary_seconds"] == 180
    assert report["again"] == [["AM peak", "Mon-Fri", "07:00-09:00", ""], ["Night", "", "22:00-06:00", ""]]
