"""The head's processes: they work from the first second, and until the cluster's nodes do, if it is started.

Spark needs some ten seconds before the first executor works. What the head has done by then the cluster need
not do, and a small run is done without it. Where the cluster is lost, or has no nodes for long, they begin
again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from ..contract.errors import WorkerDied
from .head_capacity import free_megabytes
from .node_tasks import MAX_ATTEMPTS, Report, TaskFunction

if TYPE_CHECKING:
    from .processes import ProcessRunner

log = logging.getLogger(__name__)

_PLENTY_MEGABYTES = 1000
_BEGINNINGS = 20

TASK_BYTES = 96 << 20
"""Trips in a task: so few that the cluster, once there, does not wait long for the head's last ones."""

PART_POINTS, SLICE_POINTS = 400_000, 60_000
"""Points that a process holds while it decodes, and computes at once. More than on the nodes, since there is
no PySpark in its 150 MB: so parts are fewer, and read fewer times."""


def has_plenty(workers: int) -> bool:
    """Return True if so many processes can keep their memory, which saves a fifth of a task's time."""
    return free_megabytes() > workers * _PLENTY_MEGABYTES


def slice_points(workers: int) -> int:
    """Points that each of so many processes computes at once: all of a task (0) where memory is plenty,
    which is faster; there a busy link may take more of it than on the nodes."""
    return 0 if has_plenty(workers) else SLICE_POINTS


class HeadProcesses:
    """Processes of the head, which end with `close`, with an accident, or once the `cluster` takes over.

    The first ones are forked here, so before PySpark is imported: it has threads and connections of its own.
    Not `forked`, or when they `begin` again, they take a second longer. `tasks` counts what they did;
    `working` says whether they may be given some.
    """

    def __init__(self, workers: int, cluster: str, forked: bool = True) -> None:
        self.workers, self.tasks, self.working = workers, 0, False
        self._cluster = cluster
        self._beginnings = self._accidents = 0
        self._processes: Optional[ProcessRunner] = None
        self.begin(forked)

    @property
    def spent(self) -> bool:
        """True once they began or died too often to be begun again while the cluster may do the work."""
        return self._accidents > 1 or self._beginnings >= _BEGINNINGS

    def begin(self, forked: bool = False) -> None:
        """Have processes; where they cannot be had nothing is `working`."""
        from .processes import ProcessRunner  # noqa: PLC0415  (needs the packages)

        if self.working:
            return
        self._beginnings += 1
        try:
            self._processes = ProcessRunner(self.workers, forked)
            self.working = True
        except OSError as error:  # no memory for them
            log.warning("The head has no processes: %s", error)

    def carry_out(
        self,
        items: Sequence[tuple[int, bytes]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        tick: Callable[[], None],
        enough: Callable[[], bool],
    ) -> None:
        """Do tasks one after the other until there is `enough`; `take` gets the report of each that is done.

        A task that failed for reasons of this computer or of the moment is not reported: it is left to the
        cluster, like those that were not begun.
        """

        def done(report: Report) -> None:
            message, detail, again = report.error
            if again:
                log.warning("The head leaves a task to %s: %s %s", self._cluster, message, detail)
                self.working = False
            else:
                self.tasks += 1
                take([report])

        def over() -> bool:
            self.working = self.working and not enough()
            return not self.working

        if self._processes is None:
            return
        try:
            self._processes.spread(
                _attempt_or_leave, items, self._own(function), done, lambda *_: tick(), over
            )
        except WorkerDied as error:
            log.warning(
                "A process of the head ended in the middle of a task; %s does the rest. %s",
                self._cluster,
                error,
            )
            self._accidents += 1
            self.workers = max(self.workers // 2, 1)  # most often there was not the memory for so many
            self.working = False
        if not self.working:
            log.info("The head did %d tasks; from here on %s does them", self.tasks, self._cluster)
            self.close()

    def carry_out_all(
        self,
        items: Sequence[tuple[int, bytes]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        tick: Callable[[], None],
    ) -> None:
        """Do tasks that only the head can do; `take` gets the report of each. Raises `WorkerDied`."""

        def done(report: Report) -> None:
            self.tasks += 1
            take([report])

        self.begin()
        if self._processes is None:
            raise WorkerDied("The head has no memory for another process. Close other programs; run again.")
        self._processes.spread(_attempt_or_raise, items, self._own(function), done, lambda *_: tick())

    def close(self) -> None:
        """End the processes and free their memory."""
        self.working = False
        if self._processes is not None:
            self._processes.close()
            self._processes = None

    def _own(self, function: TaskFunction) -> TaskFunction:
        """Return the function with attempts that are none of the cluster's, nor of processes that ended."""
        return replace(function, before=MAX_ATTEMPTS - self._beginnings)


def _attempt_or_leave(item: tuple[int, bytes], function: TaskFunction) -> Report:
    try:
        return function.attempt(item)
    except Exception as error:  # noqa: BLE001  (the cluster does the task again, and reports a failure)
        return Report(item[0], error=("It failed here.", repr(error), True))


def _attempt_or_raise(item: tuple[int, bytes], function: TaskFunction) -> Report:
    return function.attempt(item)
