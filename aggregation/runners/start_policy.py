"""Decision to start a cluster, such as Spark, by the remaining time that the head's processes need.

Spark's start takes about ten seconds until the first executor works, and some nine CPU seconds, of which the
driver's five are the head's. If the head alone needs R seconds more, Spark, which takes S seconds to start,
saves at most R - S; for R just above S nothing is gained, and a cluster's cores are occupied.
`WORTHWHILE_SECONDS` is 1.5 S. On a slower computer both are longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable

WORTHWHILE_SECONDS = 15.0
"""Remaining seconds of work above which Spark is started; each cluster has its own threshold."""

FASTEST = {"decode": 400e6, "summarise": 9.0}
"""Upper bounds for the work of one process per second: bytes of trips, tasks of 960,000 points. A server's
core was measured at 280e6 and 6; a Raspberry Pi is several times slower."""

_MEASURED_SECONDS = 1.5
_FIRST_TASK_SECONDS = 6.0
"""Seconds to wait for the first task; a Raspberry Pi, or a busy head, takes five for imports."""


class HeadEstimate:
    """Estimate of the seconds that the head's `workers` need for the remaining tasks of a step.

    `amounts` is the work of each task, in the unit of `FASTEST`. The rate is measured from the end of the
    first task, as the processes import modules before; without any, from the beginning, with current tasks
    counted as half done.
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
        """Count a finished task."""
        self._done += self._amounts[index]
        self._n_done += 1
        if not self._first[0]:
            self._first = (self._now(), self._done)

    @property
    def exceeds_head(self) -> bool:
        """True if no head with so many processes can be fast enough."""
        return self._total / self._fastest > self._worthwhile

    @property
    def too_slow(self) -> bool:
        """True if the estimated remaining time exceeds the cluster's threshold."""
        return self.seconds_left() > self._worthwhile

    def seconds_left(self) -> float:
        """Return the seconds that the head needs at its present rate; 0 until the rate can be measured."""
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
