"""The person, the real QGIS, a real PostGIS: from an empty dialog to a map that plays."""

from __future__ import annotations

import csv
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from development.postgis import PostGIS
from tests.gui.desktop import SCREENS, Desktop, always_waits


def run_city(desktop: Desktop, city: Path, postgis: PostGIS, screens: str) -> dict[str, Any]:
    postgis.load_streets(city / "streets.csv", table="streets", schema="roads")
    return desktop.drive(
        "person_runs", trips=str(city / "trips"), postgis=postgis.conninfo(), connection_name="Aldermere",
        table="roads.streets", unit="mph", zone="Europe/London", min_trips=1, screens=screens,
    )  # fmt: skip


@pytest.mark.parametrize("source", ["checkout", "unpacked"])
def test_a_click_on_run_brings_a_map_that_plays(
    source: str, tmp_path: Path, city: Path, postgis: PostGIS, request: pytest.FixtureRequest
) -> None:
    """From the checkout, and from the packaged zip installed in a fresh profile."""
    plugins: Path = request.getfixturevalue(source)
    desktop = Desktop(tmp_path / "qgis", plugins, in_profile=source == "unpacked")
    report = run_city(desktop, city, postgis, f"{SCREENS}/city-{source}")

    assert report["empty"] == {"run": False, "footer": "Choose the folder of the trips. Show"}
    assert report["filled"]["trips"].startswith("150 files, ")
    assert report["filled"]["trips"].endswith(", all new")
    assert report["filled"]["fields"] == "Trips of 2019  ·  3 of 3 fields recognised"
    assert report["filled"]["preview"].startswith("link ")
    assert report["filled"]["roads"].endswith("of the sample's ids match")
    assert report["filled"]["footer"].endswith("(all files are new).")

    assert report["phases"][-1] == "MAPPING"
    assert len(report["progress"]) >= 3
    assert report["progress"][-1] == 1000

    layer = report["layer"]
    assert layer["valid"]
    assert layer["graduated"]
    assert layer["temporal"]
    with sqlite3.connect(layer["output"]) as database:
        expected = database.execute("SELECT count(*) FROM links").fetchone()[0]
    assert layer["features"] == expected > 100
    assert layer["classes"][0] == "too few trips"
    assert 6 <= len(layer["classes"][1:]) <= 9
    assert report["zoomed"]
    assert "150 trips" in report["summary"]
    assert "of the links are on the map" in report["summary"]
    assert set(report["details"]) == {"trips", "points", "links", "no_link", "map"}
    assert all(report["details"].values())

    assert report["frames"] == 24
    assert (report["hour_3"]["shown"], report["hour_8"]["shown"]) == ("03:00", "08:00")
    assert report["hour_3"]["colours"] != report["hour_8"]["colours"]


@pytest.mark.belfast
def test_belfast_is_on_the_map_with_the_right_numbers_and_the_window_never_waited(
    tmp_path: Path, checkout: Path, belfast: Path, postgis: PostGIS
) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")

    def run(folder: str) -> dict[str, Any]:
        return Desktop(tmp_path / folder, checkout).drive(
            "person_runs", trips=str(belfast / "trips"), postgis=postgis.conninfo(),
            connection_name="Belfast", table="roads.streets", unit="mph", zone="Europe/London",
            screens=f"{SCREENS}/belfast",
        )  # fmt: skip

    report = run("qgis")
    with (belfast / "expected.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert report["layer"]["features"] == len(expected)
    points = sum(int(row["count(linkID)"]) for row in expected)
    assert f"{points:,}" in report["details"]["points"]
    assert "2,574 trips" in report["summary"]
    assert "2.7 % of the points had no link" in report["summary"]
    assert "100 % of the links are on the map" in report["summary"]
    assert "Speeds are probably in mph: the file says so. Use mph" in report["guesses"]
    assert report["filled"]["preview"] == "link 14778911013  ·  34.6 mph  ·  Tue 00:00"
    assert report["filled"]["roads"] == "4,383 links, 100 % of the sample's ids match"
    assert list(report["gaps"]) == ["opening", "filling", "running"]
    assert not always_waits(report, lambda: run(f"qgis-{time.monotonic_ns()}"))


def test_a_second_run_reads_nothing_anew_and_leaves_the_persons_view_alone(
    desktop: Desktop, city: Path
) -> None:
    """With roads out of a layer of the project, which is offered at once where QGIS knows no PostGIS."""
    report = desktop.drive(
        "roads_of_a_layer", trips=str(city / "trips"), streets=str(city / "streets.csv"),
        screens=f"{SCREENS}/other",
    )  # fmt: skip
    assert report["kind"] == "Layer"
    assert report["roads"].endswith("of the sample's ids match")
    assert report["fields"] == ["link_id", "name"]
    assert report["estimate"].endswith("(no file is new).")
    assert report["titles"] == ["Aldermere is on the map"] * 2
    assert report["read"][0].startswith("150 files")
    assert report["read"][1] == "none is new"
    assert report["view_kept"], report["views"]
    assert report["crs_kept"]
    assert report["layers"] == ["Aldermere: mean speed (mph)"] * 2 + ["Streets"]
    # another statistic, first one that the map file holds, then one that it lacks
    assert report["held"] == "The map file holds it, and it plays."
    assert report["held name"] == "Aldermere: 85th percentile speed (mph)"
    assert report["lacking"].startswith("The map file lacks it: it is made again from the point store")
    assert report["lacking name"] == "Aldermere: travel-time index"
    assert report["remade"] == [True, True, True]
