"""A file or folder of a run, wherever it lies: what a run asks of it, whatever the storage."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, Optional


class Place(ABC):
    """A file or folder on a disk, or an object or prefix in a bucket.

    What is not there raises `FileNotFoundError`; what the storage refuses is a `StorageError`.
    """

    __slots__ = ()

    is_local: ClassVar[bool]
    """Whether it lies in a folder of this computer or one that it mounts."""
    status_seconds: ClassVar[float]
    """Seconds between two versions of a file that says how far a run is."""

    # -- its name -----------------------------------------------------------------------------------

    @property
    @abstractmethod
    def name(self) -> str:
        """The last part of the path."""

    @property
    @abstractmethod
    def parent(self) -> Place:
        """The folder that this lies in."""

    @abstractmethod
    def __truediv__(self, name: str) -> Place:
        """What has this name, or this path with slashes, in the folder."""

    @abstractmethod
    def reach(self) -> None:
        """Raise `StorageError`, soon, where the storage cannot be had at all."""

    # -- one file -----------------------------------------------------------------------------------

    @abstractmethod
    def exists(self) -> bool:
        """Return True if something is there."""

    @abstractmethod
    def read_first(self, most: int) -> bytes:
        """The first `most` bytes."""

    @abstractmethod
    def put(self, content: bytes) -> None:
        """Write a file; on a disk a reader may see it growing."""

    @abstractmethod
    def put_json(self, values: Any) -> None:
        """Write JSON atomically: a reader finds the earlier version or this one, never a part."""

    @abstractmethod
    def publish_json(self, values: Any) -> bool:
        """As `put_json`; in a bucket the second of two processes that write the same path gets False."""

    @abstractmethod
    def claim_json(self, values: Any) -> bool:
        """Write JSON where there is nothing yet, in a folder that is there; the second of two gets False."""

    @abstractmethod
    def written_aside(self) -> AbstractContextManager[Path]:
        """Yield a temporary file; it is here when the block ends well, whole, and removed otherwise."""

    @abstractmethod
    def at_hand(self) -> AbstractContextManager[Path]:
        """Yield a file of this computer with this content: itself, or a temporary one."""

    @abstractmethod
    def touch(self) -> None:
        """Make the file young again."""

    @abstractmethod
    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the file."""

    @abstractmethod
    def silent_for(self, now: Optional[float] = None) -> Optional[float]:
        """Seconds since the file, or something in the folder, was written; None where nothing is there.

        `now` is the time in s since 1970 (None: by this computer's clock).
        """

    # -- a folder -----------------------------------------------------------------------------------

    @abstractmethod
    def disk_errors(self, doing: str) -> AbstractContextManager[None]:
        """Turn what a full or read-only disk raises into a `StorageError` that says what to do.

        `doing` completes "could not …". A bucket's own faults are `StorageError` already; its files pass
        through the temporary folder.
        """

    @abstractmethod
    def now(self) -> float:
        """The time, in s since 1970, by the clock that gives the files in this folder their times.

        A server's may be minutes off this computer's.
        """

    @abstractmethod
    def all_at_hand(self, names: Sequence[str]) -> AbstractContextManager[list[Path]]:
        """As `at_hand`, for many files in this folder."""

    @abstractmethod
    def rows_at_hand(
        self, names: Sequence[str], first_bucket: int, end_bucket: int
    ) -> AbstractContextManager[list[Path]]:
        """Yield Parquet files of this computer that hold at least the rows of some buckets.

        `names` are Parquet files in this folder; those without such rows may be left out.
        """

    @abstractmethod
    def folder_names(self) -> list[str]:
        """Names of the folders in this folder, sorted; none where it is not there."""

    @abstractmethod
    def file_names(self) -> list[str]:
        """Names of the files in this folder."""

    @abstractmethod
    def folders_with(self, name: str) -> list[str]:
        """The folders in this folder that hold a file of that name, by the age of that file, oldest first."""

    @abstractmethod
    def foreign(self, ours: re.Pattern[str]) -> str:
        """What makes this another folder than a run's, as a clause about it; empty where it is a run's.

        `ours` matches the whole names of the files that a run writes here. A folder that is not there yet is
        a run's, and so is every prefix in a bucket: each attempt has one of its own.
        """

    @abstractmethod
    def remove_files(self, ours: re.Pattern[str]) -> None:
        """Remove the files in this folder whose whole names match, then the folder if it is empty.

        Everything else in it stays; nothing happens where there is no such folder.
        """
