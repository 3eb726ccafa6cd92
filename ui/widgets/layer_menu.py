"""An entry in the menus of the layers that may be maps of Roadpulse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.core import Qgis, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction


class MapLayerEntry:
    """An action in the menus of the maps that are in the project and of those that come, until `remove`."""

    def __init__(self, iface: Any, action: QAction) -> None:
        self._iface, self._action = iface, action
        iface.addCustomActionForLayerType(action, "", Qgis.LayerType.Vector, False)
        project = QgsProject.instance()
        self._add(project.mapLayers().values())
        project.layersAdded.connect(self._add)

    def remove(self) -> None:
        """Remove the action from all menus."""
        QgsProject.instance().layersAdded.disconnect(self._add)
        if not sip.isdeleted(self._action):
            self._iface.removeCustomActionForLayerType(self._action)

    def _add(self, layers: Iterable[QgsMapLayer]) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and may_be_map(layer):
                self._iface.addCustomActionForLayer(self._action, layer)


def may_be_map(layer: QgsVectorLayer) -> bool:
    """Return True for a layer that may be the table `links` of a GeoPackage, without opening its file."""
    source = layer.source().lower()
    return layer.providerType() == "ogr" and ".gpkg" in source and "layername=links" in source
