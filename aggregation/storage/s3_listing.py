"""Trips in a bucket as the server tells them: listed a page at a time, read with one request each."""

from __future__ import annotations

import hashlib
import html
import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple, Optional
from urllib.parse import unquote_plus

from ..errors import StorageError
from . import s3_plain
from .disk import disk_errors
from .s3_client import library
from .s3_errors import S3Refused, code_of, explained, status_of
from .s3_path import S3Path
from .s3_plain import Asked, PlainClient, PlainError

PAGE = 1000
_BLOCK = 1 << 20
_OBJECT = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_FIELD = re.compile(r"<(Key|Size|ETag|LastModified)>(.*?)</", re.DOTALL)
_NEXT = re.compile(r"<NextContinuationToken>(.*?)</", re.DOTALL)


class Listed(NamedTuple):
    """An object as the server tells it."""

    key: str
    size: int
    e_tag: str
    modified: datetime


class UnnamedObject(StorageError):
    """An object whose name obstore cannot say."""

    retry = False


def pages(folder: S3Path, prefix: str) -> Iterator[list[Listed]]:
    """The objects whose keys begin with a prefix, which lies in `folder`, a page at a time.

    Keys that end in a slash stand for folders and are left out. Raises `StorageError`.
    """
    plain = sender(folder)
    found = _pages_of_plain(plain, folder, prefix) if plain else _pages_of_obstore(folder)
    for page in found:
        yield [listed for listed in page if listed.key.startswith(prefix) and not listed.key.endswith("/")]


def get(path: S3Path, size: int, asked: Optional[Asked] = None) -> tuple[Listed, bytes]:
    """One object by one request: what the server tells of it, and its bytes, unless it has not that `size`.

    The request may have been sent before, by `sender`. Raises `FileNotFoundError`, `StorageError`.
    """
    plain = sender(path)
    if plain is None:
        return _get_of_obstore(path, size)
    try:
        answer = plain.answer(asked, size) if asked else plain.get(path.key, size=size)
    except PlainError as error:
        if status_of(error) == 404 and code_of(error) == "NoSuchKey":
            raise FileNotFoundError(str(path)) from error
        raise explained(error, f"read {path}", path.bucket, path.access) from error
    moment = _moment(answer.headers.get("last-modified", ""))
    return Listed(path.key, answer.length, answer.headers.get("etag") or "", moment), answer.body


def sender(path: S3Path) -> Optional[PlainClient]:
    """What sends plain requests to a bucket; None where only obstore can reach it."""
    return s3_plain.client(os.getpid(), path.access, path.bucket)


def _moment(text: str) -> datetime:
    """A moment as HTTP writes it; long ago where it does not."""
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return datetime.fromtimestamp(0, timezone.utc)


# -- plain requests ---------------------------------------------------------------------------------


def _pages_of_plain(plain: PlainClient, folder: S3Path, prefix: str) -> Iterator[list[Listed]]:
    query = {"list-type": "2", "encoding-type": "url", "max-keys": str(PAGE), "prefix": prefix}
    asked: Optional[Asked] = plain.ask("", query)
    seen: set[bytes] = set()
    try:
        while asked is not None:
            try:
                text = plain.answer(asked).body.decode("utf-8")
            except PlainError as error:
                raise explained(error, f"list {folder}", folder.bucket, folder.access) from error
            if "<ListBucketResult" not in text:
                raise S3Refused(
                    f"Roadpulse could not list {folder}: {folder.access.endpoint} gave an answer that is "
                    "not S3's. Check the endpoint.",
                    f"it begins {text[:30]!r}",
                )
            token = None if "<IsTruncated>false<" in text else _NEXT.search(text)
            # The server looks for the next page while this one is read.
            if token is not None:
                mark = hashlib.sha256(token[1].encode("utf-8")).digest()
                if mark in seen:
                    raise S3Refused(
                        f"Listing {folder} has no end: {folder.access.endpoint} says that there is more, and "
                        "gives a page again. Tell its administrator."
                    )
                seen.add(mark)
            more = token and {**query, "continuation-token": html.unescape(token[1])}
            asked = plain.ask("", more) if more else None
            encoded = "<EncodingType>url<" in text
            yield [_listed(found[1], encoded) for found in _OBJECT.finditer(text)]
    finally:
        if asked is not None:
            asked.close()


def _listed(text: str, encoded: bool) -> Listed:
    values = dict(_FIELD.findall(text))
    key = html.unescape(values["Key"])
    moment = datetime.fromisoformat(values["LastModified"].replace("Z", "+00:00"))
    e_tag = html.unescape(values.get("ETag", ""))
    return Listed(unquote_plus(key) if encoded else key, int(values["Size"]), e_tag, moment)


# -- obstore ----------------------------------------------------------------------------------------


def _pages_of_obstore(folder: S3Path) -> Iterator[list[Listed]]:
    obstore = library()
    from obstore.exceptions import InvalidPathError  # noqa: PLC0415

    store = folder.store
    with folder.errors(f"list {folder}"):
        try:
            for page in obstore.list(store, folder.key or None, chunk_size=PAGE):
                yield [
                    Listed(found["path"], found["size"], found["e_tag"] or "", found["last_modified"])
                    for found in page
                ]
        except (InvalidPathError, ValueError) as error:
            raise S3Refused(
                f"Roadpulse could not list {folder}: an object in it has a name that cannot be asked for "
                f"here ({str(error).splitlines()[0]}). Rename it, or name keys in the profile.",
                repr(error),
            ) from error


def fetch(path: S3Path, size: int, copy: Path) -> tuple[Listed, int]:
    """As `get`, for what is too large for the memory: into the file `copy`; returns the number of bytes."""
    obstore = library()
    from obstore.exceptions import InvalidPathError  # noqa: PLC0415

    with path.errors(f"read {path}"):
        try:
            found = obstore.get(path.store, path.key)
            path.expect(found.meta)
        except (InvalidPathError, ValueError):
            listed, content = get(path, size)
            return listed, copy.write_bytes(content)
        meta = found.meta
        listed = Listed(path.key, meta["size"], meta["e_tag"] or "", meta["last_modified"])
        n = 0
        with disk_errors("fetch a large trip", copy.parent), copy.open("wb") as file:
            for block in found.stream(min_chunk_size=_BLOCK) if listed.size == size else ():
                n += file.write(block)
    return listed, n


def _get_of_obstore(path: S3Path, size: int) -> tuple[Listed, bytes]:
    obstore = library()
    from obstore.exceptions import InvalidPathError  # noqa: PLC0415

    with path.errors(f"read {path}"):
        try:
            found = obstore.get(path.store, path.key)
            path.expect(found.meta)
        except (InvalidPathError, ValueError) as error:
            raise UnnamedObject(
                f"its name cannot be asked for ({str(error).splitlines()[0]})", repr(error)
            ) from error
        meta = found.meta
        listed = Listed(path.key, meta["size"], meta["e_tag"] or "", meta["last_modified"])
        return listed, bytes(found.bytes()) if listed.size == size else b""
