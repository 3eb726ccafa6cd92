"""Stretches of one large file of many trips, decoded independently of each other.

A file is cut where a trip ends. Each stretch begins somewhere in the file and leaves the trip that it finds
there to the one before, which goes on to that trip's end; so two neighbours find the same place. That holds
as long as the points of every trip lie together. Where they do not, or where a place in the middle of the
file does not tell what it is (quoted lines, UTF-16, one trip without an id), `Uncut` says that the file has
to be read whole (see store.cut_files).

Text is cut at ends of lines, Parquet between row groups.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Optional

import duckdb
import numpy as np
from numpy.typing import NDArray

from ...contract.errors import BadTripFile
from ...contract.spec import LINES, TABLE, FieldMapping
from ...storage.base.trip_source import Spans
from ..decoder import Points, TripDecoder
from ..trip_json import GZIP
from . import parquet, tables
from .elements import Elements
from .lines import BLANK, decode_blocks, first_decoder
from .recognition import PARQUET, encoding_of, form_of

HEAD = 1 << 20
"""Bytes at the beginning of a text file that hold its header, or its first line."""

BLOCK = 1 << 20
"""Bytes that are read at once."""

_LINES_AT_ONCE = 1 << 16
_FARTHEST = 64 << 20  # bytes without an end of a line, after which the file is read whole


_TripOf = Callable[[bytes], Optional[object]]
"""Returns what tells the trip of a line from that of another; None if the line has no row."""


class Uncut(Exception):
    """A file cannot be read in stretches with the same result as whole."""


class Stretch(NamedTuple):
    """Stretch `number` of the `of` that a file is cut into, from 0 on."""

    number: int
    of: int

    def part_of(self, size: int) -> tuple[int, int]:
        """Return about where it begins and ends in something of a size."""
        return size * self.number // self.of, size * (self.number + 1) // self.of


class StretchReader:
    """Reader of one stretch of a file of this name.

    `columns` are as in `form_of`, and a line has at most `most` bytes. Once the pieces are read, `form` is
    the file's form, and `lines` the number of lines that the stretch has.
    """

    def __init__(
        self,
        elements: Elements,
        mapping: FieldMapping,
        columns: frozenset[str],
        most: int,
        source: tuple[Spans, str, Stretch],
    ) -> None:
        self._elements, self._mapping = elements, mapping
        self._columns, self._most = columns, most
        self._spans, self._name, self._stretch = source
        self.form, self.lines = "", 0

    def pieces(self) -> Iterator[Points]:
        """Yield the points of the stretch; raises `Uncut` and `BadTripFile`."""
        head = self._spans.read(0, min(HEAD, self._spans.size))
        encoding, mark = encoding_of(head)
        self.form = self._mapping.form or form_of(head, self._name, self._columns)
        if head[: len(PARQUET)] == PARQUET and self.form == TABLE:
            yield from self._parquet()
        elif head[:2] == GZIP or self.form not in (LINES, TABLE) or encoding != "utf-8":
            raise Uncut("its form")
        else:
            yield from self._csv(head[mark:]) if self.form == TABLE else self._lines(head[mark:])

    # -- text -----------------------------------------------------------------------------------------

    def _lines(self, head: bytes) -> Iterator[Points]:
        decoder = first_decoder(self._elements, head.split(b"\n"))
        if not self._mapping.trip_id and not self._elements.are_trips(decoder):
            raise Uncut("points without the id of their trip")
        number = 0

        def trip_of(line: bytes) -> Optional[object]:
            nonlocal number
            number += 1
            return _trip_of_line(self._elements, decoder, line.strip(BLANK), number)

        def count(n: int) -> None:
            self.lines += n

        yield from decode_blocks(self._elements, self._blocks(trip_of), self._most, decoder, count)

    def _csv(self, head: bytes) -> Iterator[Points]:
        start = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
        dialect, _ = tables.dialect_of(start, tables.columns_of(self._mapping))
        place = dialect.at.get("trip_id")
        if place is None:
            raise Uncut("points without the id of their trip")

        def trip_of(line: bytes) -> Optional[object]:
            fields = _fields(line.rstrip(b"\r\n"), dialect.delimiter)
            return fields[place] if len(fields) == len(dialect.header) else None

        def count(text: bytes, n: int) -> None:
            if b'"' in text and _has_quoted_lines(text):
                raise Uncut("lines in quotes")
            self.lines += n

        begun = dialect if self._stretch.number else None
        yield from tables.decode_csv_blocks(
            self._elements.of_rows, self._mapping, self._blocks(trip_of), begun, count
        )

    def _blocks(self, trip_of: _TripOf) -> Iterator[bytes]:
        """Yield the text of the stretch."""
        size = self._spans.size
        start, end = (self._boundary(place, trip_of) for place in self._stretch.part_of(size))
        mark = encoding_of(self._spans.read(0, 4))[1] if start == 0 else 0
        for at in range(start + mark, end, BLOCK):
            yield self._spans.read(at, min(at + BLOCK, end))

    def _boundary(self, place: int, trip_of: _TripOf) -> int:
        """Return where the first trip ends of which a line begins at a place or after it."""
        if place in (0, self._spans.size):
            return place
        first: Optional[object] = None
        for at, line in _lines_from(self._spans, place):
            trip = trip_of(line)
            if first is None:
                first = trip
            elif trip is not None and trip != first:
                return at
        return self._spans.size

    # -- Parquet --------------------------------------------------------------------------------------

    def _parquet(self) -> Iterator[Points]:
        try:
            counts = parquet.row_group_sizes(self._spans.table(0, 0))
            ends = np.cumsum([0, *counts])
            first, last = self._stretch.part_of(len(counts))
            if first == last:
                return
            start, end = (self._row_boundary(group, ends) for group in (first, last))
            path = self._spans.table(first, int(np.searchsorted(ends, end)))
            yield from parquet.decode_parquet(self._elements.of_rows, self._mapping, path, start, end)
        except duckdb.Error as error:
            raise Uncut(str(error)) from error

    def _row_boundary(self, group: int, ends: NDArray[np.int64]) -> int:
        """Return the row at which the first trip ends of which a row begins in a row group or later."""
        if group in (0, len(ends) - 1):
            return int(ends[group])
        first: Sequence[Optional[str]] = []
        for number in range(group, len(ends) - 1):
            path = self._spans.table(number, number + 1)
            start, end = int(ends[number]), int(ends[number + 1])
            for at, trips in parquet.trips_of_rows(path, self._mapping, start, end):
                first = first or trips[:1]
                for row, trip in enumerate(trips, at):
                    if trip != first[0]:
                        return row
        return int(ends[-1])


def _lines_from(spans: Spans, place: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that begin at a place in a file or after it, with the places at which they begin."""
    rest, begins, searched = b"", -1, place - 1  # the line before may end there
    for at in range(searched, spans.size, _LINES_AT_ONCE):
        rest += spans.read(at, min(at + _LINES_AT_ONCE, spans.size))
        *found, rest = rest.split(b"\n")
        if begins < 0 and found:
            begins = searched + len(found.pop(0)) + 1
        for line in found:
            yield begins, line
            begins += len(line) + 1
        if len(rest) > _FARTHEST:
            raise Uncut("long lines")
    if begins >= 0 and rest:
        yield begins, rest


def _fields(line: bytes, delimiter: str) -> list[str]:
    """Return the fields of a line of a CSV."""
    text = line.decode("utf-8", "surrogateescape")
    if '"' not in text:
        return text.split(delimiter)
    if text.count('"') % 2:
        raise Uncut("lines in quotes")
    try:
        return next(csv.reader([text.replace("\0", "")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _has_quoted_lines(text: bytes) -> bool:
    """Return True if a line may end inside of quotes: one has an odd number of them."""
    found = np.frombuffer(text, dtype=np.uint8)
    quotes, ends = np.flatnonzero(found == ord('"')), np.flatnonzero(found == ord("\n"))
    return bool((np.searchsorted(quotes, [*ends, len(text)]) % 2).any())


def _trip_of_line(elements: Elements, decoder: TripDecoder, line: bytes, number: int) -> Optional[object]:
    if not line:
        return None
    if elements.are_trips(decoder):
        points = elements.trip(line)
        if points.trips is None:
            return points.trip_id or number
        if points.trips:
            raise Uncut("points of several trips in a line")
        return None
    try:
        trips = elements.rows(decoder, [line]).trips
    except BadTripFile:
        return None
    return (trips[0] or "") if trips else None
