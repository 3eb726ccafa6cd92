"""What a run says of values that it does not understand: one that was met, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roadpulse.aggregation.contract.errors import RunError, SpecError
from roadpulse.aggregation.contract.spec import FieldMapping
from tests.engine import Engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


TIME = "2025-06-10T08:00:00Z"


def point(link: Any = 101, speed: Any = 22.5, time: Any = TIME) -> dict[str, Any]:
    return {"dbResponse": {"linkID": link}, "absVelocity": speed, "timestamp": time}


@pytest.mark.parametrize(
    ("bad", "shown", "what_to_do"),
    [
        (point(link="A\n1"), r'"A\n1"', "no control characters"),
        (point(link=1.5), "1.5", "Check the field mapping, where link_id is 'dbResponse.linkID'"),
        (point(link=1e17), "1e+17", "lose their last digits"),
        (point(link={"id": 7}), "an object (id)", "Name the value inside it"),
        (point(speed="12,5"), '"12,5"', "decimal point"),
        (point(speed="30 mph"), '"30 mph"', "Write the number alone"),
        (point(speed=-1), "-1", "left out"),
        (["x", 1], "an array of 2", "Points that are arrays are not read"),
    ],
)
def test_a_refusal_shows_the_value_and_says_what_to_do_about_it(
    engine: Engine, bad: Any, shown: str, what_to_do: str
) -> None:
    engine.write("b.json", [bad] * 3)
    engine.write("a.json", [])
    with pytest.raises(RunError) as refused:
        engine.run_here()
    assert refused.value.message.startswith("None of the 3 points can be used: ")
    assert f", such as {shown} in {engine.trips / 'b.json'}. " in refused.value.message
    assert what_to_do in refused.value.message
    assert "Correct the field mapping" not in refused.value.message


@pytest.mark.parametrize(
    ("time", "shown", "what_to_do"),
    [
        ("10/06/2025 08:00:00", '"10/06/2025 08:00:00"', "time_format in the field mapping"),
        ("2025-06-10 08:00:00 CEST", '"2025-06-10 08:00:00 CEST"', "ISO-8601 with the offset from UTC"),
        (8000000000000000, "8000000000000000", "before 1900 or after 2199"),
        ("2025-06-10T08:00:00", '"2025-06-10T08:00:00"', "with naive_times in the field mapping"),
        (True, "true", "Check the field mapping, where time is 'timestamp'"),
    ],
)
def test_a_time_that_is_not_read_is_shown(engine: Engine, time: Any, shown: str, what_to_do: str) -> None:
    engine.write("a.json", [point(time=time)] * 2)
    (warning, *_) = engine.run_here(min_trips=1).manifest["warnings"]
    assert warning.startswith("100% of the points: time ")
    assert f"such as {shown} in {engine.trips / 'a.json'}. " in warning
    assert what_to_do in warning


@pytest.mark.parametrize(
    ("mapping", "time", "advice"),
    [
        ({"time_format": "%d/%m/%Y %H:%M"}, "10.06.2025 08:00", "which is '%d/%m/%Y %H:%M'"),
        ({"naive_times": "local"}, "2025-03-30T01:30:00", "a clock there does not show this time"),
        ({"naive_times": "local"}, "2025-10-26T01:30:00", "Check the time zone"),
    ],
)
def test_a_time_that_does_not_fit_what_was_said_of_it_is_shown(
    engine: Engine, mapping: dict[str, str], time: str, advice: str
) -> None:
    engine.write("a.json", [point(time=time)] * 2)
    (warning, *_) = engine.run_here(min_trips=1, time_zone="Europe/London", mapping=mapping).manifest[
        "warnings"
    ]
    assert f'such as "{time}" in ' in warning
    assert advice in warning


@pytest.mark.parametrize(
    ("time", "unit"), [(1749542400000000, "microseconds"), (1749542400000000000, "nanoseconds")]
)
@pytest.mark.parametrize("kind", [int, str])
def test_small_units_of_epoch_numbers_are_told(engine: Engine, time: int, unit: str, kind: type) -> None:
    engine.write("a.json", [point(time=kind(time))] * 2)
    manifest = engine.run_here(min_trips=1).manifest
    told = f"Times are {unit} since 1970, judged by their size, such as {time} in {engine.trips / 'a.json'}."
    assert (manifest["warnings"], manifest["remarks"]) == ([], [told])


def test_one_direction_by_sign_among_many_points_counts(engine: Engine) -> None:
    engine.write("a.json", [point()] * 999 + [point(link=-101)])
    outcome = engine.run_here(min_trips=1)
    assert outcome.manifest["warnings"] == []
    assert outcome.csv().splitlines()[1].startswith("-101,1,1,22.5,")


def test_directions_that_are_not_understood_are_shown(engine: Engine) -> None:
    engine.write("a.json", [{**point(), "d": "F"}, {**point(), "d": "north"}])
    (warning,) = engine.run_here(min_trips=1, mapping={"direction": "d"}).manifest["warnings"]
    assert warning == (
        f'50% of the points: direction is not understood, such as "north" in {engine.trips / "a.json"}. '
        "Forward is F, forward, 1, + or true, backward is T, backward, -1, - or false. Check the field "
        "mapping, where direction is 'd'."
    )


def test_points_without_a_link_are_ordinary_up_to_a_fifth(engine: Engine) -> None:
    engine.write("a.json", [point()] * 9 + [point(link=None)])
    assert engine.run_here(min_trips=1).manifest["warnings"] == []


def test_the_example_is_of_the_first_file_whatever_the_workers(engine: Engine) -> None:
    """Files of different sizes end in another order than they begin."""
    for number in range(8):
        odd = [point(link=f"id\n{number}"), point(speed=f"v {number}"), point(time=f"t {number}")]
        engine.write(f"{number}.json", odd + [point()] * (8 - number) * 200)
    engine.write("0.json", [point()])
    wanted = {
        "bad_link": {"value": '"id\\n1"', "file": str(engine.trips / "1.json")},
        "bad_speed": {"value": '"v 1"', "file": str(engine.trips / "1.json")},
        "bad_time": {"value": '"t 1"', "file": str(engine.trips / "1.json")},
    }
    engine.settle()
    for workers in (1, 3):
        outcome = engine.finish(workers, store=str(engine.folder / f"store {workers}"))
        assert outcome.manifest["points"]["examples"] == wanted
    again = engine.run_here(store=str(engine.folder / "store 1")).manifest
    assert again["files"]["decoded"] == 0
    assert again["points"]["examples"] == wanted


def test_a_table_that_is_no_trips_is_named_with_what_to_do(engine: Engine) -> None:
    engine.write("a.json", [point()])
    engine.write("stations.csv", b"station,name\n1,North\n")
    (warning,) = engine.run_here().manifest["warnings"][:1]
    assert warning.startswith("1 of 2 trip files could not be used")
    assert "stations.csv: no column 'dbResponse.linkID' for link_id" in warning
    assert "If the file holds no trips, keep it in another folder, or name the trips by a pattern" in warning


def test_a_key_with_a_dot_is_read_by_its_whole_name(engine: Engine) -> None:
    for n in range(6):
        flat = {"timestamp": TIME, "absVelocity": 20 + n, "dbResponse.linkID": "101"}
        engine.write(f"{n}.json", [flat] * 10)
    manifest = engine.run_here().manifest
    assert (manifest["points"]["counted"], manifest["warnings"]) == (60, [])
    header, row = (line.split(",") for line in engine.run_here().csv().splitlines())
    assert dict(zip(header, row)).items() >= {"link_id": "101", "n_points": "60", "mean": "22.5"}.items()


@pytest.mark.parametrize(
    "key", ['with "quotes"', "back\\slash", "\u00a0blank", "\u200b", "link-id $(x) {y}", "é"]
)
def test_a_mapping_may_name_any_key(engine: Engine, key: str) -> None:
    engine.write("a.json", {key: {"pts": [{key: 101, "v": {key: 22.5}, "t": TIME}], "id": "x"}})
    outcome = engine.run_here(
        mapping={
            "points": f"{key}.pts",
            "link_id": key,
            "speed": f"v.{key}",
            "time": "t",
            "trip_id": f"{key}.id",
        }
    )
    assert outcome.csv().splitlines()[1].startswith("101,1,1,22.5,")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("dbResponse\\.linkID", "a backslash does not keep a dot"),
        ("tab\tkey", r"holds the character '\\t'"),
        ("half \ud800", "holds the character"),
        ("a..b", "is not a field path"),
    ],
)
def test_a_path_that_cannot_be_is_refused_before_the_run(path: str, words: str) -> None:
    with pytest.raises(SpecError, match=words) as refused:
        FieldMapping(link_id=path)
    assert refused.value.field == "mapping.link_id"
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"trips": []}', "it has: trips.*name the array of points in the field mapping"),
        ('{"data": [\n', "not valid JSON: .*line 2 column 1"),
        ("<gpx>", "not valid JSON"),
    ],
)
def test_a_form_of_file_that_is_not_read_is_named(engine: Engine, content: str, words: str) -> None:
    engine.write("a.json", content.encode())
    with pytest.raises(RunError, match=words):
        engine.run_here()


def test_a_folder_of_files_of_another_form_says_which(engine: Engine) -> None:
    for name in ("a.gpx", "b.gpx", "c.XML.gz", ".hidden"):
        Path(engine.trips, name).write_text("")
    with pytest.raises(RunError, match=r"but 2 that end in \.gpx and 1 that end in \.xml\.gz\. Other forms"):
        engine.run_here()


def test_a_run_where_everything_is_one_trip_says_so(engine: Engine) -> None:
    engine.write("day.json", [point()] * 120)
    (warning,) = engine.run_here(min_trips=5).manifest["warnings"]
    assert warning.startswith(
        f"All points count as one trip, that of {engine.trips / 'day.json'}, so no link has"
    )
    assert engine.run_here(min_trips=1).manifest["warnings"] == []


def test_a_map_that_is_grey_everywhere_says_so(engine: Engine) -> None:
    for number in range(6):
        engine.write(f"{number}.json", [point(link=number // 3)])
    (warning,) = engine.run_here(min_trips=5).manifest["warnings"]
    assert warning.startswith("The most trips that a link has are 3, so no link has the 5 trips")
    assert engine.run_here(min_trips=3).manifest["warnings"] == []
