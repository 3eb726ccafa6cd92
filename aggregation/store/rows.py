"""Reading and writing rows of Parquet files of a store with DuckDB, in portions if they are many."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from ..storage.local import scratch
from ..storage.local.database import connect, literal
from ..trips.times import NO_TIME
from .order import Columns

_FORMAT = (
    "(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, ROW_GROUP_SIZE 61440, "
    "WRITE_BLOOM_FILTER false)"
)
_JOIN = f"COPY (FROM read_parquet(?, hive_partitioning = false)) TO ? {_FORMAT}"
_LENGTH = "SELECT num_rows FROM parquet_file_metadata(?)"
_EVERYTHING = 1 << 62
_NO_DEFAULTS: Mapping[str, str] = {}
_NONE = f"({NO_TIME})::BIGINT"


@dataclass(frozen=True)
class RowType:
    """Names of the columns of a kind of rows; those of `times` are instants, in memory in µs since 1970."""

    columns: tuple[str, ...]
    times: tuple[str, ...]

    def writing(self, options: str = _FORMAT) -> str:
        """Return the statement that writes the rows of `part`; its parameter is a path."""
        columns = (
            f'make_timestamptz(nullif("{name}", {_NONE})) AS "{name}"' if name in self.times else f'"{name}"'
            for name in self.columns
        )
        return f"COPY (SELECT {', '.join(columns)} FROM part) TO ? {options}"  # noqa: S608  # nosec B608  # own names

    def reading(
        self, names: Sequence[str], present: Container[str] = (), defaults: Mapping[str, str] = _NO_DEFAULTS
    ) -> str:
        """Return the clause that selects columns of a Parquet file.

        `defaults` has the values, in SQL, of columns that it may lack; `present` are its columns.
        """
        columns = (
            f'{defaults[name]} AS "{name}"'
            if name in defaults and name not in present
            else f'coalesce(epoch_us("{name}"), {_NONE}) AS "{name}"'
            if name in self.times
            else f'"{name}"'
            for name in names
        )
        return f"SELECT {', '.join(columns)}"


POINTS = RowType(("bucket", "link_id", "time", "speed", "file"), ("time",))
TRAVERSALS = RowType(
    (
        "bucket", "link_id", "entry", "exit", "n", "mean", "min", "weighted", "seconds", "brakes", "file",
        "seq",
    ),
    ("entry", "exit"),
)  # fmt: skip
LINKS = RowType(("bucket", "link_id", "text"), ())


def write_rows(path: Path, columns: Columns, kind: RowType = POINTS) -> None:
    """Write rows in the given order; an instant `NO_TIME` becomes null."""
    with connect() as connection:
        connection.register("part", columns)
        connection.execute(kind.writing(), [str(path)])


def write_runs(path: Path, runs: Iterable[Columns], kind: RowType = POINTS) -> None:
    """Write rows that are given in portions, in their order."""
    with ExitStack() as stack, connect() as connection:
        files = []
        for columns in runs:
            files.append(stack.enter_context(scratch.file("run.parquet")))
            write_rows(files[-1], columns, kind)
        connection.execute(_JOIN, [[literal(file) for file in files], str(path)])


@dataclass(frozen=True)
class Reading:
    """Reading of columns of the rows of the buckets in [first, end): all at once, or `at_most` at a time."""

    kind: RowType
    names: tuple[str, ...]
    first: int
    end: int
    at_most: int = 0

    def rows(self, files: Sequence[Path]) -> Iterator[Columns]:
        """Yield the rows of some files; an instant that is null is `NO_TIME`. Raises `duckdb.Error`."""
        if files:
            with connect() as connection:
                yield from self._read(connection, list(map(literal, files)))

    def _read(self, connection: duckdb.DuckDBPyConnection, files: list[str]) -> Iterator[Columns]:
        # Fetch one more than `at_most`, to see whether there are too many to fetch at once.
        columns = self._fetched(connection, files, limit=self.at_most + 1 if self.at_most else _EVERYTHING)
        n = len(next(iter(columns.values())))
        if not self.at_most or n <= self.at_most:
            yield columns
            return
        del columns
        if len(files) > 1:
            half = len(files) // 2
            yield from self._read(connection, files[:half])
            yield from self._read(connection, files[half:])
            return
        (length,) = connection.execute(_LENGTH, files).fetchone() or (0,)
        for start in range(0, length, self.at_most):
            columns = self._fetched(connection, files, start, start + self.at_most)
            if len(next(iter(columns.values()))):
                yield columns

    def _fetched(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: list[str],
        start: int = 0,
        end: int = _EVERYTHING,
        limit: int = _EVERYTHING,
    ) -> Columns:
        """Return rows, of a single file those from row `start` up to `end`."""
        stretch = end < _EVERYTHING
        numbered = ", file_row_number = true" if stretch else ""
        query = (
            f"{self.kind.reading(self.names)} FROM read_parquet(?, hive_partitioning = false{numbered}) "
            "WHERE bucket >= ? AND bucket < ?"
        )
        parameters = [files, self.first, self.end]
        if stretch:
            query += " AND file_row_number >= ? AND file_row_number < ?"
            parameters += [start, end]
        found = connection.execute(f"{query} LIMIT ?", [*parameters, limit]).fetchnumpy()
        return {name: np.asarray(column) for name, column in found.items()}
