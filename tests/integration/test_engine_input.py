"""Whole runs over bad input: each fault is named and counted, and spoils nothing else."""

import gzip
import json
import os
from pathlib import Path

import pytest

from development.machine import BOUND
from roadpulse.aggregation.contract.errors import RunError
from roadpulse.tests.engine import LINK, Engine, Outcome, point, trip
from tests.abilities import needs

GOOD = [point(n, LINK, 20.0 + n) for n in range(4)]
AWKWARD = [
    "with space",
    "quo'te\"",
    "line\nbreak",
    "Zürich 東京",
    "[a]*?",
    "back\\slash",
    "%s {x} $HOME",
    "a=b",
]


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


def alone(tmp_path):
    """The result of the good trip by itself."""
    (tmp_path / "alone").mkdir()
    engine = Engine(tmp_path / "alone")
    engine.write("good.json", GOOD)
    return engine.run_here().hashes


BAD_FILES = {
    "empty.json": (b"", "empty"),
    "blank.json": (b" \n", "empty"),
    "truncated.json": (trip()[:-20], "bad_json"),
    "binary.json": (bytes(range(256)) * 40, "bad_json"),
    "picture.json": (b"\x89PNG\r\n\x1a\n" + bytes(100), "bad_json"),
    "half utf-16.json": (trip().decode().encode("utf-16")[:-7], "bad_json"),
    "two roots.json": (trip() + trip(), "bad_json"),
    "deep.json": (b"[" * 100_000, "too_deep"),
    "deep object.json": (b'{"data":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
    "deep point.json": (b'{"data": [' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]}", "too_deep"),
    "number.json": (b"42", "not_an_object"),
    "text.json": (b'"data"', "not_an_object"),
    "null.json": (b"null", "not_an_object"),
    "renamed.json": ({"punkte": GOOD}, "no_points"),
    "no array.json": ({"data": {"timestamp": 1}}, "no_points"),
    "surrogate.json": (b'{"\\ud800 \xff": 1}', "no_points"),
    "cut.json.gz": (gzip.compress(trip())[:-10], "bad_gzip"),
    "not gzip.json.gz": (b"\x1f\x8bnonsense", "bad_gzip"),
    "bomb.json.gz": (gzip.compress(bytes(3 << 20)), "too_large"),
    "large.json": (json.dumps({"data": GOOD}).encode().ljust((1 << 20) + 1), "too_large"),
}


def test_every_bad_file_is_named_with_its_reason_and_spoils_nothing(engine, tmp_path):
    engine.write("good.json", GOOD)
    for name, (content, _) in BAD_FILES.items():
        engine.write(name, content)
    os.mkfifo(engine.trips / "pipe.json")
    (engine.trips / "nowhere.json").symlink_to("gone")
    (engine.trips / "circle.json").symlink_to("circle.json")
    outcome = engine.finish(workers=2, max_trip_megabytes=1)
    expected = {name: reason for name, (_, reason) in BAD_FILES.items()}
    assert outcome.bad == {
        **expected,
        "pipe.json": "unreadable",
        "nowhere.json": "vanished",
        "circle.json": "unreadable",
    }
    manifest = outcome.manifest
    assert manifest["files"]["bad"] == manifest["bad_files_total"] == len(outcome.bad)
    assert sum(manifest["bad_files_by_reason"].values()) == len(outcome.bad)
    assert manifest["bad_files_by_reason"]["too_deep"] == 3
    assert all(bad["message"] for bad in manifest["bad_files"])
    assert manifest["points"] | {"reasons": {}} == {
        "read": 4, "counted": 4, "dropped": 0, "reasons": {}, "time_faults": {}, "examples": {},
        "without_time": 0, "filtered": {"date": 0, "weekday": 0}, "implausible": 0,
    }  # fmt: skip
    assert outcome.hashes == alone(tmp_path)
    assert "23 of 24 trip files could not be used" in manifest["warnings"][0]
    assert engine.leftovers() == []


def test_the_reasons_come_again_without_reading_the_files_again(engine):
    engine.write("good.json", GOOD)
    engine.write("bad.json", b"{")
    engine.write("also bad.json", b"")
    engine.settle()
    first = engine.run_here()
    engine.write("more.json", GOOD)
    second = engine.run_here()
    assert first.bad == second.bad == {"bad.json": "bad_json", "also bad.json": "empty"}
    assert second.manifest["files"]["decoded"] == 1


def links(*values):
    return [point(link=value) for value in values]


def speeds(*values):
    return [point(speed=value) for value in values]


ODD_POINTS = {
    "no_link": [*links(None, "", "null"), {"absVelocity": 1}, {"absVelocity": 1, "dbResponse": None}],
    "bad_link": links(1.5, True, [1], 2.0**53, "A\n1", "A" * 401),
    "no_speed": [*speeds(None, ""), {"dbResponse": {"linkID": 1}}],
    "bad_speed": speeds("fast", {}, False, "1,5"),
    "negative_speed": speeds(-1, "-0.5"),
    "speed_not_finite": speeds(float("nan"), float("inf"), "-Infinity", 1e300, 10**400),
    "not_a_point": [None, 5, "x", []],
}


@pytest.mark.parametrize("together", [True, False], ids=["in one file", "in a file each"])
def test_every_odd_point_is_counted_under_its_reason(engine, tmp_path, together):
    odd = [found for points in ODD_POINTS.values() for found in points]
    if together:
        engine.write("good.json", [*odd[:20], *GOOD, *odd[20:]])
    else:
        engine.write("good.json", GOOD)
        for n, found in enumerate(odd):
            engine.write(f"odd {n}.json", [found])
    outcome = engine.finish()
    assert outcome.manifest["points"]["reasons"] == {
        reason: len(points) for reason, points in ODD_POINTS.items()
    }
    assert outcome.manifest["points"]["dropped"] == len(odd)
    assert outcome.manifest["points"]["counted"] == 4
    assert outcome.hashes == alone(tmp_path)


@pytest.mark.parametrize(
    ("written", "link_id"),
    [
        ("7", 7),
        (7, 7),
        (7.0, 7),
        (0, 0),
        (2**53 + 1, 2**53 + 1),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_a_link_id_arrives_in_the_result_as_it_was(engine, written, link_id):
    engine.write("a.json", [point(link=written)])
    rows = engine.run_here().csv().splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == [str(link_id)]


def test_speeds_absurd_for_the_unit_are_counted_and_warned_of(engine):
    engine.write(
        "a.json", [point(n, speed=200.0) for n in range(10)] + [point(n, speed=50.0) for n in range(10)]
    )
    assert engine.run_here(speed_unit="km/h").manifest["points"]["implausible"] == 0
    manifest = engine.run_here(speed_unit="m/s").manifest
    assert (manifest["points"]["implausible"], manifest["points"]["counted"]) == (10, 20)
    (warning, *_) = manifest["warnings"]
    assert warning == (
        "50.0% of the points are faster than 70 m/s, the fastest has 200.0 m/s. Check the unit of the "
        "speeds, declared as m/s: if it is km/h, the fastest has 55.6 m/s."
    )


@pytest.mark.parametrize(
    ("unit", "shown", "hint"),
    [
        ("km/h", "mph", "20 km/h, the fastest has 12.5 km/h. Check the unit of the speeds, declared as km/h: "
         "if it is m/s, the fastest has 45.0 km/h."),
        ("m/s", "", ""),
    ],
)  # fmt: skip
def test_speeds_too_slow_for_roads_are_warned_of_with_the_likely_unit(engine, unit, shown, hint):
    """Of 120 points at 8 to 12.5 m/s, declared as km/h and as what they are."""
    engine.write("a.json", [point(n, speed=8.0 + 4.5 * (n == 7)) for n in range(120)])
    warnings = engine.run_here(speed_unit=unit, shown_unit=shown, min_trips=1).manifest["warnings"]
    assert warnings == ([f"100.0% of the points are slower than {hint}"] if hint else [])


def test_a_wrong_field_mapping_is_told_with_the_fields_that_are_there(engine):
    engine.write("a.json", [{"ts": 1, "velocity": 5, "match": {"link": 7}}] * 3)
    outcome = engine.run()
    assert outcome.code == 1
    assert outcome.status["state"] == "failed"
    for words in (
        "None of the 3 points",
        "'dbResponse.linkID'",
        "'absVelocity'",
        "a.json",
        "ts, velocity, match.link",
    ):
        assert words in outcome.error
    mapping = {"link_id": "match.link", "speed": "velocity", "time": "ts"}
    assert engine.finish(mapping=mapping).manifest["points"]["counted"] == 3


def test_files_that_are_all_bad_are_an_error_and_no_empty_map(engine):
    engine.write("a.json", {"points": GOOD})
    engine.write("b.json", b"")
    outcome = engine.run()
    assert outcome.code == 1
    assert all(words in outcome.error for words in ("None of the 2 trip files", "a.json", "'data'", "points"))
    assert not (outcome.folder / "manifest.json").exists()


def test_trips_without_points_make_an_empty_result_that_says_so(engine):
    engine.write("a.json", [])
    outcome = engine.finish()
    assert outcome.csv() == "link_id,n_points,n_trips,mean,std,p05,p15,p50,p85,p95\n"
    assert outcome.csv("link_speeds_by_time").startswith("link_id,bin,n_points")
    assert outcome.manifest["warnings"] == ["The trip files hold no points, so the result is empty."]


def test_dates_without_any_point_make_an_empty_result_that_says_so(engine):
    engine.write("a.json", GOOD)
    outcome = engine.run_here(date_from="2024-01-01", date_to="2024-12-31")
    assert outcome.csv().count("\n") == 1
    assert outcome.manifest["points"]["filtered"] == {"date": 4, "weekday": 0}
    assert outcome.manifest["warnings"] == [
        "No point lies in the dates and weekdays asked for, so the result is empty."
    ]


# -- times ------------------------------------------------------------------------------------------


def bins(outcome: Outcome) -> dict[str, int]:
    """Number of points by bin."""
    found: dict[str, int] = {}
    for row in outcome.csv("link_speeds_by_time").splitlines()[1:]:
        _, name, n, *_ = row.split(",")
        found[name] = found.get(name, 0) + int(n)
    return found


def test_times_of_every_kind_fall_into_the_same_hour(engine):
    texts = [
        "2025-06-10T08:15:30Z",
        "2025-06-10T09:15:30+01:00",
        "2025-06-10 08:15:30.123456Z",
        "20250610T081530Z",
    ]
    numbers = [1749543330, 1749543330.5, 1749543330000, "1749543330"]
    for n, time in enumerate([*texts, *numbers]):
        engine.write(f"{n}.json", [point(time=time)])
    assert bins(engine.run_here()) == {"08:00": 8}
    assert bins(engine.run_here(time_zone="Europe/London")) == {"09:00": 8}
    assert bins(engine.run_here(time_zone="Asia/Kathmandu", bin_minutes=15)) == {"14:00": 8}


def test_a_point_without_a_usable_time_counts_in_the_whole_day_only(engine):
    times = {
        "no_time": [None, ""],
        "bad_time": ["noon", True, 1e300, "2025-02-30T00:00:00Z"],
        "time_without_zone": ["2025-06-10T08:00:00"],
    }
    engine.write(
        "a.json",
        [
            point(),
            *(
                point(time=time) if time is not None else {**point(), "timestamp": None}
                for found in times.values()
                for time in found
            ),
        ],
    )
    outcome = engine.run_here()
    points = outcome.manifest["points"]
    assert points["time_faults"] == {reason: len(found) for reason, found in times.items()}
    assert (points["counted"], points["without_time"]) == (8, 7)
    assert outcome.csv().splitlines()[1].split(",")[1] == "8"
    assert bins(outcome) == {"08:00": 1}


def test_times_without_a_zone_are_utc_on_demand(engine):
    engine.write("a.json", [point(time="2025-06-10T08:00:00")])
    assert bins(engine.run_here(mapping={"naive_times": "utc"})) == {"08:00": 1}


NOTATIONS = [  # all are 10 June 2025, 08:00 UTC
    "2025-06-10 08:00:00 UTC", "2025-06-10T08:00:00Z[UTC]", "2025-06-10T10:00:00+02:00[Europe/Berlin]",
    "2025-06-10 10:00:00+02", "2025-06-10 13:30:00+0530", 1749542400, 1749542400.0, "1749542400000",
    1749542400000000, 1749542400000000000, "/Date(1749542400000)/", "/Date(1749542400000+0200)/",
]  # fmt: skip


def test_notations_of_a_time_are_one_instant(engine):
    for n, time in enumerate(NOTATIONS):
        engine.write(f"{n}.json", [point(time=time)] * 10)
    outcome = engine.run_here(time_zone="Europe/Berlin")
    assert bins(outcome) == {"10:00": 10 * len(NOTATIONS)}
    assert outcome.manifest["points"]["time_faults"] == {}


def test_local_times_are_on_the_clock_of_the_run_and_read_anew_in_another_zone(engine):
    engine.write("a.json", [point(time="2025-06-10 08:00:00"), point(time="2025-10-26 02:30:00")])
    local = {"naive_times": "local"}
    outcome = engine.run_here(time_zone="Europe/Berlin", mapping=local, date_to="2025-06-30")
    assert bins(outcome) == {"08:00": 1}
    assert outcome.manifest["points"]["time_faults"] == {"time_twice": 1}
    elsewhere = engine.run_here(time_zone="Europe/London", mapping=local)
    assert bins(elsewhere) == {"08:00": 1, "02:00": 1}
    assert elsewhere.manifest["files"]["decoded"] == 1


def test_times_of_a_format_are_read_as_text_and_as_number(engine):
    mapping = {"time_format": "%Y%m%d%H%M%S", "naive_times": "utc"}
    engine.write("a.json", [point(time="20250610080000")])
    engine.write("b.json", [point(time=20250610080000)])
    assert bins(engine.run_here(mapping=mapping)) == {"08:00": 2}


def test_times_before_1970_have_their_day_and_hour(engine):
    engine.write(
        "a.json", [point(time="1969-12-31T23:30:00Z"), point(time=-1800), point(time=-86_400_000_000 * 5)]
    )
    outcome = engine.run_here(date_from="1969-12-31", date_to="1969-12-31")
    assert bins(outcome) == {"23:00": 2}
    assert outcome.manifest["points"]["filtered"]["date"] == 1


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-03-30", {f"{hour:02d}:00": 60 for hour in range(24) if hour != 1}),
        ("2025-10-26", {f"{hour:02d}:00": 120 if hour == 1 else 60 for hour in range(24)}),
    ],
    ids=["23 hours", "25 hours"],
)
def test_the_days_of_clock_changes_have_the_hours_that_they_have(engine, day, expected):
    start = 1743206400 if day == "2025-03-30" else 1761350400  # a day earlier, at midnight UTC
    engine.write("a.json", [point(time=start + 60 * minute) for minute in range(3 * 1440)])
    outcome = engine.run_here(time_zone="Europe/London", date_from=day, date_to=day)
    assert bins(outcome) == expected


# -- names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AWKWARD)
def test_folders_and_files_may_have_any_name(tmp_path, name):
    (tmp_path / name).mkdir()
    engine = Engine(tmp_path / name)
    engine.write(f"{name}.json", GOOD)
    engine.write(f"{name} bad.json", b"{")
    outcome = engine.finish()
    assert outcome.hashes == alone(tmp_path)
    assert list(outcome.bad.values()) == ["bad_json"]
    again = engine.finish()
    assert again.hashes == outcome.hashes
    assert engine.leftovers() == []


def test_trips_may_lie_in_folders_whose_names_are_no_utf8(engine, tmp_path):
    name = os.fsdecode(b"caf\xe9")
    engine.write(f"{name}/{name}.json", GOOD)
    engine.write(f"{name}/bad {name}.json", b"{")
    outcome = engine.finish(trips=str(engine.trips / name))
    assert outcome.hashes == alone(tmp_path)
    assert outcome.bad == {r"bad caf\xe9.json": "bad_json"}


def test_a_store_or_run_folder_whose_name_is_no_utf8_is_refused_by_name(engine):
    engine.write("good.json", GOOD)
    name = os.fsdecode(b"caf\xe9")
    outcome = engine.run(store=str(engine.folder / name))
    assert outcome.code == 1
    assert r"caf\xe9" in outcome.error and "not valid UTF-8" in outcome.error
    folder = engine.prepare().rename(engine.folder / name)
    outcome = engine.run(folder=folder)
    assert outcome.code == 1
    assert "not valid UTF-8" in outcome.error


def test_an_error_about_a_name_that_is_no_utf8_reaches_the_status(engine):
    missing = os.fsdecode(b"/nowhere/caf\xe9")
    outcome = engine.run(trips=missing)
    assert outcome.code == 1
    assert "does not exist" in outcome.error


def test_trip_ids_may_be_any_text(engine):
    ids = ["", "a", "é", "\0", "line\nbreak", "'\"", 7, 7.5, True, None, [], {}]
    for n, trip_id in enumerate(ids):
        engine.write(f"{n:02d}.json", {"id": trip_id, "data": [point()]})
    engine.write("half.json", b'{"id": "\\ud800", "data": [' + json.dumps(point()).encode() + b"]}")
    engine.write("latin.json", b'{"id": "caf\xe9", "data": [' + json.dumps(point()).encode() + b"]}")
    row = engine.finish(mapping={"trip_id": "id"}).csv().splitlines()[1].split(",")
    assert row[1:3] == [str(len(ids) + 2)] * 2


def test_points_with_names_that_are_no_text_are_told(engine):
    engine.write("a.json", b'{"data": [{"\\ud800": 1, "caf\xe9": 2}]}')
    outcome = engine.run()
    assert outcome.code == 1
    assert r"\ud800, caf" in outcome.error


# -- the folder of trips ----------------------------------------------------------------------------


def test_an_empty_and_a_missing_folder_are_named(engine):
    outcome = engine.run()
    assert (outcome.code, outcome.status["state"]) == (1, "failed")
    assert str(engine.trips) in outcome.error and "no trip files" in outcome.error
    outcome = engine.run(trips=str(engine.folder / "elsewhere"))
    assert "elsewhere" in outcome.error and "does not exist" in outcome.error


def test_a_folder_named_like_a_trip_is_looked_into_and_not_read(engine, tmp_path):
    engine.write("x.json/good.json", GOOD)
    assert engine.run_here().hashes == alone(tmp_path)
    outcome = engine.run_here(trips=f"{engine.trips}/**/*.json")
    assert outcome.bad == {"x.json": "unreadable"}


@needs("permissions")
def test_what_may_not_be_read_is_told(engine):
    engine.write("good.json", GOOD)
    engine.write("secret.json", GOOD).chmod(0)
    folder = engine.prepare()
    process = engine.start(folder, before=BOUND)
    output, _ = process.communicate(timeout=240)
    outcome = Outcome(process.returncode, folder, output)
    assert outcome.code == 0, output
    assert outcome.bad == {"secret.json": "unreadable"}
    assert "Permission denied" in outcome.manifest["bad_files"][0]["message"]
    (engine.trips / "secret.json").chmod(0o644)
    folder = engine.prepare()
    process = engine.start(folder, before=BOUND)
    assert process.wait(240) == 0
    manifest = Outcome(0, folder).manifest
    assert (manifest["files"]["bad"], manifest["points"]["counted"]) == (0, 8)
    store = engine.folder / "closed"
    store.mkdir(mode=0o500)
    folder = engine.prepare(store=str(store / "store"))
    process = engine.start(folder, before=BOUND)
    assert process.wait(240) == 1
    assert "may not be written" in Outcome(1, folder).error
    assert str(store) in Outcome(1, folder).error


# -- files that change ------------------------------------------------------------------------------


def test_files_that_change_or_vanish_after_the_listing_are_told_and_tried_again(engine, tmp_path):
    engine.write("good.json", GOOD)
    changing, vanishing = engine.write("changing.json", GOOD), engine.write("vanishing.json", GOOD)
    engine.settle()

    def meanwhile():
        changing.write_bytes(changing.read_bytes().replace(b"20.0", b"30.0"))
        vanishing.unlink()

    outcome = engine.run_here(meanwhile)
    assert outcome.bad == {"changing.json": "changed", "vanishing.json": "vanished"}
    assert outcome.hashes == alone(tmp_path)
    outcome = engine.run_here()
    assert outcome.bad == {}
    assert outcome.manifest["points"]["counted"] == 8
    assert outcome.csv().splitlines()[1].split(",")[3] == str((4 * 21.5 + 4 * 21.5 + 10) / 8)


def test_a_file_rewritten_right_after_a_run_is_seen_by_the_next(engine):
    """Same size, and as fast as can be: the clock of the file system may not even have moved."""
    for n in range(10):
        path = engine.write("a.json", [point(speed=10 + n)])
        times = path.stat()
        row = engine.run_here().csv().splitlines()[1]
        assert float(row.split(",")[3]) == 10 + n
        path.write_bytes(path.read_bytes().replace(str(10 + n).encode(), str(20 + n).encode()))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        row = engine.run_here().csv().splitlines()[1]
        assert float(row.split(",")[3]) == 20 + n


def test_a_run_that_is_to_stop_at_a_bad_file_does_so_by_name_also_the_second_time(engine):
    engine.write("good.json", GOOD)
    engine.write("zbad.json", b"{")
    engine.settle()
    engine.finish()
    outcome = engine.run(bad_files="stop")
    assert outcome.code == 1
    assert "zbad.json" in outcome.error and "not valid JSON" in outcome.error
    outcome = engine.run(bad_files="stop", store=str(engine.folder / "fresh"))
    assert outcome.code == 1
    assert "zbad.json" in outcome.error
    (engine.trips / "zbad.json").unlink()
    assert engine.run(bad_files="stop").code == 0


def test_the_limit_on_files_is_that_of_this_run(engine):
    engine.write("good.json", GOOD)
    engine.write("large.json", json.dumps({"data": GOOD}).encode().ljust((1 << 20) + 1))
    engine.write("just.json", json.dumps({"data": GOOD}).encode().ljust(1 << 20))
    engine.write("packed.json.gz", gzip.compress(json.dumps({"data": GOOD}).encode().ljust((1 << 20) + 1)))
    engine.settle()
    small = engine.run_here(max_trip_megabytes=1)
    assert small.bad == {"large.json": "too_large", "packed.json.gz": "too_large"}
    assert "1 MiB" in small.manifest["bad_files"][0]["message"]
    large = engine.run_here(max_trip_megabytes=2)
    assert (large.bad, large.manifest["points"]["counted"]) == ({}, 16)
    assert large.manifest["files"]["decoded"] == 2
    again = engine.run_here(max_trip_megabytes=1)
    assert (again.bad, again.hashes) == (small.bad, small.hashes)


# -- the specification ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "spec.json"),
        (b"", "spec.json"),
        (b"{", "spec.json"),
        (b"\xff\xfe{}", "spec.json"),
        (b"[]", "JSON object"),
        (b"[" * 100_000, "spec.json"),
        (b'{"trips": "/x"}', "store"),
        (b'{"trips": "/x", "store": "/y", "speed_unit": "furlongs"}', "speed_unit"),
        (b'{"trips": "/x", "store": "/y", "schema": 2}', "schema"),
    ],
)
def test_a_specification_that_is_no_good_is_told_and_nothing_begun(engine, content, words):
    folder = engine.prepare()
    (folder / "spec.json").unlink()
    if content is not None:
        (folder / "spec.json").write_bytes(content)
    outcome = engine.run(folder=folder)
    assert (outcome.code, outcome.status["state"]) == (1, "failed")
    assert words in outcome.error
    assert not engine.store.exists()


def test_a_run_that_has_ended_is_left_as_it_is(engine):
    engine.write("a.json", GOOD)
    outcome = engine.finish()
    before = {path: path.read_bytes() for path in outcome.folder.rglob("*") if path.is_file()}
    again = engine.run(folder=outcome.folder)
    assert again.code == 1
    assert "has ended already" in again.output
    assert {path: path.read_bytes() for path in outcome.folder.rglob("*") if path.is_file()} == before


def test_a_run_in_this_process_raises_its_error(engine):
    with pytest.raises(RunError, match="no trip files"):
        engine.run_here()
    assert not list(Path(engine.folder).glob("run-1/results"))
