"""Runs that leave points out as asked, and runs beside the point store of an earlier version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from development.s3 import S3Server
from roadpulse.tests.engine import LINK, Engine, point
from roadpulse.tests.integration.s3_engine import BucketEngine, result_bytes

EARLIER = "6f1af78e1b76"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = Engine(tmp_path)
    drive = [point(second, LINK + second // 20, 20.0) for second in range(100)]
    parked = [point(100 + second, LINK + 9, 0.0) for second in range(50)]
    engine.write("drive.json", drive + parked)
    engine.write("parked.json", parked)
    engine.settle()
    return engine


def test_what_is_left_out_is_counted_and_told(engine: Engine) -> None:
    every = engine.finish().manifest
    assert every["remarks"] == []
    found = engine.finish(trim={"stationary_seconds": 180, "ends_seconds": 10}, suppress_below=2)
    manifest = found.manifest
    assert manifest["files"] == {**manifest["files"], "named": 2, "decoded": 2, "left_out": 1}
    assert manifest["points"]["reasons"] == {"stationary": 100, "trip_end": 20}
    assert (manifest["points"]["read"], manifest["points"]["counted"]) == (200, 80)
    assert manifest["points"]["dropped"] == 120
    assert manifest["remarks"] == [
        "60.0% of the points were left out as asked: 50.0% standing, 10.0% near the ends of trips. "
        "Nothing is left of 1 trip file.",
        "Links and bins with fewer than 2 trips are left out of all tables.",
    ]
    assert found.csv().count("\n") == 1
    assert not any("standing" in warning for warning in manifest["warnings"])
    again = engine.finish(trim={"stationary_seconds": 180, "ends_seconds": 10}).manifest
    assert (again["files"]["reused"], again["files"]["left_out"]) == (2, 1)


def test_trims_that_leave_nothing_are_refused_with_what_to_do(engine: Engine) -> None:
    outcome = engine.run(trim={"ends_metres": 100_000})
    assert outcome.code == 1
    message = outcome.error
    assert "Of 200 points none is left" in message
    assert "near an end of its trip" in message


def test_the_earlier_store_in_a_bucket_is_named_too(s3_server: S3Server, bucket: str, tmp_path: Path) -> None:
    engine = BucketEngine(s3_server, bucket).with_few_trips()
    for name in ("files/ingest=a/files.parquet", "points/ingest=a/part-00000.parquet"):
        engine.client.put_object(Bucket=bucket, Key=f"store/{EARLIER}/{name}", Body=bytes(600_000))
    found = engine.run_here(statistics="all")
    assert found.manifest["remarks"] == [
        f"An earlier version's point store lies at s3://{bucket}/store/{EARLIER}, 1.2 MB; it may be deleted."
    ]
    near = engine.twin(tmp_path).run_here(statistics="all")
    assert result_bytes(found) == result_bytes(near)


def test_the_store_of_an_earlier_version_is_left_alone_and_named_once(engine: Engine) -> None:
    earlier = engine.store / EARLIER
    (earlier / "files" / "ingest=a").mkdir(parents=True)
    (earlier / "files" / "ingest=a" / "files.parquet").write_bytes(bytes(1_234_000))
    (earlier / "mapping.json").write_text("{}", encoding="utf-8")
    before = sorted(earlier.rglob("*"))
    first, second = engine.finish().manifest, engine.finish().manifest
    assert first["files"]["decoded"] == 2
    assert first["remarks"] == [
        f"An earlier version's point store lies at {earlier}, 1.2 MB; it may be deleted."
    ]
    assert second["remarks"] == []
    assert sorted(earlier.rglob("*")) == before
    (rules,) = engine.store.glob("*/rules.json")
    assert json.loads(rules.read_text(encoding="utf-8"))["speed_unit"] == "mph"
