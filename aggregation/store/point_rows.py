"""Reading and writing points as rows of Parquet files with DuckDB, in portions if they are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from ..storage.local import scratch
from ..storage.local.database import connect
from ..trips.times import NO_TIME

Columns = dict[str, NDArray[Any]]

_WRITE = """
COPY (
    SELECT bucket, link_id, make_timestamptz(nullif(time, ?)) AS time, speed, file FROM part
) TO ? (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, ROW_GROUP_SIZE 61440,
    WRITE_BLOOM_FILTER false)
"""
_JOIN = """
COPY (FROM read_parquet(?, hive_partitioning = false)) TO ?
(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, ROW_GROUP_SIZE 61440, WRITE_BLOOM_FILTER false)
"""
_READ = """
SELECT link_id, coalesce(epoch_us(time), ?) AS time, speed, file
FROM read_parquet(?, hive_partitioning = false) WHERE bucket >= ? AND bucket < ? LIMIT ?
"""
_READ_STRETCH = """
SELECT link_id, coalesce(epoch_us(time), ?) AS time, speed, file
FROM read_parquet(?, hive_partitioning = false, file_row_number = true)
WHERE bucket >= ? AND bucket < ? AND file_row_number >= ? AND file_row_number < ?
"""
_LENGTH = "SELECT num_rows FROM parquet_file_metadata(?)"
_EVERYTHING = 1 << 62


def write_rows(path: Path, columns: Columns) -> None:
    """Write points in the given order; `columns` as in `PointStore.write_part`."""
    with connect() as connection:
        connection.register("part", columns)
        connection.execute(_WRITE, [NO_TIME, str(path)])


def write_runs(path: Path, runs: Iterable[Columns]) -> None:
    """Write points that are given in portions, in their order."""
    with ExitStack() as stack, connect() as connection:
        files = []
        for columns in runs:
            files.append(stack.enter_context(scratch.file("run.parquet")))
            write_rows(files[-1], columns)
        connection.execute(_JOIN, [[literal(file) for file in files], str(path)])


def read_rows(files: Sequence[Path], first: int, end: int, at_most: int = 0) -> Iterator[Columns]:
    """Yield the points of the buckets in [first, end): all at once, or `at_most` at a time.

    Columns as in `PointStore.read_points`. Raises `duckdb.Error`.
    """
    if not files:
        return
    with connect() as connection:
        yield from _read(connection, list(map(literal, files)), first, end, at_most)


def _read(
    connection: duckdb.DuckDBPyConnection, files: list[str], first: int, end: int, at_most: int
) -> Iterator[Columns]:
    # Fetch one more than `at_most`, to see whether there are too many to fetch at once.
    limit = at_most + 1 if at_most else _EVERYTHING
    columns = _fetched(connection.execute(_READ, [NO_TIME, files, first, end, limit]))
    if not at_most or len(columns["link_id"]) <= at_most:
        yield columns
        return
    del columns
    if len(files) > 1:
        half = len(files) // 2
        yield from _read(connection, files[:half], first, end, at_most)
        yield from _read(connection, files[half:], first, end, at_most)
        return
    (length,) = connection.execute(_LENGTH, files).fetchone() or (0,)
    for start in range(0, length, at_most):
        stretch = [NO_TIME, files[0], first, end, start, start + at_most]
        columns = _fetched(connection.execute(_READ_STRETCH, stretch))
        if len(columns["link_id"]):
            yield columns


def _fetched(found: duckdb.DuckDBPyConnection) -> Columns:
    return {name: np.asarray(column) for name, column in found.fetchnumpy().items()}


def literal(path: Path) -> str:
    """Return a path escaped for DuckDB's readers, which interpret globs."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))
