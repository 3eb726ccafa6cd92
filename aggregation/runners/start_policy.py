"""Decision to start a cluster, such as Spark, for the work that the head's processes have not done yet.

Spark's start takes about ten seconds before the first executor works, and is work itself: some nine CPU
seconds, of which the driver's five are the head's. If the head alone needs R seconds more, Spark, that takes
S seconds to start, saves at most R - S; so with R just above S nothing is won, and a cluster's cores are
taken for it. `WORTHWHILE_SECONDS` is that S and half as much again. A slower computer is slower at both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

WORTHWHILE_SECONDS = 15.0
"""Seconds of work left from which on Spark is started; a cluster has its own such number."""

FASTEST = {"decode": 400e6, "summarise": 9.0}
"""Upper bound of the work of one process in a second: bytes of trips, tasks of 960,000 points. 280e6 and 6
were measured on a server's core; a Raspberry Pi is several times slower."""

_MEASURED_SECONDS = 1.5
_FIRST_TASK_SECONDS = 6.0
"""Seconds until something has to come: a Raspberry Pi, or a head with much to do, takes five to import."""


class HeadEstimate:
    """Estimate of the seconds that the head's `workers` need for the rest of a step's tasks.

    `amounts` is the work of each task. It is measured from the first task that is done, since the processes
    import what they need before it; until then from the beginning, with those under way as half done.
    """

    def __init__(
        self,
        step: str,
        amounts: list[float],
        workers: int,
        now: Callable[[], float] = time.monotonic,
        worthwhile_seconds: float = WORTHWHILE_SECONDS,
    ) -> None:
        self._worthwhile = worthwhile_seconds
        self._now, self._workers = now, max(workers, 1)
        self._amounts = amounts
        self._total, self._done, self._n_done = sum(amounts), 0.0, 0
        self._began = now()
        self._first = (0.0, 0.0)
        self._fastest = FASTEST[step] * self._workers

    def done(self, index: int) -> None:
        """Count a task that was done."""
        self._done += self._amounts[index]
        self._n_done += 1
        if not self._first[0]:
            self._first = (self._now(), self._done)

    @property
    def exceeds_head(self) -> bool:
        """True if no head with so many processes does all in time."""
        return self._total / self._fastest > self._worthwhile

    @property
    def too_slow(self) -> bool:
        """True if the rest takes longer than the cluster's start is worth, as far as that is known."""
        return self.seconds_left() > self._worthwhile

    def seconds_left(self) -> float:
        """Return the seconds that the head needs for the rest at its speed so far; 0 while not known."""
        now, (first, before) = self._now(), self._first
        left = self._total - self._done
        if first and now - first >= _MEASURED_SECONDS and self._done > before:
            return left * (now - first) / (self._done - before)
        if now - self._began < _FIRST_TASK_SECONDS:
            return 0.0
        open_tasks = len(self._amounts) - self._n_done
        half = min(self._workers, open_tasks) * left / open_tasks / 2 if open_tasks else 0.0
        if not half:
            return 0.0
        return (left - half) * (now - self._began) / (self._done + half)
