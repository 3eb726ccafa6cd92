"""Messages at the start of QGIS that offer to follow runs which went on without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from qgis.core import Qgis
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QPushButton

from ...mapping.language import tr

if TYPE_CHECKING:
    from ..background.calls import Calls
    from ..runs.pending import PendingRun
    from ..runs.reattach import Offer
    from .feature import RunDialogFeature

_MOST_OFFERS = 3


class ReattachOffers:
    """A message with “Show” and “Forget it” for each run that QGIS has not seen the end of."""

    def __init__(self, iface: Any, run_dialog: RunDialogFeature) -> None:
        self.iface = iface
        self._run_dialog = run_dialog
        self._loaded = False
        self._items: dict[str, Any] = {}
        self._calls: Optional[Calls] = None

    def load(self) -> None:
        """Look for such runs in the next turn of the event loop."""
        self._loaded = True
        QTimer.singleShot(0, self._find)

    def unload(self) -> None:
        """Remove the messages."""
        self._loaded = False
        for run_id in list(self._items):
            self.withdraw(run_id)
        calls, self._calls = self._calls, None
        if calls is not None and not sip.isdeleted(calls):
            calls.forget()
            calls.deleteLater()

    def withdraw(self, run_id: str) -> None:
        """Remove the message of a run: it was accepted, or is out of date."""
        item = self._items.pop(run_id, None)
        if item is not None and not sip.isdeleted(item):
            self.iface.messageBar().popWidget(item)

    def _find(self) -> None:
        if not self._loaded:  # unloaded meanwhile
            return
        from ...workflow import locations  # noqa: PLC0415
        from ..background.calls import Calls  # noqa: PLC0415
        from ..runs import reattach  # noqa: PLC0415
        from ..runs.pending import pending  # noqa: PLC0415
        from ..widgets.messages import log_error  # noqa: PLC0415

        noted, store = pending(), locations.run_store()
        self._calls = Calls(self.iface.mainWindow())
        self._calls.submit(lambda _call: reattach.offers(store, noted), self._show_all, log_error)

    def _show_all(self, found: tuple[list[Offer], list[PendingRun]]) -> None:
        from ..runs.pending import forget  # noqa: PLC0415

        offers, lost = found
        for note in lost:  # never started: the record comes first
            forget(note.folder)
        # The newest comes last and lies on top; the rest are in the list of runs.
        for offer in reversed(offers[:_MOST_OFFERS]):
            self._show(offer)

    def _show(self, offer: Offer) -> None:
        from ..runs.reattach import sentence  # noqa: PLC0415
        from ..widgets.messages import make_message  # noqa: PLC0415

        item = make_message(sentence(offer.run))
        show, drop = QPushButton(tr("Show")), QPushButton(tr("Forget it"))
        show.setObjectName("roadpulse_rejoin")
        show.clicked.connect(lambda _=False: self._rejoin(offer))
        drop.clicked.connect(lambda _=False: self._forget(offer))
        drop.setToolTip(tr("It stays in the list of runs, and is not offered again"))
        drop.setVisible(offer.noted is not None)
        item.layout().addWidget(show)
        item.layout().addWidget(drop)
        self.iface.messageBar().pushWidget(item, Qgis.MessageLevel.Info)
        self._items[offer.run.id] = item

    def _rejoin(self, offer: Offer) -> None:
        self.withdraw(offer.run.id)
        self._run_dialog.open(lambda dialog: dialog.rejoin(offer))

    def _forget(self, offer: Offer) -> None:
        from ..runs.pending import forget  # noqa: PLC0415

        if offer.noted is not None:
            forget(offer.noted.folder)
        self.withdraw(offer.run.id)
