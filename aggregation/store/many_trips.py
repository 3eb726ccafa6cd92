"""Files with many trips: their points are put aside, sorted by trip, and written trip after trip.

Points of one trip may lie anywhere in the file. They keep the file's order, and so do the trips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ..contract.errors import RunError
from ..contract.trip_files import printable
from ..storage.spill import Spill
from ..trips.decoder import Ids, Points
from ..trips.readers.stretches import Uncut
from ..trips.repeated import Repeated
from .point_store import FileRecord

ROW = np.dtype(
    [
        ("link_id", np.int64), ("time", np.int64), ("speed", np.float64), ("longitude", np.float64),
        ("latitude", np.float64), ("trip", np.int32),
    ]
)  # fmt: skip

Key = Union[str, int, None]
"""A trip in its file: its id, or its place among the trips of the file; None for points without an id."""


class _Codes(dict[Key, int]):
    """Numbers of keys, from 0 up in the order in which they are met."""

    def __init__(self) -> None:
        super().__init__()
        self.met: list[Key] = []

    def __missing__(self, key: Key) -> int:
        if key == "":  # as none
            code = self[None]
        else:
            code = len(self.met)
            self.met.append(key)
        self[key] = code
        return code


@dataclass
class Trips:
    """The trips of a file: `points` has counts of the whole file, `rows` the points (`ROW`) by trip.

    `sizes` has the number of points of each trip, `vehicles` the vehicles by trip, `codes` the trips by
    the numbers of their records. `n` is their number; without any, one without points stands for the file.
    """

    points: Points
    keys: list[Key]
    sizes: list[int]
    vehicles: dict[int, str]
    rows: Spill
    n: int
    codes: dict[int, int] = field(default_factory=dict)

    def records(self, first: FileRecord, numbers: Iterator[int]) -> Iterator[FileRecord]:
        """Yield a record for each trip: `first`, with the counts of the whole file, then others like it."""
        for code, (key, size) in enumerate(zip(self.keys, self.sizes)):
            record = first if code == 0 else replace(first, number=next(numbers), points=0, place=code)
            if code:
                record.fields, record.examples, record.faults = "", "", FileRecord.faults
            record.trip_id = printable(key) if isinstance(key, str) else ""
            record.counted = size
            self.codes[record.number] = code
            yield record


@dataclass
class TripSorter:
    """Collects the points of a file in its order; `rows` and `by_trip` are empty spills of `ROW`.

    If they have to be `in_order`, `Uncut` is raised where a trip begins again.
    """

    rows: Spill
    by_trip: Spill
    at_once: int
    in_order: bool = False
    points: Points = field(
        default_factory=lambda: Points(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), 0)
    )
    _codes: _Codes = field(default_factory=_Codes)
    _vehicles: dict[int, str] = field(default_factory=dict)
    _sizes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _last: int = 0
    _is_sorted: bool = True
    _elements: int = 0

    def take(self, pieces: Iterable[Points]) -> Trips:
        """Return the trips of a file whose points come in pieces."""
        for piece in pieces:
            self._add(piece)
        rows = self.rows
        if not self._is_sorted:
            self.by_trip.take_grouped(rows, _trips_of, self._sizes, self.at_once)
            rows = self.by_trip
        if len(rows):
            self.points.fields = ""
        if None in self._codes:
            self.points.faults["no_trip"] = int(self._sizes[self._codes[None]])
        keys, sizes = self._codes.met or [None], self._sizes.tolist() or [0]
        return Trips(self.points, keys, sizes, self._vehicles, rows, len(self._codes.met))

    def _add(self, piece: Points) -> None:
        n = len(piece.link_id)
        self.points.add_counts(piece)
        if piece.trips is None:
            key: Key = piece.trip_id
            if not key:
                self._elements += 1
                key = self._elements
            codes = np.full(n, self._codes[key], dtype=np.int32)
            if piece.vehicle is not None:
                self._vehicles.setdefault(self._codes[key], piece.vehicle)
        else:
            codes = self._codes_of(piece.trips)
        if more := len(self._codes.met) - len(self._sizes):
            self._sizes = np.append(self._sizes, np.zeros(more, np.int64))
        if not n:
            return
        if piece.vehicles is not None:
            self._note_vehicles(codes, piece.vehicles)
        self._sizes += np.bincount(codes, minlength=len(self._sizes))
        self._is_sorted = self._is_sorted and int(codes[0]) >= self._last and not (np.diff(codes) < 0).any()
        if self.in_order and not self._is_sorted:
            raise Uncut("trips by turns")
        self._last = int(codes[-1])
        position = piece.position if piece.position is not None else np.full((n, 2), np.nan)
        self.rows.append(piece.link_id, piece.time, piece.speed, position[:, 0], position[:, 1], codes)

    def _codes_of(self, trips: Ids) -> NDArray[np.int32]:
        if isinstance(trips, Repeated):
            return np.repeat(self._codes_of(trips.values), trips.times)
        return np.fromiter(map(self._codes.__getitem__, trips), np.int32, len(trips))

    def _note_vehicles(self, codes: NDArray[np.int32], vehicles: Ids) -> None:
        """Keep the first vehicle that is named of each trip."""
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(codes)]):
            code = int(codes[start])
            if code not in self._vehicles:
                vehicle = next(filter(None, vehicles[start:end]), None)
                if vehicle is not None:
                    self._vehicles[code] = vehicle


def _trips_of(rows: NDArray[Any]) -> NDArray[np.int64]:
    return rows["trip"].astype(np.int64)


def numbers_of(further: tuple[int, int]) -> Iterator[int]:
    """Yield numbers for the trips beyond the first of a file, those of a range."""
    yield from range(*further)
    raise RunError(
        "The trip files hold too many trips to be numbered in one run. Name fewer files in the trips; a "
        "later run adds the others to the same point store."
    )
