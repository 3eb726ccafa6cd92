"""The algorithms with a cluster over SSH: a real server, QGIS's authentication database, qgis_process."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingException

from roadpulse.cluster_client.errors import StartError
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.workflow import locations, steps
from tests.integration.ssh_server import SshServer, make_key
from tests.qgis.own_qgis import OwnQgis
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def profile_file(tmp_path: Path, ssh_server: SshServer) -> Path:
    """A profile of that server, with the fingerprint of its key, as a team shares it."""
    profile = {
        "schema": 1, "kind": "ssh", "name": "one Pi", "host": "127.0.0.1", "port": ssh_server.port,
        "workers": 1, "user": "root", "key_path": str(ssh_server.user_key),
        "host_key": ssh_server.fingerprint,
        "python": sys.executable, "folders": {"runs": str(tmp_path / "runs")},
    }  # fmt: skip
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(profile))
    locations.profile_store().trust.remember(Profile.read(path))
    return path


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    point = {"timestamp": "2025-06-10T08:00:00Z", "absVelocity": 24.0, "dbResponse": {"linkID": "7"}}
    (tmp_path / "trips").mkdir()
    for number in range(2):
        (tmp_path / f"trips/t{number}.json").write_text(json.dumps({"data": [point] * 5}))
    return tmp_path / "trips"


@pytest.fixture(scope="module")
def own_qgis(tmp_path_factory: pytest.TempPathFactory) -> OwnQgis:
    return OwnQgis(tmp_path_factory.mktemp("own") / "qgis")


def test_trips_are_aggregated_on_the_cluster(
    processing: Any, profile_file: Path, trips: Path, tmp_path: Path
) -> None:
    found = processing.run(
        "roadpulse:aggregatetrips",
        {"PROFILE": str(profile_file), "TRIPS": str(trips), "RUN_FOLDER": str(tmp_path / "here")},
    )
    assert (found["POINT_COUNT"], found["TRIP_COUNT"], found["LINK_COUNT"]) == (10, 2, 1)
    assert found["RUN_FOLDER"] == str(tmp_path / "here")
    (there,) = (tmp_path / "runs").glob("20*")
    assert (there / "results/link_speeds.csv").read_bytes() == Path(found["LINK_SPEEDS"]).read_bytes()
    assert (tmp_path / "runs/points").is_dir()


def test_a_run_whose_desktop_went_away_is_taken_up_by_the_same_call(
    processing: Any, profile_file: Path, trips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = {"PROFILE": str(profile_file), "TRIPS": str(trips), "RUN_FOLDER": str(tmp_path / "here")}

    def goes_away(*_: Any) -> None:
        raise StartError("The desktop goes away once the run is started.")

    with monkeypatch.context() as desktop, pytest.raises(QgsProcessingException, match="goes away"):
        desktop.setattr(steps, "_result_of", goes_away)
        processing.run("roadpulse:aggregatetrips", call)
    with pytest.raises(QgsProcessingException, match="already holds a run"):
        processing.run("roadpulse:aggregatetrips", {**call, "BIN_MINUTES": 30})  # another run
    found = processing.run("roadpulse:aggregatetrips", call)
    assert (found["POINT_COUNT"], found["RUN_FOLDER"]) == (10, str(tmp_path / "here"))
    assert len(list((tmp_path / "runs").glob("20*"))) == 1
    with pytest.raises(QgsProcessingException, match="already holds a run"):
        processing.run("roadpulse:aggregatetrips", call)


@pytest.mark.parametrize("algorithm", ["aggregatetrips", "diagnose"])
def test_programs_of_a_profile_file_are_not_run_unasked(
    processing: Any, trips: Path, tmp_path: Path, algorithm: str
) -> None:
    program, path = tmp_path / "python", tmp_path / "team.json"
    program.write_text(f'#!/bin/sh\n: >{tmp_path}/run\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    Profile(kind="local", name="team", python=str(program)).write(path)
    call = {"PROFILE": str(path), "TRIPS": str(trips)}
    with pytest.raises(
        QgsProcessingException, match=r"names programs: .*python' as 'python'.*TRUST_PROGRAMS"
    ):
        processing.run(f"roadpulse:{algorithm}", call)
    assert not (tmp_path / "run").exists()
    processing.run(f"roadpulse:{algorithm}", {**call, "TRUST_PROGRAMS": True})
    assert (tmp_path / "run").exists()
    (tmp_path / "run").unlink()
    processing.run(f"roadpulse:{algorithm}", call)  # remembered
    assert (tmp_path / "run").exists()


def test_the_diagnosis_is_a_report(processing: Any, profile_file: Path, trips: Path, tmp_path: Path) -> None:
    found = processing.run(
        "roadpulse:diagnose",
        {"PROFILE": str(profile_file), "TRIPS": str(trips), "OUTPUT": str(tmp_path / "report.html")},
    )
    told = json.loads(found["OUTPUT_JSON"])
    assert (found["OUTCOME"], found["FAILED_COUNT"]) == (told["outcome"], 0)
    assert {"address", "login", "trips", "clock"} <= {finding["name"] for finding in told["findings"]}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Authentication" in page and "2 trip files" in page


def test_this_computer_is_diagnosed_too(processing: Any) -> None:
    found = processing.run("roadpulse:diagnose", {})
    assert json.loads(found["OUTPUT_JSON"])["profile"] == "local"
    assert found["FAILED_COUNT"] == 0


def test_a_host_key_is_accepted_by_its_fingerprint(
    processing: Any, profile_file: Path, ssh_server: SshServer
) -> None:
    values = json.loads(profile_file.read_text())
    del values["host_key"]
    profile_file.write_text(json.dumps(values))
    wrong = processing.run("roadpulse:diagnose", {"PROFILE": str(profile_file)})
    assert wrong["OUTCOME"] == "failed" and ssh_server.fingerprint in wrong["OUTPUT_JSON"]
    right = processing.run(
        "roadpulse:diagnose", {"PROFILE": str(profile_file), "HOST_KEY": ssh_server.fingerprint}
    )
    assert right["FAILED_COUNT"] == 0
    assert processing.run("roadpulse:diagnose", {"PROFILE": str(profile_file)})["FAILED_COUNT"] == 0


def test_a_password_comes_from_qgis(own_qgis: OwnQgis) -> None:
    authcfg = own_qgis.entry(username="pi", password="for the Pi")
    assert own_qgis.credentials(authcfg=authcfg) == ["pi", "for the Pi", "", None]
    assert own_qgis.credentials() == ["", None, "", None]  # the agent then


@pytest.mark.parametrize(("method", "more"), [("Basic", {}), ("AWSS3", {"region": "eu-west-2"})])
def test_an_access_key_comes_from_qgis_and_stays_out_of_sight(
    own_qgis: OwnQgis, method: str, more: dict[str, str]
) -> None:
    authcfg = own_qgis.entry(method, username="AKIAWHO", password="the/secret+key", **more)
    found = own_qgis.keys(
        "[keys.ssh, keys.s3.key_id, keys.s3.secret, keys.s3.region, repr(keys) + repr(keys.s3)]",
        kind="local", host="", s3_authcfg=authcfg,
    )  # fmt: skip
    assert found[:4] == [None, "AKIAWHO", "the/secret+key", more.get("region", "")]
    assert "secret" not in found[4] and "AKIA" not in found[4]


def test_livys_user_comes_from_qgis_and_stays_out_of_sight(own_qgis: OwnQgis) -> None:
    authcfg = own_qgis.entry(username="ana", password="for Livy")
    profile = {"kind": "livy", "livy_url": "https://pi0:8998", "livy_authcfg": authcfg}
    assert own_qgis.keys("[*keys.livy, repr(keys.livy), keys.s3]", **profile) == [
        "ana", "for Livy", "UserSecret(…)", None,
    ]  # fmt: skip


def test_an_access_key_without_a_secret_is_named(own_qgis: OwnQgis) -> None:
    authcfg = own_qgis.entry(username="AKIAWHO", password="")
    kind, message = own_qgis.keys("1", kind="local", host="", s3_authcfg=authcfg)
    assert kind == "ProfileError" and authcfg in message and "password" in message


@pytest.mark.parametrize("entry", ["authcfg", "livy_authcfg", "s3_authcfg"])
@pytest.mark.parametrize("method", ["", "PKI-Paths"])
def test_an_entry_that_will_not_do_is_named(own_qgis: OwnQgis, method: str, entry: str) -> None:
    authcfg = own_qgis.entry(method, certpath="/x", keypath="/y") if method else "zzzzzzz"
    kind, message = own_qgis.credentials(**{entry: authcfg})
    assert kind == "ProfileError" and authcfg in message


def test_a_locked_key_opens_with_qgiss_entry_also_without_windows(
    own_qgis: OwnQgis, ssh_server: SshServer, profile_file: Path, trips: Path, tmp_path: Path
) -> None:
    if shutil.which("qgis_process") is None:
        pytest.skip("there is no qgis_process; install QGIS's command line tools")
    locked = make_key(tmp_path / "locked", "for the key 7f")
    ssh_server.trust(locked)
    values = {**json.loads(profile_file.read_text()), "key_path": str(locked)}
    values["authcfg"] = own_qgis.entry(username="root", password="for the key 7f")
    profile_file.write_text(json.dumps(values))
    assert own_qgis.credentials(authcfg=values["authcfg"], key_path=str(locked))[2:] == [
        str(locked), "for the key 7f",
    ]  # fmt: skip
    own_qgis.enable_plugin()
    done = own_qgis.process(
        "run", "roadpulse:aggregatetrips", f"--PROFILE={profile_file}", f"--TRIPS={trips}",
        f"--RUN_FOLDER={tmp_path / 'here'}", "--TRUST_PROGRAMS=true",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert (tmp_path / "here/manifest.json").exists()
    until(lambda: list((tmp_path / "runs").glob("20*/rc")))  # the last of its files
    for path in (
        *(tmp_path / "runs").rglob("*"),
        *(tmp_path / "here").rglob("*"),
        *_records(own_qgis.folder),
    ):
        assert not path.is_file() or b"for the key 7f" not in path.read_bytes()


def _records(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.json") if "roadpulse" in path.parts]


def test_a_refused_log_in_is_said(processing: Any, profile_file: Path, trips: Path, tmp_path: Path) -> None:
    values = json.loads(profile_file.read_text())
    values["key_path"] = str(make_key(tmp_path / "other"))
    profile_file.write_text(json.dumps(values))
    with pytest.raises(QgsProcessingException, match="authorized_keys"):
        processing.run("roadpulse:aggregatetrips", {"PROFILE": str(profile_file), "TRIPS": str(trips)})
    assert not (tmp_path / "runs").exists()
