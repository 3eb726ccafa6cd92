"""Work over a network that breaks: done again after a cut, which it must bear."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from ..aggregation.contract.errors import Cancelled
from .errors import Unreachable

C = TypeVar("C")
T = TypeVar("T")


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


class Persistent(Generic[C]):
    """Does work with what `connect` gives, which may raise `Unreachable` as the work may.

    Calls may come from several threads.
    """

    def __init__(self, connect: Callable[[], C], patience: Patience = PATIENCE) -> None:
        self._connect, self._patience = connect, patience
        self._lock = threading.RLock()
        self._fault: Optional[Unreachable] = None
        self._not_before, self._pauses = 0.0, patience.pauses()

    def at_once(self, work: Callable[[C], T]) -> T:
        """Do something; the first cut is raised."""
        return work(self._connect())

    def patiently(
        self, work: Callable[[C], T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        """Do something; a cut is waited out for `total` seconds (0: `Patience.total`), counted anew after
        every attempt that lasted."""
        total = total or self._patience.total
        since: Optional[float] = None
        pauses = self._patience.pauses()
        while True:
            connected: Optional[float] = None
            try:
                way = self._connect()
                connected = time.monotonic()
                return work(way)
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

    def again_and_again(self, work: Callable[[C], T]) -> T:
        """Do something, for callers who come again anyhow: one attempt.

        While nobody answers, callers are told so at once and attempts are made ever more rarely.
        """
        with self._lock:
            if self._fault is not None and time.monotonic() < self._not_before:
                raise self._fault
            try:
                found = work(self._connect())
            except Unreachable as error:
                self._fault, self._not_before = error, time.monotonic() + next(self._pauses)
                raise
            self.rest()
            return found

    def rest(self) -> None:
        """Forget how long nobody answered: the next call is an attempt."""
        with self._lock:
            self._fault, self._not_before, self._pauses = None, 0.0, self._patience.pauses()
