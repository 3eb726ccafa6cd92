"""The executors of a Spark application, looked at once a second while the run goes on."""

from __future__ import annotations

import logging
import time
from typing import Any

log = logging.getLogger(__name__)

_UPDATE_SECONDS = 1.0
_WAITING_SECONDS = 4.0
_LONG_SECONDS = 15.0


class Executors:
    """The executors of an application: all `names` so far, the number `now`, and whether the run waits."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.now = 0
        self.cores = 0
        self.waiting = False
        self._looked = self._seen = 0.0

    @property
    def long_absent(self) -> bool:
        """True if Spark is up and has had no executor for long."""
        return not self.now and self._looked - self._seen > _LONG_SECONDS

    def expect(self) -> None:
        """Begin to count the time without executors."""
        self._seen, self.waiting = time.monotonic(), False

    def look(self, spark: Any, driver: str) -> None:
        """See which there are; without any for a while the run waits for cores. `driver` is none of them."""
        if time.monotonic() - self._looked < _UPDATE_SECONDS:
            return
        first, self._looked = not self._looked, time.monotonic()
        self._seen = self._looked if first else self._seen
        try:
            found = spark._jsc.sc().statusTracker().getExecutorInfos()
            cores = max(spark.defaultParallelism, 1) if self.now else 0
            names = {f"{info.host()}:{info.port()}" for info in found if info.port()}
        except Exception as error:  # noqa: BLE001  (the job itself reports it)
            log.debug("Spark does not tell its executors: %r", error)
            return
        names.discard(driver)
        for name in sorted(names - self.names):
            log.info("Executor at %s", name)
        self.names |= names
        self.now, self.cores = len(names), cores
        if names:
            self._seen, self.waiting = self._looked, False
        elif self._looked - self._seen > _WAITING_SECONDS:
            self.waiting = True
