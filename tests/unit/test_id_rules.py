"""Rules that bring the ids of trips and roads together."""

from __future__ import annotations

from typing import Any

import pytest

from roadpulse.workflow.id_rules import ID_RULES, best_rule, id_rule


@pytest.mark.parametrize(
    ("key", "value", "normal"),
    [
        ("tmc", "110P04099", "110+04099"),
        ("tmc", "110n04099", "110-04099"),
        ("tmc", "110+04099", "110+04099"),
        ("tmc", "1100P4099", "1100P4099"),
        ("strip_zeros", "A-0101", "A-101"),
        ("strip_zeros", "007_0", "7_0"),
        ("strip_zeros", "A100", "A100"),
        ("cut_suffix", "101_2", 101),
        ("cut_suffix", "way/101#3", "way/101"),
        ("cut_suffix", "110-04099", "110-04099"),
        ("cut_suffix", "_2", "_2"),
        ("end_sign", "1012345678F", 1012345678),
        ("end_sign", "1012345678T", -1012345678),
        ("end_sign", "101-", -101),
        ("end_sign", "101_+", 101),
        ("end_sign", "AB7T", "-AB7"),
        ("ignore_case", "{3F2B-8C}", "3f2b-8c"),
    ],
)
def test_a_rule_gives_the_normal_form_of_a_text(key: str, value: str, normal: Any) -> None:
    rule = id_rule(key)
    assert rule is not None
    assert rule.normal(value) == normal


def test_whole_numbers_are_the_same_by_every_rule() -> None:
    assert all(rule.normal(number) == number for rule in ID_RULES for number in (0, 101, -101))
    assert id_rule("none") is None


@pytest.mark.parametrize(
    ("trips", "roads", "key", "counts"),
    [
        (["110+04099", "110-04099"], ["110P04099", "110N04099", "110P05000"], "tmc", (0, 2)),
        (["1F", "1T", "2F"], [1, 2, 3], "end_sign", (0, 3)),
        (["101_1", "102_1"], [101, 102], "cut_suffix", (0, 2)),
        (["101_1", "101_2"], [101, 102], "cut_suffix", (0, 1)),
        (["A0101"], ["A101"], "strip_zeros", (0, 1)),
        (["3F2B"], ["{3f2b}"], "ignore_case", (0, 1)),
        ([101, -101, 7], [101, 8], None, (2, 2)),
        (["x"], ["y"], None, (0, 0)),
        ([], [], None, (0, 0)),
    ],
)
def test_the_rule_that_makes_most_ids_match_is_found(
    trips: list[Any], roads: list[Any], key: Any, counts: tuple[int, int]
) -> None:
    found = best_rule(trips, roads)
    assert (found.rule.key if found.rule else None, (found.plain, found.by_rule)) == (key, counts)
    assert found.asked == len(trips)
