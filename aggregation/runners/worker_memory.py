"""Memory that a worker process takes, and what it therefore does at once: one rule for all runners.

A worker asks its own computer when a task begins, so that each node of a cluster works with what it has, and
results do not depend on it. Half of the memory that is free is shared by the processes that may work there.
A board of 1 GB has too little to share: there, and where nothing is known, a worker stays below 150 MB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .head_capacity import WORKER_MEGABYTES, free_megabytes, usable_cores
from .memory import give_back, held_memory, keep_freed

if TYPE_CHECKING:
    from ..store.decode import DecodeContext
    from ..summary.summarise import SummaryContext

START_MEGABYTES = 60
"""Memory of a worker before its first task: Python, the packages, DuckDB."""

SPARK_START_MEGABYTES = 112
"""Memory of a worker with PySpark before its first task."""

MOST_MEGABYTES = 2000
"""Memory beyond which nothing gets faster."""

SIZE = re.compile(r"([1-9]\d{0,6})([mg])")
SIZE_WHAT = f"a size such as 500m or 2g, of at least {WORKER_MEGABYTES}m"

_SCARCE_MEGABYTES = 250
"""Share of a worker below which the memory is that of a small board."""

_PLENTY_MEGABYTES = 400
"""Memory from which on a worker keeps freed memory, and what it knows of files, for its next task."""

_DUCKDB_MEGABYTES = 96


@dataclass(frozen=True)
class Bounds:
    """Bounds of what a worker that takes `megabytes` does at once.

    It holds about `part_points` while decoding, and computes `slice_points` of a summary at once, beyond
    which they wait in files; DuckDB takes up to `duckdb_megabytes` of it. If it `keeps_memory`, it does not
    return freed memory to the system between tasks.
    """

    megabytes: int
    part_points: int
    slice_points: int
    duckdb_megabytes: int
    keeps_memory: bool

    def decoding(self, context: DecodeContext) -> DecodeContext:
        """Return the context of a decode task within the bounds; less may have been asked for."""
        return replace(context, part_points=min(self.part_points, context.part_points or self.part_points))

    def summarising(self, context: SummaryContext) -> SummaryContext:
        """Return the context of a summary task within the bounds; less may have been asked for."""
        at_once = min(self.slice_points, context.slice_points or self.slice_points)
        return replace(context, slice_points=at_once)

    def begin(self) -> None:
        """Prepare this process for a task."""
        if self.keeps_memory:
            keep_freed()
        else:
            give_back()

    def end(self) -> None:
        """Return freed memory unless it is kept."""
        if not self.keeps_memory:
            give_back()


def megabytes_of(size: str) -> int:
    """Return the MB of a size such as `500m` or `2g`; raises `ValueError` for another text, and below 150."""
    match = SIZE.fullmatch(size)
    megabytes = int(match[1]) * (1000 if match[2] == "g" else 1) if match else 0
    if megabytes < WORKER_MEGABYTES:
        raise ValueError(f"{size!r} is not {SIZE_WHAT}")
    return megabytes


def bounds(megabytes: int, start: int = SPARK_START_MEGABYTES) -> Bounds:
    """Return what a worker does at once that has `start` MB before its first task and may take `megabytes`.

    Measured in the tests of a worker's memory: a task takes some 18 MB, and 400 bytes for each point of a
    slice that is computed; when it decodes, 23 MB and 170 bytes for each point of a part.
    """
    room = max(megabytes, WORKER_MEGABYTES) - start
    return Bounds(
        megabytes,
        part_points=(room - 23) * 6000,
        slice_points=(room - 18) * 2500,
        duckdb_megabytes=max(_DUCKDB_MEGABYTES, room // 2),
        keeps_memory=megabytes >= _PLENTY_MEGABYTES,
    )


@dataclass(frozen=True)
class WorkerMemory:
    """Memory of workers, as far as it is known before they begin.

    `sharing` is the number of processes that share a computer (0: one for each of its cores), `most` the MB
    that one may take at most (0: what its computer has), `start` what it has before its first task.
    """

    sharing: int = 0
    most: int = 0
    start: int = SPARK_START_MEGABYTES

    def bounds(self) -> Bounds:
        """Return the bounds of this process, by the memory of its computer now."""
        megabytes = megabytes_of_each(
            free_megabytes(), held_memory(), self.sharing or usable_cores(), self.start
        )
        return bounds(min(megabytes, self.most or megabytes), self.start)


def megabytes_of_each(free: float, held: float, sharing: int, start: int) -> int:
    """Return the MB that a process may take, of which it holds some, with `free` MB for `sharing` ones."""
    kept = max(held - start, 0.0)  # for the next task, if there was one
    found = int(start + (kept + free / sharing) / 2)
    return min(found, MOST_MEGABYTES) if found >= _SCARCE_MEGABYTES else WORKER_MEGABYTES
