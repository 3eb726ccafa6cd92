"""Runs through Livy whose folders, trips and points lie in a bucket."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from development.livy import versions
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.profiles.profile import Folders
from tests.integration.livy_fixtures import FAST
from tests.integration.spark_runs import TABLES

newest = [("4", versions()[-1])]
pytestmark = [pytest.mark.parametrize(("cluster", "livy"), newest, indirect=True), pytest.mark.belfast]


@pytest.fixture
def in_bucket(make_way, livy, s3_server, bucket):
    """A way without SSH: all that is sent goes through the bucket."""
    access = S3Access(endpoint=s3_server.endpoint, region="us-east-1", keys_file=str(s3_server.keys_file))
    folders = Folders(f"s3://{bucket}/runs", f"s3://{bucket}/store", "")
    way = make_way(livy, host="", folders=folders, s3=access)
    way.store_folder = folders.store
    return way


def test_without_ssh_belfast_goes_through_the_bucket_alone(
    in_bucket, belfast, belfast_tables, s3_server, bucket
):
    shutil.copytree(belfast / "trips", s3_server.data / bucket / "trips")
    in_bucket.profile = in_bucket.on_every_node()
    backend = in_bucket.backend()
    run = in_bucket.run(Path("x"))
    run = replace(run, spec={**run.spec, "trips": f"s3://{bucket}/trips"})
    run = backend.submit(run)
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = backend.fetch(run)
    found = [next((folder / "results").rglob(name)).read_bytes() for name in TABLES]
    assert found == belfast_tables
    assert in_bucket.applications(run) == 1
    backend.discard(run)
    left = s3_server.client().list_objects_v2(Bucket=bucket, Prefix="runs/2")
    assert not left.get("Contents")
