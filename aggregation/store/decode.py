"""Step 1, decode: some trip files to parts of the point store.

A plain function over paths that may run on any computer, and is idempotent: it writes the same parts again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract.errors import BadTripFile, RunError
from ..contract.link_ids import LinkTexts, same_key
from ..contract.s3_access import S3Access
from ..contract.spec import DecodeRules
from ..storage import TripContent, TripFile
from ..storage.spill import Spill, spill
from ..trips.decoder import Points
from ..trips.readers import Reading, TripReader
from ..trips.readers.stretches import Stretch, Uncut
from ..trips.trip_json import GZIP
from . import point_store
from .many_trips import ROW, Trips, TripSorter, numbers_of
from .order import Columns, sorted_by_link
from .point_store import FileRecord, PointStore, ReadStretch
from .position_speeds import take_speeds, take_speeds_of_rows
from .tally import LINES
from .traversals import long_traversals, traversals_of
from .trimming import trimmed
from .trip_ends import ends_of, ends_of_portions

_ROW = np.dtype(ROW.descr[:-1])
_AT_ONCE = 20_000
"""Number of points of a large file that are looked at at once."""

_HELD = 500_000
"""Points of a file of many trips that are in memory, and at least in a part if it has more."""

_TOGETHER, _TOGETHER_OF_POINT = 6 << 20, 16
"""Number of bytes of small files that are decoded together: at most, and for each point of a part where parts
are bounded, as memory is."""

Progress = Callable[[int, int, int], None]
"""Called with the numbers of files, bytes and points done since the last call."""


@dataclass(frozen=True)
class DecodeTask:
    """Trip files for part `part`, numbered from `first_number`.

    If one part would be too large, the next ones are `part + step`, `part + 2 * step` and so on. Trips beyond
    the first of a file have numbers in the range `further`. With a `stretch` it is of the only file.
    """

    part: int
    first_number: int
    files: Sequence[TripFile]
    step: int = 0
    further: tuple[int, int] = (0, 0)
    stretch: Optional[Stretch] = None


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
    """Read the task's files, write their points in parts, and return the records of their trips.

    A bad file is recorded and skipped; with `stop_at_bad_file` it raises `RunError` instead.
    """
    if task.stretch:
        return _decode_stretch(task, task.stretch, context, progress)
    reader = TripReader(context.rules.mapping, context.max_bytes, context.rules.time_zone)
    further = numbers_of(task.further)
    records = []
    parts = _Parts(task, context)
    together = min(context.part_points * _TOGETHER_OF_POINT or _TOGETHER, _TOGETHER)
    contents = storage.read_trips(task.files, context.max_bytes, context.s3)
    prepared = _prepared(contents, reader, together)
    for number, (file, content) in enumerate(prepared, start=task.first_number):
        path = storage.printable(file.path)
        record = FileRecord(number, parts.number, path, file.size, file.version, context.max_bytes)
        others: list[FileRecord] = []
        try:
            if isinstance(content, BadTripFile):
                raise content
            with reader.opened(content, file.path) as reading:
                record.form = reading.form
                if reading.has_many:
                    check = partial(storage.check_unchanged, file)
                    others, _ = _take_many(record, further, reading, check, parts, context)
                elif reading.is_large:
                    _take_large(record, reading, parts, context)
                else:
                    _take_whole(record, next(reading.pieces), parts, context)
        except BadTripFile as error:
            record.reason, record.message = error.reason, storage.printable(error.message)
            record.passing = error.passing
            if context.stop_at_bad_file:
                raise stopped_at(record.path, record.message) from error
        records += [record, *others]
        progress(1, file.size, record.points)
    parts.write()
    return records


def _decode_stretch(
    task: DecodeTask, stretch: Stretch, context: DecodeContext, progress: Progress
) -> list[FileRecord]:
    """Read a stretch of the task's file as `decode`; the first record has its `stretch`."""
    (file,) = task.files
    parts = _Parts(task, context)
    path = storage.printable(file.path)
    first = FileRecord(task.first_number, parts.number, path, file.size, file.version, context.max_bytes)
    others: list[FileRecord] = []
    try:
        with storage.spans_of(file, context.s3) as spans:
            reader = TripReader(context.rules.mapping, context.max_bytes, context.rules.time_zone)
            reading = reader.stretch(spans, file.path, stretch)
            pieces = Reading(reading.form, reading.pieces(), in_order=True)
            check = partial(storage.check_unchanged, file)
            others, n_trips = _take_many(first, numbers_of(task.further), pieces, check, parts, context)
            first.form = reading.form
    except (BadTripFile, Uncut) as error:
        first.stretch = ReadStretch(*stretch, needs_whole=True)
        if isinstance(error, BadTripFile):
            first.reason, first.message, first.passing = error.reason, error.message, error.passing
        return [first]
    parts.write()
    first.stretch = ReadStretch(*stretch, reading.lines, n_trips)
    for other in others:
        other.form = first.form
    start, end = stretch.part_of(file.size)
    progress(int(stretch.number == 0), end - start, first.points)
    return [first, *others]


def _prepared(
    contents: Iterable[tuple[TripFile, TripContent]], reader: TripReader, together: int
) -> Iterator[tuple[TripFile, TripContent]]:
    """Yield the contents of files; those of small ones, of `together` bytes, have been decoded before."""
    held: list[tuple[TripFile, TripContent]] = []
    n_bytes = 0
    for file, content in contents:
        size = len(content) if isinstance(content, bytes) else together
        if n_bytes + size > together:
            yield from _prepare(held, reader)
            held, n_bytes = [], 0
        if size >= together:
            yield file, content
        else:
            held.append((file, content))
            n_bytes += size
    yield from _prepare(held, reader)


def _prepare(
    held: list[tuple[TripFile, TripContent]], reader: TripReader
) -> list[tuple[TripFile, TripContent]]:
    plain = [content for _, content in held if isinstance(content, bytes) and content[:2] != GZIP]
    if len(plain) > 1:
        reader.prepare(plain)
    return held


class _Parts:
    """Writer of a task's parts in sequence; holds the points decoded for the current one, `number`."""

    def __init__(self, task: DecodeTask, context: DecodeContext) -> None:
        self.number = task.part
        self._step, self._context = task.step, context
        self._limit = context.part_points if task.step else 0
        self._decoded: list[Points] = []
        self._files: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
        self._texts = LinkTexts()
        self._held = 0

    def holds(self, n_points: int) -> bool:
        """Return True if `n_points` points of one file may be held in memory."""
        return not self._limit or n_points <= self._limit

    def at_most(self, n_points: int) -> int:
        """Return how many points a part of many holds, `n_points` unless memory allows fewer."""
        return min(n_points, self._limit or n_points)

    def add(self, file: int, trip: Points) -> None:
        """Add the points of a trip to the current part, and write the part if it is full."""
        self.add_all(np.array([file], np.int32), np.array([len(trip.link_id)]), trip, self._limit)

    def add_all(self, files: NDArray[np.int32], sizes: NDArray[np.int64], points: Points, limit: int) -> None:
        """Add the points of several trips; write the part if it has `limit` points or more (0: never)."""
        self._decoded.append(points)
        self._files.append((files, sizes))
        self._texts.note(points.texts.items())
        self._held += len(points.link_id)
        if limit and self._held >= limit:
            del points
            self.write()

    def add_long(self, file: int, rows: Spill, texts: LinkTexts) -> None:
        """Write the points of one file as a part, in sorted runs that fit into memory."""
        store, ingest = self._context.store, self._context.ingest
        store.write_links(ingest, self.number, texts)
        limit = self.at_most(_HELD)
        at_once = min(limit, _AT_ONCE // 2)
        passages = long_traversals(rows, file, self._context.rules.speed_unit, at_once)
        store.write_long_traversals(ingest, self.number, passages)
        runs = (
            in_order(some["link_id"], some["time"], some["speed"], np.full(len(some), file, dtype=np.int32))
            for some in rows.portions(limit // 2)  # what is sorted is held twice
        )
        store.write_long_part(ingest, self.number, runs)
        self.number += self._step

    def _check_numbers(self) -> None:
        """Raise `RunError` if a number of one file is the key of a text of another."""
        for trip in self._decoded if self._texts else ():
            keys = () if trip.texts else self._texts.keys() & np.unique(trip.link_id).tolist()
            for key in keys:
                raise same_key(self._texts[key], key)

    def write(self) -> None:
        """Write the collected points, if any, as one part, with their traversals, and clear them."""
        if self._held:
            self._check_numbers()
            link_id = np.concatenate([trip.link_id for trip in self._decoded])
            time = np.concatenate([trip.time for trip in self._decoded])
            speed = np.concatenate([trip.speed for trip in self._decoded])
            file = np.repeat(*map(np.concatenate, zip(*self._files)))
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


def _take_whole(record: FileRecord, trip: Points, parts: _Parts, context: DecodeContext) -> None:
    """Add the points of a file of one trip."""
    _take_rules(trip, context.rules)
    _describe(record, trip, len(trip.link_id))
    record.ends = ends_of(trip.vehicle, trip.time, trip.position)
    parts.add(record.number, trip)


def _take_rules(trip: Points, rules: DecodeRules) -> None:
    """Compute speeds and leave out points as the rules ask."""
    if rules.mapping.speed_from:
        take_speeds(trip, rules.speed_unit)
    if rules.trim.is_asked:
        _trim(trip, rules)


def _take_large(record: FileRecord, reading: Reading, parts: _Parts, context: DecodeContext) -> None:
    """Decode a file of one trip that does not fit into memory; its points are spilled until all is read."""
    empty = np.empty(0, dtype=_ROW)
    trip = Points(empty["link_id"], empty["time"], empty["speed"], 0)
    with spill(_ROW) as read:
        for piece in reading.pieces:
            read.append(piece.link_id, piece.time, piece.speed, *_both(piece))
            trip.add_counts(piece)
        if len(read):
            trip.fields = ""
        _describe(record, trip, len(read))
        _take_spilled(record, read, trip, parts, context)


def _take_spilled(
    record: FileRecord, read: Spill, whole: Points, parts: _Parts, context: DecodeContext
) -> None:
    """Add the points of a trip that may not fit into memory; `whole` has what is known beside them."""
    with spill(_ROW) as with_speeds, spill(_ROW) as left:
        rows = read
        if context.rules.mapping.speed_from:
            rows = with_speeds
            _count_faults(record, take_speeds_of_rows(read, rows, context.rules.speed_unit, _AT_ONCE))
        if context.rules.trim.is_asked:
            every, rows = rows, left
            kept, trim_counts = trimmed(lambda: _times_and_speeds(every), len(every), context.rules)
            _count_faults(record, trim_counts)
            for number, some in enumerate(every.portions(_AT_ONCE)):
                rest = some[kept[number * _AT_ONCE : (number + 1) * _AT_ONCE]]
                left.append(*(rest[name] for name in _ROW.names or ()))
        record.counted = len(rows)
        record.ends = ends_of_portions(whole.vehicle, rows.portions(_AT_ONCE))
        if parts.holds(len(rows)):
            record.part = parts.number
            trip = _points(rows.read(0, len(rows)), whole.texts)
            record.text_links = bool(trip.texts)
            parts.add(record.number, trip)
        else:
            parts.write()
            record.part = parts.number
            parts.add_long(record.number, rows, whole.texts)


def _take_many(
    first: FileRecord,
    further: Iterator[int],
    reading: Reading,
    check: Callable[[], None],
    parts: _Parts,
    context: DecodeContext,
) -> tuple[list[FileRecord], int]:
    """Add the points of a file of many trips; return the records beyond the first, and the number of trips.

    `check` is called once all of it is read, and may raise `BadTripFile`.
    """
    at_once = parts.at_most(_HELD)
    with spill(ROW, at_once) as rows, spill(ROW, at_once) as by_trip:
        trips = TripSorter(rows, by_trip, at_once, reading.in_order).take(reading.pieces)
        check()
        _describe(first, trips.points, 0)
        records = list(trips.records(first, further))
        begin = start = n = 0
        for end, size in enumerate(trips.sizes, 1):
            n += size
            if end == len(records) or n + trips.sizes[end] > at_once:
                _add_trips(records[begin:end], trips, start, n, parts, context)
                begin, start, n = end, start + n, 0
    return records[1:], trips.n


def _add_trips(
    records: list[FileRecord], trips: Trips, start: int, n: int, parts: _Parts, context: DecodeContext
) -> None:
    """Add trips whose points are `n` rows from row `start` on."""
    at_once = parts.at_most(_HELD)
    vehicles = [trips.vehicles.get(trips.codes[record.number]) for record in records]
    if len(records) == 1 and n > at_once:
        with spill(_ROW) as read:
            for some in trips.rows.portions(_AT_ONCE, start, start + n):
                read.append(*(some[name] for name in _ROW.names or ()))
            whole = replace(trips.points, vehicle=vehicles[0])
            _take_spilled(records[0], read, whole, parts, context)
        return
    changes = bool(context.rules.mapping.speed_from or context.rules.trim.is_asked)
    some = trips.rows.read(start, n)
    all_points = _points(some, trips.points.texts)
    position = all_points.position
    if position is None or np.isnan(position[:, 0]).all():
        position = None
    left: list[Points] = []
    end = 0
    for record, vehicle in zip(records, vehicles):
        begin, end = end, end + record.counted
        record.part = parts.number
        if changes:
            trip = _points(some[begin:end], LinkTexts())
            _take_rules(trip, context.rules)
            _count_faults(record, trip.faults)
            record.counted = len(trip.link_id)
            record.ends = ends_of(vehicle, trip.time, trip.position)
            left.append(trip)
        else:
            places = None if position is None else position[begin:end]
            record.ends = ends_of(vehicle, all_points.time[begin:end], places)
    if left:
        some = some[: sum(len(trip.link_id) for trip in left)]
        for name in ("link_id", "time", "speed"):
            some[name] = np.concatenate([getattr(trip, name) for trip in left])
    numbers, sizes = (
        np.array([getattr(record, name) for record in records]) for name in ("number", "counted")
    )
    points = _points(some, trips.points.texts) if left else all_points
    for record in records:
        record.text_links = bool(points.texts)
    parts.add_all(numbers.astype(np.int32), sizes, points, at_once)


def _points(rows: NDArray[Any], texts: LinkTexts) -> Points:
    """Return rows of a spill as points, with those of the texts of a file that are of their links."""
    link_id, time, speed = (rows[name].copy() for name in ("link_id", "time", "speed"))
    position = np.column_stack([rows["longitude"], rows["latitude"]])
    if texts:
        texts = LinkTexts((key, texts[key]) for key in np.unique(link_id).tolist() if key in texts)
    return Points(link_id, time, speed, len(rows), position=position, texts=texts)


def _count_faults(record: FileRecord, counts: dict[str, int]) -> None:
    if counts:
        record.faults = tuple(n + counts.get(name, 0) for name, n in zip(point_store.FAULTS, record.faults))


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
    examples: dict[str, Any] = {**trip.examples, **({LINES: trip.lines} if trip.lines else {})}
    record.examples = json.dumps(examples, sort_keys=True) if examples else ""
    record.text_links = bool(trip.texts)
    record.faults = tuple(trip.faults.get(fault, 0) for fault in point_store.FAULTS)


def in_order(
    link_id: NDArray[np.int64], time: NDArray[np.int64], speed: NDArray[np.float64], file: NDArray[np.int32]
) -> Columns:
    """Return at least one point sorted by bucket, link and time, as columns of the point store."""
    return sorted_by_link(link_id, time, {"time": time, "speed": speed, "file": file})
