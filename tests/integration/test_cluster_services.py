"""Livy and S3 on the stand-in cluster: what `make cluster` promises and the tests of clients rely on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from development.certificates import Authority
from development.cluster import Cluster
from development.installed import BUILD, Unavailable
from development.ldap import LdapServer
from development.livy import Livy, livy_jars
from development.pytest_cluster import StartLivy
from development.s3 import versitygw
from roadpulse.cluster_client.profiles.profile import Profile
from tests.guides import follow
from tests.waiting import until

newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)

PI = """
import sys, time
from pyspark import SparkContext
spark = SparkContext(appName="pi")
def inside(part):
    import random
    return sum(random.random() ** 2 + random.random() ** 2 < 1 for _ in range(10000))
print("pi is", spark.parallelize(range(2), 2).map(inside).sum() / 5000)
if sys.argv[1:]:
    open(sys.argv[1], "w").close()
    time.sleep(600)
"""


@pytest.fixture
def pi(cluster: Cluster) -> Path:
    """A small job in the folder that Livy takes jobs from; with a file's name it writes that and waits."""
    job = cluster.shared / "jobs" / "pi.py"
    job.write_text(PI, encoding="utf-8")
    return job


def post(livy: Livy, job: Path, name: str, *arguments: str) -> None:
    quick = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
    conf = {
        "spark.cores.max": "2", "spark.executor.memory": "470m", "spark.driver.memory": "512m",
        "spark.driver.extraJavaOptions": quick, "spark.executor.extraJavaOptions": quick,
    }  # fmt: skip
    batch = {"file": str(job), "name": name, "args": list(arguments), "conf": conf}
    with livy.session() as session:
        answer = session.post(f"{livy.url}/batches", json=batch, timeout=30)
    assert answer.status_code == 201, answer.text


def get(livy: Livy, path: str) -> Any:
    with livy.session() as session:
        return session.get(livy.url + path, timeout=60).json()


@pytest.mark.long
@newest
def test_a_batch_runs(livy: Livy, pi: Path) -> None:
    assert get(livy, "/version")["version"].startswith(livy.version)
    assert "pi" not in [batch["name"] for batch in get(livy, "/batches")["sessions"]]
    posted = len(livy.received("POST"))
    post(livy, pi, "pi")
    done = until(lambda: (found := get(livy, "/batches/pi"))["state"] in ("success", "dead") and found)

    def log() -> str:
        return "\n".join(get(livy, "/batches/pi/log?size=-1")["log"])

    assert done["state"] == "success", log()
    until(lambda: "pi is 3." in log(), what=log)  # read by and by
    assert len(livy.received("POST")) == posted + 1
    with livy.session() as session:
        assert session.delete(f"{livy.url}/batches/pi", timeout=60).status_code == 200


@pytest.mark.long
@newest
def test_a_driver_outlives_a_killed_livy_and_ends_with_its_stop(
    cluster: Cluster,
    start_livy: StartLivy,
    pi: Path,
    tmp_path: Path,
) -> None:
    server = start_livy()
    post(server, pi, "orphan", str(tmp_path / "runs"))
    until((tmp_path / "runs").exists)
    server.kill(signal.SIGKILL)
    assert not server.answers()
    server.start()
    assert get(server, "/batches")["sessions"] == []
    assert server.daemon.orphans()
    assert cluster.spark.cores_used() == 2
    server.stop()
    assert not server.daemon.orphans()
    until(lambda: cluster.spark.cores_used() == 0)


@pytest.fixture
def ldap(cluster: Cluster, tmp_path: Path) -> Iterator[LdapServer]:
    server = LdapServer(tmp_path / "ldap", f"{cluster.subnet}.17", {"analyst": "a pass-word: ü"})
    server.start()
    yield server
    server.stop()


@newest
@pytest.mark.parametrize("version", ["0.7.1", "0.9.0"])
def test_livy_asks_for_a_user_and_shows_its_certificate(
    cluster: Cluster,
    start_livy: StartLivy,
    ldap: LdapServer,
    version: str,
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path / "tls")
    server = start_livy(version, certify=lambda host: authority.certificate("livy", [host]), ldap=ldap)
    assert server.url.startswith("https://")
    assert get(server, "/batches")["sessions"] == []
    answers = {}
    for user in (None, ("analyst", "wrong"), ("analyst", ""), ("nobody", "x")):
        with server.session() as session:
            session.auth = user
            answers[user] = session.get(f"{server.url}/batches", timeout=60).status_code
    assert list(answers.values()) == [401, 403, 403, 403]
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{server.url}/version", timeout=60)


@pytest.mark.long
@newest
def test_settings_of_livy_can_be_chosen(start_livy: StartLivy, pi: Path) -> None:
    server = start_livy(settings={"livy.file.local-dir-whitelist": "/nowhere/"})
    with server.session() as session:
        answer = session.post(f"{server.url}/batches", json={"file": str(pi)}, timeout=60)
    assert answer.status_code == 400
    assert "cannot be added" in answer.text


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A cluster as `make cluster` starts it, with addresses and a folder of its own."""
    for part in (versitygw, lambda: livy_jars("0.7.1")):
        try:
            part()
        except Unavailable as error:
            pytest.skip(str(error))
    pid = os.getpid()
    subnet = f"127.{60 + pid % 30}.{pid // 30 % 250}"
    # Where the next session finds what a killed one left.
    folder = BUILD / f"cluster-test-own-{pid}"
    found = Cluster(folder, subnet=subnet, livy_version="0.7.1", with_s3=True)
    yield found
    found.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_guide_to_it_works_to_the_letter(own: Cluster, tmp_path: Path) -> None:
    own.start()
    folder = tmp_path / "clone"
    linked = f"mkdir build\nln -s {own.folder} build/cluster\n"
    instead = {"make cluster\n": linked, 'eval "$(make -s env)"\n': ""}
    printed = follow("how-to/stand-in-cluster.md", folder, instead)
    shutil.rmtree(own.s3.data / "trips" / "city")
    for text in printed:
        assert re.search(r"^MATCH_RATE:\s+100$", text, re.MULTILINE)
    for text in printed[:2]:
        assert re.search(r"^TRIP_COUNT:\s+300$", text, re.MULTILINE)
    files = sorted(path.name for path in (folder / "build").glob("*.gpkg"))
    assert files == ["from-postgis.gpkg", "from-s3.gpkg", "standin.gpkg"]


@pytest.mark.long
def test_everything_starts_is_found_again_restarts_what_changed_and_ends(own: Cluster) -> None:
    files = own.start()
    assert [path.name for path in files] == [
        "standin.ssh.json", "standin.livy.json", "standin-s3.livy.json", "standin-s3.local.json",
    ]  # fmt: skip
    by_ssh, by_livy, by_livy_s3, here = (Profile.read(path) for path in files)
    secret = own.s3.keys().secret
    assert not any(secret in path.read_text() for path in files)
    assert by_ssh.spark_master == own.spark.url
    assert requests.get(f"{by_livy.livy_url}/version", timeout=60).json()["version"].startswith("0.7.1")
    assert Path(by_livy.folders.jobs).is_dir()
    assert by_livy_s3.folders.runs == "s3://roadpulse/runs"
    assert {profile.s3.endpoint for profile in (by_ssh, by_livy, by_livy_s3, here)} == {own.s3.endpoint}
    buckets = [bucket["Name"] for bucket in own.s3.client().list_buckets()["Buckets"]]
    assert buckets == ["roadpulse", "trips"]
    assert own.status()["livy"] == by_livy.livy_url
    assert own.status()["s3"] == own.s3.endpoint
    own.s3.client().put_object(Bucket="trips", Key="kept.json", Body=b"[]")

    daemons = (own.livy.daemon, own.s3.daemon, own.sshd.daemon, *own.spark.daemons())
    before = [daemon.process() for daemon in daemons]
    assert own.start() == files
    assert [daemon.process() for daemon in daemons] == before

    # Other options restart what they are about, and nothing else.
    kept = [daemon.process() for daemon in (own.sshd.daemon, *own.spark.daemons())]
    own.with_postgis = False
    own.tls = own.ldap = True
    by_livy = Profile.read(own.start()[1])
    assert [daemon.process() for daemon in (own.sshd.daemon, *own.spark.daemons())] == kept
    user = json.loads((own.folder / "livy_user.json").read_text())
    answer = requests.get(
        f"{by_livy.livy_url}/version",
        auth=(user["user"], user["password"]),
        verify=by_livy.ca_file,
        timeout=60,
    )
    assert answer.status_code == 200
    assert by_livy.s3.endpoint.startswith("https://")
    assert own.s3.client().list_objects_v2(Bucket="trips")["KeyCount"] == 1
    ldap_server = own.livy.ldap
    assert ldap_server is not None

    before = [daemon.process() for daemon in daemons]
    own.stop()
    assert not any(process and process.alive for process in before)
    assert not own.profile_file.exists()
    assert own.status()["livy"] is None
    assert not ldap_server.answers()
    assert (own.s3.data / "trips" / "kept.json").read_bytes() == b"[]"
