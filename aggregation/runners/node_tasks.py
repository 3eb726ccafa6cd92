"""The task of a step on a node: get the packages ready, carry out the task, report.

Imported by the nodes' Python before it has any of the packages, so it imports them inside. Tasks and context
come pickled in bytes for the same reason: unpickling them imports the steps.
"""

from __future__ import annotations

import pickle  # nosec B403  # between the processes of one job
import platform
from dataclasses import dataclass, replace
from typing import Any

from ..contract.errors import RunError
from ..storage.local import files as storage_local
from ..storage.local import scratch
from .memory import give_back, peak_memory
from .packages import Packages, provide

DECODE, SUMMARISE = "decode", "summarise"
DUCKDB_MEMORY = "96MB"
MAX_ATTEMPTS = 1000


@dataclass(frozen=True)
class Report:
    """The report of a task: its pickled `result`, or an error; peak memory in MB, and the node's name."""

    index: int
    result: bytes = b""
    error: tuple[str, str, bool] = ("", "", False)
    memory: float = 0.0
    node: str = ""


@dataclass(frozen=True)
class TaskFunction:
    """The function that carries out a task of a step, with all that its tasks have in common.

    With `keeps_memory` a process with plenty of memory keeps it for its next task. The cluster tries a task
    `max_failures` times. `before` counts the attempts that others may have made or may make (below
    `MAX_ATTEMPTS` in all).
    """

    step: str
    packages: Packages
    context: bytes
    n_tasks: int
    max_failures: int = 1
    keeps_memory: bool = False
    before: int = 0

    def attempt(self, item: tuple[int, bytes], attempt: int = 0) -> Report:
        """Carry out a task; raises `RunError` where the cluster should try again."""
        index, task = item
        storage_local.keep_private()
        try:
            self._give_back()  # a worker begins with what PySpark's start left over
            provide(self.packages)
            result = self._carry_out(task, index, self.before + attempt)
            return Report(index, result, memory=peak_memory(), node=platform.node())
        except RunError as error:
            if error.retry and attempt + 1 < self.max_failures:
                raise  # it is tried again, perhaps on another node
            return Report(index, error=(error.message, error.detail, error.retry), memory=peak_memory())

    def _carry_out(self, pickled: bytes, index: int, attempt: int) -> bytes:
        from ..storage.local.database import connect  # noqa: PLC0415
        from ..store.decode import decode  # noqa: PLC0415
        from ..summary.summarise import summarise  # noqa: PLC0415

        with connect() as connection:
            connection.execute(f"SET memory_limit = '{DUCKDB_MEMORY}'")
        task, context = pickle.loads(pickled), pickle.loads(self.context)  # noqa: S301  # nosec B301
        result: Any
        try:
            if self.step == DECODE:
                # Every attempt writes parts of its own: one that was given up, yet still goes on somewhere,
                # never changes what another one reported.
                own = replace(task, part=index + self.n_tasks * attempt, step=self.n_tasks * MAX_ATTEMPTS)
                result = decode(own, context, lambda *_: None)
            else:
                result = summarise(task, context)
        finally:
            scratch.clear()  # Spark ends its workers without a word
        self._give_back()
        return pickle.dumps(result)

    def _give_back(self) -> None:
        if not self.keeps_memory:
            give_back()
