"""The entry “Show other statistic…” in the menu of a map's layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional

from qgis.core import Qgis, QgsApplication, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr


class OtherStatisticFeature:
    """Adds the entry to layers that may be maps of Roadpulse; their files are opened when it is used."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None

    def load(self) -> None:
        """Add the entry to the layers that are there and to those that come."""
        icon = QgsApplication.getThemeIcon("/propertyicons/symbology.svg")
        self.action = QAction(icon, tr("Show other statistic…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_other_statistic")
        self.action.triggered.connect(lambda _checked=False: self.open())
        self.iface.addCustomActionForLayerType(self.action, "", Qgis.LayerType.Vector, False)
        project = QgsProject.instance()
        self._add(project.mapLayers().values())
        project.layersAdded.connect(self._add)

    def unload(self) -> None:
        """Remove the entry."""
        QgsProject.instance().layersAdded.disconnect(self._add)
        action, self.action = self.action, None
        if action is not None and not sip.isdeleted(action):
            self.iface.removeCustomActionForLayerType(action)
            action.deleteLater()

    def open(self) -> None:
        """Open the choice for the active layer."""
        layer = self.iface.activeLayer()
        if isinstance(layer, QgsVectorLayer):
            from .dialog import offer  # noqa: PLC0415

            offer(self.iface, layer)

    def _add(self, layers: Iterable[QgsMapLayer]) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and _may_be_ours(layer):
                self.iface.addCustomActionForLayer(self.action, layer)


def _may_be_ours(layer: QgsVectorLayer) -> bool:
    """Return True for a layer that may be the table `links` of a GeoPackage, without opening its file."""
    source = layer.source().lower()
    return layer.providerType() == "ogr" and ".gpkg" in source and "layername=links" in source
