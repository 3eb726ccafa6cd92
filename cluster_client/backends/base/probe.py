"""What can be told of a place before a run: whether it answers, who works there, which trips lie there.

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
    """A place that answered. `workers` are those of Spark that are alive (None: there is no Spark, or it
    does not tell), `cores` those of all of them, or of the one computer (0: not known); `free` how many of
    these no other run uses (None: not known). `service` is what takes runs there, such as Livy and its
    version. `remark` says what would keep a run waiting, and what to do.
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
        """How many trip files there are, and how many are new; `check` may raise to stop."""

    def first(self, trips: str) -> list[str]:
        """A few of the files that TRIPS names, soon."""

    def read(self, path: str, most: int) -> bytes:
        """The content of a trip file; raises `BadTripFile` for one that is larger than `most` bytes."""


class BackendProbe(Protocol):
    """Looks at one place."""

    def state(self) -> BackendState:
        """Whether the place answers, and with what; raises `ClientError` or `S3Error`."""

    def trips(self, trips: str) -> TripSource:
        """What reads the trips of that name, which lie in a bucket or at the place itself."""

    def close(self) -> None:
        """Give up connections; may take a moment."""
