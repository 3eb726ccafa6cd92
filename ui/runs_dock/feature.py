"""The list of runs in QGIS: its button, its dock, and messages about runs that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis, QgsApplication, QgsSettings
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QAction, QPushButton

from ...mapping.language import tr
from ..widgets.feature import add_to_tool_bar, remove_from_tool_bar
from .dock import RunsDock

if TYPE_CHECKING:
    from ...cluster_client.runs.records import Run
    from ...cluster_client.runs.status import RunStatus
    from ..run_dialog.feature import RunDialogFeature
    from ..run_dialog.reattach_offers import ReattachOffers
    from ..runs.poller import RunsPoller

_SHOWN = "roadpulse/runs_shown"
_START_DELAY = 3_000
"""Milliseconds until QGIS has started and unfinished runs of earlier days are looked at."""


class RunsDockFeature:
    """The button “Roadpulse runs” and its dock.

    A message says that a run of an earlier session has ended, unless the Run dialog follows it. It takes
    the place of the offer to follow the run.
    """

    def __init__(self, iface: Any, run_dialog: RunDialogFeature, offers: ReattachOffers) -> None:
        self.iface = iface
        self.dock: Optional[RunsDock] = None
        self.action: Optional[QAction] = None
        self._run_dialog, self._offers = run_dialog, offers
        self._poller: Optional[RunsPoller] = None
        self._messages: list[Any] = []

    def load(self) -> None:
        """Add button and menu entry, and the dock if it was shown when QGIS was closed."""
        icon = QgsApplication.getThemeIcon("/mIconHistory.svg")
        self.action = QAction(icon, tr("Roadpulse runs"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_runs")
        self.action.setCheckable(True)
        self.action.setToolTip(tr("Every run of Roadpulse: how far it is, and what came out"))
        self.action.toggled.connect(self._show)
        add_to_tool_bar(self.iface, self.action)
        if QgsSettings().value(_SHOWN, False, type=bool):
            self._make_dock()  # before QGIS restores the positions of its docks
        QTimer.singleShot(_START_DELAY, self._begin_polling)

    def leave(self) -> None:
        """Store whether the dock is shown, and stop watching the runs, which go on."""
        if self.dock is not None and not sip.isdeleted(self.dock):
            QgsSettings().setValue(_SHOWN, not self.dock.isHidden())
        if self._poller is not None and not sip.isdeleted(self._poller):
            self._poller.close()

    def unload(self) -> None:
        """Remove messages, button, menu entry and dock."""
        for item in self._messages:
            if not sip.isdeleted(item):
                self.iface.messageBar().popWidget(item)
        self._messages.clear()
        action, self.action = self.action, None
        remove_from_tool_bar(self.iface, action)
        dock, self.dock = self.dock, None
        if dock is not None and not sip.isdeleted(dock):
            self.iface.removeDockWidget(dock)
            dock.deleteLater()
        poller, self._poller = self._poller, None
        if poller is not None and not sip.isdeleted(poller):
            poller.close()
            poller.deleteLater()

    def show_run(self, key: str, on_map: bool = False) -> None:
        """Open the dock with a run selected; if `on_map`, put it on the map."""
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
            self.dock = RunsDock(self.iface, self.poller, self._run_dialog.open)
            self.iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
            self.iface.mainWindow().restoreDockWidget(self.dock)
            self.dock.toggleViewAction().toggled.connect(self._follow_dock)
            self._follow_dock(not self.dock.isHidden())
        return self.dock

    def _follow_dock(self, shown: bool) -> None:
        """Keep the button checked while the dock is shown."""
        if self.action is not None and not sip.isdeleted(self.action):
            self.action.setChecked(shown)

    # -- the runs -----------------------------------------------------------------------------------

    def poller(self) -> RunsPoller:
        """Return the poller of the run store, which follows unfinished runs; begin it if need be."""
        if self._poller is None:
            from ...workflow import locations  # noqa: PLC0415
            from ..runs.poller import RunsPoller  # noqa: PLC0415

            self._poller = RunsPoller(locations.run_store(), self.iface.mainWindow())
            self._poller.ended.connect(self._report_end)
            self._poller.begin()
        return self._poller

    def _begin_polling(self) -> None:
        """Follow the runs that had not ended when QGIS was closed."""
        if self.action is not None:  # not unloaded meanwhile
            self.poller()

    def _report_end(self, run: Run, status: RunStatus) -> None:
        """Show that a run of an earlier session has ended, unless the Run dialog follows it."""
        if self.action is None or run.id == self._run_dialog.followed_run():
            return
        self._offers.withdraw(run.id)
        from ...aggregation.contract.run_state import RunState  # noqa: PLC0415
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
        self._messages.append(item)

    def _show_ended(self, run: Run, on_map: bool, item: Any) -> None:
        self.iface.messageBar().popWidget(item)
        self.show_run(run.id, on_map)
