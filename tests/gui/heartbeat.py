"""How long a window's event loop was away, while something went on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Optional

from qgis.PyQt.QtCore import QObject, Qt, QTimer

BEAT = 10


class Heartbeat(QObject):
    """Measures how long the event loop was away: the largest gap between beats that should be 10 ms apart.

    Time in which the system let other processes have the processor does not count: the kernel tells how
    long this thread was ready to run and had to wait. Where other threads hold Python's lock and wait for
    a processor themselves, a gap still is longer than on a computer that is free; what the window's own
    thread worked between two beats is not.
    """

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self.gaps: list[tuple[float, float]] = []
        self.work: list[tuple[float, float]] = []
        self._last, self._waited, self._worked = time.perf_counter(), _seconds_waited(), time.thread_time()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now, waited, worked = time.perf_counter(), _seconds_waited(), time.thread_time()
        self.gaps.append((now, now - self._last - BEAT / 1000 - (waited - self._waited)))
        self.work.append((now, worked - self._worked))
        self._last, self._waited, self._worked = now, waited, worked

    def forgive(self) -> None:
        """What was done since the last beat is the test's own work."""
        self._last, self._waited, self._worked = time.perf_counter(), _seconds_waited(), time.thread_time()

    def largest(self, since: float = 0.0) -> float:
        """Largest gap in ms after the moment `since` (of `time.perf_counter`)."""
        return round(max((gap for at, gap in self.gaps if at >= since), default=0.0) * 1000, 1)

    def busiest(self, since: float = 0.0) -> float:
        """Longest work of the window's thread between two beats after that moment, in ms."""
        return round(max((work for at, work in self.work if at >= since), default=0.0) * 1000, 1)

    def worst(self, since: float, n: int = 5) -> list[tuple[float, float]]:
        """The largest gaps: (s after `since`, ms)."""
        after = sorted((gap, at) for at, gap in self.gaps if at >= since)[-n:]
        return [(round(at - since, 2), round(gap * 1000, 1)) for gap, at in reversed(after)]


def _seconds_waited() -> float:
    """How long this thread has waited for a processor so far."""
    return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
