"""Page templates: what each map of a page shows is what stands above it, and nothing lies on anything."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsLayoutExporter,
    QgsLayoutItemGroup,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsMapLayerStyle,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.layout.district import District, links_reader
from roadpulse.mapping.layout.page import PageOptions, SpeedPage
from roadpulse.mapping.layout.templates.base import OtherMap, PageInput
from roadpulse.mapping.layout.templates.registry import TEMPLATES, page_template
from roadpulse.mapping.readings import Readings
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

LONG = "Long names of places, their boroughs and all that is said of them in a heading of a page"


def ring(path: Path) -> QgsVectorLayer:
    """A round city: 48 links on a circle of 6 km, and 12 spokes."""
    at = [
        (500_000 + 6000 * math.cos(k / 24 * math.pi), 5_400_000 + 6000 * math.sin(k / 24 * math.pi))
        for k in range(48)
    ]
    lines = [f"LineString ({a[0]} {a[1]}, {b[0]} {b[1]})" for a, b in zip(at, at[1:] + at[:1])]
    lines += [f"LineString (500000 5400000, {x} {y})" for x, y in at[::4]]
    return maps.write_lines(path, lines)


def corridor(path: Path) -> QgsVectorLayer:
    """40 links of a road from west to east, 40 km long."""
    return maps.write_lines(
        path, [f"LineString ({500_000 + 1000 * k} 5400000, {501_000 + 1000 * k} 5400000)" for k in range(40)]
    )


@pytest.fixture(scope="module", params=["round", "corridor"])
def path(request: pytest.FixtureRequest, qgis_app: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param) / "map.gpkg"
    (ring if request.param == "round" else corridor)(path)
    return path


def opened(path: Path) -> QgsVectorLayer:
    """No fixture: the tests' QGIS deletes layers of fixtures."""
    return QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")


def district_of(layer: QgsVectorLayer, name: str = "Old Town", wkt: str = "") -> District:
    polygons = QgsVectorLayer(f"Polygon?crs={layer.crs().authid()}", "Districts", "memory")
    feature = QgsFeature()
    middle = layer.extent().center()
    feature.setGeometry(QgsGeometry.fromWkt(wkt) if wkt else QgsGeometry.fromPointXY(middle).buffer(2500, 8))
    polygons.dataProvider().addFeatures([feature])
    return District(name, polygons, next(polygons.getFeatures()).id())


def contents_of(layer: QgsVectorLayer, **options: Any) -> PageInput:
    style = style_layer(layer)
    title = options.pop("title", "Small town")
    return PageInput(
        QgsProject.instance(), layer, style, PageOptions(title, **{"frame": 8, **options}),
        OtherMap(layer, style, 17), district_of(layer),
    )  # fmt: skip


def maps_of(page: SpeedPage) -> list[QgsLayoutItemMap]:
    found = [item for item in page.layout.items() if isinstance(item, QgsLayoutItemMap)]
    return sorted(found, key=lambda item: (item.pagePos().y(), item.pagePos().x()))


def labels_of(page: SpeedPage, beginning: str) -> dict[str, QgsLayoutItemLabel]:
    return {
        item.id(): item
        for item in page.layout.items()
        if isinstance(item, QgsLayoutItemLabel) and item.id().startswith(beginning)
    }


def hour_of(item: QgsLayoutItemMap) -> str:
    return str(item.temporalRange().begin().toString("HH:mm"))


@pytest.mark.parametrize("key", TEMPLATES)
@pytest.mark.parametrize(
    ("paper", "orientation"), [("A4", "landscape"), ("A4", "portrait"), ("A0", "portrait")]
)
def test_nothing_on_a_page_is_cut_off_or_lies_on_anything(
    path: Path, key: str, paper: str, orientation: str
) -> None:
    layer = opened(path)
    page = page_template(key).build(
        contents_of(layer, paper=paper, orientation=orientation, title=LONG, sources=LONG)
    )
    sheets = [sheet.sceneBoundingRect() for sheet in page.layout.pageCollection().pages()]
    items = [
        item
        for item in page.layout.items()
        if isinstance(item, (QgsLayoutItemLabel, QgsLayoutItemMap, QgsLayoutItemPicture, QgsLayoutItemLegend))
        and not isinstance(item, QgsLayoutItemGroup)
    ]
    boxes = [(item, item.sceneBoundingRect().adjusted(0.2, 0.2, -0.2, -0.2)) for item in items]
    for item, box in boxes:
        assert any(sheet.contains(box) for sheet in sheets), item.id()
    for (one, first), (other, second) in combinations(boxes, 2):
        same_line = {one.id(), other.id()} == {""}  # texts at the left and the right of one line
        assert same_line or not first.intersects(second), (one.id(), other.id())
    for label in (item for item in items if isinstance(item, QgsLayoutItemLabel)):
        needed = label.sizeForText()
        assert needed.height() <= label.rect().height() * 1.25 + 1, label.currentText()


def test_each_map_of_a_day_shows_the_hour_that_stands_above_it(path: Path) -> None:
    layer = opened(path)
    page = page_template("day").build(contents_of(layer))
    items, hours = maps_of(page), labels_of(page, "time ")
    assert [hour_of(item) for item in items] == [f"{hour:02d}:00" for hour in range(24)]
    assert [hours[f"time {n + 1}"].text() for n in range(24)] == [hour_of(item) for item in items]
    assert len({item.extent().toString(3) for item in items}) == 1
    assert len({tuple(item.layerStyleOverrides().values()) for item in items}) == 1


def test_two_hours_side_by_side_are_named_and_alike(path: Path) -> None:
    layer = opened(path)
    page = page_template("pair").build(contents_of(layer))
    first, second = maps_of(page)
    assert (hour_of(first), hour_of(second)) == ("08:00", "17:00")
    assert labels_of(page, "name")["name"].text() == "08:00 – 09:00"
    assert labels_of(page, "name")["name 2"].text() == "17:00 – 18:00"
    assert first.extent().toString(3) == second.extent().toString(3)
    assert first.layerStyleOverrides() == second.layerStyleOverrides()
    assert "0 points" in labels_of(page, "counts")["counts 2"].text()


def test_two_runs_side_by_side_have_the_limits_of_the_first(tmp_path: Path) -> None:
    layer, after = ring(tmp_path / "before.gpkg"), ring(tmp_path / "after.gpkg")
    after.setName("After the works")
    style = style_layer(layer)
    other = replace(style_layer(after), limits=(0.0, 1.0, 2.0))
    before = after.renderer().dump()
    contents = replace(contents_of(layer), other=OtherMap(after, other, 8))
    page = page_template("pair").build(contents)
    first, second = maps_of(page)
    assert second.layers() == [after]
    limits = [limits_in(item, shown) for item, shown in ((first, layer), (second, after))]
    assert limits[0] == limits[1] and style.limits[1] in limits[1]
    assert labels_of(page, "name")["name 2"].text() == "After the works"
    assert after.renderer().dump() == before
    with pytest.raises(MapError, match="mph and km/h"):
        page_template("pair").build(replace(contents, other=OtherMap(after, replace(other, unit="km/h"), 8)))


def test_an_atlas_has_a_page_for_each_zoom(path: Path) -> None:
    layer = opened(path)
    page = page_template("atlas").build(contents_of(layer, paper="A3"))
    items = sorted(maps_of(page), key=lambda item: item.sceneBoundingRect().top())
    sheets = page.layout.pageCollection()
    assert sheets.pageCount() == len(items) >= 2
    assert [sheets.pageNumberForPoint(item.sceneBoundingRect().center()) for item in items] == list(
        range(len(items))
    )
    assert 10_000 < items[-1].scale() < 25_010
    assert all(one.scale() > 1.999 * other.scale() for one, other in zip(items, items[1:]))
    assert {hour_of(item) for item in items} == {"08:00"}
    titles = [item for item in page.layout.items() if item.type() == items[0].type() + 2]
    assert sum(label.id() == "title" for label in titles) == len(items)


def limits_in(item: QgsLayoutItemMap, layer: QgsVectorLayer) -> list[float]:
    copy = layer.clone()
    QgsMapLayerStyle(item.layerStyleOverrides()[layer.id()]).writeToLayer(copy)
    return [each.upperValue() for each in copy.renderer().ranges()]


def test_zooms_go_from_all_links_to_1_to_25000_each_inside_of_the_one_before(path: Path) -> None:
    layer = opened(path)
    page = page_template("zooms").build(contents_of(layer))
    items = maps_of(page)
    scales = [item.scale() for item in items]
    assert scales == sorted(scales, reverse=True) and len(scales) >= 2
    assert scales[-1] == pytest.approx(25_000, rel=0.001)
    assert items[0].extent().contains(layer.extent())
    for outer, inner in zip(items, items[1:]):
        assert outer.overviews().overview(0).linkedMap() is inner
        assert outer.extent().buffered(1).contains(inner.extent())
    words = labels_of(page, "zoom ")
    assert words[f"zoom {len(items)}"].text().endswith("1:25,000")
    assert {hour_of(item) for item in items} == {"08:00"}


@pytest.mark.parametrize("key", ["pair", "zooms"])
def test_frames_of_a_square_network_are_hardly_higher_than_it(tmp_path: Path, key: str) -> None:
    """On landscape paper two frames side by side have room for nearly twice the height of a square."""
    layer = square(tmp_path / "map.gpkg")
    page = page_template(key).build(contents_of(layer, orientation="landscape"))
    items = maps_of(page)
    assert len(items) == 2
    for item in items:
        assert item.rect().height() <= 1.55 * item.rect().width()
        assert item.rect().width() > 100
    if key == "zooms":
        assert items[0].scale() >= 2 * items[1].scale()
        assert items[0].scale() < 50_000  # where 1:25,000 would show hardly less


def square(path: Path) -> QgsVectorLayer:
    """A lattice of 11 × 11 streets, 3.4 km long."""
    at, far = [340 * i for i in range(11)], 3400
    across = [f"LineString (500000 {6000000 + y}, {500000 + far} {6000000 + y})" for y in at]
    down = [f"LineString ({500000 + x} 6000000, {500000 + x} {6000000 + far})" for x in at]
    return maps.write_lines(path, across + down)


def town_at(folder: Path) -> QgsVectorLayer:
    maps.write(folder / "map.gpkg")
    return opened(folder / "map.gpkg")


def test_a_district_counts_the_part_of_each_link_inside(tmp_path: Path) -> None:
    """400 m of the main road's 1000 m, eastward at 3 and westward at 22 mph, and North Street not at all."""
    town = town_at(tmp_path)
    box = "Polygon ((500000 5999900, 500400 5999900, 500400 6000100, 500000 6000100, 500000 5999900))"
    district = district_of(town, wkt=box)
    links = links_reader(town, style_layer(town), district, QgsProject.instance(), Readings())()
    assert sorted(links.metres.tolist()) == pytest.approx([400, 400], abs=1)
    assert links.mean(8) == pytest.approx((3 + 22) / 2, abs=0.02)
    assert links.mean(3) == pytest.approx(28, abs=0.02)  # westward there are too few trips
    assert math.isnan(links.mean(4))
    (street,) = links.worst(8, 10)
    assert (street.name, round(street.metres), round(street.value, 1)) == ("Main Road", 800, 12.5)


def test_bars_end_on_whole_dots_of_a_picture(path: Path) -> None:
    """A row through the bars has their grey and the paper's white, and nothing half between."""
    page = page_template("day").build(contents_of(opened(path), frame=None))
    drawn = QgsLayoutExporter(page.layout).renderPageToImage(0, QSize(3508, 2480), 300)
    place, dots = page.layout.itemById("track").sceneBoundingRect(), 3508 / 297
    places = range(round(place.left() * dots), round(place.right() * dots))
    # Each bin has a bar of at least one dot, on the line at the bottom.
    rows = (round((place.bottom() - 0.35) * dots) - up for up in (1, 2))
    seen = [{drawn.pixelColor(x, row).red() for x in places} for row in rows]
    row = next(each for each in seen if len(each) > 1)
    light, dark = max(row), min(row)
    assert light - dark > 30
    assert all(min(light - value, value - dark) < 0.25 * (light - dark) for value in row), sorted(row)


def test_a_district_without_links_and_one_without_a_shape_are_named(tmp_path: Path) -> None:
    town = town_at(tmp_path)
    far = "Polygon ((700000 5999900, 700400 5999900, 700400 6000100, 700000 5999900))"
    contents = replace(contents_of(town), district=district_of(town, "Far Hills", far))
    page = page_template("district").build(contents)
    assert page.layout.itemById("nothing").text() == "No link of the map lies in Far Hills."
    with pytest.raises(MapError, match="'Nowhere' has no shape"):
        page_template("district").build(replace(contents, district=District("Nowhere", town, 10_000)))


def test_what_a_template_lacks_is_said_in_words(tmp_path: Path) -> None:
    town = town_at(tmp_path)
    contents = replace(contents_of(town), other=None, district=None)
    with pytest.raises(MapError, match="choose a second map"):
        page_template("pair").build(contents)
    with pytest.raises(MapError, match="choose a polygon layer"):
        page_template("district").build(contents)
    with pytest.raises(MapError, match="values by bin"):
        page_template("day").build(replace(contents, style=replace(contents.style, packed="")))
    with pytest.raises(MapError, match="no template 'poster'"):
        page_template("poster")


@pytest.mark.parametrize("key", TEMPLATES)
def test_an_empty_map_has_a_page_of_each_template_that_says_why(tmp_path: Path, key: str) -> None:
    empty = maps.write_lines(tmp_path / "map.gpkg", [], "EPSG:4326")
    style = style_layer(empty)
    wards = district_of(empty, wkt="Polygon ((9 48, 9.1 48, 9.1 48.1, 9 48))")
    contents = PageInput(
        QgsProject.instance(),
        empty,
        style,
        PageOptions("Nowhere", frame=8),
        OtherMap(empty, style, 17),
        wards,
    )
    page = page_template(key).build(contents)
    assert "Nothing is on this map" in page.nothing
    assert page.layout.itemById("nothing").text() == page.nothing
    picture = QgsLayoutExporter(page.layout).renderPageToImage(0, QSize(300, 212))
    assert not picture.isNull()
