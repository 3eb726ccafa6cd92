"""The trips in a bucket, as this computer sees them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Callable, Optional

from ...aggregation.glance import FIRST_FILES, SAMPLE_FILES, TripCount
from ...aggregation.spec import FieldMapping
from ..keys import S3Keys
from ..profile import Profile
from ..s3 import listing
from ..s3.client import S3Connection, Waits, connect_for

LOOKING = Waits(connect=3.0, read=15.0, attempts=2)
"""Somebody waits for the answer."""


class BucketTrips:
    """A `TripSource` over the buckets that a profile leads to; connects on first use."""

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
        """The connection; raises `BackendError`."""
        with self._lock:
            if self._connection is None:
                self._connection = connect_for(self._profile, self._keys, self._proxies, LOOKING)
            return self._connection

    def count(
        self,
        trips: str,
        store: str,
        mapping: FieldMapping,
        check: Callable[[], None],
        found: Callable[[int], None],
    ) -> TripCount:
        """Count the trip files; how many are new is known to the store's own side alone."""
        sample = Sample(SAMPLE_FILES)
        files = size = 0
        for trip in listing.trips(self.s3, trips):
            if files % 1000 == 0:
                check()
                found(files)
            sample.add(trip.url)
            files += 1
            size += trip.size
        return TripCount(files, size, None, None, sample.taken())

    def first(self, trips: str) -> list[str]:
        """A few of the trip files, soon."""
        return [trip.url for trip in listing.first(self.s3, trips, FIRST_FILES)]

    def read(self, path: str, most: int) -> bytes:
        """A trip file; raises `BadTripFile` for one of more than `most` bytes."""
        return listing.read(self.s3, path, most)

    def close(self) -> None:
        """Give up the connection."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class Sample:
    """`most` to twice as many of a stream of names, evenly spread, whatever its length."""

    def __init__(self, most: int) -> None:
        self._most, self._step, self._seen = most, 1, 0
        self._names: list[str] = []

    def add(self, name: str) -> None:
        """The next name of the stream."""
        if self._seen % self._step == 0:
            self._names.append(name)
            if len(self._names) == 2 * self._most:
                self._names, self._step = self._names[::2], self._step * 2
        self._seen += 1

    def taken(self) -> tuple[str, ...]:
        """At most `most` of them."""
        step = -(-len(self._names) // self._most) or 1
        return tuple(self._names[::step])
