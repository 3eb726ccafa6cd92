"""The ramps of colours by which classes are drawn, each from the end that matters to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Callable, Optional

from qgis.core import QgsGradientColorRamp, QgsGradientStop
from qgis.PyQt.QtGui import QColor

from .contrast import LEAST_DIFFERENCE, as_deuteranope, ciede2000, difference, lab
from .palette import DARK, LIGHT

DEFAULT_RAMP = "viridis"
_PLACES = 120
"""Places of a ramp among which classes are put."""


@dataclass(frozen=True)
class Ramp:
    """A ramp of colours, under a key.

    `stops` has its colours at equal distances and `ends`, by theme, where on it (0 to 1) the class that
    matters lies and where the opposite one: what matters contrasts with the ground, and no class is lost in
    it. A ramp whose ground decides its colours has stops of its own on dark ground. A `diverging` one has
    what matters at both ends, and the middle for no difference. `warning` says for whom it fails.
    """

    key: str
    label: str
    definition: str
    stops: Mapping[str, Sequence[str]]
    ends: Mapping[str, tuple[float, float]]
    diverging: bool = False
    warning: str = ""

    def colour(self, theme: str, at: float) -> QColor:
        """Return the colour at a place, 0 to 1 of the whole ramp."""
        stops = self.stops[theme]
        place = min(max(at, 0.0), 1.0) * (len(stops) - 1)
        low = min(int(place), len(stops) - 2)
        a, b, part = QColor(stops[low]), QColor(stops[low + 1]), place - low
        return QColor(*(round(x + (y - x) * part) for x, y in zip(a.getRgb()[:3], b.getRgb()[:3])))

    def between(self, theme: str, at: float) -> QColor:
        """Return the colour at a place from 0, the end that matters on the theme's ground, to 1."""
        strong, weak = self.ends[theme]
        return self.colour(theme, strong + (weak - strong) * at)


def _same(*stops: str) -> Mapping[str, Sequence[str]]:
    return {LIGHT: stops, DARK: stops}


RAMPS: Mapping[str, Ramp] = {
    ramp.key: ramp
    for ramp in (
        Ramp(
            "viridis", "Viridis", "violet, green, yellow; the default",  # Smith and van der Walt, 2015, CC0
            _same(
                "#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
                "#b5de2b", "#fde725",
            ),
            {LIGHT: (0.0, 0.92), DARK: (1.0, 0.16)},
        ),
        Ramp(
            "cividis", "Cividis", "blue, grey, yellow; nearly the same to colour-blind readers",
            # Nuñez, Anderton and Renslow, 2018, CC0
            _same(
                "#00204d", "#00336f", "#39486b", "#575c6d", "#717174", "#8a8779", "#a79e75", "#c5b56c",
                "#e5d05a", "#ffea46",
            ),
            {LIGHT: (0.0, 1.0), DARK: (1.0, 0.06)},
        ),
        Ramp(
            "magma", "Magma", "black, magenta, cream; the strongest on dark ground",
            # Smith and van der Walt, 2015, CC0
            _same(
                "#000004", "#180f3e", "#450f76", "#721f81", "#9e2f7f", "#cd3f71", "#f1605d", "#fd9567",
                "#fec98d", "#fcfdbf",
            ),
            {LIGHT: (0.05, 0.9), DARK: (1.0, 0.19)},
        ),
        Ramp(
            "diverging", "Orange to blue", "for differences: from worse over grey to better",
            {
                LIGHT: (
                    "#6b2503", "#a3470a", "#d27a2c", "#d3a678", "#aaa8a2", "#86a9c8", "#4784b8", "#1f5a96",
                    "#0b2f66",
                ),
                DARK: (
                    "#ffdca8", "#f9ab4f", "#cf7524", "#8c5530", "#5a5b60", "#3f648c", "#3f8cc6", "#78c2f4",
                    "#c9e8ff",
                ),
            },
            {LIGHT: (0.0, 1.0), DARK: (0.0, 1.0)},
            diverging=True,
        ),
        Ramp(
            "redgreen", "Red to green", "as traffic lights: red for what is bad",
            {
                LIGHT: (
                    "#84101f", "#c42b2a", "#ea6a3b", "#f2a14a", "#e0bf3c", "#a5bf48", "#5fab54", "#2a8d4d",
                    "#0a6439",
                ),
                DARK: (
                    "#ff4d4d", "#ff7746", "#ffa443", "#f3cd4b", "#b9cf52", "#75ba5c", "#459d59", "#2d7d4e",
                    "#205f40",
                ),
            },
            {LIGHT: (0.0, 1.0), DARK: (0.0, 1.0)},
            warning="One man in twelve cannot tell red from green. Choose another ramp for a public map.",
        ),
    )
}  # fmt: skip
"""All ramps by their keys."""


def class_colours(
    n: int, theme: str, high_contrasts: bool, key: str = DEFAULT_RAMP, middle: Optional[float] = None
) -> list[QColor]:
    """Colours of n classes, lowest first.

    The class that matters contrasts most with the ground: the lowest, or the highest with `high_contrasts`.
    `middle` is the number of the class (or, with a half, of the limit) of no difference on a diverging ramp;
    without, that of the middle.
    """
    ramp = RAMPS[key]
    if ramp.diverging:
        centre = (n - 1) / 2 if middle is None else middle
        reach = max(centre, n - 1 - centre, 0.5)
        numbers = [(i - centre) / reach for i in range(n)]
        return [ramp.between(theme, 0.5 + (-x if high_contrasts else x) / 2) for x in numbers]
    colours = [ramp.between(theme, at) for at in _class_places(key, theme, n)]
    return colours[::-1] if high_contrasts else colours


def middle_of(limits: Sequence[float]) -> Optional[float]:
    """Return the number of the class that holds 0, or with a half of the limit at 0; None without one."""
    if not limits[0] < 0 < limits[-1]:
        return None
    below = sum(limit < 0 for limit in limits)
    return below - 0.5 if 0 in limits else below - 1.0


def qgis_ramp(colours: Sequence[QColor]) -> QgsGradientColorRamp:
    """Return classes' colours as a ramp of QGIS, so that a new classification keeps them."""
    last = max(len(colours) - 1, 1)
    middle = [QgsGradientStop(i / last, colours[i]) for i in range(1, len(colours) - 1)]
    return QgsGradientColorRamp(colours[0], colours[-1], False, middle)


@cache
def _class_places(key: str, theme: str, n: int) -> tuple[float, ...]:
    """Places of n classes on a ramp, from 0, the end that matters.

    At equal distances, moved as little as it takes for neighbours to differ by `LEAST_DIFFERENCE`, also as
    seen with deuteranopia; where that is not to be had, as near to it as the ramp allows.
    """
    if n < 3:
        return (0.0, 1.0)[:n]
    colours = [RAMPS[key].between(theme, i / _PLACES) for i in range(_PLACES + 1)]
    seen = [(lab(colour), lab(as_deuteranope(colour))) for colour in colours]

    def differ(one: int, other: int) -> float:
        return min(ciede2000(a, b) for a, b in zip(seen[one], seen[other]))

    def least(places: Sequence[float]) -> float:
        drawn = [RAMPS[key].between(theme, at) for at in places]
        views = (drawn, [as_deuteranope(colour) for colour in drawn])
        return min(difference(one, other) for view in views for one, other in zip(view, view[1:]))

    even = [i / (n - 1) for i in range(n)]
    apart = _far_apart(differ, n)
    moved = [tuple(a + (b - a) * part / 10 for a, b in zip(even, apart)) for part in range(11)]
    differences = [least(places) for places in moved]
    good = [places for places, found in zip(moved, differences) if found >= LEAST_DIFFERENCE]
    return good[0] if good else moved[differences.index(max(differences))]


def _far_apart(differ: Callable[[int, int], float], n: int) -> list[float]:
    """Return n places, first and last the ends, of which the neighbours differ about as much as they can."""
    low, high, found = 0.0, 100.0, [i * _PLACES // (n - 1) for i in range(n)]
    for _ in range(12):
        wanted = (low + high) / 2
        numbers = [0]
        for number in range(1, _PLACES + 1):
            if len(numbers) < n and differ(numbers[-1], number) >= wanted:
                numbers.append(number)
        if len(numbers) == n:
            low, found = wanted, numbers
        else:
            high = wanted
    return [number / _PLACES for number in (*found[:-1], _PLACES)]
