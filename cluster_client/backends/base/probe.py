"""State of a place before a run: whether it answers, its workers, and its trips.

    probe = workflow.backends.probe_for(profile, credentials)
    probe.state()                            # BackendState: connected, 16 workers
    source = probe.trips("/mnt/shared/trips")
    source.count(trips, store, mapping, check, found)

Cheap, and for threads: every call takes a few seconds at most, changes nothing of the person's, and may come
from several threads at once. A diagnosis looks closer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional, Protocol

from ....aggregation.contract.spec import FieldMapping
from ....aggregation.inventory import TripCount

Check = Callable[[], None]


@dataclass(frozen=True)
class BackendState:
    """The state of a place that answered.

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
    """The trips at one place; `far` says that reading them takes the network.

    Errors are those of `cluster_client.errors` and `aggregation.contract.errors`.
    """

    far: bool

    def count(
        self,
        trips: str,
        store: str,
        mapping: FieldMapping,
        check: Check,
        found: Callable[[int], None],
    ) -> TripCount:
        """Count the trip files, and those that are new; `check` may raise to stop."""

    def first(self, trips: str) -> list[str]:
        """A few of the files that TRIPS names, soon."""

    def read(self, path: str, most: int) -> bytes:
        """The content of a trip file; raises `BadTripFile` for one that is larger than `most` bytes."""


class BackendProbe(Protocol):
    """Looks at one place."""

    def state(self) -> BackendState:
        """Return the state of the place; raises `ClientError` or `S3Error`."""

    def trips(self, trips: str) -> TripSource:
        """Return the reader of the trips of that name, in a bucket or at the place itself."""

    def close(self) -> None:
        """Give up connections; may take a moment."""
