"""What a task takes beyond a worker's start, whatever it works on: measured in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.days import Days, DaySet, Period
from roadpulse.aggregation.contract.spec import DecodeRules, FieldMapping, RunSpec, Trim
from roadpulse.aggregation.contract.statistic import all_keys
from roadpulse.aggregation.runners.node_tasks import DECODE, SUMMARISE
from roadpulse.aggregation.runners.plan import decode_tasks
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store.decode import DecodeContext, DecodeTask, decode, in_order
from roadpulse.aggregation.store.file_numbers import NumberTable
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.store.traversals import traversals_of
from roadpulse.aggregation.summary.result_tables import merge
from roadpulse.aggregation.summary.summarise import SummaryContext, SummaryTask, save_trips, summarise
from roadpulse.tests.engine import PLUGINS, point

ROOM = 36
"""MB: of the 150 that a worker may take, 112 are Spark's and the packages' before its first task."""

WORKER = """
import pickle, sys
from roadpulse.aggregation.store import decode; from roadpulse.aggregation.summary import summarise
from roadpulse.aggregation.storage.local.database import connect
from roadpulse.aggregation.runners.memory import give_back, peak_memory
from roadpulse.aggregation.contract.statistic import all_keys
from roadpulse.aggregation.runners.node_tasks import TaskFunction
from roadpulse.aggregation.runners.worker_memory import bounds
step, task, context, megabytes = pickle.load(sys.stdin.buffer)
connect().execute("SELECT 1")
give_back()
started = peak_memory()
TaskFunction(step, None, context, 1)._carry_out(task, 0, 0, bounds(megabytes))
print(peak_memory() - started)
"""

needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
pytestmark = needs_linux


def taken(step: str, task: Any, context: Any, megabytes: int = 150) -> float:
    """MB that a worker's process takes for a task if it may take `megabytes` in all."""
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS), "MALLOC_ARENA_MAX": "1"}
    given = pickle.dumps((step, pickle.dumps(task), pickle.dumps(context), megabytes))
    done = subprocess.run(
        [sys.executable, "-c", WORKER], input=given, stdout=subprocess.PIPE, check=True, env=environment
    )
    return float(done.stdout)


def decoding(
    folder: Path, trips: Path, rules: DecodeRules = DecodeRules()  # noqa: B008  (frozen)
) -> tuple[DecodeTask, DecodeContext]:  # fmt: skip
    """The largest task of reading some trips on Spark, and its context."""
    tasks = decode_tasks(storage.list_trips(str(trips)), workers=1)
    store = PointStore.open(str(folder / "store"), rules)
    context = DecodeContext(store, "one", rules, 256 << 20, True)
    return max(tasks, key=lambda task: len(task.files)), context


def large_trip(
    path: Path, megabytes: int, opened: Callable[..., Any] = open, points_of_link: int = 40
) -> int:
    """Write a trip of so many MB of JSON; returns its number of points."""
    some = [{**point(n, str(n // points_of_link)), "note": "x" * 180} for n in range(4000)]
    text = json.dumps(some)[1:-1].encode()
    times = megabytes * 1_000_000 // len(text)
    with opened(path, "wb") as file:
        file.write(b'{"data": [' + text)
        for _ in range(times - 1):
            file.write(b", " + text)
        file.write(b"]}")
    return times * len(some)


@pytest.mark.parametrize(("megabytes", "opened"), [(20, open), (100, open), (60, gzip.open)])
def test_a_trip_file_of_any_size(tmp_path: Path, megabytes: int, opened: Callable[..., Any]) -> None:
    trips = tmp_path / "trips"
    trips.mkdir()
    packed = opened is gzip.open
    n = large_trip(trips / ("a.json.gz" if packed else "a.json"), megabytes, opened)
    task, context = decoding(tmp_path, trips)
    assert taken(DECODE, task, context) <= ROOM
    found = list(context.store.read_points("one", [0], 0, BUCKETS))
    assert sum(len(columns["link_id"]) for columns in found) == n


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_of_any_size(tmp_path: Path, form: str) -> None:
    trips = tmp_path / "trips"
    trips.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'trip ' || n // 400 AS trip, 1750000000 + n AS time, n % 90 / 4 AS v, "
            "4575425000 + n // 20 % 20000 AS link, repeat('x', 40) AS note FROM range(1000000) AS numbers(n)"
            f") TO '{trips}/a.{form}' (FORMAT {form})"
        )
    mapping = FieldMapping(link_id="link", speed="v", time="time", trip_id="trip")
    task, context = decoding(tmp_path, trips, DecodeRules(mapping))
    assert taken(DECODE, task, context) <= ROOM


def test_a_large_trip_of_which_the_ends_are_left_out(tmp_path: Path) -> None:
    """Each of its points is a traversal."""
    trips = tmp_path / "trips"
    trips.mkdir()
    n = large_trip(trips / "a.json", 60, points_of_link=1)
    rules = DecodeRules(FieldMapping(longitude="lon", latitude="lat"), "km/h", Trim(180, 1000, 60))
    task, context = decoding(tmp_path, trips, rules)
    assert taken(DECODE, task, context) <= ROOM
    passages = [len(some["n"]) for some in context.store.read_traversals("one", [0], 0, BUCKETS)]
    assert 0.9 * n < sum(passages) < n


def test_ten_thousand_files(tmp_path: Path) -> None:
    trips = tmp_path / "trips"
    trips.mkdir()
    content = json.dumps({"data": [point(n) for n in range(5)]})
    for number in range(10_000):
        (trips / f"a-vehicle-of-the-fleet-{number:06d}.json").write_text(content, encoding="utf-8")
    task, context = decoding(tmp_path, trips)
    assert taken(DECODE, task, context) <= ROOM


NAMED = Days("named", (DaySet("Mon-Wed", (1, 2, 3)), DaySet("Tue", (2,)), DaySet("any")))
COMPUTED = {
    "default": {},
    "every statistic": {"statistics": all_keys()},
    "every statistic, dates": {"statistics": all_keys(), "days": Days("dates"), "bin_minutes": 5},
    "every statistic, sets that overlap, periods": {
        "statistics": all_keys(),
        "days": NAMED,
        "periods": (Period("Day", DaySet("Day")), Period("Night", DaySet("Night"), 1320, 360)),
    },
}


LONG = ("every statistic", "every statistic, dates")
"""What takes less than the last one, which has sets that overlap and a third table."""


@pytest.mark.parametrize(
    ("megabytes", "entries"),
    [
        pytest.param(150, entries, id=name, marks=pytest.mark.long if name in LONG else ())
        for name, entries in COMPUTED.items()
    ]
    + [pytest.param(400, {}, id="default, 400 MB")],
)
def test_a_link_with_any_number_of_points(tmp_path: Path, megabytes: int, entries: dict[str, Any]) -> None:
    """Two million points, nearly all of one link, in parts as one computer writes them."""
    random = np.random.default_rng(5)
    n = 500_000
    store = PointStore.open(str(tmp_path / "store"), DecodeRules())
    for part in range(4):
        link_id = np.where(random.random(n) < 0.97, 77, random.integers(1, 2000, n))
        time = 1_749_500_000_000_000 + random.integers(0, 86_400 * 9, n) * 1_000_000
        speed, file = np.round(random.random(n) * 40, 3), (np.arange(n) // 4000).astype(np.int32)
        store.write_part("one", part, in_order(link_id, time, speed, file))
        store.write_traversals("one", part, traversals_of(link_id, time, speed, file, "m/s"))
    numbers = np.arange(125, dtype=np.int32)
    save_trips(LocalPath(tmp_path) / "trips.npz", {"one": NumberTable.of(numbers, numbers)})
    entries = {"speed_unit": "m/s", "time_zone": "Europe/London", "bin_minutes": 15, **entries}
    spec = RunSpec("trips", "store", **entries)
    context = SummaryContext(
        store,
        spec,
        {"one": [0, 1, 2, 3]},
        LocalPath(tmp_path) / "trips.npz",
        LocalPath(tmp_path) / "work",
    )
    task = SummaryTask(0, 0, 4096)
    assert taken(SUMMARISE, task, context, megabytes) <= ROOM + megabytes - 150
    whole = replace(context, results=LocalPath(tmp_path) / "whole", slice_points=0)
    summarise(task, whole)
    assert tables(context) == tables(whole)


def tables(context: SummaryContext) -> list[bytes]:
    """The tables of a run of one task."""
    merge(context.results, context.results / "merged", [0], context.spec)
    return [path.read_bytes() for path in sorted(Path(str(context.results), "merged").glob("*.csv"))]


def test_a_large_file_gives_the_points_of_the_same_trip_in_small_ones(tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "small").mkdir()
    large_trip(tmp_path / "large/a.json", 30)
    large_trip(tmp_path / "small/a.json", 1)
    columns = {}
    for name in ("large", "small"):
        task, context = decoding(tmp_path / name, tmp_path / name)
        (record,) = decode(task, context, lambda *_: None)
        assert not record.reason
        found = list(context.store.read_points("one", [record.part], 0, BUCKETS))
        columns[name] = np.unique(np.concatenate([some["link_id"] for some in found]), return_counts=True)
    assert np.array_equal(columns["large"][0], columns["small"][0])
    assert np.all(columns["large"][1] % columns["small"][1] == 0)
