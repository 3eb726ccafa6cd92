"""Step 2, summarise: the points of a range of buckets to one part of the result.

A plain function over paths that may run on any computer, and is idempotent: it writes the same bytes again.
All points of a link are in one bucket, so the ranges are independent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.link_ids import LinkTexts, same_key
from ..contract.spec import RunSpec
from ..contract.tables import LINK_SPEEDS
from ..storage import Place
from ..storage.base.traffic import TRAFFIC
from ..storage.spill import Spill, spill
from ..store.file_numbers import NumberTable
from ..store.point_store import PARTS_AT_ONCE, PointStore
from . import result_tables
from .bucket_rows import bucket_rows
from .busy_links import of_one_link
from .counts import SummaryReport
from .link_tables import PASSAGE, POINT, Columns, Computation, Piece, tables
from .slices import Counts, along, divided
from .statistics import PASSAGES

FIRST_PARTS = 8
"""Number of parts that are read at once before their sizes are known."""

ROWS_AT_ONCE = 4_000_000
"""Number of rows that points are in at once where memory is plenty: more than a task's points are, unless
their sets of days and periods overlap."""

Portions = Iterator[Columns]
"""Points, or traversals, of the links of a task with columns as in `POINT` or `PASSAGE`."""


@dataclass(frozen=True)
class SummaryTask:
    """Buckets in [first, end) with about so many points; `number` is that of the result's part."""

    number: int
    first: int
    end: int
    points: int = 0


@dataclass(frozen=True)
class SummaryContext:
    """Context that all summary tasks of a run share.

    `parts` holds for each ingest the parts with points that count, `text_parts` those of them with texts of
    link ids; `trips_file` is the file of `save_trips`.
    With `slice_points` a task computes about so many points at once (0: all), for the memory: some links at a
    time, which changes no result.
    """

    store: PointStore
    spec: RunSpec
    parts: dict[str, list[int]]
    trips_file: Place
    results: Place
    slice_points: int = 0
    text_parts: dict[str, list[int]] = field(default_factory=dict)


def save_trips(path: Place, trips: dict[str, NumberTable]) -> None:
    """Save trips for the tasks: for each ingest, a table of trip indices by the numbers in `file`.

    -1 marks what this run does not count.
    """
    tables = {f"ingest-{name}": table.values for name, table in trips.items()}
    tables.update((f"pages-{name}", table.pages) for name, table in trips.items())
    with path.written_aside() as aside, aside.open("wb") as stream:
        np.savez(stream, **tables)


def summarise(task: SummaryTask, context: SummaryContext) -> SummaryReport:
    """Compute the statistics of the task's buckets and write them as CSV parts."""
    report, computation = SummaryReport(task.number), Computation(context.spec)
    opened, n_bytes = TRAFFIC.opened, TRAFFIC.n_bytes
    limit = int((context.slice_points or sys.maxsize) / computation.memory_of_a_point)
    texts = LinkTexts()
    for ingest, parts in context.text_parts.items():
        texts.note(context.store.read_links(ingest, parts, task.first, task.end).items())
    if texts:
        _check_numbers(task, context, texts)
    pieces = _pieces(task, context, computation, report, limit)
    shown = _shown(pieces, context.spec, report)
    report.text_links = result_tables.write_part(context.results, task.number, shown, context.spec, texts)
    report.opened, report.bytes_read = TRAFFIC.opened - opened, TRAFFIC.n_bytes - n_bytes
    return report


def _check_numbers(task: SummaryTask, context: SummaryContext, texts: LinkTexts) -> None:
    """Raise `RunError` if a number, as parts without texts have them, is the key of a text."""
    numbers = {
        ingest: [part for part in parts if part not in context.text_parts.get(ingest, ())]
        for ingest, parts in context.parts.items()
    }
    keys = np.fromiter(texts, dtype=np.int64)
    of_numbers = replace(context, parts=numbers)
    for (link_id,), _ in _counting(task, of_numbers, context.store.read_traversals, ("link_id",)):
        for key in np.intersect1d(link_id, keys)[:1].tolist():
            raise same_key(texts[key], key)


def _pieces(
    task: SummaryTask,
    context: SummaryContext,
    computation: Computation,
    report: SummaryReport,
    limit: int,
) -> Iterator[Piece]:
    """Yield the rows of all links, about `limit` points of them computed at once.

    Points of some buckets at a time are taken out of those that were read, and those of a bucket with more
    points some links at a time.
    """
    at_most = min(int(ROWS_AT_ONCE / computation.memory_of_a_point), limit)
    buckets = (task.first, task.end)
    with ExitStack() as stack:
        points = stack.enter_context(bucket_rows(POINT, buckets, limit))
        passages = stack.enter_context(bucket_rows(PASSAGE, buckets, limit))
        points.take(_points(task, context))
        if PASSAGES in computation.wanted:
            passages.take(_traversals(task, context))
        for some in points.ranges(limit):
            if points.n_in(some) > limit:
                portions = (points.portions(some, limit), passages.portions(some, limit))
                yield from _some_at_once(*portions, computation, report, limit)
            else:
                yield from _in_parts(points.read(some), passages.read(some), computation, report, at_most)


def _shown(pieces: Iterator[Piece], spec: RunSpec, report: SummaryReport) -> Iterator[Piece]:
    """Yield the pieces without cells of too few trips; note the most trips of a link."""
    for piece in pieces:
        if LINK_SPEEDS in piece.tables:
            n_trips: Any = piece.tables[LINK_SPEEDS].columns["n_trips"]
            report.most_trips = max(report.most_trips, int(n_trips.max(initial=0)))
        if spec.suppress_below > 1:
            for table, groups in piece.tables.items():
                enough: Any = groups.columns["n_trips"]
                piece.tables[table] = groups.only(enough >= spec.suppress_below)
        yield piece
        del piece  # before the next one is computed


def _in_parts(
    points: Columns, traversals: Columns, computation: Computation, report: SummaryReport, at_most: int
) -> Iterator[Piece]:
    """Yield the rows of all links, those of as many at once as probably make `at_most` rows of points.

    A point is in a row for each set of days and period that it belongs to.
    """
    link_id = points[0]
    n_parts = int(len(link_id) * computation.rows_of_a_point(points[1])) // at_most + 1
    if n_parts == 1:
        yield tables(points, traversals, computation, report)
        return
    links, n = np.unique(link_id, return_counts=True)
    ends = np.searchsorted(np.cumsum(n), np.arange(1, n_parts) * len(link_id) // n_parts)
    firsts = np.unique(links[ends])
    part_of = [np.searchsorted(firsts, columns[0], side="right") for columns in (points, traversals)]
    for part in range(len(firsts) + 1):
        some, passing = (
            tuple(column[number == part] for column in columns)
            for columns, number in zip((points, traversals), part_of)
        )
        yield tables(some, passing, computation, report)


def _some_at_once(
    points: Portions, traversals: Portions, computation: Computation, report: SummaryReport, limit: int
) -> Iterator[Piece]:
    """Yield the rows of some links at a time, in their order.

    About `limit` points are computed at once; as many are held in memory, others in a file.
    """
    with ExitStack() as stack:
        rows, ordered = (stack.enter_context(spill(POINT, limit)) for _ in range(2))
        passages, in_order = (stack.enter_context(spill(PASSAGE, limit)) for _ in range(2))
        slices = divided(rows, ordered, "link_id", _put_aside(points, rows), limit)
        firsts = np.array([some.values[0] for some in slices], dtype=np.int64)
        passing = along(passages, in_order, "link_id", _put_aside(traversals, passages), firsts, limit)
        for some, entries in zip(slices, passing):
            if some.n > limit:
                yield from of_one_link(
                    some.values, some.portions(limit), entries.portions(limit), computation, report, limit
                )
            else:
                columns, passing_columns = _columns(some.read()), _columns(entries.read())
                yield from _in_parts(columns, passing_columns, computation, report, limit)


def _put_aside(portions: Portions, rows: Spill) -> Counts:
    """Append all rows; return counts of their links."""
    counts = Counts()
    for columns in portions:
        rows.append(*columns)
        counts.add(columns[0])
    return counts


def _columns(rows: NDArray[Any]) -> Columns:
    return tuple(rows[name].copy() for name in rows.dtype.names or ())


def _points(task: SummaryTask, context: SummaryContext) -> Portions:
    """Yield the task's points that count, with speeds in the unit of the results."""
    names, factor = ("link_id", "time", "speed"), context.spec.unit_factor
    for (link_id, time, speed), trip in _counting(task, context, context.store.read_points, names):
        yield link_id, time, speed if factor == 1 else speed * factor, trip


def _traversals(task: SummaryTask, context: SummaryContext) -> Portions:
    """Yield the task's traversals that count, with speeds in the unit of the results."""
    factor = context.spec.unit_factor
    for columns, _ in _counting(task, context, context.store.read_traversals, PASSAGE.names or ()):
        link_id, entry, weighted, *others = columns
        yield link_id, entry, weighted if factor == 1 else weighted * factor, *others


Read = Callable[..., Iterator[dict[str, NDArray[Any]]]]
"""`PointStore.read_points` or `PointStore.read_traversals`."""


def _counting(
    task: SummaryTask, context: SummaryContext, read: Read, names: tuple[str, ...]
) -> Iterator[tuple[Columns, NDArray[np.int32]]]:
    """Yield the columns of the task's rows whose files count, and their trips."""
    with context.trips_file.at_hand() as trips_file, np.load(trips_file) as saved:
        for ingest, parts in context.parts.items():
            trip_of_file = NumberTable(saved[f"pages-{ingest}"], saved[f"ingest-{ingest}"])
            for piece in _portions(task, context, read, ingest, parts):
                trip = trip_of_file[piece["file"]]
                columns = tuple(piece[name] for name in names)
                counts = trip >= 0
                if not counts.all():
                    columns, trip = tuple(column[counts] for column in columns), trip[counts]
                yield columns, trip


def _portions(
    task: SummaryTask, context: SummaryContext, read: Read, ingest: str, parts: list[int]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the task's rows from some parts of an ingest at a time.

    DuckDB holds its result until numpy has a copy. To limit both, as many parts are read at once as probably
    have three quarters of `slice_points`, judged by earlier ones; if they have more than `slice_points`, they
    are read again in halves.
    """
    at_once = FIRST_PARTS if context.slice_points else PARTS_AT_ONCE
    start = 0
    while start < len(parts):
        some = parts[start : start + at_once]
        found = 0
        most = context.slice_points
        for piece in read(ingest, some, task.first, task.end, len(some), most):
            found += len(piece["link_id"])
            yield piece
        start += len(some)
        if context.slice_points:
            fitting = context.slice_points * 3 // 4 * len(some) // max(found, 1)
            at_once = max(min(fitting, PARTS_AT_ONCE), 1)
