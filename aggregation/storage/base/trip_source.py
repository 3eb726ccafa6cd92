"""Where trips come from: listed, read whole and of one version, whatever the storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

from ...contract.errors import BadTripFile
from ...contract.trip_files import Listing, TripFile
from .place import Place
from .separation import Own

TripContent = Union[bytes, Path, BadTripFile]
"""The bytes of a trip file, a temporary file that holds them, or why they cannot be had."""


class TripSource(ABC):
    """The storage that trips lie in."""

    @abstractmethod
    def reach(self, trips: str) -> None:
        """Raise `StorageError`, soon, where the storage of `trips` cannot be had at all."""

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
