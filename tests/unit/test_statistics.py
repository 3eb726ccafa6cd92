"""Statistics of groups of points against independent computations."""

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract import statistic
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.storage.sorting import order_by, sorted_numbers
from roadpulse.aggregation.storage.spill import spill
from roadpulse.aggregation.summary.groups import Points, grouped, passages, speed_codes
from roadpulse.aggregation.summary.link_tables import Computation
from roadpulse.aggregation.summary.samples import HeldSample, LongSample, Paces
from roadpulse.aggregation.summary.statistics import FORMULAS, formula, inputs_of, t_quantile

PERCENTILES = (5, 15, 50, 85, 95)
COLUMNS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")

speeds = st.one_of(
    st.sampled_from([0.0, 0.0, 24.5, 24.5, 1e9, 5e-324, 33.3333]),
    st.floats(0, 150),
    st.integers(0, 15000).map(lambda n: n / 100),
    st.integers(0, 150).map(float),
)
observations = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), speeds), max_size=60)


BY_TIME = "link_speeds_by_time"
OF_TRIPS = ("trip_mean", "trip_hmean", "trip_p01", "trip_p50", "trip_p85", "ci95", "bti", "reliability")
OF_POINTS = ("n_points", "n_trips", "mean", "std", "min", "max", "p01", "p99", "stopped_share")


@dataclass
class Found:
    """Statistics of groups by key."""

    key: np.ndarray
    columns: dict[str, np.ndarray]

    def row(self, row):
        return {name: column[row].item() for name, column in self.columns.items()}


def summarise(rows, keys=COLUMNS, **spec):
    """Rows of (key, trip, speed), summarised."""
    computation = Computation(RunSpec("trips", "store", statistics=keys, **spec))
    key = np.array([row[0] for row in rows], dtype=np.int64)
    trip = np.array([row[1] for row in rows], dtype=np.int32)
    speed = np.array([row[2] for row in rows], dtype=np.float64)
    found, inputs = grouped(
        Points(key, speed, speed_codes(speed), trip), computation.wanted, computation.spec
    )
    return Found(
        found, computation.columns(BY_TIME, inputs) if len(found) else computation.no_columns(BY_TIME)
    )


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


# -- trips ------------------------------------------------------------------------------------------


def quantile(values, share):
    """Linear between order statistics, of values in any order."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@settings(max_examples=150, deadline=None)
@given(observations.filter(bool), st.sampled_from([("km/h", 1.0), ("m/s", 3.6), ("mph", 1.609344)]))
def test_each_trip_counts_once(rows, unit):
    name, in_kmh = unit
    groups = summarise(rows, (*OF_TRIPS, *OF_POINTS), speed_unit=name)
    trips = defaultdict(lambda: defaultdict(list))
    for key, trip, speed in rows:
        trips[key][trip].append(speed)
    assert groups.key.tolist() == sorted(trips)
    for row, key in enumerate(groups.key.tolist()):
        found = groups.row(row)
        speeds = [statistics.fmean(values) for values in trips[key].values()]
        paces = [1 / max(v, 1 / in_kmh) for v in speeds]
        points = [speed for values in trips[key].values() for speed in values]
        assert found["n_trips"] == len(speeds)
        assert close(found["trip_mean"], statistics.fmean(speeds))
        assert close(found["trip_hmean"], 1 / statistics.fmean(paces))
        for percentile in (1, 50, 85):
            assert close(found[f"trip_p{percentile:02d}"], quantile(speeds, percentile / 100))
        assert close(found["reliability"], quantile(paces, 0.8) / quantile(paces, 0.5))
        index = (quantile(paces, 0.95) - statistics.fmean(paces)) / statistics.fmean(paces)
        assert math.isclose(found["bti"], index, rel_tol=1e-9, abs_tol=1e-12)
        if len(speeds) == 1:
            assert math.isnan(found["ci95"])
        else:
            width = TABULATED[len(speeds) - 1] * statistics.stdev(speeds) / math.sqrt(len(speeds))
            assert math.isclose(found["ci95"], width, rel_tol=1e-9, abs_tol=1e-9 * max(speeds) + 1e-100)
        assert (found["min"], found["max"]) == (min(points), max(points))
        assert close(found["p01"], quantile(points, 0.01)) and close(found["p99"], quantile(points, 0.99))
        assert close(found["stopped_share"], sum(v * in_kmh < 5 for v in points) / len(points))


EVERY_KEY = tuple(key for key in statistic.all_keys() if statistic.statistic(key).by_bin)
OF_TRAVERSALS = {"n_traversals", "weighted_mean", "brakes"}
OF_FREE_FLOW = {"free_flow_share", "tti", "pti", "delay"}
WITHOUT_MORE = tuple(key for key in EVERY_KEY if key not in OF_TRAVERSALS | OF_FREE_FLOW)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), speeds), min_size=1, max_size=40), st.randoms()
)
def test_neither_order_nor_other_points_change_a_bit_of_any_statistic(rows, random):
    shuffled = [*rows, (9, 9, math.pi), (9, 8, 1e9)]
    random.shuffle(shuffled)
    first, second = summarise(rows, WITHOUT_MORE), summarise(shuffled, WITHOUT_MORE)
    for name, column in first.columns.items():
        assert column.tobytes() == second.columns[name][:-1].tobytes(), name


def test_one_idling_car_weighs_as_a_trip_and_not_as_its_points():
    rows = [(0, trip, 50.0) for trip in range(100)] + [(0, 100, 0.0)] * 600
    found = summarise(rows, ("mean", "trip_mean", "trip_hmean", "stopped_share")).row(0)
    assert found["mean"] == pytest.approx(5000 / 700)
    assert found["trip_mean"] == pytest.approx(5000 / 101)
    assert found["trip_hmean"] == pytest.approx(101 / (100 / 50 + 1))  # it counts as 1 km/h
    assert found["stopped_share"] == pytest.approx(600 / 700)


@pytest.mark.parametrize(("unit", "five"), [("km/h", 5.0), ("m/s", 5 / 3.6), ("mph", 5 / 1.609344)])
def test_a_point_at_exactly_5_km_h_does_not_stand(unit, five):
    just_below = math.nextafter(five, 0) if hasattr(math, "nextafter") else five * (1 - 1e-15)
    found = summarise([(0, 0, five), (0, 0, just_below)], ("stopped_share",), speed_unit=unit)
    assert found.row(0)["stopped_share"] == 0.5


# -- Student's t ------------------------------------------------------------------------------------

TABULATED = {
    1: 12.706204736174705, 2: 4.3026527297494639, 3: 3.1824463052837096, 4: 2.7764451051977944,
    5: 2.5705818356363155, 10: 2.2281388519862747, 30: 2.0422724563012383, 99: 1.9842169515864175,
    100: 1.9839715185235523, 999: 1.96234146113345, 1000: 1.9623390808264085, 10_000: 1.9602012398906263,
    1_000_000: 1.959966356814107,
}  # fmt: skip
"""0.975 quantiles by degrees of freedom: from mpmath's incomplete beta function at 40 digits."""


@pytest.mark.parametrize(("degrees", "expected"), TABULATED.items())
def test_quantiles_of_t_are_the_tabulated_ones(degrees, expected):
    assert math.isclose(t_quantile(degrees), expected, rel_tol=1e-12)


def test_quantiles_of_t_are_those_of_printed_tables():
    """NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: three decimals."""
    printed = {1: 12.706, 2: 4.303, 7: 2.365, 15: 2.131, 24: 2.064, 40: 2.021, 60: 2.000, 80: 1.990}
    assert {degrees: round(t_quantile(degrees), 3) for degrees in printed} == printed


def test_quantiles_of_t_fall_steadily_to_the_normal_one():
    found = [t_quantile(degrees) for degrees in (*range(1, 1200), 10**5, 10**7, 10**9)]
    assert found == sorted(found, reverse=True)
    assert math.isclose(found[-1], 1.959963984540054, rel_tol=1e-8)


# -- formulas ---------------------------------------------------------------------------------------


def test_every_statistic_has_a_formula_over_what_the_registry_says_it_is_derived_from():
    for entry in statistic.STATISTICS:
        inputs = formula(entry.key).inputs
        assert {name for name in inputs if statistic.is_statistic(name)} == set(entry.derived_from), entry.key
    plain = {entry.key for entry in statistic.STATISTICS if entry.percentile is None}
    assert set(FORMULAS) == plain


def test_the_default_statistics_need_neither_trips_speeds_nor_traversals():
    assert inputs_of(statistic.default_keys()) == {"points", "number of trips"}


def test_indices_of_free_flow_are_those_of_their_definitions():
    speeds = np.array([40.0, 20.0, 0.0, 60.0])
    trips = HeldSample(np.sort(speeds), np.array([0]))
    inputs = {"paces": Paces(trips, 1.0), "free_flow": np.array([50.0])}
    computation = Computation(RunSpec("t", "s", statistics=("free_flow_share", "tti", "pti", "delay")))
    found = computation.columns(BY_TIME, {**inputs, "number of trips": trips.n, "points": trips})
    paces = [1 / 40, 1 / 20, 1.0, 1 / 60]
    hmean = 4 / sum(paces)
    assert found["free_flow_share"][0] == pytest.approx(hmean / 50, rel=1e-12)
    assert found["tti"][0] == pytest.approx(50 / hmean, rel=1e-12)
    assert found["pti"][0] == pytest.approx(50 * quantile(paces, 0.95), rel=1e-12)
    assert found["delay"][0] == pytest.approx(3600 * (sum(paces) / 4 - 1 / 50), rel=1e-12)


@pytest.mark.parametrize(("free_flow", "delay"), [(0.0, 0.0), (0.5, 0.0), (100.0, 3600 - 36.0)])
def test_a_free_flow_below_1_km_h_counts_as_that_in_its_pace(free_flow, delay):
    trips = HeldSample(np.array([0.25]), np.array([0]))
    inputs = {"paces": Paces(trips, 1.0), "free_flow": np.array([free_flow]), "points": trips}
    computation = Computation(RunSpec("t", "s", statistics=("free_flow_share", "delay")))
    found = computation.columns(BY_TIME, {**inputs, "number of trips": trips.n})
    assert found["delay"][0] == pytest.approx(delay)
    assert math.isnan(found["free_flow_share"][0]) == (free_flow == 0)


# -- samples ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(speeds, min_size=1, max_size=60), speeds)
def test_a_sample_in_a_file_answers_bit_for_bit_as_one_in_memory(values, limit):
    held = HeldSample(np.sort(np.array(values)), np.array([0]))
    with spill(np.float64) as numbers:
        numbers.append(np.array(values))
        with sorted_numbers(numbers, 8) as ordered:
            long = LongSample(ordered)
            for name in ("n", "mean", "squares"):
                assert getattr(held, name).tobytes() == getattr(long, name).tobytes(), name
            assert held.n_below(limit).tolist() == long.n_below(limit).tolist()
            assert Paces(held, 0.6).mean.tobytes() == Paces(long, 0.6).mean.tobytes()
            assert Paces(held, 0.6).n_raised.tolist() == [sum(v < 0.6 for v in values)]


@pytest.mark.parametrize("n", [1, 7, 9, 16_385, 200_003])
def test_a_long_sum_is_that_of_memory_bit_for_bit(n):
    values = np.sort(np.random.default_rng(n).random(n) * 130)
    held = HeldSample(values, np.array([0]))
    with spill(np.float64) as numbers:
        numbers.append(values)
        long = LongSample(numbers)
        assert held.mean.tobytes() == long.mean.tobytes()
        assert held.squares.tobytes() == long.squares.tobytes()
        assert Paces(held, 1.0).mean.tobytes() == Paces(long, 1.0).mean.tobytes()


# -- traversals -------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), speeds, st.floats(0, 30), st.integers(0, 3)), min_size=1, max_size=40
    ),
    st.randoms(),
)
def test_sums_over_traversals_depend_on_no_order(rows, random):
    groups = np.array([0, 1, 2, 3, 7])

    def sums(some):
        key, weighted, seconds, brakes = map(np.array, zip(*some))
        return passages(groups, key, weighted, seconds, brakes.astype(np.int16))

    found = sums(rows)
    for group, at in zip(groups.tolist(), range(len(groups))):
        here = [row for row in rows if row[0] == group]
        assert found.n[at] == len(here)
        assert found.brakes[at] == sum(row[3] for row in here)
        assert close(found.weighted[at], math.fsum(row[1] for row in here))
        assert close(found.seconds[at], math.fsum(row[2] for row in here))
    again = sums(random.sample(rows, len(rows)))
    assert found.weighted.tobytes() == again.weighted.tobytes()
    assert found.seconds.tobytes() == again.seconds.tobytes()


def test_what_has_no_traversal_or_no_seconds_has_no_value():
    found = passages(
        np.array([0, 1]), np.array([0]), np.array([0.0]), np.array([0.0]), np.array([2], dtype=np.int16)
    )
    assert FORMULAS["n_traversals"].value(found).tolist() == [1, 0]
    assert np.isnan(FORMULAS["weighted_mean"].value(found)).tolist() == [True, True]
    brakes = FORMULAS["brakes"].value(found)
    assert brakes[0] == 200 and np.isnan(brakes[1])


def test_a_share_is_called_a_share_once():
    titles = {one.key: one.title("mph") for one in statistic.STATISTICS}
    assert titles["free_flow_share"] == "Share of free-flow speed"
    assert titles["stopped_share"] == "Share of stopped points"
    assert titles["delay"] == "Delay (s/km)"
