"""Objects listed and read, whatever their names.

obstore cannot name some objects: those with an empty part (`a//b`), with `.` or `..` as a part, or with
a control character; one of them makes a whole listing fail. Then the plain client of `s3_plain` takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ..errors import StorageError
from .s3_path import S3Path

PAGE = 1000


@dataclass(frozen=True)
class Listed:
    """An object as the server tells it."""

    key: str
    size: int
    e_tag: str
    modified: datetime


class UnnamedObject(StorageError):
    """An object whose name obstore cannot say."""

    retry = False


def pages(folder: S3Path) -> Iterator[list[Listed]]:
    """The objects below a prefix, a page at a time; raises `UnnamedObject`, `StorageError`."""
    import obstore  # noqa: PLC0415
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
            raise _unnamed(error) from error


def get(path: S3Path) -> tuple[Listed, Callable[[], bytes]]:
    """One object by one request: what the server tells of it, and what reads its bytes.

    Raises `UnnamedObject`, and obstore's errors.
    """
    import obstore  # noqa: PLC0415
    from obstore.exceptions import InvalidPathError  # noqa: PLC0415

    try:
        found = obstore.get(path.store, path.key)
    except (InvalidPathError, ValueError) as error:
        raise _unnamed(error) from error
    meta = found.meta
    listed = Listed(path.key, meta["size"], meta["e_tag"] or "", meta["last_modified"])
    return listed, lambda: bytes(found.bytes())


def _unnamed(error: Exception) -> UnnamedObject:
    return UnnamedObject(f"its name cannot be asked for ({str(error).splitlines()[0]})", repr(error))
