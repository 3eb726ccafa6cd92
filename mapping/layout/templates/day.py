"""Small multiples: a day, or several sets of days, on one page, of one extent and with one set of limits."""

from __future__ import annotations

from qgis.core import QgsLayoutItemMap

from ...errors import MapError
from ...language import clock, number_text, tr
from ..facts import count_points
from ..grid import cells, split
from ..items import add_text, add_track, show_track, text_format
from ..page import Sheet, SpeedPage, empty_sheet
from ..typesetting import SMALL, TEXT, shortened
from .base import NEEDS_FRAMES, PageInput, PageTemplate

MOST_OF_DAY, MOST_OF_SETS = 24, 56
"""Maps at most on a page of one day, and on one of several sets of days."""
TIMES_OF_SETS = ("08:00", "13:00", "17:00", "22:00")


def _build(contents: PageInput) -> SpeedPage:
    style, options = contents.style, contents.options
    timeline, asked = style.timeline, contents.frame
    sheet = empty_sheet(contents.project, contents.layer, style, options, contents.readings)
    if timeline.is_divided and asked is None:
        numbers, across = _of_sets(contents), len(timeline.names)
        when, facts = tr("each set of days"), None
    else:
        first = (asked or 0) - (asked or 0) % timeline.n_bins
        step = max(1, -(-timeline.n_bins // MOST_OF_DAY))
        numbers, across = list(range(first, first + timeline.n_bins, step)), 0
        when = timeline.set_name(first) or tr("hour by hour")
        if step > 1:  # not all bins have a map
            span = number_text(timeline.bin_minutes)
            when = tr(", ").join((when, tr("{minutes} min from each time on").format(minutes=span)))
        facts = count_points(contents.readings.file(contents.layer), range(first, first + timeline.n_bins))
    sheet.lay_ground()
    head, gap = 4.2 * sheet.size, 2.5 * sheet.size
    ground = text_format(SMALL * sheet.size, sheet.palette.ink, bold=True)
    maps: list[QgsLayoutItemMap] = []
    places = cells(sheet.area, len(numbers), sheet.wanted, gap, head, across or None)
    for number, cell in zip(numbers, places):
        above, below = split(cell, head)
        words = timeline.clock(number)
        if across:
            words = f"{words} {timeline.set_name(number)}"
            words = shortened(words, SMALL, above.width / sheet.size, bold=True)
        add_text(sheet.layout, words, above, ground, f"time {len(maps) + 1}")
        name = "map" if not maps else f"map {len(maps) + 1}"
        maps.append(sheet.add_small_map(below, number, name, len(numbers)))
    page = sheet.as_page(maps[0])
    sheet.write_heading(None, when, facts)
    sheet.column.legend(contents.layer, maps[0])
    _track(sheet, page, numbers)
    sheet.finish(maps[0])
    return page


def _of_sets(contents: PageInput) -> list[int]:
    """Return the frames of some times of each set of days, time by time."""
    timeline = contents.style.timeline
    if len(timeline.names) > MOST_OF_SETS // 2:
        raise MapError(
            f"A page shows at most {MOST_OF_SETS // 2} sets of days, and the map has "
            f"{len(timeline.names):,}. Choose one of them with its time, to show the hours of that day."
        )
    bins = []
    for name in TIMES_OF_SETS[: max(2, MOST_OF_SETS // len(timeline.names))]:
        hour, minute = map(int, name.split(":"))
        at = (hour * 60 + minute) // timeline.bin_minutes
        if at not in bins:
            bins.append(at)
    return [day * timeline.n_bins + at for at in bins for day in range(len(timeline.names))]


def _track(sheet: Sheet, page: SpeedPage, numbers: list[int]) -> None:
    """Add the points of each bin of the day as bars; none for several sets of days, or without room."""
    column, size, timeline = sheet.column, sheet.size, sheet.style.timeline
    first = numbers[0] - numbers[0] % timeline.n_bins
    day = page.totals[first : first + timeline.n_bins]
    room = column.bottom - column.y
    if numbers[-1] >= first + timeline.n_bins or not any(day) or room < 30 * size:
        return
    column.write(tr("Points through the day"), TEXT, bold=True, name="track title")
    column.y += 1.5 * size
    box = column.box(14 * size)
    show_track(add_track(sheet.layout, box), day, -1, column.palette)
    column.y += 14.6 * size
    for minute, right in ((0, False), (24 * 60, True)):
        add_text(sheet.layout, clock(minute), column.box(4 * size),
                 text_format(SMALL * size, column.palette.soft_ink), right=right)  # fmt: skip


TEMPLATE = PageTemplate(
    "day",
    "Day in small maps",
    "The hours of a day, or some times of each set of days, as small maps of one extent with one legend.",
    _build,
    frozenset({NEEDS_FRAMES}),
)
