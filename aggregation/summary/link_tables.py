"""Rows of all result tables for some links, from their points and traversals in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

from ..contract.spec import RunSpec
from ..contract.statistic import statistic
from ..contract.tables import LINK_SPEEDS, statistics_of, tables_of
from .cells import Calendar, Clock, Layer, Mask
from .counts import SummaryReport, clock_of, kept
from .groups import Groups, Points, TripPairs, grouped, passages, speed_codes, takes_trips
from .samples import Ints
from .statistics import PACES, PASSAGES, WINDOW, Column, Passages, compute, inputs_of, settings_of

Columns = tuple[NDArray[Any], ...]

POINT = np.dtype([("link_id", np.int64), ("time", np.int64), ("speed", np.float64), ("trip", np.int32)])
"""Columns of the points of a task; `trip` is the index of the trip."""

PASSAGE = np.dtype(
    [
        ("link_id", np.int64), ("entry", np.int64), ("weighted", np.float64), ("seconds", np.float64),
        ("brakes", np.int16),
    ]
)  # fmt: skip
"""Columns of the traversals of a task."""


FREE_FLOW = "free_flow"
"""Key of the statistic that all rows of a link take from the table of links."""

_JUDGED = 4096  # points by which rows are estimated


def no_rows(dtype: np.dtype[Any]) -> Columns:
    """Return the columns of `POINT` or `PASSAGE` without rows."""
    return tuple(np.empty(0, dtype=dtype[name]) for name in dtype.names or ())


@dataclass(frozen=True)
class Piece:
    """Rows of some links; a table that is left out has none of them."""

    links: Ints
    tables: dict[str, Groups]

    @classmethod
    def joined(cls, pieces: list[Piece]) -> Piece:
        """Return the rows of pieces one after the other; a link may be in several of them."""
        if len(pieces) == 1:
            return pieces[0]
        starts = np.cumsum([0, *(len(piece.links) for piece in pieces)])
        found: dict[str, list[Groups]] = {}
        for piece, start in zip(pieces, starts.tolist()):
            for table, groups in piece.tables.items():
                found.setdefault(table, []).append(Groups(groups.link + start, groups.cell, groups.columns))
        links = np.concatenate([piece.links for piece in pieces])
        return cls(links, {table: Groups.joined(parts) for table, parts in found.items()})


class Computation:
    """The statistics of a run's tables, the tables' layers, and the inputs `wanted` by the formulas."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.layers = Calendar(spec).layers
        self.wanted = inputs_of(spec.statistics)
        self._keys = {table: statistics_of(table, spec) for table in tables_of(spec)}
        if FREE_FLOW in self.wanted and FREE_FLOW not in self._keys[LINK_SPEEDS]:
            self._keys[LINK_SPEEDS] += (FREE_FLOW,)
        self._settings = settings_of(spec)

    @property
    def memory_of_a_point(self) -> float:
        """Memory that a point takes while it is computed, by that with the default statistics."""
        return 3.5 if takes_trips(self.wanted) or PASSAGES in self.wanted else 1.0

    def rows_of_a_point(self, instant: Ints) -> float:
        """Return about how many rows of the tables by time and by period a point is in, judged by some."""
        if len(self.layers) == 1:
            return 1.0
        clock = clock_of(self.spec, instant[:: len(instant) // _JUDGED + 1])
        return sum(len(layer.cells(clock)[1]) for layer in self.layers) / max(len(clock.local), 1)

    def columns(self, table: str, inputs: Mapping[str, Any]) -> dict[str, Column]:
        """Return the statistics of groups of a table, and the free flow of links where others need it."""
        return compute(self._keys[table], {**self._settings, **inputs})

    def no_columns(self, table: str) -> dict[str, Column]:
        """Return the statistics of no groups."""
        return {
            key: np.empty(0, dtype=np.int64 if statistic(key).is_whole else np.float64)
            for key in self._keys[table]
        }

    def count(self, inputs: Mapping[str, Any], report: SummaryReport) -> None:
        """Count in the report what became of rules for links, by the inputs of the table of links."""
        if PACES in self.wanted:
            report.raised += int(inputs[PACES].n_raised.sum())
        if WINDOW in self.wanted:
            report.free_flow_by_window += int((inputs[WINDOW].n >= self.spec.free_flow.min_points).sum())

    def in_window(self, clock: Clock) -> Optional[Mask]:
        """Return a mask of the points in the window of the free-flow rule; None if it is not wanted."""
        if WINDOW not in self.wanted:
            return None
        return clock.within(self.spec.free_flow.start, self.spec.free_flow.end)


def tables(points: Columns, traversals: Columns, computation: Computation, report: SummaryReport) -> Piece:
    """Return the rows of all tables for points and traversals with columns as in `POINT` and `PASSAGE`.

    The points are counted in the report.
    """
    link_id, instant, speed, trip = points
    keep, clock = report.count(computation.spec, instant, speed)
    if keep is not None:
        link_id, speed, trip = link_id[keep], speed[keep], trip[keep]
    links, rank = _ranks(link_id)
    del points, link_id, instant, keep
    every = Points(rank, speed, speed_codes(speed), trip, computation.in_window(clock))
    passing = _Passing(links, traversals, computation) if PASSAGES in computation.wanted else None
    cells = _LayerCells(computation.layers[0], every, clock)
    pairs = None
    if cells.everything and not takes_trips(computation.wanted):
        # The pairs of the cells hold every trip of a link already, so the links' are few to look through.
        pairs = TripPairs.of(cells.points)
    key, inputs = grouped(every, computation.wanted, computation.spec, pairs and pairs.by(cells.width))
    if passing is not None:
        inputs[PASSAGES] = passing.of(key)
    of_links = computation.columns(LINK_SPEEDS, inputs) if len(links) else computation.no_columns(LINK_SPEEDS)
    if len(links):
        computation.count(inputs, report)
    parts: dict[str, list[Groups]] = {LINK_SPEEDS: [Groups(key, np.zeros_like(key), of_links)]}
    for layer in computation.layers:
        cells = cells if layer is cells.layer else _LayerCells(layer, every, clock)
        report.count_in_layer(layer.number, len(cells.points.key))
        key, inputs = grouped(cells.points, computation.wanted, computation.spec, pairs)
        pairs = None
        if passing is not None:
            inputs[PASSAGES] = passing.of(key, cells)
        link, offset = np.divmod(key, cells.width)
        if FREE_FLOW in of_links:
            inputs[FREE_FLOW] = of_links[FREE_FLOW][link]
        columns = (
            computation.columns(layer.table, inputs) if len(key) else computation.no_columns(layer.table)
        )
        parts.setdefault(layer.table, []).append(Groups(link, offset + cells.first, columns))
    return Piece(links, {table: Groups.joined(groups) for table, groups in parts.items()})


class _LayerCells:
    """Points in the cells of a layer, with the keys link × `width` + cell - `first`."""

    def __init__(self, layer: Layer, every: Points, clock: Clock) -> None:
        self.layer = layer
        rows, cell = layer.cells(clock)
        self.everything = rows is None
        some = every if rows is None else every.only(rows)
        self.first, last = (int(cell.min()), int(cell.max())) if len(cell) else (0, 0)
        self.width = last - self.first + 1
        self.points = some.by(self.key(some.key, cell))

    def key(self, link: Ints, cell: Ints) -> Ints:
        """Return the keys of links, by their indices, and cells."""
        key: Ints = link * self.width + (cell - self.first)
        return key


class _Passing:
    """The traversals that count, with the indices of their links and the local times of entry."""

    def __init__(self, links: Ints, traversals: Columns, computation: Computation) -> None:
        link_id, entry, *self._values = traversals
        self._link, self._clock = np.searchsorted(links, link_id), clock_of(computation.spec, entry)
        rows = kept(computation.spec, self._clock)
        if rows is not None:
            self._link, self._clock = self._link[rows], self._clock.of(rows)
            self._values = [values[rows] for values in self._values]

    def of(self, groups: Ints, cells: Optional[_LayerCells] = None) -> Passages:
        """Return the sums of groups by link, or by the keys of the cells of a layer."""
        link, values = self._link, self._values
        if cells is None:
            return passages(groups, link, *values)
        rows, cell = cells.layer.cells(self._clock)
        if rows is not None:
            link, values = link[rows], [column[rows] for column in values]
        return passages(groups, cells.key(link, cell), *values)


def _ranks(link_id: Ints) -> tuple[Ints, Ints]:
    """Return the distinct link ids in order, and each point's index among them.

    A part of the store has a link's points together, so there are far fewer runs than points.
    """
    if not len(link_id):
        return link_id, link_id
    starts = np.flatnonzero(np.concatenate([[True], link_id[1:] != link_id[:-1]]))
    links, of_run = np.unique(link_id[starts], return_inverse=True)
    return links, np.repeat(of_run, np.diff(np.append(starts, len(link_id)))).astype(np.int64)
