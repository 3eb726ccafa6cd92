"""Runs on a real Spark cluster: the same results as without, whatever happens on the way."""

from __future__ import annotations

import gzip
import json
import random
import signal
from pathlib import Path

import pytest

from development.cluster import Cluster
from tests.integration.spark_fixtures import (
    EVERYWHERE,
    QUICKLY,
    Start,
    in_the_middle,
    newest,
    spec_of,
    wait_for_free_cores,
    wait_for_quiet,
)
from tests.integration.spark_runs import MOST_WORKER_MB, executors, python_workers, run_locally, tables
from tests.traps import every_file
from tests.waiting import until


@pytest.mark.long
@newest
@pytest.mark.belfast
def test_belfast_gives_the_same_bytes_as_on_one_computer(
    start: Start, cluster: Cluster, belfast: Path, tmp_path: Path
) -> None:  # fmt: skip
    spec = spec_of(belfast / "trips", tmp_path / "store")
    run = start(spec, **EVERYWHERE)
    decoding = run.wait_for(lambda found: found["state"] == "decoding")
    assert decoding["tasks"]["total"] > cluster.spark.workers * cluster.spark.cores  # every core has work
    manifest = run.finish().manifest()
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
    assert 0 < runner["worker_memory_mb"] <= MOST_WORKER_MB


def test_all_statistics_days_and_periods_have_the_same_bytes_with_either_spark(
    start: Start, tmp_path: Path
) -> None:
    for path, trip in every_file().items():
        file = tmp_path / "trips" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(trip), encoding="utf-8")
    periods = {"AM peak": {"weekdays": [1, 2, 3, 4, 5], "from": "07:00", "to": "09:00"}}
    spec = spec_of(tmp_path / "trips", tmp_path / "store", statistics="all", days="weekdays", periods=periods)
    run = start(spec).finish()
    assert run.manifest()["runner"]["spark_tasks"] > 0
    assert 0 < run.manifest()["runner"]["worker_memory_mb"] <= MOST_WORKER_MB
    run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert len(run.tables()) == 3
    assert run.tables() == tables(tmp_path / "local")


@newest
def test_second_run_reads_only_what_is_new(start: Start, trips: Path, tmp_path: Path) -> None:
    spec = spec_of(trips, tmp_path / "store")
    start(spec, *QUICKLY).finish()
    paths = sorted(trips.iterdir())
    paths[0].unlink()
    paths[1].write_bytes(paths[2].read_bytes())
    (trips / "new.json").write_bytes(paths[3].read_bytes())
    (trips / f"{paths[4].name}.gz").write_bytes(gzip.compress(paths[4].read_bytes()))  # does not count
    run = start({**spec, "bin_minutes": 15}).finish()
    assert run.manifest()["files"]["decoded"] == 2
    assert run.manifest()["files"]["packed_copies"] == 1
    run_locally(tmp_path / "local", {**spec, "bin_minutes": 15, "store": str(tmp_path / "other")})
    assert run.tables() == tables(tmp_path / "local")


@newest
def test_cancelled_run_frees_the_cores_and_keeps_what_was_read(
    start: Start, cluster: Cluster, many_trips: Path, many_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="2")
    run.wait_for(in_the_middle)
    run.signal(signal.SIGTERM)
    assert run.wait() == 143
    until(lambda: run.status()["state"] == "cancelled")  # its Python may end just after spark-submit
    assert not run.manifest()
    wait_for_free_cores(cluster)
    again = start(spec, *QUICKLY).finish()
    assert again.manifest()["files"]["reused"] > 0
    assert again.tables() == many_tables


@newest
def test_executor_and_worker_killed_in_the_middle_leave_the_result_right(
    start: Start, cluster: Cluster, many_trips: Path, many_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    wait_for_quiet(cluster)
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="2")
    run.wait_for(in_the_middle)
    (executor,) = executors(cluster)
    for worker in python_workers(executor)[:1]:
        worker.send(signal.SIGKILL)
    executor.send(signal.SIGKILL)
    run.finish()
    assert len(run.manifest()["runner"]["executors"]) == 2
    assert run.tables() == many_tables
    assert 0 < run.manifest()["runner"]["worker_memory_mb"] <= MOST_WORKER_MB


@newest
def test_worker_stays_small_where_one_link_has_most_points(start: Start, tmp_path: Path) -> None:
    """A quarter of a million points of one link, which one task has to bring together."""
    (tmp_path / "trips").mkdir()
    chosen = random.Random(7)
    for number in range(25):
        data = [
            {
                "timestamp": 1_749_542_400 + number * 1000 + n,
                "absVelocity": round(chosen.random() * 30, 2),
                "dbResponse": {"linkID": str(chosen.choice((7, 7, 7, 7, 7, 7, 7, 7, 7, n)))},
            }
            for n in range(11_000)
        ]
        (tmp_path / "trips" / f"{number}.json").write_text(json.dumps({"data": data}), encoding="utf-8")
    spec = spec_of(tmp_path / "trips", tmp_path / "store")
    run = start(spec).finish()
    assert 0 < run.manifest()["runner"]["worker_memory_mb"] <= MOST_WORKER_MB
    run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.tables() == tables(tmp_path / "local")
    by_head = start({**spec, "store": str(tmp_path / "third")}, "--head-workers", "1").finish()
    assert 0 < by_head.manifest()["runner"]["worker_memory_mb"] <= 150
    assert by_head.tables() == run.tables()


@pytest.mark.long
@newest
def test_killed_driver_spoils_neither_store_nor_cluster(
    start: Start, cluster: Cluster, many_trips: Path, many_tables: list[bytes], tmp_path: Path
) -> None:  # fmt: skip
    spec = spec_of(many_trips, tmp_path / "store")
    run = start(spec, cores_max="2")
    run.wait_for(in_the_middle)
    run.signal(signal.SIGKILL)
    run.wait()
    (left,) = (tmp_path / "store").glob("*/points/ingest=*")
    wait_for_quiet(cluster)  # or an executor writes one more part
    again = start(spec, *QUICKLY).finish()
    assert again.manifest()["files"]["bad"] == 0
    assert left.exists() is (again.manifest()["files"]["reused"] > 0)  # taken over, or removed
    assert again.tables() == many_tables


@newest
def test_run_without_free_cores_says_so_and_goes_on_once_there_are_some(
    start: Start, cluster: Cluster, trips: Path, tmp_path: Path
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
    until(lambda: cluster.spark.alive_workers() == cluster.spark.workers)
    assert run.status()["state"] == "finished"
    assert run.status()["message"] == ""


@newest
def test_bad_trip_files_and_text_ids_count_as_on_one_computer(
    start: Start, trips: Path, tmp_path: Path
) -> None:
    (trips / "empty.json").touch()
    named = [
        {"dbResponse": {"linkID": f"110{sign}0409{n % 7}"}, "absVelocity": n, "timestamp": 1749542400 + n}
        for n in range(100)
        for sign in "+-"
    ]
    (trips / "texts.json").write_text(json.dumps({"data": named}))
    (trips / "cut.json").write_bytes(next(trips.glob("trip*.json")).read_bytes()[:1000])
    (trips / "number.json").write_text("17")
    (trips / "na\udcffme 'x' $(y).json").write_text('{"data": 7}')
    spec = spec_of(trips, tmp_path / "store")
    run = start(spec).finish()
    local = run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.manifest()["bad_files"] == local["bad_files"]
    assert (len(local["bad_files"]), local["link_ids"]) == (4, "text")
    assert run.tables() == tables(tmp_path / "local")

    stopped = start({**spec, "bad_files": "stop", "store": str(tmp_path / "third")}, *QUICKLY)
    assert stopped.wait() == 1
    error = stopped.status()["error"]
    assert error["message"].startswith("Stopped at a bad trip file")


@newest
def test_master_that_does_not_answer_is_named_at_once(start: Start, trips: Path, tmp_path: Path) -> None:
    run = start(spec_of(trips, tmp_path / "store"), master="spark://127.0.0.1:9")
    assert run.wait() == 1
    error = run.status()["error"]
    assert "spark://127.0.0.1:9 does not answer" in error["message"]
    assert error["retry"]
