"""What Roadpulse adds to QGIS's windows: a button, a menu entry, the Run dialog. Light to import.

Everything that needs packages beyond QGIS's own is imported when it is used, so that QGIS starts as fast
as without Roadpulse and a missing package is told politely.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis, QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, Qt, QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QPushButton

from ..algorithms import requirements
from . import qgis_log
from .runs_dock import RunsDock
from .words import tr

if TYPE_CHECKING:
    from ..cluster_client.runs import Run
    from ..cluster_client.status import RunStatus
    from .pending import Pending
    from .run_dialog import RunDialog
    from .runs_watch import RunsWatch

MENU = "Roadpulse"
_SETTLE = 3_000
"""Milliseconds after which QGIS has started, and runs of earlier days are looked at."""
ICON = Path(__file__).absolute().parents[1] / "resources" / "icons" / "roadpulse.svg"


class MainUi:
    """Pairs everything it adds in `load` with its removal in `unload`."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.dialog: Optional[RunDialog] = None
        self.action: Optional[QAction] = None
        self._log: Optional[qgis_log.QgisLogHandler] = None
        self._offers: list[Any] = []
        self.runs: Optional[RunsDock] = None
        self._runs_action: Optional[QAction] = None
        self._watch: Optional[RunsWatch] = None

    def load(self) -> None:
        """Add the button and the menu entry; look for runs that went on without QGIS."""
        self._log = qgis_log.install()
        self.action = QAction(QIcon(str(ICON)), tr("Run Roadpulse…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_run")
        self.action.setToolTip(tr("Speeds per road link from GPS trips, as a map that plays through the day"))
        self.action.triggered.connect(lambda _checked: self.show_dialog())
        self.iface.addVectorToolBarIcon(self.action)
        self.iface.addPluginToVectorMenu(MENU, self.action)
        self._add_runs()
        QCoreApplication.instance().aboutToQuit.connect(self._leave)
        QTimer.singleShot(0, self._offer_pending)
        QTimer.singleShot(_SETTLE, self._take_up_runs)

    def unload(self) -> None:
        """Take everything away again; a run goes on without QGIS."""
        QCoreApplication.instance().aboutToQuit.disconnect(self._leave)
        self._leave()
        for item in self._offers:
            if not sip.isdeleted(item):
                self.iface.messageBar().popWidget(item)
        self._offers.clear()
        self._remove_runs()
        dialog, self.dialog = self.dialog, None
        if dialog is not None and not sip.isdeleted(dialog):
            dialog.close()
            dialog.deleteLater()
        action, self.action = self.action, None
        if action is not None and not sip.isdeleted(action):
            self.iface.removePluginVectorMenu(MENU, action)
            self.iface.removeVectorToolBarIcon(action)
            action.deleteLater()
        if self._log is not None:
            qgis_log.remove(self._log)
            self._log = None

    def show_dialog(self) -> None:
        """Open the Run dialog, or say which packages are missing."""
        self._with_dialog(lambda _dialog: None)

    def _with_dialog(self, then: Callable[[RunDialog], None]) -> None:
        """Open the dialog, then do something with it."""
        lacking = requirements.missing()
        if lacking:
            self.iface.messageBar().pushMessage(
                "Roadpulse", requirements.install_text(lacking), Qgis.MessageLevel.Warning, 0
            )
            return
        from . import run_dialog  # noqa: F401, PLC0415

        # Loading, making and drawing it take some 40 ms each: in turns of the event loop nobody notices.
        QTimer.singleShot(0, lambda: self._make_dialog(then))

    def _make_dialog(self, then: Callable[[RunDialog], None]) -> None:
        if self.action is None:  # unloaded meanwhile
            return
        if self.dialog is None or sip.isdeleted(self.dialog):
            from .run_dialog import RunDialog  # noqa: PLC0415

            self.dialog = RunDialog(self.iface)
        QTimer.singleShot(0, lambda: self._open_dialog(then))

    def _open_dialog(self, then: Callable[[RunDialog], None]) -> None:
        if self.dialog is None or sip.isdeleted(self.dialog):
            return
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        then(self.dialog)

    def _leave(self) -> None:
        if self._watch is not None:
            self._watch.close()
        if self.dialog is not None and not sip.isdeleted(self.dialog):
            self.dialog.leave()
        if self.dialog is not None:
            from .tasks import leave_all  # noqa: PLC0415

            leave_all()

    # -- the list of runs ---------------------------------------------------------------------------

    def _add_runs(self) -> None:
        main = self.iface.mainWindow()
        self.runs = RunsDock(self.iface, self._runs_watch, self._with_dialog)
        self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.runs)
        if not main.restoreDockWidget(self.runs):
            self.runs.hide()
        self._runs_action = self.runs.toggleViewAction()
        self._runs_action.setObjectName("roadpulse_runs")
        self._runs_action.setText(tr("Roadpulse runs"))
        self._runs_action.setIcon(QgsApplication.getThemeIcon("/mIconHistory.svg"))
        self._runs_action.setToolTip(tr("Every run of Roadpulse: how far it is and what came out"))
        self.iface.addVectorToolBarIcon(self._runs_action)
        self.iface.addPluginToVectorMenu(MENU, self._runs_action)

    def _remove_runs(self) -> None:
        action, self._runs_action = self._runs_action, None
        if action is not None and not sip.isdeleted(action):
            self.iface.removePluginVectorMenu(MENU, action)
            self.iface.removeVectorToolBarIcon(action)
        watch, self._watch = self._watch, None
        if watch is not None and not sip.isdeleted(watch):
            watch.close()
        dock, self.runs = self.runs, None
        if dock is not None and not sip.isdeleted(dock):
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
        if watch is not None and not sip.isdeleted(watch):
            watch.deleteLater()

    def _runs_watch(self) -> RunsWatch:
        """What reads the run store and looks at runs that go on."""
        if self._watch is None:
            from ..algorithms import locations  # noqa: PLC0415
            from .runs_watch import RunsWatch  # noqa: PLC0415

            self._watch = RunsWatch(locations.run_store(), self.iface.mainWindow())
            self._watch.ended.connect(self._tell_end)
            self._watch.begin()
        return self._watch

    def _take_up_runs(self) -> None:
        """Look at runs on other computers that had not ended when QGIS was closed."""
        if self._log is not None:  # not unloaded meanwhile
            self._runs_watch()

    def _tell_end(self, run: Run, status: RunStatus) -> None:
        """Say that a run from before this QGIS was started has ended, unless the dialog follows it."""
        task = self.dialog.task if self.dialog is not None and not sip.isdeleted(self.dialog) else None
        if self.runs is None or (task is not None and task.job.known is not None
                                 and task.job.known.id == run.id):  # fmt: skip
            return
        from .run_words import end_sentence  # noqa: PLC0415

        item = self.iface.messageBar().createMessage("Roadpulse", end_sentence(run, status))
        finished = status.state.value == "finished"
        button = QPushButton(tr("Show on the map") if finished else tr("Show in the list"))
        button.setObjectName("roadpulse_show_run")
        button.clicked.connect(lambda _=False: self._show_run(run, finished, item))
        item.layout().addWidget(button)
        level = Qgis.MessageLevel.Success if finished else Qgis.MessageLevel.Warning
        self.iface.messageBar().pushWidget(item, level)
        self._offers.append(item)

    def _show_run(self, run: Run, on_map: bool, item: Any) -> None:
        self.iface.messageBar().popWidget(item)
        if self.runs is not None:
            self.runs.show_run(run.id, on_map)

    # -- runs that went on --------------------------------------------------------------------------

    def _offer_pending(self) -> None:
        if self._log is None:  # unloaded meanwhile
            return
        from .pending import pending  # noqa: PLC0415

        for noted in pending():
            item = self.iface.messageBar().createMessage(
                "Roadpulse",
                tr("The run “{name}” was still going when QGIS was closed.").format(name=noted.name),
            )
            show, drop = QPushButton(tr("Show")), QPushButton(tr("Forget it"))
            show.setObjectName("roadpulse_rejoin")
            show.clicked.connect(lambda _=False, n=noted, i=item: self._rejoin(n, i))
            drop.clicked.connect(lambda _=False, n=noted, i=item: self._drop(n, i))
            item.layout().addWidget(show)
            item.layout().addWidget(drop)
            self.iface.messageBar().pushWidget(item, Qgis.MessageLevel.Info)
            self._offers.append(item)

    def _rejoin(self, noted: Pending, item: Any) -> None:
        self.iface.messageBar().popWidget(item)
        self._with_dialog(lambda dialog: dialog.rejoin(noted))

    def _drop(self, noted: Pending, item: Any) -> None:
        from .pending import forget  # noqa: PLC0415

        forget(noted.folder)
        self.iface.messageBar().popWidget(item)
