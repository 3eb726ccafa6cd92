"""Python's garbage collector, held back while many small objects are made.

A page of a listing with a thousand names passes through some ten thousand small objects, and so do 500
records of runs. They are gone soon, or stay as long as the list, without any collector; but it counts them
as new ones, and so goes through all objects of the process at every third page, 60 to 130 ms each time,
while no other thread runs and no window is drawn.
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
    """How many threads hold the collector back at this moment."""

    count: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def enter(self) -> bool:
        """Hold it back; False where somebody else has switched it off."""
        with self.lock:
            if not self.count and not gc.isenabled():
                return False
            self.count += 1
            gc.disable()
            return True

    def leave(self) -> None:
        """Let it go on, after the last."""
        with self.lock:
            self.count -= 1
            if not self.count:
                gc.enable()


_HOLDERS = _Holders()


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Hold the collector back; several threads may, and where it was switched off before it stays so."""
    holding = _HOLDERS.enter()
    try:
        yield
    finally:
        if holding:
            _HOLDERS.leave()
