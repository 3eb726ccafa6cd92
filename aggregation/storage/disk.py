"""Files on a disk or a shared folder: trips listed and read, results written aside and moved into place."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Optional, Union
from uuid import uuid4

from ..errors import FILE_REASONS, BadTripFile, RunError, StorageError
from .apart import Own, check_base, check_folder, is_inside
from .trip_files import GLOB_CHARACTERS, SUFFIXES, TripFile, plain_folder, printable

_BLOCK = 1 << 20
SHARED = stat.S_ISGID | stat.S_IWGRP
"""Mode of a folder whose files belong to a group that may write them."""
_COARSE_CLOCK = 2_000_000_000
_FINE_CLOCK = 20_000_000


def list_trips(
    trips: str,
    progress: Callable[[int], None] = lambda n: None,
    beside: Optional[Path] = None,
    own: Sequence[Own] = (),
) -> list[TripFile]:
    """The trip files that a folder, a glob or a single path names, in order of their paths.

    Raises `RunError` when nothing is there, and where the trips lie in a folder of `own` or hold one, through
    links too. `progress` is told the number found so far. `beside` is a folder that may be written; the clock
    that its files' times come from is taken for the trips' too.
    """
    own = _resolved(own)
    clocks = [(0, 0), *([_ahead(beside)] if beside else [])]
    given = Path(os.path.expanduser(trips))  # noqa: PTH111  (refuses no "~name")
    try:
        is_folder, is_there = given.is_dir(), given.exists()
    except OSError as error:  # a name that is too long, or lies in a folder that may not be searched
        raise StorageError(
            f"The trips, {trips!r}, cannot be reached: {error.strerror}. Check the name and your rights."
        ) from error
    check_base(trips, _base(given, is_there), own)
    if is_folder:
        paths = _walk(str(given), lambda folder: check_folder(trips, folder, own))
    elif is_there:
        paths = iter([str(given)])
    elif GLOB_CHARACTERS & set(trips):
        paths = _looked_at(
            (path for path in named_by(str(given)) if path.lower().endswith(SUFFIXES)),
            lambda folder: check_folder(trips, folder, own),
        )
    else:
        raise RunError(f"The folder of the trips, {trips!r}, does not exist. Check its name and the disk.")
    found: dict[str, TripFile] = {}  # by path: a glob with several ** names a file more than once
    for path in paths:
        file = _trip_file(os.path.abspath(path), clocks)  # noqa: PTH100  (no symlinks resolved)
        if file is not None:
            found[file.path] = file
            if len(found) % 1000 == 0:
                progress(len(found))
    if not found:
        raise RunError(f"There are no trip files (.json, .json.gz) in {trips!r}. Check the folder.")
    progress(len(found))
    return sorted(found.values(), key=lambda file: file.path)


def named_by(pattern: str) -> Iterator[str]:
    """The paths that a glob names, in no order; folders that exist under the name given are no patterns."""
    folder, below = plain_folder(pattern, os.path.isdir, os.sep)
    if folder:
        pattern = os.path.join(glob.escape(folder), below)  # noqa: PTH118  (a pattern is no path)
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207  (takes absolute patterns)


def check_apart(trips: str, own: Sequence[Own]) -> None:
    """Raise `RunError` where trips and a folder of `own` lie in each other, as far as their names tell."""
    own = _resolved(own)
    given = Path(os.path.expanduser(trips))  # noqa: PTH111  (refuses no "~name")
    is_there = os.path.lexists(given)
    check_base(trips, _base(given, is_there), own)
    if is_there or not GLOB_CHARACTERS & set(trips):
        base = _without_links(given)
        for folder in own:
            if is_inside(folder.path, base):
                check_folder(trips, folder.path, [folder])


def _resolved(own: Sequence[Own]) -> list[Own]:
    return [Own(folder.what, _without_links(folder.path)) for folder in own]


def _base(given: Path, is_there: bool) -> str:
    """The folder that all trips are in, without links: a path's own, or the one before the first wildcard."""
    if is_there:
        return _without_links(given)
    folder, below = plain_folder(str(given), os.path.isdir, os.sep)
    parts = Path(below).parts
    wild = next((n for n, part in enumerate(parts) if GLOB_CHARACTERS & set(part)), len(parts))
    return _without_links(Path(folder or os.curdir, *parts[:wild]))


def _without_links(path: Union[str, Path]) -> str:
    """An absolute path without links; as it is where it cannot name a file."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return os.path.abspath(path)  # noqa: PTH100


def _looked_at(paths: Iterable[str], look: Callable[[str], None]) -> Iterator[str]:
    """The paths; `look` is called with each folder that they lie in, without links."""
    seen: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)  # noqa: PTH120  (a million of these)
        if folder not in seen:
            seen.add(folder)
            look(os.path.realpath(folder))
        yield path


def _walk(folder: str, look: Callable[[str], None]) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise StorageError(f"The folder {printable(str(error.filename))} cannot be read: {error.strerror}.")

    seen = set()  # linked folders are looked into, but none twice, so that circles end
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        here = os.path.realpath(parent)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        look(here)
        folders.sort()
        for name in names:
            if name.lower().endswith(SUFFIXES):
                yield os.path.join(parent, name)  # noqa: PTH118  (a million of these)


def _trip_file(path: str, clocks: list[tuple[int, int]]) -> Optional[TripFile]:
    """A file as it is now; None if it is gone. What cannot be examined is listed: reading it tells why.

    `clocks` says how far those that files' times may come from are ahead of ours, and how exactly, in ns.
    """
    try:
        state = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return TripFile(path, 0, "nowhere") if os.path.islink(path) else None  # noqa: PTH114
    except OSError:
        return TripFile(path, 0, "hidden")
    # A file rewritten within one tick of the file system's clock keeps its times. Like git, distrust
    # files as young as that: their version is unique, so the next run reads them again.
    # The clock is that of the last change; archives and copies bring modification times in whole seconds.
    clock = state.st_mtime_ns if os.name == "nt" else state.st_ctime_ns
    tick = _COARSE_CLOCK if clock % 1_000_000_000 == 0 else _FINE_CLOCK
    now = time.time_ns()
    young = any(
        min(abs(now + ahead - state.st_mtime_ns), abs(now + ahead - state.st_ctime_ns)) < tick + unsure
        for ahead, unsure in clocks
    )
    version = f"{state.st_mtime_ns:x}-{state.st_ctime_ns:x}" + (f"-{uuid4().hex[:8]}" if young else "")
    return TripFile(path, state.st_size, version)


def read_trip(file: TripFile, max_bytes: int, copy: Optional[Path] = None) -> bytes:
    """The bytes of a trip file, whole and of one version; raises `BadTripFile`.

    With `copy`, a path, they are put there and not returned.
    """
    if file.size > max_bytes:
        raise BadTripFile("too_large", f"{FILE_REASONS['too_large']} of {max_bytes >> 20} MiB")
    try:
        with open(file.path, "rb", buffering=0, opener=_open_at_once) as stream:
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise BadTripFile("unreadable", f"{FILE_REASONS['unreadable']}: it is a pipe or device", True)
            raw, size = b"", 0
            if before.st_size == file.size:
                raw = stream.readall() if copy is None else b""
                size = len(raw) if copy is None else _copy(stream, copy)
            after = os.fstat(stream.fileno())
    except FileNotFoundError as error:
        link = os.path.islink(file.path)  # noqa: PTH114
        message = "the file is a link that leads nowhere" if link else FILE_REASONS["vanished"]
        raise BadTripFile("vanished", message, passing=True) from error
    except OSError as error:
        message = f"{FILE_REASONS['unreadable']}: {error.strerror}"
        raise BadTripFile("unreadable", message, passing=True) from error
    listed = file.version.split("-")[0]
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or (
        size != after.st_size or listed != f"{after.st_mtime_ns:x}" or file.size != after.st_size
    ):
        raise BadTripFile("changed", FILE_REASONS["changed"], passing=True)
    return raw


def _copy(stream: IO[bytes], copy: Path) -> int:
    """Copy what is left of a stream; returns the number of bytes."""
    size = 0
    with disk_errors("copy a large trip file", copy.parent), copy.open("wb") as written:
        while block := stream.read(_BLOCK):
            size += written.write(block)
    return size


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting for somebody to write into it, should it be a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


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


def _ahead(folder: Path) -> tuple[int, int]:
    """How far the clock of a folder's files is ahead of this computer's, and how exactly, in ns."""
    before = time.time_ns()
    there = int(now_at(folder) * 1e9)
    after = time.time_ns()
    return there - (before + after) // 2, (after - before) // 2


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
