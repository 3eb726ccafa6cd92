"""Small files that two processes share: written whole or not at all, changed one at a time."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..aggregation.contract import json_text
from ..aggregation.contract.json_text import LARGEST_NOTE
from ..aggregation.storage.local.files import make_folder, opener

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TRIES = 50
_PAUSE = 0.02
"""Windows refuses to replace a file that somebody has open; readers here hold it for milliseconds."""


def write_atomically(path: Path, text: str, *, new: bool = False) -> None:
    """Write a text file that a reader sees whole or not at all, and that survives a power cut.

    It is for its owner alone, unless its folder is shared (`aggregation.storage.local.files.is_shared`).

    With `new` a file that is there already raises `FileExistsError`, also when two processes try at once.
    Raises `OSError`.
    """
    make_folder(path.parent)
    aside = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with open(aside, "w", encoding="utf-8", newline="\n", opener=opener) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            with locked(path.parent):
                if path.exists():
                    raise FileExistsError(f"{path} exists")
                _replace(aside, path)
        else:
            _replace(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, waiting out the moment in which Windows has it replaced."""
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            return path.read_text(encoding="utf-8-sig")
        except PermissionError:
            time.sleep(_PAUSE)
    return path.read_text(encoding="utf-8-sig")


def read_json(path: Path, largest: int = LARGEST_NOTE) -> Any:
    """Read JSON that others may have written, at most `largest` bytes; raises `OSError` or `JsonFault`.

    Waits out the moment in which Windows has the file replaced.
    """
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            return json_text.read(path, largest)
        except PermissionError:
            time.sleep(_PAUSE)
    return json_text.read(path, largest)


def tail(path: Path, lines: int, longest: int = 1_000_000) -> str:
    """The last `lines` lines of a text file, looking at its last `longest` bytes; empty without a file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - longest))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which ends with the process that holds it; other processes wait."""
    make_folder(folder)
    with open(folder / ".lock", "a+b", opener=opener) as file:
        if sys.platform == "win32":
            for left in range(_TRIES * 10, -1, -1):
                try:
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    if not left:
                        raise
                    time.sleep(_PAUSE)
            try:
                yield
            finally:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield  # closing the file ends the lock


def _replace(aside: Path, path: Path) -> None:
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            aside.replace(path)
        except PermissionError:
            time.sleep(_PAUSE)
        else:
            return
    aside.replace(path)
