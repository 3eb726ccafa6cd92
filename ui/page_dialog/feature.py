"""The entries “Page…”: in Roadpulse's menu and the menus of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt import sip

from ...aggregation.contract.errors import RunError
from ...mapping.language import tr
from ..runs.map_feature import MapFeature
from ..widgets.messages import show_error

if TYPE_CHECKING:
    from .dialog import PageDialog


class PageFeature(MapFeature):
    """See `MapFeature`."""

    name = "roadpulse_page"
    icon = "/mActionNewLayout.svg"

    def __init__(self, iface: Any) -> None:
        super().__init__(iface)
        self.dialog: Optional[PageDialog] = None

    def text(self) -> str:
        """See `MapFeature.text`."""
        return tr("Page…")

    def leave(self) -> None:
        """See `MapFeature.leave`; a page that is being printed is given up."""
        dialog, self.dialog = self.dialog, None
        if dialog is not None and not sip.isdeleted(dialog):
            dialog.leave()

    def show(self) -> None:
        """See `MapFeature.show`."""
        try:
            from .dialog import PageDialog  # noqa: PLC0415

            chosen = self.chosen_map()
            if chosen is None:
                return
            layer, file = chosen
            if self.dialog is None or sip.isdeleted(self.dialog) or self.dialog.layer is not layer:
                self.leave()
                self.dialog = PageDialog(self.iface, layer, file)
        except (RunError, ImportError) as error:
            show_error(self.iface.messageBar(), error)
            return
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
