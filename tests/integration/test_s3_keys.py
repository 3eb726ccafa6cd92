"""Keys that end: those of a role, and those with a session token; on the nodes and on the desktop."""

from __future__ import annotations

import dataclasses
import time

import pytest
from botocore.credentials import RefreshableCredentials

from roadpulse.aggregation.contract.errors import StorageError
from roadpulse.aggregation.storage import check_reach, list_trips, read_trip
from roadpulse.aggregation.storage.s3 import client as s3_client
from roadpulse.aggregation.storage.s3 import keys as s3_keys
from roadpulse.aggregation.storage.s3 import obstore_store
from roadpulse.cluster_client.s3.client import QUICK, connect, keys_of_runs
from roadpulse.cluster_client.s3.files import S3Files
from tests.integration.fault_proxy import FaultProxy
from tests.integration.metadata_service import MetadataService
from tests.integration.s3_engine import BucketEngine, result_bytes
from tests.waiting import until

TOKEN = "X-Amz-Security-Token"


@pytest.fixture
def engine(s3_server, bucket):
    return BucketEngine(s3_server, bucket).with_few_trips()


@pytest.fixture
def users(engine):
    """The keys of two users who may read and write the bucket."""
    keys = [engine.server.add_user(f"{name}-{engine.bucket}") for name in ("early", "late")]
    about = f"arn:aws:s3:::{engine.bucket}"
    statements = [
        {"Effect": "Allow", "Principal": key.access, "Action": ["s3:*"], "Resource": [about, f"{about}/*"]}
        for key in keys
    ]
    engine.server.set_policy(engine.bucket, {"Version": "2012-10-17", "Statement": statements})
    return keys


@pytest.fixture
def role(users, monkeypatch):
    """A computer without keys of its own, whose role gives those of the first user."""
    with MetadataService(users[0]) as service:
        for name in (*s3_keys.ENVIRONMENT, "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.endpoint)
        forget()
        yield service
    forget()


@pytest.fixture
def proxy(engine):
    with FaultProxy(engine.server.endpoint) as found:
        yield found


def forget():
    """As in a process that has just begun."""
    obstore_store._store.cache_clear()
    s3_client.forget()


def by_role(engine, proxy):
    """How the bucket is reached by whoever has no keys of his own."""
    return dataclasses.replace(engine.access, endpoint=proxy.endpoint, keys_file="")


def test_a_run_gets_its_keys_from_the_role_of_its_computer(engine, role, proxy):
    expected = result_bytes(engine.run_here(store=f"s3://{engine.bucket}/another"))
    engine.access = by_role(engine, proxy)
    assert result_bytes(engine.finish()) == expected
    assert role.asked
    assert all(headers[TOKEN] == role.session_token for headers in proxy.headers)


def test_keys_that_end_in_the_middle_of_a_run_are_followed_by_new_ones(engine, users, role, proxy):
    role.lasting = 302  # obstore wants new ones five minutes before the end
    engine.access = by_role(engine, proxy)

    def other_keys():
        asked = time.monotonic()  # for keys, at the latest
        role.keys, role.session_token = users[1], "another"
        engine.server.remove_user(f"early-{engine.bucket}")
        until(lambda: time.monotonic() - asked > 3)

    assert result_bytes(engine.run_here(other_keys))
    assert {headers[TOKEN] for headers in proxy.headers} > {"another"}


def test_the_desktop_gets_its_keys_from_the_role_too_and_anew_when_they_end(
    engine, users, role, proxy, monkeypatch
):
    access = by_role(engine, proxy)
    assert keys_of_runs(access) is None  # a run on this computer asks by itself
    files = S3Files(connect(access, waits=QUICK))
    files.put(f"s3://{engine.bucket}/note", b"1")
    role.keys, role.session_token = users[1], "another"
    engine.server.remove_user(f"early-{engine.bucket}")
    monkeypatch.setattr(RefreshableCredentials, "_seconds_remaining", lambda _: 60.0)  # hours later
    assert files.read(f"s3://{engine.bucket}/note") == b"1"
    assert [headers[TOKEN] for headers in proxy.headers][-1] == "another"


def test_a_role_that_gives_no_keys_is_told(engine, role, proxy):
    role.keys = dataclasses.replace(role.keys, access="AKNOBODY")
    with pytest.raises(StorageError, match="does not know the access key"):
        check_reach(engine.trips, by_role(engine, proxy))
    role.__exit__(None, None, None)
    forget()
    with pytest.raises(StorageError, match="role gave no keys") as caught:
        check_reach(engine.trips, by_role(engine, proxy))
    assert "Name keys in the profile" in caught.value.message


def test_keys_of_a_file_that_end_are_read_anew_from_it(engine, users, proxy, tmp_path, monkeypatch):
    path = tmp_path / "keys"
    path.touch(mode=0o600)

    def renew(keys, token):
        path.write_text(
            f"[default]\naws_access_key_id = {keys.access}\naws_secret_access_key = {keys.secret}\n"
            f"aws_session_token = {token}\n"
        )

    renew(users[0], "first")
    for module in (s3_keys, obstore_store):
        monkeypatch.setattr(module, "RENEWED_SECONDS", 0)
    access = dataclasses.replace(engine.access, endpoint=proxy.endpoint, keys_file=str(path))
    forget()
    (file, *_) = list_trips(engine.trips, access=access)
    check_reach(engine.trips, access)
    S3Files(connect(access)).put(f"s3://{engine.bucket}/note", b"1")
    assert {headers[TOKEN] for headers in proxy.headers} == {"first"}
    renew(users[1], "second")
    engine.server.remove_user(f"early-{engine.bucket}")
    assert read_trip(file, 1 << 20, access)
    check_reach(engine.trips, access)
    assert {headers[TOKEN] for headers in proxy.headers} == {"first", "second"}
    path.write_text("[def")  # somebody is writing it
    assert read_trip(file, 1 << 20, access)
