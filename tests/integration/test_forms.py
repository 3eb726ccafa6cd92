"""The same trips in every form give the same tables as one JSON object a file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import tempfile
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.engine import Engine
from tests.independent import EVERY_KEY, differences, tables

TRIPS = 9
SPEC = {"statistics": EVERY_KEY, "speed_unit": "km/h", "min_trips": 1, "bin_minutes": 60}


def made() -> dict[str, list[dict[str, Any]]]:
    """Trips with gaps, steps back in time, and points without a link, a speed or a time."""
    chance = random.Random(7)  # nosec B311
    found: dict[str, list[dict[str, Any]]] = {}
    for number in range(TRIPS):
        clock, points = 8 * 3600 + 977 * number, []
        for n in range(60 + 7 * number):
            clock += chance.choice([1, 1, 2, 5, 30, 200, -20])
            link, speed = 100 + n // 9 % 4, round(chance.uniform(0, 90), 3)
            time = f"2025-06-10T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}Z"
            points.append(
                {
                    "timestamp": time if n % 17 else None,
                    "absVelocity": speed if n % 13 else None,
                    "dbResponse": {"linkID": link if n % 11 else None},
                }
            )
        found[f"trip {number}"] = points
    return found


Made = dict[str, list[dict[str, Any]]]


def rows(trips: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The points of all trips by turns, as a server logs them."""
    by_trip = [[{**point, "trip": trip} for point in points] for trip, points in trips.items()]
    return [point for turn in zip_longest(*by_trip) for point in turn if point]


def lines(values: list[Any]) -> bytes:
    return b"\r\n".join(json.dumps(value).encode() for value in values)


def features(points: list[dict[str, Any]]) -> bytes:
    place = {"type": "Point", "coordinates": [13.4, 52.5, 34]}
    found = [{"type": "Feature", "geometry": place, "properties": point} for point in points]
    return json.dumps({"type": "FeatureCollection", "features": found}).encode()


def table(trips: Made, delimiter: str = ",", header: bool = True) -> bytes:
    """Rows with a quoted field that holds quotes, the delimiter and a line."""
    text = io.StringIO(newline="")
    names = ["trip", "note", "timestamp", "dbResponse.linkID", "absVelocity"]
    written = csv.writer(text, delimiter=delimiter)
    if header:
        written.writerow(names)
    for n, point in enumerate(rows(trips)):
        note = f'say "a{delimiter} b"\nand c' if n % 50 == 0 else "plain"
        speed = point["absVelocity"]
        shown = str(speed).replace(".", ",") if delimiter == ";" and speed is not None else speed
        link = point["dbResponse"]["linkID"]
        written.writerow([point["trip"], note, point["timestamp"], link, shown])
    return text.getvalue().encode()


def parquet(trips: Made, kinds: str) -> bytes:
    """Rows with columns of these types, in row groups of two thousand."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        Path(folder, "a.json").write_text(json.dumps(rows(trips)))
        connection.execute(
            f"COPY (SELECT {kinds} FROM read_json(?, columns = {{trip: 'VARCHAR', \"timestamp\": 'VARCHAR', "
            "absVelocity: 'DOUBLE', dbResponse: 'STRUCT(linkID BIGINT)'})) "
            "TO ? (FORMAT parquet, ROW_GROUP_SIZE 2048)",
            [f"{folder}/a.json", f"{folder}/a.parquet"],
        )
        return Path(folder, "a.parquet").read_bytes()


NAIVE = "replace(replace(\"timestamp\", 'T', ' '), 'Z', '')"

FORMS: dict[str, tuple[str, dict[str, str], Callable[[Made], bytes]]] = {
    "array of trips": (
        "day.json",
        {"trip_id": "id"},
        lambda trips: json.dumps([{"id": trip, "data": points} for trip, points in trips.items()]).encode(),
    ),
    "array of points": (
        "day.json", {"trip_id": "data.trip"}, lambda trips: json.dumps(rows(trips), indent=1).encode(),
    ),
    "array of trips in an object": (
        "day.json.gz",
        {"trips": "of.day", "trip_id": "id"},
        lambda trips: gzip.compress(
            json.dumps({"of": {"day": [{"id": t, "data": p} for t, p in trips.items()]}, "n": 1}).encode()
        ),
    ),
    "array of trips that an object has at its root": (
        "day.json",
        {"trip_id": "id"},
        lambda trips: json.dumps(
            {"by": "a", "notes": [{"n": 1}], "day": [{"id": t, "data": p} for t, p in trips.items()], "n": 1}
        ).encode(),
    ),
    "points in an object": (
        "day.json", {"trip_id": "data.trip"}, lambda trips: json.dumps({"data": rows(trips)}).encode(),
    ),
    "a trip a line": (
        "day.jsonl",
        {"trip_id": "id"},
        lambda trips: lines([{"id": trip, "data": points} for trip, points in trips.items()]),
    ),
    "a point a line": ("day.ndjson.gz", {"trip_id": "trip"}, lambda trips: gzip.compress(lines(rows(trips)))),
    "lines by another name": (
        "day.json", {"trip_id": "trip"}, lambda trips: b"\xef\xbb\xbf" + lines(rows(trips)),
    ),
    "features": ("day.geojson", {"trip_id": "trip"}, lambda trips: features(rows(trips))),
    "features a line": (
        "day.jsonl",
        {"trip_id": "trip"},
        lambda trips: lines(json.loads(features(rows(trips)))["features"]),
    ),
    "comma": ("day.csv", {"trip_id": "trip"}, table),
    "tabs, packed": (
        "day.tsv.gz", {"trip_id": "data.trip"}, lambda trips: gzip.compress(table(trips, "\t")),
    ),
    "semicolons and decimal commas": (
        "day.csv",
        {"trip_id": "trip"},
        lambda trips: b"\xef\xbb\xbf" + table(trips, ";").replace(b"\r\n", b"\n"),
    ),
    "UTF-16, carriage returns": (
        "day.csv",
        {"trip_id": "trip"},
        lambda trips: table(trips, "|").replace(b"\r\n", b"\r").decode().encode("utf-16"),
    ),
    "table by another name": ("day.json", {"trip_id": "trip"}, table),
    "Parquet": ("day.parquet", {"trip_id": "trip"}, lambda trips: parquet(trips, "*")),
    "Parquet of other types": (
        "day.parquet",
        {"trip_id": "trip", "link_id": "link", "speed": "v", "time": "t", "naive_times": "utc"},
        lambda trips: parquet(
            trips,
            f"trip::ENUM({', '.join(map(repr, made()))}) AS trip, "
            "dbResponse.linkID::DECIMAL(18, 0) AS link, "
            f"absVelocity::DECIMAL(9, 3) AS v, {NAIVE}::TIMESTAMP_NS AS t",
        ),
    ),
    "Parquet with times in a zone": (
        "day.parquet",
        {"trip_id": "trip", "link_id": "link", "time": "t"},
        lambda trips: parquet(
            trips,
            "*, dbResponse.linkID::VARCHAR AS link, "
            f"make_timestamptz(epoch_us({NAIVE}::TIMESTAMP)) AS t",
        ),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tables of one JSON object a file, which agree with the independent computation."""
    engine = Engine(tmp_path_factory.mktemp("of 2019"))
    for trip, points in made().items():
        engine.write(f"{trip}.json", points)
    outcome = engine.run_here(**SPEC)
    computed = tables({trip: [{"data": points}] for trip, points in made().items()}, SPEC)
    found = {name: outcome.csv(name) for name in ("link_speeds", "link_speeds_by_time")}
    for name, text in found.items():
        assert differences(text, computed[name]) == []
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("large", [False, True])
def test_every_form_gives_the_tables_of_one_object_a_file(
    tmp_path: Path, expected: dict[str, str], form: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also read in small pieces, and put aside with few points in memory."""
    if large:
        for name, value in {
            "storage.LARGE": 100, "contract.trip_files.LARGE": 100, "storage.local.trips.LARGE": 100,
            "trips.large_files.LARGE": 100, "trips.large_files.PIECE": 2000,
            "trips.readers.arrays.PIECE": 2000, "trips.readers.tables.PIECE": 3000,
            "trips.readers.parquet.ROWS": 200, "store.decode._HELD": 100, "store.decode._AT_ONCE": 33,
        }.items():  # fmt: skip
            monkeypatch.setattr(f"roadpulse.aggregation.{name}", value)
    name, mapping, written = FORMS[form]
    engine = Engine(tmp_path)
    engine.write(name, written(made()))
    engine.settle()
    outcome = engine.run_here(**SPEC, mapping=mapping)
    assert {name: outcome.csv(name) for name in expected} == expected
    assert (outcome.manifest["files"]["trips"], outcome.manifest["warnings"]) == (TRIPS, [])
    again = engine.run_here(**SPEC, mapping=mapping)
    assert again.manifest["files"]["decoded"] == 0
    assert {name: again.csv(name) for name in expected} == expected
