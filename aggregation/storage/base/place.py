"""Interface of files and folders of a run in any storage."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Optional


class Place(ABC):
    """A file or folder on a disk, or an object or prefix in a bucket.

    Methods raise `FileNotFoundError` for missing files and `StorageError` for other failures.
    """

    __slots__ = ()

    is_local: ClassVar[bool]
    """True for files on this computer or a mounted file system."""
    status_seconds: ClassVar[float]
    """Minimum seconds between two writes of a status file."""

    # -- path ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def name(self) -> str:
        """Last component of the path."""

    @property
    @abstractmethod
    def parent(self) -> Place:
        """Folder that contains this file or folder."""

    @abstractmethod
    def __truediv__(self, name: str) -> Place:
        """Return the file or folder of this name, or relative path with slashes, in the folder."""

    @abstractmethod
    def reach(self) -> None:
        """Raise `StorageError`, without long retries, if the storage cannot be accessed."""

    # -- one file -----------------------------------------------------------------------------------

    @abstractmethod
    def exists(self) -> bool:
        """Return True if the file or folder exists."""

    @abstractmethod
    def read_first(self, most: int) -> bytes:
        """Return the first `most` bytes of the file."""

    @abstractmethod
    def put(self, content: bytes) -> None:
        """Write the file; on a disk, not atomically."""

    @abstractmethod
    def put_json(self, values: Any) -> None:
        """Write JSON atomically: readers see the earlier version or this one, never a part."""

    @abstractmethod
    def publish_json(self, values: Any) -> bool:
        """Write JSON atomically; in a bucket only if absent. Return whether it was written."""

    @abstractmethod
    def claim_json(self, values: Any) -> bool:
        """Create the JSON file only if absent, in an existing folder; return whether it was created."""

    @abstractmethod
    def written_aside(self) -> AbstractContextManager[Path]:
        """Yield a temporary file, which becomes this file if the block succeeds, and is removed otherwise."""

    @abstractmethod
    def at_hand(self) -> AbstractContextManager[Path]:
        """Yield a local file with this content: the file itself, or a temporary copy."""

    @abstractmethod
    def touch(self) -> None:
        """Update the modification time of the file."""

    @abstractmethod
    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the file."""

    @abstractmethod
    def silent_for(self, now: Optional[float] = None) -> Optional[float]:
        """Return the seconds since the file, or any file in the folder, was written; None if it is missing.

        `now` is the time in s since 1970 (None: by this computer's clock).
        """

    # -- a folder -----------------------------------------------------------------------------------

    @abstractmethod
    def disk_errors(self, doing: str) -> AbstractContextManager[None]:
        """Convert errors of a full or read-only disk to a `StorageError` with advice.

        `doing` completes "could not …". For a bucket the disk is that of temporary files; its own errors are
        `StorageError` already.
        """

    @abstractmethod
    def now(self) -> float:
        """Return the time in s since 1970 by the clock of modification times in this folder.

        A server's clock may differ from this computer's by minutes.
        """

    @abstractmethod
    def remove_clock(self) -> None:
        """Remove what a process that was killed in `now` has left here; nothing where that is no file."""

    @abstractmethod
    def all_at_hand(self, names: Sequence[str]) -> AbstractContextManager[list[Path]]:
        """Yield local files with the content of many files in this folder, as `at_hand`."""

    @abstractmethod
    def rows_at_hand(
        self, names: Sequence[str], first_bucket: int, end_bucket: int
    ) -> AbstractContextManager[list[Path]]:
        """Yield local Parquet files with at least the rows of buckets in [first_bucket, end_bucket).

        `names` are Parquet files in this folder; those without such rows may be omitted.
        """

    @abstractmethod
    def bytes_below(self) -> int:
        """Return the size of all files in this folder and below it; 0 if it does not exist."""

    @abstractmethod
    def folder_names(self) -> list[str]:
        """Return the sorted names of the folders in this folder; none if it does not exist."""

    @abstractmethod
    def file_names(self) -> list[str]:
        """Return the names of the files in this folder."""

    @abstractmethod
    def folders_with(self, name: str) -> list[str]:
        """Return the folders in this folder that contain a file `name`, those with the oldest file first."""

    @abstractmethod
    def foreign(self, ours: re.Pattern[str]) -> str:
        """Return a clause that says why this folder is not a run's; empty if it may be one.

        `ours` matches whole names of files that runs write here. A missing folder may be a run's, as may
        every prefix in a bucket, since each attempt has its own.
        """

    @abstractmethod
    def remove_files(self, ours: re.Pattern[str]) -> None:
        """Remove the files in this folder whose whole names match `ours`, then the folder if it is empty.

        Other files stay; does nothing if there is no such folder.
        """
