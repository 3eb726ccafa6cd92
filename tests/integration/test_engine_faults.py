"""Whole runs in adversity: full and closed disks, damage, company, and death at any moment."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from development.machine import BOUND
from roadpulse.aggregation.contract.errors import StorageError
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.tests.engine import LINK, Engine, Outcome, point, trip
from tests.abilities import need, needs
from tests.waiting import until

POINTS, MANY, SECONDS = 3000, 250, 2000
"""Points of a trip; trips that take half a second, and such as are to be stopped before they end."""


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


def much(engine, n=MANY):
    """A second's work and more: many names of one trip."""
    first = engine.write("trip 000.json", trip(POINTS, links=50))
    for number in range(1, n):
        os.link(first, engine.trips / f"trip {number:03d}.json")
    engine.settle()


def incompressible(engine, n=30, points=4000):
    """Trips whose points need about 10 bytes each in the store."""
    random.seed(5)
    for number in range(n):
        engine.write(
            f"noise {number:02d}.json",
            [
                point(random.randrange(3600), random.randrange(2**62), 100 * random.random())
                for _ in range(points)
            ],
        )
    engine.settle()


# -- full disks -------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder, size):
    """A disk of that many KiB."""
    need("disks")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def carry_out(engine, folder, **options):
    process = engine.start(folder, **options)
    output, _ = process.communicate(timeout=240)
    return Outcome(process.returncode, folder, output)


def assert_told_that_the_disk_is_full(outcome, place):
    assert outcome.code == 1
    assert "disk is full" in outcome.output
    assert "free some space" in outcome.output
    assert str(place) in outcome.output
    assert not (outcome.folder / "manifest.json").exists()
    assert not (outcome.folder / "results").exists()
    assert outcome.status["state"] == "failed"
    assert "disk is full" in outcome.error


def test_a_full_disk_under_the_store_is_told_and_costs_nothing_but_time(engine, tmp_path):
    small = str(engine.write("small.json", trip()))
    incompressible(engine)
    with small_disk(tmp_path / "disk", 600) as disk:
        store = disk / "store"
        first = engine.finish(store=str(store), trips=small)
        outcome = carry_out(engine, engine.prepare(store=str(store)))
        assert_told_that_the_disk_is_full(outcome, store)
        assert not [path for path in store.rglob("*") if path.name.endswith(".tmp")]
        again = engine.finish(store=str(store), trips=small)
        assert (again.manifest["files"]["decoded"], again.hashes) == (0, first.hashes)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        found = engine.finish(store=str(store))
        assert found.hashes == engine.finish(store=str(tmp_path / "fresh")).hashes
        assert not list((store.parent).rglob("*.tmp"))


def test_a_full_disk_under_the_run_folder_is_told_and_leaves_the_store_whole(engine, tmp_path):
    incompressible(engine, n=10)
    first = engine.finish()
    with small_disk(tmp_path / "disk", 600) as disk:
        folder = shutil.move(engine.prepare(), disk / "run")
        outcome = carry_out(engine, folder)
        assert_told_that_the_disk_is_full(outcome, folder)
        assert not (folder / "work").exists()
    assert engine.finish().hashes == first.hashes


def test_a_disk_without_a_byte_left_still_lets_the_log_tell(engine, tmp_path):
    engine.write("a.json", trip())
    with small_disk(tmp_path / "disk", 64) as disk:
        folder = shutil.move(engine.prepare(), disk / "run")
        with pytest.raises(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(512))
        outcome = carry_out(engine, folder)
        assert outcome.code == 1
        assert "disk is full" in outcome.output
        assert not (folder / "manifest.json").exists()


def test_points_that_cannot_be_committed_do_not_fill_the_disk(engine, monkeypatch):
    engine.write("a.json", trip())

    def no_space(self, ingest, records):
        assert list(self.points_folder(ingest).glob("part-*"))
        raise StorageError("The disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(PointStore, "commit", no_space)
        with pytest.raises(StorageError, match="full"):
            engine.run_here()
    assert not list(engine.store.rglob("ingest=*"))
    assert engine.run_here().manifest["points"]["counted"] == 10


# -- closed disks -----------------------------------------------------------------------------------


@needs("permissions")
def test_a_store_that_may_only_be_read_serves_what_it_has(engine, tmp_path):
    engine.write("a.json", trip())
    engine.settle()
    first = engine.finish()
    folders = [engine.prepare(), engine.prepare()]
    for path in [engine.store, *engine.store.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    outcome = carry_out(engine, folders[0], before=BOUND)
    assert outcome.code == 0, outcome.output
    assert outcome.hashes == first.hashes
    engine.write("b.json", trip())
    outcome = carry_out(engine, folders[1], before=BOUND)
    assert outcome.code == 1
    assert "may not be written" in outcome.error
    assert "Choose another folder" in outcome.error
    assert str(engine.store) in outcome.error


@needs("permissions")
def test_a_run_folder_that_may_not_be_written_is_told_in_the_log(engine, tmp_path):
    engine.write("a.json", trip())
    folder = engine.prepare()
    folder.chmod(0o555)
    outcome = carry_out(engine, folder, before=BOUND)
    assert outcome.code == 1
    assert "may not be written" in outcome.output
    assert str(folder) in outcome.output


# -- damage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["points/*/part-00000.parquet", "files.parquet"])
@pytest.mark.parametrize("damage", ["truncated", "gone"])
def test_a_damaged_store_is_told_and_following_the_advice_mends_it(engine, name, damage):
    engine.write("a.json", trip())
    engine.settle()
    first = engine.finish()
    (victim,) = engine.store.rglob(name)
    if damage == "gone":
        victim.unlink()
    else:
        os.truncate(victim, victim.stat().st_size // 2)
    outcome = engine.run()
    if (name, damage) == ("files.parquet", "gone"):  # as if it had never been committed
        assert (outcome.code, outcome.hashes) == (0, first.hashes)
        return
    assert (outcome.code, outcome.status["state"]) == (1, "failed")
    assert "The point store is damaged" in outcome.error
    commit = outcome.error.split("Delete the folder ")[1].split(";")[0]
    shutil.rmtree(commit)
    again = engine.finish()
    assert (again.manifest["files"]["decoded"], again.hashes) == (1, first.hashes)
    assert len(list(engine.store.rglob("points/*/part-*.parquet"))) == 1
    assert len(list(engine.store.rglob("traversals/*/part-*.parquet"))) == 1


# -- company ----------------------------------------------------------------------------------------


def test_two_runs_at_once_on_one_store_both_come_out_right(engine):
    much(engine, 100)
    alone = engine.finish(store=str(engine.folder / "alone"))
    folders = [engine.prepare(), engine.prepare()]
    processes = [engine.start(folder) for folder in folders]
    for process, folder in zip(processes, folders):
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
        assert Outcome(0, folder).hashes == alone.hashes
    after = engine.finish()
    assert (after.manifest["files"]["decoded"], after.hashes) == (0, alone.hashes)
    assert engine.leftovers() == []


def test_a_run_does_not_clean_up_after_one_that_goes_on(engine):
    much(engine, SECONDS)
    folder = engine.prepare()
    process = engine.start(folder)
    until(lambda: list(engine.store.rglob("owner.json")))
    os.kill(process.pid, signal.SIGSTOP)
    try:
        other = engine.finish(trips=str(engine.trips / "trip 000.json"))
        assert other.manifest["points"]["counted"] == POINTS
    finally:
        os.kill(process.pid, signal.SIGCONT)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert Outcome(0, folder).manifest["points"]["counted"] == SECONDS * POINTS


# -- death ------------------------------------------------------------------------------------------


def children(pid):
    """Ids of a process's children; none of one that has just ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def kill_main(process):
    os.kill(process.pid, signal.SIGKILL)


def kill_worker(process):
    workers = children(process.pid)
    if workers:
        with suppress(ProcessLookupError):
            os.kill(random.choice(workers), signal.SIGKILL)


def kill_all(process):
    os.killpg(process.pid, signal.SIGKILL)


def terminate(process):
    os.kill(process.pid, signal.SIGTERM)


def terminate_all(process):
    os.killpg(process.pid, signal.SIGTERM)


def group_is_gone(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def workload(tmp_path_factory):
    """Trips, the hashes of their result, and the seconds that a run takes."""
    engine = Engine(tmp_path_factory.mktemp("workload"))
    much(engine, 200)
    began = time.monotonic()
    outcome = engine.finish(workers=2)
    return engine.trips, outcome.hashes, time.monotonic() - began


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are found in Linux's /proc")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("blow", [kill_main, kill_worker, kill_all, terminate, terminate_all])
def test_death_at_any_moment_spoils_nothing(engine, workload, blow, seed):
    trips, hashes, seconds = workload
    random.seed(f"{blow.__name__} {seed}")
    folder = engine.prepare(trips=str(trips))
    process = engine.start(folder, workers=2)
    time.sleep((seed + random.random()) / 2 * seconds)  # early, late
    if process.poll() is None:
        blow(process)
    output, _ = process.communicate(timeout=240)
    until(lambda: group_is_gone(process.pid))
    outcome = Outcome(process.returncode, folder, output)
    if (folder / "manifest.json").exists():  # the blow came too late, or to nobody: then the result is whole
        assert outcome.hashes == hashes
    else:
        assert process.returncode != 0
    if process.returncode == 1:
        assert "worker process ended unexpectedly" in outcome.error
    if process.returncode == 143:
        assert outcome.status["state"] == "cancelled"
    assert process.returncode in (0, 1, 143, -signal.SIGKILL, -signal.SIGTERM), output
    again = engine.finish(workers=2, trips=str(trips))
    assert again.hashes == hashes
    shutil.rmtree(folder)  # a killed run cannot tidy its own folder
    assert engine.leftovers() == []


def test_a_run_that_failed_can_be_carried_out_again_in_its_folder(engine, workload):
    trips, hashes, _ = workload
    folder = engine.prepare(trips=str(trips))
    process = engine.start(folder)
    until((folder / "work").exists)  # it has begun to summarise
    kill_all(process)
    process.wait()
    outcome = engine.run(folder=folder)
    assert outcome.code == 0, outcome.output
    assert outcome.hashes == hashes


def tasks_done(folder):
    """Number of tasks that a run says it has done."""
    status = folder / "status.json"
    return json.loads(status.read_text(encoding="utf-8"))["tasks"]["done"] if status.exists() else 0


def test_what_a_cancelled_run_had_done_is_not_done_again(engine):
    much(engine, SECONDS)
    folder = engine.prepare()
    process = engine.start(folder)
    until(lambda: tasks_done(folder) > 0)
    terminate(process)
    assert process.wait(120) == 143
    again = engine.finish()
    assert again.manifest["files"]["reused"] > 0
    assert again.manifest["points"]["counted"] == SECONDS * POINTS
    assert f"{LINK}," in again.csv()
