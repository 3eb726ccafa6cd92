"""A connection that comes back: opened when it is needed, and again after it broke."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Optional, TypeVar

from ...aggregation.errors import Cancelled
from ..errors import Unreachable
from ..profile import Profile
from .connection import Connection
from .credentials import Credentials
from .known_hosts import KnownHosts
from .network import TIMEOUTS, Login, Timeouts
from .remote_run import Place

T = TypeVar("T")
Work = Callable[[Connection, Place], T]


@dataclass(frozen=True)
class Patience:
    """Seconds: how long one call tries a broken connection again, and the pauses between attempts."""

    total: float = 60.0
    first: float = 0.5
    longest: float = 30.0

    def pauses(self) -> Iterator[float]:
        """Ever longer pauses, without an end."""
        pause = self.first
        while True:
            yield pause
            pause = min(self.longest, pause * 2)


PATIENCE = Patience()
_LASTING_SECONDS = 5.0
"""An attempt that was connected for so long got somewhere."""


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
        self._timeouts, self._patience = timeouts, patience
        self._connection: Optional[Connection] = None
        self._home = ""
        self._lock = threading.RLock()
        self._fault: Optional[Unreachable] = None
        self._not_before, self._pauses = 0.0, patience.pauses()

    def at_once(self, work: Work[T]) -> T:
        """Do something; the first cut is raised."""
        return work(*self._connected())

    def patiently(
        self, work: Work[T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        """Do something; a cut is waited out for `total` seconds (0: `Patience.total`), counted anew after
        every attempt that lasted."""
        total = total or self._patience.total
        since: Optional[float] = None
        pauses = self._patience.pauses()
        while True:
            connected: Optional[float] = None
            try:
                connection, place = self._connected()
                connected = time.monotonic()
                return work(connection, place)
            except Unreachable:
                now = time.monotonic()
                if since is None or (connected is not None and now - connected > _LASTING_SECONDS):
                    since, pauses = now, self._patience.pauses()
                pause = next(pauses)
                if now + pause > since + total:
                    raise
            wake = time.monotonic() + pause
            while (left := wake - time.monotonic()) > 0:
                if cancelled():
                    raise Cancelled
                time.sleep(min(0.1, left))

    def again_and_again(self, work: Work[T]) -> T:
        """Do something, for callers who come again anyhow: one attempt.

        While nobody answers, callers are told so at once and attempts are made ever more rarely.
        """
        with self._lock:
            if self._fault is not None and time.monotonic() < self._not_before:
                raise self._fault
            try:
                found = work(*self._connected())
            except Unreachable as error:
                self._fault, self._not_before = error, time.monotonic() + next(self._pauses)
                raise
            self._rest()
            return found

    def close(self) -> None:
        """Give up the connection; the next call opens one, at once."""
        with self._lock:
            self._rest()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rest(self) -> None:
        self._fault, self._not_before, self._pauses = None, 0.0, self._patience.pauses()

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
