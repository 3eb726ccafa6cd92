"""An object of a bucket, read through obstore: answers are checked, and errors get messages.

A missing object raises `FileNotFoundError`, as on a disk; all other failures are a `StorageError` with a
message.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...contract.s3_access import SCHEME, S3Access
from .error_messages import NO_OBJECT, OTHER_LENGTH, code_of, explained
from .obstore_store import library, store
from .signed_requests import RequestFailed

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import S3Store

BLOCK = 8 << 20
"""Bytes of an object that are in memory at once where it is read piece by piece."""


@dataclass(frozen=True, order=True)
class S3Object:
    """An object or a prefix: `key` without slashes at its ends, empty for the whole bucket."""

    bucket: str
    key: str
    access: S3Access = field(default_factory=S3Access, compare=False)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}".rstrip("/")

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

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
        except (of_obstore.BaseError, RequestFailed) as error:
            raise explained(error, doing, self.bucket, self.access) from error

    def expect(self, meta: ObjectMeta) -> None:
        """Raise `StorageError` for an answer without what every server says of an object: that was a page."""
        if meta["last_modified"].timestamp() <= 0:
            raise explained(ValueError(NO_OBJECT), f"read {self}", self.bucket, self.access)

    def blocks(self, found: GetResult, size: int = BLOCK) -> Iterator[bytes]:
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
