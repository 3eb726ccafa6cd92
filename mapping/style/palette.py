"""Colours of the two themes beside the classes: greys and grounds."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.PyQt.QtGui import QColor

LIGHT, DARK = "light", "dark"
"""Keys of the themes."""


@dataclass(frozen=True)
class Palette:
    """A theme's colours: ground, line of a link with too few trips, two greys of text, the page's column."""

    ground: QColor
    few: QColor
    ink: QColor
    soft_ink: QColor
    column: QColor


PALETTES = {
    LIGHT: Palette(
        QColor("#fafaf7"), QColor("#d3d3ce"), QColor("#1d1f24"), QColor("#6d7178"), QColor("#ffffff")
    ),
    DARK: Palette(
        QColor("#0d1017"), QColor("#30353f"), QColor("#f1f2f4"), QColor("#9aa0aa"), QColor("#141821")
    ),
}
