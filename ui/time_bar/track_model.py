"""The bins of a map along a line: where each lies, how high it is, and which one is at a position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Callable, NamedTuple

from ...mapping.language import clock, number_text, tr
from ...mapping.timeline import Timeline

GAP = 6.0
"""Pixels between two sets of days, such as Monday and Tuesday."""

_LEAST_OF_SET = 18.0
"""Pixels of a set, below which sets follow one another without a gap."""
_HOURS = (3, 6, 12)
"""Hours between two labels of a day, of which the closest that fit are taken."""


class Column(NamedTuple):
    """Bins that are drawn as one bar: a bin, or several where they are narrower than a pixel."""

    first: int
    end: int
    left: float
    width: float
    height: float
    """Share of the largest bin."""


@dataclass(frozen=True)
class TrackModel:
    """The frames of a map and the points in each (`MapFile.bin_totals`), as a track of any width."""

    timeline: Timeline
    totals: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.timeline)

    @cached_property
    def largest(self) -> float:
        """Points of the largest bin, 1 if all are empty."""
        return max(self.totals, default=0.0) or 1.0

    @property
    def page(self) -> int:
        """Number of bins that a page key walks: to the next set of days, or a quarter of the only one."""
        return self.timeline.n_bins if len(self.timeline.names) > 1 else max(self.timeline.n_bins // 4, 1)

    def _set_width(self, width: float) -> tuple[float, float]:
        """Return the width of a set of days, and of the gap after it."""
        n = len(self.timeline.names)
        gap = GAP if n > 1 and width / n >= _LEAST_OF_SET else 0.0
        return (width - gap * (n - 1)) / n, gap

    def left(self, number: int, width: float) -> float:
        """Return where the bar of a bin begins; for the number of bins, where the last one ends."""
        if number >= len(self):
            return width
        one, gap = self._set_width(width)
        at, offset = divmod(number, self.timeline.n_bins)
        return at * (one + gap) + one * offset / self.timeline.n_bins

    def bin_width(self, width: float) -> float:
        """Return the width of a bin."""
        return self._set_width(width)[0] / self.timeline.n_bins

    def number_at(self, x: float, width: float) -> int:
        """Return the bin at a position; the nearest one beside the track and between two sets."""
        one, gap = self._set_width(width)
        last = len(self.timeline.names) - 1
        at = min(max(int(x // (one + gap)), 0), last)
        offset = int((x - at * (one + gap)) / one * self.timeline.n_bins)
        return at * self.timeline.n_bins + min(max(offset, 0), self.timeline.n_bins - 1)

    def columns(self, width: float) -> Iterator[Column]:
        """The bars from left to right; each is as high as the largest of its bins."""
        size, first = max(self.bin_width(width), 1.0), 0
        while first < len(self):
            left, end = self.left(first, width), first + 1
            while end % self.timeline.n_bins and self.left(end, width) - left < size - 0.001:
                end += 1
            height = max(self.totals[first:end]) / self.largest
            yield Column(first, end, left, (end - first) * self.bin_width(width), height)
            first = end

    def labels(self, width: float, wide: Callable[[str], float]) -> Iterator[tuple[float, str]]:
        """Places and texts under the track that do not touch: sets of days, or else hours.

        `wide` returns the width of a text.
        """
        if self.timeline.is_divided:
            marks = [
                (self.left(first, width), self.timeline.short_set_name(first))
                for first in range(0, len(self), self.timeline.n_bins)
            ]
        else:
            day = width / 24
            step = next((hours for hours in _HOURS if hours * day > wide(clock(0)) + GAP), _HOURS[-1])
            marks = [(hour * day, clock(hour * 60)) for hour in range(0, 24, step)]
        free = 0.0
        for left, text in marks:
            if left >= free and left + wide(text) <= width:
                yield left, text
                free = left + wide(text) + GAP

    def describe(self, number: int) -> str:
        """Return a bin in words: `08:00 – 09:00, 12,340 points`."""
        points = round(self.totals[number])
        words = tr("{time}, 1 point") if points == 1 else tr("{time}, {n} points")
        return words.format(time=self.timeline.span(number), n=number_text(points))
