"""Docstrings and comments put the thing first; words of a narrator stay out of them."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plain_language import NARRATED

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "aggregation",
    "cluster_client",
    "mapping",
    "workflow",
    "algorithms",
    "ui",
    "democity",
    "development",
)
RELATIVE = re.compile(r"(What|Whether|Where|Who|Why|How)\b")
"""A clause in place of the thing: "What the runner knows" for "Facts of the runner"."""


def descriptions(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring, each text after an assignment, and each comment."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.lineno, str(node.value.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_and_comments_tell_no_story(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()[:80]}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, text in descriptions(path.read_text(encoding="utf-8"))
        if NARRATED.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_begin_with_the_thing_or_what_is_done(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()[:80]}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, text in descriptions(path.read_text(encoding="utf-8"))
        if RELATIVE.match(text.strip())
    ]
    assert found == []


def test_texts_for_people_may_use_any_word() -> None:
    source = 'def f():\n    """Return a text."""\n    return tr("Nobody listens.")  # an example\n'
    assert [text for _, text in descriptions(source)] == ["Return a text.", "# an example"]
