"""The entries “Film…”: in Roadpulse's menu and the menus of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis
from qgis.PyQt import sip

from ...mapping.language import tr
from ..runs.map_feature import MapFeature
from ..widgets.messages import show_error, show_message

if TYPE_CHECKING:
    from .dialog import FilmDialog


class FilmFeature(MapFeature):
    """See `MapFeature`; one film at a time."""

    name = "roadpulse_film"
    icon = "/mActionNewMap.svg"

    def __init__(self, iface: Any) -> None:
        super().__init__(iface)
        self.dialog: Optional[FilmDialog] = None

    def text(self) -> str:
        """See `MapFeature.text`."""
        return tr("Film…")

    def leave(self) -> None:
        """See `MapFeature.leave`; a film that is being made is cancelled."""
        dialog, self.dialog = self.dialog, None
        if dialog is not None and not sip.isdeleted(dialog):
            dialog.leave()
            dialog.deleteLater()

    def show(self) -> None:
        """See `MapFeature.show`."""
        if self.dialog is not None and not sip.isdeleted(self.dialog):
            if not self.dialog.can_go:
                self._raise()
                return
            self.dialog.deleteLater()
        try:
            from .dialog import FilmDialog  # noqa: PLC0415

            chosen = self.chosen_map()
            if chosen is None:
                return
            layer, file = chosen
            if file.not_playing or not len(file.timeline):
                why = file.not_playing or tr("The map file holds no values by bin.")
                text = tr("No film can be made of “{layer}”. {why}").format(layer=layer.name(), why=why)
                show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Warning)
                return
            self.dialog = FilmDialog(self.iface, layer, file)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            show_error(self.iface.messageBar(), error)
            return
        self._raise()

    def _raise(self) -> None:
        if self.dialog is not None:
            self.dialog.show()
            self.dialog.raise_()
            self.dialog.activateWindow()
