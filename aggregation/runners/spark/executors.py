"""Executors of a Spark application, polled once a second during a run."""

from __future__ import annotations

import logging
import time
from typing import Any

log = logging.getLogger(__name__)

_UPDATE_SECONDS = 1.0
_WAITING_SECONDS = 4.0
_LONG_SECONDS = 15.0


class Executors:
    """State of the executors: all `names` so far, the number `now`, their `cores`.

    `waiting` is True while the run has waited some seconds for the first one.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.now = 0
        self.cores = 0
        self.waiting = False
        self._updated = self._seen = 0.0

    @property
    def long_absent(self) -> bool:
        """True if there has been no executor for long, although Spark is up."""
        return not self.now and self._updated - self._seen > _LONG_SECONDS

    def expect(self) -> None:
        """Start to wait for executors."""
        self._seen, self.waiting = time.monotonic(), False

    def update(self, spark: Any, driver: str) -> None:
        """Poll the executors, at most once a second; `driver` is the driver's own entry, to be excluded."""
        if time.monotonic() - self._updated < _UPDATE_SECONDS:
            return
        first, self._updated = not self._updated, time.monotonic()
        self._seen = self._updated if first else self._seen
        try:
            found = spark._jsc.sc().statusTracker().getExecutorInfos()
            names = {f"{info.host()}:{info.port()}" for info in found if info.port()} - {driver}
            cores = max(spark.defaultParallelism, 1) if names else 0
        except Exception as error:  # noqa: BLE001  (the job itself reports errors)
            log.debug("Spark's executors could not be listed: %r", error)
            return
        for name in sorted(names - self.names):
            log.info("Executor at %s", name)
        self.names |= names
        self.now, self.cores = len(names), cores
        if names:
            self._seen, self.waiting = self._updated, False
        elif self._updated - self._seen > _WAITING_SECONDS:
            self.waiting = True
