"""Tables of text: CSV with any delimiter, a point a row, with named columns.

A CSV is read by its bytes (see plain_text), and where they do not tell what a row is, by Python's csv module,
row by row: this defines what a row is, and counts rows that have another number of fields than the header.
Values go through the rules of the decoder as those of JSON do.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Optional, Union

import numpy as np
from numpy.typing import NDArray

from ...contract.errors import BadTripFile
from ...contract.field_path import keys_of
from ...contract.spec import FieldMapping
from ..advice import SHOWN
from ..decoder import NO_SPEED, PlainRows, Points, TripDecoder
from ..repeated import Repeated
from ..times import (
    Codes,
    Instants,
    TimeRules,
    instants_of_block,
    instants_of_numbers,
    instants_of_texts,
)
from ..trip_json import too_large
from .elements import unreadable
from .lines import utf8_blocks
from .plain_text import PlainText

PIECE = 1 << 20
"""Bytes of a CSV that are read at once."""

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST = 64 << 20  # bytes of a row: more is an open quote
_NAMES = ("link_id", "speed", "time", "trip_id", "vehicle_id", "longitude", "latitude", "direction")
NEEDED = ("link_id", "speed")
DECIMALS = ("speed", "longitude", "latitude")
_SHOWN_COLUMNS = 12
_COMMA_NUMBER = re.compile(r"-?\d+,\d+", re.ASCII)


def columns_of(mapping: FieldMapping) -> dict[str, tuple[str, ...]]:
    """Return the keys of the entries that a mapping names, from a row: those before its points left out."""
    found = {}
    points = keys_of(mapping.points)
    for name in _NAMES:
        if path := getattr(mapping, name):
            keys = keys_of(path)
            found[name] = keys[len(points) :] if keys[: len(points)] == points and keys != points else keys
    if mapping.speed_from:
        found.pop("speed", None)
    return found


@dataclass(frozen=True)
class Dialect:
    """Delimiter and header of a CSV, and the numbers of the columns that the mapping names."""

    delimiter: str
    header: list[str]
    at: dict[str, int]

    def is_header(self, row: Mapping[str, Any]) -> bool:
        """Return True if the values of a row are the names of their columns."""
        return all(row[name] == self.header[number].strip() for name, number in self.at.items())


def decode_csv(decoder: TripDecoder, mapping: FieldMapping, stream: BinaryIO) -> Iterator[Points]:
    """Yield the points of a CSV; raises `BadTripFile`."""
    yield from decode_csv_blocks(decoder, mapping, utf8_blocks(stream, PIECE))


def decode_csv_blocks(
    decoder: TripDecoder,
    mapping: FieldMapping,
    blocks: Iterator[bytes],
    dialect: Optional[Dialect] = None,
    seen: Callable[[bytes, int], None] = lambda rows, n_lines: None,
) -> Iterator[Points]:
    """Yield the points of a CSV in blocks of UTF-8; raises `BadTripFile`.

    With a `dialect` the blocks have no header. `seen` is called with rows and their number of lines.
    """
    for first_line, piece in _pieces(_with_line_feeds(blocks), seen):
        text, number = piece, first_line
        if dialect is None:
            begun = len(text) - len(text.lstrip(b"\n"))
            text = text[begun:]
            if not text.strip():
                continue
            dialect, header_lines = dialect_of(text, columns_of(mapping))
            for _ in range(header_lines):
                text = text.partition(b"\n")[2]
            number += begun + header_lines
        yield from _rows(decoder, dialect, text, number)
    if dialect is None:
        raise BadTripFile("empty", "the file is empty")


def _with_line_feeds(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a text with a line feed at the end of each line."""
    held = b""
    for block in blocks:
        text = held + block
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    if held:
        yield b"\n"


def _pieces(blocks: Iterator[bytes], seen: Callable[[bytes, int], None]) -> Iterator[tuple[int, bytes]]:
    """Yield whole rows, some at a time, with the number of their first line; quoted fields may hold lines."""
    number, rest = 1, b""
    for block in blocks:
        text = rest + block
        end = text.rfind(b"\n")
        while b'"' in text and end >= 0 and _count(text[:end], b'"') % 2:
            end = text.rfind(b"\n", 0, end)
        if end < 0:
            rest = text
            if len(rest) > _LONGEST:
                raise too_large(_LONGEST, f"the row from line {number:,} on, perhaps with an open quote, is")
            continue
        piece, rest = text[: end + 1], text[end + 1 :]
        n_lines = _count(piece, b"\n")
        seen(piece, n_lines)
        yield number, piece
        number += n_lines
    if rest:
        seen(rest, 1)
        yield number, rest


def _count(text: bytes, byte: bytes) -> int:
    """Return how often a byte is in a text; `bytes.count` takes ten times as long."""
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == byte[0]))


def dialect_of(text: bytes, columns: Mapping[str, tuple[str, ...]]) -> tuple[Dialect, int]:
    """Return the dialect of a CSV that begins like this, and the number of lines of its header.

    Raises `BadTripFile` if a column is missing, or there are two of a name.
    """
    dialect, n_lines = _likeliest(text, columns)
    for name, keys in columns.items():
        places = _places(dialect.header, keys)
        if len(places) > 1:
            fault = f"{len(places)} columns are called {'.'.join(keys)!r}, which the mapping names for {name}"
            raise BadTripFile("bad_table", fault)
        if not places and name in NEEDED:
            raise no_column(name, keys, dialect.header)
    return dialect, n_lines


def _likeliest(text: bytes, columns: Mapping[str, tuple[str, ...]]) -> tuple[Dialect, int]:
    """Return the dialect in which the header has most of the columns, and the header's number of lines."""
    start = io.StringIO(text[: 1 << 20].decode("utf-8", "surrogateescape"), newline="")
    found: list[tuple[tuple[int, int, int], Dialect, int]] = []
    for order, delimiter in enumerate(_DELIMITERS):
        start.seek(0)
        reader = csv.reader(start, delimiter=delimiter)
        header = [name.strip() for name in next(reader, [])]
        at = {name: number for name, keys in columns.items() for number in _places(header, keys)[:1]}
        fit = sum(name in at for name in NEEDED), len(header), -order
        found.append((fit, Dialect(delimiter, header, at), reader.line_num))
    _, dialect, n_lines = max(found, key=lambda one: one[0])
    return dialect, n_lines


def first_csv_rows(text: str, mapping: FieldMapping, most: int) -> list[dict[str, Any]]:
    """Return the first rows of a CSV as objects, with numbers as texts with a decimal point.

    `text` is the beginning of the file; its last row may be cut, and is left out.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    dialect, _ = _likeliest(lines.encode("utf-8", "surrogateescape"), columns_of(mapping))
    found: list[dict[str, Any]] = []
    reader = csv.reader(io.StringIO(lines.replace("\0", ""), newline=""), delimiter=dialect.delimiter)
    with suppress(csv.Error):  # what was read before is shown
        next(reader, None)
        for row in reader:
            if len(row) == len(dialect.header):
                found.append(dict(zip(dialect.header, map(partial(_with_point, dialect), row))))
            if len(found) > most:
                break
    return found[:most] if len(found) > most or lines.endswith("\n") else found[:-1] or found


def _with_point(dialect: Dialect, value: str) -> Optional[str]:
    if dialect.delimiter != "," and _COMMA_NUMBER.fullmatch(value):
        return value.replace(",", ".")
    return value or None


def no_column(name: str, keys: tuple[str, ...], header: list[str]) -> BadTripFile:
    """Return the error of a table without a column that is needed."""
    if not any(header):
        return BadTripFile("no_column", "the header of the table is empty")
    shown = ", ".join(repr(column) for column in header[:_SHOWN_COLUMNS])
    more = f" and {len(header) - _SHOWN_COLUMNS:,} more" if len(header) > _SHOWN_COLUMNS else ""
    return BadTripFile(
        "no_column", f"no column {'.'.join(keys)!r} for {name}; the table has the columns {shown}{more}"
    )


def _places(header: list[str], keys: tuple[str, ...]) -> list[int]:
    return [number for number, column in enumerate(header) if column == ".".join(keys)]


def _rows(decoder: TripDecoder, dialect: Dialect, text: bytes, first_line: int) -> Iterator[Points]:
    """Yield the points of some rows; `first_line` is the number of their first line."""
    plain = PlainText.of(text, dialect.delimiter, len(dialect.header))
    lines: Optional[list[int]] = None
    if plain is not None:
        points = decoder.decode_plain(_plain_rows(dialect, plain))
        if points is not None:
            points.lines = {reason: first_line + row for reason, row in points.rows.items()}
            if points.trips is None:
                points.trips = Repeated([None], np.array([len(points.link_id)]))
            yield points
            return
        columns: dict[str, list[Any]] = {name: plain.texts(at).all for name, at in dialect.at.items()}
    else:
        columns, lines, bad = _examined_columns(dialect, text, first_line)
        if bad is not None:
            yield bad
    if dialect.delimiter != ",":
        for name in DECIMALS:
            if any("," in value for value in columns.get(name, ()) if value):
                columns[name] = [value and value.replace(",", ".") for value in columns[name]]
    for points in decoder.decode_columns(columns, dialect.is_header):
        points.lines = {
            reason: lines[row] if lines else first_line + row for reason, row in points.rows.items()
        }
        if points.trips is None:
            points.trips = [None] * len(points.link_id)
        yield points


def _plain_rows(dialect: Dialect, text: PlainText) -> PlainRows:
    """Return the columns of a text that are named."""
    at = dialect.at

    def repeated(*names: str) -> list[Optional[Repeated]]:
        found = iter(text.repeated(*(at[name] for name in names if name in at)))
        return [next(found) if name in at else None for name in names]

    def numbers(name: str) -> Union[NDArray[np.float64], list[Optional[str]]]:
        found = text.decimals(at[name], NO_SPEED)
        return text.texts(at[name]).all if found is None else found

    def instants(rules: TimeRules) -> tuple[Instants, Codes]:
        if "time" not in at:
            return instants_of_texts([None] * len(text), rules)
        block = text.block(at["time"])
        found = None if block is None else instants_of_block(block, rules)
        whole = text.whole_numbers(at["time"]) if found is None and not rules.format else None
        if whole is not None:
            return instants_of_numbers(whole.astype(np.float64))
        return found or instants_of_texts(text.texts(at["time"]).all, rules)

    links, directions = repeated("link_id", "direction")
    (trips,), (vehicles,) = repeated("trip_id"), repeated("vehicle_id")
    return PlainRows(
        links or Repeated([None], np.array([len(text)])),
        directions,
        numbers("speed") if "speed" in at else [None] * len(text),
        text.texts(at["time"]) if "time" in at else [None] * len(text),
        instants,
        [text.texts(at[name]).all for name in ("longitude", "latitude") if name in at],
        trips,
        vehicles,
    )


def _examined_columns(
    dialect: Dialect, text: bytes, first_line: int
) -> tuple[dict[str, list[Any]], list[int], Optional[Points]]:
    """Return the columns that are named, the lines of their rows, and rows that are none."""
    whole = io.StringIO(text.replace(b"\0", b"").decode("utf-8", "surrogateescape"), newline="")
    reader = csv.reader(whole, delimiter=dialect.delimiter)
    columns: dict[str, list[Any]] = {name: [] for name in dialect.at}
    lines: list[int] = []
    bad: Counter[str] = Counter()
    first_bad = ("", 0)
    before = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            row = [f"{error}"] * (len(dialect.header) + 1)
        if row is None:
            break
        line, before = first_line + before, reader.line_num
        if not row:
            continue
        if len(row) != len(dialect.header):
            bad["bad_row"] += 1
            if not first_bad[1]:
                shown = dialect.delimiter.join(row)[: 2 * SHOWN]
                first_bad = f"{len(row)} fields where the header has {len(dialect.header)}: {shown}", line
            continue
        lines.append(line)
        for name, number in dialect.at.items():
            columns[name].append(row[number] or None)
    if not bad:
        return columns, lines, None
    points = unreadable(first_bad[0], bad["bad_row"])
    points.lines = {"bad_row": first_bad[1]}
    return columns, lines, points
