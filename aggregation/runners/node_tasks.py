"""The function that carries out a task on a node: provide the packages, run the step, report.

The nodes' Python imports this module before it has any of the packages, so imports of them are local. Tasks
and context are pickled to bytes for the same reason: unpickling them imports the steps.
"""

from __future__ import annotations

import os
import pickle  # nosec B403  # between the processes of one job
import platform
from dataclasses import dataclass, field, replace
from typing import Any

from ..contract.errors import RunError
from ..storage.local import files as storage_local
from ..storage.local import scratch
from .head_capacity import machine_id
from .memory import peak_memory
from .packages import Packages, provide
from .worker_memory import Bounds, WorkerMemory

DECODE, SUMMARISE = "decode", "summarise"
MAX_ATTEMPTS = 1000


@dataclass(frozen=True)
class Report:
    """Report on one task: the pickled `result` or an `error`, peak `memory` in MB, and the `node`'s name.

    `bound` is the memory in MB that the task's worker was to take at most. `machine` is the node's
    `head_capacity.machine_id`, `parent` the id of its process that has started the one of the task, which the
    tasks of a Spark executor have in common. `error` is message, detail, and
    whether another attempt may succeed; its message is empty without error.
    """

    index: int
    result: bytes = b""
    error: tuple[str, str, bool] = ("", "", False)
    memory: float = 0.0
    node: str = ""
    machine: str = ""
    parent: int = 0
    bound: int = 0


@dataclass(frozen=True)
class TaskFunction:
    """Callable that carries out one task of a step; holds what all its tasks share.

    `memory` decides what a task does at once. The cluster attempts a task up to `max_failures` times.
    `before` is the number of attempts reserved for others (below `MAX_ATTEMPTS` in all).
    """

    step: str
    packages: Packages
    context: bytes
    n_tasks: int
    max_failures: int = 1
    memory: WorkerMemory = field(default_factory=WorkerMemory)
    before: int = 0

    def attempt(self, item: tuple[int, bytes], attempt: int = 0) -> Report:
        """Carry out a task and return its report; raises `RunError` if the cluster should try again."""
        index, task = item
        storage_local.keep_private()
        try:
            bounds = self.memory.bounds()
            bounds.begin()  # returns memory that PySpark's start has left
            provide(self.packages)
            result = self._carry_out(task, index, self.before + attempt, bounds)
            return Report(
                index,
                result,
                memory=peak_memory(),
                node=platform.node(),
                machine=machine_id(),
                parent=os.getppid(),
                bound=bounds.megabytes,
            )
        except RunError as error:
            if error.retry and attempt + 1 < self.max_failures:
                raise  # it is tried again, perhaps on another node
            return Report(index, error=(error.message, error.detail, error.retry), memory=peak_memory())

    def _carry_out(self, pickled: bytes, index: int, attempt: int, bounds: Bounds) -> bytes:
        from ..storage.local.database import limit_memory  # noqa: PLC0415
        from ..store.decode import decode  # noqa: PLC0415
        from ..summary.summarise import summarise  # noqa: PLC0415

        task, context = pickle.loads(pickled), pickle.loads(self.context)  # noqa: S301  # nosec B301
        limit_memory(bounds.duckdb_megabytes, bounds.keeps_memory and context.store.root.is_local)
        result: Any
        try:
            if self.step == DECODE:
                # Every attempt writes its own parts: one that was abandoned but still runs somewhere never
                # changes the parts that another has reported.
                own = replace(task, part=index + self.n_tasks * attempt, step=self.n_tasks * MAX_ATTEMPTS)
                result = decode(own, bounds.decoding(context), lambda *_: None)
            else:
                result = summarise(task, bounds.summarising(context))
        finally:
            scratch.clear()  # Spark kills its workers
        bounds.end()
        return pickle.dumps(result)
