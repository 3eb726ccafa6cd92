"""The protocol of run folders: writing the status, reading the manifest."""

import json
import os

import pytest

from roadpulse.aggregation import run_folder
from roadpulse.aggregation.contract.errors import RunError, SpecError, StorageError
from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.run_folder import RunFolder, Status
from roadpulse.aggregation.storage.local.path import LocalPath
from tests.manifests import manifest_of


class Clock:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(run_folder, "time", clock)
    return clock


@pytest.fixture
def folder(tmp_path):
    return RunFolder(LocalPath(tmp_path / "run"))


def read(folder):
    return json.loads(folder.status.read_text(encoding="utf-8"))


def test_status_says_who_runs_and_how_far_it_is(folder, clock):
    status = Status(folder, workers=3)
    status.files["total"], status.points = 7, 42
    clock.now += 5
    status.enter(RunState.LISTING)
    found = read(folder)
    assert found["state"] == "listing"
    assert (found["pid"], found["workers"], found["points"], found["elapsed"]) == (os.getpid(), 3, 42, 5)
    assert found["files"] == {"done": 0, "total": 7}
    assert found["error"] is None


def test_status_is_written_no_more_than_once_a_second_but_at_every_phase(folder, clock):
    status = Status(folder)
    status.enter(RunState.DECODING, 10)
    status.task_done()
    assert read(folder)["tasks"] == {"done": 0, "total": 10}
    clock.now += 1
    status.task_done()
    assert read(folder)["tasks"] == {"done": 2, "total": 10}
    status.enter(RunState.SUMMARISING, 4)
    assert read(folder)["tasks"] == {"done": 0, "total": 4}


def test_time_left_goes_by_bytes_while_decoding_and_by_tasks_while_summarising(folder, clock):
    status = Status(folder)
    status.enter(RunState.DECODING, 10)
    assert read(folder)["seconds_left"] is None
    status.bytes.update(done=25, total=100)
    clock.now += 5
    status.write()
    assert read(folder)["seconds_left"] == 15
    status.enter(RunState.SUMMARISING, 4)
    clock.now += 6
    status.task_done()
    assert read(folder)["seconds_left"] == 18
    status.enter(RunState.FINISHED)
    assert read(folder)["seconds_left"] is None


def test_status_is_replaced_whole(folder, clock):
    status = Status(folder)
    status.enter(RunState.LISTING)
    with folder.status.open(encoding="utf-8") as earlier:
        status.enter(RunState.FINISHED)
        assert json.load(earlier)["state"] == "listing"
    assert [path.name for path in folder.path.iterdir()] == ["status.json"]


def test_an_error_with_a_name_that_is_no_utf8_is_written(folder, clock):
    status = Status(folder)
    status.error = {"message": "/x/caf\udce9 is gone"}
    status.enter(RunState.FINISHED)
    assert read(folder)["error"]["message"] == "/x/caf\udce9 is gone"


def test_a_status_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=r"status\.json"):
        Status(RunFolder(LocalPath(tmp_path / "file"))).enter(RunState.LISTING)


def test_a_manifest_comes_back_as_it_was_written(folder):
    folder.write_manifest(manifest_of({}))
    assert folder.read_manifest() == manifest_of({})


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no result yet"), ("{", "JSON"), ('{"schema": 99}', "another version")],
)
def test_a_manifest_that_cannot_be_used_is_told(folder, content, words):
    folder.path.mkdir()
    if content is not None:
        folder.manifest.write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=words):
        folder.read_manifest()


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"[]", b"{"])
def test_a_specification_that_cannot_be_read_is_named(folder, content):
    folder.path.mkdir()
    if content is not None:
        folder.spec.write_bytes(content)
    with pytest.raises(SpecError, match=r"spec\.json|specification"):
        folder.read_spec()
