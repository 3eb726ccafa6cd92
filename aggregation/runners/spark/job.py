"""A job on Spark that is watched while it goes on, and calls that a Spark in trouble may never answer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from ..node_tasks import Report, TaskFunction

END_SECONDS = 10.0
"""Seconds to wait for the end of a job or of the application."""


class SparkJob:
    """A Spark job in a thread of its own, so that the run can watch it."""

    def __init__(self, spark: Any, name: str, items: list[tuple[int, bytes]], function: TaskFunction) -> None:
        self.reports: list[Report] = []
        self.error: Optional[BaseException] = None
        self._spark, self._name, self._items, self._function = spark, name, items, function
        self._thread = threading.Thread(target=self._carry_out, daemon=True)
        self._thread.start()

    def ended(self, wait: float) -> bool:
        """Return True if the job has ended; waits for `wait` seconds at most."""
        self._thread.join(wait)
        return not self._thread.is_alive()

    def end(self) -> None:
        """Cancel the job where it still goes on."""
        if self._thread.is_alive():
            call_with_timeout(END_SECONDS, self._spark.cancelAllJobs)
            self._thread.join(END_SECONDS)

    def _carry_out(self) -> None:
        try:
            self._spark.setJobGroup(self._name, self._name, interruptOnCancel=True)
            self.reports = (
                self._spark.parallelize(self._items, len(self._items)).map(self._function).collect()
            )
        except BaseException as error:  # noqa: BLE001  (judged by the run)
            self.error = error


def drain(reports: list[Report]) -> list[Report]:
    """Take what is in a list that another thread adds to."""
    return [reports.pop(0) for _ in range(len(reports))]


def call_with_timeout(seconds: float, call: Callable[[], object]) -> None:
    """Call something that may hang or fail when Spark is already gone; not for longer than `seconds`."""

    def quietly() -> None:
        with contextlib.suppress(Exception):
            call()

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    thread.join(seconds)
