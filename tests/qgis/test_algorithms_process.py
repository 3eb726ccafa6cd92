"""The algorithms through qgis_process, as one calls it in a terminal."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from qgis.core import QgsVectorLayer

from tests.terminal import Terminal
from tests.waiting import until


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    if shutil.which("qgis_process") is None:
        pytest.skip("there is no qgis_process; install QGIS's command line tools")
    return Terminal(tmp_path_factory.mktemp("qgis"))


@pytest.fixture(scope="module")
def folder(terminal: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city of 100 trips, made in the terminal."""
    folder = tmp_path_factory.mktemp("city") / "city"
    terminal("run", "roadpulse:democity", "--TRIPS=100", "--SEED=5", "--SIZE=small", f"--OUTPUT={folder}")
    return folder


def test_the_help_names_every_parameter_with_what_it_means(terminal: Terminal) -> None:
    text = terminal("help", "roadpulse:speedmap")
    names = (
        "PROFILE TRUST_PROGRAMS TRIPS MAPPING SPEED_UNIT TIME_ZONE BIN_MINUTES DATE_FROM DATE_TO WEEKDAYS "
        "MIN_TRIPS LINKS LINK_ID_FIELD RUN_FOLDER OUTPUT STATISTICS FREE_FLOW DAYS PERIODS HOLIDAYS "
        "TRIM_STATIONARY TRIM_METRES TRIM_SECONDS SUPPRESS_BELOW"
    )
    assert [name for name in names.split() if name not in text] == []
    assert "0 is Monday" in text


def test_the_settings_that_the_demo_leaves_make_a_map(terminal: Terminal, folder: Path) -> None:
    answer = json.loads(
        terminal("run", "roadpulse:speedmap", "-", given=(folder / "speedmap.json").read_text())
    )
    results = answer["results"]
    assert results["TRIP_COUNT"] == 100
    assert results["MATCH_RATE"] == 100
    layer = QgsVectorLayer(results["OUTPUT"], "", "ogr")
    assert layer.featureCount() == results["LINK_COUNT"] > 100
    assert layer.renderer().type() == "graduatedSymbol"


def test_a_call_with_arguments_alone_finds_sensible_defaults(
    terminal: Terminal, folder: Path, tmp_path: Path
) -> None:
    text = terminal(
        "run", "roadpulse:speedmap", f"--TRIPS={folder / 'trips'}", f"--LINKS={folder / 'links.gpkg'}",
        f"--OUTPUT={tmp_path / 'speeds.gpkg'}",
    )  # fmt: skip
    assert "100 trips" in text
    assert "MATCH_RATE:\t100" in text
    assert str(Path(terminal.environment["QGIS_CUSTOM_CONFIG_PATH"])) in text  # the run's folder


def test_roads_that_share_an_id_become_one_link(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    """QGIS 3.40 imports shapely for itself, and in its programs its own GEOS comes first."""
    shapes = {
        road["link_id"]: json.loads(road.geometry().asJson())
        for road in QgsVectorLayer(str(folder / "links.gpkg"), "", "ogr").getFeatures()
    }
    east = {"type": "LineString", "coordinates": [[1.0, 52.0], [1.001, 52.0]]}
    features = [
        {"type": "Feature", "properties": {"link_id": link}, "geometry": shape}
        for link, first in shapes.items()
        for shape in (first, east)
    ]
    roads = tmp_path / "roads.geojson"
    roads.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    results = terminal.run(
        "roadpulse:speedmap",
        {"TRIPS": str(folder / "trips"), "LINKS": str(roads), "OUTPUT": str(tmp_path / "speeds.gpkg")},
    )
    shown = list(QgsVectorLayer(results["OUTPUT"], "", "ogr").getFeatures())
    assert len(shown) == results["LINK_COUNT"] > 100
    assert all(
        link.geometry().isMultipart() and len(link.geometry().asMultiPolyline()) == 2 for link in shown
    )


def test_a_refusal_is_told_in_words_and_by_the_exit_code(terminal: Terminal, folder: Path) -> None:
    text = terminal(
        "run", "roadpulse:aggregatetrips", f"--TRIPS={folder / 'trips'}", "--BIN_MINUTES=7", code=1
    )
    assert "bin_minutes" in text
    assert "Traceback" not in text


def test_json_on_the_standard_input_is_read_whole_or_refused(terminal: Terminal, tmp_path: Path) -> None:
    trips = tmp_path / "trips"
    trips.mkdir()
    (trips / "trip.json").write_text('{"p": [{"link": 101, "v": 22.5}], "data": []}')
    inputs = {
        "TRIPS": str(trips),
        "RUN_FOLDER": str(tmp_path / "run"),
        "SPEED_UNIT": 2,
        "MAPPING": {"points": "p", "link_id": "link", "speed": "v"},
        "STATISTICS": ["mean", "p07"],
        "DAYS": {"Term": "Mon-Fri 2025-01-06/2025-02-14"},
        "PERIODS": {"AM peak": "Mon-Fri 07:00-09:00"},
        "HOLIDAYS": ["2025-01-06"],
    }
    misspelt = json.dumps({"inputs": {**inputs, "TIMEZONE": "Europe/Berlin"}})
    refusal = terminal("run", "roadpulse:aggregatetrips", "-", given=misspelt, code=1)
    assert "There is no parameter TIMEZONE. Did you mean TIME_ZONE?" in refusal
    results = terminal.run("roadpulse:aggregatetrips", inputs)
    assert Path(results["LINK_SPEEDS"]).read_text().splitlines()[1] == "101,1,1,22.5,22.5"
    assert Path(results["LINK_SPEEDS_BY_PERIOD"]).read_text() == "link_id,period,n_points,n_trips,mean,p07\n"
    spec = json.loads((tmp_path / "run" / "spec.json").read_text())
    assert (spec["speed_unit"], spec["holidays"]) == ("mph", ["2025-01-06"])
    assert spec["days"]["Term"]["dates"] == ["2025-01-06/2025-02-14"]


def test_an_interrupt_ends_the_run_too(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    trips = tmp_path / "trips"  # enough of them to be still reading when the interrupt comes
    trips.mkdir()
    for number in range(15):
        for trip in (folder / "trips").iterdir():
            (trips / f"{number}_{trip.name}").symlink_to(trip)
    process = terminal.start("run", "roadpulse:aggregatetrips", f"--TRIPS={trips}", f"--RUN_FOLDER={run}")
    until(lambda: (run / "pid").exists() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "The run was cancelled" in err + out
    assert (run / "cancel").exists()
    assert not (run / "manifest.json").exists()
