"""Tasks on a Spark cluster. Spark only spreads them: points and results go from the tasks to the store.

The driver is this process, under `spark-submit` in client mode. Everything about the cluster (master,
memory, cores) comes from Spark's own configuration, so a run's specification knows nothing of it.
"""

from __future__ import annotations

import logging
import os
import pickle  # nosec B403  (between the processes of one job)
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from ..errors import Cancelled, RunError, StorageError
from ..nodes import Packages
from . import Tick
from .head_start import TASK_BYTES, HeadStart
from .spark_conf import configuration, end_java
from .spark_errors import SparkLost, explained
from .spark_job import END_SECONDS, SparkJob, emptied, within
from .spark_master import MasterVersion, reach
from .spark_nodes import seen_differently
from .spark_tasks import DECODE, SUMMARISE, Report, Reports, Share

if TYPE_CHECKING:
    from ..decode import DecodeContext, DecodeTask
    from ..points import FileRecord
    from ..summarise import SummaryContext, SummaryReport, SummaryTask

log = logging.getLogger(__name__)

PART_POINTS, TASK_POINTS, SLICE_POINTS = 60_000, 120_000, 30_000
"""Points that a decode task holds, a summary task reads, and computes at once. So a Python worker stays
below 150 MB: 120 MB of that are PySpark, the packages and DuckDB, the same for any amount of trips. A link
with more points than a task takes 40 bytes for each, a file while it is read up to four times its size."""

DRIVER_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""For `spark.driver.extraJavaOptions`: the driver's Java only starts and waits, so it should start fast."""

TICK = 0.2
_LOOK_EVERY = 1.0
_PATIENCE = 4.0
_DYING = 2.0
_CORES_GUESSED = 16


class SparkRunner:
    """Spreads tasks over the executors of a Spark application, which ends with `close`.

    Spark starts in the background, while the driver lists trips; the first step waits for it. Where the
    Java that started this process is ended, `cancel_asked` tells a wish from an accident. Until executors
    are there `head_workers` processes of this computer work (see head_start).
    """

    task_points: Optional[int] = TASK_POINTS

    def __init__(
        self,
        packages: Packages,
        name: str,
        cancel_asked: Callable[[], bool] = lambda: False,
        head_workers: int = 0,
    ) -> None:
        self._head = HeadStart(head_workers) if head_workers else None
        self.task_bytes = TASK_BYTES if head_workers else None
        self.waiting = ""
        self._cancel_asked = cancel_asked
        self._packages, self._name = packages, name
        self._spark: Any = None
        self._facts: dict[str, Any] = {}
        self._half_started = False
        self._error: Optional[BaseException] = None
        self._version: Optional[MasterVersion] = None
        self._java = os.getppid() if under_spark_submit() else 0
        self._executors: set[str] = set()
        self._now = 0
        self._memory = 0.0
        self._totals = [0, 0, 0]
        self._looked, self._seen = 0.0, time.monotonic()
        conf = self._configuration()  # here, since importing PySpark aside would only slow both down
        self._cores = 0 if conf is None else _asked(conf)
        self._starter = threading.Thread(target=self._start, args=(conf,), daemon=True)
        self._starter.start()

    @property
    def workers(self) -> int:
        """Cores of the application: asked for, else those there now, else a guess; before, the head's."""
        if self._head and self._head.working:
            return self._head.workers
        return self._cores or _CORES_GUESSED  # tasks are cut before Spark is up

    def describe(self) -> dict[str, Any]:
        """See `Runner.describe`."""
        facts = {
            "kind": "spark",
            **self._facts,
            "executors": sorted(self._executors),
            "worker_memory_mb": self._memory,
        }
        if self._head:
            facts.update(head_workers=self._head.workers, head_tasks=self._head.tasks)
        return facts

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """See `Runner.decode`."""

        def finished(index: int, records: list[FileRecord], node: str) -> None:
            unseen = seen_differently(tasks[index].files, records, node)
            if unseen:
                raise unseen
            self._totals[0] += len(records)
            self._totals[1] += sum(file.size for file in tasks[index].files)
            self._totals[2] += sum(record.points for record in records)
            done(records)

        self._spread(DECODE, tasks, replace(context, part_points=PART_POINTS), finished, tick)

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """See `Runner.summarise`."""
        context = replace(context, slice_points=SLICE_POINTS)
        self._spread(SUMMARISE, tasks, context, lambda _, report, __: done(report), tick)

    def check(self) -> None:
        """See `Runner.check`."""
        if self._java and os.getppid() != self._java:
            if self._cancel_asked():
                raise Cancelled
            raise SparkLost(
                "Spark's driver was ended from outside in the middle of the run: its Java is gone. What was "
                "read so far is kept; run again."
            )
        problem = self._version and self._version.problem
        if problem:
            raise problem

    def close(self) -> None:
        """End the application; its executors are free then, even where Spark does not answer."""
        if self._head:
            self._head.close()
            self._half_started = self._starter.is_alive()
        elif self._version is None or self._version.problem is None:  # else it starts in vain
            self._starter.join(END_SECONDS)
        if self._spark is not None:
            # Not Python's own stop(), which then waits a second for a thread of its own.
            within(END_SECONDS, self._spark._jsc.stop)

    def leave(self, code: int) -> None:
        """The last act of this process, where it does not wait for Spark to start: end it in its midst."""
        if self._half_started:
            within(END_SECONDS, lambda: end_java(code))

    # -- a step -------------------------------------------------------------------------------------

    def _spread(
        self,
        step: str,
        tasks: Sequence[Any],
        context: Any,
        finished: Callable[[int, Any, str], None],
        tick: Tick,
    ) -> None:
        items = [(index, pickle.dumps(task)) for index, task in enumerate(tasks)]
        share = Share(step, self._packages, pickle.dumps(context), len(tasks))
        missing = set(range(len(tasks)))

        def take(reports: list[Report]) -> None:
            for report in reports:
                self._memory = max(self._memory, report.memory)
                if report.error[0]:
                    message, detail, again = report.error
                    raise (StorageError if again else RunError)(message, detail)
                if report.index in missing:
                    missing.discard(report.index)
                    outcome = pickle.loads(report.outcome)  # noqa: S301  # nosec B301
                    finished(report.index, outcome, report.node)

        if self._head:
            self._head.carry_out(items, share, take, lambda: tick(*self._totals), self._has_executors)
            if not missing:
                return
        spark = self._ready(tick)
        heard: list[Report] = []  # filled by Spark whenever a task ends
        failures = int(spark.getConf().get("spark.task.maxFailures", "4"))
        share = replace(share, max_failures=failures, reports=spark.accumulator(heard, Reports()))
        items = [item for item in items if item[0] in missing]
        job = SparkJob(spark, f"Roadpulse {step}", items, share)
        try:
            self._seen = time.monotonic()
            while not job.ended(TICK):
                take(emptied(heard))
                self._look(spark)
                tick(*self._totals)
            take(emptied(heard))
            tick(*self._totals)  # a cancelled run may have ended Spark first: then this raises
            if job.error is not None:
                raise self._explained(job.error)
            take(job.reports)
            tick(*self._totals)
        finally:
            self.waiting = ""
            job.end()

    def _ready(self, tick: Tick) -> Any:
        """The Spark context, once it is there."""
        while self._starter.is_alive():
            self.waiting = "Spark is starting"
            tick(*self._totals)
            self._starter.join(TICK)
        self.waiting = ""
        tick(*self._totals)
        if self._error is not None:
            raise self._explained(self._error)
        return self._spark

    def _has_executors(self) -> bool:
        """Whether Spark could take over from the head; raises `RunError` where it never will."""
        if self._error is not None:
            raise self._explained(self._error)
        if self._spark is not None:
            self._look(self._spark)
        self.waiting = ""  # nobody waits for Spark now
        return self._now > 0

    def _explained(self, error: BaseException) -> RunError:
        found = explained(error, self._version.words if self._version else "")
        end = time.monotonic() + _DYING
        while isinstance(found, SparkLost) and self._java == os.getppid() and time.monotonic() < end:
            time.sleep(0.05)  # a Java that was ended closes its connections before it is gone
        self.check()
        return found

    def _look(self, spark: Any) -> None:
        """See which executors there are; without any for a while, say that the run waits for them."""
        if time.monotonic() - self._looked < _LOOK_EVERY:
            return
        self._looked = time.monotonic()
        try:
            found = spark._jsc.sc().statusTracker().getExecutorInfos()
            self._cores = _asked(spark.getConf()) or (max(spark.defaultParallelism, 1) if self._now else 0)
            names = {f"{info.host()}:{info.port()}" for info in found if info.port()}
        except Exception as error:  # noqa: BLE001  (the job itself will tell)
            log.debug("Spark does not tell its executors: %r", error)
            return
        names.discard(self._facts["driver"])
        for name in sorted(names - self._executors):
            log.info("Executor at %s", name)
        self._executors |= names
        self._now = len(names)
        if names:
            self._seen, self.waiting = self._looked, ""
        elif self._looked - self._seen > _PATIENCE:
            self.waiting = "waiting for cores"

    # -- Spark --------------------------------------------------------------------------------------

    def _configuration(self) -> Any:
        """Spark's configuration; None where Spark is not there."""
        try:
            return configuration(self._name)
        except Exception as error:  # noqa: BLE001  (raised where the run waits for Spark)
            self._error = error
            return None

    def _start(self, conf: Any) -> None:
        if self._error is not None:
            return
        try:
            from pyspark import SparkContext, __version__  # noqa: PLC0415

            master = conf.get("spark.master") or ""
            reach(master)
            self._version = MasterVersion(master, __version__)
            spark = SparkContext(conf=conf)
            spark.setLogLevel("WARN")
            for name, _ in self._packages.files if self._packages.shipped else ():
                spark.addFile(os.path.join(self._packages.folder, name))  # noqa: PTH118  (wants a text)
            settings = spark.getConf()
            self._facts = {
                "spark": spark.version,
                "master": spark.master,
                "app_id": spark.applicationId,
                "ui": spark.uiWebUrl or "",
                "driver": f"{settings.get('spark.driver.host')}:{settings.get('spark.driver.port')}",
                "executor_memory": settings.get("spark.executor.memory", ""),
                "packages": self._packages.name,
            }
            _own_manager(spark, self._facts)
            self._spark = spark
            log.info("Spark %s is up: %s at %s", spark.version, spark.applicationId, spark.master)
        except BaseException as error:  # noqa: BLE001  (raised where the run waits for Spark)
            self._error = error


def _asked(conf: Any) -> int:
    """Cores that the application asked for; 0 for all that there are."""
    return int(conf.get("spark.cores.max", "0") or 0)


def _own_manager(spark: Any, facts: dict[str, Any]) -> None:
    """Note the driver's own entry in the list of executors, to be left out of it."""
    found = spark._jsc.sc().statusTracker().getExecutorInfos()
    for info in found:
        if info.host() == spark.getConf().get("spark.driver.host"):
            facts["driver"] = f"{info.host()}:{info.port()}"
            return


def under_spark_submit() -> bool:
    """Whether `spark-submit` started this process."""
    return "PYSPARK_GATEWAY_PORT" in os.environ
