"""Access to buckets from the desktop, on a real server, with and without network faults."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from development.certificates import Authority, self_signed
from development.ports import free_port
from development.s3 import READING, S3Server
from roadpulse.aggregation.contract.errors import BadTripFile, Cancelled, NoAnswer
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.storage.s3.errors import (
    AccessDenied,
    BucketMissing,
    ClockOff,
    KeysMissing,
    KeysRefused,
    NotS3,
    S3Away,
    S3Busy,
    S3Cut,
    S3Error,
    S3Refused,
    S3Silent,
    StorageFull,
    WrongRegion,
)
from roadpulse.cluster_client.certificates import CertificateExpired, CertificateOfOther, CertificateUntrusted
from roadpulse.cluster_client.errors import BackendError, ResultError
from roadpulse.cluster_client.profiles.credentials import S3Keys
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.runs.fetching import fetch_run
from roadpulse.cluster_client.s3 import boto_client, listing
from roadpulse.cluster_client.s3 import files as files_module
from roadpulse.cluster_client.s3.client import QUICK, S3Connection, access_here, connect, connect_for
from roadpulse.cluster_client.s3.files import S3Files
from tests.integration.fault_proxy import Fault, FaultProxy, refusal
from tests.manifests import manifest_of


@pytest.fixture(autouse=True)
def without_own_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The keys of whoever runs the tests play no part, nor those of a cloud's instance."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "_FIRST_PAUSE", 0.02)


def keys_of(server: S3Server, user: str = "default") -> S3Keys:
    keys = server.keys(user)
    return S3Keys(keys.access, keys.secret)


@pytest.fixture
def s3(s3_server: S3Server) -> S3Connection:
    return connect(S3Access(endpoint=s3_server.endpoint), keys_of(s3_server))


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def through(proxy: FaultProxy, s3_server: S3Server) -> S3Connection:
    return connect(S3Access(endpoint=proxy.endpoint), keys_of(s3_server), waits=replace(QUICK, attempts=3))


@pytest.fixture
def impatient(proxy: FaultProxy, s3_server: S3Server) -> S3Connection:
    return connect(S3Access(endpoint=proxy.endpoint), keys_of(s3_server), waits=QUICK)


def look(s3: S3Connection, bucket: str) -> list[listing.Page]:
    return list(listing.pages(s3, f"s3://{bucket}"))


# -- the files of a run -------------------------------------------------------------------------------


def test_a_file_is_written_and_read_whole_and_in_parts(s3: S3Connection, bucket: str) -> None:
    files, path = S3Files(s3), f"s3://{bucket}/runs/a/status.json"
    assert (files.size(path), files.read(path), files.read_last(path, 3)) == (None, None, None)
    assert files.tail(path, 3) == ""
    files.put(path, b"one\ntwo\nthree\n")
    assert files.size(path) == 14
    assert files.read(path, 3) == b"one"
    assert files.read_last(path, 6) == b"three\n"
    assert files.tail(path, 2) == "two\nthree"
    assert not files.put_once(path, b"one\ntwo\nthree\n")
    assert files.put_once(path, b"four")
    assert files.read(path) == b"four"


def test_an_empty_file_is_there_and_empty(s3: S3Connection, bucket: str) -> None:
    files, path = S3Files(s3), f"s3://{bucket}/log.txt"
    files.put(path, b"")
    assert (files.size(path), files.read(path), files.read_last(path, 9)) == (0, b"", b"")
    assert list(files.blocks(path, 0, 5)) == []


def test_of_many_who_claim_a_folder_at_once_one_gets_it(s3: S3Connection, bucket: str) -> None:
    files, path = S3Files(s3), f"s3://{bucket}/runs/a/job.json"
    start, won = threading.Barrier(6), []

    def claim(number: int) -> None:
        start.wait()
        if files.put_new(path, str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(won) == 1
    assert files.read(path) == str(won[0]).encode()
    assert not files.put_new(path, b"late")


def test_a_run_is_deleted_and_nothing_else(s3: S3Connection, bucket: str) -> None:
    files = S3Files(s3)
    ours = (
        "a/spec.json", "a/log.txt", "a/manifest.json", "a/results/0123abcd/link_speeds.csv",
        "a/work/0123abcd/trips.npz", "a/work/0123abcd/links-00000.npz",
    )  # fmt: skip
    others = (
        "a/notes.txt", "a/results/0123abcd/thesis.csv", "a/results/link_speeds.csv", "a/work/trips/1.json",
        "ab/spec.json", "b/notes.txt", "b/spec.json",
    )  # fmt: skip
    for name in (*ours, *others):
        files.put(f"s3://{bucket}/runs/{name}", b"x")
    files.put(f"s3://{bucket}/runs/a/job.json", b'{"run": "mine"}')

    def left() -> list[str]:
        return [found.key.partition("/")[2] for found in listing.objects(s3, f"s3://{bucket}")]

    for run in ("a", "b"):
        files.remove(f"s3://{bucket}/runs/{run}", "another")
    assert sorted(left()) == sorted((*ours, *others, "a/job.json"))
    files.remove(f"s3://{bucket}/runs/a", "mine")
    assert sorted(left()) == sorted(others)
    files.remove(f"s3://{bucket}/runs/a", "mine")  # it is gone already
    with pytest.raises(S3Refused, match="whole bucket"):
        files.remove(f"s3://{bucket}", "mine")


# -- fetching -----------------------------------------------------------------------------------------


def get(s3: S3Connection, bucket: str, content: bytes, local: Path, **more: Any) -> None:
    S3Files(s3).get(
        f"s3://{bucket}/part.csv", local, len(content), hashlib.sha256(content).hexdigest(), **more
    )


def test_a_fetch_goes_on_at_the_byte_where_it_was_cut(
    through: S3Connection, s3: S3Connection, proxy: FaultProxy, bucket: str, tmp_path: Path
) -> None:
    content = os.urandom(5_000_000)
    S3Files(s3).put(f"s3://{bucket}/part.csv", content)
    proxy.faults.extend(Fault(cut=n, fits=lambda method, path: method == "GET") for n in (1_500_000, 900_000))
    heard: list[int] = []
    get(through, bucket, content, tmp_path / "part.csv", progress=heard.append)
    assert (tmp_path / "part.csv").read_bytes() == content
    assert not (tmp_path / "part.csv.part").exists()
    spans = [span for method, _, span in proxy.seen if method == "GET"]
    starts = [int(span.removeprefix("bytes=").rstrip("-") or 0) for span in spans]
    # What came before a cut is kept but for the last block, and never asked for again.
    assert len(starts) == 3 and 0 == starts[0] < starts[1] < starts[2]
    assert heard == sorted(heard) and heard[-1] == len(content)


def test_a_fetch_that_was_given_up_goes_on_later(
    through: S3Connection, s3: S3Connection, proxy: FaultProxy, bucket: str, tmp_path: Path
) -> None:
    content = os.urandom(3_000_000)
    S3Files(s3).put(f"s3://{bucket}/part.csv", content)
    proxy.faults.append(Fault(cut=2_500_000))
    proxy.faults.extend([Fault(cut=0)] * 3)
    with pytest.raises(S3Cut) as caught:
        get(through, bucket, content, tmp_path / "part.csv")
    assert caught.value.retry
    kept = (tmp_path / "part.csv.part").stat().st_size
    assert kept >= 2_000_000 and not (tmp_path / "part.csv").exists()
    proxy.seen.clear()
    get(through, bucket, content, tmp_path / "part.csv")
    assert (tmp_path / "part.csv").read_bytes() == content
    assert proxy.seen[0][2] == f"bytes={kept}-"


def test_a_file_that_changed_after_the_run_is_named(s3: S3Connection, bucket: str, tmp_path: Path) -> None:
    S3Files(s3).put(f"s3://{bucket}/part.csv", b"link_id,mean\n7,24.5\n")
    for content in (b"link_id,mean\n7,24.0\n", b"link_id,mean\n7,24.05\n", b"link_id,mean\n"):
        with pytest.raises(ResultError, match="changed after the run"):
            get(s3, bucket, content, tmp_path / "part.csv")
    assert list(tmp_path.glob("part*")) == []


def test_a_fetch_is_stopped_when_asked(s3: S3Connection, bucket: str, tmp_path: Path) -> None:
    content = bytes(3_000_000)
    S3Files(s3).put(f"s3://{bucket}/part.csv", content)
    heard: list[int] = []
    with pytest.raises(Cancelled):
        get(
            s3, bucket, content, tmp_path / "part.csv",
            progress=heard.append, cancelled=lambda: bool(heard) and heard[-1] > 0,
        )  # fmt: skip
    assert 0 < heard[-1] < len(content)


def test_a_finished_run_is_fetched_as_over_ssh(s3: S3Connection, bucket: str, tmp_path: Path) -> None:
    folder, files = f"s3://{bucket}/runs/june", S3Files(s3)
    results = {}
    statistics = "n_points,n_trips,mean,std,p05,p15,p50,p85,p95"
    for name, columns in (("link_speeds", "link_id"), ("link_speeds_by_time", "link_id,bin")):
        content = f"{columns},{statistics}\n".encode()
        files.put(f"{folder}/results/{name}.csv", content)
        part = {"path": f"results/{name}.csv", "rows": 0, "bytes": len(content)}
        part["sha256"] = hashlib.sha256(content).hexdigest()
        results[name] = {"columns": content.decode().strip().split(","), "rows": 0, "parts": [part]}
    files.put(f"{folder}/log.txt", b"done\n")
    with pytest.raises(BackendError, match=r"manifest\.json at .* is gone"):
        fetch_run(files, folder, tmp_path / "here")
    files.put(f"{folder}/manifest.json", json.dumps(manifest_of(results)).encode())
    fetch_run(files, folder, tmp_path / "here")
    assert sorted(path.name for path in (tmp_path / "here").rglob("*") if path.is_file()) == [
        "link_speeds.csv", "link_speeds_by_time.csv", "log.txt", "manifest.json",
    ]  # fmt: skip
    results["link_speeds"]["parts"][0]["path"] = "cancel"
    files.put(f"{folder}/manifest.json", json.dumps(manifest_of(results)).encode())
    with pytest.raises(ResultError, match=r"'cancel', and a part is results/NAME\.csv"):
        fetch_run(files, folder, tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


# -- who one is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["list", "size", "read", "put"])
@pytest.mark.parametrize(("key_id", "secret"), [("AKNOBODY", "wrong"), ("", "wrong")])
def test_a_wrong_key_or_secret_is_told_with_the_servers_code(
    s3_server: S3Server, bucket: str, question: str, key_id: str, secret: str
) -> None:
    keys = S3Keys(key_id or s3_server.keys().access, secret)
    s3 = connect(S3Access(endpoint=s3_server.endpoint), keys, waits=QUICK)
    files, path = S3Files(s3), f"s3://{bucket}/x"
    ask = {
        "list": lambda: look(s3, bucket), "size": lambda: files.size(path),
        "read": lambda: files.read(path), "put": lambda: files.put(path, b""),
    }[question]  # fmt: skip
    with pytest.raises(KeysRefused, match="s3_authcfg") as caught:
        ask()
    known = {"InvalidAccessKeyId", "XAdminUserNotFound"} if key_id else {"SignatureDoesNotMatch"}
    assert caught.value.code in known and caught.value.code in caught.value.message
    assert secret not in caught.value.detail and not caught.value.retry


def test_keys_come_from_a_file_of_their_owner_alone(s3_server: S3Server, bucket: str, tmp_path: Path) -> None:
    access = S3Access(endpoint=s3_server.endpoint, keys_file=str(s3_server.keys_file))
    assert look(connect(access), bucket) == [listing.Page((), (), False)]
    open_to_all = tmp_path / "keys"
    open_to_all.write_text(s3_server.keys_file.read_text())
    open_to_all.chmod(0o644)
    with pytest.raises(KeysMissing, match="may be read by others"):
        connect(replace(access, keys_file=str(open_to_all)))
    with pytest.raises(KeysMissing, match="cannot be read"):
        connect(replace(access, keys_file=str(tmp_path / "none")))


def test_keys_come_from_the_environment_as_everywhere(
    s3_server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = S3Access(endpoint=s3_server.endpoint)
    with pytest.raises(KeysMissing, match="there are none"):
        look(connect(access), bucket)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.keys().access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.keys().secret)
    assert look(connect(access), bucket)
    with pytest.raises(KeysMissing, match="nobody"):
        connect(replace(access, keys_profile="nobody"))


def test_without_a_name_one_sees_what_everybody_may(
    s3_server: S3Server, s3: S3Connection, bucket: str
) -> None:
    access = S3Access(endpoint=s3_server.endpoint, anonymous=True)
    with pytest.raises(AccessDenied):
        look(connect(access), bucket)
    s3_server.allow(bucket, "*", READING)
    S3Files(s3).put(f"s3://{bucket}/a.json", b"{}")
    assert S3Files(connect(access)).read(f"s3://{bucket}/a.json") == b"{}"


def test_a_bucket_that_may_be_read_and_not_written(
    s3_server: S3Server, s3: S3Connection, bucket: str
) -> None:
    s3_server.add_user("reader")
    s3_server.allow(bucket, "reader", READING)
    S3Files(s3).put(f"s3://{bucket}/a.json", b"{}")
    files = S3Files(connect(S3Access(endpoint=s3_server.endpoint), keys_of(s3_server, "reader")))
    assert files.read(f"s3://{bucket}/a.json") == b"{}"
    for write in (files.put, files.put_new):
        with pytest.raises(AccessDenied, match=r"Writing s3://.*AccessDenied") as caught:
            write(f"s3://{bucket}/b.json", b"")
        assert not caught.value.retry


def test_keys_are_not_to_be_read_anywhere(s3_server: S3Server, s3: S3Connection) -> None:
    keys = keys_of(s3_server)
    for text in (repr(keys), str(keys), repr(s3), f"{s3}"):
        assert keys.secret not in text and keys.key_id not in text


# -- where it is --------------------------------------------------------------------------------------


def test_a_missing_bucket_is_not_taken_for_a_missing_file(s3: S3Connection) -> None:
    files = S3Files(s3)
    for ask in (files.size, files.read, lambda path: files.read_last(path, 9)):
        with pytest.raises(BucketMissing, match=r"no bucket 'elsewhere-7'.*NoSuchBucket"):
            ask("s3://elsewhere-7/a")
    with pytest.raises(BucketMissing, match="names no bucket"):
        files.size("s3://Not A Name/a")


@pytest.mark.parametrize("endpoint", ["http://127.0.9.1:{port}", "http://s3.invalid:9000"])
def test_an_endpoint_where_nobody_is_fails_at_once(s3_server: S3Server, endpoint: str) -> None:
    address = endpoint.format(port=free_port("127.0.9.1"))
    s3 = connect(S3Access(endpoint=address), keys_of(s3_server), waits=QUICK)
    began = time.monotonic()
    with pytest.raises(S3Away, match=r"cannot be reached: .* Check the endpoint") as caught:
        look(s3, "trips")
    assert caught.value.retry and address in caught.value.message
    assert time.monotonic() - began < 60  # it would go on for minutes


def test_a_server_that_hangs_is_given_up_in_time(s3_server: S3Server, proxy: FaultProxy, bucket: str) -> None:
    proxy.faults.extend([Fault(hang=True)] * 9)
    waits = replace(QUICK, read=1.0, attempts=3)
    hanging = connect(S3Access(endpoint=proxy.endpoint), keys_of(s3_server), waits=waits)
    began = time.monotonic()
    with pytest.raises(S3Silent, match="does not answer") as caught:
        look(hanging, bucket)
    assert caught.value.retry and time.monotonic() - began < 60


def test_a_page_instead_of_s3_is_told(through: S3Connection, proxy: FaultProxy, bucket: str) -> None:
    files, page = S3Files(through), b"<!DOCTYPE html><html><body><h1>MinIO Console</h1></body></html>"
    path = f"s3://{bucket}/x"
    for status in (200, 404, 405, 400):
        for ask in (lambda: look(through, bucket), lambda: files.read(path), lambda: files.put(path, b"")):
            proxy.faults.append(Fault(status, page, "text/html"))
            with pytest.raises(NotS3, match="does not answer as S3 does"):
                ask()
            assert not proxy.faults


def test_https_is_asked_of_a_server_that_speaks_none(s3_server: S3Server, bucket: str) -> None:
    access = S3Access(endpoint=s3_server.endpoint.replace("http:", "https:"))
    with pytest.raises(NotS3, match="speaks no https"):
        look(connect(access, keys_of(s3_server), waits=QUICK), bucket)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("RequestTimeTooSkewed", 403, ClockOff),
        ("InvalidAccessKeyId", 403, KeysRefused),
        ("XAdminUserNotFound", 404, KeysRefused),
        ("ExpiredToken", 400, KeysRefused),
        ("XMinioStorageFull", 507, StorageFull),
        ("InvalidBucketState", 409, S3Refused),
        ("NotImplemented", 501, S3Refused),
    ],
)
def test_what_other_servers_say_is_understood(
    through: S3Connection, proxy: FaultProxy, bucket: str, code: str, status: int, kind: type
) -> None:
    proxy.faults.extend([refusal(code, status)] * 3)
    with pytest.raises(kind, match=code) as caught:
        look(through, bucket)
    assert type(caught.value) is kind and caught.value.message.count(". ") >= 1


HOSTILE = [
    b"", b"<", b"null", b'{"msg": "no"}', b"\xff\xfe\x00", b"<?xml version='1.0'?>", b"<Error/>",
    b"<Error><Code/></Error>", b"<Error><Code>x</Code></Error>" * 2,
    b"<Error><Code>" + b"A" * 5000 + b"</Code></Error>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]><Error><Code>&a;</Code></Error>",
    b"<R/>", b"<R><IsTruncated>maybe</IsTruncated><Contents/></R>", b"<R><IsTruncated>true</IsTruncated></R>",
    b"<R><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>x</Size></Contents></R>",
    b"<R><IsTruncated>false</IsTruncated><CommonPrefixes/></R>", b"<R><Buckets><Bucket/></Buckets></R>",
]  # fmt: skip
"""What no S3 server answers, in whichever place it stands."""


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_whatever_answers_is_told_in_words(
    impatient: S3Connection, proxy: FaultProxy, bucket: str, status: int
) -> None:
    files, path = S3Files(impatient), f"s3://{bucket}/x"
    questions = [
        lambda: look(impatient, bucket), lambda: boto_client.buckets(impatient), lambda: files.size(path),
        lambda: files.read_last(path, 3), lambda: files.put(path, b"x"),
    ]  # fmt: skip
    bodies = [*HOSTILE, *(os.urandom(40) for _ in range(3))]
    for number, body in enumerate(bodies):
        for ask in (questions[0], questions[1 + number % 4]):
            proxy.faults.extend([Fault(status, body)] * 4)
            try:
                ask()
            except S3Error as error:
                assert len(error.message) < 900 and error.message.isprintable(), body
            proxy.faults.clear()


@pytest.mark.parametrize("body", [b"<Error><Code>PermanentRedirect</Code></Error>", b"<html>Moved</html>"])
def test_a_server_that_sends_everything_elsewhere_is_told(
    impatient: S3Connection, proxy: FaultProxy, bucket: str, body: bytes
) -> None:
    """boto3 would ask where the bucket lies again and again."""
    proxy.faults.append(Fault(301, body, lasting=True))
    for ask in (lambda: look(impatient, bucket), lambda: S3Files(impatient).put(f"s3://{bucket}/x", b"")):
        with pytest.raises(S3Refused, match=r"Check the endpoint, .*'s3\.region'") as caught:
            ask()
        assert bucket in caught.value.message and proxy.endpoint in caught.value.message


def test_another_region_is_named(through: S3Connection, proxy: FaultProxy, bucket: str) -> None:
    body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; "
    body += b"the region 'us-east-1' is wrong; expecting 'eu-west-2'</Message></Error>"
    proxy.faults.extend([Fault(400, body)] * 9)
    with pytest.raises(WrongRegion, match=r"Write 'eu-west-2' as 's3\.region'") as caught:
        look(through, bucket)
    assert caught.value.region == "eu-west-2"


def test_a_bucket_of_another_region_is_found_all_the_same(s3_server: S3Server, bucket: str) -> None:
    access = S3Access(endpoint=s3_server.endpoint, region="eu-west-2")
    assert look(connect(access, keys_of(s3_server)), bucket)


# -- busy and cut -------------------------------------------------------------------------------------


def test_a_busy_server_is_asked_again(through: S3Connection, proxy: FaultProxy, bucket: str) -> None:
    proxy.faults.extend([refusal("SlowDown"), refusal("InternalError", 500)])
    assert look(through, bucket) == [listing.Page((), (), False)]
    assert len(proxy.seen) == 3


def test_a_server_that_stays_busy_is_told_so(through: S3Connection, proxy: FaultProxy, bucket: str) -> None:
    proxy.faults.extend([refusal("SlowDown")] * 9)
    with pytest.raises(S3Busy, match=r"is busy or has a fault \(SlowDown\)") as caught:
        look(through, bucket)
    assert isinstance(caught.value, NoAnswer) and len(proxy.seen) == 3


def test_a_claim_whose_answer_was_lost_is_known_by_its_content(
    through: S3Connection, s3: S3Connection, proxy: FaultProxy, bucket: str
) -> None:
    path = f"s3://{bucket}/job.json"
    proxy.faults.append(Fault(lost=True, fits=lambda method, _: method == "PUT"))
    assert not S3Files(through).put_new(path, b"run 7")  # asked twice: the first was done
    assert S3Files(s3).read(path) == b"run 7"


def test_two_at_once_of_whom_the_server_refuses_one_ask_again(
    through: S3Connection, proxy: FaultProxy, bucket: str
) -> None:
    conflict = refusal("ConditionalRequestConflict", 409, lambda method, _: method == "PUT")
    proxy.faults.append(conflict)
    assert S3Files(through).put_new(f"s3://{bucket}/job.json", b"mine")


# -- certificates -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("which", "kind"),
    [
        ("good", None),
        ("late", CertificateExpired),
        ("other", CertificateOfOther),
        ("alone", CertificateUntrusted),
        ("unknown", CertificateUntrusted),
    ],
)
def test_certificates_are_told_apart(authority: Authority, tmp_path: Path, which: str, kind: Any) -> None:
    here = ["127.0.0.1"]
    if which == "alone":
        certificate = self_signed(tmp_path, which, here)
    else:
        hosts = ["elsewhere.example.org"] if which == "other" else here
        certificate = authority.certificate(which, hosts, expired=which == "late")
    with S3Server(tmp_path / "s3", certificate=certificate) as server:
        ca_file = "" if which == "unknown" else str(authority.ca_file)
        s3 = connect(S3Access(endpoint=server.endpoint, ca_file=ca_file), keys_of(server), waits=QUICK)
        if kind is None:
            server.make_bucket("trips")
            assert look(s3, "trips")
            return
        with pytest.raises(kind, match="certificate") as caught:
            look(s3, "trips")
        assert server.endpoint in caught.value.message and not caught.value.retry


def test_what_is_trusted_piles_up_nowhere_where_qgis_ends_without_a_word(
    authority: Authority, tmp_path: Path
) -> None:
    script = (
        "import os, sys\nfrom roadpulse.aggregation.contract.s3_access import S3Access\n"
        "from roadpulse.cluster_client.profiles.credentials import S3Keys\n"
        "from roadpulse.cluster_client.s3.client import connect\n"
        "connect(S3Access(endpoint='https://127.0.9.1:9', ca_file=sys.argv[1]), S3Keys('a', 'b'))\n"
        "os._exit(0)"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    for _ in range(3):
        subprocess.run([sys.executable, "-c", script, str(authority.ca_file)], env=environment, check=True)
    assert len(list(temporary.rglob("*.pem"))) == 1  # the last one's, which the next one would remove


def test_a_file_of_certificates_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(BackendError, match=name):
            connect(S3Access(endpoint="https://127.0.9.1:9", ca_file=str(tmp_path / name)), S3Keys("a", "b"))


# -- proxies ------------------------------------------------------------------------------------------


def test_a_proxy_that_leads_nowhere_is_told_without_its_password() -> None:
    proxies = dict.fromkeys(("http", "https"), f"http://ana:secret@127.0.9.1:{free_port('127.0.9.1')}")
    s3 = connect(S3Access(endpoint="http://s3.example.org"), S3Keys("a", "b"), proxies, QUICK)
    with pytest.raises(S3Away, match="the proxy") as caught:
        look(s3, "trips")
    assert "secret" not in caught.value.message + caught.value.detail


def test_a_proxy_of_another_kind_is_named_before_anything_is_sent() -> None:
    proxies = dict.fromkeys(("http", "https"), "socks5h://127.0.9.1:1080")
    with pytest.raises(BackendError, match="SOCKS"):
        connect(S3Access(endpoint="http://s3.example.org"), S3Keys("a", "b"), proxies)


def test_the_environments_proxies_count_but_for_its_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.9.1:3128")
    monkeypatch.setenv("no_proxy", "near.example.org")
    far, near = (
        connect(S3Access(endpoint=f"http://{name}.example.org"), S3Keys("a", "b")) for name in ("far", "near")
    )
    assert far.proxies["http"] == "http://127.0.9.1:3128" and not near.proxies


def test_a_server_of_this_computer_is_reached_without_the_proxy(
    s3_server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.9.1:9")
    assert look(connect(S3Access(endpoint=s3_server.endpoint), keys_of(s3_server)), bucket)


# -- listing ------------------------------------------------------------------------------------------


def fill(server: S3Server, bucket: str, names: list[str]) -> None:
    for name in names:
        path = server.data / bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


def test_folders_and_objects_come_page_by_page(s3_server: S3Server, s3: S3Connection, bucket: str) -> None:
    names = [f"2019/trip-{n:04}.json" for n in range(1203)]
    fill(s3_server, bucket, ["readme.txt", "2019/june/a.json", *names])
    (top,) = listing.pages(s3, f"s3://{bucket}")
    assert top.folders == (f"s3://{bucket}/2019/",)
    assert [found.name for found in top.objects] == ["readme.txt"]
    found = list(listing.pages(s3, f"s3://{bucket}/2019"))
    assert [page.more for page in found] == [True, False]
    assert [each.key for page in found for each in page.objects] == names
    assert [folder for page in found for folder in page.folders] == [f"s3://{bucket}/2019/june/"]
    assert [each.name for each in boto_client.buckets(s3)].count(bucket) == 1


@pytest.mark.parametrize(
    ("named", "files"),
    [
        ("", 5),
        ("/2019", 3),
        ("/2019/", 3),
        ("/2019/a.json", 1),
        ("/notes.md", 1),
        ("/2019/*.json", 1),
        ("/**/*.json*", 4),
    ],
)
def test_trips_are_counted_as_a_run_names_them(
    s3_server: S3Server, s3: S3Connection, bucket: str, named: str, files: int
) -> None:
    fill(
        s3_server, bucket,
        ["2019/a.json", "2019/june/b.json.gz", "2019/june/c.JSON", "2019-b/d.json", "e.json", "notes.md",
         "2019/a.json.gz", "2019/june/c.JSON.GZ"],  # copies, which runs leave out
    )  # fmt: skip
    heard: list[listing.Counted] = []
    counted = listing.count(s3, f"s3://{bucket}{named}", heard.append)
    assert (counted.files, counted.bytes) == (files, 2 * files)
    assert heard[-1] == counted
    assert len(listing.first(s3, f"s3://{bucket}{named}", 2)) == min(2, files)


def test_a_folder_that_exists_under_the_name_given_is_no_pattern(
    s3_server: S3Server, s3: S3Connection, bucket: str
) -> None:
    fill(s3_server, bucket, ["june [2024]/a.json", "june [2024]/b/c.json", "june 2/d.json"])
    for named, files in (("june [2024]/*.json", 1), ("june [2024]/**/*.json", 2), ("june [0-9]/*.json", 1)):
        assert listing.count(s3, f"s3://{bucket}/{named}").files == files


def test_counting_stops_when_asked(s3_server: S3Server, s3: S3Connection, bucket: str) -> None:
    fill(s3_server, bucket, [f"{n:04}.json" for n in range(1100)])
    heard: list[listing.Counted] = []
    with pytest.raises(Cancelled):
        listing.count(s3, f"s3://{bucket}", heard.append, lambda: bool(heard))
    assert heard == [listing.Counted(1000, 2000)]


def test_a_trip_is_read_from_its_beginning_as_far_as_asked(s3: S3Connection, bucket: str) -> None:
    S3Files(s3).put(f"s3://{bucket}/a.json", b"0123456789")
    assert listing.beginning(s3, f"s3://{bucket}/a.json", 10) == b"0123456789"
    assert listing.beginning(s3, f"s3://{bucket}/a.json", 9) == b"012345678"
    with pytest.raises(BadTripFile) as gone:
        listing.beginning(s3, f"s3://{bucket}/b.json", 9)
    assert gone.value.reason == "vanished"


PRINTABLE = "".join(map(chr, range(32, 127)))


def test_every_printable_character_may_be_in_a_name(s3: S3Connection, bucket: str) -> None:
    files = S3Files(s3)
    names = [f"every/a{c}b.json" for c in PRINTABLE + "äß漢😀\u00a0"] + [
        f"every/{PRINTABLE.replace('/', '')}"
    ]
    for name in names:
        files.put(f"s3://{bucket}/{name}", name.encode())
    found = {each.key for each in listing.objects(s3, f"s3://{bucket}/every")}
    assert found == set(names)
    for name in names:
        assert files.read(f"s3://{bucket}/{name}") == name.encode()


PART = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/"), min_size=1, max_size=20
).filter(lambda text: text.strip(".") and len(text.encode()) < 200)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)  # fmt: skip
@given(parts=st.lists(PART, min_size=1, max_size=3))
def test_no_name_is_mistaken_for_another(s3: S3Connection, bucket: str, parts: list[str]) -> None:
    key = "fuzz/" + "/".join(parts) + ".json"
    files, url = S3Files(s3), f"s3://{bucket}/{key}"
    files.put(url, key.encode())
    try:
        assert [each.key for each in listing.objects(s3, f"s3://{bucket}/fuzz")] == [key]
        assert files.read(url) == key.encode() and files.size(url) == len(key.encode())
        folder = f"s3://{bucket}/" + "/".join(["fuzz", *parts[:-1]])
        (page,) = listing.pages(s3, folder)
        assert [each.key for each in page.objects] == [key]
    finally:
        files.delete(url)


# -- profiles -----------------------------------------------------------------------------------------


def test_a_profile_says_how_this_computer_gets_there(
    s3_server: S3Server, bucket: str, tmp_path: Path
) -> None:
    access = S3Access(
        endpoint=s3_server.endpoint, keys_file=str(s3_server.keys_file), ca_file="/nodes/ca.pem"
    )
    there = Profile(
        "livy", "x", livy_url="http://pi0:8998", folders=Folders(runs="s3://runs"), s3=access,
        ca_file="/here/ca.pem",
    )  # fmt: skip
    assert access_here(there) == replace(access, ca_file="/here/ca.pem")  # this computer has that file, too
    of_nodes = replace(access, keys_file="/etc/roadpulse/keys-of-nodes", keys_profile="job")
    assert access_here(replace(there, s3=of_nodes)).keys_file == ""
    here = Profile("local", "y", s3=replace(access, ca_file=""))
    assert look(connect_for(here), bucket)
    assert access_here(replace(here, ca_file="/here/ca.pem")).ca_file == "/here/ca.pem"
