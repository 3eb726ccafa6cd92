"""Pieces of a print layout: texts, the legend, the scale bar, the track of the day. Sizes in millimetres."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsDateTimeRange,
    QgsExpressionBasedNumericFormat,
    QgsFillSymbol,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLegendRenderer,
    QgsLegendStyle,
    QgsMapLayer,
    QgsPrintLayout,
    QgsRectangle,
    QgsSimpleFillSymbolLayer,
    QgsTextFormat,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QFont

from ...aggregation.contract.visible_text import visible
from ..language import is_right_to_left, number_locale, tr
from ..reference_system import metres_per_unit
from ..style.labels import font_family
from ..style.palette import Palette
from .typesetting import SMALL, TEXT

_MM = 25.4
"""Of an inch."""


@dataclass(frozen=True)
class Box:
    """Place and size of an item."""

    x: float
    y: float
    width: float
    height: float


def place(item: QgsLayoutItem, layout: QgsPrintLayout, box: Box) -> None:
    """Add `item` to `layout` at `box`."""
    layout.addLayoutItem(item)
    millimetres = QgsUnitTypes.LayoutUnit.LayoutMillimeters
    item.attemptMove(QgsLayoutPoint(box.x, box.y, millimetres))
    item.attemptResize(QgsLayoutSize(box.width, box.height, millimetres))


def text_format(points: float, colour: QColor, bold: bool = False) -> QgsTextFormat:
    """Type of the page's one family."""
    font = QFont(font_family())
    font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
    text = QgsTextFormat()
    text.setFont(font)
    text.setSize(points)
    text.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
    text.setColor(colour)
    if bold:
        text.setNamedStyle("Bold")
    return text


def inert(words: str) -> str:
    """A text for a label of a layout, which reads `[% … %]` as an expression and `$CURRENT_DATE` as the day.

    Both come out as they were written: only the first character of each is given by an expression.
    """
    return visible(words).replace("[%", "[% '[' %]%").replace("$CURRENT_DATE", "[% '$' %]CURRENT_DATE")


def add_text(
    layout: QgsPrintLayout, words: str, box: Box, text: QgsTextFormat, name: str = "", right: bool = False
) -> QgsLayoutItemLabel:
    """A text without a margin; `name` is the item's id in the layout."""
    label = QgsLayoutItemLabel(layout)
    label.setText(inert(words))
    label.setTextFormat(text)
    label.setMargin(0)
    label.setHAlign(Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft)
    label.setId(name)
    place(label, layout, box)
    return label


def add_map(
    layout: QgsPrintLayout,
    layer: QgsMapLayer,
    box: Box,
    extent: QgsRectangle,
    crs: QgsCoordinateReferenceSystem,
    time: Optional[QgsDateTimeRange],
    ground: QColor,
    name: str,
    under: Sequence[QgsMapLayer] = (),
) -> QgsLayoutItemMap:
    """A map of `layer` over the layers `under` it, at a time of its own.

    The temporal controller does not reach a layout.
    """
    item = QgsLayoutItemMap(layout)
    item.setId(name)
    place(item, layout, box)
    item.setCrs(crs)
    item.setLayers([layer, *under])
    item.setKeepLayerSet(True)
    item.zoomToExtent(extent)
    item.setBackgroundColor(ground)
    item.setFrameEnabled(False)
    if time is not None:
        item.setIsTemporal(True)
        item.setTemporalRange(time)
    return item


def add_legend(
    layout: QgsPrintLayout, layer: QgsMapLayer, title: str, box: Box, palette: Palette, size: float
) -> QgsLayoutItemLegend:
    """The layer's classes with swatches wide enough to compare."""
    legend = QgsLayoutItemLegend(layout)
    legend.setId("legend")
    fill_legend(legend, layer, title)
    legend.setWrapString("\n")
    legend.setBackgroundEnabled(False)
    legend.setSymbolWidth(13 * size)
    legend.setSymbolHeight(3.4 * size)
    legend.setBoxSpace(0)
    for style, points, colour, bold in (
        (QgsLegendStyle.Style.Title, TEXT, palette.ink, True),
        (QgsLegendStyle.Style.SymbolLabel, SMALL * 1.25, palette.ink, False),
    ):
        kind = legend.style(style)
        kind.setTextFormat(text_format(points * size, colour, bold))
        legend.setStyle(style, kind)
    for style, side, space in (
        (QgsLegendStyle.Style.Title, QgsLegendStyle.Side.Bottom, 1.5),
        (QgsLegendStyle.Style.Symbol, QgsLegendStyle.Side.Top, 0.9),
        (QgsLegendStyle.Style.Symbol, QgsLegendStyle.Side.Left, 1.2),  # the ends reach beyond the line
        (QgsLegendStyle.Style.SymbolLabel, QgsLegendStyle.Side.Left, 2.8),
    ):
        kind = legend.style(style)
        kind.setMargin(side, space * size)
        legend.setStyle(style, kind)
    place(legend, layout, box)
    legend.adjustBoxSize()
    return legend


def fill_legend(legend: QgsLayoutItemLegend, layer: QgsMapLayer, title: str) -> None:
    """Let a legend show the classes of one layer under a title."""
    legend.setAutoUpdateModel(False)
    root = legend.model().rootGroup()
    root.clear()
    node = root.addLayer(layer)
    QgsLegendRenderer.setNodeLegendStyle(node, QgsLegendStyle.Style.Hidden)
    legend.model().refreshLayerLegend(node)
    legend.setTitle(inert(title))


def add_scale_bar(
    layout: QgsPrintLayout, of: QgsLayoutItemMap, box: Box, palette: Palette, size: float
) -> QgsLayoutItemScaleBar:
    """A line of a round length on the ground in the middle of the map, at most as wide as the box."""
    bar = QgsLayoutItemScaleBar(layout)
    bar.setId("scale bar")
    layout.addLayoutItem(bar)
    bar.setLinkedMap(of)
    bar.setStyle("Line Ticks Up")
    # In the map's own units, since QGIS would measure on the project's ellipsoid, which may be none.
    unit = metres_per_unit(of.crs(), of.extent())
    if not np.isfinite(unit):
        bar.setVisibility(False)
        return bar
    metres = of.extent().width() * unit * box.width / max(of.rect().width(), 1e-9)
    steps = (step * 10.0**power for power in range(0, 7) for step in (1, 2, 5))
    length = max((step for step in steps if step <= metres), default=1.0)
    kilometres = length >= 1000
    bar.setUnits(Qgis.DistanceUnit.Unknown)
    bar.setMapUnitsPerScaleBarUnit((1000 if kilometres else 1) / unit)
    bar.setUnitLabel(tr("km") if kilometres else tr("m"))
    bar.setNumberOfSegmentsLeft(0)
    bar.setNumberOfSegments(2)
    bar.setUnitsPerSegment(length / 2 / unit)
    bar.setHeight(1.2 * size)
    bar.setLabelBarSpace(0.8 * size)
    bar.setBoxContentSpace(0)
    bar.setTextFormat(text_format(SMALL * size, palette.soft_ink))
    bar.setNumericFormat(_numbers())
    line = bar.lineSymbol().clone()
    line.setColor(palette.soft_ink)
    line.setWidth(0.25 * size)
    bar.setLineSymbol(line)
    bar.setDivisionLineSymbol(line.clone())
    bar.setSubdivisionLineSymbol(line.clone())
    bar.attemptMove(QgsLayoutPoint(box.x, box.y, QgsUnitTypes.LayoutUnit.LayoutMillimeters))
    bar.update()
    return bar


def _numbers() -> QgsExpressionBasedNumericFormat:
    """A format as that of all numbers on the page.

    QGIS's other formats write the zeros of "2.500000" in Arabic and Persian, and its lengths, which it
    divides, may be 249.99999999999994.
    """
    decimals = " ".join(f"WHEN abs(@value - round(@value, {n})) < 1e-6 THEN {n}" for n in range(3))
    numbers = QgsExpressionBasedNumericFormat()
    numbers.setExpression(f"format_number(@value, CASE {decimals} ELSE 3 END, '{number_locale().name()}')")
    return numbers


def add_ground(layout: QgsPrintLayout, box: Box, colour: QColor, name: str) -> QgsLayoutItemShape:
    """A plain area."""
    shape = QgsLayoutItemShape(layout)
    shape.setId(name)
    shape.setShapeType(QgsLayoutItemShape.Shape.Rectangle)
    fill = QgsSimpleFillSymbolLayer(colour)
    fill.setStrokeStyle(Qt.PenStyle.NoPen)
    symbol = QgsFillSymbol()
    symbol.changeSymbolLayer(0, fill)
    shape.setSymbol(symbol)
    place(shape, layout, box)
    return shape


def add_track(layout: QgsPrintLayout, box: Box, name: str = "track") -> QgsLayoutItemPicture:
    """An empty picture for `show_track`."""
    picture = QgsLayoutItemPicture(layout)
    picture.setId(name)
    picture.setResizeMode(QgsLayoutItemPicture.ResizeMode.Stretch)
    place(picture, layout, box)
    return picture


def show_track(
    item: QgsLayoutItemPicture, totals: Sequence[float], now: int, palette: Palette, largest: float = 0.0
) -> None:
    """Show the day as bars, the bin `now` bright, as lines and not as pixels.

    A bar as high as the item stands for the largest of `totals`, or for `largest`, that of all days. The day
    runs as words are written. Edges lie on whole dots of the layout's resolution: Qt's SVG knows no
    `shape-rendering`, and an edge within a dot is blurred.
    """
    dpi = item.layout().renderContext().dpi()
    paper = item.layout().pageCollection().page(item.page()).rect()
    # A picture of the page has whole dots, and QGIS draws with the smaller of the scales of its two sides.
    dot = max(side / round(side / _MM * dpi) for side in (paper.width(), paper.height()))
    at, size = item.pagePos(), item.rect()

    def across(x: float) -> float:
        return round((at.x() + x) / dot) * dot - at.x()

    def down(y: float) -> float:
        return round((at.y() + y) / dot) * dot - at.y()

    def bar(x: float, width: float, y: float, height: float, colour: QColor) -> str:
        return (
            f'<rect x="{x:.4f}" y="{y:.4f}" width="{width:.4f}" height="{height:.4f}" '
            f'fill="{colour.name()}"/>'
        )

    top = max([*totals, largest, 1e-9])
    backwards, step, ground = is_right_to_left(), size.width() / len(totals), down(size.height() - 0.35)
    width, line = max(round(step * 0.78 / dot), 1) * dot, max(round(0.15 / dot), 1) * dot
    bars = []
    for i, total in enumerate(totals):
        height = max(round(total / top * ground / dot), 1) * dot
        x = across((len(totals) - 1 - i if backwards else i) * step + (step - width) / 2)
        bars.append(bar(x, width, ground - height, height, palette.ink if i == now else palette.few))
    bars.append(bar(0, size.width(), ground, line, palette.soft_ink))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size.width()}mm" height="{size.height()}mm" '
        f'viewBox="0 0 {size.width():.4f} {size.height():.4f}">{"".join(bars)}</svg>'
    )
    encoded = "base64:" + base64.b64encode(svg.encode()).decode()  # a path that QGIS reads
    item.setPicturePath(encoded, QgsLayoutItemPicture.Format.FormatSVG)
