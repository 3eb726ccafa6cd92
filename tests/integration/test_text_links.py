"""Link ids that are texts: the same statistics as with numbers, whatever the way."""

import csv
import io
import json
import random

import duckdb
import pytest

from roadpulse.aggregation.contract import link_ids
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.runners import plan
from roadpulse.aggregation.store.compaction import merge, remove_replaced
from roadpulse.aggregation.store.point_store import stores_in
from roadpulse.tests.engine import Engine, point

N_TRIPS, N_LINKS = 24, 30
TEXTS = ["110+04099", "110-04099", "1234e5", 'a "quoted", id', "Süd 7", "-x"]
TEXTS += [f"08f28308{n:08x}" for n in range(N_LINKS - len(TEXTS))]
PERIODS = {"night": {"from": "22:00", "to": "06:00"}}


def write(engine, name):
    """Write the same trips with each link's id as `name` has it; every seventh point has none."""
    draw = random.Random(5)
    for n in range(N_TRIPS):
        points = [
            point(draw.randrange(40000), None if i % 7 == 0 else name(draw.randrange(N_LINKS)), draw.random())
            for i in range(120)
        ]
        engine.write(f"trip {n}.json", points)
    engine.settle()


@pytest.fixture
def numbers(tmp_path):
    (tmp_path / "numbers").mkdir()
    engine = Engine(tmp_path / "numbers")
    write(engine, lambda link: 1000 + link)
    return engine


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "texts").mkdir()
    engine = Engine(tmp_path / "texts")
    write(engine, lambda link: TEXTS[link])
    return engine


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_texts_as_ids_give_the_statistics_of_numbers_in_the_order_of_the_texts(numbers, texts):
    expected, found = (engine.run_here(periods=PERIODS) for engine in (numbers, texts))
    for table in ("link_speeds", "link_speeds_by_time", "link_speeds_by_period"):
        header, *body = rows(expected.csv(table))
        named = [[TEXTS[int(link) - 1000], *values] for link, *values in body]
        assert rows(found.csv(table)) == [header, *sorted(named, key=lambda row: row[0])]
    assert found.manifest["points"] == expected.manifest["points"]
    assert [m.manifest["link_ids"] for m in (expected, found)] == ["integer", "text"]
    kinds = [
        json.loads(one.sidecar)["resources"][0]["schema"]["fields"][0]["type"] for one in (expected, found)
    ]
    assert kinds == ["integer", "string"]


def test_workers_tasks_and_the_store_change_no_bit(texts, monkeypatch):
    one = texts.finish(workers=1)
    four = texts.finish(workers=4, store=str(texts.folder / "other store"))
    assert (one.hashes, one.sidecar) == (four.hashes, four.sidecar)
    again = texts.run_here()
    assert (again.hashes, again.manifest["files"]["decoded"]) == (one.hashes, 0)
    monkeypatch.setattr(plan, "POINTS_PER_TASK", 100)
    monkeypatch.setattr(plan, "MIN_TASK_BYTES", 1 << 15)
    monkeypatch.setattr(plan, "MAX_TASK_BYTES", 1 << 15)
    assert texts.run_here(store=str(texts.folder / "third store")).hashes == one.hashes


@pytest.mark.parametrize("part_points", [0, 100, 150])
def test_a_file_of_many_trips_has_the_same_statistics(texts, monkeypatch, part_points):
    """In one part of the store, and in parts for some trips, of which one has no text."""
    for path in sorted(texts.trips.iterdir())[:4]:
        path.write_text(json.dumps({"data": [point(n, 7 + n % 3, n) for n in range(110)]}))
    expected = texts.run_here()
    trips = [json.loads(path.read_text()) for path in sorted(texts.trips.iterdir())]
    for path in texts.trips.iterdir():
        path.unlink()
    day = [{"id": f"trip {n}", **found} for n, found in enumerate(trips)]
    texts.write("day.jsonl", "\n".join(map(json.dumps, day)).encode())
    if part_points:
        monkeypatch.setattr("roadpulse.aggregation.store.decode._HELD", part_points)
    found = texts.run_here(mapping={"trip_id": "id"}, store=str(texts.folder / "other"))
    assert found.hashes == expected.hashes
    assert found.csv().splitlines()[1].startswith("7,")


def test_the_store_says_which_text_each_key_stands_for(texts):
    texts.run_here()
    parts = [str(path) for path in texts.store.rglob("links/*/part-*.parquet")]
    found = duckdb.sql(f"SELECT link_id, text FROM read_parquet({parts}) ORDER BY 2").fetchall()
    assert found == sorted(((link_ids.key_of(text), text) for text in TEXTS), key=lambda row: row[1])


def test_a_store_of_numbers_has_no_texts(numbers):
    numbers.run_here()
    assert not list(numbers.store.rglob("links"))


def test_merged_parts_have_their_texts(texts, monkeypatch):
    monkeypatch.setattr("roadpulse.aggregation.store.compaction.GRACE", -1.0)
    first = texts.run_here()
    write_more = [point(5, TEXTS[0], 9.0), point(6, "only here", 9.0)]
    texts.write("more.json", write_more)
    texts.settle()
    both = texts.run_here()
    (store,) = stores_in(str(texts.store))
    assert merge(store, store.ingests()).left_out == 0
    assert len(remove_replaced(store)) == 2
    again = texts.run_here()
    assert (again.hashes, again.manifest["files"]["decoded"]) == (both.hashes, 0)
    assert both.hashes != first.hashes


def test_signed_numbers_and_texts_stand_side_by_side_in_order(texts):
    for path in texts.trips.iterdir():
        path.unlink()
    texts.write("a.json", [point(1, link, 5) for link in (-7, "b", 12, "a", "-11", "007", 3, "-b", "7.0")])
    found = texts.run_here()
    assert [row[:2] for row in rows(found.csv())[1:]] == [
        ["-11", "1"], ["-7", "1"], ["3", "1"], ["7", "2"], ["12", "1"], ["-b", "1"], ["a", "1"], ["b", "1"],
    ]  # fmt: skip


def test_the_direction_of_a_field_gives_each_direction_an_id(numbers):
    for path in numbers.trips.iterdir():
        path.unlink()
    points = [{**point(n, 101, 20 if n % 2 else 60), "dir": "F" if n % 2 else "T"} for n in range(10)]
    numbers.write("a.json", points)
    found = numbers.run_here(mapping={"direction": "dir"})
    assert [row[:4] for row in rows(found.csv())[1:]] == [
        ["-101", "5", "1", "60.0"],
        ["101", "5", "1", "20.0"],
    ]


def test_two_texts_with_one_key_stop_the_run_wherever_they_are(texts, monkeypatch):
    monkeypatch.setattr(link_ids, "hash_of", lambda text: 5 if text[:1] == "1" else len(text) << 30)
    for path in texts.trips.iterdir():
        path.unlink()
    texts.write("a.json", [point(1, "11", 5), point(1, "1a", 5)])
    texts.run_here()
    texts.write("b.json", [point(1, "1b", 5)])
    with pytest.raises(RunError, match="'1a' and '1b' have the same key"):
        texts.run_here()


def test_texts_that_are_gone_from_the_store_are_said_to_be(texts):
    texts.run_here()
    for path in texts.store.rglob("links/*/part-*.parquet"):
        path.unlink()
    with pytest.raises(RunError, match="The point store is damaged"):
        texts.run_here()


@pytest.mark.parametrize("alone", [False, True])
def test_a_number_that_is_the_key_of_a_text_is_named(tmp_path, monkeypatch, alone):
    """In files of one task, and of tasks that know nothing of each other; also found in the store later."""
    monkeypatch.setattr(link_ids, "hash_of", lambda text: 4711 if text == "AB7" else len(text))
    engine = Engine(tmp_path)
    engine.write("a number.json", [point(n, 4711, 20) for n in range(500)])
    engine.write("text.json", [point(n, "AB7", 20) for n in range(500)])
    if alone:
        monkeypatch.setattr(plan, "MIN_TASK_BYTES", 1)
        monkeypatch.setattr(plan, "MAX_TASK_BYTES", 1)
    engine.settle()
    for _ in range(2):
        with pytest.raises(RunError, match=r"(?s)AB7.*4711.*same key"):
            engine.run_here()
    (engine.trips / "text.json").unlink()
    assert engine.run_here().csv().splitlines()[1].startswith("4711,")
