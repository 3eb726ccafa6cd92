"""Results bit for bit: whatever the way, the same files give the same CSVs; and they are the right ones."""

import csv
import gzip
import json
import math
import os
import random
import shutil
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from roadpulse.aggregation.runners import plan
from roadpulse.aggregation.summary import result_tables
from roadpulse.tests.engine import LINK, Engine, point, trip

HEADER = "link_id,n_points,n_trips,mean,std,p05,p15,p50,p85,p95"


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path)


@pytest.fixture
def city(engine):
    """Forty trips over sixty links through two days, with a few faults."""
    random.seed(7)
    for n in range(40):
        points = [
            point(
                random.randrange(3600),
                random.choice([LINK + random.randrange(60), None]),
                random.choice([None, 10 * random.random(), 24.5]),
            )
            for _ in range(200)
        ]
        for found in points[::17]:
            found["timestamp"] = random.choice([None, "2025-06-11T23:30:00Z", 1749686400])
        engine.write(f"trip {n}.json", {"tripId": n // 2, "data": points})
    engine.settle()
    return engine


# -- the same bytes ---------------------------------------------------------------------------------


def test_the_second_run_decodes_nothing_and_gives_the_same_bytes(city):
    first, second = city.finish(), city.finish()
    assert (first.manifest["files"]["decoded"], first.manifest["files"]["reused"]) == (40, 0)
    assert (second.manifest["files"]["decoded"], second.manifest["files"]["reused"]) == (0, 40)
    assert first.hashes == second.hashes
    assert first.manifest["points"] == second.manifest["points"]


def test_the_number_of_workers_and_of_tasks_does_not_change_a_bit(city, monkeypatch):
    one = city.finish(workers=1)
    four = city.finish(workers=4, store=str(city.folder / "other store"))
    assert (one.hashes, one.sidecar) == (four.hashes, four.sidecar)
    monkeypatch.setattr(plan, "POINTS_PER_TASK", 100)
    monkeypatch.setattr(plan, "MIN_TASK_BYTES", 1 << 16)
    monkeypatch.setattr(plan, "MAX_TASK_BYTES", 1 << 16)
    many = city.run_here(store=str(city.folder / "third store"))
    assert len(list((city.folder / "third store").rglob("part-*.parquet"))) > 10
    assert many.hashes == one.hashes


def test_names_order_and_times_of_the_files_do_not_change_a_bit(city):
    first = city.run_here()
    other = city.folder / "other"
    other.mkdir()
    for n, path in enumerate(sorted(city.trips.iterdir())):
        copy = other / f"{'abc'[n % 3]}" / f"{(n * 37) % 40:03d}.JSON"
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (n * 1e6, n * 1e6))
    assert city.run_here(trips=str(other)).hashes == first.hashes


def test_gzip_copies_do_not_change_a_bit(city):
    first = city.run_here()
    other = city.folder / "other"
    other.mkdir()
    for path in city.trips.iterdir():
        (other / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    packed = city.run_here(trips=str(other))
    assert packed.hashes == first.hashes
    assert packed.manifest["points"] == first.manifest["points"]


@pytest.mark.parametrize("first", ["plain", "packed"])
def test_a_trip_that_is_there_plain_and_packed_counts_once(city, first):
    """Whichever came first into the store; the result is that of a store which never knew the other."""
    alone = city.run_here()
    plain = sorted(city.trips.iterdir())[:3]
    packed = [path.with_name(f"{path.name}.gz") for path in plain]
    contents = [path.read_bytes() for path in plain]
    for path, copy, content in zip(plain, packed, contents):
        if first == "packed":
            path.unlink()
        copy.write_bytes(gzip.compress(content))
    if first == "packed":
        assert city.run_here().hashes == alone.hashes
        for path, content in zip(plain, contents):
            path.write_bytes(content)
    both = city.run_here()
    fresh = city.run_here(store=str(city.folder / "another store"))
    assert both.hashes == fresh.hashes == alone.hashes
    assert both.manifest["points"] == alone.manifest["points"]
    for manifest in (both.manifest, fresh.manifest):
        assert manifest["files"]["named"] == alone.manifest["files"]["named"]
        assert manifest["files"]["packed_copies"] == 3
        (warning,) = [text for text in manifest["warnings"] if ".gz" in text]
        assert warning.startswith("3 packed files were left out") and str(packed[0]) in warning
    assert alone.manifest["files"]["packed_copies"] == 0
    for path in plain:
        path.unlink()
    again = city.run_here()  # only the packed ones are left
    assert again.hashes == alone.hashes
    assert again.manifest["files"]["packed_copies"] == 0


def test_a_packed_trip_of_other_content_does_not_count_beside_the_plain_one(city):
    alone = city.run_here()
    path = sorted(city.trips.iterdir())[0]
    path.with_name(f"{path.name}.GZ").write_bytes(b"not even packed")
    both = city.run_here()
    assert both.hashes == alone.hashes
    assert both.bad == alone.bad
    (warning,) = [text for text in both.manifest["warnings"] if ".GZ" in text]
    assert warning.startswith(f"The file {path}.GZ was left out")


def test_white_space_and_the_order_of_fields_do_not_change_a_bit(city):
    first = city.run_here()
    for n, path in enumerate(sorted(city.trips.iterdir())):
        values = json.loads(path.read_bytes())
        values["data"] = [
            {"extra": [1, {"linkID": 3}], **dict(reversed(found.items()))} for found in values["data"]
        ]
        path.write_text(json.dumps(dict(reversed(values.items())), indent=n % 3 or None), encoding="utf-8")
    assert city.run_here().hashes == first.hashes


def test_added_removed_and_changed_files_give_the_result_of_a_fresh_run(city):
    """Through ten rounds of changes, the store that remembers and one that does not agree."""
    random.seed(11)
    city.run_here()
    for round_ in range(10):
        files = sorted(city.trips.iterdir())
        for path in random.sample(files, 3):
            path.unlink()
        for path in random.sample(files, 3):
            path.write_bytes(trip(50, random.randrange(3000), links=60))
        city.write(f"new {round_}.json", trip(80, round_ * 100, links=60))
        if round_ % 3 == 0:
            city.write("bad.json", b"{")
        elif round_ % 3 == 1:
            city.write("bad.json", trip(30))
        incremental = city.run_here()
        fresh = city.run_here(store=str(city.folder / f"fresh {round_}"))
        assert incremental.hashes == fresh.hashes
        assert incremental.manifest["points"] == fresh.manifest["points"]
        assert incremental.bad == fresh.bad


def test_runs_over_parts_of_the_trips_share_a_store_and_do_not_mix(city):
    whole = city.run_here()
    tens = city.run_here(trips=f"{city.trips}/trip 1*.json")
    assert tens.manifest["files"] | {"bytes": 0} == {
        "named": 11,
        "decoded": 0,
        "reused": 11,
        "bad": 0,
        "packed_copies": 0,
        "bytes": 0,
        "trips": 11,
    }
    fresh = city.run_here(trips=f"{city.trips}/trip 1*.json", store=str(city.folder / "fresh"))
    assert tens.hashes == fresh.hashes != whole.hashes


def test_a_file_back_in_an_earlier_version_counts_as_it_was(city):
    first = city.run_here()
    path = city.trips / "trip 3.json"
    aside = path.rename(city.folder / "aside.json")
    without = city.run_here()
    assert without.hashes != first.hashes
    aside.rename(path)
    assert city.run_here().hashes == first.hashes


# -- a re-analysis reads no trip --------------------------------------------------------------------


def test_other_bins_and_filters_open_no_trip_file(city):
    first = city.run_here()
    opened = []
    sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
    filters = [
        {"bin_minutes": 5},
        {"weekdays": [2]},
        {"date_from": "2025-06-11"},
        {"time_zone": "Asia/Kathmandu"},
        {"suppress_below": 3},
    ]
    for spec in filters:
        outcome = city.run_here(**spec)
        assert outcome.hashes != first.hashes
        files = outcome.manifest["files"]
        assert (files["decoded"], files["reused"]) == (0, 40)
    assert any(path.startswith(str(city.folder)) for path in opened)  # the hook sees what is opened
    assert not [path for path in opened if path.startswith(str(city.trips))]


def test_another_mapping_decodes_anew_and_leaves_the_first_alone(city):
    first = city.run_here()
    other = city.run_here(mapping={"trip_id": "tripId"})
    assert other.manifest["files"]["decoded"] == 40
    assert city.run_here().hashes == first.hashes


# -- trips in several files -------------------------------------------------------------------------


def test_files_that_name_the_same_trip_are_one_trip(engine):
    for n, trip_id in enumerate(["a", "a", "b", None, ""]):
        engine.write(f"{n}.json", {"trip": {"id": trip_id}, "data": [point(n, speed=n)]})
    alone = engine.run_here().csv().splitlines()[1].split(",")
    together = engine.run_here(mapping={"trip_id": "trip.id"}).csv().splitlines()[1].split(",")
    assert alone[1:3] == ["5", "5"]
    assert together[1:3] == ["5", "4"]
    assert alone[3:] == together[3:]


def test_a_trip_whose_files_came_in_different_runs_is_still_one(engine):
    mapping = {"trip_id": "id"}
    engine.write("a.json", {"id": 7, "data": [point(1)]})
    engine.run_here(mapping=mapping)
    engine.write("b.json", {"id": "7", "data": [point(2)]})
    assert engine.run_here(mapping=mapping).csv().splitlines()[1].split(",")[1:3] == ["2", "1"]


def test_suppression_leaves_out_cells_with_few_trips_of_either_table(engine):
    engine.write("a.json", [point(0, 1), point(0, 2), point(3600, 1)])
    engine.write("b.json", [point(0, 1), point(0, 1), point(7200, 3)])
    outcome = engine.run_here(suppress_below=2)
    assert [row.split(",")[:3] for row in outcome.csv().splitlines()[1:]] == [["1", "4", "2"]]
    by_time = [row.split(",")[:4] for row in outcome.csv("link_speeds_by_time").splitlines()[1:]]
    assert by_time == [["1", "08:00", "3", "2"]]
    assert outcome.manifest["results"]["link_speeds"]["rows"] == 1


# -- large results ----------------------------------------------------------------------------------


def test_a_large_result_comes_in_parts_that_make_the_whole(engine, monkeypatch):
    rows = [point(n % 7200, n * 977, n % 60) for n in range(10_000)]
    for n in range(4):
        engine.write(f"{n}.json", rows[n::4])
    whole = engine.run_here()
    monkeypatch.setattr(result_tables, "PART_BYTES", 60_000)
    monkeypatch.setattr(plan, "POINTS_PER_TASK", 1_000)
    parts = engine.run_here()
    for table in ("link_speeds", "link_speeds_by_time"):
        listed = parts.manifest["results"][table]["parts"]
        assert len(listed) > 1
        texts = [(parts.folder / part["path"]).read_text(encoding="utf-8") for part in listed]
        header = texts[0].splitlines(keepends=True)[0]
        assert all(text.startswith(header) for text in texts)
        assert header + "".join(text[len(header) :] for text in texts) == whole.csv(table)
        assert [part["rows"] for part in listed] == [text.count("\n") - 1 for text in texts]
        assert [part["bytes"] for part in listed] == [len(text.encode()) for text in texts]
        assert sum(part["rows"] for part in listed) == whole.manifest["results"][table]["rows"]
    assert parts.hashes  # equal to the manifest's


def test_tasks_without_a_point_do_no_harm(engine, monkeypatch):
    monkeypatch.setattr(plan, "POINTS_PER_TASK", 1)
    engine.write("a.json", [point(n, LINK) for n in range(10)])
    assert engine.run_here().csv().splitlines()[1].startswith(f"{LINK},10,1,24.5,0")
    assert engine.run_here(weekdays=[7]).csv() == f"{HEADER}\n"


def test_more_tasks_than_a_process_may_open_files_are_merged_all_the_same(engine, monkeypatch):
    resource = pytest.importorskip("resource")
    engine.write("a.json", [point(n, n * 977, n % 60) for n in range(2000)])
    whole = engine.run_here()
    monkeypatch.setattr(plan, "POINTS_PER_TASK", 8)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        many = engine.run_here()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert many.hashes == whole.hashes


# -- the right numbers ------------------------------------------------------------------------------


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


def same(found, expected, tolerance=1e-9):
    return math.isclose(float(found), float(expected), rel_tol=tolerance, abs_tol=1e-12)


def test_every_number_of_both_tables_is_that_of_a_plain_computation(city):
    outcome = city.run_here(time_zone="Asia/Kathmandu", bin_minutes=30)
    cells, trips = defaultdict(list), defaultdict(set)
    for path in city.trips.iterdir():
        for found in json.loads(path.read_bytes())["data"]:
            link, speed, time = found["dbResponse"]["linkID"], found["absVelocity"], found["timestamp"]
            if link is None or speed is None:
                continue
            keys = [(link, None)]
            if time is not None:
                seconds = time if isinstance(time, int) else int(np.datetime64(time[:-1], "s").astype(int))
                minutes = (seconds + 20_700) // 60 % 1440 // 30 * 30
                keys.append((link, f"{minutes // 60:02d}:{minutes % 60:02d}"))
            for key in keys:
                cells[key].append(speed)
                trips[key].add(path)
    found = {(int(row["link_id"]), None): row for row in rows_of(outcome.csv())}
    found |= {(int(row["link_id"]), row["bin"]): row for row in rows_of(outcome.csv("link_speeds_by_time"))}
    assert set(found) == set(cells)
    for key, speeds in cells.items():
        row = found[key]
        assert (int(row["n_points"]), int(row["n_trips"])) == (len(speeds), len(trips[key]))
        assert same(row["mean"], np.mean(speeds))
        assert row["std"] == "" if len(speeds) == 1 else same(row["std"], np.std(speeds, ddof=1), 1e-7)
        for percentile in (5, 15, 50, 85, 95):
            assert same(row[f"p{percentile:02d}"], np.percentile(speeds, percentile))


@pytest.mark.parametrize(
    "zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
def test_dates_and_weekdays_are_those_of_the_calendar_there(engine, zone):
    random.seed(zone)
    autumn = [random.randrange(1_759_276_800, 1_762_560_000) for _ in range(400)]  # October 2025 and a week
    instants = [*autumn, *(random.randrange(-2_000_000, 0) for _ in range(50))]
    engine.write("a.json", [point(time=instant) for instant in instants])
    local = [datetime.fromtimestamp(instant, timezone.utc).astimezone(ZoneInfo(zone)) for instant in instants]
    first, last = date(2025, 10, 4), date(2025, 11, 3)
    outcome = engine.run_here(
        time_zone=zone, weekdays=[1, 6, 7], date_from=str(first), date_to=str(last), bin_minutes=180
    )
    inside = [moment for moment in local if first <= moment.date() <= last]
    kept = [moment for moment in inside if moment.isoweekday() in (1, 6, 7)]
    assert outcome.manifest["points"]["counted"] == len(kept)
    assert outcome.manifest["points"]["filtered"] == {
        "date": len(local) - len(inside),
        "weekday": len(inside) - len(kept),
    }
    found = {row["bin"]: int(row["n_points"]) for row in rows_of(outcome.csv("link_speeds_by_time"))}
    assert found == Counter(f"{moment.hour // 3 * 3:02d}:00" for moment in kept)


def test_tables_are_csv_as_the_contract_says(city):
    outcome = city.run_here()
    for table, header in {
        "link_speeds": HEADER,
        "link_speeds_by_time": HEADER.replace("link_id", "link_id,bin"),
    }.items():
        raw = (outcome.folder / "results" / f"{table}.csv").read_bytes()
        assert raw.startswith(header.encode() + b"\n")
        assert raw.endswith(b"\n")
        assert b"\r" not in raw
        rows = rows_of(raw.decode("utf-8"))
        keys = [(int(row["link_id"]), row.get("bin", "")) for row in rows]
        assert keys == sorted(set(keys))
        for row in rows:
            for name in ("mean", "std", "p05", "p50"):
                assert row[name] == "" or row[name] in (
                    repr(float(row[name])),
                    repr(float(row[name])).removesuffix(".0"),
                )


# -- Belfast ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_city(belfast, tmp_path_factory):
    """Belfast's trips in a store, and the run that read them."""
    engine = Engine(tmp_path_factory.mktemp("belfast"))
    engine.trips = belfast / "trips"
    return engine, engine.finish(workers=2, time_zone="Europe/London")


def table(path: Path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.belfast
def test_belfast_is_what_the_job_of_2019_made_of_it(belfast, real_city):
    found = {row["link_id"]: row for row in rows_of(real_city[1].csv())}
    expected = {row["linkID"]: row for row in table(belfast / "expected.csv")}
    assert set(found) == set(expected)
    for link, row in expected.items():
        assert found[link]["n_points"] == row["count(linkID)"]
        assert same(found[link]["mean"], row["avg(absVelocity)"])


@pytest.mark.belfast
def test_belfast_by_the_hour_is_what_is_expected(belfast, real_city):
    found = {
        (row["link_id"], int(row["bin"][:2])): row for row in rows_of(real_city[1].csv("link_speeds_by_time"))
    }
    expected = {
        (row["link_id"], int(row["hour_local"])): row for row in table(belfast / "expected_hourly.csv")
    }
    assert set(found) == set(expected)
    for key, row in expected.items():
        assert (found[key]["n_points"], found[key]["n_trips"]) == (row["n_points"], row["n_trips"])
        assert all(same(found[key][name], row[name]) for name in ("mean", "p50", "p85"))


@pytest.mark.belfast
def test_belfast_has_the_faults_that_were_put_into_it(real_city):
    points = real_city[1].manifest["points"]
    assert points["reasons"] == {"no_link": 29_503, "no_speed": 6_709}
    assert (points["read"], points["counted"], points["without_time"]) == (1_102_918, 1_066_880, 0)
    assert real_city[1].manifest["files"]["bad"] == 0


@pytest.fixture(scope="module")
def plain(belfast):
    """Belfast's points in DuckDB, read independently."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(
        """
        CREATE TABLE points AS
        WITH found AS (
            SELECT filename AS trip, unnest(data) AS point FROM read_json(?, filename = true,
                columns = {data: 'STRUCT("timestamp" VARCHAR, absVelocity DOUBLE,
                    dbResponse STRUCT(linkID VARCHAR))[]'})
        )
        SELECT trip, point.dbResponse.linkID::BIGINT AS link, point.absVelocity AS speed,
            point.timestamp::TIMESTAMP AS utc
        FROM found WHERE link IS NOT NULL AND speed IS NOT NULL
        """,
        [str(belfast / "trips" / "*.json")],
    )
    yield connection
    connection.close()


@pytest.mark.belfast
@pytest.mark.parametrize(
    "spec",
    [
        {"bin_minutes": 5},
        {"bin_minutes": 15, "date_from": "2025-06-10", "date_to": "2025-06-10"},
        {"bin_minutes": 1440, "date_to": "2025-06-09"},
        {"bin_minutes": 20, "weekdays": [1]},
        {"bin_minutes": 120, "weekdays": [2, 5], "offset": 1},
        {"bin_minutes": 90, "weekdays": [2, 7], "offset": 345},
    ],
    ids=lambda spec: f"{spec['bin_minutes']} minutes",
)
def test_belfast_in_other_bins_is_what_duckdb_computes(real_city, plain, spec):
    offset = spec.pop("offset", 0)
    zone = {0: "UTC", 1: "Europe/London", 345: "Asia/Kathmandu"}[offset]
    minutes, length = {0: 0, 1: 60, 345: 345}[offset], spec["bin_minutes"]
    outcome = real_city[0].finish(time_zone=zone, **spec)
    assert outcome.manifest["files"]["decoded"] == 0
    result = outcome.folder / "results" / "link_speeds_by_time.csv"
    differences = plain.execute(
        f"""
        WITH local AS (SELECT *, utc + INTERVAL {minutes} MINUTE AS moment FROM points),
        expected AS (
            SELECT link, (hour(moment) * 60 + minute(moment)) // {length} * {length} AS bin,
                count(*) AS n, count(DISTINCT trip) AS trips, avg(speed) AS mean, stddev_samp(speed) AS std,
                quantile_cont(speed, [0.05, 0.15, 0.5, 0.85, 0.95]) AS q
            FROM local WHERE moment::DATE BETWEEN ? AND ?
                AND list_contains(?, isodow(moment)) GROUP BY ALL
        ),
        found AS (SELECT *, split_part(bin, ':', 1)::INT * 60 + split_part(bin, ':', 2)::INT AS minute
            FROM read_csv(?, types = {{'bin': 'VARCHAR', 'std': 'DOUBLE'}}))
        SELECT * FROM expected FULL JOIN found ON link = link_id AND expected.bin = minute
        WHERE link IS NULL OR link_id IS NULL OR n <> n_points OR trips <> n_trips
            OR abs(expected.mean - found.mean) > 1e-9 * expected.mean
            OR abs(coalesce(expected.std, -1) - coalesce(found.std, -1)) > 1e-9 * expected.mean
            OR abs(q[1] - p05) > 1e-9 * q[1] OR abs(q[2] - p15) > 1e-9 * q[2] OR abs(q[3] - p50) > 1e-9 * q[3]
            OR abs(q[4] - p85) > 1e-9 * q[4] OR abs(q[5] - p95) > 1e-9 * q[5]
        LIMIT 5
        """,
        [
            spec.get("date_from", "1900-01-01"),
            spec.get("date_to", "2100-01-01"),
            spec.get("weekdays", [1, 2, 3, 4, 5, 6, 7]),
            str(result),
        ],
    ).fetchall()
    assert differences == []
    assert result.stat().st_size > 1000
