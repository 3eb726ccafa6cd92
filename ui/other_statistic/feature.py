"""The entry “Show other statistic…” in the menu of a map's layer."""

from __future__ import annotations

from typing import Any, Optional

from qgis.core import QgsApplication, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr
from ..widgets.layer_menu import MapLayerEntry


class OtherStatisticFeature:
    """Adds the entry to layers that may be maps of Roadpulse; their files are opened when it is used."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self._entry: Optional[MapLayerEntry] = None

    def load(self) -> None:
        """Add the entry to the layers that are there and to those that come."""
        icon = QgsApplication.getThemeIcon("/propertyicons/symbology.svg")
        self.action = QAction(icon, tr("Show other statistic…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_other_statistic")
        self.action.triggered.connect(lambda _checked=False: self.open())
        self._entry = MapLayerEntry(self.iface, self.action)

    def unload(self) -> None:
        """Remove the entry."""
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.remove()
        action, self.action = self.action, None
        if action is not None and not sip.isdeleted(action):
            action.deleteLater()

    def open(self) -> None:
        """Open the choice for the active layer."""
        layer = self.iface.activeLayer()
        if isinstance(layer, QgsVectorLayer):
            from .dialog import offer  # noqa: PLC0415

            offer(self.iface, layer)
