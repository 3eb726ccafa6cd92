"""Ownership of run folders: new, empty or one run's; only that run's files are deleted, by name."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.storage.local import files as storage_local
from roadpulse.cluster_client.backends.base.remote import RemoteBackend
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.errors import AlreadyStarted, ResultError, StartError
from roadpulse.cluster_client.processes import start_mark
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.runs.files import RunFiles
from roadpulse.cluster_client.runs.folder import (
    has_result,
    is_gone,
    is_of,
    owner,
    remove_run,
    take,
    take_for,
    take_to_fetch,
)
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.status import RunStatus
from roadpulse.tests.engine import trip
from tests.access_lists import is_theirs, share_by_default
from tests.waiting import until

FAR = Profile(kind="ssh", name="pi", host="127.0.0.1", user="pi")


def new_run(folder: Path, profile: Profile = LOCAL, trips: str = "/trips") -> Run:
    spec = RunSpec(trips=trips, store="/store")
    place = {"folder": str(folder)} if profile is LOCAL else {"local_folder": str(folder)}
    return Run.new("June", profile, spec, **place)


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "June"


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "records")


# -- whose it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["new", "empty", "seen by a file manager"])
def test_a_new_or_empty_folder_becomes_the_runs(folder: Path, before: str) -> None:
    if before != "new":
        folder.mkdir(parents=True)
    if before == "seen by a file manager":
        fill(folder, ".DS_Store")
    run = new_run(folder)
    take(folder, run)
    assert owner(folder) == run.id
    assert is_of(folder, run)
    assert not is_of(folder, new_run(folder))
    with pytest.raises(AlreadyStarted, match="already holds a run"):
        take(folder, new_run(folder))
    remove_run(folder, run)
    assert folder.exists() is (before == "seen by a file manager")


@pytest.mark.parametrize("name", ["notes.txt", "results/mine.csv", "work/trip.json", ".git/config"])
def test_a_folder_with_files_of_others_is_refused_and_left_as_it_is(folder: Path, name: str) -> None:
    fill(folder, name)
    found = Path(name).parts[0]
    with pytest.raises(AlreadyStarted, match=rf"such as {found}\. Nothing in it was changed"):
        take(folder, new_run(folder))
    assert listed(folder) == [name]


@pytest.mark.parametrize("job", ["", "{", "[" * 100_000, '{"run": 5}', '{"run": "another"}', "\0"])
def test_a_job_json_that_does_not_name_the_run_makes_a_folder_not_its_own(folder: Path, job: str) -> None:
    run = new_run(folder)
    take(folder, run)
    fill(folder, "results/link_speeds.csv", "manifest.json")
    (folder / "job.json").write_text(job, encoding="utf-8")
    assert not is_of(folder, run)
    assert is_gone(folder, run)
    assert not has_result(folder, run)
    remove_run(folder, run)
    assert listed(folder) == ["job.json", "manifest.json", "results/link_speeds.csv", "spec.json"]


def test_what_is_deleted_is_what_a_run_writes(folder: Path) -> None:
    run = new_run(folder)
    take(folder, run)
    fill(
        folder, "status.json", "log.txt", "pid", "rc", "rc.tmp", "cancel", "manifest.json",
        "results/link_speeds.csv", "results/link_speeds_by_time-00000.csv", "results/link_speeds.csv.part",
        "work/trips.npz", "work/link_speeds-00001.csv", ".fetched/manifest.json", ".status.json.0123abcd.tmp",
    )  # fmt: skip
    mine = ["notes.txt", "results/2019.csv", "results/old/link_speeds.csv", "work/plan.docx"]
    fill(folder, *mine)
    remove_run(folder, run)
    assert listed(folder) == mine


def test_a_deletion_that_is_cut_off_can_be_repeated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(folder)
    take(folder, run)
    fill(folder, "status.json")

    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="denied"):
        patch.setattr(storage_local.os, "unlink", refuse)
        remove_run(folder, run)
    assert is_of(folder, run)
    remove_run(folder, run)
    assert not folder.exists()


def test_a_folder_of_the_earlier_version_is_known_by_its_specification(folder: Path) -> None:
    run = new_run(folder)
    fill(folder, "status.json", "manifest.json", "results/link_speeds.csv")
    (folder / "spec.json").write_text(json.dumps(dict(run.spec), indent=2), encoding="utf-8")
    other = new_run(folder, trips="/others")
    assert has_result(folder, run)
    remove_run(folder, other)
    assert "manifest.json" in listed(folder)
    remove_run(folder, run)
    assert not folder.exists()


# -- on this computer ---------------------------------------------------------------------------------


@pytest.fixture
def backend(store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    """A backend whose runs end at once with a result."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "at_once.py").write_text(
        "import sys, pathlib; pathlib.Path(sys.argv[1], 'manifest.json').write_text('{}')"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    return LocalBackend(store, tmp_path / "unnamed", module="at_once")


def ended(backend: LocalBackend, run: Run) -> Run:
    backend._children[run.id].wait(60)
    assert backend.status(run).state is RunState.FINISHED
    return run


@pytest.mark.parametrize("emptied", [True, False])
def test_a_record_whose_files_are_gone_gives_way_to_a_new_run(
    backend: LocalBackend, store: RunStore, folder: Path, emptied: bool
) -> None:
    first = ended(backend, backend.submit(new_run(folder)))
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if not emptied:
        folder.rmdir()
    assert backend.status(first).gone
    second = ended(backend, backend.submit(new_run(folder)))
    assert [run.id for run in store.runs().runs] == [second.id]


def test_a_run_whose_folder_is_another_ones_by_now_deletes_nothing_there(
    backend: LocalBackend, store: RunStore, folder: Path
) -> None:
    first = ended(backend, backend.submit(new_run(folder)))
    remove_run(folder, first)
    second = ended(backend, backend.submit(new_run(folder)))
    store.record(first)
    assert backend.status(first).gone
    assert backend.log(first) == ""
    backend.discard(first)
    assert has_result(folder, second)
    assert [run.id for run in store.runs().runs] == [second.id]


def test_a_run_that_goes_on_in_a_deleted_folder_keeps_it(
    backend: LocalBackend, store: RunStore, folder: Path
) -> None:
    going = new_run(folder)
    command = ["sleep", "600"]
    environment = {**os.environ, "ROADPULSE_RUN": going.id}
    with subprocess.Popen(command, start_new_session=True, env=environment) as process:
        try:
            mark = start_mark(process.pid)
            going = replace(going, remote_id=f"{process.pid} {mark}", state=RunState.DECODING)
            store.record(going)
            with pytest.raises(AlreadyStarted, match=f"its process {process.pid}"):
                backend.submit(new_run(folder))
        finally:
            process.kill()
    assert not folder.exists()


@pytest.mark.parametrize(("trips", "run"), [("P/work", "P"), ("P", "P"), ("P", "P/run"), ("link", "P/run")])
def test_trips_and_run_folder_in_each_other_are_refused_before_anything_is_made(
    backend: LocalBackend, store: RunStore, tmp_path: Path, trips: str, run: str
) -> None:
    fill(tmp_path, "P/work/a.json")
    (tmp_path / "link").symlink_to(tmp_path / "P")
    with pytest.raises(StartError, match=r"lie in the run folder|lies among the trips"):
        backend.submit(new_run(tmp_path / run, trips=str(tmp_path / trips)))
    assert listed(tmp_path / "P") == ["work/a.json"]
    assert store.runs().runs == ()
    assert not (tmp_path / "P" / "run").exists()


def test_a_module_in_the_run_folder_is_not_imported(
    backend: LocalBackend, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "roadpulse.cluster_client.backends.local.backend.child_environment", _without_safe_path
    )
    started = LocalBackend._start_in = []  # type: ignore[attr-defined]
    popen = subprocess.Popen

    def start(*arguments, **options):
        fill(folder, "signal.py", "json.py", "roadpulse.py")  # whatever else lies there by then
        started.append(options["cwd"])
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    ended(backend, backend.submit(new_run(folder)))
    assert not Path(started[0]).is_relative_to(folder)


def _without_safe_path(parent: Path) -> dict[str, str]:
    from roadpulse.cluster_client.backends.local.python_path import child_environment

    environment = child_environment(parent)
    del environment["PYTHONSAFEPATH"]  # as before Python 3.11, which does not know it
    return environment


def test_what_a_run_makes_is_its_owners_alone(backend: LocalBackend, folder: Path) -> None:
    run = ended(backend, backend.submit(new_run(folder)))
    made = [folder, folder.parent, *folder.rglob("*"), *backend._store.folder.rglob("*")]
    assert len(made) > 8
    assert {str(path): oct(path.stat().st_mode) for path in made if path.stat().st_mode & 0o077} == {}
    assert run.state is not RunState.FAILED


def test_what_a_run_makes_in_a_shared_folder_is_the_groups(backend: LocalBackend, folder: Path) -> None:
    folder.parent.mkdir()
    folder.parent.chmod(0o2770)
    ended(backend, backend.submit(new_run(folder)))
    until((folder / "rc").exists)
    assert folder.stat().st_mode & 0o7777 == 0o2770
    for name in ("job.json", "spec.json", "log.txt", "pid", "rc"):
        assert (folder / name).stat().st_mode & 0o660 == 0o660


def test_a_run_with_its_store_is_shared_as_the_access_control_list_says(
    store: RunStore, tmp_path: Path
) -> None:
    backend = LocalBackend(store, tmp_path / "unused")
    shared, trips = tmp_path / "shared", tmp_path / "trips"
    shared.mkdir(mode=0o755)
    trips.mkdir()
    (trips / "a.json").write_bytes(trip())
    share_by_default(shared)
    spec = RunSpec(trips=str(trips), store=str(shared / "store"))
    ended(backend, backend.submit(Run.new("June", LOCAL, spec, folder=str(shared / "runs/June"))))
    until((shared / "runs/June/rc").exists)
    made = list(shared.rglob("*"))
    assert {"manifest.json", "link_speeds.csv", "rc", "files.parquet"} <= {path.name for path in made}
    assert [path for path in made if not is_theirs(path)] == []
    assert [path for path in made if path.stat().st_mode & 0o007] == []


# -- elsewhere ----------------------------------------------------------------------------------------


class Far(RemoteBackend):
    """A place with the files of one dictionary."""

    _cut = "There is no connection."

    def __init__(self, store: RunStore, runs: Path) -> None:
        super().__init__(store, runs)
        self.removed: list[tuple[str, str]] = []

    def _status(self, run: Run) -> RunStatus:
        return RunStatus(run.state)

    def _in_folder(self, run, work, cancelled=lambda: False, total=0.0):
        return work(_Files(self.removed), run.folder)

    def _send(self, run, sending):
        return run

    def cancel(self, run: Run) -> None:
        pass

    def close(self) -> None:
        pass


class _Files(RunFiles):
    def __init__(self, removed: list[tuple[str, str]]) -> None:
        self._removed = removed

    def name(self, path):
        return path

    def size(self, path):
        return 1

    def read(self, path, most=0):
        return b"{}"

    def read_last(self, path, most):
        return b""

    def blocks(self, path, start, length):
        yield b""

    def put(self, path, content):
        pass

    def put_new(self, path, content):
        return True

    def make_folders(self, folder, private=False):
        pass

    def make_own_folder(self, parent, names=()):
        return parent

    def remove(self, folder, run_id):
        self._removed.append((folder, run_id))


def recorded(store: RunStore, run: Run, state: RunState) -> Run:
    store.record(replace(run, state=state, folder="/there"))
    return store.find(run.id)


def test_a_folder_that_waits_for_a_run_that_failed_there_gives_way(store: RunStore, folder: Path) -> None:
    first = recorded(store, new_run(folder, FAR), RunState.FAILED)
    take(folder, first)
    second = recorded(store, new_run(folder, FAR), RunState.QUEUED)
    take_for(second, store)
    assert owner(folder) == second.id
    third = recorded(store, new_run(folder, FAR), RunState.QUEUED)
    with pytest.raises(AlreadyStarted):  # the second one still goes on
        take_for(third, store)


def test_a_result_is_fetched_to_where_there_is_room_for_it(
    store: RunStore, folder: Path, tmp_path: Path
) -> None:
    run = recorded(store, new_run(folder, FAR), RunState.FINISHED)
    fill(folder, "thesis.txt")
    assert not take_to_fetch(folder, run)
    with pytest.raises(ResultError):  # the manifest of these files is none
        Far(store, tmp_path / "fetched").fetch(run)
    assert listed(folder) == ["thesis.txt"]
    elsewhere = Path(store.find(run.id).local_folder)
    assert elsewhere.parent == tmp_path / "fetched"
    assert is_of(elsewhere, run)


def test_what_is_deleted_there_is_named_by_the_run(store: RunStore, folder: Path, tmp_path: Path) -> None:
    run = recorded(store, new_run(folder, FAR), RunState.FAILED)
    take(folder, run)
    far = Far(store, tmp_path / "fetched")
    far.discard(run)
    assert far.removed == [("/there", run.id)]
    assert not folder.exists()  # it only waited for the result
