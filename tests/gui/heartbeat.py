"""How long a window's event loop was away, while something went on."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Optional

from qgis.PyQt.QtCore import QObject, Qt, QTimer

BEAT = 10
_EVERY = 5
"""Beats between two looks for new threads."""

# Python's own calls let go of its lock around each, and would wait for it anew once for every thread.
_libc = ctypes.PyDLL(None)
_buffer = ctypes.create_string_buffer(128)


class Heartbeat(QObject):
    """Measures how long the event loop was away: the largest gap between beats that should be 10 ms apart.

    What the computer owes to other work does not count: the kernel tells how long each thread was ready to
    run and had to wait for a processor. Of a gap that is taken off for the window's own thread, and for the
    one other thread that waited longest, which may have held Python's lock. What the window's thread itself
    worked counts whole. So on a free computer this is the gap as it was.
    """

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self.gaps: list[tuple[float, float, float]] = []
        """At, gap, own work of each beat, in s."""
        self._me = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self._others: dict[Path, int] = {}
        self._beats = 0
        self.forgive()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now, worked, waited, others = (
            time.perf_counter(),
            time.thread_time(),
            _waited(self._me),
            self._waits(),
        )
        longest = max((wait - self._waiting.get(fd, wait) for fd, wait in others.items()), default=0.0)
        work = worked - self._worked
        gap = now - self._last - BEAT / 1000 - (waited - self._waited) - longest
        self.gaps.append((now, max(gap, work - BEAT / 1000), work))
        self._last, self._worked, self._waited, self._waiting = now, worked, waited, others
        self._beats += 1
        if self._beats % _EVERY == 0:
            self._find_threads()

    def forgive(self) -> None:
        """What was done since the last beat is the test's own work."""
        self._find_threads()
        self._last, self._worked = time.perf_counter(), time.thread_time()
        self._waited, self._waiting = _waited(self._me), self._waits()

    def beaten(self, since: float) -> bool:
        """Return True if a beat has come after that moment."""
        return bool(self.gaps) and self.gaps[-1][0] > since

    def longest(self, since: float) -> float:
        """The largest gap after that moment, in ms."""
        return self.largest(since, 1)[0][0]

    def largest(self, since: float, n: int = 5) -> list[tuple[float, float, float]]:
        """The largest gaps after the moment `since` (of `time.perf_counter`), the largest first.

        Each is (ms, of which the window's thread worked, ms; s after `since`).
        """
        after = sorted(((gap, at, work) for at, gap, work in self.gaps if at >= since), reverse=True)[:n]
        return [
            (round(gap * 1000, 1), round(work * 1000, 1), round(at - since, 2)) for gap, at, work in after
        ]

    def _waits(self) -> dict[int, float]:
        """How long each other thread has waited for a processor so far, in s."""
        return {fd: _waited(fd) for fd in self._others.values()}

    def _find_threads(self) -> None:
        found = {
            path / "schedstat" for path in Path("/proc/self/task").iterdir() if path.name != str(os.getpid())
        }
        for path in self._others.keys() - found:
            os.close(self._others.pop(path))
        for path in found - self._others.keys():
            try:
                self._others[path] = os.open(path, os.O_RDONLY)
            except OSError:
                continue  # it ended meanwhile


def _waited(fd: int) -> float:
    """How long the thread of an open `schedstat` has waited for a processor so far, in s; 0: it ended."""
    n = _libc.pread(fd, _buffer, 128, ctypes.c_long(0))
    return int(_buffer.raw[:n].split()[1]) / 1e9 if n > 0 else 0.0
