"""Decision to start a cluster, such as Spark, and to let it work, by the time that it saves.

A head with n processes needs R seconds more. A cluster that takes S seconds to start, and then adds a cores
of the relative speed v, saves

    (R - S) (1 - n / (n + a v)) - D

where D is what its start takes from the head: some five CPU seconds of the driver, of which each of the
head's cores does its part. Of the cluster's cores only those count that the head's processes leave free:
executors on the head's own machine (see `head_capacity.machine_id`) have its cores, and add none where there
is a process for each. They and the head's processes take tasks from one queue, so that neither waits for the
other.

Nothing of a cluster is known before a run has used it (see `cluster_notes`). It is then started if finding
out costs at most a tenth of the time even where its cores are the head's own: if R > S + 10 · 9 s / cores,
for the nine CPU seconds that the start takes in all.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Optional

WORTHWHILE_SECONDS = 5.0
"""Least saving for which a cluster is started."""

JOIN_SECONDS = 3.0
"""Least remaining time for which a cluster that is up gets tasks; its first ones begin with imports."""

START_SECONDS = 10.0
"""Seconds from the start of Spark to the first executor on a server; a Raspberry Pi takes longer."""

START_CPU, DRIVER_CPU = 9.0, 5.0
"""CPU seconds of a start of `START_SECONDS` in all, and of the driver alone; others in proportion."""

NODE_SPEED = 0.7
"""Speed of a node's core against one of the head's, until measured."""

SPEEDS = (0.1, 4.0)
"""Relative speeds of nodes' cores that are believed."""

FINDING_OUT = 0.1
"""Share of the remaining time that may be lost in finding out what a cluster is."""

POINTS_OF_WORK = 960_000
"""Points of a summary that are one unit of work."""

FASTEST = {"decode": 400e6, "summarise": 9.0}
"""Upper bounds for the work of one process per second: bytes of trips, `POINTS_OF_WORK` points. A server's
core was measured at 280e6 and 6; a Raspberry Pi is several times slower."""

_MEASURED_SECONDS = 1.5
_COMPARED_SECONDS = 3.0
_LAST_SECONDS = 20.0
"""Seconds at the end of which a rate is measured."""

_FIRST_TASK_SECONDS = 6.0
"""Seconds to wait for the first task; a Raspberry Pi, or a busy head, takes five for imports."""


@dataclass(frozen=True)
class ClusterFacts:
    """Known facts of a cluster: seconds of its start, its cores, and how many of these are the head's own.

    `speed` is that of a node's core against one of the head's, by step; `head_rate` the work per second of
    one process of the head, in the unit of `FASTEST`.
    """

    start_seconds: float
    cores: int
    own_cores: int
    speed: Mapping[str, float] = field(default_factory=dict)
    head_rate: Mapping[str, float] = field(default_factory=dict)

    def measured(self, step: str, cores_of_head: float) -> ClusterFacts:
        """Return the facts after a step in which all cores did as much as so many of the head.

        Half of the speed is what was known or assumed, as a short step or a busy node says little.
        """
        before = self.speed.get(step, NODE_SPEED)
        speed = min(max(cores_of_head / self.cores, SPEEDS[0]), SPEEDS[1])
        return replace(self, speed={**self.speed, step: round((before + speed) / 2, 3)})


@dataclass(frozen=True)
class StartPolicy:
    """The decisions for a head with `processes` on `cores`; `facts` are None while nothing is known."""

    processes: int
    cores: int
    facts: Optional[ClusterFacts] = None

    def informed(self, facts: ClusterFacts) -> StartPolicy:
        """Return the policy with facts that were found."""
        return replace(self, facts=facts)

    @property
    def added_cores(self) -> int:
        """Cores that the cluster adds to the head's processes, as far as known."""
        free = max(self.cores - self.processes, 0)
        if self.facts is None:
            return free
        return self.facts.cores - self.facts.own_cores + min(self.facts.own_cores, free)

    def expected_seconds(self, step: str, work: float) -> float:
        """Return the seconds that the head needs alone for so much work, before it has done any.

        They are those of its rate in earlier runs, else of the fastest head there is.
        """
        rate = FASTEST[step]
        if self.facts is not None:
            rate = min(self.facts.head_rate.get(step, rate), rate)
        return work / rate / max(self.processes, 1)

    @property
    def adds_none(self) -> bool:
        """True if the cluster is known to have no cores but those that the head's processes use."""
        return self.facts is not None and self.added_cores <= 0

    def rate(self, step: str) -> float:
        """Return the speed with the cluster, in processes of the head."""
        speed = NODE_SPEED if self.facts is None else self.facts.speed.get(step, NODE_SPEED)
        return self.processes + self.added_cores * speed

    def saved(self, step: str, seconds_left: float, start_seconds: float) -> float:
        """Return the seconds saved by a cluster that starts now, given those that the head needs alone."""
        rate = self.rate(step)
        if seconds_left <= start_seconds or rate <= self.processes:
            return 0.0
        cost = DRIVER_CPU * start_seconds / START_SECONDS / self.cores
        return (seconds_left - start_seconds) * (1 - self.processes / rate) - cost

    def starts(self, step: str, seconds_left: float) -> bool:
        """Return True if the cluster is worth its start, given the seconds that the head needs alone."""
        if self.adds_none:
            return False
        start = START_SECONDS if self.facts is None else self.facts.start_seconds
        if self.saved(step, seconds_left, start) >= WORTHWHILE_SECONDS:
            return True
        return self.facts is None and seconds_left > start + START_CPU / self.cores / FINDING_OUT

    def joins(self, step: str, seconds_left: float) -> bool:
        """Return True if a cluster that is up gets tasks; not known to add cores, it does to find out."""
        return seconds_left > JOIN_SECONDS and not self.adds_none


class StepEstimate:
    """Rates of the head and the cluster in a step, and the seconds that the head needs for the rest alone.

    `amounts` is the work of each task, in the unit of `FASTEST`. A rate is that of the last seconds, from the
    end of the first task on, as processes import modules before; without any, from the beginning, with the
    current tasks of the head's `workers` counted as half done.
    """

    def __init__(
        self, step: str, amounts: list[float], workers: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = step
        self._now, self._workers = now, max(workers, 1)
        self._amounts = amounts
        self._left, self._n_left = sum(amounts), len(amounts)
        self._began = now()
        self._head, self._cluster = _Rate(now), _Rate(now)

    def done(self, index: int, by_head: bool = True) -> None:
        """Count a finished task."""
        self._left = max(self._left - self._amounts[index], 0.0)
        self._n_left -= 1
        (self._head if by_head else self._cluster).add(self._amounts[index])

    @property
    def head_rate(self) -> float:
        """Work of the head per second while it worked; 0 while unknown."""
        return self._head.between

    @property
    def cluster_rate(self) -> float:
        """Work of the cluster per second while it worked; 0 while unknown."""
        return self._cluster.between

    def pays_cluster(self, policy: StartPolicy, cores: int) -> bool:
        """Return True if a task that a cluster of so many cores gets now will not be waited for.

        The rest must take longer than a core of the cluster takes for a task: that which it works on, and
        the next one, would otherwise be the last to end.
        """
        if not policy.joins(self._step, self.seconds_left()):
            return False
        together = self._head.now + self._cluster.now
        if not self._cluster.now or not self._n_left:
            return True
        mean = self._left / self._n_left
        return self._left / together > cores * mean / self._cluster.now

    def seconds_left(self) -> float:
        """Return the seconds that the head needs at its present rate; 0 until the rate can be measured."""
        rate = self._head.now
        if rate:
            return self._left / rate
        seconds = self._now() - self._began
        if seconds < _FIRST_TASK_SECONDS:
            return 0.0
        half = min(self._workers, self._n_left) * self._left / self._n_left / 2 if self._n_left else 0.0
        if not half:
            return 0.0
        return max(self._left - half, 0.0) * seconds / (self._head.total + half)


class _Rate:
    """Work per second of the last seconds, from the end of the first task on; 0 while unknown."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.total = 0.0
        self._clock = now
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, amount: float) -> None:
        self.total += amount
        now = self._clock()
        self._samples.append((now, self.total))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _LAST_SECONDS:
            self._samples.popleft()

    @property
    def now(self) -> float:
        """Rate until now; one that gets nothing done sinks."""
        return self._until(self._clock(), _MEASURED_SECONDS)

    @property
    def between(self) -> float:
        """Rate until the last task has ended."""
        return self._until(self._samples[-1][0], _COMPARED_SECONDS) if self._samples else 0.0

    def _until(self, end: float, least: float) -> float:
        if not self._samples:
            return 0.0
        began, before = self._samples[0]
        if end - began < least or self.total <= before:
            return 0.0
        return (self.total - before) / (end - began)
