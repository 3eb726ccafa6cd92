"""Inventory and reading of trips in a bucket, from this computer."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Optional

from ....aggregation.contract.errors import Cancelled, RunError
from ....aggregation.contract.s3_access import is_s3
from ....aggregation.contract.spec import DecodeRules
from ....aggregation.inventory import FIRST_FILES, SAMPLE_FILES, TripCount, known_files
from ....aggregation.storage import TripFile
from ....aggregation.storage.s3.listing import ObjectInfo
from ....aggregation.storage.s3.trips import trip_file
from ...profiles.credentials import S3Keys
from ...profiles.profile import Profile
from ...s3 import listing
from ...s3.client import S3Connection, Waits, connect_for
from ...s3.files import S3Files

log = logging.getLogger(__name__)
_TABLE = re.compile(r"/(ingest=[^/\\]+)/files\.parquet$")  # nothing that leads out of a folder
_MOST_TABLES, _MOST_BYTES = 1000, 64 << 20
_AT_ONCE = 8
LOOKING = Waits(connect=3.0, read=15.0, attempts=2)
"""Short timeouts, as a person waits for the answer."""


class BucketTrips:
    """A `TripSource` for the buckets of a profile; connects on first use."""

    far = True

    def __init__(
        self,
        profile: Profile,
        keys: Optional[S3Keys] = None,
        proxies: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._profile, self._keys, self._proxies = profile, keys, proxies
        self._connection: Optional[S3Connection] = None
        self._lock = threading.Lock()

    @property
    def s3(self) -> S3Connection:
        """Return the connection; raises `BackendError` or `S3Error`."""
        with self._lock:
            if self._connection is None:
                self._connection = connect_for(self._profile, self._keys, self._proxies, LOOKING)
            return self._connection

    def count(
        self,
        trips: str,
        store: str,
        rules: DecodeRules,
        check: Callable[[], None],
        found: Callable[[int], None],
    ) -> TripCount:
        """Count the trip files, and new ones if this computer can read the store."""
        sample = Sample(SAMPLE_FILES)
        files = size = new_files = new_bytes = copies = 0
        has = self._known(store, rules, check)
        for n, (trip, is_copy) in enumerate(listing.trips_and_copies(self.s3, trips)):
            if n % 1000 == 0:
                check()
                found(files)
            if is_copy:
                copies += 1
                continue
            sample.add(trip.url)
            files += 1
            size += trip.size
            if has is not None and not has(trip_file(trip)):
                new_files += 1
                new_bytes += trip.size
        if has is None:
            return TripCount(files, size, None, None, sample.taken(), copies=copies)
        return TripCount(files, size, new_files, new_bytes, sample.taken(), copies=copies)

    def _known(
        self, store: str, rules: DecodeRules, check: Callable[[], None]
    ) -> Optional[Callable[[TripFile], bool]]:
        """Return a function that is True for a trip in the store; None if the store cannot be read from
        here."""
        try:
            if not is_s3(store):
                return known_files(store, rules, check) if self._profile.runs_here else None
            with _tables_at_hand(self.s3, store, rules, check) as folder:
                return known_files(folder, rules, check) if folder else None
        except Cancelled:
            raise
        except RunError as error:
            log.info("New trips cannot be counted: %s", error.message)
            return None

    def first(self, trips: str) -> list[str]:
        """Return the first trip files, without listing all."""
        return [trip.url for trip in listing.first(self.s3, trips, FIRST_FILES)]

    def beginning(self, path: str, most: int) -> bytes:
        """See `TripSource.beginning`."""
        return listing.beginning(self.s3, path, most)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Sample:
    """Evenly spread sample of `most` to twice as many names from a stream of any length."""

    def __init__(self, most: int) -> None:
        self._most, self._step, self._seen = most, 1, 0
        self._names: list[str] = []

    def add(self, name: str) -> None:
        """Add the next name of the stream."""
        if self._seen % self._step == 0:
            self._names.append(name)
            if len(self._names) == 2 * self._most:
                self._names, self._step = self._names[::2], self._step * 2
        self._seen += 1

    def taken(self) -> tuple[str, ...]:
        """Return at most `most` names."""
        step = -(-len(self._names) // self._most) or 1
        return tuple(self._names[::step])


@contextmanager
def _tables_at_hand(
    s3: S3Connection, store: str, rules: DecodeRules, check: Callable[[], None]
) -> Iterator[Optional[str]]:
    """Yield a folder with the tables of a store, gone afterwards; None where that would take too long.

    A store lists in one small table for each ingest which files it holds. These are fetched into a folder in
    the layout of a store, so that readers of stores can read them (`aggregation.store.point_store`).
    `check` may raise to stop. Raises `S3Error`.
    """
    below = f"{rules.digest()}/files"
    found: list[tuple[str, ObjectInfo]] = []
    for each in listing.objects(s3, f"{store.rstrip('/')}/{below}"):
        check()
        table = _TABLE.search(each.key)
        if table:
            found.append((table[1], each))
        if len(found) > _MOST_TABLES:
            break
    if len(found) > _MOST_TABLES or sum(each.size for _, each in found) > _MOST_BYTES:
        yield None
        return
    files = S3Files(s3)
    with TemporaryDirectory(prefix="roadpulse-") as folder:

        def fetch(ingest: str, table: ObjectInfo) -> None:
            check()
            path = Path(folder, below, ingest, "files.parquet")
            path.parent.mkdir(parents=True)
            with path.open("wb") as file:
                file.writelines(files.blocks(table.url, 0, table.size))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(fetch, *each) for each in found]:
                done.result()
        yield folder
