"""Runner that begins on the head node, and uses a cluster as well if the remaining work is worth its start.

The head's processes begin at once. The cluster is started if that saves time (see `start_policy`), and its
nodes take tasks from the same queue. A cluster whose cores turn out to be the head's own is released, as both
at once would compete for them. If the cluster is unavailable or lost, the head finishes alone. A run's
specification does not depend on the cluster.
"""

from __future__ import annotations

import logging
import pickle  # nosec B403  # between the processes of one job
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Optional

from ..contract import execution
from ..contract.errors import RunError
from . import Tick, head_processes
from .cluster import Cluster, ClusterUnavailable
from .cluster_notes import ClusterNotes
from .head_capacity import free_megabytes, usable_cores
from .head_processes import HeadProcesses
from .node_folders import seen_differently
from .node_tasks import DECODE, SUMMARISE, Report, TaskFunction
from .packages import Packages
from .start_policy import POINTS_OF_WORK, StartPolicy
from .step_tasks import Item, NodesSeen, StepTasks
from .worker_memory import START_MEGABYTES, WorkerMemory

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

    from ..store.decode import DecodeContext, DecodeTask
    from ..store.point_store import FileRecord
    from ..summary.counts import SummaryReport
    from ..summary.summarise import SummaryContext, SummaryTask

log = logging.getLogger(__name__)

LEAST_MEGABYTES = 300
"""Free memory in MB below which the head leaves the tasks to nodes on its own machine."""

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
        self._notes = ClusterNotes(cluster.key)
        self._policy = StartPolicy(head_workers, usable_cores(), self._notes.read())
        self._seen = NodesSeen()
        self._found = False
        self._released: Optional[threading.Thread] = None
        self._joined = self._has_joined = False
        self._memory, self._bound = 0.0, 0
        self._n_done = 0
        self._totals = [0, 0, 0]
        if not (self._head and self._head.working):
            cluster.begin(at_once=True)

    @property
    def waiting(self) -> str:
        """See `Runner.waiting`."""
        return "" if self._head and self._head.working else self._cluster.waiting

    @property
    def workers(self) -> int:
        """Number of head processes while they work, of the cluster's while those do; of both together."""
        head = self._head.workers if self._head and self._head.working else 0
        return head + (self._cluster.workers if self._joined or not head else 0)

    @property
    def remark(self) -> str:
        """See `Runner.remark`."""
        waits = self._cluster.lacks_nodes and self._head and self._head.working and not self._released
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
            "worker_bound_mb": self._bound,
            execution.tasks_entry(kind): self._n_done - by_head,
        }
        if self._head:
            facts.update({"head_workers": self._head.workers, execution.HEAD_TASKS: by_head})
            if self._choice:
                facts[execution.CHOICE] = self._choice
            if self._policy.adds_none:
                facts[execution.SAME_CORES] = True
        if self.remark:
            facts[execution.without_entry(kind)] = self.remark
        return facts

    @property
    def _choice(self) -> str:
        """Sentence on who works, and why."""
        name = self._cluster.name
        if self._fallback.active or self._head is None:
            return ""
        if self._policy.adds_none and (self._released or not self._cluster.begun):
            return self._choice_of_same_cores
        if not self._cluster.begun:
            return f"The head does all: starting {name} would not save enough time."
        if not self._has_joined:
            return f"The head works until {name} has nodes."
        if self._head.working:
            return f"The head and {name} share the tasks."
        return f"The head began, and {name} does the rest."

    @property
    def _choice_of_same_cores(self) -> str:
        return f"The head does all: the cores of {self._cluster.name} are its own."

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """See `Runner.decode`."""
        from .plan import work_of_task  # noqa: PLC0415  (needs the packages)

        def finished(index: int, records: list[FileRecord], node: str) -> None:
            unseen = seen_differently(tasks[index].files, records, node)
            if unseen:
                raise unseen
            stretch = tasks[index].stretch
            if stretch is None or stretch.number == 0:
                self._totals[0] += sum(not record.place for record in records)
            n_bytes = sum(file.size for file in tasks[index].files)
            self._totals[1] += n_bytes // stretch.of if stretch else n_bytes
            self._totals[2] += sum(record.points for record in records)
            done(records)

        work = list(map(work_of_task, tasks))
        self._spread(DECODE, tasks, work, context, finished, tick)

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """See `Runner.summarise`."""
        work = [task.points / POINTS_OF_WORK for task in tasks]
        self._spread(SUMMARISE, tasks, work, context, lambda _, report, __: done(report), tick)

    def check(self) -> None:
        """See `Runner.check`."""
        problem = None if self._released else self._cluster.problem
        if problem and not self._fallback.can_replace_cluster(problem):
            raise problem

    def close(self) -> None:
        """End the head's processes and the cluster."""
        if self._head:
            self._head.close()
        if self._released:
            self._released.join()
        else:
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
        context: Any,
        finished: Callable[[int, Any, str], None],
        tick: Tick,
    ) -> None:
        """Carry out a step's tasks; `work` is that of each."""
        function = TaskFunction(
            step, self._packages, pickle.dumps(context), len(tasks), memory=self._cluster.memory
        )
        of_head = WorkerMemory(self._processes, self._cluster.memory.most, START_MEGABYTES)
        head_function = replace(function, memory=of_head)
        left = StepTasks(step, tasks, work, self._processes, finished)

        def take(reports: list[Report], by_head: bool) -> None:
            done = left.n_done
            bounds = [report.bound for report in reports if report.bound]
            self._bound = min([*bounds, *([self._bound] if self._bound else [])], default=0)
            try:
                left.take(reports, by_head)
            finally:
                self._memory = max(self._memory, left.memory)
                self._n_done += left.n_done - done

        def now() -> None:
            tick(*self._totals)

        by_head = partial(take, by_head=True)
        if self._head:
            self._head.take_from(left.queue, head_function, by_head)
            seconds = self._policy.expected_seconds(step, sum(work))
            if not self._cluster.begun and self._policy.starts(step, seconds):
                log.info("The head needs some %.0f s: %s is started", seconds, self._cluster.name)
                self._cluster.begin()
        while left.missing:
            if self._head and (self._head.advance(head_processes.TICK) or self._head.working):
                now()
                if self._head.working and self._joins(left, now):
                    self._use_cluster(left, function, take, now)
            elif self._head and self._released and not self._head.exhausted:
                self._head.begin()
            elif self._fallback.active or self._released:
                self._head = self._head or HeadProcesses(self._processes, self._cluster.name, forked=False)
                self._head.carry_out_all(left.queue, head_function, by_head, now)
            else:
                self._use_cluster(left, function, take, now)
        self._keep_speed(left)

    @property
    def _processes(self) -> int:
        """Number of processes of the head, or of those that would go on without the cluster."""
        return self._head.workers if self._head else max(self._fallback.workers, 1)

    def _joins(self, left: StepTasks, now: Callable[[], None]) -> bool:
        """Start the cluster if it is worth it; return True once it can take tasks, and should.

        Raises `RunError` if the cluster can never start and the head cannot finish alone.
        """
        if self._fallback.active or self._released:
            return False
        seconds = left.estimate.seconds_left()
        if not self._cluster.begun:
            if not self._policy.starts(left.step, seconds):
                return False
            log.info("The head needs %.0f s more: %s is started", seconds, self._cluster.name)
            self._cluster.begin()
        try:
            self._cluster.check()
        except RunError as problem:
            self._do_without(problem, now)
            return False
        return bool(left.queue) and self._cluster.has_nodes() and self._is_worth_tasks(left)

    def _is_worth_tasks(self, left: StepTasks) -> bool:
        """Return True if a cluster that is up gets tasks beside the head."""
        estimate = left.estimate
        if not estimate.seconds_left() and self._found and len(left.queue) > 2 * self._processes:
            return not self._policy.adds_none  # as in the step before, until its time is known
        return estimate.pays_cluster(self._policy, self._cluster.n_cores)

    def _use_cluster(
        self,
        left: StepTasks,
        function: TaskFunction,
        take: Callable[[list[Report], bool], None],
        now: Callable[[], None],
    ) -> None:
        """Have the cluster take tasks until it gets none any more, beside the head if that works."""
        head = self._head

        def more(n: int) -> list[Item]:
            if head is None or not head.working:
                return left.give(len(left.queue) if head is None else n)
            return left.give(n) if self._is_worth_tasks(left) else []

        def take_reports(reports: list[Report]) -> None:
            self._seen.take(reports)
            take(reports, False)

        def go_on() -> None:
            if head:
                head.advance(0)
            now()
            self._examine_nodes()

        self._joined = self._has_joined = True
        try:
            self._cluster.carry_out(left.step, more, function, take_reports, go_on, self._take_back)
            self._examine_nodes()
        except ClusterUnavailable as error:
            self._do_without(error, now)
        finally:
            left.return_given()
            self._joined = False
        if self._policy.adds_none and head and not (self._fallback.active or head.exhausted):
            log.info("%s It is released.", self._choice_of_same_cores)
            self._released = threading.Thread(target=self._cluster.close)
            self._released.start()

    def _examine_nodes(self) -> None:
        """Find out what the cluster is once its nodes have reported, and decide anew."""
        head, cluster = self._head, self._cluster
        if not self._found:
            facts = self._seen.facts(cluster.n_nodes, cluster.n_cores, cluster.start_seconds)
            if facts is None:
                return
            self._found = True
            if self._policy.facts:
                before = self._policy.facts
                facts = replace(facts, speed=before.speed, head_rate=before.head_rate)
            self._policy = self._policy.informed(facts)
            self._notes.write(facts)
            log.info("%s has %d cores, %d of them the head's own", cluster.name, facts.cores, facts.own_cores)
        facts = self._policy.facts
        if head and head.working and facts and facts.own_cores and not self._policy.adds_none:
            megabytes = free_megabytes()
            if megabytes < LEAST_MEGABYTES:
                log.info("The head has only %.0f MB left beside the nodes on its machine", megabytes)
                head.stop()

    def _keep_speed(self, left: StepTasks) -> None:
        """Keep the rate of the head in this step, and the speed of the cluster's cores if both worked."""
        facts, estimate = self._policy.facts, left.estimate
        if self._head is None or facts is None or not estimate.head_rate:
            return
        of_process = estimate.head_rate / self._policy.processes
        facts = replace(facts, head_rate={**facts.head_rate, left.step: of_process})
        if self._found and estimate.cluster_rate:
            facts = facts.measured(left.step, estimate.cluster_rate / of_process)
        self._policy = self._policy.informed(facts)
        self._notes.write(facts)

    def _take_back(self) -> bool:
        """Leave the tasks to the head, as the cluster lacks nodes; return False if it cannot do them."""
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
