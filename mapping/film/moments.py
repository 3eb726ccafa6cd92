"""The moments of a film: the bins of a map, and, where it is wanted, moments between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from ..packed import DIGITS
from ..style.options import StyleOptions
from ..timeline import Timeline


@dataclass(frozen=True)
class Moment:
    """The frame `number` of the timeline, and `share` of the way to the next one, from 0 to below 1."""

    number: int
    share: float = 0.0

    def minute(self, timeline: Timeline) -> int:
        """Return the minute of the day, that of 08:20 for a third of the way from eight to nine."""
        minute = self.number % timeline.n_bins * timeline.bin_minutes
        return minute + int(self.share * timeline.bin_minutes + 1e-9)


def moments(timeline: Timeline, bins: Optional[Sequence[int]] = None, steps: int = 1) -> list[Moment]:
    """Return the moments of a film of `bins` (all, if None), in order; each bin once, the last one too.

    With `steps` of two or more, that many go from a bin to the next where one follows the other on the same
    days: nothing lies between a Friday's last hour and a weekend's first.
    """
    numbers = range(len(timeline)) if bins is None else bins
    found = []
    for at, number in enumerate(numbers):
        goes_on = at + 1 < len(numbers) and numbers[at + 1] == number + 1 and (number + 1) % timeline.n_bins
        for step in range(steps if goes_on else 1):
            found.append(Moment(number, step / steps))
    return found


def value_at(options: StyleOptions, moment: Moment) -> str:
    """Return the expression for the value of a link at a moment: that of the bin, or between two bins.

    Between two it lies on the line between the values of both. A link with too few trips in either keeps
    what it is in the bin in which the moment lies: grey stays grey, and no value is made up. Places in the
    packed text are written as numbers, so that QGIS need not look up the time of the map for every link.
    """
    packed, few = f'"{options.packed}"', f"{options.too_few:g}"
    place = 1 + DIGITS * (1 + moment.number)
    if not moment.share:
        return f"CASE WHEN {packed} IS NULL THEN {few} ELSE substr({packed}, {place}, {DIGITS}) END"
    one, other = (f"to_real(substr({packed}, {at}, {DIGITS}))" for at in (place, place + DIGITS))
    share = f"{moment.share:.6f}"
    return (
        f"CASE WHEN {packed} IS NULL THEN {few} WHEN {one} = {few} OR {other} = {few} THEN {one} "
        f"ELSE {one} + {share} * ({other} - {one}) END"
    )
