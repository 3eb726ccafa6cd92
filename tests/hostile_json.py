"""JSON as somebody would write it who means harm: a whole file with one entry put in another's place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Union

from hypothesis import strategies as st

_HOLE = "@@hole@@"
_GONE = "gone"

RAW = (
    "9" * 400, "-" + "9" * 400, "9223372036854775807", "9223372036854775808", "-1", "0", "1.5", "1e308",
    "1e999", "NaN", "-Infinity", "null", "true", "{}", "[]", "[[]]", '""', '"x"', '"\\u0000"', '"\\ud800"',
    '"\\u202e"', '"../../etc/passwd"', '"%s"' % ("x" * 9000), "[" * 5000 + "]" * 5000,
    '{"a":' * 5000 + "1" + "}" * 5000,
    '{"a": 1, "a": 2}', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', '"2025-06-10"', "<", "",
)  # fmt: skip
"""What an entry may be replaced by, as text of the file."""


def _paths(values: Any, above: tuple[Union[str, int], ...] = ()) -> Iterator[tuple[Union[str, int], ...]]:
    if above:
        yield above
    inner = (
        values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    )
    for key, value in inner:
        yield from _paths(value, (*above, key))


def _damaged(values: Any, path: tuple[Union[str, int], ...], raw: str) -> bytes:
    whole = copy.deepcopy(values)
    place = whole
    for key in path[:-1]:
        place = place[key]
    if raw == _GONE:
        del place[path[-1]]
        return json.dumps(whole).encode()
    place[path[-1]] = _HOLE
    return json.dumps(whole).replace(json.dumps(_HOLE), raw).encode("utf-8", "surrogatepass")


def damaged(values: Any) -> st.SearchStrategy[bytes]:
    """The file that holds `values`, with one entry missing or another thing, or any bytes in its place."""
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    ).map(json.dumps)
    raw = st.sampled_from((_GONE, *RAW)) | anything
    one_entry = st.builds(_damaged, st.just(values), st.sampled_from(list(_paths(values))), raw)
    return one_entry | st.sampled_from(RAW).map(str.encode) | st.binary(max_size=40)
