"""Step 1, decode: some trip files to parts of the point store.

A plain function over paths that may run on any computer, and is idempotent: it writes the same parts again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract.errors import BadTripFile, RunError
from ..contract.link_ids import LinkTexts
from ..contract.s3_access import S3Access
from ..contract.spec import DecodeRules
from ..storage import TripContent, TripFile
from ..storage.spill import Spill, spill
from ..trips.decoder import Points, TripDecoder
from ..trips.large_files import decode_large, unpacked
from ..trips.trip_json import GZIP
from . import point_store
from .order import Columns, sorted_by_link
from .point_store import FileRecord, PointStore
from .position_speeds import take_speeds, take_speeds_of_rows
from .traversals import long_traversals, traversals_of
from .trimming import trimmed
from .trip_ends import ends_of, ends_of_portions

_ROW = np.dtype(
    [
        ("link_id", np.int64), ("time", np.int64), ("speed", np.float64), ("longitude", np.float64),
        ("latitude", np.float64),
    ]
)  # fmt: skip
_AT_ONCE = 20_000
"""Number of points of a large file that are looked at at once."""

_TOGETHER = 2 << 20
"""Number of bytes of small files that are decoded together."""

Progress = Callable[[int, int, int], None]
"""Called with the numbers of files, bytes and points done since the last call."""


@dataclass(frozen=True)
class DecodeTask:
    """Trip files for part `part`, numbered from `first_number`.

    If one part would be too large, the next ones are `part + step`, `part + 2 * step` and so on.
    """

    part: int
    first_number: int
    files: Sequence[TripFile]
    step: int = 0


@dataclass(frozen=True)
class DecodeContext:
    """Parameters of all decode tasks of a run.

    A task that has read `part_points` points begins another part (0: one part per task). `s3` describes
    how to reach the bucket of the trips.
    """

    store: PointStore
    ingest: str
    rules: DecodeRules
    max_bytes: int
    stop_at_bad_file: bool
    part_points: int = 0
    s3: S3Access = field(default_factory=S3Access)


def decode(task: DecodeTask, context: DecodeContext, progress: Progress) -> list[FileRecord]:
    """Read the task's files, write their points in parts, and return a record for each file.

    A bad file is recorded and skipped; with `stop_at_bad_file` it raises `RunError` instead.
    """
    decoder = TripDecoder(context.rules.mapping, context.max_bytes, context.rules.time_zone)
    records = []
    parts = _Parts(task, context)
    contents = _prepared(storage.read_trips(task.files, context.max_bytes, context.s3), decoder)
    for number, (file, content) in enumerate(contents, start=task.first_number):
        path = storage.printable(file.path)
        record = FileRecord(number, parts.number, path, file.size, file.version, context.max_bytes)
        try:
            if isinstance(content, BadTripFile):
                raise content
            with unpacked(content, context.max_bytes) as text:
                if isinstance(text, bytes):
                    trip = decoder.decode_text(text)
                    if context.rules.mapping.speed_from:
                        take_speeds(trip, context.rules.speed_unit)
                    if context.rules.trim.is_asked:
                        _trim(trip, context.rules)
                    _describe(record, trip, len(trip.link_id))
                    record.ends = ends_of(trip.vehicle, trip.time, trip.position)
                    parts.add(number, trip)
                else:
                    _take_large(record, text, decoder, parts, context)
        except BadTripFile as error:
            record.reason, record.message = error.reason, storage.printable(error.message)
            record.passing = error.passing
            if context.stop_at_bad_file:
                raise stopped_at(record.path, record.message) from error
        records.append(record)
        progress(1, file.size, record.points)
    parts.write()
    return records


def _prepared(
    contents: Iterable[tuple[TripFile, TripContent]], decoder: TripDecoder
) -> Iterator[tuple[TripFile, TripContent]]:
    """Yield the contents of files after those of some small ones were prepared together."""
    held: list[tuple[TripFile, TripContent]] = []
    n_bytes = 0
    for file, content in contents:
        size = len(content) if isinstance(content, bytes) else _TOGETHER
        if n_bytes + size > _TOGETHER:
            yield from _prepare(held, decoder)
            held, n_bytes = [], 0
        if size >= _TOGETHER:
            yield file, content
        else:
            held.append((file, content))
            n_bytes += size
    yield from _prepare(held, decoder)


def _prepare(
    held: list[tuple[TripFile, TripContent]], decoder: TripDecoder
) -> list[tuple[TripFile, TripContent]]:
    plain = [content for _, content in held if isinstance(content, bytes) and content[:2] != GZIP]
    if len(plain) > 1:
        decoder.prepare(plain)
    return held


class _Parts:
    """Writer of a task's parts in sequence; holds the points decoded for the current one, `number`."""

    def __init__(self, task: DecodeTask, context: DecodeContext) -> None:
        self.number = task.part
        self._step, self._context = task.step, context
        self._limit = context.part_points if task.step else 0
        self._decoded: list[Points] = []
        self._files: list[int] = []
        self._texts = LinkTexts()
        self._held = 0

    def holds(self, n_points: int) -> bool:
        """Return True if `n_points` points of one file may be held in memory."""
        return not self._limit or n_points <= self._limit

    def add(self, file: int, trip: Points) -> None:
        """Add the points of a file to the current part, and write the part if it is full."""
        self._decoded.append(trip)
        self._files.append(file)
        self._texts.note(trip.texts.items())
        self._held += len(trip.link_id)
        if self._limit and self._held >= self._limit:
            del trip
            self.write()

    def add_long(self, file: int, rows: Spill, texts: LinkTexts) -> None:
        """Write the points of one file as a part, in sorted runs that fit into memory."""
        store, ingest = self._context.store, self._context.ingest
        store.write_links(ingest, self.number, texts)
        at_once = min(self._limit, _AT_ONCE // 2)
        passages = long_traversals(rows, file, self._context.rules.speed_unit, at_once)
        store.write_long_traversals(ingest, self.number, passages)
        runs = (
            in_order(some["link_id"], some["time"], some["speed"], np.full(len(some), file, dtype=np.int32))
            for some in rows.portions(self._limit // 2)  # what is sorted is held twice
        )
        store.write_long_part(ingest, self.number, runs)
        self.number += self._step

    def write(self) -> None:
        """Write the collected points, if any, as one part, with their traversals, and clear them."""
        if self._held:
            link_id = np.concatenate([trip.link_id for trip in self._decoded])
            time = np.concatenate([trip.time for trip in self._decoded])
            speed = np.concatenate([trip.speed for trip in self._decoded])
            lengths = [len(trip.link_id) for trip in self._decoded]
            file = np.repeat(np.array(self._files, dtype=np.int32), lengths)
            self._decoded.clear()
            store, ingest = self._context.store, self._context.ingest
            store.write_links(ingest, self.number, self._texts)
            passages = traversals_of(link_id, time, speed, file, self._context.rules.speed_unit)
            store.write_traversals(ingest, self.number, passages)
            del passages
            store.write_part(ingest, self.number, in_order(link_id, time, speed, file))
            self.number += self._step
        self._decoded.clear()
        self._files.clear()
        self._texts.clear()
        self._held = 0


def _take_large(
    record: FileRecord, path: Path, decoder: TripDecoder, parts: _Parts, context: DecodeContext
) -> None:
    """Decode a file that does not fit into memory; its points are spilled until all of it is read."""
    empty = np.empty(0, dtype=_ROW)
    trip = Points(empty["link_id"], empty["time"], empty["speed"], 0)
    with spill(_ROW) as read, spill(_ROW) as with_speeds, spill(_ROW) as left:
        for piece in decode_large(decoder, context.rules.mapping, path):
            read.append(piece.link_id, piece.time, piece.speed, *_both(piece))
            trip.add_counts(piece)
        rows = read
        if context.rules.mapping.speed_from:
            rows = with_speeds
            trip.faults.update(take_speeds_of_rows(read, rows, context.rules.speed_unit, _AT_ONCE))
        if context.rules.trim.is_asked:
            whole, rows = rows, left
            kept, trim_counts = trimmed(lambda: _times_and_speeds(whole), len(whole), context.rules)
            trip.faults.update(trim_counts)
            for number, some in enumerate(whole.portions(_AT_ONCE)):
                rest = some[kept[number * _AT_ONCE : (number + 1) * _AT_ONCE]]
                left.append(*(rest[name] for name in _ROW.names or ()))
        if len(read):
            trip.fields = ""
        _describe(record, trip, len(rows))
        record.ends = ends_of_portions(trip.vehicle, rows.portions(_AT_ONCE))
        if parts.holds(len(rows)):
            every = rows.read(0, len(rows))
            trip.link_id, trip.time = every["link_id"].copy(), every["time"].copy()
            trip.speed = every["speed"].copy()
            parts.add(record.number, trip)
        else:
            parts.write()
            record.part = parts.number
            parts.add_long(record.number, rows, trip.texts)


def _both(piece: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes of points; NaN if the mapping names none."""
    if piece.position is None:
        nothing = np.full(len(piece.link_id), np.nan)
        return nothing, nothing
    return piece.position[:, 0], piece.position[:, 1]


def _times_and_speeds(rows: Spill) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    for some in rows.portions(_AT_ONCE):
        yield some["time"].copy(), some["speed"].copy()


def _trim(trip: Points, rules: DecodeRules) -> None:
    """Leave out points of a trip by the rules."""
    kept, counts = trimmed(lambda: iter([(trip.time, trip.speed)]), len(trip.time), rules)
    trip.keep(kept, counts)


def stopped_at(path: str, message: str) -> RunError:
    """Return the error of a run that stops at its first bad file."""
    return RunError(
        f"Stopped at a bad trip file, as asked: {path}: {message}. "
        "Mend or remove it, or let the run pass over bad files."
    )


def _describe(record: FileRecord, trip: Points, counted: int) -> None:
    record.points, record.counted = trip.read, counted
    record.trip_id, record.fields = storage.printable(trip.trip_id or ""), storage.printable(trip.fields)
    record.examples = json.dumps(trip.examples, sort_keys=True) if trip.examples else ""
    record.text_links = bool(trip.texts)
    record.faults = tuple(trip.faults.get(fault, 0) for fault in point_store.FAULTS)


def in_order(
    link_id: NDArray[np.int64], time: NDArray[np.int64], speed: NDArray[np.float64], file: NDArray[np.int32]
) -> Columns:
    """Return at least one point sorted by bucket, link and time, as columns of the point store."""
    return sorted_by_link(link_id, time, {"time": time, "speed": speed, "file": file})
