"""The entries “Film…”: in Roadpulse's menu and the menus of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis, QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr
from ..widgets.feature import MENU
from ..widgets.layer_menu import MapLayerEntry
from ..widgets.messages import show_error, show_message

if TYPE_CHECKING:
    from .dialog import FilmDialog


class FilmFeature:
    """Opens the dialog for the chosen map, or the first one of the project; one film at a time."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self.dialog: Optional[FilmDialog] = None
        self._entry: Optional[MapLayerEntry] = None

    def load(self) -> None:
        """Add the entries."""
        icon = QgsApplication.getThemeIcon("/mActionNewMap.svg")
        self.action = QAction(icon, tr("Film…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_film")
        self.action.triggered.connect(lambda _checked=False: self.show())
        self.iface.addPluginToVectorMenu(MENU, self.action)
        self._entry = MapLayerEntry(self.iface, self.action)

    def unload(self) -> None:
        """Remove entries and dialog; a film that is being made is cancelled."""
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.remove()
        action, self.action = self.action, None
        if action is not None and not sip.isdeleted(action):
            self.iface.removePluginVectorMenu(MENU, action)
            action.deleteLater()
        dialog, self.dialog = self.dialog, None
        if dialog is not None and not sip.isdeleted(dialog):
            dialog.leave()
            dialog.deleteLater()

    def show(self) -> None:
        """Open the dialog for the active layer if that is a map, else for the first map."""
        if self.dialog is not None and not sip.isdeleted(self.dialog):
            if not self.dialog.can_go:
                self._raise()
                return
            self.dialog.deleteLater()
        try:
            from ..runs.map_view import maps_in_project  # noqa: PLC0415
            from .dialog import FilmDialog  # noqa: PLC0415

            maps = dict(maps_in_project())
            layer = self.iface.activeLayer()
            if layer not in maps:
                layer = next(iter(maps), None)
            if layer is None:
                text = tr("There is no map of Roadpulse in the project. Run one, or add its GeoPackage.")
                show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Info, 8)
                return
            if maps[layer].not_playing or not len(maps[layer].timeline):
                why = maps[layer].not_playing or tr("The map file holds no values by bin.")
                text = tr("No film can be made of “{layer}”. {why}").format(layer=layer.name(), why=why)
                show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Warning)
                return
            self.dialog = FilmDialog(self.iface, layer, maps[layer])
        except Exception as error:  # noqa: BLE001  (shown to the person)
            show_error(self.iface.messageBar(), error)
            return
        self._raise()

    def _raise(self) -> None:
        if self.dialog is not None:
            self.dialog.show()
            self.dialog.raise_()
            self.dialog.activateWindow()
