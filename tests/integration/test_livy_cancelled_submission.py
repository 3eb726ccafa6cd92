"""Runs through Livy cancelled while they are sent: no batch is posted, no file remains."""

from __future__ import annotations

import threading
import time

import pytest

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.backends.livy.batch import batch_name
from roadpulse.cluster_client.backends.livy.errors import LivyAway
from roadpulse.cluster_client.profiles.profile import Folders
from roadpulse.cluster_client.s3.files import S3Files
from roadpulse.cluster_client.ssh.transfer import SftpFiles
from tests.integration.cancelled_submission import submit_and_cancel
from tests.integration.livy_fixtures import QUICK, anywhere

pytestmark = [anywhere]


@pytest.fixture
def in_bucket(make_way, livy, s3_server, bucket):
    """A way without SSH: all that is sent goes through the bucket."""
    access = S3Access(endpoint=s3_server.endpoint, region="us-east-1", keys_file=str(s3_server.keys_file))
    folders = Folders(f"s3://{bucket}/runs", f"s3://{bucket}/store", "")
    return make_way(livy, host="", folders=folders, s3=access)


def cancelled_at(step, files, way, monkeypatch):
    """A run that is submitted, and cancelled from another window after one step of the sending."""
    run = way.run(way.folder / "trips")
    submit_and_cancel(
        monkeypatch, files, step, lambda: way.backend().submit(run), lambda: way.backend().cancel(run)
    )
    return run


@pytest.mark.parametrize("step", ["put_once", "put_new"])
def test_over_sftp(make_way, livy, monkeypatch, step):
    way = make_way(livy)
    run = cancelled_at(step, SftpFiles, way, monkeypatch)
    assert way.store.find(run.id).state is RunState.CANCELLED
    assert way.client().batch(batch_name(run)) is None
    assert not list((way.folder / "runs").rglob("job.json"))


@pytest.mark.parametrize("step", ["put_once", "put_new"])
def test_through_a_bucket(in_bucket, s3_server, bucket, monkeypatch, step):
    run = cancelled_at(step, S3Files, in_bucket, monkeypatch)
    assert in_bucket.store.find(run.id).state is RunState.CANCELLED
    assert in_bucket.client().batch(batch_name(run)) is None
    assert not s3_server.client().list_objects_v2(Bucket=bucket, Prefix="runs/2").get("Contents")


def test_a_run_has_its_name_in_the_records_before_livy_hears_of_it(make_way, livy, monkeypatch):
    way = make_way(livy)
    backend = way.backend()
    run = way.run(way.folder / "trips")
    recorded = []

    def goes_away(body):
        recorded.append((body["name"], way.store.find(run.id).remote_id))
        raise LivyAway("Livy is gone.")

    monkeypatch.setattr(backend.way.client, "submit", goes_away)
    with pytest.raises(LivyAway):
        backend.submit(run)
    assert recorded == [(batch_name(run), batch_name(run))]
    assert way.store.find(run.id).state is RunState.FAILED


def test_a_livy_that_hangs_holds_up_nobody_who_cancels(make_way, livy, monkeypatch):
    way = make_way(livy)
    backend = way.backend()
    asked, silent = [], threading.Event()

    def says_nothing():
        asked.append(time.monotonic())
        silent.wait(60)
        return "0.7.1"

    monkeypatch.setattr(backend.way.client, "version", says_nothing)
    run = way.run(way.folder / "trips")
    with pytest.raises(Cancelled):
        backend.submit(run, lambda: bool(asked))
    assert time.monotonic() - asked[0] < QUICK.answer
    silent.set()
    assert way.store.find(run.id).state is RunState.CANCELLED
    assert way.client().batch(batch_name(run)) is None
