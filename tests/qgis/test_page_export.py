"""Pages as files: place on earth, metadata, fonts, layers, and pictures that are too large."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from osgeo import gdal, osr
from qgis.core import QgsLayoutItemPage, QgsProject, QgsRectangle, QgsVectorLayer

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.file_kinds import PAGE_KINDS, TIFF
from roadpulse.mapping.layout import export
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

A4 = (297.0, 210.0)
MILE = QgsRectangle(499_500, 5_999_300, 501_500, 6_000_700)


@pytest.fixture(scope="module")
def map_file(qgis_app: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.gpkg"
    maps.write(path)
    return path


@pytest.fixture
def layer(map_file: Path) -> QgsVectorLayer:
    return QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")


def page_of(layer: QgsVectorLayer, **options: object) -> SpeedPage:
    wanted = PageOptions(title="Small town", frame=8, extent=MILE, orientation="landscape", **options)
    return speed_page(QgsProject.instance(), layer, style_layer(layer), wanted)


def place_of_page(page: SpeedPage) -> tuple[float, float, float]:
    """West and north of the page's corner, and metres a millimetre: the map fills its left part."""
    shown = page.map_item.extent()
    width = page.layout.itemById("column").pos().x()  # where the map ends
    return shown.xMinimum(), shown.yMaximum(), shown.width() / width


@pytest.mark.parametrize(
    ("ending", "layers", "tolerance"), [("pdf", False, 1.0), ("pdf", True, 1.0), ("tif", False, 0.01)]
)
def test_a_reader_of_places_finds_the_corners_of_the_page(
    layer: QgsVectorLayer, tmp_path: Path, ending: str, layers: bool, tolerance: float
) -> None:
    page, path = page_of(layer), tmp_path / f"page.{ending}"
    export_page(page, path, dpi=96, layers=layers)
    west, north, metres = place_of_page(page)
    opened = gdal.Open(str(path))
    left, across, skew, top, other_skew, down = opened.GetGeoTransform()
    assert (skew, other_skew) == pytest.approx((0, 0), abs=1e-9)
    assert (left, top) == pytest.approx((west, north), abs=2 * tolerance)
    right, bottom = left + across * opened.RasterXSize, top + down * opened.RasterYSize
    assert (right, bottom) == pytest.approx((west + metres * A4[0], north - metres * A4[1]), abs=12)
    assert osr.SpatialReference(opened.GetProjection()).GetAuthorityCode(None) == "32630"


def test_a_world_file_has_the_place_of_its_picture(layer: QgsVectorLayer, tmp_path: Path) -> None:
    path = tmp_path / "page.tif"
    export_page(page_of(layer), path, dpi=96)
    left, across, _, top, _, down = gdal.Open(str(path)).GetGeoTransform()
    numbers = [float(line) for line in (tmp_path / "page.tfw").read_text().splitlines()]
    assert numbers == pytest.approx([across, 0, 0, down, left + across / 2, top + down / 2], abs=1e-9)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["page.tfw", "page.tif"]


def test_a_tiff_has_the_points_of_a_png(layer: QgsVectorLayer, tmp_path: Path) -> None:
    page = page_of(layer)
    export_page(page, tmp_path / "page.png", dpi=150)
    export_page(page, tmp_path / "page.tiff", dpi=150)
    png, tiff = (gdal.Open(str(tmp_path / name)) for name in ("page.png", "page.tiff"))
    assert (tiff.RasterXSize, tiff.RasterYSize) == (1754, 1240)
    for band in (1, 2, 3):
        assert tiff.GetRasterBand(band).Checksum() == png.GetRasterBand(band).Checksum()
    assert tiff.GetMetadata()["TIFFTAG_XRESOLUTION"] == "150"


@pytest.mark.parametrize("layers", [False, True])
def test_a_pdf_is_clean_and_holds_its_fonts_and_its_title(
    layer: QgsVectorLayer, tmp_path: Path, layers: bool
) -> None:
    path = tmp_path / "page.pdf"
    project = QgsProject.instance()
    before, dirty = project.metadata().title(), project.isDirty()
    export_page(page_of(layer), path, dpi=96, layers=layers)
    assert (project.metadata().title(), project.isDirty()) == (before, dirty)
    subprocess.run(["qpdf", "--check", path], check=True, capture_output=True)
    told = {
        tool: subprocess.run([tool, path], check=True, capture_output=True, text=True).stdout
        for tool in ("pdfinfo", "pdffonts")
    }
    assert re.search(r"^Title:\s+Small town$", told["pdfinfo"], re.MULTILINE)
    fonts = told["pdffonts"].splitlines()[2:]
    assert fonts
    assert all(re.search(r"\s(yes)\s+(yes|no)\s+yes\s+\d+\s+0$", font) for font in fonts), fonts
    named = gdal.Open(str(path)).GetMetadata("LAYERS").values()
    assert any("Speeds" in name for name in named) is layers


def test_a_pdf_with_layers_is_drawn_to_its_edges(layer: QgsVectorLayer, tmp_path: Path) -> None:
    sizes, edges = [], []
    for layers in (False, True):
        export_page(page_of(layer), tmp_path / "page.pdf", dpi=96, layers=layers)
        drawn = ["pdftoppm", "-r", "72", "-singlefile", "-png", tmp_path / "page.pdf", tmp_path / "page"]
        subprocess.run(drawn, check=True)
        points = gdal.Open(str(tmp_path / "page.png")).ReadAsArray()
        sizes.append(points.shape)
        edges.append([points[:, 0, 20].tolist(), points[:, -1, 20].tolist(), points[:, 300, 0].tolist()])
    assert sizes[0] == sizes[1] == (3, 595, 842)
    assert edges[0] == edges[1] and [255, 255, 255] not in edges[1]


def test_a_picture_that_qt_cannot_draw_is_refused_before_it_is_drawn(
    layer: QgsVectorLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "free_megabytes", lambda: 0.0)
    page = page_of(layer, paper="A0")
    with pytest.raises(MapError, match="28,087 × 19,866 points, and no picture can be so large") as caught:
        export_page(page, tmp_path / "page.png", dpi=600)
    most = int(re.search(r"(\d+) dpi is the most here", caught.value.message)[1])
    assert (
        4 * (1189 / 25.4 * most) * (841 / 25.4 * most)
        < 2**31
        < 4 * (1189 / 25.4 * (most + 1)) * (841 / 25.4 * (most + 1))
    )
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_memory_has_no_room_for_is_refused_with_numbers(
    layer: QgsVectorLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "free_megabytes", lambda: 30.0)
    with pytest.raises(MapError, match="it takes 35 MB of memory, of which 30 MB are free"):
        export_page(page_of(layer), tmp_path / "page.tif", dpi=300)
    assert list(tmp_path.iterdir()) == []
    export_page(page_of(layer), tmp_path / "page.tif", dpi=96)


@pytest.mark.parametrize("ending", ["png", "svg", "tif"])
def test_a_layout_of_two_pages_goes_into_a_pdf_alone(
    layer: QgsVectorLayer, tmp_path: Path, ending: str
) -> None:
    page = page_of(layer)
    page.layout.pageCollection().addPage(QgsLayoutItemPage(page.layout))
    with pytest.raises(MapError, match=f"page.{ending} can hold one page, and the layout has 2"):
        export_page(page, tmp_path / f"page.{ending}", dpi=50)
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_file_beside_a_tiff_is_kept(layer: QgsVectorLayer, tmp_path: Path) -> None:
    (tmp_path / "page.tfw").write_text("a diary")
    with pytest.raises(MapError, match="not a world file"):
        export_page(page_of(layer), tmp_path / "page.tif", dpi=50)
    assert [each.name for each in tmp_path.iterdir()] == ["page.tfw"]


def test_each_kind_of_page_has_a_writer() -> None:
    assert set(export._WRITERS) == set(PAGE_KINDS)
    assert TIFF in PAGE_KINDS
