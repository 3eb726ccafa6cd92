"""What link ids and speeds of trip files mean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.trips.values import (
    LINK_REASONS,
    MAX_LINK_ID,
    REASON_TEXTS,
    SPEED_REASONS,
    follow,
    link_id_of,
    speed_of,
)


@pytest.mark.parametrize(
    ("value", "link_id"),
    [
        (0, 0),
        ("0", 0),
        (4575425001, 4575425001),
        ("4575425001", 4575425001),
        ("0012", 12),
        (12.0, 12),
        ("12.0", 12),
        ("1e3", 1000),
        (float(2**53 - 1), 2**53 - 1),
        (2**53 + 1, 2**53 + 1),
        (str(2**53 + 1), 2**53 + 1),
        (2**63 - 1, MAX_LINK_ID),
        (str(2**63 - 1), MAX_LINK_ID),
        ("-0", 0),
    ],
)
def test_a_link_id_is_a_whole_number_or_its_text(value, link_id):
    assert link_id_of(value) == (link_id, None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_link"),
        ("", "no_link"),
        ("null", "no_link"),
        (-1, "negative_link"),
        ("-1", "negative_link"),
        (2**63, "link_too_large"),
        (str(2**63), "link_too_large"),
        (float(2**53), "bad_link"),  # also what 9007199254740993.0 is read as
        (float("nan"), "bad_link"),
        (float("inf"), "bad_link"),
        (1.5, "bad_link"),
        ("1.5", "bad_link"),
        ("A12", "bad_link"),
        (" 12", "bad_link"),
        ("1_0", "bad_link"),
        ("+1", "bad_link"),
        ("0x1F", "bad_link"),
        ("٣", "bad_link"),
        ("9" * 500, "bad_link"),
        (True, "bad_link"),
        ([], "bad_link"),
        ({}, "bad_link"),
    ],
)
def test_what_is_no_link_id_is_told_by_kind(value, reason):
    assert link_id_of(value) == (-1, reason)


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
    link_id, link_fault = link_id_of(value)
    assert (
        (0 <= link_id <= MAX_LINK_ID)
        if link_fault is None
        else (link_id == -1 and link_fault in LINK_REASONS)
    )
    speed, speed_fault = speed_of(value)
    assert (
        (0 <= speed <= 1e9) if speed_fault is None else (math.isnan(speed) and speed_fault in SPEED_REASONS)
    )
    assert all(REASON_TEXTS[fault] for fault in (link_fault, speed_fault) if fault)


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
