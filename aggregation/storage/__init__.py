"""Files behind paths: one small interface to folders and to buckets.

A `Place` is a `Path`, or an `S3Path` with those of its methods that a run uses. What differs more than a
method can hide is a function here. So the code of the steps knows nothing of where files lie.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Optional, Union

from ..contract.errors import BadTripFile
from ..contract.s3_access import S3Access, is_s3
from ..contract.trip_files import LARGE, SUFFIXES, Listing, TripFile, printable
from .local import files as storage_local
from .local import scratch
from .local import trips as local_trips
from .local.files import check_name, sha256
from .local.separation import Own
from .s3 import parquet
from .s3 import trips as s3_trips
from .s3.path import S3Path

Place = Union[Path, S3Path]
"""A file or folder, wherever it lies."""

_FETCHED_AT_ONCE = 8

__all__ = [
    "LARGE", "SUFFIXES", "BadTripFile", "Listing", "Own", "Place", "S3Access", "S3Path", "TripFile",
    "all_at_hand", "at_hand", "check_apart", "check_name", "check_reach", "disk_errors", "file_names",
    "files_in_folders", "find_trips", "folder_names", "is_s3", "list_trips", "now_at", "place", "printable",
    "read_trip", "read_trips", "remove_files", "rows_at_hand", "scratch", "sha256", "silent_for",
    "write_bytes", "write_json", "write_new_json", "write_once", "written_aside",
]  # fmt: skip


def place(path: str, access: Optional[S3Access] = None) -> Place:
    """The place that a path names, absolute; `access` says how its bucket is reached."""
    if is_s3(path):
        return S3Path.of(path, access or S3Access())
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  (no symlinks resolved)


def check_reach(path: str, access: Optional[S3Access]) -> None:
    """Raise `StorageError`, soon, where a path names a bucket that cannot be had."""
    if is_s3(path):
        s3_trips.base(path, access or S3Access()).reach()


# -- trips ------------------------------------------------------------------------------------------


def find_trips(
    trips: str,
    progress: Callable[[int], None] = lambda n: None,
    access: Optional[S3Access] = None,
    beside: Optional[Place] = None,
    own: Sequence[Own] = (),
) -> Listing:
    """The trip files that a folder or prefix, a glob or a single path names.

    Of two paths that differ only by `.gz` the plain one counts, and the packed one is among the copies.
    Raises `RunError` when nothing is there, and where trips and a folder of `own` lie in each other.
    `progress` is called with the number found so far, without copies. Trips in folders have their times by
    the clock that also gives those in `beside`, most likely: a file server's.
    """
    if is_s3(trips):
        return s3_trips.find_trips(
            trips, access or S3Access(), progress, [folder for folder in own if is_s3(folder.path)]
        )
    return local_trips.find_trips(
        trips,
        progress,
        beside if isinstance(beside, Path) else None,
        [folder for folder in own if not is_s3(folder.path)],
    )


def list_trips(trips: str, *args: Any, **options: Any) -> list[TripFile]:
    """The files of `find_trips` that count, in order of their paths."""
    return find_trips(trips, *args, **options).files


def check_apart(trips: str, own: Sequence[Own]) -> None:
    """Raise `RunError` where trips and a folder of `own` lie in each other, as far as their names tell."""
    if is_s3(trips):
        s3_trips.check_apart(trips, [folder for folder in own if is_s3(folder.path)])
    else:
        local_trips.check_apart(trips, [folder for folder in own if not is_s3(folder.path)])


def read_trips(
    files: Sequence[TripFile], max_bytes: int, access: Optional[S3Access] = None
) -> Iterator[tuple[TripFile, Union[bytes, Path, BadTripFile]]]:
    """Trip files in their order, each with its bytes, whole and of one version, or why it cannot be had.

    More than `LARGE` bytes are in a temporary file, which is gone when the next one is asked for.
    """
    if files and is_s3(files[0].path):
        yield from s3_trips.read_trips(files, max_bytes, access or S3Access())
        return
    for file in files:
        with ExitStack() as stack:
            copy = stack.enter_context(scratch.file("trip")) if file.size > LARGE else None
            try:
                read = local_trips.read_trip(file, max_bytes, copy)
            except BadTripFile as error:
                yield file, error
            else:
                yield file, copy or read


def read_trip(file: TripFile, max_bytes: int, access: Optional[S3Access] = None) -> bytes:
    """The bytes of a trip file, whole and of one version; raises `BadTripFile`."""
    for _, content in read_trips([file], max_bytes, access):
        if isinstance(content, BadTripFile):
            raise content
        found = content if isinstance(content, bytes) else content.read_bytes()
    return found


# -- writing ----------------------------------------------------------------------------------------


def disk_errors(doing: str, folder: Place) -> AbstractContextManager[None]:
    """Turn what a full or read-only disk raises into a `StorageError` that says what to do.

    `doing` completes "could not …". What goes wrong with a bucket is told by `S3Path` itself; its files
    pass through the temporary folder.
    """
    return storage_local.disk_errors(doing, folder if isinstance(folder, Path) else scratch.folder())


def written_aside(path: Place) -> AbstractContextManager[Path]:
    """Yield a temporary file; it is at `path` when the block ends well, whole, and removed otherwise."""
    return storage_local.written_aside(path) if isinstance(path, Path) else path.written()


def write_bytes(path: Place, content: bytes) -> None:
    """Write a file that a reader may see growing."""
    if isinstance(path, Path):
        storage_local.write_bytes(path, content)
    else:
        path.write_bytes(content)


def write_json(path: Place, values: Any) -> None:
    """Write JSON atomically: a reader finds the earlier version or this one, never a part."""
    if isinstance(path, Path):
        storage_local.write_json(path, values)
    else:
        path.write_bytes(storage_local.json_bytes(values))


def write_new_json(path: Place, values: Any) -> bool:
    """As `write_json`; in a bucket, of two who write the same path the second is told False."""
    if isinstance(path, Path):
        storage_local.write_json(path, values)
        return True
    return path.write_new(storage_local.json_bytes(values))


def write_once(path: Place, values: Any) -> bool:
    """Write JSON where there is nothing yet, in a folder that is there; of two who try one is told False."""
    if isinstance(path, Path):
        with storage_local.disk_errors(f"write {path.name}", path.parent):
            return storage_local.write_once(path, values)
    return path.write_new(storage_local.json_bytes(values))


def remove_files(folder: Place, ours: re.Pattern[str]) -> None:
    """Remove the files in a folder whose whole names match (see `own_files`), then the folder if it is empty.

    Everything else in it stays; nothing happens where there is no such folder.
    """
    if isinstance(folder, Path):
        storage_local.remove_files(folder, ours)
    else:
        folder.remove_files(ours)


# -- reading ----------------------------------------------------------------------------------------


@contextmanager
def at_hand(path: Place) -> Iterator[Path]:
    """Yield a file of this computer with the content of `path`: itself, or a temporary one."""
    if isinstance(path, Path):
        yield path
        return
    with path.fetched() as here:
        yield here


@contextmanager
def all_at_hand(paths: Sequence[Place]) -> Iterator[list[Path]]:
    """As `at_hand`, for many files."""
    with ExitStack() as stack:
        if all(isinstance(path, Path) for path in paths):
            yield [path for path in paths if isinstance(path, Path)]
            return
        with ThreadPoolExecutor(_FETCHED_AT_ONCE) as pool:
            yield list(pool.map(lambda path: stack.enter_context(at_hand(path)), paths))


def rows_at_hand(
    paths: Sequence[Place], first_bucket: int, end_bucket: int
) -> AbstractContextManager[list[Path]]:
    """Yield Parquet files of this computer that hold at least the rows of some buckets.

    Files without such rows may be left out.
    """
    far = [path for path in paths if isinstance(path, S3Path)]
    if far:
        return parquet.rows_at_hand(far, first_bucket, end_bucket)
    return contextlib.nullcontext([path for path in paths if isinstance(path, Path)])


def folder_names(folder: Place) -> list[str]:
    """Names of the folders in a folder, sorted; none where it is not there."""
    if isinstance(folder, S3Path):
        return folder.folder_names()
    return sorted(path.name for path in folder.glob("*") if path.is_dir())


def file_names(folder: Place) -> list[str]:
    """Names of the files in a folder."""
    if isinstance(folder, S3Path):
        return [path.name for path, _ in folder.objects() if path.parent == folder]
    return [path.name for path in folder.iterdir()]


def files_in_folders(folder: Place, name: str) -> list[str]:
    """The folders in a folder that hold a file of that name, by the age of that file, oldest first."""
    if isinstance(folder, S3Path):
        below = [(path, moment.timestamp()) for path, moment in folder.objects() if path.name == name]
        found = [(moment, path.parent.name) for path, moment in below if path.parent.parent == folder]
    else:
        found = [(path.stat().st_mtime_ns, path.parent.name) for path in folder.glob(f"*/{name}")]
    return [folder_name for _, folder_name in sorted(found)]


def now_at(folder: Place) -> float:
    """The time, in s since 1970, by the clock that gives the files in a folder their times.

    A server's may be minutes off this computer's.
    """
    return storage_local.now_at(folder) if isinstance(folder, Path) else folder.now()


def silent_for(file: Place, now: Optional[float] = None) -> Optional[float]:
    """Seconds since a file, or something in a folder, was written; None where nothing is there."""
    now = time.time() if now is None else now
    if isinstance(file, S3Path):
        moment = file.modified() or max((moment for _, moment in file.objects()), default=None)
        return None if moment is None else now - moment.timestamp()
    try:
        return now - file.stat().st_mtime
    except OSError:
        return None
