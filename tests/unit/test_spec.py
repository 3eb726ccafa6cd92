"""The run specification: what it refuses, and that it names the entry."""

import json
import pickle
from dataclasses import asdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import BadTripFile, Cancelled, RunError, SpecError, StorageError
from roadpulse.aggregation.contract.spec import BIN_MINUTES, DecodeRules, FieldMapping, RunSpec, Trim

GIVEN = {"trips": "/data/trips", "store": "/data/store"}


def test_a_specification_survives_the_way_to_json_and_back():
    spec = RunSpec(
        "/data/trips",
        "/data/store",
        speed_unit="mph",
        time_zone="Europe/London",
        bin_minutes=15,
        date_from=date(2025, 6, 1),
        date_to=date(2025, 6, 30),
        weekdays=(5, 1),
        suppress_below=3,
        mapping=FieldMapping(points="track", link_id="id", trip_id="trip.id"),
    )
    assert RunSpec.from_text(json.dumps(spec.to_json())) == spec
    assert spec.weekdays == (1, 5)


def test_everything_but_trips_and_store_has_a_default():
    assert RunSpec.from_json(GIVEN) == RunSpec("/data/trips", "/data/store")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("trips", ""),
        ("trips", " "),
        ("trips", None),
        ("trips", 7),
        ("store", "a\0b"),
        ("store", ["a"]),
        ("speed_unit", "furlongs"),
        ("speed_unit", "MPH"),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", "Europe"),
        ("time_zone", ""),
        ("time_zone", "a\0"),
        ("bin_minutes", 7),
        ("bin_minutes", 1),
        ("bin_minutes", 2880),
        ("bin_minutes", 60.0),
        ("bin_minutes", True),
        ("bin_minutes", "60"),
        ("date_from", "10.06.2025"),
        ("date_from", "2025-02-30"),
        ("date_to", 20250610),
        ("weekdays", []),
        ("weekdays", [0]),
        ("weekdays", [8]),
        ("weekdays", ["Monday"]),
        ("weekdays", 5),
        ("min_trips", 0),
        ("suppress_below", -1),
        ("max_trip_megabytes", 0),
        ("max_trip_megabytes", 10**9),
        ("bad_files", "ignore"),
        ("schema", 2),
        ("schema", "1"),
        ("schema", True),
        ("colour", "red"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(entry, value):
    with pytest.raises(SpecError) as caught:
        RunSpec.from_text(json.dumps({**GIVEN, entry: value}))
    assert caught.value.field == entry
    assert caught.value.message.startswith(f"{entry}: ")


@pytest.mark.parametrize(
    ("mapping", "entry"),
    [
        ("data", "mapping"),
        ({"speed": ""}, "mapping.speed"),
        ({"speed": "a..b"}, "mapping.speed"),
        ({"speed": "a. .b"}, "mapping.speed"),
        ({"time": "a\nb"}, "mapping.time"),
        ({"link_id": 5}, "mapping.link_id"),
        ({"velocity": "v"}, "mapping.velocity"),
        ({"naive_times": "guess"}, "mapping.naive_times"),
        ({"time_format": "%d/%m"}, "mapping.time_format"),
        ({"speed_from": "positions"}, "mapping.speed_from"),
        ({"speed_from": "guess", "longitude": "x", "latitude": "y"}, "mapping.speed_from"),
        ({"link_id": "v", "speed": "v"}, "mapping"),
        ({"link_id": "road", "time": "road.t"}, "mapping"),
        ({"trip_id": "data"}, "mapping.trip_id"),
        ({"trip_id": "data.dbResponse"}, "mapping"),
        ({"form": "xml"}, "mapping.form"),
        ({"trips": "a..b"}, "mapping.trips"),
        ({"trip_id": "trip", "points": "trip.data"}, "mapping.trip_id"),
    ],
)
def test_a_field_mapping_that_cannot_be_is_refused_by_name(mapping, entry):
    with pytest.raises(SpecError) as caught:
        RunSpec.from_text(json.dumps({**GIVEN, "mapping": mapping}))
    assert caught.value.field == entry


def test_names_that_only_begin_alike_are_different_fields():
    mapping = FieldMapping(
        link_id="road.id", speed="road.idle_speed", time="roadtime", trip_id="database", points="data"
    )
    assert mapping.speed == "road.idle_speed"


@pytest.mark.parametrize("entry", ["trips", "store"])
def test_a_missing_folder_is_named(entry):
    with pytest.raises(SpecError) as caught:
        RunSpec.from_json({name: value for name, value in GIVEN.items() if name != entry})
    assert caught.value.field == entry


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"x"', "\ufeff{}", "[" * 100_000, "NaN"])
def test_a_text_that_is_no_specification_says_so(text):
    with pytest.raises(SpecError):
        RunSpec.from_text(text)


def test_dates_the_wrong_way_round_are_refused():
    with pytest.raises(SpecError) as caught:
        RunSpec.from_json({**GIVEN, "date_from": "2025-06-11", "date_to": "2025-06-10"})
    assert caught.value.field == "date_from"
    RunSpec.from_json({**GIVEN, "date_from": "2025-06-10", "date_to": "2025-06-10"})


@pytest.mark.parametrize("minutes", BIN_MINUTES)
def test_bins_cut_the_whole_day(minutes):
    spec = RunSpec("t", "s", bin_minutes=minutes)
    assert len(spec.bin_names) == spec.n_bins == 1440 / minutes
    starts = [int(name[:2]) * 60 + int(name[3:]) for name in spec.bin_names]
    assert starts == list(range(0, 1440, minutes))


def test_bins_reach_from_five_minutes_to_a_day():
    assert (min(BIN_MINUTES), max(BIN_MINUTES)) == (5, 1440)
    assert {5, 10, 15, 20, 30, 60, 120, 1440} <= set(BIN_MINUTES)


paths = st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=3).map(".".join)


@given(paths, paths)
def test_mappings_have_different_stores_where_they_differ(one, other):
    digests = {
        DecodeRules(FieldMapping(link_id=f"l.{path}", speed="s", time="t")).digest() for path in (one, other)
    }
    assert len(digests) == len({one, other})


@pytest.mark.parametrize(
    "error",
    [
        RunError("It stopped.", "why"),
        SpecError("trips", "is empty"),
        BadTripFile("changed", "it changed", passing=True),
        StorageError("The disk is full.", "ENOSPC"),
        Cancelled(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_come_whole_out_of_another_process(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


# -- rules of decoding ------------------------------------------------------------------------------


def test_paths_that_are_not_named_are_not_in_the_specification():
    assert set(RunSpec("/t", "/s").to_json()["mapping"]) == {
        "points", "link_id", "speed", "time", "trip_id", "naive_times"
    }  # fmt: skip
    named = FieldMapping(vehicle_id="car", longitude="x", latitude="y")
    assert RunSpec.from_json(RunSpec("/t", "/s", mapping=named).to_json()).mapping == named


@pytest.mark.parametrize(
    ("values", "entry"),
    [
        ({"longitude": "x"}, "mapping.latitude"),
        ({"latitude": "y"}, "mapping.longitude"),
        ({"longitude": "absVelocity.x", "latitude": "y"}, "mapping"),
        ({"vehicle_id": "data.absVelocity"}, "mapping"),
        ({"vehicle_id": "data"}, "mapping.vehicle_id"),
        ({"vehicle_id": "a..b"}, "mapping.vehicle_id"),
        ({"vehicle_id": "trip", "trip_id": "trip.id"}, "mapping.vehicle_id"),
        ({"vehicle_id": "trip.car", "trip_id": "trip"}, "mapping.vehicle_id"),
    ],
)
def test_optional_paths_that_cannot_be_are_refused(values, entry):
    with pytest.raises(SpecError) as caught:
        FieldMapping.from_json(values)
    assert caught.value.field == entry
    FieldMapping(vehicle_id="trip", trip_id="trip")


def test_everything_that_decides_what_a_store_holds_is_in_its_digest():
    rules = [
        DecodeRules(),
        DecodeRules(speed_unit="mph"),
        DecodeRules(FieldMapping(vehicle_id="car")),
        *(DecodeRules(trim=Trim(**{name: 60})) for name in asdict(Trim())),
    ]
    assert len({each.digest() for each in rules}) == len(rules)
    assert [DecodeRules.from_json(json.loads(json.dumps(each.to_json()))) for each in rules] == rules
    spec = RunSpec("/t", "/s", speed_unit="mph", trim=Trim(ends_metres=5), time_zone="Europe/London")
    assert spec.decode_rules == DecodeRules(FieldMapping(), "mph", Trim(ends_metres=5))


# -- units ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["knots", "knot", "kn", "kt", "kts", " Kn "])
def test_knots_are_known_by_their_spellings(text):
    assert RunSpec("/t", "/s", speed_unit=text).speed_unit == "knots"
    assert RunSpec("/t", "/s", shown_unit=text).unit == "knots"


def test_the_unit_of_results_is_in_the_specification_only_if_it_is_another():
    assert "shown_unit" not in RunSpec("/t", "/s", speed_unit="mph").to_json()
    assert "shown_unit" not in RunSpec("/t", "/s", speed_unit="mph", shown_unit="mph").to_json()
    spec = RunSpec("/t", "/s", speed_unit="m/s", shown_unit="mph")
    assert spec.to_json()["shown_unit"] == "mph"
    assert RunSpec.from_json(spec.to_json()) == spec
    assert (spec.unit, spec.decode_rules) == ("mph", RunSpec("/t", "/s", speed_unit="m/s").decode_rules)


@pytest.mark.parametrize(
    ("unit", "shown", "metres_per_hour"),
    [("m/s", "km/h", 3600), ("mph", "km/h", 1609.344), ("knots", "km/h", 1852)],
)
def test_speeds_are_multiplied_by_the_ratio_of_the_units(unit, shown, metres_per_hour):
    spec = RunSpec("/t", "/s", speed_unit=unit, shown_unit=shown)
    assert spec.unit_factor == pytest.approx(metres_per_hour / 1000, rel=1e-15)


def test_an_unknown_unit_of_results_is_refused_by_name():
    with pytest.raises(SpecError, match="shown_unit: is"):
        RunSpec("/t", "/s", shown_unit="furlongs")
