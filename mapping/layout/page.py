"""The printed page and the film's frame: a map to the edges beside a quiet column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayoutItemMap,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QFont, QFontMetricsF

from ...aggregation.contract.statistic import statistic
from ..errors import MapError
from ..map_file import MapFile
from ..reference_system import in_degrees
from ..style.labels import font_family
from ..style.options import StyleOptions
from ..style.palette import PALETTES
from ..style.symbology import print_style
from ..style.temporal import frame_range
from .facts import describe, directions, emptiness, extent_shown, fill, local_crs
from .items import (
    SMALL,
    TEXT,
    TITLE,
    Box,
    add_ground,
    add_legend,
    add_map,
    add_scale_bar,
    add_text,
    add_track,
    inert,
    text_format,
    track_picture,
)

PAPERS = {"A4": (297.0, 210.0), "A3": (420.0, 297.0), "frame": (338.667, 190.5)}
"""Width and height in mm, landscape; `frame` is a film's frame of 16 to 9, 1920 × 1080 points at 144 dpi."""

ORIENTATIONS = ("auto", "landscape", "portrait")

COLUMN = 0.258
"""Width of the column, as a share of the page's longer side."""

MORE = 1.05
"""Paper is turned to portrait where that shows the extent larger by at least this factor."""

SMALL_MULTIPLES = ("03:00", "08:00", "13:00", "17:00")

MOST_AS_LINES = 20_000
"""Links up to which the small maps of a PDF or SVG are lines; more are pictures at the page's resolution.

Of 170,000 links four small maps as lines took 25 of a PDF's 31 MB, on some 4 cm each.
"""

_AS_PICTURE = 0.999
"""Opacity that makes QGIS draw a part of a page as a picture, and that changes no colour visibly."""

_ROOM = 0.99
"""Share of a line's width that words may take, as QGIS measures them a little differently."""

NOTE = "{estimator}{directions}. Links with fewer than {min_trips} trips are grey."
NOTE_OF_BINS = " Limits are the same at every hour."
NOTE_OF_SETS = " Limits are the same at every hour of all days."
NOTE_OF_FREE_FLOW = " Free flow: {rule}."


@dataclass(frozen=True)
class PageOptions:
    """Contents of a page.

    `frame` is the number of the frame that the map shows (`Timeline`), None the whole period. `extent` (in
    the layer's coordinate system) is shown whole; None takes that of most of the links with data. With `cut`
    the map is filled with it to the edges instead, and what does not fit is left out. `orientation` is one of
    `ORIENTATIONS`; `auto` turns paper to portrait if that shows more. `facts` and `dates` are taken from the
    file if empty; an empty `subtitle` names the statistic. With `film` there is a clock with the track of the
    day in place of the small maps.
    """

    title: str
    subtitle: str = ""
    dates: str = ""
    facts: str = ""
    sources: str = ""
    paper: str = "A4"
    frame: Optional[int] = None
    orientation: str = "auto"
    extent: Optional[QgsRectangle] = None
    cut: bool = False
    small_multiples: tuple[str, ...] = SMALL_MULTIPLES
    film: bool = False


@dataclass
class SpeedPage:
    """A layout and the parts of it that change from frame to frame.

    `extent` is what was to be shown, in the map's coordinate system; `nothing` says why the map has no
    links, and is empty where it has some.
    """

    layout: QgsPrintLayout
    map_item: QgsLayoutItemMap
    style: StyleOptions
    extent: QgsRectangle
    nothing: str = ""
    totals: list[float] = field(default_factory=list)
    track_box: Optional[Box] = None

    def show_frame(self, number: int) -> None:
        """Let the map, the clock and the track show the frame `number`."""
        timeline = self.style.timeline
        self.map_item.setIsTemporal(True)
        self.map_item.setTemporalRange(frame_range(timeline, number))
        for name, words in (("clock", timeline.clock(number)), ("clock day", timeline.set_name(number))):
            label = self.layout.itemById(name)
            if label is not None:
                label.setText(inert(words))
        track = self.layout.itemById("track")
        if track is not None and self.track_box is not None:
            first = number - number % timeline.n_bins
            day = self.totals[first : first + timeline.n_bins]
            picture = track_picture(
                day, number - first, self.track_box, PALETTES[self.style.theme], max(self.totals)
            )
            track.setPicturePath(picture)
        self.layout.refresh()


def speed_page(
    project: QgsProject, layer: QgsVectorLayer, style: StyleOptions, options: PageOptions
) -> SpeedPage:
    """Return a page with `layer`, which `style_layer` has styled with `style`. Raises `MapError`."""
    if options.paper not in PAPERS:
        raise MapError(f"There is no paper {options.paper}. Choose one of {', '.join(PAPERS)}.")
    nothing, crs = emptiness(layer), local_crs(layer)
    if nothing and in_degrees(crs):
        crs = QgsCoordinateReferenceSystem("EPSG:3857")
    wanted = extent_shown(project, layer, crs, options.extent)
    width, height = _turned(PAPERS[options.paper], wanted, options)
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(options.title)
    layout.pageCollection().page(0).setPageSize(
        QgsLayoutSize(width, height, QgsUnitTypes.LayoutUnit.LayoutMillimeters)
    )
    layout.renderContext().setDpi(300)
    column = max(width, height) * COLUMN
    frame = Box(0, 0, width - column, height)
    palette, number = PALETTES[style.theme], options.frame if style.plays else None
    map_item = add_map(
        layout, layer, frame, fill(wanted, frame.width / frame.height, options.cut), crs,
        None if number is None else frame_range(style.timeline, number), palette.ground, "map",
    )  # fmt: skip
    layout.setReferenceMap(map_item)
    add_ground(layout, Box(width - column, 0, column, height), palette.column, "column")
    page = SpeedPage(layout, map_item, style, wanted, nothing, MapFile.of(layer).bin_totals())
    if nothing:
        _say_in(frame, layout, nothing, text_format(TEXT, palette.soft_ink))
    _Column(page, layer, options, Box(width - column, 0, column, height)).fill()
    if not options.film:
        printed = {layer.id(): print_style(layer, style).xmlData()}
        for item in layout.items():
            if isinstance(item, QgsLayoutItemMap):
                item.setLayerStyleOverrides(printed)
                item.setKeepLayerStyles(True)
    if number is not None or (options.film and style.plays):
        page.show_frame(number or 0)
    return page


def _turned(paper: tuple[float, float], wanted: QgsRectangle, options: PageOptions) -> tuple[float, float]:
    """Width and height in mm of the paper, turned where that shows more of `wanted`, or shows it larger."""
    turned = paper[1], paper[0]
    if options.paper == "frame" or options.orientation == "landscape":
        return paper
    if options.orientation == "portrait":
        return turned

    def shows(size: tuple[float, float]) -> float:
        width = size[0] - max(size) * COLUMN
        part = fill(wanted, width / size[1], options.cut)
        return part.area() if options.cut else width / part.width()

    return turned if shows(turned) > MORE * shows(paper) else paper


def _say_in(frame: Box, layout: QgsPrintLayout, words: str, text: QgsTextFormat) -> None:
    """Write `words` into the middle of an empty map."""
    box = Box(frame.x + frame.width / 5, frame.y + frame.height / 3, frame.width * 0.6, frame.height / 3)
    label = add_text(layout, words, box, text, "nothing")
    label.setHAlign(Qt.AlignmentFlag.AlignHCenter)
    label.setVAlign(Qt.AlignmentFlag.AlignVCenter)


class _Column:
    """The column beside the map, filled from the top; lengths are those of A4, times `size`."""

    def __init__(self, page: SpeedPage, layer: QgsVectorLayer, options: PageOptions, box: Box) -> None:
        self.page, self.layer, self.options, self.style = page, layer, options, page.style
        self.palette = PALETTES[page.style.theme]
        paper = PAPERS["A4"]
        self.size = min(box.width / (paper[0] * COLUMN), box.height / paper[1])
        self.left, self.width, self.height = box.x + 8 * self.size, box.width - 16 * self.size, box.height
        self.y = 9.0 * self.size

    def fill(self) -> None:
        """Write everything from the title to the sources."""
        options, size, film = self.options, self.size, self.options.film
        timeline, shown = self.style.timeline, options.frame if self.style.plays else None
        when = self._whole() if shown is None else timeline.span(shown)
        dates, facts = describe(self.layer, self.style)
        self._write(options.title, fitting(options.title, TITLE, self.width / size), bold=True, name="title")
        self.y += size
        subtitle = options.subtitle or statistic(self.style.statistic).subtitle
        both = subtitle if film else f"{subtitle}, {when}"
        if self._is_line(both, TEXT):
            self._write(both, TEXT, name="subtitle")
        else:
            self._write(subtitle, TEXT, name="subtitle")
            if not film:
                self._write(when, TEXT, name="when")
        self.y += size
        self._write(options.dates or dates, SMALL, soft=True, name="dates")
        self._write(options.facts or facts, SMALL, soft=True, name="facts")
        self.y += 7 * size
        if film and self.style.plays:
            self._clock()
        heading = wrapped(self.style.title, TEXT, self.width / size, bold=True)
        legend = add_legend(self.page.layout, self.layer, heading, self._box(50 * size), self.palette, size)
        legend.setLinkedMap(self.page.map_item)
        # The legend knows its height only once it is painted.
        self.y += (6.5 + _height(TEXT) * heading.count("\n") + 4.35 * len(self.style.limits) + 9) * size
        played = self.style.plays and not self.page.nothing
        if not film and options.small_multiples and played:
            self._small_maps(self.height - 33 * size)
        self.y = self.height - 29 * size
        bar = Box(self.left, self.y, self.width * 0.62, 0)
        if not self.page.nothing:
            add_scale_bar(self.page.layout, self.page.map_item, bar, self.palette, size)
        self.y = self.height - 20 * size
        note = NOTE.format(
            estimator=statistic(self.style.statistic).estimator.capitalize(),
            directions=directions(self.layer),
            min_trips=self.style.min_trips,
        )
        if self.style.free_flow:
            note += NOTE_OF_FREE_FLOW.format(rule=self.style.free_flow)
        if self.style.plays:
            note += NOTE_OF_SETS if timeline.is_divided else NOTE_OF_BINS
        add_text(self.page.layout, f"{note}\n{options.sources}".strip(), self._box(15 * size),
                 text_format(SMALL * size * 0.85, self.palette.soft_ink), "sources")  # fmt: skip

    def _box(self, height: float) -> Box:
        return Box(self.left, self.y, self.width, height)

    def _whole(self) -> str:
        """Name what a map without a time shows."""
        return "all days" if self.style.timeline.is_divided else "whole day"

    def _is_line(self, words: str, points: float, bold: bool = False, width: float = 0.0) -> bool:
        """Return True if a text fits into one line of the column, or of `width` on the page."""
        return wide(words, points, bold) <= _ROOM * (width or self.width) / self.size

    def _write(
        self, words: str, points: float, bold: bool = False, soft: bool = False, name: str = ""
    ) -> None:
        """Write a text, in as many lines as the column's width asks for."""
        words = wrapped(words, points, self.width / self.size, bold)
        height = _height(points) * (1 + words.count("\n")) * self.size
        colour = self.palette.soft_ink if soft else self.palette.ink
        text = text_format(points * self.size, colour, bold)
        add_text(self.page.layout, words, self._box(height), text, name)
        self.y += height

    def _clock(self) -> None:
        """The clock large, the track of the day under it."""
        size, timeline, first = self.size, self.style.timeline, self.options.frame or 0
        if timeline.is_divided:
            names = {timeline.set_name(number) for number in range(0, len(timeline), timeline.n_bins)}
            points = min(fitting(name, TEXT * 1.3, self.width / size) for name in names)
            self._write(timeline.set_name(first), points, bold=True, name="clock day")
        self._write(timeline.clock(first), TITLE * 1.9, bold=True, name="clock")
        self.page.track_box = self._box(12 * size)
        add_track(self.page.layout, self.page.track_box)
        self.y += 12.8 * size
        for words, right in (("00:00", False), ("24:00", True)):
            add_text(self.page.layout, words, self._box(4 * size),
                     text_format(SMALL * size, self.palette.soft_ink), right=right)  # fmt: skip
        self.y += 11.2 * size

    def _small_maps(self, bottom: float) -> None:
        """The day as up to four small maps, each of another bin; none where there is one bin, or no room."""
        size, timeline, layout = self.size, self.style.timeline, self.page.layout
        shown = self.options.frame or 0
        day = shown - shown % timeline.n_bins  # of the set that the large map shows
        at: dict[int, str] = {}
        for name in self.options.small_multiples[:4]:
            hour, minute = map(int, name.split(":"))
            at.setdefault(day + (hour * 60 + minute) // timeline.bin_minutes, name)
        gap, head = 3 * size, 4 * size
        width = (self.width - gap) / 2
        fits = all(self._is_line(self._head(number), SMALL, bold=True, width=width) for number in at)
        heading = "The same streets through the day"
        if not fits and self.options.frame is None:  # no subtitle names the set
            heading = wrapped(f"{heading}: {timeline.set_name(day)}", TEXT, self.width / size, bold=True)
        title = (_height(TEXT) * (1 + heading.count("\n")) + 1.5) * size
        tall = max(1.0, min(2.0, self.page.extent.height() / max(self.page.extent.width(), 1e-9)))
        height = min(width * tall, (bottom - self.y - title - gap) / 2 - head)
        if height < 12 * size or len(at) < 2:
            return
        self._write(heading, TEXT, bold=True, name="small maps")
        self.y += 1.5 * size
        main, as_lines = self.page.map_item, self.layer.featureCount() <= MOST_AS_LINES
        for i, (number, name) in enumerate(at.items()):
            x, y = self.left + (i % 2) * (width + gap), self.y + (i // 2) * (height + head + gap)
            words = self._head(number) if fits else timeline.clock(number)
            add_text(layout, words, Box(x, y, width, head),
                     text_format(SMALL * size, self.palette.soft_ink, bold=True))  # fmt: skip
            small = add_map(
                layout, self.layer, Box(x, y + head, width, height),
                fill(self.page.extent, width / height, self.options.cut), main.crs(),
                frame_range(timeline, number), self.palette.ground, f"map {name}",
            )  # fmt: skip
            if not as_lines:
                small.setItemOpacity(_AS_PICTURE)

    def _head(self, number: int) -> str:
        """Return the set and the time of a small map."""
        timeline = self.style.timeline
        return f"{timeline.set_name(number)} {timeline.clock(number)}".strip()


def fitting(words: str, points: float, width: float) -> float:
    """Return the size, at most `points`, at which bold `words` fit into `width` mm."""
    return points * min(1.0, 0.98 * width / max(wide(words, points, bold=True), 1e-9))


def wrapped(words: str, points: float, width: float, bold: bool = False) -> str:
    """Return a text with line breaks where a line would be wider than `width` mm; words stay whole."""
    lines = []
    for line in words.split("\n"):
        lines.append("")
        for word in line.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and wide(longer, points, bold) > _ROOM * width:
                lines.append(word)
            else:
                lines[-1] = longer
    return "\n".join(lines)


def wide(words: str, points: float, bold: bool = False) -> float:
    """Return the width of a line in mm."""
    font = QFont(font_family())
    font.setBold(bold)
    font.setPixelSize(1000)
    return float(QFontMetricsF(font).horizontalAdvance(words)) / 1000 * points * 0.3528


def _height(points: float) -> float:
    """Return the height of a line in mm."""
    return points * 0.3528 * 1.42
