"""A client over requests signed here (see `signed_requests`), which reads ahead and can name every object."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Optional
from urllib.parse import unquote_plus

from ...contract.s3_access import S3Access
from .error_messages import code_of, explained, status_of
from .errors import AccessDenied, S3Refused, UnnamedObject
from .listing import PAGE, ObjectInfo, Page
from .object import S3Object
from .obstore_client import ObstoreClient
from .signed_requests import PendingRequest, RequestFailed, SignedRequests

_OBJECT = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_FIELD = re.compile(r"<(Key|Size|ETag|LastModified)>(.*?)</", re.DOTALL)
_FOLDER = re.compile(r"<CommonPrefixes>\s*<Prefix>(.*?)</Prefix>", re.DOTALL)
_NEXT = re.compile(r"<NextContinuationToken>(.+?)</", re.DOTALL)


class SignedClient(ObstoreClient):
    """Requests to one bucket: those that list and read trips signed here, the others sent by obstore."""

    reads_ahead = True

    def __init__(self, access: S3Access, bucket: str, requests: SignedRequests) -> None:
        super().__init__(access, bucket)
        self._requests = requests

    @property
    def stalled(self) -> float:
        """See `RunClient.stalled`."""
        return self._requests.stalled

    # -- listing ------------------------------------------------------------------------------------

    def _pages(self, prefix: str, delimiter: str) -> Iterator[Page]:
        """See `S3Client.pages`."""
        folder = self._at(prefix.rpartition("/")[0])
        wanted = {"prefix": prefix, **({"delimiter": delimiter} if delimiter else {})}
        for text, mark in self._texts(folder, wanted):
            # Asked once a page, as it looks through all of it.
            encoded = "<EncodingType>url<" in text
            try:
                objects = [self._described(found[1], encoded) for found in _OBJECT.finditer(text)]
            except (KeyError, ValueError, OverflowError) as error:
                raise _no_listing(folder, repr(error)) from error
            folders = [_key(name, encoded) for name in _FOLDER.findall(text)] if delimiter else []
            kept = [each for each in objects if each.key.startswith(prefix)]
            more = bool(mark) or "<IsTruncated>true<" in text
            yield Page(folders, kept, more, [mark] if mark else ())

    def _texts(self, folder: S3Object, wanted: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the server's answers, one a page, each with what to ask with for the next."""
        query = {"list-type": "2", "encoding-type": "url", "max-keys": str(PAGE), **wanted}
        pending: Optional[PendingRequest] = self._requests.ask("", query)
        try:
            while pending is not None:
                try:
                    text = self._requests.answer(pending).body.decode("utf-8")
                except RequestFailed as error:
                    raise explained(error, f"list {folder}", folder.bucket, folder.access) from error
                except UnicodeDecodeError as error:
                    raise _no_listing(folder, str(error)) from error
                if "<ListBucketResult" not in text:
                    raise _no_listing(folder, f"it begins {text[:30]!r}")
                token = None if "<IsTruncated>false<" in text else _NEXT.search(text)
                mark = html.unescape(token[1]) if token else ""
                # The server looks for the next page while this one is read.
                pending = self._requests.ask("", {**query, "continuation-token": mark}) if mark else None
                yield text, mark
        finally:
            if pending is not None:
                pending.close()

    def _described(self, about: str, encoded: bool) -> ObjectInfo:
        """Return an object from its XML; raises `KeyError` or `ValueError` if that describes none."""
        values = dict(_FIELD.findall(about))
        moment = datetime.fromisoformat(values["LastModified"].replace("Z", "+00:00"))
        size, e_tag = int(values["Size"]), html.unescape(values.get("ETag", ""))
        if size < 0 or moment.tzinfo is None:
            raise ValueError(about)
        return ObjectInfo(self._bucket, _key(values["Key"], encoded), size, e_tag, moment)

    # -- objects ------------------------------------------------------------------------------------

    def get(self, key: str, size: int, pending: Optional[PendingRequest] = None) -> tuple[ObjectInfo, bytes]:
        """See `RunClient.get`."""
        path = self._at(key)
        try:
            answer = self._requests.answer(pending, size) if pending else self._requests.get(key, size=size)
        except RequestFailed as error:
            if status_of(error) == 404 and code_of(error) == "NoSuchKey":
                raise FileNotFoundError(str(path)) from error
            raise explained(error, f"read {path}", path.bucket, path.access) from error
        moment = _moment(answer.headers.get("last-modified", ""))
        e_tag = answer.headers.get("etag") or ""
        return ObjectInfo(self._bucket, key, answer.length, e_tag, moment), answer.body

    def fetch(self, key: str, size: int, copy: Path) -> tuple[ObjectInfo, int]:
        """See `RunClient.fetch`."""
        try:
            return super().fetch(key, size, copy)
        except UnnamedObject:
            info, content = self.get(key, size)
            return info, copy.write_bytes(content)

    def ask(self, key: str) -> PendingRequest:
        """See `RunClient.ask`."""
        return self._requests.ask(key)

    def delete(self, keys: Sequence[str]) -> None:
        """See `S3Client.delete`: many by one request if the server lets these keys do that.

        versitygw requires the right to delete in the whole bucket for it, however few they are.
        """
        left = keys
        if len(keys) > 1:
            with contextlib.suppress(AccessDenied):
                super().delete(keys)
                left = ()
        for key in left:
            path = self._at(key)
            try:
                self._requests.delete(key)
            except RequestFailed as error:
                raise explained(error, f"delete {path}", path.bucket, path.access) from error


def _moment(text: str) -> datetime:
    """Return a moment in HTTP's notation; long ago if the text is none."""
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return datetime.fromtimestamp(0, timezone.utc)


def _key(written: str, encoded: bool) -> str:
    """Return a key from the notation of an answer."""
    key = html.unescape(written)
    return unquote_plus(key) if encoded else key


def _no_listing(folder: S3Object, detail: str) -> S3Refused:
    return S3Refused(
        f"Roadpulse could not list {folder}: {folder.access.endpoint or 'AWS'} gave an answer that is not "
        "S3's. Check the endpoint.",
        detail[:1000],
    )
