"""The whole way: a run through Livy on the stand-in cluster, and back."""

from dataclasses import replace

import pytest

from development.livy import versions
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from tests.integration.livy_fixtures import FAST, anywhere
from tests.integration.spark_fixtures import wait_for_free_cores
from tests.integration.spark_runs import run_locally, tables
from tests.waiting import until

crosswise = [("4", "0.7.1"), pytest.param("3.5", versions()[-1], marks=pytest.mark.long)]
"""Every Spark and every Livy; through a bucket alone (test_livy_s3) they meet the other way round."""


@pytest.mark.parametrize(("cluster", "livy"), crosswise, indirect=True)
@pytest.mark.belfast
def test_belfast_through_livy_gives_the_same_bytes(livy_way, belfast, belfast_tables):
    livy_way.profile = livy_way.on_every_node()
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    backend.close()  # the desktop goes away, and another one comes
    backend = livy_way.backend()
    (run,) = livy_way.store.unfinished()
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = backend.fetch(run)
    assert tables(folder) == belfast_tables
    assert livy_way.applications(run) == 1
    # The driver's last words come after the result.
    until(lambda: "Finished:" in backend.log(run), what=lambda: backend.log(run))


@anywhere
def test_a_small_run_asks_spark_for_nothing(livy_way, few_trips, tmp_path):
    resources = replace(livy_way.profile.resources, head_workers=None)
    livy_way.profile = replace(livy_way.profile, resources=resources)
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(few_trips))
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    run_locally(tmp_path / "local", {**run.spec, "store": str(tmp_path / "other")})
    assert tables(backend.fetch(run)) == tables(tmp_path / "local")
    assert livy_way.applications(run) == 0


@anywhere
def test_a_cancelled_run_gives_its_executors_back(livy_way, cluster, belfast):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    status = follow(backend, run, polling=FAST, cancelled=lambda: bool(cluster.spark.cores_used()))
    assert status.state is RunState.CANCELLED
    wait_for_free_cores(cluster)
