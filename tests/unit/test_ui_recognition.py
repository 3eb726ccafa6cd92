"""Common forms of trips are known by name, with what they probably mean, each guess with its reason."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from roadpulse.aggregation.contract.errors import BadTripFile
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.ui.trip_fields.content import BEGINNING, Content, content_of
from roadpulse.ui.trip_fields.field_names import plain, unit_in
from roadpulse.ui.trip_fields.recognition import Recognition, nearest_zone, recognise

METRES_PER_DEGREE = 2 * math.pi * 6_371_008.8 / 360


def reading(content: bytes) -> Callable[[int], bytes]:
    return lambda n: content[:n]


def opened(content: bytes, name: str = "a.json") -> Content:
    return content_of(reading(content), name, FieldMapping(), 64 << 20)


def recognised(content: bytes, name: str = "a.json", zone: str = "UTC") -> Recognition:
    found = recognise(opened(content, name), FieldMapping(), zone, "km/h")
    assert found is not None
    return found


def points(n: int = 8, factor: float = 3.6, **names: str) -> list[dict[str, Any]]:
    """Points due north of Berlin at 10 m/s, one every five seconds, speeds times `factor`."""
    keys = {"link": "link_id", "speed": "speed", "time": "time", **names}
    step = 50.0 / METRES_PER_DEGREE
    return [
        {
            keys["link"]: 101,
            keys["speed"]: 10 * factor,
            keys["time"]: 1749542400 + 5 * i,
            "lon": 13.4,
            "lat": 52.5 + i * step,
        }
        for i in range(n)
    ]


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_trips_of_2019() -> None:
    trip = {
        "data": [{"dbResponse": {"linkID": "17"}, "absVelocity": 24.5, "timestamp": "2019-06-10T08:00:00Z"}]
    }
    found = recognised(json.dumps(trip).encode())
    assert (found.label, found.mapping) == ("Trips of 2019", FieldMapping())
    assert found.value("unit") == ""
    assert found.value("ids") == "number"


def test_flat_points_of_a_trip() -> None:
    found = recognised(json.dumps({"trip": 7, "points": points()}).encode())
    assert found.label == "JSON, a trip a file"
    assert found.mapping == FieldMapping(
        points="points", link_id="link_id", speed="speed", time="time", longitude="lon", latitude="lat"
    )


def test_geojson_points() -> None:
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [13.4, 52.5]},
         "properties": {"edge_id": "a-7", "speed_mph": 31, "time": "2025-06-10T08:00:00Z", "trip_id": i // 2}}
        for i in range(6)
    ]  # fmt: skip
    found = recognised(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    assert found.label == "GeoJSON, a point a feature"
    mapping = found.mapping
    assert (mapping.link_id, mapping.speed, mapping.time) == ("edge_id", "speed_mph", "time")
    assert mapping.trip_id == "trip_id"
    assert (found.value("unit"), found.value("ids")) == ("mph", "text")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_json_lines_with_a_point_a_line(pack: Callable[[bytes], bytes]) -> None:
    found = recognised(pack(lines([{**point, "trip": i // 4} for i, point in enumerate(points())])))
    assert found.label == "JSON lines, a point a line"
    mapping = found.mapping
    assert (mapping.link_id, mapping.trip_id, mapping.longitude) == ("link_id", "trip", "lon")
    assert found.value("unit") == "km/h"
    assert "positions" in next(guess.reason for guess in found.guesses if guess.entry == "unit")


def test_json_lines_with_a_trip_a_line() -> None:
    found = recognised(lines([{"id": i, "points": points()} for i in range(3)]))
    assert (found.label, found.mapping.points) == ("JSON lines, a trip a line", "points")


def test_an_array_of_trips_in_an_object() -> None:
    found = recognised(json.dumps({"trips": [{"id": 1, "data": points()}]}).encode())
    assert (found.label, found.mapping.points) == ("JSON, an array of trips", "data")


def test_an_array_of_points() -> None:
    found = recognised(json.dumps(points()).encode())
    assert found.label == "JSON, an array of points"
    assert found.value("trips") == "1"


def test_what_valhalla_writes_has_no_measured_speeds() -> None:
    root = {
        "edges": [{"way_id": 101, "speed": 50, "length": 0.1}],
        "matched_points": [{"lat": 52.5, "lon": 13.4}],
    }
    found = recognised(json.dumps(root).encode())
    assert (found.label, found.mapping.link_id) == ("Valhalla, trace_attributes", "way_id")
    assert "not measured" in found.remark
    assert found.value("unit") == "km/h"


def test_what_osrm_writes_has_no_links() -> None:
    root = {"code": "Ok", "matchings": [{"legs": [{"annotation": {"nodes": [1, 2], "speed": [9.1]}}]}],
            "tracepoints": [{"location": [13.4, 52.5]}]}  # fmt: skip
    found = recognised(json.dumps(root).encode())
    assert found.label == "OSRM, match"
    assert "no ids of links" in found.remark


def test_a_csv_in_german_with_decimal_commas() -> None:
    rows = "".join(f"{101 + i};24,5;10.06.2025 08:00:0{i};{i // 3}\r\n" for i in range(6))
    found = recognised(
        f"Strecken-ID;Geschwindigkeit (km/h);Zeit;Fahrt\r\n{rows}".encode("utf-8-sig"), "tag.csv"
    )
    assert found.label == "Table, a point a row"
    mapping = found.mapping
    assert (mapping.link_id, mapping.speed, mapping.trip_id) == (
        "Strecken-ID", "Geschwindigkeit (km/h)", "Fahrt",
    )  # fmt: skip
    assert found.value("unit") == "km/h"
    assert (mapping.time, mapping.time_format, mapping.naive_times) == ("Zeit", "%d.%m.%Y %H:%M:%S", "local")


def test_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "day.parquet"
    duckdb.sql(
        "COPY (SELECT 'a-' || (i // 4) AS tmc_code, (30.5 + i)::DECIMAL(6, 2) AS speed_mph, "
        "TIMESTAMP '2025-06-10 08:00:00' + to_seconds(i) AS measurement_tstamp, {'n': i} AS nested, "
        f"i // 2 AS trip FROM range(9) r(i)) TO '{path}'"
    )
    for is_here in (True, False):
        read = reading(path.read_bytes())
        content = content_of(read, str(path), FieldMapping(), 64 << 20, is_here)
        found = recognise(content, FieldMapping(), "America/New_York", "km/h")
        assert found is not None
        mapping = found.mapping
        assert (mapping.link_id, mapping.speed, mapping.time) == (
            "tmc_code",
            "speed_mph",
            "measurement_tstamp",
        )
        assert (mapping.trip_id, mapping.naive_times) == ("trip", "local")
        assert (found.value("unit"), found.value("ids")) == ("mph", "text")


def test_what_sumo_writes_of_its_vehicles() -> None:
    header = "timestep_time;vehicle_id;vehicle_speed;vehicle_lane;vehicle_x;vehicle_y\n"
    rows = "".join(f"{i}.00;flow.{i % 2};13.89;e{i // 3}_0;1.0;2.0\n" for i in range(8))
    found = recognised((header + rows).encode(), "fcd.csv")
    assert found.label == "SUMO, FCD export"
    mapping = found.mapping
    assert (mapping.link_id, mapping.speed, mapping.time, mapping.trip_id) == (
        "vehicle_lane", "vehicle_speed", "timestep_time", "vehicle_id",
    )  # fmt: skip
    assert found.value("unit") == "m/s"
    assert "lanes" in found.remark


def test_what_fmm_writes_has_a_row_for_each_trip() -> None:
    content = b"id;opath;cpath;mgeom\n1;5,5,6;5,6;LINESTRING(0 0,1 1)\n"
    found = recognised(content, "matched.csv")
    assert found.label == "FMM, map matching"
    assert "trips" not in {guess.entry for guess in found.guesses}
    assert "a row for each point" in found.remark


@pytest.mark.parametrize(
    ("unit", "factor"), [("m/s", 1.0), ("km/h", 3.6), ("mph", 1 / 0.44704), ("knots", 3.6 / 1.852)]
)
def test_the_unit_is_guessed_from_positions_and_times(unit: str, factor: float) -> None:
    assert recognised(json.dumps({"data": points(factor=factor)}).encode()).value("unit") == unit


def test_speeds_that_agree_with_no_unit_leave_it_open() -> None:
    assert recognised(json.dumps({"data": points(factor=2.8)}).encode()).value("unit") == ""


@pytest.mark.parametrize(
    ("name", "unit"),
    [("Geschwindigkeit [km/h]", "km/h"), ("speed_mph", "mph"), ("v (m/s)", "m/s"), ("SOG", "knots"),
     ("vitesse", ""), ("smooth", ""), ("items", "")],
)  # fmt: skip
def test_a_field_may_carry_the_unit_in_its_name(name: str, unit: str) -> None:
    assert unit_in(name) == unit


@pytest.mark.parametrize(
    ("link", "speed", "time"),
    [("Strecken-ID", "Geschwindigkeit", "Zeitstempel"), ("id_tronçon", "vitesse", "date_heure"),
     ("tramo", "velocidad", "fecha y hora"), ("wegvak", "snelheid", "tijdstip"), ("路段", "速度", "时间"),
     ("tmc_code", "speed", "measurement_tstamp"), ("linkID", "absVelocity", "timestamp")],
)  # fmt: skip
def test_names_in_several_languages(link: str, speed: str, time: str) -> None:
    mapping = recognised(lines(points(link=link, speed=speed, time=time))).mapping
    assert (mapping.link_id, mapping.speed, mapping.time) == (link, speed, time)


def test_times_without_an_offset_are_guessed_to_be_local() -> None:
    rows = [{"link": 1, "speed": 30, "time": "2025-06-10 08:00:00"} for _ in range(3)]
    found = recognised(lines(rows), zone="Europe/Berlin")
    assert found.mapping.naive_times == "local"
    assert "Europe/Berlin" in next(guess.reason for guess in found.guesses if guess.entry == "times")


@pytest.mark.parametrize(
    ("text", "written"),
    [("13.06.2025 08:00", "%d.%m.%Y %H:%M"), ("13/06/2025 08:00:00", "%d/%m/%Y %H:%M:%S"),
     ("06/13/2025 8:00:00 PM", "%m/%d/%Y %I:%M:%S %p")],
)  # fmt: skip
def test_a_format_of_times_is_guessed_where_the_notation_is_not_usual(text: str, written: str) -> None:
    found = recognised(lines(2 * [{"link": 1, "speed": 30, "time": text}]))
    assert (found.mapping.time, found.mapping.time_format) == ("time", written)


def test_the_zone_is_guessed_from_the_first_position() -> None:
    assert recognised(lines(points()), zone="UTC").value("zone") == "Europe/Berlin"
    assert recognised(lines(points()), zone="Europe/Vienna").value("zone") == "", "the same clock"


@pytest.mark.parametrize(
    ("place", "zone"),
    [((-0.1, 51.5), "Europe/London"), ((-74.0, 40.7), "America/New_York"),
     ((151.2, -33.9), "Australia/Sydney"), ((139.7, 35.7), "Asia/Tokyo"), ((178.4, -18.1), "Pacific/Fiji"),
     ((31.2, 30.0), "Africa/Cairo")],
)  # fmt: skip
def test_the_zone_of_a_large_city(place: tuple[float, float], zone: str) -> None:
    assert nearest_zone(*place) == zone


def test_signed_ids_and_a_field_of_direction_are_told() -> None:
    assert recognised(lines(2 * [{"link": -101, "speed": 3, "time": 1}])).value("ids") == "signed"
    rows = [{"link": 101, "dir": "FT"[i % 2], "speed": 3, "time": i} for i in range(4)]
    found = recognised(lines(rows))
    assert found.mapping.direction == "dir"
    assert "F, T" in next(guess.reason for guess in found.guesses if guess.entry == "direction")


def test_a_large_file_of_many_trips_is_not_read_whole() -> None:
    row = json.dumps(points(1)[0]).encode() + b"\n"
    content = row * (2 * BEGINNING // len(row))
    asked: list[int] = []

    def read(n: int) -> bytes:
        asked.append(n)
        return content[:n]

    found = content_of(read, "a.jsonl", FieldMapping(), 64 << 20)
    assert asked == [BEGINNING + 1]
    assert found.rows is not None
    assert len(found.rows) == 2000


def test_a_first_trip_that_is_longer_than_the_beginning_is_read_further() -> None:
    trip = {"id": 1, "data": points(1)}
    trip["note"] = "x" * (2 * BEGINNING)
    found = opened(json.dumps([trip, trip]).encode())
    assert found.is_trip
    assert found.root["id"] == 1
    assert len(found.root["note"]) == 2 * BEGINNING


@pytest.mark.parametrize(
    "content", [b"[", b"[1, 2", b"[{", b'{"a": [[[', b"[[]]", b"\x1f\x8b123", b"{}\n{}\n"]
)
def test_what_is_no_trip_is_refused_or_has_no_points(content: bytes) -> None:
    try:
        found = opened(content)
    except BadTripFile:
        return
    recognise(found, FieldMapping(), "UTC", "km/h")


def test_a_plain_name_has_no_case_no_accents_and_no_signs() -> None:
    assert plain("Geschwindigkeit [km/h]") == "geschwindigkeit_km_h"
    assert plain("absVelocity") == "abs_velocity"
    assert plain("Länge  (Grad)") == "lange_grad"
