"""The head works until Spark has executors, and whatever becomes of either, the result is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from development.cluster import Cluster
from development.cluster_daemons import Process, descendants
from tests.integration.spark_fixtures import Start, newest, spec_of
from tests.integration.spark_runs import MOST_WORKER_MB, SparkRun

NEVER = "2g"
"""Memory of an executor that no worker has: Spark starts, and never has any."""

pytestmark = newest


@pytest.fixture
def begin(start: Start) -> Start:
    """Starts runs with a head start."""

    def run(spec: dict[str, object], workers: int, **conf: str) -> SparkRun:
        return start(spec, "--head-workers", str(workers), **conf)

    return run


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)


def of_the_head(run: SparkRun) -> list[Process]:
    """The head's processes, once the run reads trips."""
    return descendants(run.wait_for(lambda status: status["state"] == "decoding")["pid"])


def has_left_nothing(run: SparkRun, cluster: Cluster) -> None:
    """No process of the run lives, and the master has no application any more."""
    assert run.process is not None
    group = str(run.process.pid)
    told = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(None, 2) for line in told.stdout.splitlines()]
    assert not [line for line in lines if line[0] == group and line[1][0] not in "ZX"]
    until(lambda: not cluster.spark.state()["activeapps"], 10)
    assert cluster.spark.cores_used() == 0


@pytest.mark.belfast
def test_head_does_everything_where_spark_gets_no_executors(
    begin: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    run = begin(spec_of(belfast / "trips", tmp_path / "store"), 2, executor_memory=NEVER)
    status = run.wait_for(lambda status: status["state"] == "decoding")
    assert (status["workers"], status["message"]) == (2, "")
    run.finish()
    has_left_nothing(run, cluster)
    assert run.tables() == belfast_tables
    runner = run.manifest()["runner"]
    assert runner["head_workers"] == run.manifest()["workers"] == 2
    assert runner["head_tasks"] > 2
    assert runner["executors"] == []
    assert 0 < runner["worker_memory_mb"] <= MOST_WORKER_MB


@pytest.mark.belfast
def test_run_that_ends_while_spark_starts_does_not_wait_for_it(
    begin: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    spec = spec_of(belfast / "trips", tmp_path / "store")
    begin(spec, 2).finish()
    again = begin(spec, 2).finish()  # reads no trip
    has_left_nothing(again, cluster)
    assert again.manifest()["files"]["decoded"] == 0
    assert again.tables() == belfast_tables


@pytest.mark.belfast
@pytest.mark.parametrize("accident", [signal.SIGSTOP, signal.SIGKILL], ids=["slow", "killed"])
def test_spark_does_the_rest_of_a_head_that_is(
    begin: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path,
    accident: signal.Signals,
) -> None:  # fmt: skip
    run = begin(spec_of(belfast / "trips", tmp_path / "store"), 1)
    (process,) = of_the_head(run)
    process.send(accident)
    if accident == signal.SIGSTOP:
        status = run.wait_for(lambda status: status["runner"]["executors"])
        assert status["message"] == ""
        process.send(signal.SIGCONT)
    run.finish()
    assert not process.alive
    has_left_nothing(run, cluster)
    assert run.tables() == belfast_tables
    manifest = run.manifest()
    assert manifest["files"]["decoded"] == manifest["files"]["named"]
    assert manifest["runner"]["executors"]
    assert (manifest["runner"]["head_tasks"] > 0) is (accident == signal.SIGSTOP)
    assert ("ended in the middle of a task" in run.log()) is (accident == signal.SIGKILL)


@pytest.mark.parametrize("whole", [True, False], ids=["group", "python-alone"])
def test_run_can_be_cancelled_while_the_head_works(
    begin: Start, cluster: Cluster, many_trips: Path, tmp_path: Path, whole: bool
) -> None:  # fmt: skip
    run = begin(spec_of(many_trips, tmp_path / "store"), 1, executor_memory=NEVER)
    (process,) = of_the_head(run)
    run.signal(signal.SIGTERM) if whole else os.kill(run.status()["pid"], signal.SIGTERM)
    run.wait(30)
    until(lambda: run.status()["state"] == "cancelled")
    until(lambda: not process.alive)
    assert not run.manifest()
    has_left_nothing(run, cluster)
