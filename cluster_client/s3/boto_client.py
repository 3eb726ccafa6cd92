"""The desktop's client of a bucket, and of the service: all requests by boto3, whose errors get messages."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Optional, Union

from ...aggregation.contract.s3_access import SCHEME
from ...aggregation.storage.s3.base_client import DesktopClient, Span
from ...aggregation.storage.s3.errors import S3Refused
from ...aggregation.storage.s3.listing import PAGE, ObjectInfo, Page
from ..collector import paused
from .client import DEFAULT_REGION, S3Connection

BLOCK = 1 << 20
_LONGEST_WHOLE = 256 << 20
"""Most bytes that are read of an object of which the last ones are wanted."""
_MISSING = "NoSuchKey"
BEYOND = ("InvalidRange", "416")
"""Codes of a span that begins behind the end of an object."""
_THERE = ("PreconditionFailed", "412")


class BotoClient(DesktopClient):
    """Requests to one bucket over a connection of boto3."""

    def __init__(self, s3: S3Connection, bucket: str) -> None:
        super().__init__(bucket, s3.where)
        self._s3 = s3

    def _url(self, key: str) -> str:
        return f"{SCHEME}{self._bucket}/{key}"

    def _pages(self, prefix: str, delimiter: str) -> Iterator[Page]:
        """See `S3Client.pages`; keys may hold any character."""
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix, "MaxKeys": PAGE}
        if delimiter:
            request["Delimiter"] = delimiter
        more = True
        while more:
            with self._s3.asked("Listing", self._url(prefix)), paused():
                answer: Any = self._s3.client.list_objects_v2(**request)
            self._s3.expect(answer, "IsTruncated")
            more = bool(answer["IsTruncated"])
            folders = [each["Prefix"] for each in answer.get("CommonPrefixes", ()) if each.get("Prefix")]
            # What has no name cannot be asked for.
            found = [
                self._info(each["Key"], each, int(each.get("Size", 0)))
                for each in answer.get("Contents", ())
                if each.get("Key")
            ]
            mark = str(answer.get("NextContinuationToken", ""))
            yield Page(tuple(folders), tuple(found), more, [mark] if mark else ())
            request["ContinuationToken"] = mark

    def _info(self, key: str, about: Mapping[str, Any], size: int) -> ObjectInfo:
        tag = str(about.get("ETag", "")).strip('"')
        return ObjectInfo(self._bucket, key, size, tag, about.get("LastModified"))

    def head(self, key: str) -> Optional[ObjectInfo]:
        """See `S3Client.head`."""
        try:
            with self._s3.asked("Looking at", self._url(key)):
                answer: Any = self._s3.client.head_object(Bucket=self._bucket, Key=key)
            self._s3.expect(answer, "LastModified")
            return self._info(key, answer, int(answer["ContentLength"]))
        except S3Refused:
            # An answer to HEAD has no body, so that a wrong key or bucket looks like a missing file.
            try:
                found, blocks = self.stream(key, (0, 1))
            except FileNotFoundError:
                return None
            except S3Refused as error:
                if error.code in BEYOND:
                    return ObjectInfo(self._bucket, key, 0)
                raise
            blocks.close()
            return found

    def stream(
        self, key: str, span: Optional[Span] = None, block: int = BLOCK
    ) -> tuple[ObjectInfo, Generator[bytes, None, None]]:
        """See `S3Client.stream`; a server that overlooks the span sends all, of which it is taken."""
        url = self._url(key)
        more: Any = {"Range": _range(span)} if span else {}
        try:
            with self._s3.asked("Reading", url):
                answer: Any = self._s3.client.get_object(Bucket=self._bucket, Key=key, **more)
        except S3Refused as error:
            if error.code == _MISSING:
                raise FileNotFoundError(url) from error
            raise
        self._s3.expect(answer, "LastModified")
        total = answer.get("ContentRange", "").rpartition("/")[2]
        size = int(total) if total.isdigit() else int(answer["ContentLength"])
        overlooked = span if "ContentRange" not in answer else None
        blocks = self._blocks(url, answer["Body"], overlooked, block)
        next(blocks)  # begun, so that closing it closes the connection's answer
        return self._info(key, answer, size), blocks

    def _blocks(self, url: str, body: Any, span: Optional[Span], block: int) -> Generator[bytes, None, None]:
        """Yield nothing, then the blocks of an answer, or of a `span` of it."""
        with contextlib.closing(body):
            yield b""
            if isinstance(span, dict) and "suffix" in span:
                with self._s3.asked("Reading", url):
                    last = _last(body, span["suffix"], url)
                yield last
                return
            skip, left = _skip_and_length(span)
            while left is None or left > 0:
                with self._s3.asked("Reading", url):
                    content = bytes(body.read(block))
                if not content:
                    return
                skipped = min(skip, len(content))
                skip -= skipped
                content = content[skipped:] if left is None else content[skipped : skipped + left]
                if content:
                    left = None if left is None else left - len(content)
                    yield content

    def put(self, key: str, content: Union[bytes, Path]) -> None:
        """See `S3Client.put`; a file is read into memory."""
        body = content.read_bytes() if isinstance(content, Path) else content
        with self._s3.asked("Writing", self._url(key)):
            answer = self._s3.client.put_object(Bucket=self._bucket, Key=key, Body=body)
        self._s3.expect(answer, "ETag")

    def create(self, key: str, content: bytes) -> bool:
        """See `S3Client.create`; raises `S3Refused` while another one is written at the same time."""
        try:
            with self._s3.asked("Writing", self._url(key)):
                answer = self._s3.client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*"
                )
        except S3Refused as error:
            if error.code in _THERE:
                return False
            raise
        self._s3.expect(answer, "ETag")
        return True

    def delete(self, keys: Sequence[str]) -> None:
        """See `S3Client.delete`: one by one, as not every server can delete many."""
        for key in keys:
            with self._s3.asked("Deleting", self._url(key)):
                self._s3.client.delete_object(Bucket=self._bucket, Key=key)

    def region(self) -> str:
        """See `DesktopClient.region`."""
        with self._s3.asked("Asking where it lies", f"{SCHEME}{self._bucket}"):
            answer: Any = self._s3.client.get_bucket_location(Bucket=self._bucket)
        return str(answer.get("LocationConstraint") or DEFAULT_REGION)

    def presigned(self, key: str, seconds: int, name: str) -> str:
        """See `DesktopClient.presigned`; no request is sent."""
        with self._s3.asked("Signing an address of", self._url(key)):
            return self._s3.client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": name},
                ExpiresIn=seconds,
            )


@dataclass(frozen=True)
class Bucket:
    """A bucket of the keys' owner."""

    name: str
    created: Optional[datetime] = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{SCHEME}{self.name}"


def buckets(s3: S3Connection) -> list[Bucket]:
    """The buckets that the keys' owner has; others may be read all the same, if one knows their names."""
    with s3.asked("Listing the buckets"):
        answer: Any = s3.client.list_buckets()
    s3.expect(answer, "Buckets")
    return [Bucket(each["Name"], each.get("CreationDate")) for each in answer["Buckets"] if "Name" in each]


def service_headers(s3: S3Connection) -> Mapping[str, str]:
    """The headers of the service's answer to a request for its buckets, whatever its status."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  (`connect` has raised if it is missing)

    with s3.asked("Asking for the time"):
        try:
            answer: Any = s3.client.list_buckets()
        except ClientError as error:
            answer = error.response
    headers: Mapping[str, str] = answer["ResponseMetadata"].get("HTTPHeaders", {})
    return headers


def _range(span: Span) -> str:
    """Return a span in the notation of HTTP."""
    if isinstance(span, tuple):
        return f"bytes={span[0]}-{span[1] - 1}"
    return f"bytes=-{span['suffix']}" if "suffix" in span else f"bytes={span['offset']}-"


def _skip_and_length(span: Optional[Span]) -> tuple[int, Optional[int]]:
    """Return how many bytes come before a span, and how many it has; None: all that follow."""
    if isinstance(span, tuple):
        return span[0], span[1] - span[0]
    return (span["offset"] if span else 0), None


def _last(body: Any, most: int, path: str) -> bytes:
    """Return the last `most` bytes of an object that is sent whole; raises `S3Refused` if it has no end."""
    read, last = 0, b""
    while block := bytes(body.read(BLOCK)):
        read += len(block)
        if read > _LONGEST_WHOLE:
            raise S3Refused(
                f"Reading {path} has no end: the server overlooks that its last bytes are asked for, and "
                f"sends more than {_LONGEST_WHOLE >> 20} MiB. Tell its administrator."
            )
        last = (last + block)[-most:]
    return last
