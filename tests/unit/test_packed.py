"""The packed day says the same as the columns it stands for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.mapping.packed import DIGITS, LARGEST, pack, unpack


def test_too_few_trips_have_no_speed() -> None:
    text = pack(np.array([[20.0, 10.0, 30.0]]), np.array([[9.0, 4.0, 5.0]]), 5)[0]
    assert np.array_equal(unpack(text, 2), [20.0, np.nan, 30.0], equal_nan=True)


def test_bins_nobody_drove_in_have_no_speed() -> None:
    text = pack(np.array([[20.0, np.nan]]), np.array([[9.0, np.nan]]), 5)[0]
    assert np.array_equal(unpack(text, 1), [20.0, np.nan], equal_nan=True)


def test_a_link_that_is_never_coloured_has_no_text() -> None:
    assert pack(np.array([[20.0, 30.0]]), np.array([[4.0, 1.0]]), 5) == [None]


@given(st.lists(st.floats(0, 99.99), min_size=1, max_size=40), st.integers(0, 9999))
def test_every_speed_falls_into_the_class_it_would_fall_into_unpacked(
    speeds: list[float], hundredths: int
) -> None:
    limit = hundredths / 100
    text = pack(np.array([speeds]), np.full((1, len(speeds)), 9.0), 1)[0]
    packed = unpack(text, len(speeds) - 1)
    for speed, read in zip(speeds, packed):
        if abs(speed - limit) > 1e-9:  # equal but for the noise of binary fractions
            assert (speed <= limit) == (read <= limit)
        assert 0 <= read - speed + 1e-6 <= 0.0101


def test_noise_of_binary_fractions_does_not_move_a_speed_up() -> None:
    assert unpack(pack(np.array([[25.000000000000004]]), np.array([[9.0]]), 1)[0], 0)[0] == 25.0


@given(st.floats(0, 1e12))
def test_every_number_has_the_same_width(speed: float) -> None:
    text = pack(np.array([[speed, 1.0]]), np.array([[9.0, 9.0]]), 1)[0]
    assert text is not None
    assert len(text) == 2 * DIGITS
    assert unpack(text, 1)[1] == 1.0
    assert unpack(text, 1)[0] <= LARGEST


def test_no_value_can_be_the_mark_of_too_few() -> None:
    values = np.array([[-1.0, 0.0, LARGEST * 10.0, 1e300]])
    texts = pack(values, np.full(values.shape, 9.0), 5)[0]
    marks = pack(values, np.zeros(values.shape), 1)
    assert texts is not None and marks == [None]
    numbers = [float(texts[i : i + DIGITS]) for i in range(0, len(texts), DIGITS)]
    one_too_few = pack(np.array([[5.0, 5.0]]), np.array([[9.0, 4.0]]), 5)[0]
    assert one_too_few is not None
    mark = float(one_too_few[DIGITS:])
    assert all(abs(number) < abs(mark) / 1e6 for number in numbers)
