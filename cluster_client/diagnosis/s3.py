"""Checks of buckets from this computer: keys, access, listing, reading, writing, conditional PUT."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Callable, Optional

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.s3_access import is_s3
from ...aggregation.storage.s3.errors import AccessDenied, BucketMissing, WrongRegion
from ..profiles.credentials import S3Keys
from ..profiles.profile import Profile
from ..s3 import listing
from ..s3.boto_client import BotoClient, buckets
from ..s3.client import QUICK, S3Connection, access_here, connect, split
from ..s3.files import S3Files
from . import verdicts
from .checks import Check, Found, failed, ok, warning
from .s3_server import S3ServerChecks

_COUNT_SECONDS = 8.0
_SAMPLE_BYTES = 1 << 20


def concerns_s3(profile: Profile, *paths: str) -> bool:
    """Return True if a profile or one of the paths uses S3."""
    folders = profile.folders
    return bool(profile.s3.endpoint) or any(map(is_s3, (*paths, folders.runs, folders.store, folders.jobs)))


class BucketChecks:
    """Checks of a profile's buckets: that of the trips, and those that its runs write to.

    `proxies` as in `s3.client.connect`. Test objects are written to the profile's folders and deleted.
    """

    def __init__(
        self,
        profile: Profile,
        keys: Optional[S3Keys] = None,
        trips: str = "",
        proxies: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._access, self._keys, self._proxies = access_here(profile), keys, proxies
        self._server = S3ServerChecks(self._access, proxies)
        self._trips = trips if is_s3(trips) else ""
        folders = profile.folders
        self._written = [
            url for url in dict.fromkeys((folders.runs, folders.store, folders.jobs)) if is_s3(url)
        ]
        self._region = profile.s3.region
        self._connection: Optional[S3Connection] = None

    def close(self) -> None:
        """Close the connections."""
        self._server.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def checks(self) -> list[Check]:
        """Return the checks in order."""
        found = [
            *self._server.checks(),
            Check("s3_keys", "Keys of S3", self._authentication, ("s3_port",), 40),
        ]
        for bucket in self._buckets:
            found.append(_of("s3_bucket", f"Bucket {bucket}", bucket, self._bucket, ("s3_keys",), bucket))
        if self._trips:
            needs = (f"s3_bucket {split(self._trips)[0]}",)
            found.append(Check("s3_trips", f"Trips in {self._trips}", self._list, needs, 30))
            found.append(Check("s3_read", "Reading a trip", self._read, ("s3_trips",), 30))
        for url in self._written:
            needs = (f"s3_bucket {split(url)[0]}",)
            found.append(_of("s3_write", f"Writing to {url}", url, self._write, needs, url))
            found.append(
                _of("s3_once", f"Conditional PUT in {url}", url, self._once, (f"s3_write {url}",), url)
            )
        return found

    @property
    def _buckets(self) -> list[str]:
        urls = [*([self._trips] if self._trips else []), *self._written]
        return list(dict.fromkeys(split(url)[0] for url in urls))

    @property
    def _s3(self) -> S3Connection:
        if self._connection is None:
            self._connection = connect(self._access, self._keys, self._proxies, QUICK)
        return self._connection

    # -- the buckets ----------------------------------------------------------------------------------

    def _authentication(self) -> Found:
        s3, bucket = self._s3, next(iter(self._buckets), "")
        who = "Nobody has to sign" if self._access.anonymous else f"The keys of {s3.keys_from} are accepted"
        try:
            if bucket:
                next(listing.pages(s3, f"s3://{bucket}"))
            else:
                buckets(s3)
        except (BucketMissing, WrongRegion):
            return ok(f"{who}.")
        except AccessDenied as error:
            return ok(f"{who}, without the right to list {bucket or 'the buckets'} ({error.code}).")
        return ok(f"{who}.")

    def _bucket(self, bucket: str) -> Found:
        s3 = self._s3
        try:
            next(listing.pages(s3, f"s3://{bucket}"))
        except AccessDenied as error:
            return failed(
                f"The bucket {bucket} may not be listed ({error.code}).",
                "Ask for the right s3:ListBucket, or use other keys.",
            )
        region = ""
        with contextlib.suppress(RunError):  # not everyone may ask, and not every server answers
            region = BotoClient(s3, bucket).region()
        if region and self._region and region != self._region:
            return failed(
                f"The bucket {bucket} lies in the region {region}, and the profile says {self._region}.",
                f"Write {region!r} as 's3.region' into the profile: runs do not look for it.",
            )
        return ok(f"The bucket {bucket} is there{f', in {region}' if region else ''}, and can be listed.")

    def _list(self) -> Found:
        end = time.monotonic() + _COUNT_SECONDS
        counted = listing.Counted()

        def note_count(so_far: listing.Counted) -> None:
            nonlocal counted
            counted = so_far

        class _Enough(Exception):
            """Enough objects have been counted."""

        def over() -> bool:
            if time.monotonic() > end:
                raise _Enough
            return False

        more = False
        try:
            counted = listing.count(self._s3, self._trips, note_count, over)
        except _Enough:
            more = True
        seen = {"count": counted.files, "more": more}
        return verdicts.trips(seen, self._trips, "from this computer")

    def _read(self) -> Found:
        (trip,) = listing.first(self._s3, self._trips, 1)
        began = time.monotonic()
        content = S3Files(self._s3).read(trip.url, _SAMPLE_BYTES)
        if content is None:
            return warning(f"{trip.url} was listed and is gone.", "Trips should stay while a run reads them.")
        milliseconds = (time.monotonic() - began) * 1000
        size = f"{len(content) / 1000:,.0f} kB" if len(content) >= 1000 else f"{len(content)} bytes"
        return ok(f"{size} of {trip.url} were read in {milliseconds:.0f} ms.")

    @contextlib.contextmanager
    def _trial(self, url: str) -> Iterator[str]:
        """Yield a new URL in a folder; an object there is deleted when the block ends."""
        path = f"{url.rstrip('/')}/roadpulse-check-{uuid.uuid4().hex[:12]}"
        yield path
        S3Files(self._s3).delete(path)

    def _write(self, url: str) -> Found:
        files, content = S3Files(self._s3), uuid.uuid4().bytes
        try:
            with self._trial(url) as path:
                files.put(path, content)
                if files.read(path) != content:
                    return failed(f"What was written to {path} reads differently.", "Tell the administrator.")
        except AccessDenied as error:
            if error.message.find("Deleting") >= 0:
                return warning(
                    f"{url} can be written, and nothing in it deleted ({error.code}).",
                    "Ask for the right s3:DeleteObject: runs clean up behind themselves.",
                )
            return failed(
                f"{url} may not be written ({error.code}).",
                "Ask for the right s3:PutObject, or choose another bucket in the profile.",
            )
        return ok(f"{url} can be written, read and cleaned up.")

    def _once(self, url: str) -> Found:
        files = S3Files(self._s3)
        with self._trial(url) as path:
            if not files.put_new(path, b"first"):
                return failed(f"{path} is there before it was written.", "Tell the administrator.")
            bucket, key = split(path)
            if not BotoClient(self._s3, bucket).create(key, b"second"):
                return ok("Of two who write the same object at once, the server refuses the second.")
        return warning(
            "The server overlooks the condition of a PUT (If-None-Match).",
            "Two runs in the same folder would not notice each other: update the server, or give every run a "
            "folder of its own.",
        )


def _of(
    name: str, title: str, about: str, work: Callable[[str], Found], needs: tuple[str, ...], target: str
) -> Check:
    return Check(f"{name} {about}", title, lambda: work(target), needs, 40)
