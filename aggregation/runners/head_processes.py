"""Worker processes of the head node, which work from the start of a run, alone or beside a cluster's nodes.

Spark needs some ten seconds before the first executor works. Tasks that the head has done by then are not
repeated, and a small run finishes without the cluster. Where the nodes have the head's cores, its processes
end once they work. If the cluster is lost, or has no nodes for long, the processes are started again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from ..contract.errors import WorkerDied
from .node_tasks import MAX_ATTEMPTS, Report, TaskFunction

if TYPE_CHECKING:
    from .processes import ProcessRunner, Spreading

log = logging.getLogger(__name__)

TICK = 0.2
_BEGINNINGS = 20

TASK_BYTES = 96 << 20
"""Bytes of trips per task: few enough that the cluster does not wait long for the head's last tasks."""


_Shared = tuple[list[tuple[int, bytes]], TaskFunction, Callable[[list[Report]], None], bool]


class HeadProcesses:
    """Worker processes of the head, which end with `close`, when one dies, or after `stop`.

    If `forked`, the processes are forked by the constructor, before PySpark is imported with its threads and
    connections. Otherwise, and when started again, they take a second longer. `cluster` is the cluster's name
    for the log, `tasks` the number of finished tasks; `working` is True while the processes accept tasks.
    """

    def __init__(self, workers: int, cluster: str, forked: bool = True) -> None:
        self.workers, self.tasks, self.working = workers, 0, False
        self._cluster = cluster
        self._beginnings = self._accidents = 0
        self._processes: Optional[ProcessRunner] = None
        self._step: Optional[Spreading] = None
        self._shared: Optional[_Shared] = None
        self.begin(forked)

    @property
    def exhausted(self) -> bool:
        """True if they have started or died too often to be started again while the cluster may work."""
        return self._accidents > 1 or self._beginnings >= _BEGINNINGS

    def begin(self, forked: bool = False) -> None:
        """Start the processes unless they run; if that fails, `working` stays False."""
        from .processes import ProcessRunner  # noqa: PLC0415  (needs the packages)

        if self._processes is not None:
            self.working = True
            return
        self._beginnings += 1
        try:
            self._processes = ProcessRunner(self.workers, forked)
            self.working = True
            self._take_up()
        except OSError as error:  # no memory for them
            log.warning("The head has no processes: %s", error)

    def take_from(
        self,
        queue: list[tuple[int, bytes]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        raises: bool = False,
    ) -> None:
        """Take tasks from the end of `queue` from now on, at each `advance`; call `take` with each report.

        Tasks that fail for local or transient reasons are put back and left to the cluster, unless `raises`.
        """
        self._shared = queue, function, take, raises
        self._take_up()

    def advance(self, seconds: float) -> bool:
        """Carry on for up to `seconds`; return False if no task was running, and after an accident.

        If a process dies, tasks that were begun return to the queue, and `working` is False.
        """
        if self._step is None:
            return False
        ahead = 1 if seconds else self.workers  # without waiting, it may be a while until the next call
        try:
            if self._step.advance(seconds, ahead if self.working else -1):
                return True
        except WorkerDied as error:
            log.warning(
                "A process of the head ended in the middle of a task; %s does the rest. %s",
                self._cluster,
                error,
            )
            self._step.give_up()
            self._accidents += 1
            self.workers = max(self.workers // 2, 1)  # most often memory was too small
            self.working = False
        if not self.working:
            log.info("The head did %d tasks; from here on %s does them", self.tasks, self._cluster)
            self.close()
        return False

    def _take_up(self) -> None:
        """Have the processes that there are now take shared tasks."""
        from .processes import Spreading  # noqa: PLC0415  (needs the packages)

        if self._processes is None or self._shared is None:
            return
        queue, function, take, raises = self._shared

        def done(item: tuple[int, bytes], report: Report) -> None:
            message, detail, again = report.error
            if again and not raises:
                log.warning("The head leaves a task to %s: %s %s", self._cluster, message, detail)
                queue.append(item)
                self.stop()
            else:
                self.tasks += 1
                take([report])

        attempt = _attempt_or_raise if raises else _attempt_or_leave
        self._step = Spreading(self._processes, attempt, queue, self._own(function), done)

    def stop(self) -> None:
        """Begin no more tasks; the processes end at the `advance` that finds none running."""
        self.working = False

    def carry_out_all(
        self,
        queue: list[tuple[int, bytes]],
        function: TaskFunction,
        take: Callable[[list[Report]], None],
        tick: Callable[[], None],
    ) -> None:
        """Carry out all tasks without the cluster; call `take` with each report. Raises `WorkerDied`."""
        self.begin()
        if self._processes is None:
            raise WorkerDied("The head has no memory for another process. Close other programs; run again.")
        self.take_from(queue, function, take, raises=True)
        if self._step is None:
            return
        try:
            while self._step.advance(TICK):
                tick()
            tick()
        except WorkerDied:
            tick()  # raises if the run was cancelled, which ends workers too
            raise

    def close(self) -> None:
        """End the processes and free their memory."""
        self.working = False
        self._step = None
        if self._processes is not None:
            self._processes.close()
            self._processes = None

    def _own(self, function: TaskFunction) -> TaskFunction:
        """Return the function with an attempt number that neither the cluster nor ended processes use."""
        return replace(function, before=MAX_ATTEMPTS - self._beginnings)


def _attempt_or_leave(item: tuple[int, bytes], function: TaskFunction) -> Report:
    try:
        return function.attempt(item)
    except Exception as error:  # noqa: BLE001  (the cluster repeats the task, and reports errors)
        return Report(item[0], error=("It failed here.", repr(error), True))


def _attempt_or_raise(item: tuple[int, bytes], function: TaskFunction) -> Report:
    return function.attempt(item)
