"""Trips in a bucket: listed a page at a time, read with one request each, the next ones on their way."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Optional, Union
from uuid import uuid4

from ...contract.errors import FILE_REASONS, BadTripFile, RunError
from ...contract.s3_access import SCHEME, S3Access, is_s3
from ...contract.trip_files import (
    GLOB_CHARACTERS,
    LARGE,
    SUFFIXES,
    Collector,
    Listing,
    TripFile,
    beginning,
    no_trips,
    pattern,
    plain_folder,
)
from ..base.place import Place
from ..base.separation import Own, check_base, check_folder, is_inside
from ..base.trip_source import TripContent, TripSource
from ..local import scratch
from .errors import S3Error, UnnamedObject
from .pages import Listed, pages, sender
from .path import S3Path
from .reading import fetch, get
from .signed_requests import Asked, PlainClient

AT_ONCE, THREADS = 24, 12
"""Requests that a task has under way while it decodes, and the threads that read where they are needed."""
HELD_BYTES = 12 << 20
"""Bytes of trips that it has asked for and not yet decoded; a single trip may be larger."""

_FIRST, _PACE_FILES = 4, 8
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
            for each in own:
                if is_inside(each.path, folder):
                    check_folder(trips, each.path, [each])

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
        found = Collector()
        folder = S3Path(bucket, key.strip("/"), access)
        anything = _collect(folder, f"{folder.key}/".lstrip("/"), None, found, progress)
        if not anything and key and not key.endswith("/"):
            single = next(
                (listed for listed in next(pages(folder.parent, key), []) if listed.key == key), None
            )
            anything = single is not None
            if single is not None:
                found.add(trip_file(bucket, single))
            elif GLOB_CHARACTERS & set(key):
                lead, below = plain_folder(
                    key, lambda name: _has_any(S3Path(bucket, name.strip("/"), access))
                )
                begin = beginning(lead, below)
                inside = S3Path(bucket, begin.rpartition("/")[0].strip("/"), access)
                anything = _collect(inside, begin, pattern(below, lead), found, progress) or begin == ""
        if not anything:
            raise RunError(
                f"There is nothing in {trips!r}. Check the names of the bucket and of the folder in it."
            )
        if not found:
            raise no_trips(
                trips, (one.key for page in pages(folder, f"{folder.key}/".lstrip("/")) for one in page)
            )
        progress(len(found))
        listing = found.listing()
        if own:
            for file in (*listing.files, *listing.copies):
                check_folder(trips, file.path, own)
        return listing

    def read(self, files: Sequence[TripFile], max_bytes: int) -> Iterator[tuple[TripFile, TripContent]]:
        """See `TripSource.read`: one request a file, the next ones sent before one is decoded.

        What comes while one is decoded waits in the buffers of the system: threads that read it would take
        turns with the decoder at every piece, which costs more than the reading. A server that is far away,
        and closes its connections or sends more than those buffers take, has threads read all the same.
        """
        access = self._access
        waiting = deque(files)
        under_way: deque[_Coming] = deque()
        held = done = 0
        plain = sender(S3Path(_parts(files[0].path)[0], "", access)) if files else None
        pace = _Pace(plain)
        pool = None if plain else ThreadPoolExecutor(THREADS)
        try:
            while waiting or under_way:
                # Not all at first, since connections to somewhere far take their time.
                most = THREADS if pool else min(_FIRST + done, AT_ONCE)
                while waiting and len(under_way) < most and (
                    not under_way or held + waiting[0].size <= HELD_BYTES
                ):  # fmt: skip
                    coming = _Coming(waiting.popleft(), max_bytes, access)
                    held += coming.file.size
                    under_way.append(coming)
                    if pool:
                        coming.read_by(pool)
                    elif plain and not coming.ask(plain):
                        break  # reading it tells why, or waits until the server is back
                coming = under_way.popleft()
                held -= coming.file.size
                done += 1
                if coming.is_large:
                    with scratch.file("trip") as copy:
                        yield coming.file, _fetch(coming.file, access, copy)
                else:
                    yield coming.file, coming.content()
                if pool is None and pace.is_slow():
                    pool = ThreadPoolExecutor(THREADS)
                    for coming in under_way:
                        coming.read_by(pool)
        finally:
            for coming in under_way:
                coming.close()
            if pool:
                pool.shutdown(wait=False, cancel_futures=True)


def _in_buckets(own: Sequence[Own]) -> list[Own]:
    return [folder for folder in own if is_s3(folder.path)]


def _has_any(folder: S3Path) -> bool:
    return any(page for page in pages(folder, f"{folder.key}/"))


def _collect(
    folder: S3Path,
    prefix: str,
    wanted: Optional[re.Pattern[str]],
    found: Collector,
    progress: Callable[[int], None],
) -> bool:
    """Add the trips whose keys begin with `prefix` to `found`; returns whether there is anything at all."""
    anything = False
    for page in pages(folder, prefix):
        anything = anything or bool(page)
        for listed in page:
            if listed.key.lower().endswith(SUFFIXES) and (wanted is None or wanted.fullmatch(listed.key)):
                found.add(trip_file(folder.bucket, listed))
        progress(len(found))
    return anything


def trip_file(bucket: str, listed: Listed) -> TripFile:
    """An object as a trip file, with what tells its versions apart."""
    version = _version(listed)
    # Servers over a folder have no ETag for files that came into it otherwise, and tell whole seconds. An
    # object as young as that may be rewritten unseen, so its version is unique: the next run reads it again.
    if version.startswith(_TIME) and abs(time.time() - listed.modified.timestamp()) < _YOUNG:
        version += f"-{uuid4().hex[:8]}"
    return TripFile(f"{SCHEME}{bucket}/{listed.key}", listed.size, version)


def _version(listed: Listed, by_time: bool = False) -> str:
    """What tells versions apart: the ETag, or else the time."""
    tag = (listed.e_tag[2:] if listed.e_tag.startswith("W/") else listed.e_tag).strip('"')
    return f"{_TIME}{int(listed.modified.timestamp())}" if by_time or not tag else tag


def _same(listed: Listed, file: TripFile) -> bool:
    """Whether an object is in the version in which it was listed."""
    if listed.size != file.size:
        return False
    if file.version.startswith(_TIME):
        return _version(listed, by_time=True) == file.version.partition("-")[0]
    return not listed.e_tag or _version(listed) == file.version


# -- reading ----------------------------------------------------------------------------------------


class _Pace:
    """Whether most of the time goes by while answers that have begun do not come."""

    def __init__(self, plain: Optional[PlainClient]) -> None:
        self._plain, self._files = plain, 0
        self._begin()

    def _begin(self) -> None:
        self._began, self._stalled = time.perf_counter(), self._plain.stalled if self._plain else 0.0

    def is_slow(self) -> bool:
        """Asked after each file."""
        self._files += 1
        if self._plain is None or self._files % _PACE_FILES:
            return False
        stalled, elapsed = self._plain.stalled - self._stalled, time.perf_counter() - self._began
        self._begin()
        return stalled > elapsed / 2


class _Coming:
    """A trip on its way."""

    def __init__(self, file: TripFile, max_bytes: int, access: S3Access) -> None:
        self.file, self._max_bytes, self._access = file, max_bytes, access
        self._asked: Optional[Asked] = None
        self._future: Optional[Future[Union[bytes, BadTripFile]]] = None

    @property
    def is_large(self) -> bool:
        """Whether it comes into a file, when it is its turn."""
        return LARGE < self.file.size <= self._max_bytes

    def ask(self, plain: PlainClient) -> bool:
        """Send the request; False where that failed."""
        if self.file.size > self._max_bytes or self.is_large:
            return True
        self._asked = plain.ask(_parts(self.file.path)[1])
        return self._asked.connection is not None

    def read_by(self, pool: ThreadPoolExecutor) -> None:
        """Have a thread read it."""
        if self.is_large:
            return
        self._future = pool.submit(_read, self.file, self._max_bytes, self._access, self._asked)

    def content(self) -> Union[bytes, BadTripFile]:
        """Its bytes, once they are there; see `_read`."""
        if self._future:
            return self._future.result()
        return _read(self.file, self._max_bytes, self._access, self._asked)

    def close(self) -> None:
        """Want it no more."""
        if self._asked and not self._future:
            self._asked.close()


def _read(
    file: TripFile, max_bytes: int, access: S3Access, asked: Optional[Asked]
) -> Union[bytes, BadTripFile]:
    """The bytes of a trip, or why it is left out; raises `StorageError` where the bucket fails."""
    if file.size > max_bytes:
        return BadTripFile("too_large", f"{FILE_REASONS['too_large']} of {max_bytes >> 20} MiB")
    bucket, key = _parts(file.path)
    try:
        with _left_out():
            listed, content = get(S3Path(bucket, key, access), file.size, asked)
            _expect(listed, file, len(content))
    except BadTripFile as error:
        return error
    return content


def _fetch(file: TripFile, access: S3Access, copy: Path) -> Union[Path, BadTripFile]:
    """As `_read`, for a large trip: into the file `copy`."""
    bucket, key = _parts(file.path)
    try:
        with _left_out():
            listed, size = fetch(S3Path(bucket, key, access), file.size, copy)
            _expect(listed, file, size)
    except BadTripFile as error:
        return error
    return copy


def _expect(listed: Listed, file: TripFile, size: int) -> None:
    if not _same(listed, file) or size != file.size:
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
