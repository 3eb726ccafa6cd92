"""Link ids that are texts or have a direction, from trips to the map and the page."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Optional

import pytest
from qgis.core import QgsProject, QgsVectorLayer

from roadpulse.mapping.layout.page import PageOptions, speed_page
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.symbology import style_layer

Values = dict[str, Any]
THERE, BACK = [[-77.05, 38.90], [-77.04, 38.90]], [[-77.04, 38.9002], [-77.05, 38.9002]]


def points(link: Any, speed: float, hour: int = 8, **more: Any) -> list[Values]:
    start = datetime(2025, 6, 10, hour)
    return [
        {
            "timestamp": f"{start + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}",
            "absVelocity": speed,
            "dbResponse": {"linkID": link},
            **more,
        }
        for n in range(10)
    ]


def write_trips(folder: Path, trips: list[list[Values]]) -> Path:
    folder.mkdir()
    for number, trip in enumerate(trips):
        (folder / f"{number}.json").write_text(json.dumps({"data": trip}), encoding="utf-8")
    return folder


def write_roads(path: Path, roads: list[tuple[list[list[float]], Values]]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": fields,
            "geometry": {"type": "LineString", "coordinates": coordinates},
        }
        for coordinates, fields in roads
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def speed_map(processing: Any, folder: Path, trips: Path, roads: Path, **more: Any) -> Values:
    return processing.run(
        "roadpulse:speedmap",
        {
            "TRIPS": str(trips), "LINKS": str(roads), "SPEED_UNIT": "mph", "MIN_TRIPS": 1,
            "TIME_ZONE": "America/New_York", "RUN_FOLDER": str(folder / "run"),
            "OUTPUT": str(folder / "map.gpkg"), **more,
        },
    )  # fmt: skip


def links_of(folder: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "map.gpkg")) as database:
        return database.execute("SELECT link_id, mean, n_points FROM links ORDER BY link_id").fetchall()


def shapes_of(folder: Path) -> dict[Any, str]:
    layer = QgsVectorLayer(f"{folder / 'map.gpkg'}|layername=links", "links", "ogr")
    return {feature["link_id"]: feature.geometry().asWkt(4) for feature in layer.getFeatures()}


def note_of(folder: Path) -> str:
    layer = QgsVectorLayer(f"{folder / 'map.gpkg'}|layername=links", "links", "ogr")
    page = speed_page(QgsProject.instance(), layer, style_layer(layer), PageOptions("Title"))
    return page.layout.itemById("sources").text()


PAIRS = {
    "TMC": ("110+04099", "110-04099", True),
    "hexadecimal": ("08f2830828052d25046ef6ba0e4e3bf1", "08f2830828052d25046ef6ba0e4e3bf2", False),
    "UUID": ("3f2b8c1e-7a55-4b0f-9a3e-0c5d1e2f3a4b", "3f2b8c1e-7a55-4b0f-9a3e-0c5d1e2f3a4c", False),
    "letter": ("1012345678F", "1012345678T", True),
    "hostile": ("%s'); DROP TABLE links; --", '"x" | & <b> é', False),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_ids_of_suppliers_get_to_the_map(processing: Any, tmp_path: Path, pair: str) -> None:
    one, other, is_directed = PAIRS[pair]
    trips = write_trips(
        tmp_path / "trips", [points(one, 20.0 + n) + points(other, 40.0 + n, 9) for n in range(6)]
    )
    roads = write_roads(
        tmp_path / "roads.geojson", [(THERE, {"link_id": one}), (BACK, {"link_id": f" {other} "})]
    )
    result = speed_map(processing, tmp_path, trips, roads)
    assert (result["LINK_COUNT"], result["MATCH_RATE"]) == (2, 100)
    assert links_of(tmp_path) == sorted([(one, 22.5, 60), (other, 42.5, 60)])
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "links", "ogr")
    file = MapFile.of(layer)
    assert file.profile(one, "mean")[:6].tolist()[5] == 22.5  # 04:00 in New York
    assert ("each direction for itself" in note_of(tmp_path)) is is_directed
    with closing(sqlite3.connect(tmp_path / "map.gpkg")) as database:
        found = database.execute(
            "SELECT mean FROM links_by_time WHERE link_id = ? AND bin = '05:00'", (other,)
        )
        assert found.fetchall() == [(42.5,)]


def test_ids_without_a_road_are_kept_as_they_are(processing: Any, tmp_path: Path) -> None:
    trips = write_trips(tmp_path / "trips", [points("A 1", 20.0) + points(7, 30.0) + points("B", 10.0)])
    roads = write_roads(tmp_path / "roads.geojson", [(THERE, {"link_id": "007"}), (BACK, {"link_id": "C"})])
    result = speed_map(processing, tmp_path, trips, roads)
    assert (result["MATCHED_LINKS"], links_of(tmp_path)) == (1, [("7", 30.0, 10)])
    with closing(sqlite3.connect(tmp_path / "map.gpkg")) as database:
        assert database.execute("SELECT link_id, n_points FROM unmatched").fetchall() == [
            ("A 1", 10),
            ("B", 10),
        ]
    csv = processing.run(
        "roadpulse:exportwkt",
        {"RUN_FOLDER": str(tmp_path / "run"), "LINKS": str(roads), "OUTPUT": str(tmp_path / "out.csv")},
    )
    assert (csv["LINK_COUNT"], csv["MATCHED_LINKS"]) == (3, 1)
    assert [line[:5] for line in Path(csv["OUTPUT"]).read_text().splitlines()[1:]] == [
        "7,10,",
        "A 1,1",
        "B,10,",
    ]


@pytest.mark.parametrize("field", [None, "way"])
def test_a_road_without_a_direction_serves_both(
    processing: Any, tmp_path: Path, field: Optional[str]
) -> None:
    """By the sign of the id, or by a field beside it."""
    trips = []
    for n in range(12):
        forward = bool(n % 2)
        link, more = (101 if forward or field else -101), ({"way": "F" if forward else "T"} if field else {})
        trips.append(points(link, 20.0 if forward else 60.0, **more))
    roads = write_roads(tmp_path / "roads.geojson", [(THERE, {"link_id": 101, "name": "A"})])
    mapping = {"MAPPING": {"direction": field}} if field else {}
    result = speed_map(processing, tmp_path, write_trips(tmp_path / "trips", trips), roads, **mapping)
    assert (result["LINK_COUNT"], result["MATCH_RATE"]) == (2, 100)
    assert links_of(tmp_path) == [(-101, 60.0, 60), (101, 20.0, 60)]
    assert shapes_of(tmp_path) == {
        101: "LineString (-77.05 38.9, -77.04 38.9)", -101: "LineString (-77.04 38.9, -77.05 38.9)",
    }  # fmt: skip
    assert "each direction for itself" in note_of(tmp_path)


def test_a_road_of_the_opposite_direction_is_drawn_as_it_is(processing: Any, tmp_path: Path) -> None:
    trips = write_trips(tmp_path / "trips", [points(101, 20.0) + points(-101, 60.0)])
    roads = write_roads(
        tmp_path / "roads.geojson", [(THERE, {"link_id": "101"}), (BACK, {"link_id": "-0101"})]
    )
    speed_map(processing, tmp_path, trips, roads)
    assert shapes_of(tmp_path)[-101] == "LineString (-77.04 38.9002, -77.05 38.9002)"


def test_roads_may_name_their_direction_in_a_field(processing: Any, tmp_path: Path) -> None:
    trips = write_trips(tmp_path / "trips", [points(101, 20.0) + points(-101, 60.0) + points("-102", 30.0)])
    roads = write_roads(
        tmp_path / "roads.geojson",
        [
            (THERE, {"link_id": 101, "way": "F"}), (BACK, {"link_id": 101, "way": "T"}),
            (BACK, {"link_id": 102, "way": None}),
        ],
    )  # fmt: skip
    result = speed_map(processing, tmp_path, trips, roads, DIRECTION_FIELD="way")
    assert (result["LINK_COUNT"], result["MATCH_RATE"]) == (3, 100)
    assert shapes_of(tmp_path) == {
        101: "LineString (-77.05 38.9, -77.04 38.9)",
        -101: "LineString (-77.04 38.9002, -77.05 38.9002)",
        -102: "LineString (-77.05 38.9002, -77.04 38.9002)",
    }


def test_a_rule_brings_ids_together(processing: Any, tmp_path: Path) -> None:
    trips = write_trips(tmp_path / "trips", [points("110+04099", 20.0) + points("110-04099", 40.0)])
    roads = write_roads(
        tmp_path / "roads.geojson", [(THERE, {"link_id": "110P04099"}), (BACK, {"link_id": "110N04099"})]
    )
    assert speed_map(processing, tmp_path, trips, roads, MIN_TRIPS=1)["MATCH_RATE"] == 0
    result = processing.run(
        "roadpulse:joinlinks",
        {
            "RUN_FOLDER": str(tmp_path / "run"), "LINKS": str(roads), "ID_RULE": "tmc",
            "OUTPUT": str(tmp_path / "map.gpkg"),
        },
    )  # fmt: skip
    assert result["MATCH_RATE"] == 100
    assert shapes_of(tmp_path) == {
        "110+04099": "LineString (-77.05 38.9, -77.04 38.9)",
        "110-04099": "LineString (-77.04 38.9002, -77.05 38.9002)",
    }


def test_by_a_rule_a_link_may_have_several_roads_and_a_road_several_links(
    processing: Any, tmp_path: Path
) -> None:
    trips = write_trips(tmp_path / "trips", [points("101F", 20.0) + points("101T", 40.0) + points(102, 9.0)])
    roads = write_roads(tmp_path / "roads.geojson", [(THERE, {"link_id": "101"}), (BACK, {"link_id": "102"})])
    by_letter = speed_map(processing, tmp_path, trips, roads, ID_RULE="end_sign")
    assert (by_letter["MATCH_RATE"], by_letter["LINK_COUNT"]) == (100, 3)
    assert shapes_of(tmp_path) == {
        "101F": "LineString (-77.05 38.9, -77.04 38.9)", "101T": "LineString (-77.04 38.9, -77.05 38.9)",
        "102": "LineString (-77.04 38.9002, -77.05 38.9002)",
    }  # fmt: skip
    write_roads(roads, [(THERE, {"link_id": "102_a"}), (BACK, {"link_id": "102_b"})])
    result = processing.run(
        "roadpulse:joinlinks",
        {
            "RUN_FOLDER": str(tmp_path / "run"), "LINKS": str(roads), "ID_RULE": "cut_suffix",
            "OUTPUT": str(tmp_path / "map.gpkg"),
        },
    )  # fmt: skip
    assert result["MATCHED_LINKS"] == 1
    (shape,) = shapes_of(tmp_path).values()
    assert shape.startswith("MultiLineString") and shape.count("(") == 3


def test_a_page_of_roads_whose_directions_are_one_link_does_not_tell_them_apart(
    processing: Any, tmp_path: Path
) -> None:
    trips = write_trips(tmp_path / "trips", [points(101, 20.0) + points(102, 60.0)])
    roads = write_roads(tmp_path / "roads.geojson", [(THERE, {"link_id": 101}), (BACK, {"link_id": 102})])
    speed_map(processing, tmp_path, trips, roads)
    assert "each direction" not in note_of(tmp_path)
    there_and_back = [(THERE, {"link_id": 101}), (THERE[::-1], {"link_id": 102})]
    write_roads(roads, there_and_back)
    speed_map(processing, tmp_path, trips, roads, RUN_FOLDER=str(tmp_path / "again"))
    assert "each direction for itself" in note_of(tmp_path)


def test_another_statistic_of_a_map_has_the_ids_that_are_texts(processing: Any, tmp_path: Path) -> None:
    """Computed from the point store, joined by the same texts, in the same file."""
    ids = ["110+04099", "AB7"]
    trips = write_trips(
        tmp_path / "trips", [points(ids[0], 20.0 + n) + points(ids[1], 40.0) for n in range(6)]
    )
    roads = write_roads(
        tmp_path / "roads.geojson", [(THERE, {"link_id": ids[0]}), (BACK, {"link_id": ids[1]})]
    )
    speed_map(processing, tmp_path, trips, roads)
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "links", "ogr")
    processing.run("roadpulse:stylespeeds", {"INPUT": layer, "STATISTIC": "max"})
    with closing(sqlite3.connect(tmp_path / "map.gpkg")) as database:
        found = database.execute("SELECT link_id, mean, max FROM links ORDER BY link_id").fetchall()
    assert found == [(ids[0], 22.5, 25.0), (ids[1], 40.0, 40.0)]
    assert MapFile.of(layer).profile(ids[1], "max")[5] == 40.0  # 05:00 in New York
