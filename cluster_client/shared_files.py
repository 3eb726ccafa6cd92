"""Small files that processes share: atomic writes, and locks."""

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
"""Pause in seconds before another attempt: Windows does not replace open files, which readers keep for ms."""


def write_atomically(path: Path, text: str, *, new: bool = False) -> None:
    """Write a text file atomically and durably.

    It is private to its owner, unless its folder is shared (`aggregation.storage.local.files.is_shared`).

    With `new` an existing file raises `FileExistsError`, even if two processes try at once. Raises
    `OSError`.
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
    """Return the content of a UTF-8 text file; waits while it is being replaced on Windows."""
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            return path.read_text(encoding="utf-8-sig")
        except PermissionError:
            time.sleep(_PAUSE)
    return path.read_text(encoding="utf-8-sig")


def read_json(path: Path, largest: int = LARGEST_NOTE) -> Any:
    """Return the decoded JSON of an untrusted file of at most `largest` bytes.

    Waits while the file is being replaced on Windows. Raises `OSError` or `JsonFault`.
    """
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            return json_text.read(path, largest)
        except PermissionError:
            time.sleep(_PAUSE)
    return json_text.read(path, largest)


def tail(path: Path, lines: int, longest: int = 1_000_000) -> str:
    """Return the last `lines` lines of a text file, within its last `longest` bytes; empty without a file."""
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
    """Hold a folder's lock, which is released if the process ends; other processes wait."""
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
            yield  # closing the file releases the lock


def _replace(aside: Path, path: Path) -> None:
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            aside.replace(path)
        except PermissionError:
            time.sleep(_PAUSE)
        else:
            return
    aside.replace(path)
