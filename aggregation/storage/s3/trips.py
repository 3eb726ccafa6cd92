"""Trips in a bucket: listed a page at a time, read with one request each, the next ones on their way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Optional, Union
from uuid import uuid4

from ...contract.errors import FILE_REASONS, BadTripFile, RunError, StorageError
from ...contract.s3_access import SCHEME, S3Access, is_s3
from ...contract.trip_files import (
    GLOB_CHARACTERS,
    LARGE,
    beginning,
    limit_of,
    no_trips,
)
from ...contract.trip_listing import Collector, Listing, TripFile
from ..base.place import Place
from ..base.separation import Own, check_around, check_base, check_folder
from ..base.trip_source import Spans, TripContent, TripSource
from ..local import scratch
from . import client as clients
from .base_client import RunClient
from .errors import S3Error, UnnamedObject
from .folder_listing import by_folders
from .listing import ObjectInfo, named, prefix_of
from .object import S3Object
from .parquet import RowGroups
from .path import S3Path
from .signed_requests import PendingRequest

AT_ONCE, THREADS = 24, 12
"""Requests that a task has under way while it decodes, and the threads that read where they are needed."""
HELD_BYTES = 12 << 20
"""Bytes of trips that it has asked for and not yet decoded; a single trip may be larger."""

_FIRST, _STALL_FILES = 4, 8
_YOUNG = 5.0
_TIME = "@"


def base(trips: str, access: S3Access) -> S3Path:
    """The prefix that all trips of a path have: all of it, or the folders before the first wildcard."""
    bucket, key = _parts(trips)
    folders: list[str] = []
    for part in key.split("/")[:-1] if GLOB_CHARACTERS & set(key) else [key]:
        if GLOB_CHARACTERS & set(part):
            break
        folders.append(part)
    return S3Path(bucket, "/".join(folders).strip("/"), access)


def _parts(trips: str) -> tuple[str, str]:
    bucket, _, key = trips[len(SCHEME) :].partition("/")
    if not bucket:
        raise RunError(f"The trips, {trips!r}, name no bucket. Write s3://bucket/folder.")
    return bucket, key


class S3Trips(TripSource):
    """Trips in buckets."""

    def __init__(self, access: S3Access) -> None:
        self._access = access

    def reach(self, trips: str) -> None:
        """See `TripSource.reach`."""
        base(trips, self._access).reach()

    def check_apart(self, trips: str, own: Sequence[Own]) -> None:
        """See `TripSource.check_apart`."""
        own = _in_buckets(own)
        folder = str(base(trips, self._access))
        check_base(trips, folder, own)
        if not GLOB_CHARACTERS & set(trips):
            check_around(trips, folder, own)

    def find(
        self,
        trips: str,
        progress: Callable[[int], None],
        beside: Optional[Place],
        own: Sequence[Own],
    ) -> Listing:
        """See `TripSource.find`. A prefix is a folder: `s3://b/2025` does not name `s3://b/2025-06/a.json`."""
        access, own = self._access, _in_buckets(own)
        check_base(trips, str(base(trips, access)), own)
        bucket, key = _parts(trips)
        client = clients.client_of(access, bucket)
        found = Collector()
        # A pattern that begins with a wildcard is looked for in the whole bucket, which is there.
        anything = bool(GLOB_CHARACTERS & set(key)) and not beginning("", key) and not key.endswith("/")
        for page in named(key, by_folders(client.pages)):
            anything = anything or page.anything
            found.add_together(list(map(trip_file, filter(page.is_trip, page.objects))))
            progress(len(found))
        if not anything:
            raise RunError(
                f"There is nothing in {trips!r}. Check the names of the bucket and of the folder in it."
            )
        if not found:
            below = client.pages(prefix_of(key))
            keys = (each.key for page in below for each in page.objects)
            raise no_trips(trips, (each for each in keys if not each.endswith("/")))
        listing = found.listing()
        progress(len(listing.files))
        if own:
            for file in chain(listing.files, listing.copies):
                check_folder(trips, file.path, own)
        return listing

    def read(self, files: Sequence[TripFile], max_bytes: int) -> Iterator[tuple[TripFile, TripContent]]:
        """See `TripSource.read`: one request a file, the next ones sent before one is decoded.

        What comes while one is decoded waits in the buffers of the system: threads that read it would take
        turns with the decoder at every piece, which costs more than the reading. A server that is far away,
        and closes its connections or sends more than those buffers take, has threads read all the same.
        """
        waiting = deque(files)
        under_way: deque[_Coming] = deque()
        held = done = 0
        client = clients.client_of(self._access, _parts(files[0].path)[0])
        stalls = _Stalls(client)
        pool = None if client.reads_ahead else ThreadPoolExecutor(THREADS)
        try:
            while waiting or under_way:
                # Not all at first, since connections to somewhere far take their time.
                most = THREADS if pool else min(_FIRST + done, AT_ONCE)
                while waiting and len(under_way) < most and (
                    not under_way or held + waiting[0].size <= HELD_BYTES
                ):  # fmt: skip
                    coming = _Coming(waiting.popleft(), max_bytes, client)
                    held += coming.file.size
                    under_way.append(coming)
                    if pool:
                        coming.read_by(pool)
                    elif not coming.ask():
                        break  # reading it raises the reason, or waits until the server is back
                coming = under_way.popleft()
                held -= coming.file.size
                done += 1
                if coming.is_large:
                    with scratch.file("trip") as copy:
                        yield coming.file, _fetch(coming.file, client, copy)
                else:
                    yield coming.file, coming.content()
                if pool is None and stalls.is_slow():
                    pool = ThreadPoolExecutor(THREADS)
                    for coming in under_way:
                        coming.read_by(pool)
        finally:
            for coming in under_way:
                coming.close()
            if pool:
                pool.shutdown(wait=False, cancel_futures=True)

    def check_unchanged(self, file: TripFile) -> None:
        """See `TripSource.check_unchanged`: what was read is a copy."""

    @contextmanager
    def spans(self, file: TripFile) -> Iterator[Spans]:
        """See `TripSource.spans`."""
        with scratch.file("trip.parquet") as copy:
            yield _Spans(file, self._access, copy)


class _Spans(Spans):
    """Spans of an object, each by one request; those of a Parquet file are put into `copy`."""

    def __init__(self, file: TripFile, access: S3Access, copy: Path) -> None:
        super().__init__(file.size)
        bucket, self._key = _parts(file.path)
        self._file, self._client = file, clients.client_of(access, bucket)
        self._object, self._copy = S3Object(bucket, self._key, access), copy
        self._table: Optional[RowGroups] = None

    def read(self, start: int, end: int) -> bytes:
        """See `Spans.read`."""
        if start == end:
            return b""
        with _left_out():
            found, blocks = self._client.stream(self._key, (start, end))
            content = b"".join(blocks)
        _expect(found, self._file, self.size)
        return content

    def table(self, first: int, end: int) -> Path:
        """See `Spans.table`."""
        try:
            if self._table is None:
                self._table = RowGroups(self._object, self._copy)
                _expect(self._table.version, self._file, self.size)
            self._table.fill(first, end)
        except StorageError:
            raise
        except RunError as error:
            raise BadTripFile("bad_table", error.message) from error
        return self._copy


def _in_buckets(own: Sequence[Own]) -> list[Own]:
    return [folder for folder in own if is_s3(folder.path)]


def trip_file(found: ObjectInfo) -> TripFile:
    """Return an object as a trip file, with a version that changes with its content."""
    version = _version(found)
    # Servers over a folder have no ETag for files that came into it otherwise, and tell whole seconds. An
    # object as young as that may be rewritten unseen, so its version is unique: the next run reads it again.
    if version.startswith(_TIME) and abs(time.time() - _seconds(found)) < _YOUNG:
        version += f"-{uuid4().hex[:8]}"
    return TripFile(found.url, found.size, version)


def _version(found: ObjectInfo, by_time: bool = False) -> str:
    """Return the ETag, or without one the time of writing in whole seconds."""
    tag = (found.e_tag[2:] if found.e_tag.startswith("W/") else found.e_tag).strip('"')
    return f"{_TIME}{int(_seconds(found))}" if by_time or not tag else tag


def _same(found: ObjectInfo, file: TripFile) -> bool:
    """Return True if an object is still in the version that was listed as `file`."""
    if found.size != file.size:
        return False
    if file.version.startswith(_TIME):
        return _version(found, by_time=True) == file.version.partition("-")[0]
    return not found.e_tag or _version(found) == file.version


def _seconds(found: ObjectInfo) -> float:
    """Return when an object was written, in s since 1970; 0 if the server does not say."""
    return found.modified.timestamp() if found.modified else 0.0


# -- reading ----------------------------------------------------------------------------------------


class _Stalls:
    """Measures whether most of the time passes while answers that have begun do not come."""

    def __init__(self, client: RunClient) -> None:
        self._client, self._files = client, 0
        self._begin()

    def _begin(self) -> None:
        self._began, self._stalled = time.perf_counter(), self._client.stalled

    def is_slow(self) -> bool:
        """Asked after each file."""
        self._files += 1
        if self._files % _STALL_FILES:
            return False
        stalled, elapsed = self._client.stalled - self._stalled, time.perf_counter() - self._began
        self._begin()
        return stalled > elapsed / 2


class _Coming:
    """A trip on its way."""

    def __init__(self, file: TripFile, max_bytes: int, client: RunClient) -> None:
        self.file, self._max_bytes, self._client = file, max_bytes, client
        self._pending: Optional[PendingRequest] = None
        self._future: Optional[Future[Union[bytes, BadTripFile]]] = None

    @property
    def is_large(self) -> bool:
        """True if the object is to be fetched into a file."""
        return LARGE < self.file.size <= limit_of(self.file.path, self._max_bytes)

    def ask(self) -> bool:
        """Send the request; False where that failed."""
        if self.file.size > limit_of(self.file.path, self._max_bytes) or self.is_large:
            return True
        self._pending = self._client.ask(_parts(self.file.path)[1])
        return self._pending is not None and self._pending.connection is not None

    def read_by(self, pool: ThreadPoolExecutor) -> None:
        """Have a thread read it."""
        if self.is_large:
            return
        self._future = pool.submit(_read, self.file, self._max_bytes, self._client, self._pending)

    def content(self) -> Union[bytes, BadTripFile]:
        """Its bytes, once they are there; see `_read`."""
        if self._future:
            return self._future.result()
        return _read(self.file, self._max_bytes, self._client, self._pending)

    def close(self) -> None:
        """Want it no more."""
        if self._pending and not self._future:
            self._pending.close()


def _read(
    file: TripFile, max_bytes: int, client: RunClient, pending: Optional[PendingRequest]
) -> Union[bytes, BadTripFile]:
    """The bytes of a trip, or why it is left out; raises `StorageError` where the bucket fails."""
    if file.size > limit_of(file.path, max_bytes):
        return BadTripFile("too_large", f"{FILE_REASONS['too_large']} of {max_bytes >> 20} MiB")
    try:
        with _left_out():
            found, content = client.get(_parts(file.path)[1], file.size, pending)
            _expect(found, file, len(content))
    except BadTripFile as error:
        return error
    return content


def _fetch(file: TripFile, client: RunClient, copy: Path) -> Union[Path, BadTripFile]:
    """Read a large trip, as `_read` does, into the file `copy`."""
    try:
        with _left_out():
            found, size = client.fetch(_parts(file.path)[1], file.size, copy)
            _expect(found, file, size)
    except BadTripFile as error:
        return error
    return copy


def _expect(found: ObjectInfo, file: TripFile, size: int) -> None:
    if not _same(found, file) or size != file.size:
        raise BadTripFile("changed", FILE_REASONS["changed"], passing=True)


@contextmanager
def _left_out() -> Iterator[None]:
    """Turn what concerns one trip alone into a `BadTripFile`."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadTripFile("vanished", FILE_REASONS["vanished"], passing=True) from error
    except UnnamedObject as error:
        message = f"{FILE_REASONS['unreadable']}: {error.message}"
        raise BadTripFile("unreadable", message, passing=True) from error
    except S3Error as error:
        if error.code == "AccessDenied":
            message = f"{FILE_REASONS['unreadable']}: {error.message}"
            raise BadTripFile("unreadable", message, passing=True) from error
        raise
