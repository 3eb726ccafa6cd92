"""Methods of classification: what each promises, against plain computations of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.packed import FEW, counted
from roadpulse.mapping.style.methods import METHODS, Distribution, limits_of


def of(values: Iterable[float], key: str = "mean") -> Distribution:
    found, counts = np.unique(np.array(list(values), dtype=float), return_counts=True)
    return Distribution(key, "km/h", found, counts)


def within(values: list[float], limits: tuple[float, ...]) -> float:
    """Sum of squared distances from the mean of each value's class; a class includes its upper limit."""
    number = np.searchsorted(limits[1:-1], values, side="left")
    groups = [np.array(values)[number == n] for n in set(number.tolist())]
    return sum(float(((group - group.mean()) ** 2).sum()) for group in groups)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 40), min_size=4, max_size=40), st.integers(2, 5))
def test_natural_breaks_have_the_least_squares_of_all_groupings(whole: list[int], n: int) -> None:
    values = [float(value) for value in whole]
    limits = limits_of("natural", of(values), n)
    kinds = sorted(set(values))
    if len(kinds) <= n:
        assert within(values, limits) == 0
        return
    least = min(within(values, (kinds[0], *cuts, kinds[-1])) for cuts in combinations(kinds[:-1], n - 1))
    assert within(values, limits) == pytest.approx(least, abs=1e-6)


def test_natural_breaks_of_groups_lie_at_their_upper_ends() -> None:
    values = [1, 1.5, 2, 20, 21, 22, 60, 61]
    assert limits_of("natural", of(values), 3) == (1, 2, 22, 61)


def test_quantiles_put_as_many_values_into_each_class() -> None:
    values = np.arange(1.0, 1001.0) / 10
    limits = limits_of("quantiles", of(values), 5)
    assert np.histogram(values - 1e-9, limits)[0].tolist() == pytest.approx([200] * 5, abs=1)


def test_often_counts_as_often() -> None:
    many = Distribution("mean", "km/h", np.array([10.0, 20.0, 30.0]), np.array([800, 100, 100]))
    assert limits_of("quantiles", many, 2) == (9.9, 10, 30)  # more than half of all values are 10
    assert limits_of("quantiles", of([10, 20, 30, 40]), 2) == (10, 20, 40)


def test_equal_intervals_are_equal() -> None:
    assert limits_of("equal", of([3, 4, 5, 43]), 4) == (3, 13, 23, 33, 43)


def test_bands_of_free_flow_are_those_of_the_share_and_of_its_reciprocal() -> None:
    assert limits_of("bands", of([], "free_flow_share"), 7) == (0, 0.6, 0.7, 0.8, 0.9, 1)
    index = limits_of("bands", of([1.3], "tti"), 7)
    assert index[:-1] == pytest.approx((1, 1 / 0.9, 1 / 0.8, 1 / 0.7, 1 / 0.6), abs=5e-4)


@pytest.mark.parametrize("key", ["mean", "pti", "stopped_share"])
def test_bands_of_free_flow_of_something_else_are_refused_with_what_to_choose(key: str) -> None:
    with pytest.raises(MapError, match="free_flow_share, tti"):
        limits_of("bands", of([20], key), 7)


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"bands"}))
@pytest.mark.parametrize("values", [[], [25.0], [0.0, 0.0], [25.0, 25.01], [0, 12_345.6], range(90)])
def test_every_method_gives_ascending_limits_for_any_values(method: str, values: list[float]) -> None:
    limits = limits_of(method, of(values), 6)
    assert len(limits) >= 2
    assert all(low < high for low, high in zip(limits, limits[1:]))


@pytest.mark.parametrize("n", [4, 5, 9, 11])
def test_round_limits_come_near_the_number_of_classes_that_is_asked_for(n: int) -> None:
    values = np.clip(np.random.default_rng(7).normal(24, 7, 5000), 0.3, 41)
    limits = limits_of("round", of(values), n)
    assert n - 1 <= len(limits) - 1 <= n + 2


def test_texts_of_a_map_file_are_counted_over_all_bins() -> None:
    texts = ["12.50 3.00-1e99", None, " 3.0012.50 3.00"]
    values, counts = counted(texts, 2, FEW)
    assert values.tolist() == [3.0, 12.5]
    assert counts.tolist() == [3, 2]


@pytest.mark.parametrize("text", ["12.50", "12.50  nan  inf", "12.5012.50no no", "12.5012.5012.5é"])
def test_texts_that_roadpulse_does_not_write_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        counted([text], 2, FEW)
