"""Step 2, summarise: the points of a range of buckets to one part of the result.

A plain function over paths that may run on any computer, and is idempotent: it writes the same bytes again.
All points of a link are in one bucket, so the ranges are independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import RunSpec
from ..storage import Place
from ..storage.spill import spill
from ..store.point_store import PARTS_AT_ONCE, PointStore
from ..trips.times import DAY, MICROSECONDS
from . import result_tables
from .busy_links import HELD_SLICES, Counts, of_one_link
from .counts import SummaryReport
from .result_tables import Piece
from .statistics import Groups, distinct, speed_codes, summarise_groups

Columns = tuple[NDArray[Any], ...]
"""Link ids, instants, speeds and trip indices of points."""

FIRST_PARTS = 8
"""Number of parts that are read at once before their sizes are known."""

_ROW = np.dtype([("link_id", np.int64), ("time", np.int64), ("speed", np.float64), ("trip", np.int32)])
_NO_POINTS: Columns = tuple(np.empty(0, dtype=_ROW[name]) for name in _ROW.names or ())


@dataclass(frozen=True)
class SummaryTask:
    """Buckets in [first, end); `number` is that of the result's part."""

    number: int
    first: int
    end: int


@dataclass(frozen=True)
class SummaryContext:
    """Context that all summary tasks of a run share.

    `parts` holds for each ingest the parts with points that count, `trips_file` is the file of `save_trips`.
    With `slice_points` a task computes about so many points at once (0: all), for the memory: some links at a
    time, which changes no result.
    """

    store: PointStore
    spec: RunSpec
    parts: dict[str, list[int]]
    trips_file: Place
    results: Place
    slice_points: int = 0


def save_trips(path: Place, trips: dict[str, NDArray[np.int32]]) -> None:
    """Save trips for the tasks: for each ingest, an array of trip indices by file number.

    -1 marks files that this run does not count.
    """
    with path.written_aside() as aside, aside.open("wb") as stream:
        np.savez(stream, **{f"ingest-{name}": trips[name] for name in trips})


def summarise(task: SummaryTask, context: SummaryContext) -> SummaryReport:
    """Compute the statistics of the task's buckets and write them as CSV parts."""
    spec = context.spec
    report = SummaryReport(task.number)
    some = _some_points_at_once if context.slice_points else _all_points
    pieces = some(_read(task, context), spec, report, context.slice_points)
    pieces = _noting_trips(pieces, report)
    if spec.suppress_below > 1:
        pieces = (
            (links, _suppress(overall, spec.suppress_below), _suppress(by_time, spec.suppress_below))
            for links, overall, by_time in pieces
        )
    report.rows, report.rows_by_time = result_tables.write_part(context.results, task.number, pieces, spec)
    return report


def _noting_trips(pieces: Iterator[Piece], report: SummaryReport) -> Iterator[Piece]:
    for piece in pieces:
        n_trips: NDArray[np.int64] = np.asarray(piece[1].columns["n_trips"])
        report.most_trips = max(report.most_trips, int(n_trips.max(initial=0)))
        yield piece


def _statistics(columns: Columns, spec: RunSpec, report: SummaryReport) -> Piece:
    """Return the statistics of all points of some links, and count the points in the report."""
    link_id, instant, speed, trip = columns
    keep, local, timed = report.count(spec, instant, speed)
    if keep is not None:
        link_id, speed, trip, local, timed = (c[keep] for c in (link_id, speed, trip, local, timed))
    without_time = int(len(timed) - timed.sum())
    links, rank = _ranks(link_id)
    codes = speed_codes(speed)
    bins = local % DAY // (spec.bin_minutes * 60 * MICROSECONDS)
    key = rank * spec.n_bins + bins
    if without_time:
        by_time = summarise_groups(
            key[timed], speed[timed], codes[timed], distinct(key[timed], trip[timed])[0]
        )
        trips_of_links, _ = distinct(rank, trip)
    else:
        trips_of_bins, trip_of_bin = distinct(key, trip)
        by_time = summarise_groups(key, speed, codes, trips_of_bins)
        # The pairs of the bins hold every trip of a link already, so the links' are few to look through.
        trips_of_links, _ = distinct(trips_of_bins // spec.n_bins, trip_of_bin)
    return links, summarise_groups(rank, speed, codes, trips_of_links), by_time


def _all_points(
    portions: Iterator[Columns], spec: RunSpec, report: SummaryReport, _limit: int
) -> Iterator[Piece]:
    """Yield the statistics of all points, computed at once."""
    found = list(portions)
    columns = found[0] if len(found) == 1 else tuple(map(np.concatenate, zip(*found)))
    found.clear()
    yield _statistics(columns or _NO_POINTS, spec, report)


def _some_points_at_once(
    portions: Iterator[Columns], spec: RunSpec, report: SummaryReport, limit: int
) -> Iterator[Piece]:
    """Yield the statistics of some links at a time, in their order.

    About `limit` points are computed at once; up to four times as many are held in memory, others in a file.
    """
    with spill(_ROW, HELD_SLICES * limit) as rows, spill(_ROW, HELD_SLICES * limit) as ordered:
        counts = Counts()
        for columns in portions:
            rows.append(*columns)
            counts.add(columns[0])
        links, n_points = counts.sorted()
        slices = _slices(n_points, limit)
        firsts = links[[first for first, _ in slices]]
        sizes = np.array([n_points[first:end].sum() for first, end in slices], dtype=np.int64)
        ordered.take_grouped(
            rows, lambda some: np.searchsorted(firsts, some["link_id"], side="right") - 1, sizes, limit
        )
        for (first, end), size, upto in zip(slices, sizes.tolist(), np.cumsum(sizes).tolist()):
            if size > limit:
                busy = ordered.portions(limit, upto - size, upto)
                overall, by_time = of_one_link(busy, spec, report, limit)
                yield links[first:end][: len(overall.key)], overall, by_time
            else:
                some = ordered.read(upto - size, size)
                columns = tuple(some[name].copy() for name in _ROW.names or ())
                del some
                yield _statistics(columns, spec, report)
        if not slices:
            yield _statistics(_NO_POINTS, spec, report)


def _slices(n_points: NDArray[np.int64], limit: int) -> list[tuple[int, int]]:
    """Divide links into ranges of at most `limit` points, or of one link with more."""
    ends, slices, first = np.cumsum(n_points), [], 0
    while first < len(ends):
        before = ends[first - 1] if first else 0
        end = max(int(np.searchsorted(ends, before + limit, side="right")), first + 1)
        slices.append((first, end))
        first = end
    return slices


def _read(task: SummaryTask, context: SummaryContext) -> Iterator[Columns]:
    """Yield link ids, instants, speeds and trip indices of the task's points that count."""
    with context.trips_file.at_hand() as trips_file, np.load(trips_file) as saved:
        for ingest, parts in context.parts.items():
            trip_of_file = saved[f"ingest-{ingest}"]
            everything = bool((trip_of_file >= 0).all())
            for piece in _portions(task, context, ingest, parts):
                beyond = int(piece["file"].max(initial=-1)) + 1 - len(trip_of_file)
                if beyond > 0:  # files of the ingest after the last that counts
                    trip_of_file = np.append(trip_of_file, np.full(beyond, -1, dtype=np.int32))
                    everything = False
                trip = trip_of_file[piece["file"]]
                columns = (piece["link_id"], piece["time"], piece["speed"], trip)
                yield columns if everything else tuple(column[trip >= 0] for column in columns)


def _portions(
    task: SummaryTask, context: SummaryContext, ingest: str, parts: list[int]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the task's points from some parts of an ingest at a time.

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
        for piece in context.store.read_points(ingest, some, task.first, task.end, len(some), most):
            found += len(piece["link_id"])
            yield piece
        start += len(some)
        if context.slice_points:
            fitting = context.slice_points * 3 // 4 * len(some) // max(found, 1)
            at_once = max(min(fitting, PARTS_AT_ONCE), 1)


def _ranks(link_id: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct link ids in order, and each point's index among them.

    A part of the store has a link's points together, so there are far fewer runs than points.
    """
    if not len(link_id):
        return link_id, link_id
    starts = np.flatnonzero(np.concatenate([[True], link_id[1:] != link_id[:-1]]))
    links, of_run = np.unique(link_id[starts], return_inverse=True)
    return links, np.repeat(of_run, np.diff(np.append(starts, len(link_id)))).astype(np.int64)


def _suppress(groups: Groups, below: int) -> Groups:
    """Return the groups with at least `below` distinct trips."""
    keep = groups.columns["n_trips"] >= below  # type: ignore[operator]
    return Groups(groups.key[keep], {name: column[keep] for name, column in groups.columns.items()})
