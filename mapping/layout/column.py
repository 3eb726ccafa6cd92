"""The column beside the map: title, time, legend, scale bar and sources, one below the other."""

from __future__ import annotations

from typing import Optional

from qgis.core import QgsLayoutItemLegend, QgsLayoutItemMap, QgsPrintLayout, QgsVectorLayer

from ...aggregation.contract.statistic import statistic
from .. import statistic_words
from ..language import number_text, tr
from ..style.options import StyleOptions
from ..style.palette import PALETTES
from .facts import directions
from .items import Box, add_ground, add_legend, add_scale_bar, add_text, text_format
from .typesetting import SMALL, TEXT, fits, line_height, title_lines, wrapped

_LAST, _USUAL_END = SMALL * 0.85, 15.0
"""Points of the estimator and the sources, and millimetres of their place on A4 where they are short."""


class Column:
    """A column of a layout that is filled from the top; lengths are those of A4, times `size`.

    `y` is where the next item begins, `bottom` where the scale bar and the sources have their place.
    """

    def __init__(self, layout: QgsPrintLayout, style: StyleOptions, box: Box, size: float) -> None:
        self.layout, self.style, self.size = layout, style, size
        self.palette = PALETTES[style.theme]
        add_ground(layout, box, self.palette.column, "column")
        self.left, self.width = box.x + 8 * size, box.width - 16 * size
        self.y, self.height = box.y + 9.0 * size, box.y + box.height
        self.bottom = self.height - 33 * size
        self._more = 0.0

    def box(self, height: float) -> Box:
        """Return a place of that height on the page where the next item begins."""
        return Box(self.left, self.y, self.width, height)

    def is_line(self, words: str, points: float, bold: bool = False) -> bool:
        """Return True if a text fits into one line of the column."""
        return fits(words, points, self.width / self.size, bold)

    def write(
        self, words: str, points: float, bold: bool = False, soft: bool = False, name: str = ""
    ) -> None:
        """Write a text, in as many lines as the column's width asks for."""
        words = wrapped(words, points, self.width / self.size, bold)
        height = line_height(points) * (1 + words.count("\n")) * self.size
        colour = self.palette.soft_ink if soft else self.palette.ink
        text = text_format(points * self.size, colour, bold)
        add_text(self.layout, words, self.box(height), text, name)
        self.y += height

    def heading(self, title: str, subtitle: str, when: str, dates: str, facts: str) -> None:
        """Write the title, what is shown and when (empty: not said), the dates and the counts of the data."""
        title, points = title_lines(title, self.width / self.size)
        self.write(title, points, bold=True, name="title")
        self.y += self.size
        both = tr(", ").join(filter(None, (subtitle, when)))
        if self.is_line(both, TEXT):
            self.write(both, TEXT, name="subtitle")
        else:
            self.write(subtitle, TEXT, name="subtitle")
            if when:
                self.write(when, TEXT, name="when")
        self.y += self.size
        self.write(dates, SMALL, soft=True, name="dates")
        if facts:
            self.write(facts, SMALL, soft=True, name="facts")
        self.y += 7 * self.size

    def legend(self, layer: QgsVectorLayer, of: QgsLayoutItemMap) -> QgsLayoutItemLegend:
        """Add the classes under the statistic and its unit."""
        heading = wrapped(self.style.title, TEXT, self.width / self.size, bold=True)
        legend = add_legend(self.layout, layer, heading, self.box(50 * self.size), self.palette, self.size)
        legend.setLinkedMap(of)
        # The legend knows its height only once it is painted.
        lines = 6.5 + line_height(TEXT) * heading.count("\n") + 4.35 * self.style.n_entries
        self.y += (lines + 9) * self.size
        return legend

    def keep_room(self, layer: QgsVectorLayer, sources: str) -> None:
        """Keep more room for the column's end where the sources have many lines; to be called first."""
        words = wrapped(self._last_words(layer, sources), _LAST, self.width / self.size)
        height = line_height(_LAST) * (1 + words.count("\n"))
        self._more = max(0.0, height - _USUAL_END) * self.size
        self.bottom -= self._more

    def _last_words(self, layer: QgsVectorLayer, sources: str) -> str:
        return f"{note(layer, self.style)}\n{sources}".strip()

    def ending(self, layer: QgsVectorLayer, sources: str, scale_of: Optional[QgsLayoutItemMap]) -> None:
        """Write the scale bar of a map, the estimator and the sources at the column's end."""
        size = self.size
        if scale_of is not None:
            bar = Box(self.left, self.height - 29 * size - self._more, self.width * 0.62, 0)
            add_scale_bar(self.layout, scale_of, bar, self.palette, size)
        self.y = self.height - 20 * size - self._more
        add_text(self.layout, self._last_words(layer, sources), self.box(_USUAL_END * size + self._more),
                 text_format(_LAST * size, self.palette.soft_ink), "sources")  # fmt: skip


def note(layer: QgsVectorLayer, style: StyleOptions) -> str:
    """Return how the values of a map come about, in a few sentences."""
    estimator = statistic_words.estimator(statistic(style.statistic))
    computed = directions(layer).format(estimator=estimator[:1].upper() + estimator[1:])
    if style.few:
        text = tr("{estimator}. Links with fewer than {trips} trips are grey.")
    else:
        text = tr("{estimator}. Links with fewer than {trips} trips are left out.")
    sentences = [text.format(estimator=computed, trips=number_text(style.min_trips))]
    if style.free_flow:
        sentences.append(tr("Free flow: {rule}.").format(rule=style.free_flow))
    if style.plays and style.timeline.is_divided:
        sentences.append(tr("Limits are the same at every hour of all days."))
    elif style.plays:
        sentences.append(tr("Limits are the same at every hour."))
    return " ".join(sentences)
