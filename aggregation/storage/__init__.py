"""Files behind paths: one interface to folders and to buckets.

A `Place` is a file or folder of a run, a `TripSource` where trips come from. Which of their classes a path
means is decided here alone, so the code of the steps knows nothing of where files lie.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Optional

from ..contract.errors import BadTripFile
from ..contract.s3_access import S3Access, is_s3
from ..contract.trip_files import LARGE, SUFFIXES, Listing, TripFile, printable
from .base.place import Place
from .base.separation import Own
from .base.trip_source import TripContent, TripSource
from .local import scratch
from .local.files import check_name, sha256
from .local.path import LocalPath
from .local.trips import LocalTrips
from .s3.path import S3Path
from .s3.trips import S3Trips

__all__ = [
    "LARGE", "SUFFIXES", "BadTripFile", "Listing", "LocalPath", "Own", "Place", "S3Access", "S3Path",
    "TripContent", "TripFile", "TripSource", "check_apart", "check_name", "check_reach", "find_trips",
    "is_s3", "list_trips", "place", "printable", "read_trip", "read_trips", "scratch", "sha256",
    "trip_source",
]  # fmt: skip


def place(path: str, access: Optional[S3Access] = None) -> Place:
    """The place that a path names, absolute; `access` says how its bucket is reached."""
    if is_s3(path):
        return S3Path.of(path, access or S3Access())
    return LocalPath(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  (no symlinks resolved)


def trip_source(trips: str, access: Optional[S3Access] = None) -> TripSource:
    """The storage that a path to trips names; `access` says how its bucket is reached."""
    return S3Trips(access or S3Access()) if is_s3(trips) else LocalTrips()


def check_reach(path: str, access: Optional[S3Access]) -> None:
    """Raise `StorageError`, soon, where a path names a bucket that cannot be had."""
    trip_source(path, access).reach(path)


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
    return trip_source(trips, access).find(trips, progress, beside, own)


def list_trips(trips: str, *args: Any, **options: Any) -> list[TripFile]:
    """The files of `find_trips` that count, in order of their paths."""
    return find_trips(trips, *args, **options).files


def check_apart(trips: str, own: Sequence[Own]) -> None:
    """Raise `RunError` where trips and a folder of `own` lie in each other, as far as their names tell."""
    trip_source(trips).check_apart(trips, own)


def read_trips(
    files: Sequence[TripFile], max_bytes: int, access: Optional[S3Access] = None
) -> Iterator[tuple[TripFile, TripContent]]:
    """Trip files in their order, each with its bytes, whole and of one version, or why it cannot be had.

    More than `LARGE` bytes are in a temporary file, which is gone when the next one is asked for.
    """
    if files:
        yield from trip_source(files[0].path, access).read(files, max_bytes)


def read_trip(file: TripFile, max_bytes: int, access: Optional[S3Access] = None) -> bytes:
    """The bytes of a trip file, whole and of one version; raises `BadTripFile`."""
    for _, content in read_trips([file], max_bytes, access):
        if isinstance(content, BadTripFile):
            raise content
        found = content if isinstance(content, bytes) else content.read_bytes()
    return found
