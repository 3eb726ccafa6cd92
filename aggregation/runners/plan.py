"""Planning of a run: division of both steps into tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from ..storage import TripFile, TripFiles
from ..store.decode import DecodeTask
from ..store.file_numbers import PAGE
from ..store.order import BUCKETS
from ..summary.summarise import SummaryTask
from ..trips.readers.stretches import Stretch

POINTS_PER_TASK = 4_000_000
"""Most points of a summary task: those beyond a worker's memory wait in a file, 28 bytes each."""

LEAST_POINTS = 400_000
"""Points of a summary task that are worth one more, which opens every part of the store."""

MIN_TASK_BYTES, MAX_TASK_BYTES = 4 << 20, 160 << 20
TASKS_PER_WORKER = 4

MAX_TASK_FILES = 2000
"""Maximum number of files of a decode task, which holds about 3 kB for each while it reads them."""


LEAST_STRETCH = 16 << 20
"""Work of a stretch of a large file that is worth a task of its own."""


def work_of(file: TripFile) -> int:
    """Return the work of a file in bytes of JSON: at least 32 KiB, the cost of opening it."""
    return max(file.size, 32 << 10) * (8 if file.path.lower().endswith(_PACKED) else 1)


_PACKED = (".gz", ".parquet")


def work_of_task(task: DecodeTask) -> float:
    """Return the work of the files of a task, or of its stretch of one."""
    return sum(map(work_of, task.files)) / (task.stretch.of if task.stretch else 1)


def decode_tasks(
    files: Sequence[TripFile],
    workers: int,
    max_bytes: Optional[int] = None,
    may_be_cut: Callable[[str], bool] = lambda path: False,
) -> list[DecodeTask]:
    """Divide files into tasks, a few per worker, of at most `max_bytes` (default `MAX_TASK_BYTES`) each.

    A task has at most `MAX_TASK_FILES` files. Sizes are about equal, except that the last tasks become
    smaller, so that all workers finish at about the same time. A larger file that `may_be_cut`, by its path,
    is divided into stretches.
    """
    left = sum(map(work_of, files))
    task_bytes = left // max(workers * TASKS_PER_WORKER, 1) + 1
    most = limit = min(max(task_bytes, MIN_TASK_BYTES), max_bytes or MAX_TASK_BYTES)
    least = max(most // 4, MIN_TASK_BYTES)
    tasks: list[DecodeTask] = []
    held: list[TripFile] = []
    first, weight = 0, 0
    for file in files:
        size = work_of(file)
        n = -(-size // max(limit, LEAST_STRETCH)) if workers > 1 and may_be_cut(file.path) else 1
        if n > 1:
            if held:
                tasks.append(DecodeTask(len(tasks), first, TripFiles(held)))
            first += len(held)
            for number in range(n):
                stretch = Stretch(number, n)
                tasks.append(DecodeTask(len(tasks), first + number, TripFiles([file]), stretch=stretch))
            left -= weight + size
            first, weight, held = first + n, 0, []
            continue
        if held and (weight + size > limit or len(held) == MAX_TASK_FILES):
            tasks.append(DecodeTask(len(tasks), first, TripFiles(held)))
            left -= weight
            limit = min(max(left // max(2 * workers, 1), least), most)
            first, weight, held = first + len(held), 0, []
        weight += size
        held.append(file)
    if held:
        tasks.append(DecodeTask(len(tasks), first, TripFiles(held)))
    return _with_numbers(tasks)


def _with_numbers(tasks: list[DecodeTask]) -> list[DecodeTask]:
    """Give tasks parts beyond their first, and numbers for the trips beyond the first of a file.

    What is left of int32 is divided by the work.
    """
    ends = np.cumsum([0, *map(work_of_task, tasks)], dtype=np.float64)
    first = -(-sum(len(task.files) for task in tasks) // PAGE)
    bounds = (first + ((2**31 - 1) // PAGE - first) * ends / max(ends[-1], 1.0)).astype(np.int64) * PAGE
    return [
        replace(task, step=len(tasks), further=(int(begin), int(end)))
        for task, begin, end in zip(tasks, bounds, bounds[1:])
    ]


def summary_tasks(n_points: int, workers: int = 1, per_task: Optional[int] = None) -> list[SummaryTask]:
    """Divide the buckets into about equal ranges: a few per worker, if they have `LEAST_POINTS`.

    None has more than about `per_task` points (default `POINTS_PER_TASK`). The number of tasks that each open
    all parts does not grow with few points more. The result does not depend on the division, as its rows are
    merged by link id.
    """
    few = min(workers * TASKS_PER_WORKER, -(-n_points // LEAST_POINTS))
    n = min(max(few, -(-n_points // (per_task or POINTS_PER_TASK)), 1), BUCKETS)
    bounds = [i * BUCKETS // n for i in range(n + 1)]
    return [SummaryTask(i, bounds[i], bounds[i + 1], n_points // n) for i in range(n)]
