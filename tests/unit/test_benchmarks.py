"""Benchmarks are named on the command line, each with its arguments."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import LONG, MORE, NAMES, main, wanted


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["growth", "run panel", "preview"], [("growth", ["run panel", "preview"])]),
        (
            ["growth", "preview", "engine", "--trips", "40"],
            [("growth", ["preview"]), ("engine", ["--trips", "40"])],
        ),
        (["layer", "growth"], [("layer", []), ("growth", [])]),
        (["spark"], [("spark", MORE["spark"])]),
        (["spark", "--trips", "400"], [("spark", ["--trips", "400"])]),
        ([], [(name, MORE.get(name, [])) for name in NAMES if name not in LONG]),
    ],
)
def test_what_follows_a_name_are_its_arguments(
    words: list[str], expected: list[tuple[str, list[str]]]
) -> None:
    assert wanted(words) == expected


@pytest.mark.parametrize("words", [["--help"], ["nothing"], ["run panel", "growth"]])
def test_an_unknown_benchmark_is_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert f"{words[0]} is no benchmark" in capsys.readouterr().out
