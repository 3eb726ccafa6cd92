"""Temporary files of this process, in its own folder, which is removed at its end.

A killed process leaves its folder behind; a later process finds that its lock is not held, and removes it.
The lock file contains the folder's name, as proof of ownership. Folders without it, folders of other users,
and files in it that are not Roadpulse's stay.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Optional
from uuid import uuid4

from ...contract.own_files import SCRATCH_FILES
from . import files as storage_local

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PREFIX = "roadpulse-scratch-"
_LOCK = "lock"
_LOCKS = re.compile(rf"\.?{_LOCK}")
_LONGEST = 1000
_FORGOTTEN = 86_400.0
_held: dict[Path, Optional[IO[Any]]] = {}


def folder() -> Path:
    """Return this process's folder for temporary files, created by the first call."""
    return _folder(os.getpid())


@lru_cache(maxsize=1)
def _folder(pid: int) -> Path:
    sweep()
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{pid}-"))
    _held[made] = None
    lock = (made / f".{_LOCK}").open("w", encoding="utf-8")
    lock.write(made.name)
    lock.flush()
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _held[made] = lock
    else:
        lock.close()
    # Locked and written before it is renamed, so that other processes never see the lock unheld.
    os.replace(made / f".{_LOCK}", made / _LOCK)  # noqa: PTH105
    atexit.register(_remove, pid, made)
    return made


def _remove(pid: int, made: Path) -> None:
    if os.getpid() == pid:  # not in a forked process
        _delete(made)


def _delete(made: Path) -> None:
    """Remove the temporary files in a folder, the lock last, then the folder if it is empty."""
    storage_local.remove_files(made, SCRATCH_FILES)
    storage_local.remove_files(made, _LOCKS)


@contextlib.contextmanager
def file(name: str = "file") -> Iterator[Path]:
    """Yield a path for a temporary file of that name; the file is removed when the block ends."""
    path = folder() / f"{uuid4().hex[:12]}-{name[-100:]}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def clear() -> None:
    """Remove this process's folder, and those of ended processes."""
    for made in [made for made in _held if made.name.startswith(f"{_PREFIX}{os.getpid()}-")]:
        lock = _held.pop(made)
        _delete(made)
        if lock is not None:
            lock.close()
    _folder.cache_clear()
    sweep()


def sweep() -> None:
    """Remove the folders of this user's ended processes."""
    with contextlib.suppress(OSError):
        for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if found not in _held and _is_left(found):
                _delete(found)


def _is_left(found: Path) -> bool:
    """Return True if the folder belongs to an ended process of this user."""
    try:
        if found.is_symlink() or not _is_mine(found.stat()):
            return False
        with open(found / _LOCK, "r+", encoding="utf-8", opener=_open_at_once) as lock:
            about = os.fstat(lock.fileno())
            if not stat.S_ISREG(about.st_mode) or not _is_mine(about) or lock.read(_LONGEST) != found.name:
                return False
            if fcntl is None:
                return time.time() - about.st_mtime > _FORGOTTEN
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, ValueError):  # missing, held, or not a lock file
        return False
    return True


def _is_mine(about: os.stat_result) -> bool:
    return os.name == "nt" or about.st_uid == os.geteuid()


def _open_at_once(path: str, flags: int) -> int:
    """Open a file that is not a symlink, without blocking if it is a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
