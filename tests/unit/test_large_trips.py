"""A trip file of any size is decoded as a small one is, some of its points at a time."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import BadTripFile
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips import json_cuts, large_files
from roadpulse.aggregation.trips.decoder import TripDecoder
from roadpulse.aggregation.trips.large_files import decode_large
from tests.unit.test_trips import GOOD, an_object, extra, member, trips, unknown

documents = st.one_of(trips, trips, an_object([member("data", unknown), extra]), unknown)
NESTED = FieldMapping(points="a.data", trip_id="a.trip.id")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of some points are large ones here, and are looked at in blocks of some bytes."""
    monkeypatch.setattr(large_files, "PIECE", 150)
    monkeypatch.setattr(json_cuts, "BLOCK", 31)


def whole(raw: bytes, mapping: FieldMapping) -> object:
    """What the decoder makes of the file at once, in values that compare."""
    try:
        trip = TripDecoder(mapping).decode(raw)
    except BadTripFile as error:
        return error.reason, error.message
    return _values([trip])


def in_pieces(raw: bytes, mapping: FieldMapping) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trip.json")
        path.write_bytes(raw)
        try:
            return _values(list(decode_large(TripDecoder(mapping), mapping, path)))
        except BadTripFile as error:
            return error.reason, error.message


def _values(trips: list) -> object:
    faults: dict[str, int] = {}
    for trip in trips:
        for reason, n in trip.faults.items():
            faults[reason] = faults.get(reason, 0) + n
    columns = [
        np.concatenate([getattr(t, name) for t in trips]).tolist() for name in ("link_id", "time", "speed")
    ]
    examples: dict[str, str] = {}
    for trip in reversed(trips):
        examples.update(trip.examples)
    fields = "" if columns[0] else next((trip.fields for trip in trips if trip.read), "")
    return (
        columns,
        sum(t.read for t in trips),
        {r: n for r, n in faults.items() if n},
        trips[0].trip_id,
        fields,
    )


def trip_of(n: int, indent: int | None = None) -> str:
    points = [
        json.loads(GOOD.replace("24.5", f'"{k}.5"').replace("4575425001", str(k % 3))) for k in range(n)
    ]
    return json.dumps({"a b": {"data": [1, 2], "c": '"}]\\'}, "data": points, "z": [[]]}, indent=indent)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_pieces_give_what_the_whole_gives(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")
    assert in_pieces(raw, FieldMapping()) == whole(raw, FieldMapping())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9), st.sampled_from([None, 1]), st.data())
def test_a_fault_of_the_json_is_told_by_its_place_in_the_file(
    n: int, indent: int | None, data: st.DataObject
) -> None:
    text = trip_of(n, indent)
    cut = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", ",", "{", "]", '"', "\\", "é", "\n"]))
    raw = (text[:cut] + put + text[cut + data.draw(st.integers(0, 2)) :]).encode()
    expected, found = whole(raw, FieldMapping()), in_pieces(raw, FieldMapping())
    assert found == expected


def test_encodings_and_gzip_are_those_of_small_files() -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"):
        raw = trip_of(9).encode(encoding)
        assert in_pieces(raw, FieldMapping()) == whole(raw, FieldMapping())


def test_nested_points_and_the_trip_s_id_are_found() -> None:
    raw = f'{{"a": {{"data": [{GOOD}, {GOOD}, {GOOD}], "trip": {{"id": "t7"}}}}, "data": [1]}}'.encode()
    found = in_pieces(raw, NESTED)
    assert found == whole(raw, NESTED)
    assert found[1:4] == (3, {}, "t7")


def test_of_much_around_the_points_only_what_lies_as_high_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = json.dumps(
        {"raw": [[1, {"data": [2]}]] * 90, "data": json.loads(f"[{GOOD}, {GOOD}]"), "z": 1}
    ).encode()
    expected = whole(raw, FieldMapping())
    monkeypatch.setattr(json_cuts, "AROUND", 200)
    cuts = json_cuts.find_cuts(io.BytesIO(raw), ("data",), 100)
    assert not cuts.whole
    assert json.loads(cuts.around) == {"raw": [], "data": [], "z": 1}
    assert in_pieces(raw, FieldMapping()) == expected


def test_points_behind_a_sea_of_spaces_are_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_cuts, "BLOCK", 4096)
    raw = ('{"data": ' + " " * 9000 + f"[{GOOD}, {GOOD}]}}").encode()
    assert in_pieces(raw, FieldMapping()) == whole(raw, FieldMapping())
