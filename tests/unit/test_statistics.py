"""Statistics of groups of points against independent computations."""

import math
import statistics
from collections import defaultdict

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.storage.sorting import order_by
from roadpulse.aggregation.summary.statistics import distinct, speed_codes, summarise_groups

PERCENTILES = (5, 15, 50, 85, 95)
COLUMNS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")

speeds = st.one_of(
    st.sampled_from([0.0, 0.0, 24.5, 24.5, 1e9, 5e-324, 33.3333]),
    st.floats(0, 150),
    st.integers(0, 15000).map(lambda n: n / 100),
    st.integers(0, 150).map(float),
)
observations = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), speeds), max_size=60)


def summarise(rows):
    """Rows of (key, trip, speed), summarised."""
    key = np.array([row[0] for row in rows], dtype=np.int64)
    trip = np.array([row[1] for row in rows], dtype=np.int64)
    speed = np.array([row[2] for row in rows], dtype=np.float64)
    return summarise_groups(key, speed, speed_codes(speed), distinct(key, trip)[0])


def close(one, other):
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


@settings(max_examples=200, deadline=None)
@given(observations)
def test_groups_have_the_numbers_that_python_and_numpy_compute(rows):
    groups = summarise(rows)
    expected = defaultdict(list)
    trips = defaultdict(set)
    for key, trip, speed in rows:
        expected[key].append(speed)
        trips[key].add(trip)
    assert groups.key.tolist() == sorted(expected)
    assert list(groups.columns) == list(COLUMNS)
    for row, key in enumerate(groups.key.tolist()):
        found = {name: column[row] for name, column in groups.columns.items()}
        values = expected[key]
        assert found["n_points"] == len(values)
        assert found["n_trips"] == len(trips[key])
        assert close(found["mean"], statistics.fmean(values))
        if len(values) == 1:
            assert math.isnan(found["std"])
        else:
            assert math.isclose(
                found["std"], statistics.stdev(values), rel_tol=1e-9, abs_tol=1e-9 * max(values) + 1e-100
            )
        for percentile in PERCENTILES:
            assert close(found[f"p{percentile:02d}"], np.percentile(values, percentile, method="linear"))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 4), speeds.filter(lambda v: v > 1e-3)),
        min_size=1,
        max_size=60,
    )
)
def test_groups_have_the_numbers_that_duckdb_computes(rows):
    groups = summarise(rows)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (key INT, trip INT, speed DOUBLE)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        expected = connection.execute(
            "SELECT key, count(*), count(DISTINCT trip), avg(speed), stddev_samp(speed), "
            + ", ".join(f"quantile_cont(speed, {p / 100})" for p in PERCENTILES)
            + " FROM t GROUP BY key ORDER BY key"
        ).fetchall()
    for row, (key, n, trips, mean, std, *quantiles) in enumerate(expected):
        found = {name: column[row] for name, column in groups.columns.items()}
        assert (groups.key[row], found["n_points"], found["n_trips"]) == (key, n, trips)
        assert close(found["mean"], mean)
        assert (
            math.isnan(found["std"])
            if std is None
            else math.isclose(found["std"], std, rel_tol=1e-7, abs_tol=1e-5)
        )
        assert all(close(found[f"p{p:02d}"], value) for p, value in zip(PERCENTILES, quantiles))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), speeds), min_size=1, max_size=40), st.randoms()
)
def test_the_order_of_the_points_does_not_change_a_bit(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = summarise(rows), summarise(shuffled)
    for name in COLUMNS:
        assert first.columns[name].tobytes() == second.columns[name].tobytes()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), speeds), min_size=1, max_size=40), speeds)
def test_other_points_do_not_change_a_bit_of_a_group(rows, other):
    """Whatever shares a task with a group, and so the codes of its speeds, leaves its numbers alone."""
    alone, together = summarise(rows), summarise([*rows, (9, 9, other), (9, 8, math.pi)])
    for name in COLUMNS:
        assert alone.columns[name].tobytes() == together.columns[name][:-1].tobytes()


@settings(max_examples=200)
@given(st.lists(speeds, max_size=60))
def test_codes_are_in_the_order_of_the_speeds(values):
    speed = np.array(values, dtype=np.float64)
    codes = speed_codes(speed)
    assert (codes >= 0).all()
    for i in range(len(values)):
        assert ((speed < speed[i]) == (codes < codes[i])).all()
        assert ((speed == speed[i]) == (codes == codes[i])).all()


def test_a_late_speed_of_many_decimals_is_not_rounded():
    speed = np.concatenate([np.arange(5000) / 10, [24.123456789, 24.12345678]])
    codes = speed_codes(speed)
    assert codes[-1] < codes[-2]
    assert np.array_equal(np.argsort(codes, kind="stable"), np.argsort(speed, kind="stable"))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=50))
def test_distinct_pairs_are_those_of_a_set(pairs):
    key, trip = distinct(
        np.array([p[0] for p in pairs], dtype=np.int64), np.array([p[1] for p in pairs], dtype=np.int64)
    )
    assert list(zip(key.tolist(), trip.tolist())) == sorted(set(pairs))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**62), st.integers(0, 70000)), max_size=40))
def test_sorting_by_several_keys_is_that_of_tuples_and_stable(rows):
    keys = [np.array([row[i] for row in rows], dtype=np.int64) for i in range(3)]
    assert order_by(*keys).tolist() == sorted(range(len(rows)), key=lambda i: rows[i])


@pytest.mark.parametrize("n", [1, 2, 3, 100])
def test_equal_speeds_have_no_spread(n):
    groups = summarise([(7, trip, 24.1) for trip in range(n)])
    found = {name: column[0] for name, column in groups.columns.items()}
    assert (found["n_points"], found["n_trips"]) == (n, n)
    assert all(found[f"p{p:02d}"] == 24.1 for p in PERCENTILES)
    assert math.isclose(found["mean"], 24.1, rel_tol=1e-15)
    assert math.isnan(found["std"]) if n == 1 else found["std"] < 1e-13


def test_no_points_make_no_groups():
    groups = summarise([])
    assert len(groups.key) == 0
    assert {name: len(column) for name, column in groups.columns.items()} == dict.fromkeys(COLUMNS, 0)
