"""The local backend with the real aggregation, from trip files to a result."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.base.backend import Polling, follow
from roadpulse.cluster_client.backends.local.backend import LocalBackend
from roadpulse.cluster_client.processes import group_alive
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs import folder as run_folder
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.results import read_manifest, read_speeds, read_speeds_by_time
from tests.waiting import status_when, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
HERE = Profile(kind="local", name="one worker", workers=1)
FAST = Polling(first=0.02, longest=0.1)
LINK = 4575425001


def trip(path, points, link=LINK, speed=24.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = [
        {
            "timestamp": f"2025-06-10T{8 + n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z",
            "absVelocity": speed + n % 3,
            "dbResponse": {"linkID": str(link + n % 5)},
        }
        for n in range(points)
    ]
    path.write_text(json.dumps({"tripId": path.stem, "data": data}), encoding="utf-8")


@pytest.fixture
def place(tmp_path):
    """A local backend, its run store, and a way to make a run; what is still going afterwards is ended."""

    class Place:
        store = RunStore(tmp_path / "runs")
        backend = LocalBackend(store, tmp_path / "run folders")
        trips = tmp_path / "trips"

        def submit(self, **spec):
            trips = spec.pop("trips", str(self.trips))
            spec = RunSpec(trips=trips, store=str(tmp_path / "store"), speed_unit="mph", **spec)
            return self.backend.submit(Run.new("June", HERE, spec))

    place = Place()
    yield place
    for run in place.store.unfinished():
        place.backend.cancel(run)
        follow(place.backend, run, polling=FAST)


@pytest.fixture
def long_work(place):
    """Trips that take one worker several seconds: many names of one file."""
    trip(place.trips / "trip_0.json", 3000)
    for number in range(1, 8000):
        os.link(place.trips / "trip_0.json", place.trips / f"trip_{number}.json")


def wait_for(place, run, condition):
    return status_when(place.backend, run, condition)


def test_trips_become_speeds_and_the_result_is_read(place):
    for number in range(3):
        trip(place.trips / f"trip_{number}.json", 100)
    run = place.submit()
    status = follow(place.backend, run, polling=FAST)
    assert (status.state, status.error) == (RunState.FINISHED, None)
    manifest = read_manifest(place.backend.fetch(run))
    speeds = read_speeds(run.local_folder)
    by_time = read_speeds_by_time(run.local_folder)
    assert manifest.values["points"]["counted"] == 300
    assert speeds["link_id"].tolist() == [LINK + n for n in range(5)]
    assert speeds["n_points"].sum() == by_time["n_points"].sum() == 300
    assert set(by_time["bin"]) == {"08:00"}
    assert speeds["mean"].between(24, 26).all()


def test_the_process_of_a_run_has_ended_once_the_result_is_fetched(place):
    trip(place.trips / "trip_0.json", 100)
    run = place.submit()
    follow(place.backend, run, polling=FAST)
    place.backend.fetch(run)
    launcher = int(place.store.find(run.id).remote_id.split()[0])
    with pytest.raises(ChildProcessError):  # neither running nor a zombie
        os.waitpid(launcher, os.WNOHANG)


def test_progress_is_seen_and_moves(place, long_work):
    run = place.submit()
    seen = []
    wait_for(place, run, lambda s: seen.append(s) or (s.bytes.done > 0 and s.state is RunState.DECODING))
    first = seen[-1]
    later = wait_for(place, run, lambda s: s.bytes.done > first.bytes.done)
    assert later.files.total == 8000
    assert 0 < later.fraction <= 1
    assert later.speed > 0
    assert later.workers == 1
    place.backend.cancel(run)
    assert follow(place.backend, run, polling=FAST).state is RunState.CANCELLED


def test_a_cancelled_run_stops_and_leaves_no_process(place, long_work):
    run = place.submit()
    wait_for(place, run, lambda s: s.state is RunState.DECODING)
    place.backend.cancel(run)
    status = follow(place.backend, run, polling=FAST)
    assert status.state is RunState.CANCELLED
    group = int((Path(run.folder) / "pid").read_text().split()[0])
    until(lambda: not group_alive(group))
    # By itself, not because it was made to:
    assert json.loads((Path(run.folder) / "status.json").read_text(encoding="utf-8"))["state"] == "cancelled"
    assert not (Path(run.folder) / "manifest.json").exists()


def test_a_killed_run_says_so_and_the_next_one_is_right(place, long_work):
    run = place.submit()
    wait_for(place, run, lambda s: s.bytes.done > 0)
    os.killpg(int((Path(run.folder) / "pid").read_text().split()[0]), signal.SIGKILL)
    status = follow(place.backend, run, polling=FAST)
    assert status.state is RunState.LOST
    assert "ended from outside" in status.error.message
    for path in list(place.trips.glob("trip_*.json"))[50:]:
        path.unlink()
    again = place.submit()
    assert follow(place.backend, again, polling=FAST).state is RunState.FINISHED
    assert read_speeds(again.local_folder)["n_points"].sum() == 50 * 3000


def test_a_killed_main_process_is_explained(place, long_work):
    run = place.submit()
    wait_for(place, run, lambda s: s.state is RunState.DECODING)
    main = json.loads((Path(run.folder) / "status.json").read_text(encoding="utf-8"))["pid"]
    os.kill(main, signal.SIGKILL)
    status = follow(place.backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert "memory" in status.error.message


@pytest.mark.parametrize("content", ['{"trips": 7}', "{", '{"trips": "/x", "store": "/y", "colour": "red"}'])
def test_a_specification_that_cannot_be_read_is_told(place, content, monkeypatch):
    trip(place.trips / "trip_0.json", 10)
    write = run_folder._write_new

    def write_spoilt(path, text, folder):
        write(path, content if path.name == "spec.json" else text, folder)

    monkeypatch.setattr(run_folder, "_write_new", write_spoilt)
    run = place.submit()
    status = follow(place.backend, run, polling=FAST)
    assert status.state is RunState.FAILED
    assert any(word in status.error.message for word in ("trips", "spec.json", "colour"))


def test_trips_that_are_not_there_are_named(place, tmp_path):
    status = follow(place.backend, place.submit(trips=str(tmp_path / "no such folder")), polling=FAST)
    assert status.state is RunState.FAILED
    assert "no such folder" in status.error.message
