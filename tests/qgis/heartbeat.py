"""Whether the event loop was away: as in `tests/gui/driver.py`, for windows without a desktop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from qgis.PyQt.QtCore import QObject, Qt, QTimer

BEAT = 0.01


class Heartbeat(QObject):
    """Measures the largest gap between beats, without the time that other processes had the processor, and
    how long the window's own thread was at work between two beats: that is nobody else's doing.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.gaps: list[tuple[float, float, float]] = []
        self._last, self._waited, self._worked = time.perf_counter(), _seconds_waited(), time.thread_time()
        timer: Any = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(round(BEAT * 1000))
        timer.timeout.connect(self._beat)
        timer.start()

    def _beat(self) -> None:
        now, waited, worked = time.perf_counter(), _seconds_waited(), time.thread_time()
        self.gaps.append((now, now - self._last - BEAT - (waited - self._waited), worked - self._worked))
        self._last, self._waited, self._worked = now, waited, worked

    def largest(self, since: float = 0.0) -> float:
        """Largest gap in ms after the moment `since` (of `time.perf_counter`)."""
        return round(max((gap for at, gap, _ in self.gaps if at >= since), default=0.0) * 1000, 1)

    def busiest(self, since: float = 0.0) -> float:
        """Longest work of the window's thread between two beats after that moment, in ms."""
        return round(max((work for at, _, work in self.gaps if at >= since), default=0.0) * 1000, 1)


def _seconds_waited() -> float:
    return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
