"""When Spark is worth its start, by what the head has done so far."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.runners.head_capacity import KEPT_MEGABYTES, free_megabytes, head_workers
from roadpulse.aggregation.runners.start_policy import FASTEST, WORTHWHILE_SECONDS, HeadEstimate

GIGABYTE = 1e9
TASK = 100e6


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def watched(clock: Clock, total: float, rate: float, seconds: float, start: float = 0.0) -> HeadEstimate:
    """The pace of two processes that together do `rate` bytes a second, after `seconds` of them; what they
    import takes `start` seconds before."""
    estimate = HeadEstimate("decode", [TASK] * int(total / TASK), 2, clock)
    begun = clock()
    for index in range(int(seconds * rate / TASK)):
        clock.seconds = begun + start + (index + 1) * TASK / rate
        estimate.done(index)
    clock.seconds = begun + start + seconds
    return estimate


@pytest.mark.parametrize(("rate", "wanted"), [(500e6, False), (50e6, True)])
def test_spark_is_wanted_where_the_head_would_take_long(rate: float, wanted: bool) -> None:
    estimate = watched(Clock(), 4 * GIGABYTE, rate, 4)
    assert estimate.seconds_left() == pytest.approx((4 * GIGABYTE - 4 * rate) / rate, rel=0.1)
    assert estimate.too_slow is wanted
    assert not estimate.exceeds_head


def test_spark_is_not_wanted_for_the_last_bit_of_much() -> None:
    assert watched(Clock(), 2 * GIGABYTE, 50e6, 8).too_slow
    assert not watched(Clock(), 2 * GIGABYTE, 50e6, 32).too_slow


def test_what_the_processes_import_first_does_not_count() -> None:
    """A Raspberry Pi takes seconds for it."""
    assert not watched(Clock(), 1 * GIGABYTE, 120e6, 3, start=5).too_slow


def test_nothing_is_said_before_there_is_something_to_measure() -> None:
    clock = Clock()
    estimate = HeadEstimate("decode", [TASK] * 100, 2, clock)
    assert estimate.seconds_left() == 0
    clock.seconds += 1
    estimate.done(0)
    estimate.done(1)
    assert estimate.seconds_left() == 0


def test_spark_is_wanted_where_nothing_comes_of_the_head() -> None:
    clock = Clock()
    estimate = HeadEstimate("decode", [TASK] * 9, 1, clock)
    clock.seconds += 10
    assert estimate.too_slow


def test_so_much_that_no_head_does_it_is_known_at_once() -> None:
    enough = 2 * FASTEST["decode"] * WORTHWHILE_SECONDS
    assert HeadEstimate("decode", [enough / 2, enough / 2 + 1], 2).exceeds_head
    assert not HeadEstimate("decode", [enough / 2, enough / 2 - 1], 2).exceeds_head


@given(
    amounts=st.lists(st.floats(0, 1e12), min_size=1, max_size=40),
    steps=st.lists(st.floats(0, 100), max_size=40),
    workers=st.integers(1, 64),
)
def test_the_estimate_is_a_number_whatever_happens(
    amounts: list[float], steps: list[float], workers: int
) -> None:
    clock = Clock()
    estimate = HeadEstimate("decode", amounts, workers, clock)
    for index, seconds in enumerate(steps[: len(amounts)]):
        clock.seconds += seconds
        assert estimate.seconds_left() >= 0
        estimate.done(index)
    clock.seconds += 100
    assert estimate.seconds_left() >= 0


@pytest.mark.parametrize(
    ("cores", "megabytes", "found"),
    [(4, 450, 0), (4, 700, 1), (4, 3200, 4), (2, 20_000, 2), (64, 1e6, 16), (4, 0, 0)],
    ids=["pi-3-that-is-full", "pi-3", "pi-4", "two-cores", "large", "unknown"],
)
def test_the_head_gives_what_it_has_cores_and_memory_for(cores: int, megabytes: float, found: int) -> None:
    assert head_workers(cores, megabytes, 16) == found
    assert found * 150 + KEPT_MEGABYTES <= max(megabytes, KEPT_MEGABYTES)


def test_free_memory_is_that_of_the_computer_or_of_the_container_if_that_is_less(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  4000000 kB\nMemFree:  100000 kB\nMemAvailable:  3000000 kB\n")
    assert free_megabytes(meminfo, tmp_path) == 3000
    for name, text in (
        ("max", "max"),
        ("current", "800000000"),
        ("stat", "anon 1\ninactive_file 300000000\n"),
    ):
        (tmp_path / f"memory.{name}").write_text(text)
    assert free_megabytes(meminfo, tmp_path) == 3000
    (tmp_path / "memory.max").write_text("1000000000\n")
    assert free_megabytes(meminfo, tmp_path) == 500
    assert free_megabytes(tmp_path / "none", tmp_path) == 0
