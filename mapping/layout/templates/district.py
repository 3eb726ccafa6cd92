"""The report of a district: its map, its speeds by hour, its slowest streets."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np
from qgis.core import (
    QgsFillSymbol,
    QgsInvertedPolygonRenderer,
    QgsLayoutItemMap,
    QgsMapLayerStyle,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRuleBasedRenderer,
    QgsSimpleFillSymbolLayer,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)

from ....aggregation.contract import statistic as statistics
from ... import statistic_words
from ...language import clock, number_text, tr
from ...style.symbology import print_style
from ..district import District, DistrictLinks, links_reader
from ..items import Box, add_ground, add_text, add_track, show_track, text_format
from ..page import Sheet, SpeedPage, empty_sheet, whole_period
from ..typesetting import SMALL, TEXT, line_height, shortened
from .base import NEEDS_DISTRICT, PageInput, PageTemplate

STREETS = 10
"""Rows of the table at most."""
_VEIL = 0.86
"""Opacity of what lies over the map outside of the district."""


def _build(contents: PageInput) -> SpeedPage:
    district = contents.district
    if district is None:  # refused by `PageTemplate.build`
        raise ValueError("a district is missing")
    options, frame = contents.options, contents.frame
    links = links_reader(contents.layer, contents.style, district, contents.project, contents.readings)()
    if options.extent is None:
        options = replace(options, extent=district.extent(contents.layer.crs(), contents.project))
    sheet = empty_sheet(contents.project, contents.layer, contents.style, options, contents.readings)
    if not len(links.metres) and not sheet.nothing:
        sheet.nothing = tr("No link of the map lies in {district}.").format(district=district.name)
    area, strip = sheet.area, 0.0
    if not sheet.nothing:
        strip = min(62 * sheet.size, 0.36 * area.height)
    sheet.area = Box(area.x, area.y, area.width, area.height - strip)
    map_item = sheet.add_map(sheet.area, frame, "map")
    _veil(sheet, map_item, district, links)
    page = sheet.as_page(map_item)
    total, km = number_text(len(links.metres)), number_text(links.metres.sum() / 1000, 1)
    if frame is None:
        counts = tr("{points} points on {links} links, {km} km").format(
            points=number_text(links.points.sum()), links=total, km=km
        )
    else:
        counts = tr("{some} of {links} links, {km} km, with at least {trips} trips").format(
            some=number_text(links.n_drawn(frame)),
            links=total,
            km=km,
            trips=number_text(sheet.style.min_trips),
        )
    sheet.write_heading(frame, "", counts)
    sheet.column.legend(contents.layer, map_item)
    _write_mean(sheet, links, frame)
    if strip:
        below = Box(area.x, area.height - strip, area.width, strip)
        add_ground(sheet.layout, below, sheet.palette.column, "strip")
        _write_strip(sheet, links, frame, below)
    sheet.finish(map_item)
    return page


def _veil(sheet: Sheet, item: QgsLayoutItemMap, district: District, links: DistrictLinks) -> None:
    """Cover the map outside of the district, and name no street there."""
    fill = QgsSimpleFillSymbolLayer(sheet.palette.ground)
    fill.setStrokeColor(sheet.palette.soft_ink)
    fill.setStrokeWidth(0.35 * sheet.size)
    colour = fill.fillColor()
    colour.setAlphaF(_VEIL)
    fill.setFillColor(colour)
    symbol = QgsFillSymbol()
    symbol.changeSymbolLayer(0, fill)
    root = QgsRuleBasedRenderer.Rule(None)
    root.appendChild(QgsRuleBasedRenderer.Rule(symbol, 0, 0, f"$id = {district.number}"))
    cover = district.layer.clone()
    cover.setRenderer(QgsInvertedPolygonRenderer(QgsRuleBasedRenderer(root)))
    cover.setLabelsEnabled(False)
    veil = QgsMapLayerStyle()
    veil.readFromLayer(cover)
    item.setLayers([district.layer, sheet.layer, *sheet.ground.layers])
    styles = {sheet.layer.id(): _named_inside(sheet, links.labelled), district.layer.id(): veil.xmlData()}
    item.setLayerStyleOverrides(styles)


def _named_inside(sheet: Sheet, labelled: list[int]) -> str:
    """Return the layer's style for paper with the names of the links of these numbers alone."""
    copy: QgsVectorLayer = sheet.layer.clone()
    labels = copy.labeling()
    if isinstance(labels, QgsVectorLayerSimpleLabeling):
        settings = QgsPalLayerSettings(labels.settings())
        properties = settings.dataDefinedProperties()
        shown = properties.property(QgsPalLayerSettings.Property.Show)
        inside = f"$id IN ({', '.join(map(str, labelled)) or -1})"
        before = f"({shown.expressionString()}) AND " if shown.expressionString() else ""
        properties.setProperty(
            QgsPalLayerSettings.Property.Show, QgsProperty.fromExpression(f"{before}{inside}")
        )
        settings.setDataDefinedProperties(properties)
        copy.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    return str(print_style(copy, sheet.style, sheet.size).xmlData())


def _number(value: float, style_statistic: str) -> str:
    digits = 1 if statistics.statistic(style_statistic).unit == statistics.SPEED else 2
    return number_text(value, digits)


def _write_mean(sheet: Sheet, links: DistrictLinks, frame: Optional[int]) -> None:
    """Write the district's one number into the column."""
    mean, style = links.mean(frame), sheet.style
    if not np.isfinite(mean):
        return
    unit = statistic_words.unit(statistics.statistic(style.statistic), style.unit)
    column = sheet.column
    column.write(f"{_number(mean, style.statistic)} {unit}".strip(), TEXT * 2, bold=True, name="mean")
    column.write(tr("Mean of the district's links, weighted by length"), SMALL, soft=True, name="mean note")


def _write_strip(sheet: Sheet, links: DistrictLinks, frame: Optional[int], box: Box) -> None:
    """Write the bars by hour and the table of streets, side by side below the map."""
    size, style = sheet.size, sheet.style
    left, top, gap = box.x + 8 * size, box.y + 5 * size, 8 * size
    room = box.width - 16 * size
    bars = style.plays and any(np.isfinite(value) and value for value in links.by_frame())
    table_width = (room - gap) / 2 if bars else room
    if bars:
        _bars(sheet, links, frame, Box(left, top, table_width, box.height - 10 * size))
    table = Box(box.x + box.width - 8 * size - table_width, top, table_width, box.height - 8 * size)
    _table(sheet, links, frame, table)


def _bars(sheet: Sheet, links: DistrictLinks, frame: Optional[int], box: Box) -> None:
    size, style = sheet.size, sheet.style
    timeline, soft = style.timeline, text_format(SMALL * sheet.size, sheet.palette.soft_ink)
    first = (frame or 0) - (frame or 0) % timeline.n_bins
    values = [value if np.isfinite(value) else 0.0 for value in links.by_frame()]
    day, top = values[first : first + timeline.n_bins], max(values)
    by_hour = tr("{statistic} by hour") if timeline.bin_minutes == 60 else tr("{statistic} through the day")
    title = tr(", ").join(filter(None, (by_hour.format(statistic=style.title), timeline.set_name(first))))
    title = shortened(title, TEXT, box.width / size, bold=True)
    add_text(sheet.layout, title, Box(box.x, box.y, box.width, 5 * size),
             text_format(TEXT * size, sheet.palette.ink, bold=True), "bars title")  # fmt: skip
    highest = tr("weighted by length; the highest bar is {value}").format(value=_number(top, style.statistic))
    note = Box(box.x, box.y + 5.5 * size, box.width, 4 * size)
    add_text(sheet.layout, shortened(highest, SMALL, box.width / size), note, soft, "bars note")
    place = Box(box.x, box.y + 11 * size, box.width, box.height - 16 * size)
    now = -1 if frame is None else frame - first
    show_track(add_track(sheet.layout, place, "bars"), day, now, sheet.palette, top)
    below = Box(box.x, place.y + place.height + 0.8 * size, box.width, 4 * size)
    for minute, right in ((0, False), (24 * 60, True)):
        add_text(sheet.layout, clock(minute), below, soft, right=right)


def _table(sheet: Sheet, links: DistrictLinks, frame: Optional[int], box: Box) -> None:
    size, style = sheet.size, sheet.style
    kind = statistics.statistic(style.statistic)
    if kind.unit == statistics.SPEED:
        title = tr("Slowest streets ({unit})").format(unit=statistic_words.unit(kind, style.unit))
    else:
        title = tr("Worst streets: {statistic}").format(statistic=style.title)
    when = whole_period(style) if frame is None else style.timeline.span(frame)
    title = shortened(tr(", ").join((title, when)), TEXT, box.width / size, bold=True)
    add_text(sheet.layout, title, Box(box.x, box.y, box.width, 5 * size),
             text_format(TEXT * size, sheet.palette.ink, bold=True), "table title")  # fmt: skip
    points, y = SMALL * 1.15, box.y + 7 * size
    line = line_height(points) * size
    rows = links.worst(frame, min(STREETS, int((box.y + box.height - y) / line)))
    text = text_format(points * size, sheet.palette.ink)
    soft = text_format(points * size, sheet.palette.soft_ink)
    numbers = 0.2 * box.width
    if not rows:
        add_text(
            sheet.layout, tr("No street has a name and enough trips."), Box(box.x, y, box.width, line), soft
        )
    for i, street in enumerate(rows):
        name = shortened(street.name, points, (box.width - 2 * numbers) / size)
        at = y + i * line
        add_text(sheet.layout, name, Box(box.x, at, box.width - 2 * numbers, line), text, f"street {i + 1}")
        add_text(sheet.layout, tr("{length} km").format(length=number_text(street.metres / 1000, 1)),
                 Box(box.x + box.width - 2 * numbers, at, numbers, line), soft, right=True)  # fmt: skip
        add_text(sheet.layout, _number(street.value, style.statistic),
                 Box(box.x + box.width - numbers, at, numbers, line), text, right=True)  # fmt: skip


TEMPLATE = PageTemplate(
    "district",
    "District report",
    "A district's map, its speeds by hour, its slowest streets, and facts of the district alone.",
    _build,
    frozenset({NEEDS_DISTRICT}),
)
