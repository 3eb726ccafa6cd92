"""The algorithms from trips to a map, as a script calls them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)

from roadpulse.mapping.map_file import MapFile

Values = dict[str, Any]
UTM = "EPSG:32633"


class Listener(QgsProcessingFeedback):
    """Keeps what it is told; cancels as soon as a text has the word `cancel_at` in it."""

    def __init__(self, cancel_at: str = "") -> None:
        super().__init__(False)
        self.texts: list[str] = []
        self.warnings: list[str] = []
        self.shares: list[float] = []
        self._cancel_at = cancel_at
        self.progressChanged.connect(self.shares.append)

    def setProgressText(self, text: str) -> None:
        self.texts.append(text)
        if self._cancel_at and self._cancel_at in text:
            self.cancel()

    def pushInfo(self, info: str) -> None:
        self.texts.append(info)

    def pushWarning(self, warning: str) -> None:
        self.warnings.append(warning)


def read_csv(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_algorithm_tells_what_it_and_each_of_its_parameters_does(processing: Any) -> None:
    algorithms = QgsApplication.processingRegistry().providerById("roadpulse").algorithms()
    assert {"speedmap", "aggregatetrips", "joinlinks", "stylespeeds", "exportwkt", "democity"} <= {
        algorithm.name() for algorithm in algorithms
    }
    for algorithm in algorithms:
        assert algorithm.shortHelpString() and algorithm.group() and not algorithm.icon().isNull()
        assert algorithm.name() == algorithm.name().lower().replace("_", "")
        for parameter in algorithm.parameterDefinitions():
            assert parameter.name() == parameter.name().upper()
            assert parameter.help(), (algorithm.name(), parameter.name())


def test_an_aggregation_gives_the_tables_and_the_counts_of_its_manifest(city_run: Values) -> None:
    manifest = json.loads((Path(city_run["RUN_FOLDER"]) / "manifest.json").read_text())
    speeds = read_csv(city_run["LINK_SPEEDS"])
    assert city_run["TRIP_COUNT"] == 100
    assert city_run["LINK_COUNT"] == len(speeds)
    assert city_run["POINT_COUNT"] == sum(int(row["n_points"]) for row in speeds)
    assert city_run["POINT_COUNT"] == manifest["points"]["counted"]
    assert manifest["speed_unit"] == "mph"
    assert read_csv(city_run["LINK_SPEEDS_BY_TIME"])[0].keys() >= {"link_id", "bin", "mean"}


def test_dates_weekdays_bins_and_fields_reach_the_run(
    processing: Any, trip_parameters: Values, tmp_path: Path
) -> None:
    mapping = tmp_path / "fields.json"
    mapping.write_text('{"speed": "absVelocity", "naive_times": "utc"}')
    run = processing.run(
        "roadpulse:aggregatetrips",
        {
            **trip_parameters, "BIN_MINUTES": 720, "DATE_FROM": "2025-06-10", "DATE_TO": "2025-06-11",
            "WEEKDAYS": [1, 2], "MAPPING": str(mapping), "RUN_FOLDER": str(tmp_path / "run"),
            "SHOWN_UNIT": "kn",
        },
    )  # fmt: skip
    spec = json.loads((tmp_path / "run" / "spec.json").read_text())
    assert (spec["date_from"], spec["date_to"]) == ("2025-06-10", "2025-06-11")
    assert spec["weekdays"] == [2, 3]
    assert (spec["speed_unit"], spec["shown_unit"]) == ("mph", "knots")
    assert spec["mapping"]["naive_times"] == "utc"
    assert spec["mapping"]["link_id"] == "dbResponse.linkID"
    assert {row["bin"] for row in read_csv(run["LINK_SPEEDS_BY_TIME"])} == {"00:00", "12:00"}


def test_trips_may_be_named_by_a_pattern(processing: Any, trip_parameters: Values, tmp_path: Path) -> None:
    trips = Path(trip_parameters["TRIPS"])
    names = sorted(path.name for path in trips.iterdir())
    wanted = [name for name in names if name.endswith("7.json")]
    run = processing.run(
        "roadpulse:aggregatetrips",
        {**trip_parameters, "TRIPS": str(trips / "*7.json"), "RUN_FOLDER": str(tmp_path / "run")},
    )
    assert 0 < len(wanted) < len(names)
    assert run["TRIP_COUNT"] == len(wanted)


def test_a_run_without_a_folder_of_its_own_goes_into_the_profiles(
    processing: Any, city: Values, trip_parameters: Values
) -> None:
    run = processing.run("roadpulse:aggregatetrips", trip_parameters)
    assert Path(run["RUN_FOLDER"]).parent == Path(city["OUTPUT"]) / "runs"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BIN_MINUTES", 7, "choose one of 5, 6, 8"),
        ("TIME_ZONE", "Europe/Belfsat", "not an IANA time zone"),
        ("DATE_FROM", "2025-07-01", "is after date_to"),
        ("WEEKDAYS", [], "WEEKDAYS"),
        ("MAPPING", '{"velocity": "v"}', "velocity"),
        ("MAPPING", '{"speed": ', "not valid JSON"),
        ("MAPPING", "/nowhere/fields.json", "neither JSON text nor a JSON file"),
        ("SPEED_UNIT", "furlongs", "SPEED_UNIT"),
        ("SHOWN_UNIT", "furlongs", "SHOWN_UNIT"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_before_anything_runs(
    processing: Any, trip_parameters: Values, tmp_path: Path, name: str, value: Any, words: str
) -> None:
    folder = tmp_path / "run"
    parameters = {**trip_parameters, "DATE_TO": "2025-06-30", "RUN_FOLDER": str(folder), name: value}
    with pytest.raises(QgsProcessingException, match=words):
        processing.run("roadpulse:aggregatetrips", parameters)
    assert not folder.exists()


def test_a_profile_that_does_not_exist_is_named(processing: Any, trip_parameters: Values) -> None:
    with pytest.raises(QgsProcessingException, match="'pi-cluster'"):
        processing.run("roadpulse:aggregatetrips", {**trip_parameters, "PROFILE": "pi-cluster"})


def test_trips_that_are_not_there_are_refused_before_the_run(
    processing: Any, trip_parameters: Values, tmp_path: Path
) -> None:
    parameters = {**trip_parameters, "TRIPS": str(tmp_path / "nowhere"), "RUN_FOLDER": str(tmp_path / "run")}
    with pytest.raises(QgsProcessingException, match="does not exist"):
        processing.run("roadpulse:aggregatetrips", parameters)
    assert not (tmp_path / "run").exists()


def test_a_cancelled_run_leaves_no_result_and_its_processes_end(
    processing: Any, trip_parameters: Values, tmp_path: Path
) -> None:
    from roadpulse.aggregation.contract.run_state import RunState
    from roadpulse.workflow import locations

    folder = tmp_path / "run"
    listener = Listener(cancel_at="Starting")
    results = processing.run(
        "roadpulse:aggregatetrips", {**trip_parameters, "RUN_FOLDER": str(folder)}, feedback=listener
    )
    assert results == {} or "LINK_SPEEDS" not in results
    assert not (folder / "manifest.json").exists()
    run = locations.run_store().find_folder(str(folder))
    assert run is not None
    assert run.state is RunState.CANCELLED


def test_the_speed_map_is_styled_and_plays_wherever_it_is_opened(
    processing: Any, city: Values, trip_parameters: Values, tmp_path: Path
) -> None:
    listener = Listener()
    results = processing.run(
        "roadpulse:speedmap",
        {**trip_parameters, "LINKS": city["LINKS"], "OUTPUT": str(tmp_path / "speeds.gpkg")},
        feedback=listener,
    )
    assert results["MATCH_RATE"] == 100
    assert results["MATCHED_LINKS"] == results["LINK_COUNT"]
    assert listener.shares == sorted(listener.shares)
    assert listener.shares[-1] == 100
    layer = QgsVectorLayer(results["OUTPUT"], "opened anew", "ogr")
    layer.loadDefaultStyle()  # QGIS itself forgets a style's time when it opens a layer
    assert layer.featureCount() == results["LINK_COUNT"]
    assert {"name", "road_class", "mean", "n_trips", "day_mean", "day_p85"} <= set(layer.fields().names())
    assert layer.renderer().type() == "graduatedSymbol"
    assert layer.temporalProperties().isActive()
    assert "mph" in layer.attributeAlias(layer.fields().indexOf("mean"))


def test_what_was_done_as_asked_is_told(processing: Any, trip_parameters: Values, tmp_path: Path) -> None:
    listener = Listener()
    call = {**trip_parameters, "SUPPRESS_BELOW": 3, "RUN_FOLDER": str(tmp_path / "run")}
    processing.run("roadpulse:aggregatetrips", call, feedback=listener)
    assert "Links and bins with fewer than 3 trips are left out of all tables." in listener.texts


def test_runs_in_a_row_share_the_point_store_and_not_their_results(
    processing: Any, city: Values, trip_parameters: Values, tmp_path: Path
) -> None:
    """What the batch window does: one algorithm, one context, other parameters."""
    from qgis.core import QgsProcessingContext

    context = QgsProcessingContext()
    maps = []
    for minutes in (60, 120):
        results = processing.run(
            "roadpulse:speedmap",
            {
                **trip_parameters, "LINKS": city["LINKS"], "BIN_MINUTES": minutes,
                "OUTPUT": str(tmp_path / f"{minutes}.gpkg"),
            },
            context=context,
        )  # fmt: skip
        manifest = json.loads((Path(results["RUN_FOLDER"]) / "manifest.json").read_text())
        maps.append((MapFile.of(QgsVectorLayer(results["OUTPUT"], "", "ogr")).timeline, manifest))
    assert [len(timeline) for timeline, _ in maps] == [24, 12]
    assert maps[1][1]["files"]["decoded"] == 0


def test_a_map_may_be_made_again_under_its_name_but_not_while_it_is_being_edited(
    processing: Any, city: Values, city_run: Values, tmp_path: Path
) -> None:
    parameters = {
        "RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": city["LINKS"], "OUTPUT": str(tmp_path / "speeds.gpkg"),
    }  # fmt: skip
    first = processing.run("roadpulse:joinlinks", parameters)
    assert processing.run("roadpulse:joinlinks", parameters) == first
    layer = QgsVectorLayer(first["OUTPUT"], "", "ogr")
    layer.startEditing()
    with pytest.raises(QgsProcessingException, match="is open"):
        processing.run("roadpulse:joinlinks", parameters)
    layer.rollBack()
    assert layer.featureCount() == first["MATCHED_LINKS"]


def test_roads_that_do_not_match_are_told_with_what_to_check(
    processing: Any, city_run: Values, tmp_path: Path
) -> None:
    roads = QgsVectorLayer("LineString?crs=EPSG:4326&field=link_id:integer", "roads", "memory")
    listener = Listener()
    results = processing.run(
        "roadpulse:joinlinks",
        {"RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": roads, "OUTPUT": str(tmp_path / "none.gpkg")},
        feedback=listener,
    )
    assert results["MATCH_RATE"] == 0
    assert any("Check the field with the link id" in warning for warning in listener.warnings)
    assert (
        QgsVectorLayer(f"{tmp_path}/none.gpkg|layername=unmatched", "", "ogr").featureCount()
        == (city_run["LINK_COUNT"])
    )


def test_a_road_field_that_is_not_there_is_refused_before_the_run(
    processing: Any, city: Values, trip_parameters: Values, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(QgsProcessingException, match="no field 'edge'"):
        processing.run(
            "roadpulse:speedmap",
            {
                **trip_parameters, "LINKS": city["LINKS"], "LINK_ID_FIELD": "edge",
                "RUN_FOLDER": str(folder), "OUTPUT": str(tmp_path / "speeds.gpkg"),
            },
        )  # fmt: skip
    assert not folder.exists()


@pytest.fixture
def roads_without_a_system(city: Values, tmp_path: Path) -> QgsVectorLayer:
    """The city's roads in metres of UTM, in a layer that does not say so."""
    known = QgsVectorLayer(city["LINKS"], "", "ogr")
    way = QgsCoordinateTransform(known.crs(), QgsCoordinateReferenceSystem(UTM), QgsProject.instance())
    roads = QgsVectorLayer("LineString?field=link_id:int8", "roads", "memory")
    roads.setCrs(QgsCoordinateReferenceSystem())
    features = []
    for feature in known.getFeatures():
        road, shape = QgsFeature(roads.fields()), feature.geometry()
        shape.transform(way)
        road.setAttributes([feature["link_id"]])
        road.setGeometry(shape)
        features.append(road)
    assert roads.dataProvider().addFeatures(features)[0]
    return roads


def test_roads_without_a_system_are_refused_before_the_run(
    processing: Any, roads_without_a_system: QgsVectorLayer, trip_parameters: Values, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    parameters = {
        **trip_parameters, "LINKS": roads_without_a_system,
        "RUN_FOLDER": str(folder), "OUTPUT": str(tmp_path / "speeds.gpkg"),
    }  # fmt: skip
    with pytest.raises(QgsProcessingException, match=r"do not say in which reference system.*LINKS_CRS"):
        processing.run("roadpulse:speedmap", parameters)
    with pytest.raises(QgsProcessingException, match="EPSG:999999"):
        processing.run("roadpulse:speedmap", {**parameters, "LINKS_CRS": "EPSG:999999"})
    assert not folder.exists()


def test_a_declared_system_gives_the_same_kilometres_and_shapes(
    processing: Any, city: Values, city_run: Values, roads_without_a_system: QgsVectorLayer, tmp_path: Path
) -> None:
    folder = city_run["RUN_FOLDER"]
    known = {"RUN_FOLDER": folder, "LINKS": city["LINKS"]}
    declared = {"RUN_FOLDER": folder, "LINKS": roads_without_a_system, "LINKS_CRS": UTM}
    maps = [
        processing.run("roadpulse:joinlinks", {**roads, "OUTPUT": str(tmp_path / f"{number}.gpkg")})
        for number, roads in enumerate((known, declared))
    ]
    assert maps[1]["MATCHED_KM"] == pytest.approx(maps[0]["MATCHED_KM"], rel=1e-5)
    assert QgsVectorLayer(maps[1]["OUTPUT"], "", "ogr").crs().authid() == UTM
    tables = []
    for number, roads in enumerate((known, declared)):
        output = tmp_path / f"{number}.csv"
        processing.run("roadpulse:exportwkt", {**roads, "OUTPUT": str(output)})
        tables.append(read_csv(str(output)))
    for one, other in zip(*tables):
        shapes = [QgsGeometry.fromWkt(row["wkt"]) for row in (one, other)]
        assert shapes[0].hausdorffDistance(shapes[1]) < 1e-6  # degrees


def test_the_csv_of_2019_is_not_written_without_longitude_and_latitude(
    processing: Any, city_run: Values, roads_without_a_system: QgsVectorLayer, tmp_path: Path
) -> None:
    output = tmp_path / "speeds.csv"
    parameters = {
        "RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": roads_without_a_system, "OUTPUT": str(output)
    }  # fmt: skip
    with pytest.raises(QgsProcessingException, match="do not say in which reference system"):
        processing.run("roadpulse:exportwkt", parameters)
    with pytest.raises(QgsProcessingException, match="no degrees"):
        processing.run("roadpulse:exportwkt", {**parameters, "LINKS_CRS": "EPSG:4326"})
    works = QgsCoordinateReferenceSystem.fromWkt('LOCAL_CS["Works",UNIT["metre",1]]')
    with pytest.raises(QgsProcessingException, match="Works, which has no place on the earth"):
        processing.run("roadpulse:exportwkt", {**parameters, "LINKS_CRS": works})
    assert not output.exists()


def test_a_folder_without_a_result_is_refused_by_name(processing: Any, city: Values, tmp_path: Path) -> None:
    with pytest.raises(QgsProcessingException, match=r"manifest\.json"):
        processing.run(
            "roadpulse:joinlinks",
            {"RUN_FOLDER": str(tmp_path), "LINKS": city["LINKS"], "OUTPUT": str(tmp_path / "speeds.gpkg")},
        )


def test_the_csv_of_2019_has_every_link_and_a_shape_that_reads_back(
    processing: Any, city: Values, city_run: Values, tmp_path: Path
) -> None:
    output = tmp_path / "speeds.csv"
    results = processing.run(
        "roadpulse:exportwkt",
        {"RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": city["LINKS"], "OUTPUT": str(output)},
    )
    rows, speeds = read_csv(str(output)), read_csv(city_run["LINK_SPEEDS"])
    assert list(rows[0]) == ["linkID", "count(linkID)", "avg(absVelocity)", "wkt"]
    assert [(r["linkID"], r["count(linkID)"], r["avg(absVelocity)"]) for r in rows] == [
        (s["link_id"], s["n_points"], s["mean"]) for s in speeds
    ]
    assert results["LINK_COUNT"] == results["MATCHED_LINKS"] == len(rows)
    roads = QgsVectorLayer(city["LINKS"], "", "ogr")
    shapes = {str(feature["link_id"]): feature.geometry() for feature in roads.getFeatures()}
    for row in rows:
        assert QgsGeometry.fromWkt(row["wkt"]).hausdorffDistance(shapes[row["linkID"]]) < 1e-6


def test_the_csv_of_2019_keeps_links_without_a_road(
    processing: Any, city: Values, city_run: Values, tmp_path: Path
) -> None:
    roads = QgsVectorLayer(city["LINKS"], "", "ogr")
    first = read_csv(city_run["LINK_SPEEDS"])[0]["link_id"]
    roads.setSubsetString(f'"link_id" <> {first}')
    output = tmp_path / "speeds.csv"
    processing.run(
        "roadpulse:exportwkt",
        {"RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": roads, "OUTPUT": str(output)},
    )
    assert [row["linkID"] for row in read_csv(str(output)) if not row["wkt"]] == [first]
