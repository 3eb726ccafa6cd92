"""What can be wrong with a bucket, on a real server: told at once, in words, with the server's own code."""

import dataclasses
import os
import re
import socket
import time

import pytest

from development.certificates import Authority, self_signed
from development.s3 import READING, S3Server
from roadpulse.aggregation import run
from roadpulse.aggregation.contract.errors import StorageError
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.storage import S3Path, check_reach, list_trips, read_trip
from roadpulse.aggregation.storage.s3 import client as s3_client
from roadpulse.aggregation.storage.s3 import keys as s3_keys
from roadpulse.aggregation.storage.s3 import obstore_store, signed_requests
from roadpulse.aggregation.storage.s3.errors import KeysMissing
from roadpulse.aggregation.store import recovery
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.cluster_client.profiles.credentials import S3Keys
from roadpulse.cluster_client.s3.client import connect
from roadpulse.cluster_client.s3.files import S3Files
from roadpulse.tests.engine import trip
from tests.integration.fault_proxy import Fault, FaultProxy, refusal
from tests.integration.s3_engine import BucketEngine, result_bytes


@pytest.fixture
def engine(s3_server, bucket):
    return BucketEngine(s3_server, bucket).with_few_trips()


@pytest.fixture
def no_keys(monkeypatch):
    for name in s3_keys.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    obstore_store._store.cache_clear()
    s3_client.forget()


def other(engine, **changes):
    """The same engine with another way to its bucket, which only the spec knows."""
    found = BucketEngine(engine.server, engine.bucket)
    found.access = dataclasses.replace(engine.access, **changes)
    return found


def told(engine, access, trips=""):
    """The error of a first look, which comes soon."""
    begin = time.monotonic()
    with pytest.raises(StorageError) as caught:
        check_reach(trips or engine.trips, access)
    assert time.monotonic() - begin < 60  # it would go on for minutes
    return caught.value


def keys_file(tmp_path, key, secret):
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    return str(path)


# -- access -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "secret", "code", "advice"),
    [
        ("AKNOBODY", "x" * 40, "InvalidAccessKeyId", "does not know the access key"),
        (None, "x" * 40, "SignatureDoesNotMatch", "the secret does not belong to the access key"),
    ],
    ids=["key", "secret"],
)
def test_wrong_keys_are_told_with_bucket_endpoint_and_code(engine, tmp_path, key, secret, code, advice):
    file = keys_file(tmp_path, key or engine.server.keys().access, secret)
    access = dataclasses.replace(engine.access, keys_file=file)
    error = told(engine, access)
    for words in (engine.bucket, engine.access.endpoint, code, advice):
        assert words in error.message
    assert not error.retry
    for shown in (error.message, error.detail):
        assert secret not in shown
        assert engine.server.keys().access not in shown
    with pytest.raises(StorageError, match=code):  # the plain requests say the same
        list_trips(engine.trips, access=access)


@pytest.mark.parametrize(
    ("change", "trips", "words"),
    [
        ({}, "s3://no-such-bucket/trips", ("NoSuchBucket", "no-such-bucket", "Check its name")),
        ({"region": "eu-west-1"}, "", ("region", "AuthorizationHeaderMalformed")),
        ({"endpoint": "http://127.0.8.1:1"}, "", ("refuses the connection", "http://127.0.8.1:1")),
        ({"endpoint": "http://nowhere.invalid:9000"}, "", ("cannot be found", "nowhere.invalid")),
        ({"endpoint": "https://{}"}, "", ("https", "Check the endpoint")),
    ],
    ids=["bucket", "region", "port", "host", "https"],
)
def test_a_wrong_bucket_region_or_endpoint_is_told_at_once(engine, change, trips, words):
    change = {name: value.format(engine.access.endpoint.split("//")[1]) for name, value in change.items()}
    error = told(engine, dataclasses.replace(engine.access, **change), trips)
    assert all(word in error.message for word in words), error.message


def test_a_server_that_takes_the_call_and_never_answers_is_given_up(engine):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = told(engine, dataclasses.replace(engine.access, endpoint=address))
    assert "did not answer in time" in error.message
    assert error.retry


def test_a_run_says_what_is_wrong_in_its_status(engine):
    wrong = other(engine, region="eu-west-1")
    outcome = engine.run(s3=wrong.access.to_json())
    assert outcome.code == 1
    assert "AuthorizationHeaderMalformed" in outcome.error
    assert outcome.status["error"]["retry"] is False


# -- keys -------------------------------------------------------------------------------------------


def test_missing_keys_are_told_before_anything_is_asked(engine, no_keys):
    error = told(engine, dataclasses.replace(engine.access, keys_file=""))
    assert isinstance(error, KeysMissing)
    assert "There are no keys" in error.message


def test_a_file_of_keys_is_not_mixed_with_the_environment(engine, no_keys, monkeypatch):
    for name in (*s3_keys.ENVIRONMENT, "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.8.1:1")
    check_reach(engine.trips, engine.access)
    assert len(list_trips(engine.trips, access=engine.access)) == 4
    place = S3Path.of(f"s3://{engine.bucket}/x", engine.access)
    place.put(b"1")
    assert place.read_bytes() == b"1"


def test_keys_may_come_from_the_environment(engine, no_keys, monkeypatch):
    keys = engine.server.keys()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret)
    access = dataclasses.replace(engine.access, keys_file="")
    check_reach(engine.trips, access)
    assert len(list_trips(engine.trips, access=access)) == 4


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", 0o640, "may be read by others"),
        ("[other]\naws_access_key_id = a\naws_secret_access_key = b\n", 0o600, r"under \[default\]"),
        ("[default]\naws_access_key_id = a\n", 0o600, "has no aws_access_key_id and aws_secret_access_key"),
        ("geheim", 0o600, "not in the format"),
        (None, 0, "cannot be read"),
    ],
)
def test_a_file_of_keys_that_is_not_right_is_named_and_its_content_is_not_shown(
    engine, tmp_path, content, mode, words
):
    path = tmp_path / "keys"
    if content is not None:
        path.touch(mode=mode)
        path.chmod(mode)
        path.write_text(content)
    with pytest.raises(KeysMissing, match=words) as caught:
        check_reach(engine.trips, dataclasses.replace(engine.access, keys_file=str(path)))
    assert str(path) in caught.value.message
    assert "geheim" not in caught.value.message + caught.value.detail


def test_an_open_bucket_needs_no_keys(engine, no_keys):
    engine.server.allow(engine.bucket, "*")
    access = S3Access(endpoint=engine.access.endpoint, anonymous=True)
    check_reach(engine.trips, access)
    assert len(list_trips(engine.trips, access=access)) == 4
    engine.server.client().delete_bucket_policy(Bucket=engine.bucket)
    assert "AccessDenied" in told(engine, access).message


ECHO = (
    b"<Error><Code>SignatureDoesNotMatch</Code><Message>Not \x1b[31mit.</Message>"
    b"<CanonicalRequest>GET\nx-amz-security-token:TOKEN</CanonicalRequest></Error>"
)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(301, b"<Error><Code>PermanentRedirect</Code></Error>"), r"elsewhere|region is another one"),
        (Fault(301, b"<html>Moved</html>", "text/html"), "elsewhere.*endpoint"),
        (refusal("NotImplemented", 501), "does not know how to do that.*update the server"),
        (Fault(gone=True), "cut the connection"),
        (Fault(403, ECHO), r"SignatureDoesNotMatch, Not \[31mit\. .*Check key and secret"),
        (Fault(403, b"<html>TOKEN</html>", "text/html"), "does not allow it"),
    ],
    ids=["redirect", "moved", "unable", "gone", "echo", "page"],
)
def test_what_a_server_says_is_told_with_what_to_do_and_nothing_of_what_it_was_sent(
    engine, monkeypatch, fault, words
):
    monkeypatch.setattr(signed_requests, "_RETRIES", 1)
    monkeypatch.setattr(obstore_store, "PATIENT", obstore_store.PATIENT._replace(retries=1))
    with FaultProxy(engine.server.endpoint) as proxy:
        there = other(engine, endpoint=proxy.endpoint)
        place = there.place("runs/1/status.json")
        proxy.faults.append(dataclasses.replace(fault, lasting=True))
        for name, ask in {
            there.trips: lambda: list_trips(there.trips, access=there.access),
            str(place): lambda: place.put(b"1"),
        }.items():
            with pytest.raises(StorageError, match=words) as caught:
                ask()
            error = caught.value
            assert name in error.message and proxy.endpoint in error.message
            assert error.message.isprintable() and error.message.count(". ") >= 1
            assert "TOKEN" not in error.message + error.detail


# -- rights -----------------------------------------------------------------------------------------


def test_a_bucket_that_may_be_read_and_not_written_gives_trips_and_refuses_the_store(engine, tmp_path):
    name = f"reader-{engine.bucket}"
    engine.server.add_user(name)
    engine.server.allow(engine.bucket, name, READING)
    access = dataclasses.replace(engine.access, keys_profile=name)
    with pytest.raises(StorageError, match="AccessDenied") as caught:
        PointStore.open(engine.store, DecodeRules(speed_unit="mph"), access)
    assert not caught.value.retry
    assert "write" in caught.value.message
    assert len(list_trips(engine.trips, access=access)) == 4
    outcome = engine.run(s3=access.to_json())
    assert outcome.code == 1
    assert "could not write" in outcome.error
    local = engine.run_here(store=str(tmp_path / "store"), s3=access.to_json())
    assert result_bytes(local)


def test_the_rights_that_the_manual_names_are_all_that_is_needed(engine, monkeypatch, caplog):
    """Reading in one folder, writing in others. A run cleans up behind itself and behind a killed one."""
    name, about = f"limited-{engine.bucket}", f"arn:aws:s3:::{engine.bucket}"
    user = engine.server.add_user(name).access
    rights = [
        (["s3:ListBucket"], [about]),
        (["s3:GetObject"], [f"{about}/trips/*"]),
        (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{about}/store/*", f"{about}/runs/*"]),
    ]
    statements = [
        {"Effect": "Allow", "Principal": user, "Action": actions, "Resource": resources}
        for actions, resources in rights
    ]
    engine.server.set_policy(engine.bucket, {"Version": "2012-10-17", "Statement": statements})
    killed = PointStore.at(engine.store, DecodeRules(speed_unit="mph"), engine.access).owner("killed")
    killed.put(b'{"host": "another"}')
    (killed.parent / "part-00000.parquet").put(b"")
    os.utime(engine.folder / killed.key, (1, 1))
    engine.access = dataclasses.replace(engine.access, keys_profile=name)
    monkeypatch.setattr(recovery, "NOTE_EVERY", 0)
    monkeypatch.setattr(run, "KEEP_ALIVE", 0)
    assert result_bytes(engine.run_here())
    assert engine.requests()["DeleteObject"] > 0
    left = " ".join(engine.keys())
    assert not any(word in left for word in ("killed", "notes-", "work/", ".tmp"))
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == []

    keys = engine.server.keys(name)
    files, folder = (
        S3Files(connect(engine.access, S3Keys(keys.access, keys.secret))),
        f"{engine.bucket}/runs/9",
    )
    assert files.put_new(f"s3://{folder}/job.json", b'{"run": "1"}')
    files.put(f"s3://{folder}/spec.json", b"{}")
    files.remove(f"s3://{folder}", "1")
    assert engine.keys("runs/9") == []


def test_a_trip_may_not_be_read_and_the_others_count(engine):
    name = f"some-{engine.bucket}"
    engine.server.add_user(name)
    user = engine.server.keys(name).access
    about = f"arn:aws:s3:::{engine.bucket}"
    allow = [
        {"Effect": "Allow", "Principal": user, "Action": ["s3:ListBucket"], "Resource": about},
        {"Effect": "Allow", "Principal": user, "Action": ["s3:GetObject"], "Resource": f"{about}/*"},
        {
            "Effect": "Deny",
            "Principal": user,
            "Action": ["s3:GetObject"],
            "Resource": f"{about}/trips/2.json",
        },
    ]
    engine.server.set_policy(engine.bucket, {"Version": "2012-10-17", "Statement": allow})
    access = dataclasses.replace(engine.access, keys_profile=name)
    outcome = engine.run_here(s3=access.to_json(), store=str(engine.folder.parent / f"store-{name}"))
    assert outcome.bad == {"2.json": "unreadable"}


# -- certificates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["good", "late", "elsewhere", "alone"])
def test_certificates_are_told_apart(tmp_path, which):
    authority = Authority(tmp_path / "tls")
    if which == "alone":
        certificate = self_signed(tmp_path, which, ["127.0.0.1"])
    else:
        hosts = ["other.example.org"] if which == "elsewhere" else ["127.0.0.1"]
        certificate = authority.certificate(which, hosts, expired=which == "late")
    with S3Server(tmp_path / "s3", certificate=certificate) as server:
        access = S3Access(
            endpoint=server.endpoint, keys_file=str(server.keys_file), ca_file=str(authority.ca_file)
        )
        if which == "good":
            engine = BucketEngine(server, server.make_bucket("trips-tls"), ca_file=str(authority.ca_file))
            engine.write("a.json", trip(20))
            assert engine.run_here().manifest["files"]["decoded"] == 1
            untrusting = dataclasses.replace(access, ca_file="")
            assert "nobody that this computer trusts" in told(engine, untrusting).message
            return
        words = {
            "late": "expired",
            "elsewhere": "for another host",
            "alone": "nobody that this computer trusts",
        }
        for ask in (
            lambda: check_reach("s3://trips-tls/t", access),
            lambda: list_trips("s3://trips-tls/t", access=access),
        ):
            with pytest.raises(StorageError, match="certificate") as caught:
                ask()
            assert words[which] in caught.value.message
            assert not caught.value.retry


# -- a server in trouble ----------------------------------------------------------------------------


def kind(method, path):
    """What a request is about, whatever names it bears."""
    path, _, query = path.partition("?")
    names = [part for part in path.split("/")[2:] if not re.search(r"[0-9a-f]{8}|^[0-9.]+$", part)]
    return method, tuple(names), "list" if "list-type" in query else query


class Storm:
    """Everything that is asked for goes wrong once."""

    def __init__(self):
        self.met = set()

    def __call__(self, method, path):
        found = kind(method, path)
        # The first look at a bucket is impatient, and what it cannot read is told at once.
        new = found not in self.met and found[2] != "list"
        self.met.add(found)
        return new


@pytest.mark.parametrize(
    "fault",
    [refusal("SlowDown"), refusal("InternalError", 500), Fault(502, b"<html>", "text/html"), Fault(cut=40),
     Fault(gone=True), Fault(lost=True)],
    ids=["503", "500", "page", "cut", "gone", "lost"],
)  # fmt: skip
def test_a_run_gets_over_everything_going_wrong_once(engine, fault):
    expected = result_bytes(engine.run_here())
    with FaultProxy(engine.server.endpoint) as proxy:
        storm = Storm()
        proxy.faults.append(dataclasses.replace(fault, fits=storm, lasting=True))
        engine.access = dataclasses.replace(engine.access, endpoint=proxy.endpoint)
        assert result_bytes(engine.run_here(store=f"s3://{engine.bucket}/another")) == expected
    assert len(storm.met) > 15
    # What could not be told to be deleted may stay.
    assert [key for key in engine.leftovers() if "/work/" not in key] == []


@pytest.mark.parametrize(
    ("method", "part"),
    [("GET", "spec.json"), ("PUT", "rules.json"), ("PUT", "traversals/"), ("PUT", "points/"),
     ("PUT", "files.parquet"),
     ("GET", "points/"), ("PUT", "work/"), ("GET", "work/"), ("PUT", "results/"), ("PUT", "manifest.json")],
)  # fmt: skip
def test_a_page_instead_of_s3_never_gets_into_a_result_and_the_next_run_goes_on(engine, method, part):
    with FaultProxy(engine.server.endpoint) as proxy:
        page = Fault(200, b"<html><h1>Sorry</h1></html>", "text/html", lasting=True)
        proxy.faults.append(dataclasses.replace(page, fits=lambda m, path: m == method and part in path))
        calm, engine.access = engine.access, dataclasses.replace(engine.access, endpoint=proxy.endpoint)
        with pytest.raises(StorageError, match="not S3's"):
            engine.run_here()
    engine.access = calm
    assert not list(engine.folder.rglob("manifest.json"))
    assert engine.run_here().manifest["files"]["named"] == 4


def test_a_manifest_whose_answer_was_lost_is_still_ours(engine):
    with FaultProxy(engine.server.endpoint) as proxy:
        place = S3Path.of(f"s3://{engine.bucket}/once.json", other(engine, endpoint=proxy.endpoint).access)
        proxy.faults.append(Fault(lost=True, fits=lambda method, _: method == "PUT"))
        assert place.write_new(b"mine")
        assert [method for method, _, _ in proxy.seen].count("PUT") == 2
        assert not place.write_new(b"another's")
    assert place.bucket == engine.bucket


def test_two_conditional_writes_at_the_very_same_time_are_tried_again(engine):
    with FaultProxy(engine.server.endpoint) as proxy:
        place = S3Path.of(f"s3://{engine.bucket}/at once", other(engine, endpoint=proxy.endpoint).access)
        proxy.faults.append(refusal("ConditionalRequestConflict", 409, lambda method, _: method == "PUT"))
        assert place.write_new(b"mine")
        proxy.faults.append(refusal("ConditionalRequestConflict", 409, lambda method, _: method == "PUT"))
        assert not place.write_new(b"late")
        assert place.read_bytes() == b"mine"


def test_a_server_that_dies_ends_the_run_with_words_and_the_next_run_goes_on(tmp_path):
    with S3Server(tmp_path / "s3") as server:
        engine = BucketEngine(server, server.make_bucket("trips-dead"))
        for n in range(6):
            engine.write(f"{n}.json", trip(20, n))
        (files, access) = list_trips(engine.trips, access=engine.access), engine.access
        server.kill()
        with pytest.raises(StorageError) as caught:
            check_reach(engine.trips, access)
        assert caught.value.retry
        server.start()
        assert engine.run_here().manifest["files"]["named"] == len(files)


@pytest.mark.parametrize("body", [b"", b"<html><h1>Sorry</h1></html>"])
def test_what_another_server_answers_in_its_place_is_no_trip(engine, body):
    with FaultProxy(engine.server.endpoint) as proxy:
        access = other(engine, endpoint=proxy.endpoint).access
        (file, *_) = list_trips(engine.trips, access=access)
        proxy.faults.append(Fault(200, body, "text/html"))
        assert read_trip(file, 1 << 20, access) == trip(20, 0)
        assert not proxy.faults
