"""Temporary files of this process, in one folder of its own that goes with it.

A process that was killed leaves its folder behind; the next one that looks finds nobody holding the
folder's lock, and removes it. The lock also says whose the folder is: it holds the folder's name. A folder
without it, or of another user, stays whatever its name, and so do files in it that are not Roadpulse's.
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
    """This process's folder for temporary files; made at the first call."""
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
    # Locked and written before it has its name, so that no other process finds a lock that is not held.
    os.replace(made / f".{_LOCK}", made / _LOCK)  # noqa: PTH105
    atexit.register(_remove, pid, made)
    return made


def _remove(pid: int, made: Path) -> None:
    if os.getpid() == pid:  # not a process forked from that one
        _delete(made)


def _delete(made: Path) -> None:
    """Remove the temporary files in a folder, the lock last, then the folder if it is empty."""
    storage_local.remove_files(made, SCRATCH_FILES)
    storage_local.remove_files(made, _LOCKS)


@contextlib.contextmanager
def file(name: str = "file") -> Iterator[Path]:
    """A path in the folder, for a file of that name; whatever lies there goes when the block ends."""
    path = folder() / f"{uuid4().hex[:12]}-{name[-100:]}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def clear() -> None:
    """Remove this process's folder, and those of processes that are gone."""
    for made in [made for made in _held if made.name.startswith(f"{_PREFIX}{os.getpid()}-")]:
        lock = _held.pop(made)
        _delete(made)
        if lock is not None:
            lock.close()
    _folder.cache_clear()
    sweep()


def sweep() -> None:
    """Remove the folders of this user's processes that are gone."""
    with contextlib.suppress(OSError):
        for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if found not in _held and _is_left(found):
                _delete(found)


def _is_left(found: Path) -> bool:
    """Return True if a process of this user made the folder and is gone."""
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
    except (OSError, ValueError):  # not there, held, or not the text of a lock
        return False
    return True


def _is_mine(about: os.stat_result) -> bool:
    return os.name == "nt" or about.st_uid == os.geteuid()


def _open_at_once(path: str, flags: int) -> int:
    """Open a file that is no link, without waiting for another process should it be a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
