"""Interface of storages of trips: listing, and reading of complete files of one version."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Optional, Union

from ...contract.errors import BadTripFile
from ...contract.trip_listing import Listing, TripFile
from .place import Place
from .separation import Own

TripContent = Union[bytes, Path, BadTripFile]
"""Content of a trip file as bytes or as a temporary file, or the error."""


class Spans(ABC):
    """Spans of bytes of one version of a trip file of `size` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size

    @abstractmethod
    def read(self, start: int, end: int) -> bytes:
        """Return the bytes in [start, end); raises `BadTripFile`."""

    @abstractmethod
    def table(self, first: int, end: int) -> Path:
        """Return a Parquet file that has at least the row groups in [first, end) of this one, and its footer.

        What else it has may be without meaning. Raises `BadTripFile`.
        """


class TripSource(ABC):
    """A storage of trips."""

    @abstractmethod
    def reach(self, trips: str) -> None:
        """Raise `StorageError`, without long retries, if the storage of `trips` cannot be accessed."""

    @abstractmethod
    def find(
        self,
        trips: str,
        progress: Callable[[int], None],
        beside: Optional[Place],
        own: Sequence[Own],
    ) -> Listing:
        """See `storage.find_trips`."""

    @abstractmethod
    def check_apart(self, trips: str, own: Sequence[Own]) -> None:
        """See `storage.check_apart`."""

    @abstractmethod
    def read(self, files: Sequence[TripFile], max_bytes: int) -> Iterator[tuple[TripFile, TripContent]]:
        """See `storage.read_trips`."""

    @abstractmethod
    def check_unchanged(self, file: TripFile) -> None:
        """See `storage.check_unchanged`."""

    @abstractmethod
    def spans(self, file: TripFile) -> AbstractContextManager[Spans]:
        """See `storage.spans_of`."""
