"""The entries “Page…”: in Roadpulse's menu and the menus of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis, QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction

from ...aggregation.contract.errors import RunError
from ...mapping.language import tr
from ..widgets.feature import MENU
from ..widgets.layer_menu import MapLayerEntry
from ..widgets.messages import show_error, show_message

if TYPE_CHECKING:
    from .dialog import PageDialog


class PageFeature:
    """Opens the dialog for the chosen map, or the first one of the project."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self.dialog: Optional[PageDialog] = None
        self._entry: Optional[MapLayerEntry] = None

    def load(self) -> None:
        """Add the entries."""
        icon = QgsApplication.getThemeIcon("/mActionNewLayout.svg")
        self.action = QAction(icon, tr("Page…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_page")
        self.action.triggered.connect(lambda _checked=False: self.show())
        self.iface.addPluginToVectorMenu(MENU, self.action)
        self._entry = MapLayerEntry(self.iface, self.action)

    def unload(self) -> None:
        """Remove the entries and the dialog; a page that is being printed is given up."""
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

    def show(self) -> None:
        """Open the dialog of the active layer if that is a map, else of the first map."""
        try:
            from ..runs.map_view import maps_in_project  # noqa: PLC0415
            from .dialog import PageDialog  # noqa: PLC0415

            maps = dict(maps_in_project())
            layer = self.iface.activeLayer()
            if layer not in maps:
                layer = next(iter(maps), None)
            if layer is None:
                text = tr("There is no map of Roadpulse in the project. Run one, or add its GeoPackage.")
                show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Info, 8)
                return
            if self.dialog is None or sip.isdeleted(self.dialog) or self.dialog.layer is not layer:
                if self.dialog is not None and not sip.isdeleted(self.dialog):
                    self.dialog.leave()
                self.dialog = PageDialog(self.iface, layer, maps[layer])
        except (RunError, ImportError) as error:
            show_error(self.iface.messageBar(), error)
            return
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
