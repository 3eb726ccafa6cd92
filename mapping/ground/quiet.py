"""Quiet styles of areas and lines under the speeds, in the colours of a theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.core import (
    Qgis,
    QgsExpression,
    QgsFeatureRenderer,
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMapUnitScale,
    QgsRuleBasedRenderer,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from .meaning import BORDER, BUILT_UP, GREEN, RAILWAY, ROADS, WATER

COLOURS = {
    "light": {
        WATER: "#dfe7ee", GREEN: "#eaf0e5", BUILT_UP: "#f2f1ec", ROADS: "#e3e3de", RAILWAY: "#dddcd9",
        BORDER: "#b4b6ba",
    },
    "dark": {
        WATER: "#162739", GREEN: "#13201b", BUILT_UP: "#141820", ROADS: "#1f242d", RAILWAY: "#242832",
        BORDER: "#4b515c",
    },
}  # fmt: skip
"""By theme and meaning. Pale, so that speeds, and links with too few trips, stand out on them."""

WIDTHS = {WATER: 0.5, GREEN: 0.3, BUILT_UP: 0.3, ROADS: 0.3, RAILWAY: 0.25, BORDER: 0.35}
"""Millimetres of lines on city maps; on smaller scales they are thinner."""

_METRES_A_MM, _THINNEST = 24.0, 0.05
"""Metres of the ground that a millimetre of these widths stands for at most, and millimetres at least."""


def quiet_renderer(meaning: str, kind: Qgis.GeometryType, theme: str) -> QgsFeatureRenderer:
    """Return a renderer of areas or lines that all have one meaning."""
    return QgsSingleSymbolRenderer(_symbol(meaning, kind, theme))


def renderer_by_values(
    field: str, values: Mapping[str, Sequence[str]], kind: Qgis.GeometryType, theme: str
) -> QgsFeatureRenderer:
    """Return a renderer that draws features by the meaning of their value of a field, and no others.

    `values` has the values, in lower case, of each meaning.
    """
    root = QgsRuleBasedRenderer.Rule(None)
    text = f"lower(to_string({QgsExpression.quotedColumnRef(field)}))"
    for meaning, known in values.items():
        listed = ", ".join(map(QgsExpression.quotedString, known))
        rule = QgsRuleBasedRenderer.Rule(_symbol(meaning, kind, theme))
        rule.setFilterExpression(f"{text} IN ({listed})")
        root.appendChild(rule)
    return QgsRuleBasedRenderer(root)


def _symbol(meaning: str, kind: Qgis.GeometryType, theme: str) -> QgsSymbol:
    colour = QColor(COLOURS[theme][meaning])
    if kind == Qgis.GeometryType.Polygon and meaning != BORDER:
        fill = QgsSimpleFillSymbolLayer(colour)
        fill.setStrokeColor(colour)  # closes the hairlines between areas that touch
        fill.setStrokeWidth(0.05)
        areas = QgsFillSymbol()
        areas.changeSymbolLayer(0, fill)
        return areas
    line = QgsSimpleLineSymbolLayer(colour, WIDTHS[meaning] * _METRES_A_MM)
    line.setWidthUnit(QgsUnitTypes.RenderUnit.RenderMetersInMapUnits)
    limits = QgsMapUnitScale()
    limits.minSizeMMEnabled = limits.maxSizeMMEnabled = True
    limits.minSizeMM, limits.maxSizeMM = _THINNEST, WIDTHS[meaning]
    line.setWidthMapUnitScale(limits)
    line.setPenCapStyle(Qt.PenCapStyle.RoundCap)
    line.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if meaning == BORDER:
        line.setPenStyle(Qt.PenStyle.DashLine)
    symbol: QgsSymbol = QgsFillSymbol() if kind == Qgis.GeometryType.Polygon else QgsLineSymbol()
    symbol.changeSymbolLayer(0, line)
    return symbol
