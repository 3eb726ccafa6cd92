"""The algorithms with trips and points in a bucket, on this computer: a real S3 server, QGIS's keys."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from development.s3 import S3Server
from tests.qgis.own_qgis import OwnQgis

POINT = {"timestamp": "2025-06-10T08:00:00Z", "absVelocity": 24.0, "dbResponse": {"linkID": "7"}}


@pytest.fixture
def own_qgis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnQgis:
    """A QGIS whose person has no keys of S3 but those that it is given."""
    if shutil.which("qgis_process") is None:
        pytest.skip("there is no qgis_process; install QGIS's command line tools")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    own_qgis = OwnQgis(tmp_path / "qgis")
    own_qgis.enable_plugin()
    return own_qgis


@pytest.fixture
def trips(s3_server: S3Server, bucket: str) -> str:
    for number in range(3):
        s3_server.client().put_object(
            Bucket=bucket, Key=f"2025/t{number}.json", Body=json.dumps({"data": [POINT] * 5}).encode()
        )
    return f"s3://{bucket}/2025"


def profile_file(folder: Path, server: S3Server, **entries: Any) -> Path:
    """A profile of this computer with that server, as a team shares it."""
    access = {"endpoint": server.endpoint, **entries.pop("s3", {})}
    profile = {"schema": 1, "kind": "local", "name": "MinIO", "workers": 1, "s3": access, **entries}
    path = folder / "bucket.json"
    path.write_text(json.dumps(profile))
    return path


def aggregate(own_qgis: OwnQgis, profile: Path, trips: str, folder: Path) -> Any:
    return own_qgis.process(
        "run", "roadpulse:aggregatetrips", f"--PROFILE={profile}", f"--TRIPS={trips}",
        f"--RUN_FOLDER={folder}",
    )  # fmt: skip


def test_trips_and_points_in_a_bucket_with_the_keys_of_qgis(
    own_qgis: OwnQgis,
    s3_server: S3Server,
    bucket: str,
    trips: str,
    tmp_path: Path,
) -> None:
    keys = s3_server.keys()
    profile = profile_file(
        tmp_path, s3_server, s3_authcfg=own_qgis.entry("AWSS3", username=keys.access, password=keys.secret),
        folders={"store": f"s3://{bucket}/points"},
    )  # fmt: skip
    done = aggregate(own_qgis, profile, trips, tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert (manifest["files"]["named"], manifest["points"]["counted"]) == (3, 15)
    assert any((s3_server.data / bucket / "points").rglob("*.parquet"))
    for path in [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".db"]:
        content = path.read_bytes()
        assert keys.secret.encode() not in content and keys.access.encode() not in content, path
    assert keys.secret not in done.stdout + done.stderr

    again = aggregate(own_qgis, profile, f"{trips}/t*.json", tmp_path / "again")
    assert again.returncode == 0, again.stdout + again.stderr
    files = json.loads((tmp_path / "again/manifest.json").read_text())["files"]
    assert (files["named"], files["decoded"], files["reused"]) == (3, 0, 3)


@pytest.mark.parametrize("where", ["file", "home"])
def test_keys_that_are_the_persons_own(
    own_qgis: OwnQgis, s3_server: S3Server, trips: str, tmp_path: Path, where: str
) -> None:
    """In a file that the profile names, or where all programs of AWS look."""
    if where == "home":
        (tmp_path / ".aws").mkdir()
        shutil.copy(s3_server.keys_file, tmp_path / ".aws/credentials")
        profile = profile_file(tmp_path, s3_server)
    else:
        profile = profile_file(tmp_path, s3_server, s3={"keys_file": str(s3_server.keys_file)})
    done = aggregate(own_qgis, profile, trips, tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "run/manifest.json").exists()


def test_wrong_keys_are_told_with_the_servers_word(
    own_qgis: OwnQgis, s3_server: S3Server, trips: str, tmp_path: Path
) -> None:
    authcfg = own_qgis.entry(username=s3_server.keys().access, password="of somebody else")
    profile = profile_file(tmp_path, s3_server, s3_authcfg=authcfg)
    done = aggregate(own_qgis, profile, trips, tmp_path / "run")
    assert done.returncode != 0
    assert "SignatureDoesNotMatch" in done.stdout + done.stderr
    assert "of somebody else" not in done.stdout + done.stderr


def test_the_diagnosis_looks_at_buckets_and_not_at_folders_of_that_name(
    own_qgis: OwnQgis, s3_server: S3Server, bucket: str, trips: str, tmp_path: Path
) -> None:
    profile = profile_file(
        tmp_path, s3_server, s3={"keys_file": str(s3_server.keys_file)},
        folders={"store": f"s3://{bucket}/points"},
    )  # fmt: skip
    done = own_qgis.process("--json", "run", "roadpulse:diagnose", f"--PROFILE={profile}", f"--TRIPS={trips}")
    assert done.returncode == 0, done.stdout + done.stderr
    findings = json.loads(json.loads(done.stdout)["results"]["OUTPUT_JSON"])["findings"]
    told = {finding["name"].split(" ")[0]: finding for finding in findings}
    assert told["s3_trips"]["found"].startswith("3 trip files in")
    assert {told[name]["outcome"] for name in ("s3_keys", "s3_bucket", "s3_read", "s3_write", "s3_once")} == {
        "ok"
    }
    assert "trips" not in told and "store_space" not in told
    assert json.loads(done.stdout)["results"]["FAILED_COUNT"] == 0
