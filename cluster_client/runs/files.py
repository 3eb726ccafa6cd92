"""The files of runs that are somewhere else, over SFTP or in a bucket: one small interface to both.

    files.put(f"{folder}/spec.json", content)
    files.read(f"{folder}/status.json")          # None: not there (yet)
    files.get(f"{folder}/results/link_speeds.csv", local, length, sha256, progress, cancelled)

A folder is an absolute path of the other computer, or `s3://bucket/prefix`. Calls raise the errors of
`errors`: `Unreachable` for what waiting or asking again may mend, other `BackendError`s for the rest. A file
that is not there is None, and no error.
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
"""Seconds for which the end of a run's process is waited for, once there is a result."""

LONGEST_FILE = 16 << 20
"""Most bytes of a file that is read as a whole; results are fetched."""


class RunFiles(ABC):
    """Files there. Every way to a run folder has the first methods, and the rest follows from them."""

    @abstractmethod
    def name(self, path: str) -> str:
        """What a file or folder is called towards a person, with where it is."""

    @abstractmethod
    def size(self, path: str) -> Optional[int]:
        """Bytes of a file; None without one."""

    @abstractmethod
    def read(self, path: str, most: int = LONGEST_FILE) -> Optional[bytes]:
        """The first `most` bytes of a file; None without one."""

    @abstractmethod
    def read_last(self, path: str, most: int) -> Optional[bytes]:
        """The last `most` bytes of a file; None without one."""

    @abstractmethod
    def blocks(self, path: str, start: int, length: int) -> Generator[bytes, None, None]:
        """The bytes of a file from `start` to its expected `length`, in blocks; fewer when it is shorter."""

    @abstractmethod
    def put(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all; its folder is there (`make_folders`)."""

    @abstractmethod
    def put_new(self, path: str, content: bytes) -> bool:
        """As `put`, but nothing is done where there is a file; of two who try at once, one is told False."""

    @abstractmethod
    def make_folders(self, folder: str, private: bool = False) -> None:
        """Make a folder and those above it, where there is such a thing as a folder.

        A `private` one is its owner's alone, unless the one above it is shared.
        """

    @abstractmethod
    def make_own_folder(self, parent: str, names: Sequence[str] = ()) -> str:
        """Make a folder of this user's in `parent`, which others may read and not change; return its path.

        `names` are folders to make in it. Raises `BackendError` where others may write it, something in it,
        or replace it. In a bucket it is `parent` itself: who may write there is not known.
        """

    @abstractmethod
    def remove(self, folder: str, run_id: str) -> None:
        """Delete the files of a run in its folder, by name, and the folder if nothing else is in it.

        Nothing happens where the folder is gone, or its job.json does not name this run.
        """

    def holds(self, folder: str, run_id: str) -> bool:
        """Return True if a folder is that run's: its job.json names it."""
        return run_named_by(self.read(f"{folder}/{OWNER}", LARGEST_NOTE) or b"") == run_id

    def remove_ended(self, folder: str, run_id: str) -> None:
        """As `remove`, once the run's process has had its last word, which it would else leave behind.

        There is a result a moment before the process that made it has ended.
        """
        end = time.monotonic() + ENDING
        while self.size(f"{folder}/manifest.json") and not self.size(f"{folder}/rc"):
            if time.monotonic() > end:
                break
            time.sleep(0.2)
        self.remove(folder, run_id)

    def put_once(self, path: str, content: bytes) -> bool:
        """As `put`, unless a file with just this content is there. Returns whether it was sent."""
        if self.size(path) == len(content) and self.read(path, len(content) + 1) == content:
            return False
        self.put(path, content)
        return True

    def tail(self, path: str, lines: int, longest: int = 1 << 18) -> str:
        """The last lines of a text file, looking at its last `longest` bytes; empty without a file."""
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
        """Fetch a file of known length and SHA-256; goes on where an earlier call was cut off.

        The file lies at `local` when it is whole and right, and beside it as `.part` until then. It is for
        its owner alone, unless its folder is shared. `progress` gets the bytes that are here. Raises
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
            # What an earlier call left was of another file: once more, from the start.
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
        """Add what `part` lacks of a file of `length` bytes; returns whether the file there is longer.

        Never more than `length` bytes are written, whatever the other side sends.
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
    """Turn errors of this computer's disk into words."""
    try:
        yield
    except OSError as error:
        raise BackendError(
            f"The fetched file {path} cannot be written on this computer: {error.strerror or error}. Free "
            "some space or choose another run folder; what is here already is not fetched again.",
            repr(error),
        ) from error
