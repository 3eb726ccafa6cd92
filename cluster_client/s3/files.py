"""The files of runs in a bucket; paths are `s3://bucket/key`."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, Optional

from ...aggregation.contract.own_files import OWNER, RESULT_FILES, RUN_FILES, WORK_FILES
from ...aggregation.storage.s3.errors import S3Cut, S3Refused, S3Silent
from ...aggregation.storage.s3.path import SETTLING
from ..runs.files import LONGEST_FILE, RunFiles
from .client import S3Connection, split
from .listing import objects

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

BLOCK = 1 << 20
_CUTS = 4
"""Times that a transfer is resumed at the same byte; progress resets the count."""
_FIRST_PAUSE = 0.5
_LONGEST_WHOLE = 256 << 20
"""Most bytes that are read of an object of which the last ones are wanted."""
_ATTEMPT = "[0-9a-f]{8}"
_OF_A_RUN = re.compile(
    rf"{RUN_FILES.pattern}|results/{_ATTEMPT}/(?:{RESULT_FILES.pattern})|work/{_ATTEMPT}/(?:{WORK_FILES.pattern})"
)
"""The objects of a run, below its prefix."""
_MISSING = "NoSuchKey"
_EMPTY = ("InvalidRange", "416")
_THERE = ("PreconditionFailed", "412")
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
        bucket, key = split(path)
        try:
            with self._s3.asked("Looking at", path):
                answer = self._s3.client.head_object(Bucket=bucket, Key=key)
            self._s3.expect(answer, "LastModified")
            return int(answer["ContentLength"])
        except S3Refused:
            # An answer to HEAD has no body, so that a wrong key or bucket looks like a missing file.
            try:
                response = self._get(path, "bytes=0-0")
            except S3Refused as error:
                if error.code in _EMPTY:
                    return 0
                raise
            if response is None:
                return None
            with contextlib.closing(response["Body"]):
                return int(response.get("ContentRange", "/0").rpartition("/")[2])

    def read(self, path: str, most: int = LONGEST_FILE) -> Optional[bytes]:
        """The first `most` bytes of an object; None without one."""
        return self._read(path, "", most)

    def read_last(self, path: str, most: int) -> Optional[bytes]:
        """The last `most` bytes of an object; None without one."""
        return self._read(path, f"bytes=-{most}", most)

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
        bucket, key = split(path)
        with self._s3.asked("Writing", path):
            answer = self._s3.client.put_object(Bucket=bucket, Key=key, Body=content)
        self._s3.expect(answer, "ETag")

    def put_new(self, path: str, content: bytes) -> bool:
        """Write the object only if absent; return True if it was created.

        Of two at once, one gets False. False may also follow a lost answer to one's own request: compare the
        content.
        """
        if self.size(path) is not None:  # old servers overlook the condition
            return False
        bucket, key = split(path)
        for pause in (0.1, 0.3, 1.0, 3.0, 0.0):
            try:
                with self._s3.asked("Writing", path):
                    answer = self._s3.client.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
                self._s3.expect(answer, "ETag")
                time.sleep(SETTLING)
                return self.read(path) == content
            except S3Refused as error:
                if error.code in _THERE or (error.code in _AT_ONCE and self.size(path) is not None):
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
        # One by one: not every server knows the deletion of many, nor all of its checksums.
        for name in [*filter(_OF_A_RUN.fullmatch, names), OWNER]:
            with self._s3.asked("Deleting", f"s3://{bucket}/{prefix}{name}"):
                self._s3.client.delete_object(Bucket=bucket, Key=prefix + name)

    def delete(self, path: str) -> None:
        """Delete one object, if it is there."""
        bucket, key = split(path)
        with self._s3.asked("Deleting", path):
            self._s3.client.delete_object(Bucket=bucket, Key=key)

    def _read(self, path: str, span: str, most: int) -> Optional[bytes]:
        """The object's first bytes, or its last ones where a span asks for them; a cut is tried again."""
        for cut in range(_CUTS):
            try:
                response = self._get(path, span)
                if response is None:
                    return None
                with self._s3.asked("Reading", path), contextlib.closing(response["Body"]) as body:
                    whole = bool(span) and "ContentRange" not in response  # the server overlooked the span
                    return _last(body, most, path) if whole else bytes(body.read(most))
            except (S3Cut, S3Silent):
                if cut == _CUTS - 1:
                    raise
            except S3Refused as error:
                if error.code in _EMPTY:
                    return b""
                raise
            time.sleep(_FIRST_PAUSE * 2**cut)
        return None

    def _get(self, path: str, span: str) -> Optional[GetObjectOutputTypeDef]:
        """The answer to a question for an object; None where it is not there."""
        bucket, key = split(path)
        more: Any = {"Range": span} if span else {}
        try:
            with self._s3.asked("Reading", path):
                answer = self._s3.client.get_object(Bucket=bucket, Key=key, **more)
            self._s3.expect(answer, "LastModified")
            return answer
        except S3Refused as error:
            if error.code == _MISSING:
                return None
            raise

    def _stream(self, path: str, start: int) -> Generator[bytes, None, None]:
        try:
            response = self._get(path, f"bytes={start}-" if start else "")
        except S3Refused as error:
            if error.code in _EMPTY:  # it is shorter than expected, which the caller sees
                return
            raise
        if response is None:
            return
        with contextlib.closing(response["Body"]) as body:
            whole = start if start and "ContentRange" not in response else 0
            while True:
                with self._s3.asked("Reading", path):
                    block = bytes(body.read(BLOCK))
                if not block:
                    return
                skipped = min(whole, len(block))
                whole -= skipped
                if block[skipped:]:
                    yield block[skipped:]


def _last(body: Any, most: int, path: str) -> bytes:
    """The last `most` bytes of an object that is sent whole; raises `S3Refused` for one without end."""
    read, last = 0, b""
    while block := bytes(body.read(BLOCK)):
        read += len(block)
        if read > _LONGEST_WHOLE:
            raise S3Refused(
                f"Reading {path} has no end: the server overlooks that its last bytes are asked for, and "
                f"sends more than {_LONGEST_WHOLE >> 20} MiB. Tell its administrator."
            )
        last = (last + block)[-most:]
    return last
