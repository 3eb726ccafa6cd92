"""Which field holds what is proposed from names and values, and never against what is found already."""

from __future__ import annotations

import pytest

from roadpulse.aggregation.contract.field_path import keys_of
from roadpulse.aggregation.contract.spec import OBJECT, FieldMapping
from roadpulse.ui.trip_fields.content import Content
from roadpulse.ui.trip_fields.proposals import arrays_of, fields_of, propose, unit_hint
from roadpulse.ui.trip_fields.sample import inspect


def trip(**point: object) -> dict[str, object]:
    return {"id": "x", "data": [point, point]}


def of(root: object) -> Content:
    return Content(OBJECT, root)


def test_nothing_is_proposed_where_the_mapping_fits() -> None:
    found = trip(timestamp="2025-06-10T08:00:00Z", absVelocity=3.5, dbResponse={"linkID": "17"})
    assert propose(of(found), FieldMapping()) is None


def test_other_names_are_found_by_what_they_are_called_and_hold() -> None:
    root = {"meta": {"n": 2}, "track": {"pts": [{"edge": {"id": 17}, "v_kmh": 31.5, "when": 1749510026}]}}
    proposal = propose(of(root), FieldMapping())
    assert proposal == FieldMapping(points="track.pts", link_id="edge.id", speed="v_kmh", time="when")


def test_a_field_whose_values_cannot_serve_is_not_proposed() -> None:
    root = trip(link_id=1.5, edge=17, speed="fast", velocity=3.5, time="2025-06-10T08:00:00Z")
    proposal = propose(of(root), FieldMapping())
    assert proposal is not None
    assert (proposal.link_id, proposal.speed, proposal.time) == ("edge", "velocity", "time")


def test_what_is_found_stays_when_only_one_field_is_missing() -> None:
    root = trip(timestamp="2025-06-10T08:00:00Z", speed=3.5, absSpeed=99, dbResponse={"linkID": "17"})
    proposal = propose(of(root), FieldMapping())
    assert proposal == FieldMapping(speed="speed")


def test_without_any_array_of_objects_there_is_nothing_to_propose() -> None:
    assert propose(of({"data": [1, 2, 3]}), FieldMapping()) is None
    assert propose(of([]), FieldMapping()) is None


def test_the_longest_array_of_objects_is_the_first_guess() -> None:
    root = {"stops": [{"a": 1}], "log": {"points": [{"b": 1}, {"b": 2}]}, "numbers": [1, 2, 3, 4]}
    assert arrays_of(root) == ["log.points", "stops"]


def test_a_fields_example_is_its_first_value_that_is_given() -> None:
    fields = fields_of([{"a": None, "b": {"c": 1}}, {"a": 2}])
    assert [(field.path, field.example) for field in fields] == [("a", 2), ("b.c", 1)]


def test_a_unit_counts_only_where_the_file_names_one() -> None:
    assert unit_hint({"velocityUnit": "MPH"}) == "mph"
    assert unit_hint({"speed_unit": "km/h"}) == "km/h"
    assert unit_hint({"units": {"speed": "mph"}, "speedUnit": "miles per hour"}) == "mph"
    assert unit_hint({"unit": "m·s-1"}) == unit_hint({"unit": "mps"}) == "m/s"
    assert unit_hint({"time_unit": "ms", "unit": "kn"}) == "knots"
    assert unit_hint({"unit": "furlongs"}) == ""
    assert unit_hint({"note": "mph"}) == ""


def test_a_value_that_is_there_and_not_read_is_shown_in_the_place_of_a_question_for_its_field() -> None:
    root = trip(timestamp="8 o'clock", absVelocity=3.5, dbResponse={"linkID": {"id": 17}})
    preview = inspect("/data/t.json", of(root), FieldMapping())
    assert preview.found == ("speed",)
    assert preview.faults["link_id"].startswith(
        "Link id is neither a whole number nor a text, such as an object (id) in t.json. Name the value"
    )
    assert 'such as "8 o\'clock" in t.json' in preview.faults["time"]


def test_a_key_with_a_dot_is_found_by_its_whole_name_and_proposed_in_brackets() -> None:
    root = trip(**{"timestamp": 1749510026, "absVelocity": 3.5, "dbResponse.linkID": 17})
    assert inspect("t.json", of(root), FieldMapping()).found == ("link_id", "speed", "time")
    proposal = propose(of({"a.b": [{"link.id": 1, "speed": 2.5}]}), FieldMapping())
    assert proposal is not None
    assert (proposal.points, proposal.link_id, proposal.speed) == ('["a.b"]', '["link.id"]', "speed")


@pytest.mark.parametrize("key", ["time\x1b", "", " ", "time\ud800", "\x00"])
def test_a_key_that_no_path_can_name_is_passed_over(key: str) -> None:
    """Of the keys beside it, what is needed is proposed; a file must not be without a preview for one key."""
    root = {"points": [{key: 1749510026, "when": 1749510026, "link_id": 17, "speed": 3.5}], key: [{"a": 1}]}
    preview = inspect("t.json", of(root), FieldMapping())
    assert preview.proposal == FieldMapping(points="points", link_id="link_id", speed="speed", time="when")
    assert key not in [field.path for field in fields_of(root["points"])]
    assert arrays_of(root) == ["points"]
    assert propose(of({key: root["points"]}), FieldMapping()) is None


def test_a_key_that_ends_with_a_backslash_is_written_in_brackets() -> None:
    """A plain backslash before a dot is refused in a path, since it does not keep the dot from being one."""
    root = {"points": [{"edge\\": {"id": 17}, "speed": 3.5, "time": 1749510026}]}
    assert [field.path for field in fields_of(root["points"])] == ['["edge\\\\"].id', "speed", "time"]
    proposal = propose(of(root), FieldMapping())
    assert proposal is not None
    assert keys_of(proposal.link_id) == ("edge\\", "id")


def test_a_field_that_is_not_there_has_no_fault_to_show() -> None:
    assert inspect("t.json", of(trip(absVelocity=3.5)), FieldMapping()).faults == {}
