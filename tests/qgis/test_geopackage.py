"""The GeoPackage: what is in it, what it reports, and that a failed run leaves an earlier file alone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import ogr
from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsVectorLayer, QgsWkbTypes

from roadpulse.aggregation.contract.errors import Cancelled, RunError
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.errors import MapError, OutputInUse
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.writer.geopackage import write_geopackage
from roadpulse.mapping.writer.link_layers import links_of_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Straße 'A'.gpkg"


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def layer_of(path: Path, table: str = "links") -> QgsVectorLayer:
    layer = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
    assert layer.isValid()
    return layer


def links_by_id(path: Path) -> dict[int, dict[str, Any]]:
    return {f["link_id"]: f.attributeMap() for f in layer_of(path).getFeatures()}


def test_every_link_carries_its_own_numbers(path: Path) -> None:
    maps.write(path)
    for row in maps.speeds().itertuples():
        if row.link_id == maps.LOST:
            continue
        link = links_by_id(path)[row.link_id]
        for name in ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95"):
            assert link[name] == getattr(row, name)


def test_every_statistic_with_a_value_by_bin_plays_and_has_its_value_of_each_bin(path: Path) -> None:
    maps.write(path)
    playing = ("mean", "std", "p05", "p15", "p50", "p85", "p95")
    file = MapFile.of(layer_of(path))
    assert file.playing == playing
    for key in playing:
        expected = {link: np.full(25, np.nan) for link in (maps.EAST, maps.WEST, maps.NORTH, maps.QUIET)}
        for row in maps.speeds().itertuples():
            if row.link_id in expected and row.n_trips >= maps.SPEC.min_trips:
                expected[row.link_id][0] = getattr(row, key)
        for row in maps.by_time().itertuples():
            if row.link_id in expected and row.n_trips >= maps.SPEC.min_trips:
                expected[row.link_id][1 + int(row.bin[:2])] = getattr(row, key)
        for link, values in expected.items():
            assert np.array_equal(file.profile(link, key), values, equal_nan=True)
    assert np.isnan(file.profile(7, "mean")).all()
    assert file.bin_totals()[:9] == [0, 0, 0, 34, 0, 0, 0, 0, 142]


def test_a_value_of_an_hour_is_had_by_sql_and_in_qgis(path: Path) -> None:
    maps.write(path)
    sql = f"SELECT bin, mean, p85 FROM links_by_time WHERE link_id = {maps.EAST} AND mean IS NOT NULL"
    assert sorted(rows(path, sql)) == [("03:00", maps.SPEED_AT_3, 30.0), ("08:00", maps.SPEED_AT_8, 5.0)]
    found = rows(path, "SELECT link_id FROM links_by_time WHERE bin = '08:00' AND mean < 15 ORDER BY link_id")
    assert found == [(maps.NORTH,), (maps.EAST,)]
    view = layer_of(path, "links_by_time")
    assert {"link_id", "days", "bin", "mean", "p95"} <= set(view.fields().names())
    features = list(view.getFeatures(f'"link_id" = {maps.EAST} AND "bin" = \'08:00\''))
    assert [feature["mean"] for feature in features] == [maps.SPEED_AT_8]
    assert len({feature.id() for feature in view.getFeatures()}) == 4 * 24
    assert view.fields().field("mean").isNumeric()


def test_a_number_of_an_hour_takes_no_second_place_in_the_file(path: Path) -> None:
    maps.write(path)
    tables = {name for name, kind in rows(path, "SELECT name, type FROM sqlite_master") if kind == "table"}
    assert tables & {"link_speeds_by_time", "links_by_time"} == set()
    assert not any(name[-2:] == "00" for name in layer_of(path).fields().names())


def test_geometry_is_joined_by_key_whatever_the_order(path: Path) -> None:
    given = maps.links()
    turned = maps.links(
        ids=given.ids[::-1], wkb=given.wkb[::-1], names=given.names[::-1], classes=given.classes[::-1]
    )
    maps.write(path, turned)
    layer = layer_of(path)
    assert layer.crs().authid() == "EPSG:32630"
    for link, shape in zip(given.ids.tolist(), given.wkb):
        feature = next(layer.getFeatures(f'"link_id" = {link}'))
        assert bytes(feature.geometry().asWkb()) == shape


def test_only_links_within_the_window_are_fetched_through_the_spatial_index(path: Path) -> None:
    maps.write(path)
    layer = layer_of(path)
    window = QgsGeometry.fromWkt(
        "Polygon ((500490 6000100, 500510 6000100, 500510 6000200, 500490 6000200, 500490 6000100))"
    )
    found = layer.getFeatures(QgsFeatureRequest(window.boundingBox()))
    assert [f["link_id"] for f in found] == [maps.NORTH]
    assert rows(path, "SELECT count(*) FROM rtree_links_geom") == [(4,)]
    assert layer.extent().toString(0) == "500000,5999500 : 501000,6000500"


def test_what_has_no_road_is_kept_and_the_match_rate_told(path: Path) -> None:
    report = maps.write(path)
    assert rows(path, "SELECT link_id, n_points, n_trips, mean FROM unmatched") == [(maps.LOST, 8, 2, 9.0)]
    assert (report.links, report.matched_links) == (5, 4)
    assert report.point_rate == pytest.approx(204 / 212)
    assert report.matched_km == pytest.approx(3.5, rel=1e-3)  # UTM shortens by 0.4 ‰ at its middle
    assert json.loads(rows(path, "SELECT value FROM run WHERE key = 'match'")[0][0])["link_rate"] == 0.8


def test_roads_without_data_count_for_kilometres_alone(path: Path) -> None:
    extra = maps.links(
        ids=np.array([maps.EAST, 7], dtype=np.int64),
        wkb=maps.column(*maps.links().wkb[[0, 3]]), names=None, classes=None,
    )  # fmt: skip
    report = maps.write(path, extra)
    assert report.matched_links == 1
    assert report.km_rate == pytest.approx(0.5, rel=1e-6)
    link = links_by_id(path)[7]
    assert not link["day_mean"]
    assert rows(path, "SELECT mean, n_trips FROM links WHERE link_id = 7") == [(None, None)]


def test_the_file_explains_itself(path: Path) -> None:
    maps.write(path)
    run = {key: json.loads(value) for key, value in rows(path, "SELECT key, value FROM run")}
    assert RunSpec.from_json(run["spec"]) == maps.SPEC
    assert run["manifest"]["bad_files"] == ["trip ü.json"]
    titles = dict(rows(path, "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'links'"))
    assert titles["mean"] == "Mean speed (mph), mean of points, all days, Europe/London"
    assert titles["day_p85"] == (
        "85th percentile speed (mph), 85th percentile of points, all days, by 60 min, Europe/London, packed"
    )
    assert set(titles) == set(layer_of(path).fields().names()) - {"fid"}
    assert rows(path, "SELECT place, bin, n_points FROM bins WHERE n_points > 0") == [
        (3, "03:00", 34), (8, "08:00", 142),
    ]  # fmt: skip


def test_a_map_is_labelled_in_the_unit_of_the_results(path: Path) -> None:
    """Not in that of the trips."""
    maps.write(path, spec=replace(maps.SPEC, speed_unit="m/s", shown_unit="knots"))
    titles = dict(rows(path, "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'links'"))
    assert titles["mean"] == "Mean speed (knots), mean of points, all days, Europe/London"
    options = StyleOptions.from_run_table(layer_of(path))
    assert (options.unit, options.title) == ("knots", "Mean speed (knots)")


def test_five_minute_bins_fit(path: Path) -> None:
    spec = RunSpec(trips="t", store="s", speed_unit="mph", bin_minutes=5)
    maps.write(path, spec=spec)
    assert len(links_by_id(path)[maps.EAST]["day_mean"]) == 5 * 289
    assert MapFile.of(layer_of(path)).profile(maps.EAST, "mean")[1 + 96] == maps.SPEED_AT_8


def test_multi_lines_and_heights_are_kept(path: Path) -> None:
    shapes = maps.column(
        maps.wkb(
            "MultiLineStringZ ((500000 6000000 5, 500100 6000000 6), (500200 6000000 7, 500300 6000000 8))"
        ),
        maps.wkb("LineString (500000 6000100, 500100 6000100)"),
    )
    geometry = maps.links(ids=np.array([maps.EAST, maps.WEST]), wkb=shapes, names=None, classes=None)
    report = maps.write(path, geometry)
    layer = layer_of(path)
    assert QgsWkbTypes.isMultiType(layer.wkbType())
    east = next(layer.getFeatures(f'"link_id" = {maps.EAST}')).geometry()
    assert east.asWkt(0).startswith("MultiLineString Z ((500000 6000000 5")
    assert report.matched_km == pytest.approx(0.3, rel=1e-3)


def test_a_line_of_a_single_point_has_a_place_and_no_length(path: Path) -> None:
    line, other = maps.wkb("LineString (500000 6000000, 500100 6000000)"), maps.wkb("Point (500200 6000300)")
    point = line[:5] + (1).to_bytes(4, "little") + other[5:]
    geometry = maps.links(
        ids=np.array([maps.EAST, maps.WEST]), wkb=maps.column(line, point), names=None, classes=None
    )
    report = maps.write(path, geometry)
    assert (report.matched_links, report.matched_km) == (2, pytest.approx(0.1, rel=1e-3))
    assert layer_of(path).extent().yMaximum() == 6000300


def test_kilometres_are_those_on_the_ellipsoid(path: Path) -> None:
    shape = maps.wkb("LineString (-5.93 54.58, -5.93 54.59, -5.91 54.59)")
    report = maps.write(path, LinkGeometry(np.array([maps.EAST]), maps.column(shape), "EPSG:4326"))
    from qgis.core import QgsDistanceArea

    measure = QgsDistanceArea()
    measure.setEllipsoid("WGS84")
    assert report.matched_km * 1000 == pytest.approx(measure.measureLength(QgsGeometry.fromWkt(
        "LineString (-5.93 54.58, -5.93 54.59, -5.91 54.59)")), rel=1e-5)  # fmt: skip


def test_all_parts_of_a_link_are_drawn_and_counted(path: Path) -> None:
    roads = QgsVectorLayer("LineString?crs=EPSG:32630&field=way:string", "ways", "memory")
    for start in (0, 100, 200):
        feature = QgsFeature(roads.fields())
        feature.setAttributes([f"{maps.EAST}.0"])
        feature.setGeometry(
            QgsGeometry.fromWkt(f"LineString ({500000 + start} 6000000, {500100 + start} 6000000)")
        )
        roads.dataProvider().addFeature(feature)
    report = maps.write(path, links_of_layer(roads, "way", np.array([maps.EAST])))
    assert (report.matched_links, report.duplicates) == (1, 2)
    assert report.matched_km == pytest.approx(0.3, rel=1e-3)
    assert next(layer_of(path).getFeatures()).geometry().length() == pytest.approx(300)


def test_points_are_refused_by_name(path: Path) -> None:
    geometry = maps.links(
        ids=np.array([maps.EAST]), wkb=maps.column(maps.wkb("Point (1 1)")), names=None, classes=None
    )
    with pytest.raises(MapError, match="Point, not a line"):
        maps.write(path, geometry)
    assert not path.exists()


def test_no_link_at_all_still_makes_a_layer(path: Path) -> None:
    nothing = LinkGeometry(np.zeros(0, np.int64), np.zeros(0, object), "EPSG:4326")
    report = maps.write(path, nothing)
    assert report.matched_links == 0
    assert layer_of(path).featureCount() == 0
    assert len(rows(path, "SELECT * FROM unmatched")) == report.links


def test_cancelling_leaves_an_earlier_file_as_it_was(path: Path) -> None:
    maps.write(path)
    before = path.read_bytes()
    with pytest.raises(Cancelled):
        maps.write(path, cancelled=lambda: True)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_failure_leaves_an_earlier_file_as_it_was(path: Path) -> None:
    maps.write(path)
    before = path.read_bytes()
    broken = maps.by_time().assign(bin="08:01")
    with pytest.raises(RunError, match="08:01"):
        write_geopackage(path, maps.speeds(), broken, maps.links(), {}, maps.SPEC)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_file_that_somebody_writes_to_is_refused_and_kept(path: Path) -> None:
    maps.write(path)
    before = path.read_bytes()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputInUse, match="is open"):
            maps.write(path)
    assert path.read_bytes() == before


def test_a_file_open_in_this_qgis_is_refused_or_its_layer_stays_whole(path: Path) -> None:
    maps.write(path)
    layer = layer_of(path)
    reader = layer.getFeatures()
    next(reader)
    with suppress(OutputInUse):
        maps.write(path)
    assert len(list(reader)) == 3


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="is a folder"):
        maps.write(tmp_path)


def test_progress_only_grows_and_ends_at_100(path: Path) -> None:
    told: list[float] = []
    maps.write(path, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 100


def test_gdal_finds_nothing_wrong(path: Path) -> None:
    maps.write(path)
    dataset = ogr.Open(str(path))
    assert {dataset.GetLayer(i).GetName() for i in range(dataset.GetLayerCount())} == {
        "links", "bins", "links_by_time", "unmatched", "run",
    }  # fmt: skip
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "SELECT rtreecheck('rtree_links_geom')") == [("ok",)]
    counts = dict(rows(path, "SELECT table_name, feature_count FROM gpkg_ogr_contents"))
    assert counts["links"] == 4
    edited = layer_of(path)
    assert edited.startEditing()
    assert edited.deleteFeature(1)
    assert edited.commitChanges()
    assert layer_of(path).featureCount() == 3
