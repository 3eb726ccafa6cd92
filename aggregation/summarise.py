"""Step 2, summarise: the points of a range of buckets to one part of the result.

A plain function over paths that may run anywhere, and twice: it writes the same bytes again. All points
of a link lie in one bucket, so the ranges know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from . import csvparts, storage
from .memory import give_back
from .points import PARTS_AT_ONCE, PointStore
from .spec import ALL_WEEKDAYS, METRES_PER_SECOND, RunSpec
from .statistics import COLUMNS, Groups, distinct, speed_codes, summarise_groups, summarise_one
from .storage import Place
from .times import DAY, DAYS_TO_1970, MICROSECONDS, NO_TIME, local_clock

IMPLAUSIBLE = 70.0
"""m/s (252 km/h, 157 mph): beyond this a road speed is more likely a wrong unit or a sensor's error."""

Columns = tuple[NDArray[Any], ...]
"""Link ids, instants, speeds and trips (index) of points."""

Piece = tuple[NDArray[np.int64], Groups, Groups]
"""Some links, sorted, with their statistics overall and by time; keys as in `csvparts.write_part`."""

_NOTHING = summarise_groups(*(np.empty(0, dtype=t) for t in (np.int64, float, np.int64, np.int64)))

_THURSDAY = 3  # the weekday of 1970-01-01, Monday being 0


@dataclass(frozen=True)
class SummaryTask:
    """Buckets from `first` up to but not `end`; the result's part is called `number`."""

    number: int
    first: int
    end: int


@dataclass(frozen=True)
class SummaryContext:
    """What all summary tasks of a run share.

    `parts` says for each ingest which of its parts hold points that count, `trips_file` where
    `save_trips` left the trips. With `slice_points` a task computes about so many points at once (0: all),
    for the memory: some links at a time, which changes no result.
    """

    store: PointStore
    spec: RunSpec
    parts: dict[str, list[int]]
    trips_file: Place
    results: Place
    slice_points: int = 0


@dataclass
class SummaryReport:
    """What a summary task wrote: rows of both tables, and the points by what became of them.

    `first_day` and `last_day` are local days since 1970-01-01, None where no point has a time.
    """

    number: int
    rows: int = 0
    rows_by_time: int = 0
    points: int = 0
    without_time: int = 0
    other_date: int = 0
    other_weekday: int = 0
    implausible: int = 0
    first_day: Optional[int] = None
    last_day: Optional[int] = None

    def note_days(self, local: NDArray[np.int64]) -> None:
        """Take local clocks into `first_day` and `last_day`."""
        if len(local):
            first, last = int(local.min() // DAY), int(local.max() // DAY)
            self.first_day = first if self.first_day is None else min(first, self.first_day)
            self.last_day = last if self.last_day is None else max(last, self.last_day)


def save_trips(path: Place, trips: dict[str, NDArray[np.int32]]) -> None:
    """Leave the trips for the tasks: for each ingest, by file number, the trip's index or -1.

    -1 marks files that this run does not count.
    """
    with storage.written_aside(path) as aside, aside.open("wb") as stream:
        np.savez(stream, **{f"ingest-{name}": trips[name] for name in trips})


def summarise(task: SummaryTask, context: SummaryContext) -> SummaryReport:
    """Compute the statistics of the task's buckets and write them as CSV parts."""
    spec = context.spec
    report = SummaryReport(task.number)
    pieces = list(_pieces(_read(task, context), spec, report, context.slice_points))
    links, overall, by_time = _joined(pieces, spec.n_bins)
    if spec.suppress_below > 1:
        overall, by_time = _suppress(overall, spec.suppress_below), _suppress(by_time, spec.suppress_below)
    report.rows, report.rows_by_time = csvparts.write_part(
        context.results, task.number, links, overall, by_time, spec.bin_names
    )
    return report


def _statistics(columns: Columns, spec: RunSpec, report: SummaryReport) -> Piece:
    """The statistics of all points of some links, and what became of the points in the report."""
    link_id, instant, speed, trip = columns
    keep, local, timed = _filter(spec, instant, report)
    if keep is not None:
        link_id, speed, trip, local, timed = (c[keep] for c in (link_id, speed, trip, local, timed))
    without_time = int(len(timed) - timed.sum())
    report.points += len(link_id)
    report.without_time += without_time
    limit = IMPLAUSIBLE / METRES_PER_SECOND[spec.speed_unit]
    report.implausible += int((speed > limit).sum())

    report.note_days(local[timed])
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


def _pieces(columns: list[NDArray[Any]], spec: RunSpec, report: SummaryReport, limit: int) -> Iterator[Piece]:
    """The statistics of the points, of some links at a time in their order; `columns` are given up.

    At most `limit` points (0: all) are computed at once, or those of one link.
    """
    if not limit or len(columns[0]) <= limit:
        yield _statistics(tuple(columns), spec, report)
        return
    links, rank = _ranks(columns[0])
    columns[0] = rank.astype(np.int32)  # half of what the ids take
    del rank
    ends = np.cumsum(np.bincount(columns[0], minlength=len(links)))
    first = 0
    while first < len(links):
        before = ends[first - 1] if first else 0
        end = max(int(np.searchsorted(ends, before + limit, side="right")), first + 1)
        rows = np.flatnonzero((columns[0] >= first) & (columns[0] < end)).astype(np.int32)
        if len(rows) <= limit:
            rank, instant, speed, trip = (column[rows] for column in columns)
            yield _statistics((links[rank], instant, speed, trip), spec, report)
        else:
            overall, by_time = _of_one_link(columns[1:], rows, spec, report, limit)
            yield links[first : end if len(overall.key) else first], overall, by_time
        first = end


def _of_one_link(
    columns: list[NDArray[Any]], rows: NDArray[np.int32], spec: RunSpec, report: SummaryReport, limit: int
) -> tuple[Groups, Groups]:
    """Statistics of one link with more than `limit` points: some bins at a time, for the memory.

    `columns` are instants, speeds and trips, `rows` the link's.
    """
    instant, speed, trip = columns
    untimed, dropped = -1, -2
    bins = np.full(len(rows), dropped, dtype=np.int16)
    beyond = IMPLAUSIBLE / METRES_PER_SECOND[spec.speed_unit]
    for start in range(0, len(rows), limit):
        some = np.arange(start, min(start + limit, len(rows)))
        keep, local, timed = _filter(spec, instant[rows[some]], report)
        if keep is not None:
            some, local, timed = some[keep], local[keep], timed[keep]
        bins[some] = np.where(timed, local % DAY // (spec.bin_minutes * 60 * MICROSECONDS), untimed)
        report.implausible += int((speed[rows[some]] > beyond).sum())
        report.note_days(local[timed])
    kept = bins != dropped
    if not kept.all():
        rows, bins = rows[kept], bins[kept]
    report.points += len(rows)
    report.without_time += int((bins == untimed).sum())
    of_bins = np.bincount(bins[bins >= 0], minlength=spec.n_bins)
    by_time: list[Groups] = []
    first = 0
    while first < spec.n_bins:
        end = max(int(np.searchsorted(np.cumsum(of_bins[first:]), limit, side="right")), 1) + first
        chosen = np.flatnonzero((bins >= first) & (bins < end))
        if len(chosen):
            by_time.append(_of_bins(bins[chosen], speed[rows[chosen]], trip[rows[chosen]], limit))
        first = end
    if not len(rows):
        return _NOTHING, _NOTHING
    joined = _one_after_another(by_time, [0] * len(by_time)) if by_time else _NOTHING
    n_trips = len(np.unique(trip[rows]))
    give_back()
    return summarise_one(0, speed[rows], n_trips), joined


def _of_bins(bins: NDArray[np.int16], speed: NDArray[np.float64], trip: NDArray[Any], limit: int) -> Groups:
    """Statistics of one link's points by bin."""
    if len(bins) > limit:  # then they are of one bin
        return summarise_one(int(bins[0]), speed, len(np.unique(trip)))
    key = bins.astype(np.int64)
    return summarise_groups(key, speed, speed_codes(speed), distinct(key, trip)[0])


def _joined(pieces: list[Piece], n_bins: int) -> Piece:
    """Pieces in order of their links as one."""
    if len(pieces) == 1:
        return pieces[0]
    offsets = np.cumsum([0, *(len(links) for links, _, _ in pieces)]).tolist()
    return (
        np.concatenate([links for links, _, _ in pieces]),
        _one_after_another([overall for _, overall, _ in pieces], offsets),
        _one_after_another([by_time for _, _, by_time in pieces], [n * n_bins for n in offsets]),
    )


def _one_after_another(groups: list[Groups], offsets: Iterable[int]) -> Groups:
    """Groups as one, an offset added to the keys of each."""
    return Groups(
        np.concatenate([some.key + offset for some, offset in zip(groups, offsets)]),
        {name: np.concatenate([some.columns[name] for some in groups]) for name in COLUMNS},
    )


def _read(task: SummaryTask, context: SummaryContext) -> list[NDArray[Any]]:
    """Link ids, instants, speeds and trips (index) of the task's points."""
    found: tuple[list[NDArray[Any]], ...] = ([], [], [], [])
    with storage.at_hand(context.trips_file) as trips_file, np.load(trips_file) as saved:
        for ingest, parts in context.parts.items():
            trip_of_file = saved[f"ingest-{ingest}"]
            everything = bool((trip_of_file >= 0).all())
            for piece in _portions(task, context, ingest, parts):
                beyond = int(piece["file"].max(initial=-1)) + 1 - len(trip_of_file)
                if beyond > 0:  # files of the ingest after the last one that counts
                    trip_of_file = np.append(trip_of_file, np.full(beyond, -1, dtype=np.int32))
                    everything = False
                trip = trip_of_file[piece["file"]]
                columns = (piece["link_id"], piece["time"], piece["speed"], trip)
                for pieces, column in zip(found, columns):
                    pieces.append(column if everything else column[trip >= 0])
    if not found[0]:
        empty = np.empty(0, dtype=np.int64)
        return [empty, empty, np.empty(0), empty]
    return [_emptied(pieces, context.slice_points > 0) for pieces in found]


def _portions(
    task: SummaryTask, context: SummaryContext, ingest: str, parts: list[int]
) -> Iterator[dict[str, NDArray[Any]]]:
    """The task's points in some parts of an ingest at a time.

    DuckDB holds what it finds until numpy has it too: so that this is little, as many parts are read at
    once as hold about `slice_points`, going by those before.
    """
    at_once = 1 if context.slice_points else PARTS_AT_ONCE
    start = 0
    while start < len(parts):
        some = parts[start : start + at_once]
        found = 0
        for piece in context.store.read_points(ingest, some, task.first, task.end, len(some)):
            found += len(piece["link_id"])
            yield piece
        start += len(some)
        if context.slice_points:
            fitting = context.slice_points * len(some) // max(found, 1)
            at_once = max(min(fitting, 8 * len(some), PARTS_AT_ONCE), 1)


def _emptied(pieces: list[NDArray[Any]], sparing: bool) -> NDArray[Any]:
    """The pieces as one array; they are given up, so that columns are never all there twice."""
    joined = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    pieces.clear()
    if sparing:
        give_back()
    return joined


def _filter(
    spec: RunSpec, instant: NDArray[np.int64], report: SummaryReport
) -> tuple[Any, NDArray[np.int64], NDArray[np.bool_]]:
    """Apply the dates and weekdays: the points to keep (None: all), local clocks, and which have a time."""
    timed = instant != NO_TIME
    local = np.zeros(len(instant), dtype=np.int64)
    if timed.all():
        local = local_clock(instant, spec.time_zone)
    else:
        local[timed] = local_clock(instant[timed], spec.time_zone)
    if spec.date_from is None and spec.date_to is None and spec.weekdays == ALL_WEEKDAYS:
        return None, local, timed
    day = local // DAY
    right_date = timed.copy()  # a point without a time lies on no date
    if spec.date_from is not None:
        right_date &= day >= spec.date_from.toordinal() - DAYS_TO_1970
    if spec.date_to is not None:
        right_date &= day <= spec.date_to.toordinal() - DAYS_TO_1970
    right_day = right_date & np.isin((day + _THURSDAY) % 7 + 1, spec.weekdays)
    report.other_date += int(len(day) - right_date.sum())
    report.other_weekday += int(right_date.sum() - right_day.sum())
    return np.flatnonzero(right_day), local, timed


def _ranks(link_id: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct link ids in order, and every point's index among them.

    Every part of the store holds a link's points together, so there are far fewer runs than points.
    """
    if not len(link_id):
        return link_id, link_id
    starts = np.flatnonzero(np.concatenate([[True], link_id[1:] != link_id[:-1]]))
    links, of_run = np.unique(link_id[starts], return_inverse=True)
    return links, np.repeat(of_run, np.diff(np.append(starts, len(link_id)))).astype(np.int64)


def _suppress(groups: Groups, below: int) -> Groups:
    """Leave out groups with fewer than `below` distinct trips."""
    keep = groups.columns["n_trips"] >= below  # type: ignore[operator]
    return Groups(groups.key[keep], {name: column[keep] for name, column in groups.columns.items()})
