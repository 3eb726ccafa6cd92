"""Interface to the files of remote runs, over SFTP or in a bucket.

    files.put(f"{folder}/spec.json", content)
    files.read(f"{folder}/status.json")          # None: no such file (yet)
    files.get(f"{folder}/results/link_speeds.csv", local, length, sha256, progress, cancelled)

A folder is an absolute path on the other computer, or `s3://bucket/prefix`. Calls raise the errors of
`errors` and `S3Error`: a `NoAnswer` if a later attempt may succeed. Reading a file that does not exist
returns None.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Callable, Optional

from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.json_text import LARGEST_NOTE
from ...aggregation.contract.own_files import OWNER
from ...aggregation.storage.local.files import make_folder, write_bytes
from ...aggregation.storage.local.files import sha256 as sha256_of
from ..errors import BackendError, ResultError
from .folder import run_named_by

Progress = Callable[[int], None]
IsCancelled = Callable[[], bool]

ENDING = 5.0
"""Seconds to wait for the end of a run's process once there is a result."""

LONGEST_FILE = 16 << 20
"""Maximum size in bytes of a file that is read at once; results are fetched instead."""


class RunFiles(ABC):
    """Remote files. Implementations provide the abstract methods; the others are based on these."""

    @abstractmethod
    def name(self, path: str) -> str:
        """Return a display name of a file or folder, with its location."""

    @abstractmethod
    def size(self, path: str) -> Optional[int]:
        """Return a file's size in bytes; None if it does not exist."""

    @abstractmethod
    def read(self, path: str, most: int = LONGEST_FILE) -> Optional[bytes]:
        """Return the first `most` bytes of a file; None if it does not exist."""

    @abstractmethod
    def read_last(self, path: str, most: int) -> Optional[bytes]:
        """Return the last `most` bytes of a file; None if it does not exist."""

    @abstractmethod
    def blocks(self, path: str, start: int, length: int) -> Generator[bytes, None, None]:
        """Yield the bytes of a file from `start` to its expected `length`; fewer if it is shorter."""

    @abstractmethod
    def put(self, path: str, content: bytes) -> None:
        """Write a file atomically; its folder exists (`make_folders`)."""

    @abstractmethod
    def put_new(self, path: str, content: bytes) -> bool:
        """Write a file atomically only if absent; return whether it was written."""

    @abstractmethod
    def make_folders(self, folder: str, private: bool = False) -> None:
        """Create a folder and its parents, if the storage has folders.

        A `private` folder is readable by its owner only, unless its parent is shared.
        """

    @abstractmethod
    def make_own_folder(self, parent: str, names: Sequence[str] = ()) -> str:
        """Create a folder in `parent` that only this user may change, and return its path.

        `names` are subfolders to create. Raises `BackendError` if others may write the folder or its content,
        or replace it. In a bucket it is `parent` itself, as write access there is unknown.
        """

    @abstractmethod
    def remove(self, folder: str, run_id: str) -> None:
        """Delete the files of a run in its folder, by name, and the folder if it is then empty.

        Does nothing if the folder does not exist, or if its job.json does not name this run.
        """

    def holds(self, folder: str, run_id: str) -> bool:
        """Return True if the job.json of a folder names that run."""
        return run_named_by(self.read(f"{folder}/{OWNER}", LARGEST_NOTE) or b"") == run_id

    def remove_ended(self, folder: str, run_id: str) -> None:
        """Remove a run as `remove` does, after its process has ended and written its last files.

        The result exists a moment before the process that writes it has ended.
        """
        end = time.monotonic() + ENDING
        while self.size(f"{folder}/manifest.json") and not self.size(f"{folder}/rc"):
            if time.monotonic() > end:
                break
            time.sleep(0.2)
        self.remove(folder, run_id)

    def put_once(self, path: str, content: bytes) -> bool:
        """Write a file unless it has this content already; return whether it was sent."""
        if self.size(path) == len(content) and self.read(path, len(content) + 1) == content:
            return False
        self.put(path, content)
        return True

    def tail(self, path: str, lines: int, longest: int = 1 << 18) -> str:
        """Return the last lines of a text file, within its last `longest` bytes; empty without a file."""
        text = (self.read_last(path, longest) or b"").decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    def get(
        self,
        path: str,
        local: Path,
        length: int,
        sha256: str,
        progress: Progress = lambda size: None,
        cancelled: IsCancelled = lambda: False,
    ) -> None:
        """Download a file of known length and SHA-256; resumes an interrupted download.

        The file is at `local` when it is complete and verified, and beside it as `.part` until then. It is
        private to its owner, unless its folder is shared. `progress` gets the number of bytes so far. Raises
        `ResultError`, `BackendError` or `Cancelled`.
        """
        if local.is_file() and local.stat().st_size == length and sha256_of(local) == sha256:
            progress(length)
            return
        part = local.with_name(local.name + ".part")
        with here(local):
            make_folder(local.parent)
            resumed = part.is_file() and 0 < part.stat().st_size <= length
            if not resumed:
                write_bytes(part, b"")
        longer = self._append(path, part, length, progress, cancelled)
        if sha256_of(part) != sha256 and resumed:
            # An earlier call has left the beginning of another file: try again from the start.
            with here(part):
                write_bytes(part, b"")
            longer = self._append(path, part, length, progress, cancelled)
        if longer or part.stat().st_size != length or sha256_of(part) != sha256:
            part.unlink()
            raise ResultError(
                path, f"The result file {self.name(path)} does not have the size and SHA-256 that its "
                "manifest says: it was changed after the run. Start the run again; trips that are in the "
                "point store are not read again."
            )  # fmt: skip
        with here(local):
            part.replace(local)

    def _append(self, path: str, part: Path, length: int, progress: Progress, cancelled: IsCancelled) -> bool:
        """Append the rest of a file of `length` bytes to `part`; return True if the remote file is longer.

        At most `length` bytes are written, even if the server sends more.
        """
        start = part.stat().st_size
        progress(start)
        if start >= length:
            return False
        with here(part):
            sink = part.open("ab", buffering=0)
        with sink, contextlib.closing(self.blocks(path, start, length)) as blocks:
            if cancelled():
                raise Cancelled
            for block in blocks:
                with here(part):
                    sink.write(block[: length - start])
                start += len(block)
                if start > length:
                    return True
                progress(start)
                if cancelled():
                    raise Cancelled
        return False


@contextlib.contextmanager
def here(path: Path) -> Iterator[None]:
    """Convert errors of this computer's disk to `ResultError` or another error with a message."""
    try:
        yield
    except OSError as error:
        raise BackendError(
            f"The fetched file {path} cannot be written on this computer: {error.strerror or error}. Free "
            "some space or choose another run folder; what is here already is not fetched again.",
            repr(error),
        ) from error
