"""Whole runs with clocks that really are off: the desktop's, the cluster's and the file server's apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from development.s3 import S3Server
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import DecodeRules, RunSpec
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.cluster_client.backends.base.backend import Polling, follow
from roadpulse.cluster_client.backends.ssh.backend import SshBackend
from roadpulse.cluster_client.backends.ssh.diagnosis import ClusterChecks
from roadpulse.cluster_client.diagnosis.checks import Outcome as Found
from roadpulse.cluster_client.diagnosis.checks import diagnose
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.status import RunStatus
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.tests.engine import PLUGINS, Engine, Outcome, trip
from tests.abilities import needs
from tests.integration.s3_engine import BucketEngine, result_bytes
from tests.integration.shifted_clocks import both_ways, needs_library, python, shifted_clock
from tests.integration.ssh_server import SshServer
from tests.waiting import until

pytestmark = needs_library


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    found = Engine(tmp_path)
    for number in range(6):
        found.write(f"trip {number}.json", trip(200, 300 * number, 9))
    return found


def elsewhere(engine: Engine, folder: Path, minutes: float, host: str = "", **options: Any) -> Any:
    """Start a run of a process with another clock, and on a computer of another name where one is given."""
    command = [python(engine.folder, minutes, **options), "-m", "roadpulse.aggregation", str(folder)]
    command += ["--workers", "1"]
    if host:
        command = ["unshare", "--uts", "sh", "-c", f'hostname {host} && exec "$@"', "sh", *command]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip


def carried_out(engine: Engine, minutes: float, **options: Any) -> Outcome:
    folder = engine.prepare()
    process = elsewhere(engine, folder, minutes, **options)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return Outcome(process.returncode, folder, output)


# -- the engine and its files -----------------------------------------------------------------------


def test_the_clock_really_is_off(tmp_path: Path) -> None:
    program = "import os, time; time.sleep(0.1); print(time.time(), time.time() - os.stat('.').st_mtime)"
    tmp_path.touch()
    said = subprocess.run(
        [python(tmp_path, 5), "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    now, age = map(float, said.stdout.split())
    assert 240 < now - time.time() < 360
    assert 240 < age < 360


@pytest.mark.parametrize(
    ("minutes", "files_too"), [(-5, False), (5, False), (5, True)], ids=["behind", "ahead", "files-too"]
)
def test_the_result_is_the_same_new_files_are_read_once_more_at_most_and_changed_ones_again(
    engine: Engine, minutes: float, files_too: bool
) -> None:  # fmt: skip
    first = carried_out(engine, minutes, files_too=files_too)
    assert 0 < first.status["elapsed"] < 290 and first.status["seconds_left"] is None
    second = carried_out(engine, minutes, files_too=files_too)
    third = carried_out(engine, minutes, files_too=files_too)
    assert third.manifest["files"]["decoded"] == 0
    right = engine.finish(store=str(engine.folder / "another store"))
    assert first.hashes == second.hashes == third.hashes == right.hashes

    path = engine.trips / "trip 3.json"
    path.write_bytes(path.read_bytes().replace(b"4575425001", b"4575425009"))  # of the same size
    changed = carried_out(engine, minutes, files_too=files_too)
    assert changed.hashes != first.hashes
    assert changed.hashes == engine.finish(store=str(engine.folder / "a third store")).hashes


@needs("hostname")
@pytest.mark.parametrize("minutes", [120, pytest.param(-5, marks=pytest.mark.long)])
def test_points_of_a_run_that_lives_elsewhere_are_let_be(engine: Engine, minutes: float) -> None:
    """Of two computers with a shared folder one is minutes, or hours, off."""
    first = engine.write("trip 0.json", trip(3000, links=9))
    for number in range(6, 800):
        os.link(first, engine.trips / f"trip {number}.json")
    engine.settle()
    folder = engine.prepare()
    process = elsewhere(engine, folder, 0, host="another")
    try:
        until(lambda: list(engine.store.glob("*/points/*/part-*.parquet")) or process.poll() is not None)
        os.killpg(process.pid, signal.SIGSTOP)
        (store,) = (PointStore.at(str(engine.store), DecodeRules(speed_unit="mph")),)
        (ingest,) = store.begun()
        assert json.loads(Path(str(store.owner(ingest))).read_text())["host"] == "another"
        other = carried_out(engine, minutes)
        assert ingest in store.begun() and ingest not in store.ingests()
    finally:
        os.killpg(process.pid, signal.SIGCONT)
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert Outcome(0, folder).hashes == other.hashes


# -- in a bucket ------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-20, -5, 5, 20])
def test_a_bucket_bears_a_clock_that_is_minutes_off_and_names_one_that_is_further(
    s3_server: S3Server, bucket: str, tmp_path: Path, minutes: float
) -> None:  # fmt: skip
    """Signatures hold for a quarter of an hour."""
    there = BucketEngine(s3_server, bucket)
    for number in range(6):
        there.write(f"trip {number}.json", trip(60, 300 * number, 9))
    folder = there.prepare()
    process = subprocess.run(
        [
            python(tmp_path, minutes), "-m", "roadpulse.aggregation", folder, "--workers", "1",
            "--s3", json.dumps(there.access.to_json()),
        ],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    if abs(minutes) < 15:
        assert process.returncode == 0, process.stdout + process.stderr
        assert result_bytes(there.outcome(folder)) == result_bytes(there.finish(store=f"s3://{bucket}/other"))
    else:
        assert process.returncode == 1
        assert "its clock and this computer's differ by too much" in process.stdout
        assert "Set the clock that is wrong" in process.stdout


@both_ways
def test_a_writer_in_a_bucket_counts_as_gone_after_a_quarter_of_an_hour_of_the_servers_clock(
    s3_server: S3Server, bucket: str, tmp_path: Path, minutes: float
) -> None:  # fmt: skip
    there = BucketEngine(s3_server, bucket)
    owner = there.place("points/ingest=x/owner.json")
    owner.put(json.dumps({"host": "another", "machine": "m", "boot": "b", "pid": 1}).encode())
    program = (
        "import json, sys, time\n"
        "from roadpulse.aggregation import storage\nfrom roadpulse.aggregation.store import owners\n"
        "owner = storage.place(sys.argv[1], storage.S3Access.from_json(json.loads(sys.argv[2])))\n"
        "print(time.time(), owners.abandoned(owner))"
    )
    command = [python(tmp_path, minutes), "-c", program, str(owner), json.dumps(there.access.to_json())]
    for silent, gone in ((13 * 60, "False"), (17 * 60, "True")):
        os.utime(there.folder / owner.key, (time.time() - silent,) * 2)
        said = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": str(PLUGINS)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        now, told = said.stdout.split()
        assert abs(float(now) - time.time() - minutes * 60) < 60
        assert told == gone
    assert there.keys() == [owner.key]


# -- over SSH ---------------------------------------------------------------------------------------


@pytest.fixture
def far_off(tmp_path: Path, ssh_server: SshServer) -> Callable[[float], tuple[SshBackend, Profile, RunStore]]:
    """A cluster all of whose processes have another clock than the desktop."""

    def begin(minutes: float) -> tuple[SshBackend, Profile, RunStore]:
        told = " ".join(f'"{name}={value}"' for name, value in shifted_clock(minutes).items())
        ssh_server.lines = [*ssh_server.lines, f"SetEnv {told}"]
        ssh_server.restart()
        (tmp_path / "known_hosts").write_text(ssh_server.known_hosts())
        profile = Profile(
            kind="ssh", name="one Pi", host="127.0.0.1", port=ssh_server.port, user="root",
            python=python(tmp_path, minutes), workers=1,
            folders=Folders(runs=str(tmp_path / "runs"), store=str(tmp_path / "store")),
        )  # fmt: skip
        store = RunStore(tmp_path / "records")
        known = KnownHosts(tmp_path / "known_hosts", ())
        credentials = Credentials(key_path=str(ssh_server.user_key))
        return SshBackend(profile, store, tmp_path / "fetched", credentials, known), profile, store

    return begin


@pytest.mark.parametrize("minutes", [pytest.param(-5, marks=pytest.mark.long), 5], ids=["behind", "ahead"])
def test_a_cluster_whose_clock_is_off_runs_as_any_other(
    far_off: Any, engine: Engine, ssh_server: SshServer, tmp_path: Path, minutes: float
) -> None:  # fmt: skip
    first = engine.write("trip 0.json", trip(3000, links=9))
    for number in range(6, 300):
        os.link(first, engine.trips / f"trip {number}.json")
    engine.settle()
    backend, profile, store = far_off(minutes)
    spec = RunSpec(trips=str(engine.trips), store=str(tmp_path / "store"), speed_unit="mph")
    run = backend.submit(Run.new("June", profile, spec))
    seen: list[RunStatus] = []
    last = follow(backend, run, on_status=seen.append, polling=Polling(first=0.05, longest=0.2))
    assert last.state is RunState.FINISHED
    there = json.loads(Path(run.folder, "status.json").read_text())["updated"]
    off = (datetime.fromisoformat(there) - datetime.now(timezone.utc)).total_seconds()
    assert abs(off - minutes * 60) < 60  # it was
    for status in seen:
        assert status.state not in (RunState.LOST, RunState.FAILED, RunState.UNKNOWN)
        assert "said nothing" not in status.message
        assert 0 <= status.elapsed < 290
        assert status.seconds_left is None or 0 <= status.seconds_left < 290
    assert [status.elapsed for status in seen] == sorted(status.elapsed for status in seen)
    fetched = Outcome(0, backend.fetch(run))
    assert fetched.hashes == engine.finish().hashes
    assert store.find(run.id).state is RunState.FINISHED

    run = backend.submit(
        Run.new("cancelled", profile, RunSpec(**{**spec.__dict__, "store": str(tmp_path / "s2")}))
    )
    until(lambda: backend.status(run).state in (RunState.LISTING, RunState.DECODING))
    backend.cancel(run)
    assert follow(backend, run, polling=Polling(first=0.05, longest=0.2)).state is RunState.CANCELLED

    known = KnownHosts(tmp_path / "known_hosts", ())
    group = ClusterChecks(profile, Credentials(key_path=str(ssh_server.user_key)), known)
    (clock,) = [found for found in diagnose(group.checks()) if found.name == "clock"]
    assert clock.outcome is Found.WARNING and "5 min" in clock.found
