"""Probe of this computer."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from ....aggregation import inventory
from ....aggregation.contract.errors import FILE_REASONS, BadTripFile
from ....aggregation.contract.json_text import JsonFault, first_bytes
from ....aggregation.contract.s3_access import is_s3
from ....aggregation.contract.spec import DecodeRules
from ....aggregation.runners.head_capacity import usable_cores
from ...profiles.profile import Profile
from ..base.probe import BackendState, Check, TripSource


class LocalTrips:
    """Trips in folders of this computer."""

    far = False

    def count(
        self,
        trips: str,
        store: str,
        rules: DecodeRules,
        check: Check,
        found: Callable[[int], None],
    ) -> inventory.TripCount:
        """See `TripSource.count`."""
        return inventory.count_trips(trips, store, rules, check, found)

    def first(self, trips: str) -> list[str]:
        """See `TripSource.first`."""
        return inventory.first_files(trips)

    def beginning(self, path: str, most: int) -> bytes:
        """See `TripSource.beginning`; raises `OSError`, or `BadTripFile` for a pipe."""
        try:
            return first_bytes(Path(path), most)
        except JsonFault as fault:
            raise BadTripFile("unreadable", f"{FILE_REASONS['unreadable']}: {fault.fault}", True) from fault


class LocalProbe:
    """Probe of this computer."""

    def __init__(self, profile: Profile, bucket: Callable[[], TripSource]) -> None:
        self._profile, self._bucket = profile, bucket

    def state(self) -> BackendState:
        """See `BackendProbe.state`; never fails."""
        return BackendState(cores=self._profile.workers or usable_cores())

    def trips(self, trips: str) -> TripSource:
        """Return the trips in a folder of this computer, or in a bucket."""
        return self._bucket() if is_s3(trips) else LocalTrips()

    def close(self) -> None:
        """Do nothing: there is no connection."""
