"""The head's processes: they work from the first second, and until Spark's executors do, if it is started.

Spark needs some ten seconds before the first executor works. What the head has done by then Spark need
not do, and a small run is done without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Optional

from ..errors import WorkerDied
from .head_room import free_megabytes
from .spark_tasks import ON_HEAD, Report, Share

if TYPE_CHECKING:
    from .processes import ProcessRunner

log = logging.getLogger(__name__)

_PLENTY_MEGABYTES = 1000

MOST = 64
"""Processes that may be asked for."""

TASK_BYTES = 96 << 20
"""Trips in a task: little enough that Spark, once there, does not wait long for the head's last ones."""

PART_POINTS, SLICE_POINTS = 400_000, 60_000
"""Points that a process holds while it decodes, and computes at once. More than on the nodes, since there is
no PySpark in its 150 MB: so parts are fewer, and read fewer times."""


def has_plenty(workers: int) -> bool:
    """Whether so many processes need not mind their memory: asking the system for it anew is a fifth of a
    task's time."""
    return free_megabytes() > workers * _PLENTY_MEGABYTES


def slice_points(workers: int) -> int:
    """Points that each of so many processes computes at once: all of a task (0) where memory is plenty,
    which is faster; there a busy link may take more of it than on the nodes."""
    return 0 if has_plenty(workers) else SLICE_POINTS


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

        def enough() -> bool:
            self.working = self.working and not spark_is_there()
            return not self.working

        if self._processes is None:
            return
        try:
            self._processes.spread(_on_head, items, share, done, lambda *_: tick(), enough)
        except WorkerDied as error:
            log.warning("A process of the head ended in the middle of a task; Spark does the rest. %s", error)
            self.working = False
        if not self.working:
            log.info("The head did %d tasks; from here on Spark does them", self.tasks)
            self.close()

    def close(self) -> None:
        """End the processes and free their memory."""
        self.working = False
        if self._processes is not None:
            self._processes.close()
            self._processes = None


def _on_head(item: tuple[int, bytes], share: Share) -> Report:
    try:
        return share.attempt(item, ON_HEAD)
    except Exception as error:  # noqa: BLE001  (Spark does the task again, and tells where it fails too)
        return Report(item[0], error=("It failed here.", repr(error), True))
