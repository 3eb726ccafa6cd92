"""The menu entries for profiles (their editor, the look at everything that a run needs), and the manual."""

from __future__ import annotations

from typing import Any, Callable, Optional

from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QAction, QDialog

from ...workflow import locations
from ...workflow.translation import tr
from ..runs.settings import POSTGIS, RunSettings


class ProfilesEntry:
    """Pairs what it adds in `load` with its removal in `unload`.

    `changed` is told the name of the profile to choose after the stored ones have changed.
    """

    def __init__(self, iface: Any, changed: Callable[[str], None]) -> None:
        self.iface = iface
        self.actions: list[QAction] = []
        self.dialogs: dict[str, QDialog] = {}
        self._changed = changed
        self._menu = ""

    def load(self, menu: str) -> None:
        """Add the menu entries."""
        self._menu = menu
        for name, icon, text, show in (
            ("roadpulse_profiles", "/propertyicons/settings.svg", tr("Profiles…"), self.show_profiles),
            ("roadpulse_check", "/mIconConnect.svg", tr("Check connection…"), self.show_check),
            ("roadpulse_help", "/mActionHelpContents.svg", tr("Help"), self.show_help),
        ):
            action = QAction(QgsApplication.getThemeIcon(icon), text, self.iface.mainWindow())
            action.setObjectName(name)
            action.triggered.connect(lambda _checked=False, show=show: show())
            self.iface.addPluginToVectorMenu(menu, action)
            self.actions.append(action)

    def unload(self) -> None:
        """Take everything away again; what was not saved is lost."""
        for action in self.actions:
            if not sip.isdeleted(action):
                self.iface.removePluginVectorMenu(self._menu, action)
                action.deleteLater()
        self.actions.clear()
        for dialog in self.dialogs.values():
            if not sip.isdeleted(dialog):
                dialog.leave()
                dialog.deleteLater()
        self.dialogs.clear()

    def show_profiles(self) -> None:
        """Open the editor at the profile of the Run dialog."""

        def make() -> QDialog:
            from .dialog import ProfilesDialog  # noqa: PLC0415

            chosen = RunSettings.load().profile
            dialog = ProfilesDialog(locations.profile_store(), self.iface.mainWindow(), chosen)
            dialog.profiles_changed.connect(self._changed)
            return dialog

        self._show("profiles", make)

    def show_check(self) -> None:
        """Look at what the Run dialog's profile, trips and roads need."""

        def make() -> QDialog:
            from ..diagnosis.dialog import DiagnosisDialog  # noqa: PLC0415

            settings = RunSettings.load()
            profiles = locations.profile_store().profiles().profiles
            chosen = next((p for p in profiles if p.name == settings.profile), profiles[0])
            roads = settings.roads
            return DiagnosisDialog(
                chosen, settings.trips, self.iface.mainWindow(),
                connection=roads.connection if roads.kind == POSTGIS else "", profiles=profiles,
            )  # fmt: skip

        self._show("check", make)

    def show_help(self) -> None:
        """Open the manual at its start."""

        def make() -> QDialog:
            from ..manual.window import CONTENTS, Manual  # noqa: PLC0415

            manual = Manual(self.iface.mainWindow())
            manual.go_to(CONTENTS)
            return manual

        self._show("help", make)

    def _show(self, name: str, make: Callable[[], QDialog]) -> None:
        known: Optional[QDialog] = self.dialogs.get(name)
        if known is None or sip.isdeleted(known):
            known = self.dialogs[name] = make()
        known.show()
        known.raise_()
        known.activateWindow()
