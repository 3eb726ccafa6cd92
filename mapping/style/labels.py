"""Street names: few, by importance, along the line."""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsFields,
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

from ..columns import LABEL_FIELD, LABEL_ZOOM_FIELD, WIDTH_FIELD
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


def font_family() -> str:
    """Open Sans, or what this computer uses instead."""
    _, exact = QgsFontUtils.fontFamilyMatchOnSystem(FAMILY)
    return FAMILY if exact else QFont().family()


def street_labels(theme: str, fields: QgsFields) -> QgsVectorLayerSimpleLabeling:
    """Return labels by the columns that `street_names` fills; older map files lack that of the zoom level."""
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
            f'@vector_tile_zoom >= "{LABEL_ZOOM_FIELD}"'
            if fields.indexOf(LABEL_ZOOM_FIELD) >= 0
            else f"@vector_tile_zoom >= {zoom_of_scale(SIDE_STREETS_SCALE):.6f} "
            f'OR "{WIDTH_FIELD}" >= {MAIN_ROAD_WIDTH}'
        ),
    )
    properties.setProperty(
        QgsPalLayerSettings.Property.Priority, QgsProperty.fromExpression(f'min(10, "{WIDTH_FIELD}" * 6)')
    )
    settings.setDataDefinedProperties(properties)
    return QgsVectorLayerSimpleLabeling(settings)


def enlarged(labels: QgsVectorLayerSimpleLabeling, size: float) -> QgsVectorLayerSimpleLabeling:
    """Return labels with type and halo `size` times as large."""
    settings = QgsPalLayerSettings(labels.settings())
    text, line = settings.format(), settings.lineSettings()
    text.setSize(text.size() * size)
    halo = text.buffer()
    halo.setSize(halo.size() * size)
    text.setBuffer(halo)
    settings.setFormat(text)
    line.setOverrunDistance(line.overrunDistance() * size)
    settings.setLineSettings(line)
    return QgsVectorLayerSimpleLabeling(settings)
