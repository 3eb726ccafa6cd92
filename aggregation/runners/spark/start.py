"""Start of a Spark application in the background of a run, and its end."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Optional

from ...contract.errors import Cancelled, RunError
from ..packages import Packages
from .errors import DriverEnded, NoSpark, SparkLost, explained
from .java import Java
from .job import END_SECONDS, call_with_timeout
from .master import MasterVersion, check_reachable
from .settings import configuration, requested_cores

log = logging.getLogger(__name__)

_DYING = 2.0


class SparkStart:
    """A Spark application for the run `name`, started by `begin` and ended by `close`.

    `context` is the SparkContext once it exists, `error` the reason if its start has failed, `facts` describe
    it for the manifest, and `cores` is the number requested (0: all, or not yet known). If Java is ended from
    outside, `cancel_asked` distinguishes a cancelled run from a failure.
    """

    def __init__(self, packages: Packages, name: str, cancel_asked: Callable[[], bool]) -> None:
        self.context: Any = None
        self.error: Optional[BaseException] = None
        self.facts: dict[str, Any] = {}
        self.cores = 0
        self._packages, self._name, self._cancel_asked = packages, name, cancel_asked
        self._java = Java()
        self._version: Optional[MasterVersion] = None
        self._thread: Optional[threading.Thread] = None
        self._half_started = False

    @property
    def begun(self) -> bool:
        """True once `begin` was called."""
        return self._thread is not None

    def begin(self, at_once: bool = False) -> None:
        """Start Spark in the background unless that was done.

        With `at_once` the call waits for its Java, as importing PySpark at the same time would slow both.
        """
        if self._thread is not None:
            return
        conf = self._configured() if at_once else None
        self._thread = threading.Thread(target=self._start, args=(conf,), daemon=True)
        self._thread.start()

    def starting(self, wait: float = 0.0) -> bool:
        """Wait up to `wait` seconds; return True if Spark is still starting."""
        if self._thread is None:
            return False
        self._thread.join(wait)
        return self._thread.is_alive()

    @property
    def problem(self) -> Optional[RunError]:
        """Error if Spark was lost or can never start, as far as it shows without an error of its own."""
        if not self._java.gone:
            return self._version.problem if self._version else None
        if self._cancel_asked():
            return Cancelled()
        what = "Spark's driver was ended from outside in the middle of the run: its Java is gone."
        if self._java.gone_first:
            return DriverEnded(f"{what} What was read so far is kept; run again.")
        return SparkLost(
            f"{what} What was read so far is kept; run again.",
            remark=f"{what} Most often its computer was short of memory.",
        )

    def check(self) -> None:
        """Raise `RunError`, most often `NoSpark`, if Spark was lost or can never start."""
        problem = self.explained(self.error) if self.error else self.problem
        if problem:
            raise problem

    def explained(self, error: BaseException) -> RunError:
        """Return the `RunError` for an error of Spark; `NoSpark` if it has prevented the start."""
        found = explained(error, self._version.description if self._version else "")
        end = time.monotonic() + _DYING
        while isinstance(found, SparkLost) and not self._java.gone and time.monotonic() < end:
            time.sleep(0.05)  # a killed Java closes its connections before it is gone
        if self.context is None and not isinstance(found, (NoSpark, Cancelled)):
            found = NoSpark(found.message, found.detail)
        return self.problem or found

    def close(self) -> None:
        """End the application, even during its start; frees its executors even if Spark hangs."""
        self._half_started = self.starting()
        if self.context is not None:
            # Not PySpark's stop(), which waits a second for one of its threads.
            call_with_timeout(END_SECONDS, self.context._jsc.stop)
            self.context = None
        self._java.close()

    def leave(self, code: int) -> None:
        """Exit this process with `code` if Spark's Java is its parent and still starting; called last."""
        if self._half_started:
            self._java.leave(code)

    # -- in the background --------------------------------------------------------------------------

    def _configured(self) -> Any:
        """Start Java and return Spark's configuration; None if that fails, with `error` set."""
        try:
            self._java.start()
            conf = configuration(self._name)
            self.cores = requested_cores(conf)
            return conf
        except BaseException as error:  # noqa: BLE001  (raised when the run waits for Spark)
            self.error = error
            return None

    def _start(self, conf: Any) -> None:
        conf = conf or (None if self.error else self._configured())
        if self.error is not None:
            return
        try:
            from pyspark import SparkContext, __version__  # noqa: PLC0415

            master = conf.get("spark.master") or ""
            check_reachable(master)
            self._version = MasterVersion(master, __version__)
            spark = SparkContext(conf=conf)
            spark.setLogLevel("WARN")
            # Otherwise it logs at length that the killed Java is gone.
            spark._accumulatorServer.handle_error = lambda *_: None
            for name, _ in self._packages.files if self._packages.shipped else ():
                spark.addFile(os.path.join(self._packages.folder, name))  # noqa: PTH118  (wants a text)
            self.facts = _facts(spark, self._packages)
            self.context = spark
            log.info("Spark %s is up: %s at %s", spark.version, spark.applicationId, spark.master)
        except BaseException as error:  # noqa: BLE001  (raised when the run waits for Spark)
            self.error = error


def _facts(spark: Any, packages: Packages) -> dict[str, Any]:
    settings = spark.getConf()
    host = settings.get("spark.driver.host")
    infos = spark._jsc.sc().statusTracker().getExecutorInfos()
    # The driver's own entry in the list of executors is to be excluded.
    own = next((info.port() for info in infos if info.host() == host), settings.get("spark.driver.port"))
    return {
        "spark": spark.version,
        "master": spark.master,
        "app_id": spark.applicationId,
        "ui": spark.uiWebUrl or "",
        "driver": f"{host}:{own}",
        "executor_memory": settings.get("spark.executor.memory", ""),
        "packages": packages.name,
    }
