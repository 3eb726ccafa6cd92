"""Compaction of a point store: nothing is lost or read by halves, whenever a process is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from development.machine import BOUND
from roadpulse.aggregation.contract.errors import Cancelled, RunError, StorageError
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.store import compaction, owners
from roadpulse.aggregation.store.compaction import merge, remove_replaced, worth_merging
from roadpulse.aggregation.store.decode import in_order
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import FileRecord, PointStore, stores_in
from roadpulse.aggregation.store.readers import has_readers, reading
from roadpulse.aggregation.store.recovery import clean_up
from roadpulse.aggregation.store.traversals import COLUMNS, traversals_of
from roadpulse.aggregation.store.trip_ends import TripEnds
from roadpulse.tests.engine import PLUGINS
from tests.abilities import needs
from tests.processes import ended_process

SECOND = 1_000_000


@pytest.fixture
def store(tmp_path: Path) -> PointStore:
    return PointStore.open(str(tmp_path / "store"), DecodeRules())


@pytest.fixture
def ended() -> int:
    return ended_process()


def ingest(store: PointStore, name: str, paths: list[str], n: int = 40, version: str = "v") -> None:
    """Commit an ingest with `n` points a file, two files a part; each path has points of its own."""
    store.begin(name)
    records = []
    for part, start in enumerate(range(0, len(paths), 2)):
        columns: list[list[Any]] = [[], [], [], []]
        for number, path in list(enumerate(paths))[start : start + 2]:
            seed = np.random.default_rng(list(f"{path}{version}".encode()))
            columns[0].append(seed.integers(0, 2**40, n // 4).repeat(4)[:n])
            columns[1].append(np.arange(n) * SECOND)
            columns[2].append(seed.uniform(0, 50, n))
            columns[3].append(np.full(n, number, dtype=np.int32))
            ends = TripEnds(path, 5, 6, 1.0, 2.0, 3.0, 4.0)
            counts = {"points": n, "counted": n}
            records.append(FileRecord(number, part, path, 9, version, 1 << 20, path, **counts, ends=ends))
        points = [np.concatenate(column) for column in columns]
        store.write_traversals(name, part, traversals_of(*points, "km/h"))  # type: ignore[arg-type]
        store.write_part(name, part, in_order(*points))  # type: ignore[arg-type]
    store.commit(name, records)


def content(store: PointStore) -> dict[str, tuple[Any, ...]]:
    """Everything that the store has of each file, whichever ingest it is in."""
    found: dict[str, tuple[Any, ...]] = {}
    for name in store.ingests():
        records = store.read_files(name, with_ends=True)
        parts = sorted({record.part for record in records if record.counted})
        points = list(store.read_points(name, parts, 0, BUCKETS))
        passages = list(store.read_traversals(name, parts, 0, BUCKETS, columns=COLUMNS))
        for record in records:
            rows = [
                sorted(
                    tuple(column[at].item() for column_name, column in some.items() if column_name != "file")
                    for some in kind
                    for at in np.flatnonzero(some["file"] == record.number)
                )
                for kind in (points, passages)
            ]
            key = f"{record.path} {record.version}"
            assert key not in found
            found[key] = (record.trip_id, record.ends, record.counted, *rows)
            assert len(rows[0]) == record.counted
    return found


def age(store: PointStore, seconds: float = 200) -> None:
    """Let all commits be older."""
    for name in store.committed():
        then = time.time() - seconds
        os.utime(str(store.files_table(name)), (then, then))


def many(store: PointStore, n: int = 5) -> dict[str, tuple[Any, ...]]:
    for number in range(n):
        ingest(store, f"i{number}", [f"/t/{number}-{i}" for i in range(4)])
    return content(store)


# -- merging ----------------------------------------------------------------------------------------


def test_many_ingests_become_one_with_everything_that_they_had(store: PointStore) -> None:
    before = many(store)
    merged = merge(store, store.ingests())
    assert merged is not None
    assert store.ingests() == [merged.ingest]
    assert content(store) == before
    assert sorted(merged.replaces) == [f"i{number}" for number in range(5)]
    assert [record.number for record in store.read_files(merged.ingest)] == list(range(20))
    assert {record.part for record in store.read_files(merged.ingest)} == {0}
    assert clean_up(store) == []
    assert store.ingests() == [merged.ingest]


def test_parts_are_as_large_as_they_may_be_and_a_large_one_is_taken_in_portions(
    store: PointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = many(store, 3)
    ingest(store, "large", ["/t/large"], 1000)
    before = content(store)
    monkeypatch.setattr(compaction, "PART", 170)
    merged = merge(store, store.ingests())
    assert merged is not None
    assert content(store) == before
    sizes: dict[int, int] = {}
    for record in store.read_files(merged.ingest):
        sizes[record.part] = sizes.get(record.part, 0) + record.counted
    assert sorted(sizes.values()) == [160, 160, 160, 1000]
    assert all(store.rows(merged.ingest, part) == (n, n) for part, n in sizes.items())


def test_what_no_run_can_use_is_left_out(store: PointStore) -> None:
    ingest(store, "one", ["/t/a", "/t/b"])
    ingest(store, "two", ["/t/b", "/t/c"])  # read by two runs at once
    ingest(store, "three", ["/t/a"], version="w")
    store.begin("four")
    passing = FileRecord(0, 0, "/t/d", 9, "v", 1, reason="vanished", message="m", passing=True)
    bad = FileRecord(1, 0, "/t/e", 9, "v", 1, reason="bad_json", message="m")
    store.commit("four", [passing, bad])
    merged = merge(store, store.ingests(), lambda record: (record.path, record.version) == ("/t/a", "v"))
    assert merged is not None
    assert merged.left_out == 3
    assert sorted(content(store)) == ["/t/a w", "/t/b v", "/t/c v", "/t/e v"]


def test_a_store_of_which_nothing_is_of_use_becomes_empty(store: PointStore) -> None:
    many(store, 2)
    merge(store, store.ingests(), lambda record: True)
    assert content(store) == {}
    age(store)
    assert sorted(remove_replaced(store)) == ["i0", "i1"]
    assert content(store) == {}


def test_a_check_that_raises_changes_nothing(store: PointStore) -> None:
    before = many(store)
    calls = iter(range(100))

    def check() -> None:
        if next(calls) == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        merge(store, store.ingests(), check=check)
    assert content(store) == before
    assert store.begun() == store.traversed() == [f"i{number}" for number in range(5)]
    assert merge(store, store.ingests()) is not None


def test_runs_merge_where_many_ingests_are_small() -> None:
    sizes = {f"i{n}": 1000 - n for n in range(15)}
    assert worth_merging({**sizes, "large": 2_000_000}) == []
    assert worth_merging({**sizes, "another": 0}) == ["another", *reversed(sizes)]
    medium = {f"m{n:02}": 900_000 for n in range(16)}
    assert worth_merging(medium) == ["m00", "m01", "m02", "m03"]


def test_two_compactions_do_not_meet(store: PointStore, ended: int) -> None:
    many(store, 2)
    store.make_claims_folder()
    lock = store.claims / "compaction.json"
    lock.put_json(owners.claim())
    assert merge(store, store.ingests()) is None
    lock.put_json({**owners.claim(), "pid": ended})
    assert merge(store, store.ingests()) is not None
    assert not lock.exists()


# -- removing ---------------------------------------------------------------------------------------


def test_what_is_replaced_is_removed_once_no_listing_may_lack_the_new(store: PointStore) -> None:
    before = many(store)
    merged = merge(store, store.ingests())
    assert merged is not None
    assert remove_replaced(store) == []
    age(store)
    assert sorted(remove_replaced(store)) == [f"i{number}" for number in range(5)]
    assert store.committed() == store.begun() == store.traversed() == [merged.ingest]
    assert content(store) == before
    assert remove_replaced(store) == []


def test_a_merged_ingest_may_be_merged_again_before_its_parts_are_gone(store: PointStore) -> None:
    many(store, 2)
    merge(store, store.ingests())
    ingest(store, "later", ["/t/later"])
    before = content(store)
    second = merge(store, store.ingests())
    assert second is not None
    assert {"i0", "i1", "later"} < set(second.replaces)
    assert store.ingests() == [second.ingest]
    age(store)
    remove_replaced(store)
    assert store.committed() == [second.ingest]
    assert content(store) == before


def test_nothing_is_removed_that_a_run_may_be_reading(store: PointStore, ended: int) -> None:
    many(store)
    with reading(store):
        merge(store, store.ingests())
        age(store)
        assert has_readers(store)
        assert remove_replaced(store) == []
    assert not has_readers(store)
    claim = store.claims / "reader-dead.json"
    claim.put_json({**owners.claim(), "pid": ended})
    assert len(remove_replaced(store)) == 5
    assert not claim.exists()


def test_a_reader_that_was_taken_for_gone_is_told(store: PointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    with reading(store) as reader:
        reader.keep_alive()
        (claim,) = (store.claims / name for name in store.claims.file_names())
        claim.unlink()
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 1000)
        with pytest.raises(StorageError, match="took it for gone"):
            reader.keep_alive()


@needs("permissions")
def test_a_store_that_may_only_be_read_is_read(store: PointStore) -> None:
    """In a process that file permissions bind."""
    many(store, 1)
    script = (
        "import sys\n"
        "from roadpulse.aggregation.contract.spec import DecodeRules\n"
        "from roadpulse.aggregation.store.point_store import PointStore\n"
        "from roadpulse.aggregation.store.readers import reading\n"
        "from roadpulse.tests.unit.test_compaction import content\n"
        "store = PointStore.open(sys.argv[1], DecodeRules())\n"
        "with reading(store) as reader:\n"
        "    reader.keep_alive()\n"
        "    print(len(content(store)))\n"
    )
    root = Path(str(store.root))
    root.chmod(0o500)
    try:
        done = subprocess.run(
            [*BOUND, sys.executable, "-c", script, str(root.parent)],
            check=False, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(PLUGINS), *sys.path))},
        )  # fmt: skip
    finally:
        root.chmod(0o700)
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr
    assert not Path(str(store.claims)).exists()  # nothing could be written


def test_where_the_merged_points_are_torn_the_old_ones_stay(store: PointStore) -> None:
    many(store)
    merged = merge(store, store.ingests())
    assert merged is not None
    age(store)
    path = Path(str(store.part(merged.ingest, 0)))
    os.truncate(path, path.stat().st_size // 2)
    assert remove_replaced(store) == []
    Path(str(store.files_table(merged.ingest))).unlink()  # as the message of a run says
    assert len(content(store)) == 20


def test_what_cannot_be_removed_stops_nobody(store: PointStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = many(store)
    merge(store, store.ingests())
    age(store)

    def refused(_store: PointStore, name: str) -> None:
        raise PermissionError(name)

    monkeypatch.setattr(PointStore, "remove", refused)
    assert remove_replaced(store) == []
    assert content(store) == before


def test_a_damaged_list_of_what_is_replaced_is_named(store: PointStore) -> None:
    many(store, 2)
    merged = merge(store, store.ingests())
    assert merged is not None
    note = Path(str(store.files_table(merged.ingest).parent)) / "replaces.json"
    note.write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="Delete the folder"):
        store.ingests()


def test_stores_of_all_rules_are_found(tmp_path: Path) -> None:
    opened = [PointStore.open(str(tmp_path), DecodeRules(speed_unit=unit)) for unit in ("m/s", "mph")]
    (tmp_path / "packages").mkdir()
    assert sorted(str(found.root) for found in stores_in(str(tmp_path))) == sorted(
        str(each.root) for each in opened
    )


# -- killed -----------------------------------------------------------------------------------------

DYING = """
import json, os, signal, sys
from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.store import compaction
from roadpulse.aggregation.store.point_store import PointStore

root, step, name, calls = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
access = S3Access.from_json(json.loads(sys.argv[5])) if len(sys.argv) > 5 else None
store = PointStore(storage.place(root, access))
real = getattr(PointStore, name)

def dying(*given, **named):
    global calls
    if calls == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    calls -= 1
    return real(*given, **named)

setattr(PointStore, name, dying)
compaction.PART, compaction.GRACE = 200, -1e9
if step == "merge":
    compaction.merge(store, store.ingests())
else:
    compaction.remove_replaced(store)
"""

MERGING = [
    ("begin", 0), ("read_files", 2), ("write_traversals", 0), ("write_traversals", 2), ("write_part", 0),
    ("write_part", 3), ("commit", 0), ("_write_records", 0), ("_remove_orphans", 0), ("discard", 0),
]  # fmt: skip
REMOVING = [("remove", 0), ("remove", 2), ("discard", 0), ("discard", 3)]


def killed(store: PointStore, step: str, name: str, calls: int, *access: str) -> None:
    """A process that dies as it calls a method of the store for the so-many-th time."""
    process = subprocess.run(
        [sys.executable, "-c", DYING, str(store.root), step, name, str(calls), *access],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


@pytest.fixture
def filled(store: PointStore) -> Iterator[tuple[PointStore, dict[str, tuple[Any, ...]]]]:
    """A store of five ingests, and what it has; afterwards the next ones bring it to the same end."""
    before = many(store)
    yield store, before
    assert content(store) == before
    clean_up(store)
    assert content(store) == before
    merge(store, store.ingests())
    age(store)
    remove_replaced(store)
    clean_up(store)
    assert content(store) == before
    (name,) = store.ingests()
    assert store.committed() == store.begun() == store.traversed() == store.committing() == [name]
    assert [n for n in store.claims.file_names() if not n.startswith(".")] == []


@pytest.mark.parametrize(("name", "calls"), MERGING)
def test_a_compaction_killed_anywhere_loses_nothing(filled: Any, name: str, calls: int) -> None:
    store, _ = filled
    killed(store, "merge", name, calls)


@pytest.mark.parametrize(("name", "calls"), REMOVING)
def test_a_removal_killed_anywhere_is_continued(filled: Any, name: str, calls: int) -> None:
    store, _ = filled
    merge(store, store.ingests())
    age(store)
    killed(store, "remove", name, calls)
    assert json.loads((Path(str(store.root)) / "rules.json").read_text(encoding="utf-8"))
