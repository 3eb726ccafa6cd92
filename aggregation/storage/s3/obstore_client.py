"""A client over obstore: where an instance's role gives the keys, or a proxy leads to the service.

It differs from `signed_client` in three ways: it shows neither the pages of a listing nor their marks, it
keeps an answer to a listing in memory however long it is, and it refuses some names (`a//b`, `.`, control
characters), which makes a listing with one of them fail as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from ...contract.s3_access import S3Access
from ..local.files import disk_errors
from .base_client import S3Client
from .errors import S3Refused, UnnamedObject
from .listing import PAGE, ObjectInfo, Page
from .object import S3Object, endless
from .obstore_store import library
from .signed_requests import PendingRequest


class ObstoreClient(S3Client):
    """Requests to one bucket by obstore."""

    reads_ahead = False
    stalled = 0.0

    def __init__(self, access: S3Access, bucket: str) -> None:
        self._access, self._bucket = access, bucket

    def _at(self, key: str) -> S3Object:
        return S3Object(self._bucket, key, self._access)

    # -- listing ------------------------------------------------------------------------------------

    def pages(self, prefix: str, delimiter: str = "") -> Iterator[Page]:
        """See `S3Client.pages`; with a delimiter all of them at once."""
        folder = self._at(prefix.rpartition("/")[0])
        with folder.errors(f"list {folder}"):
            found = self._pages(folder) if not delimiter else iter([self._level(folder)])
            for page in found:
                objects = [each for each in page.objects if each.key.startswith(prefix)]
                if objects or page.folders:
                    yield page._replace(objects=objects)

    def _level(self, folder: S3Object) -> Page:
        obstore = library()
        found = obstore.list_with_delimiter(folder.store, folder.key or None)
        folders = [f"{name.rstrip('/')}/" for name in found["common_prefixes"]]
        return Page(folders, [self._info(each) for each in found["objects"]], False)

    def _pages(self, folder: S3Object) -> Iterator[Page]:
        obstore = library()
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415

        known, n, next_known = "", 0, 1
        try:
            for found in obstore.list(folder.store, folder.key or None, chunk_size=PAGE):
                objects = [self._info(each) for each in found]
                # A key comes once, in any order. One is remembered, ever later ones (Brent).
                if any(each.key == known for each in objects):
                    raise endless(folder, "gives a page again")
                n += 1
                if n == next_known and objects:
                    known, next_known = objects[0].key, 2 * n
                yield Page((), objects, True)
        except (InvalidPathError, ValueError) as error:
            raise S3Refused(
                f"Roadpulse could not list {folder}: an object in it has a name that cannot be asked for "
                f"here ({str(error).splitlines()[0]}). Rename it, or name keys in the profile.",
                repr(error),
            ) from error

    def _info(self, meta: Any) -> ObjectInfo:
        """Return what obstore says of an object."""
        return ObjectInfo(
            self._bucket, meta["path"], meta["size"], meta["e_tag"] or "", meta["last_modified"]
        )

    # -- objects ------------------------------------------------------------------------------------

    def get(self, key: str, size: int, pending: Optional[PendingRequest] = None) -> tuple[ObjectInfo, bytes]:
        """See `S3Client.get`; raises `UnnamedObject` for a name that obstore refuses."""
        info, blocks = self._read(key, size)
        return info, b"".join(blocks)

    def fetch(self, key: str, size: int, copy: Path) -> tuple[ObjectInfo, int]:
        """See `S3Client.fetch`; raises `UnnamedObject` for a name that obstore refuses."""
        info, blocks = self._read(key, size)
        n = 0
        with disk_errors("fetch a large trip", copy.parent), copy.open("wb") as file:
            for block in blocks:
                n += file.write(block)
        return info, n

    def _read(self, key: str, size: int) -> tuple[ObjectInfo, Iterator[bytes]]:
        obstore = library()
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415

        path = self._at(key)
        with path.errors(f"read {path}"):
            try:
                found = obstore.get(path.store, key)
                path.expect(found.meta)
            except (InvalidPathError, ValueError) as error:
                raise UnnamedObject(
                    f"its name cannot be asked for ({str(error).splitlines()[0]})", repr(error)
                ) from error
        info = self._info(found.meta)._replace(key=key)
        return info, self._blocks(path, found) if info.size == size else iter(())

    def _blocks(self, path: S3Object, found: Any) -> Iterator[bytes]:
        with path.errors(f"read {path}"):
            yield from path.blocks(found)

    def ask(self, key: str) -> Optional[PendingRequest]:
        """See `S3Client.ask`."""
        return None

    def delete(self, keys: Sequence[str]) -> None:
        """See `S3Client.delete`: by one request for all, even of a single object."""
        obstore = library()
        path = self._at(keys[0] if len(keys) == 1 else keys[0].rpartition("/")[0])
        with path.errors(f"delete {path}"):
            obstore.delete(path.store, list(keys))
