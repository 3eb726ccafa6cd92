"""Traversals against a plain loop written from their definition, whole and in portions, and in the store."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple, Optional

import duckdb
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.spec import METRES_PER_SECOND, DecodeRules
from roadpulse.aggregation.storage.spill import spill
from roadpulse.aggregation.store import decode as decoding
from roadpulse.aggregation.store.decode import DecodeContext, DecodeTask, decode
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.store.traversals import long_traversals, traversals_of
from roadpulse.aggregation.trips.times import NO_TIME

SECOND = 1_000_000


class Point(NamedTuple):
    """A point of a trip; `time` in µs since 1970."""

    link: int
    time: Optional[int]
    speed: float


class Passage(NamedTuple):
    """A traversal, as the design has it."""

    link_id: int
    entry: Optional[int]
    exit: Optional[int]
    n: int
    mean: float
    min: float
    weighted: float
    seconds: float
    brakes: int
    file: int
    seq: int


def durations(trip: list[Point]) -> list[float]:
    """Seconds that each point of a trip lasts."""
    lasting = [0.0] * len(trip)
    timed = [i for i, point in enumerate(trip) if point.time is not None]
    for i, after in zip(timed, timed[1:]):
        step = trip[after].time - trip[i].time  # type: ignore[operator]
        lasting[i] = min(max(step, 0), 30 * SECOND) / 1e6
    if timed:
        lasting[timed[-1]] = lasting[timed[-2]] if len(timed) > 1 else 1.0
    return lasting


def passages(trip: list[Point], file: int, unit: str) -> list[Passage]:
    """The traversals of a trip in its order."""
    stretches: list[list[int]] = []
    last_time: Optional[int] = None
    for i, point in enumerate(trip):
        ends = not stretches or trip[stretches[-1][-1]].link != point.link
        if not ends and point.time is not None and last_time is not None:
            ends = point.time - last_time > 120 * SECOND or point.time < last_time
        if ends:
            stretches.append([])
            last_time = None
        stretches[-1].append(i)
        last_time = last_time if point.time is None else point.time
    lasting = durations(trip)
    found = []
    for seq, stretch in enumerate(stretches):
        total = weighted = seconds = 0.0
        brakes = 0
        before: Optional[Point] = None
        times = [trip[i].time for i in stretch if trip[i].time is not None]
        for i in stretch:
            point = trip[i]
            total += point.speed
            weighted += point.speed * lasting[i]
            seconds += lasting[i]
            if point.time is None:
                continue
            if before is not None:
                step = (point.time - before.time) / 1e6  # type: ignore[operator]
                if 0 < step <= 5 and (before.speed - point.speed) * METRES_PER_SECOND[unit] / step > 3:
                    brakes += 1
            before = point
        low = float(np.float32(min(trip[i].speed for i in stretch)))
        found.append(
            Passage(
                trip[stretch[0]].link, times[0] if times else None, times[-1] if times else None,
                len(stretch), total / len(stretch), low, weighted, seconds, brakes, file, seq,
            )
        )  # fmt: skip
    return found


def expected(trips: list[list[Point]], unit: str) -> list[Passage]:
    """The traversals of files in the order of a part."""
    found = [passage for file, trip in enumerate(trips) for passage in passages(trip, file, unit)]

    def place(passage: Passage) -> tuple[int, int, int]:
        bucket = (passage.link_id * 11400714819323198485 % 2**64) >> 52
        return bucket, passage.link_id, NO_TIME if passage.entry is None else passage.entry

    return sorted(found, key=place)


def arrays(trip: list[Point]) -> tuple[Any, Any, Any]:
    return (
        np.array([point.link for point in trip], dtype=np.int64),
        np.array([NO_TIME if point.time is None else point.time for point in trip], dtype=np.int64),
        np.array([point.speed for point in trip], dtype=np.float64),
    )


def rows(columns: dict[str, Any]) -> list[Passage]:
    lists = {name: columns[name].tolist() for name in Passage._fields}
    for name in ("entry", "exit"):
        lists[name] = [None if time == NO_TIME else time for time in lists[name]]
    return [Passage(*row) for row in zip(*lists.values())]


def whole(trips: list[list[Point]], unit: str) -> list[Passage]:
    link, time, speed = (np.concatenate(column) for column in zip(*map(arrays, trips)))
    file = np.repeat(np.arange(len(trips), dtype=np.int32), [len(trip) for trip in trips])
    return rows(traversals_of(link, time, speed, file, unit))


def in_portions(trip: list[Point], unit: str, at_once: int) -> list[Passage]:
    kind = np.dtype([("link_id", np.int64), ("time", np.int64), ("speed", np.float64)])
    with spill(kind) as points:
        points.append(*arrays(trip))
        runs = list(long_traversals(points, 0, unit, at_once))
    return [row for run in runs for row in rows(run)]


def at(*points: tuple[int, Optional[float], float]) -> list[Point]:
    """A trip of (link, second, speed)."""
    return [Point(link, None if s is None else round(s * SECOND), speed) for link, s, speed in points]


# -- cases by hand ----------------------------------------------------------------------------------


def only(trip: list[Point], unit: str = "m/s") -> list[Passage]:
    found = whole([trip], unit)
    found.sort(key=lambda passage: passage.seq)
    assert sorted(in_portions(trip, unit, 2), key=lambda passage: passage.seq) == found
    return found


def test_a_trip_over_two_links() -> None:
    first, second = only(at((7, 0, 10.0), (7, 1, 20.0), (8, 3, 40.0), (8, 4, 40.0)))
    assert first == Passage(7, 0, SECOND, 2, 15.0, 10.0, 10.0 + 40.0, 3.0, 0, 0, 0)
    assert second == Passage(8, 3 * SECOND, 4 * SECOND, 2, 40.0, 40.0, 80.0, 2.0, 0, 0, 1)


def test_a_loop_over_a_link_makes_two_traversals_of_it() -> None:
    assert [passage.link_id for passage in only(at((7, 0, 1.0), (8, 1, 1.0), (7, 2, 1.0)))] == [7, 8, 7]


def test_a_long_gap_ends_a_traversal_and_one_of_two_minutes_does_not() -> None:
    one, two = only(at((7, 0, 5.0), (7, 120, 5.0), (7, 240.000001, 5.0)))
    assert (one.n, two.n) == (2, 1)
    assert one.seconds == 60.0  # each lasts 30 s at most
    assert two.seconds == 30.0  # as long as the one before it


def test_a_step_back_ends_a_traversal_and_lasts_no_time() -> None:
    one, two = only(at((7, 10, 5.0), (7, 12, 5.0), (7, 11, 5.0), (7, 12, 6.0)))
    assert (one.seconds, two.seconds) == (2.0, 2.0)
    assert (one.exit, two.entry) == (12 * SECOND, 11 * SECOND)


def test_points_without_a_time_last_no_time_and_end_nothing() -> None:
    (one,) = only(at((7, None, 1.0), (7, 0, 2.0), (7, None, 3.0), (7, 4, 2.0), (7, None, 9.0)))
    assert one == Passage(7, 0, 4 * SECOND, 5, 17 / 5, 1.0, 16.0, 8.0, 0, 0, 0)
    assert only(at((7, None, 1.0))) == [Passage(7, None, None, 1, 1.0, 1.0, 0.0, 0.0, 0, 0, 0)]


def test_a_lone_point_lasts_a_second_and_the_last_as_long_as_the_one_before() -> None:
    assert [passage.seconds for passage in only(at((7, 0, 5.0)))] == [1.0]
    assert [passage.seconds for passage in only(at((7, 0, 5.0), (8, 7, 5.0)))] == [7.0, 7.0]
    assert [passage.seconds for passage in only(at((7, 5, 5.0), (8, 0, 5.0)))] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("unit", "speeds", "brakes"),
    [
        ("m/s", [20.0, 16.9], 1),
        ("m/s", [20.0, 17.0], 0),  # 3 m/s² is not beyond it
        ("km/h", [50.0, 40.0], 0),
        ("km/h", [50.0, 39.0], 1),
        ("mph", [50.0, 44.0], 0),
        ("mph", [50.0, 43.0], 1),
    ],
)
def test_hard_braking_depends_on_the_unit(unit: str, speeds: list[float], brakes: int) -> None:
    (one,) = only(at(*((7, second, speed) for second, speed in enumerate(speeds))), unit)
    assert one.brakes == brakes


def test_braking_is_seen_within_a_traversal_and_five_seconds() -> None:
    assert [p.brakes for p in only(at((7, 0, 30.0), (8, 1, 5.0)))] == [0, 0]
    assert [p.brakes for p in only(at((7, 0, 30.0), (7, 5, 10.0)))] == [1]
    assert [p.brakes for p in only(at((7, 0, 30.0), (7, 5.1, 1.0)))] == [0]
    assert [p.brakes for p in only(at((7, 0, 30.0), (7, 0, 1.0)))] == [0]
    assert [p.brakes for p in only(at((7, 0, 30.0), (7, None, 30.0), (7, 1, 20.0)))] == [1]


# -- any trips --------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.sampled_from([0, 1, 5, 30, 119, 120, 121, 3600, -1, -200]).map(lambda s: s * SECOND),
    st.integers(-200 * SECOND, 200 * SECOND),
)
SPEEDS = st.one_of(st.sampled_from([0.0, 0.1, 30.0]), st.floats(0, 200))


@st.composite
def any_trip(draw: Any) -> list[Point]:
    now = draw(st.sampled_from([0, 86_399 * SECOND, 1_749_513_600 * SECOND]))
    trip = []
    for _ in range(draw(st.integers(1, 24))):
        now += draw(STEPS)
        is_timed = draw(st.integers(0, 5)) > 0
        trip.append(Point(draw(st.sampled_from([7, 8, 2**62])), now if is_timed else None, draw(SPEEDS)))
    return trip


UNITS = st.sampled_from(list(METRES_PER_SECOND))


@settings(max_examples=200, deadline=None)
@given(st.lists(any_trip(), min_size=1, max_size=4), UNITS)
@example([at((7, None, 1.0), (7, 0, 1.0), (7, 300, 1.0))], "m/s")
@example([at((7, 0, 1.0)), at((7, 1, 1.0))], "m/s")  # of two trips
def test_traversals_are_those_of_a_plain_loop(trips: list[list[Point]], unit: str) -> None:
    assert whole(trips, unit) == expected(trips, unit)


@settings(max_examples=200, deadline=None)
@given(any_trip(), UNITS, st.integers(1, 9))
@example(at((7, 0, 1.0), (8, None, 1.0), (8, None, 1.0), (8, None, 1.0)), "m/s", 1)
@example(at((7, 0, 1.0), (7, 4, 1.0), (8, None, 1.0), (8, 5, 1.0)), "m/s", 1)
def test_portions_make_no_difference(trip: list[Point], unit: str, at_once: int) -> None:
    found = in_portions(trip, unit, at_once)
    assert sorted(found, key=lambda passage: passage.seq) == passages(trip, 0, unit)
    assert in_portions(trip, unit, 1000) == expected([trip], unit)


def test_many_brakes_are_as_many_as_the_column_holds() -> None:
    n = 70_000
    trip = [Point(7, second * SECOND, 30.0 * (second % 2 == 0)) for second in range(n)]
    (one,) = whole([trip], "m/s")
    assert (one.n, one.brakes) == (n, 32767)
    assert in_portions(trip, "m/s", 999) == [one]


# -- in the store -----------------------------------------------------------------------------------


def trip_text(trip: list[Point]) -> str:
    def point(each: Point) -> dict[str, Any]:
        found: dict[str, Any] = {"dbResponse": {"linkID": str(each.link)}, "absVelocity": each.speed}
        if each.time is not None:
            found["timestamp"] = datetime.fromtimestamp(each.time / 1e6, timezone.utc).isoformat()
        return found

    return json.dumps({"data": [point(each) for each in trip]})


def some_trips(n: int, n_points: int) -> list[list[Point]]:
    random = np.random.default_rng(7)
    trips = []
    for _ in range(n):
        time = 1_749_513_600 + np.cumsum(random.choice([1, 1, 1, 2, 40, 150, -3], n_points))
        links = np.repeat(random.integers(1, 50, n_points), random.integers(1, 9, n_points))[:n_points]
        speeds = random.uniform(0, 60, n_points).round(1)
        untimed = random.random(n_points) < 0.05
        trips.append(
            [
                Point(int(link), None if u else int(t) * SECOND, float(v))
                for link, t, v, u in zip(links, time, speeds, untimed)
            ]
        )
    return trips


def decoded(tmp_path: Path, trips: list[list[Point]], part_points: int) -> tuple[PointStore, list[int]]:
    """A store with the files of these trips, and its parts."""
    folder = tmp_path / "trips"
    folder.mkdir(exist_ok=True)
    for number, trip in enumerate(trips):
        (folder / f"{number:03}.json").write_text(trip_text(trip), encoding="utf-8")
    rules = DecodeRules(speed_unit="mph")
    store = PointStore.open(str(tmp_path / f"store-{part_points}"), rules)
    files = tuple(storage.list_trips(str(folder)))
    store.begin("one")
    context = DecodeContext(store, "one", rules, 256 << 20, True, part_points)
    records = decode(DecodeTask(0, 0, files, 1), context, lambda *_: None)
    store.commit("one", records)
    return store, sorted({record.part for record in records if record.counted})


@pytest.mark.parametrize("part_points", [0, 700])
def test_the_store_has_the_traversals_of_its_points(tmp_path: Path, part_points: int) -> None:
    trips = some_trips(6, 400)
    store, parts = decoded(tmp_path, trips, part_points)
    names = Passage._fields
    found = list(store.read_traversals("one", parts, 0, BUCKETS, columns=names))
    assert sorted(row for some in found for row in map(repr, rows(some))) == sorted(
        map(repr, expected(trips, "mph"))
    )
    counts = [store.rows("one", part) for part in parts]
    assert sum(points for points, _ in counts) == sum(map(len, trips))
    assert all(points == traversed for points, traversed in counts)
    few = list(store.read_traversals("one", parts, 0, 1000, at_most=10))
    assert set(few[0]) == {"link_id", "entry", "n", "weighted", "seconds", "brakes", "file"}
    assert max(len(some["n"]) for some in few) <= 10
    wanted = [p for p in expected(trips, "mph") if (p.link_id * 11400714819323198485 % 2**64) >> 52 < 1000]
    assert sum(len(some["n"]) for some in few) == len(wanted)


def test_a_file_beyond_the_memory_has_the_same_traversals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = some_trips(2, 3000)
    store, parts = decoded(tmp_path, trips, 0)
    at_once = [row for some in store.read_traversals("one", parts, 0, BUCKETS, columns=Passage._fields)
               for row in rows(some)]  # fmt: skip
    real = storage.read_trips

    def as_files(files: Any, *options: Any) -> Any:
        for file, _ in real(files, *options):
            yield file, Path(file.path)

    monkeypatch.setattr(decoding.storage, "read_trips", as_files)
    large, large_parts = decoded(tmp_path, trips, 500)
    found = [row for some in large.read_traversals("one", large_parts, 0, BUCKETS, columns=Passage._fields)
             for row in rows(some)]  # fmt: skip
    assert len(large_parts) == 2
    assert sorted(map(repr, found)) == sorted(map(repr, at_once)) == sorted(map(repr, expected(trips, "mph")))


def test_a_part_of_traversals_is_what_the_design_says(tmp_path: Path) -> None:
    store, _ = decoded(tmp_path, [at((7, None, 1.0), (8, 0, 1.0))], 0)
    file = store.traversals("one", 0)
    query = f"DESCRIBE SELECT * FROM read_parquet('{file}', hive_partitioning = false)"
    assert {row[0]: row[1] for row in duckdb.sql(query).fetchall()} == {
        "bucket": "SMALLINT", "link_id": "BIGINT", "entry": "TIMESTAMP WITH TIME ZONE",
        "exit": "TIMESTAMP WITH TIME ZONE", "n": "INTEGER", "mean": "DOUBLE", "min": "FLOAT",
        "weighted": "DOUBLE", "seconds": "DOUBLE", "brakes": "SMALLINT", "file": "INTEGER", "seq": "INTEGER",
    }  # fmt: skip
    untimed = f"SELECT link_id FROM '{file}' WHERE entry IS NULL AND exit IS NULL"
    assert duckdb.sql(untimed).fetchall() == [(7,)]
