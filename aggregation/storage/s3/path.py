"""A place in a bucket, with those methods of `pathlib.Path` that a run uses.

What is not there raises `FileNotFoundError`, as on a disk; everything else that goes wrong is a
`StorageError` in words.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Optional
from uuid import uuid4

from ...contract.errors import SpecError, StorageError
from ...contract.s3_access import SCHEME, S3Access
from ..local import scratch
from ..local.files import disk_errors
from . import pages, signed_requests
from .client import library, store
from .errors import NO_OBJECT, OTHER_LENGTH, code_of, explained
from .signed_requests import PlainError

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import S3Store

MULTIPART = 16 << 20
"""Files larger than this are sent in parts."""
LARGEST_READ = 64 << 20
"""Most bytes of an object that is read into memory as a whole."""
_BLOCK = 8 << 20
_AT_ONCE = 4
_PAUSES = (0.2, 1.0, 3.0)
SETTLING = 0.3
"""Seconds: servers over a folder look and write in two steps; of two in between, the last one counts."""


@dataclass(frozen=True, order=True)
class S3Path:
    """An object or a prefix: `key` without slashes at its ends, empty for the whole bucket."""

    bucket: str
    key: str
    access: S3Access = field(default_factory=S3Access, compare=False)

    @classmethod
    def of(cls, url: str, access: S3Access) -> S3Path:
        """Read `s3://bucket/prefix`; raises `SpecError`."""
        bucket, _, key = url[len(SCHEME) :].partition("/")
        key = key.strip("/")
        if not bucket:
            raise SpecError("s3", f"{url!r} names no bucket; write s3://bucket/folder")
        if key and not all(part not in ("", ".", "..") and part.isprintable() for part in key.split("/")):
            raise SpecError("s3", f"{url!r} has a folder without a proper name; write s3://bucket/folder")
        return cls(bucket, key, access)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}".rstrip("/")

    def __truediv__(self, name: str) -> S3Path:
        return S3Path(self.bucket, f"{self.key}/{name}".lstrip("/"), self.access)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> S3Path:
        """The prefix that this lies in."""
        return S3Path(self.bucket, self.key.rpartition("/")[0], self.access)

    @property
    def store(self) -> S3Store:
        """The connection to the bucket."""
        return store(self.access, self.bucket)

    @contextlib.contextmanager
    def errors(self, doing: str, bodiless: bool = False) -> Iterator[None]:
        """Turn obstore's errors into `FileNotFoundError` and `StorageError`. `doing` as in `explained`.

        S3 says by a code that there is no object, but where answers are `bodiless`; other 404s mean something
        else, such as a gateway without its server.
        """
        library()
        import obstore.exceptions as of_obstore  # noqa: PLC0415

        try:
            yield
        except FileNotFoundError as error:
            if code_of(error) != "NoSuchKey" and not (bodiless and not code_of(error)):
                raise explained(error, doing, self.bucket, self.access) from error
            raise
        except (of_obstore.BaseError, PlainError) as error:
            raise explained(error, doing, self.bucket, self.access) from error

    def expect(self, meta: ObjectMeta) -> None:
        """Raise `StorageError` for an answer without what every server says of an object: that was a page."""
        if meta["last_modified"].timestamp() <= 0:
            raise explained(ValueError(NO_OBJECT), f"read {self}", self.bucket, self.access)

    def blocks(self, found: GetResult, size: int = _BLOCK) -> Iterator[bytes]:
        """The bytes of an answer, in blocks of at least `size` bytes but for the last one.

        Raises `StorageError` where they are more or fewer than the answer says, which obstore overlooks.
        """
        first, end = found.range
        left = end - first
        for block in found.stream(min_chunk_size=size):
            left -= len(block)
            if left < 0:
                break
            yield bytes(block)
        if left:
            raise explained(ValueError(OTHER_LENGTH), f"read {self}", self.bucket, self.access)

    # -- one object ---------------------------------------------------------------------------------

    def modified(self) -> Optional[datetime]:
        """When the object was written, by the server's clock; None without one."""
        obstore = library()
        place = self.store
        with contextlib.suppress(FileNotFoundError), self.errors(f"look at {self}", bodiless=True):
            meta = obstore.head(place, self.key)
            self.expect(meta)
            moment: datetime = meta["last_modified"]
            return moment
        return None

    def exists(self) -> bool:
        """Whether there is an object of just this key."""
        return self.modified() is not None

    def read_bytes(self) -> bytes:
        """The whole object; raises `StorageError` for one of more than `LARGEST_READ` bytes."""
        content = self.read_first(LARGEST_READ + 1)
        if len(content) > LARGEST_READ:
            raise StorageError(
                f"The object {self} is larger than {LARGEST_READ >> 20} MiB, and no such file of a run is. "
                "Look at what lies there."
            )
        return content

    def read_first(self, most: int) -> bytes:
        """The first `most` bytes of the object."""
        obstore = library()
        place = self.store
        blocks, left = [], most
        with self.errors(f"read {self}"):
            found = obstore.get(place, self.key)
            self.expect(found.meta)
            for block in self.blocks(found, min(most, _BLOCK)):
                blocks.append(block[:left])
                left -= len(blocks[-1])
                if left <= 0:
                    break
        return b"".join(blocks)

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> None:
        """Write the object; a reader finds the earlier one or this one, never a part."""
        obstore = library()
        place = self.store
        with self.errors(f"write {self}"):
            obstore.put(place, self.key, content, use_multipart=False)

    def write_new(self, content: bytes) -> bool:
        """Write the object unless there is one; whoever is told False has nothing there.

        Of two who try at once, one is: not every server checks the condition and writes in one step, so what
        was written is looked at once more.
        """
        obstore = library()
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415

        place = self.store
        with self.errors(f"write {self}"):
            for pause in _PAUSES:
                try:
                    obstore.put(place, self.key, content, mode="create", use_multipart=False)
                except (AlreadyExistsError, PreconditionError):
                    # A request whose answer was lost was sent again: then it is ours that is there. And AWS
                    # refuses while another one is under way, which may yet come to nothing.
                    with contextlib.suppress(FileNotFoundError):
                        return self.read_bytes() == content
                    time.sleep(pause)
                else:
                    return self._settled(content)
        return False

    def _settled(self, content: bytes) -> bool:
        """Whether what was written is still there a moment later; what cannot be looked at is."""
        time.sleep(SETTLING)
        try:
            return self.read_bytes() == content
        except (OSError, StorageError):
            return True

    def touch(self) -> None:
        """Write the object as it is, so that it is young again."""
        self.write_bytes(self.read_bytes())

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object; S3 does not say whether there was one."""
        self._delete([self.key])

    @contextlib.contextmanager
    def written(self) -> Iterator[Path]:
        """Yield a temporary file of this computer; sent, once, when the block ends well."""
        obstore = library()
        place = self.store
        with scratch.file(self.name) as aside:
            yield aside
            with self.errors(f"write {self}"):
                large = aside.stat().st_size > MULTIPART
                obstore.put(
                    place,
                    self.key,
                    aside,
                    use_multipart=large,
                    chunk_size=MULTIPART,
                    max_concurrency=_AT_ONCE,
                )

    @contextlib.contextmanager
    def fetched(self) -> Iterator[Path]:
        """Yield a temporary file of this computer that holds the object."""
        obstore = library()
        place = self.store
        with scratch.file(self.name) as here:
            doing = f"read {self}"
            with self.errors(doing), disk_errors(doing, here.parent), here.open("wb") as file:
                found = obstore.get(place, self.key)
                self.expect(found.meta)
                for block in self.blocks(found):
                    file.write(block)
            yield here

    def now(self) -> float:
        """The time, in s since 1970, by the server's clock: that of an object written here to find it out."""
        note = self / f".clock-{uuid4().hex[:8]}.tmp"
        note.write_bytes(b"")
        moment = note.modified()
        note.unlink()
        return moment.timestamp() if moment else time.time()

    # -- everything below ---------------------------------------------------------------------------

    def objects(self) -> Iterator[tuple[S3Path, datetime]]:
        """All objects below this prefix, and when they were written."""
        for page in pages.pages(self, f"{self.key}/".lstrip("/")):
            for found in page:
                yield S3Path(self.bucket, found.key, self.access), found.modified

    def folder_names(self) -> list[str]:
        """The names right below this prefix that hold something, sorted."""
        return pages.folder_names(self)

    def remove_files(self, ours: re.Pattern[str]) -> None:
        """Remove the objects right below this prefix whose whole names match; others stay."""
        keys = [path.key for path, _ in self.objects() if path.parent == self and ours.fullmatch(path.name)]
        for start in range(0, len(keys), pages.PAGE):
            self._delete(keys[start : start + pages.PAGE])

    def _delete(self, keys: list[str]) -> None:
        """Delete objects; one by one where the server does not let these keys delete many by one request.

        versitygw wants the right to do it in the whole bucket for that, however few there are.
        """
        obstore = library()
        from obstore.exceptions import PermissionDeniedError  # noqa: PLC0415

        place, plain = self.store, signed_requests.client(os.getpid(), self.access, self.bucket)
        with contextlib.suppress(FileNotFoundError), self.errors(f"delete {self}"):
            try:
                if plain is None or len(keys) > 1:
                    obstore.delete(place, keys)
                    return
            except PermissionDeniedError:
                if plain is None:
                    raise
            for key in keys:
                plain.delete(key)

    def reach(self) -> None:
        """Ask the bucket one question, impatiently; raises `StorageError` when it cannot be had."""
        obstore = library()
        place = store(self.access, self.bucket, patient=False)
        with self.errors(f"list {self}"):
            next(iter(obstore.list(place, self.key or None, chunk_size=1)), None)
