"""A connection that comes back: opened when it is needed, and again after it broke."""

from __future__ import annotations

import threading
from typing import Callable, Optional, TypeVar

from ..profiles.profile import Profile
from ..profiles.ssh_credentials import Credentials
from ..retry import PATIENCE, Patience, Persistent
from .connection import Connection
from .known_hosts import KnownHosts
from .network import TIMEOUTS, Login, Timeouts
from .run_paths import Place

T = TypeVar("T")
Work = Callable[[Connection, Place], T]


class Session:
    """The connection to the cluster of one profile; calls may come from several threads.

    Work gets the connection and the user's folders there, and is done again after a cut: it must bear that.
    """

    def __init__(
        self,
        profile: Profile,
        credentials: Credentials,
        known_hosts: KnownHosts,
        timeouts: Timeouts = TIMEOUTS,
        patience: Patience = PATIENCE,
    ) -> None:
        self.profile, self.login = profile, Login.of(profile)
        self._credentials, self._known_hosts = credentials, known_hosts
        self._timeouts = timeouts
        self._connection: Optional[Connection] = None
        self._home = ""
        self._lock = threading.RLock()
        self._persistent = Persistent(self._connected, patience)

    def at_once(self, work: Work[T]) -> T:
        """Do something; the first cut is raised."""
        return self._persistent.at_once(lambda found: work(*found))

    def patiently(
        self, work: Work[T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        """See `Persistent.patiently`."""
        return self._persistent.patiently(lambda found: work(*found), cancelled, total)

    def again_and_again(self, work: Work[T]) -> T:
        """See `Persistent.again_and_again`."""
        return self._persistent.again_and_again(lambda found: work(*found))

    def close(self) -> None:
        """Give up the connection; the next call opens one, at once."""
        self._persistent.rest()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _connected(self) -> tuple[Connection, Place]:
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
            return self._connection, Place.of(self.profile, self._home)
