"""The menu entry of the manual."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QDialog

from ...mapping.language import tr
from ..widgets.feature import DialogFeature


class ManualFeature(DialogFeature):
    """The manual, opened at its table of contents."""

    name = "roadpulse_help"
    icon = "/mActionHelpContents.svg"

    def text(self) -> str:
        """Return the text of the menu entry."""
        return tr("Help")

    def make(self) -> QDialog:
        """Return the manual's window."""
        from .window import CONTENTS, Manual  # noqa: PLC0415

        manual = Manual(self.iface.mainWindow())
        manual.go_to(CONTENTS)
        return manual
