"""Runner on worker processes of this computer."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any, Optional

from ..contract.errors import WorkerDied
from ..storage import Place
from ..storage.local import scratch
from ..storage.local.database import limit_memory
from ..store.decode import DecodeContext, DecodeTask, decode
from ..store.point_store import FileRecord
from ..summary.counts import SummaryReport
from ..summary.summarise import SummaryContext, SummaryTask, summarise
from . import Tick
from .memory import keep_freed, peak_memory
from .worker_memory import START_MEGABYTES, Bounds, WorkerMemory

TICK = 0.2
_ENDING = 5.0  # seconds to wait for a worker that is asked to end
_counters: Any = None  # files, bytes, points, peak memory; shared by worker and parent


class ProcessRunner:
    """Distributes tasks to `workers` processes, which end with this one.

    If not `forked`, they are spawned, which is slower but safe in a process with threads. Each takes up to
    `most_megabytes` of memory (0: what the computer has for it).
    """

    task_bytes: Optional[int] = None
    task_points: Optional[int] = None
    waiting = remark = ""

    def __init__(self, workers: int, forked: bool = True, most_megabytes: int = 0) -> None:
        self.workers = max(workers, 1)
        self._memory = WorkerMemory(self.workers, most_megabytes, START_MEGABYTES)
        # Forking is fast, and safe while this process has neither threads nor DuckDB. So all workers are
        # forked here, by a first task that does nothing.
        method = "fork" if forked and sys.platform.startswith("linux") else "spawn"
        context = multiprocessing.get_context(method)
        self._counters = context.Array("q", 5)
        self._pool = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_begin, initargs=(self._counters, os.getpid())
        )
        self._pool.submit(os.getpid)

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """See `Runner.decode`."""
        own = [replace(task, step=len(tasks)) for task in tasks]
        self.spread(_decode, own, (context, self._memory), done, tick)

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """See `Runner.summarise`."""
        self.spread(_summarise, tasks, (context, self._memory), done, tick)

    def check(self) -> None:
        """See `Runner.check`; failures are raised by the steps themselves."""

    def describe(self) -> dict[str, Any]:
        """See `Runner.describe`."""
        peak, bound = list(self._counters.get_obj())[3:]
        return {"kind": "processes", "worker_memory_mb": peak / 1e3, "worker_bound_mb": bound}

    def close(self) -> None:
        """End the workers, in the middle of a task if need be."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        workers = multiprocessing.active_children()
        for process in workers:
            process.terminate()
        for process in workers:
            process.join(_ENDING)

    def spread(
        self,
        step: Callable[..., Any],
        tasks: Sequence[Any],
        context: Any,
        done: Callable[[Any], None],
        tick: Tick,
    ) -> None:
        """Call `step` with each task and the context, and `done` with each return value, in any order.

        Raises `WorkerDied`, and the first error of a task.
        """
        spreading = Spreading(self, step, list(reversed(tasks)), context, lambda _, result: done(result))
        try:
            while spreading.advance(TICK):
                tick(*self._counted())
            tick(*self._counted())
        except WorkerDied:
            tick(*self._counted())  # raises if the run was cancelled, which ends workers too
            raise

    def submit(self, step: Callable[..., Any], task: Any, context: Any) -> Future[Any]:
        """Have a process call `step` with a task and the context."""
        return self._pool.submit(step, task, context)

    def _counted(self) -> list[int]:
        """Return files, bytes and points so far, without the lock, which a killed worker may hold."""
        return list(self._counters.get_obj())[:3]


class Spreading:
    """Tasks of one step on the processes of a runner, carried out a moment at a time by `advance`.

    `queue` are the tasks that were not begun, the first one last; others may take from it and add to it.
    `running` are those that were begun and have not ended. `done` is called
    with a task and what `step` returned for it and the context.
    """

    def __init__(
        self,
        runner: ProcessRunner,
        step: Callable[..., Any],
        queue: list[Any],
        context: Any,
        done: Callable[[Any, Any], None],
    ) -> None:
        self.running: dict[Future[Any], Any] = {}
        self._runner, self._step, self._queue, self._context = runner, step, queue, context
        self._done = done

    def advance(self, seconds: float, ahead: int = 1) -> bool:
        """Begin tasks, wait up to `seconds` for one to end, and call `done` for those that did.

        `ahead` tasks more than there are processes are begun; none at all if it is negative. Returns False if
        no task was running. Raises `WorkerDied`, and the first error of a task.
        """
        try:
            while ahead >= 0 and self._queue and len(self.running) < self._runner.workers + ahead:
                task = self._queue.pop()
                try:
                    self.running[self._runner.submit(self._step, task, self._context)] = task
                except BaseException:
                    self._queue.append(task)
                    raise
            if not self.running:
                return False
            finished, _ = wait(self.running, timeout=seconds, return_when=FIRST_COMPLETED)
            for future in finished:
                result = future.result()
                self._done(self.running.pop(future), result)
        except BrokenProcessPool as error:
            raise WorkerDied(
                "A worker process ended unexpectedly, most often because the computer ran out of memory. "
                "Nothing was lost; run again with fewer workers.",
                repr(error),
            ) from error
        return True

    def give_up(self) -> None:
        """Put the tasks that were begun and have not ended back into the queue."""
        self._queue.extend(self.running.values())
        self.running.clear()


def _begin(counters: Any, parent: int) -> None:
    """Set up a worker: counters, signals, and a thread that exits with the parent."""
    global _counters  # noqa: PLW0603  (one per process, set once)
    _counters = counters
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    keep_freed()
    if os.name == "posix":
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _decode(task: DecodeTask, given: tuple[DecodeContext, WorkerMemory]) -> list[FileRecord]:
    context, memory = given
    bounds = _begin_task(memory, context.store.root)
    try:
        return decode(task, bounds.decoding(context), _count)
    finally:
        _end_task(bounds)


def _summarise(task: SummaryTask, given: tuple[SummaryContext, WorkerMemory]) -> SummaryReport:
    context, memory = given
    bounds = _begin_task(memory, context.store.root)
    try:
        return summarise(task, bounds.summarising(context))
    finally:
        _end_task(bounds)


def _begin_task(memory: WorkerMemory, store: Place) -> Bounds:
    bounds = memory.bounds()
    bounds.begin()
    limit_memory(bounds.duckdb_megabytes, bounds.keeps_memory and store.is_local)
    return bounds


def _end_task(bounds: Bounds) -> None:
    scratch.clear()  # the pool kills its workers
    with _counters.get_lock():
        _counters[3] = max(_counters[3], int(peak_memory() * 1000))
        _counters[4] = min(_counters[4] or bounds.megabytes, bounds.megabytes)


def _count(files: int, size: int, points: int) -> None:
    with _counters.get_lock():
        for i, amount in enumerate((files, size, points)):
            _counters[i] += amount
