"""Buckets that are part of the host's name (`bucket.server`), as at AWS: engine and desktop, over https."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from development.certificates import Authority
from development.s3 import REGION, S3Server
from roadpulse.aggregation.contract.errors import StorageError
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.storage import check_reach
from roadpulse.cluster_client.backends.livy import job_files
from roadpulse.cluster_client.diagnosis.checks import diagnose
from roadpulse.cluster_client.diagnosis.s3 import BucketChecks
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.s3 import boto_client, listing
from roadpulse.cluster_client.s3.client import connect
from roadpulse.cluster_client.s3.files import S3Files
from roadpulse.tests.engine import trip
from tests.integration.host_names import NamedHosts
from tests.integration.s3_engine import BucketEngine, result_bytes

DOMAIN = "s3.roadpulse.test"
BUCKETS = ("trips-1", "with.dots")
NAMES = ["a b.json", "plus+and&equal=.json", "p%41.json", "Zürich 東京.json", "deep/er/d.json"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("names")
    certificate = Authority(folder / "tls").certificate("s3", ["127.0.0.1", DOMAIN, f"{BUCKETS[0]}.{DOMAIN}"])
    with S3Server(folder / "s3", certificate=certificate, domain=DOMAIN) as server:
        for bucket in BUCKETS:
            server.make_bucket(bucket)
        yield server


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> NamedHosts:
    """The service, a bucket, and one for which there is no certificate."""
    return NamedHosts(
        tmp_path_factory.mktemp("hosts"),
        dict.fromkeys((DOMAIN, f"{BUCKETS[0]}.{DOMAIN}", f"other.{DOMAIN}"), "127.0.0.1"),
    )


@pytest.fixture
def access(server: S3Server) -> S3Access:
    assert server.certificate is not None
    return S3Access(
        endpoint=f"https://{DOMAIN}:{server.port}", region=REGION, addressing="virtual",
        ca_file=str(server.certificate.ca_file), keys_file=str(server.keys_file),
    )  # fmt: skip


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_run_gives_the_same_bytes_as_on_a_disk(
    server: S3Server, hosts: NamedHosts, access: S3Access, bucket: str, tmp_path: Path
) -> None:
    """A bucket with dots stays in the path: no certificate is for its name."""
    engine = BucketEngine(server, bucket, hosts.within, **asdict(access))
    for number, name in enumerate(NAMES):
        engine.write(name, trip(60, number, 9))
    far, near = engine.finish(2), engine.twin(tmp_path).finish()
    assert far.manifest["files"]["decoded"] == len(NAMES) and not far.bad
    assert result_bytes(far) == result_bytes(near)
    again = engine.finish()
    assert again.manifest["files"]["reused"] == len(NAMES)
    assert engine.leftovers() == []


def desktop(access: dict[str, Any], bucket: str) -> dict[str, Any]:
    """What the desktop does with a bucket, in a process that finds its name."""
    s3 = connect(S3Access.from_json(access))
    files, run = S3Files(s3), f"s3://{bucket}/mine/a"
    files.put(f"{run}/spec.json", b"one two")
    for name in NAMES:
        files.put(f"s3://{bucket}/mine/trips/{name}", b"{}")
    claims = [
        files.put_new(f"{run}/job.json", content) for content in (b'{"run": "first"}', b'{"run": "second"}')
    ]
    (page,) = listing.pages(s3, f"s3://{bucket}/mine")
    found = {
        "buckets": [each.name for each in boto_client.buckets(s3)],
        "claims": claims,
        "job": (files.read(f"{run}/job.json") or b"").decode(),
        "size": files.size(f"{run}/spec.json"),
        "end": (files.read_last(f"{run}/spec.json", 3) or b"").decode(),
        "missing": files.read(f"{run}/manifest.json"),
        "folders": page.folders,
        "trips": [each.key for each in listing.trips(s3, f"s3://{bucket}/mine/trips")],
        "signed": job_files.signed(s3, f"{run}/spec.json"),
    }
    context = ssl.create_default_context(cafile=access["ca_file"])
    with urllib.request.urlopen(found["signed"], timeout=30, context=context) as answer:
        found["fetched"] = answer.read().decode()
    files.remove(run, "first")
    found["left"] = [each.key for each in listing.objects(s3, run)]
    return found


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_desktop_lists_reads_writes_and_claims(
    server: S3Server, hosts: NamedHosts, access: S3Access, bucket: str
) -> None:
    found = hosts.call(desktop, asdict(access), bucket)
    assert found["buckets"] == sorted(BUCKETS)
    assert (found["claims"], found["job"]) == ([True, False], '{"run": "first"}')
    assert (found["size"], found["end"], found["missing"]) == (7, "two", None)
    assert found["folders"] == [f"s3://{bucket}/mine/a/", f"s3://{bucket}/mine/trips/"]
    assert found["trips"] == sorted(f"mine/trips/{name}" for name in NAMES)
    host = f"{bucket}.{DOMAIN}" if bucket == BUCKETS[0] else DOMAIN
    assert found["signed"].startswith(f"https://{host}:{server.port}/")
    assert (found["fetched"], found["left"]) == ("one two", [])


def diagnosis(access: dict[str, Any], bucket: str, region: str) -> dict[str, list[str]]:
    """Outcome and words of every check, in a process that finds the bucket's name."""
    profile = Profile(
        "local", "AWS", s3=S3Access.from_json({**access, "region": region}),
        folders=Folders(store=f"s3://{bucket}/points"),
    )  # fmt: skip
    group = BucketChecks(profile)
    try:
        findings = diagnose(group.checks())
        return {found.name: [found.outcome.value, f"{found.found} {found.todo}"] for found in findings}
    finally:
        group.close()


def test_the_diagnosis_goes_through(hosts: NamedHosts, access: S3Access) -> None:
    found = hosts.call(diagnosis, asdict(access), BUCKETS[0], REGION)
    assert {outcome for outcome, _ in found.values()} == {"ok"}, found
    assert f"s3_once s3://{BUCKETS[0]}/points" in found


def fault_of_a_run(access: dict[str, Any], bucket: str) -> str:
    """What a run says of a bucket that it cannot have."""
    try:
        check_reach(f"s3://{bucket}/trips", S3Access.from_json(access))
    except StorageError as error:
        return error.message
    return ""


def test_a_bucket_without_a_host_of_its_name_is_told_with_what_to_do(
    hosts: NamedHosts, access: S3Access
) -> None:
    """As with a service that knows buckets in the path alone: it has neither their names nor certificates."""
    for bucket, words in {"unnamed": "no address", "other": "belongs to another host"}.items():
        found = hosts.call(diagnosis, asdict(access), bucket, REGION)
        outcome, told = found["s3_keys"]
        assert outcome == "failed" and words in told
        assert f"{bucket}.{DOMAIN}" in told and "'path' as 's3.addressing'" in told
        told = hosts.call(fault_of_a_run, asdict(access), bucket)
        assert f"{bucket}.{DOMAIN}" in told and "'path' as 's3.addressing'" in told
