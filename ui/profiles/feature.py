"""The menu entry of the profile editor."""

from __future__ import annotations

from typing import Any, Callable

from qgis.PyQt.QtWidgets import QDialog

from ...mapping.language import tr
from ...workflow import locations
from ..runs.settings import RunSettings
from ..widgets.feature import DialogFeature


class ProfilesFeature(DialogFeature):
    """The editor of profiles, opened at the profile of the Run dialog.

    `changed(name)` is called when the stored profiles have changed, with the name of the one to choose.
    """

    name = "roadpulse_profiles"
    icon = "/propertyicons/settings.svg"

    def __init__(self, iface: Any, changed: Callable[[str], None]) -> None:
        super().__init__(iface)
        self._changed = changed

    def text(self) -> str:
        """Return the text of the menu entry."""
        return tr("Profiles…")

    def make(self) -> QDialog:
        """Return the editor."""
        from .dialog import ProfilesDialog  # noqa: PLC0415

        chosen = RunSettings.load().profile
        dialog = ProfilesDialog(locations.profile_store(), self.iface.mainWindow(), chosen)
        dialog.profiles_changed.connect(self._changed)
        return dialog
