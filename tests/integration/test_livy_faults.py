"""Network faults between a desktop and Livy: the right result or a clear error, and never a second run."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from development.cluster_daemons import descendants
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.backends.base.backend import follow
from roadpulse.cluster_client.backends.livy.batch import batch_name, batch_of
from roadpulse.cluster_client.backends.livy.client import LivyClient
from roadpulse.cluster_client.backends.livy.errors import LivyLoginRefused, LivySilent
from roadpulse.cluster_client.backends.livy.job_files import put_jobs
from roadpulse.cluster_client.errors import AlreadyStarted, NotFinished, StartError, Unreachable
from tests.integration.fault_proxy import Fault, FaultProxy
from tests.integration.livy_fixtures import FAST, LIMITS, QUICK, anywhere
from tests.integration.spark_fixtures import wait_for_free_cores
from tests.integration.spark_runs import tables
from tests.waiting import status_when, until

pytestmark = [anywhere, pytest.mark.belfast]


def busy(status):
    return status.state is RunState.DECODING


def finished(status):
    return status.state is RunState.FINISHED


def posting(method, path):
    return (method, path) == ("POST", "/batches")


def page(status):
    """What stands before Livy answers in its place."""
    return {"status": status, "body": b"<html><h1>Sorry</h1></html>", "kind": "text/html"}


def said(status, *words):
    """Livy's own answer, or the wrong one."""
    body = json.dumps(words[0] if words else "").encode() if words else b""
    return {"status": status, "body": body, "kind": "application/json"}


@pytest.fixture
def relay(livy):
    """A way to Livy on which things happen to calls."""
    with FaultProxy(livy.url) as found:
        yield found


def through(way, relay, **options):
    """A desktop's way in that leads over the relay."""
    return way.backend(replace(way.profile, livy_url=relay.endpoint), **options)


@pytest.fixture
def mortal(livy):
    """The session's Livy, to be killed: it runs again afterwards."""
    yield livy
    if livy.daemon.process():
        livy.daemon.process().send(signal.SIGCONT)
    livy.start()


def driver(livy, run):
    """The process that Livy started for a run."""
    name = batch_name(run)
    (found,) = [p for p in descendants(livy.daemon.process().pid) if name in command(p.pid)]
    return found


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


@contextlib.contextmanager
def halted(livy, run):
    """The Python of a run's driver gets no further; its application keeps its cores."""
    processes = [p for p in descendants(driver(livy, run).pid) if "python" in command(p.pid).split("\0")[0]]
    for process in processes:
        process.send(signal.SIGSTOP)
    try:
        yield processes
    finally:
        for process in processes:
            process.send(signal.SIGCONT)


# -- the POST -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["gateway", "hang"])
def test_when_the_answer_to_the_post_is_lost_the_run_is_found_by_its_name(livy_way, relay, few_trips, fate):
    answer = page(502) if fate == "gateway" else {"hang": True}
    relay.faults.append(Fault(lost=True, fits=posting, **answer))
    way = livy_way
    backend = through(way, relay, timeouts=replace(QUICK, answer=4.0, whole=8.0))
    run = backend.submit(way.run(few_trips))
    assert run.remote_id.split(" ")[0] == batch_name(run)
    if fate == "hang":
        backend.cancel(run)  # one of the two goes to its end
    status = follow(backend, run, polling=FAST)
    assert status.state is (RunState.CANCELLED if fate == "hang" else RunState.FINISHED)
    assert relay.count("POST", "/batches") == 1
    assert way.applications(run) <= 1
    assert len([each for each in way.batches() if each["name"] == batch_name(run)]) <= 1
    if fate == "gateway":
        finished_though_livy_forgot_it(way, run)


def finished_though_livy_forgot_it(way, run):
    """As it does ten minutes after the end; then the run may be discarded all the same."""
    way.client().delete(batch_name(run))
    backend = way.backend()
    assert backend.status(run).state is RunState.FINISHED
    backend.discard(run)
    assert not list((way.folder / "runs").iterdir())
    assert way.store.runs().runs == ()


REFUSED = {
    "log-in": (said(401), LivyLoginRefused, "refuses the call without a log-in"),
    "right": (said(403, {"msg": "not you"}), LivyLoginRefused, "not you"),
    "elsewhere": (page(404), StartError, "does not answer as Livy does: 404"),
    "fault": (said(500, "out of memory"), StartError, "failed with 500 .*out of memory"),
    "overload": (page(503), StartError, "did not take the run"),
    "portal": (page(200), StartError, "does not answer as Livy does"),
    "nothing": (said(201), StartError, "does not answer as Livy does"),
}


@pytest.mark.parametrize(("answer", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_a_post_that_something_else_answers_starts_nothing_and_says_why(
    livy_way, relay, tmp_path, answer, kind, words
):
    relay.faults.append(Fault(fits=posting, **answer))
    backend, run = through(livy_way, relay, sure=0.5), livy_way.run(tmp_path)
    with pytest.raises(kind, match=words):
        backend.submit(run)
    assert relay.count("POST", "/batches") == 1
    assert livy_way.store.find(run.id).state is RunState.FAILED
    assert livy_way.client().batch(batch_name(run)) is None


def test_a_post_that_livy_took_and_whose_answer_says_otherwise_is_taken_back(livy_way, relay, few_trips):
    relay.faults.append(Fault(lost=True, fits=posting, **said(201)))
    backend, run = through(livy_way, relay), livy_way.run(few_trips)
    with pytest.raises(StartError, match="does not answer as Livy does"):
        backend.submit(run)
    assert livy_way.client().batch(batch_name(run)) is None
    # Where Livy cannot be told either, the run stops by itself.
    relay.faults.append(Fault(lost=True, fits=posting, **said(401)))
    relay.faults.append(Fault(lasting=True, fits=lambda method, _: method == "DELETE", **said(401)))
    run = livy_way.run(few_trips)
    with pytest.raises(LivyLoginRefused):
        backend.submit(run)
    assert Path(livy_way.store.find(run.id).folder, "cancel").exists()
    assert livy_way.client().delete(batch_name(run))  # it would take a while to notice


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_come_in_is_told_before_anything_is_sent(livy_way, relay, tmp_path, status):
    relay.faults.append(Fault(lasting=True, **said(status)))
    with pytest.raises(LivyLoginRefused, match="'livy_authcfg'"):
        through(livy_way, relay).submit(livy_way.run(tmp_path))
    assert relay.count("POST", "/batches") == 0
    assert not (livy_way.folder / "runs").exists()


def test_a_post_that_never_arrived_starts_nothing_and_says_so(livy_way, relay, few_trips):
    relay.faults.append(Fault(gone=True, fits=posting))
    backend = through(livy_way, relay)
    run = livy_way.run(few_trips)
    with pytest.raises(StartError, match="did not take the run"):
        backend.submit(run)
    assert relay.count("POST", "/batches") == 1
    recorded = livy_way.store.find(run.id)
    assert recorded.state is RunState.FAILED
    assert livy_way.client().batch(batch_name(run)) is None
    # Should it come after all, it stops at once.
    file_access = backend._file_access
    late = batch_of(recorded, file_access.folders(), put_jobs(file_access, file_access.folders()))
    client = livy_way.client()
    client.submit(late)
    until(lambda: client.batch(late["name"]).ended)
    folder = Path(recorded.folder)
    assert json.loads((folder / "status.json").read_text())["state"] == "cancelled"
    assert not (folder / "manifest.json").exists()


@pytest.mark.long
def test_the_answer_is_lost_and_livy_dies_and_the_run_goes_on(livy_way, relay, mortal, few_trips):
    relay.faults.append(Fault(lost=True, fits=posting))
    way = livy_way
    backend = through(way, relay, sure=120.0)  # until the run has begun
    posted = backend.way.client.submit

    def and_die(body):
        try:
            return posted(body)
        finally:
            mortal.kill(signal.SIGKILL)

    backend.way.client.submit = and_die
    run = backend.submit(way.run(few_trips))
    mortal.start()
    assert follow(way.backend(), run, polling=FAST).state is RunState.FINISHED
    assert relay.count("POST", "/batches") == 1
    assert way.applications(run) == 1


def test_the_same_run_is_not_posted_twice(livy_way, few_trips):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(few_trips))
    with pytest.raises(AlreadyStarted):
        backend.submit(run)
    before = len(livy_way.batches())
    again = replace(run, id=str(uuid.uuid4()), local_folder="")
    with pytest.raises(AlreadyStarted):  # another run in the same folder
        backend.submit(again)
    assert len(livy_way.batches()) == before
    backend.cancel(run)
    assert follow(backend, run, polling=FAST).state is RunState.CANCELLED


def test_a_forbidden_folder_is_said_and_leaves_no_ghost(livy_way, few_trips, tmp_path):
    profile = replace(
        livy_way.profile, folders=replace(livy_way.profile.folders, jobs=str(tmp_path / "jobs"))
    )
    run = livy_way.run(few_trips)
    with pytest.raises(StartError, match="local-dir-whitelist"):
        livy_way.backend(profile).submit(replace(run, profile=profile))
    assert livy_way.client().batch(batch_name(run)) is None
    assert livy_way.store.find(run.id).state is RunState.FAILED


def test_a_ghost_that_an_earlier_desktop_left_is_cleared_and_said(livy_way, few_trips, cluster):
    backend = livy_way.backend()
    run = livy_way.run(few_trips)
    with livy_way.server.session() as session:
        answer = session.post(
            f"{livy_way.server.url}/batches", json={"name": batch_name(run), "file": "file:///x"}
        )
    assert answer.status_code == 400
    folder = livy_way.folder / "runs" / "ghostly"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"run": run.id}))
    livy_way.store.record(replace(run, folder=str(folder), remote_id=batch_name(run)))
    (run,) = livy_way.store.unfinished()
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "never started it" in status.error.message
    assert livy_way.client().batch(batch_name(run)) is None


def test_a_desktop_that_died_before_the_post_leaves_a_run_that_never_was(livy_way, few_trips):
    run = livy_way.run(few_trips)
    livy_way.store.record(replace(run, folder=str(livy_way.folder / "runs/x"), remote_id="sending 1 gone"))
    (run,) = livy_way.store.unfinished()
    status = livy_way.backend().status(run)
    assert status.state is RunState.LOST
    assert "never started" in status.error.message


def test_a_desktop_that_died_around_the_post_leaves_a_run_that_never_begins(livy_way, few_trips):
    run = livy_way.run(few_trips)
    folder = livy_way.folder / "runs/x"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"run": run.id}))
    livy_way.store.record(replace(run, folder=str(folder), remote_id=batch_name(run)))
    (run,) = livy_way.store.unfinished()
    status = status_when(livy_way.backend(), run, lambda status: status.is_final)
    assert "never started" in status.error.message
    assert (folder / "cancel").exists()


def test_a_run_that_never_began_ends_with_why_livy_could_not_be_asked(livy_way, relay):
    run = livy_way.run(Path("x"))
    folder = livy_way.folder / "runs/x"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"run": run.id}))
    run = replace(run, folder=str(folder), remote_id=batch_name(run))
    livy_way.store.record(run)
    relay.faults.append(Fault(lasting=True, **said(401)))
    backend = through(livy_way, relay, limits=replace(LIMITS, away=1.0))
    assert "refuses the call without a log-in" in backend.status(run).message
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "refuses the call without a log-in" in status.error.message
    assert (folder / "cancel").exists()  # it shall not begin later


# -- while it runs --------------------------------------------------------------------------------


def test_whatever_is_answered_in_livys_place_the_run_goes_on_and_its_result_is_fetched(
    livy_way, livy, relay, belfast, belfast_tables
):
    patient = replace(LIMITS, silent=600, begin=600, away=600)
    backend = through(livy_way, relay, limits=patient, timeouts=replace(QUICK, answer=4.0, whole=8.0))
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    batch = {"id": 7, "name": batch_name(run), "state": "hibernating", "log": ["stdout: "]}
    with halted(livy, run):  # so that its status tells nothing new, and Livy is asked
        for answer, words in [
            (said(401), "refuses the call without a log-in"),
            (said(403, {"msg": "not you"}), "not you"),
            (page(404), "does not answer as Livy does: 404"),
            (said(404, {"msg": "Session 'x' not found."}), "the run goes on by itself"),
            (said(500, "out of memory"), "failed with 500 (it says: out of memory)"),
            (page(503), "answers 503"),
            (page(200), "does not answer as Livy does"),
            (said(200), "does not answer as Livy does"),
            (said(200, {**batch, "name": "another"}), "another"),
            (said(200, batch), ""),
            ({"gone": True}, "broke before its answer"),
            ({"hang": True}, "does not answer"),
        ]:
            relay.faults.append(Fault(lasting=True, **answer))
            asked = len(relay.seen)
            status = status_when(backend, run, lambda _, n=asked: len(relay.seen) > n)
            assert words in status.message and not status.is_final, (words, status)
            relay.faults.clear()
    assert follow(backend, run, polling=FAST).state is RunState.FINISHED
    assert tables(backend.fetch(run)) == belfast_tables
    assert relay.count("POST", "/batches") == 1
    assert livy_way.applications(run) == 1


def test_livy_ended_by_sigterm_takes_its_runs_along_and_nobody_waits_for_ever(
    livy_way, mortal, belfast, cluster
):
    backend = livy_way.backend(limits=replace(LIMITS, silent=8))
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    mortal.kill(signal.SIGTERM)
    mortal.start()
    assert livy_way.batches() == []
    status = status_when(backend, run, lambda status: status.is_final)
    assert status.state in (RunState.LOST, RunState.FAILED)
    wait_for_free_cores(cluster)
    with pytest.raises(NotFinished):
        backend.fetch(run)


def test_a_run_outlives_livy_killed_and_another_batch_takes_its_number(
    livy_way, mortal, belfast, belfast_tables, few_trips
):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    mortal.kill(signal.SIGKILL)
    assert not backend.status(run).is_final
    mortal.start()
    script = mortal.whitelist[0] / "other.py"
    script.write_text("raise SystemExit(1)\n")
    other = LivyClient(mortal.url, timeouts=QUICK).submit(
        {"name": f"o-{uuid.uuid4()}", "file": f"file://{script}"}
    )
    assert other.number == 0  # the numbers begin again
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED
    assert tables(backend.fetch(run)) == belfast_tables
    assert livy_way.applications(run) == 1


def test_a_run_whose_livy_died_can_be_cancelled(livy_way, mortal, belfast, cluster):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    mortal.kill(signal.SIGKILL)
    backend.cancel(run)
    assert follow(backend, run, polling=FAST).state is RunState.CANCELLED
    wait_for_free_cores(cluster)


def test_a_livy_that_hangs_holds_no_run_up(livy_way, mortal, belfast, belfast_tables):
    hasty = replace(QUICK, answer=1.0, whole=2.0)
    patient = livy_way.backend()
    run = patient.submit(livy_way.run(belfast / "trips"))
    status_when(patient, run, busy)
    backend = livy_way.backend(timeouts=hasty)
    mortal.daemon.process().send(signal.SIGSTOP)
    with pytest.raises(LivySilent):  # it does hang
        LivyClient(mortal.url, timeouts=hasty).version()
    with pytest.raises((LivySilent, Unreachable)):
        backend.submit(livy_way.run(belfast / "trips", name="another"))
    assert follow(backend, run, polling=FAST).state is RunState.FINISHED
    assert tables(backend.fetch(run)) == belfast_tables
    assert len([r for r in livy_way.store.runs().runs if r.state is RunState.FAILED]) == 1


def test_a_driver_that_is_killed_is_a_run_that_ended(livy_way, livy, belfast, cluster):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    for process in [*descendants(driver(livy, run).pid), driver(livy, run)]:
        process.send(signal.SIGKILL)
    status = follow(backend, run, polling=FAST)
    assert status.state in (RunState.LOST, RunState.FAILED)
    assert status.error.message
    wait_for_free_cores(cluster)


@pytest.fixture
def one_worker(cluster):
    """The cluster with one worker, all of whose cores one executor takes."""
    others = range(1, cluster.spark.workers)
    for number in others:
        cluster.spark.worker(number).stop()
    until(lambda: cluster.spark.alive_workers() == 1)
    yield
    for number in others:
        cluster.spark.start_worker(number)
    until(lambda: cluster.spark.alive_workers() == cluster.spark.workers)


def test_a_run_waits_for_cores_and_says_so(livy_way, livy, belfast, few_trips, cluster, one_worker):
    livy_way.profile = livy_way.on_every_node()
    backend = livy_way.backend()
    first = backend.submit(livy_way.run(belfast / "trips"))
    status_when(
        backend, first, lambda status: busy(status) and cluster.spark.cores_used() == cluster.spark.cores
    )
    with halted(livy, first):
        second = backend.submit(livy_way.run(few_trips, name="second"))
        waiting = status_when(backend, second, lambda status: status.state is RunState.WAITING)
        assert waiting.message
    backend.cancel(first)
    assert follow(backend, first, polling=FAST).state is RunState.CANCELLED
    assert follow(backend, second, polling=FAST).state is RunState.FINISHED


def test_a_run_whose_job_does_not_listen_is_ended_by_livy(livy_way, livy, belfast, cluster):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    with halted(livy, run) as python:
        last = Path(run.folder, "status.json").read_text()
        backend.cancel(run)
        assert follow(backend, run, polling=FAST).state is RunState.CANCELLED
        assert livy_way.client().batch(batch_name(run)) is None
        # Whom Livy ends says no last word.
        assert Path(run.folder, "status.json").read_text() == last
        for process in python:
            process.send(signal.SIGKILL)
    wait_for_free_cores(cluster)


def test_a_run_is_cancelled_before_it_begins_and_also_when_livy_fails_at_first(
    livy_way, relay, belfast, cluster
):
    backend = through(livy_way, relay)
    relay.faults.extend([Fault(fits=lambda method, _: method == "DELETE", **page(500))] * 2)
    run = backend.submit(livy_way.run(belfast / "trips"))
    backend.cancel(run)
    assert follow(backend, run, polling=FAST).state is RunState.CANCELLED
    wait_for_free_cores(cluster)


def test_a_run_folder_that_vanished_is_a_lost_run(livy_way, belfast, cluster):
    backend = livy_way.backend()
    run = backend.submit(livy_way.run(belfast / "trips"))
    status_when(backend, run, busy)
    folder = livy_way.folder / "runs" / Path(run.folder).name
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    status = follow(backend, run, polling=FAST)
    assert status.state in (RunState.LOST, RunState.FAILED)
    assert "folder" in status.error.message
    wait_for_free_cores(cluster)


def test_a_python_that_is_not_there_is_said(livy_way, few_trips):
    profile = replace(livy_way.profile, python="/nowhere/python3")
    backend = livy_way.backend(profile)
    run = backend.submit(replace(livy_way.run(few_trips), profile=profile))
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "/nowhere/python3" in status.error.message
