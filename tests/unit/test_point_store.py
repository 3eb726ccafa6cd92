"""The point store: buckets, sorted parts, the commit, clean-up, damaged files."""

import json
import os
import socket
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import RunError, StorageError
from roadpulse.aggregation.contract.spec import DecodeRules, FieldMapping
from roadpulse.aggregation.store.decode import in_order
from roadpulse.aggregation.store.order import BUCKETS, bucket_of
from roadpulse.aggregation.store.point_store import FAULTS, FileRecord, PointStore
from roadpulse.aggregation.store.recovery import clean_up
from roadpulse.aggregation.trips.times import NO_TIME
from tests.processes import ended_process

SECOND = 1_000_000
AWKWARD = [
    "with space",
    "quo'te\"",
    "line\nbreak",
    "Zürich 東京",
    "[a]*?",
    "back\\slash",
    "a=b&c%20",
    "{x},$HOME",
]


def columns(rows):
    """Rows of (link, time, speed, file) as columns of the store."""
    link, moment, speed, file = zip(*rows)
    return in_order(
        np.array(link, dtype=np.int64),
        np.array(moment, dtype=np.int64),
        np.array(speed, dtype=np.float64),
        np.array(file, dtype=np.int32),
    )


def record(number=0, part=0, path="/t/a.json", **values):
    return FileRecord(number, part, path, 10, "v", 1 << 20, **{"points": 1, "counted": 1, **values})


def read(store, ingest, parts, first=0, end=BUCKETS):
    """The points of a range of buckets as sorted rows."""
    pieces = list(store.read_points(ingest, parts, first, end))
    return sorted(
        row for p in pieces for row in zip(*(p[c].tolist() for c in ("link_id", "time", "speed", "file")))
    )


@pytest.fixture
def store(tmp_path):
    return PointStore.open(str(tmp_path / "store"), DecodeRules())


def ingest(store, name, rows=((5, SECOND, 1.5, 0),), records=None):
    store.begin(name)
    store.write_part(name, 0, columns(list(rows)))
    store.commit(name, records or [record()])


# -- buckets and order ------------------------------------------------------------------------------

link_ids = st.one_of(st.integers(0, 20), st.integers(0, 2**63 - 1))


@given(st.lists(link_ids, max_size=20))
def test_a_bucket_is_the_top_of_the_product_that_the_design_names(ids):
    expected = [(link * 11400714819323198485 % 2**64) >> 52 for link in ids]
    assert bucket_of(np.array(ids, dtype=np.int64)).tolist() == expected


times = st.one_of(
    st.just(NO_TIME), st.integers(0, 5).map(lambda n: n * SECOND), st.integers(-(10**15), 10**15)
)
rows = st.lists(st.tuples(link_ids, times, st.floats(0, 200), st.integers(0, 3)), min_size=1, max_size=40)


@settings(max_examples=200)
@given(rows)
def test_points_are_sorted_by_bucket_link_and_time_and_none_is_lost(found):
    sorted_columns = columns(found)
    assert [c.dtype for c in sorted_columns.values()] == [np.int16, np.int64, np.int64, np.float64, np.int32]
    result = list(zip(*(sorted_columns[c].tolist() for c in ("link_id", "time", "speed", "file"))))
    assert sorted(result) == sorted(found)
    keys = list(
        zip(
            sorted_columns["bucket"].tolist(),
            sorted_columns["link_id"].tolist(),
            sorted_columns["time"].tolist(),
        )
    )
    assert keys == sorted(keys)
    assert [key[0] for key in keys] == bucket_of(sorted_columns["link_id"]).tolist()


# -- parts ------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(found=rows)
def test_points_come_back_as_they_were_written(tmp_path_factory, found):
    store = PointStore.open(str(tmp_path_factory.mktemp("store")), DecodeRules())
    store.begin("a")
    store.write_part("a", 0, columns(found))
    assert read(store, "a", [0]) == sorted(found)
    halves = read(store, "a", [0], 0, 2048) + read(store, "a", [0], 2048, BUCKETS)
    assert sorted(halves) == sorted(found)


@pytest.mark.parametrize("name", AWKWARD)
def test_a_store_may_have_any_name(tmp_path, name):
    store = PointStore.open(str(tmp_path / name), DecodeRules())
    ingest(store, "a")
    assert read(store, "a", [0]) == [(5, SECOND, 1.5, 0)]
    assert store.ingests() == ["a"]
    assert [r.path for r in store.read_files("a")] == ["/t/a.json"]
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]


def test_a_relative_store_may_look_like_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = PointStore.open("file:store", DecodeRules())
    ingest(store, "a")
    assert read(store, "a", [0]) == [(5, SECOND, 1.5, 0)]
    assert (tmp_path / "file:store").is_dir()


def test_a_part_is_what_the_design_says(store):
    ingest(store, "a", [(5, SECOND, 1.5, 0), (5, NO_TIME, 0.0, 0)])
    found = duckdb.sql(
        f"DESCRIBE SELECT * FROM read_parquet('{store.part('a', 0)}', hive_partitioning = false)"
    ).fetchall()
    assert {row[0]: row[1] for row in found} == {
        "bucket": "SMALLINT",
        "link_id": "BIGINT",
        "time": "TIMESTAMP WITH TIME ZONE",
        "speed": "DOUBLE",
        "file": "INTEGER",
    }
    untimed = duckdb.sql(f"SELECT count(*) FROM '{store.part('a', 0)}' WHERE time IS NULL").fetchall()
    assert untimed == [(1,)]


def test_mappings_do_not_share_points(tmp_path):
    one = PointStore.open(str(tmp_path), DecodeRules())
    ingest(one, "a")
    other = PointStore.open(str(tmp_path), DecodeRules(FieldMapping(speed="speed")))
    assert other.ingests() == []
    assert json.loads((other.root / "rules.json").read_text(encoding="utf-8"))["mapping"]["speed"] == "speed"


# -- the commit -------------------------------------------------------------------------------------


def test_records_come_back_as_they_were_committed(store):
    records = [
        record(0, 0, "/t/a.json", trip_id="é\0 'x'", faults=tuple(range(len(FAULTS)))),
        record(1, 3, "/t/line\nbreak.json", counted=0, points=0, reason="changed", message="m", passing=True),
        record(2, 3, "/t/c.json", fields="a, b"),
    ]
    ingest(store, "a", records=records)
    assert store.read_files("a") == records


def test_files_whose_link_ids_an_earlier_version_did_not_read_are_tried_again(store):
    """It dropped points with negative ids and texts; their faults are columns that `files` had then."""
    ingest(store, "a", records=[record(n, 0, f"/t/{n}.json") for n in range(4)])
    table = store.files_table("a")
    with table.at_hand() as path:
        counts = "(number = 1)::BIGINT AS negative_link, (number = 2)::BIGINT AS link_too_large"
        duckdb.sql(
            "COPY (SELECT * EXCLUDE (text_links, bad_link), (number = 3)::BIGINT AS bad_link, "
            f"{counts} FROM '{path}') TO '{path}.new' (FORMAT parquet)"
        )
        Path(f"{path}.new").replace(path)
    assert [(one.passing, one.text_links) for one in store.read_files("a")] == [
        (False, False), (True, False), (True, False), (True, False),
    ]  # fmt: skip


def test_records_of_a_version_with_fewer_faults_are_read_and_what_it_did_not_understand_is_tried_again(store):
    faults = tuple(int(name == "bad_time") for name in FAULTS)
    ingest(store, "a", records=[record(0, 0, "/t/a.json", faults=faults), record(1, 0, "/t/b.json")])
    table = store.files_table("a")
    with table.at_hand() as path:
        duckdb.sql(f"COPY (SELECT * EXCLUDE (time_twice) FROM '{path}') TO '{path}.new' (FORMAT parquet)")
        Path(f"{path}.new").replace(path)
    one, other = store.read_files("a")
    assert (one.faults, one.passing) == (faults, True)
    assert (other.faults, other.passing) == ((0,) * len(FAULTS), False)


def test_without_the_commit_there_is_no_ingest(store):
    store.begin("a")
    store.write_part("a", 0, columns([(5, SECOND, 1.5, 0)]))
    assert store.ingests() == []
    store.commit("a", [record()])
    assert store.ingests() == ["a"]


def test_ingests_are_in_the_order_of_their_commits(store):
    for at, name in enumerate(["c", "a", "b"], start=1):
        ingest(store, name)
        os.utime(store.files_table(name), (at, at))
    assert store.ingests() == ["c", "a", "b"]


def test_the_commit_of_a_run_that_stopped_leaves_no_orphans(store):
    store.begin("a")
    for part in range(3):
        store.write_part("a", part, columns([(5, SECOND, 1.5, part)]))
    (store.points_folder("a") / ".part-00007.parquet.12345678.tmp").write_bytes(b"half")
    store.commit("a", [record(0, 0), record(2, 2)])
    assert sorted(p.name for p in store.points_folder("a").glob("*part*")) == [
        "part-00000.parquet",
        "part-00002.parquet",
    ]


# -- cleaning up ------------------------------------------------------------------------------------


def claimed(store, name, **owner):
    """An uncommitted ingest that somebody else began."""
    store.begin(name)
    store.write_part(name, 0, columns([(5, SECOND, 1.5, 0)]))
    claim = {"host": socket.gethostname(), "pid": os.getpid(), **owner}
    (store.points_folder(name) / "owner.json").write_text(json.dumps(claim), encoding="utf-8")


def test_what_an_ended_process_left_is_removed(store):
    claimed(store, "dead", pid=ended_process())
    claimed(store, "alive")
    claimed(store, "committed", pid=ended_process())
    store.commit("committed", [record()])
    assert clean_up(store) == ["dead"]
    assert sorted(p.name for p in (store.root / "points").iterdir()) == ["ingest=alive", "ingest=committed"]
    assert clean_up(store) == []


def test_what_another_computer_writes_is_kept_until_it_is_long_silent(store):
    claimed(store, "elsewhere", host="another computer", pid=ended_process())
    assert clean_up(store) == []
    owner = store.points_folder("elsewhere") / "owner.json"
    long_ago = time.time() - 4000
    os.utime(owner, (long_ago, long_ago))
    store.keep_alive("elsewhere")
    assert clean_up(store) == []
    os.utime(owner, (long_ago, long_ago))
    assert clean_up(store) == ["elsewhere"]


def test_an_ingest_cut_off_while_it_began_is_removed_once_it_is_old(store):
    folder = store.points_folder("begun")
    folder.mkdir(parents=True)
    (folder / ".owner.json.12345678.tmp").write_bytes(b"{")
    assert clean_up(store) == []
    os.utime(folder, (time.time() - 4000,) * 2)
    assert clean_up(store) == ["begun"]


def test_a_commit_that_was_cut_off_leaves_nothing(store):
    claimed(store, "dead", pid=ended_process())
    half = store.files_table("dead").parent / ".files.parquet.12345678.tmp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"PAR1")
    lonely = store.files_table("lonely").parent
    lonely.mkdir()
    clean_up(store)
    assert not half.parent.exists()
    assert not lonely.exists()


def test_a_committed_ingest_is_never_discarded(store):
    ingest(store, "a")
    store.discard("a")
    assert read(store, "a", [0]) == [(5, SECOND, 1.5, 0)]
    claimed(store, "b")
    store.discard("b")
    assert not store.points_folder("b").exists()


# -- damage -----------------------------------------------------------------------------------------


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def foreign(path):
    duckdb.sql(f"COPY (SELECT 1 AS something) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize("damage", [truncate, empty, foreign, os.unlink])
def test_a_damaged_part_is_named_with_what_to_do(store, damage):
    ingest(store, "a")
    damage(store.part("a", 0))
    with pytest.raises(RunError) as caught:
        read(store, "a", [0])
    assert f"Delete the folder {store.root / 'files' / 'ingest=a'}" in caught.value.message
    assert "damaged" in caught.value.message


@pytest.mark.parametrize("damage", [truncate, empty, foreign])
def test_a_damaged_commit_is_named_and_deleting_it_mends_the_store(store, damage):
    ingest(store, "a")
    damage(store.files_table("a"))
    with pytest.raises(RunError) as caught:
        store.read_files("a")
    assert f"Delete the folder {store.root / 'files' / 'ingest=a'}" in caught.value.message
    store.files_table("a").unlink()
    assert store.ingests() == []


def test_other_files_in_the_store_are_let_be(store):
    ingest(store, "a")
    for folder in (store.root, store.root / "points", store.root / "files"):
        (folder / "notes.txt").write_bytes(b"mine")
        (folder / "old").mkdir()
    assert store.ingests() == ["a"]
    assert clean_up(store) == []
    assert (store.root / "points" / "notes.txt").exists()


def test_a_store_that_cannot_be_a_folder_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="could not open the point store"):
        PointStore.open(str(tmp_path / "file"), DecodeRules())
