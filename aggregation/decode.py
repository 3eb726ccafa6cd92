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
from .sorting import order_by
from .spec import FieldMapping
from .storage import TripFile
from .times import MICROSECONDS, NO_TIME
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
    """Points sorted by bucket, link and time, as columns of the point store; there is at least one.

    A vehicle stays on a link for many points, so links are ranked by traversal and not by point.
    """
    starts = np.flatnonzero(np.concatenate([[True], link_id[1:] != link_id[:-1]]))
    lengths = np.diff(np.append(starts, len(link_id)))
    links, of_run = np.unique(link_id[starts], return_inverse=True)
    buckets = bucket_of(links)
    rank = np.empty(len(links), dtype=np.int64)
    by_bucket = order_by(buckets, np.arange(len(links)))
    rank[by_bucket] = np.arange(len(links))
    order = order_by(np.repeat(rank[of_run], lengths), _ticks(time))
    counts = np.bincount(np.repeat(rank[of_run], lengths), minlength=len(links))
    return {
        "bucket": np.repeat(buckets[by_bucket], counts),
        "link_id": np.repeat(links[by_bucket], counts),
        "time": time[order],
        "speed": speed[order],
        "file": file[order],
    }


def _ticks(time: NDArray[np.int64]) -> NDArray[np.int64]:
    """Times as small numbers in the same order: since the first, in whole seconds where all are whole."""
    given = time != NO_TIME
    if not given.any():
        return np.zeros(len(time), dtype=np.int64)
    first = time[given].min()
    ticks = np.where(given, time - first + MICROSECONDS, 0)
    seconds = ticks // MICROSECONDS
    return seconds if np.array_equal(seconds * MICROSECONDS, ticks) else ticks


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
