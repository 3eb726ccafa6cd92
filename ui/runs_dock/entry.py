"""The list of runs in QGIS: its button, its dock, and word of runs that ended while nobody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from qgis.core import Qgis, QgsApplication, QgsSettings
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QAction, QPushButton

from ...workflow.translation import tr
from .dock import RunsDock

if TYPE_CHECKING:
    from ...cluster_client.runs.records import Run
    from ...cluster_client.runs.status import RunStatus
    from ..run_dialog.dialog import RunDialog
    from ..runs.watch import RunsWatch

_SHOWN = "roadpulse/runs_shown"
_SETTLE = 3_000
"""Milliseconds after which QGIS has started, and runs of earlier days are looked at."""


class RunsEntry:
    """Pairs what it adds in `load` with its removal in `unload`.

    `with_dialog` opens the Run dialog and does something with it; `followed` tells the id of the run that
    the dialog follows, empty for none; `withdraw` takes back what was said of a run before it ended.
    """

    def __init__(
        self,
        iface: Any,
        with_dialog: Callable[[Callable[[RunDialog], None]], None],
        followed: Callable[[], str],
        withdraw: Callable[[str], None],
    ) -> None:
        self.iface = iface
        self.dock: Optional[RunsDock] = None
        self.action: Optional[QAction] = None
        self._with_dialog, self._followed, self._withdraw = with_dialog, followed, withdraw
        self._watch: Optional[RunsWatch] = None
        self._said: list[Any] = []
        self._menu = ""

    def load(self, menu: str) -> None:
        """Add button and menu entry, and the dock where it was there when QGIS was closed."""
        self._menu = menu
        icon = QgsApplication.getThemeIcon("/mIconHistory.svg")
        self.action = QAction(icon, tr("Roadpulse runs"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_runs")
        self.action.setCheckable(True)
        self.action.setToolTip(tr("Every run of Roadpulse: how far it is, and what came out"))
        self.action.toggled.connect(self._show)
        self.iface.addVectorToolBarIcon(self.action)
        self.iface.addPluginToVectorMenu(menu, self.action)
        if QgsSettings().value(_SHOWN, False, type=bool):
            self._make_dock()  # before QGIS puts its docks where they were
        QTimer.singleShot(_SETTLE, self._take_up)

    def leave(self) -> None:
        """QGIS closes: remember whether the dock was there. Runs go on."""
        if self.dock is not None and not sip.isdeleted(self.dock):
            QgsSettings().setValue(_SHOWN, not self.dock.isHidden())
        if self._watch is not None and not sip.isdeleted(self._watch):
            self._watch.close()

    def unload(self) -> None:
        """Take everything away again."""
        for item in self._said:
            if not sip.isdeleted(item):
                self.iface.messageBar().popWidget(item)
        self._said.clear()
        action, self.action = self.action, None
        if action is not None and not sip.isdeleted(action):
            self.iface.removePluginVectorMenu(self._menu, action)
            self.iface.removeVectorToolBarIcon(action)
            action.deleteLater()
        dock, self.dock = self.dock, None
        if dock is not None and not sip.isdeleted(dock):
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
        watch, self._watch = self._watch, None
        if watch is not None and not sip.isdeleted(watch):
            watch.close()
            watch.deleteLater()

    def show_run(self, key: str, on_map: bool = False) -> None:
        """Open the dock with a run selected, and, if wanted, put it on the map."""
        self._make_dock().show_run(key, on_map)

    # -- the dock -----------------------------------------------------------------------------------

    def _show(self, shown: bool) -> None:
        if shown:
            dock = self._make_dock()
            dock.show()
            dock.raise_()
        elif self.dock is not None:
            self.dock.hide()

    def _make_dock(self) -> RunsDock:
        if self.dock is None:
            self.dock = RunsDock(self.iface, self.watch, self._with_dialog)
            self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
            self.iface.mainWindow().restoreDockWidget(self.dock)
            self.dock.toggleViewAction().toggled.connect(self._follow_dock)
            self._follow_dock(not self.dock.isHidden())
        return self.dock

    def _follow_dock(self, shown: bool) -> None:
        """The button is pressed as long as the dock is there."""
        if self.action is not None and not sip.isdeleted(self.action):
            self.action.setChecked(shown)

    # -- the runs -----------------------------------------------------------------------------------

    def watch(self) -> RunsWatch:
        """What reads the run store and looks at runs that go on."""
        if self._watch is None:
            from ...workflow import locations  # noqa: PLC0415
            from ..runs.watch import RunsWatch  # noqa: PLC0415

            self._watch = RunsWatch(locations.run_store(), self.iface.mainWindow())
            self._watch.ended.connect(self._tell_end)
            self._watch.begin()
        return self._watch

    def _take_up(self) -> None:
        """Look at runs on other computers that had not ended when QGIS was closed."""
        if self.action is not None:  # not unloaded meanwhile
            self.watch()

    def _tell_end(self, run: Run, status: RunStatus) -> None:
        """Say that a run from before this QGIS was started has ended, unless the dialog follows it."""
        if self.action is None or run.id == self._followed():
            return
        self._withdraw(run.id)
        from ...cluster_client.runs.status import RunState  # noqa: PLC0415
        from ..runs.run_texts import end_sentence  # noqa: PLC0415
        from ..widgets.messages import make_message  # noqa: PLC0415

        finished = status.state is RunState.FINISHED
        item = make_message(end_sentence(run, status))
        button = QPushButton(tr("Show on the map") if finished else tr("Show in the list"))
        button.setObjectName("roadpulse_show_run")
        button.clicked.connect(lambda _=False: self._show_ended(run, finished, item))
        item.layout().addWidget(button)
        level = Qgis.MessageLevel.Success if finished else Qgis.MessageLevel.Warning
        self.iface.messageBar().pushWidget(item, level)
        self._said.append(item)

    def _show_ended(self, run: Run, on_map: bool, item: Any) -> None:
        self.iface.messageBar().popWidget(item)
        self.show_run(run.id, on_map)
