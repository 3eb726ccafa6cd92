"""A point layer or a table as trips: the same statistics as of the same points in files."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsGeometry,
    QgsProcessingException,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime, QTimeZone

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.ui.run_dialog.sections.backend_watch import BackendWatch
from roadpulse.ui.run_dialog.sections.trips import TripsSection
from roadpulse.workflow.layer_trips import trips_of_layer
from tests.qgis.widgets import until

Values = dict[str, Any]
MAPPING = {"link_id": "link", "speed": "v", "time": "t", "trip_id": "trip"}
MERCATOR = "Point?crs=EPSG:3857"


def points() -> list[Values]:
    """Two links at two times of day, by six trips; without a speed at times."""
    start = datetime(2025, 6, 10, 6, 30, tzinfo=timezone.utc)
    return [
        {
            "trip": trip, "link": ("110+04099", "7")[step // 10],
            "v": None if step == 5 else 20 + trip + step / 3,
            "t": start + timedelta(hours=trip % 2, seconds=step), "x": 10 + step / 1e4, "y": 50 + trip / 1e3,
        }
        for trip in range(6)
        for step in range(20)
    ]  # fmt: skip


def fill(layer: QgsVectorLayer, rows: list[list[Any]], shapes: list[str]) -> QgsVectorLayer:
    features = []
    for values, shape in zip(rows, shapes):
        feature = QgsFeature(layer.fields())
        feature.setAttributes(values)
        if shape:
            feature.setGeometry(QgsGeometry.fromWkt(shape))
        features.append(feature)
    assert layer.dataProvider().addFeatures(features)[0]
    layer.updateExtents()
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def layer(qgis_app: Any, qgis_new_project: None) -> Iterator[QgsVectorLayer]:
    """The points with times in UTC, and an other field."""
    made = QgsVectorLayer(
        "Point?crs=EPSG:4326&field=trip:integer&field=link:string&field=v:double&field=t:datetime"
        "&field=other:string", "Probes", "memory",
    )  # fmt: skip
    rows, shapes = [], []
    for point in points():
        time = QDateTime.fromMSecsSinceEpoch(round(point["t"].timestamp() * 1000), Qt.TimeSpec.UTC)
        rows.append([point["trip"], point["link"], point["v"], time, "x"])
        shapes.append(f"Point ({point['x']} {point['y']})")
    yield fill(made, rows, shapes)


def aggregate(processing: Any, folder: Path, **more: Any) -> Values:
    return processing.run(
        "roadpulse:aggregatetrips",
        {
            "MAPPING": MAPPING, "TIME_ZONE": "Europe/Berlin", "MIN_TRIPS": 1, "RUN_FOLDER": str(folder),
            "STATISTICS": "all", **more,
        },
    )  # fmt: skip


def tables(result: Values) -> list[str]:
    return [Path(result[name]).read_text() for name in ("LINK_SPEEDS", "LINK_SPEEDS_BY_TIME")]


def manifest(folder: Path) -> Values:
    return json.loads((folder / "manifest.json").read_text())


def test_a_layer_gives_the_statistics_of_the_same_points_in_files(
    processing: Any, layer: QgsVectorLayer, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    lines = [json.dumps({**point, "t": point["t"].isoformat()}) for point in points()]
    (files / "day.jsonl").write_text("\n".join(lines))
    by_files = aggregate(processing, tmp_path / "one", TRIPS=str(files))
    by_layer = aggregate(processing, tmp_path / "two", TRIPS_LAYER=layer)
    assert tables(by_layer) == tables(by_files)
    assert (by_layer["TRIP_COUNT"], by_layer["POINT_COUNT"], by_layer["LINK_COUNT"]) == (6, 114, 2)
    assert "08:00" in tables(by_layer)[1] and "09:00" in tables(by_layer)[1]
    again = aggregate(processing, tmp_path / "three", TRIPS_LAYER=layer.id())
    assert tables(again) == tables(by_files)
    specs = [json.loads((tmp_path / name / "spec.json").read_text()) for name in ("two", "three")]
    assert specs[0]["trips"] == specs[1]["trips"]
    assert specs[0]["trips"].endswith(".jsonl")
    assert manifest(tmp_path / "three")["files"]["decoded"] == 0


def write(layer: QgsVectorLayer, folder: Path, **mapping: str) -> list[Values]:
    trips = trips_of_layer(
        layer, FieldMapping.from_json({**MAPPING, **mapping}), QgsCoordinateTransformContext()
    )
    path = trips.write(folder, lambda _done: None, lambda: False)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_positions_are_degrees_and_times_keep_their_offset(qgis_new_project: None, tmp_path: Path) -> None:
    made = QgsVectorLayer(
        f"{MERCATOR}&field=link:integer&field=v:double&field=t:datetime&field=trip:string", "a", "memory"
    )
    day, clock = QDate(2025, 6, 10), QTime(8, 0, 0, 250)
    times = [QDateTime(day, clock), QDateTime(day, clock, QTimeZone(b"America/New_York")), None]
    rows = [[1, 2.5, time, None] for time in times]
    shapes = ["Point (1113194.9079327357 6446275.841017158)", "Point EMPTY", ""]
    lines = write(fill(made, rows, shapes), tmp_path)
    assert [line["properties"]["t"] for line in lines] == [
        "2025-06-10T08:00:00.250", "2025-06-10T08:00:00.250-04:00", None
    ]  # fmt: skip
    assert lines[0]["geometry"]["coordinates"] == pytest.approx([10, 50], abs=1e-9)
    assert [line["geometry"] for line in lines[1:]] == [None, None]
    assert lines[0]["properties"] == {"link": 1, "v": 2.5, "t": "2025-06-10T08:00:00.250", "trip": None}


def test_a_table_without_positions_serves(qgis_new_project: None, tmp_path: Path) -> None:
    made = QgsVectorLayer(
        "None?field=link:string&field=v:double&field=t:string&field=trip:string", "a", "memory"
    )
    lines = write(fill(made, [["A", float("inf"), "2025-06-10 08:00", "é\n"]], [""]), tmp_path)
    assert lines == [
        {
            "type": "Feature", "geometry": None,
            "properties": {"link": "A", "v": "inf", "t": "2025-06-10 08:00", "trip": "é\n"},
        }
    ]  # fmt: skip


def test_an_unchanged_layer_has_one_file_and_what_is_cancelled_leaves_none(
    layer: QgsVectorLayer, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        trips_of_layer(layer, FieldMapping.from_json(MAPPING), QgsCoordinateTransformContext()).write(
            tmp_path, lambda _done: None, lambda: True
        )
    assert list(tmp_path.rglob("*")) == []
    write(layer, tmp_path)
    (one,) = tmp_path.rglob("*.jsonl")
    before = one.stat()
    write(layer, tmp_path)
    assert list(tmp_path.rglob("*.*")) == [one]
    assert (one.stat().st_mtime_ns, one.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    layer.startEditing()
    layer.changeAttributeValue(next(layer.getFeatures()).id(), 2, 99.0)
    assert write(layer, tmp_path)[0]["properties"]["v"] == 99.0
    assert len(list(tmp_path.rglob("*.jsonl"))) == 2
    layer.rollBack()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"TRIPS": ""}, "TRIPS: is empty, and so is TRIPS_LAYER; give one of them"),
        ({"TRIPS_LAYER": "Probes", "TRIPS": "/trips"}, "TRIPS_LAYER: is given beside TRIPS"),
        ({"TRIPS_LAYER": "Probes", "MAPPING": {**MAPPING, "speed": "kmh"}}, "no field 'kmh'.*“speed”.*link"),
        ({"TRIPS_LAYER": "no such layer"}, "TRIPS_LAYER"),
        ({"TRIPS_LAYER": "Roads"}, "layer 'Roads' has no points"),
        ({"TRIPS_LAYER": "Nowhere"}, "'Nowhere' does not say in which reference system"),
        ({"TRIPS_LAYER": "Empty"}, "'Empty' has no features"),
    ],
)  # fmt: skip
def test_what_is_no_layer_of_trips_is_refused(
    processing: Any, layer: QgsVectorLayer, tmp_path: Path, given: Values, words: str
) -> None:
    fields = "field=trip:integer&field=link:string&field=v:double&field=t:string"
    for name, source in (
        ("Roads", f"LineString?crs=EPSG:4326&{fields}"), ("Nowhere", f"Point?{fields}"),
        ("Empty", f"Point?crs=EPSG:4326&{fields}"),
    ):  # fmt: skip
        other = QgsVectorLayer(source, name, "memory")
        if name == "Nowhere":
            other.setCrs(QgsCoordinateReferenceSystem())
        QgsProject.instance().addMapLayer(other)
    with pytest.raises(QgsProcessingException, match=words):
        aggregate(processing, tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_a_layer_is_refused_where_another_computer_runs(
    processing: Any, layer: QgsVectorLayer, tmp_path: Path
) -> None:
    profile = tmp_path / "pi.json"
    profile.write_text(
        json.dumps({
            "name": "Pi", "kind": "ssh", "host": "pi0", "user": "u",
        })
    )  # fmt: skip
    with pytest.raises(QgsProcessingException, match="is a layer of this computer, and the profile 'Pi'"):
        aggregate(processing, tmp_path / "run", TRIPS_LAYER=layer, PROFILE=str(profile))


def test_the_run_dialog_offers_point_layers_and_uses_their_points(
    layer: QgsVectorLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    section = TripsSection(BackendWatch())
    menu = section.browse.menu()
    (chooser,) = [action.menu() for action in menu.actions() if action.menu()]
    assert [action.text() for action in chooser.actions()] == ["Probes"]
    chooser.actions()[0].trigger()
    assert section.problem() == "Writing the points of the layer…"
    until(lambda: section.trips, 20)
    lines = [json.loads(line) for line in Path(section.trips).read_text().splitlines()]
    assert [line["properties"]["v"] for line in lines] == [point["v"] for point in points()]
    assert lines[0]["properties"]["other"] == "x"
    assert Path(section.trips).is_relative_to(tmp_path)
    section.use_layer(layer.id())  # again
    until(lambda: not section.busy, 20)
    assert "Writing" not in section.note.plain
    QgsProject.instance().removeMapLayer(layer.id())
    assert section.browse.menu() is None
    section.use_layer("gone")
    section.forget()


def test_a_layer_gets_to_the_map(processing: Any, layer: QgsVectorLayer, tmp_path: Path) -> None:
    roads = fill(
        QgsVectorLayer("LineString?crs=EPSG:4326&field=link_id:string", "Roads", "memory"),
        [["110P04099"], ["7"]], ["LineString (10 50, 10.01 50)", "LineString (10 50.1, 10.01 50.1)"],
    )  # fmt: skip
    result = processing.run(
        "roadpulse:speedmap",
        {
            "TRIPS_LAYER": layer, "LINKS": roads, "MAPPING": MAPPING, "ID_RULE": "tmc", "TIME_ZONE": "UTC",
            "RUN_FOLDER": str(tmp_path / "run"), "OUTPUT": str(tmp_path / "map.gpkg"),
        },
    )  # fmt: skip
    assert (result["LINK_COUNT"], result["MATCH_RATE"]) == (2, 100)


def test_files_of_layers_are_removed_that_no_run_needs(
    processing: Any, layer: QgsVectorLayer, tmp_path: Path
) -> None:
    """After a month, and as long as a run has them as trips never; other files in the folder stay."""
    aggregate(processing, tmp_path / "one", TRIPS_LAYER=layer)
    used = Path(json.loads((tmp_path / "one" / "spec.json").read_text())["trips"])
    folder = used.parent.parent
    others = [folder / name for name in ("0" * 32, "1" * 32, "notes")]
    for other in others:
        other.mkdir()
        (other / "Probes.jsonl").write_text("{}\n")
    long_ago = time.time() - 40 * 86_400
    for old in (used.parent, others[0], others[2]):
        os.utime(old, (long_ago, long_ago))
    layer.dataProvider().deleteFeatures([1])
    aggregate(processing, tmp_path / "two", TRIPS_LAYER=layer)
    assert [one.exists() for one in (used, *others)] == [True, False, True, True]
    for other in others[1:]:
        shutil.rmtree(other)
