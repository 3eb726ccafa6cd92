"""What the windows say and leave behind, in the real QGIS."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from development.ports import free_port
from development.postgis import PostGIS
from tests.gui.desktop import SCREENS, Desktop


@pytest.fixture
def dead_port() -> int:
    """A port of this computer where nobody listens."""
    return free_port()


def test_switched_off_and_on_again_the_plugin_leaves_nothing_behind(desktop: Desktop) -> None:
    report = desktop.drive("lifecycle")
    there = report["loaded"]
    assert there["actions"] == [f"roadpulse_{name}" for name in ("check", "help", "profiles", "run", "runs")]
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
    assert said["after"] == "3 of 3 fields recognised"
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
