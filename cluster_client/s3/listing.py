"""Listing a bucket, a page at a time: for browsing, for counting trips, for a few of them as a sample.

    for page in pages(s3, "s3://trips/2019/"):       # folders and objects right below, by name
        …
    counted = count(s3, "s3://trips/2019", progress=print, cancelled=lambda: False)
    names = first(s3, "s3://trips/2019", 5)

TRIPS are named as everywhere: a prefix that stands for a folder, a glob, or one object. Nothing is held but
one page of at most a thousand names, so a bucket may be as large as it likes. Errors are `S3Error`s.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from ...aggregation.contract.errors import FILE_REASONS, BadTripFile, Cancelled
from ...aggregation.contract.s3_access import SCHEME
from ...aggregation.contract.trip_files import CopiesInOrder
from ...aggregation.storage.s3.base_client import first_of
from ...aggregation.storage.s3.listing import Named, ObjectInfo, Page, named
from .boto_client import BotoClient
from .client import S3Connection, split


@dataclass(frozen=True)
class Counted:
    """Trip files found so far and their bytes; `others` are objects that a run does not read.

    Packed copies, which lie beside the plain trips, are among these.
    """

    files: int = 0
    bytes: int = 0
    others: int = 0


def _never() -> bool:
    return False


def _untold(counted: Counted) -> None:
    """Default of `progress`."""


def pages(
    s3: S3Connection, folder: str, cancelled: Callable[[], bool] = _never, starting: str = ""
) -> Iterator[Page]:
    """Yield pages of the folders and objects right below a prefix, in order of the names; raises `Cancelled`.

    `starting` limits them to names that begin so. At least one page comes, empty if nothing is there. Folders
    are addresses that end in a slash.
    """
    bucket, prefix = _prefix(folder)
    for page in _pages(s3, bucket, prefix + starting, "/", cancelled):
        yield page._replace(
            folders=tuple(f"{SCHEME}{bucket}/{each}" for each in page.folders),
            objects=tuple(each for each in page.objects if each.key != prefix),
        )


def objects(s3: S3Connection, folder: str, cancelled: Callable[[], bool] = _never) -> Iterator[ObjectInfo]:
    """Yield every object below a prefix, at any depth, in order of the keys; raises `Cancelled`."""
    bucket, prefix = _prefix(folder)
    for page in _pages(s3, bucket, prefix, "", cancelled):
        yield from page.objects


def trips(s3: S3Connection, path: str, cancelled: Callable[[], bool] = _never) -> Iterator[ObjectInfo]:
    """The trip files that a path names, in order of the keys, without packed copies; raises `Cancelled`."""
    for found, is_copy in trips_and_copies(s3, path, cancelled):
        if not is_copy:
            yield found


def trips_and_copies(
    s3: S3Connection, path: str, cancelled: Callable[[], bool] = _never
) -> Iterator[tuple[ObjectInfo, bool]]:
    """The trip files that a path names, each with whether it is a packed copy, which runs leave out."""
    copies = CopiesInOrder()
    for page in _named(s3, path, cancelled):
        for found in filter(page.is_trip, page.objects):
            yield found, copies.is_copy(found.key)


def count(
    s3: S3Connection,
    path: str,
    progress: Callable[[Counted], None] = _untold,
    cancelled: Callable[[], bool] = _never,
) -> Counted:
    """Count the trip files that a path names; calls `progress` after every page. Raises `Cancelled`."""
    files = size = others = 0
    copies = CopiesInOrder()
    for page in _named(s3, path, cancelled):
        for found in page.objects:
            if not page.is_trip(found) or copies.is_copy(found.key):
                others += 1
            else:
                files += 1
                size += found.size
        progress(Counted(files, size, others))
    counted = Counted(files, size, others)
    progress(counted)
    return counted


def first(s3: S3Connection, path: str, n: int, cancelled: Callable[[], bool] = _never) -> list[ObjectInfo]:
    """The first few of the trip files that a path names; asks for no more pages than these take."""
    found: list[ObjectInfo] = []
    for trip in trips(s3, path, cancelled):
        found.append(trip)
        if len(found) == n:
            break
    return found


def beginning(s3: S3Connection, url: str, most: int) -> bytes:
    """First `most` bytes of a trip file; raises `BadTripFile` if it is gone."""
    bucket, key = split(url)
    try:
        _, blocks = BotoClient(s3, bucket).stream(key)
    except FileNotFoundError as error:
        raise BadTripFile("vanished", FILE_REASONS["vanished"], passing=True) from error
    with contextlib.closing(blocks):
        return first_of(blocks, most)


# -- the server's pages -------------------------------------------------------------------------------


def _pages(
    s3: S3Connection, bucket: str, prefix: str, delimiter: str, cancelled: Callable[[], bool]
) -> Iterator[Page]:
    """Yield the server's pages; raises `Cancelled` before the next request."""
    pages = BotoClient(s3, bucket).pages(prefix, delimiter)
    while True:
        if cancelled():
            raise Cancelled
        page = next(pages, None)
        if page is None:
            return
        yield page


def _prefix(folder: str) -> tuple[str, str]:
    """Return the bucket and the prefix of an address, whose keys may begin with a slash."""
    bucket, key = split(folder)
    return bucket, key.rstrip("/") + "/" if key.strip("/") else ""


def _named(s3: S3Connection, path: str, cancelled: Callable[[], bool]) -> Iterator[Named]:
    bucket, key = split(path)
    return named(key, lambda prefix: _pages(s3, bucket, prefix, "", cancelled))
