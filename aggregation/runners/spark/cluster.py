"""Spark as a cluster. It only distributes tasks, which write points and results to the store.

All settings (master, memory, cores) come from Spark's own configuration.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

from ...contract.errors import RunError
from ..node_tasks import Report, TaskFunction
from ..packages import Packages
from ..start_policy import START_SECONDS
from ..worker_memory import WorkerMemory
from .description import SPARK
from .errors import NoSpark
from .executors import Executors
from .java import submitted_words
from .job import Reports, SparkJob, SparkTask, drain
from .settings import configured_master
from .start import SparkStart

TICK = 0.2
_AHEAD = 2
"""Tasks that Spark has for each core, where it shares them with the head."""

_CORES_GUESSED = 16


class SparkCluster:
    """The executors of a Spark application, which ends with `close`; see `cluster.Cluster` for the protocol.

    If Spark's Java is ended from outside, `cancel_asked` distinguishes a cancelled run from a failure. A
    Python worker takes up to `most_megabytes` of memory (0: what its node has for it).
    """

    kind, name = SPARK.kind, SPARK.name
    task_points: Optional[int] = None

    def __init__(
        self,
        packages: Packages,
        name: str,
        cancel_asked: Callable[[], bool] = lambda: False,
        most_megabytes: int = 0,
    ) -> None:
        self.waiting = ""
        self.memory = WorkerMemory(most=most_megabytes)
        self.key = configured_master(submitted_words(), os.environ.get("SPARK_HOME", ""))
        self._start = SparkStart(packages, name, cancel_asked)
        self._executors = Executors()
        self._attempts = 0
        self._began = self._start_seconds = 0.0

    @property
    def workers(self) -> int:
        """Cores of the application: requested, present, or guessed, as tasks are planned before it is up."""
        return self._start.cores or self._executors.cores or _CORES_GUESSED

    @property
    def n_nodes(self) -> int:
        """See `Cluster.n_nodes`."""
        return self._executors.now

    @property
    def n_cores(self) -> int:
        """See `Cluster.n_cores`."""
        return self._executors.cores

    @property
    def start_seconds(self) -> float:
        """See `Cluster.start_seconds`."""
        return self._start_seconds or START_SECONDS

    @property
    def begun(self) -> bool:
        """See `Cluster.begun`."""
        return self._start.begun

    @property
    def problem(self) -> Optional[RunError]:
        """See `Cluster.problem`."""
        return self._start.problem

    @property
    def lacks_nodes(self) -> bool:
        """See `Cluster.lacks_nodes`."""
        return self._executors.long_absent

    def begin(self, at_once: bool = False) -> None:
        """See `Cluster.begin`."""
        self._began = self._began or time.monotonic()
        self._start.begin(at_once)

    def check(self) -> None:
        """See `Cluster.check`."""
        self._start.check()

    def has_nodes(self) -> bool:
        """See `Cluster.has_nodes`."""
        if self._start.context is not None:
            self._update_executors(self._start.context)
        return self._executors.now > 0

    def describe(self) -> dict[str, Any]:
        """See `Cluster.describe`."""
        return {**self._start.facts, "executors": sorted(self._executors.names)}

    def close(self) -> None:
        """End the application."""
        self._start.close()

    def leave(self, code: int) -> None:
        """See `Cluster.leave`."""
        self._start.leave(code)

    def carry_out(
        self,
        step: str,
        more: Callable[[int], list[tuple[int, bytes]]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        now: Callable[[], None],
        take_back: Callable[[], bool],
    ) -> None:
        """See `Cluster.carry_out`."""
        try:
            self._carry_out(step, more, function, take, now, take_back)
        except NoSpark:
            self.waiting = ""
            raise

    def _carry_out(
        self,
        step: str,
        more: Callable[[int], list[tuple[int, bytes]]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        now: Callable[[], None],
        take_back: Callable[[], bool],
    ) -> None:
        spark = self._ready(now)
        heard: list[Report] = []  # extended by Spark when a task ends
        failures = int(spark.getConf().get("spark.task.maxFailures", "4"))
        accumulator = spark.accumulator(heard, Reports())
        function = replace(function, max_failures=failures, before=self._attempts)
        self._attempts += failures
        task = SparkTask(function, accumulator)
        jobs: list[SparkJob] = []
        begun: set[int] = set()  # tasks without a report

        def take_reports(reports: list[Report]) -> None:
            begun.difference_update(report.index for report in reports)
            take(reports)

        try:
            self._executors.expect()
            while True:
                cores = max(self._executors.cores, 1)
                room = _AHEAD * cores - len(begun)
                # Half of the cores at a time, as a job costs the driver some of its time.
                items = more(room) if not jobs or room >= cores / 2 else []
                if items:
                    begun.update(index for index, _ in items)
                    jobs.append(SparkJob(spark, f"Roadpulse {step}", items, task))
                if not jobs:
                    return
                jobs[0].ended(TICK)
                take_reports(drain(heard))
                self._update_executors(spark)
                self.waiting = "waiting for cores" if self._executors.waiting else ""
                now()
                for job in [job for job in jobs if job.ended(0)]:
                    now()  # raises if the run was cancelled, which may end Spark first
                    if job.error is not None:
                        raise self._start.explained(job.error)
                    take_reports(job.reports)
                    jobs.remove(job)
                self._start.check()
                if self._executors.long_absent and take_back():
                    return
        finally:
            self.waiting = ""
            for job in jobs:
                job.end()

    def _ready(self, now: Callable[[], None]) -> Any:
        """Wait for the Spark context and return it."""
        self.begin()
        while self._start.starting(TICK):
            self.waiting = "Spark is starting"
            now()
            self._start.check()
        self.waiting = ""
        now()
        self._start.check()
        return self._start.context

    def _update_executors(self, spark: Any) -> None:
        self._executors.update(spark, self._start.facts["driver"])
        if self._executors.now and not self._start_seconds:
            self._start_seconds = time.monotonic() - self._began
