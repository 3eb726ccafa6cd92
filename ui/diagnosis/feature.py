"""The menu entry of the connection check."""

from __future__ import annotations

from qgis.PyQt.QtWidgets import QDialog

from ...mapping.language import tr
from ...workflow import locations
from ..runs.settings import POSTGIS, RunSettings
from ..widgets.feature import DialogFeature


class DiagnosisFeature(DialogFeature):
    """The check of everything that profile, trips and roads of the Run dialog need."""

    name = "roadpulse_check"
    icon = "/mIconConnect.svg"

    def text(self) -> str:
        """Return the text of the menu entry."""
        return tr("Check connection…")

    def make(self) -> QDialog:
        """Return the check, with the Run dialog's profile chosen."""
        from .dialog import DiagnosisDialog  # noqa: PLC0415

        settings = RunSettings.load()
        profiles = locations.profile_store().profiles().profiles
        chosen = next((p for p in profiles if p.name == settings.profile), profiles[0])
        roads = settings.roads
        return DiagnosisDialog(
            chosen, settings.trips, self.iface.mainWindow(),
            connection=roads.connection if roads.kind == POSTGIS else "", profiles=profiles,
        )  # fmt: skip
