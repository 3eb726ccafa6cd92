"""Parquet: a point a row, with named columns. DuckDB reads it, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Optional, Union, cast

import duckdb
import numpy as np
from numpy.typing import NDArray

from ...contract.errors import BadTripFile
from ...contract.spec import FieldMapping
from ...storage.local.database import connect, literal
from ..decoder import NO_SPEED, PlainRows, Points, TripDecoder, id_of
from ..link_keys import NO_LINK
from ..repeated import Repeated
from ..times import (
    NO_TIME,
    Codes,
    Instants,
    TimeRules,
    instants_of_clocks,
    instants_of_numbers,
    instants_of_texts,
)
from .tables import DECIMALS, NEEDED, columns_of, no_column

ROWS = 30_000
"""Rows of a Parquet file that are read at once."""

_STRETCH = "FROM read_parquet(?, file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ?"
_ROW_GROUPS = "SELECT row_group_num_rows FROM parquet_metadata(?) WHERE column_id = 0 ORDER BY row_group_id"
_NEVER = 2**63 - 1
_IDS = ("trip_id", "vehicle_id")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NUMBERS = (*_WHOLE, "FLOAT", "DOUBLE")
_PLAIN = (*_NUMBERS, "VARCHAR", "BOOLEAN", "UBIGINT", "HUGEINT", "UHUGEINT", "DATE", "UUID", "TIME")


def decode_parquet(
    decoder: TripDecoder, mapping: FieldMapping, path: Path, first: int = 0, end: Optional[int] = None
) -> Iterator[Points]:
    """Yield the points of a Parquet file, or those of its rows in [first, end); raises `BadTripFile`."""
    times_as_text = bool(mapping.time_format)
    for start, columns in _parquet_columns(path, columns_of(mapping), first, end, times_as_text):
        rows = columns.plain_rows()
        points = decoder.decode_plain(rows) if rows else None
        for some in decoder.decode_columns(columns.lists()) if points is None else (points,):
            some.lines = {reason: start + row + 1 for reason, row in some.rows.items()}
            if some.trips is None:
                some.trips = [None] * len(some.link_id)
            yield some


def trips_of_rows(path: Path, mapping: FieldMapping, first: int, end: int) -> Iterator[tuple[int, list[Any]]]:
    """Yield the trip ids of some rows of a Parquet file, with the number of the first; "" for none."""
    columns = {name: keys for name, keys in columns_of(mapping).items() if name == "trip_id"}
    for start, found in _parquet_columns(path, columns, first, end):
        yield start, ["" if trip is None else trip for trip in found.lists().get("trip_id", [])]


def row_group_sizes(path: Path) -> list[int]:
    """Return the numbers of rows of the row groups of a Parquet file; raises `duckdb.Error`."""
    with connect() as connection:
        return [n for (n,) in connection.execute(_ROW_GROUPS, [literal(path)]).fetchall()]


def _portions(groups: list[int], first: int, end: Optional[int]) -> Iterator[tuple[int, int]]:
    """Yield spans of the rows in [first, end), of at most `ROWS`: whole row groups, or parts of one.

    Each span that begins in a row group decodes all of it.
    """
    begin = at = 0
    for size in [*groups, None]:
        if size is None or at + size - begin > ROWS:
            n = -(-(at - begin) // ROWS)
            bounds = [begin + (at - begin) * number // max(n, 1) for number in range(n + 1)]
            for lower, upper in zip(bounds, bounds[1:]):
                start, stop = max(lower, first), upper if end is None else min(upper, end)
                if start < stop:
                    yield start, stop
            begin = at
        at += size or 0


def _parquet_columns(
    path: Path,
    columns: Mapping[str, tuple[str, ...]],
    first: int,
    end: Optional[int],
    times_as_text: bool = True,
) -> Iterator[tuple[int, _ParquetColumns]]:
    """Yield columns of the rows in [first, end), some at a time, with the number of their first row."""
    file = literal(path)
    try:
        with connect() as connection:
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()
            types = {name: kind for name, kind, *_ in described}
            chosen, zone = _chosen(connection, file, types, columns, times_as_text)
            query = f"SELECT {chosen} {_STRETCH}"  # nosec B608
            for rows in _portions(row_group_sizes(path), first, end):
                found = connection.execute(query, [file, *rows]).fetchnumpy()
                yield rows[0], _ParquetColumns(cast("dict[str, NDArray[Any]]", found), zone)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise BadTripFile("bad_table", f"the file is not a whole Parquet file: {reason}") from error


@dataclass(frozen=True)
class _ParquetColumns:
    """Columns by the entry of the mapping, masked where they have no value.

    If the times are timestamps, they are in µs, and `zone` is what follows them as text; otherwise None.
    """

    columns: Mapping[str, NDArray[Any]]
    zone: Optional[str]

    def __len__(self) -> int:
        return len(self.columns["link_id"])

    def lists(self) -> dict[str, list[Any]]:
        """Return all columns as lists of texts, numbers and None."""
        found = {name: column.tolist() for name, column in self.columns.items()}
        if self.zone is not None:
            found["time"] = [_stamp(value, self.zone) for value in found["time"]]
        return found

    def plain_rows(self) -> Optional[PlainRows]:
        """Return the columns without looking at each value; None where `lists` is needed."""
        links, speed = (self.columns.get(name) for name in ("link_id", "speed"))
        if links is None or "direction" in self.columns or (speed is not None and speed.dtype.kind != "f"):
            return None
        if links.dtype.kind == "i":
            keys: Union[Repeated, NDArray[np.int64]] = _filled(links.astype(np.int64), NO_LINK)
        elif links.dtype.kind == "O":
            keys = _repeated(links)
        else:
            return None
        moments = self.columns.get("time")
        return PlainRows(
            keys,
            None,
            [None] * len(self) if speed is None else _filled(speed.astype(np.float64), NO_SPEED),
            [None] * len(self) if moments is None else _Moments(moments, self.zone),
            self._instants,
            [self.columns[name].tolist() for name in ("longitude", "latitude") if name in self.columns],
            *(_repeated(self.columns[name]) if name in self.columns else None for name in _IDS),
        )

    def _instants(self, rules: TimeRules) -> tuple[Instants, Codes]:
        moments = self.columns.get("time")
        if moments is None:
            return instants_of_texts([None] * len(self), rules)
        if self.zone is not None:
            clocks = _filled(moments.astype(np.int64), NO_TIME)
            return instants_of_clocks(clocks, rules if self.zone == "" else TimeRules("utc"))
        if moments.dtype.kind in "iuf" and not rules.format:
            return instants_of_numbers(_filled(moments.astype(np.float64), np.nan))
        return instants_of_texts(moments.tolist(), rules)


class _Moments(Sequence[Any]):
    """Times as they are shown."""

    def __init__(self, column: NDArray[Any], zone: Optional[str]) -> None:
        self._column, self._zone = column, zone

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, index: Any) -> Any:
        (value,) = self._column[index : index + 1].tolist()
        return value if self._zone is None else _stamp(value, self._zone)


def _stamp(moment: Optional[int], zone: str) -> Optional[str]:
    """Return a timestamp in µs since 1970 as text."""
    if moment is None:
        return None
    try:
        return f"{datetime(1970, 1, 1) + timedelta(microseconds=moment):%Y-%m-%dT%H:%M:%S.%f}{zone}"
    except OverflowError:
        return str(moment)


def _filled(column: NDArray[Any], missing: float) -> NDArray[Any]:
    """Return a column with a value for what is missing."""
    found: NDArray[Any] = np.ma.filled(column, missing)  # type: ignore[no-untyped-call]
    return found


def _repeated(column: NDArray[Any]) -> Repeated:
    """Return a column of ids with equal ones together."""
    missing = np.ma.getmaskarray(column)  # type: ignore[no-untyped-call]
    values = np.asarray(column)
    begins = np.append(True, (values[1:] != values[:-1]) | (missing[1:] != missing[:-1]))
    first = np.flatnonzero(begins)
    return Repeated([id_of(value) for value in column[first].tolist()], np.diff(first, append=len(column)))


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
    times_as_text: bool,
) -> tuple[str, Optional[str]]:
    """Return the columns that are named, as SQL, in types that the decoder reads, and the times' zone."""
    found = []
    zone: Optional[str] = None
    for name, keys in columns.items():
        place = _place(types, keys)
        if not place:
            if name in NEEDED:
                raise no_column(name, keys, list(types))
            continue
        ((_, kind, *_),) = connection.execute(
            f"DESCRIBE SELECT {place} AS found FROM read_parquet(?)",  # noqa: S608  # nosec B608
            [file],
        ).fetchall()
        if name == "time" and str(kind).startswith("TIMESTAMP") and not times_as_text:
            zone = "Z" if kind == "TIMESTAMP WITH TIME ZONE" else ""
            place = place if zone else f"{place}::TIMESTAMP"
            otherwise = f"WHEN {place} IS NOT NULL THEN {_NEVER}"
            found.append(f"CASE WHEN isfinite({place}) THEN epoch_us({place}) {otherwise} END AS {name}")
        else:
            found.append(f"{_value(name, place, str(kind))} AS {name}")
    return ", ".join(found), zone


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
    if name in DECIMALS and (kind in _NUMBERS or kind.startswith("DECIMAL")):
        return f"{place}::DOUBLE"
    if kind in _PLAIN or kind.startswith(("ENUM", "DECIMAL")):
        return place if kind == "BOOLEAN" else f"nullif({place}::VARCHAR, '')"
    raise BadTripFile("bad_table", f"the column {place} for {name} is of type {kind}, not a number or text")
