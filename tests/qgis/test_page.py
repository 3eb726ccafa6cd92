"""What a page shows: the whole extent, on the paper that suits it; empty maps; clean PDFs; numbers."""

from __future__ import annotations

import math
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Callable

import numpy as np
import pytest
from qgis.core import (
    QgsLayoutExporter,
    QgsLayoutItemMap,
    QgsNumericFormatContext,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.film.moments import Moment
from roadpulse.mapping.film.pictures import Painter, links_of, picture_at
from roadpulse.mapping.layout import page as page_module
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.facts import busy_extent, fill
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer.geopackage import write_geopackage
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")


def page_of(layer: QgsVectorLayer, **options: object) -> SpeedPage:
    style = style_layer(layer)
    return speed_page(QgsProject.instance(), layer, style, PageOptions(title="Small town", **options))


def paper_of(page: SpeedPage) -> tuple[float, float]:
    size = page.layout.pageCollection().page(0).pageSize()
    return size.width(), size.height()


def corridor(path: Path, turned: bool = False) -> QgsVectorLayer:
    """60 links of a motorway, 60 km from west to east, that swings 10 km about its line; or turned."""
    at = [(500_000 + 1000 * k, 5_400_000 + 5000 * math.sin(k / 6)) for k in range(61)]
    if turned:
        at = [(500_000 + y - 5_400_000, 5_400_000 + x - 500_000) for x, y in at]
    ends = [(f"{a[0]} {a[1]}", f"{b[0]} {b[1]}") for a, b in zip(at, at[1:])]
    return maps.write_lines(path, [f"LineString ({start}, {end})" for start, end in ends])


def links_on(page: SpeedPage, layer: QgsVectorLayer) -> int:
    return sum(page.map_item.extent().contains(link.geometry().boundingBox()) for link in layer.getFeatures())


def frames_of(page: SpeedPage) -> list[QgsLayoutItemMap]:
    return [item for item in page.layout.items() if isinstance(item, QgsLayoutItemMap)]


def test_type_grows_less_than_paper_and_the_map_has_the_rest(tmp_path: Path) -> None:
    """A0 is four times as wide as A4; its type is a little more than twice as large."""
    layer = corridor(tmp_path / "map.gpkg")
    small, large = page_of(layer), page_of(layer, paper="A0")
    sizes = [page.layout.itemById("title").textFormat().size() for page in (small, large)]
    assert paper_of(large) == (1189.0, 841.0)
    assert 2 < sizes[1] / sizes[0] < 2.6
    assert large.map_item.rect().width() / 1189 > small.map_item.rect().width() / 297 + 0.1


@pytest.mark.parametrize("paper", ["A4", "frame"])
def test_a_long_road_is_on_the_page_from_end_to_end(tmp_path: Path, paper: str) -> None:
    layer = corridor(tmp_path / "map.gpkg")
    page = page_of(layer, paper=paper)
    assert links_on(page, layer) >= 56  # all but the outermost 3 % at either end
    assert paper_of(page)[0] > paper_of(page)[1]


def test_every_map_of_a_page_shows_the_extent_whole(tmp_path: Path) -> None:
    layer = corridor(tmp_path / "map.gpkg")
    extent = layer.extent()
    page = page_of(layer, extent=extent)
    assert len(frames_of(page)) == 5
    assert all(item.extent().contains(extent) for item in frames_of(page))
    filled = page_of(layer, extent=extent, cut=True)
    assert all(extent.contains(item.extent()) for item in frames_of(filled))
    assert filled.map_item.extent().height() == pytest.approx(extent.height())


def test_paper_is_turned_where_that_shows_more(tmp_path: Path) -> None:
    layer = corridor(tmp_path / "map.gpkg", turned=True)
    page = page_of(layer)
    assert paper_of(page) == (210.0, 297.0)
    assert links_on(page, layer) >= 56
    column = page.layout.itemById("column").sceneBoundingRect()
    assert (column.right(), column.bottom()) == pytest.approx((210.0, 297.0))
    upright = page_of(layer, orientation="landscape")
    assert paper_of(upright) == (297.0, 210.0)
    assert upright.map_item.scale() > 1.3 * page.map_item.scale()
    assert paper_of(page_of(layer, paper="frame"))[0] > 300
    assert paper_of(page_of(layer, paper="A3", cut=True)) == (297.0, 420.0)
    assert paper_of(page_of(corridor(tmp_path / "east.gpkg"), orientation="portrait")) == (210.0, 297.0)


def test_the_frame_about_an_extent_and_the_largest_part_inside() -> None:
    extent = QgsRectangle(0, 0, 6000, 1000)
    whole, part = fill(extent, 1.5), fill(extent, 1.5, cut=True)
    assert (whole.width(), whole.height()) == (6000, 4000)
    assert (part.width(), part.height()) == (1500, 1000)
    assert whole.center() == part.center() == extent.center()


@pytest.mark.parametrize(
    "line",
    ["LineString (0 0, 900 0)", "LineString (0 0, 0 900)", "LineString (500007 6000007, 500007 6000007)"],
)
def test_a_single_link_has_a_page_whatever_its_direction(tmp_path: Path, line: str) -> None:
    layer = maps.write_lines(tmp_path / "map.gpkg", [line])
    page = page_of(layer)
    shown = page.map_item.extent()
    assert links_on(page, layer) == 1 or shown.contains(layer.extent().center())
    assert 80 <= shown.width() <= 2000  # metres
    assert page.layout.itemById("scale bar").unitsPerSegment() > 0


def test_an_extent_that_cannot_be_shown_is_refused_in_words(tmp_path: Path) -> None:
    layer = maps.write_lines(tmp_path / "map.gpkg", ["LineString (9 48, 9.1 48)"], "EPSG:4326")
    assert not page_of(layer).map_item.crs().isGeographic()
    for extent in (QgsRectangle(9, 95, 10, 120), QgsRectangle(9, 48, math.inf, 49)):
        with pytest.raises(MapError, match="cannot be shown"):
            page_of(layer, extent=extent)


# -- empty maps -------------------------------------------------------------------------------------


@pytest.fixture(params=["nothing matched", "nothing found"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> QgsVectorLayer:
    path = tmp_path / "map.gpkg"
    if request.param == "nothing found":
        return maps.write_lines(path, [], "EPSG:4326")
    nowhere = LinkGeometry(np.zeros(0, np.int64), maps.column(), "EPSG:4326", maps.column(), maps.column())
    report = maps.write(path, nowhere)
    assert (report.link_rate, report.point_rate, report.km_rate) == (0, 0, 0)
    return QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")


def test_an_empty_map_has_a_page_that_says_why(empty: QgsVectorLayer, tmp_path: Path) -> None:
    page = page_of(empty, frame=8)
    words = page.layout.itemById("nothing").text()
    assert words == page.nothing
    assert ("none of the 5 links" in words) != ("found no point" in words)
    assert page.layout.itemById("scale bar") is None
    for name in ("page.png", "page.pdf"):
        export_page(page, tmp_path / name, dpi=50)
        assert (tmp_path / name).stat().st_size > 1000
    given = page_of(empty, extent=QgsRectangle(9, 48, 9.5, 48.2))
    assert given.nothing and given.map_item.extent().width() > 0


def test_an_empty_map_has_a_film(empty: QgsVectorLayer, tmp_path: Path) -> None:
    page = page_of(empty, paper="frame", film=True)
    painter = Painter(page.layout, links_of(page), (160, 90))
    assert [painter.draw(picture_at(page, Moment(at))).isNull() for at in (3, 8)] == [False, False]


def test_an_empty_map_is_styled_with_usual_limits(empty: QgsVectorLayer) -> None:
    for statistic in ("mean", "std", "p85"):
        assert StyleOptions.from_run_table(empty, statistic=statistic).limits[:3] == (0, 5, 10)
    assert busy_extent(MapFile.of(empty)).isNull()


@pytest.mark.parametrize(("dropped", "apart"), [(0, True), (50, False)])
def test_a_page_says_each_direction_for_itself_only_where_both_were_read(
    tmp_path: Path, dropped: int, apart: bool
) -> None:
    """An earlier version left out a direction in the sign of the link id."""
    manifest = {"points": {"reasons": {"negative_link": dropped}}}
    lines = ["LineString (500000 5400000, 501000 5400000)", "LineString (501000 5400000, 500000 5400000)"]
    page = page_of(maps.write_lines(tmp_path / "map.gpkg", lines, manifest=manifest))
    words = page.layout.itemById("sources").text()
    assert ("each direction for itself" in words) is apart
    assert ("one direction may be missing" in words) is not apart


@pytest.mark.parametrize(("n_back", "apart"), [(0, False), (1, False), (4, True), (20, True)], ids=str)
def test_a_page_tells_directions_apart_only_where_links_are_directed(
    tmp_path: Path, n_back: int, apart: bool
) -> None:
    """Of 40 roads some have a link of their own for the way back; a single one may be a loop."""
    there = [f"LineString (500000 {5400000 + n}, 501000 {5400000 + n})" for n in range(40)]
    back = [f"LineString (501000 {5400000 + n}, 500900 5390000, 500000 {5400000 + n})" for n in range(n_back)]
    layer = maps.write_lines(tmp_path / "map.gpkg", [*there, *back])
    assert ("each direction" in page_of(layer).layout.itemById("sources").text()) is apart


def test_a_map_of_an_earlier_version_has_directed_links(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    layer = maps.write_lines(path, ["LineString (500000 5400000, 501000 5400000)"])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE run SET value = json_remove(value, '$.directed') WHERE key = 'drawn'")
    assert "each direction for itself" in page_of(layer).layout.itemById("sources").text()


# -- PDFs and numbers -------------------------------------------------------------------------------


def test_a_pdf_is_clean_and_its_texts_are_found(tmp_path: Path) -> None:
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    path = tmp_path / "page.pdf"
    export_page(page_of(layer, frame=8, extent=QgsRectangle(499_900, 5_999_400, 501_100, 6_000_600)), path)
    drawn = subprocess.run(["pdftoppm", "-r", "30", path, tmp_path / "p"], capture_output=True, check=True)
    assert drawn.stderr == b""
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
    words = subprocess.run(
        ["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True
    ).stdout
    for text in ("Small town", "Mean speed (mph)", "too few trips"):
        assert text in words


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("ar_EG", ["٠", "٢٫٥", "٥", "٢٥٠"]),
        ("fa_IR", ["0", "2.5", "5", "250"]),  # as all numbers among English words
        ("de_DE", ["0", "2,5", "5", "250"]),
        ("en_GB", ["0", "2.5", "5", "250"]),
    ],
)
def test_numbers_of_the_scale_bar_are_short_in_every_locale(
    tmp_path: Path, locale: str, expected: list[str], speak: Callable[[str], None]
) -> None:
    speak(locale)
    page = page_of(corridor(tmp_path / "map.gpkg"))
    numbers = page.layout.itemById("scale bar").numericFormat()
    values = (0.0, 2.5, 5.0, 249.99999999999994)  # the last as QGIS computes a segment of 250 m
    written = [numbers.formatDouble(value, QgsNumericFormatContext()) for value in values]
    assert written == expected


@pytest.mark.parametrize(("most", "pictures"), [(60, 0), (59, 4)])
def test_small_maps_of_many_links_are_pictures_in_a_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, pictures: int
) -> None:
    """A country of links, drawn five times as lines, would be 31 MB."""
    monkeypatch.setattr(page_module, "MOST_AS_LINES", most)
    page = page_of(corridor(tmp_path / "map.gpkg"), frame=8)
    export_page(page, tmp_path / "page.pdf", dpi=72)
    listed = subprocess.run(
        ["pdfimages", "-list", tmp_path / "page.pdf"], capture_output=True, text=True, check=True
    ).stdout
    kinds = [line.split()[2:9:6] for line in listed.splitlines()[2:]]
    assert kinds.count(["image", "image"]) == pictures  # and none a JPEG
    assert all(encoding == "image" for _, encoding in kinds)


def test_a_page_of_a_country_shows_a_direction_with_trips_and_not_the_other_one_in_grey(
    tmp_path: Path,
) -> None:
    """1:1,000,000; westward, drawn later as it has more trips in the day, there are too few at 8."""
    speeds, by_time = maps.speeds(), maps.by_time()
    speeds.loc[speeds["link_id"] == maps.WEST, "n_trips"] = 90
    by_time = by_time[(by_time["link_id"] != maps.WEST) | (by_time["bin"] != "08:00")]
    write_geopackage(tmp_path / "map.gpkg", speeds, by_time, maps.links(), {}, maps.SPEC)
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    page = page_of(layer, frame=8, extent=QgsRectangle(390_000, 5_910_000, 610_000, 6_090_000))
    before = layer.renderer().dump()
    assert page.map_item.scale() > 900_000
    picture = QgsLayoutExporter(page.layout).renderPageToImage(0, dpi=600)
    scale = picture.width() / page.layout.pageCollection().page(0).pageSize().width()
    map_item, extent = page.map_item, page.map_item.extent()
    x = int((500_300 - extent.xMinimum()) / extent.width() * map_item.rect().width() * scale)
    y = int((extent.yMaximum() - 6_000_000) / extent.height() * map_item.rect().height() * scale)
    seen = {QColor(picture.pixel(x, row)).name() for row in range(y - 3, y + 4)}
    assert drawn_colour(layer, maps.SPEED_AT_8) in seen
    assert PALETTES["light"].few.name() not in seen
    assert layer.renderer().dump() == before


def drawn_colour(layer: QgsVectorLayer, speed: float) -> str:
    (found,) = (
        each for each in layer.renderer().ranges()[1:] if each.lowerValue() <= speed < each.upperValue()
    )
    return str(found.symbol().color().name())
