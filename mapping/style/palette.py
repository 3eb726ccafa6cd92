"""Colours of the two themes: viridis towards what matters, greys, grounds."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.core import QgsGradientColorRamp, QgsGradientStop
from qgis.PyQt.QtGui import QColor

VIRIDIS = (
    "#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89",
    "#35b779", "#6ece58", "#b5de2b", "#fde725",
)  # fmt: skip
"""Viridis at tenths from 0 to 1 (Smith and van der Walt, 2015, CC0)."""

LIGHT_END = 0.92
"""On paper the ramp stops here, so that its yellow is still visible."""

DARK_END = 0.16
"""On a dark ground it stops here, so that its violet is still visible."""


@dataclass(frozen=True)
class Palette:
    """A theme's colours: ground, line of a link with too few trips, two greys of text, the page's column."""

    ground: QColor
    few: QColor
    ink: QColor
    soft_ink: QColor
    column: QColor


PALETTES = {
    "light": Palette(
        QColor("#fafaf7"), QColor("#d3d3ce"), QColor("#1d1f24"), QColor("#6d7178"), QColor("#ffffff")
    ),
    "dark": Palette(
        QColor("#0d1017"), QColor("#30353f"), QColor("#f1f2f4"), QColor("#9aa0aa"), QColor("#141821")
    ),
}


def viridis(at: float) -> QColor:
    """Return the colour at `at`, 0 (violet) to 1 (yellow)."""
    place = min(max(at, 0.0), 1.0) * (len(VIRIDIS) - 1)
    low = min(int(place), len(VIRIDIS) - 2)
    a, b, part = QColor(VIRIDIS[low]), QColor(VIRIDIS[low + 1]), place - low
    mix = [round(x + (y - x) * part) for x, y in zip(a.getRgb()[:3], b.getRgb()[:3])]
    return QColor(*mix)


def ends(theme: str, high_contrasts: bool) -> tuple[float, float]:
    """Return the positions of the lowest and the highest class on viridis.

    The class that matters contrasts most with the ground: the lowest, or the highest with `high_contrasts`.
    """
    strong, weak = (0.0, LIGHT_END) if theme == "light" else (1.0, DARK_END)
    return (weak, strong) if high_contrasts else (strong, weak)


def class_colours(n: int, theme: str, high_contrasts: bool) -> list[QColor]:
    """Colours of n classes, lowest first."""
    low, high = ends(theme, high_contrasts)
    return [viridis(low + (high - low) * (i / (n - 1) if n > 1 else 0.0)) for i in range(n)]


def ramp(theme: str, high_contrasts: bool, stops: int = 9) -> QgsGradientColorRamp:
    """Return the same as a ramp of QGIS, so that a new classification keeps the colours."""
    colours = class_colours(stops, theme, high_contrasts)
    middle = [QgsGradientStop(i / (stops - 1), colours[i]) for i in range(1, stops - 1)]
    return QgsGradientColorRamp(colours[0], colours[-1], False, middle)
