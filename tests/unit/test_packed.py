"""The packed bins say the same as the values that they stand for."""

from __future__ import annotations

from math import isnan
from typing import Any, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.mapping.packed import DECIMALS, DIGITS, FEW, LARGEST, numbers, places, texts, unpack

ALL_DECIMALS = sorted(set(DECIMALS.values()))


def pack(
    values: np.ndarray[Any, Any], trips: np.ndarray[Any, Any], least: int, decimals: int = 2
) -> list[Any]:
    drawn = (trips >= least) & np.isfinite(values)
    return texts(places(values, drawn, decimals), decimals)


def written(value: float, decimals: int) -> Optional[float]:
    """The number that stands for a value, by Python's own decimal arithmetic: rounded up to what fits."""
    from decimal import ROUND_CEILING, Decimal

    exact = Decimal(repr(round(value, 9)))
    for places_kept in range(decimals, -1, -1):
        rounded = exact.quantize(Decimal(1).scaleb(-places_kept), rounding=ROUND_CEILING)
        if len(f"{rounded:f}") <= DIGITS:
            return float(rounded)
    return None


def test_too_few_trips_have_no_value() -> None:
    text = pack(np.array([[20.0, 10.0, 30.0]]), np.array([[9.0, 4.0, 5.0]]), 5)[0]
    assert np.array_equal(unpack(text, 2), [20.0, np.nan, 30.0], equal_nan=True)


def test_bins_nobody_drove_in_have_no_value() -> None:
    text = pack(np.array([[20.0, np.nan]]), np.array([[9.0, np.nan]]), 5)[0]
    assert np.array_equal(unpack(text, 1), [20.0, np.nan], equal_nan=True)


def test_a_link_that_is_never_coloured_has_no_text() -> None:
    assert pack(np.array([[20.0, 30.0]]), np.array([[4.0, 1.0]]), 5) == [None]
    assert np.isnan(unpack(None, 1)).all()


@given(
    st.sampled_from(sorted(DECIMALS)),
    st.lists(st.floats(0, 9.9), min_size=1, max_size=40),
    st.integers(0, 9999),
)
def test_every_value_falls_into_the_class_it_would_fall_into_unpacked(
    kind: str, values: list[float], step: int
) -> None:
    decimals = DECIMALS[kind]
    limit = step / 10**decimals
    text = pack(np.array([values]), np.full((1, len(values)), 9.0), 1, decimals)[0]
    for value, read in zip(values, unpack(text, len(values) - 1)):
        if abs(value - limit) > 1e-9:  # equal but for the noise of binary fractions
            assert (value <= limit) == (read <= limit)


@pytest.mark.parametrize("decimals", ALL_DECIMALS)
@given(st.floats(0, LARGEST))
def test_a_value_is_rounded_up_to_the_decimals_that_fit(decimals: int, value: float) -> None:
    value = round(value, 5)
    (text,) = pack(np.array([[value]]), np.array([[9.0]]), 1, decimals)
    assert len(text) == DIGITS
    assert float(text) == written(value, decimals)


@pytest.mark.parametrize("decimals", ALL_DECIMALS)
@pytest.mark.parametrize("edge", [9.999, 9.9991, 10, 99.99, 99.991, 99.999, 100, 999.9, 999.95, 1000, 99999])
def test_the_number_of_decimals_changes_where_it_must(decimals: int, edge: float) -> None:
    (text,) = pack(np.array([[edge]]), np.array([[9.0]]), 1, decimals)
    assert float(text) == written(edge, decimals)


@pytest.mark.parametrize("decimals", ALL_DECIMALS)
def test_noise_of_binary_fractions_does_not_move_a_value_up(decimals: int) -> None:
    hundredths = np.arange(10_000) / 100
    for near in (hundredths, np.nextafter(hundredths, np.inf), np.nextafter(hundredths, 0)):
        found = numbers(decimals)[places(near, np.ones(len(near), bool), decimals)]
        assert np.array_equal(found, hundredths)


@pytest.mark.parametrize("decimals", ALL_DECIMALS)
def test_numbers_ascend_and_every_one_has_a_place(decimals: int) -> None:
    known = numbers(decimals)
    assert isnan(known[0]) and (np.diff(known[1:]) > 0).all() and known[-1] == LARGEST
    assert np.array_equal(
        places(known[1:], np.ones(len(known) - 1, bool), decimals), np.arange(1, len(known))
    )


def test_no_value_can_be_the_mark_of_too_few() -> None:
    values = np.array([[-1.0, 0.0, LARGEST * 10.0, 1e300]])
    text = pack(values, np.full(values.shape, 9.0), 5)[0]
    assert pack(values, np.zeros(values.shape), 1) == [None]
    found = [float(text[i : i + DIGITS]) for i in range(0, len(text), DIGITS)]
    assert all(abs(number) < abs(FEW) / 1e6 for number in found)
    assert float(pack(np.array([[5.0, 5.0]]), np.array([[9.0, 4.0]]), 5)[0][DIGITS:]) == FEW
