"""Two runs, periods or hours side by side: the same extent and the same limits, each named."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsLayoutItemMap

from ...errors import MapError
from ...language import tr
from ...map_file import MapFile
from ...style.options import APPEARANCE
from ...style.symbology import print_style, style_layer
from ...style.temporal import frame_range
from ..facts import describe, fill, span
from ..grid import cells, split
from ..items import Box, add_map, add_text, text_format
from ..page import Sheet, SpeedPage, empty_sheet, whole_period
from ..typesetting import SMALL, TEXT, shortened
from .base import NEEDS_OTHER, OtherMap, PageInput, PageTemplate


def _build(contents: PageInput) -> SpeedPage:
    sheet = empty_sheet(contents.project, contents.layer, contents.style, contents.options, contents.readings)
    mine = OtherMap(contents.layer, contents.style, contents.frame, contents.name)
    other = contents.other or mine
    if other.style.unit != mine.style.unit:
        raise MapError(
            f"The two maps are in {mine.style.unit} and {other.style.unit}, so that no legend fits both. "
            "Choose runs in one unit."
        )
    sheet.lay_ground()
    head, gap = 10.5 * sheet.size, 2.5 * sheet.size
    places = [split(cell, head) for cell in cells(sheet.area, 2, sheet.wanted, gap, head)]
    first = sheet.add_map(places[0][1], mine.frame, "map")
    second = first if contents.other is None else _second(sheet, other, places[1][1])
    page = sheet.as_page(first)
    for side, name, mark, (above, _) in zip((mine, other), _names(mine, other), ("", " 2"), places):
        _write_head(sheet, side, name, above, mark)
    together = _when(mine) if _when(mine) == _when(other) else tr("side by side")
    sheet.write_heading(None, together, "")
    sheet.column.legend(contents.layer, first)
    sheet.finish(second)
    return page


def _second(sheet: Sheet, other: OtherMap, place: Box) -> QgsLayoutItemMap:
    """Add the other map, with the classes of the first whatever the other layer's look is."""
    same = other.layer.id() == sheet.layer.id()
    if same:
        return sheet.add_map(place, other.frame, "map 2")
    appearance = {name: getattr(sheet.style, name) for name in ("limits", "traffic", *APPEARANCE)}
    style = replace(other.style, **appearance)
    copy = other.layer.clone()
    style_layer(copy, style)
    time = None if other.frame is None or not style.plays else frame_range(style.timeline, other.frame)
    extent = fill(sheet.wanted, place.width / place.height, sheet.options.cut)
    item = add_map(
        sheet.layout, other.layer, place, extent, sheet.crs, time, sheet.palette.ground, "map 2",
        sheet.ground.layers,
    )  # fmt: skip
    item.setLayerStyleOverrides({other.layer.id(): print_style(copy, style, sheet.size).xmlData()})
    item.setKeepLayerStyles(True)
    return item


def _write_head(sheet: Sheet, side: OtherMap, name: str, place: Box, mark: str) -> None:
    """Write the name of a map and the counts of its data above it."""
    size, width = sheet.size, place.width / sheet.size
    file, frame = sheet.readings.file(side.layer), side.frame if side.style.plays else None
    _dates, facts = describe(file, side.style, frame)
    name = shortened(name, TEXT * 1.2, width, bold=True)
    add_text(
        sheet.layout, name, Box(place.x, place.y, place.width, 6 * size),
        text_format(TEXT * 1.2 * size, sheet.palette.ink, bold=True), f"name{mark}",
    )  # fmt: skip
    add_text(
        sheet.layout, shortened(facts, SMALL, width), Box(place.x, place.y + 6 * size, place.width, 4 * size),
        text_format(SMALL * size, sheet.palette.soft_ink), f"counts{mark}",
    )  # fmt: skip


def _names(mine: OtherMap, other: OtherMap) -> tuple[str, str]:
    """Return what is written above the maps: the given names, or what tells the two apart."""
    for candidate in (_when, _dates, _layer_name):
        words = candidate(mine), candidate(other)
        if words[0] != words[1]:
            break
    return mine.name or words[0], other.name or words[1]


def _when(side: OtherMap) -> str:
    if side.frame is None or not side.style.plays:
        return whole_period(side.style)
    return side.style.timeline.span(side.frame)


def _dates(side: OtherMap) -> str:
    return span(*MapFile.of(side.layer).dates)


def _layer_name(side: OtherMap) -> str:
    return str(side.layer.name())


TEMPLATE = PageTemplate(
    "pair",
    "Two maps side by side",
    "Two runs, periods or hours: the same extent, the same limits, each named.",
    _build,
    frozenset({NEEDS_OTHER}),
)
