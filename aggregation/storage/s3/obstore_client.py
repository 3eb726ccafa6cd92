"""A client over obstore: where an instance's role gives the keys, or a proxy leads to the service.

It differs from `signed_client` in three ways: it shows neither the pages of a listing nor their marks; it
keeps a page in memory however long it is, for which a minute is the limit; and it refuses some names (`a//b`,
`.`, control characters), which makes a listing with one of them fail as a whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from ...contract.s3_access import S3Access
from ..local.files import disk_errors
from .base_client import RunClient, Span
from .errors import S3Refused, UnnamedObject
from .listing import PAGE, ObjectInfo, Page
from .object import BLOCK, S3Object
from .obstore_store import IMPATIENT, LISTING, library, store
from .signed_requests import PendingRequest

MULTIPART = 16 << 20
"""Bytes above which a file is sent in parts of that size."""
_PARTS_AT_ONCE = 4


class ObstoreClient(RunClient):
    """Requests to one bucket by obstore."""

    reads_ahead = False

    def __init__(self, access: S3Access, bucket: str) -> None:
        super().__init__(bucket, access.endpoint or "AWS")
        self._access = access

    @property
    def stalled(self) -> float:
        """See `RunClient.stalled`."""
        return 0.0

    def _at(self, key: str) -> S3Object:
        return S3Object(self._bucket, key, self._access)

    # -- listing ------------------------------------------------------------------------------------

    def _pages(self, prefix: str, delimiter: str) -> Iterator[Page]:
        """See `S3Client.pages`; with a delimiter, too, all objects below the prefix are asked for.

        obstore reads a listing with a delimiter to its end before it returns, even one without an end.
        """
        folder = self._at(prefix.rpartition("/")[0])
        seen: set[str] = set()
        with folder.errors(f"list {folder}"):
            for page in self._whole(folder):
                objects = [each for each in page.objects if each.key.startswith(prefix)]
                folders: list[str] = []
                if delimiter:
                    parts = [each.key[len(prefix) :].partition(delimiter) for each in objects]
                    folders = sorted({prefix + name + slash for name, slash, _ in parts if slash} - seen)
                    seen.update(folders)
                    objects = [each for each, (_, slash, _) in zip(objects, parts) if not slash]
                yield Page(folders, objects, page.more, page.marks)

    def _whole(self, folder: S3Object) -> Iterator[Page]:
        """Yield all objects below a folder."""
        obstore = library()
        place = store(self._access, self._bucket, LISTING)
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415

        try:
            for found in obstore.list(place, folder.key or None, chunk_size=PAGE):
                objects = [self._info(each) for each in found]
                yield Page((), objects, True, [each.key for each in objects])
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

    def reach(self, key: str) -> None:
        """See `RunClient.reach`."""
        obstore = library()
        path = self._at(key)
        place = store(self._access, self._bucket, IMPATIENT)
        with path.errors(f"list {path}"):
            next(iter(obstore.list(place, key or None, chunk_size=1)), None)

    # -- objects ------------------------------------------------------------------------------------

    def get(self, key: str, size: int, pending: Optional[PendingRequest] = None) -> tuple[ObjectInfo, bytes]:
        """See `RunClient.get`; raises `UnnamedObject` for a name that obstore refuses."""
        info, blocks = self._read(key, size)
        return info, b"".join(blocks)

    def fetch(self, key: str, size: int, copy: Path) -> tuple[ObjectInfo, int]:
        """See `RunClient.fetch`; raises `UnnamedObject` for a name that obstore refuses."""
        info, blocks = self._read(key, size)
        n = 0
        with disk_errors("fetch a large trip", copy.parent), copy.open("wb") as file:
            for block in blocks:
                n += file.write(block)
        return info, n

    def head(self, key: str) -> Optional[ObjectInfo]:
        """See `S3Client.head`."""
        obstore = library()
        path = self._at(key)
        with contextlib.suppress(FileNotFoundError), path.errors(f"look at {path}", bodiless=True):
            meta = obstore.head(path.store, key)
            path.expect(meta)
            return self._info(meta)
        return None

    def stream(
        self, key: str, span: Optional[Span] = None, block: int = BLOCK
    ) -> tuple[ObjectInfo, Iterator[bytes]]:
        """See `S3Client.stream`; obstore ensures that the answer is about that span."""
        path = self._at(key)
        with path.errors(f"read {path}"):
            found = self._open(path, span)
        return self._info(found.meta), self._blocks(path, found, block)

    def _open(self, path: S3Object, span: Optional[Span] = None) -> Any:
        obstore = library()
        found = obstore.get(path.store, path.key, options={"range": span} if span else None)
        path.expect(found.meta)
        return found

    def _read(self, key: str, size: int) -> tuple[ObjectInfo, Iterator[bytes]]:
        library()
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415

        path = self._at(key)
        with path.errors(f"read {path}"):
            try:
                found = self._open(path)
            except (InvalidPathError, ValueError) as error:
                raise UnnamedObject(
                    f"its name cannot be asked for ({str(error).splitlines()[0]})", repr(error)
                ) from error
        info = self._info(found.meta)._replace(key=key)
        return info, self._blocks(path, found) if info.size == size else iter(())

    def _blocks(self, path: S3Object, found: Any, block: int = BLOCK) -> Iterator[bytes]:
        with path.errors(f"read {path}"):
            yield from path.blocks(found, block)

    def put(self, key: str, content: Union[bytes, Path]) -> None:
        """See `S3Client.put`."""
        obstore = library()
        path = self._at(key)
        with path.errors(f"write {path}"):
            large = isinstance(content, Path) and content.stat().st_size > MULTIPART
            obstore.put(
                path.store,
                key,
                content,
                use_multipart=large,
                chunk_size=MULTIPART,
                max_concurrency=_PARTS_AT_ONCE,
            )

    def create(self, key: str, content: bytes) -> bool:
        """See `S3Client.create`."""
        obstore = library()
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415

        path = self._at(key)
        with path.errors(f"write {path}"):
            try:
                obstore.put(path.store, key, content, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def ask(self, key: str) -> Optional[PendingRequest]:
        """See `RunClient.ask`."""
        return None

    def delete(self, keys: Sequence[str]) -> None:
        """See `S3Client.delete`: by one request for all, even of a single object."""
        obstore = library()
        path = self._at(keys[0] if len(keys) == 1 else keys[0].rpartition("/")[0])
        with path.errors(f"delete {path}"):
            obstore.delete(path.store, list(keys))
