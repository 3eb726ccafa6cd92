"""The whole way: SSH to the stand-in cluster's head, Spark on its workers, and back."""

import re
from pathlib import Path

import pytest
from roadpulse.cluster_client.backend import follow
from roadpulse.cluster_client.diagnosis.checks import Outcome, diagnose, worst
from roadpulse.cluster_client.diagnosis.cluster import ClusterLook
from roadpulse.cluster_client.status import RunState
from roadpulse.tests.engine import until

from tests.integration.spark_fixtures import FAST, newest, wait_for_free_cores
from tests.integration.spark_runs import run_locally, tables


@pytest.mark.belfast
def test_belfast_over_ssh_and_spark_gives_the_same_bytes(way, belfast, tmp_path):
    backend = way.backend()
    run = backend.submit(way.run(belfast / "trips"))
    backend.close()  # the desktop goes away, and another one comes
    backend = way.backend()
    (run,) = way.store.unfinished()
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = backend.fetch(run)
    run_locally(tmp_path / "local", {**run.spec, "store": str(tmp_path / "other")})
    assert tables(folder) == tables(tmp_path / "local")


@newest
def test_a_cancelled_run_gives_its_executors_back(way, cluster, belfast):
    backend = way.backend()
    run = backend.submit(way.run(belfast / "trips"))
    status = follow(backend, run, polling=FAST, cancelled=lambda: bool(cluster.spark.cores_used()))
    assert status.state is RunState.CANCELLED
    wait_for_free_cores(cluster)
    stages = set(re.findall(r"/tmp/roadpulse\.\w+", Path(run.folder, "log.txt").read_text(encoding="utf-8")))
    assert stages
    until(lambda: not any(Path(stage).exists() for stage in stages))  # the launcher tidies up last


@newest
def test_the_diagnosis_sees_every_node(way, belfast):
    look = ClusterLook(way.profile, way.credentials, way.known, str(belfast / "trips"))
    found = {finding.name: finding for finding in diagnose(look.checks())}
    look.close()
    assert worst(found.values()) is Outcome.OK, [f for f in found.values() if f.outcome is not Outcome.OK]
    assert "3 alive" in found["workers"].found and "6 cores" in found["workers"].found
    assert "3 executors" in found["job"].found
    assert "2,574 trip files" in found["node_trips"].found
