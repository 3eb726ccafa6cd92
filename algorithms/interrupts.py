"""Ctrl+C in a terminal.

qgis_process notes an interrupt, but acts on it only in an event loop, and an algorithm runs in its main
thread without one. So while an algorithm of ours runs there, the interrupt cancels its feedback at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qgis.core import QgsFeedback


@contextmanager
def cancelled_by_interrupt(feedback: QgsFeedback) -> Iterator[list[int]]:
    """Let an interrupt cancel `feedback`; the list that is yielded then holds the signal's number.

    Does nothing outside the main thread, nor where somebody else handles interrupts in Python.
    """
    received: list[int] = []

    def cancel(number: int, _frame: Any) -> None:
        received.append(number)
        feedback.cancel()

    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not ours or before is not signal.default_int_handler:
        yield received
        return
    signal.signal(signal.SIGINT, cancel)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)
