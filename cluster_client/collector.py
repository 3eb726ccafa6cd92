"""Pausing of Python's garbage collector while many small objects are created.

A listing page with a thousand names creates some ten thousand small objects, as do 500 run records. They
are freed without the collector, but trigger it: at every third page it visits all objects of the process,
60 to 130 ms each time, while no other thread runs and no window is drawn.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Holders:
    """Counter of the threads that pause the collector."""

    count: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def enter(self) -> bool:
        """Pause it for a thread; return False if it was disabled before."""
        with self.lock:
            if not self.count and not gc.isenabled():
                return False
            self.count += 1
            gc.disable()
            return True

    def leave(self) -> None:
        """End a thread's pause; the last one enables the collector."""
        with self.lock:
            self.count -= 1
            if not self.count:
                gc.enable()


_HOLDERS = _Holders()


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Pause the collector, from several threads if need be; if it was disabled before, it stays disabled."""
    holding = _HOLDERS.enter()
    try:
        yield
    finally:
        if holding:
            _HOLDERS.leave()
