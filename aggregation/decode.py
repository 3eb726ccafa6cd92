"""Step 1, decode: a share of the trip files to one part of the point store.

A plain function over paths that may run anywhere, and twice: it writes the same part again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import points, storage, values
from .errors import BadTripFile, RunError
from .points import FileRecord, PointStore, bucket_of
from .spec import FieldMapping
from .storage import TripFile
from .trips import Points, TripDecoder

Columns = dict[str, NDArray[Any]]
Progress = Callable[[int, int, int], None]
"""Told files, bytes and points done since it was last called."""


@dataclass(frozen=True)
class DecodeTask:
    """Trip files that go into part `part`; they are numbered from `first_number` on."""

    part: int
    first_number: int
    files: tuple[TripFile, ...]


@dataclass(frozen=True)
class DecodeContext:
    """What all decode tasks of a run share."""

    store: PointStore
    ingest: str
    mapping: FieldMapping
    max_bytes: int
    stop_at_bad_file: bool


def decode(task: DecodeTask, context: DecodeContext, progress: Progress) -> list[FileRecord]:
    """Read the task's files, write their points as one part, and report on every file.

    A bad file is reported and passed over; with `stop_at_bad_file` it raises `RunError` instead.
    """
    decoder = TripDecoder(context.mapping, context.max_bytes)
    records, decoded, numbers = [], [], []
    for number, file in enumerate(task.files, start=task.first_number):
        record = FileRecord(number, task.part, storage.printable(file.path), file.size, file.version)
        try:
            trip = decoder.decode(storage.read_trip(file, context.max_bytes))
        except BadTripFile as error:
            if context.stop_at_bad_file:
                raise RunError(
                    f"Stopped at a bad trip file, as asked: {record.path}: {error.message}. "
                    "Mend or remove it, or let the run pass over bad files."
                ) from error
            record.reason, record.message, record.passing = error.reason, error.message, error.passing
            trip = None
        if trip is not None:
            _describe(record, trip)
            decoded.append(trip)
            numbers.append(number)
        records.append(record)
        progress(1, file.size, record.points)
    if any(len(trip.link_id) for trip in decoded):
        columns = in_order(
            np.concatenate([trip.link_id for trip in decoded]),
            np.concatenate([trip.time for trip in decoded]),
            np.concatenate([trip.speed for trip in decoded]),
            np.repeat(np.array(numbers, dtype=np.int32), [len(trip.link_id) for trip in decoded]),
        )
        decoded.clear()
        context.store.write_part(context.ingest, task.part, columns)
    return records


def _describe(record: FileRecord, trip: Points) -> None:
    record.points, record.counted = trip.read, len(trip.link_id)
    record.trip_id, record.fields = trip.trip_id or "", trip.fields
    record.faults = tuple(trip.faults.get(fault, 0) for fault in points.FAULTS)


def in_order(
    link_id: NDArray[np.int64], time: NDArray[np.int64], speed: NDArray[np.float64], file: NDArray[np.int32]
) -> Columns:
    """Points sorted by bucket, link and time, as columns of the point store.

    A vehicle stays on a link for many points, so whole traversals are sorted first, and only where the
    traversals of several vehicles overlap are their points sorted one by one.
    """
    starts = np.flatnonzero(np.concatenate([[True], (link_id[1:] != link_id[:-1]) | (file[1:] != file[:-1])]))
    lengths = np.diff(np.append(starts, len(link_id)))
    links = link_id[starts]
    buckets = bucket_of(links)
    order = np.lexsort((time[starts], links, buckets))
    lengths, first = lengths[order], starts[order]
    ends = np.cumsum(lengths)
    gather = np.repeat(first - (ends - lengths), lengths) + np.arange(len(link_id))
    link_id, time = link_id[gather], time[gather]
    late = (time[1:] < time[:-1]) & (link_id[1:] == link_id[:-1])
    if late.any():
        gather, link_id, time = _by_time(gather, link_id, time, late)
    return {
        "bucket": np.repeat(buckets[order], lengths),
        "link_id": link_id,
        "time": time,
        "speed": speed[gather],
        "file": file[gather],
    }


def _by_time(
    gather: NDArray[np.int64], link_id: NDArray[np.int64], time: NDArray[np.int64], late: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sort the points of every link by time, given that links are together already."""
    rank = np.cumsum(np.concatenate([[False], link_id[1:] != link_id[:-1]]))
    affected = np.zeros(int(rank[-1]) + 1, dtype=bool)
    affected[rank[1:][late]] = True
    rows = np.flatnonzero(affected[rank])
    order = rows[np.lexsort((time[rows], rank[rows]))]
    gather, time = gather.copy(), time.copy()
    gather[rows], time[rows] = gather[order], time[order]
    return gather, link_id, time


def faults_of(records: list[FileRecord]) -> dict[str, int]:
    """Sum of the faults of files, by reason; reasons that did not occur are left out."""
    sums = np.zeros(len(points.FAULTS), dtype=np.int64)
    for record in records:
        sums += record.faults
    return {name: int(n) for name, n in zip(points.FAULTS, sums) if n}


def unusable(records: list[FileRecord], mapping: FieldMapping) -> str:
    """Why no point of any file could be used, naming fields; empty where one could."""
    read = [record for record in records if record.points]
    if not read or any(record.counted for record in read):
        return ""
    faults = faults_of(read)
    worst = max((f for f in faults if f in values.POINT_REASONS), key=lambda f: faults[f], default="")
    return (
        f"None of the {sum(r.points for r in read):,} points can be used: "
        f"{values.REASON_TEXTS.get(worst, '')}. "
        f"The field mapping expects link id '{mapping.link_id}' and speed '{mapping.speed}'; "
        f"a point of {read[0].path} has: {read[0].fields}. Correct the field mapping and run again."
    )
