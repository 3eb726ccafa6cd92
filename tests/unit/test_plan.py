"""What a run has to do: which files are new, how tasks are cut, what a run has to say of the files."""

import json
import os
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.contract.spec import DecodeRules, FieldMapping
from roadpulse.aggregation.runners import selection as selecting
from roadpulse.aggregation.runners.plan import decode_tasks, summary_tasks
from roadpulse.aggregation.runners.selection import Selection, known_files, select, superseded
from roadpulse.aggregation.storage import TripFile
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import FAULTS, FileRecord, PointStore
from roadpulse.aggregation.store.tally import BAD_FILES_NAMED, BadFile, Example, FileTally

LIMIT = 1 << 20


def trip_file(name, size=10, version="v1"):
    return TripFile(f"/t/{name}", size, version)


def record(name, number=None, version="v1", **values):
    number = ord(name[0]) - ord("a") if number is None else number
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
    """The files that count, whose numbers are their places in the alphabet."""
    return {
        ingest: [chr(ord("a") + number) for number in numbers]
        for ingest, numbers in selection.numbers().items()
    }


def new(selection):
    return [file.path[3:] for file in selection.new]


def test_only_new_and_changed_files_are_read(store):
    store.has("one", record("a"), record("b"), record("gone"))
    selection = select([trip_file("a"), trip_file("b", version="v2"), trip_file("c")], store, limit=LIMIT)
    assert (chosen(selection), new(selection)) == ({"one": ["a"]}, ["b", "c"])


def test_a_file_of_another_size_is_another_version(store):
    store.has("one", record("a"))
    assert new(select([trip_file("a", size=11)], store, limit=LIMIT)) == ["a"]


def test_the_known_files_are_those_that_a_selection_finds(store):
    assert not known_files(store)(trip_file("a"))
    store.has("one", record("a"), record("b", reason="changed", passing=True), record("c", version="v0"))
    store.has("two", record("a"), record("d"), record("e", limit=LIMIT * 2))
    listed = list(map(trip_file, "abcdef"))
    unknown = [file for file in listed if not known_files(store, limit=LIMIT)(file)]
    assert unknown == list(select(listed, store, limit=LIMIT).new)
    assert [file.path for file in unknown] == ["/t/b", "/t/c", "/t/e", "/t/f"]


def test_records_are_looked_up_in_portions(store, monkeypatch):
    monkeypatch.setattr(selecting, "RECORDS_AT_ONCE", 3)
    letters = "abcdefghijk"
    store.has("one", *map(record, letters))
    selection = select(list(map(trip_file, "acdefghijz")), store, limit=LIMIT)
    assert (chosen(selection), new(selection)) == ({"one": list("acdefghij")}, ["z"])
    assert selection.tally.files == 9


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


def test_a_record_is_superseded_by_another_version_of_its_file():
    listed = [trip_file("a"), trip_file("b", version="v2"), trip_file("c", size=11)]
    records = [record(name) for name in "abcd"]
    assert [superseded(listed)(each) for each in records] == [False, True, True, False]
    assert [superseded(listed, only_these=True)(each) for each in records] == [False, True, True, True]
    assert not superseded([])(records[0])


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
    one, two = (selection.trips()[name][np.arange(6, dtype=np.int32)] for name in ("one", "two"))
    assert one[0] == two[0]
    assert one[2] == -1
    assert len({one[0], one[1], one[3], two[1]}) == 4


@pytest.mark.parametrize("seed", range(5))
def test_trips_by_their_ids_are_those_of_a_plain_dictionary(seed):
    chance, selection, plain, n = random.Random(seed), Selection(), {}, 0
    for ingest in ("one", "two"):
        names = [chance.choice(["", f"{chance.randrange(20)}"]) for _ in range(50)]
        for number in range(0, 50, 10):
            taken = [record(f"{n + i}", number + i, trip_id=names[number + i], counted=1) for i in range(10)]
            selection.take(ingest, taken)
            plain.update(((ingest, r.number), r.trip_id or f"own {r.path}") for r in taken)
            n += 10
    trips = selection.trips()
    found = {key: int(trips[key[0]][key[1]]) for key in plain}
    assert sorted(set(found.values())) == list(range(len(set(plain.values()))))
    assert len(set(zip(found.values(), plain.values()))) == len(set(plain.values()))


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


@given(st.integers(0, 5 * 10**9), st.integers(1, 500))
def test_summary_tasks_cover_every_bucket_once(n_points, workers):
    tasks = summary_tasks(n_points, workers)
    assert [task.number for task in tasks] == list(range(len(tasks)))
    assert [tasks[0].first, *(task.end for task in tasks)] == [
        i * BUCKETS // len(tasks) for i in range(len(tasks) + 1)
    ]
    assert all(task.end == after.first for task, after in zip(tasks, tasks[1:]))
    assert n_points / len(tasks) <= 4_000_000 or len(tasks) == BUCKETS


def test_more_summary_tasks_are_for_more_workers_or_a_full_task():
    """Every task opens every part of the store, so their number does not grow with each point."""
    assert [len(summary_tasks(n, workers=2)) for n in (0, 10**5, 10**6, 4 * 10**6, 16 * 10**6)] == [
        1,
        1,
        3,
        8,
        8,
    ]
    assert len(summary_tasks(16 * 10**6, workers=8)) == 32
    assert len(summary_tasks(10**6, workers=500)) == 3
    assert len(summary_tasks(80 * 10**6, workers=2)) == 20


# -- what there is to say ---------------------------------------------------------------------------


def faults(**counts):
    return tuple(counts.get(name, 0) for name in FAULTS)


def test_faults_are_summed_by_reason():
    records = [record("a", faults=faults(no_link=2, no_time=1)), record("b", faults=faults(no_link=3))]
    assert FileTally(records).faults == {"no_link": 5, "no_time": 1}


@pytest.mark.parametrize("seed", range(5))
def test_a_tally_does_not_depend_on_the_order_of_the_files(seed):
    """Against the plain look at all records, sorted by path."""
    chance = random.Random(seed)
    records = [
        record(
            f"{n:05d}",
            n,
            points=n % 3,
            counted=n % 3 and n % 2,
            reason="" if n % 5 else chance.choice(["empty", "bad_json"]),
            message=f"m{n}",
            faults=faults(no_link=n % 4, stationary=n % 7),
            examples=json.dumps({"no_link": f"value {n}"}) if n % 4 else "",
        )
        for n in range(6000)
    ]
    shuffled = chance.sample(records, len(records))
    tally = FileTally(shuffled[:100])
    tally.add(shuffled[100:])
    bad = [BadFile(r.path, r.reason, r.message) for r in records if r.reason]
    assert tally.bad == bad[:BAD_FILES_NAMED]
    assert (tally.files, tally.n_bad, tally.points) == (6000, len(bad), sum(r.points for r in records))
    assert tally.bad_by_reason["empty"] == sum(found.reason == "empty" for found in bad)
    assert tally.counted == sum(r.counted for r in records)
    assert tally.faults["no_link"] == sum(n % 4 for n in range(6000))
    assert tally.faults["stationary"] == sum(n % 7 for n in range(6000))
    assert tally.left_out == sum(not r.counted and n % 7 > 0 for n, r in enumerate(records))
    assert tally.examples == {"no_link": Example("value 1", "/t/00001")}
    assert (tally.first_used, tally.one_trip) == ("/t/00001", False)


def test_points_of_one_trip_are_known_as_such():
    one = [record("b", points=1, counted=1, trip_id="7"), record("a", points=1, counted=1, trip_id="7")]
    assert (FileTally(one).first_used, FileTally(one).one_trip) == ("/t/a", True)
    assert FileTally([*one, record("c", points=5)]).one_trip
    assert not FileTally([*one, record("7", 0, points=1, counted=1)]).one_trip


def test_points_of_which_none_can_be_used_are_told_with_the_fields_they_have():
    records = [
        record("a", points=9, fields="id, velocity", faults=faults(no_link=9, no_speed=8)),
        record("b", reason="empty"),
    ]
    message = FileTally(records).unusable(FieldMapping())
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
    message = FileTally(records).unusable(FieldMapping())
    assert all(words in message for words in ("None of the 2 trip files", "/t/a", "no array in field 'data'"))


def test_one_point_or_an_empty_trip_is_enough_to_go_on():
    assert FileTally([record("a", points=9), record("b", points=9, counted=1)]).unusable(FieldMapping()) == ""
    assert FileTally([record("a"), record("b", reason="empty")]).unusable(FieldMapping()) == ""
    assert FileTally([]).unusable(FieldMapping()) == ""
