"""Where a run executes: the profile."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ...cluster_client.profile import LOCAL, LOCAL_NAME, Profile
from ..settings import RunSettings
from ..words import counted, tr
from .section import Section


class WhereSection(Section):
    """The profile's chooser."""

    title = "Where"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.profiles: tuple[Profile, ...] = (LOCAL,)
        self.chooser = QComboBox()
        self.chooser.setObjectName("profile")
        self.chooser.setMinimumWidth(220)
        self.chooser.setAccessibleName(tr("Where the run executes"))
        self.row(self.chooser, self.note, None)
        self.note.setWordWrap(False)
        self.chooser.currentIndexChanged.connect(self._chosen)
        self.offer((LOCAL,))

    def offer(self, profiles: Sequence[Profile]) -> None:
        """Fill the chooser; only this computer can execute runs in this version."""
        chosen = self.profile.name if self.chooser.count() else LOCAL_NAME
        self.profiles = tuple(profile for profile in profiles if profile.kind == "local") or (LOCAL,)
        self.chooser.blockSignals(True)
        self.chooser.clear()
        for profile in self.profiles:
            name = tr("This computer") if profile.name == LOCAL_NAME else profile.name
            self.chooser.addItem(name, profile.name)
        self.chooser.setCurrentIndex(max(0, self.chooser.findData(chosen)))
        self.chooser.blockSignals(False)
        self._describe()

    @property
    def profile(self) -> Profile:
        """The chosen profile."""
        at = self.chooser.currentIndex()
        return self.profiles[at] if 0 <= at < len(self.profiles) else LOCAL

    def show_settings(self, settings: RunSettings) -> None:
        """Choose the remembered profile, or this computer where it is gone."""
        self.chooser.setCurrentIndex(max(0, self.chooser.findData(settings.profile)))

    def apply(self, settings: RunSettings) -> RunSettings:
        """The settings with the chosen profile."""
        return replace(settings, profile=self.profile.name)

    def _chosen(self) -> None:
        self._describe()
        self.changed.emit()

    def _describe(self) -> None:
        cores = self.profile.workers or os.cpu_count() or 1
        self.note.say(counted(cores, tr("worker"), tr("workers")))
