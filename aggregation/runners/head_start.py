"""Runner that begins on the head node, and continues on a cluster if the remaining work is worth its start.

The head's processes begin at once. The cluster is started if enough work remains (see `start_policy`), and
then does the rest. If it is unavailable or lost, the head finishes alone. A run's specification does not
depend on the cluster.
"""

from __future__ import annotations

import logging
import pickle  # nosec B403  # between the processes of one job
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from ..contract import execution
from ..contract.errors import RunError, StorageError
from . import Tick, head_processes
from .cluster import Cluster, ClusterUnavailable
from .head_processes import HeadProcesses
from .node_folders import seen_differently
from .node_tasks import DECODE, SUMMARISE, Report, TaskFunction
from .packages import Packages
from .start_policy import HeadEstimate

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

    from ..store.decode import DecodeContext, DecodeTask
    from ..store.point_store import FileRecord
    from ..summary.counts import SummaryReport
    from ..summary.summarise import SummaryContext, SummaryTask

log = logging.getLogger(__name__)

_GOES_ON = "The head goes on alone, which takes longer."


class HeadFallback:
    """Decision to finish a run on the head if the cluster fails, and the remark for the manifest.

    Spark, for example, may fail to start (no master, no Java, another version), be lost in the middle, or
    have no cores for long. The head's processes then do the same tasks, more slowly. A cancelled run, and
    the end of a driver that had started the run (as Livy's), end the run instead.

    `workers` is the number of processes of the head; 0 if it cannot finish a run.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._problem: Optional[ClusterUnavailable] = None

    @property
    def active(self) -> bool:
        """True once the cluster was given up."""
        return self._problem is not None

    @property
    def remark(self) -> str:
        """Reason for giving the cluster up and what to do about it; empty while it was not."""
        return f"{_GOES_ON} {self._problem.remark}" if self._problem else ""

    def can_replace_cluster(self, problem: RunError) -> TypeGuard[ClusterUnavailable]:
        """Return True if the head node can finish without the cluster after this error."""
        return bool(self.workers) and isinstance(problem, ClusterUnavailable)

    def begin(self, problem: RunError) -> None:
        """Give the cluster up because of `problem`; raise it if the head cannot finish the run."""
        if not self.can_replace_cluster(problem):
            raise problem
        self._problem = problem
        log.warning(self.remark)
        if problem.detail:
            log.info(problem.detail)


class HeadStart:
    """Distributes tasks to `head_workers` processes of the head and the nodes of a cluster.

    Without head processes the cluster starts at once, while the driver lists trips. It ends with `close`. If
    it fails, `fallback_workers` processes of the head finish the run (0: the run fails).
    """

    def __init__(
        self, cluster: Cluster, packages: Packages, head_workers: int = 0, fallback_workers: int = 0
    ) -> None:
        # Processes first, as they are forked and must not inherit a cluster's threads.
        self._head = HeadProcesses(head_workers, cluster.name) if head_workers else None
        self.task_bytes = head_processes.TASK_BYTES if head_workers else None
        self.task_points: Optional[int] = cluster.task_points
        self._cluster, self._packages = cluster, packages
        self._fallback = HeadFallback(max(head_workers, fallback_workers))
        self._memory = 0.0
        self._n_done = 0
        self._totals = [0, 0, 0]
        if not (self._head and self._head.working):
            cluster.begin(at_once=True)

    @property
    def waiting(self) -> str:
        """See `Runner.waiting`."""
        return self._cluster.waiting

    @property
    def workers(self) -> int:
        """Number of head processes while they work; then of the cluster's."""
        return self._head.workers if self._head and self._head.working else self._cluster.workers

    @property
    def remark(self) -> str:
        """See `Runner.remark`."""
        waits = self._cluster.lacks_nodes and self._head and self._head.working
        return self._fallback.remark or (self._no_nodes if waits else "")

    @property
    def _no_nodes(self) -> str:
        return f"{self._cluster.name} has had no free cores for a while. {_GOES_ON}"

    def describe(self) -> dict[str, Any]:
        """See `Runner.describe`."""
        by_head = self._head.tasks if self._head else 0
        kind = self._cluster.kind
        facts = {
            "kind": kind,
            **self._cluster.describe(),
            "worker_memory_mb": self._memory,
            execution.tasks_entry(kind): self._n_done - by_head,
        }
        if self._head:
            facts.update({"head_workers": self._head.workers, execution.HEAD_TASKS: by_head})
        if self.remark:
            facts[execution.without_entry(kind)] = self.remark
        return facts

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """See `Runner.decode`."""
        from .plan import work_of  # noqa: PLC0415  (needs the packages)

        def finished(index: int, records: list[FileRecord], node: str) -> None:
            unseen = seen_differently(tasks[index].files, records, node)
            if unseen:
                raise unseen
            self._totals[0] += len(records)
            self._totals[1] += sum(file.size for file in tasks[index].files)
            self._totals[2] += sum(record.points for record in records)
            done(records)

        work = [float(sum(map(work_of, task.files))) for task in tasks]
        bounds = (head_processes.PART_POINTS, self._cluster.part_points)
        contexts = [replace(context, part_points=n) for n in bounds]
        self._spread(DECODE, tasks, work, contexts, finished, tick)

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """See `Runner.summarise`."""
        work = [1.0] * len(tasks)
        at_once = head_processes.slice_points(
            self._head.workers if self._head else max(self._fallback.workers, 1)
        )
        contexts = [replace(context, slice_points=n) for n in (at_once, self._cluster.slice_points)]
        self._spread(SUMMARISE, tasks, work, contexts, lambda _, report, __: done(report), tick)

    def check(self) -> None:
        """See `Runner.check`."""
        problem = self._cluster.problem
        if problem and not self._fallback.can_replace_cluster(problem):
            raise problem

    def close(self) -> None:
        """End the head's processes and the cluster."""
        if self._head:
            self._head.close()
        self._cluster.close()

    def leave(self, code: int) -> None:
        """End this process with `code` if it cannot exit normally; called last."""
        self._cluster.leave(code)

    # -- a step -------------------------------------------------------------------------------------

    def _spread(
        self,
        step: str,
        tasks: Sequence[Any],
        work: list[float],
        contexts: Sequence[Any],
        finished: Callable[[int, Any, str], None],
        tick: Tick,
    ) -> None:
        """Carry out a step's tasks; `work` is that of each, `contexts` are for the head and the cluster."""
        items = [(index, pickle.dumps(task)) for index, task in enumerate(tasks)]
        head_function, function = (
            TaskFunction(step, self._packages, pickle.dumps(c), len(tasks)) for c in contexts
        )
        head_function = replace(head_function, keeps_memory=head_processes.has_plenty(self.workers))
        missing = set(range(len(tasks)))
        estimate = HeadEstimate(step, work, self.workers, worthwhile_seconds=self._cluster.worthwhile_seconds)

        def take(reports: list[Report]) -> None:
            for report in reports:
                self._memory = max(self._memory, report.memory)
                if report.error[0]:
                    message, detail, again = report.error
                    raise (StorageError if again else RunError)(message, detail)
                if report.index in missing:
                    missing.discard(report.index)
                    estimate.done(report.index)
                    self._n_done += 1
                    result = pickle.loads(report.result)  # noqa: S301  # nosec B301
                    finished(report.index, result, report.node)

        def now() -> None:
            tick(*self._totals)

        if self._head and estimate.exceeds_head:
            self._cluster.begin()
        while missing:
            left = [item for item in items if item[0] in missing]
            if self._fallback.active:
                workers = self._fallback.workers
                self._head = self._head or HeadProcesses(workers, self._cluster.name, forked=False)
                self._head.carry_out_all(left, head_function, take, now)
            elif self._head and self._head.working:
                self._head.carry_out(
                    left, head_function, take, now, lambda: self._cluster_takes_over(estimate, now)
                )
            else:
                try:
                    self._cluster.carry_out(step, left, function, take, now, self._take_back)
                except ClusterUnavailable as error:
                    self._do_without(error, now)

    def _take_back(self) -> bool:
        """Start the head's processes again, as the cluster lacks nodes; return False if they cannot start."""
        if self._head is None or self._head.exhausted:
            return False
        log.warning(self._no_nodes)
        self._head.begin()
        return True

    def _do_without(self, problem: RunError, now: Callable[[], None]) -> None:
        """Leave the remaining tasks to the head; raise `problem` if it cannot finish the run."""
        now()  # raises if the run was cancelled, which may have ended the cluster
        self._fallback.begin(problem)
        self._cluster.close()  # frees its memory and its nodes

    def _cluster_takes_over(self, estimate: HeadEstimate, now: Callable[[], None]) -> bool:
        """Start the cluster if it is worth it; return True once it can take over from the head.

        Raises `RunError` if the cluster can never start and the head cannot finish alone.
        """
        if self._fallback.active:
            return False
        if not self._cluster.begun:
            if not estimate.too_slow:
                return False
            seconds = estimate.seconds_left()
            log.info("The head needs %.0f s more: %s is started", seconds, self._cluster.name)
            self._cluster.begin()
        try:
            self._cluster.check()
        except RunError as problem:
            self._do_without(problem, now)
            return False
        return self._cluster.has_nodes()
