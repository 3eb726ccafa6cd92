"""Speeds from positions against the angles between vectors, computed point by point."""

import json
import math
from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.storage.local import trips as local_trips
from roadpulse.aggregation.store import decode as store_decode
from roadpulse.aggregation.store.position_speeds import (
    Places,
    counts_of,
    distances,
    speeds_of,
    speeds_of_portions,
)
from roadpulse.aggregation.trips import large_files
from roadpulse.aggregation.trips.times import NO_TIME
from tests.engine import Engine

SECOND = 1_000_000
NAMES = {0: "", 1: "no_position", 2: "no_step", 3: "jump"}


def places(rows):
    """Rows of seconds (None for none), longitude and latitude."""
    time, longitude, latitude = ([row[n] for row in rows] for n in range(3))
    instants = [NO_TIME if one is None else round(one * SECOND) for one in time]
    return Places(np.array(instants, dtype=np.int64), np.array(longitude, float), np.array(latitude, float))


def metres(one, other):
    """Length of the arc between two points of a sphere, by the angle between their vectors."""

    def vector(place):
        east, north = math.radians(place[1]), math.radians(place[2])
        return (math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north))

    a, b = vector(one), vector(other)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return 6_371_008.8 * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b)))


def plainly(rows):
    """Speed in m/s and reason of each row."""
    found, last = [], None
    for row in rows:
        if row[0] is None or math.isnan(row[1]) or math.isnan(row[2]):
            found.append((math.nan, "no_position"))
            continue
        step = None if last is None else round(row[0] * SECOND) / SECOND - round(last[0] * SECOND) / SECOND
        if step is None or not 0 < step <= 120:
            found.append((math.nan, "no_step"))
        else:
            speed = metres(last, row) / step
            found.append((speed, "") if speed <= 70 else (math.nan, "jump"))
        last = row
    given = [n for n, (_, reason) in enumerate(found) if reason != "no_position"]
    if len(given) > 1 and not found[given[1]][1]:
        found[given[0]] = found[given[1]]
    return found


TRIPS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 400), st.integers(0, 400), st.none()),
        st.one_of(st.floats(-5.95, -5.93), st.floats(-5.95, -5.93), st.just(math.nan)),
        st.floats(54.59, 54.60),
    ),
    max_size=25,
)


@settings(max_examples=300)
@given(TRIPS, st.booleans())
def test_speeds_are_those_of_consecutive_positions(rows, in_order):
    rows = sorted(rows, key=lambda row: (row[0] is None, row[0])) if in_order else rows
    speed, code = speeds_of(places(rows), "m/s")
    expected = plainly(rows)
    assert [NAMES[one] for one in code.tolist()] == [reason for _, reason in expected]
    assert speed.tolist() == pytest.approx([one for one, _ in expected], rel=1e-6, abs=1e-6, nan_ok=True)


@given(TRIPS, st.integers(1, 9))
def test_portions_of_a_trip_have_the_speeds_of_the_whole(rows, n):
    whole = places(rows)
    speed, code = speeds_of(whole, "mph")
    found = list(speeds_of_portions((whole.part(at, at + n) for at in range(0, len(rows), n)), "mph"))
    if found:
        assert np.concatenate([one for one, _ in found]).tolist() == pytest.approx(
            speed.tolist(), nan_ok=True
        )
        assert np.concatenate([one for _, one in found]).tolist() == code.tolist()
    else:
        assert not rows


def test_a_minute_of_arc_is_a_nautical_mile():
    (found,) = distances(np.array([10.0, 10.0]), np.array([50.0, 50.0 + 1 / 60])).tolist()
    assert found == pytest.approx(1852, rel=2e-3)


def test_the_rules_of_gaps_steps_and_outliers():
    degree = 2 * math.pi * 6_371_008.8 / 360  # of latitude, in m
    rows = [
        (0, 0, 0), (10, 0, 100 / degree),  # 10 m/s, which the first point has, too
        (10, 0, 110 / degree), (9, 0, 120 / degree), (19, 0, 220 / degree),  # no step, a step back, 10 m/s
        (140, 0, 320 / degree), (150, 0, 420 / degree),  # a gap of 121 s, 10 m/s
        (151, 0, 1.0), (161, 0, 440 / degree), (171, 0, 540 / degree),  # out and back, 10 m/s
        (None, 0, 0), (181, math.nan, 0), (191, 0, 740 / degree),  # 10 m/s over 20 s
    ]  # fmt: skip
    speed, code = speeds_of(places(rows), "km/h")
    assert [NAMES[one] for one in code.tolist()] == [
        "", "", "no_step", "no_step", "", "no_step", "", "jump", "jump", "", "no_position", "no_position", "",
    ]  # fmt: skip
    assert speed[code == 0].tolist() == pytest.approx([36.0] * 6, rel=1e-6)
    assert counts_of(code) == {"no_position": 2, "no_step": 3, "jump": 2}


def test_a_first_point_without_a_second_nearby_has_no_speed():
    assert speeds_of(places([(0, 0, 0)]), "m/s")[1].tolist() == [2]
    assert speeds_of(places([(0, 0, 0), (200, 0, 0)]), "m/s")[1].tolist() == [2, 2]


# -- runs ---------------------------------------------------------------------------------------------

MAPPING = {"speed_from": "positions", "longitude": "x", "latitude": "y", "speed": ""}


def drive(n, step=0.0001, link=7):
    """Points a second apart along a meridian, on one link."""
    return [
        {"timestamp": 1_749_542_400 + k, "x": 13.4, "y": 52.5 + k * step, "dbResponse": {"linkID": link}}
        for k in range(n)
    ]


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


@pytest.mark.parametrize(("unit", "shown", "of_metres"), [("km/h", "", 3.6), ("m/s", "mph", 1 / 0.44704)])
def test_a_run_computes_speeds_in_the_unit_declared(engine, unit, shown, of_metres):
    """A ten-thousandth of a degree a second is 11.12 m/s."""
    engine.write("a.json", drive(50))
    outcome = engine.run_here(mapping=MAPPING, speed_unit=unit, shown_unit=shown, statistics="mean,min,max")
    row = outcome.csv().splitlines()[1].split(",")
    metre = 2 * math.pi * 6_371_008.8 / 360 * 0.0001
    assert row[:3] == ["7", "50", "1"]
    assert [float(one) for one in row[3:]] == pytest.approx([metre * of_metres] * 3, rel=1e-6)


def test_points_without_a_computed_speed_are_counted_by_reason_whatever_the_size_of_the_file(
    engine, monkeypatch
):
    points = drive(60)
    points[10]["y"] = 53.0  # out and back
    del points[20]["x"]
    points[30]["timestamp"] = None
    points[40]["timestamp"] = points[39]["timestamp"]
    points[50]["dbResponse"] = None
    engine.write("a.json", points)
    engine.settle()
    small = engine.run_here(mapping=MAPPING)
    reasons = {"no_link": 1, "no_position": 2, "no_step": 1, "jump": 2}
    assert small.manifest["points"]["reasons"] == reasons
    assert small.manifest["points"]["counted"] == 54
    for module, name, value in (
        (local_trips, "LARGE", 100), (large_files, "LARGE", 100), (large_files, "PIECE", 300),
        (store_decode, "_AT_ONCE", 3),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    large = engine.run_here(mapping=MAPPING, store=str(engine.folder / "other"))
    assert large.manifest["points"]["reasons"] == reasons
    assert large.hashes == small.hashes


def in_lines(points):
    return "\n".join(map(json.dumps, points)).encode()


def in_features(points):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [point.pop("x"), point.pop("y")]},
                    "properties": point,
                }
                for point in points
            ],
        }
    ).encode()


@pytest.mark.parametrize(
    ("name", "written", "mapping"),
    [
        ("all.jsonl", in_lines, MAPPING),
        ("all.geojson", in_features, {"speed_from": "positions", "form": "geojson"}),
    ],
)
def test_trips_by_turns_in_a_file_have_the_speeds_of_trips_of_their_own(engine, name, written, mapping):
    trips = {f"trip {n}": drive(20 + n, 0.0001 * n, 100 + n % 2) for n in range(1, 5)}
    for trip, points in trips.items():
        engine.write(f"{trip}.json", points)
    alone = engine.run_here(mapping=MAPPING)
    other = engine.folder / "other"
    other.mkdir()
    by_turns = zip_longest(*([{**point, "trip": trip} for point in points] for trip, points in trips.items()))
    (other / name).write_bytes(written([point for turn in by_turns for point in turn if point]))
    together = engine.run_here(trips=str(other), mapping={**mapping, "trip_id": "trip"})
    assert together.hashes == alone.hashes
    assert together.manifest["points"]["reasons"] == alone.manifest["points"]["reasons"]


def test_trips_without_any_speed_to_compute_are_refused_with_the_reason(engine):
    engine.write("a.json", [{**point, "timestamp": k * 1000.0} for k, point in enumerate(drive(5))])
    with pytest.raises(RunError, match="None of the 5 points can be used: no point of the trip up to 120 s"):
        engine.run_here(mapping=MAPPING)


def test_trips_are_read_anew_for_computed_speeds(engine):
    points = [{**point, "absVelocity": 1.0} for point in drive(50)]
    engine.write("a.json", points)
    engine.settle()
    given = engine.run_here(mapping={"longitude": "x", "latitude": "y"})
    computed = engine.run_here(mapping={"longitude": "x", "latitude": "y", "speed_from": "positions"})
    assert given.csv() != computed.csv()
    assert computed.manifest["files"]["decoded"] == 1
