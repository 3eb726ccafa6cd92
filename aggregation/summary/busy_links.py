"""Statistics of a link with more points than fit into memory: sorted in files, some cells at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.tables import LINK_SPEEDS
from ..storage.sorting import order_by, sorted_numbers
from ..storage.spill import Spill, spill
from ..trips.times import NO_TIME
from .cells import Clock, Layer
from .counts import SummaryReport, clock_of, kept
from .groups import Groups, Points, grouped, passages, speed_codes, takes_trips
from .link_tables import FREE_FLOW, Computation, Piece
from .samples import Floats, HeldSample, Ints, LongSample, Paces, total_of
from .slices import Counts, Slice, along, divided
from .statistics import PACES, PASSAGES, POINTS, TRIP_COUNT, TRIPS, WINDOW, Column, Passages, slowest

Rows = NDArray[Any]
Portions = Callable[[], Iterable[Rows]]
"""Yields rows in portions, each time from the first on."""

_ROWS_OF_A_PIECE = 1000
"""Number of rows with all statistics beyond which they are written before more are computed."""

_HELD_NUMBERS = 2
"""Numbers that are held in memory, of which a row has several, by the rows that are computed at once."""

_SUMS = [("weighted", np.float64), ("seconds", np.float64), ("brakes", np.int16)]
_SPEED = [("speed", np.float64), ("trip", np.int32)]
_LOCAL, _CELL = [("local", np.int64)], [("cell", np.int64)]
_POINT, _PASSAGE = np.dtype(_LOCAL + _SPEED), np.dtype(_LOCAL + _SUMS)
_POINT_OF_CELL, _PASSAGE_OF_CELL = np.dtype(_CELL + _SPEED), np.dtype(_CELL + _SUMS)
_POINT_OF_TRIP = np.dtype(_SPEED)


def of_one_link(
    link: Ints,
    points: Iterable[Rows],
    traversals: Iterable[Rows],
    computation: Computation,
    report: SummaryReport,
    limit: int,
) -> Iterator[Piece]:
    """Yield the rows of all tables of one link, whose id is in `link`, some at a time.

    `points` and `traversals` yield its rows, at most `limit` at a time, with columns as in
    `link_tables.POINT` and `link_tables.PASSAGE`.
    """
    with ExitStack() as stack:
        rows = stack.enter_context(spill(_POINT, limit))
        for portion in points:
            keep, clock = report.count(computation.spec, portion["time"].copy(), portion["speed"])
            some = portion if keep is None else portion[keep]
            rows.append(_local(clock), some["speed"], some["trip"])
        if not len(rows):
            return
        entries = stack.enter_context(spill(_PASSAGE, limit))
        for portion in traversals:
            clock = clock_of(computation.spec, portion["entry"].copy())
            keep = kept(computation.spec, clock)
            some, clock = (portion, clock) if keep is None else (portion[keep], clock.of(keep))
            entries.append(_local(clock), *(some[name] for name, _ in _SUMS))
        link_rows = _LinkRows(link, rows, entries, computation, limit)
        yield link_rows.overall(report)
        for layer in computation.layers:
            yield from link_rows.of(layer, report)


class _LinkRows:
    """Points and traversals of a link that count, in files, and the rows of tables made of them."""

    def __init__(
        self, link: Ints, points: Spill, traversals: Spill, computation: Computation, limit: int
    ) -> None:
        self._link, self._computation, self._limit = link, computation, limit
        self._points, self._traversals = points, traversals
        self._shared: dict[str, Any] = {}

    def overall(self, report: SummaryReport) -> Piece:
        """Return the link's row in the table of links."""
        computation, limit = self._computation, self._limit
        with ExitStack() as stack:
            inputs = stack.enter_context(
                _long_inputs(
                    lambda: self._points.portions(limit),
                    lambda: self._traversals.portions(limit),
                    computation,
                    limit,
                )
            )
            if WINDOW in computation.wanted:
                inputs[WINDOW] = stack.enter_context(self._window())
            columns = computation.columns(LINK_SPEEDS, inputs)
            computation.count(inputs, report)
        if FREE_FLOW in columns:
            self._shared[FREE_FLOW] = columns[FREE_FLOW]
        return Piece(self._link, {LINK_SPEEDS: _rows_of(np.zeros(1, dtype=np.int64), columns)})

    @contextmanager
    def _window(self) -> Iterator[LongSample]:
        """Yield the speeds in the window of the free-flow rule."""
        with spill(np.float64, self._limit) as speeds:
            for some in self._points.portions(self._limit):
                inside = self._computation.in_window(_clock(some))
                speeds.append(some["speed"][inside])
            with sorted_numbers(speeds, _HELD_NUMBERS * self._limit) as ordered:
                yield LongSample(ordered)

    def of(self, layer: Layer, report: SummaryReport) -> Iterator[Piece]:
        """Yield the link's rows in one layer of a table, those of some cells at a time."""
        limit = self._limit
        with ExitStack() as stack:
            ordered, counts = self._by_cell(layer, self._points, _POINT_OF_CELL, stack)
            slices = divided(*ordered, "cell", counts, limit)
            report.count_in_layer(layer.number, sum(some.n for some in slices))
            entering: list[Optional[Slice]] = [None] * len(slices)
            if PASSAGES in self._computation.wanted:
                firsts = np.array([some.values[0] for some in slices], dtype=np.int64)
                ordered, counts = self._by_cell(layer, self._traversals, _PASSAGE_OF_CELL, stack)
                entering = [*along(*ordered, "cell", counts, firsts, limit)]
            pending: list[Groups] = []
            for some, entered in zip(slices, entering):
                compute = self._of_long if some.n > limit else self._of_slice
                pending.append(_rows_of(some.values, compute(layer, some, entered)))
                if sum(len(groups.cell) for groups in pending) > min(limit // 4, _ROWS_OF_A_PIECE):
                    yield Piece(self._link, {layer.table: Groups.joined(pending)})
                    pending.clear()
            if pending:
                yield Piece(self._link, {layer.table: Groups.joined(pending)})

    def _by_cell(
        self, layer: Layer, rows: Spill, dtype: np.dtype[Any], stack: ExitStack
    ) -> tuple[tuple[Spill, Spill], Counts]:
        """Return rows of a layer with their cells, an empty file for them in order, and counts of cells."""
        room = self._limit
        found, ordered = (stack.enter_context(spill(dtype, room)) for _ in range(2))
        counts = Counts()
        for portion in rows.portions(self._limit):
            which, cell = layer.cells(_clock(portion))
            some = portion if which is None else portion[which]
            found.append(cell, *(some[name] for name in dtype.names or () if name != "cell"))
            counts.add(cell)
        return (found, ordered), counts

    def _of_slice(self, layer: Layer, some: Slice, entered: Optional[Slice]) -> dict[str, Column]:
        """Return the statistics of cells whose points fit into memory."""
        computation, rows = self._computation, some.read()
        first, speed = int(some.values[0]), rows["speed"].copy()
        points = Points(rows["cell"] - first, speed, speed_codes(speed), rows["trip"].copy())
        del rows
        key, inputs = grouped(points, computation.wanted, computation.spec)
        if entered is not None:
            found = entered.read()
            inputs[PASSAGES] = passages(
                key, found["cell"] - first, *(found[name].copy() for name, _ in _SUMS)
            )
        if FREE_FLOW in self._shared:
            inputs[FREE_FLOW] = np.repeat(self._shared[FREE_FLOW], len(key))
        return computation.columns(layer.table, inputs)

    def _of_long(self, layer: Layer, some: Slice, entered: Optional[Slice]) -> dict[str, Column]:
        """Return the statistics of a cell whose points do not fit into memory."""
        limit = self._limit

        def traversals() -> Iterable[Rows]:
            return entered.portions(limit) if entered is not None else ()

        with _long_inputs(lambda: some.portions(limit), traversals, self._computation, limit) as inputs:
            return self._computation.columns(layer.table, {**inputs, **self._shared})


def _rows_of(cells: Ints, columns: dict[str, Column]) -> Groups:
    return Groups(np.zeros_like(cells), cells, columns)


def _local(clock: Clock) -> Ints:
    """Return local times, `NO_TIME` for none."""
    return np.where(clock.timed, clock.local, NO_TIME)


def _clock(rows: Rows) -> Clock:
    """Return the local times that `_local` gave."""
    timed = rows["local"] != NO_TIME
    return Clock(np.where(timed, rows["local"], 0), timed)


@contextmanager
def _long_inputs(
    points: Portions, traversals: Portions, computation: Computation, limit: int
) -> Iterator[dict[str, Any]]:
    """Yield what formulas take of one group of any size, with values in files (see `groups.grouped`)."""
    with ExitStack() as stack:
        n_of_trip = np.zeros(0, dtype=np.int64)
        with spill(np.float64, _HELD_NUMBERS * limit) as speeds:
            for rows in points():
                speeds.append(rows["speed"])
                n = np.bincount(rows["trip"], minlength=len(n_of_trip))
                n[: len(n_of_trip)] += n_of_trip
                n_of_trip = n
            ordered = stack.enter_context(sorted_numbers(speeds, _HELD_NUMBERS * limit))
        inputs: dict[str, Any] = {POINTS: LongSample(ordered)}
        trips = np.flatnonzero(n_of_trip)
        inputs[TRIP_COUNT] = np.array([len(trips)])
        if takes_trips(computation.wanted):
            counts = Counts(trips, n_of_trip[trips])
            del n_of_trip
            inputs[TRIPS] = stack.enter_context(_trip_speeds(points, counts, limit))
            inputs[PACES] = Paces(inputs[TRIPS], slowest(computation.spec))
        if PASSAGES in computation.wanted:
            inputs[PASSAGES] = _long_passages(traversals, limit)
        yield inputs


@contextmanager
def _trip_speeds(points: Portions, counts: Counts, limit: int) -> Iterator[LongSample]:
    """Yield the mean speeds of trips; `counts` are those of their points."""
    with spill(np.float64, _HELD_NUMBERS * limit) as means:
        with spill(_POINT_OF_TRIP) as rows, spill(_POINT_OF_TRIP) as ordered:
            for portion in points():
                rows.append(portion["speed"], portion["trip"])
            for some in divided(rows, ordered, "trip", counts, limit):
                means.append(_long_mean(some, limit) if some.n > limit else _means(some.read()))
        with sorted_numbers(means, _HELD_NUMBERS * limit) as up:
            yield LongSample(up)


def _means(rows: Rows) -> Floats:
    """Return the mean speed of each trip of some points."""
    speed = rows["speed"].copy()
    order = order_by(rows["trip"] - rows["trip"].min(), speed_codes(speed))
    n = np.unique(rows["trip"], return_counts=True)[1]
    return HeldSample(speed[order], np.cumsum(n) - n).mean


def _long_mean(some: Slice, limit: int) -> Floats:
    """Return the mean speed of one trip."""
    with spill(np.float64, _HELD_NUMBERS * limit) as speeds:
        for rows in some.portions(limit):
            speeds.append(rows["speed"])
        with sorted_numbers(speeds, _HELD_NUMBERS * limit) as ordered:
            return LongSample(ordered).mean


def _long_passages(traversals: Portions, limit: int) -> Passages:
    """Return the sums over traversals of one group."""
    n = brakes = 0
    totals = []
    for name in ("weighted", "seconds"):
        with spill(np.float64, _HELD_NUMBERS * limit) as values:
            for rows in traversals():
                values.append(rows[name])
            with sorted_numbers(values, _HELD_NUMBERS * limit) as ordered:
                totals.append(np.array([total_of(ordered, lambda some: some)]))
    for rows in traversals():
        n += len(rows)
        brakes += int(rows["brakes"].sum())
    weighted, seconds = totals
    return Passages(np.array([n]), weighted, seconds, np.array([brakes]))
