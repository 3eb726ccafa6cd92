"""Trips on local disks and shared folders: listing with identifiers of versions, and complete reads."""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import IO, Optional, Union
from uuid import uuid4

from ...contract.errors import FILE_REASONS, BadTripFile, RunError, StorageError
from ...contract.s3_access import is_s3
from ...contract.trip_files import (
    GLOB_CHARACTERS,
    LARGE,
    SUFFIXES,
    limit_of,
    no_trips,
    plain_folder,
    printable,
)
from ...contract.trip_listing import Collector, Listing, TripFile
from ..base.place import Place
from ..base.separation import Own, check_around, check_base, check_folder
from ..base.trip_source import Spans, TripContent, TripSource
from . import scratch
from .files import disk_errors

_BLOCK = 1 << 20
_COARSE_CLOCK = 2_000_000_000
_FINE_CLOCK = 20_000_000


class LocalTrips(TripSource):
    """Trips on this computer or mounted file systems."""

    def reach(self, trips: str) -> None:
        """See `TripSource.reach`; does nothing, as listing reports errors."""

    def check_apart(self, trips: str, own: Sequence[Own]) -> None:
        """See `TripSource.check_apart`."""
        own = _resolved(own)
        given = Path(os.path.expanduser(trips))  # noqa: PTH111  (refuses no "~name")
        is_there = os.path.lexists(given)
        check_base(trips, _base(given, is_there), own)
        if is_there or not GLOB_CHARACTERS & set(trips):
            check_around(trips, _without_links(given), own)

    def find(
        self,
        trips: str,
        progress: Callable[[int], None],
        beside: Optional[Place],
        own: Sequence[Own],
    ) -> Listing:
        """See `TripSource.find`; symlinks are followed.

        `beside` is a writable folder; if it is local, the trips' times are assumed to come from its clock.
        """
        own = _resolved(own)
        clocks = [(0, 0), *([_ahead(beside)] if beside and beside.is_local else [])]
        given, is_there = check_there(trips)
        is_folder = is_there and given.is_dir()
        check_base(trips, _base(given, is_there), own)
        if is_folder:
            paths = _walk(str(given), lambda folder: check_folder(trips, folder, own))
        elif is_there:
            paths = iter([str(given)])
        else:
            paths = _with_checked_folders(
                (path for path in named_by(str(given)) if path.lower().endswith(SUFFIXES)),
                lambda folder: check_folder(trips, folder, own),
            )
        found = Collector()  # a glob with several ** yields files more than once
        for n, path in enumerate(paths, 1):
            file = _trip_file(os.path.abspath(path), clocks)  # noqa: PTH100  (no symlinks resolved)
            if file is not None:
                found.add(file)
            if n % 1000 == 0:
                progress(len(found))
        if not found:
            others = (name for _, _, names in os.walk(given) for name in names) if is_folder else ()
            raise no_trips(trips, others)
        listing = found.listing()
        progress(len(listing.files))
        return listing

    def read(self, files: Sequence[TripFile], max_bytes: int) -> Iterator[tuple[TripFile, TripContent]]:
        """See `TripSource.read`."""
        for file in files:
            if file.size > LARGE and limit_of(file.path, 0):  # of any size, and read where it is
                try:
                    self.check_unchanged(file)
                except BadTripFile as error:
                    yield file, error
                else:
                    yield file, Path(file.path)
                continue
            with ExitStack() as stack:
                copy = stack.enter_context(scratch.file("trip")) if file.size > LARGE else None
                try:
                    content = read_trip(file, max_bytes, copy)
                except BadTripFile as error:
                    yield file, error
                else:
                    yield file, copy or content

    def check_unchanged(self, file: TripFile) -> None:
        """See `TripSource.check_unchanged`."""
        with _left_out():
            state = os.stat(file.path)  # noqa: PTH116
        if not stat.S_ISREG(state.st_mode):
            raise BadTripFile("unreadable", f"{FILE_REASONS['unreadable']}: it is a pipe or device", True)
        if state.st_size != file.size or file.version.split("-")[0] != f"{state.st_mtime_ns:x}":
            raise BadTripFile("changed", FILE_REASONS["changed"], passing=True)

    @contextmanager
    def spans(self, file: TripFile) -> Iterator[Spans]:
        """See `TripSource.spans`."""
        self.check_unchanged(file)
        with _left_out():
            stream = Path(file.path).open("rb")  # noqa: SIM115  (closed below)
        with stream:
            yield _Spans(file, stream)
        self.check_unchanged(file)


class _Spans(Spans):
    """Spans of a local file."""

    def __init__(self, file: TripFile, stream: IO[bytes]) -> None:
        super().__init__(file.size)
        self._path, self._stream = Path(file.path), stream

    def read(self, start: int, end: int) -> bytes:
        """See `Spans.read`."""
        with _left_out():
            self._stream.seek(start)
            return self._stream.read(end - start)

    def table(self, first: int, end: int) -> Path:
        """See `Spans.table`."""
        return self._path


def check_there(trips: str) -> tuple[Path, bool]:
    """Return the path of trips and whether it exists; otherwise it is a pattern.

    Raises `RunError` if it cannot be accessed, or if it neither exists nor is a pattern.
    """
    given = Path(os.path.expanduser(trips))  # noqa: PTH111  (refuses no "~name")
    try:
        is_there = given.exists()
    except OSError as error:  # the name is too long, or a folder may not be searched
        raise StorageError(
            f"The trips, {trips!r}, cannot be reached: {error.strerror}. Check the name and your rights."
        ) from error
    if not is_there and not GLOB_CHARACTERS & set(trips):
        raise RunError(f"The folder of the trips, {trips!r}, does not exist. Check its name and the disk.")
    return given, is_there


def named_by(pattern: str) -> Iterator[str]:
    """Yield the paths that match a glob, unordered; leading folders that exist literally are not patterns."""
    folder, below = plain_folder(pattern, os.path.isdir, os.sep)
    if folder:
        pattern = os.path.join(glob.escape(folder), below)  # noqa: PTH118  (a pattern, not a path)
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207  (accepts absolute patterns)


def _resolved(own: Sequence[Own]) -> list[Own]:
    """Return the local folders of `own`, with symlinks resolved."""
    return [Own(folder.what, _without_links(folder.path)) for folder in own if not is_s3(folder.path)]


def _base(given: Path, is_there: bool) -> str:
    """Return the folder of all trips, with symlinks resolved: the path, or its part before a wildcard."""
    if is_there:
        return _without_links(given)
    folder, below = plain_folder(str(given), os.path.isdir, os.sep)
    parts = Path(below).parts
    wild = next((n for n, part in enumerate(parts) if GLOB_CHARACTERS & set(part)), len(parts))
    return _without_links(Path(folder or os.curdir, *parts[:wild]))


def _without_links(path: Union[str, Path]) -> str:
    """Return an absolute path with symlinks resolved; unresolved if it cannot name a file."""
    try:
        return os.path.realpath(path)
    except ValueError:
        return os.path.abspath(path)  # noqa: PTH100


def _with_checked_folders(paths: Iterable[str], check_folder_of: Callable[[str], None]) -> Iterator[str]:
    """Yield the paths, sorted in each folder; `check_folder_of` is called with each, symlinks resolved."""
    seen: set[str] = set()
    for folder, in_folder in groupby(paths, os.path.dirname):
        if folder not in seen:
            seen.add(folder)
            check_folder_of(os.path.realpath(folder))
        yield from sorted(in_folder)


def _walk(folder: str, check_folder_of: Callable[[str], None]) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise StorageError(f"The folder {printable(str(error.filename))} cannot be read: {error.strerror}.")

    seen = set()  # symlinks are followed, but no folder twice, so that cycles end
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        here = os.path.realpath(parent)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        check_folder_of(here)
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES):
                yield os.path.join(parent, name)  # noqa: PTH118  (a million of these)


def _trip_file(path: str, clocks: list[tuple[int, int]]) -> Optional[TripFile]:
    """Return a file in its present version; None if it is gone. Inaccessible files are listed, not read.

    `clocks` are offset and uncertainty, in ns, of the clocks that files' times may come from.
    """
    try:
        state = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return TripFile(path, 0, "nowhere") if os.path.islink(path) else None  # noqa: PTH114
    except OSError:
        return TripFile(path, 0, "hidden")
    # A file rewritten within one tick of the file system's clock keeps its times. Like git, distrust
    # files as young as that: their version is unique, so the next run reads them again.
    # By the time of the last change, as archives and copies set modification times in whole seconds.
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
    """Return the complete content of one version of a trip file; raises `BadTripFile`.

    If `copy`, a path, is given, the content is written there and not returned.
    """
    if file.size > limit_of(file.path, max_bytes):
        raise BadTripFile("too_large", f"{FILE_REASONS['too_large']} of {max_bytes >> 20} MiB")
    with _left_out(), open(file.path, "rb", buffering=0, opener=_open_at_once) as stream:
        before = os.fstat(stream.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise BadTripFile("unreadable", f"{FILE_REASONS['unreadable']}: it is a pipe or device", True)
        raw, size = b"", 0
        if before.st_size == file.size:
            raw = stream.readall() if copy is None else b""
            size = len(raw) if copy is None else _copy(stream, copy)
        after = os.fstat(stream.fileno())
    listed = file.version.split("-")[0]
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or (
        size != after.st_size or listed != f"{after.st_mtime_ns:x}" or file.size != after.st_size
    ):
        raise BadTripFile("changed", FILE_REASONS["changed"], passing=True)
    return raw


@contextmanager
def _left_out() -> Iterator[None]:
    """Turn what concerns one trip file alone into a `BadTripFile`."""
    try:
        yield
    except FileNotFoundError as error:
        is_link = bool(error.filename) and os.path.islink(error.filename)  # noqa: PTH114
        message = "the file is a link that leads nowhere" if is_link else FILE_REASONS["vanished"]
        raise BadTripFile("vanished", message, passing=True) from error
    except OSError as error:
        message = f"{FILE_REASONS['unreadable']}: {error.strerror}"
        raise BadTripFile("unreadable", message, passing=True) from error


def _copy(stream: IO[bytes], copy: Path) -> int:
    """Copy the rest of a stream to a file; return the number of bytes."""
    size = 0
    with disk_errors("copy a large trip file", copy.parent), copy.open("wb") as written:
        while block := stream.read(_BLOCK):
            size += written.write(block)
    return size


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without blocking if it is a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _ahead(folder: Place) -> tuple[int, int]:
    """Return offset and uncertainty, in ns, of a folder's file clock relative to this computer's."""
    before = time.time_ns()
    there = int(folder.now() * 1e9)
    after = time.time_ns()
    return there - (before + after) // 2, (after - before) // 2
