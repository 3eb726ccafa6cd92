"""Every statistic of Belfast against an independent computation, and the same bytes whatever the way."""

from __future__ import annotations

import csv
import gc
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine import PLUGINS, Engine
from tests.independent import EVERY_KEY, Table, differences, read, tables
from tests.traps import every_file

SPEC = {
    "time_zone": "Europe/London",
    "statistics": EVERY_KEY,
    "periods": {
        "AM peak": {"weekdays": [1, 2, 3, 4, 5], "from": "07:00", "to": "09:00"},
        "Night": {"from": "22:00", "to": "06:00"},
    },
}


# -- Belfast ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(belfast: Path) -> dict[str, Table]:
    """All tables of Belfast by hours of London and by periods, computed independently."""
    trips = {path.name: map(read, [path]) for path in sorted((belfast / "trips").iterdir())}
    gc.disable()  # a third of its time goes into millions of points that are no garbage
    try:
        return tables(trips, {"speed_unit": "mph", **SPEC})
    finally:
        gc.enable()


@pytest.mark.belfast
def test_belfast_has_every_statistic_by_link_bin_and_period(
    belfast: Path, plain: dict[str, Table], tmp_path: Path
) -> None:
    engine = Engine(tmp_path)
    engine.trips = belfast / "trips"
    outcome = engine.finish(workers=2, **SPEC)
    found = {name: differences(outcome.csv(name), table) for name, table in plain.items()}
    assert not any(found.values()), found


@pytest.mark.belfast
def test_belfast_in_metres_per_second_has_the_same_statistics_in_miles_per_hour(
    belfast: Path, plain: dict[str, Table], tmp_path: Path
) -> None:
    engine = Engine(tmp_path)
    for path in (belfast / "trips").iterdir():
        trip = read(path)
        for point in trip["data"]:
            if point.get("absVelocity") is not None:
                point["absVelocity"] = float(point["absVelocity"]) * 0.44704
        engine.write(path.name, trip)
    outcome = engine.finish(workers=2, speed_unit="m/s", shown_unit="mph", **SPEC)
    found = {name: differences(outcome.csv(name), table) for name, table in plain.items()}
    assert not any(found.values()), found


@pytest.mark.belfast
def test_the_independent_computation_gives_what_was_published_with_belfast(
    belfast: Path, plain: dict[str, Table]
) -> None:
    with (belfast / "expected.csv").open(newline="") as stream:
        job_of_2019 = {(int(row["linkID"]),): row for row in csv.DictReader(stream)}
    assert job_of_2019.keys() == plain["link_speeds"].keys()
    for place, row in plain["link_speeds"].items():
        assert row["n_points"] == int(job_of_2019[place]["count(linkID)"])
        assert _same(row["mean"], job_of_2019[place]["avg(absVelocity)"])
    with (belfast / "expected_hourly.csv").open(newline="") as stream:
        hourly = {(int(r["link_id"]), f"{int(r['hour_local']):02d}:00"): r for r in csv.DictReader(stream)}
    assert hourly.keys() == plain["link_speeds_by_time"].keys()
    for place, row in plain["link_speeds_by_time"].items():
        for key in ("n_points", "n_trips", "mean", "p50", "p85"):
            assert _same(row[key], hourly[place][key])


def _same(found: Any, text: str) -> bool:
    return math.isclose(found, float(text), rel_tol=1e-9)


# -- the same bytes ---------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """All generated trips."""
    engine = Engine(tmp_path)
    for path, trip in every_file().items():
        engine.write(path, trip)
    engine.settle()
    return engine


def test_one_or_four_workers_give_the_same_bytes(engine: Engine) -> None:
    one = engine.finish(workers=1, **SPEC)
    four = engine.finish(workers=4, store=str(engine.folder / "other"), **SPEC)
    assert one.hashes == four.hashes


def test_other_orders_of_the_files_give_the_same_bytes(engine: Engine) -> None:
    first = engine.run_here(**SPEC)
    other = engine.folder / "other"
    for n, path in enumerate(sorted(engine.trips.rglob("*.json"), reverse=True)):
        copy = other / f"{n * 7919 % 1009:04d}-{n}.json"
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (n * 1e6, n * 1e6))
    again = engine.run_here(trips=str(other), store=str(engine.folder / "other store"), **SPEC)
    assert again.hashes == first.hashes


def test_trips_that_come_in_two_halves_give_the_same_bytes(engine: Engine) -> None:
    whole = engine.run_here(store=str(engine.folder / "whole"), **SPEC)
    files = sorted(engine.trips.rglob("*.json"))
    aside = {path: path.with_suffix(".later") for path in files[::2]}
    for path, later in aside.items():
        path.rename(later)
    half = engine.run_here(**SPEC)
    assert half.hashes != whole.hashes
    for path, later in aside.items():
        later.rename(path)
    both = engine.run_here(**SPEC)
    assert both.manifest["files"]["reused"] == len(files) - len(aside)
    assert both.hashes == whole.hashes


def test_a_compacted_store_gives_the_same_bytes(engine: Engine) -> None:
    for folder in sorted(engine.trips.iterdir())[:4]:
        engine.run_here(trips=str(folder), **SPEC)
    several = engine.run_here(**SPEC)
    parts = "*/points/ingest=*/part-*.parquet"
    before = {path.parent for path in engine.store.glob(parts)}
    assert len(before) == 5
    command = [sys.executable, "-m", "roadpulse.aggregation", "compact", str(engine.store)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(PLUGINS)})
    assert {path.parent for path in engine.store.glob(parts)} - before
    merged = engine.run_here(**SPEC)
    assert merged.manifest["files"]["decoded"] == 0
    assert merged.hashes == several.hashes
