"""The diagnosis of buckets, on a real server: every step with what was found and what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from development.certificates import Authority
from development.ports import free_port
from development.s3 import READING, S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.diagnosis import report
from roadpulse.cluster_client.diagnosis.checks import Finding, Outcome, diagnose, worst
from roadpulse.cluster_client.diagnosis.composite import CombinedChecks
from roadpulse.cluster_client.diagnosis.s3 import BucketChecks, concerns_s3
from roadpulse.cluster_client.profiles.credentials import S3Keys
from roadpulse.cluster_client.profiles.profile import LOCAL, Folders, Profile
from tests.integration.fault_proxy import Fault, FaultProxy


@pytest.fixture(autouse=True)
def without_own_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def profile(s3_server: S3Server, bucket: str) -> Profile:
    """A profile that reads its trips from a bucket and writes into two of its folders."""
    for number in range(3):
        s3_server.client().put_object(Bucket=bucket, Key=f"trips/{number}.json", Body=b'{"data": []}')
    return Profile(
        "livy", "Pi", livy_url="http://pi0:8998", host="pi0",
        s3=S3Access(endpoint=s3_server.endpoint, region="us-east-1"),
        folders=Folders(store=f"s3://{bucket}/points", jobs=f"s3://{bucket}/jobs"),
    )  # fmt: skip


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.endpoint) as proxy:
        yield proxy


def keys_of(server: S3Server, user: str = "default") -> S3Keys:
    keys = server.keys(user)
    return S3Keys(keys.access, keys.secret)


def found(profile: Profile, keys: Any, trips: str = "") -> dict[str, Finding]:
    """Findings by the first word of their names, the last of those that have it."""
    group = BucketChecks(profile, keys, trips)
    try:
        return {finding.name.split(" ")[0]: finding for finding in diagnose(group.checks())}
    finally:
        group.close()


def outcomes(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.outcome.value for name, finding in findings.items()}


def test_all_is_well_and_nothing_is_left_behind(s3_server: S3Server, profile: Profile, bucket: str) -> None:
    findings = found(profile, keys_of(s3_server), f"s3://{bucket}/trips")
    assert set(outcomes(findings).values()) == {"ok", "skipped"}
    assert (
        findings["s3_certificate"].outcome is Outcome.SKIPPED
        and "http://" in findings["s3_certificate"].found
    )
    assert findings["s3_trips"].found.startswith("3 trip files in")
    assert findings["s3_read"].found.startswith("12 bytes of ")
    assert "refuses the second" in findings["s3_once"].found
    assert {path.name for path in (s3_server.data / bucket).rglob("*") if path.is_file()} == {
        "0.json", "1.json", "2.json",
    }  # fmt: skip
    text = report.to_json(profile, list(findings.values()))
    assert s3_server.keys().secret not in text and s3_server.keys().access not in text


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (S3Keys("AKNOBODY", "x"), "InvalidAccessKeyId"),
        ("secret", "SignatureDoesNotMatch"),
        (None, "there are none"),
    ],
)
def test_wrong_keys_end_it_with_the_servers_code(
    s3_server: S3Server, profile: Profile, keys: Any, code: str
) -> None:
    if keys == "secret":
        keys = S3Keys(s3_server.keys().access, "another")
    findings = found(profile, keys)
    assert findings["s3_keys"].outcome is Outcome.FAILED
    assert code in findings["s3_keys"].found and findings["s3_keys"].todo
    assert findings["s3_write"].outcome is Outcome.SKIPPED


def test_a_reader_is_told_what_is_missing(s3_server: S3Server, profile: Profile, bucket: str) -> None:
    s3_server.add_user("curious")
    s3_server.allow(bucket, "curious", READING)
    findings = found(profile, keys_of(s3_server, "curious"), f"s3://{bucket}/trips")
    assert findings["s3_read"].outcome is Outcome.OK
    assert findings["s3_write"].outcome is Outcome.FAILED and "s3:PutObject" in findings["s3_write"].todo
    assert findings["s3_once"].outcome is Outcome.SKIPPED


def test_what_may_be_written_and_not_deleted(s3_server: S3Server, profile: Profile, bucket: str) -> None:
    s3_server.add_user("keeper")
    s3_server.allow(bucket, "keeper", (*READING, "s3:PutObject"))
    findings = found(profile, keys_of(s3_server, "keeper"))
    assert findings["s3_write"].outcome is Outcome.WARNING
    assert "s3:DeleteObject" in findings["s3_write"].todo


def test_a_bucket_that_is_not_there_or_not_to_be_listed(s3_server: S3Server, profile: Profile) -> None:
    s3_server.add_user("stranger")
    findings = found(profile, keys_of(s3_server, "stranger"))
    assert findings["s3_keys"].outcome is Outcome.OK  # the keys are good, and may nothing
    assert findings["s3_bucket"].outcome is Outcome.FAILED and "s3:ListBucket" in findings["s3_bucket"].todo
    findings = found(replace(profile, folders=Folders(store="s3://nowhere-7/points")), keys_of(s3_server))
    assert "NoSuchBucket" in findings["s3_bucket"].found and findings["s3_bucket"].outcome is Outcome.FAILED


def test_a_wrong_region_is_named_before_a_run_meets_it(s3_server: S3Server, profile: Profile) -> None:
    elsewhere = replace(profile, s3=replace(profile.s3, region="eu-west-2"))
    findings = found(elsewhere, keys_of(s3_server))
    assert findings["s3_bucket"].outcome is Outcome.FAILED
    assert "'us-east-1'" in findings["s3_bucket"].todo


def test_trips_that_are_not_there(s3_server: S3Server, profile: Profile, bucket: str) -> None:
    findings = found(profile, keys_of(s3_server), f"s3://{bucket}/other")
    assert findings["s3_trips"].outcome is Outcome.FAILED
    assert findings["s3_read"].outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("endpoint", "step"), [("http://s3.invalid:9000", "s3_address"), ("http://127.0.9.1:{port}", "s3_port")]
)
def test_the_way_there_is_looked_at_step_by_step(profile: Profile, endpoint: str, step: str) -> None:
    address = endpoint.format(port=free_port("127.0.9.1"))
    began = time.monotonic()
    findings = found(replace(profile, s3=S3Access(endpoint=address)), S3Keys("a", "b"))
    told = outcomes(findings)
    assert [name for name, outcome in told.items() if outcome == "failed"] == [step]
    assert findings[step].todo.startswith("Check") and time.monotonic() - began < 60
    assert told["s3_keys"] == "skipped"


def test_a_clock_that_is_off_is_told(s3_server: S3Server, profile: Profile, proxy: FaultProxy) -> None:
    there = replace(profile, s3=replace(profile.s3, endpoint=proxy.endpoint))
    for minutes, outcome in ((20, Outcome.FAILED), (-5, Outcome.WARNING)):
        proxy.faults.append(Fault(headers={"Date": formatdate(time.time() + minutes * 60, usegmt=True)}))
        clock = found(there, keys_of(s3_server))["s3_clock"]
        assert clock.outcome is outcome and f"{abs(minutes)} min" in clock.found


def test_a_server_that_overlooks_the_condition(
    s3_server: S3Server, profile: Profile, proxy: FaultProxy
) -> None:
    there = replace(profile, s3=replace(profile.s3, endpoint=proxy.endpoint))
    there = replace(there, folders=replace(there.folders, jobs=""))
    body = b""
    fault = Fault(200, body, headers={"ETag": '"x"'}, fits=lambda method, path, n=[0]: _second_put(method, n))
    proxy.faults.append(fault)
    once = found(there, keys_of(s3_server))["s3_once"]
    assert once.outcome is Outcome.WARNING and "update the server" in once.todo


def _second_put(method: str, seen: list[int]) -> bool:
    """The third PUT: after that of the writing check and the one that the condition lets pass."""
    seen[0] += method == "PUT"
    return method == "PUT" and seen[0] == 3


def test_certificates(s3_server: S3Server, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate = authority.certificate("s3", ["127.0.0.1"])
    with S3Server(tmp_path / "server", certificate=certificate) as server:
        access = S3Access(endpoint=server.endpoint)
        known = Profile("ssh", "Pi", host="pi0", s3=access, ca_file=str(authority.ca_file))
        findings = found(known, keys_of(server))
        assert (
            findings["s3_certificate"].outcome is Outcome.OK
            and "until 20" in findings["s3_certificate"].found
        )
        assert findings["s3_keys"].outcome is Outcome.OK
        findings = found(replace(known, ca_file=""), keys_of(server))
        assert findings["s3_certificate"].outcome is Outcome.FAILED
        assert "ca_file" in findings["s3_certificate"].todo


def test_only_profiles_with_a_bucket_are_looked_at() -> None:
    assert not concerns_s3(LOCAL, "/trips")
    assert concerns_s3(LOCAL, "s3://trips")
    assert concerns_s3(replace(LOCAL, s3=S3Access(endpoint="http://minio:9000")))
    assert concerns_s3(replace(LOCAL, folders=Folders(store="s3://points")))


def test_several_looks_are_one(s3_server: S3Server, profile: Profile) -> None:
    groups = [BucketChecks(profile, keys_of(s3_server)), BucketChecks(profile, keys_of(s3_server))]
    both = CombinedChecks(groups, without=("s3_clock", "s3_port"))
    names = [check.name for check in both.checks()]
    assert names.count("s3_keys") == 2 and "s3_clock" not in names
    assert both.error is None
    both.close()
    assert worst(diagnose(groups[0].checks())) is Outcome.OK
    assert json.loads(report.to_json(profile, []))["findings"] == []
