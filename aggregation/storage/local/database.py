"""The DuckDB of a process: it reads and writes Parquet and CSV, on one thread, and computes nothing large."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a node imports this before it has its packages
    import duckdb


@lru_cache(maxsize=1)
def _database(pid: int) -> duckdb.DuckDBPyConnection:
    """Return the process's DuckDB, in memory; a forked process gets one of its own."""
    import duckdb  # noqa: PLC0415

    return duckdb.connect(
        config={
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "async_threads": 0,  # they wait for remote files, which it never reads
            "enable_external_file_cache": False,  # nor does it read a file twice
        }
    )


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection to a DuckDB on one thread that never reaches for the network or the home folder."""
    return _database(os.getpid()).cursor()
