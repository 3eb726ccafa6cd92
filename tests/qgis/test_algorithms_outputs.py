"""Whatever can be known before the start is refused before the start; no output destroys an input."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsProperty,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
)

from roadpulse.aggregation.contract.errors import RunError
from roadpulse.algorithms.outputs import layer_files
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.records import RunStore
from roadpulse.ui.runs.run_task import Job, RunTask
from roadpulse.ui.runs.settings import RunSettings, run_spec
from roadpulse.workflow.roads import roads_of_layer
from roadpulse.workflow.steps import check_roads
from tests.engine import trip
from tests.qgis import speed_maps as maps

Values = dict[str, Any]


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """A map, whose table `links` is as good as any other for roads."""
    maps.write(tmp_path / "roads.gpkg")
    return tmp_path / "roads.gpkg"


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    (tmp_path / "trips").mkdir()
    (tmp_path / "trips" / "a.json").write_bytes(trip())
    return tmp_path / "trips"


@pytest.fixture
def run_folder(city_run: Values) -> str:
    return str(city_run["RUN_FOLDER"])


def refusal(name: str, parameters: Values) -> str:
    """What the algorithm says of parameters before anything is done; empty if it takes them."""
    algorithm = QgsApplication.processingRegistry().algorithmById(f"roadpulse:{name}")
    good, message = algorithm.checkParameterValues(parameters, QgsProcessingContext())
    assert good == (not message)
    return str(message)


def speedmap(roads: Path, trips: Path, **changes: Any) -> Values:
    values = {
        "TRIPS": str(trips), "LINKS": f"{roads}|layername=links", "TIME_ZONE": "UTC",
        "RUN_FOLDER": str(roads.parent / "run"), "OUTPUT": str(roads.parent / "new.gpkg"),
    }  # fmt: skip
    return {**values, **changes}


@pytest.mark.usefixtures("processing")
@pytest.mark.parametrize("form", ["path", "layer name", "definition", "property", "link", "other spelling"])
def test_a_map_is_not_written_over_its_roads(tmp_path: Path, roads: Path, trips: Path, form: str) -> None:
    (tmp_path / "link.gpkg").symlink_to(roads)
    output = {
        "path": str(roads),
        "layer name": f"{roads}|layername=links",
        "definition": QgsProcessingOutputLayerDefinition(str(roads)),
        "property": QgsProperty.fromExpression(f"'{roads.parent}' || '/roads.gpkg'"),
        "link": str(tmp_path / "link.gpkg"),
        "other spelling": str(tmp_path / "trips" / ".." / "roads.gpkg"),
    }[form]
    before = roads.read_bytes()
    said = refusal("speedmap", speedmap(roads, trips, OUTPUT=output))
    assert "is the file of “Roads”" in said and "choose another name" in said
    assert roads.read_bytes() == before
    assert not refusal("speedmap", speedmap(roads, trips))


def test_a_geopackage_with_other_layers_is_kept(
    processing: Any, tmp_path: Path, roads: Path, trips: Path
) -> None:
    city = tmp_path / "city.gpkg"
    with closing(sqlite3.connect(city)) as database:
        database.execute("CREATE TABLE zones (id INTEGER)")
    before = city.read_bytes()
    with pytest.raises(QgsProcessingException, match=r"tables that Roadpulse did not write \(zones\)"):
        processing.run("roadpulse:speedmap", speedmap(roads, trips, OUTPUT=str(city)))
    assert city.read_bytes() == before
    assert not (tmp_path / "run").exists()


def test_every_algorithm_keeps_its_inputs(
    processing: Any, tmp_path: Path, roads: Path, run_folder: str
) -> None:
    layer = f"{roads}|layername=links"
    csv, page, report = (tmp_path / name for name in ("roads.csv", "map.svg", "profile.html"))
    csv.write_text("linkID,count(linkID),avg(absVelocity),wkt\n1,1,1,\n")
    page.write_text("<svg/>")
    LOCAL.write(report)
    before = {path: path.read_bytes() for path in (roads, csv, report)}
    calls: dict[str, Values] = {
        "joinlinks": {"RUN_FOLDER": run_folder, "LINKS": layer, "OUTPUT": str(roads)},
        "exportwkt": {
            "RUN_FOLDER": run_folder, "LINKS": str(csv), "LINK_ID_FIELD": "linkID", "OUTPUT": str(csv),
        },
        "diagnose": {"PROFILE": str(report), "OUTPUT": str(report)},
    }  # fmt: skip
    for name, parameters in calls.items():
        assert "writing would destroy it" in refusal(name, parameters), name
    assert "Let its name end in" in refusal("exportlayout", {"INPUT": layer, "OUTPUT": str(roads)})
    assert "Let its name end in" in refusal("exportanimation", {"INPUT": layer, "OUTPUT": str(roads)})
    assert "holds other files" in refusal("exportanimation", {"INPUT": layer, "OUTPUT": str(tmp_path)})
    assert {path: path.read_bytes() for path in before} == before


def test_the_files_behind_a_layer_are_found(qgis_app: Any, tmp_path: Path, roads: Path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("link_id,label\n1,a\n")
    names = QgsVectorLayer(table.as_uri(), "names", "delimitedtext")
    layer = QgsVectorLayer(f"{roads}|layername=links", "links", "ogr")
    QgsProject.instance().addMapLayers([names, layer])
    join = QgsVectorLayerJoinInfo()
    join.setJoinLayer(names)
    join.setJoinFieldName("link_id")
    join.setTargetFieldName("link_id")
    assert layer.addJoin(join)
    assert set(layer_files(layer)) == {roads, table}
    virtual = QgsVectorLayer("?query=SELECT * FROM links", "virtual", "virtual")
    assert set(layer_files(virtual)) == set()  # it names no layer, so QGIS looks it up by itself
    referenced = QgsVectorLayer(f"?layer_ref={layer.id()}", "virtual", "virtual")
    assert set(layer_files(referenced)) == {roads, table}
    QgsProject.instance().clear()


@pytest.mark.usefixtures("processing")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"OUTPUT": "map.shp"}, r"map.shp"),
        ({"OUTPUT": "trips/a.json/map.gpkg"}, "is not a folder"),
        ({"OUTPUT": "trips"}, "is a folder"),
        ({"OUTPUT": "/proc/1/task/new/map.gpkg"}, "not"),
        ({"LINK_ID_FIELD": "nope"}, "no field 'nope'"),
        ({"NAME_FIELD": "nope"}, "no field 'nope'"),
        ({"CLASS_FIELD": "nope"}, "no field 'nope'"),
        ({"LINKS": "nowhere.gpkg"}, "LINKS"),
        ({"TRIPS": "/nowhere"}, "does not exist"),
    ],
)
def test_what_speedmap_can_know_is_refused_before_the_run(
    roads: Path, trips: Path, changes: Values, words: str
) -> None:
    for name in ("OUTPUT", "LINKS"):
        if name in changes:
            changes = {**changes, name: str(roads.parent / changes[name])}
    assert words in refusal("speedmap", speedmap(roads, trips, **changes))
    assert not (roads.parent / "run").exists()


@pytest.mark.usefixtures("processing")
@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("exportlayout", {"TIME": "25:00"}, "not a time of the day"),
        ("exportlayout", {"LIMITS": "5 0"}, "ascending"),
        ("exportlayout", {"OUTPUT": "page.docx"}, "docx"),
        ("exportanimation", {"TIME_FROM": "soon"}, "not a time of the day"),
        ("exportanimation", {"LIMITS": "a b"}, "not a number"),
        ("exportanimation", {"OUTPUT": "film.avi"}, "avi"),
        ("exportanimation", {"OUTPUT": "roads.gpkg/film.gif"}, "is not a folder"),
        ("stylespeeds", {"LIMITS": "5 0"}, "ascending"),
    ],
)
def test_what_the_others_can_know_is_refused_before_the_work(
    roads: Path, name: str, changes: Values, words: str
) -> None:
    output = {} if name == "stylespeeds" else {"OUTPUT": str(roads.parent / "out")}
    if name == "exportlayout":
        output = {"OUTPUT": str(roads.parent / "out.png")}
    if "OUTPUT" in changes:
        changes = {"OUTPUT": str(roads.parent / changes["OUTPUT"])}
    parameters = {"INPUT": f"{roads}|layername=links", **output}
    assert not refusal(name, parameters)
    assert words in refusal(name, {**parameters, **changes})


@pytest.mark.usefixtures("processing")
def test_a_style_is_kept_only_in_a_file_that_may_be_written(
    roads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def access(path: Any, mode: int) -> bool:  # root may write everywhere
        return Path(path) != roads or mode != os.W_OK

    monkeypatch.setattr(os, "access", access)
    parameters = {"INPUT": f"{roads}|layername=links"}
    assert "may not be written" in refusal("stylespeeds", parameters)
    assert not refusal("stylespeeds", {**parameters, "SAVE": False})


@pytest.mark.usefixtures("processing")
@pytest.mark.parametrize("name", ["joinlinks", "exportwkt"])
def test_a_folder_without_a_result_is_refused_before_the_work(tmp_path: Path, roads: Path, name: str) -> None:
    ending = {"joinlinks": "gpkg", "exportwkt": "csv"}[name]
    parameters = {
        "RUN_FOLDER": str(tmp_path), "LINKS": f"{roads}|layername=links",
        "OUTPUT": str(tmp_path / f"new.{ending}"),
    }  # fmt: skip
    assert "has no result" in refusal(name, parameters)


def test_roads_that_are_no_lines_are_refused_before_the_run(
    processing: Any, tmp_path: Path, roads: Path, trips: Path
) -> None:
    (tmp_path / "points.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"link_id": 7},'
        ' "geometry": {"type": "Point", "coordinates": [1, 2]}}]}'
    )
    with pytest.raises(QgsProcessingException, match="no lines"):
        processing.run("roadpulse:speedmap", speedmap(roads, trips, LINKS=str(tmp_path / "points.geojson")))
    assert not (tmp_path / "run").exists()


def test_trying_roads_reads_none(qgis_app: Any, roads: Path) -> None:
    layer = QgsVectorLayer(f"{roads}|layername=links", "links", "ogr")
    check_roads(roads_of_layer(layer, "link_id"))


@pytest.mark.parametrize("fault", ["output", "roads", "trips"])
def test_the_run_dialog_starts_nothing_that_cannot_become_a_map(
    qgis_app: Any, tmp_path: Path, roads: Path, trips: Path, fault: str
) -> None:
    class NoRoads:
        def check(self, cancelled: Any) -> None:
            raise RunError("The table of the roads is gone.")

    settings = RunSettings(trips=f"{trips}{'x' if fault == 'trips' else ''}", time_zone="UTC")
    store = RunStore(tmp_path / "records")
    layer = QgsVectorLayer(f"{roads}|layername=links", "links", "ogr")
    job = Job(
        settings=settings, profile=LOCAL, spec=run_spec(settings, str(tmp_path / "points")),
        roads=NoRoads() if fault == "roads" else roads_of_layer(layer, "link_id"), store=store,
        folder=str(tmp_path / "run"), name="trips",
        output=str(tmp_path / ("trips/a.json/map.gpkg" if fault == "output" else "map.gpkg")),
    )  # fmt: skip
    with pytest.raises(RunError, match=r"is not a folder|is gone|does not exist"):
        RunTask(job, "Roadpulse").work()
    assert not (tmp_path / "run").exists()
    assert not store.runs().runs
