"""What Roadpulse adds to QGIS's windows: a button, a menu entry, the Run dialog. Light to import.

Everything that needs packages beyond QGIS's own is imported when it is used, so that QGIS starts as fast
as without Roadpulse and a missing package is told politely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QTimer
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction, QPushButton

from ..workflow import requirements
from ..workflow.translation import tr
from .background import qgis_log
from .background.chunked_job import Turns
from .profiles.entry import ProfilesEntry
from .runs_dock.entry import RunsEntry

if TYPE_CHECKING:
    from .background.calls import Calls
    from .run_dialog.dialog import RunDialog
    from .runs.pending import Pending
    from .runs.reattach import Offer

MENU = "Roadpulse"
_MOST_OFFERS = 3
_DIALOG = (
    ".runs.run_task",
    ".run_dialog.sections.roads",
    ".run_dialog.sections.trips",
    ".run_dialog.form",
    ".run_dialog.progress_page",
    ".run_dialog.dialog",
)
"""Modules of the Run dialog, each with what those before it have not loaded."""

ICON = Path(__file__).absolute().parents[1] / "resources" / "icons" / "roadpulse.svg"


class MainUi:
    """Pairs everything it adds in `load` with its removal in `unload`."""

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.dialog: Optional[RunDialog] = None
        self.action: Optional[QAction] = None
        self._log: Optional[qgis_log.QgisLogHandler] = None
        self._offers: list[Any] = []
        self._offered: dict[str, Any] = {}
        self._calls: Optional[Calls] = None
        self.runs = RunsEntry(iface, self._with_dialog, self._followed, self._withdraw)
        self.profiles = ProfilesEntry(iface, self._offer_profiles)

    def load(self) -> None:
        """Add the button and the menu entry; look for runs that went on without QGIS."""
        self._log = qgis_log.install()
        self.action = QAction(QIcon(str(ICON)), tr("Run Roadpulse…"), self.iface.mainWindow())
        self.action.setObjectName("roadpulse_run")
        self.action.setToolTip(tr("Speeds per road link from GPS trips, as a map that plays through the day"))
        self.action.triggered.connect(lambda _checked: self.show_dialog())
        self.iface.addVectorToolBarIcon(self.action)
        self.iface.addPluginToVectorMenu(MENU, self.action)
        self.runs.load(MENU)
        self.profiles.load(MENU)
        QCoreApplication.instance().aboutToQuit.connect(self._leave)
        QTimer.singleShot(0, self._offer_pending)

    def unload(self) -> None:
        """Take everything away again; a run goes on without QGIS."""
        QCoreApplication.instance().aboutToQuit.disconnect(self._leave)
        self._leave()
        for item in self._offers:
            if not sip.isdeleted(item):
                self.iface.messageBar().popWidget(item)
        self._offers.clear()
        self._offered.clear()
        calls, self._calls = self._calls, None
        if calls is not None and not sip.isdeleted(calls):
            calls.forget()
            calls.deleteLater()
        self.runs.unload()
        self.profiles.unload()
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
        lacking = requirements.missing((*requirements.RUNS, *requirements.MAPS))
        if lacking:
            from .widgets.messages import show_message  # noqa: PLC0415

            text = requirements.install_text(lacking)
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Warning)
            return
        if self.action is not None:
            Turns(self._opening(then), lambda: None, self._not_opened, self.action)

    def _opening(self, then: Callable[[RunDialog], None]) -> Iterator[None]:
        """Loading, making and drawing the dialog, as steps of `Turns`: each takes 50 ms at most."""
        for part in _DIALOG:
            import_module(part, __package__)
            yield
        from .run_dialog.dialog import RunDialog  # noqa: PLC0415

        if self.action is None:  # unloaded meanwhile
            return
        if self.dialog is None or sip.isdeleted(self.dialog):
            self.dialog = RunDialog(self.iface)
        yield
        dialog = self.dialog
        if dialog is None or sip.isdeleted(dialog):
            return
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        then(dialog)

    def _not_opened(self, error: Exception) -> None:
        from .widgets.messages import log_error, show_error  # noqa: PLC0415

        log_error(error)
        show_error(self.iface.messageBar(), error)

    def _offer_profiles(self, name: str) -> None:
        """The stored profiles have changed; the one of that name was being edited."""
        if self.dialog is not None and not sip.isdeleted(self.dialog):
            self.dialog.form.where.offer(name)

    def _followed(self) -> str:
        """Id of the run that the dialog follows; empty for none."""
        dialog = self.dialog if self.dialog is not None and not sip.isdeleted(self.dialog) else None
        known = dialog.task.job.known if dialog is not None and dialog.task is not None else None
        return known.id if known is not None else ""

    def _leave(self) -> None:
        self.runs.leave()
        if self.dialog is not None and not sip.isdeleted(self.dialog):
            self.dialog.leave()
        if self.dialog is not None:
            from .background.tasks import leave_all  # noqa: PLC0415

            leave_all()

    # -- runs that went on --------------------------------------------------------------------------

    def _offer_pending(self) -> None:
        if self._log is None:  # unloaded meanwhile
            return
        from ..workflow import locations  # noqa: PLC0415
        from .background.calls import Calls  # noqa: PLC0415
        from .runs import reattach  # noqa: PLC0415
        from .runs.pending import pending  # noqa: PLC0415
        from .widgets.messages import log_error  # noqa: PLC0415

        noted, store = pending(), locations.run_store()
        self._calls = Calls(self.iface.mainWindow())
        self._calls.ask(lambda _call: reattach.offers(store, noted), self._offer_all, log_error)

    def _offer_all(self, found: tuple[list[Offer], list[Pending]]) -> None:
        from .runs.pending import forget  # noqa: PLC0415

        offers, lost = found
        for note in lost:  # never started: the record comes first
            forget(note.folder)
        # The newest comes last and lies on top; the rest are in the list of runs.
        for offer in reversed(offers[:_MOST_OFFERS]):
            self._offer(offer)

    def _offer(self, offer: Offer) -> None:
        from .runs.reattach import sentence  # noqa: PLC0415
        from .widgets.messages import make_message  # noqa: PLC0415

        item = make_message(sentence(offer.run))
        show, drop = QPushButton(tr("Show")), QPushButton(tr("Forget it"))
        show.setObjectName("roadpulse_rejoin")
        show.clicked.connect(lambda _=False: self._rejoin(offer))
        drop.clicked.connect(lambda _=False: self._drop(offer))
        drop.setToolTip(tr("It stays in the list of runs, and is not offered again"))
        drop.setVisible(offer.noted is not None)
        item.layout().addWidget(show)
        item.layout().addWidget(drop)
        self.iface.messageBar().pushWidget(item, Qgis.MessageLevel.Info)
        self._offers.append(item)
        self._offered[offer.run.id] = item

    def _withdraw(self, run_id: str) -> None:
        """Take an offer away: it was taken, or is out of date."""
        item = self._offered.pop(run_id, None)
        if item is not None and not sip.isdeleted(item):
            self.iface.messageBar().popWidget(item)

    def _rejoin(self, offer: Offer) -> None:
        self._withdraw(offer.run.id)
        self._with_dialog(lambda dialog: dialog.rejoin(offer))

    def _drop(self, offer: Offer) -> None:
        from .runs.pending import forget  # noqa: PLC0415

        if offer.noted is not None:
            forget(offer.noted.folder)
        self._withdraw(offer.run.id)
