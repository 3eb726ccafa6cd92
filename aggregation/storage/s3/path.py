"""An object or a prefix in a bucket, as a place of a run.

A missing object raises `FileNotFoundError`, as on a disk; all other failures are a `StorageError` with a
message.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from ...contract.errors import SpecError, StorageError
from ...contract.s3_access import SCHEME, S3Access
from ..base.place import Place
from ..local import scratch
from ..local.files import disk_errors, json_bytes
from . import client as clients
from . import parquet
from .base_client import RunClient, first_of
from .listing import PAGE, prefix_of
from .object import BLOCK, S3Object

LARGEST_READ = 64 << 20
"""Most bytes of an object that is read into memory as a whole."""
_FILES_AT_ONCE = 8
_PAUSES = (0.2, 1.0, 3.0)
SETTLING = 0.3
"""Seconds: servers over a folder look and write in two steps; of two in between, the last one counts."""
_CLOCK, _CLOCK_ATTEMPTS = ".clock.tmp", 5


@dataclass(frozen=True, order=True)
class S3Path(S3Object, Place):
    """An object, or a prefix that stands for a folder."""

    is_local = False
    status_seconds = 2.0

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

    def __truediv__(self, name: str) -> S3Path:
        return S3Path(self.bucket, f"{self.key}/{name}".lstrip("/"), self.access)

    @property
    def parent(self) -> S3Path:
        """The prefix that this lies in."""
        return S3Path(self.bucket, self.key.rpartition("/")[0], self.access)

    # -- one object ---------------------------------------------------------------------------------

    @property
    def client(self) -> RunClient:
        """This process's client of the bucket."""
        return clients.client_of(self.access, self.bucket)

    def modified(self) -> Optional[datetime]:
        """Return when the object was written, by the server's clock; None if there is none."""
        found = self.client.head(self.key)
        return found.modified if found else None

    def exists(self) -> bool:
        """Return True if there is an object of just this key."""
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
        _, blocks = self.client.stream(self.key, block=min(most, BLOCK))
        return first_of(blocks, most)

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    def put(self, content: bytes) -> None:
        """Write the object; a reader finds the earlier one or this one, never a part."""
        self.client.put(self.key, content)

    def put_json(self, values: Any) -> None:
        """See `Place.put_json`."""
        self.put(json_bytes(values))

    def publish_json(self, values: Any) -> bool:
        """See `Place.publish_json`."""
        return self.write_new(json_bytes(values))

    def claim_json(self, values: Any) -> bool:
        """See `Place.claim_json`."""
        return self.write_new(json_bytes(values))

    def write_new(self, content: bytes) -> bool:
        """Create the object only if absent; return whether it was created.

        Of two writers at once, one gets True: some servers do not check the condition and write in one step,
        so the written object is read once more.
        """
        for pause in _PAUSES:
            if self.client.create(self.key, content):
                return self._settled(content)
            # A request whose answer was lost was sent again: then it is ours that is there. And AWS refuses
            # while another one is under way, which may yet come to nothing.
            with contextlib.suppress(FileNotFoundError):
                return self.read_bytes() == content
            time.sleep(pause)
        return False

    def _settled(self, content: bytes) -> bool:
        """Return True if the object still has this content a moment later, or cannot be read."""
        time.sleep(SETTLING)
        try:
            return self.read_bytes() == content
        except (OSError, StorageError):
            return True

    def touch(self) -> None:
        """Write the object as it is, so that it is young again."""
        self.put(self.read_bytes())

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object; S3 does not say whether there was one."""
        self._delete([self.key])

    @contextlib.contextmanager
    def written_aside(self) -> Iterator[Path]:
        """Yield a temporary file of this computer; sent, once, when the block ends well."""
        with scratch.file(self.name) as aside:
            yield aside
            self.client.put(self.key, aside)

    @contextlib.contextmanager
    def at_hand(self) -> Iterator[Path]:
        """Yield a temporary file of this computer that holds the object."""
        with scratch.file(self.name) as here:
            with disk_errors(f"read {self}", here.parent), here.open("wb") as file:
                _, blocks = self.client.stream(self.key)
                for block in blocks:
                    file.write(block)
            yield here

    def silent_for(self, now: Optional[float] = None) -> Optional[float]:
        """See `Place.silent_for`."""
        now = time.time() if now is None else now
        moment = self.modified() or max((moment for _, moment in self.objects()), default=None)
        return None if moment is None else now - moment.timestamp()

    # -- everything below ---------------------------------------------------------------------------

    def disk_errors(self, doing: str) -> AbstractContextManager[None]:
        """See `Place.disk_errors`."""
        return disk_errors(doing, scratch.folder())

    def now(self) -> float:
        """The time, in s since 1970, by the server's clock: that of an object written here to find it out.

        Its name is always the same, so that a killed process leaves one at most; another process may have
        deleted it meanwhile.
        """
        note = self / _CLOCK
        for _ in range(_CLOCK_ATTEMPTS):
            note.put(b"")
            moment = note.modified()
            note.unlink()
            if moment:
                return moment.timestamp()
        return time.time()

    def remove_clock(self) -> None:
        """See `Place.remove_clock`."""
        (self / _CLOCK).unlink()

    @contextlib.contextmanager
    def all_at_hand(self, names: Sequence[str]) -> Iterator[list[Path]]:
        """See `Place.all_at_hand`."""
        with ExitStack() as stack, ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
            yield list(pool.map(lambda name: stack.enter_context((self / name).at_hand()), names))

    def rows_at_hand(
        self, names: Sequence[str], first_bucket: int, end_bucket: int
    ) -> AbstractContextManager[list[Path]]:
        """See `Place.rows_at_hand`."""
        return parquet.rows_at_hand([self / name for name in names], first_bucket, end_bucket)

    def objects(self) -> Iterator[tuple[S3Path, datetime]]:
        """All objects below this prefix, and when they were written."""
        for page in self.client.pages(prefix_of(self.key)):
            for found in page.objects:
                if found.modified is not None and not found.key.endswith("/"):
                    yield S3Path(self.bucket, found.key, self.access), found.modified

    def bytes_below(self) -> int:
        """See `Place.bytes_below`."""
        return sum(found.size for page in self.client.pages(prefix_of(self.key)) for found in page.objects)

    def folder_names(self) -> list[str]:
        """The names right below this prefix that hold something, sorted."""
        pages = self.client.pages(prefix_of(self.key), "/")
        return sorted({name.rstrip("/").rpartition("/")[2] for page in pages for name in page.folders})

    def file_names(self) -> list[str]:
        """See `Place.file_names`."""
        return [path.name for path, _ in self.objects() if path.parent == self]

    def folders_with(self, name: str) -> list[str]:
        """See `Place.folders_with`."""
        found = [(moment.timestamp(), path.parent) for path, moment in self.objects() if path.name == name]
        return [folder.name for _, folder in sorted(found) if folder.parent == self]

    def foreign(self, ours: re.Pattern[str]) -> str:
        """See `Place.foreign`."""
        return ""

    def remove_files(self, ours: re.Pattern[str]) -> None:
        """Remove the objects right below this prefix whose whole names match; others stay."""
        keys = [path.key for path, _ in self.objects() if path.parent == self and ours.fullmatch(path.name)]
        for start in range(0, len(keys), PAGE):
            self._delete(keys[start : start + PAGE])

    def _delete(self, keys: list[str]) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.client.delete(keys)

    def reach(self) -> None:
        """Ask the bucket one question, impatiently; raises `StorageError` when it cannot be had."""
        self.client.reach(self.key)
