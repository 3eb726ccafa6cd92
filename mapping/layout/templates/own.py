"""A layout template of the person's: its items are filled by their ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    QgsCoordinateTransform,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemScaleBar,
    QgsPrintLayout,
)

from ....aggregation.contract.statistic import statistic
from ... import statistic_words
from ...errors import MapError
from ...ground.layers import ground_layers
from ...language import clock, tr
from ...style.palette import PALETTES
from ...style.symbology import print_style
from ...style.temporal import frame_range
from ..column import note
from ..facts import describe, emptiness, extent_shown, fill, page_crs
from ..items import Box, add_text, fill_legend, inert, text_format
from ..page import SpeedPage, whole_period
from ..template_file import ENDING, read_template
from ..typesetting import TEXT
from .base import PageInput, PageTemplate

SHIPPED = Path(__file__).absolute().parents[3] / "resources" / "templates"

_TIME = re.compile(r"map (\d\d):(\d\d)")
"""Id of a map that shows a time of its own."""


def own_template(path: Path) -> PageTemplate:
    """Return the template of a file; it is read when a page is built. Raises `MapError` for no file."""
    if not path.is_file():
        raise MapError(f"There is no template {path}. Choose a layout template ({ENDING}).")
    return PageTemplate(
        str(path), path.stem, f"The layout template {path}.", lambda given: _build(path, given)
    )


def _build(path: Path, contents: PageInput) -> SpeedPage:
    layout, left_out = read_template(path, contents.project)
    maps = _maps(layout)
    if not maps:
        raise MapError(
            f"The template {path} has no map. Add a map to it in the layout window, and save it again."
        )
    layer, style, options, frame = contents.layer, contents.style, contents.options, contents.frame
    nothing, crs = emptiness(layer), page_crs(layer)
    file = contents.readings.file(layer)
    into = QgsCoordinateTransform(layer.crs(), crs, contents.project)
    wanted = extent_shown(file, into, options.extent)
    ground = ground_layers(options.ground, layer, style.theme, crs, wanted, contents.readings)
    contents.project.addMapLayers(list(ground.layers), False)
    overrides = {layer.id(): print_style(layer, style).xmlData()}
    for item in maps:
        rect = item.rect()
        item.setCrs(crs)
        item.setLayers([layer, *ground.layers])
        item.setKeepLayerSet(True)
        item.setLayerStyleOverrides(overrides)
        item.setKeepLayerStyles(True)
        item.zoomToExtent(fill(wanted, rect.width() / max(rect.height(), 1e-9), options.cut))
        at = _frame_of(item, contents)
        item.setIsTemporal(at is not None)
        if at is not None:
            item.setTemporalRange(frame_range(style.timeline, at))
    layout.setName(options.title)
    layout.setReferenceMap(maps[0])
    _write(layout, contents, ground.sources(options.sources))
    for legend in _items(layout, QgsLayoutItemLegend):
        fill_legend(legend, layer, statistic_words.alias(statistic(style.statistic), style.unit))
        legend.setLinkedMap(maps[0])
        legend.adjustBoxSize()
    for bar in _items(layout, QgsLayoutItemScaleBar):
        if bar.linkedMap() is None:
            bar.setLinkedMap(maps[0])
    if nothing:
        place = maps[0].pagePos()
        add_text(layout, nothing, Box(place.x(), place.y(), maps[0].rect().width(), 20),
                 text_format(TEXT, PALETTES[style.theme].soft_ink), "nothing")  # fmt: skip
    page = SpeedPage(
        layout,
        maps[0],
        style,
        wanted,
        nothing,
        file.bin_totals(),
        left_out=tuple(left_out),
        ground=ground,
    )
    if style.plays and (frame is not None or options.film):
        page.show_frame(frame or 0)
    return page


def _maps(layout: QgsPrintLayout) -> list[QgsLayoutItemMap]:
    """Return the maps of a layout: that with the id `map` first, else the largest."""
    maps: list[QgsLayoutItemMap] = _items(layout, QgsLayoutItemMap)
    return sorted(maps, key=lambda item: (_id(item) != "map", -item.rect().width() * item.rect().height()))


def _items(layout: QgsPrintLayout, kind: type) -> list[Any]:
    return [item for item in layout.items() if isinstance(item, kind)]


def _id(item: QgsLayoutItem) -> str:
    return str(item.id()).strip().casefold()


def _by_id(layout: QgsPrintLayout, name: str) -> Optional[QgsLayoutItem]:
    items = (item for item in layout.items() if isinstance(item, QgsLayoutItem))
    return next((item for item in items if _id(item) == name), None)


def _frame_of(item: QgsLayoutItemMap, contents: PageInput) -> Optional[int]:
    """Return the frame that a map shows: that of the page, or of the time that its id names."""
    found, timeline = _TIME.fullmatch(_id(item)), contents.style.timeline
    if found is None or not contents.style.plays:
        return contents.frame
    minute = (int(found[1]) * 60 + int(found[2])) % 1440
    first = (contents.frame or 0) - (contents.frame or 0) % timeline.n_bins
    return first + minute // timeline.bin_minutes


def _write(layout: QgsPrintLayout, contents: PageInput, sources: str) -> None:
    """Write the texts of the page into the labels of their names; others stay as they are."""
    layer, style, options, frame = contents.layer, contents.style, contents.options, contents.frame
    dates, facts = describe(contents.readings.file(layer), style, frame)
    when = whole_period(style) if frame is None else style.timeline.span(frame)
    time = "" if frame is None else clock(frame % style.timeline.n_bins * style.timeline.bin_minutes)
    texts = {
        "title": options.title,
        "subtitle": options.subtitle or statistic_words.subtitle(statistic(style.statistic)),
        "when": when,
        "dates": options.dates or dates,
        "facts": options.facts or facts,
        "note": note(layer, style),
        "sources": sources,
        "clock": time,
        "clock day": "" if frame is None else style.timeline.set_name(frame),
    }
    if _by_id(layout, "when") is None:
        texts["subtitle"] = tr(", ").join((texts["subtitle"], when))
    if _by_id(layout, "note") is None:
        texts["sources"] = f"{texts['note']}\n{sources}".strip()
    for item in layout.items():
        if isinstance(item, QgsLayoutItemLabel) and _id(item) in texts:
            item.setMode(QgsLayoutItemLabel.Mode.ModeFont)
            item.setText(inert(texts[_id(item)]))
