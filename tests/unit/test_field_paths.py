"""Paths of fields: how they are written, and where they lead in a trip file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import SpecError
from roadpulse.aggregation.contract.field_path import keys_of, path_fault, path_of
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips import values
from roadpulse.aggregation.trips.decoder import TripDecoder
from roadpulse.aggregation.trips.large_files import decode_large
from roadpulse.aggregation.trips.typed_json import spellings

TIME = "2025-06-10T08:00:00Z"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("a", ("a",)),
        ("a.b", ("a", "b")),
        ('["a.b"]', ("a.b",)),
        ('a.["b.c"].d', ("a", "b.c", "d")),
        ('a["b.c"].d', ("a", "b.c", "d")),
        ('["a.b"]["c"]', ("a.b", "c")),
        (r'["say \"a\" \\ b"]', ('say "a" \\ b',)),
        ("[0]", ("[0]",)),
        ("with space.é", ("with space", "é")),
    ],
)
def test_a_path_is_keys_with_dots_between_or_in_brackets(path: str, keys: tuple[str, ...]) -> None:
    assert keys_of(path) == keys
    assert keys_of(path_of(keys)) == keys


@pytest.mark.parametrize(
    "path", ["", ".", "a..b", "a.", ".a", '["a', '["a"]b', '["a.b"].', "a\\.b", '[""]', "a\tb"]
)
def test_what_is_no_path_is_refused_and_shown(path: str) -> None:
    assert path_fault(path).startswith(repr(path))
    with pytest.raises(SpecError, match=r"mapping\.time"):
        FieldMapping(time=path)


def test_a_value_cannot_hold_another_however_the_paths_are_written() -> None:
    FieldMapping(link_id="a.b", speed='["a"].c')
    with pytest.raises(SpecError, match="cannot be a value and hold"):
        FieldMapping(link_id="a", speed='["a"].c')
    FieldMapping(link_id="a", speed='["a.c"]')


@pytest.mark.parametrize(
    ("mapping", "link"),
    [
        ({}, {"dbResponse.linkID": 101}),
        ({}, {"dbResponse": {"linkID": None}, "dbResponse.linkID": 101}),
        ({"link_id": "a.b.c"}, {"a.b": {"c": 101}}),
        ({"link_id": "a.b.c"}, {"a": {"b.c": 101}}),
        ({"link_id": "a.b.c"}, {"a": {}, "a.b.c": 101}),
        ({"link_id": "straße.id"}, {"straße.id": 101}),
        ({"link_id": '["a.b"].c'}, {"a.b": {"c": 101}}),
        ({"link_id": 'x["a.b"]'}, {"x": {"a.b": "101"}}),
        ({"link_id": "a.b", "speed": "v.kmh", "points": "trip.points"}, {"a.b": 101, "v.kmh": 22.5}),
        ({"speed": "v.kmh", "time": "t.utc"}, {"dbResponse": {"linkID": 101}, "v.kmh": 22.5, "t.utc": TIME}),
    ],
)
def test_a_key_with_a_dot_is_read_in_brackets_and_where_a_path_breaks_off(
    mapping: dict[str, str], link: dict[str, Any], tmp_path: Path
) -> None:
    """Alone, and beside points to which the path leads."""
    fields = FieldMapping(**mapping)
    spelt = {"absVelocity": 22.5, "timestamp": TIME, **link}
    led: dict[str, Any] = {}
    for path, value in ((fields.link_id, 101), (fields.speed, 22.5), (fields.time, TIME)):
        inner = led
        *outer, last = keys_of(path)
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = value
    for points in ([spelt] * 3, [led, spelt, led]):
        raw = json.dumps({fields.points: points}).encode()
        (tmp_path / "a.json").write_bytes(raw)
        decoded = [TripDecoder(fields).decode(raw)]
        if fields.points == "data":
            decoded.append(list(decode_large(TripDecoder(fields), fields, tmp_path / "a.json"))[-1])
        for found in decoded:
            assert found.link_id.tolist() == [101, 101, 101]
            assert found.speed.tolist() == [22.5, 22.5, 22.5]
            assert not any(found.faults.values())


def test_positions_and_ids_are_found_under_keys_with_a_dot() -> None:
    fields = FieldMapping(longitude="at.lon", latitude="at.lat", trip_id="trip.id", vehicle_id="car.a.b")
    point = {"absVelocity": 22.5, "timestamp": TIME, "dbResponse": {"linkID": 101}}
    trip = {"trip.id": "t1", "car": {"a.b": 7}, "data": [{**point, "at.lon": 13.5, "at": {"lat": 52.5}}] * 2}
    found = TripDecoder(fields).decode(json.dumps(trip).encode())
    assert found.position is not None
    assert found.position.tolist() == [[13.5, 52.5]] * 2
    assert (found.trip_id, found.vehicle) == ("t1", "7")


def objects(depth: int) -> st.SearchStrategy[Any]:
    inner = (
        st.sampled_from([None, 1, 2]) if not depth else st.one_of(st.none(), st.just(3), objects(depth - 1))
    )
    return st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c"]), inner, max_size=4)


@given(objects(2))
def test_the_spellings_of_a_path_are_in_the_order_in_which_it_is_followed(value: Any) -> None:
    def at(keys: tuple[str, ...]) -> Any:
        inner = value
        for key in keys:
            inner = inner.get(key) if isinstance(inner, dict) else None
        return inner

    given_ones = [at(keys) for keys in spellings(("a", "b", "c")) if at(keys) is not None]
    assert values.follow(value, ("a", "b", "c")) == next(iter(given_ones), None)
