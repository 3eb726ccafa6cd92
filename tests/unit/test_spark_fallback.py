"""Errors of Spark after which the head finishes the run, and the remark that a person reads."""

from __future__ import annotations

import pytest

from roadpulse.aggregation.contract.errors import Cancelled, RunError, StorageError
from roadpulse.aggregation.runners.head_start import HeadFallback
from roadpulse.aggregation.runners.spark.errors import DriverEnded, SparkLost, explained

VERSIONS = "The run's Spark is 4.0.1, the master's is 3.5.9."


@pytest.mark.parametrize(
    "told",
    [
        ImportError("No module named 'pyspark'"),
        RuntimeError("Java gateway process exited before sending its port number"),
        RuntimeError("Job aborted: All masters are unresponsive! Giving up."),
        RuntimeError("Job aborted: Master removed our application: FAILED"),
        ConnectionRefusedError("[Errno 111] Connection refused"),
    ],
    ids=["no-pyspark", "no-java", "no-master", "no-executor", "no-driver"],
)  # fmt: skip
def test_head_goes_on_where_spark_is_at_fault(told: Exception) -> None:
    fallback = HeadFallback(2)
    problem = explained(told, VERSIONS)
    assert fallback.can_replace_cluster(problem) and not fallback.active and not fallback.remark
    fallback.begin(problem)
    assert fallback.active
    assert fallback.remark.startswith("The head goes on alone")
    assert "run again" not in fallback.remark  # the run goes on


@pytest.mark.parametrize(
    "problem",
    [
        explained(RuntimeError("x\nTraceback (most recent call last):\nValueError: no such zone\n")),
        explained(RuntimeError("ExecutorLostFailure: Worker exited")),
        explained(RuntimeError("Job aborted: Master removed our application: KILLED")),
        RunError("The node pi1 does not see the trips as pi0 does."),
        StorageError("The disk is full."),
        DriverEnded("Its Java is gone."),
        Cancelled(),
    ],
    ids=["task", "worker", "killed", "trips", "store", "driver", "cancelled"],
)  # fmt: skip
def test_run_ends_at_whatever_else_goes_wrong(problem: RunError) -> None:
    fallback = HeadFallback(2)
    assert not fallback.can_replace_cluster(problem)
    with pytest.raises(type(problem)) as caught:
        fallback.begin(problem)
    assert caught.value is problem


def test_run_that_leaves_nothing_to_the_head_needs_spark() -> None:
    fallback = HeadFallback(0)
    lost = SparkLost("The Spark master does not answer.")
    assert not fallback.can_replace_cluster(lost) and lost.retry
    with pytest.raises(SparkLost, match="does not answer"):
        fallback.begin(lost)
