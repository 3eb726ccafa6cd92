"""The preview of trip files: what a run reads of them, within bounds, or why nothing is shown."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.trips.decoder import TripDecoder
from roadpulse.cluster_client.backends.local.probe import LocalTrips
from roadpulse.tests.engine import point
from roadpulse.ui.trip_fields.sample import Preview, preview, sample_link_ids
from tests.hostile_json import RAW

BEGIN = json.dumps({"data": [point()]}).encode()[:-2]
"""A trip file of one point, up to the end of its array of points."""


def shown(folder: Path, content: bytes) -> Preview:
    (folder / "a.json").write_bytes(content)
    return preview(LocalTrips(), str(folder), FieldMapping(), lambda: None)


@pytest.mark.parametrize(
    "rest",
    [
        b'], "note": NaN}',
        b'], "note": 1, "note": 2}',
        b'], "note": %s}' % (b"9" * 5000),
        b'], "note": "\xff\xfe"}',
        b'], "note": %s}' % (b"[" * 30 + b"]" * 30),
        b", null, 3, []]}",
        b', {"absVelocity": NaN}]}',
    ],
)
def test_what_a_run_reads_is_shown(tmp_path: Path, rest: bytes) -> None:
    """Trip files of others hold much that is not plain JSON, in fields that are of no interest."""
    content = BEGIN + rest
    read = TripDecoder(FieldMapping()).decode(content)
    found = shown(tmp_path, content)
    assert found.problem == ""
    assert found.points[0].link_id == read.link_id[0]
    assert found.points[0].speed == read.speed[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_every_encoding_of_json_is_shown(tmp_path: Path, encoding: str) -> None:
    content = (BEGIN + b'], "note": "x"}').decode().replace("x", "Zürich").encode(encoding)
    assert shown(tmp_path, gzip.compress(content)).points[0].speed == 24.5


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is empty"),
        (b"{", "it is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2"),
        (BEGIN + b"]", "it is not valid JSON: Expecting ',' delimiter: line 1"),
        (BEGIN + b'], "note": %s1%s}' % (b"[" * 40, b"]" * 40), "it is nested more than 32 deep, too much"),
        (b"[" * 100_000, "it is nested more than 32 deep"),
        (BEGIN + b'], "note": [%s0]}' % (b"0," * 2_000_001), "it holds more than 2,000,000 values, too much"),
        (gzip.compress(BEGIN)[:-9], "it is not a whole gzip archive"),
        (b"\xff\xfe\x00", "it is not valid JSON"),
    ],
    ids=["empty", "begun", "unclosed", "deep", "deepest", "many values", "cut gzip", "cut UTF-16"],
)  # fmt: skip
def test_why_nothing_is_shown_is_said(tmp_path: Path, content: bytes, problem: str) -> None:
    found = shown(tmp_path, content)
    assert found.problem.startswith(problem), found.problem
    assert found.points == ()


@pytest.mark.parametrize("raw", RAW, ids=[raw[:12] for raw in RAW])
def test_anything_in_the_place_of_a_value_is_shown_or_refused(tmp_path: Path, raw: str) -> None:
    value = raw.encode("utf-8", "surrogatepass")
    for content in (
        value,
        b'{"data": %s}' % value,
        b'{"data": [%s]}' % value,
        b'{"data": [{"dbResponse": {"linkID": %s}, "absVelocity": 3, "timestamp": 1749510026}]}' % value,
        b'{"data": [{"dbResponse": {"linkID": 17}, "absVelocity": %s, "timestamp": %s}]}' % (value, value),
    ):
        found = shown(tmp_path, content)
        assert found.problem or found.points
        assert all(isinstance(str(field.example), str) for field in found.fields)
        sample_link_ids(LocalTrips(), (found.file,), FieldMapping(), lambda: None)


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    found = preview(LocalTrips(), str(tmp_path), FieldMapping(), lambda: None)
    assert found.problem == "it may not be read: it is a pipe or a device and not a file"


def test_no_more_than_a_preview_takes_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"12345")
    assert LocalTrips().beginning(str(tmp_path / "a.json"), 5) == b"12345"
    assert LocalTrips().beginning(str(tmp_path / "a.json"), 4) == b"1234"


def test_speeds_from_positions_are_shown_in_the_unit_of_the_trips(tmp_path: Path) -> None:
    """A thousandth of a degree of latitude, 111.2 m, in 10 s."""
    points = [{**point(k), "x": 13.0, "y": 52.0 + k * 1e-4} for k in (0, 10, 20)]
    del points[1]["absVelocity"]
    (tmp_path / "a.json").write_text(json.dumps({"data": points}))
    mapping = FieldMapping(speed="", longitude="x", latitude="y", speed_from="positions")
    found = preview(LocalTrips(), str(tmp_path), mapping, lambda: None, unit="m/s")
    assert found.found == ("link_id", "speed", "time")
    assert [one.speed for one in found.points] == pytest.approx([11.12] * 3, abs=0.01)


@pytest.mark.parametrize(
    ("time", "without"), [("2025-06-10 08:00:00", True), ("2025-06-10T08:00:00Z", False)]
)
def test_times_without_a_zone_are_noticed(tmp_path: Path, time: str, without: bool) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"data": [point(time=time)]}))
    for naive in ("refuse", "utc", "local"):
        found = preview(LocalTrips(), str(tmp_path), FieldMapping(naive_times=naive), lambda: None)
        assert found.recognition is not None
        assert found.recognition.value("times") == ("local" if without else "")
        assert found.proposal is None
        assert found.found == ("link_id", "speed", "time")


def test_local_times_are_shown_by_the_clock_of_the_zone(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"data": [point(time="2025-06-10 08:00:00")]}))
    mapping = FieldMapping(naive_times="local")
    (one,) = preview(LocalTrips(), str(tmp_path), mapping, lambda: None, "Europe/Berlin").points
    assert one.time is not None and one.time.isoformat() == "2025-06-10T06:00:00+00:00"


def test_links_are_shown_and_sampled_as_a_run_reads_them(tmp_path: Path) -> None:
    given = [("110+04099", "F"), ("00101", "T"), (102, "+"), ("1234e5", "T"), (7, "north"), (None, "F")]
    points = [{**point(link=link), "way": way} for link, way in given]
    (tmp_path / "a.json").write_text(json.dumps({"data": points}))
    mapping = FieldMapping(direction="way")
    found = preview(LocalTrips(), str(tmp_path), mapping, lambda: None)
    expected = ["110+04099", -101, 102, "-1234e5"]
    assert [one.link_id for one in found.points] == [*expected, None, None]
    for some, ids in ((mapping, expected), (FieldMapping(), ["110+04099", 101, 102, "1234e5", 7])):
        sample = sample_link_ids(LocalTrips(), (str(tmp_path / "a.json"),), some, lambda: None)
        assert set(sample.tolist()) == set(map(str, ids))
