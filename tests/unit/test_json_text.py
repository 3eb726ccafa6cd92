"""JSON that others wrote: what is refused, by which words, and that nothing else ever comes out."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract import json_text
from roadpulse.aggregation.contract.json_text import Entries, JsonFault

REFUSED = {
    "a number of 400 digits": ('{"pid": ' + "9" * 400 + "}", "400 digits"),
    "above 64 bits": ('{"pid": 9223372036854775808}', "above 2^63-1"),
    "a float without end": ('{"elapsed": 1e999}', "too large"),
    "NaN": ('{"elapsed": NaN}', "NaN"),
    "infinity": ('{"elapsed": -Infinity}', "-Infinity"),
    "nested arrays": ("[" * 100_000 + "]" * 100_000, "nested more than 32 deep"),
    "nested objects": ('{"a":' * 33 + "1" + "}" * 33, "nested more than 32 deep"),
    "a key twice": ('{"state": "finished", "state": "failed"}', "'state' is there twice"),
    "half a file": ('{"state": ', "not valid JSON"),
    "nothing": ("", "not valid JSON"),
    "too many values": ("[" + "0," * 2_000_000 + "0]", "more than 2,000,000 values"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_the_name_of_the_file(what: str) -> None:
    text, words = REFUSED[what]
    with pytest.raises(JsonFault, match=r"^status\.json cannot be used: its? ") as fault:
        json_text.decode(text, "status.json")
    assert words in str(fault.value)
    assert len(str(fault.value)) < 200


def test_brackets_in_texts_are_no_nesting() -> None:
    values = {"path": "[" * 100, "quoted": '\\"[[[[' * 50, "slash": "\\" * 7}
    assert json_text.decode(json.dumps(values), "f") == values


def test_the_largest_numbers_pass() -> None:
    text = "[9223372036854775807, -9223372036854775807, 1e308, 0.1]"
    assert json_text.decode(text, "f") == [2**63 - 1, -(2**63 - 1), 1e308, 0.1]


def test_what_is_no_utf_8_is_refused_and_a_byte_order_mark_is_not() -> None:
    with pytest.raises(JsonFault, match="not text in UTF-8"):
        json_text.decode(b'{"a": "\xff"}', "f")
    assert json_text.decode(b"\xef\xbb\xbf{}", "f") == {}


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(JsonFault, match=r"status\.json cannot be used: it is larger than 1,000 bytes"):
        json_text.read(path, 1000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "owner.json")
    with pytest.raises(JsonFault, match="it is a pipe or a device"):
        json_text.read(tmp_path / "owner.json")
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    with pytest.raises(JsonFault, match="it is a pipe or a device"):
        json_text.read(tmp_path / "endless.json")


def test_entries_are_taken_by_type() -> None:
    values = {"n": 3, "x": 0.5, "t": "a", "ts": ["a", "b"], "yes": True, "o": {"rows": 1}, "os": [{"n": 2}]}
    entries = Entries.of(json_text.decode(json.dumps(values), "f"), "f")
    assert (entries.whole("n"), entries.number("x"), entries.number("n")) == (3, 0.5, 3.0)
    assert (entries.text("t"), entries.texts("ts"), entries.flag("yes")) == ("a", ("a", "b"), True)
    assert entries.part("o").whole("rows") == 1
    assert [part.whole("n") for part in entries.parts("os")] == [2]


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda e: e.whole("gone"), "its entry 'gone' is missing"),
        (lambda e: e.whole("yes"), "its entry 'yes' is True, not a whole number"),
        (lambda e: e.whole("x"), "its entry 'x' is 0.5, not a whole number"),
        (lambda e: e.whole("minus"), "its entry 'minus' is -1, not between 0 and"),
        (lambda e: e.number("t"), "its entry 't' is 'a', not a number"),
        (lambda e: e.number("long", 0, 1), "not between 0 and 1"),
        (lambda e: e.number("huge"), "its entry 'huge' is inf"),
        (lambda e: e.text("x"), "its entry 'x' is 0.5, not a text"),
        (lambda e: e.texts("mixed"), "its entry 'mixed' is ['a', 1], not an array of texts"),
        (lambda e: e.flag("t"), "not true or false"),
        (lambda e: e.part("t"), "its entry 't' is not an object"),
        (lambda e: e.part("o").whole("rows"), "its entry 'o.rows' is missing"),
        (lambda e: e.parts("mixed"), "its entry 'mixed[0]' is not an object"),
    ],
)
def test_an_entry_of_another_type_is_refused_by_name(take: Any, words: str) -> None:
    values = {
        "x": 0.5, "t": "a", "yes": True, "minus": -1, "mixed": ["a", 1], "o": {}, "long": 10**400,
        "huge": math.inf,
    }  # fmt: skip
    with pytest.raises(JsonFault) as fault:
        take(Entries.of(values, "manifest.json"))
    assert words in str(fault.value)
    assert str(fault.value).startswith("manifest.json cannot be used: its entry ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@settings(derandomize=True, deadline=None)
@given(JSON)
def test_what_json_writes_is_read_as_json_reads_it(values: Any) -> None:
    text = json.dumps(values)
    assert json_text.decode(text, "f") == json.loads(text)


@settings(derandomize=True, deadline=None)
@given(st.binary() | st.text(alphabet='[]{}",:\\0123456789eE+-.tfnNI ').map(str.encode))
def test_of_any_bytes_nothing_comes_but_json_or_a_fault(content: bytes) -> None:
    try:
        values = json_text.decode(content, "f")
    except JsonFault as fault:
        assert fault.name == "f"
    else:
        assert json.loads(content.decode("utf-8-sig")) == values
