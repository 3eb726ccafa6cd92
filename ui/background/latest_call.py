"""The latest call of a kind, for requests to other computers."""

from __future__ import annotations

from typing import Any, Callable

from qgis.PyQt.QtCore import QObject

from .calls import Call, Calls
from .tasks import LatestTask


class LatestCall(LatestTask):
    """A `LatestTask` in a thread of its own instead of one of QGIS's few (see `calls`)."""

    def __init__(self, parent: QObject, wait: int = 300) -> None:
        super().__init__("", parent, wait)
        self._calls = Calls(self)

    def _start(self, function: Callable[[Any], Any]) -> Call:
        # The answer comes through the event loop, and so after `call` is known.
        call = self._calls.submit(
            function, lambda result: self._answered(call, result), lambda error: self._refused(call, error)
        )
        return call

    def _cancel(self, going: Call) -> None:
        going.cancel()

    def report(self, call: Call, listener: Callable[[Any], None], value: Any) -> None:
        """Call `listener` with an intermediate result, in the main thread; called from within the work."""
        self._calls.report(call, listener, value)
