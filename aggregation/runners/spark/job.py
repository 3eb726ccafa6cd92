"""Spark jobs in a background thread, and calls of Spark with a timeout."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from ..node_tasks import Report, TaskFunction

END_SECONDS = 10.0
"""Seconds to wait for the end of a job or of the application."""


class Reports:
    """Accumulator parameter for Spark that collects reports in a list while tasks finish."""

    def zero(self, _value: list[Report]) -> list[Report]:
        """Return an empty list."""
        return []

    def addInPlace(self, value: list[Report], more: list[Report]) -> list[Report]:  # noqa: N802
        """Extend the list in place, as another thread empties it meanwhile."""
        value.extend(more)
        return value


@dataclass(frozen=True)
class SparkTask:
    """Callable that carries out one task on a node; `reports` is Spark's accumulator of `Reports`."""

    function: TaskFunction
    reports: Any

    def __call__(self, item: tuple[int, bytes]) -> Report:
        """Carry out a task; report by the accumulator at once and by the return value when the job ends."""
        from pyspark import TaskContext  # noqa: PLC0415

        context = TaskContext.get()
        report = self.function.attempt(item, context.attemptNumber() if context else 0)
        self.reports.add([report])
        return report


class SparkJob:
    """A Spark job in a background thread; `reports` or `error` are set when it has ended."""

    def __init__(self, spark: Any, name: str, items: list[tuple[int, bytes]], task: SparkTask) -> None:
        self.reports: list[Report] = []
        self.error: Optional[BaseException] = None
        self._spark, self._name, self._items, self._task = spark, name, items, task
        self._thread = threading.Thread(target=self._carry_out, daemon=True)
        self._thread.start()

    def ended(self, wait: float) -> bool:
        """Wait up to `wait` seconds; return True if the job has ended."""
        self._thread.join(wait)
        return not self._thread.is_alive()

    def end(self) -> None:
        """Cancel the job if it is still running."""
        if self._thread.is_alive():
            call_with_timeout(END_SECONDS, self._spark.cancelAllJobs)
            self._thread.join(END_SECONDS)

    def _carry_out(self) -> None:
        try:
            self._spark.setJobGroup(self._name, self._name, interruptOnCancel=True)
            self.reports = self._spark.parallelize(self._items, len(self._items)).map(self._task).collect()
        except BaseException as error:  # noqa: BLE001  (handled by the run)
            self.error = error


def drain(reports: list[Report]) -> list[Report]:
    """Remove and return the items of a list that another thread extends."""
    return [reports.pop(0) for _ in range(len(reports))]


def call_with_timeout(seconds: float, call: Callable[[], object]) -> None:
    """Call a function that may hang or fail if Spark is gone; wait for at most `seconds`."""

    def quietly() -> None:
        with contextlib.suppress(Exception):
            call()

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    thread.join(seconds)
