"""Pages of each template and theme as drawn, against reference pictures that a person has looked at."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsLayoutExporter, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QImage

from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.layout.district import District
from roadpulse.mapping.layout.page import PageOptions
from roadpulse.mapping.layout.templates.base import OtherMap, PageInput
from roadpulse.mapping.layout.templates.own import SHIPPED
from roadpulse.mapping.layout.templates.registry import TEMPLATES, page_template
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer.geopackage import write_geopackage
from tests.qgis import speed_maps as maps
from tests.qgis.test_style_pictures import REFERENCE, pixels

SIZE = QSize(340, 240)
TOLERANCE = 6.0
"""Mean difference of pixels (0 to 255) that other versions of Qt, and other fonts, may draw."""

OWN = {path.stem: str(path) for path in sorted(SHIPPED.glob("*.qpt"))}
PAGES = {**{key: key for key in TEMPLATES}, **OWN}


def roads() -> Iterator[tuple[str, str, str]]:
    """A round town: a ring of 24 links, 6 spokes of 4, a street between each two; WKT, name and class."""

    def at(radius: float, turn: float) -> str:
        return f"{500000 + radius * math.sin(turn)} {6000000 + radius * math.cos(turn)}"

    step = math.pi / 12
    for k in range(24):
        yield f"LineString ({at(2000, k * step)}, {at(2000, (k + 1) * step)})", "Ring Road", "primary"
    for k in range(0, 24, 4):
        for part in range(4):
            yield (
                f"LineString ({at(500 * part, k * step)}, {at(500 * (part + 1), k * step)})",
                f"Gate Street {k // 4 + 1}", "secondary",
            )  # fmt: skip
        yield f"LineString ({at(1000, k * step)}, {at(1000, (k + 4) * step)})", "Old Wall", "residential"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, qgis_app: object) -> Path:
    """The town, slow towards its middle and at eight and five."""
    lines, names, classes = (maps.column(*values) for values in zip(*roads()))
    ids = np.arange(1, len(lines) + 1, dtype=np.int64)
    shapes = [QgsGeometry.fromWkt(line) for line in lines]
    apart = np.array([shape.centroid().asPoint().distance(500000, 6000000) for shape in shapes])
    usual = 8 + apart / 80
    rows = [
        (link, f"{hour:02d}:00", 20 + 5 * hour, 1 if hour in (2, 3, 4) else 9,
         float(speed) / (2 if hour in (8, 17) else 1))
        for hour in range(24)
        for link, speed in zip(ids.tolist(), usual.tolist())
    ]  # fmt: skip
    by_bin = pd.DataFrame(rows, columns=["link_id", "bin", "n_points", "n_trips", "mean"])
    whole = pd.DataFrame({"link_id": ids, "n_points": 1900, "n_trips": 90, "mean": usual})
    geometry = LinkGeometry(
        ids, maps.column(*(maps.wkb(line) for line in lines)), "EPSG:32630", names=names, classes=classes
    )
    path = tmp_path_factory.mktemp("pages") / "map.gpkg"
    write_geopackage(path, maps._statistics(whole), maps._statistics(by_bin), geometry, {}, maps.SPEC)
    return path


def contents_of(path: Path, key: str, theme: str) -> PageInput:
    layer = QgsVectorLayer(f"{path}|layername=links", "Town", "ogr")
    style = style_layer(layer, StyleOptions.from_run_table(layer, theme=theme))
    wards = QgsVectorLayer("Polygon?crs=EPSG:32630", "Wards", "memory")
    ward = QgsFeature()
    ward.setGeometry(QgsGeometry.fromWkt("Point (500600 6000300)").buffer(1100, 2))
    wards.dataProvider().addFeatures([ward])
    district = District("East", wards, next(wards.getFeatures()).id())
    title, frame = "East" if key == "district" else "Town", None if key == "day" else 8
    options = PageOptions(title, frame=frame, sources="A town drawn by hand")
    return PageInput(QgsProject.instance(), layer, style, options, OtherMap(layer, style, 17), district)


@pytest.mark.parametrize(
    ("key", "theme"),
    [*((key, theme) for key in TEMPLATES for theme in ("light", "dark")), *((key, "light") for key in OWN)],
)
def test_a_page_looks_as_it_was_looked_at(town: Path, key: str, theme: str, tmp_path: Path) -> None:
    contents = contents_of(town, key, theme)
    page = page_template(PAGES[key]).build(contents)
    # Drawn larger, so that hairlines and type come out alike wherever it is drawn.
    drawn = QgsLayoutExporter(page.layout).renderPageToImage(0, SIZE * 4)
    picture = _smaller(drawn)
    reference = REFERENCE / f"page-{key}-{theme}.png"
    if os.environ.get("ROADPULSE_WRITE_REFERENCE"):
        picture.save(str(reference), "PNG", 0)
    expected = QImage(str(reference)).convertToFormat(QImage.Format.Format_RGB32)
    picture.save(str(tmp_path / reference.name))
    assert picture.size() == expected.size()
    difference = np.abs(pixels(picture) - pixels(expected)).mean()
    assert difference <= TOLERANCE, f"{difference:.1f}; see {tmp_path / reference.name}"


def test_another_hour_and_another_theme_are_other_pictures(town: Path) -> None:
    """The tolerance is not so large that what matters is lost in it."""
    light, dark = (pixels(_picture(contents_of(town, "city", theme))) for theme in ("light", "dark"))
    assert np.abs(light - dark).mean() > 10 * TOLERANCE
    seen = [QImage(str(REFERENCE / f"page-{key}-light.png")) for key in ("city", "pair")]
    one, other = (pixels(each.convertToFormat(QImage.Format.Format_RGB32)) for each in seen)
    assert np.abs(one - other).mean() > TOLERANCE


def _picture(contents: PageInput) -> Any:
    page = page_template("city").build(contents)
    return _smaller(QgsLayoutExporter(page.layout).renderPageToImage(0, SIZE * 4))


def _smaller(drawn: QImage) -> QImage:
    small = drawn.scaled(
        SIZE, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return small.convertToFormat(QImage.Format.Format_RGB32)
