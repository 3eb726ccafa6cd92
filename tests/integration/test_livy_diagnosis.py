"""Diagnosis of a Livy server, with and without faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from development.certificates import Authority, self_signed
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.backends.livy.diagnosis import LivyChecks
from roadpulse.cluster_client.diagnosis.checks import Outcome, diagnose, worst
from roadpulse.cluster_client.profiles.profile import Folders
from tests.integration.livy_fixtures import anywhere, newest
from tests.integration.spark_fixtures import wait_for_free_cores


@pytest.fixture
def findings():
    groups = []

    def group(way, trips="", **changes):
        groups.append(LivyChecks(replace(way.profile, **changes), way.keys, way.known, trips))
        return {finding.name: finding for finding in diagnose(groups[-1].checks())}

    yield group
    for each in groups:
        each.close()


@newest
@pytest.mark.parametrize("livy", ["0.7.1", pytest.param("0.9.0", marks=pytest.mark.long)], indirect=True)
def test_a_cluster_that_is_well_is_seen_through_and_left_clean(livy_way, findings, belfast, cluster):
    livy_way.profile = livy_way.on_every_node()
    found = findings(livy_way, str(belfast / "trips"))
    assert worst(found.values()) is Outcome.OK, [f for f in found.values() if f.outcome is not Outcome.OK]
    assert livy_way.server.version in found["livy_version"].found
    assert "Python 3" in found["livy_driver"].found
    assert "6 cores" in found["job"].found
    assert "2,574 trip files" in found["node_trips"].found
    assert not [each for each in livy_way.batches() if "diagnosis" in each["name"]]
    assert not list((livy_way.folder / "runs").glob("diagnosis-*"))
    wait_for_free_cores(cluster)


@anywhere
def test_a_forbidden_folder_is_told_with_the_line_for_the_administrator(livy_way, findings, tmp_path):
    folders = replace(livy_way.profile.folders, jobs=str(tmp_path / "jobs"))
    found = findings(livy_way, folders=folders)["livy_whitelist"]
    assert found.outcome is Outcome.FAILED
    assert f"livy.file.local-dir-whitelist = {tmp_path}/jobs" in found.todo
    assert not [each for each in livy_way.batches() if "diagnosis" in each["name"]]


@anywhere
def test_nobody_at_the_address_is_told(livy_way, findings):
    found = findings(livy_way, livy_url=f"http://{livy_way.server.host}:1")
    assert found["livy"].outcome is Outcome.FAILED
    assert "not on that port" in found["livy"].found + found["livy"].todo
    assert found["job"].outcome is Outcome.SKIPPED


@anywhere
def test_through_a_bucket_alone_no_ssh_is_looked_at(livy_way, findings, s3_server, bucket):
    access = S3Access(endpoint=s3_server.endpoint, region="us-east-1", keys_file=str(s3_server.keys_file))
    folders = Folders(f"s3://{bucket}/runs", f"s3://{bucket}/store", "")
    found = findings(livy_way, host="", folders=folders, s3=access)
    assert "login" not in found
    assert found["node_keys"].outcome is Outcome.OK
    assert worst(found.values()) is Outcome.OK, [f for f in found.values() if f.outcome is not Outcome.OK]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@newest
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "has expired"),
        ("other", "another host"),
        ("alone", "self-signed"),
        ("unknown", "not known"),
    ],
)
def test_bad_certificates_are_told_apart(start_livy, make_way, authority, tmp_path, findings, kind, words):
    def certify(host):
        if kind == "alone":
            return self_signed(tmp_path / "alone", "alone", [host])
        hosts = ["elsewhere.example.org"] if kind == "other" else [host]
        return authority.certificate("livy", hosts, expired=kind == "expired")

    way = make_way(
        start_livy(certify=certify), ca_file="" if kind in ("unknown", "alone") else str(authority.ca_file)
    )
    found = findings(way)
    assert found["livy"].outcome is Outcome.OK
    assert found["livy_certificate"].outcome is Outcome.FAILED
    assert words in found["livy_certificate"].found + found["livy_certificate"].todo
