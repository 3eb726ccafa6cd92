"""The head's processes: they work from the first second, and until Spark's executors do, if it is started.

Spark needs some ten seconds before the first executor works. What the head has done by then Spark need
not do, and a small run is done without it.
"""

from __future__ import annotations

import logging
import pickle  # nosec B403  (between the processes of one job)
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from ..errors import WorkerDied
from .head_room import free_megabytes
from .spark_tasks import ON_HEAD, SUMMARISE, Report, Share

if TYPE_CHECKING:
    from .processes import ProcessRunner

log = logging.getLogger(__name__)

_PLENTY_MEGABYTES = 1000

Item = tuple[int, bytes]
"""A task's index, and the task pickled."""

MOST = 64
"""Processes that may be asked for."""

TASK_BYTES = 96 << 20
"""Trips in a task: little enough that Spark, once there, does not wait long for the head's last ones."""

PART_POINTS, SLICE_POINTS, TOGETHER = 400_000, 250_000, 4
"""Points that a process holds while it decodes, and computes at once; summary tasks that it does as one.
More than on the nodes, since there is no PySpark in its 150 MB: so parts are fewer, and read fewer times."""


def slice_points(workers: int) -> int:
    """Points that each of so many processes computes at once: all of a task (0) where memory is plenty,
    which is faster; there a busy link may take more of it than on the nodes."""
    return 0 if free_megabytes() > workers * _PLENTY_MEGABYTES else SLICE_POINTS


class HeadStart:
    """Processes of the head, which end with `close`, with their first accident, or once Spark takes over.

    They are forked here, so before PySpark is imported: it has threads and connections of its own.
    `tasks` counts what they did; `working` says whether they may still be given some.
    """

    def __init__(self, workers: int) -> None:
        from .processes import ProcessRunner  # noqa: PLC0415  (needs the packages)

        self.workers, self.tasks, self.working = workers, 0, True
        self._processes: Optional[ProcessRunner] = None
        try:
            self._processes = ProcessRunner(workers)
        except OSError as error:  # no memory for them
            log.warning("There is no head start: %s", error)
            self.working = False

    def carry_out(
        self,
        items: Sequence[tuple[int, bytes]],
        share: Share,
        take: Callable[[list[Report]], None],
        tick: Callable[[], None],
        spark_is_there: Callable[[], bool],
    ) -> None:
        """Do tasks one after the other until Spark is there; `take` gets the report of each that is done.

        Nothing is told of a task that did not succeed for reasons of this computer or of the moment:
        it is left to Spark, like those that were not begun.
        """

        def done(report: Report) -> None:
            message, detail, again = report.error
            if again:
                log.warning("The head leaves a task to Spark: %s %s", message, detail)
                self.working = False
            else:
                self.tasks += 1
                take([report])

        def all_done(reports: list[Report]) -> None:
            for report in reports:
                done(report)

        def enough() -> bool:
            self.working = self.working and not spark_is_there()
            return not self.working

        if self._processes is None:
            return
        try:
            groups = self._grouped(items, share)
            self._processes.spread(_on_head, groups, share, all_done, lambda *_: tick(), enough)
        except WorkerDied as error:
            log.warning("A process of the head ended in the middle of a task; Spark does the rest. %s", error)
            self.working = False
        if not self.working:
            log.info("The head did %d tasks; from here on Spark does them", self.tasks)
            self.close()

    def _grouped(self, items: Sequence[Item], share: Share) -> list[list[Item]]:
        size = len(items) // (2 * self.workers) if share.step == SUMMARISE else 1
        size = max(min(size, TOGETHER), 1)
        return [list(items[start : start + size]) for start in range(0, len(items), size)]

    def close(self) -> None:
        """End the processes and free their memory."""
        self.working = False
        if self._processes is not None:
            self._processes.close()
            self._processes = None


def _on_head(group: list[Item], share: Share) -> list[Report]:
    """Carry out some tasks, and report on each."""
    try:
        if len(group) == 1:
            return [share.attempt(group[0], ON_HEAD)]
        return _as_one(group, share)
    except Exception as error:  # noqa: BLE001  (Spark does the task again, and tells where it fails too)
        return [Report(group[0][0], error=("It failed here.", repr(error), True))]


def _as_one(group: list[Item], share: Share) -> list[Report]:
    """Summarise the buckets of tasks that follow one another: the first has all of them, the others none."""
    tasks: list[Any] = [pickle.loads(task) for _, task in group]  # noqa: S301  # nosec B301
    tasks = [replace(tasks[0], end=tasks[-1].end), *(replace(task, end=task.first) for task in tasks[1:])]
    first, *others = ((index, pickle.dumps(task)) for (index, _), task in zip(group, tasks))
    report = share.attempt(first, ON_HEAD)
    if report.error[0]:
        return [report]
    context: Any = pickle.loads(share.context)  # noqa: S301  # nosec B301
    nothing = replace(share, context=pickle.dumps(replace(context, parts={})))
    return [report, *(nothing.attempt(item, ON_HEAD) for item in others)]
