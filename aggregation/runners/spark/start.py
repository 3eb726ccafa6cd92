"""Starting Spark in the background of a run that goes on meanwhile, and ending it again."""

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

    `context` is the SparkContext once it is there, `error` the reason why it never will be, `facts` its
    description, and `cores` the number it asks for (0: all, or not known yet). If Java is ended from outside,
    `cancel_asked` distinguishes a cancelled run from an accident.
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
        """True once the start has begun."""
        return self._thread is not None

    def begin(self, at_once: bool = False) -> None:
        """Ask for Spark, unless that was done.

        With `at_once` nothing else is done until its Java is up: importing PySpark aside would only slow
        both down.
        """
        if self._thread is not None:
            return
        conf = self._configured() if at_once else None
        self._thread = threading.Thread(target=self._start, args=(conf,), daemon=True)
        self._thread.start()

    def starting(self, wait: float = 0.0) -> bool:
        """Return True if Spark is still starting; waits for `wait` seconds at most."""
        if self._thread is None:
            return False
        self._thread.join(wait)
        return self._thread.is_alive()

    @property
    def problem(self) -> Optional[RunError]:
        """The error if Spark has ended or can never start, as far as it shows without an error of its own."""
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
        """Raise `RunError`, most often `NoSpark`, where Spark is not there any more or never can be."""
        problem = self.explained(self.error) if self.error else self.problem
        if problem:
            raise problem

    def explained(self, error: BaseException) -> RunError:
        """Return the message for an error of Spark; `NoSpark` if Spark did not start because of it."""
        found = explained(error, self._version.description if self._version else "")
        end = time.monotonic() + _DYING
        while isinstance(found, SparkLost) and not self._java.gone and time.monotonic() < end:
            time.sleep(0.05)  # a Java that was ended closes its connections before it is gone
        if self.context is None and not isinstance(found, (NoSpark, Cancelled)):
            found = NoSpark(found.message, found.detail)
        return self.problem or found

    def close(self) -> None:
        """End the application, in the middle of its start if need be; its executors are free then, even
        where Spark does not answer."""
        self._half_started = self.starting()
        if self.context is not None:
            # Not Python's own stop(), which then waits a second for a thread of its own.
            call_with_timeout(END_SECONDS, self.context._jsc.stop)
            self.context = None
        self._java.close()

    def leave(self, code: int) -> None:
        """The last act of this process, which ends with `code`."""
        if self._half_started:
            self._java.leave(code)

    # -- in the background --------------------------------------------------------------------------

    def _configured(self) -> Any:
        """Spark's configuration; None where Spark is not there, and then there is an `error`."""
        try:
            self._java.start()
            conf = configuration(self._name)
            self.cores = requested_cores(conf)
            return conf
        except BaseException as error:  # noqa: BLE001  (raised where the run waits for Spark)
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
            # else it logs at length that Java, which was ended, is gone
            spark._accumulatorServer.handle_error = lambda *_: None
            for name, _ in self._packages.files if self._packages.shipped else ():
                spark.addFile(os.path.join(self._packages.folder, name))  # noqa: PTH118  (wants a text)
            self.facts = _facts(spark, self._packages)
            self.context = spark
            log.info("Spark %s is up: %s at %s", spark.version, spark.applicationId, spark.master)
        except BaseException as error:  # noqa: BLE001  (raised where the run waits for Spark)
            self.error = error


def _facts(spark: Any, packages: Packages) -> dict[str, Any]:
    settings = spark.getConf()
    host = settings.get("spark.driver.host")
    infos = spark._jsc.sc().statusTracker().getExecutorInfos()
    # The driver has an entry of its own in the list of executors, to be left out of it.
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
