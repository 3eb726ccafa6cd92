"""Planning of a run: selection of new trip files, and division of both steps into tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract.errors import RunError
from ..contract.spec import MAX_TRIP_MEGABYTES
from ..storage import TripFile, TripFiles
from ..store.decode import DecodeTask
from ..store.order import BUCKETS
from ..store.point_store import FileRecord, PointStore
from ..summary.summarise import SummaryTask

POINTS_PER_TASK = 800_000
"""Average number of points of a summary task, which holds about 100 bytes for each."""

MIN_TASK_BYTES, MAX_TASK_BYTES = 4 << 20, 160 << 20
TASKS_PER_WORKER = 4

MAX_TASK_FILES = 2000
"""Maximum number of files of a decode task, which holds about 3 kB for each while it reads them."""


@dataclass
class Selection:
    """The trip files that a run counts: those to decode (`new`), and records of each ingest that count.

    `sizes` are the points in the ingests that were looked at.
    """

    records: dict[str, list[FileRecord]] = field(default_factory=dict)
    new: list[TripFile] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def take(self, ingest: str, records: Iterable[FileRecord]) -> None:
        """Add records of an ingest."""
        self.records.setdefault(ingest, []).extend(records)

    @property
    def everything(self) -> list[FileRecord]:
        """Return all records that count, sorted by path."""
        found = [record for records in self.records.values() for record in records]
        return sorted(found, key=lambda record: record.path)

    def parts(self) -> dict[str, list[int]]:
        """Return for each ingest the parts with points of this run."""
        return {
            ingest: sorted({record.part for record in records if record.counted})
            for ingest, records in self.records.items()
            if any(record.counted for record in records)
        }

    def trips(self) -> dict[str, NDArray[np.int32]]:
        """Return for each ingest an array of trip indices by file number (-1: does not count).

        A file is a trip of its own unless it names one; files that name the same trip are parts of it.
        """
        index: dict[tuple[bool, str], int] = {}
        trips = {}
        for ingest in self.parts():
            records = self.records[ingest]
            of_file = np.full(max(record.number for record in records) + 1, -1, dtype=np.int32)
            for record in records:
                key = (bool(record.trip_id), record.trip_id or record.path)
                of_file[record.number] = index.setdefault(key, len(index))
            trips[ingest] = of_file
        return trips


def select(
    files: Sequence[TripFile],
    store: PointStore,
    progress: Optional[Callable[[], None]] = None,
    limit: int = MAX_TRIP_MEGABYTES << 20,
) -> Selection:
    """Find which of `files` the store has in the same version; the others are new.

    If several ingests have a file, the oldest counts. Files with transient faults are new, and so are those
    for which another `limit` on their size in bytes may change the result.
    """
    wanted = {(storage.printable(file.path), file.size, file.version): file for file in files}
    selection = Selection()
    n_points = 0

    def counts(record: FileRecord) -> bool:
        nonlocal n_points
        n_points += record.counted
        key = (record.path, record.size, record.version)
        return _counts(record, limit) and wanted.pop(key, None) is not None

    for ingest in store.ingests():
        if not wanted:
            break
        n_points = 0
        found = store.read_files(ingest, counts)
        selection.sizes[ingest] = n_points
        if found:
            selection.take(ingest, found)
        if progress:
            progress()
    selection.new = sorted(wanted.values(), key=lambda file: file.path)
    return selection


def known_files(
    store: PointStore,
    progress: Optional[Callable[[], None]] = None,
    limit: int = MAX_TRIP_MEGABYTES << 20,
) -> Callable[[TripFile], bool]:
    """Return a predicate that is True for files that `select` would find in the store.

    It holds one number per stored file instead of names, for callers that do not hold a list of all files.
    """
    held: set[int] = set()

    def note(record: FileRecord) -> bool:
        if _counts(record, limit):
            held.add(hash((record.path, record.size, record.version)))
        return False

    for ingest in store.ingests():
        try:
            store.read_files(ingest, note)
        except RunError:
            if store.files_table(ingest).exists():
                raise  # otherwise it was merged with others meanwhile
        if progress:
            progress()
    return lambda file: hash((storage.printable(file.path), file.size, file.version)) in held


def _counts(record: FileRecord, limit: int) -> bool:
    """Return True if a stored record counts: it has no transient fault, and the limit does not matter."""
    return not record.passing and _holds(record, limit)


def _holds(record: FileRecord, limit: int) -> bool:
    """Return True if a file read under the record's limit has the same result under `limit`."""
    too_large = record.reason == "too_large"
    return record.limit == limit or (record.limit > limit if too_large else record.limit < limit)


def work_of(file: TripFile) -> int:
    """Return the work of a file in bytes of JSON: at least 32 KiB, the cost of opening it."""
    return max(file.size, 32 << 10) * (8 if file.path.lower().endswith(".gz") else 1)


def decode_tasks(
    files: Sequence[TripFile], workers: int, max_bytes: Optional[int] = None
) -> list[DecodeTask]:
    """Divide files into tasks, a few per worker, of at most `max_bytes` (default `MAX_TASK_BYTES`) each.

    A task has at most `MAX_TASK_FILES` files. Sizes are about equal, except that the last tasks become
    smaller, so that all workers finish at about the same time.
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
        if held and (weight + size > limit or len(held) == MAX_TASK_FILES):
            tasks.append(DecodeTask(len(tasks), first, TripFiles(held)))
            left -= weight
            limit = min(max(left // max(2 * workers, 1), least), most)
            first, weight, held = first + len(held), 0, []
        weight += size
        held.append(file)
    if held:
        tasks.append(DecodeTask(len(tasks), first, TripFiles(held)))
    return tasks


def summary_tasks(n_points: int, per_task: Optional[int] = None) -> list[SummaryTask]:
    """Divide the buckets into equal ranges of at most about `per_task` points (default `POINTS_PER_TASK`).

    The result does not depend on the division, as its rows are merged by link id.
    """
    n = 1
    while n < BUCKETS and n * (per_task or POINTS_PER_TASK) < n_points:
        n *= 2
    width = BUCKETS // n
    return [SummaryTask(i, i * width, (i + 1) * width) for i in range(n)]
