"""Every statistic on generated trips, a set for each trap, against an independent computation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage.local import trips as local_trips
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store import decode as store_decode
from roadpulse.aggregation.trips import json_cuts, large_files
from tests.engine import Engine, LocalRunner, Outcome
from tests.independent import EVERY_KEY, differences, mean, points_of, tables, traversals_of
from tests.traps import CASES, NAMED, PERIODS, SPECIFICATIONS, Trip, at, every_file, file_of

KEYS = EVERY_KEY


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


def compared(outcome: Outcome, trips: dict[str, list[Trip]], spec: dict[str, Any]) -> dict[str, list[str]]:
    """Differences by table, of those that have any."""
    expected = tables(trips, {"speed_unit": "mph", "statistics": KEYS, **spec})
    assert all(expected["link_speeds"].values())
    found = {name: differences(outcome.csv(name), table) for name, table in expected.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("case", CASES)
def test_generated_trips_have_the_statistics_of_their_definitions(engine: Engine, case: str) -> None:
    trips = CASES[case]()
    for name, trip in trips.items():
        engine.write(name, trip)
    engine.settle()
    for spec in SPECIFICATIONS[case]:
        outcome = engine.run_here(statistics=KEYS, **spec)
        assert compared(outcome, {name: [trip] for name, trip in trips.items()}, spec) == {}, spec


@pytest.mark.parametrize(
    ("unit", "shown"), [("m/s", "mph"), ("knots", "km/h"), ("mph", "km/h"), ("km/h", "knots")]
)
@pytest.mark.parametrize("case", ["varying_rates", "zero_speeds"])
def test_results_in_another_unit_than_the_trips_are_of_the_same_trips(
    engine: Engine, case: str, unit: str, shown: str
) -> None:
    trips = CASES[case]()
    for name, trip in trips.items():
        engine.write(name, trip)
    engine.settle()
    spec = {"speed_unit": unit, "shown_unit": shown}
    as_they_are = engine.run_here(statistics=KEYS, speed_unit=unit)
    outcome = engine.run_here(statistics=KEYS, **spec)
    assert compared(outcome, {name: [trip] for name, trip in trips.items()}, spec) == {}
    assert (outcome.manifest["speed_unit"], as_they_are.manifest["speed_unit"]) == (shown, unit)
    assert outcome.manifest["files"]["decoded"] == 0
    of_columns = json.loads(outcome.sidecar)["resources"][0]["schema"]["fields"]
    assert {field["unit"] for field in of_columns if field["name"] in ("mean", "p85", "free_flow")} == {shown}


def test_a_unit_of_results_that_is_that_of_the_trips_changes_no_byte(engine: Engine) -> None:
    engine.write("a.json", file_of([(at("2025-06-10T08:00"), 24.5, 7)]))
    engine.settle()
    same = engine.run_here(statistics=KEYS, shown_unit="mph")
    assert same.hashes == engine.run_here(statistics=KEYS).hashes


def test_trips_that_count_as_faster_in_paces_are_told(engine: Engine) -> None:
    """As many as there are trips on links, of all links, below 1 km/h."""
    trips = CASES["zero_speeds"]()
    speeds: dict[tuple[str, int], list[float]] = {}
    for name, trip in trips.items():
        engine.write(name, trip)
        for point in points_of(trip):
            speeds.setdefault((name, point.link), []).append(point.speed)
    slow = sum(mean(some) * 1.609344 < 1 for some in speeds.values())
    manifest = engine.run_here(statistics=["trip_hmean"]).manifest
    assert manifest["slow_trips"] == {"below_km_h": 1.0, "raised": slow}
    assert 10 < slow < len(speeds)


def test_other_percentiles_stand_beside_their_like(engine: Engine) -> None:
    trips = CASES["loops"]()
    for name, trip in trips.items():
        engine.write(name, trip)
    outcome = engine.run_here(statistics="trip_p15, p99, brakes, trip_p50, p01, p50, max, trip_mean")
    keys = ["n_points", "n_trips", "p50", "max", "p01", "p99", "trip_mean", "trip_p15", "trip_p50", "brakes"]
    expected = tables(
        {name: [trip] for name, trip in trips.items()}, {"speed_unit": "mph", "statistics": keys}
    )
    assert {name: differences(outcome.csv(name), table) for name, table in expected.items()} == {
        "link_speeds": [], "link_speeds_by_time": [],
    }  # fmt: skip


def test_a_trip_in_several_files_is_one_trip(engine: Engine) -> None:
    files = list(CASES["loops"]().values())
    trips: dict[str, list[Trip]] = {}
    for number, file in enumerate(files):
        trip = f"trip {number % 4}"
        engine.write(f"{number}.json", {**file, "tripId": trip})
        trips.setdefault(trip, []).append(file)
    outcome = engine.run_here(statistics=KEYS, mapping={"trip_id": "tripId"})
    assert compared(outcome, trips, {}) == {}


class Slicing(LocalRunner):
    """A runner whose tasks compute few points at once, as where memory is little: most links are divided."""

    def summarise(self, tasks, context, done, tick):
        super().summarise(tasks, replace(context, slice_points=100), done, tick)


@pytest.mark.parametrize("case", ["over_midnight", "without_times", "gaps_and_steps_back"])
def test_little_memory_gives_the_same_bytes(engine: Engine, case: str) -> None:
    for name, trip in CASES[case]().items():
        engine.write(name, trip)
    spec = SPECIFICATIONS[case][0]
    folder = engine.prepare(statistics=KEYS, **spec)
    run(RunFolder(LocalPath(folder)), Slicing())
    assert Outcome(0, folder).hashes == engine.run_here(statistics=KEYS, **spec).hashes


@pytest.mark.parametrize("case", ["without_times", "gaps_and_steps_back"])
def test_trips_that_are_read_in_pieces_give_the_same_bytes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Pieces are of a few points, and so are those that go into the store at once."""
    for name, trip in CASES[case]().items():
        engine.write(name, trip)
    spec = SPECIFICATIONS[case][-1]
    whole = engine.run_here(statistics=KEYS, **spec)
    monkeypatch.setattr(local_trips, "LARGE", 0)
    monkeypatch.setattr(large_files, "PIECE", 600)
    monkeypatch.setattr(json_cuts, "BLOCK", 100)
    monkeypatch.setattr(store_decode, "_AT_ONCE", 7)
    pieces = engine.run_here(statistics=KEYS, store=str(engine.folder / "other store"), **spec)
    assert pieces.manifest["files"]["decoded"] == len(CASES[case]())
    assert pieces.hashes == whole.hashes


STEPS = [None, 0, 0, 1, 1, 2, 5, 6, 29, 31, 120, 121, -1, -200, 0.5, 3600, 86_400]
"""Seconds after the point before; None for a point without a time."""

ROWS = st.tuples(
    st.sampled_from(STEPS),
    st.sampled_from([None, 0, 0.1, 0.3, 1, 1.5, 4, 7, 10, 13.1, 16, 30.25]),
    st.sampled_from([None, 1, 1, 1, 1, 2, 2, 3]),
)
STARTS = ["2025-06-10T20:59:55", "2025-06-13T22:59:58", "2025-03-30T00:59:57", "2025-10-26T00:30:00"]
ENTRIES = st.fixed_dictionaries(
    {"speed_unit": st.just("m/s"), "bin_minutes": st.sampled_from([5, 60, 1440])},
    optional={
        "time_zone": st.sampled_from(["Europe/London", "Asia/Kathmandu", "America/St_Johns"]),
        "days": st.sampled_from(["workdays", "weekdays", "dates", NAMED]),
        "periods": st.just(PERIODS),
        "holidays": st.just(["2025-06-11", "2025-10-27"]),
        "weekdays": st.sampled_from([[2, 7], [1, 3, 5, 6]]),
        "date_to": st.sampled_from(["2025-06-10", "2025-10-26"]),
        "suppress_below": st.just(2),
        "trim": st.sampled_from([{"stationary_seconds": 5}, {"ends_metres": 12}, {"ends_seconds": 2}]),
    },
)


@settings(max_examples=30)
@given(
    trips=st.lists(st.lists(ROWS, max_size=12), min_size=1, max_size=5),
    start=st.sampled_from(STARTS),
    spec=ENTRIES,
)
def test_any_trips_have_the_statistics_of_their_definitions(
    tmp_path_factory: pytest.TempPathFactory, trips: list[Any], start: str, spec: dict[str, Any]
) -> None:
    assume(any(speed is not None and link is not None for rows in trips for _, speed, link in rows))
    engine = Engine(tmp_path_factory.mktemp("any"))
    files = {}
    for number, rows in enumerate(trips):
        time, timed = at(start), []
        for step, speed, link in rows:
            time += step or 0
            timed.append((None if step is None else time, speed, link))
        files[f"{number}.json"] = file_of(timed)
        engine.write(f"{number}.json", files[f"{number}.json"])
    expected = tables({name: [file] for name, file in files.items()}, {"statistics": KEYS, **spec})
    assume(expected["link_speeds"] or "trim" not in spec)  # a run without a point that counts is refused
    outcome = engine.run_here(statistics=KEYS, **spec)
    found = {name: differences(outcome.csv(name), table) for name, table in expected.items()}
    assert not any(found.values()), (found, files)


@pytest.mark.parametrize("case", CASES)
def test_the_store_holds_the_traversals_of_their_definition(engine: Engine, case: str) -> None:
    """In the trip's order, with times in microseconds since 1970."""
    trips = CASES[case]()
    for name, trip in trips.items():
        engine.write(name, trip)
    engine.run_here()
    stored = duckdb.execute(
        """
        SELECT parse_filename(path), seq, link_id, epoch_us(entry), epoch_us(exit), n, mean, min, weighted,
            seconds, brakes
        FROM read_parquet($folder || '/*/traversals/*/*.parquet', hive_partitioning = true) t
        JOIN read_parquet($folder || '/*/files/*/*.parquet', hive_partitioning = true) f
            ON t.file = f.number AND t.ingest = f.ingest
        ORDER BY ALL
        """,
        {"folder": str(engine.store)},
    ).fetchall()
    expected = []
    for name in sorted(trips):
        for number, one in enumerate(traversals_of(points_of(trips[name]), "mph")):
            speeds = [point.speed for point in one.points]
            times = [point.time for point in one.points if point.time is not None] or [None]
            expected.append(
                (name, number, one.link, times[0], times[-1], len(speeds), mean(speeds),
                 pytest.approx(min(speeds), rel=1e-6), pytest.approx(one.weighted, rel=1e-9),
                 pytest.approx(one.seconds, rel=1e-9), one.brakes)
            )  # fmt: skip
    assert stored == [(*row[:6], pytest.approx(row[6], rel=1e-9), *row[7:]) for row in expected]
    assert len(stored) > 3


def test_the_default_statistics_are_the_same_bytes_as_before_there_were_others(engine: Engine) -> None:
    """The digests are those of the tables of these trips by the engine that knew no other statistics."""
    for path, trip in every_file().items():
        engine.write(path, trip)
    found = engine.run_here(time_zone="Europe/London").hashes
    assert {name: digest for name, digest in found.items() if name.endswith(".csv")} == {
        "link_speeds.csv": "c003e15110b2506f2e5ba106a00f7eacc96a79f0439ca9198470a8e509f508e9",
        "link_speeds_by_time.csv": "c2d8a769396978ac98c56b794bcf8c3f0c1ab75a558a32d058bcb2890e1f3efc",
    }
