"""Runs on a real Spark cluster: the same results as without, whatever happens on the way."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from development.cluster import Cluster
from development.pytest_cluster import cluster  # noqa: F401
from tests.integration.spark_runs import SparkRun, executors, python_workers, run_locally, tables

newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)
"""For what does not depend on Spark's version."""

Start = Callable[..., SparkRun]


@pytest.fixture
def start(cluster: Cluster, tmp_path: Path) -> Iterator[Start]:  # noqa: F811
    """Starts runs on the cluster, and ends those that a failed test leaves."""
    runs: list[SparkRun] = []

    def begin(spec: dict[str, Any], *arguments: str, **conf: str) -> SparkRun:
        settings = {f"spark.{name.replace('_', '.')}": value for name, value in conf.items()}
        run = SparkRun(cluster, tmp_path / f"run-{len(runs)}", settings)
        runs.append(run)
        return run.start(spec, *arguments)

    yield begin
    for run in runs:
        run.end()


@pytest.fixture
def trips(belfast: Path, tmp_path: Path) -> Path:
    """A folder with 300 trips, to be changed at will."""
    folder = tmp_path / "trips"
    folder.mkdir()
    for path in sorted((belfast / "trips").iterdir())[:300]:
        copy = Path(shutil.copy(path, folder))
        # Files with times of whole seconds are read again by a run that listed them when just written.
        os.utime(copy, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns // 1000 * 1000 + 1))
    return folder


@pytest.fixture
def many_trips(belfast: Path, tmp_path: Path) -> Path:
    """More trips than two cores read in the twinkling of an eye: every Belfast trip six times."""
    folder = tmp_path / "many"
    for copy in range(6):
        (folder / str(copy)).mkdir(parents=True)
        for path in (belfast / "trips").iterdir():
            (folder / str(copy) / path.name).symlink_to(path)
    return folder


def spec_of(trips: Path, store: Path, **entries: Any) -> dict[str, Any]:
    fixed = {"speed_unit": "m/s", "time_zone": "Europe/London"}
    return {"trips": str(trips), "store": str(store), **fixed, **entries}


def in_the_middle(status: dict[str, Any]) -> bool:
    done, total = status["tasks"]["done"], status["tasks"]["total"]
    return status["state"] == "decoding" and 0 < done < total


def wait_for_free_cores(cluster: Cluster, seconds: float = 20) -> None:  # noqa: F811
    end = time.monotonic() + seconds
    while cluster.spark.cores_used():
        assert time.monotonic() < end, "the application holds its cores"
        time.sleep(0.1)


@pytest.mark.belfast
def test_belfast_gives_the_same_bytes_as_on_one_computer(
    start: Start, cluster: Cluster, belfast: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    spec = spec_of(belfast / "trips", tmp_path / "store")
    run = start(spec).finish()
    manifest = run.manifest()
    local = run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.tables() == tables(tmp_path / "local")
    for entry in ("files", "points", "bad_files", "bad_files_by_reason", "warnings"):
        assert manifest[entry] == local[entry]
    runner = manifest["runner"]
    assert runner["kind"] == "spark"
    assert runner["master"] == cluster.spark.url
    assert runner["app_id"].startswith("app-")
    assert {host.split(":")[0] for host in runner["executors"]} <= {
        f"{cluster.subnet}.{n}" for n in (12, 13, 14)
    }
    assert 0 < runner["worker_memory_mb"] <= 150


def test_second_run_reads_only_what_is_new(start: Start, trips: Path, tmp_path: Path) -> None:
    spec = spec_of(trips, tmp_path / "store")
    start(spec).finish()
    paths = sorted(trips.iterdir())
    paths[0].unlink()
    paths[1].write_bytes(paths[2].read_bytes())
    (trips / "new.json").write_bytes(paths[3].read_bytes())
    run = start({**spec, "bin_minutes": 15}).finish()
    assert run.manifest()["files"]["decoded"] == 2
    run_locally(tmp_path / "local", {**spec, "bin_minutes": 15, "store": str(tmp_path / "other")})
    assert run.tables() == tables(tmp_path / "local")


def test_cancelled_run_frees_the_cores_and_keeps_what_was_read(
    start: Start, cluster: Cluster, many_trips: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="2")
    run.wait_for(in_the_middle)
    run.signal(signal.SIGTERM)
    assert run.wait(30) == 143
    end = time.monotonic() + 15
    while run.status()["state"] != "cancelled":  # the driver's Python may end just after spark-submit
        assert time.monotonic() < end, run.status()
        time.sleep(0.1)
    assert not run.manifest()
    wait_for_free_cores(cluster)
    again = start(spec).finish()
    assert again.manifest()["files"]["reused"] > 0
    run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert again.tables() == tables(tmp_path / "local")


@newest
def test_executor_and_worker_killed_in_the_middle_leave_the_result_right(
    start: Start, cluster: Cluster, many_trips: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="2")
    run.wait_for(in_the_middle)
    (executor,) = executors(cluster)
    for worker in python_workers(executor)[:1]:
        worker.send(signal.SIGKILL)
    executor.send(signal.SIGKILL)
    run.finish()
    assert len(run.manifest()["runner"]["executors"]) == 2
    run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.tables() == tables(tmp_path / "local")


@newest
def test_killed_driver_spoils_neither_store_nor_cluster(
    start: Start, cluster: Cluster, many_trips: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="2")
    run.wait_for(in_the_middle)
    run.signal(signal.SIGKILL)
    run.wait()
    (left,) = (tmp_path / "store").glob("*/points/ingest=*")
    wait_for_free_cores(cluster)
    again = start(spec).finish()
    assert again.manifest()["files"]["bad"] == 0
    assert not left.exists()
    run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert again.tables() == tables(tmp_path / "local")


@newest
def test_run_without_free_cores_says_so_and_goes_on_once_there_are_some(
    start: Start, cluster: Cluster, trips: Path, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    for number in range(cluster.spark.workers):
        cluster.spark.worker(number).stop()
    try:
        run = start(spec_of(trips, tmp_path / "store"))
        status = run.wait_for(lambda found: found["message"] == "waiting for cores")
        assert status["state"] == "waiting"
        assert status["files"]["total"] == 300
    finally:
        for number in range(cluster.spark.workers):
            cluster.spark.start_worker(number)
    run.finish()
    assert run.status()["state"] == "finished"
    assert run.status()["message"] == ""


@newest
def test_bad_trip_files_count_as_on_one_computer(start: Start, trips: Path, tmp_path: Path) -> None:
    (trips / "empty.json").touch()
    (trips / "cut.json").write_bytes(next(trips.glob("trip*.json")).read_bytes()[:1000])
    (trips / "list.json").write_text("[1, 2]")
    (trips / "na\udcffme 'x' $(y).json").write_text('{"data": 7}')
    spec = spec_of(trips, tmp_path / "store")
    run = start(spec).finish()
    local = run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.manifest()["bad_files"] == local["bad_files"]
    assert len(local["bad_files"]) == 4
    assert run.tables() == tables(tmp_path / "local")

    stopped = start({**spec, "bad_files": "stop", "store": str(tmp_path / "third")})
    assert stopped.wait() == 1
    error = stopped.status()["error"]
    assert error["message"].startswith("Stopped at a bad trip file")


@newest
def test_master_that_does_not_answer_is_named_at_once(start: Start, trips: Path, tmp_path: Path) -> None:
    run = start(spec_of(trips, tmp_path / "store"), master="spark://127.0.0.1:9")
    assert run.wait(90) == 1
    error = run.status()["error"]
    assert "spark://127.0.0.1:9 does not answer" in error["message"]
    assert error["retry"]
