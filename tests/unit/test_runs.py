"""The run store: every run is written down before it starts, and one bad record hides no other."""

import json
import multiprocessing
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.errors import AlreadyStarted, RunRecordError
from roadpulse.cluster_client.profiles.profile import LOCAL, Profile
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.status import Fault, RunStatus

SPEC = RunSpec(trips='/data/Büro "trips"/*.json', store="/data/store")


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def new_run(name="June"):
    return Run.new(name, LOCAL, SPEC)


@pytest.mark.parametrize("name", ["June", "two\nlines", "名前 'x' \"y\" / \\ ..", "", "\ud800"])
def test_a_run_comes_back_as_it_was(store, name):
    run = replace(new_run(name), folder="/data/a folder", remote_id="17 boot-5")
    store.record(run)
    assert store.find(run.id) == run
    assert store.find(run.id).read_spec() == SPEC


def test_a_run_keeps_the_profile_it_was_made_with(store):
    profile = Profile(kind="ssh", name="Pi", host="pi0")
    store.record(Run.new("June", profile, SPEC))
    assert store.runs().runs[0].profile == profile


def test_a_run_is_recorded_once(store):
    run = new_run()
    store.record(run)
    with pytest.raises(AlreadyStarted):
        store.record(replace(run, name="again"))
    assert store.find(run.id).name == "June"


def test_runs_are_listed_newest_first(store):
    old, young = new_run("old"), new_run("young")
    store.record(young)
    store.record(replace(old, created=young.created - timedelta(days=1)))
    assert [run.name for run in store.runs().runs] == ["young", "old"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"schema": 1}', b'{"schema": 2, "id": "x"}']
)
def test_a_corrupt_record_is_named_hides_no_other_and_can_be_deleted(store, content):
    good = new_run()
    store.record(good)
    bad = str(uuid.uuid4())
    (store.folder / f"{bad}.json").write_bytes(content)
    listed = store.runs()
    assert listed.runs == (good,)
    assert bad in listed.faults[0].message
    store.delete(bad)
    assert store.runs().faults == ()


@pytest.mark.parametrize("entry", ["id", "name", "profile", "spec", "state", "created", "folder"])
def test_an_entry_of_the_wrong_kind_is_a_corrupt_record(store, entry):
    run = new_run()
    store.record(run)
    path = store.folder / f"{run.id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), entry: 7}), encoding="utf-8")
    assert run.id in store.runs().faults[0].message


def test_a_record_under_another_runs_name_is_refused(store):
    run = new_run()
    store.record(run)
    other = str(uuid.uuid4())
    (store.folder / f"{run.id}.json").rename(store.folder / f"{other}.json")
    assert run.id in store.runs().faults[0].message


def test_a_state_of_a_later_version_is_kept_as_unknown_and_unfinished(store):
    run = new_run()
    store.record(run)
    path = store.folder / f"{run.id}.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"queued"', '"teleporting"'), encoding="utf-8")
    assert store.find(run.id).state is RunState.UNKNOWN
    assert [run.id for run in store.unfinished()] == [run.id]


def test_the_state_of_a_run_that_ended_stays(store):
    run = new_run()
    store.record(run)
    ended = store.note(run, RunStatus(RunState.FAILED, error=Fault("The disk is full.")))
    assert (ended.state, ended.message) == (RunState.FAILED, "The disk is full.")
    assert ended.ended is not None
    assert store.update(run.id, state=RunState.DECODING).state is RunState.FAILED
    assert store.unfinished() == ()


def test_a_run_is_found_by_its_folder(store):
    run = replace(new_run(), folder="/far/away", local_folder="/near")
    store.record(run)
    assert store.find_folder("/far/away") == store.find_folder("/near") == run
    assert store.find_folder("/elsewhere") is None


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".lock", "c:x", "nul\0"])
def test_ids_that_are_no_ids_never_leave_the_folder(store, run_id):
    for call in (store.find, store.delete):
        with pytest.raises(RunRecordError):
            call(run_id)


def test_what_is_not_there_is_said(store):
    for call in (store.find, store.delete):
        with pytest.raises(RunRecordError, match="no record"):
            call(str(uuid.uuid4()))


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunRecordError, match="cannot be written"):
        RunStore(tmp_path / "file" / "runs").record(new_run())


def _add_letters(folder, run_id, letter):
    store = RunStore(folder)
    for _ in range(20):
        store.update(run_id, message=store.find(run_id).message[:0] + letter)
        store.record(new_run(letter))


def test_two_processes_at_once_lose_nothing(store):
    run = new_run("shared")
    store.record(run)
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_add_letters, args=(store.folder, run.id, letter)) for letter in "ab"]
    for process in both:
        process.start()
    for process in both:
        process.join()
    listed = store.runs()
    assert [process.exitcode for process in both] == [0, 0]
    assert listed.faults == ()
    assert sorted(run.name for run in listed.runs) == ["a"] * 20 + ["b"] * 20 + ["shared"]
    assert not list(store.folder.glob("*.tmp"))


def _try_to_record(folder, values, answers):
    try:
        RunStore(folder).record(Run.from_json(values))
        answers.put("recorded")
    except AlreadyStarted:
        answers.put("refused")


def test_of_two_processes_that_record_one_run_one_is_refused(store):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    values = new_run().to_json()
    both = [context.Process(target=_try_to_record, args=(store.folder, values, answers)) for _ in range(2)]
    for process in both:
        process.start()
    assert sorted(answers.get(timeout=60) for _ in both) == ["recorded", "refused"]
    for process in both:
        process.join()
