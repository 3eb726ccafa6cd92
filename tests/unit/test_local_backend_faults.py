"""The local backend against stand-ins of the aggregation, each with one fault."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client import processes
from roadpulse.cluster_client.backends.base.backend import Polling, follow
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.errors import (
    AlreadyStarted,
    BackendError,
    NotFinished,
    ProfileError,
    StartError,
)
from roadpulse.cluster_client.profiles.credentials import S3Keys
from roadpulse.cluster_client.profiles.profile import LOCAL, Folders, Profile
from roadpulse.cluster_client.runs.records import Run, RunStore
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

PRELUDE = """
import json, os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
def say(state, **more):
    (folder / "aside").write_text(json.dumps({"state": state, **more}))
    (folder / "aside").replace(folder / "status.json")
"""
GOOD = "say('decoding', points=5); print('hello'); (folder / 'manifest.json').write_text('{}')"
ENDLESS = "say('decoding', pid=os.getpid()); time.sleep(600)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsay('decoding')\nwhile True: time.sleep(1)"
WITH_WORKER = (
    "import subprocess\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n" + ENDLESS
)
FAST = Polling(first=0.02, longest=0.1)


@pytest.fixture
def backend(tmp_path, monkeypatch):
    """A backend that runs the given text as the aggregation; whatever it started is ended afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    store = RunStore(tmp_path / "store")

    def make(text, grace=5.0, **more):
        (tmp_path / "modules").mkdir(exist_ok=True)
        (tmp_path / "modules/stand_in.py").write_text(PRELUDE + text, encoding="utf-8")
        return LocalBackend(store, tmp_path / "run folders", grace=grace, module="stand_in", **more)

    yield make
    for run in store.runs().runs:
        group, _, _mark = run.remote_id.partition(" ")
        processes.end_group(int(group or 0), by_force=True)


def new_run(name="June", profile=LOCAL, folder=""):
    return Run.new(name, profile, RunSpec(trips="/trips", store="/store"), folder=folder)


def decoding(backend, run):
    until(lambda: backend.status(run).state is RunState.DECODING)


def group_of(run):
    return int((Path(run.folder) / "pid").read_text().split()[0])


def test_a_run_goes_from_start_to_result(backend):
    here = backend(GOOD)
    run = here.submit(new_run())
    assert follow(here, run, polling=FAST).state is RunState.FINISHED
    folder = here.fetch(run)
    assert json.loads((folder / "spec.json").read_text(encoding="utf-8")) == run.spec
    assert here.log(run) == "hello"
    until((folder / "rc").exists)
    assert (folder / "rc").read_text() == "0\n"


@pytest.mark.parametrize(
    "name", ["two\nlines", "名前 \"x\" 'y'", "../../etc/passwd", "$(touch x); `y`", "-", ""]
)
def test_the_name_of_a_run_may_be_anything(backend, tmp_path, name):
    here = backend(GOOD)
    run = here.submit(new_run(name))
    assert follow(here, run, polling=FAST).state is RunState.FINISHED
    assert Path(run.folder).parent == tmp_path / "run folders"


@pytest.mark.parametrize("name", ["a folder", "two\nlines", "straße 'x' \"y\" $HOME", "-rf"])
def test_the_run_folder_may_be_called_anything(backend, tmp_path, name):
    here = backend(GOOD)
    run = here.submit(new_run(folder=str(tmp_path / name)))
    assert follow(here, run, polling=FAST).state is RunState.FINISHED
    assert run.folder == str(tmp_path / name)


def test_the_profile_chooses_folder_and_workers(backend, tmp_path):
    here = backend("print(sys.argv[2:]);" + GOOD)
    profile = Profile(kind="local", name="two", workers=2, folders=Folders(runs=str(tmp_path / "elsewhere")))
    run = here.submit(new_run(profile=profile))
    follow(here, run, polling=FAST)
    assert Path(run.folder).parent == tmp_path / "elsewhere"
    assert "['--workers', '2']" in here.log(run)


def test_a_run_is_recorded_before_it_starts(backend, tmp_path):
    here = backend(
        f"sys.stdout.write(str(len(list(Path({str(tmp_path / 'store')!r}).glob('[!.]*.json')))));" + GOOD
    )
    run = here.submit(new_run())
    follow(here, run, polling=FAST)
    assert here.log(run).startswith("1")


def test_a_run_is_not_started_twice(backend):
    here = backend(ENDLESS)
    first = here.submit(new_run())
    with pytest.raises(AlreadyStarted):
        here.submit(first)
    with pytest.raises(AlreadyStarted):
        here.submit(new_run("other", folder=first.folder))
    assert [run.id for run in here._store.runs().runs] == [first.id]


def test_a_folder_with_an_earlier_result_is_left_alone(backend, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old/manifest.json").write_text("precious", encoding="utf-8")
    with pytest.raises(AlreadyStarted, match="old"):
        backend(GOOD).submit(new_run(folder=str(tmp_path / "old")))
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["manifest.json"]


def test_cancel_ends_every_process_of_the_run(backend):
    here = backend(WITH_WORKER)
    run = here.submit(new_run())
    decoding(here, run)
    here.cancel(run)
    assert follow(here, run, polling=FAST).state is RunState.CANCELLED
    until(lambda: not processes.group_alive(group_of(run)))
    assert here._store.find(run.id).state is RunState.CANCELLED


def test_cancel_does_not_wait_for_a_run_that_does_not_listen(backend):
    here = backend(DEAF, grace=600)
    run = here.submit(new_run())
    decoding(here, run)
    here.cancel(run)
    assert processes.group_alive(group_of(run))


def test_a_run_that_does_not_listen_is_ended_after_the_grace_period(backend):
    here = backend(DEAF, grace=0.3)
    run = here.submit(new_run())
    decoding(here, run)
    here.cancel(run)
    assert follow(here, run, polling=FAST).state is RunState.CANCELLED
    until(lambda: not processes.group_alive(group_of(run)))


def test_a_cancel_is_carried_out_though_qgis_has_ended(backend):
    here = backend(DEAF, grace=0.3)
    run = here.submit(new_run())
    decoding(here, run)
    here.cancel(run)
    until((Path(run.folder) / "rc").exists)  # nobody asks for the status
    assert (Path(run.folder) / "rc").read_text() == "143\n"


def test_a_deaf_run_whose_launcher_died_is_ended_by_looking_at_it(backend):
    here = backend(DEAF, grace=0.2)
    run = here.submit(new_run())
    decoding(here, run)
    os.kill(group_of(run), signal.SIGKILL)
    here.cancel(run)
    os.utime(Path(run.folder) / "cancel", (time.time() - 5,) * 2)
    assert follow(here, run, polling=FAST).state is RunState.CANCELLED


def test_cancel_through_follow_is_noticed_at_once(backend):
    here = backend(ENDLESS)
    run = here.submit(new_run())
    decoding(here, run)
    assert follow(here, run, cancelled=lambda: True, polling=FAST).state is RunState.CANCELLED


def test_a_run_whose_main_process_is_killed_fails_and_leaves_no_worker(backend):
    here = backend(WITH_WORKER)
    run = here.submit(new_run())
    decoding(here, run)
    os.kill(json.loads((Path(run.folder) / "status.json").read_text())["pid"], signal.SIGKILL)
    status = follow(here, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "memory" in status.error.message
    until(lambda: not processes.group_alive(group_of(run)))


def test_a_run_whose_processes_are_all_killed_is_lost(backend):
    here = backend("print('last words');" + WITH_WORKER)
    run = here.submit(new_run())
    decoding(here, run)
    os.killpg(group_of(run), signal.SIGKILL)
    status = follow(here, run, polling=FAST)
    assert status.state is RunState.LOST
    assert "last words" in status.error.message
    assert here._store.find(run.id).message == status.error.message


def test_a_run_goes_on_when_only_its_launcher_is_killed(backend):
    here = backend(ENDLESS)
    run = here.submit(new_run())
    decoding(here, run)
    os.kill(group_of(run), signal.SIGKILL)
    until(lambda: not processes.start_mark(group_of(run)))
    assert here.status(run).state is RunState.DECODING


def test_a_module_that_cannot_be_imported_is_told(backend):
    here = backend("import no_such_package_at_all")
    status = follow(here, here.submit(new_run()), polling=FAST)
    assert status.state is RunState.FAILED
    assert "no_such_package_at_all" in status.error.message
    assert "Traceback" in status.error.detail


def test_a_crash_of_compiled_code_leaves_its_place(backend):
    here = backend("import ctypes; ctypes.string_at(0)")
    status = follow(here, here.submit(new_run()), polling=FAST)
    assert status.state is RunState.FAILED
    assert "signal 11" in status.error.message
    assert "Segmentation fault" in status.error.detail


def test_another_process_under_the_same_id_is_not_taken_for_the_run(backend):
    here = backend(ENDLESS)
    run = here.submit(new_run())
    decoding(here, run)
    os.killpg(group := group_of(run), signal.SIGKILL)
    until(lambda: not processes.group_alive(group))
    bystander = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
    )
    try:
        (Path(run.folder) / "pid").write_text(f"{bystander.pid}\nanother start\n", encoding="utf-8")
        assert here.status(run).state is RunState.LOST
        here.cancel(run)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "not-recorded"])
def test_a_process_that_the_file_pid_names_and_that_is_not_the_runs_lives_on(backend, recorded):
    here = backend(ENDLESS)
    run = here.submit(new_run())
    decoding(here, run)
    os.killpg(group := group_of(run), signal.SIGKILL)
    until(lambda: not processes.group_alive(group))
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        mark = processes.start_mark(bystander.pid)
        (Path(run.folder) / "pid").write_text(f"{bystander.pid}\n{mark}\n", encoding="utf-8")
        (Path(run.folder) / "cancel").touch()
        os.utime(Path(run.folder) / "cancel", (time.time() - 60,) * 2)
        if not recorded:
            run = here._store.update(run.id, remote_id="", started=run.started - timedelta(hours=1))
        here.cancel(run)
        assert follow(here, run, polling=FAST).state.is_final
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_run_whose_record_was_not_finished_is_found_by_its_processes(backend):
    here = backend(WITH_WORKER)
    run = here.submit(new_run())
    decoding(here, run)
    unfinished = here._store.update(run.id, remote_id="", started=run.started - timedelta(hours=1))
    assert here.status(unfinished).state is RunState.DECODING
    os.kill(group_of(run), signal.SIGKILL)  # its launcher
    assert here.status(unfinished).state is RunState.DECODING
    here.cancel(unfinished)
    assert follow(here, unfinished, polling=FAST).state is RunState.CANCELLED
    until(lambda: not processes.group_alive(group_of(run)))


def test_a_run_survives_the_process_that_started_it_and_is_found_again(backend, tmp_path):
    backend("time.sleep(0.5);" + GOOD)
    code = f"""
from pathlib import Path
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.records import Run, RunStore
folder = Path({str(tmp_path)!r})
here = LocalBackend(RunStore(folder / "store"), folder / "r", module="stand_in")
here.submit(Run.new("June", LOCAL, RunSpec(trips="/trips", store="/store")))
"""
    from roadpulse.cluster_client.backends.local.python_path import child_environment

    environment = child_environment(Path(__file__).parents[2] / "build/plugins")
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    store = RunStore(tmp_path / "store")
    (run,) = store.unfinished()
    again = LocalBackend(store, tmp_path / "r", module="stand_in")
    assert follow(again, run, polling=FAST).state is RunState.FINISHED
    assert store.unfinished() == ()


def test_a_recorded_run_that_was_never_started_is_lost(backend, tmp_path):
    here = backend(GOOD)
    folder = tmp_path / "never"
    folder.mkdir()
    run = new_run(folder=str(folder))
    run = replace(run, created=run.created.replace(year=2020))
    here._store.record(run)
    assert here.status(run).state is RunState.LOST


def test_a_run_folder_that_vanished_is_told(backend):
    here = backend(GOOD)
    run = here.submit(new_run())
    follow(here, run, polling=FAST)
    Path(run.folder).rename(run.folder + " moved")
    assert here.status(run).state is RunState.LOST


def test_there_is_no_result_before_the_end(backend):
    here = backend(ENDLESS)
    run = here.submit(new_run())
    with pytest.raises(NotFinished):
        here.fetch(run)
    with pytest.raises(BackendError, match="still going"):
        here.discard(run)


def test_discard_removes_what_the_run_wrote_and_nothing_else(backend, tmp_path):
    here = backend(GOOD)
    run = here.submit(new_run(folder=str(tmp_path / "shared")))
    (tmp_path / "shared/notes.txt").write_text("mine", encoding="utf-8")
    follow(here, run, polling=FAST)
    until((tmp_path / "shared/rc").exists)
    here.discard(run)
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["notes.txt"]
    assert here._store.runs().runs == ()


def test_a_folder_that_cannot_be_written_is_named(backend, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    here = backend(GOOD)
    with pytest.raises(StartError, match="file/run"):
        here.submit(new_run(folder=str(tmp_path / "file/run")))
    assert here._store.runs().runs[0].state is RunState.FAILED


def test_a_python_that_is_not_there_is_named_and_nothing_recorded(backend):
    here = backend(GOOD)
    with pytest.raises(StartError, match="/no/python"):
        here.submit(new_run(profile=Profile(kind="local", name="odd", python="/no/python")))
    assert here._store.runs().runs == ()


def test_looking_gets_rarer_but_never_rarer_than_agreed():
    pauses = Polling(first=0.2, growth=2, longest=1).pauses()
    assert [next(pauses) for _ in range(5)] == [0.2, 0.4, 0.8, 1, 1]


# -- keys of a bucket ---------------------------------------------------------------------------------

TELL_KEYS = (
    "(folder / 'seen').write_text(json.dumps([os.environ.get('AWS_' + name) for name in"
    " ('ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN', 'PROFILE')]"
    " + [Path(f'/proc/{os.getppid()}/cmdline').read_text(), ' '.join(sys.argv)]))\n" + GOOD
)


def test_a_run_with_a_bucket_finds_the_keys_in_its_environment_alone(backend, monkeypatch, tmp_path):
    for name in ("SESSION_TOKEN", "PROFILE"):
        monkeypatch.setenv(f"AWS_{name}", "of somebody else")
    there = backend(TELL_KEYS, s3_keys=lambda: S3Keys("AKWHO", "the-secret"))
    run = there.submit(Run.new("June", LOCAL, RunSpec(trips="s3://trips/2019", store="/store")))
    assert follow(there, run, polling=FAST).state is RunState.FINISHED
    *seen, launched, called = json.loads(Path(run.folder, "seen").read_text())
    assert seen == ["AKWHO", "the-secret", None, None]
    assert "the-secret" not in launched + called
    for path in (*Path(run.folder).iterdir(), *(tmp_path / "store").rglob("*.json")):
        if path.name != "seen":
            assert "the-secret" not in path.read_text()


def test_a_run_without_a_bucket_gets_no_keys(backend, monkeypatch):
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    there = backend(TELL_KEYS, s3_keys=lambda: S3Keys("AKWHO", "the-secret"))
    run = there.submit(new_run())
    assert follow(there, run, polling=FAST).state is RunState.FINISHED
    assert json.loads(Path(run.folder, "seen").read_text())[:2] == [None, None]


def test_run_folders_of_this_computer_are_not_in_a_bucket(backend, tmp_path):
    profile = Profile(kind="local", name="MinIO", folders=Folders(runs="s3://runs"))
    with pytest.raises(ProfileError, match="keep them here") as caught:
        backend(GOOD).submit(new_run(profile=profile))
    assert caught.value.entry == "folders.runs"
    assert RunStore(tmp_path / "store").runs().runs == ()
