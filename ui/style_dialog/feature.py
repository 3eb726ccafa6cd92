"""The entries “Style…”: in Roadpulse's menu, the tool bar and the menus of maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis, QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction

from ...mapping.language import tr
from ..background.chunked_job import ChunkedJob
from ..widgets.feature import add_to_tool_bar, remove_from_tool_bar
from ..widgets.layer_menu import MapLayerEntry
from ..widgets.messages import log_error, show_error, show_message

if TYPE_CHECKING:
    from .dialog import StyleDialog


class StyleFeature:
    """Opens the dialog for the chosen map, or the first one of the project; one dialog a layer."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.action: Optional[QAction] = None
        self._entry: Optional[MapLayerEntry] = None
        self.dialogs: dict[str, StyleDialog] = {}
        self._job: Optional[ChunkedJob] = None

    def load(self) -> None:
        """Add the entries."""
        icon = QgsApplication.getThemeIcon("/mActionStyleManager.svg")
        self.action = QAction(icon, tr("Style of the map…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_style")
        self.action.triggered.connect(lambda _checked=False: self.show())
        add_to_tool_bar(self.iface, self.action)
        self._entry = MapLayerEntry(self.iface, self.action)

    def unload(self) -> None:
        """Remove the entries and dialogs; choices that were not kept are taken back."""
        self._job = None
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.remove()
        action, self.action = self.action, None
        remove_from_tool_bar(self.iface, action)
        for dialog in list(self.dialogs.values()):
            if not sip.isdeleted(dialog):
                dialog.leave()
        self.dialogs.clear()

    def show(self) -> None:
        """Open the dialog of the active layer if that is a map, else of the first map."""
        if self.action is not None and self._job is None:
            self._job = ChunkedJob(self._opening(), self._opened, self._not_opened, self.action)

    def _opening(self) -> Iterator[None]:
        """Open the dialog in short steps: its modules are imported when it is first opened."""
        from ..runs.map_view import maps_in_project  # noqa: PLC0415

        maps = dict(maps_in_project())
        layer = self.iface.activeLayer()
        if layer not in maps:
            layer = next(iter(maps), None)
        if layer is None:
            text = tr("There is no map of Roadpulse in the project. Run one, or add its GeoPackage.")
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Info, 8)
            return
        yield
        from ...mapping.style import presets  # noqa: F401, PLC0415

        yield
        from .dialog import StyleDialog  # noqa: PLC0415

        yield
        if sip.isdeleted(layer):
            return
        name = layer.id()
        dialog = self.dialogs.get(name)
        if dialog is None or sip.isdeleted(dialog):
            dialog = StyleDialog(self.iface, layer, maps[layer])
            self.dialogs[name] = dialog
            dialog.finished.connect(lambda _result: self.dialogs.pop(name, None))
            yield
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _opened(self) -> None:
        self._job = None

    def _not_opened(self, error: Exception) -> None:
        self._job = None
        log_error(error)
        show_error(self.iface.messageBar(), error)
