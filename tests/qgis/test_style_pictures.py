"""Maps in each ramp and theme, as drawn: reference pictures, and the rules of contrast on their pixels."""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from qgis.core import (
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage

from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.layout.column import note
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.ramps import RAMPS
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer.geopackage import write_geopackage
from tests.qgis import speed_maps as maps

REFERENCE = Path(__file__).parent / "reference"
"""A picture of each; written anew with ROADPULSE_WRITE_REFERENCE=1, and then looked at."""

WIDTH, HEIGHT = 220, 150
SPEEDS = (2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 32.5)
"""Speed on each of seven parallel roads, one in each class."""

WHOLE = QgsRectangle(499900, 5999900, 501600, 6001150)
TOLERANCE = 6.0
"""Mean difference of pixels (0 to 255) that other versions of Qt may draw."""


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory, qgis_app: object) -> Path:
    """Seven roads of one class each, and an eighth with too few trips, 150 m apart."""
    import pandas as pd

    ids = np.arange(1, 9, dtype=np.int64)
    lines = [f"LineString (500000 {6000000 + 150 * i}, 501500 {6000000 + 150 * i})" for i in range(8)]
    trips = [*range(20, 90, 10), 1]
    speeds = pd.DataFrame({"link_id": ids, "n_points": 900, "n_trips": trips, "mean": [*SPEEDS, 30.0]})
    by_bin = speeds.copy()
    by_bin.insert(1, "bin", np.full(8, "08:00", dtype=object))
    roads = LinkGeometry(
        ids, maps.column(*map(maps.wkb, lines)), "EPSG:32630", classes=maps.column(*["primary"] * 8)
    )
    path = tmp_path_factory.mktemp("pictures") / "map.gpkg"
    write_geopackage(path, maps._statistics(speeds), maps._statistics(by_bin), roads, {}, maps.SPEC)
    return path


def draw(layer: QgsVectorLayer, theme: str, extent: QgsRectangle = WHOLE) -> QImage:
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(WIDTH, HEIGHT))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(PALETTES[theme].ground)
    settings.setExtent(extent)
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> np.ndarray:
    """Red, green and blue (height, width, 3)."""
    buffer = image.constBits()
    buffer.setsize(image.sizeInBytes())
    rows = np.frombuffer(bytes(buffer), dtype=np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return rows[:, : image.width(), 2::-1].astype(float)


def lines(image: QImage) -> list[np.ndarray]:
    """Pixels of each line along the middle column, from the lowest road up."""
    column = pixels(image)[::-1, WIDTH // 2]
    ground = Counter(map(tuple, column.tolist())).most_common(1)[0][0]
    on_line = [tuple(colour) != ground for colour in column.tolist()]
    ends = np.flatnonzero(np.diff([False, *on_line, False]))
    return [column[first:end] for first, end in ends.reshape(-1, 2)]


def colours(image: QImage) -> list[tuple[float, ...]]:
    """Colours of the lines, from the lowest road up: that of each line's middle."""
    return [tuple(line[(len(line) - 1) // 2].tolist()) for line in lines(image)]


def luminance(colour: tuple[float, ...]) -> float:
    parts = [c / 255 / 12.92 if c <= 10.314 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def oklab(colour: tuple[float, ...]) -> np.ndarray:
    """Ottosson's Oklab (2020), another measure of difference than that of the plugin."""
    parts = [c / 255 / 12.92 if c <= 10.314 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ parts)


def without_green(colour: tuple[float, ...]) -> tuple[float, ...]:
    """A colour as seen with deuteranopia: Viénot, Brettel and Mollon (1999), in linear light."""
    linear = 0.992052 * (np.array(colour) / 255) ** 2.2 + 0.003974
    lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    seen = np.linalg.inv(lms) @ np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]) @ lms @ linear
    return tuple(255 * np.clip(seen, 0, 1) ** (1 / 2.2))


def nearest(seen: list[tuple[float, ...]]) -> float:
    """Least difference in Oklab of neighbours, in hundredths; 2 is about one that is just seen."""
    return min(100 * float(np.linalg.norm(oklab(a) - oklab(b))) for a, b in zip(seen, seen[1:]))


@pytest.mark.parametrize("theme", sorted(PALETTES))
@pytest.mark.parametrize("ramp", sorted(RAMPS))
def test_a_map_is_drawn_as_its_reference_picture_and_holds_the_rules(
    map_file: Path, ramp: str, theme: str
) -> None:
    layer = QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")
    limits = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0)
    style_layer(
        layer, StyleOptions.from_run_table(layer, ramp=ramp, theme=theme, limits=limits, labels=False)
    )
    image = draw(layer, theme)
    path = REFERENCE / f"{ramp}-{theme}.png"
    if os.environ.get("ROADPULSE_WRITE_REFERENCE"):
        REFERENCE.mkdir(exist_ok=True)
        image.save(str(path))
    reference = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)
    assert reference.size() == image.size()
    assert np.abs(pixels(image) - pixels(reference)).mean() < TOLERANCE

    *classes, few = colours(image)
    ground = tuple(float(part) for part in PALETTES[theme].ground.getRgb()[:3])
    assert len(classes) == len(SPEEDS)
    assert few == pytest.approx(PALETTES[theme].few.getRgb()[:3], abs=2)
    matters = (classes[0], classes[-1]) if RAMPS[ramp].diverging else classes[:1]
    assert min(contrast(colour, ground) for colour in matters) >= 3
    if RAMPS[ramp].warning:
        return  # its words are those of `test_style_colours`
    assert nearest(classes) > 5
    assert nearest([without_green(colour) for colour in classes]) > 4
    assert math.dist(few, ground) < min(math.dist(colour, ground) for colour in matters)  # grey is quiet


def test_lines_are_as_wide_as_their_class_or_as_their_traffic(map_file: Path) -> None:
    layer = QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")
    widths = {}
    for rule in ("class", "traffic"):
        style_layer(layer, StyleOptions.from_run_table(layer, width=rule, labels=False))
        widths[rule] = [len(line) for line in lines(draw(layer, "light"))][: len(SPEEDS)]
    assert len(set(widths["class"])) == 1  # all are primary roads
    assert widths["traffic"] == sorted(widths["traffic"])  # traffic grows from road to road
    assert widths["traffic"][-1] == widths["class"][-1]
    assert widths["traffic"][0] <= widths["traffic"][-1] / 2


def test_links_with_too_few_trips_are_left_out_where_that_is_chosen(map_file: Path) -> None:
    layer = QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")
    options = style_layer(layer, StyleOptions.from_run_table(layer, few=False, labels=False))
    assert len(lines(draw(layer, "light"))) == len(SPEEDS)
    assert len(layer.renderer().ranges()) == options.n_entries
    assert "fewer than 5 trips are left out" in note(layer, options)
    options = style_layer(layer, StyleOptions.from_run_table(layer, labels=False))
    assert len(lines(draw(layer, "light"))) == len(SPEEDS) + 1
    assert "fewer than 5 trips are grey" in note(layer, options)


def test_directions_lie_on_each_other_where_that_is_chosen(tmp_path: Path) -> None:
    """Eastward and westward of the main road, of which each has a colour of its own at 08:00."""
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    seen = {}
    for beside in (True, False):
        style_layer(layer, StyleOptions.from_run_table(layer, beside=beside, labels=False))
        image = draw(layer, "light", QgsRectangle(500000, 5999900, 500300, 6000100))
        seen[beside] = {tuple(colour) for line in lines(image) for colour in line.tolist()}
    drawn = [each.symbol().color().getRgb()[:3] for each in layer.renderer().ranges()]
    assert len(seen[True] & {tuple(map(float, colour)) for colour in drawn}) == 2
    assert len(seen[False] & {tuple(map(float, colour)) for colour in drawn}) == 1
