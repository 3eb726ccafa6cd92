"""Class limits are round, few, and the same whatever the odd value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.mapping.style.breaks import FEWEST, MOST, class_labels, class_limits

CITY = np.clip(np.random.default_rng(7).normal(24, 7, 5000), 0.3, 41)


def step_of(limits: list[float]) -> float:
    steps = np.diff(limits)
    assert np.allclose(steps, steps[0])
    return float(steps[0])


@pytest.mark.parametrize(
    ("unit", "factor", "step"), [("mph", 1.0, 5.0), ("km/h", 1.609344, 10.0), ("m/s", 0.44704, 2.5)]
)
def test_limits_of_a_citys_speeds_are_round_in_every_unit(unit: str, factor: float, step: float) -> None:
    limits = class_limits(CITY * factor, unit)
    assert limits[0] == 0
    assert step_of(limits) == step


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=60))
def test_there_are_six_to_nine_classes_of_a_round_width(values: list[float]) -> None:
    limits = class_limits(np.array(values))
    assert FEWEST <= len(limits) - 1 <= MOST
    step = step_of(limits)
    assert round(step / 10 ** np.floor(np.log10(step) + 1e-9), 6) in (1, 2, 2.5, 5)
    assert round(limits[0] / step, 6) == round(limits[0] / step)


def test_a_few_values_far_out_do_not_widen_the_classes() -> None:
    assert step_of(class_limits(np.append(CITY, [400.0] * 5))) == step_of(class_limits(CITY))


def test_values_beyond_the_last_closed_class_have_an_open_one() -> None:
    limits = class_limits(np.append(np.tile(np.arange(0.0, 30.0), 50), 44.0))
    assert class_labels(limits)[-1] == "over 30"


def test_one_value_lies_inside_the_classes() -> None:
    limits = class_limits(np.array([30.0]))
    assert limits[0] <= 30 <= limits[-1]


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [np.inf]])
@pytest.mark.parametrize("unit", ["mph", "km/h", "m/s"])
def test_nothing_drawn_still_gives_classes_that_suit_the_unit(values: list[float], unit: str) -> None:
    limits = class_limits(np.array(values), unit)
    assert FEWEST <= len(limits) - 1 <= MOST
    assert 12 <= limits[-1] <= 70


@pytest.mark.parametrize("values", [[1e-7, 2e-7], [1e9, 5e10], [0.0, 0.0], [100.0, 110.0, 130.0]])
def test_tiny_and_huge_ranges_stay_sensible(values: list[float]) -> None:
    limits = class_limits(np.array(values))
    assert FEWEST <= len(limits) - 1 <= MOST
    assert step_of(limits) >= 0.0999


def test_fast_roads_do_not_start_at_zero() -> None:
    limits = class_limits(np.random.default_rng(1).uniform(95, 130, 400))
    assert limits[0] >= 90
    assert class_labels(limits)[0].startswith("up to")


def test_shape_and_order_of_the_values_do_not_matter() -> None:
    assert class_limits(CITY.reshape(50, 100)) == class_limits(CITY[::-1])


def test_labels_are_written_for_people() -> None:
    assert class_labels([0, 2.5, 5, 7.5]) == ["0 – 2.5", "2.5 – 5", "over 5"]
    assert class_labels([0, 12000, 24000]) == ["0 – 12,000", "over 12,000"]
