"""What is in a bucket, a page at a time: for browsing, for counting trips, for a few of them as a sample.

    for page in pages(s3, "s3://trips/2019/"):       # folders and objects right below, by name
        …
    counted = count(s3, "s3://trips/2019", progress=print, cancelled=lambda: False)
    names = first(s3, "s3://trips/2019", 5)

TRIPS are named as everywhere: a prefix that stands for a folder, a glob, or one object. Nothing is held but
one page of at most a thousand names, so a bucket may be as large as it likes. Errors are `S3Error`s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Optional

from ...aggregation.contract.errors import FILE_REASONS, BadTripFile, Cancelled
from ...aggregation.contract.s3_access import SCHEME
from ...aggregation.storage.s3.errors import S3Refused
from ..collector import paused
from .client import S3Connection, split

SUFFIXES = (".json", ".json.gz")  # as of `aggregation.storage`
_PAGE = 1000


@dataclass(frozen=True)
class Bucket:
    """A bucket of the keys' owner."""

    name: str
    created: Optional[datetime] = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{SCHEME}{self.name}"


@dataclass(frozen=True)
class Object:
    """One object: its key in the bucket, bytes, when it was written, and what tells its versions apart."""

    bucket: str
    key: str
    size: int
    modified: Optional[datetime] = None
    e_tag: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]

    @property
    def is_trip(self) -> bool:
        """Whether it is named as trip files are."""
        return self.key.lower().endswith(SUFFIXES)


@dataclass(frozen=True)
class Page:
    """Some of what lies right below a prefix: names of folders (addresses that end in /) and objects."""

    folders: tuple[str, ...]
    objects: tuple[Object, ...]
    more: bool


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
    """For those who do not want to be told."""


def buckets(s3: S3Connection) -> list[Bucket]:
    """The buckets that the keys' owner has; others may be read all the same, if one knows their names."""
    with s3.asked("Listing the buckets"):
        answer = s3.client.list_buckets()
    s3.expect(answer, "Buckets")
    return [Bucket(each["Name"], each.get("CreationDate")) for each in answer["Buckets"] if "Name" in each]


def pages(
    s3: S3Connection, folder: str, cancelled: Callable[[], bool] = _never, starting: str = ""
) -> Iterator[Page]:
    """What lies right below a prefix, in order of the names; raises `Cancelled`.

    With `starting` only names that begin so. At least one page comes, empty where there is nothing.
    """
    bucket, prefix = _prefix(folder)
    for answer in _answers(s3, bucket, prefix + starting, "/", cancelled):
        yield Page(
            tuple(
                f"{SCHEME}{bucket}/{each['Prefix']}"
                for each in answer.get("CommonPrefixes", ())
                if each.get("Prefix")
            ),
            tuple(found for found in _objects(bucket, answer) if found.key != prefix),
            bool(answer.get("IsTruncated")),
        )


def objects(s3: S3Connection, folder: str, cancelled: Callable[[], bool] = _never) -> Iterator[Object]:
    """Every object below a prefix, folders of folders included, in order of the keys; raises `Cancelled`."""
    bucket, prefix = _prefix(folder)
    for answer in _answers(s3, bucket, prefix, "", cancelled):
        yield from _objects(bucket, answer)


def trips(s3: S3Connection, named: str, cancelled: Callable[[], bool] = _never) -> Iterator[Object]:
    """The trip files that TRIPS names, in order of the keys, without packed copies; raises `Cancelled`."""
    for found, is_copy in trips_and_copies(s3, named, cancelled):
        if not is_copy:
            yield found


def trips_and_copies(
    s3: S3Connection, named: str, cancelled: Callable[[], bool] = _never
) -> Iterator[tuple[Object, bool]]:
    """The trip files that TRIPS names, each with whether it is a packed copy, which runs leave out."""
    from ...aggregation.contract.trip_files import CopiesInOrder  # noqa: PLC0415  (runs leave them out so)

    copies = CopiesInOrder()
    for found in _named(s3, named, cancelled):
        if found is not None and found.is_trip:
            yield found, copies.is_copy(found.key)


def count(
    s3: S3Connection,
    named: str,
    progress: Callable[[Counted], None] = _untold,
    cancelled: Callable[[], bool] = _never,
) -> Counted:
    """Count the trip files that TRIPS names; `progress` is told after every page. Raises `Cancelled`."""
    from ...aggregation.contract.trip_files import CopiesInOrder  # noqa: PLC0415  (runs leave them out so)

    files = size = others = 0
    copies = CopiesInOrder()
    for found in _named(s3, named, cancelled):
        if found is None:
            progress(Counted(files, size, others))
        elif not found.is_trip or copies.is_copy(found.key):
            others += 1
        else:
            files += 1
            size += found.size
    counted = Counted(files, size, others)
    progress(counted)
    return counted


def first(s3: S3Connection, named: str, n: int, cancelled: Callable[[], bool] = _never) -> list[Object]:
    """The first few of the trip files that TRIPS names; asks for no more pages than these take."""
    found: list[Object] = []
    for trip in trips(s3, named, cancelled):
        found.append(trip)
        if len(found) == n:
            break
    return found


def read(s3: S3Connection, url: str, most: int) -> bytes:
    """A trip file; raises `BadTripFile` for one of more than `most` bytes, or that is gone."""
    bucket, key = split(url)
    try:
        with s3.asked("Reading", url):
            answer = s3.client.get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                if answer["ContentLength"] > most:
                    raise BadTripFile("too_large", FILE_REASONS["too_large"])
                content = bytes(body.read(most + 1))
                if len(content) > most:
                    raise BadTripFile("too_large", FILE_REASONS["too_large"])
                return content
    except S3Refused as error:
        if error.code == "NoSuchKey":
            raise BadTripFile("vanished", FILE_REASONS["vanished"], passing=True) from error
        raise


# -- the server's pages -------------------------------------------------------------------------------


def _answers(
    s3: S3Connection, bucket: str, prefix: str, delimiter: str, cancelled: Callable[[], bool]
) -> Iterator[Any]:
    """The server's answers, one a page. Names come as they are: with any character that a key may hold."""
    question: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": _PAGE}
    if delimiter:
        question["Delimiter"] = delimiter
    seen: set[str] = set()
    while True:
        if cancelled():
            raise Cancelled
        with s3.asked("Listing", f"{SCHEME}{bucket}/{prefix}"), paused():
            answer = s3.client.list_objects_v2(**question)
        s3.expect(answer, "IsTruncated")
        yield answer
        if not answer["IsTruncated"]:
            return
        following = answer.get("NextContinuationToken", "")
        if not following or following in seen:
            raise S3Refused(
                f"Listing {SCHEME}{bucket}/{prefix} has no end: {s3.where} says that there is more, and "
                "gives the same page again. Tell its administrator."
            )
        seen.add(following)
        question["ContinuationToken"] = following


def _objects(bucket: str, answer: Any) -> Iterator[Object]:
    for each in answer.get("Contents", ()):
        if each.get("Key"):  # what has no name cannot be asked for
            tag = str(each.get("ETag", "")).strip('"')
            yield Object(bucket, each["Key"], int(each.get("Size", 0)), each.get("LastModified"), tag)


def _prefix(folder: str) -> tuple[str, str]:
    bucket, prefix = split(folder)
    return bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else ""


def _named(s3: S3Connection, named: str, cancelled: Callable[[], bool]) -> Iterator[Optional[Object]]:
    """What TRIPS names, and None after every page."""
    from ...aggregation.contract.trip_files import GLOB_CHARACTERS, beginning, pattern, plain_folder  # noqa: PLC0415  (runs name them so)  # noqa: PLC0415

    def is_folder(name: str) -> bool:
        return any(
            any(_objects(bucket, answer)) for answer in _answers(s3, bucket, f"{name}/", "", cancelled)
        )

    bucket, key = split(named)
    anything = False
    for answer in _answers(s3, bucket, _prefix(named)[1], "", cancelled):
        for found in _objects(bucket, answer):
            anything = True
            yield found
        yield None
    if anything or not key or key.endswith("/"):
        return
    for answer in _answers(s3, bucket, key, "", cancelled):  # one object of just that name
        single = next((found for found in _objects(bucket, answer) if found.key == key), None)
        if single is not None:
            yield single
            return
        break
    if GLOB_CHARACTERS & set(key):
        lead, below = plain_folder(key, is_folder)
        wanted = pattern(below, lead)
        for answer in _answers(s3, bucket, beginning(lead, below), "", cancelled):
            yield from (found for found in _objects(bucket, answer) if wanted.fullmatch(found.key))
            yield None
