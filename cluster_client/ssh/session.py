"""A reconnecting SSH session: opened when needed, and again after a broken connection."""

from __future__ import annotations

import threading
from typing import Callable, Optional, TypeVar

from ..profiles.profile import Profile
from ..profiles.ssh_credentials import Credentials
from ..retry import RETRY_POLICY, RetryingConnection, RetryPolicy
from .connection import Connection
from .known_hosts import KnownHosts
from .network import TIMEOUTS, Login, Timeouts
from .run_paths import RemoteFolders

T = TypeVar("T")
Work = Callable[[Connection, RemoteFolders], T]


class Session:
    """Connection to the cluster of one profile. Thread-safe.

    Functions get the connection and the user's folders there; they must be idempotent, as they are repeated
    after a broken connection.
    """

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        known_hosts: KnownHosts,
        timeouts: Timeouts = TIMEOUTS,
        retry_policy: RetryPolicy = RETRY_POLICY,
    ) -> None:
        self.profile, self.login = profile, Login.of(profile)
        self._credentials, self._known_hosts = credentials, known_hosts
        self._timeouts = timeouts
        self._connection: Optional[Connection] = None
        self._home = ""
        self._lock = threading.RLock()
        self._connector = RetryingConnection(self._connected, retry_policy)

    def once(self, work: Work[T]) -> T:
        """Call `work` once; raises `Unreachable` at the first failure."""
        return self._connector.once(lambda found: work(*found))

    def with_retries(
        self, work: Work[T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        """See `RetryingConnection.with_retries`."""
        return self._connector.with_retries(lambda found: work(*found), cancelled, total)

    def polled(self, work: Work[T]) -> T:
        """See `RetryingConnection.polled`."""
        return self._connector.polled(lambda found: work(*found))

    def close(self) -> None:
        """Close the connection; the next call opens one immediately."""
        self._connector.reset()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _connected(self) -> tuple[Connection, RemoteFolders]:
        with self._lock:
            if self._connection is None or not self._connection.alive:
                if self._connection is not None:
                    self._connection.close()
                self._connection = Connection.open(
                    self.login, self._credentials, self._known_hosts, self._timeouts
                )
            if not self._home:
                sftp = self._connection.sftp()
                with self._connection.guarded():
                    self._home = sftp.normalize(".")
            return self._connection, RemoteFolders.of(self.profile, self._home)
