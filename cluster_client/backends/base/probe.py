"""Interface of probes of backends before a run: reachability, workers, and trips.

    probe = workflow.backends.probe_for(profile, credentials)
    probe.state()                            # BackendState: connected, 16 workers
    source = probe.trips("/mnt/shared/trips")
    source.count(trips, store, rules, check, found)

Every call takes a few seconds at most, changes nothing, and is thread-safe. A diagnosis examines more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, Protocol

from ....aggregation.contract.spec import DecodeRules
from ....aggregation.inventory import TripCount

Check = Callable[[], None]


@dataclass(frozen=True)
class BackendState:
    """State of a backend that has answered.

    `workers` are those of Spark that are alive (None: without Spark, or unknown), `cores` those of all of
    them, or of the one computer (0: not known); `free` how many of these no other run uses (None: not known).
    `service` is the service that takes runs, such as Livy and its version. `remark` names what would keep a
    run waiting, and what to do.
    """

    workers: Optional[int] = None
    cores: int = 0
    free: Optional[int] = None
    service: str = ""
    remark: str = ""


class TripSource(Protocol):
    """Trips at one location; `far` is True if reading them takes the network.

    Errors are those of `cluster_client.errors` and `aggregation.contract.errors`.
    """

    far: bool

    def count(
        self,
        trips: str,
        store: str,
        rules: DecodeRules,
        check: Check,
        found: Callable[[int], None],
    ) -> TripCount:
        """Count the trip files, and the new ones; `check` may raise to stop."""

    def first(self, trips: str) -> list[str]:
        """Return the first trip files, without listing all."""

    def beginning(self, path: str, most: int) -> bytes:
        """Return the first `most` bytes of a trip file, all if it has fewer; raises `BadTripFile`."""


class BackendProbe(Protocol):
    """Probe of one profile's backend."""

    def state(self) -> BackendState:
        """Return the backend's state; raises `ClientError` or `S3Error`."""

    def trips(self, trips: str) -> TripSource:
        """Return the reader of trips at a path, in a bucket or on the backend's computers."""

    def close(self) -> None:
        """Close connections, which may take a moment."""
