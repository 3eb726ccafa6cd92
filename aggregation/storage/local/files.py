"""Files on local disks and shared folders: permissions, atomic writes, removal by name."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...contract.errors import RunError, StorageError
from ...contract.trip_files import printable

_BLOCK = 1 << 20
SHARED = stat.S_ISGID | stat.S_IWGRP
"""Mode bits of a folder whose files belong to a group that may write them."""
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


# -- permissions --------------------------------------------------------------------------------------


def keep_private() -> None:
    """Make files that this process creates private to its user, except in shared folders (`is_shared`)."""
    os.umask(stat.S_IRWXG | stat.S_IRWXO)


def is_shared(folder: Path) -> bool:
    """Return True if files in a folder are meant to be shared.

    That is a folder whose files belong to a group that may write them (`chmod g+ws`), one that all may write
    (`chmod a+w`; not sticky like `/tmp`), or one with a default access control list.
    """
    with contextlib.suppress(OSError):
        return bool(shared_rights(folder.stat().st_mode)) or _has_default_acl(folder)
    return False


def shared_rights(mode: int) -> int:
    """Return the mode bits for others of a new folder, by its parent's mode; 0 if that is not shared."""
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        return stat.S_IRWXG | stat.S_IRWXO | (mode & stat.S_ISGID)
    return stat.S_IRWXG | stat.S_ISGID if mode & SHARED == SHARED else 0


def _has_default_acl(folder: Path) -> bool:
    return sys.platform == "linux" and "system.posix_acl_default" in os.listxattr(folder)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, private or, in a shared folder, with the same access."""
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    if not missing and not folder.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
    for path in reversed(missing):
        try:
            path.mkdir(mode=_mode_in(path.parent))
        except FileExistsError:  # created by another process
            if not path.is_dir():
                raise
        else:
            give_access(path)


def opener(path: str, flags: int) -> int:
    """Opener for `open`: a new file is private or, in a shared folder, has the folder's access."""
    descriptor = os.open(path, flags, _mode_in(Path(path).parent) & ~_EXECUTABLE)
    give_access(Path(path))
    return descriptor


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, not atomically; a new one is shared as its folder is (`opener`)."""
    with open(path, "wb", opener=opener) as file:
        file.write(content)


def _mode_in(folder: Path) -> int:
    """Return the mode for creating a subfolder; an access control list may restrict it."""
    with contextlib.suppress(OSError):
        if _has_default_acl(folder):
            return 0o777
        return stat.S_IRWXU | shared_rights(folder.stat().st_mode) & 0o777
    return stat.S_IRWXU


def give_access(path: Path) -> None:
    """Give a file or folder the access rights by which its folder is shared."""
    with contextlib.suppress(OSError):
        rights, mode = shared_rights(path.parent.stat().st_mode), path.stat().st_mode
        if not stat.S_ISDIR(mode):
            rights &= ~(stat.S_ISGID | _EXECUTABLE)
        if mode & rights != rights:
            path.chmod(stat.S_IMODE(mode) | rights)


# -- errors -------------------------------------------------------------------------------------------


def check_name(folder: object) -> None:
    """Raise `RunError` for a folder whose name is not UTF-8, as DuckDB cannot write to it."""
    name = str(folder)
    if printable(name) != name:
        raise RunError(f"The name of the folder {printable(name)} is not valid UTF-8. Choose another folder.")


@contextmanager
def disk_errors(doing: str, folder: Path) -> Iterator[None]:
    """Convert errors of a full or read-only disk to a `StorageError` with advice.

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
    """Yield a temporary path, which replaces `path` if the block succeeds, and is removed otherwise."""
    make_folder(path.parent)
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        yield aside
        give_access(aside)
        os.replace(aside, path)  # noqa: PTH105
    finally:
        aside.unlink(missing_ok=True)


def write_json(path: Path, values: Any) -> None:
    """Write JSON atomically: readers see the earlier version or this one, never a part."""
    with written_aside(path) as aside:
        aside.write_bytes(json_bytes(values))


def write_once(path: Path, values: Any) -> bool:
    """Create a JSON file only if absent, in an existing folder; return whether it was created."""
    try:
        file = open(path, "xb", opener=opener)  # noqa: SIM115
    except (FileExistsError, FileNotFoundError):
        return False
    try:
        with file:
            file.write(json_bytes(values))
    except OSError:  # a full disk
        path.unlink(missing_ok=True)
        raise
    return True


def remove_files(folder: Path, ours: re.Pattern[str], strict: bool = False) -> None:
    """Remove the files in a folder whose whole names match, then the folder if it is empty.

    Subfolders and other files stay, as do the targets of symlinks. Raises `OSError` if `strict`, and
    continues after errors otherwise.
    """
    with contextlib.suppress(*(() if strict else (OSError,))):
        if folder.is_symlink() or not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            files = [entry for entry in entries if not entry.is_dir(follow_symlinks=False)]
            found = [entry.path for entry in files if ours.fullmatch(entry.name)]
        for path in found:
            with contextlib.suppress(FileNotFoundError if strict else OSError):
                os.unlink(path)  # noqa: PTH108
        remove_if_empty(folder)


def remove_if_empty(folder: Path) -> None:
    """Remove a folder if it is empty; raises `OSError`."""
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def now_at(folder: Path) -> float:
    """Return the time by a folder's file system, in s since 1970; by this computer if it is not writable."""
    try:
        with tempfile.TemporaryFile(prefix=".clock-", suffix=".tmp", dir=folder) as file:  # has no name
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return time.time()


def json_bytes(values: Any) -> bytes:
    """Return values as the content of a JSON file, in UTF-8."""
    # JSON's escape of lone surrogates is also Python's replacement for bytes of names that are not UTF-8.
    return f"{json.dumps(values, indent=1, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
