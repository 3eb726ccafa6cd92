"""What speeds of trip files mean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.trips.values import (
    REASON_TEXTS,
    SPEED_REASONS,
    follow,
    speed_of,
)


@pytest.mark.parametrize(
    ("value", "speed"),
    [(0, 0.0), (24, 24.0), (24.5, 24.5), ("24.5", 24.5), ("1e1", 10.0), (1e9, 1e9), (5e-324, 5e-324)],
)
def test_a_speed_is_a_number_or_its_text(value, speed):
    assert speed_of(value) == (speed, None)


def test_minus_zero_is_zero():
    speed, reason = speed_of(-0.0)
    assert reason is None
    assert math.copysign(1, speed) == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_speed"),
        ("", "no_speed"),
        ("NULL", "no_speed"),
        ("fast", "bad_speed"),
        ("1,5", "bad_speed"),
        (" 1", "bad_speed"),
        ("1_0", "bad_speed"),
        (True, "bad_speed"),
        ([1], "bad_speed"),
        (-1, "negative_speed"),
        ("-0.001", "negative_speed"),
        (float("nan"), "speed_not_finite"),
        ("NaN", "speed_not_finite"),
        (float("inf"), "speed_not_finite"),
        ("-Infinity", "speed_not_finite"),
        (1e300, "speed_not_finite"),
        (10**400, "speed_not_finite"),
        (-(10**400), "speed_not_finite"),
    ],
)
def test_what_is_no_speed_is_told_by_kind(value, reason):
    speed, found = speed_of(value)
    assert math.isnan(speed)
    assert found == reason


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2),
)


@given(anything)
def test_any_value_is_either_good_or_has_a_reason_with_words(value):
    speed, speed_fault = speed_of(value)
    assert (
        (0 <= speed <= 1e9) if speed_fault is None else (math.isnan(speed) and speed_fault in SPEED_REASONS)
    )
    assert not speed_fault or REASON_TEXTS[speed_fault]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": {"b": 1}}, 1),
        ({"a": {"b": None}}, None),
        ({"a": 5}, None),
        ({"a": [1]}, None),
        (None, None),
        ({}, None),
    ],
)
def test_a_path_that_breaks_off_leads_to_nothing(value, found):
    assert follow(value, ("a", "b")) == found
