"""Files on a disk or a shared folder: written aside and moved into place, removed by name."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import RunError, StorageError
from .trip_files import printable

_BLOCK = 1 << 20
SHARED = stat.S_ISGID | stat.S_IWGRP
"""Mode of a folder whose files belong to a group that may write them."""


def share_with_group(folder: Path) -> None:
    """Let the group write what this process makes from here on, where a folder is a group's to share.

    That is one with new files of its group, which may write them: several users carry out, fetch and delete
    the runs in it.
    """
    with contextlib.suppress(OSError):
        if folder.stat().st_mode & SHARED == SHARED:
            os.umask(os.umask(0o077) & ~stat.S_IRWXG)


def check_name(folder: object) -> None:
    """Refuse a folder that DuckDB could not write to, as its name is no UTF-8; raises `RunError`."""
    name = str(folder)
    if printable(name) != name:
        raise RunError(f"The name of the folder {printable(name)} is not valid UTF-8. Choose another folder.")


@contextmanager
def disk_errors(doing: str, folder: Path) -> Iterator[None]:
    """Turn what a full or read-only disk raises into a `StorageError` that says what to do.

    `doing` completes "could not …".
    """
    try:
        yield
    except RunError:
        raise
    except Exception as error:
        number = getattr(error, "errno", None)
        if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "No space left" in str(error):
            message = (
                f"The disk is full: Roadpulse could not {doing}; {_free(folder)} left on {folder}. "
                "Nothing that was there before was lost; free some space and run again."
            )
        elif number in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = (
                f"Roadpulse could not {doing}: {folder} may not be written ({error}). "
                "Choose another folder or change its permissions, and run again."
            )
        elif number is not None or type(error).__module__.startswith(("duckdb", "_duckdb")):
            message = f"Roadpulse could not {doing} in {folder}: {error}. Check the folder and the disk."
        else:
            raise
        raise StorageError(message, repr(error)) from error


def _free(folder: Path) -> str:
    while not folder.exists():
        folder = folder.parent
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB"
    except OSError:
        return "an unknown amount"


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; moved onto it when the block ends well, removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        yield aside
        os.replace(aside, path)  # noqa: PTH105
    finally:
        aside.unlink(missing_ok=True)


def write_json(path: Path, values: Any) -> None:
    """Write JSON atomically: a reader finds the earlier version or this one, never a part."""
    with written_aside(path) as aside:
        aside.write_bytes(json_bytes(values))


def write_once(path: Path, values: Any) -> bool:
    """Write JSON where there is no file yet, in a folder that is there; of two who try one is told False."""
    try:
        file = path.open("xb")
    except (FileExistsError, FileNotFoundError):
        return False
    try:
        with file:
            file.write(json_bytes(values))
    except OSError:  # a full disk
        path.unlink(missing_ok=True)
        raise
    return True


def remove_files(folder: Path, ours: re.Pattern[str]) -> None:
    """Remove the files in a folder whose whole names match, then the folder if it is empty.

    Folders in it and other files stay, and so does all that is behind a link.
    """
    with contextlib.suppress(OSError):
        if folder.is_symlink():
            return
        with os.scandir(folder) as entries:
            found = [
                e.path for e in entries if ours.fullmatch(e.name) and not e.is_dir(follow_symlinks=False)
            ]
        for path in found:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108
        folder.rmdir()


def now_at(folder: Path) -> float:
    """The time by the clock of who keeps a folder's files; this computer's where nothing may be written."""
    try:
        with tempfile.NamedTemporaryFile(prefix=".clock-", suffix=".tmp", dir=folder) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return time.time()


def json_bytes(values: Any) -> bytes:
    """Values as the text of a JSON file, in UTF-8."""
    # JSON's own escape is also Python's replacement for the bytes of names that are no UTF-8.
    return f"{json.dumps(values, indent=1, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
