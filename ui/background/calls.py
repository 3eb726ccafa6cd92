"""Calls over the network, each in a thread of its own.

QGIS's task manager carries out as many tasks at once as there are cores, and a run that is followed holds
one of them for hours: a host that does not answer would soon block all other tasks there.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Callable, Optional

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...aggregation.contract.errors import Cancelled

Done = Callable[[Any], None]
Failed = Callable[[Exception], None]


class Call:
    """One call. `cancel` makes its `check` raise and drops its answer."""

    def __init__(self, work: Callable[[Call], Any], done: Done, failed: Failed) -> None:
        self._work, self.done, self.failed = work, done, failed
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """True once the answer is no longer wanted."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Cancel the call and drop its answer."""
        self._cancelled.set()

    def check(self, *_: object) -> None:
        """Raise `Cancelled` once the call was cancelled; fits where progress is called back."""
        if self.cancelled:
            raise Cancelled

    def carry_out(self) -> tuple[Any, Optional[Exception]]:
        """Do the work; return its result, or the error that it raised."""
        try:
            return self._work(self), None
        except Exception as error:  # noqa: BLE001  (reported in the main thread)
            return None, error


class Calls(QObject):
    """Calls whose answers come in the main thread, as long as this object lives."""

    _ended = pyqtSignal(object, object, object)
    _reported = pyqtSignal(object, object, object)

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._going: set[Call] = set()
        self._ended.connect(self._answer)
        self._reported.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """True while an answer is outstanding."""
        return bool(self._going)

    def submit(self, work: Callable[[Call], Any], done: Done, failed: Failed) -> Call:
        """Start a call. `work` gets the call, to `check`, and touches nothing that belongs to windows."""
        call = Call(work, done, failed)
        self._going.add(call)
        # Not waited for when QGIS closes: such a thread holds nothing that could be lost.
        threading.Thread(target=self._carry_out, args=(call,), name="Roadpulse", daemon=True).start()
        return call

    def report(self, call: Call, listener: Done, value: Any) -> None:
        """Call `listener` with an intermediate result, in the main thread; called from within the work."""
        if not sip.isdeleted(self):
            self._reported.emit(call, listener, value)

    def forget(self) -> None:
        """Cancel all calls and drop their answers."""
        for call in self._going:
            call.cancel()
        self._going.clear()

    def _carry_out(self, call: Call) -> None:
        value, error = call.carry_out()
        if not call.cancelled and not sip.isdeleted(self):
            with contextlib.suppress(RuntimeError):  # the window went in this very moment
                self._ended.emit(call, value, error)

    def _answer(self, call: Call, value: Any, error: Optional[Exception]) -> None:
        self._going.discard(call)
        if call.cancelled:
            return
        if error is None:
            call.done(value)
        elif not isinstance(error, Cancelled):
            call.failed(error)

    @staticmethod
    def _deliver(call: Call, listener: Done, value: Any) -> None:
        if not call.cancelled:
            listener(value)
