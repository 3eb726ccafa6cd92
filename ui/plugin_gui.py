"""Roadpulse in QGIS's windows, as a list of features.

Light to import: packages beyond QGIS's own are imported when a window needs them, so that QGIS starts as
fast as without Roadpulse, and a missing package shows as a message.
"""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QCoreApplication

from .background.qgis_log import LogFeature
from .diagnosis.feature import DiagnosisFeature
from .film_dialog.feature import FilmFeature
from .manual.feature import ManualFeature
from .other_statistic.feature import OtherStatisticFeature
from .page_dialog.feature import PageFeature
from .profiles.feature import ProfilesFeature
from .run_dialog.feature import RunDialogFeature
from .run_dialog.reattach_offers import ReattachOffers
from .runs_dock.feature import RunsDockFeature
from .style_dialog.feature import StyleFeature
from .time_bar.feature import TimeBarFeature
from .two_times.feature import TwoTimesFeature
from .widgets.feature import Feature


class PluginGui:
    """Loads the features in the order of the menu and unloads them in reverse."""

    def __init__(self, iface: Any) -> None:
        self.run_dialog = RunDialogFeature(iface)
        self.offers = ReattachOffers(iface, self.run_dialog)
        self.runs_dock = RunsDockFeature(iface, self.run_dialog, self.offers)
        self.profiles = ProfilesFeature(iface, self.run_dialog.choose_profile)
        self.diagnosis = DiagnosisFeature(iface)
        self.other_statistic = OtherStatisticFeature(iface)
        self.style = StyleFeature(iface)
        self.page = PageFeature(iface)
        self.time_bar = TimeBarFeature(iface)
        self.two_times = TwoTimesFeature(iface, self.time_bar)
        self.film = FilmFeature(iface)
        self.manual = ManualFeature(iface)
        self.features: tuple[Feature, ...] = (
            LogFeature(),
            self.run_dialog,
            self.runs_dock,
            self.profiles,
            self.diagnosis,
            self.other_statistic,
            self.style,
            self.page,
            self.time_bar,
            self.two_times,
            self.film,
            self.manual,
            self.offers,
        )

    def load(self) -> None:
        """Add every feature to QGIS."""
        for feature in self.features:
            feature.load()
        QCoreApplication.instance().aboutToQuit.connect(self._leave)

    def unload(self) -> None:
        """Remove every feature; runs go on without QGIS."""
        QCoreApplication.instance().aboutToQuit.disconnect(self._leave)
        self._leave()
        for feature in reversed(self.features):
            feature.unload()

    def _leave(self) -> None:
        """Store what outlives the windows, and end background work; QGIS closes or the plugin is unloaded."""
        self.runs_dock.leave()
        self.run_dialog.leave()
