"""Storage: one interface to files in folders and in buckets.

A `Place` is a file or folder of a run, a `TripSource` the storage of trips. Only the functions here choose
classes by a path, so that the code of the steps does not depend on the storage.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Optional

from ..contract.errors import BadTripFile
from ..contract.s3_access import S3Access, is_s3
from ..contract.trip_files import LARGE, SUFFIXES, printable
from ..contract.trip_listing import Listing, TripFile, TripFiles
from .base.place import Place
from .base.separation import Own
from .base.trip_source import Spans, TripContent, TripSource
from .local import scratch
from .local.files import check_name, sha256
from .local.path import LocalPath
from .local.trips import LocalTrips
from .s3.path import S3Path
from .s3.trips import S3Trips

__all__ = [
    "LARGE", "SUFFIXES", "BadTripFile", "Listing", "LocalPath", "Own", "Place", "S3Access", "S3Path",
    "Spans", "TripContent", "TripFile", "TripFiles", "TripSource", "check_apart", "check_name", "check_reach",
    "check_unchanged", "find_trips", "is_s3", "list_trips", "place", "printable", "read_trip", "read_trips",
    "scratch", "sha256", "spans_of", "trip_source",
]  # fmt: skip


def place(path: str, access: Optional[S3Access] = None) -> Place:
    """Return the file or folder of a path, made absolute; `access` describes how to reach its bucket."""
    if is_s3(path):
        return S3Path.of(path, access or S3Access())
    return LocalPath(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  (no symlinks resolved)


def trip_source(trips: str, access: Optional[S3Access] = None) -> TripSource:
    """Return the storage of a path to trips; `access` describes how to reach its bucket."""
    return S3Trips(access or S3Access()) if is_s3(trips) else LocalTrips()


def check_reach(path: str, access: Optional[S3Access]) -> None:
    """Raise `StorageError`, without long retries, if a path names a bucket that cannot be accessed."""
    trip_source(path, access).reach(path)


# -- trips ------------------------------------------------------------------------------------------


def find_trips(
    trips: str,
    progress: Callable[[int], None] = lambda n: None,
    access: Optional[S3Access] = None,
    beside: Optional[Place] = None,
    own: Sequence[Own] = (),
) -> Listing:
    """Return the trip files in a folder or prefix, or those that match a glob or a single path.

    Of two paths that differ only by `.gz` the plain one counts, and the packed one is among the copies.
    Raises `RunError` if there are none, and if trips and a folder of `own` contain each other.
    `progress` is called with the number found so far, at the end without copies. Modification times of trips
    in folders are assumed to come from the same clock as those in `beside`, such as a file server's.
    """
    return trip_source(trips, access).find(trips, progress, beside, own)


def list_trips(trips: str, *args: Any, **options: Any) -> list[TripFile]:
    """Return the files of `find_trips` that count, sorted by path."""
    return list(find_trips(trips, *args, **options).files)


def check_apart(trips: str, own: Sequence[Own]) -> None:
    """Raise `RunError` if trips and a folder of `own` contain each other, judged by their names."""
    trip_source(trips).check_apart(trips, own)


def read_trips(
    files: Sequence[TripFile], max_bytes: int, access: Optional[S3Access] = None
) -> Iterator[tuple[TripFile, TripContent]]:
    """Yield trip files in order, each with its complete content of one version, or the error.

    Content of more than `LARGE` bytes is in a temporary file, which is removed when the next file is
    requested, or is the file itself where it lies on a disk and may have any size (see `check_unchanged`).
    """
    if files:
        yield from trip_source(files[0].path, access).read(files, max_bytes)


def spans_of(file: TripFile, access: Optional[S3Access] = None) -> AbstractContextManager[Spans]:
    """Return a context manager whose value reads parts of a trip file, which must not change meanwhile.

    At its end it raises `BadTripFile` if the file has changed.
    """
    return trip_source(file.path, access).spans(file)


def check_unchanged(file: TripFile) -> None:
    """Raise `BadTripFile` if a file that `read_trips` gives where it is has changed since it was listed."""
    trip_source(file.path).check_unchanged(file)


def read_trip(file: TripFile, max_bytes: int, access: Optional[S3Access] = None) -> bytes:
    """Return the complete content of one version of a trip file; raises `BadTripFile`."""
    for _, content in read_trips([file], max_bytes, access):
        if isinstance(content, BadTripFile):
            raise content
        found = content if isinstance(content, bytes) else content.read_bytes()
    return found
