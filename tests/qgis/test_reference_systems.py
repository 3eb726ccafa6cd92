"""Roads of every reference system: kept in the map file, measured on the ellipsoid, or refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsDistanceArea,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.layout.facts import local_crs
from roadpulse.mapping.layout.items import Box, add_map, add_scale_bar
from roadpulse.mapping.reference_system import (
    UnsuitableSystem,
    find_system,
    in_degrees,
    is_known,
    metres_per_unit,
    refuse_misplaced,
    text_of,
)
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.ui.background.tasks import Task
from roadpulse.ui.run_dialog.sections.road_probe import match_in_layer
from roadpulse.workflow.roads import LayerRoads, roads_of_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

CUSTOM = (
    "+proj=tmerc +lat_0=52.5 +lon_0=13.4 +x_0=5000 +y_0=5000 +ellps=bessel +towgs84=598,73,418,0.2,0,-2.5,6.7"
)
ESRI = (
    'PROJCS["Belfast_City_Grid",GEOGCS["GCS_Airy_1830",DATUM["D_Airy_1830",SPHEROID["Airy_1830",6377563.396,'
    '299.3249646]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["False_Easting",1000.0],PARAMETER["False_Northing",1000.0],PARAMETER["Central_Meridian",-5.93],'
    'PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",54.6],UNIT["Meter",1.0]]'
)
WORKS = (
    'ENGCRS["Works",EDATUM["gate"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["foot",0.3048]]'
)
FEATURE = (
    '{"type": "Feature", "properties": {"link_id": 1}, '
    '"geometry": {"type": "LineString", "coordinates": [[391390, 5817855], [392069, 5817840]]}}'
)
BERLIN = (13.4, 52.5)


def places_of(crs: QgsCoordinateReferenceSystem, *degrees: tuple[float, float]) -> str:
    """WKT of a line through longitudes and latitudes, in the coordinates of `crs`."""
    way = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"), crs, QgsProject.instance())
    points = [way.transform(QgsPointXY(*place)) for place in degrees]
    return f"LineString ({', '.join(f'{point.x()!r} {point.y()!r}' for point in points)})"


def length_on_earth(*degrees: tuple[float, float]) -> float:
    """Kilometres on the ellipsoid."""
    measure = QgsDistanceArea()
    measure.setEllipsoid("WGS84")
    return measure.measureLine([QgsPointXY(*place) for place in degrees]) / 1000


def map_of(path: Path, crs: str, *shapes: str, definition: str = "") -> tuple[float, QgsVectorLayer]:
    """Kilometres that the report of a map file names, and its layer."""
    ids = np.array([maps.EAST, maps.WEST, maps.NORTH, maps.QUIET][: len(shapes)], np.int64)
    links = LinkGeometry(ids, maps.column(*map(maps.wkb, shapes)), crs, definition=definition)
    report = maps.write(path, links)
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    assert layer.isValid()
    return report.matched_km, layer


def layer_of(crs: str, *shapes: str) -> QgsVectorLayer:
    layer = QgsVectorLayer("LineString?field=link_id:int8", "streets", "memory")
    layer.setCrs(
        QgsCoordinateReferenceSystem.fromWkt(crs) if "[" in crs else QgsCoordinateReferenceSystem(crs)
    )
    for number, shape in enumerate(shapes):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([number])
        feature.setGeometry(QgsGeometry.fromWkt(shape))
        assert layer.dataProvider().addFeature(feature)
    return layer


# -- systems that are used and kept


@pytest.mark.parametrize(
    ("system", "start"),
    [
        ("EPSG:25833", BERLIN), ("EPSG:3857", BERLIN), ("EPSG:31468", BERLIN), ("EPSG:5556", BERLIN),
        ("EPSG:4326", BERLIN), ("EPSG:4258", BERLIN), ("EPSG:4979", BERLIN), ("OGC:CRS84", BERLIN),
        ("ESRI:102031", BERLIN), ("IGNF:LAMB93", (2.3, 48.8)), ("EPSG:4807", (2.3, 48.8)),
        ("EPSG:2263", (-73.9, 40.7)), ("EPSG:3857", (25.0, 69.0)), ("EPSG:2193", (174.7, -36.8)),
        (CUSTOM, BERLIN), (ESRI, (-5.93, 54.6)), ("+proj=longlat +ellps=bessel +no_defs", BERLIN),
    ],
)  # fmt: skip
def test_any_system_is_kept_with_its_definition_and_measured_on_the_ellipsoid(
    tmp_path: Path, system: str, start: tuple[float, float]
) -> None:
    crs = QgsCoordinateReferenceSystem()
    assert crs.createFromUserInput(system)
    line = (start, (start[0] + 0.01, start[1]), (start[0] + 0.01, start[1] + 0.005))
    kilometres, layer = map_of(tmp_path / "map.gpkg", text_of(crs), places_of(crs, *line))
    assert kilometres == pytest.approx(length_on_earth(*line), rel=1e-5)
    assert layer.crs().isValid() and in_degrees(layer.crs()) == in_degrees(crs)
    if crs.authid():
        assert layer.crs().authid() == crs.authid().replace("OGC:CRS84", layer.crs().authid())
    back = QgsCoordinateTransform(
        layer.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance()
    )
    first = back.transform(QgsPointXY(next(layer.getFeatures()).geometry().vertexAt(0)))
    assert (first.x(), first.y()) == pytest.approx(start, abs=1e-6)


def test_a_system_of_this_profile_alone_is_kept_by_its_definition(tmp_path: Path) -> None:
    crs = QgsCoordinateReferenceSystem()
    assert crs.createFromProj(CUSTOM)
    # The profile of the tests is a new one, where QGIS has not made its database yet.
    assert QgsApplication.createDatabase() and crs.saveAsUserCrs("grid of the works") > 0
    assert crs.authid().startswith("USER:")
    assert "USER" not in text_of(crs)
    kilometres, layer = map_of(tmp_path / "map.gpkg", text_of(crs), "LineString (5000 5000, 6000 5000)")
    assert kilometres == pytest.approx(1, rel=1e-4)
    assert layer.crs().toProj().startswith("+proj=tmerc +lat_0=52.5 +lon_0=13.4")


def test_a_plane_without_a_place_on_the_earth_is_measured_as_it_is(tmp_path: Path) -> None:
    kilometres, layer = map_of(
        tmp_path / "map.gpkg", WORKS, "LineString (20 30, 1020 30)", "LineString (0 0, 0 50)"
    )
    assert kilometres == pytest.approx(1050 * 0.3048 / 1000)
    assert layer.crs().isValid() and not in_degrees(layer.crs())
    assert local_crs(layer) == layer.crs()


def test_a_definition_stands_in_for_a_name_that_is_not_known(tmp_path: Path) -> None:
    kilometres, _ = map_of(
        tmp_path / "map.gpkg", "SR-ORG:7483", "LineString (5000 5000, 6000 5000)", definition=CUSTOM
    )
    assert kilometres == pytest.approx(1, rel=1e-4)


def test_a_road_across_the_antimeridian_is_short(tmp_path: Path) -> None:
    kilometres, _ = map_of(tmp_path / "map.gpkg", "EPSG:4326", "LineString (179.99 -17, -179.99 -17)")
    assert kilometres == pytest.approx(length_on_earth((0, -17), (0.02, -17)), rel=1e-6)


def test_one_road_of_nonsense_does_not_spoil_the_rest(tmp_path: Path) -> None:
    street = "LineString (391390 5817855, 392390 5817855)"
    kilometres, _ = map_of(tmp_path / "map.gpkg", "EPSG:25833", street, street, "LineString (1e30 5, 1e30 9)")
    assert kilometres == pytest.approx(2, rel=1e-3)


# -- systems that are refused


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "do not say in which reference system"),
        ("SR-ORG:7483", "SR-ORG:7483, which QGIS does not know"),
        ("EPSG:4978", "EPSG:4978"),
        ("EPSG:5773", "EPSG:5773"),
        ('GEOGCS["Undefined geographic SRS",DATUM["unknown",SPHEROID["unknown",6378137,298.25]],'
         'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]', "Undefined geographic SRS"),
        ('LOCAL_CS["Undefined SRS",UNIT["unknown",0]]', "Undefined SRS"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UnsuitableSystem, match="LINKS_CRS") as caught:
        map_of(tmp_path / "map.gpkg", name, "LineString (391390 5817855, 392069 5817840)")
    assert words in caught.value.message
    assert not (tmp_path / "map.gpkg").exists()


@pytest.mark.parametrize("srs_id", [0, -1, 99_999])
def test_a_geopackage_that_names_no_system_is_not_taken_for_degrees(tmp_path: Path, srs_id: int) -> None:
    path = tmp_path / "roads.gpkg"
    dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    layer = dataset.CreateLayer("roads", None, ogr.wkbLineString)
    layer.CreateField(ogr.FieldDefn("link_id", ogr.OFTInteger64))
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(ogr.CreateGeometryFromWkt("LINESTRING (391390 5817855, 392069 5817840)"))
    layer.CreateFeature(feature)
    del feature, layer, dataset
    _set_srs_id(path, srs_id)
    roads = QgsVectorLayer(f"{path}|layername=roads", "roads", "ogr")
    with pytest.raises(UnsuitableSystem, match=r"'roads' do not say .* 391,390, 5,817,840.*LINKS_CRS"):
        roads_of_layer(roads, "link_id")
    declared = roads_of_layer(roads, "link_id", crs=QgsCoordinateReferenceSystem("EPSG:25833"))
    assert isinstance(declared, LayerRoads)
    assert declared.layer.crs().authid() == "EPSG:25833"


def _set_srs_id(path: Path, srs_id: int) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES ('Undefined SRS', ?, 'NONE', ?, ?, NULL)",
            (srs_id, srs_id, 'LOCAL_CS["Undefined SRS",LOCAL_DATUM["unknown",32767],UNIT["unknown",0]]'),
        )
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE gpkg_contents SET srs_id = ?", (srs_id,))
        database.execute("UPDATE gpkg_geometry_columns SET srs_id = ?", (srs_id,))


@pytest.mark.parametrize("text", ['"crs": null,', ""])
def test_geojson_with_metres_is_refused_before_a_run(tmp_path: Path, text: str) -> None:
    path = tmp_path / "roads.geojson"
    path.write_text(
        f'{{"type": "FeatureCollection", {text} "features": [{FEATURE}]}}',
        encoding="utf-8",
    )
    with pytest.raises(UnsuitableSystem, match=r"391,729\.5, 5,817,847\.5, which are no degrees"):
        roads_of_layer(QgsVectorLayer(str(path), "roads", "ogr"), "link_id")


def test_geojson_that_names_its_system_is_read_in_it(tmp_path: Path) -> None:
    path = tmp_path / "roads.geojson"
    path.write_text(
        f'{{"type": "FeatureCollection", "features": [{FEATURE}], '
        '"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25833"}}}',
        encoding="utf-8",
    )
    roads = roads_of_layer(QgsVectorLayer(str(path), "roads", "ogr"), "link_id")
    assert roads.read(np.array([1]), lambda _: None, lambda: False).srid_wkt_or_auth == "EPSG:25833"


@pytest.mark.parametrize(
    ("crs", "shape", "words"),
    [
        ("EPSG:4326", "LineString (391390 5817855, 392069 5817840)", "no degrees"),
        ("EPSG:4326", "LineString (-36.8 174.7, -36.9 174.8)", "wrong order"),
        ("EPSG:4171", "LineString (48.8 2.3, 48.9 2.3)", "x and y the other way round"),
        ("EPSG:25833", "LineString (13.4 52.5, 13.5 52.5)", "longitude and latitude"),
        ("EPSG:3857", "LineString (13.4 52.5, 13.5 52.5)", "longitude and latitude"),
        ("EPSG:25833", "LineString (5817855 391390, 5817840 392069)", "x and y the other way round"),
        ("EPSG:25833", "LineString (4596000 5820000, 4597000 5820000)", "far from the area"),
        ("EPSG:25833", "LineString (1e30 5, 1e30 6)", "far from the area"),
    ],
)
def test_coordinates_that_cannot_be_of_their_system_are_refused(
    tmp_path: Path, crs: str, shape: str, words: str
) -> None:
    with pytest.raises(UnsuitableSystem, match=words):
        roads_of_layer(layer_of(crs, shape), "link_id")
    with pytest.raises(UnsuitableSystem, match=words):
        map_of(tmp_path / "map.gpkg", crs, shape)


@pytest.mark.parametrize(
    ("crs", "box"),
    [
        ("EPSG:25832", (-1_400_000, -1_399_000, 4_600_000, 4_601_000)),  # Portugal in the zone of Germany
        ("EPSG:4326", (190, 191, -18, -17)), ("EPSG:3832", (3_300_000, 3_301_000, -1_900_000, -1_899_000)),
        ("EPSG:3857", (-20_000_000, -19_999_000, -1_900_000, -1_899_000)),
        (WORKS, (0, 100, 0, 80)), (CUSTOM, (4000, 6000, 4000, 6000)),
    ],
)  # fmt: skip
def test_unusual_but_possible_coordinates_pass(crs: str, box: tuple[float, ...]) -> None:
    refuse_misplaced(np.array([box], dtype=float), find_system(crs))


def test_a_few_stray_roads_do_not_refuse_the_rest() -> None:
    boxes = np.array([[13.4, 13.5, 52.5, 52.6]] * 5 + [[391390.0, 392069, 5817840, 5817855], [np.nan] * 4])
    refuse_misplaced(boxes, find_system("EPSG:4326"))


def test_a_declared_system_goes_over_the_layers_own() -> None:
    layer = layer_of("EPSG:4326", "LineString (391390 5817855, 392069 5817840)")
    roads = roads_of_layer(layer, "link_id", crs=QgsCoordinateReferenceSystem("EPSG:25833"))
    assert roads.read(np.array([0]), lambda _: None, lambda: False).srid_wkt_or_auth == "EPSG:25833"


@pytest.mark.parametrize(("crs", "words"), [("", "do not say"), ("EPSG:4326", "no degrees")])
def test_the_run_dialog_finds_out_before_a_run(crs: str, words: str) -> None:
    layer = layer_of(crs, "LineString (391390 5817855, 392069 5817840)")
    look = match_in_layer(QgsVectorLayerFeatureSource(layer), layer.name(), 0, np.array([0]))
    task = Task("looking")
    with pytest.raises(UnsuitableSystem, match=f"'streets' .*{words}"):
        look(task)
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:25833"))
    found = match_in_layer(QgsVectorLayerFeatureSource(layer), layer.name(), 0, np.array([0, 5]))(task)
    assert (found.links, found.asked, found.matched) == (1, 2, 1)


def test_an_unknown_system_is_not_known() -> None:
    assert not is_known(QgsCoordinateReferenceSystem())
    assert text_of(QgsCoordinateReferenceSystem()) == ""


# -- lengths on a page


@pytest.mark.parametrize("ellipsoid", ["NONE", "EPSG:7030"])
@pytest.mark.parametrize("latitude", [0.0, 52.5, 69.0, -36.8])
@pytest.mark.parametrize("system", ["EPSG:3857", "EPSG:4326", "utm"])
def test_a_scale_bar_is_as_long_as_it_says(system: str, latitude: float, ellipsoid: str) -> None:
    name = f"EPSG:{32633 if latitude >= 0 else 32733}" if system == "utm" else system
    crs = QgsCoordinateReferenceSystem(name)
    project = QgsProject()
    project.setEllipsoid(ellipsoid)
    way = QgsCoordinateTransform(QgsCoordinateReferenceSystem("EPSG:4326"), crs, project)
    extent = way.transformBoundingBox(QgsRectangle(14.9, latitude - 0.05, 15.1, latitude + 0.05))
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    palette = PALETTES["light"]
    item = add_map(layout, layer_of(name), Box(0, 0, 200, 150), extent, crs, None, palette.ground, "map")
    bar = add_scale_bar(layout, item, Box(200, 0, 45, 0), palette, 1.0)
    shown = item.extent()
    assert bar.units() == Qgis.DistanceUnit.Unknown  # those of the map
    width = bar.unitsPerSegment() * bar.numberOfSegments()
    back = QgsCoordinateTransform(crs, QgsCoordinateReferenceSystem("EPSG:4326"), project)
    centre = shown.center()
    ends = [back.transform(QgsPointXY(centre.x() + side * width / 2, centre.y())) for side in (-1, 1)]
    says = bar.unitsPerSegment() * bar.numberOfSegments() / bar.mapUnitsPerScaleBarUnit()
    says *= 1 if bar.unitLabel() == "km" else 0.001
    assert length_on_earth(*((point.x(), point.y()) for point in ends)) == pytest.approx(says, rel=2e-3)
    assert width / shown.width() * item.rect().width() <= 45


def test_a_plane_of_feet_has_a_scale_bar_in_metres() -> None:
    crs = find_system(WORKS)
    assert metres_per_unit(crs, QgsRectangle(0, 0, 1000, 500)) == pytest.approx(0.3048)


def test_a_map_in_degrees_of_a_system_without_a_code_is_drawn_in_metres(tmp_path: Path) -> None:
    crs = find_system("+proj=longlat +ellps=bessel +no_defs")
    _, layer = map_of(tmp_path / "map.gpkg", text_of(crs), "LineString (13.4 52.5, 13.41 52.5)")
    assert local_crs(layer).authid() == "EPSG:32633"
