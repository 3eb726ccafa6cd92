"""The head works until Spark has executors; failures of either do not change the result."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from development.cluster import Cluster
from development.cluster_daemons import descendants
from roadpulse.cluster_client.ssh.job_zip import MAIN
from tests.integration.spark_fixtures import (
    QUICKLY,
    Start,
    in_the_middle,
    newest,
    spec_of,
    wait_for_free_cores,
)
from tests.integration.spark_runs import MOST_HEAD_MB, SparkRun, halted, of_the_head
from tests.waiting import until

NEVER = "2g"
"""Memory of an executor that no worker has: Spark starts, and never has any."""

pytestmark = newest


@pytest.fixture
def begin(start: Start) -> Start:
    """Starts runs with a head start."""

    def run(spec: dict[str, object], workers: int, **conf: str) -> SparkRun:
        return start(spec, "--head-workers", str(workers), **conf)

    return run


def applications(cluster: Cluster) -> int:
    """How many applications the master has ever seen, of those that it remembers."""
    state = cluster.spark.state()
    return len(state["activeapps"]) + len(state["completedapps"])


def alive_in(group: str) -> list[list[str]]:
    """The processes of a group that have not ended."""
    told = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(None, 2) for line in told.stdout.splitlines()]
    return [line for line in lines if line[0] == group and line[1][0] not in "ZX"]


def has_left_nothing(run: SparkRun, cluster: Cluster) -> None:
    """No process of the run lives, and the master has no application any more."""
    assert run.process is not None
    group = str(run.process.pid)
    until(lambda: not alive_in(group))  # a Java that was killed frees its memory first
    until(lambda: not cluster.spark.state()["activeapps"])
    wait_for_free_cores(cluster)


@pytest.mark.belfast
@pytest.mark.parametrize("entry", ["", MAIN], ids=["as-over-ssh", "as-by-livy"])
def test_what_the_head_does_in_no_time_needs_no_spark(
    start: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path, entry: str
) -> None:  # fmt: skip
    before = applications(cluster)
    spec = spec_of(belfast / "trips", tmp_path / "store")
    for decoded in (len(list((belfast / "trips").iterdir())), 0):
        run = start(spec, "--head-workers", "auto", entry=entry).finish()
        assert run.tables() == belfast_tables
        manifest = run.manifest()
        assert manifest["files"]["decoded"] == decoded
        runner = manifest["runner"]
        assert runner["head_workers"] == manifest["workers"] > 0
        assert runner["head_tasks"] > 0
        assert (runner["kind"], runner["spark_tasks"], runner["executors"]) == ("spark", 0, [])
        assert "app_id" not in runner
        assert 0 < runner["worker_memory_mb"] <= MOST_HEAD_MB
    assert applications(cluster) == before
    assert entry or "spark" not in run.log()  # nor was there any Java


@pytest.mark.belfast
@pytest.mark.parametrize("killed", [False, True], ids=["well", "killed"])
def test_head_does_everything_where_spark_gets_no_executors(
    begin: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path, killed: bool
) -> None:  # fmt: skip
    run = begin(spec_of(belfast / "trips", tmp_path / "store"), 1, executor_memory=NEVER)
    with halted(run) as process:
        if killed:
            process.send(signal.SIGKILL)
            run.wait_for(lambda status: status["message"] == "waiting for cores")
        else:
            status = run.wait_for(lambda status: "app_id" in status["runner"])
            assert (status["workers"], status["message"]) == (1, "")
    run.finish()
    assert ("no free cores for a while" in run.log()) is killed
    has_left_nothing(run, cluster)
    assert run.tables() == belfast_tables
    runner = run.manifest()["runner"]
    assert (runner["spark_tasks"], runner["executors"]) == (0, [])


@pytest.mark.belfast
def test_run_that_ends_while_spark_starts_does_not_wait_for_it(
    begin: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    run = begin(spec_of(belfast / "trips", tmp_path / "store"), 1, executor_memory=NEVER)
    with halted(run):
        pass
    run.finish()
    has_left_nothing(run, cluster)
    assert run.tables() == belfast_tables
    assert run.manifest()["runner"]["spark_tasks"] == 0


@pytest.mark.belfast
@pytest.mark.parametrize("accident", [signal.SIGSTOP, signal.SIGKILL], ids=["slow", "killed"])
def test_spark_does_the_rest_of_a_head_that_is(
    begin: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path,
    accident: signal.Signals,
) -> None:  # fmt: skip
    run = begin(spec_of(belfast / "trips", tmp_path / "store"), 1)
    (process,) = of_the_head(run)
    process.send(signal.SIGSTOP)  # before it can have done all
    run.wait_for(lambda status: status["state"] == "decoding")
    process.send(accident)
    if accident == signal.SIGSTOP:
        status = run.wait_for(lambda status: status["runner"]["executors"])
        assert status["message"] == ""
        process.send(signal.SIGCONT)
    run.finish()
    has_left_nothing(run, cluster)
    assert not process.alive
    assert run.tables() == belfast_tables
    manifest = run.manifest()
    assert manifest["files"]["decoded"] == manifest["files"]["named"]
    assert manifest["runner"]["executors"]
    assert (manifest["runner"]["head_tasks"] > 0) is (accident == signal.SIGSTOP)
    assert manifest["runner"]["spark_tasks"] > 0
    assert ("ended in the middle of a task" in run.log()) is (accident == signal.SIGKILL)


@pytest.mark.belfast
def test_spark_on_the_cores_of_the_head_is_released_and_not_started_again(
    start: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    """Its two executors have addresses of their own and tell that their machine is the head's."""
    own = {"executor_cores": "1"}  # a cluster that no other test has used
    run = start(spec_of(belfast / "trips", tmp_path / "store"), *QUICKLY, **own)
    processes = of_the_head(run)
    for process in processes:
        process.send(signal.SIGSTOP)  # so that Spark is worth its start
    run.wait_for(lambda status: status["runner"].get("same_cores"))
    for process in processes:
        process.send(signal.SIGCONT)
    run.finish()
    has_left_nothing(run, cluster)
    assert run.tables() == belfast_tables
    runner = run.manifest()["runner"]
    assert len(runner["executors"]) == 2
    assert runner["spark_tasks"] > 0 < runner["head_tasks"]
    assert runner["choice"] == "The head does all: the cores of Spark are its own."
    assert "2 of them the head's own" in run.log() and "It is released." in run.log()
    before = applications(cluster)
    again = start(spec_of(belfast / "trips", tmp_path / "other"), *QUICKLY, **own)
    again.finish()
    assert again.tables() == belfast_tables
    assert again.manifest()["runner"]["choice"] == runner["choice"]  # known from the first run
    assert applications(cluster) == before


def test_head_does_the_rest_of_a_spark_that_is_killed(
    begin: Start, cluster: Cluster, many_trips: Path, many_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    run = begin(spec_of(many_trips, tmp_path / "store"), 1, cores_max="2")
    (process,) = of_the_head(run)
    process.send(signal.SIGKILL)
    status = run.wait_for(lambda status: in_the_middle(status) and status["runner"]["spark_tasks"])
    (java,) = descendants(status["pid"])
    java.send(signal.SIGKILL)
    run.finish()
    has_left_nothing(run, cluster)
    assert run.tables() == many_tables
    manifest = run.manifest()
    assert manifest["files"]["decoded"] == manifest["files"]["named"]
    assert manifest["runner"]["head_tasks"] > 0 < manifest["runner"]["spark_tasks"]
    assert "its Java is gone" in manifest["runner"]["without_spark"]


@pytest.mark.parametrize("whole", [True, False], ids=["group", "python-alone"])
@pytest.mark.parametrize("halt", [False, True], ids=["alone", "while-spark-starts"])
def test_run_can_be_cancelled_while_the_head_works(
    begin: Start, cluster: Cluster, many_trips: Path, tmp_path: Path, whole: bool, halt: bool
) -> None:  # fmt: skip
    run = begin(spec_of(many_trips, tmp_path / "store"), 1, executor_memory=NEVER)
    (process,) = of_the_head(run)
    if halt:
        with halted(run):
            pass
    run.signal(signal.SIGTERM) if whole else os.kill(run.status()["pid"], signal.SIGTERM)
    assert run.wait() == 143
    assert run.status()["state"] == "cancelled"
    until(lambda: not process.alive)
    assert not run.manifest()
    has_left_nothing(run, cluster)


@pytest.mark.belfast
@pytest.mark.parametrize("killed", [False, True], ids=["well", "killed"])
def test_head_goes_on_alone_where_spark_cannot_be_had(
    begin: Start, belfast: Path, belfast_tables: list[bytes], tmp_path: Path, killed: bool
) -> None:  # fmt: skip
    run = begin(spec_of(belfast / "trips", tmp_path / "store"), 1, master="spark://127.0.0.1:9")
    with halted(run) as process:
        if killed:
            process.send(signal.SIGKILL)
        said = run.wait_for(lambda status: "goes on alone" in status["message"])["message"]
    assert "spark://127.0.0.1:9 does not answer" in said
    run.finish()
    assert run.tables() == belfast_tables
    runner = run.manifest()["runner"]
    assert (runner["spark_tasks"], runner["without_spark"]) == (0, said)
    assert said in run.log()
