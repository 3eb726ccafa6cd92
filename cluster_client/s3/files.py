"""The files of runs in a bucket; paths are `s3://bucket/key`."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Generator, Sequence
from typing import Optional

from ...aggregation.contract.own_files import OWNER, RESULT_FILES, RUN_FILES, WORK_FILES
from ...aggregation.storage.s3.base_client import Span, first_of
from ...aggregation.storage.s3.errors import S3Cut, S3Refused, S3Silent
from ...aggregation.storage.s3.path import SETTLING
from ..runs.files import LONGEST_FILE, RunFiles
from .boto_client import BEYOND, BLOCK, BotoClient
from .client import S3Connection, split
from .listing import objects

_CUTS = 4
"""Times that a transfer is resumed at the same byte; progress resets the count."""
_FIRST_PAUSE = 0.5
_ATTEMPT = "[0-9a-f]{8}"
_OF_A_RUN = re.compile(
    rf"{RUN_FILES.pattern}|results/{_ATTEMPT}/(?:{RESULT_FILES.pattern})|work/{_ATTEMPT}/(?:{WORK_FILES.pattern})"
)
"""The objects of a run, below its prefix."""
_AT_ONCE = ("ConditionalRequestConflict", "409")


class S3Files(RunFiles):
    """The files that a connection sees, in any bucket. Raises `S3Error`."""

    def __init__(self, connection: S3Connection) -> None:
        self._s3 = connection

    def name(self, path: str) -> str:
        """The address, and the service."""
        return f"{path} at {self._s3.where}"

    def size(self, path: str) -> Optional[int]:
        """Bytes of an object; None without one."""
        client, key = self._at(path)
        found = client.head(key)
        return found.size if found else None

    def read(self, path: str, most: int = LONGEST_FILE) -> Optional[bytes]:
        """The first `most` bytes of an object; None without one."""
        return self._read(path, None, most)

    def read_last(self, path: str, most: int) -> Optional[bytes]:
        """The last `most` bytes of an object; None without one."""
        return self._read(path, {"suffix": most}, most)

    def blocks(self, path: str, start: int, length: int) -> Generator[bytes, None, None]:
        """The bytes from `start` to `length`, in blocks; a cut is taken up where it happened."""
        cuts, pause = 0, _FIRST_PAUSE
        while start < length:
            try:
                for block in self._stream(path, start):
                    start += len(block)
                    cuts, pause = 0, _FIRST_PAUSE
                    yield block
                return
            except (S3Cut, S3Silent):
                cuts += 1
                if cuts == _CUTS:
                    raise
            time.sleep(pause)
            pause *= 2

    def put(self, path: str, content: bytes) -> None:
        """Write an object; a reader finds the earlier one or this one, never a part."""
        client, key = self._at(path)
        client.put(key, content)

    def put_new(self, path: str, content: bytes) -> bool:
        """Write the object only if absent; return True if it was created.

        Of two at once, one gets False. False may also follow a lost answer to one's own request: compare the
        content.
        """
        if self.size(path) is not None:  # old servers overlook the condition
            return False
        client, key = self._at(path)
        for pause in (0.1, 0.3, 1.0, 3.0, 0.0):
            try:
                if not client.create(key, content):
                    return False
                time.sleep(SETTLING)
                return self.read(path) == content
            except S3Refused as error:
                if error.code in _AT_ONCE and self.size(path) is not None:
                    return False
                if error.code not in _AT_ONCE or not pause:
                    raise
            time.sleep(pause)
        return False

    def make_folders(self, folder: str, private: bool = False) -> None:
        """Do nothing: a bucket has no folders."""

    def make_own_folder(self, parent: str, names: Sequence[str] = ()) -> str:
        """Return `parent`: a bucket has no folders, and all who may write it are trusted."""
        return parent

    def remove(self, folder: str, run_id: str) -> None:
        """Delete a run's objects, its job.json last, so that what was cut off can be done again."""
        bucket, prefix = split(folder.rstrip("/") + "/")
        if not prefix.strip("/"):
            raise S3Refused(f"{folder} is no run's folder but a whole bucket. It is not deleted.")
        if not self.holds(folder.rstrip("/"), run_id):
            return
        names = [each.key[len(prefix) :] for each in objects(self._s3, folder)]
        ours = [*filter(_OF_A_RUN.fullmatch, names), OWNER]
        BotoClient(self._s3, bucket).delete([prefix + name for name in ours])

    def delete(self, path: str) -> None:
        """Delete one object, if it is there."""
        client, key = self._at(path)
        client.delete([key])

    def _at(self, path: str) -> tuple[BotoClient, str]:
        """Return the client of a path's bucket, and its key."""
        bucket, key = split(path)
        return BotoClient(self._s3, bucket), key

    def _read(self, path: str, span: Optional[Span], most: int) -> Optional[bytes]:
        """Return the first `most` bytes of an object, or of a span; a cut is tried again."""
        client, key = self._at(path)
        for cut in range(_CUTS):
            try:
                _, blocks = client.stream(key, span, min(most, BLOCK))
                with contextlib.closing(blocks):
                    return first_of(blocks, most)
            except FileNotFoundError:
                return None
            except (S3Cut, S3Silent):
                if cut == _CUTS - 1:
                    raise
            except S3Refused as error:
                if error.code in BEYOND:
                    return b""
                raise
            time.sleep(_FIRST_PAUSE * 2**cut)
        return None

    def _stream(self, path: str, start: int) -> Generator[bytes, None, None]:
        client, key = self._at(path)
        try:
            _, blocks = client.stream(key, {"offset": start} if start else None)
        except FileNotFoundError:
            return
        except S3Refused as error:
            if error.code in BEYOND:  # it is shorter than expected, which the caller sees
                return
            raise
        with contextlib.closing(blocks):
            yield from blocks
