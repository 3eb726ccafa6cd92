"""Faults on a real Spark cluster: the right result or a clear error, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from development.cluster import Cluster
from development.cluster_daemons import descendants
from development.cluster_spark import VERSIONS, spark_home, spark_python
from development.installed import packages
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.ssh.job_zip import MAIN
from tests.abilities import need
from tests.integration.spark_fixtures import (
    FAST,
    QUICKLY,
    Start,
    Way,
    in_the_middle,
    newest,
    spec_of,
    wait_for_free_cores,
    wait_for_quiet,
)
from tests.integration.spark_runs import BUILD, SparkRun, tables
from tests.waiting import status_when, until


def half_decoded(status: Any) -> bool:
    return status.state is RunState.DECODING and 0 < status.tasks.done < status.tasks.total


# -- the driver ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [False, True], ids=["by-accident", "on-request"])
@newest
def test_driver_whose_java_alone_is_ended_says_so_and_keeps_what_was_read(
    start: Start, cluster: Cluster, many_trips: Path, many_tables: list[bytes], tmp_path: Path, asked: bool
) -> None:  # fmt: skip
    """What Livy's DELETE does: nobody tells the driver's Python."""
    spec = spec_of(many_trips, tmp_path / "store")
    # A driver that Livy started is not the head's to do without.
    run = start(spec, "--head-workers", "0" if asked else "1", cores_max="2", entry=MAIN)
    run.wait_for(in_the_middle)
    assert run.process is not None
    (python,) = [p for p in descendants(run.process.pid) if p.pid == run.status()["pid"]]
    if asked:
        (run.folder / "cancel").touch()
    os.kill(run.process.pid, signal.SIGKILL)
    until(lambda: not python.alive)
    status = run.status()
    assert status["state"] == ("cancelled" if asked else "failed")
    assert ("its Java is gone" in status["error"]["message"]) is not asked
    wait_for_free_cores(cluster)
    assert list((tmp_path / "store").glob("*/files/ingest=*/files.parquet"))
    if not asked:
        again = start(spec, *QUICKLY).finish()
        assert again.manifest()["files"]["reused"] > 0
        assert again.tables() == many_tables


@pytest.mark.parametrize("killed", ["python", pytest.param("launcher", marks=pytest.mark.long)])
@newest
def test_killed_part_of_the_driver_over_ssh_is_told_and_the_next_run_reads_the_rest(
    way: Way, many_trips: Path, many_tables: list[bytes], killed: str
) -> None:  # fmt: skip
    backend = way.backend()
    run = backend.submit(way.run(many_trips))
    status_when(backend, run, half_decoded)
    if killed == "python":
        until(lambda: list((way.folder / "store").glob("*/points/*/notes-*.parquet")))
    group = int(run.remote_id.split()[0])
    os.kill({"python": json_of(run.folder)["pid"], "launcher": group}[killed], signal.SIGKILL)
    status = follow(backend, run, polling=FAST)
    if killed == "launcher":  # the others need it for nothing
        assert status.state is RunState.FINISHED
        assert tables(backend.fetch(run)) == many_tables
        return
    assert status.state is RunState.FAILED and status.error is not None
    assert "was killed" in status.error.message
    assert status.error.retry
    until(lambda: not members(group))
    wait_for_free_cores(way.cluster)
    by_the_head = way.with_resources(head_workers=None)  # it does not matter who reads the rest
    backend = way.backend(by_the_head)
    again = backend.submit(way.run(many_trips, profile=by_the_head))
    assert follow(backend, again, polling=FAST).state is RunState.FINISHED
    assert json_of(again.folder, "manifest.json")["files"]["reused"] > 0
    assert tables(backend.fetch(again)) == many_tables


def json_of(folder: Any, name: str = "status.json") -> Any:
    return json.loads(Path(folder, name).read_text(encoding="utf-8"))


def members(group: int) -> list[str]:
    """Processes of a group that live."""
    told = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    lines = [line.split(None, 2) for line in told.stdout.splitlines()]
    return [line[-1] for line in lines if line[0] == str(group) and line[1][0] not in "ZX"]


# -- Spark --------------------------------------------------------------------------------------------


def test_client_and_master_of_different_versions_are_both_named_in_time(
    way: Way, belfast: Path, cluster: Cluster
) -> None:  # fmt: skip
    (other,) = set(VERSIONS) - {cluster.version}
    wrong = replace(way.profile, spark_home=str(spark_home(other)), python=str(spark_python(other)))
    backend = way.backend(wrong)
    run = backend.submit(way.run(belfast / "trips", profile=wrong))
    status = follow(backend, run, polling=FAST)
    assert "masters are unresponsive" not in backend.log(run)  # Spark itself tries for a minute
    assert status.state is RunState.FAILED and status.error is not None
    message = status.error.message
    assert f"is Spark {cluster.version}" in message and f"with Spark {other}" in message


@newest
def test_spark_that_is_not_there_is_named(way: Way, belfast: Path, tmp_path: Path) -> None:
    wrong = replace(way.profile, spark_home=str(tmp_path / "no spark"))
    backend = way.backend(wrong)
    status = follow(backend, backend.submit(way.run(belfast / "trips", profile=wrong)), polling=FAST)
    assert status.state is RunState.FAILED and status.error is not None
    assert f"{tmp_path}/no spark/bin/spark-submit is missing" in status.error.message


@newest
def test_spark_without_java_is_told(way: Way, belfast: Path, tmp_path: Path) -> None:
    home = tmp_path / "spark"
    (home / "conf").mkdir(parents=True)
    (home / "bin").mkdir()
    for name in ("spark-submit", "spark-class", "load-spark-env.sh", "find-spark-home"):
        shutil.copy(spark_home("4") / "bin" / name, home / "bin" / name)
    others = tmp_path / "all programs but Java"
    others.mkdir()
    for program in ("bash", "dirname", "env"):
        (others / program).symlink_to(str(shutil.which(program)))
    (home / "conf/spark-env.sh").write_text(f"PATH='{others}'\nunset JAVA_HOME\n")
    wrong = replace(way.profile, spark_home=str(home))
    backend = way.backend(wrong)
    status = follow(backend, backend.submit(way.run(belfast / "trips", profile=wrong)), polling=FAST)
    assert status.state is RunState.FAILED and status.error is not None
    assert "Spark found no Java. Install Java 17" in status.error.message


# -- cores --------------------------------------------------------------------------------------------


HOLD = "import time\nfrom pyspark import SparkContext\nSparkContext()\ntime.sleep(600)\n"
"""An application that holds all cores."""


@pytest.mark.long
@newest
def test_run_waits_for_cores_that_another_application_holds(
    start: Start, cluster: Cluster, belfast: Path, belfast_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    other = SparkRun(cluster, tmp_path / "other", {"spark.cores.max": ""})
    try:
        other.start({}, entry=HOLD)
        until(lambda: cluster.spark.cores_used() == cluster.spark.workers * cluster.spark.cores)
        run = start(spec_of(belfast / "trips", tmp_path / "store"))
        status = run.wait_for(lambda found: found["message"] == "waiting for cores")
        assert status["state"] == "waiting"
    finally:
        other.end()
    assert run.finish().tables() == belfast_tables


@pytest.mark.long
@newest
def test_two_analysts_who_read_the_same_trips_at_once_count_them_once(
    way: Way, belfast: Path, belfast_tables: list[bytes]
) -> None:  # fmt: skip
    found: dict[str, Any] = {}

    def analyse(name: str) -> None:
        backend = way.backend()
        run = backend.submit(way.run(belfast / "trips", name))
        follow(backend, run, polling=FAST)
        found[name] = tables(backend.fetch(run))

    threads = [threading.Thread(target=analyse, args=(name,)) for name in ("Ann", "Bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert found == {"Ann": belfast_tables, "Bob": belfast_tables}
    # The store that both left serves a third one, who reads nothing again.
    by_the_head = way.with_resources(head_workers=None)
    backend = way.backend(by_the_head)
    run = backend.submit(way.run(belfast / "trips", "Cleo", by_the_head))
    assert follow(backend, run, polling=FAST).state is RunState.FINISHED
    folder = backend.fetch(run)
    assert json_of(folder, "manifest.json")["files"]["decoded"] == 0
    assert tables(folder) == belfast_tables


@newest
def test_run_that_waits_for_cores_can_be_cancelled(way: Way, belfast: Path) -> None:
    profile = way.with_resources(executor_memory="2g")  # more than any worker has
    backend = way.backend(profile)
    run = backend.submit(way.run(belfast / "trips", profile=profile))
    status_when(backend, run, lambda status: status.message == "waiting for cores")
    backend.cancel(run)
    assert follow(backend, run, polling=FAST).state is RunState.CANCELLED
    until(lambda: not members(int(run.remote_id.split()[0])))


# -- nodes --------------------------------------------------------------------------------------------


@pytest.mark.long
@newest
def test_worker_killed_with_all_it_runs_leaves_the_result_right(
    start: Start, cluster: Cluster, many_trips: Path, many_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    wait_for_quiet(cluster)
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="4")
    run.wait_for(in_the_middle)
    busy = next(n for n in range(cluster.spark.workers) if descendants(worker_of(cluster, n).pid))
    worker = worker_of(cluster, busy)
    try:
        for process in [worker, *descendants(worker.pid)]:
            process.send(signal.SIGKILL)  # as when the power of a node fails
        run.finish()
    finally:
        cluster.spark.worker(busy).stop()
        cluster.spark.start_worker(busy)
    assert run.tables() == many_tables
    until(lambda: cluster.spark.alive_workers() == cluster.spark.workers)


@newest
def test_packages_that_are_damaged_are_named(cluster: Cluster, trips: Path, tmp_path: Path) -> None:
    """On the Python of a node, which has none of its own."""
    folder, cache = tmp_path / "run", tmp_path / "cache"
    folder.mkdir()
    (folder / "spec.json").write_text(json.dumps(spec_of(trips, tmp_path / "store")), encoding="utf-8")
    command = [str(spark_python("4")), "-m", "roadpulse.aggregation", str(folder)]
    command += ["--packages", str(packages()), "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(BUILD / "plugins"), "ROADPULSE_CACHE": str(cache)}
    for damage in (False, True):
        if damage:
            next(cache.glob("*/numpy/__init__.py")).write_text("import nothing_of_that_name\n")
        (folder / "manifest.json").unlink(missing_ok=True)
        done = subprocess.run(command, env=environment, capture_output=True, timeout=240, check=False)
        status = json_of(folder)
        assert (done.returncode, status["state"]) == ((1, "failed") if damage else (0, "finished"))
    assert "nothing_of_that_name" in status["error"]["message"] and str(cache) in status["error"]["message"]


def worker_of(cluster: Cluster, number: int) -> Any:
    process = cluster.spark.worker(number).process()
    assert process is not None
    return process


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    need("disks")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@newest
def test_disk_of_the_store_that_is_full_is_said_by_the_nodes(
    start: Start, belfast: Path, belfast_tables: list[bytes], small_disk: Path, tmp_path: Path
) -> None:  # fmt: skip
    spec = spec_of(belfast / "trips", small_disk / "store")
    run = start(spec)
    assert run.wait() == 1
    error = run.status()["error"]
    assert error["message"].startswith("The disk is full") and str(small_disk) in error["message"]
    assert error["retry"]
    again = start({**spec, "store": str(tmp_path / "larger")}, *QUICKLY).finish()
    assert again.tables() == belfast_tables
