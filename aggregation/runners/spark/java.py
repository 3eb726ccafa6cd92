"""Spark's Java process: lookup, start and end.

Under `spark-submit`, as through Livy, it exists before this process, as its parent. Otherwise PySpark starts
it as a child when the run needs it, as Spark's own `pyspark` does, by SPARK_HOME and PYSPARK_SUBMIT_ARGS. The
child ends with this process, however that ends.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import shlex
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from .errors import NoSpark
from .job import END_SECONDS, call_with_timeout

if TYPE_CHECKING:
    import subprocess  # nosec B404

_PROCESSES = Path("/proc")
_FORKING = 2.0


def under_spark_submit() -> bool:
    """Return True if `spark-submit` has started this process."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def submitted_words() -> list[str]:
    """Return the arguments of the `spark-submit` of this process, its own or PySpark's; empty if unknown."""
    try:
        if not under_spark_submit():
            return shlex.split(os.environ.get("PYSPARK_SUBMIT_ARGS", ""))
        line = Path(_PROCESSES, str(os.getppid()), "cmdline").read_bytes()
    except (OSError, ValueError):
        return []
    return os.fsdecode(line).split("\0")


class Java:
    """The Java process of this process's Spark; `start` starts it unless it is the parent."""

    def __init__(self) -> None:
        self._parent = os.getppid() if under_spark_submit() else 0
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._siblings: Optional[set[int]] = None  # set while it is being started
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start Java and connect PySpark with it, which takes seconds.

        Raises `NoSpark` if Spark or Java is missing, and PySpark's own exceptions if it fails.
        """
        if not self._parent:
            _find_pyspark()
            _check_java()
        from pyspark import SparkContext  # noqa: PLC0415  (only where a run is on Spark)

        with self._lock:
            if self._closed:
                raise NoSpark("Spark is not wanted any more.")
            if not self._parent:
                self._siblings = _children(os.getpid())
        try:
            SparkContext._ensure_initialized()
            if not self._parent:
                self._process = getattr(SparkContext._gateway, "proc", None)
        finally:
            self._siblings = None

    @property
    def gone(self) -> bool:
        """True if it has run and has ended."""
        return self.gone_first or (self._process is not None and self._process.poll() is not None)

    @property
    def gone_first(self) -> bool:
        """True if it had started this process and has ended, which ends the run."""
        return bool(self._parent) and os.getppid() != self._parent

    def close(self) -> None:
        """End the Java that was started here, even in the middle of its start."""
        # Otherwise it logs every interrupted call.
        logging.getLogger().addFilter(lambda record: "py4j" not in record.pathname)
        with self._lock:
            self._closed = True
            siblings, process, self._process = self._siblings, self._process, None
        if process is not None:
            # It shuts down in order when its connection to this process closes.
            call_with_timeout(END_SECONDS, lambda: (process.stdin and process.stdin.close(), process.wait()))
            if process.poll() is None:
                process.kill()
        elif siblings is not None:
            end = time.monotonic() + _FORKING
            while time.monotonic() < end:
                found = _children(os.getpid()) - siblings
                if found:
                    _kill(found)
                    return
                time.sleep(0.02)

    def leave(self, code: int) -> None:
        """End a parent that is in the middle of starting Spark, and so this process; otherwise do nothing."""
        if self._parent:
            call_with_timeout(END_SECONDS, lambda: _exit(code))


def _find_pyspark() -> None:
    """Make the PySpark of SPARK_HOME importable; raises `NoSpark` if there is no such Spark."""
    home = os.environ.get("SPARK_HOME", "")
    if not home:
        if importlib.util.find_spec("pyspark") is None:
            raise _no_spark("spark-submit")
        return  # PySpark includes its own Spark
    submit = Path(home, "bin", "spark-submit")
    if not submit.is_file():
        raise _no_spark(str(submit))
    here = importlib.util.find_spec("pyspark")
    if here and here.origin and Path(here.origin).parent.resolve() == Path(home).resolve():
        return  # installed with pip and compiled, unlike the zip
    python = Path(home, "python")
    whole = python if (python / "pyspark" / "__init__.py").is_file() else python / "lib" / "pyspark.zip"
    for path in (*python.glob("lib/py4j-*-src.zip"), whole):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
    importlib.invalidate_caches()


def _no_spark(submit: str) -> NoSpark:
    return NoSpark(
        f"Spark is not there: {submit} is missing. Correct Spark's folder in the profile, or install it."
    )


def _check_java() -> None:
    """Raise `NoSpark` if Spark's own scripts would not find Java."""
    home = os.environ.get("JAVA_HOME", "")
    if not shutil.which(os.path.join(home, "bin", "java") if home else "java"):  # noqa: PTH118  (a text)
        raise NoSpark(
            "Spark found no Java. Install Java 17, or set JAVA_HOME in conf/spark-env.sh of Spark.",
            f"JAVA_HOME={home}",
        )


def _children(process: int) -> set[int]:
    """Return the ids of a process's running children; empty if unknown."""
    found: set[int] = set()
    for entry in _PROCESSES.glob(f"{process}/task/*/children"):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in entry.read_text(encoding="ascii").split())
    return found


def _kill(processes: set[int]) -> None:
    """Kill processes and all their descendants, parents first, so that they start no others."""
    for pid in processes:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGSTOP)
        below = _children(pid)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        _kill(below)


def _exit(code: int) -> None:
    """End Java and so this process with an exit code; does not return.

    If only Python ended, Java would interrupt its threads, and the one that binds the port of Spark's page
    might then end Java with an exit code of failure.
    """
    from pyspark import SparkContext  # noqa: PLC0415

    jvm: Any = SparkContext._jvm
    log4j = jvm.org.apache.logging.log4j
    log4j.core.config.Configurator.setAllLevels("", log4j.Level.OFF)  # interrupted calls would be logged
    jvm.System.exit(code)
