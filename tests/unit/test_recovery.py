"""Recovery of ingests of killed runs: complete parts are committed, by one process, never of running ones."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from roadpulse.aggregation.contract.errors import StorageError
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.store import owners, recovery
from roadpulse.aggregation.store.decode import in_order
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import FileRecord, PointStore
from roadpulse.aggregation.store.recovery import Notes, clean_up
from roadpulse.aggregation.store.traversals import traversals_of
from tests.processes import ended_process

TASKS, POINTS = 4, 500


@pytest.fixture
def store(tmp_path: Path) -> PointStore:
    return PointStore.open(str(tmp_path / "store"), DecodeRules())


@pytest.fixture
def ended() -> int:
    return ended_process()


def record(number: int) -> FileRecord:
    return FileRecord(number, number, f"/t/{number}.json", 10, "v", 1 << 20, points=POINTS, counted=POINTS)


def points(number: int) -> tuple[Any, ...]:
    order = np.arange(POINTS, dtype=np.int64)
    return order // 3 % 7, order * 1_000_000, order / 7.0, np.full(POINTS, number, dtype=np.int32)


def columns(number: int) -> dict[str, Any]:
    return in_order(*points(number))


def passages(number: int) -> dict[str, Any]:
    return traversals_of(*points(number), "km/h")


def begun(store: PointStore, name: str = "dead", **owner: Any) -> str:
    """An ingest of some tasks, the last of which was not noted yet."""
    store.begin(name)
    for number in range(TASKS):
        store.write_traversals(name, number, passages(number))
        store.write_part(name, number, columns(number))
        if number < TASKS - 1:
            store.write_note(name, number, [record(number)])
    claim = {"host": socket.gethostname(), "pid": os.getpid(), **owner}
    store.owner(name).write_text(json.dumps(claim), encoding="utf-8")  # type: ignore[union-attr]
    return name


def names(store: PointStore, ingest: str = "dead") -> list[str]:
    return sorted(path.name for path in Path(str(store.points_folder(ingest))).iterdir())


def numbers(store: PointStore, ingest: str = "dead") -> list[int]:
    return [found.number for found in store.read_files(ingest)]


# -- taking over ------------------------------------------------------------------------------------


def test_what_a_killed_run_noted_counts_and_the_rest_is_removed(store: PointStore, ended: int) -> None:
    begun(store, pid=ended)
    assert clean_up(store) == []
    assert store.ingests() == ["dead"]
    assert store.read_files("dead") == [record(number) for number in range(TASKS - 1)]
    assert names(store) == ["owner.json", *(f"part-{n:05d}.parquet" for n in range(TASKS - 1))]
    kept = store.traversals_folder("dead").file_names()
    assert sorted(kept) == [f"part-{n:05d}.parquet" for n in range(TASKS - 1)]
    assert clean_up(store) == []


def test_without_a_note_nothing_is_taken_over(store: PointStore, ended: int) -> None:
    begun(store, pid=ended)
    for name in names(store):
        if name.startswith("notes-"):
            (Path(str(store.points_folder("dead"))) / name).unlink()
    assert clean_up(store) == ["dead"]
    assert store.begun() == store.traversed() == []


def test_where_all_files_are_bad_the_notes_are_taken_over_all_the_same(store: PointStore, ended: int) -> None:
    store.begin("dead")
    bad = FileRecord(0, 0, "/t/0.json", 10, "v", 1 << 20, reason="bad_json", message="no JSON")
    store.write_note("dead", 0, [bad])
    claim = {"host": socket.gethostname(), "pid": ended}
    store.owner("dead").put_json(claim)
    assert clean_up(store) == []
    assert store.read_files("dead") == [bad]


def test_traversals_whose_ingest_was_removed_meanwhile_go_once_they_are_old(store: PointStore) -> None:
    store.write_traversals("late", 0, passages(0))
    clean_up(store)
    assert store.traversed() == ["late"]
    os.utime(str(store.traversals_folder("late")), (time.time() - 4000,) * 2)
    os.utime(str(store.traversals("late", 0)), (time.time() - 4000,) * 2)
    clean_up(store)
    assert store.traversed() == []


def test_a_run_that_lives_keeps_what_it_noted(store: PointStore) -> None:
    begun(store, "alive", pid=os.getpid())
    begun(store, "elsewhere", host="another computer", pid=1)
    before = names(store, "alive"), names(store, "elsewhere")
    assert clean_up(store) == []
    assert store.ingests() == []
    assert (names(store, "alive"), names(store, "elsewhere")) == before


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def zero(path: Path) -> None:
    """What a disk that lost its power may have: the right length, without the content."""
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(len(content) // 2) + content[8 + len(content) // 2 :])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    duckdb.sql(f"COPY (SELECT 1 AS something) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize("damage", [truncate, zero, empty, foreign])
def test_a_torn_note_is_passed_over(store: PointStore, ended: int, damage: Any) -> None:
    begun(store, pid=ended)
    damage(Path(str(store.points_folder("dead"))) / "notes-00001.parquet")
    clean_up(store)
    assert numbers(store) == [0, 2]


def shorter(path: Path) -> None:
    """A whole part, but of other points."""
    duckdb.sql(f"COPY (SELECT * FROM '{path}' LIMIT 9) TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").replace(path)


@pytest.mark.parametrize("damage", [truncate, zero, empty, foreign, shorter, os.unlink])
@pytest.mark.parametrize("rows", ["points", "traversals"])
def test_a_part_that_is_not_whole_does_not_count(
    store: PointStore, ended: int, damage: Any, rows: str
) -> None:
    begun(store, pid=ended)
    path = store.part("dead", 1) if rows == "points" else store.traversals("dead", 1)
    damage(Path(str(path)))
    clean_up(store)
    assert numbers(store) == [0, 2]
    assert sum(len(c["link_id"]) for c in store.read_points("dead", [0, 2], 0, BUCKETS)) == 2 * POINTS
    assert sum(c["n"].sum() for c in store.read_traversals("dead", [0, 2], 0, BUCKETS)) == 2 * POINTS


def test_where_no_part_is_whole_everything_is_removed(store: PointStore, ended: int) -> None:
    begun(store, pid=ended)
    for number in range(TASKS):
        truncate(Path(str(store.part("dead", number))))
    assert clean_up(store) == ["dead"]


def _clean_up(store: PointStore, together: Any, answers: Any) -> None:
    together.wait(240)
    answers.put(clean_up(store))


def test_of_many_runs_that_find_it_at_once_none_loses_anything(store: PointStore, ended: int) -> None:
    begun(store, pid=ended)
    many = multiprocessing.get_context("spawn")
    together, answers = many.Barrier(4), many.Queue()
    runs = [many.Process(target=_clean_up, args=(store, together, answers)) for _ in range(4)]
    for run in runs:
        run.start()
    assert [answers.get(timeout=240) for _ in runs] == [[]] * 4
    for run in runs:
        run.join(240)
    assert numbers(store) == [0, 1, 2]
    assert sum(len(c["link_id"]) for c in store.read_points("dead", [0, 1, 2], 0, BUCKETS)) == 3 * POINTS


def test_an_heir_that_lives_is_left_alone_and_one_that_died_is_followed(
    store: PointStore, ended: int
) -> None:
    begun(store, pid=ended)
    heir = Path(str(store.heir("dead")))
    heir.write_text(json.dumps(owners.claim()), encoding="utf-8")
    assert clean_up(store) == []
    assert store.ingests() == []
    heir.write_text(json.dumps({**owners.claim(), "pid": ended}), encoding="utf-8")
    assert clean_up(store) == []
    assert numbers(store) == [0, 1, 2]


def test_a_run_that_was_taken_for_gone_is_told(store: PointStore) -> None:
    begun(store, "asleep")
    store.keep_alive("asleep")
    Path(str(store.heir("asleep"))).write_text(json.dumps(owners.claim()), encoding="utf-8")
    with pytest.raises(StorageError, match="took it for gone"):
        store.keep_alive("asleep")
    store.discard("asleep")
    with pytest.raises(StorageError, match="took it for gone"):
        store.keep_alive("asleep")
    assert not Path(str(store.points_folder("asleep"))).exists()


# -- who is gone ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "silent", "gone"),
    [
        ({"boot": "an earlier one"}, 30, False),
        ({"boot": "an earlier one"}, 200, True),  # the computer was started again
        ({"boot": "another", "machine": "another"}, 200, False),  # of the same name
        ({"boot": "another", "machine": "another"}, 4000, True),
        ({"host": "another", "boot": "another"}, 200, False),
    ],
)
def test_a_computer_that_was_started_again_is_not_waited_for(
    store: PointStore, monkeypatch: pytest.MonkeyPatch, claim: dict[str, Any], silent: float, gone: bool
) -> None:  # fmt: skip
    here = {**owners.claim(), "machine": "this one"}  # containers often have no /etc/machine-id
    monkeypatch.setattr(owners, "claim", lambda: here)
    begun(store, **{**here, **claim})
    os.utime(str(store.owner("dead")), (time.time() - silent,) * 2)
    clean_up(store)
    assert (store.ingests() == ["dead"]) is gone


@pytest.mark.parametrize("off", [-7200, 7200])
def test_a_clock_that_is_hours_off_makes_nobody_silent(
    store: PointStore, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:  # fmt: skip
    begun(store, "elsewhere", host="another computer", pid=1)
    begun(store, "gone", host="another computer", pid=1)
    os.utime(str(store.owner("gone")), (time.time() - 4000,) * 2)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + off)  # while the file server's clock is right
    clean_up(store)
    assert store.ingests() == ["gone"]
    assert "notes-00000.parquet" in names(store, "elsewhere")


# -- taking notes -----------------------------------------------------------------------------------


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Book:
    """What is written of a store, which takes its time."""

    def __init__(self, clock: Clock, takes: float = 0.0, full: bool = False) -> None:
        self.clock, self.takes, self.full = clock, takes, full
        self.notes: dict[int, list[int]] = {}

    def write_note(self, _ingest: str, number: int, records: list[FileRecord]) -> None:
        self.clock.now += self.takes
        if self.full:
            raise StorageError("The disk is full.")
        self.notes[number] = [found.number for found in records]


def over_a_minute(book: Book, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """Notes of a run that ends a task every half second and looks at the time five times a second."""
    monkeypatch.setattr(recovery, "time", book.clock)
    notes = Notes(book, "a")  # type: ignore[arg-type]
    end, tick = book.clock.now + 60, 0
    while book.clock.now < end:
        book.clock.now += 0.2
        tick += 1
        if tick % 3 == 0:
            notes.add([record(tick // 3)])
        notes.tick()
    return notes


def test_notes_are_taken_every_few_seconds_and_tell_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(Clock())
    over_a_minute(book, monkeypatch)
    told = [number for note in book.notes.values() for number in note]
    assert told == list(range(1, len(told) + 1))
    assert 20 <= len(book.notes) <= 30 and len(told) > 90


def test_where_writing_is_slow_notes_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(Clock(), takes=0.3)
    over_a_minute(book, monkeypatch)
    assert 2 <= len(book.notes) <= 5


def test_no_more_than_so_many_records_wait_for_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "MOST_HELD", 10)
    book = Book(Clock(), full=True)
    monkeypatch.setattr(recovery, "time", book.clock)
    notes = Notes(book, "a")  # type: ignore[arg-type]
    heard = []
    for number in range(45):
        book.full = number < 25
        notes.add([record(number)])
        notes.tick()
        heard.append(len(book.notes))
    assert [heard.index(n) for n in (1, 2)] == [29, 39]
    assert book.notes == {0: list(range(30)), 1: list(range(30, 40))}


def test_a_note_that_cannot_be_written_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(Clock(), full=True)
    notes = over_a_minute(book, monkeypatch)
    book.full = False
    book.clock.now += 10
    notes.tick()
    assert book.notes[0] == list(range(1, 101))
