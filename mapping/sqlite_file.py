"""Opening a map file with SQLite, wherever it lies: on a share that may only be read, too."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from .errors import MapError
from .own_tables import fault_of

_SQLITE = b"SQLite format 3\0"
_WAL = 2
"""Byte 18 of the header of a file that is read together with a write-ahead log."""

_NOTHING_WRITTEN = "mode=ro&immutable=1"

_LONGEST = 64 << 20
"""Most bytes of a row: a line of a million points has 16 MB, a style some hundred kB."""


def is_database(path: Path) -> bool:
    """Return True if the file is one of SQLite's; raises `MapError` where it cannot be read."""
    with _faults(path):
        return _header(path).startswith(_SQLITE)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a GeoPackage for reading; nothing is written to the file or beside it.

    Where the folder or the file system cannot hold SQLite's locks the file is read without them, as GDAL
    does. Raises `MapError` with the reason, also for what fails inside the block and where something else
    stands in the place of our tables.
    """
    with _faults(path), closing(_connection(path.resolve())) as connection:
        fault = fault_of(connection)
        if fault:
            raise MapError(
                f"The map file {path} cannot be used: {fault}, which Roadpulse does not write. Choose "
                "another file, or make the map anew under another name with 'Join links'."
            )
        yield connection


def end_log(path: Path) -> None:
    """Take a file out of the mode of a write-ahead log, which a share that may only be read cannot serve.

    QGIS leaves a file in it. Where another program has the file open, it stays.
    """
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=0)) as database:
        database.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise MapError(f"The map file {path} cannot be read: {reason}.", repr(error)) from error


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(20)


def _connection(path: Path) -> sqlite3.Connection:
    fault: sqlite3.Error = sqlite3.OperationalError("unable to open database file")
    for options in _open_options(path):
        connection = sqlite3.connect(f"{_uri(path)}?{options}", uri=True)
        try:
            _restrict(connection)
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.Error as error:
            connection.close()
            fault = error
        else:
            return connection
    raise fault


def _restrict(connection: sqlite3.Connection) -> None:
    """Have SQLite trust nothing of a file that others may have written, as its manual advises."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    if sys.version_info >= (3, 11):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _uri(path: Path) -> str:
    """The file as a URI for SQLite, which takes a Windows share (`\\\\server\\share`) as a path alone."""
    uri = path.as_uri()
    return uri if uri.startswith("file:///") else uri.replace("file://", "file:////", 1)


def _open_options(path: Path) -> list[str]:
    """SQLite's options under which the file may be read, the best first."""
    if _header(path)[18:19] == bytes([_WAL]):
        # Without a log there is nothing to read but the file itself, and a reader would leave a log behind.
        return ["mode=ro", _NOTHING_WRITTEN] if _holds(path, "-wal") else [_NOTHING_WRITTEN]
    if _holds(path, "-journal"):  # being written, or left half written: SQLite's locks decide
        return ["mode=ro"]
    return ["mode=ro", _NOTHING_WRITTEN]


def _holds(path: Path, ending: str) -> bool:
    beside = path.with_name(path.name + ending)
    try:
        return beside.stat().st_size > 0
    except OSError:
        return False
