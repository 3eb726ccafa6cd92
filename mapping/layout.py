"""The printed page and the film's frame: a map to the edges beside a quiet column."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsLayoutExporter,
    QgsLayoutItemMap,
    QgsLayoutSize,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QFont, QFontMetricsF

from .errors import MapError
from .labels import font_family
from .page_items import (
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
    text_format,
    track_picture,
)
from .palette import PALETTES
from .style_options import StyleOptions, file_of, read_run_table
from .temporal import bin_range

PAPERS = {"A4": (297.0, 210.0), "A3": (420.0, 297.0), "frame": (338.667, 190.5)}
"""Width and height in mm; `frame` is a film's frame of 16 to 9, 1920 × 1080 points at 144 dpi."""

COLUMN = 0.258
"""Width of the column, as a share of the page's."""

SMALL_MULTIPLES = ("03:00", "08:00", "13:00", "17:00")

NOTE = "{estimator}. Links with fewer than {min_trips} trips are grey. Limits are the same at every hour."


@dataclass(frozen=True)
class PageOptions:
    """What stands on a page.

    `bin_number` is the bin that the map shows, None the whole day. `extent` (in the layer's coordinate
    system) is filled to the edges; None takes where most of the links with data lie. `facts` and
    `dates` are taken from the file where empty. With `film` there is a clock with the track of the day
    in place of the small maps.
    """

    title: str
    subtitle: str = "How fast traffic moves"
    dates: str = ""
    facts: str = ""
    sources: str = ""
    paper: str = "A4"
    bin_number: Optional[int] = None
    extent: Optional[QgsRectangle] = None
    small_multiples: tuple[str, ...] = SMALL_MULTIPLES
    film: bool = False


@dataclass
class SpeedPage:
    """A layout and the parts of it that change from frame to frame."""

    layout: QgsPrintLayout
    map_item: QgsLayoutItemMap
    style: StyleOptions
    totals: list[float] = field(default_factory=list)
    track_box: Optional[Box] = None

    def show_bin(self, number: int) -> None:
        """Let the map, the clock and the track show the bin `number`."""
        self.map_item.setIsTemporal(True)
        self.map_item.setTemporalRange(bin_range(self.style.day, number, self.style.bin_minutes))
        clock = self.layout.itemById("clock")
        if clock is not None:
            clock.setText(clock_text(number, self.style.bin_minutes))
        track = self.layout.itemById("track")
        if track is not None and self.track_box is not None:
            track.setPicturePath(
                track_picture(self.totals, number, self.track_box, PALETTES[self.style.theme])
            )
        self.layout.refresh()


def clock_text(number: int, bin_minutes: int) -> str:
    """Start of the bin, `08:00`."""
    minutes = number * bin_minutes
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def speed_page(
    project: QgsProject, layer: QgsVectorLayer, style: StyleOptions, options: PageOptions
) -> SpeedPage:
    """A page with `layer`, which `style_layer` has styled with `style`. Raises `MapError`."""
    if options.paper not in PAPERS:
        raise MapError(f"There is no paper {options.paper}. Choose one of {', '.join(PAPERS)}.")
    width, height = PAPERS[options.paper]
    palette = PALETTES[style.theme]
    size = height / 210.0
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    layout.setName(options.title)
    layout.pageCollection().page(0).setPageSize(
        QgsLayoutSize(width, height, QgsUnitTypes.LayoutUnit.LayoutMillimeters)
    )
    layout.renderContext().setDpi(300)
    column = width * COLUMN
    map_box = Box(0, 0, width - column, height)
    crs = local_crs(layer)
    extent = fill(
        QgsCoordinateTransform(layer.crs(), crs, project).transformBoundingBox(
            options.extent or busy_extent(layer)
        ),
        map_box.width / map_box.height,
    )
    number = options.bin_number
    time = None if number is None else bin_range(style.day, number, style.bin_minutes)
    map_item = add_map(layout, layer, map_box, extent, crs, time, palette.ground, "map")
    layout.setReferenceMap(map_item)
    add_ground(layout, Box(width - column, 0, column, height), palette.column, "column")

    page = SpeedPage(layout, map_item, style, bin_totals(layer, style))
    left, inner = width - column + 8 * size, column - 16 * size
    y = 9.0 * size

    def write(
        words: str, points: float, lines: float, bold: bool = False, soft: bool = False, name: str = ""
    ) -> None:
        nonlocal y
        tall = lines * points * 0.3528 * 1.42 * size
        colour = palette.soft_ink if soft else palette.ink
        add_text(layout, words, Box(left, y, inner, tall), text_format(points * size, colour, bold), name)
        y += tall

    write(options.title, fitting(options.title, TITLE, inner / size), 1, bold=True, name="title")
    y += 1 * size
    when = (
        "whole day"
        if number is None
        else f"{clock_text(number, style.bin_minutes)} – {clock_text(number + 1, style.bin_minutes)}"
    )
    write(options.subtitle if options.film else f"{options.subtitle}, {when}", TEXT, 1, name="subtitle")
    y += 1 * size
    dates, facts = describe(layer, style)
    write(options.dates or dates, SMALL, 1, soft=True, name="dates")
    write(options.facts or facts, SMALL, 1, soft=True, name="facts")
    y += 7 * size
    if options.film:
        write(clock_text(number or 0, style.bin_minutes), TITLE * 1.9, 1, bold=True, name="clock")
        page.track_box = Box(left, y, inner, 12 * size)
        add_track(layout, page.track_box)
        y += 12 * size
        for words, right in (("00:00", False), ("24:00", True)):
            add_text(layout, words, Box(left, y + 0.8 * size, inner, 4 * size),
                     text_format(SMALL * size, palette.soft_ink), right=right)  # fmt: skip
        y += 12 * size
    legend = add_legend(layout, layer, style.title, Box(left, y, inner, 50 * size), palette, size)
    legend.setLinkedMap(map_item)
    y += legend.rect().height() + 7 * size
    if not options.film and options.small_multiples and style.statistic == "mean":
        write("The same streets through the day", TEXT, 1, bold=True)
        y += 1.5 * size
        _small_maps(page, layer, options, extent, crs, Box(left, y, inner, height - y - 30 * size), size)
    add_scale_bar(layout, map_item, Box(left, height - 29 * size, inner * 0.62, 0), palette, size)
    estimator = "Mean of all points on a link, each direction for itself"
    note = NOTE.format(estimator=estimator, min_trips=style.min_trips)
    add_text(layout, f"{note}\n{options.sources}".strip(), Box(left, height - 20 * size, inner, 15 * size),
             text_format(SMALL * size * 0.85, palette.soft_ink), "sources")  # fmt: skip
    if number is not None or options.film:
        page.show_bin(number or 0)
    return page


def _small_maps(
    page: SpeedPage, layer: QgsVectorLayer, options: PageOptions, extent: QgsRectangle,
    crs: QgsCoordinateReferenceSystem, box: Box, size: float,
) -> None:  # fmt: skip
    """The day as four small maps, each with a time of its own."""
    palette, style = PALETTES[page.style.theme], page.style
    gap, head = 3 * size, 4 * size
    width = (box.width - gap) / 2
    height = min(width, (box.height - gap) / 2 - head)
    for i, name in enumerate(options.small_multiples[:4]):
        hour, minute = map(int, name.split(":"))
        number = (hour * 60 + minute) // style.bin_minutes
        x, y = box.x + (i % 2) * (width + gap), box.y + (i // 2) * (height + head + gap)
        add_text(page.layout, clock_text(number, style.bin_minutes), Box(x, y, width, head),
                 text_format(SMALL * size * 1.1, palette.soft_ink, bold=True))  # fmt: skip
        add_map(page.layout, layer, Box(x, y + head, width, height), fill(extent, width / height), crs,
                bin_range(style.day, number, style.bin_minutes), palette.ground, f"map {name}")  # fmt: skip


def fitting(words: str, points: float, width: float) -> float:
    """The size, at most `points`, at which bold `words` fit into `width` mm."""
    font = QFont(font_family())
    font.setBold(True)
    font.setPixelSize(1000)
    wide = QFontMetricsF(font).horizontalAdvance(words) / 1000 * points * 0.3528
    return points * min(1.0, 0.98 * width / max(wide, 1e-9))


def export_page(page: SpeedPage, path: Path, dpi: int = 300) -> None:
    """Write the page as PDF, PNG or SVG, by the ending of `path`; raises `MapError`."""
    exporter = QgsLayoutExporter(page.layout)
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix.lower()
    if ending == ".pdf":
        pdf = QgsLayoutExporter.PdfExportSettings()
        pdf.dpi = dpi
        result = exporter.exportToPdf(str(path), pdf)
    elif ending == ".png":
        # Not exportToImage: it would try to write the map's place on earth into the finished picture.
        picture = exporter.renderPageToImage(0, dpi=dpi)
        if not picture.isNull() and picture.save(str(path), "PNG"):
            return
        result = QgsLayoutExporter.ExportResult.FileError
    elif ending == ".svg":
        svg = QgsLayoutExporter.SvgExportSettings()
        svg.dpi = dpi
        result = exporter.exportToSvg(str(path), svg)
    else:
        raise MapError(f"A page cannot be written as {path.name}. Let the name end in .pdf, .png or .svg.")
    if result != QgsLayoutExporter.ExportResult.Success:
        raise MapError(
            f"The page cannot be written to {path}. Close the file where it is open, or choose another folder.",
            exporter.errorMessage(),
        )


def local_crs(layer: QgsVectorLayer) -> QgsCoordinateReferenceSystem:
    """The layer's own system where it is in metres, else the UTM zone at its centre."""
    if not layer.crs().isGeographic():
        return layer.crs()
    centre = QgsCoordinateTransform(
        layer.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance()
    ).transform(layer.extent().center())
    zone = min(max(int((centre.x() + 180) // 6) + 1, 1), 60)
    return QgsCoordinateReferenceSystem(f"EPSG:{(32600 if centre.y() >= 0 else 32700) + zone}")


def busy_extent(layer: QgsVectorLayer) -> QgsRectangle:
    """Where the middle 94 % of the links with data lie, in the layer's coordinate system."""
    with closing(sqlite3.connect(f"{file_of(layer).resolve().as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT (r.minx + r.maxx) / 2, (r.miny + r.maxy) / 2 FROM rtree_links_geom r "
            "JOIN links ON links.fid = r.id WHERE links.n_points > 0"
        ).fetchall()
    if not rows:
        return layer.extent()
    (left, bottom), (right, top) = np.quantile(np.array(rows), [0.03, 0.97], axis=0).tolist()
    return QgsRectangle(left, bottom, right, top)


def fill(extent: QgsRectangle, ratio: float) -> QgsRectangle:
    """The largest part of `extent`, about its centre, of the shape width : height = `ratio`: no edge stays empty."""
    width, height = extent.width(), extent.height()
    if width / max(height, 1e-12) > ratio:
        width = height * ratio
    else:
        height = width / ratio
    centre = extent.center()
    return QgsRectangle(
        centre.x() - width / 2, centre.y() - height / 2, centre.x() + width / 2, centre.y() + height / 2
    )


def bin_totals(layer: QgsVectorLayer, style: StyleOptions) -> list[float]:
    """Points in each bin of the day."""
    totals = [0.0] * style.n_bins
    with closing(sqlite3.connect(f"{file_of(layer).resolve().as_uri()}?mode=ro", uri=True)) as database:
        for name, points in database.execute(
            "SELECT bin, sum(n_points) FROM link_speeds_by_time GROUP BY bin"
        ):
            hour, minute = map(int, name.split(":"))
            totals[(hour * 60 + minute) // style.bin_minutes] = float(points)
    return totals


def describe(layer: QgsVectorLayer, style: StyleOptions) -> tuple[str, str]:
    """`10 June 2025, local time (Europe/London)` and `1,066,880 points on 3,526 links`."""
    values = read_run_table(layer)
    first, last = values["spec"].get("date_from"), values["spec"].get("date_to")
    zone = f"local time ({style.time_zone})"
    dates = (
        f"{first}, {zone}"
        if first and first == last
        else f"{first} – {last}, {zone}"
        if first and last
        else zone
    )
    match = values.get("match", {})
    facts = f"{match.get('points', 0):,} points on {match.get('links', 0):,} links"
    return dates, facts
