"""What a run has to do: which files are new, how tasks are cut, what a run has to say of the files."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.contract.spec import DecodeRules, FieldMapping
from roadpulse.aggregation.runners.plan import Selection, decode_tasks, select, summary_tasks
from roadpulse.aggregation.storage import TripFile
from roadpulse.aggregation.store.decode import faults_of, unusable
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import FAULTS, FileRecord, PointStore

LIMIT = 1 << 20


def trip_file(name, size=10, version="v1"):
    return TripFile(f"/t/{name}", size, version)


def record(name, number=0, version="v1", **values):
    return FileRecord(
        number, values.pop("part", 0), f"/t/{name}", 10, version, values.pop("limit", LIMIT), **values
    )


@pytest.fixture
def store(tmp_path):
    store = PointStore.open(str(tmp_path), DecodeRules())

    def commit(name, *records):
        store.begin(name)
        store.commit(name, list(records))
        os.utime(store.files_table(name), (len(store.ingests()),) * 2)

    object.__setattr__(store, "has", commit)
    return store


def chosen(selection):
    return {ingest: [r.path[3:] for r in records] for ingest, records in selection.records.items()}


def new(selection):
    return [file.path[3:] for file in selection.new]


def test_only_new_and_changed_files_are_read(store):
    store.has("one", record("a"), record("b"), record("gone"))
    selection = select([trip_file("b", version="v2"), trip_file("a"), trip_file("c")], store, limit=LIMIT)
    assert (chosen(selection), new(selection)) == ({"one": ["a"]}, ["b", "c"])


def test_a_file_of_another_size_is_another_version(store):
    store.has("one", record("a"))
    assert new(select([trip_file("a", size=11)], store, limit=LIMIT)) == ["a"]


def test_where_two_runs_took_in_a_file_it_counts_once(store):
    store.has("one", record("a"), record("b"))
    store.has("two", record("b"), record("c"))
    selection = select([trip_file("a"), trip_file("b"), trip_file("c")], store, limit=LIMIT)
    assert (chosen(selection), new(selection)) == ({"one": ["a", "b"], "two": ["c"]}, [])


def test_an_earlier_version_counts_again_when_it_is_back(store):
    store.has("one", record("a", version="v1"))
    store.has("two", record("a", version="v2"))
    assert chosen(select([trip_file("a", version="v2")], store, limit=LIMIT)) == {"two": ["a"]}
    assert chosen(select([trip_file("a", version="v1")], store, limit=LIMIT)) == {"one": ["a"]}


def test_faults_of_the_moment_are_tried_again_and_others_are_not(store):
    store.has("one", record("a", reason="changed", passing=True), record("b", reason="bad_json"))
    selection = select([trip_file("a"), trip_file("b")], store, limit=LIMIT)
    assert (chosen(selection), new(selection)) == ({"one": ["b"]}, ["a"])


@pytest.mark.parametrize(
    ("was", "limit", "read_again"),
    [
        ({}, LIMIT, False),
        ({}, LIMIT * 2, False),
        ({}, LIMIT // 2, True),
        ({"reason": "too_large"}, LIMIT, False),
        ({"reason": "too_large"}, LIMIT // 2, False),
        ({"reason": "too_large"}, LIMIT * 2, True),
        ({"reason": "bad_json"}, LIMIT * 2, False),
    ],
)
def test_a_file_is_read_again_where_another_limit_may_change_what_it_is(store, was, limit, read_again):
    store.has("one", record("a", **was))
    assert bool(select([trip_file("a")], store, limit=limit).new) is read_again


# -- trips ------------------------------------------------------------------------------------------


def test_files_that_name_one_trip_are_parts_of_it_across_ingests():
    selection = Selection()
    selection.take(
        "one",
        [
            record("a", 0, trip_id="7", counted=1),
            record("b", 1, counted=1),
            record("c", 3, trip_id="8", counted=1),
        ],
    )
    selection.take("two", [record("d", 0, trip_id="7", counted=1), record("e", 1, trip_id="/t/b", counted=1)])
    one, two = selection.trips()["one"], selection.trips()["two"]
    assert one[0] == two[0]
    assert one[2] == -1
    assert len({one[0], one[1], one[3], two[1]}) == 4


def test_only_parts_with_points_that_count_are_read():
    selection = Selection()
    selection.take(
        "one", [record("a", 0, part=0, counted=1), record("b", 1, part=1), record("c", 2, part=2, counted=1)]
    )
    selection.take("two", [record("d", 0, reason="bad_json")])
    assert selection.parts() == {"one": [0, 2]}


# -- tasks ------------------------------------------------------------------------------------------

sizes = st.lists(st.integers(0, 300 << 20), max_size=60)


@given(sizes, st.integers(1, 64))
def test_decode_tasks_hold_every_file_once_and_in_order(found, workers):
    files = [trip_file(f"{n:03d}.json{'.gz' * (n % 2)}", size) for n, size in enumerate(found)]
    tasks = decode_tasks(files, workers)
    assert [file for task in tasks for file in task.files] == files
    assert [task.part for task in tasks] == list(range(len(tasks)))
    numbers = [task.first_number + i for task in tasks for i in range(len(task.files))]
    assert numbers == list(range(len(files)))
    for task in tasks:
        size = sum(f.size * (8 if f.path.endswith(".gz") else 1) for f in task.files)
        assert len(task.files) == 1 or size <= 160 << 20


def test_many_files_are_spread_over_all_workers():
    files = [trip_file(f"{n:05d}.json", 300_000) for n in range(2000)]
    assert len(decode_tasks(files, 4)) >= 4
    assert len(decode_tasks(files, 32)) >= 32


@pytest.mark.parametrize("workers", [1, 2, 3, 16])
@pytest.mark.parametrize("max_bytes", [96 << 20, None])
def test_no_worker_is_idle_for_long_while_another_one_still_decodes(workers, max_bytes):
    for n in range(3000, 3100, 13):
        tasks = decode_tasks([trip_file(f"{i:05d}.json", 460_000) for i in range(n)], workers, max_bytes)
        ends = [0] * workers
        for task in tasks:
            ends[ends.index(min(ends))] += len(task.files)
        assert max(ends) <= 1.03 * n / workers


@given(st.integers(0, 5 * 10**9))
def test_summary_tasks_cover_every_bucket_once(n_points):
    tasks = summary_tasks(n_points)
    assert [task.number for task in tasks] == list(range(len(tasks)))
    assert [(task.first, task.end) for task in tasks] == [
        (i * BUCKETS // len(tasks), (i + 1) * BUCKETS // len(tasks)) for i in range(len(tasks))
    ]
    assert n_points / len(tasks) <= 800_000 or len(tasks) == BUCKETS


# -- what there is to say ---------------------------------------------------------------------------


def faults(**counts):
    return tuple(counts.get(name, 0) for name in FAULTS)


def test_faults_are_summed_by_reason():
    records = [record("a", faults=faults(no_link=2, no_time=1)), record("b", faults=faults(no_link=3))]
    assert faults_of(records) == {"no_link": 5, "no_time": 1}


def test_points_of_which_none_can_be_used_are_told_with_the_fields_they_have():
    records = [
        record("a", points=9, fields="id, velocity", faults=faults(no_link=9, no_speed=8)),
        record("b", reason="empty"),
    ]
    message = unusable(records, FieldMapping())
    for words in (
        "9 points",
        "no link id",
        "'dbResponse.linkID'",
        "'absVelocity'",
        "/t/a",
        "id, velocity",
        "Correct",
    ):
        assert words in message


def test_files_of_which_none_can_be_used_are_told_with_the_first():
    records = [
        record("a", reason="no_points", message="no array in field 'data'"),
        record("b", reason="empty"),
    ]
    message = unusable(records, FieldMapping())
    assert all(words in message for words in ("None of the 2 trip files", "/t/a", "no array in field 'data'"))


def test_one_point_or_an_empty_trip_is_enough_to_go_on():
    assert unusable([record("a", points=9), record("b", points=9, counted=1)], FieldMapping()) == ""
    assert unusable([record("a"), record("b", reason="empty")], FieldMapping()) == ""
    assert unusable([], FieldMapping()) == ""
