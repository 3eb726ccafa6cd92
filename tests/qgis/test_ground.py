"""What lies under the speeds: the project's quiet layers, built-up areas, base maps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsLayoutExporter,
    QgsMapLayer,
    QgsMapLayerStyle,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice
from qgis.PyQt.QtGui import QColor, QImage

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.ground import reachable
from roadpulse.mapping.ground.built_up import built_up_layer, built_up_text
from roadpulse.mapping.ground.layers import GroundChoice, layers_shown
from roadpulse.mapping.ground.meaning import BORDER, BUILT_UP, GREEN, RAILWAY, ROADS, WATER, meaning_of
from roadpulse.mapping.ground.quiet import COLOURS
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps
from tests.qgis.test_symbology import class_colour

pytestmark = pytest.mark.usefixtures("qgis_app")

EXTENT = QgsRectangle(499_900, 5_999_400, 501_100, 6_000_600)
TILE_COLOUR = "#aa3344"
DPI = 90


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ground") / "map.gpkg"
    maps.write(path)
    return path


def polygons(
    name: str, *boxes: QgsRectangle, field: str = "", values: tuple[str, ...] = ()
) -> QgsVectorLayer:
    """A layer of rectangles, each with a value of `field`."""
    columns = f"&field={field}:string" if field else ""
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:32630{columns}", name, "memory")
    for i, box in enumerate(boxes):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromRect(box))
        if field:
            feature.setAttribute(field, values[i])
        layer.dataProvider().addFeature(feature)
    return layer


@dataclass
class Made:
    """A page in a project of its own, which a layout does not keep alive."""

    page: SpeedPage
    layer: QgsVectorLayer
    project: QgsProject


def page_of(
    file: Path,
    kind: str,
    project: Optional[QgsProject] = None,
    chosen: tuple[QgsMapLayer, ...] = (),
    theme: str = "light",
    extent: QgsRectangle = EXTENT,
) -> Made:
    layer, own = QgsVectorLayer(f"{file}|layername=links", "Speeds", "ogr"), QgsProject()
    own.addMapLayer(layer)
    style = style_layer(layer, StyleOptions.from_run_table(layer, theme=theme))
    ground = GroundChoice(kind, project, chosen)
    options = PageOptions("Town", extent=extent, ground=ground, sources="Trips: us", small_multiples=())
    return Made(speed_page(own, layer, style, options), layer, own)


class Picture:
    """A page as it is exported, asked by place."""

    def __init__(self, made: Made) -> None:
        self.image = QgsLayoutExporter(made.page.layout).renderPageToImage(0, dpi=DPI)
        self.map = made.page.map_item
        self.scale = DPI / 25.4

    def at(self, x: float, y: float) -> str:
        shown, frame = self.map.extent(), self.map.rect()
        across = (x - shown.xMinimum()) / shown.width() * frame.width() * self.scale
        down = (shown.yMaximum() - y) / shown.height() * frame.height() * self.scale
        return str(QColor(self.image.pixel(round(across), round(down))).name())


def words(page: SpeedPage, name: str) -> str:
    return str(page.layout.itemById(name).currentText())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_projects_water_parks_and_towns_lie_under_the_links_in_quiet_colours(
    file: Path, theme: str
) -> None:
    lake = polygons("Gewässer 2024", QgsRectangle(500_100, 5_999_900, 500_300, 6_000_100))
    use = polygons(
        "gis_osm_landuse_a_free_1", QgsRectangle(500_600, 6_000_200, 500_700, 6_000_300),
        QgsRectangle(500_800, 6_000_200, 500_900, 6_000_300),
        QgsRectangle(500_600, 5_999_600, 500_700, 5_999_700),
        field="fclass", values=("forest", "residential", "quarry"),
    )  # fmt: skip
    other = polygons("Isochrones", QgsRectangle(500_800, 5_999_600, 500_900, 5_999_700))
    hidden = polygons("Water, old", QgsRectangle(500_100, 5_999_600, 500_200, 5_999_700))
    project = QgsProject()
    project.addMapLayers([lake, use, other, hidden])
    project.layerTreeRoot().findLayer(hidden.id()).setItemVisibilityChecked(False)
    project.setDirty(False)
    before = [style_xml(layer) for layer in (lake, use, other, hidden)]
    made = page_of(file, "project", project, theme=theme)
    picture, colours = Picture(made), COLOURS[theme]
    plain = PALETTES[theme].ground.name()
    assert picture.at(500_200, 5_999_950) == colours[WATER]
    assert picture.at(500_200, 6_000_003) == class_colour(made.layer, 15.0)  # the main road, over the lake
    assert picture.at(500_650, 6_000_250) == colours[GREEN]
    assert picture.at(500_850, 6_000_250) == colours[BUILT_UP]
    for x, y in ((500_650, 5_999_650), (500_850, 5_999_650), (500_150, 5_999_650)):
        assert picture.at(x, y) == plain
    assert [style_xml(each) for each in (lake, use, other, hidden)] == before
    assert len(project.mapLayers()) == 4 and not project.isDirty()


def style_xml(layer: QgsMapLayer) -> str:
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    return str(style.xmlData())


def test_plain_paper_has_no_ground_and_layers_of_choice_are_drawn_in_its_place(file: Path) -> None:
    lake = polygons("Water", QgsRectangle(500_100, 5_999_900, 500_300, 6_000_100))
    zone = polygons("Zone 30", QgsRectangle(500_600, 6_000_200, 500_700, 6_000_300))
    project = QgsProject()
    project.addMapLayers([lake, zone])
    plain = PALETTES["light"].ground.name()
    made = page_of(file, "none", project)
    assert Picture(made).at(500_200, 5_999_950) == plain
    made = page_of(file, "project", project, (zone,))
    picture = Picture(made)
    assert picture.at(500_200, 5_999_950) == plain
    assert picture.at(500_650, 6_000_250) == COLOURS["light"][BUILT_UP]
    with pytest.raises(MapError, match="ground 'sand'"):
        GroundChoice("sand")


def test_built_up_areas_lie_where_roads_are_close_and_not_about_a_lone_one(tmp_path: Path) -> None:
    """A town of 1,500 m with streets every 100 m, and a road of 8 km out of it."""
    streets = [
        f"LineString ({x} {y}, {x + 100} {y})" for x in range(0, 1500, 100) for y in range(0, 1501, 100)
    ]
    streets += [
        f"LineString ({x} {y}, {x} {y + 100})" for x in range(0, 1501, 100) for y in range(0, 1500, 100)
    ]
    road = [f"LineString ({x} 750, {x + 400} 750)" for x in range(1500, 9500, 400)]
    layer = maps.write_lines(tmp_path / "town.gpkg", streets + road, "EPSG:32630")
    made = page_of(tmp_path / "town.gpkg", "project", QgsProject(), extent=layer.extent())
    picture = Picture(made)
    assert picture.at(450, 450) == COLOURS["light"][BUILT_UP]
    assert picture.at(6_000, 1_000) == picture.at(6_000, -500) == PALETTES["light"].ground.name()


@pytest.mark.parametrize(
    ("name", "geometry", "meaning"),
    [
        ("Water", "Polygon", WATER), ("Gewässerflächen: See", "Polygon", WATER),
        ("plan d'eau", "Polygon", WATER),
        ("parques_2023", "Polygon", GREEN), ("WALD", "Polygon", GREEN), ("Espaces verts", "Polygon", GREEN),
        ("Ortslage", "Polygon", BUILT_UP), ("Bâtiments", "Polygon", BUILT_UP), ("Gemeindegrenzen, Kreis",
        "Polygon", BORDER), ("gis_osm_roads_free_1", "LineString", ROADS), ("Straßen", "LineString", ROADS),
        ("rivières", "LineString", WATER), ("railways", "LineString", RAILWAY), ("طرق", "LineString", ROADS),
        ("Schools", "Polygon", None), ("Roads", "Polygon", None), ("Parks", "LineString", None),
        ("Water", "Point", None),
    ],
)  # fmt: skip
def test_a_layers_name_tells_what_it_shows(name: str, geometry: str, meaning: Optional[str]) -> None:
    found = meaning_of(QgsVectorLayer(f"{geometry}?crs=EPSG:4326", name, "memory"))
    assert (found and found.meaning) == meaning


class _Tiles(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        image, data = QImage(256, 256, QImage.Format.Format_RGB32), QByteArray()
        image.fill(QColor(TILE_COLOUR))
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(data.size()))
        self.end_headers()
        self.wfile.write(bytes(data))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def tiles() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def xyz(address: str, name: str) -> QgsRasterLayer:
    return QgsRasterLayer(f"type=xyz&url={address}/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=19&zmin=0", name, "wms")


def with_rights(layer: QgsMapLayer, *rights: str) -> QgsMapLayer:
    metadata = layer.metadata()
    metadata.setRights(list(rights))
    layer.setMetadata(metadata)
    return layer


def test_a_base_map_is_drawn_with_its_attribution_as_text(file: Path, tiles: str) -> None:
    base = with_rights(xyz(tiles, "Base"), '<a href="https://a.example">© Map &amp; Makers</a> [% 1 + 1 %]')
    project = QgsProject()
    project.addMapLayers([base, polygons("Water", QgsRectangle(500_100, 5_999_900, 500_300, 6_000_100))])
    made = page_of(file, "basemaps", project)
    picture = Picture(made)
    assert picture.at(500_200, 5_999_950) == TILE_COLOUR  # and no water
    assert picture.at(500_200, 6_000_003) == class_colour(made.layer, 15.0)
    assert words(made.page, "sources").endswith("Trips: us\n© Map & Makers [% 1 + 1 %]")
    assert made.page.ground.without_attribution == ()


def test_a_long_attribution_has_room_under_the_small_maps(file: Path, tiles: str) -> None:
    base = with_rights(xyz(tiles, "Base"), "Many hands " * 17)
    made = [page_of(file, "basemaps", None, chosen) for chosen in ((), (base,))]
    short, long = (each.page for each in made)
    label = long.layout.itemById("sources")
    assert label.rect().height() >= label.sizeForText().height()
    assert label.pagePos().y() + label.rect().height() < 210
    bars = [page.layout.itemById("scale bar").pagePos().y() for page in (short, long)]
    assert bars[1] < bars[0] < label.pagePos().y() + 30
    assert bars[1] < label.pagePos().y()


@pytest.mark.parametrize("kind", ["xyz", "vector tiles"])
def test_a_server_that_is_away_is_named_and_the_page_made_without_it(
    file: Path, tiles: str, kind: str
) -> None:
    closed = "http://127.0.0.1:1"
    away: QgsMapLayer = xyz(closed, "Away")
    if kind == "vector tiles":
        away = QgsVectorTileLayer(f"type=xyz&url={closed}/%7Bz%7D/%7Bx%7D/%7By%7D.pbf&zmax=14", "Away")
    project = QgsProject()
    project.addMapLayers([away, xyz(tiles, "Here")])
    made = page_of(file, "basemaps", project)
    assert made.page.ground.left_out == ("Away (no picture of this place came from its server)",)
    assert made.page.ground.without_attribution == ("Here",)
    assert Picture(made).at(500_200, 5_999_950) == TILE_COLOUR


def test_a_layout_to_be_edited_asks_no_server(file: Path) -> None:
    away = xyz("http://127.0.0.1:1", "Away")
    layer, project = QgsVectorLayer(f"{file}|layername=links", "Speeds", "ogr"), QgsProject()
    project.addMapLayers([layer, away])
    ground = GroundChoice("basemaps", project, asks_servers=False)
    style = style_layer(layer, StyleOptions.from_run_table(layer))
    page = speed_page(project, layer, style, PageOptions("Town", ground=ground, small_multiples=()))
    assert page.ground.left_out == ()
    assert [drawn.name() for drawn in page.map_item.layers()] == ["Speeds", "Away"]
    assert layers_shown(project) == [layer, away]  # and no copies


def test_a_server_that_does_not_answer_is_not_waited_for(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(reachable, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        layer = xyz(f"http://127.0.0.1:{silent.getsockname()[1]}", "Silent")
        made = page_of(file, "basemaps", None, (layer,))
        assert made.page.ground.left_out == ("Silent (its server did not answer in time)",)


@pytest.mark.parametrize(
    ("address", "attribution"),
    [
        ("https://a.basemaps.cartocdn.com", "© OpenStreetMap contributors, © CARTO"),
        ("https://cartocdn.com.example", ""),
    ],
)
def test_well_known_servers_have_their_attribution(address: str, attribution: str) -> None:
    from roadpulse.mapping.ground.attribution import attribution_of

    assert attribution_of(xyz(address, "Base")) == attribution
    assert attribution_of(with_rights(xyz(address, "Base"), "© Me")) == "© Me"


def test_an_algorithm_draws_the_ground_and_names_what_it_leaves_out(
    processing: Any, file: Path, tmp_path: Path
) -> None:
    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    class Said(QgsProcessingFeedback):
        def __init__(self) -> None:
            super().__init__()
            self.warnings: list[str] = []

        def pushWarning(self, warning: str) -> None:
            self.warnings.append(warning)

    lake = polygons("Zone", QgsRectangle(500_100, 5_999_900, 500_300, 6_000_100))
    project, said = QgsProject(), Said()
    project.addMapLayer(lake)
    context = QgsProcessingContext()
    context.setProject(project)
    made = processing.run(
        "roadpulse:exportlayout",
        {
            "INPUT": f"{file}|layername=links", "GROUND_LAYERS": [lake, xyz("http://127.0.0.1:1", "Away")],
            "DPI": 60, "OUTPUT": str(tmp_path / "page.png"),
        },
        context=context, feedback=said,
    )  # fmt: skip
    picture = QImage(made["OUTPUT"])
    seen = {
        QColor(picture.pixel(x, y)).name() for x in range(0, 480, 4) for y in range(0, picture.height(), 4)
    }
    assert COLOURS["light"][BUILT_UP] in seen
    assert said.warnings == [
        "The map is made without the layer Away (no picture of this place came from its server)."
    ]
    assert list(project.mapLayers()) == [lake.id()]


def test_cities_of_a_country_are_areas_of_their_own() -> None:
    """Three of 11 km across, in degrees, hundreds of kilometres apart, and a motorway between two of them."""
    random = np.random.default_rng(5)
    centres = np.array([[-3.0, 53.0], [1.0, 52.0], [-1.5, 57.0]])
    places = np.concatenate([random.normal(centre, 0.04, (20_000, 2)) for centre in centres])
    road = np.linspace(centres[0], centres[1], 700)
    boxes = np.concatenate([np.hstack([places, places + 0.001]), np.hstack([road, road + 0.01])])
    extent, crs = QgsRectangle(-10, 49, 4, 60), QgsCoordinateReferenceSystem("EPSG:4326")
    areas = [
        feature.geometry() for feature in built_up_layer(built_up_text(boxes, crs, extent), crs).getFeatures()
    ]
    assert len(areas) == len(centres)
    for x, y in centres:
        assert sum(area.contains(QgsPointXY(x, y)) for area in areas) == 1
    nothing = built_up_layer(built_up_text(boxes[:0], crs, extent), crs)
    assert nothing.isValid() and nothing.featureCount() == 0
