"""The tasks of one step of a run while the head and a cluster carry them out, and what they tell of both."""

from __future__ import annotations

import pickle  # nosec B403  # between the processes of one job
from collections.abc import Callable, Sequence
from typing import Any, Optional

from ..contract.errors import RunError, StorageError
from .head_capacity import machine_id
from .node_tasks import Report
from .start_policy import ClusterFacts, StepEstimate

Item = tuple[int, bytes]
"""Index of a task, and the task as bytes."""


class StepTasks:
    """The tasks of a `step` that are left. Each is begun once, by the head or the cluster.

    `queue` are those that were not begun, the first one last; `missing` the indices of those without a
    result. `work` is that of each task, `head_workers` the number of the head's processes. `finished` is
    called with index, result and node of each.
    """

    def __init__(
        self,
        step: str,
        tasks: Sequence[Any],
        work: list[float],
        head_workers: int,
        finished: Callable[[int, Any, str], None],
    ) -> None:
        self.step = step
        self.queue: list[Item] = [(index, pickle.dumps(task)) for index, task in enumerate(tasks)][::-1]
        self.missing = set(range(len(tasks)))
        self.estimate = StepEstimate(step, work, head_workers)
        self.memory = 0.0
        self.n_done = 0
        self._finished = finished
        self._given: dict[int, Item] = {}

    def give(self, n: int) -> list[Item]:
        """Return up to `n` tasks for the cluster."""
        given = [self.queue.pop() for _ in range(min(n, len(self.queue)))]
        self._given.update((item[0], item) for item in given)
        return given

    def return_given(self) -> None:
        """Put the cluster's tasks without a result back; it has abandoned them."""
        items = [item for index, item in self._given.items() if index in self.missing]
        self.queue.extend(reversed(items))
        self._given.clear()

    def take(self, reports: list[Report], by_head: bool) -> None:
        """Count tasks as done; raises the error of one that has failed."""
        for report in reports:
            self.memory = max(self.memory, report.memory)
            if report.error[0]:
                message, detail, again = report.error
                raise (StorageError if again else RunError)(message, detail)
            if report.index in self.missing:
                self.missing.discard(report.index)
                self._given.pop(report.index, None)
                self.estimate.done(report.index, by_head)
                self.n_done += 1
                result = pickle.loads(report.result)  # noqa: S301  # nosec B301
                self._finished(report.index, result, report.node)


class NodesSeen:
    """The nodes of a cluster by what their reports say: which of them have the cores of this machine."""

    def __init__(self) -> None:
        self._nodes: set[tuple[str, int]] = set()
        self._here = machine_id()

    def take(self, reports: list[Report]) -> None:
        """Note the nodes of reports."""
        self._nodes.update((report.machine, report.parent) for report in reports if report.machine)

    def facts(self, nodes: int, cores: int, start_seconds: float) -> Optional[ClusterFacts]:
        """Return the facts once all of the cluster's present `nodes` have reported; None before."""
        if not 0 < nodes <= len(self._nodes) or not cores:
            return None
        own = sum(machine == self._here for machine, _ in self._nodes)
        own_cores = round(cores * own / len(self._nodes))
        return ClusterFacts(start_seconds, cores, own_cores)
