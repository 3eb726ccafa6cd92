"""A check that a layer can be drawn now, and its server answers."""

from __future__ import annotations

from threading import Timer

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

from ..language import tr

TIMEOUT = 15.0
"""Seconds that a server has for a small picture of the map."""

_SIDE = 64
"""Points along an edge of that picture, so that it takes one tile or a few."""


def why_not_drawn(
    layer: QgsMapLayer, crs: QgsCoordinateReferenceSystem, extent: QgsRectangle, asks_server: bool = True
) -> str:
    """Return why a layer cannot be drawn, as a part of a sentence; empty if it can.

    A map of a server, which QGIS takes for valid as long as its address is, is drawn once, small.
    """
    if not layer.isValid():
        return tr("it cannot be opened")
    if not asks_server or layer.type() == Qgis.LayerType.Vector or layer.providerType() == "gdal":
        return ""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(crs)
    settings.setOutputSize(QSize(_SIDE, _SIDE))
    settings.setExtent(extent)
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    job = QgsMapRendererParallelJob(settings)
    late: list[bool] = []

    def give_up() -> None:
        late.append(True)
        job.cancelWithoutBlocking()

    timer = Timer(TIMEOUT, give_up)
    timer.start()
    try:
        job.start()
        job.waitForFinished()
    finally:
        timer.cancel()
    if late:
        return tr("its server did not answer in time")
    picture = job.renderedImage()
    nothing = QImage(picture.size(), picture.format())
    nothing.fill(0)
    return tr("no picture of this place came from its server") if picture == nothing else ""
