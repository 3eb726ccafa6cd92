"""The function that carries out a task on a node: provide the packages, run the step, report.

The nodes' Python imports this module before it has any of the packages, so imports of them are local. Tasks
and context are pickled to bytes for the same reason: unpickling them imports the steps.
"""

from __future__ import annotations

import os
import pickle  # nosec B403  # between the processes of one job
import platform
from dataclasses import dataclass, replace
from typing import Any

from ..contract.errors import RunError
from ..storage.local import files as storage_local
from ..storage.local import scratch
from .head_capacity import machine_id
from .memory import give_back, peak_memory
from .packages import Packages, provide

DECODE, SUMMARISE = "decode", "summarise"
DUCKDB_MEMORY = "96MB"
MAX_ATTEMPTS = 1000


@dataclass(frozen=True)
class Report:
    """Report on one task: the pickled `result` or an `error`, peak `memory` in MB, and the `node`'s name.

    `machine` is the node's `head_capacity.machine_id`, `parent` the id of its process that has started the
    one of the task, which the tasks of a Spark executor have in common. `error` is message, detail, and
    whether another attempt may succeed; its message is empty without error.
    """

    index: int
    result: bytes = b""
    error: tuple[str, str, bool] = ("", "", False)
    memory: float = 0.0
    node: str = ""
    machine: str = ""
    parent: int = 0


@dataclass(frozen=True)
class TaskFunction:
    """Callable that carries out one task of a step; holds what all its tasks share.

    If `keeps_memory`, a process keeps freed memory for its next task. The cluster attempts a task up to
    `max_failures` times. `before` is the number of attempts reserved for others (below `MAX_ATTEMPTS` in
    all).
    """

    step: str
    packages: Packages
    context: bytes
    n_tasks: int
    max_failures: int = 1
    keeps_memory: bool = False
    before: int = 0

    def attempt(self, item: tuple[int, bytes], attempt: int = 0) -> Report:
        """Carry out a task and return its report; raises `RunError` if the cluster should try again."""
        index, task = item
        storage_local.keep_private()
        try:
            self._give_back()  # memory that PySpark's start has left
            provide(self.packages)
            result = self._carry_out(task, index, self.before + attempt)
            return Report(
                index,
                result,
                memory=peak_memory(),
                node=platform.node(),
                machine=machine_id(),
                parent=os.getppid(),
            )
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
                # Every attempt writes its own parts: one that was abandoned but still runs somewhere never
                # changes the parts that another has reported.
                own = replace(task, part=index + self.n_tasks * attempt, step=self.n_tasks * MAX_ATTEMPTS)
                result = decode(own, context, lambda *_: None)
            else:
                result = summarise(task, context)
        finally:
            scratch.clear()  # Spark kills its workers
        self._give_back()
        return pickle.dumps(result)

    def _give_back(self) -> None:
        if not self.keeps_memory:
            give_back()
