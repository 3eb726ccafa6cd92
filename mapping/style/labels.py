"""Street names: few, by importance, along the line."""

from __future__ import annotations

import html
import math
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import (
    Qgis,
    QgsFontUtils,
    QgsLabelPlacementSettings,
    QgsPalLayerSettings,
    QgsProperty,
    QgsPropertyCollection,
    QgsTextBufferSettings,
    QgsTextFormat,
    QgsUnitTypes,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtGui import QFont

from ..columns import LABEL_FIELD, WIDTH_FIELD
from .palette import PALETTES
from .road_class import MAIN_ROAD_WIDTH
from .zoom import zoom_of_scale

FAMILY = "Open Sans"
"""The one type family, where it is installed."""

SIDE_STREETS_SCALE = 16_000
"""Scale (1:n) from which on side streets have names too."""

SMALLEST_SCALE = 60_000
"""Beyond it no street has a name."""

LABEL_POINTS = 7.5
OVERRUN_MM = 12.0
"""A name may be longer than its link by this much on either side."""

REPEAT_KM = 1.5
SHORTEST_STREET_M = 500.0

WITHIN_1 = 0.7
"""Side of a square whose places all lie within 1 of each other."""


def font_family() -> str:
    """Open Sans, or what this computer uses instead."""
    _, exact = QgsFontUtils.fontFamilyMatchOnSystem(FAMILY)
    return FAMILY if exact else QFont().family()


def street_labels(theme: str) -> QgsVectorLayerSimpleLabeling:
    """Labels of the column that `label_texts` fills."""
    palette = PALETTES[theme]
    text = QgsTextFormat()
    font = QFont(font_family())
    text.setFont(font)
    text.setSize(LABEL_POINTS)
    text.setSizeUnit(QgsUnitTypes.RenderUnit.RenderPoints)
    text.setColor(palette.ink)
    halo = QgsTextBufferSettings()
    halo.setEnabled(True)
    halo.setSize(0.9)
    halo.setColor(palette.ground)
    halo.setOpacity(1)  # one that is not opaque gets empty paths of blanks into a PDF, which readers refuse
    text.setBuffer(halo)

    settings = QgsPalLayerSettings()
    settings.fieldName = LABEL_FIELD
    settings.setFormat(text)
    settings.placement = Qgis.LabelPlacement.Curved
    line = settings.lineSettings()
    line.setPlacementFlags(Qgis.LabelLinePlacementFlag.OnLine)
    line.setOverrunDistance(OVERRUN_MM)
    settings.setLineSettings(line)
    obstacles = settings.obstacleSettings()
    obstacles.setIsObstacle(False)  # roads do not push names about: in a film they stay where they are
    settings.setObstacleSettings(obstacles)
    placement = QgsLabelPlacementSettings()
    placement.setOverlapHandling(Qgis.LabelOverlapHandling.PreventOverlap)
    settings.setPlacementSettings(placement)
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = SMALLEST_SCALE, 1
    settings.repeatDistance = 0
    properties = QgsPropertyCollection()
    properties.setProperty(
        QgsPalLayerSettings.Property.Show,
        QgsProperty.fromExpression(
            f"@vector_tile_zoom >= {zoom_of_scale(SIDE_STREETS_SCALE):.6f} "
            f'OR "{WIDTH_FIELD}" >= {MAIN_ROAD_WIDTH}'
        ),
    )
    properties.setProperty(
        QgsPalLayerSettings.Property.Priority, QgsProperty.fromExpression(f'min(10, "{WIDTH_FIELD}" * 6)')
    )
    settings.setDataDefinedProperties(properties)
    return QgsVectorLayerSimpleLabeling(settings)


def label_texts(names: NDArray[Any], metres: NDArray[Any], place: NDArray[Any]) -> list[Optional[str]]:
    """Return the names to label n links with: on the longest link of a street, and again every `REPEAT_KM`.

    A street is cut into links at every junction and has two directions; labelled link by link it
    would carry its name a dozen times. `names` is object (n,), `metres` (n,), `place` (n, 2) in degrees.
    A street shorter than `SHORTEST_STREET_M` (both directions together) gets none, and so does a link
    whose place is not finite. The cost grows as n log n.
    """
    texts: list[Optional[str]] = [None] * len(names)
    somewhere = np.isfinite(place).all(axis=1)
    if not somewhere.any():
        return texts
    length: dict[Optional[str], float] = {}
    for name, of_link in zip(names.tolist(), metres.tolist()):
        length[name] = length.get(name, 0.0) + of_link
    long = {name for name, of_street in length.items() if name and of_street >= SHORTEST_STREET_M}
    latitude = np.radians(place[somewhere, 1].mean())
    cells = place * [111.32 * np.cos(latitude) / REPEAT_KM, 110.57 / REPEAT_KM]  # REPEAT_KM is 1
    order = np.argsort(-metres, kind="stable")
    order = order[somewhere[order]]
    fine = np.floor(cells[order] / WITHIN_1).astype(np.int64)
    taken: set[tuple[str, int, int]] = set()  # squares of which every place is near a name
    named: dict[tuple[str, int, int], list[tuple[float, float]]] = {}  # by name and square of REPEAT_KM
    for row, fine_x, fine_y in zip(order.tolist(), *fine.T.tolist()):
        name = names[row]
        if name not in long or (name, fine_x, fine_y) in taken:
            continue
        x, y = cells[row].tolist()
        column, line = math.floor(x), math.floor(y)
        near = (
            named.get((name, column + i, line + j), ()) for i in (-1, 0, 1) for j in (-1, 0, 1)
        )  # a square holds only a few, since they lie apart
        if all(math.hypot(x - u, y - v) > 1 for square in near for u, v in square):
            named.setdefault((name, column, line), []).append((x, y))
            taken.add((name, fine_x, fine_y))
            texts[row] = html.unescape(name)  # exports of OpenStreetMap write "King&apos;s Road"
    return texts
