"""Tables: CSV with any delimiter, and Parquet; a point a row, with named columns.

DuckDB reads them, some rows at a time and every column of CSV as text, so that values go through the rules of
the decoder as those of JSON do. What it refuses of a CSV is read by Python's csv module, row by row: this
defines what a row is, and counts rows that have another number of fields than the header.
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
from pathlib import Path
from typing import Any, BinaryIO, Optional

import duckdb
import numpy as np

from ...contract.errors import BadTripFile
from ...contract.field_path import keys_of
from ...contract.spec import FieldMapping
from ...storage.local import scratch
from ...storage.local.database import connect, literal
from ...storage.local.files import disk_errors
from ..advice import SHOWN
from ..decoder import Points, TripDecoder
from ..trip_json import too_large
from .elements import unreadable
from .lines import utf8_blocks

PIECE = 4 << 20
"""Bytes of a CSV that are read at once."""

ROWS = 100_000
"""Rows of a Parquet file that are read at once."""

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST = 64 << 20  # bytes of a row: more is an open quote
_NAMES = ("link_id", "speed", "time", "trip_id", "vehicle_id", "longitude", "latitude", "direction")
_NEEDED = ("link_id", "speed")
_DECIMAL = ("speed", "longitude", "latitude")
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


# -- CSV ------------------------------------------------------------------------------------------------


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
        if not places and name in _NEEDED:
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
        fit = sum(name in at for name in _NEEDED), len(header), -order
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
    columns = _fast_columns(dialect, text)
    lines: Optional[list[int]] = None
    if columns is None:
        columns, lines, bad = _slow_columns(dialect, text, first_line)
        if bad is not None:
            yield bad
    elif b'"' in text or b"\n\n" in text or text[:1] == b"\n":
        lines = []  # counted if need be
    if dialect.delimiter != ",":
        for name in _DECIMAL:
            if any("," in value for value in columns.get(name, ()) if value):
                columns[name] = [value and value.replace(",", ".") for value in columns[name]]
    for points in decoder.decode_columns(columns, dialect.is_header):
        if points.rows:
            if lines == []:
                lines = _slow_columns(dialect, text, first_line)[1]
            points.lines = {
                reason: lines[row] if lines else first_line + row for reason, row in points.rows.items()
            }
        if points.trips is None:
            points.trips = [None] * len(points.link_id)
        yield points


def _fast_columns(dialect: Dialect, text: bytes) -> Optional[dict[str, list[Any]]]:
    """Return the columns that are named; None if DuckDB does not read the text as it stands."""
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(dialect.header)))
    chosen = ", ".join(f"nullif(c{number}, '') AS {name}" for name, number in dialect.at.items())
    query = (
        f"SELECT {chosen} FROM read_csv(?, auto_detect = false, header = false, all_varchar = true, "  # noqa: S608  # nosec B608
        f"delim = ?, quote = '\"', escape = '\"', comment = '', null_padding = false, strict_mode = true, "
        f"max_line_size = {max(len(text) + 1, 1 << 21)}, columns = {{{types}}})"
    )
    with scratch.file("rows.csv") as path, connect() as connection:
        with disk_errors("put rows of a table aside", path.parent):
            path.write_bytes(text)
        try:
            found = connection.execute(query, [str(path), dialect.delimiter]).fetchnumpy()
        except duckdb.Error:
            return None
    return {name: column.tolist() for name, column in found.items()}


def _slow_columns(
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


# -- Parquet --------------------------------------------------------------------------------------------

_STRETCH = "FROM read_parquet(?, file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ?"
_LENGTH = "SELECT sum(num_rows) FROM parquet_file_metadata(?)"
_ROW_GROUPS = "SELECT row_group_num_rows FROM parquet_metadata(?) WHERE column_id = 0 ORDER BY row_group_id"
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NUMBERS = (*_WHOLE, "FLOAT", "DOUBLE")
_PLAIN = (*_NUMBERS, "VARCHAR", "BOOLEAN", "UBIGINT", "HUGEINT", "UHUGEINT", "DATE", "UUID", "TIME")


def decode_parquet(
    decoder: TripDecoder, mapping: FieldMapping, path: Path, first: int = 0, end: Optional[int] = None
) -> Iterator[Points]:
    """Yield the points of a Parquet file, or those of its rows in [first, end); raises `BadTripFile`."""
    for start, columns in _parquet_columns(path, columns_of(mapping), first, end):
        for points in decoder.decode_columns(columns):
            points.lines = {reason: start + row + 1 for reason, row in points.rows.items()}
            if points.trips is None:
                points.trips = [None] * len(points.link_id)
            yield points


def trips_of_rows(path: Path, mapping: FieldMapping, first: int, end: int) -> Iterator[tuple[int, list[Any]]]:
    """Yield the trip ids of some rows of a Parquet file, with the number of the first; "" for none."""
    columns = {name: keys for name, keys in columns_of(mapping).items() if name == "trip_id"}
    for start, found in _parquet_columns(path, columns, first, end):
        yield start, ["" if trip is None else trip for trip in found.get("trip_id", [])]


def row_group_sizes(path: Path) -> list[int]:
    """Return the numbers of rows of the row groups of a Parquet file; raises `duckdb.Error`."""
    with connect() as connection:
        return [n for (n,) in connection.execute(_ROW_GROUPS, [literal(path)]).fetchall()]


def _parquet_columns(
    path: Path, columns: Mapping[str, tuple[str, ...]], first: int, end: Optional[int]
) -> Iterator[tuple[int, dict[str, list[Any]]]]:
    """Yield columns of the rows in [first, end), some at a time, with the number of their first row."""
    file = literal(path)
    try:
        with connect() as connection:
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()
            if end is None:
                (end,) = connection.execute(_LENGTH, [file]).fetchone() or (0,)
            types = {name: kind for name, kind, *_ in described}
            query = f"SELECT {_chosen(connection, file, types, columns)} {_STRETCH}"  # nosec B608
            for start in range(first, int(end or 0), ROWS):
                rows = [start, min(start + ROWS, int(end or 0))]
                found = connection.execute(query, [file, *rows]).fetchnumpy()
                yield start, {name: column.tolist() for name, column in found.items()}
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise BadTripFile("bad_table", f"the file is not a whole Parquet file: {reason}") from error


def first_parquet_rows(path: Path, most: int) -> list[dict[str, Any]]:
    """Return the first rows of a Parquet file as objects; raises `BadTripFile`."""
    file = literal(path)
    try:
        with connect() as connection:
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()
            types = {name: str(kind) for name, kind, *_ in described}
            columns = ", ".join(f"{_shown_value(*one)} AS {_quoted(one[0])}" for one in types.items())
            query = f"SELECT {columns} FROM read_parquet(?) LIMIT ?"  # noqa: S608  # nosec B608
            rows = connection.execute(query, [file, most]).fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise BadTripFile("bad_table", f"the file is not a whole Parquet file: {reason}") from error
    return [dict(zip(types, row)) for row in rows]


def _shown_value(name: str, kind: str) -> str:
    """Return a column as SQL, in a type that a preview shows."""
    if kind.startswith("STRUCT"):
        return _quoted(name)
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        return f"{_quoted(name)}::DOUBLE"
    try:
        return _value("", _quoted(name), kind)
    except BadTripFile:
        return f"{_quoted(name)}::VARCHAR"


def _chosen(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    types: Mapping[str, str],
    columns: Mapping[str, tuple[str, ...]],
) -> str:
    """Return the columns that are named, as SQL, in types that the decoder reads."""
    found = []
    for name, keys in columns.items():
        place = _place(types, keys)
        if not place:
            if name in _NEEDED:
                raise no_column(name, keys, list(types))
            continue
        ((_, kind, *_),) = connection.execute(
            f"DESCRIBE SELECT {place} AS found FROM read_parquet(?)",  # noqa: S608  # nosec B608
            [file],
        ).fetchall()
        found.append(f"{_value(name, place, str(kind))} AS {name}")
    return ", ".join(found)


def _place(types: Mapping[str, str], keys: tuple[str, ...]) -> str:
    """Return a column, or a field inside one, as SQL; empty if there is none."""
    whole = ".".join(keys)
    if whole in types:
        return _quoted(whole)
    if keys[0] in types and types[keys[0]].startswith("STRUCT"):
        return ".".join(map(_quoted, keys))
    return ""


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _value(name: str, place: str, kind: str) -> str:
    """Return a column of a type as SQL, in a type that the decoder reads."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(make_timestamp(epoch_us({place})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({place}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%f')"
    if kind in _WHOLE or (kind in _NUMBERS and name != "speed"):
        return place
    if name in _DECIMAL and (kind in _NUMBERS or kind.startswith("DECIMAL")):
        return f"{place}::DOUBLE"
    if kind in _PLAIN or kind.startswith(("ENUM", "DECIMAL")):
        return place if kind == "BOOLEAN" else f"nullif({place}::VARCHAR, '')"
    raise BadTripFile("bad_table", f"the column {place} for {name} is of type {kind}, not a number or text")
