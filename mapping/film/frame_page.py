"""The page of a film's frame: a column beside the map, or bands about it in a square or tall picture."""

from __future__ import annotations

import math
from dataclasses import replace

from qgis.core import (
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsProject,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QColor

from ..language import clock, is_right_to_left, tr
from ..layout.facts import fill
from ..layout.items import Box, add_ground, add_legend, add_scale_bar, add_text, text_format
from ..layout.mirror import mirror_legend
from ..layout.page import PageOptions, SpeedPage, speed_page
from ..layout.paper import FRAME, PAPERS
from ..layout.typesetting import SMALL, TEXT, TITLE, fits, fitting, line_height, wrapped
from ..style.options import StyleOptions
from ..style.palette import PALETTES

_WIDE = 1.4
"""Width over height from which on the map has its column beside it."""

_MARGIN = 9.0
_TYPE = {False: 1.16, True: 1.5}
"""Size of type in a square and in a tall picture, 1 on A4: phones are small."""

_TRACK, _UNDER_TRACK = 12.0, 12.8
"""Height of the track, and the place of words under it, times the size of type."""

_BAR = 11.0
"""Height of the scale bar with what is free about it, times the size of type."""

_ROWS = 9
"""Lines of a legend in one column."""


def frame_page(
    project: QgsProject,
    layer: QgsVectorLayer,
    style: StyleOptions,
    options: PageOptions,
    size: tuple[int, int],
    interpolated: bool = False,
) -> SpeedPage:
    """Return the page of a film's frame of `size` in pixels, which shows the parts of a page in its shape.

    A picture of 1,920 × 1,080 has 5.67 pixels a millimetre, and all others as many for their longer side.
    With `interpolated` the picture says that values between bins are. Raises `MapError`.
    """
    page = speed_page(project, layer, style, replace(options, paper=FRAME, film=True))
    if size[0] < _WIDE * size[1]:
        _Bands(page, layer, options, size).arrange()
        if style.plays:
            page.show_frame(options.frame or 0)
    else:
        _end_on_pixel(page, options, size)
    track = page.layout.itemById("track")
    if interpolated and track is not None:
        _say_interpolated(page, track)
    return page


def _end_on_pixel(page: SpeedPage, options: PageOptions, size: tuple[int, int]) -> None:
    """Let page and map end where pixels of the picture do, so that the map is drawn as on a canvas."""
    height = PAPERS[FRAME][1]
    pixel = height / size[1]
    paper = page.layout.pageCollection().page(0)
    paper.setPageSize(QgsLayoutSize(pixel * size[0], height, QgsUnitTypes.LayoutUnit.LayoutMillimeters))
    box = page.map_item.sceneBoundingRect()
    wide = round(box.width() / pixel) * pixel
    left = 0.0 if box.left() < pixel else pixel * size[0] - wide
    page.map_item.attemptSetSceneRect(QRectF(left, 0, wide, height))
    page.map_item.zoomToExtent(fill(page.extent, wide / height, options.cut))


def _say_interpolated(page: SpeedPage, track: QgsLayoutItem) -> None:
    """Write under the track, between the ends of the day, that values are interpolated."""
    place, room = track.pos(), track.rect()
    size = room.height() / _TRACK
    hourly = page.style.timeline.bin_minutes == 60
    words = tr("between hours: interpolated") if hourly else tr("between bins: interpolated")
    box = Box(place.x(), place.y() + _UNDER_TRACK * size, room.width(), 4 * size)
    soft = text_format(SMALL * size, PALETTES[page.style.theme].soft_ink)
    add_text(page.layout, words, box, soft, "interpolated").setHAlign(Qt.AlignmentFlag.AlignHCenter)


class _Bands:
    """The parts of a frame's page, by the names of their items, arranged in two bands about the map."""

    def __init__(
        self, page: SpeedPage, layer: QgsVectorLayer, options: PageOptions, size: tuple[int, int]
    ) -> None:
        self._page, self._layer, self._options = page, layer, options
        self._layout, self._palette = page.layout, PALETTES[page.style.theme]
        tall = size[1] > 1.2 * size[0]
        self._tall = tall
        self._width = PAPERS[FRAME][1]
        self._pixel = self._width / size[0]
        self._height = self._width * size[1] / size[0]
        self._size = _TYPE[tall]
        self._room = self._width - 2 * _MARGIN
        classes = len(page.style.limits)
        self._columns = 1 if tall and classes <= _ROWS else 2
        self._rows = -(-classes // self._columns)
        self._half = (self._room - _MARGIN) * (0.52 if self._columns == 1 else 0.46)
        beside = self._room - self._half - _MARGIN
        self._heading = wrapped(page.style.title, TEXT, beside / self._size, bold=True)
        self._places = {each.id(): each for each in self._items() if each.id()}

    def _items(self) -> list[QgsLayoutItem]:
        paper = self._layout.pageCollection().page(0)
        return [
            item for item in self._layout.items() if isinstance(item, QgsLayoutItem) and item is not paper
        ]

    def arrange(self) -> None:
        """Put every item in its place."""
        millimetres = QgsUnitTypes.LayoutUnit.LayoutMillimeters
        self._layout.pageCollection().page(0).setPageSize(
            QgsLayoutSize(self._width, self._height, millimetres)
        )
        for item in self._items():  # the ends of the track, and what is made anew
            if item.id() in ("", "column", "legend", "scale bar"):
                self._layout.removeLayoutItem(item)
        begin, foot = (
            math.ceil(length / self._pixel) * self._pixel  # no edge within a pixel
            for length in (self._head(), self._foot_height())
        )
        self._map(Box(0, begin, self._width, self._height - begin - foot))
        self._ground(Box(0, 0, self._width, begin))
        self._ground(Box(0, self._height - foot, self._width, foot))
        self._foot(self._height - foot)

    def _head(self) -> float:
        """Write title, subtitle, dates and facts; return where they end."""
        size, y = self._size, _MARGIN * 0.8
        title = self._options.title
        points = fitting(title, TITLE * (1.25 if self._tall else 0.75), self._room / size)
        y += self._write("title", y, points, self._room, bold=True)
        y += self._write("subtitle", y, TEXT, self._room)
        facts = [self._text("dates"), self._text("facts")]
        line = "  ·  ".join(filter(None, facts))
        if not self._tall and fits(line, SMALL, self._room / size):
            self._places["dates"].setText(line)
            self._drop("facts")
        for name in ("dates", "facts"):
            y += self._write(name, y, SMALL, self._room, soft=True)
        return y + _MARGIN * 0.7

    def _foot_height(self) -> float:
        size = self._size
        beside = self._legend_height() + (0.0 if self._page.nothing else _BAR * size)
        clock = (line_height(TITLE * self._clock_size()) + 18.5) * size
        if "clock day" in self._places:
            clock += line_height(TEXT * 1.3) * size
        return _MARGIN * 0.5 + max(beside, clock) + self._ending_height()

    def _legend_height(self) -> float:
        lines = 1 + self._heading.count("\n")
        return (line_height(TEXT) * lines + 4 + 4.35 * self._rows) * self._size

    def _clock_size(self) -> float:
        return 1.9 if self._tall else 1.3

    def _ending_height(self) -> float:
        words = wrapped(self._text("sources"), SMALL * 0.85, self._room / self._size)
        return (line_height(SMALL * 0.85) * (1 + words.count("\n")) + 4) * self._size

    def _foot(self, top: float) -> None:
        """Write the clock with the track on one side, legend and scale bar on the other, and the sources."""
        size, y = self._size, top + _MARGIN * 0.5
        half = self._half
        end = self._height - self._ending_height()
        left, beside = _MARGIN + half + _MARGIN, self._room - half - _MARGIN
        self._legend(Box(left, y + size, beside, end - y))
        if "clock day" in self._places:
            y += self._write("clock day", y, TEXT * 1.3, half, bold=True)
        if "clock" in self._places:
            y += self._write("clock", y, TITLE * self._clock_size(), half, bold=True)
        if "track" in self._places:
            self._put(self._places["track"], Box(_MARGIN, y, half, _TRACK * size))
            self._ends(y + _UNDER_TRACK * size, half)
        if not self._page.nothing:
            bar = Box(left, end - (_BAR - 3) * size, beside * 0.62, 0)
            added = add_scale_bar(self._layout, self._page.map_item, bar, self._palette, size)
            self._put(added, bar)
        self._write("sources", end, SMALL * 0.85, self._room, soft=True)

    def _legend(self, box: Box) -> None:
        size = self._size
        legend = add_legend(self._layout, self._layer, self._heading, box, self._palette, size)
        if is_right_to_left():
            mirror_legend(legend)
        legend.setLinkedMap(self._page.map_item)
        legend.setColumnCount(self._columns)
        legend.setSplitLayer(self._columns > 1)
        legend.setSymbolWidth((13 if self._columns == 1 else 8) * size)
        legend.adjustBoxSize()
        self._put(legend, box)

    def _ends(self, y: float, width: float) -> None:
        """Write the ends of the day under the track."""
        for words, right in ((clock(0), False), (clock(24 * 60), True)):
            soft = text_format(SMALL * self._size, self._palette.soft_ink)
            box = Box(_MARGIN, y, width, 4 * self._size)
            label = add_text(self._layout, words, box, soft, right=right != is_right_to_left())
            self._put(label, box)

    def _map(self, box: Box) -> None:
        item = self._page.map_item
        self._put(item, box)
        item.zoomToExtent(fill(self._page.extent, box.width / box.height, self._options.cut))
        if "nothing" in self._places:
            part = Box(box.width / 5, box.y + box.height / 3, box.width * 0.6, box.height / 3)
            self._put(self._places["nothing"], part)

    def _ground(self, box: Box) -> None:
        item = add_ground(self._layout, box, QColor(self._palette.column), "column")
        self._layout.moveItemToBottom(item)

    def _text(self, name: str) -> str:
        item = self._places.get(name)
        return item.text() if isinstance(item, QgsLayoutItemLabel) else ""

    def _drop(self, name: str) -> None:
        self._layout.removeLayoutItem(self._places.pop(name))

    def _write(
        self, name: str, y: float, points: float, width: float, bold: bool = False, soft: bool = False
    ) -> float:
        """Set a label's words in lines of `width`; return their height, 0 where there is no such label."""
        label = self._places.get(name)
        if not isinstance(label, QgsLayoutItemLabel):
            return 0.0
        size = self._size
        words = wrapped(label.text().replace("\n", " ") if name != "sources" else label.text(), points,
                        width / size, bold)  # fmt: skip
        label.setText(words)
        colour = self._palette.soft_ink if soft else self._palette.ink
        label.setTextFormat(text_format(points * size, colour, bold))
        height = line_height(points) * (1 + words.count("\n")) * size
        self._put(label, Box(_MARGIN, y, width, height))
        return height

    def _put(self, item: QgsLayoutItem, box: Box) -> None:
        """Place an item, where words run from right to left as a mirror shows it."""
        millimetres = QgsUnitTypes.LayoutUnit.LayoutMillimeters
        right = is_right_to_left()
        corner = item.ReferencePoint.UpperRight if right else item.ReferencePoint.UpperLeft
        item.setReferencePoint(corner)
        x = self._width - box.x if right else box.x
        if not isinstance(item, QgsLayoutItemLegend) and box.height:
            item.attemptResize(QgsLayoutSize(box.width, box.height, millimetres))
        item.attemptMove(QgsLayoutPoint(x, box.y, millimetres))
