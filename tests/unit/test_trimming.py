"""Points that are left out as asked, against plain loops written from the definitions; ends of trips."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.spec import (
    KILOMETRES_PER_HOUR,
    METRES_PER_SECOND,
    DecodeRules,
    FieldMapping,
    Trim,
)
from roadpulse.aggregation.store import decode as decoding
from roadpulse.aggregation.store.decode import DecodeContext, DecodeTask, decode
from roadpulse.aggregation.store.order import BUCKETS
from roadpulse.aggregation.store.point_store import FileRecord, PointStore
from roadpulse.aggregation.store.trimming import trimmed
from roadpulse.aggregation.store.trip_ends import TripEnds
from roadpulse.aggregation.trips.times import NO_TIME

SECOND = 1_000_000
Point = tuple[Optional[int], float]
"""Time in µs, or None, and speed."""


def after_standing(trip: list[Point], seconds: int, unit: str) -> list[int]:
    """The numbers of the points that are left when standing is left out."""
    stands = [speed * KILOMETRES_PER_HOUR[unit] < 1 for _, speed in trip]
    left: list[int] = []
    start = 0
    while start < len(trip):
        end = start
        while end < len(trip) and stands[end] == stands[start]:
            end += 1
        times = [trip[i][0] for i in range(start, end) if trip[i][0] is not None]
        lasts = times[-1] - times[0] if times else 0  # type: ignore[operator]
        if not (stands[start] and (start == 0 or end == len(trip) or lasts > seconds * SECOND)):
            left.extend(range(start, end))
        start = end
    return left


def after_ends(trip: list[Point], left: list[int], metres: int, seconds: int, unit: str) -> list[int]:
    """The numbers of those that are far enough from both ends."""
    timed = [i for i in left if trip[i][0] is not None]
    distance, elapsed = {}, {}
    along, time = 0.0, 0
    for k, i in enumerate(timed):
        if k:
            before, speed = trip[timed[k - 1]]
            step = max(trip[i][0] - before, 0)  # type: ignore[operator]
            along += speed * METRES_PER_SECOND[unit] * (min(step, 30 * SECOND) / 1e6)
            time += step
        distance[i], elapsed[i] = along, time
    inside = [
        i for i in timed
        if distance[i] >= metres and along - distance[i] >= metres
        and elapsed[i] >= seconds * SECOND and time - elapsed[i] >= seconds * SECOND
    ]  # fmt: skip
    return [i for i in left if inside and inside[0] <= i <= inside[-1]]


def expected(trip: list[Point], trim: Trim, unit: str) -> tuple[list[int], dict[str, int]]:
    left = list(range(len(trip)))
    if trim.stationary_seconds:
        left = after_standing(trip, trim.stationary_seconds, unit)
    standing, before = len(trip) - len(left), len(left)
    if trim.ends_metres or trim.ends_seconds:
        left = after_ends(trip, left, trim.ends_metres, trim.ends_seconds, unit)
    counts = {"stationary": standing, "trip_end": before - len(left)}
    return left, {name: n for name, n in counts.items() if n}


def found(trip: list[Point], trim: Trim, unit: str, at_once: int = 1000) -> tuple[list[int], dict[str, int]]:
    time = np.array([NO_TIME if t is None else t for t, _ in trip], dtype=np.int64)
    speed = np.array([v for _, v in trip], dtype=np.float64)

    def portions() -> Any:
        for start in range(0, len(trip), at_once):
            yield time[start : start + at_once], speed[start : start + at_once]

    keep, counts = trimmed(portions, len(trip), DecodeRules(speed_unit=unit, trim=trim))
    return np.flatnonzero(keep).tolist(), counts


def trip_of(*points: tuple[Optional[float], float]) -> list[Point]:
    return [(None if t is None else round(t * SECOND), v) for t, v in points]


# -- cases by hand ----------------------------------------------------------------------------------


def test_dwell_at_both_ends_and_long_standing_in_between_are_left_out() -> None:
    red_light = [(20.0 + s, 0.0) for s in range(5)]
    parked = [(30.0, 0.0), (211.0, 0.5)]
    trip = trip_of((0, 0.0), (9, 0.9), (10, 30.0), *red_light, (29, 30.0), *parked, (212, 30.0), (213, 0.0))
    assert found(trip, Trim(stationary_seconds=180), "km/h") == (
        [2, 3, 4, 5, 6, 7, 8, 11],
        {"stationary": 5},
    )
    assert found(trip, Trim(stationary_seconds=181), "km/h")[0] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_a_trip_that_only_stands_vanishes() -> None:
    assert found(trip_of((0, 0.0), (1, 0.2)), Trim(stationary_seconds=60), "m/s") == ([], {"stationary": 2})


@pytest.mark.parametrize(("unit", "speed"), [("m/s", 10.0), ("km/h", 36.0), ("mph", 36 / 1.609344)])
def test_the_first_and_last_metres_are_left_out_in_any_unit(unit: str, speed: float) -> None:
    trip = trip_of(*((second, speed) for second in range(101)))  # 10 m a second, 1,000 m
    left, counts = found(trip, Trim(ends_metres=95), unit)
    assert (left[0], left[-1], counts) == (10, 90, {"trip_end": 20})


def test_the_first_and_last_seconds_are_left_out() -> None:
    trip = trip_of(*((second, 10.0) for second in range(0, 100, 10)), (None, 10.0))
    assert found(trip, Trim(ends_seconds=20), "km/h") == ([2, 3, 4, 5, 6, 7], {"trip_end": 5})


def test_the_ends_are_those_of_what_is_left_after_standing() -> None:
    trip = trip_of((0, 0.0), (600, 0.0), (601, 9.0), (602, 9.0), (603, 9.0), (604, 0.0))
    assert found(trip, Trim(stationary_seconds=180, ends_seconds=1), "m/s") == (
        [3],
        {"stationary": 3, "trip_end": 2},
    )


@pytest.mark.parametrize("trim", [Trim(ends_metres=1), Trim(ends_seconds=1)])
def test_nothing_is_left_of_a_trip_without_times_or_too_short(trim: Trim) -> None:
    assert found(trip_of((None, 10.0), (None, 10.0)), trim, "m/s") == ([], {"trip_end": 2})
    assert found(trip_of((0, 10.0), (1, 10.0)), trim, "m/s") == ([], {"trip_end": 2})


# -- any trips --------------------------------------------------------------------------------------

STEPS = st.sampled_from([0, 1, 1, 5, 31, 200, -40]).map(lambda s: s * SECOND)
SPEEDS = st.sampled_from([0.0, 0.0, 0.3, 5.0, 30.0])


@st.composite
def any_trip(draw: Any) -> list[Point]:
    now, trip = 0, []
    for _ in range(draw(st.integers(1, 30))):
        now += draw(STEPS)
        trip.append((now if draw(st.integers(0, 5)) else None, draw(SPEEDS)))
    return trip


TRIMS = st.builds(
    Trim, st.sampled_from([0, 1, 30, 180]), st.sampled_from([0, 1, 40, 300]), st.sampled_from([0, 1, 60])
)


@settings(max_examples=300, deadline=None)
@given(any_trip(), TRIMS, st.sampled_from(list(METRES_PER_SECOND)), st.integers(1, 9))
@example(trip_of((0, 5.0), (None, 5.0), (1, 5.0), (2, 5.0)), Trim(ends_seconds=1), "m/s", 1)
def test_what_is_left_is_that_of_plain_loops(trip: list[Point], trim: Trim, unit: str, at_once: int) -> None:
    wanted = expected(trip, trim, unit)
    assert found(trip, trim, unit) == wanted
    assert found(trip, trim, unit, at_once) == wanted


# -- in the store -----------------------------------------------------------------------------------

MAPPING = FieldMapping(vehicle_id="car.plate", longitude="pos.x", latitude="pos.y")


def text_of(trip: list[Point]) -> str:
    points = [
        {
            "dbResponse": {"linkID": 7 + i // 9}, "absVelocity": v,
            "timestamp": None if t is None else t / 1e6,
            "pos": {"x": str(-5.9 + i / 1e4), "y": 54.5 + i / 1e4 if i % 10 else None},
        }
        for i, (t, v) in enumerate(trip)
    ]  # fmt: skip
    return json.dumps({"car": {"plate": "BEL 1 ü"}, "data": points})


def stored(tmp_path: Path, rules: DecodeRules, part_points: int = 0) -> tuple[PointStore, list[FileRecord]]:
    store = PointStore.open(str(tmp_path / f"store-{part_points}"), rules)
    store.begin("one")
    context = DecodeContext(store, "one", rules, 256 << 20, True, part_points)
    files = tuple(storage.list_trips(str(tmp_path / "trips")))
    records = decode(DecodeTask(0, 0, files, 1), context, lambda *_: None)
    store.commit("one", records)
    return store, records


def points_of(store: PointStore, records: list[FileRecord]) -> list[Any]:
    parts = sorted({record.part for record in records if record.counted})
    columns = [list(store.read_points("one", parts, 0, BUCKETS))]
    passages = [
        list(store.read_traversals("one", parts, 0, BUCKETS, columns=("file", "seq", "n", "seconds")))
    ]
    return [
        sorted(row for some in kind for part in some for row in zip(*(c.tolist() for c in part.values())))
        for kind in (columns, passages)
    ]


@pytest.fixture
def trips(tmp_path: Path) -> list[list[Point]]:
    random = np.random.default_rng(2)
    (tmp_path / "trips").mkdir()
    made = []
    for number in range(4):
        seconds = 1_749_513_600 + np.cumsum(random.choice([1, 1, 2, 400], 300))
        speeds = random.choice([0.0, 0.0, 30.0], 300).repeat(5)[:300]
        trip = [
            (None if random.random() < 0.05 else int(t) * SECOND, float(v)) for t, v in zip(seconds, speeds)
        ]
        made.append(trip)
        (tmp_path / "trips" / f"{number}.json").write_text(text_of(trip), encoding="utf-8")
    (tmp_path / "trips" / "standing.json").write_text(text_of([(1, 0.0)]), encoding="utf-8")
    return made


@pytest.mark.parametrize("trim", [Trim(), Trim(180, 250, 20)])
def test_the_store_holds_what_is_left_and_where_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trips: list[list[Point]], trim: Trim
) -> None:
    rules = DecodeRules(MAPPING, "km/h", trim)
    store, records = stored(tmp_path, rules)
    for record, trip in zip(records, trips):
        left, counts = expected(trip, trim, "km/h")
        assert record.counted == len(left)
        named = dict(zip(decoding.point_store.FAULTS, record.faults))
        assert {name: named[name] for name in counts} == counts
        times = [trip[i][0] for i in left if trip[i][0] is not None]
        placed = [i for i in left if i % 10]
        first, last = placed[0] / 1e4, placed[-1] / 1e4
        assert record.ends[:3] == ("BEL 1 ü", times[0], times[-1])
        assert record.ends[3:] == pytest.approx((-5.9 + first, 54.5 + first, -5.9 + last, 54.5 + last))
    vanished = records[-1]
    assert vanished.counted == (1 if trim == Trim() else 0)
    assert store.read_files("one", with_ends=True)[:-1] == records[:-1]
    assert store.read_files("one")[0].ends == TripEnds() or math.isnan(
        store.read_files("one")[0].ends.first_longitude
    )

    real = storage.read_trips

    def as_files(files: Any, *options: Any) -> Any:
        for file, _ in real(files, *options):
            yield file, Path(file.path)

    monkeypatch.setattr(decoding.storage, "read_trips", as_files)
    monkeypatch.setattr(decoding, "_AT_ONCE", 64)
    large, large_records = stored(tmp_path, rules, 100)
    assert points_of(large, large_records) == points_of(store, records)
    assert [r.ends for r in large_records[:-1]] == [r.ends for r in records[:-1]]
    assert [r.faults for r in large_records] == [r.faults for r in records]
