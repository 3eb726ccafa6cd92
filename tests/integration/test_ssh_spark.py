"""The whole way: SSH to the stand-in cluster's head, Spark on its workers, and back."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.backends.ssh.diagnosis import ClusterChecks
from roadpulse.cluster_client.diagnosis.checks import Outcome, diagnose, worst
from tests.integration.spark_fixtures import FAST, newest, wait_for_free_cores
from tests.integration.spark_runs import MOST_WORKER_MB, tables
from tests.waiting import status_when, until


@pytest.mark.belfast
def test_belfast_over_ssh_and_spark_gives_the_same_bytes(way, belfast, belfast_tables):
    backend = way.backend()
    run = backend.submit(way.run(belfast / "trips", profile=way.on_every_node()))
    backend.close()  # the desktop goes away, and another one comes
    backend = way.backend()
    (run,) = way.store.unfinished()
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = backend.fetch(run)
    assert tables(folder) == belfast_tables
    runner = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["runner"]
    assert 0 < runner["worker_memory_mb"] <= MOST_WORKER_MB


@newest
@pytest.mark.parametrize("there", [True, False], ids=["spark-there", "no-spark"])
@pytest.mark.belfast
def test_belfast_over_ssh_is_less_work_than_starting_spark(way, belfast, belfast_tables, tmp_path, there):
    profile = way.with_resources(head_workers=None)
    if not there:  # nothing tells, since nothing asks
        profile = replace(profile, spark_home=str(tmp_path / "no spark"))
    backend = way.backend(profile)
    run = backend.submit(way.run(belfast / "trips", profile=profile))
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = backend.fetch(run)
    assert tables(folder) == belfast_tables
    runner = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["runner"]
    assert runner["head_tasks"] > 0
    assert "app_id" not in runner


@newest
def test_a_cancelled_run_gives_its_executors_back(way, cluster, belfast):
    backend = way.backend()
    run = backend.submit(way.run(belfast / "trips"))
    status_when(
        backend, run, lambda _: bool(cluster.spark.cores_used()) and Path(run.folder, "status.json").exists()
    )
    pid = json.loads(Path(run.folder, "status.json").read_text(encoding="utf-8"))["pid"]
    command = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    (stage,) = set(re.findall(r"/tmp/roadpulse\.\w+", command))
    assert Path(stage).exists()
    backend.cancel(run)
    assert follow(backend, run, polling=FAST).state is RunState.CANCELLED
    wait_for_free_cores(cluster)
    until(lambda: not Path(stage).exists())  # the launcher tidies up last


@newest
def test_the_diagnosis_sees_every_node(way, belfast):
    group = ClusterChecks(way.on_every_node(), way.credentials, way.known, str(belfast / "trips"))
    found = {finding.name: finding for finding in diagnose(group.checks())}
    group.close()
    assert worst(found.values()) is Outcome.OK, [f for f in found.values() if f.outcome is not Outcome.OK]
    assert "3 alive" in found["workers"].found and "6 cores" in found["workers"].found
    assert "3 executors" in found["job"].found
    assert "2,574 trip files" in found["node_trips"].found
