"""Temporary files of this process, in one folder of its own that goes with it.

A process that was killed leaves its folder behind; the next one that looks finds nobody holding the
folder's lock, and removes it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Optional
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PREFIX = "roadpulse-scratch-"
_LOCK = "lock"
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
    if fcntl is not None:
        # Locked before it has its name, so that nobody ever finds a lock that is not held.
        lock = (made / f".{_LOCK}").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.replace(made / f".{_LOCK}", made / _LOCK)  # noqa: PTH105
        _held[made] = lock
    atexit.register(_remove, pid, made)
    return made


def _remove(pid: int, made: Path) -> None:
    if os.getpid() == pid:  # not a process forked from that one
        shutil.rmtree(made, ignore_errors=True)


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
        shutil.rmtree(made, ignore_errors=True)
        if lock is not None:
            lock.close()
    _folder.cache_clear()
    sweep()


def sweep() -> None:
    """Remove the folders of processes that are gone."""
    with contextlib.suppress(OSError):
        for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if found not in _held and _is_left(found):
                shutil.rmtree(found, ignore_errors=True)


def _is_left(found: Path) -> bool:
    lock = _open(found / _LOCK)
    if lock is None or fcntl is None:
        with contextlib.suppress(OSError):
            return time.time() - found.stat().st_mtime > _FORGOTTEN
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _open(path: Path) -> Optional[IO[Any]]:
    try:
        return path.open("r+")
    except OSError:
        return None
