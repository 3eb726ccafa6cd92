"""Probe of a cluster behind Livy; its files are read over SSH if the profile names a host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional

from ....aggregation.contract.s3_access import is_s3
from ...errors import ProfileError
from ...profiles.credentials import ProfileKeys
from ...profiles.profile import Profile
from ...profiles.ssh_credentials import Credentials
from ...ssh.network import TIMEOUTS as SSH_TIMEOUTS
from ..base.probe import BackendState, TripSource
from .client import Timeouts
from .connection import Way
from .file_access import FileAccess

if TYPE_CHECKING:
    from ...ssh.known_hosts import KnownHosts
    from ..ssh.probe import HeadProbe

_OF_LIVY = Timeouts(connect=5.0, answer=10.0, whole=15.0)


class LivyProbe:
    """Probe of a profile's Livy, and of its host if it names one."""

    def __init__(
        self,
        profile: Profile,
        keys: ProfileKeys,
        known_hosts: Optional[KnownHosts],
        bucket: Callable[[], TripSource],
    ) -> None:
        self._profile, self._bucket = profile, bucket
        self._head: Optional[HeadProbe] = None
        timeouts = SSH_TIMEOUTS
        if profile.host and known_hosts is not None:
            from ..ssh.probe import TIMEOUTS, HeadProbe  # noqa: PLC0415  (need a package)

            timeouts, login = TIMEOUTS, keys.ssh or Credentials()
            self._head = HeadProbe(profile, login, known_hosts, bucket, has_spark=True)
        self._file_access = FileAccess(profile, keys, known_hosts, timeouts=timeouts)
        self._way = Way(profile, keys, self._file_access, _OF_LIVY)

    def state(self) -> BackendState:
        """Return the state of host, Livy and Spark's master; raises `ClientError` for a refused log-in."""
        state = self._head.state() if self._head is not None else BackendState()
        version = self._way.client.version()
        self._way.client.count()  # checks the login, which the version does not need
        return replace(state, service=f"Livy {version.partition('-')[0]}")

    def trips(self, trips: str) -> TripSource:
        """Return the trips in a bucket, or in a folder of the host."""
        if is_s3(trips):
            return self._bucket()
        if self._head is None:
            raise ProfileError(
                "host",
                f"The profile {self._profile.name!r} names no computer that sees folders of the cluster. The "
                "run may see them; name trips in a bucket (s3://…), or a host in the profile.",
            )
        return self._head.trips(trips)

    def close(self) -> None:
        """Close the connections."""
        self._way.close()
        self._file_access.close()
        if self._head is not None:
            self._head.close()
