"""Interface of storages of trips: listing, and reading of complete files of one version."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

from ...contract.errors import BadTripFile
from ...contract.trip_listing import Listing, TripFile
from .place import Place
from .separation import Own

TripContent = Union[bytes, Path, BadTripFile]
"""Content of a trip file as bytes or as a temporary file, or the error."""


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
