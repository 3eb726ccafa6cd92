"""Entries that open a window for a map: in Roadpulse's menu, and in the menus of the layers of maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Optional

from qgis.core import Qgis, QgsApplication, QgsVectorLayer
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr
from ..widgets.feature import add_to_menu, add_to_tool_bar, remove_from_menu, remove_from_tool_bar
from ..widgets.layer_menu import MapLayerEntry
from ..widgets.messages import show_message

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile


class MapFeature(ABC):
    """An action for the active layer if that is a map, else for the first map of the project."""

    name: ClassVar[str]
    """Object name of the action."""

    icon: ClassVar[str]
    """Icon of QGIS's theme."""

    in_tool_bar: ClassVar[bool] = False
    """True for a button in QGIS's vector tool bar, too."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self._entry: Optional[MapLayerEntry] = None

    @abstractmethod
    def text(self) -> str:
        """Return the text of the entries."""

    @abstractmethod
    def show(self) -> None:
        """Open the window, or raise the open one."""

    @abstractmethod
    def leave(self) -> None:
        """Close the windows and end their background work."""

    def load(self) -> None:
        """Add the entries, to the layers that are there and to those that come."""
        self.action = QAction(QgsApplication.getThemeIcon(self.icon), self.text(), self.iface.mainWindow())
        self.action.setObjectName(self.name)
        self.action.triggered.connect(lambda _checked=False: self.show())
        (add_to_tool_bar if self.in_tool_bar else add_to_menu)(self.iface, self.action)
        self._entry = MapLayerEntry(self.iface, self.action)

    def unload(self) -> None:
        """Remove the entries and the windows."""
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.remove()
        action, self.action = self.action, None
        (remove_from_tool_bar if self.in_tool_bar else remove_from_menu)(self.iface, action)
        self.leave()

    def chosen_map(self) -> Optional[tuple[QgsVectorLayer, MapFile]]:
        """Return the layer and the file of the map; None, and a message, where the project has no map."""
        from .map_view import maps_in_project  # noqa: PLC0415

        maps = dict(maps_in_project())
        layer = self.iface.activeLayer()
        if layer not in maps:
            layer = next(iter(maps), None)
        if layer is None:
            text = tr("There is no map of Roadpulse in the project. Run one, or add its GeoPackage.")
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Info, 8)
            return None
        return layer, maps[layer]
