"""The entries “Style…”: in Roadpulse's menu, the tool bar and the menus of maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt import sip

from ...mapping.language import tr
from ..background.chunked_job import ChunkedJob
from ..runs.map_feature import MapFeature
from ..widgets.messages import log_error, show_error

if TYPE_CHECKING:
    from .dialog import StyleDialog


class StyleFeature(MapFeature):
    """See `MapFeature`; one dialog a layer."""

    name = "roadpulse_style"
    icon = "/mActionStyleManager.svg"
    in_tool_bar = True

    def __init__(self, iface: Any) -> None:
        super().__init__(iface)
        self.dialogs: dict[str, StyleDialog] = {}
        self._job: Optional[ChunkedJob] = None

    def text(self) -> str:
        """See `MapFeature.text`."""
        return tr("Style of the map…")

    def leave(self) -> None:
        """See `MapFeature.leave`; choices that were not kept are taken back."""
        self._job = None
        for dialog in list(self.dialogs.values()):
            if not sip.isdeleted(dialog):
                dialog.leave()
        self.dialogs.clear()

    def show(self) -> None:
        """See `MapFeature.show`."""
        if self.action is not None and self._job is None:
            self._job = ChunkedJob(self._opening(), self._opened, self._not_opened, self.action)

    def _opening(self) -> Iterator[None]:
        """Open the dialog in short steps: its modules are imported when it is first opened."""
        chosen = self.chosen_map()
        if chosen is None:
            return
        layer, file = chosen
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
            dialog = StyleDialog(self.iface, layer, file)
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
