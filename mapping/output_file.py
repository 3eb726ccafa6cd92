"""Whether a file may be replaced."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .errors import MapError, OutputInUse


def refuse_open_file(path: Path) -> None:
    """Raise `OutputInUse` where a program holds the file; replacing it would spoil its write-ahead log."""
    if path.is_dir():
        raise MapError(f"{path} is a folder. Name a file for the map.")
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0)) as database:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        raise OutputInUse(in_use(path), str(error)) from error
    except sqlite3.DatabaseError:
        return  # not a database: replaced like any other file


def in_use(path: Path) -> str:
    return (
        f"The map file {path} is open, here or in another program. Nothing was changed; "
        "remove its layers from the project, or choose another name."
    )
