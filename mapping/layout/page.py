"""The printed page and the film's frame: a map to the edges beside a quiet column."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Optional

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt

from ...aggregation.contract.statistic import statistic
from .. import statistic_words
from ..ground.layers import Ground, GroundChoice, ground_layers
from ..language import clock, tr
from ..readings import Readings
from ..style.options import StyleOptions
from ..style.palette import PALETTES, Palette
from ..style.symbology import print_style
from ..style.temporal import frame_range
from .column import Column
from .facts import describe, emptiness, extent_shown, fill, page_crs
from .items import (
    Box,
    add_ground,
    add_map,
    add_text,
    add_track,
    inert,
    show_track,
    text_format,
)
from .mirror import mirror_page
from .paper import FRAME, FRAME_DPI, check_paper, column_width, page_size, type_size
from .typesetting import SMALL, TEXT, TITLE, fits, fitting, line_height, wrapped

SMALL_MULTIPLES = ("03:00", "08:00", "13:00", "17:00")
MORE_MULTIPLES = ("03:00", "06:00", "08:00", "10:00", "13:00", "15:00", "17:00", "20:00")
"""Times of the small maps where the column has room for twice as many."""

MOST_AS_LINES = 20_000
"""Links up to which the small maps of a PDF or SVG are lines; more are pictures at the page's resolution.

Of 170,000 links four small maps as lines took 25 of a PDF's 31 MB, on some 4 cm each.
"""

_AS_PICTURE = 0.999
"""Opacity that makes QGIS draw a part of a page as a picture, and that changes no colour visibly."""


@dataclass(frozen=True)
class PageOptions:
    """Contents of a page.

    `frame` is the number of the frame that the map shows (`Timeline`), None the whole period. `extent` (in
    the layer's coordinate system) is shown whole; None takes that of most of the links with data. With `cut`
    the map is filled with it to the edges instead, and what does not fit is left out. `orientation` is one of
    `paper.ORIENTATIONS`; `auto` turns paper to portrait if that shows more. `facts` and `dates` are taken
    from the file if empty; an empty `subtitle` names the statistic. With `film` there is a clock with the
    track of the day in place of the small maps. `ground` lies under the speeds on all maps.
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
    ground: GroundChoice = field(default_factory=GroundChoice)


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
    left_out: tuple[str, ...] = ()
    ground: Ground = field(default_factory=Ground)

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
        if isinstance(track, QgsLayoutItemPicture):  # a template of one's own may name any item so
            first = number - number % timeline.n_bins
            day = self.totals[first : first + timeline.n_bins]
            show_track(track, day, number - first, PALETTES[self.style.theme], max(self.totals))
        self.layout.refresh()


@dataclass
class Sheet:
    """An empty page: its layout, what is to be shown on it in `crs`, and its two parts.

    `area` is the room of the maps, `column` the column beside them; `size` is that of type, 1 on A4.
    `nothing` says why the map has no links.
    """

    layout: QgsPrintLayout
    layer: QgsVectorLayer
    style: StyleOptions
    options: PageOptions
    crs: QgsCoordinateReferenceSystem
    wanted: QgsRectangle
    nothing: str
    area: Box
    column: Column
    size: float
    ground: Ground
    readings: Readings

    @property
    def palette(self) -> Palette:
        """The theme's colours."""
        return PALETTES[self.style.theme]

    def lay_ground(self) -> None:
        """Lay the column's colour under an area that several maps share."""
        add_ground(self.layout, self.area, self.palette.column, "area")

    def add_map(
        self, box: Box, number: Optional[int], name: str, extent: Optional[QgsRectangle] = None
    ) -> QgsLayoutItemMap:
        """Add a map of a frame of the timeline, None for the whole period; `extent` is the page's if None."""
        return self._map(box, number, name, extent, self._labelled)

    def add_small_map(self, box: Box, number: Optional[int], name: str, of: int) -> QgsLayoutItemMap:
        """Add one `of` several small maps: without labels, and a picture in a PDF where links are many."""
        small = self._map(box, number, name, None, self._bare)
        if self.layer.featureCount() * of > 4 * MOST_AS_LINES:
            small.setItemOpacity(_AS_PICTURE)
        return small

    def _map(
        self, box: Box, number: Optional[int], name: str, extent: Optional[QgsRectangle], style: str
    ) -> QgsLayoutItemMap:
        extent = fill(extent or self.wanted, box.width / box.height, self.options.cut)
        time = None if number is None or not self.style.plays else frame_range(self.style.timeline, number)
        item = add_map(
            self.layout,
            self.layer,
            box,
            extent,
            self.crs,
            time,
            self.palette.ground,
            name,
            self.ground.layers,
        )
        if not self.options.film:
            item.setLayerStyleOverrides({self.layer.id(): style})
            item.setKeepLayerStyles(True)
        return item

    @cached_property
    def _labelled(self) -> str:
        """The layer's style for paper, kept whatever becomes of the layer's."""
        return str(print_style(self.layer, self.style, self.size).xmlData())

    @cached_property
    def _bare(self) -> str:
        return str(print_style(self.layer, self.style, self.size, labels=False).xmlData())

    def as_page(self, map_item: QgsLayoutItemMap) -> SpeedPage:
        """Return the page whose chief map is `map_item`; an empty map says why it is empty."""
        self.layout.setReferenceMap(map_item)
        if self.nothing:
            frame = self.area
            box = Box(frame.x + frame.width / 5, frame.height / 3, frame.width * 0.6, frame.height / 3)
            soft = text_format(TEXT * self.size, self.palette.soft_ink)
            label = add_text(self.layout, self.nothing, box, soft, "nothing")
            label.setHAlign(Qt.AlignmentFlag.AlignHCenter)
            label.setVAlign(Qt.AlignmentFlag.AlignVCenter)
        totals = self.readings.file(self.layer).bin_totals()
        return SpeedPage(
            self.layout, map_item, self.style, self.wanted, self.nothing, totals, ground=self.ground
        )

    def write_heading(self, number: Optional[int], when: str = "", facts: Optional[str] = None) -> None:
        """Write the head of the column, for a frame or the whole period.

        `when` and `facts` stand in place of its time and of the counts of its data; empty ones are left out.
        """
        options, style = self.options, self.style
        dates, counted = describe(self.readings.file(self.layer), style, None if options.film else number)
        if options.film:
            period = whole_period(style)
            counted = tr("{period}: {facts}").format(period=period[:1].upper() + period[1:], facts=counted)
            when = ""
        elif not when:
            when = whole_period(style) if number is None else style.timeline.span(number)
        subtitle = options.subtitle or statistic_words.subtitle(statistic(style.statistic))
        self.column.heading(
            options.title,
            subtitle,
            when,
            options.dates or dates,
            options.facts or (counted if facts is None else facts),
        )

    def next_page(self) -> Sheet:
        """Add a page of the same size to the layout; return it with a column of its own."""
        pages, first = self.layout.pageCollection(), self.layout.pageCollection().page(0)
        added = QgsLayoutItemPage(self.layout)
        added.setPageSize(first.pageSize())
        pages.addPage(added)
        below = pages.page(pages.pageCount() - 1).pos().y()
        beside = Box(self.area.width, below, first.rect().width() - self.area.width, self.area.height)
        column = Column(self.layout, self.style, beside, self.size)
        after = replace(self, area=Box(0, below, self.area.width, self.area.height), column=column)
        after._labelled = self._labelled
        return after

    def finish(self, map_item: QgsLayoutItemMap) -> None:
        """Write the end of the column, and turn the page about where words run from right to left.

        To be called last, and once.
        """
        self.write_ending(map_item)
        mirror_page(self.layout)

    def write_ending(self, map_item: QgsLayoutItemMap) -> None:
        """Write the end of the column: the scale bar of a map, the estimator and the sources."""
        sources = self.ground.sources(self.options.sources)
        self.column.ending(self.layer, sources, None if self.nothing else map_item)


def whole_period(style: StyleOptions) -> str:
    """Name what a map without a time shows."""
    return tr("all days") if style.timeline.is_divided else tr("whole day")


def empty_sheet(
    project: QgsProject,
    layer: QgsVectorLayer,
    style: StyleOptions,
    options: PageOptions,
    readings: Readings,
) -> Sheet:
    """Return a page without contents for `layer`, which `style_layer` has styled. Raises `MapError`."""
    check_paper(options.paper)
    nothing, crs = emptiness(layer), page_crs(layer)
    into = QgsCoordinateTransform(layer.crs(), crs, project)
    wanted = extent_shown(readings.file(layer), into, options.extent)
    width, height = page_size(options.paper, options.orientation, wanted, options.cut)
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(options.title)
    layout.pageCollection().page(0).setPageSize(
        QgsLayoutSize(width, height, QgsUnitTypes.LayoutUnit.LayoutMillimeters)
    )
    layout.renderContext().setDpi(FRAME_DPI if options.paper == FRAME else 300)
    beside, size = column_width(options.paper, (width, height)), type_size((width, height))
    column = Column(layout, style, Box(width - beside, 0, beside, height), size)
    area = Box(0, 0, width - beside, height)
    ground = ground_layers(options.ground, layer, style.theme, crs, wanted, readings)
    project.addMapLayers(list(ground.layers), False)
    column.keep_room(layer, ground.sources(options.sources))
    return Sheet(layout, layer, style, options, crs, wanted, nothing, area, column, size, ground, readings)


def speed_page(
    project: QgsProject,
    layer: QgsVectorLayer,
    style: StyleOptions,
    options: PageOptions,
    readings: Optional[Readings] = None,
) -> SpeedPage:
    """Return a page with `layer`, which `style_layer` has styled with `style`. Raises `MapError`.

    What `readings` hold of the map file already is not read again.
    """
    sheet = empty_sheet(project, layer, style, options, readings or Readings())
    number = options.frame if style.plays else None
    map_item = sheet.add_map(sheet.area, number, "map")
    page = sheet.as_page(map_item)
    sheet.write_heading(number)
    if options.film and style.plays:
        _clock(page, sheet.column, number or 0)
    sheet.column.legend(layer, map_item)
    if options.small_multiples and style.plays and not sheet.nothing and not options.film:
        _small_maps(sheet)
    sheet.finish(map_item)
    if options.film and style.plays:
        page.show_frame(number or 0)
    return page


def _clock(page: SpeedPage, column: Column, first: int) -> None:
    """Add the clock, large, and the track of the day under it."""
    size, timeline = column.size, page.style.timeline
    if timeline.is_divided:
        names = {timeline.set_name(number) for number in range(0, len(timeline), timeline.n_bins)}
        points = min(fitting(name, TEXT * 1.3, column.width / size) for name in names)
        column.write(timeline.set_name(first), points, bold=True, name="clock day")
    column.write(timeline.clock(first), TITLE * 1.9, bold=True, name="clock")
    add_track(page.layout, column.box(12 * size))
    column.y += 12.8 * size
    for words, right in ((clock(0), False), (clock(24 * 60), True)):
        add_text(page.layout, words, column.box(4 * size),
                 text_format(SMALL * size, column.palette.soft_ink), right=right)  # fmt: skip
    column.y += 11.2 * size


def _small_maps(sheet: Sheet) -> None:
    """Add the day as small maps, each of another bin; none where there is one bin, or no room."""
    column, size, timeline, options = sheet.column, sheet.size, sheet.style.timeline, sheet.options
    shown = options.frame or 0
    day = shown - shown % timeline.n_bins  # of the set that the large map shows
    gap, head = 3 * size, 4 * size
    width = (column.width - gap) / 2
    tall = max(1.0, min(2.0, sheet.wanted.height() / max(sheet.wanted.width(), 1e-9)))
    room = column.bottom - column.y - 10 * size
    more = options.small_multiples == SMALL_MULTIPLES and room > 4 * (width * tall + head + gap)
    at: dict[int, str] = {}
    for name in MORE_MULTIPLES if more else options.small_multiples[:4]:
        hour, minute = map(int, name.split(":"))
        at.setdefault(day + (hour * 60 + minute) // timeline.bin_minutes, name)
    heads = {number: f"{timeline.set_name(number)} {timeline.clock(number)}".strip() for number in at}
    short = all(fits(words, SMALL, width / size, bold=True) for words in heads.values())
    heading = tr("The same streets through the day")
    if not short and options.frame is None:  # no subtitle names the set
        heading = tr("{heading}: {days}").format(heading=heading, days=timeline.set_name(day))
        heading = wrapped(heading, TEXT, column.width / size, bold=True)
    title = (line_height(TEXT) * (1 + heading.count("\n")) + 1.5) * size
    rows = 4 if more else 2
    height = min(width * tall, (column.bottom - column.y - title - (rows - 1) * gap) / rows - head)
    if height < 12 * size or len(at) < 2:
        return
    column.write(heading, TEXT, bold=True, name="small maps")
    column.y += 1.5 * size
    for i, (number, name) in enumerate(at.items()):
        x, y = column.left + (i % 2) * (width + gap), column.y + (i // 2) * (height + head + gap)
        words = heads[number] if short else timeline.clock(number)
        add_text(sheet.layout, words, Box(x, y, width, head),
                 text_format(SMALL * size, column.palette.soft_ink, bold=True))  # fmt: skip
        sheet.add_small_map(Box(x, y + head, width, height), number, f"map {name}", len(at))
