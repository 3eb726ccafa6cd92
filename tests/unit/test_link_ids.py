"""What link ids are, for trips and roads alike."""

import json
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.contract import link_ids
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.aggregation.contract.link_ids import (
    LARGEST,
    LinkTexts,
    is_backward,
    key_of,
    link_id_of,
    opposite,
    road_of_opposite,
)
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips.decoder import TripDecoder
from roadpulse.aggregation.trips.values import LINK_REASONS, REASON_TEXTS


@pytest.mark.parametrize(
    ("value", "link_id"),
    [
        (0, 0),
        (4575425001, 4575425001),
        ("4575425001", 4575425001),
        (-101, -101),
        ("-101", -101),
        ("00101", 101),
        ("-00101", -101),
        ("+101", 101),
        (" 101\t", 101),
        (101.0, 101),
        ("101.0", 101),
        ("101.", 101),
        ("-0", 0),
        (2**53 + 1, 2**53 + 1),
        (2**63 - 1, LARGEST),
        (str(2**63 - 1), LARGEST),
        (str(-(2**63) + 1), -LARGEST),
        (2**63, "9223372036854775808"),
        ("9223372036854775808", "9223372036854775808"),
        (-(2**63), "-9223372036854775808"),
        ("110+04099", "110+04099"),
        (" A12 ", "A12"),
        ("1234e5", "1234e5"),
        ("1E3", "1E3"),
        ("0x1F", "0x1F"),
        ("1.5", "1.5"),
        ("1_0", "1_0"),
        ("1 0", "1 0"),
        ("٣", "٣"),
        ("1012345678F", "1012345678F"),
        ("3f2b8c1e-7a55-4b0f-9a3e-0c5d1e2f3a4b", "3f2b8c1e-7a55-4b0f-9a3e-0c5d1e2f3a4b"),
        ("Straße 7, „Süd“", "Straße 7, „Süd“"),
    ],
)
def test_a_link_id_is_a_whole_number_or_a_text(value, link_id):
    found = link_id_of(value)
    assert found == (link_id, None)
    assert type(found[0]) is type(link_id)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_link"),
        ("", "no_link"),
        ("  ", "no_link"),
        ("NULL", "no_link"),
        (1.5, "bad_link"),
        (float(2**53), "bad_link"),  # also what 9007199254740993.0 is read as
        (float("nan"), "bad_link"),
        (float("inf"), "bad_link"),
        (True, "bad_link"),
        ([], "bad_link"),
        ({}, "bad_link"),
        ("A\n1", "bad_link"),
        ("A\x00", "bad_link"),
        ("\ud800", "bad_link"),
        ("9" * 401, "bad_link"),
    ],
)
def test_what_is_no_link_id_is_told_by_kind(value, reason):
    assert link_id_of(value) == (None, reason)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_the_text_of_a_link_id_stands_for_the_same_id(value):
    link_id, reason = link_id_of(value)
    if reason:
        assert (link_id, reason in LINK_REASONS, bool(REASON_TEXTS[reason])) == (None, True, True)
    else:
        assert link_id_of(str(link_id)) == (link_id, None)


def test_a_road_is_found_by_the_id_of_its_opposite_direction():
    assert [opposite(link) for link in (101, -101, "A", "-A")] == [-101, 101, "-A", "--A"]
    assert [road_of_opposite(link) for link in (101, -101, "A", "-A", "--A", f"-{2**63}")] == [
        None, 101, None, "A", "-A", str(2**63),
    ]  # fmt: skip


def test_the_key_of_a_text_is_that_of_the_documentation():
    digest = blake2b(b"110+04099").digest()
    expected = int.from_bytes(digest[:8], "big") % 2**63
    assert (key_of("110+04099"), key_of(-101)) == (expected, -101)


def test_two_texts_with_one_key_are_both_named():
    texts = LinkTexts({5: "A"})
    texts.note([(5, "A"), (6, "B")])
    with pytest.raises(RunError, match="The link ids 'A' and 'C' have the same key"):
        texts.note([(5, "C")])


def decode(points, **mapping):
    names = {"points": "p", "link_id": "id", "speed": "v", "time": "t", **mapping}
    body = [{"v": 1, "t": "2025-06-10T08:00:00Z", **point} for point in points]
    return TripDecoder(FieldMapping(**names)).decode(json.dumps({"p": body}).encode())


def ids_of(trip):
    return [trip.texts.get(key, key) for key in trip.link_id.tolist()]


SAME = [5, "005", "5.0", 5.0, "+5", " 5 ", "abc", "abc ", -5, "1234e5", 2**63, str(2**63), 2**53 + 1]
AS_READ = [5, 5, 5, 5, 5, 5, "abc", "abc", -5, "1234e5", str(2**63), str(2**63), 2**53 + 1]


@pytest.mark.parametrize("fault", [[], [{"id": True}]], ids=["fast", "point by point"])
def test_both_ways_of_decoding_have_the_same_ids(fault):
    trip = decode([{"id": value} for value in SAME] + [{"id": None}, {"id": ""}, *fault])
    assert ids_of(trip) == AS_READ
    assert trip.faults["no_link"] == 2
    assert trip.faults.get("bad_link", 0) == len(fault)
    assert trip.texts == {key_of(text): text for text in ("abc", "1234e5", str(2**63))}


@pytest.mark.parametrize("text", ["2025-06-10T08:00:00Z", 1749542400])
def test_each_file_has_the_texts_of_its_own_links(text):
    decoder = TripDecoder(FieldMapping(points="p", link_id="id", speed="v", time="t"))
    found = [
        decoder.decode(json.dumps({"p": [{"id": link, "v": 1, "t": text}]}).encode())
        for link in ("A", "B", 7)
    ]
    assert [ids_of(trip) for trip in found] == [["A"], ["B"], [7]]
    assert [list(trip.texts.values()) for trip in found] == [["A"], ["B"], []]


def test_two_ids_of_a_trip_with_one_key_stop_the_run(monkeypatch):
    monkeypatch.setattr(link_ids, "hash_of", lambda text: 77)
    with pytest.raises(RunError, match="'A1' and 'B2' have the same key"):
        decode([{"id": "A1"}, {"id": "B2"}])
    for ids in (["A1", 77], [77, "A1"]):
        with pytest.raises(RunError, match=r"'A1' and 77 have|77 and 'A1' have"):
            decode([{"id": link} for link in ids])


# -- directions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["F", "f", "forward", "Forward", 1, 1.0, "1", "+1", "+", True, "true"])
def test_forward(value):
    assert is_backward(value) == (False, None)


@pytest.mark.parametrize("value", ["T", "t", "backward", -1, -1.0, "-1", "-", False, "FALSE"])
def test_backward(value):
    assert is_backward(value) == (True, None)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(None, "no_direction"), ("", "no_direction"), ("B", "bad_direction"), (0, "bad_direction"),
     (2, "bad_direction"), ([], "bad_direction"), ("north", "bad_direction"), (0.5, "bad_direction")],
)  # fmt: skip
def test_other_directions_have_a_reason(value, reason):
    assert is_backward(value) == (False, reason)


DIRECTED = [(101, "F", 101), (101, "T", -101), (-101, "T", 101), ("AB7", "-", "-AB7"), ("AB7", "+", "AB7"),
            (7, True, 7), (7, False, -7), (7, 1, 7), (7, -1, -7), (2**63, "t", f"-{2**63}")]  # fmt: skip


@pytest.mark.parametrize("fault", [[], [{"id": [], "way": {"d": "F"}}]], ids=["fast", "point by point"])
def test_the_opposite_direction_has_the_negative_of_the_id(fault):
    points = [{"id": link, "way": {"d": direction}} for link, direction, _ in DIRECTED]
    trip = decode([*points, *fault], direction="way.d")
    assert ids_of(trip) == [found for _, _, found in DIRECTED]
    assert trip.faults.get("bad_link", 0) == len(fault)


def test_points_without_a_direction_are_left_out_and_counted():
    given = [{"id": 1, "d": "F"}, {"id": 1, "d": "x"}, {"id": 1, "d": "y"}, {"id": 1}, {"id": 1, "d": 0}, {}]
    trip = decode(given, direction="d")
    assert ids_of(trip) == [1]
    assert {name: n for name, n in trip.faults.items() if n} == {
        "bad_direction": 3, "no_direction": 1, "no_link": 1,
    }  # fmt: skip
    assert trip.examples == {"bad_direction": '"x"'}


def test_a_key_may_spell_the_path_of_the_direction_in_full():
    trip = decode([{"id": 1, "way.d": "T"}, {"id": 1, "way": {"d": "F"}}], direction="way.d")
    assert ids_of(trip) == [-1, 1]


def test_a_mapping_without_a_direction_is_written_as_before():
    assert "direction" not in FieldMapping().to_json()
    assert FieldMapping.from_json({"direction": "d"}).to_json()["direction"] == "d"
