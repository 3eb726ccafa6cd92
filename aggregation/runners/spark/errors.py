"""Errors of Spark as messages: what happened, to what, what to do."""

from __future__ import annotations

import re

from ...contract.errors import RunError
from ..cluster import ClusterUnavailable

_LONGEST = 4000


class NoSpark(ClusterUnavailable):
    """Spark is unavailable or was lost."""


class SparkLost(NoSpark):
    """Spark, or a part of it, was lost; the same run may succeed later."""

    retry = True


class DriverEnded(RunError):
    """The driver that had started this run was ended from outside; another run may succeed."""

    retry = True


def explained(error: BaseException, versions: str = "") -> RunError:
    """Return the `RunError` for an error of Spark, with its own text as detail; `NoSpark` if no task failed.

    `versions` is a sentence on the driver's and the master's versions.
    """
    if isinstance(error, RunError):
        return error
    text = str(error)
    if isinstance(error, ImportError):
        return NoSpark(
            f"Spark's Python package is not there: {error}. Start the run with spark-submit.", repr(error)
        )
    if "gateway process exited" in text:
        return NoSpark(
            "Spark did not start: its Java ended at once. The run's log says why; often it is not Java 17, "
            "or the driver's memory is more than the head has.",
            text[-_LONGEST:],
        )
    if "All masters are unresponsive" in text or "Cannot call methods on a stopped SparkContext" in text:
        return SparkLost(
            "Spark ended the application before it was done: the master did not take it or was stopped. "
            f"{versions} Use one version of Spark, see that the master runs, and run again.",
            text[-_LONGEST:],
            f"The Spark master did not take the application or was stopped. {versions} Use one version of "
            "Spark, and see that the master runs.",
        )
    if "Master removed our application: KILLED" in text:
        return RunError(
            "Somebody ended the application on the Spark master. What was read so far is kept; run again.",
            text[-_LONGEST:],
        )
    if "Master removed our application" in text:
        return NoSpark(
            "The Spark master gave the application up, since its executors ended again and again. Look for "
            "the reason in an executor's stderr on the master's page; often it is too little memory.",
            text[-_LONGEST:],
        )
    raised = re.findall(r"^(?:\w+\.)*(\w+(?:Error|Exception)?): (.*)$", _python_part(text), re.MULTILINE)
    if raised:
        return RunError(
            f"A task failed on the cluster, again after Spark repeated it: {raised[-1][1]}", text[-_LONGEST:]
        )
    if "ExecutorLostFailure" in text or "Worker exited" in text or "Python worker" in text:
        return RunError(
            "A task ended its worker again and again, most often because a node ran out of memory. Nothing "
            "was lost; run again with fewer cores an executor.",
            text[-_LONGEST:],
        )
    if type(error).__name__ in ("Py4JNetworkError", "Py4JError") or isinstance(error, OSError):
        return SparkLost(
            "Spark's driver ended in the middle of the run. Nothing was lost; run again.",
            repr(error),
            "Spark's driver ended in the middle of the run.",
        )
    return RunError(
        f"Spark failed: {text.strip().splitlines()[0] if text.strip() else error!r}",
        text[-_LONGEST:],
    )


def _python_part(text: str) -> str:
    """Return the Python traceback in the text of a Java exception."""
    _, mark, rest = text.partition("Traceback (most recent call last):")
    return rest.split("\n\tat ", 1)[0] if mark else ""
