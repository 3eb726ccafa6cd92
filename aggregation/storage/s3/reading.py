"""Trips in a bucket, read with one request each: into memory, or what is large into a file."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Optional

from ..local.files import disk_errors
from .client import library
from .error_messages import code_of, explained, status_of
from .errors import UnnamedObject
from .object import S3Object
from .pages import Listed, sender
from .signed_requests import Asked, PlainError


def get(path: S3Object, size: int, asked: Optional[Asked] = None) -> tuple[Listed, bytes]:
    """One object by one request: what the server tells of it, and its bytes, unless it has not that `size`.

    The request may have been sent before, by `s3_pages.sender`. Raises `FileNotFoundError`, `StorageError`.
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


def _moment(text: str) -> datetime:
    """A moment as HTTP writes it; long ago where it does not."""
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return datetime.fromtimestamp(0, timezone.utc)


# -- obstore ----------------------------------------------------------------------------------------


def fetch(path: S3Object, size: int, copy: Path) -> tuple[Listed, int]:
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
            for block in path.blocks(found) if listed.size == size else ():
                n += file.write(block)
    return listed, n


def _get_of_obstore(path: S3Object, size: int) -> tuple[Listed, bytes]:
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
        return listed, b"".join(path.blocks(found)) if listed.size == size else b""
