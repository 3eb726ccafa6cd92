"""Runs on a cluster over a real SSH server, with and without network faults."""

import contextlib
import hashlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.base.backend import Polling, follow
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.backends.ssh import submission
from roadpulse.cluster_client.backends.ssh.backend import SshBackend
from roadpulse.cluster_client.errors import (
    AlreadyStarted,
    BackendError,
    ClientError,
    NotFinished,
    ResultError,
    StartError,
    Unreachable,
)
from roadpulse.cluster_client.processes import group_alive
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.retry import RetryPolicy
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.results import read_manifest, read_speeds
from roadpulse.cluster_client.ssh import scripts
from roadpulse.cluster_client.ssh.errors import ConnectionLost, HostKeyChanged, HostKeyUnknown, RemoteFault
from roadpulse.cluster_client.ssh.job_zip import job_zip
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.cluster_client.ssh.transfer import SftpFiles
from tests.abilities import need
from tests.integration.cancelled_submission import submit_and_cancel
from tests.waiting import status_when, until

FAST = Polling(first=0.05, longest=0.2)
SHORT = RetryPolicy(total=30, first=0.05, longest=0.2)


def trip(path, points=100, link=4575425001):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = [
        {
            "timestamp": f"2025-06-10T08:{n // 60 % 60:02d}:{n % 60:02d}Z",
            "absVelocity": 24.0 + n % 3,
            "dbResponse": {"linkID": str(link + n % 5)},
        }
        for n in range(points)
    ]
    path.write_text(json.dumps({"data": data}), encoding="utf-8")


class Desktop:
    """A desktop: a run store, a backend, and what a person does with them."""

    def __init__(self, folder, server, port, trips, cluster):
        self.folder, self.server, self.trips, self.cluster = folder, server, trips, cluster
        self.store = RunStore(folder / "records")
        folder.mkdir(exist_ok=True)
        (folder / "known_hosts").write_text(server.known_hosts(port))
        self.profile = Profile(
            kind="ssh", name="one Pi", host="127.0.0.1", port=port, user="root", python=sys.executable,
            workers=1, folders=Folders(runs=str(cluster / "runs"), store=str(cluster / "store")),
        )  # fmt: skip
        self.backend = self.another()

    def another(self, **options):
        """A backend that knows nothing of the first: the desktop after a restart."""
        options = {"retry_policy": SHORT, "grace": 5, **options}
        return SshBackend(
            options.pop("profile", self.profile), self.store, self.folder / "fetched",
            Credentials(key_path=str(self.server.user_key)),
            KnownHosts(self.folder / "known_hosts", ()), **options,
        )  # fmt: skip

    def new(self, name="June", **changes):
        spec = RunSpec(trips=str(self.trips), store=str(self.cluster / "store"), speed_unit="mph")
        run = Run.new(name, self.profile, spec)
        return replace(run, **changes)

    def wait_for(self, run, condition, backend=None):
        return status_when(backend or self.backend, run, condition)

    def started(self):
        """How many aggregations were started on the cluster: each writes its own log lines once."""
        logs = (self.cluster / "runs").glob("*/log.txt")
        return sum(log.read_text().count(" trip files, ") for log in logs)


@pytest.fixture
def cluster(tmp_path):
    (tmp_path / "cluster").mkdir()
    return tmp_path / "cluster"


@pytest.fixture
def desktop(tmp_path, ssh_server, cluster):
    """A desktop whose trips are few."""
    for number in range(3):
        trip(tmp_path / f"trips/trip_{number}.json")
    yield Desktop(tmp_path / "desktop", ssh_server, ssh_server.port, tmp_path / "trips", cluster)
    end_all(cluster)


@pytest.fixture
def far_desktop(tmp_path, ssh_server, relay, cluster):
    """A desktop whose way to the cluster can be cut."""
    for number in range(3):
        trip(tmp_path / f"trips/trip_{number}.json")
    yield Desktop(tmp_path / "desktop", ssh_server, relay.port, tmp_path / "trips", cluster)
    end_all(cluster)


@pytest.fixture
def long_work(tmp_path):
    """Trips that take one worker several seconds, for runs that are to be seen at work and then to finish."""
    many_trips(tmp_path / "trips", 1000)


@pytest.fixture
def endless_work(tmp_path):
    """Trips that take one worker half a minute and more, for runs that are not to get to their end."""
    many_trips(tmp_path / "trips", 15_000)


def many_trips(folder, count):
    """Many names of one file."""
    trip(folder / "trip_0.json", 3000)
    for number in range(3, count):
        os.link(folder / "trip_0.json", folder / f"trip_{number}.json")


def end_all(cluster):
    """End whatever a test left running on its cluster."""
    for path in cluster.glob("**/pid"):
        with contextlib.suppress(OSError, ValueError):
            group = int(path.read_text().split()[0])
            if group_alive(group):
                os.killpg(group, signal.SIGKILL)


# -- without faults -----------------------------------------------------------------------------------


def test_belfast_gives_the_same_bytes_as_on_this_computer(desktop, belfast, tmp_path):
    spec = RunSpec(
        trips=str(belfast / "trips"), store=str(desktop.cluster / "store"), speed_unit="mph",
        time_zone="Europe/London",
    )  # fmt: skip
    run = desktop.backend.submit(Run.new("Belfast", desktop.profile, spec))
    assert follow(desktop.backend, run, polling=FAST).state is RunState.FINISHED
    there = desktop.backend.fetch(run)
    local = LocalBackend(desktop.store, tmp_path / "local")
    here = replace(spec, store=str(tmp_path / "store"))
    run = local.submit(Run.new("Belfast", Profile(kind="local", name="here", workers=2), here))
    assert follow(local, run, polling=FAST).state is RunState.FINISHED
    names = [path.name for path in sorted((there / "results").iterdir())]
    assert names == ["datapackage.json", "link_speeds.csv", "link_speeds_by_time.csv"]
    for name in names:
        assert (there / "results" / name).read_bytes() == (Path(run.folder) / "results" / name).read_bytes()


def test_a_run_is_submitted_followed_and_fetched(desktop):
    run = desktop.backend.submit(desktop.new())
    assert run.state is RunState.STARTING
    assert follow(desktop.backend, run, polling=FAST).state is RunState.FINISHED
    until(Path(run.folder, "rc").exists)  # the run's last words come after the result
    seen = []
    folder = desktop.backend.fetch(run, lambda done, total: seen.append((done, total)))
    assert read_speeds(folder)["n_points"].sum() == 300
    assert read_manifest(folder).values["points"]["counted"] == 300
    assert seen[-1][0] == seen[-1][1] > 0
    assert "Finished" in desktop.backend.log(run)
    assert "Finished" in (folder / "log.txt").read_text()
    assert not (folder / ".fetched").exists() and not list(folder.rglob("*.part"))
    assert desktop.store.find(run.id).state is RunState.FINISHED
    assert desktop.another().fetch(run) == folder  # a second time nothing is sent


def test_the_job_is_sent_once(desktop, relay):
    follow(desktop.backend, desktop.backend.submit(desktop.new()), polling=FAST)
    (zipped,) = (desktop.cluster / "runs/jobs").glob("*.zip")
    assert hashlib.sha256(zipped.read_bytes()).hexdigest() == zipped.stem == job_zip().sha256
    before = zipped.stat().st_mtime_ns
    follow(desktop.backend, desktop.backend.submit(desktop.new()), polling=FAST)
    assert zipped.stat().st_mtime_ns == before
    assert not list((desktop.cluster / "runs").rglob("*.part"))


def test_a_cancelled_run_stops_and_leaves_no_process(desktop, endless_work):
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    group = int(desktop.store.find(run.id).remote_id.split()[0])
    assert group_alive(group)
    desktop.backend.cancel(run)
    assert follow(desktop.backend, run, polling=FAST).state is RunState.CANCELLED
    until(lambda: not group_alive(group))


@pytest.mark.parametrize("step", ["make_folders", "put_once", "put_new"])
def test_a_run_that_is_cancelled_while_it_is_sent_leaves_nothing_there(desktop, monkeypatch, step):
    run = desktop.new()
    submit_and_cancel(
        monkeypatch, SftpFiles, step,
        lambda: desktop.backend.submit(run), lambda: desktop.another().cancel(run),
    )  # fmt: skip
    assert desktop.store.find(run.id).state is RunState.CANCELLED
    there = [path.name for path in (desktop.cluster / "runs").iterdir()]
    assert there == ["jobs"]
    assert not list((desktop.cluster / "runs").rglob("*.part"))
    assert not list((desktop.folder / "fetched").iterdir())
    assert desktop.backend.submit(desktop.new()).remote_id.split()[0].isdigit()


def test_a_silent_network_holds_up_nobody_who_cancels(far_desktop, relay, monkeypatch):
    asked = []
    real = SftpFiles.put_once

    def into_silence(*those):
        relay.flows.clear()
        asked.append(time.monotonic())
        return real(*those)

    monkeypatch.setattr(SftpFiles, "put_once", into_silence)
    run = far_desktop.new()
    with pytest.raises(Cancelled):
        far_desktop.backend.submit(run, lambda: bool(asked))
    assert time.monotonic() - asked[0] < far_desktop.backend._session._timeouts.answer / 3
    assert far_desktop.store.find(run.id).state is RunState.CANCELLED
    relay.flows.set()
    until(lambda: not any(thread.name == "Roadpulse sends" for thread in threading.enumerate()))
    assert not list((far_desktop.cluster / "runs").rglob("started"))


def test_a_run_that_is_started_while_it_is_cancelled_is_stopped_there(desktop, endless_work, monkeypatch):
    asked = threading.Event()
    real = submission.start

    def start(*those):
        asked.set()
        return real(*those)

    monkeypatch.setattr(submission, "start", start)
    run = desktop.backend.submit(desktop.new(), asked.is_set)
    status = follow(desktop.backend, run, cancelled=asked.is_set, polling=FAST)
    assert status.state is RunState.CANCELLED


def test_a_run_that_does_not_listen_is_ended_after_the_grace_period(desktop, tmp_path):
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n")
    deaf.chmod(0o755)
    backend = desktop.another(grace=1)
    run = backend.submit(desktop.new(profile=replace(desktop.profile, python=str(deaf))))
    group = int(run.remote_id.split()[0])
    began = time.monotonic()
    backend.cancel(run)
    assert follow(backend, run, polling=FAST).state is RunState.CANCELLED  # it would go on for ever
    assert time.monotonic() - began >= 1
    until(lambda: not group_alive(group))


def test_two_analysts_at_once_get_their_own_results(tmp_path, ssh_server, cluster):
    results = {}
    (cluster / "runs").mkdir()

    def analyse(name, points):
        trip(tmp_path / name / "trips/trip_0.json", points)
        desk = Desktop(tmp_path / name, ssh_server, ssh_server.port, tmp_path / name / "trips", cluster)
        run = desk.backend.submit(desk.new(name))
        follow(desk.backend, run, polling=FAST)
        results[name] = read_speeds(desk.backend.fetch(run))["n_points"].sum()

    threads = [
        threading.Thread(target=analyse, args=(name, points)) for name, points in (("ann", 50), ("bob", 70))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert results == {"ann": 50, "bob": 70}
    assert len(list((cluster / "runs/jobs").glob("*.zip"))) == 1


def test_discard_removes_the_runs_folder_and_keeps_the_rest(desktop):
    run = desktop.backend.submit(desktop.new())
    follow(desktop.backend, run, polling=FAST)
    fetched = desktop.backend.fetch(run)
    desktop.backend.discard(run)
    assert not Path(run.folder).exists()
    assert (desktop.cluster / "runs/jobs").exists() and (desktop.cluster / "store").exists()
    assert read_speeds(fetched)["n_points"].sum() == 300
    assert desktop.store.runs().runs == ()


def test_a_running_run_has_no_result_and_is_not_discarded(desktop, endless_work):
    run = desktop.backend.submit(desktop.new())
    with pytest.raises(NotFinished):
        desktop.backend.fetch(run)
    with pytest.raises(BackendError, match="still going"):
        desktop.backend.discard(run)


def test_nothing_secret_reaches_the_cluster(desktop, monkeypatch):
    desktop.backend = desktop.another()
    run = desktop.backend.submit(desktop.new())
    follow(desktop.backend, run, polling=FAST)
    until(Path(run.folder, "rc").exists)  # the last of its files
    key = Path(desktop.server.user_key).read_text().splitlines()[1]
    for path in (desktop.cluster / "runs").rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes()


# -- never started twice ------------------------------------------------------------------------------


def test_the_same_run_is_refused_when_it_is_submitted_again(desktop):
    run = desktop.new()
    desktop.backend.submit(run)
    with pytest.raises(AlreadyStarted):
        desktop.backend.submit(run)
    follow(desktop.backend, desktop.store.find(run.id), polling=FAST)
    assert desktop.started() == 1


def test_a_folder_on_the_cluster_that_holds_a_run_is_refused(desktop):
    first = desktop.backend.submit(desktop.new(folder=str(desktop.cluster / "mine")))
    with pytest.raises(AlreadyStarted, match="mine"):
        desktop.backend.submit(desktop.new(folder=str(desktop.cluster / "mine")))
    follow(desktop.backend, first, polling=FAST)
    assert (desktop.cluster / "mine/log.txt").read_text().count(" trip files, ") == 1


@pytest.mark.parametrize(
    ("of_job", "more"),
    [(0, 500), (0, 3_000), (0, 8_000), (0.5, 0), (1, 2_000), (1, 6_000), (1, 9_000), (1, 12_000)],
)
def test_a_submission_that_is_cut_off_goes_on_and_starts_once(far_desktop, relay, of_job, more):
    """While logging in, asking, sending the job, and in each of the steps after that."""
    relay.cut_after_sent = int(of_job * len(job_zip().content)) + more
    try:
        run = far_desktop.backend.submit(far_desktop.new())
    except Unreachable:  # before the first log-in was through: nothing is tried again then
        assert of_job == 0 and more < 3_000
        assert far_desktop.started() == 0
        assert far_desktop.store.runs().runs[0].state is RunState.FAILED
        return
    assert follow(far_desktop.backend, run, polling=FAST).state is RunState.FINISHED
    assert far_desktop.started() == 1
    assert read_speeds(far_desktop.backend.fetch(run))["n_points"].sum() == 300


def answers_lost(monkeypatch, times=1):
    """The start command runs, and its answer never arrives."""
    left = [times]

    def call(connection, name, values, timeout=0):
        answer = scripts.call(connection, name, values, timeout)
        if name == "start" and left[0]:
            left[0] -= 1
            connection.close()
            raise ConnectionLost("cut", "injected")
        return answer

    monkeypatch.setattr(submission, "call", call)


def test_a_start_whose_answer_is_lost_is_not_repeated(desktop, monkeypatch):
    answers_lost(monkeypatch, 2)
    run = desktop.backend.submit(desktop.new())
    assert run.remote_id.split()[0].isdigit()
    assert follow(desktop.backend, run, polling=FAST).state is RunState.FINISHED
    assert desktop.started() == 1


def test_a_start_of_which_nothing_is_heard_is_found_by_the_next_look(desktop, monkeypatch):
    answers_lost(monkeypatch, 1000)
    desktop.backend = desktop.another(retry_policy=RetryPolicy(total=0.5, first=0.1))
    run = desktop.backend.submit(desktop.new())
    assert run.state is RunState.QUEUED
    assert follow(desktop.another(), run, polling=FAST).state is RunState.FINISHED
    assert desktop.started() == 1


@pytest.mark.parametrize("step", ["make_folders", "put_once", "put_new", "start"])
def test_a_desktop_that_dies_while_sending_leaves_no_run_behind(desktop, tmp_path, step):
    code = f"""
import os, sys
from pathlib import Path
from roadpulse.cluster_client.backends.ssh import submission
from roadpulse.cluster_client.ssh.transfer import SftpFiles
def die(*_): os._exit(9)
if {step!r} == "start":
    real = submission.call
    submission.call = lambda c, name, *rest: die() if name == "start" else real(c, name, *rest)
else:
    setattr(SftpFiles, {step!r}, die)
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.backends.ssh.backend import SshBackend
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.aggregation.contract.spec import RunSpec
import json
desk = Path({str(desktop.folder)!r})
profile = Profile.from_json(json.loads({json.dumps(desktop.profile.to_json())!r}))
backend = SshBackend(profile, RunStore(desk / "records"), desk / "fetched",
    Credentials(key_path={str(desktop.server.user_key)!r}), KnownHosts(desk / "known_hosts", ()))
spec = RunSpec(trips={str(desktop.trips)!r}, store={str(desktop.cluster / "store")!r})
backend.submit(Run.new("June", profile, spec))
"""
    environment = {**os.environ, "PYTHONPATH": "build/plugins"}
    died = subprocess.run([sys.executable, "-c", code], env=environment, timeout=240, check=False)
    assert died.returncode == 9
    (run,) = desktop.store.unfinished()
    status = desktop.backend.status(run)
    assert status.state is RunState.LOST
    assert "never started" in status.error.message
    assert desktop.started() == 0
    # Should its start still be on the way, it comes too late.
    if (Path(run.folder)).is_dir():
        with pytest.raises(StartError, match=r"withdrawn before|its job\.json is"):
            desktop.backend._session.once(lambda c, place: submission.start(c, place, run))


def test_a_run_that_another_process_is_sending_is_left_alone(desktop):
    asleep = subprocess.Popen(["sleep", "600"])
    try:
        from roadpulse.cluster_client.processes import start_mark

        run = desktop.new(
            folder=str(desktop.cluster / "runs/x"),
            remote_id=f"sending {asleep.pid} {start_mark(asleep.pid)}",
        )
        desktop.store.record(run)
        assert desktop.backend.status(run).state is RunState.QUEUED
        assert desktop.store.find(run.id).state is RunState.QUEUED
    finally:
        asleep.kill()
        asleep.wait()


# -- the desktop and the network go away --------------------------------------------------------------


def test_a_run_outlives_the_desktop_and_is_found_and_fetched(desktop, long_work):
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    desktop.backend.close()
    again = desktop.another()
    (found,) = desktop.store.unfinished()
    assert follow(again, found, polling=FAST).state is RunState.FINISHED
    assert read_speeds(again.fetch(found))["n_points"].sum() > 900 * 3000
    assert desktop.started() == 1


def test_a_lost_connection_is_said_and_the_run_goes_on(far_desktop, relay, long_work):
    run = far_desktop.backend.submit(far_desktop.new())
    far_desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    relay.cut(reopen=False)
    with pytest.raises(Unreachable, match="The run goes on there") as caught:
        far_desktop.backend.status(run)
    assert caught.value.retry
    assert far_desktop.store.find(run.id).state is RunState.DECODING
    relay.open = True
    seen = []
    status = follow(far_desktop.backend, run, on_status=seen.append, polling=FAST)
    assert status.state is RunState.FINISHED
    assert far_desktop.started() == 1


def test_while_nobody_answers_attempts_get_rarer(far_desktop, relay):
    run = far_desktop.backend.submit(far_desktop.new())
    backend = far_desktop.another(retry_policy=RetryPolicy(first=0.2, longest=10))
    backend.status(run)
    relay.cut(reopen=False)
    relay.accepted = 0
    began = time.monotonic()
    looks, passed = 0, 0.0
    while looks < 100 or passed < 2:
        with pytest.raises(Unreachable):
            backend.status(run)
        time.sleep(0.01)
        looks, passed = looks + 1, time.monotonic() - began
    assert 1 <= relay.accepted <= 2 + math.log2(1 + passed / 0.2)  # after 0, 0.2, 0.6, 1.4, 3 s and so on
    relay.open = True
    backend.close()  # a person who does not want to wait
    assert follow(backend, run, polling=FAST).state is RunState.FINISHED


def test_a_restarted_ssh_server_costs_a_run_nothing(desktop, long_work):
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    desktop.server.restart()
    assert follow(desktop.backend, run, polling=FAST).state is RunState.FINISHED
    assert desktop.started() == 1


def test_a_host_key_that_changes_during_a_run_stops_the_looking_not_the_run(desktop, endless_work):
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    desktop.server.stop()
    desktop.server.renew_host_key()
    desktop.server.start()
    with pytest.raises(HostKeyChanged):
        for _ in range(3):
            with contextlib.suppress(Unreachable):
                follow(desktop.backend, run, polling=FAST)
    assert not desktop.store.find(run.id).state.is_final


def test_an_unknown_host_starts_nothing_and_is_tried_again_once_it_is_accepted(desktop):
    (desktop.folder / "known_hosts").unlink()
    with pytest.raises(HostKeyUnknown) as caught:
        desktop.backend.submit(desktop.new())
    assert desktop.store.runs().runs[0].state is RunState.FAILED
    KnownHosts(desktop.folder / "known_hosts", ()).accept(caught.value)
    run = desktop.backend.submit(desktop.new())
    assert follow(desktop.backend, run, polling=FAST).state is RunState.FINISHED


def test_a_clock_five_minutes_off_does_not_matter(desktop, long_work, monkeypatch):
    """The cluster's clock is this one, so the desktop's is set off: it looks five minutes late."""
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    content = Path(run.folder, "status.json").read_bytes()
    real = SftpFiles.read

    def five_minutes_ago(files, path, most=16 << 20):
        found = real(files, path, most)
        if found and path.endswith("status.json"):
            values = json.loads(found)
            from datetime import datetime, timedelta

            off = datetime.fromisoformat(values["updated"]) - timedelta(minutes=5)
            found = json.dumps({**values, "updated": off.isoformat()}).encode()
        return found

    monkeypatch.setattr(SftpFiles, "read", five_minutes_ago)
    messages = []
    status = follow(desktop.another(), run, on_status=lambda s: messages.append(s.message), polling=FAST)
    assert content and status.state is RunState.FINISHED
    assert not any("has said nothing" in message for message in messages)


# -- things break on the cluster ----------------------------------------------------------------------


def test_a_killed_run_says_so(desktop, endless_work):
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    os.killpg(int(run.remote_id.split()[0]), signal.SIGKILL)
    status = follow(desktop.backend, run, polling=FAST)
    assert status.state is RunState.LOST
    assert "ended from outside" in status.error.message
    assert status.error.retry


def test_a_killed_main_process_is_explained(desktop, endless_work):
    run = desktop.backend.submit(desktop.new())
    desktop.wait_for(run, lambda s: s.state is RunState.DECODING)
    main = json.loads(Path(run.folder, "status.json").read_text())["pid"]
    os.kill(main, signal.SIGKILL)
    status = follow(desktop.backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "memory" in status.error.message


def test_the_cancel_of_a_used_again_process_id_hits_nobody(desktop, tmp_path):
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        run = desktop.backend.submit(desktop.new())
        follow(desktop.backend, run, polling=FAST)
        until(Path(run.folder, "rc").exists)  # the launcher's last word, after the run's own
        for name in ("rc", "manifest.json", "status.json"):
            Path(run.folder, name).unlink()
        mark = Path(run.folder, "pid").read_text().split()[1]
        Path(run.folder, "pid").write_text(f"{bystander.pid}\n{mark}\n")
        desktop.backend.cancel(run)
        assert desktop.another().status(run).is_final
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_run_folder_that_vanished_is_told(desktop):
    run = desktop.backend.submit(desktop.new())
    follow(desktop.backend, run, polling=FAST)
    until(Path(run.folder, "rc").exists)  # the launcher's last word, after the run's own
    run = replace(run, state=RunState.DECODING)
    shutil.rmtree(run.folder)
    status = desktop.backend.status(run)
    assert status.state is RunState.LOST
    assert run.folder in status.error.message and "gone" in status.error.message


def test_a_python_that_is_not_there_is_told(desktop):
    run = desktop.backend.submit(desktop.new(profile=replace(desktop.profile, python="/no/such/python")))
    status = follow(desktop.backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "/no/such/python" in status.error.message


@pytest.fixture
def small_disk(cluster):
    """A cluster whose disk is small, and has room for the program that is sent."""
    need("disks")
    (cluster / "small").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(cluster / "small")], check=True)
    yield cluster / "small"
    subprocess.run(["umount", "-l", str(cluster / "small")], check=True)


def fill(disk, left):
    """Leave so many bytes of a disk."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
    (disk / "filler").write_bytes(b"x" * (free - left))


def test_a_full_disk_is_said_while_sending(desktop, small_disk):
    fill(small_disk, 60_000)
    profile = replace(desktop.profile, folders=Folders(runs=str(small_disk / "runs"), store="/tmp/unused"))
    with pytest.raises(RemoteFault, match=r"disk is full there, \d+ kB are left"):
        desktop.another(profile=profile).submit(desktop.new(profile=profile))
    assert desktop.store.runs().runs[0].state is RunState.FAILED


def test_a_full_disk_is_said_when_the_run_meets_it(desktop, small_disk):
    profile = replace(
        desktop.profile, folders=Folders(runs=str(small_disk / "runs"), store=str(desktop.cluster / "store"))
    )
    backend = desktop.another(profile=profile)
    for number in range(3, 40):
        trip(desktop.trips / f"trip_{number}.json", 400, 1000 * number)
    first = backend.submit(desktop.new(profile=profile))
    follow(backend, first, polling=FAST)
    backend.discard(first)
    fill(small_disk, 20_000)
    status = follow(backend, backend.submit(desktop.new(profile=profile)), polling=FAST)
    assert status.state in (RunState.FAILED, RunState.LOST)
    assert "disk is full" in status.error.message.lower()


# -- fetching -----------------------------------------------------------------------------------------


@pytest.fixture
def finished(far_desktop):
    """A finished run with a result of two megabytes, not fetched yet."""
    run = far_desktop.backend.submit(far_desktop.new())
    follow(far_desktop.backend, run, polling=FAST)
    result = Path(run.folder, "results/link_speeds_by_time.csv")
    manifest = json.loads(Path(run.folder, "manifest.json").read_text())
    content = result.read_bytes() + os.urandom(6_000_000).hex().encode()
    result.write_bytes(content)
    part = manifest["results"]["link_speeds_by_time"]["parts"][0]
    part["bytes"], part["sha256"] = len(content), hashlib.sha256(content).hexdigest()
    Path(run.folder, "manifest.json").write_text(json.dumps(manifest))
    return run, content


def fetched(run):
    return Path(run.local_folder, "results/link_speeds_by_time.csv").read_bytes()


AROUND = 200_000
"""Bytes that a connection takes beside a result of 12 MB: keys, questions, the headers of packets."""


@pytest.mark.parametrize(
    ("change", "words"),
    [({"path": "pid"}, "'pid', and a part is results/NAME.csv"), ({"bytes": 10**18}, "does not fit")],
)
def test_a_manifest_that_was_changed_brings_nothing_else(far_desktop, finished, tmp_path, change, words):
    run, _ = finished
    path = Path(run.folder, "manifest.json")
    values = json.loads(path.read_text())
    values["results"]["link_speeds"]["parts"][0].update(change)
    path.write_text(json.dumps(values))
    elsewhere = replace(run, local_folder=str(tmp_path / "elsewhere"))
    with pytest.raises(ClientError, match=words):
        far_desktop.backend.fetch(elsewhere)
    claim = {"job.json", "spec.json"}  # the folder stays the run's, for the next call
    assert {path.name for path in (tmp_path / "elsewhere").rglob("*")} <= claim


def test_a_fetch_that_is_cut_off_goes_on_where_it_was(far_desktop, relay, finished):
    run, content = finished
    part = Path(run.local_folder, "results/link_speeds_by_time.csv.part")
    kept = []

    def once_a_piece_is_written():
        kept.append(until(lambda: part.is_file() and part.stat().st_size))
        relay.received = 0

    relay.received, relay.cut_after_received, relay.before_cut = 0, 7_000_000, once_a_piece_is_written
    far_desktop.backend.fetch(run)
    assert fetched(run) == content
    assert relay.received <= len(content) - kept[0] + AROUND


def test_a_fetch_waits_for_a_network_that_comes_back(far_desktop, relay, finished):
    run, content = finished
    backend = far_desktop.another(retry_policy=RetryPolicy(total=0.5, first=0.1, longest=0.2))
    relay.cut(reopen=False)
    threading.Timer(2, lambda: setattr(relay, "open", True)).start()
    backend.fetch(run)
    assert fetched(run) == content


def test_a_fetch_that_is_given_up_is_resumed_by_the_next_desktop(far_desktop, relay, finished):
    run, content = finished
    stop = []
    with pytest.raises(Exception, match="cancelled"):
        far_desktop.backend.fetch(
            run, lambda done, _: done > 5_000_000 and stop.append(1), lambda: bool(stop)
        )
    assert not Path(run.local_folder, "manifest.json").exists()
    far_desktop.backend.close()  # or what it asked for comes still,
    relay.cut()  # and what is on its way counts as received
    kept = Path(run.local_folder, "results/link_speeds_by_time.csv.part").stat().st_size
    relay.received = 0
    far_desktop.another().fetch(run)
    assert fetched(run) == content
    assert kept > 5_000_000 and relay.received <= len(content) - kept + AROUND


def test_remains_of_another_file_are_not_mixed_in(far_desktop, finished):
    run, content = finished
    part = Path(run.local_folder, "results/link_speeds_by_time.csv.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"of another run" * 1000)
    far_desktop.backend.fetch(run)
    assert fetched(run) == content


def test_a_result_that_differs_from_its_manifest_is_refused(far_desktop, finished):
    run, content = finished
    result = Path(run.folder, "results/link_speeds_by_time.csv")
    result.write_bytes(content[:-1] + b"!")
    with pytest.raises(ResultError, match="SHA-256"):
        far_desktop.backend.fetch(run)
    assert not Path(run.local_folder, "manifest.json").exists()


@pytest.mark.parametrize("path", ["../../outside.csv", "/etc/roadpulse.csv", "results/../../x.csv"])
def test_a_manifest_that_points_outside_is_refused(far_desktop, finished, path):
    run, _ = finished
    manifest = json.loads(Path(run.folder, "manifest.json").read_text())
    manifest["results"]["link_speeds"]["parts"][0]["path"] = path
    Path(run.folder, "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ClientError, match=r"a part is results/NAME\.csv"):
        far_desktop.backend.fetch(run)


# -- names --------------------------------------------------------------------------------------------


HOSTILE = (
    "with space", "$(touch {flag})", "`touch {flag}`", "'; touch {flag}; '", '" && touch {flag} "', "-rf",
    "~", "*", "ünï — 道", "a\\b$HOME", "#%20&|<>",
)  # fmt: skip


@pytest.mark.parametrize("first", [0, 4, 8])
def test_hostile_names_are_only_names(desktop, tmp_path, first):
    """Folders in one another, each with its hostile name, hold the trips, the runs and the store."""
    flag = f"flag-{os.getpid()}"
    names = [name.format(flag=flag) for name in HOSTILE[first : first + 4]]

    def hostile(folder, kind):
        return folder.joinpath(*(f"{kind} {name}" for name in names), *names)

    trips = hostile(tmp_path, "trips")
    trips.mkdir(parents=True)
    for name in names:
        shutil.copy(desktop.trips / "trip_0.json", trips / f"{name}.json")
    folders = Folders(
        runs=str(hostile(desktop.cluster, "runs")), store=str(hostile(desktop.cluster, "store"))
    )
    profile = replace(desktop.profile, folders=folders)
    spec = RunSpec(trips=str(trips), store=profile.folders.store, speed_unit="mph")
    backend = desktop.another(profile=profile)
    run = backend.submit(Run.new(" ".join(names), profile, spec))
    assert follow(backend, run, polling=FAST).state is RunState.FINISHED
    assert read_speeds(backend.fetch(run))["n_points"].sum() == 100 * len(names)
    backend.cancel(run)
    backend.discard(run)
    for folder in (tmp_path, Path.cwd(), Path.home()):
        assert not list(folder.glob(f"**/{flag}") if folder == tmp_path else folder.glob(flag))


def test_paths_may_begin_at_the_users_home(tmp_path, ssh_server, other_user):
    trip(other_user.home / "my trips/trip_0.json")
    Path(other_user.home).chmod(0o755)
    subprocess.run(["chown", "-R", other_user.name, str(other_user.home)], check=True)
    desk = Desktop(tmp_path / "desktop", ssh_server, ssh_server.port, "~/my trips", Path("~"))
    desk.profile = replace(
        desk.profile, user=other_user.name, folders=Folders(), python="/usr/bin/python3", workers=1
    )
    backend = desk.another()
    spec = RunSpec(trips="~/my trips", store="~/roadpulse/points", speed_unit="mph")
    run = backend.submit(Run.new("home", desk.profile, spec))
    there = other_user.home / run.folder[2:]
    try:
        assert json.loads((there / "spec.json").read_text())["trips"] == str(other_user.home / "my trips")
        assert there.parent == other_user.home / "roadpulse"
    finally:
        backend.cancel(run)
        follow(backend, run, polling=FAST)
