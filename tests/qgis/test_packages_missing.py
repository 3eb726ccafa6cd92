"""One Python package at a time is missing: what works without it works, the rest says how to install it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from roadpulse.workflow import requirements
from tests.qgis.own_qgis import OwnQgis

WITHOUT = Path(__file__).with_name("without_package.py")

NEED: dict[str, set[str]] = {
    "pandas": {"speedmap", "aggregatetrips", "joinlinks", "exportwkt"},
    "shapely": {"speedmap", "joinlinks", "bottlenecks", "exportwkt"},
    "duckdb": {"speedmap", "aggregatetrips", "compactstore", "asksql"},
    "msgspec": {"speedmap", "aggregatetrips", "compactstore", "asksql"},
    "paramiko": set(),
    "requests": set(),
    "obstore": set(),
    "boto3": set(),
    "psycopg": set(),
}  # fmt: skip
"""Algorithms that need a package; the rest works without it, with a run here and a file of roads.

numpy is not among them: QGIS has it.
"""

STEPS = ("backend", "probe", "check", "steps")
IN_SHORT = ("pandas", "duckdb", "paramiko")
"""Packages of maps, of runs and of the way to clusters; the others are gone through by the long tests."""

PLACES: dict[str, set[str]] = {
    "paramiko": {f"{kind}: {step}" for kind in ("ssh", "livy") for step in STEPS},
    "requests": {f"livy: {step}" for step in STEPS},
}
"""What needs a package on the way to other computers."""


@pytest.fixture(scope="module")
def parameters(
    processing: Any, city: dict[str, Any], city_run: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Parameters of every algorithm; outputs lie in the folder of the test."""
    joined = {"RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": city["LINKS"], "LINK_ID_FIELD": "link_id"}
    trips = {"TRIPS": city["TRIPS_FOLDER"], "PROFILE": city["PROFILE"], "TIME_ZONE": "Europe/London"}
    folder = tmp_path_factory.mktemp("map")
    speeds = str(folder / "speeds.gpkg")
    processing.run(
        "roadpulse:speedmap",
        {
            **trips, "LINKS": city["LINKS"], "STATISTICS": "mean,free_flow_share",  # the bottlenecks' one
            "RUN_FOLDER": str(folder / "run"), "OUTPUT": speeds,
        },
    )  # fmt: skip
    layer = f"{speeds}|layername=links"
    return {
        "speedmap": {**trips, "LINKS": city["LINKS"], "OUTPUT": "OUT/speeds.gpkg", "RUN_FOLDER": "OUT/r1"},
        "aggregatetrips": {**trips, "RUN_FOLDER": "OUT/run2"},
        "joinlinks": {**joined, "OUTPUT": "OUT/joined.gpkg"},
        "stylespeeds": {"INPUT": layer, "SAVE": False},
        "bottlenecks": {"INPUT": layer, "OUTPUT": "OUT/bottlenecks.gpkg"},
        "exportlayout": {"INPUT": layer, "DPI": 40, "OUTPUT": "OUT/page.png"},
        "exportpages": {
            "INPUTS": [layer], "EACH": "run", "FORMAT": "png", "DPI": 40, "OUTPUT": "OUT/pages",
        },
        "exportanimation": {
            "INPUT": layer, "FRAME_SIZE": "960x540", "TIME_FROM": "08:00", "TIME_TO": "09:00",
            "OUTPUT": "OUT/frames",
        },
        "exportwkt": {**joined, "OUTPUT": "OUT/links.csv"},
        "compactstore": {"PROFILE": city["PROFILE"]},
        "asksql": {"RUN_FOLDER": city_run["RUN_FOLDER"], "OUTPUT": "OUT/rows.csv"},
        "democity": {"TRIPS": 2, "SIZE": "small", "OUTPUT": "OUT/city"},
        "diagnose": {"PROFILE": "local", "TRIPS": city["TRIPS_FOLDER"], "OUTPUT": "OUT/report.html"},
    }  # fmt: skip


def chosen(items: list[pytest.Item]) -> list[str]:
    """The packages of the tests that run."""
    found = [item.callspec.params.get("package") for item in items if hasattr(item, "callspec")]
    return [package for package in NEED if package in found]


@pytest.fixture(scope="module")
def said(
    request: pytest.FixtureRequest, parameters: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """By package and entry, what is said without the package: `works`, a sentence, or `FAULT` and more."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "parameters.json").write_text(json.dumps(parameters))
    packages = chosen(request.session.items)
    return json.loads(OwnQgis(folder / "qgis").script(WITHOUT, str(folder), *packages))


@pytest.mark.parametrize(
    "package",
    [
        pytest.param(package, marks=[] if package in IN_SHORT else [pytest.mark.long], id=package)
        for package in NEED
    ],
)
def test_every_entry_works_or_says_which_package_is_missing(
    package: str, said: dict[str, dict[str, str]]
) -> None:
    entries = said[package]
    faults = {entry: text for entry, text in entries.items() if text.startswith("FAULT")}
    assert not faults, "\n".join(map(": ".join, faults.items()))
    refused = {entry for entry, text in entries.items() if text != "works"} - {"message"}
    assert refused == NEED[package] | PLACES.get(package, set())
    for entry in {*refused, "message"}:
        assert package in entries[entry] and "pip install" in entries[entry], (entry, entries[entry])


@pytest.mark.parametrize(("version", "lacking"), [("1.8.5", ["shapely"]), ("2.0.0rc1", []), ("10.1", [])])
def test_a_package_in_a_version_that_is_too_old_is_missing(
    version: str, lacking: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / f"shapely-{version}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shapely\nVersion: {version}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert requirements.missing(("shapely",)) == lacking
    assert all(name in requirements.install_text(lacking) for name in lacking)
