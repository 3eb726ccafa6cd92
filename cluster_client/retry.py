"""Retries of idempotent operations over an unreliable connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from ..aggregation.contract.errors import Cancelled, NoAnswer

C = TypeVar("C")
T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Retry policy in seconds: the total time of one call's attempts, and the pauses between them."""

    total: float = 60.0
    first: float = 0.5
    longest: float = 30.0

    def pauses(self) -> Iterator[float]:
        """Yield increasing pauses, endlessly."""
        pause = self.first
        while True:
            yield pause
            pause = min(self.longest, pause * 2)


RETRY_POLICY = RetryPolicy()
_LASTING_SECONDS = 5.0
"""Duration from which a connected attempt counts as progress."""


class RetryingConnection(Generic[C]):
    """Applies functions to a connection from `connect`; both may raise `NoAnswer`. Thread-safe.

    Functions must be idempotent, as they are repeated after a broken connection.
    """

    def __init__(self, connect: Callable[[], C], retry_policy: RetryPolicy = RETRY_POLICY) -> None:
        self._connect, self._retry_policy = connect, retry_policy
        self._lock = threading.RLock()
        self._fault: Optional[NoAnswer] = None
        self._not_before, self._pauses = 0.0, retry_policy.pauses()

    def once(self, work: Callable[[C], T]) -> T:
        """Call `work` once; raises `Unreachable` at the first failure."""
        return work(self._connect())

    def with_retries(
        self, work: Callable[[C], T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        """Call `work`, with retries for `total` seconds (0: the policy's), restarted after long attempts."""
        total = total or self._retry_policy.total
        since: Optional[float] = None
        pauses = self._retry_policy.pauses()
        while True:
            connected: Optional[float] = None
            try:
                way = self._connect()
                connected = time.monotonic()
                return work(way)
            except NoAnswer:
                now = time.monotonic()
                if since is None or (connected is not None and now - connected > _LASTING_SECONDS):
                    since, pauses = now, self._retry_policy.pauses()
                pause = next(pauses)
                if now + pause > since + total:
                    raise
            wake = time.monotonic() + pause
            while (left := wake - time.monotonic()) > 0:
                if cancelled():
                    raise Cancelled
                time.sleep(min(0.1, left))

    def polled(self, work: Callable[[C], T]) -> T:
        """Call `work` once, for callers that poll.

        While the server does not answer, calls fail at once, and attempts become increasingly rare.
        """
        with self._lock:
            if self._fault is not None and time.monotonic() < self._not_before:
                raise self._fault
            try:
                found = work(self._connect())
            except NoAnswer as error:
                self._fault, self._not_before = error, time.monotonic() + next(self._pauses)
                raise
            self.reset()
            return found

    def reset(self) -> None:
        """Reset the pauses: the next call makes an attempt."""
        with self._lock:
            self._fault, self._not_before, self._pauses = None, 0.0, self._retry_policy.pauses()
