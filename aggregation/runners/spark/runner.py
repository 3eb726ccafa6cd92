"""Tasks on a Spark cluster. Spark only spreads them: points and results go from the tasks to the store.

Processes of this computer, the head, begin at once; Spark is started when what they would leave is worth it
(see worth), and then does the rest. Where it cannot be had, or is lost, the head goes on alone. Everything
about the cluster (master, memory, cores) comes from Spark's own configuration, so a run's specification knows
nothing of it.
"""

from __future__ import annotations

import logging
import pickle  # nosec B403  # between the processes of one job
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from ...contract.errors import RunError, StorageError
from .. import Tick, head_processes
from ..head_processes import HeadProcesses
from ..node_tasks import DECODE, SUMMARISE, Report, Reports, TaskFunction
from ..packages import Packages
from .errors import NoSpark
from .executors import Executors
from .job import SparkJob, drain
from .node_folders import seen_differently
from .start import SparkStart
from .start_policy import HeadEstimate

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

    from ...store.decode import DecodeContext, DecodeTask
    from ...store.point_store import FileRecord
    from ...summary.counts import SummaryReport
    from ...summary.summarise import SummaryContext, SummaryTask

log = logging.getLogger(__name__)

PART_POINTS, TASK_POINTS, SLICE_POINTS = 90_000, 960_000, 30_000
"""Points that a decode task holds, a summary task reads, and computes at once. So a Python worker stays
below 150 MB: 110 MB of that are PySpark, the packages and DuckDB, the same for any amount of trips. What is
more waits in temporary files."""

TICK = 0.2
_CORES_GUESSED = 16


_GOES_ON = "The head goes on alone, which takes longer."
NO_CORES = f"Spark has had no free cores for a while. {_GOES_ON}"


class HeadFallback:
    """Finishing a run on the head when Spark cannot: the decision, and the remark for the manifest.

    Spark may fail to start (no master, no Java, another version), be lost in the middle, or have no cores
    for long. The head's processes then do the same tasks, more slowly. A cancelled run, and the end of a
    driver that had started the run (as Livy's does), are no reason for it.

    `workers` is the number of processes of the head; 0 if it cannot finish a run.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._problem: Optional[NoSpark] = None

    @property
    def active(self) -> bool:
        """True once Spark was given up."""
        return self._problem is not None

    @property
    def remark(self) -> str:
        """Why Spark was given up and what to do about it; empty while it was not."""
        return f"{_GOES_ON} {self._problem.remark}" if self._problem else ""

    def can_replace_spark(self, problem: RunError) -> TypeGuard[NoSpark]:
        """Return True if the head node can finish without Spark after this error."""
        return bool(self.workers) and isinstance(problem, NoSpark)

    def begin(self, problem: RunError) -> None:
        """Give Spark up because of `problem`; raise it if the head cannot finish the run."""
        if not self.can_replace_spark(problem):
            raise problem
        self._problem = problem
        log.warning(self.remark)
        if problem.detail:
            log.info(problem.detail)


class SparkRunner:
    """Spreads tasks over `head_workers` processes of the head, and over the executors of a Spark application.

    Without processes Spark starts at once, while the driver lists trips. The application ends with `close`.
    If Spark's Java is ended from outside, `cancel_asked` distinguishes a cancelled run from an accident. If
    Spark fails, `fallback_workers` processes of the head finish the run (0: the run fails).
    """

    task_points: Optional[int] = TASK_POINTS

    def __init__(
        self,
        packages: Packages,
        name: str,
        cancel_asked: Callable[[], bool] = lambda: False,
        head_workers: int = 0,
        fallback_workers: int = 0,
    ) -> None:
        # Processes first: they are forked from what this one is now, without Spark's threads and connections.
        self._head = HeadProcesses(head_workers) if head_workers else None
        self.task_bytes = head_processes.TASK_BYTES if head_workers else None
        self.waiting = ""
        self._packages = packages
        self._start = SparkStart(packages, name, cancel_asked)
        self._executors = Executors()
        self._fallback = HeadFallback(max(head_workers, fallback_workers))
        self._memory = 0.0
        self._n_done = self._attempts = 0
        self._totals = [0, 0, 0]
        if not (self._head and self._head.working):
            self._start.begin(at_once=True)

    @property
    def workers(self) -> int:
        """The head's processes while they work; then the application's cores: asked for, there, guessed."""
        if self._head and self._head.working:
            return self._head.workers
        return (
            self._start.cores or self._executors.cores or _CORES_GUESSED
        )  # tasks are cut before Spark is up

    @property
    def remark(self) -> str:
        """See `Runner.remark`."""
        waits = self._executors.long_absent and self._head and self._head.working
        return self._fallback.remark or (NO_CORES if waits else "")

    def describe(self) -> dict[str, Any]:
        """See `Runner.describe`."""
        by_head = self._head.tasks if self._head else 0
        facts = {
            "kind": "spark",
            **self._start.facts,
            "executors": sorted(self._executors.names),
            "worker_memory_mb": self._memory,
            "spark_tasks": self._n_done - by_head,
        }
        if self._head:
            facts.update(head_workers=self._head.workers, head_tasks=by_head)
        if self.remark:
            facts["without_spark"] = self.remark
        return facts

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """See `Runner.decode`."""
        from ..plan import work_of  # noqa: PLC0415  (needs the packages)

        def finished(index: int, records: list[FileRecord], node: str) -> None:
            unseen = seen_differently(tasks[index].files, records, node)
            if unseen:
                raise unseen
            self._totals[0] += len(records)
            self._totals[1] += sum(file.size for file in tasks[index].files)
            self._totals[2] += sum(record.points for record in records)
            done(records)

        work = [float(sum(map(work_of, task.files))) for task in tasks]
        contexts = [replace(context, part_points=n) for n in (head_processes.PART_POINTS, PART_POINTS)]
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
        contexts = [replace(context, slice_points=n) for n in (at_once, SLICE_POINTS)]
        self._spread(SUMMARISE, tasks, work, contexts, lambda _, report, __: done(report), tick)

    def check(self) -> None:
        """See `Runner.check`."""
        problem = self._start.problem
        if problem and not self._fallback.can_replace_spark(problem):
            raise problem

    def close(self) -> None:
        """End the head's processes and the application."""
        if self._head:
            self._head.close()
        self._start.close()

    def leave(self, code: int) -> None:
        """The last act of this process, which ends with `code`."""
        self._start.leave(code)

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
        """Carry out a step's tasks, each `work` of some unit, in the context of the head or of Spark."""
        items = [(index, pickle.dumps(task)) for index, task in enumerate(tasks)]
        head_function, function = (
            TaskFunction(step, self._packages, pickle.dumps(c), len(tasks)) for c in contexts
        )
        head_function = replace(head_function, keeps_memory=head_processes.has_plenty(self.workers))
        missing = set(range(len(tasks)))
        estimate = HeadEstimate(step, work, self.workers)

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
            self._start.begin()
        while missing:
            left = [item for item in items if item[0] in missing]
            if self._fallback.active:
                self._head = self._head or HeadProcesses(self._fallback.workers, forked=False)
                self._head.carry_out_all(left, head_function, take, now)
            elif self._head and self._head.working:
                self._head.carry_out(
                    left, head_function, take, now, lambda: self._spark_takes_over(estimate, now)
                )
            else:
                try:
                    self._carry_out(step, left, function, take, now)
                except NoSpark as error:
                    self._do_without(error, now)

    def _carry_out(
        self,
        step: str,
        items: list[tuple[int, bytes]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        now: Callable[[], None],
    ) -> None:
        """Have Spark do the tasks, or some of them where the head begins again, since there are no executors
        for long. Raises `NoSpark` where there is none, or none any more.
        """
        spark = self._ready(now)
        heard: list[Report] = []  # filled by Spark whenever a task ends
        failures = int(spark.getConf().get("spark.task.maxFailures", "4"))
        accumulator = spark.accumulator(heard, Reports())
        function = replace(function, max_failures=failures, reports=accumulator, before=self._attempts)
        self._attempts += failures
        job = SparkJob(spark, f"Roadpulse {step}", items, function)
        try:
            self._executors.expect()
            while not job.ended(TICK):
                take(drain(heard))
                self._look(spark)
                self.waiting = "waiting for cores" if self._executors.waiting else ""
                now()
                self._start.check()
                if self._executors.long_absent and self._head and not self._head.spent:
                    log.warning(NO_CORES)
                    self._head.begin()
                    return
            take(drain(heard))
            now()  # a cancelled run may have ended Spark first: then this raises
            if job.error is not None:
                raise self._start.explained(job.error)
            take(job.reports)
            now()
        finally:
            self.waiting = ""
            job.end()

    def _do_without(self, problem: RunError, now: Callable[[], None]) -> None:
        """Leave the rest to the head; raises the problem where it cannot go on."""
        self.waiting = ""
        now()  # what ended Spark may have been the end of the run
        self._fallback.begin(problem)
        self._start.close()  # its memory is free then, and its executors

    def _spark_takes_over(self, estimate: HeadEstimate, now: Callable[[], None]) -> bool:
        """Start Spark where that is worth it; whether it could take over from the head by now.

        Raises `RunError` where Spark is wanted and never will be there, if the head cannot go on alone.
        """
        if self._fallback.active:
            return False
        if not self._start.begun:
            if not estimate.too_slow:
                return False
            log.info("The head needs %.0f s more: Spark is started", estimate.seconds_left())
            self._start.begin()
        try:
            self._start.check()
        except RunError as problem:
            self._do_without(problem, now)
            return False
        if self._start.context is not None:
            self._look(self._start.context)
        return self._executors.now > 0

    def _ready(self, now: Callable[[], None]) -> Any:
        """Return the Spark context, once it is there."""
        self._start.begin()
        while self._start.starting(TICK):
            self.waiting = "Spark is starting"
            now()
            self._start.check()
        self.waiting = ""
        now()
        self._start.check()
        return self._start.context

    def _look(self, spark: Any) -> None:
        self._executors.look(spark, self._start.facts["driver"])
