"""What the window tells of trips in a bucket before a run: how many there are, and how many are new."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from development.s3 import S3Server
from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.inventory import TripCount
from roadpulse.cluster_client.backends.base.bucket_probe import BucketTrips
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.tests.engine import trip
from tests.integration.s3_engine import BucketEngine

ENTRIES: dict[str, dict[str, Any]] = {
    "local": {},
    "ssh": {"host": "pi0"},
    "livy": {"host": "pi0", "livy_url": "http://pi0:8998"},
}


@pytest.fixture
def engine(s3_server: S3Server, bucket: str) -> BucketEngine:
    return BucketEngine(s3_server, bucket).with_few_trips()


def told(
    engine: BucketEngine, kind: str = "local", store: str = "", check: Callable[[], None] = lambda: None
) -> TripCount:
    """What the window gets to know of the trips with a profile of a kind."""
    store = store or engine.store
    profile = Profile(kind, "there", s3=engine.access, folders=Folders(store=store), **ENTRIES[kind])
    source = BucketTrips(profile)
    try:
        return source.count(engine.trips, store, DecodeRules(speed_unit="mph"), check, lambda n: None)
    finally:
        source.close()


@pytest.mark.parametrize("in_bucket", [True, False])
def test_what_is_new_is_what_a_run_then_reads(engine: BucketEngine, tmp_path: Path, in_bucket: bool) -> None:
    """Names of all kinds, a changed object, and one that came into the bucket's folder without an ETag."""
    store = engine.store if in_bucket else str(tmp_path / "store")
    engine.write("Zürich 東京+&.json", trip(20, 5))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "by hand.json").write_bytes(trip(20, 6))
    engine.copy_in(tmp_path / "old")
    assert told(engine, store=store).new_files == 6
    engine.finish(store=store)
    found = told(engine, store=store)
    assert (found.files, found.new_files, found.new_bytes) == (6, 0, 0)
    changed, added = trip(21, 0), trip(20, 7)
    engine.write("0.json", changed)
    engine.write("new.json", added)
    found = told(engine, store=store)
    assert (found.files, found.new_files, found.new_bytes) == (7, 2, len(changed) + len(added))
    assert engine.finish(store=store).manifest["files"]["decoded"] == 2
    assert told(engine, store=store).new_files == 0


def test_packed_copies_are_left_out_as_in_a_run(engine: BucketEngine) -> None:
    engine.finish()
    for name in ("0.json.gz", "3.json.GZ", "4.json.gz"):
        engine.write(name, gzip.compress(trip(20, int(name[0]))))
    found = told(engine)
    assert (found.files, found.new_files, found.copies) == (5, 1, 2)
    files = engine.finish().manifest["files"]
    assert (files["named"], files["decoded"], files["packed_copies"]) == (5, 1, 2)


def test_a_store_in_a_bucket_is_seen_from_here_wherever_runs_take_place(engine: BucketEngine) -> None:
    engine.finish()
    engine.write("new.json", trip(20, 7))
    assert told(engine, "livy").new_files == told(engine, "ssh").new_files == 1


def test_where_the_store_cannot_be_seen_the_trips_are_counted_all_the_same(
    engine: BucketEngine, tmp_path: Path
) -> None:
    damaged = f"damaged/{DecodeRules(speed_unit='mph').digest()}/files/ingest=x/files.parquet"
    engine.client.put_object(Bucket=engine.bucket, Key=damaged, Body=b"x")
    for kind, store in {
        "ssh": str(tmp_path),  # of that name there
        "livy": "s3://no-such-bucket-7/store",
        "local": f"s3://{engine.bucket}/damaged",
    }.items():
        found = told(engine, kind, store)
        assert (found.files, found.new_files, found.new_bytes) == (4, None, None)


def test_a_store_of_too_many_tables_is_not_waited_for(
    engine: BucketEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.finish()
    monkeypatch.setattr("roadpulse.cluster_client.backends.base.bucket_probe._MOST_BYTES", 10)
    assert told(engine).new_files is None


def test_whoever_stops_the_count_stops_the_look_at_the_store_too(engine: BucketEngine) -> None:
    engine.finish()
    asked = []

    def stop() -> None:
        asked.append(engine.requests())
        raise Cancelled

    with pytest.raises(Cancelled):
        told(engine, check=stop)
    assert len(asked) == 1
