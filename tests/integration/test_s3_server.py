"""The S3 server of the tests itself: it keeps its word about keys, users, certificates and restarts."""

from __future__ import annotations

import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from development.certificates import Authority, self_signed
from development.installed import Unavailable, installed, run
from development.ports import free_port
from development.s3 import REGION, S3Server
from tests.waiting import until


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_an_object_is_a_file_in_the_bucket(s3_server: S3Server, bucket: str) -> None:
    s3_server.client().put_object(Bucket=bucket, Key="a/b.json", Body=b"{}")
    assert (s3_server.data / bucket / "a" / "b.json").read_bytes() == b"{}"


def test_keys_are_readable_by_their_owner_alone(s3_server: S3Server) -> None:
    assert stat.S_IMODE(s3_server.keys_file.stat().st_mode) == 0o600
    command = Path(f"/proc/{s3_server.daemon.process().pid}/cmdline").read_bytes()  # type: ignore[union-attr]
    assert s3_server.keys().secret.encode() not in command


def test_boto3_reads_the_keys_file(s3_server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(s3_server.keys_file))
    client = boto3.Session().client("s3", endpoint_url=s3_server.endpoint, region_name=REGION)
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_user_may_read_a_bucket_and_not_write_it(s3_server: S3Server, bucket: str) -> None:
    s3_server.client().put_object(Bucket=bucket, Key="trip.json", Body=b"[]")
    s3_server.add_user(bucket)  # the bucket's name is unique
    reader = s3_server.client(bucket)
    with pytest.raises(ClientError) as before:
        reader.get_object(Bucket=bucket, Key="trip.json")
    assert code(before) == "AccessDenied"
    s3_server.allow(bucket, bucket)
    assert reader.get_object(Bucket=bucket, Key="trip.json")["Body"].read() == b"[]"
    assert reader.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    for forbidden in (
        lambda: reader.put_object(Bucket=bucket, Key="mine", Body=b""),
        lambda: reader.delete_object(Bucket=bucket, Key="trip.json"),
    ):
        with pytest.raises(ClientError) as refused:
            forbidden()
        assert code(refused) == "AccessDenied"


def test_anybody_may_read_a_public_bucket(s3_server: S3Server, bucket: str) -> None:
    s3_server.client().put_object(Bucket=bucket, Key="trip.json", Body=b"[]")
    address = f"{s3_server.endpoint}/{bucket}/trip.json"
    assert requests.get(address, timeout=60).status_code == 403
    s3_server.allow(bucket, "*")
    assert requests.get(address, timeout=60).content == b"[]"
    assert requests.put(address, data=b"x", timeout=60).status_code == 403


def test_requests_are_counted(s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    client.put_object(Bucket=bucket, Key="a name with spaces] x y z GetObject", Body=b"")
    before = s3_server.operations()
    for _ in range(3):
        client.head_object(Bucket=bucket, Key="a name with spaces] x y z GetObject")
    client.list_objects_v2(Bucket=bucket)
    until(lambda: (s3_server.operations() - before).total() >= 4)
    assert s3_server.operations() - before == {"HeadObject": 3, "ListObjectsV2": 1}


def test_the_manifest_is_written_once(s3_server: S3Server, bucket: str) -> None:
    client = s3_server.client()
    client.put_object(Bucket=bucket, Key="manifest.json", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=bucket, Key="manifest.json", Body=b"2", IfNoneMatch="*")
    assert code(refused) == "PreconditionFailed"


def test_buckets_and_keys_outlive_a_killed_server(s3_server: S3Server, tmp_path: Path) -> None:
    port = free_port()
    server = S3Server(tmp_path / "s3", port=port)
    with server:
        server.make_bucket("kept")
        server.client().put_object(Bucket="kept", Key="a", Body=b"1")
        before = server.daemon.process()
        assert before is not None
        server.kill(signal.SIGKILL)
        until(lambda: not server.daemon.process())
        server.start()
        assert server.daemon.process() != before
        assert server.client().get_object(Bucket="kept", Key="a")["Body"].read() == b"1"
    assert server.daemon.process() is None
    assert not server.answers()
    again = S3Server(tmp_path / "s3", port=port)
    assert again.keys() == server.keys()


def test_only_the_right_certificate_is_accepted(s3_server: S3Server, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    trust = str(authority.ca_file)
    certificates = {
        "": authority.certificate("good", ["127.0.0.1", "localhost"]),
        "expired": authority.certificate("late", ["127.0.0.1"], expired=True),
        "IP address mismatch": authority.certificate("other", ["elsewhere.example.org"]),
        "self-signed certificate": self_signed(tmp_path / "tls", "alone", ["127.0.0.1"]),
    }
    for number, (complaint, certificate) in enumerate(certificates.items()):
        with S3Server(tmp_path / str(number), certificate=certificate) as server:
            if not complaint:
                assert requests.get(f"{server.endpoint}/health", verify=trust, timeout=60).ok
                server.make_bucket("safe")
                server.add_user("reader")
            else:
                with pytest.raises(requests.exceptions.SSLError, match=complaint):
                    requests.get(f"{server.endpoint}/health", verify=trust, timeout=60)


def test_a_part_that_failed_half_way_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("development.installed.BUILD", tmp_path)

    def half(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no network")

    def whole(folder: Path) -> None:
        (folder / "whole").touch()

    with pytest.raises(OSError, match="no network"):
        installed("part", half)
    assert not (tmp_path / "part").exists()
    found = installed("part", whole)
    assert [path.name for path in found.iterdir()] == ["whole"]
    assert installed("part", half) == found


def test_two_who_want_a_part_at_once_get_the_same_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("development.installed.BUILD", tmp_path)
    made: list[Path] = []

    def slowly(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.2)
        (folder / "whole").touch()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: installed("part", slowly), range(2))
    assert first == second == tmp_path / "part"
    assert len(made) == 1
    assert (first / "whole").exists()


def test_a_program_that_cannot_be_had_is_said_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"The thing needs no-such-program"):
        run(["no-such-program"], "The thing")
    with pytest.raises(Unavailable, match=r"The thing cannot be had.*\n.*it said why"):
        run(["sh", "-c", "echo it said why >&2; exit 3"], "The thing")
