"""What a bucket holds, listed a page at a time: by plain requests, or by obstore where only that reaches it.

No listing is trusted to end: one that begins again is refused, and so is one that says that there is more
and not where. obstore shows neither its pages nor their marks, and keeps a page in memory however long it is.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Optional
from urllib.parse import unquote_plus

from . import signed_requests
from .client import library
from .error_messages import explained
from .errors import S3Refused
from .object import S3Object
from .signed_requests import Asked, PlainClient, PlainError

PAGE = 1000
_OBJECT = re.compile(r"<Contents>(.*?)</Contents>", re.DOTALL)
_FIELD = re.compile(r"<(Key|Size|ETag|LastModified)>(.*?)</", re.DOTALL)
_FOLDER = re.compile(r"<CommonPrefixes>\s*<Prefix>(.*?)</Prefix>", re.DOTALL)
_NEXT = re.compile(r"<NextContinuationToken>(.+?)</", re.DOTALL)


class Listed(NamedTuple):
    """An object as the server tells it."""

    key: str
    size: int
    e_tag: str
    modified: datetime


def sender(path: S3Object) -> Optional[PlainClient]:
    """What sends plain requests to a bucket; None where only obstore can reach it."""
    return signed_requests.client(os.getpid(), path.access, path.bucket)


def pages(folder: S3Object, prefix: str) -> Iterator[list[Listed]]:
    """The objects whose keys begin with a prefix, which lies in `folder`, a page at a time.

    Keys that end in a slash stand for folders and are left out. Raises `StorageError`.
    """
    plain = sender(folder)
    found = _pages_of_plain(plain, folder, prefix) if plain else _pages_of_obstore(folder)
    for page in found:
        yield [listed for listed in page if listed.key.startswith(prefix) and not listed.key.endswith("/")]


def folder_names(folder: S3Object) -> list[str]:
    """The names right below a prefix that hold something, sorted. Raises `StorageError`.

    obstore keeps all that lies there in memory, and cannot be stopped where a listing has no end.
    """
    plain = sender(folder)
    if plain is not None:
        prefix = f"{folder.key}/".lstrip("/")
        texts = _texts(plain, folder, {"prefix": prefix, "delimiter": "/"})
        found = [_key(name, _is_encoded(text)) for text in texts for name in _FOLDER.findall(text)]
    else:
        obstore, store = library(), folder.store
        with folder.errors(f"list {folder}"):
            found = obstore.list_with_delimiter(store, folder.key or None)["common_prefixes"]
    return sorted({name.rstrip("/").rpartition("/")[2] for name in found})


# -- plain requests ---------------------------------------------------------------------------------


def _pages_of_plain(plain: PlainClient, folder: S3Object, prefix: str) -> Iterator[list[Listed]]:
    for text in _texts(plain, folder, {"prefix": prefix}):
        encoded = _is_encoded(text)
        try:
            page = [_listed(found[1], encoded) for found in _OBJECT.finditer(text)]
        except (KeyError, ValueError, OverflowError) as error:
            raise _no_listing(folder, repr(error)) from error
        yield page


def _texts(plain: PlainClient, folder: S3Object, wanted: dict[str, str]) -> Iterator[str]:
    """The server's answers, one a page."""
    query = {"list-type": "2", "encoding-type": "url", "max-keys": str(PAGE), **wanted}
    asked: Optional[Asked] = plain.ask("", query)
    seen: set[bytes] = set()
    try:
        while asked is not None:
            try:
                text = plain.answer(asked).body.decode("utf-8")
            except PlainError as error:
                raise explained(error, f"list {folder}", folder.bucket, folder.access) from error
            except UnicodeDecodeError as error:
                raise _no_listing(folder, str(error)) from error
            if "<ListBucketResult" not in text:
                raise _no_listing(folder, f"it begins {text[:30]!r}")
            token = None if "<IsTruncated>false<" in text else _NEXT.search(text)
            if token is None and "<IsTruncated>true<" in text:
                raise _no_end(folder, "does not say where it goes on")
            if token is not None:
                mark = hashlib.sha256(token[1].encode("utf-8")).digest()
                if mark in seen:
                    raise _no_end(folder, "gives a page again")
                seen.add(mark)
            # The server looks for the next page while this one is read.
            more = token and {**query, "continuation-token": html.unescape(token[1])}
            asked = plain.ask("", more) if more else None
            yield text
    finally:
        if asked is not None:
            asked.close()


def _listed(about: str, encoded: bool) -> Listed:
    """An object, by what an answer says about it; raises `KeyError` and `ValueError` for what is none."""
    values = dict(_FIELD.findall(about))
    moment = datetime.fromisoformat(values["LastModified"].replace("Z", "+00:00"))
    size, e_tag = int(values["Size"]), html.unescape(values.get("ETag", ""))
    if size < 0 or moment.tzinfo is None:
        raise ValueError(about)
    return Listed(_key(values["Key"], encoded), size, e_tag, moment)


def _key(written: str, encoded: bool) -> str:
    """A key as an answer writes it."""
    key = html.unescape(written)
    return unquote_plus(key) if encoded else key


def _is_encoded(text: str) -> bool:
    """Return True if an answer writes keys as addresses do. Ask once a page: it looks through all of it."""
    return "<EncodingType>url<" in text


def _no_listing(folder: S3Object, detail: str) -> S3Refused:
    return S3Refused(
        f"Roadpulse could not list {folder}: {folder.access.endpoint or 'AWS'} gave an answer that is not "
        "S3's. Check the endpoint.",
        detail[:1000],
    )


def _no_end(folder: S3Object, what: str) -> S3Refused:
    server = folder.access.endpoint or "AWS"
    return S3Refused(
        f"Listing {folder} has no end: {server} says that there is more, and {what}. Tell its administrator."
    )


# -- obstore ----------------------------------------------------------------------------------------


def _pages_of_obstore(folder: S3Object) -> Iterator[list[Listed]]:
    obstore = library()
    from obstore.exceptions import InvalidPathError  # noqa: PLC0415

    store = folder.store
    known, n, next_known = "", 0, 1
    with folder.errors(f"list {folder}"):
        try:
            for found in obstore.list(store, folder.key or None, chunk_size=PAGE):
                page = [
                    Listed(each["path"], each["size"], each["e_tag"] or "", each["last_modified"])
                    for each in found
                ]
                # A key comes once, whatever their order. One is remembered, ever later ones (Brent).
                if any(each.key == known for each in page):
                    raise _no_end(folder, "gives a page again")
                n += 1
                if n == next_known and page:
                    known, next_known = page[0].key, 2 * n
                yield page
        except (InvalidPathError, ValueError) as error:
            raise S3Refused(
                f"Roadpulse could not list {folder}: an object in it has a name that cannot be asked for "
                f"here ({str(error).splitlines()[0]}). Rename it, or name keys in the profile.",
                repr(error),
            ) from error
