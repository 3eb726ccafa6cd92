"""An atlas of zooms: from the whole network to 1:25,000, each with the frame of the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qgis.core import (
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsLayoutItemMap,
    QgsLayoutItemMapOverview,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsSimpleFillSymbolLayer,
)
from qgis.PyQt.QtCore import Qt

from ...language import scale_text, tr
from ..facts import fill
from ..grid import cells, split
from ..items import Box, add_text, text_format
from ..page import Sheet, SpeedPage, empty_sheet
from ..typesetting import TEXT
from .base import PageInput, PageTemplate

CLOSEST = 25_000
"""Scale (1:n) of the last map."""
_SQUARES = 24
LEAST_STEP = 2.0
"""A map that would show hardly more than the next is left out: its scale is at least this times as coarse."""

_CLOSE = (float(CLOSEST), 20_000.0, 15_000.0, 12_500.0)
"""Scales (1:n) of the last map: the first that shows clearly less than the map of all links does."""


def _build(contents: PageInput) -> SpeedPage:
    sheet = empty_sheet(contents.project, contents.layer, contents.style, contents.options, contents.readings)
    sheet.lay_ground()
    head, gap = 6.5 * sheet.size, 2.5 * sheet.size
    zooms = _zooms(sheet, contents.project, (4, 3, 2, 1))
    places = cells(sheet.area, len(zooms), sheet.wanted, gap, head)
    maps: list[QgsLayoutItemMap] = []
    ink, before = text_format(TEXT * sheet.size, sheet.palette.ink, bold=True), ""
    for number, (cell, (centre, scale)) in enumerate(zip(places, zooms)):
        above, below = split(cell, head)
        extent = _about(centre, scale, below)
        if maps:
            extent = _within(extent, maps[-1].extent())
        item = sheet.add_map(below, contents.frame, "map" if not maps else f"map {number + 1}", extent)
        item.setScale(scale)
        word, ratio = _word(scale), scale_text(scale)
        words = ratio if word == before else tr("{zoom} · {scale}").format(zoom=word, scale=ratio)
        add_text(sheet.layout, words, above, ink, f"zoom {number + 1}")
        if maps:
            _mark(maps[-1], item, sheet)
        maps.append(item)
        before = word
    page = sheet.as_page(maps[0])
    sheet.write_heading(contents.frame)
    sheet.column.legend(contents.layer, maps[-1])
    sheet.finish(maps[-1])
    return page


def _build_pages(contents: PageInput) -> SpeedPage:
    first = empty_sheet(contents.project, contents.layer, contents.style, contents.options, contents.readings)
    sheet, sheets = first, []
    maps: list[QgsLayoutItemMap] = []
    for number, (centre, scale) in enumerate(_zooms(first, contents.project, (1,))):
        sheet = first.next_page() if number else first
        extent = _about(centre, scale, sheet.area)
        if maps:
            extent = _within(extent, maps[-1].extent())
        name = "map" if not maps else f"map {number + 1}"
        item = sheet.add_map(sheet.area, contents.frame, name, extent)
        item.setScale(scale)
        if maps:
            _mark(maps[-1], item, sheet)
        sheet.write_heading(contents.frame)
        sheet.column.write(_title(scale), TEXT, bold=True, name=f"zoom {number + 1}")
        sheet.column.y += 6 * sheet.size
        sheet.column.legend(contents.layer, item)
        maps.append(item)
        sheets.append(sheet)
    page = first.as_page(maps[0])
    for each, item in zip(sheets[:-1], maps):
        each.write_ending(item)
    sheet.finish(maps[-1])
    return page


def _title(scale: float) -> str:
    """Return what a map of a scale (1:n) shows, and the scale."""
    return tr("{zoom} · {scale}").format(zoom=_word(scale), scale=scale_text(scale))


def _word(scale: float) -> str:
    """Return what a map of a scale (1:n) shows."""
    if scale >= 1_000_000:
        return tr("Country")
    if scale >= 150_000:
        return tr("Region")
    return tr("City") if scale >= 35_000 else tr("Streets")


def _zooms(sheet: Sheet, project: QgsProject, counts: Sequence[int]) -> list[tuple[QgsPointXY, float]]:
    """Return centre and scale (1:n) of each map, coarse to fine; a page has one of `counts` maps.

    All links with data; most of them, or the extent asked for; one between; the busiest place at one of
    `_CLOSE`.
    """
    boxes = sheet.readings.file(sheet.layer).boxes()
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    widest, centre = [sheet.wanted], sheet.wanted.center()
    if not sheet.nothing and len(boxes) and sheet.options.extent is None:
        into = QgsCoordinateTransform(sheet.layer.crs(), sheet.crs, project)
        whole = QgsRectangle(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
        widest.insert(0, into.transformBoundingBox(whole))
        centre = into.transform(QgsPointXY(*_busiest((boxes[:, :2] + boxes[:, 2:]) / 2)))
    # Fewer maps are larger, so that their scales depend on how many there are.
    found: list[tuple[QgsPointXY, float]] = []
    for count in counts:
        cell = cells(sheet.area, count, sheet.wanted, 0, 0)[0]
        found = _steps(widest, centre, cell)
        if len(found) >= count:
            break
    return found


def _steps(widest: list[QgsRectangle], centre: QgsPointXY, cell: Box) -> list[tuple[QgsPointXY, float]]:
    ratio, width = cell.width / cell.height, cell.width / 1000
    wide = [(each.center(), _round(1.06 * fill(each, ratio).width() / width)) for each in widest]
    last = wide[-1][1]
    if last <= CLOSEST:
        return wide[-1:]
    between = [(centre, _round((last * CLOSEST) ** 0.5))] if last > CLOSEST * LEAST_STEP**2 else []
    coarsest = max(scale for _at, scale in wide)
    kept = [(centre, next(scale for scale in _CLOSE if scale * LEAST_STEP <= coarsest))]
    for at, scale in reversed([*wide, *between]):
        if scale >= kept[0][1] * LEAST_STEP:
            kept.insert(0, (at, scale))
    return kept


def _busiest(centres: NDArray[np.float64]) -> tuple[float, float]:
    """Return the place with most links about it: the middle of 5 of 24 squares in each direction.

    Of equal ones it is the one that is nearest to the middle of all links.
    """
    low, high = np.quantile(centres, [0.02, 0.98], axis=0)
    side = max((high - low).max() / _SQUARES, 1e-9)
    square = np.floor((centres - (low + high) / 2) / side).astype(int) + _SQUARES // 2
    inside = ((square >= 0) & (square <= _SQUARES)).all(axis=1)
    counts = np.zeros((_SQUARES + 5, _SQUARES + 5))
    np.add.at(counts, tuple(square[inside].T + 2), 1)
    about = sum(counts[i : i + _SQUARES + 1, j : j + _SQUARES + 1] for i in range(5) for j in range(5))
    best = np.argwhere(about == np.max(about))
    middle = (np.median(centres, axis=0) - (low + high) / 2) / side + _SQUARES / 2 - 0.5
    nearest = best[((best - middle) ** 2).sum(axis=1).argmin()]
    x, y = ((nearest - _SQUARES // 2 + 0.5) * side + (low + high) / 2).tolist()
    return x, y


def _round(scale: float) -> float:
    """Return the next larger number with two digits."""
    step = 10.0 ** max(0, int(np.log10(max(scale, 10.0))) - 1)
    return float(np.ceil(scale / step) * step)


def _about(at: QgsPointXY, scale: float, place: Box) -> QgsRectangle:
    width, height = scale * place.width / 2000, scale * place.height / 2000
    return QgsRectangle(at.x() - width, at.y() - height, at.x() + width, at.y() + height)


def _within(inner: QgsRectangle, outer: QgsRectangle) -> QgsRectangle:
    """Return a rectangle moved so that it lies inside of a larger one."""
    right = max(outer.xMinimum() - inner.xMinimum(), 0) + min(outer.xMaximum() - inner.xMaximum(), 0)
    up = max(outer.yMinimum() - inner.yMinimum(), 0) + min(outer.yMaximum() - inner.yMaximum(), 0)
    return QgsRectangle(
        inner.xMinimum() + right, inner.yMinimum() + up, inner.xMaximum() + right, inner.yMaximum() + up
    )


def _mark(outer: QgsLayoutItemMap, inner: QgsLayoutItemMap, sheet: Sheet) -> None:
    """Show the frame of a map in the map before it."""
    line = QgsSimpleFillSymbolLayer(sheet.palette.ink, Qt.BrushStyle.NoBrush, sheet.palette.ink)
    line.setStrokeWidth(0.5 * sheet.size)
    symbol = QgsFillSymbol()
    symbol.changeSymbolLayer(0, line)
    overview = QgsLayoutItemMapOverview("next map", outer)
    overview.setLinkedMap(inner)
    overview.setFrameSymbol(symbol)
    outer.overviews().addOverview(overview)


PAGES = PageTemplate(
    "atlas",
    "Atlas of several pages",
    "The whole network, region, city and 1:25,000, a page each, in one PDF.",
    _build_pages,
)
TEMPLATE = PageTemplate(
    "zooms",
    "Atlas of zooms",
    "The whole network, region, city and 1:25,000 on one page, each with the frame of the next.",
    _build,
)
