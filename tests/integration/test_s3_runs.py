"""Whole runs in a bucket: the same bytes as on a disk, few requests, one commit, nothing left behind."""

import gzip
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from roadpulse.aggregation import run_folder
from roadpulse.aggregation.contract.errors import Cancelled, RunError
from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import AlreadyPublished, RunFolder
from roadpulse.aggregation.storage import S3Path
from roadpulse.aggregation.storage.local import scratch
from roadpulse.aggregation.storage.s3 import parquet
from roadpulse.aggregation.store.decode import in_order
from roadpulse.aggregation.store.order import bucket_of
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.store.recovery import clean_up
from roadpulse.aggregation.summary import result_tables
from roadpulse.tests.engine import Engine, LocalRunner, trip
from tests.integration.fault_proxy import Fault, FaultProxy
from tests.integration.s3_engine import BucketEngine, result_bytes
from tests.integration.test_forms import FORMS, TRIPS, lines, made, rows
from tests.waiting import until


@pytest.fixture
def engine(s3_server, bucket):
    return BucketEngine(s3_server, bucket)


@pytest.fixture
def filled(engine):
    """A bucket with thirty trips, one of them packed and one broken."""
    for n in range(28):
        engine.write(f"day {n % 3}/trip {n}.json", trip(60, n, 9))
    engine.write("packed.json.gz", gzip.compress(trip(60, 99, 9)))
    engine.write("broken.json", b"{")
    return engine


# -- the same bytes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bucket_gives_the_same_bytes_as_a_folder(filled, tmp_path, workers):
    far, near = filled.finish(workers), filled.twin(tmp_path).finish(workers)
    assert result_bytes(far) == result_bytes(near)
    assert far.manifest["points"] == near.manifest["points"]
    assert far.bad == near.bad == {"broken.json": "bad_json"}
    assert far.status["state"] == "finished"
    assert (far.folder / "rc").read_text() == "0\n"
    assert "30 trip files, 30 of them new" in (far.folder / "log.txt").read_text(encoding="utf-8")
    assert filled.leftovers() == []


def test_files_of_many_trips_give_the_same_bytes_in_a_bucket_and_by_any_workers(engine, tmp_path):
    """Parquet, packed CSV and lines beside each other; the lines are fetched as a file."""
    for n, name in enumerate(("Parquet", "tabs, packed", "a point a line")):
        engine.write(f"{n} {FORMS[name][0]}", FORMS[name][2](made()))
    points = [{**point, "trip": f"long {n // 40_000}"} for n, point in enumerate(rows(made()) * 80)]
    engine.write("long.jsonl", lines(points))
    spec = {"mapping": {"trip_id": "trip"}, "min_trips": 1}
    far, near = engine.finish(4, **spec), engine.twin(tmp_path).finish(1, **spec)
    assert result_bytes(far) == result_bytes(near)
    assert far.manifest["points"]["reasons"] == near.manifest["points"]["reasons"]
    assert far.manifest["files"]["trips"] == near.manifest["files"]["trips"] == TRIPS + 2
    assert engine.leftovers() == []


def test_a_trip_that_is_there_plain_and_packed_counts_once(filled, tmp_path):
    alone = filled.finish()
    for name in ("packed.json", "day 0/trip 0.json.gz"):  # each the second of a pair
        filled.write(name, trip(60, 99, 9) if name == "packed.json" else gzip.compress(trip(60, 0, 9)))
    both, fresh = filled.finish(), filled.finish(store=f"{filled.store}-new")
    near = filled.twin(tmp_path).finish()
    assert result_bytes(both) == result_bytes(fresh) == result_bytes(near) == result_bytes(alone)
    for outcome in (both, fresh, near):
        assert outcome.manifest["files"]["named"] == 30
        assert outcome.manifest["files"]["packed_copies"] == 2
        assert any("day 0/trip 0.json.gz" in text for text in outcome.manifest["warnings"])


def test_belfast_in_a_bucket_gives_the_same_bytes_as_on_a_disk(engine, belfast, tmp_path):
    engine.copy_in(belfast / "trips")
    local = Engine(tmp_path)
    names = {"speed_unit": "mph", "time_zone": "Europe/London"}
    far = engine.finish(2, **names)
    near = local.finish(2, trips=str(belfast / "trips"), **names)
    assert result_bytes(far) == result_bytes(near)


def test_only_the_trips_may_lie_in_a_bucket_and_store_and_run_in_folders(filled, tmp_path):
    local = filled.twin(tmp_path)
    near = local.finish()
    mixed = local.finish(trips=filled.trips, s3=filled.access.to_json())
    assert result_bytes(mixed) == result_bytes(near)


def test_a_result_in_several_parts_is_whole_too(filled, tmp_path, monkeypatch):
    filled.write("far.json", trip(9000, 500, 9000))
    near = filled.twin(tmp_path).run_here()
    monkeypatch.setattr(result_tables, "PART_BYTES", 60_000)
    parts = result_bytes(filled.run_here())
    assert len(parts) > 4
    rows = [line for name in sorted(parts) if "by_time" not in name for line in parts[name].splitlines()[1:]]
    assert rows == (near.folder / "results/link_speeds.csv").read_bytes().splitlines()[1:]


# -- requests ---------------------------------------------------------------------------------------


def test_every_trip_is_asked_for_once_and_only_once(filled):
    before = filled.requests()
    log = filled.server.access_log
    begin = log.stat().st_size
    filled.finish(2)
    asked = Counter()
    for line in log.read_text(encoding="utf-8")[begin:].splitlines():
        if "GetObject " in line and "/trips/" in line:
            asked[line.split("GetObject ")[1].split(" /")[0]] += 1
    assert len(asked) == 30
    assert set(asked.values()) == {1}
    assert filled.requests(before)["ListObjectsV2"] <= 16  # two of them for texts of link ids


def test_an_incremental_run_reads_the_list_the_known_files_and_what_is_new(filled):
    first = filled.finish()
    for n in range(3):
        filled.write(f"new {n}.json", trip(60, 200 + n, 9))
    begin = filled.server.access_log.stat().st_size
    second = filled.finish()
    lines = filled.server.access_log.read_text(encoding="utf-8")[begin:].splitlines()
    trips = [line for line in lines if "GetObject " in line and "/trips/" in line]
    assert len(trips) == 3
    # The broken file is known as well: only a new version of it is read again.
    assert second.manifest["files"] == {**second.manifest["files"], "named": 33, "decoded": 3, "reused": 30}
    assert second.manifest["points"]["counted"] > first.manifest["points"]["counted"]


def test_a_trip_that_was_written_again_is_read_again_and_counts_once(filled):
    first = filled.finish()
    filled.write("day 0/trip 0.json", trip(30, 0, 9))
    second = filled.finish()
    assert second.manifest["files"]["decoded"] == 1
    assert second.manifest["points"]["counted"] == first.manifest["points"]["counted"] - 30


# -- the protocol -----------------------------------------------------------------------------------


def test_of_two_processes_that_commit_at_once_the_second_is_told_and_harms_nothing(filled):
    folder = filled.prepare()
    place = S3Path.of(folder, filled.access)
    firsts = []

    def overtaken():
        firsts.append(run(RunFolder.begun(place), LocalRunner()))

    with pytest.raises(AlreadyPublished, match="Another process has ended the run"):
        run(RunFolder.begun(place), LocalRunner(overtaken))
    outcome = filled.outcome(folder)
    assert outcome.manifest == firsts[0]
    assert outcome.status["state"] == "finished"
    for table in outcome.manifest["results"].values():
        for part in table["parts"]:
            assert len((outcome.folder / part["path"]).read_bytes()) == part["bytes"]
    assert len([key for key in filled.keys("runs/") if key.endswith(".csv")]) == 2
    with pytest.raises(RunError, match="has ended already"):
        run(RunFolder.begun(place), LocalRunner())


class AtOnce(RunFolder):
    """A run folder whose manifest is written when everybody else is about to write one."""

    together = threading.Barrier(4)

    def write_manifest(self, manifest):
        self.together.wait(240)
        super().write_manifest(manifest)


def test_of_many_processes_that_commit_at_the_very_same_time_one_result_is_left_whole(filled):
    filled.finish()  # the points
    place = S3Path.of(filled.prepare(), filled.access)
    ended = []

    def carry_out(number):
        try:
            run(AtOnce(place, f"attempt{number}"), LocalRunner())
            ended.append(number)
        except AlreadyPublished:
            ended.append(None)

    threads = [threading.Thread(target=carry_out, args=(n,)) for n in range(AtOnce.together.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert len(ended) == len(threads)
    (winner,) = [number for number in ended if number is not None]
    outcome = filled.outcome(str(place))
    assert outcome.status["state"] == "finished"
    (part,) = outcome.manifest["results"]["link_speeds"]["parts"]
    assert part["path"].startswith(f"results/attempt{winner}/")
    assert result_bytes(outcome)
    assert len([key for key in filled.keys(f"{place.key}/") if key.endswith(".csv")]) == 2


def test_a_manifest_that_another_one_wrote_over_is_not_ours(filled):
    """Servers over a folder look for the object and write it in two steps."""
    with FaultProxy(filled.server.endpoint) as proxy:
        access = BucketEngine(filled.server, filled.bucket, endpoint=proxy.endpoint).access

        def theirs_comes(method, _):
            """Before ours is looked at once more."""
            if method == "GET":
                filled.client.put_object(Bucket=filled.bucket, Key="once.json", Body=b"theirs")
            return False

        proxy.faults.append(Fault(fits=theirs_comes))
        assert not S3Path(filled.bucket, "once.json", access).write_new(b"ours")
        assert ("PUT", f"/{filled.bucket}/once.json") in [seen[:2] for seen in proxy.seen]


def test_a_result_whose_manifest_got_no_answer_stays_and_counts(filled):
    with FaultProxy(filled.server.endpoint) as proxy:
        folder = filled.prepare()
        access = BucketEngine(filled.server, filled.bucket, endpoint=proxy.endpoint).access
        proxy.faults.append(
            Fault(403, lost=True, lasting=True, fits=lambda m, path: m == "PUT" and "manifest.json" in path)
        )
        with pytest.raises(RunError):
            run(RunFolder.begun(S3Path.of(folder, access)), LocalRunner())
    assert result_bytes(filled.outcome(folder))


def test_an_object_named_cancel_ends_a_run_even_while_the_server_hangs(filled):
    with FaultProxy(filled.server.endpoint) as proxy:
        proxy.faults.append(
            Fault(hang=True, fits=lambda method, path: method == "GET" and "trip%2027" in path)
        )
        slow = BucketEngine(filled.server, filled.bucket, endpoint=proxy.endpoint)
        folder = slow.prepare()
        outcome = slow.outcome(folder)
        process = slow.start(folder)
        until(lambda: not proxy.faults)
        filled.client.put_object(Bucket=filled.bucket, Key=f"{folder.split('/', 3)[3]}/cancel", Body=b"now")
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 143, output
    assert outcome.status["state"] == "cancelled"
    assert (outcome.folder / "rc").read_text() == "143\n"
    assert not (outcome.folder / "manifest.json").exists()
    assert filled.leftovers() == []


def test_a_run_that_is_cancelled_leaves_no_results(filled):
    place = S3Path.of(filled.prepare(), filled.access)
    with pytest.raises(Cancelled):
        run(RunFolder.begun(place), LocalRunner(), lambda: True)
    assert not [key for key in filled.keys("runs/") if key.endswith(".csv")]
    assert filled.leftovers() == []


def test_a_stopped_run_gives_its_log_and_exit_code_to_the_bucket(filled):
    folder = filled.prepare(trips=f"s3://{filled.bucket}/nothing here")
    outcome = filled.run(folder=folder)
    assert outcome.code == 1
    assert "nothing in" in outcome.error
    assert outcome.error in (outcome.folder / "log.txt").read_text(encoding="utf-8")
    assert (outcome.folder / "rc").read_text() == "1\n"


def test_the_status_is_sent_every_other_second_at_most(filled, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(run_folder.time, "monotonic", lambda: clock[0])
    status = run_folder.Status(RunFolder(filled.place("runs/x")))
    before = filled.requests()
    for _ in range(50):
        clock[0] += 0.1
        status.write()
    assert filled.requests(before)["PutObject"] <= 3


def test_no_key_is_written_anywhere(filled):
    outcome = filled.finish()
    keys = filled.server.keys()
    for path in [*outcome.folder.rglob("*"), *(filled.folder / "store").rglob("*")]:
        if path.is_file():
            assert keys.secret.encode() not in path.read_bytes(), path
            assert keys.access.encode() not in path.read_bytes(), path
    assert keys.secret not in outcome.output
    assert keys.access not in outcome.output


def test_a_run_leaves_no_temporary_files_even_when_it_is_killed(filled, tmp_path):
    folder = filled.prepare()
    process = filled.start(folder, 2, TMPDIR=str(tmp_path))
    process.communicate(timeout=240)
    assert list(tmp_path.iterdir()) == []
    large = trip(20_000, 300, 9)
    for n in range(60):  # seconds of work: it is to be seen before it ends
        filled.write(f"large {n}.json", large)
    process = filled.start(filled.prepare(), 2, TMPDIR=str(tmp_path))
    until(lambda: list(tmp_path.glob("*/lock")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=240)
    filled.start(filled.prepare(), 1, TMPDIR=str(tmp_path)).communicate(timeout=240)
    # Of a process that was killed as it made its folder, that stays for a day, empty.
    assert [path for path in tmp_path.glob("*/*") if path.name != ".lock"] == []


# -- the point store --------------------------------------------------------------------------------


def test_points_that_a_killed_run_left_are_removed_once_they_are_old(filled, monkeypatch):
    store = PointStore.open(filled.store, DecodeRules(speed_unit="mph"), filled.access)
    store.begin("dead")
    (store.points_folder("dead") / "part-00000.parquet").put(b"half")
    store.begin("alive")
    elsewhere = json.dumps({"host": "raspberrypi", "pid": 1})
    (store.points_folder("dead") / "owner.json").put(elsewhere.encode())
    (store.points_folder("lost") / "part-00000.parquet").put(b"half")
    assert clean_up(store) == []
    root = filled.folder / store.root.key / "points"
    for path in [*(root / "ingest=dead").iterdir(), *(root / "ingest=lost").iterdir()]:
        os.utime(path, (time.time() - 7200,) * 2)
    assert clean_up(store) == ["dead", "lost"]
    assert [path.name for path in root.iterdir() if any(path.iterdir())] == ["ingest=alive"]


def test_what_a_run_left_that_was_killed_while_it_asked_for_the_time_is_removed(filled):
    filled.run_here()
    (store,) = (filled.folder / "store").iterdir()
    left = [f"store/{store.name}/{folder}.clock.tmp" for folder in ("", "points/")]
    for key in left:
        filled.client.put_object(Bucket=filled.bucket, Key=key, Body=b"")
    filled.run_here()
    assert not [key for key in left if (filled.folder / key).exists()]


def test_a_writer_that_says_it_lives_keeps_its_points(filled):
    store = PointStore.open(filled.store, DecodeRules(speed_unit="mph"), filled.access)
    store.begin("slow")
    owner = store.points_folder("slow") / "owner.json"
    owner.put(json.dumps({"host": "raspberrypi", "pid": 1}).encode())
    path = filled.folder / owner.key
    os.utime(path, (time.time() - 7200,) * 2)
    store.keep_alive("slow")
    assert clean_up(store) == []


def test_a_computer_of_the_same_name_is_not_taken_for_this_one(filled):
    store = PointStore.open(filled.store, DecodeRules(speed_unit="mph"), filled.access)
    store.begin("other")
    claim = {"host": socket.gethostname(), "boot": "another", "pid": 2**22 - 1}
    (store.points_folder("other") / "owner.json").put(json.dumps(claim).encode())
    assert clean_up(store) == []
    claim["boot"] = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    (store.points_folder("other") / "owner.json").put(json.dumps(claim).encode())
    assert clean_up(store) == ["other"]


def test_a_missing_part_of_the_store_is_told_with_how_to_mend_it(filled):
    filled.run_here()
    (part, *_) = [key for key in filled.keys("store/") if key.endswith("part-00000.parquet")]
    filled.client.delete_object(Bucket=filled.bucket, Key=part)
    parquet._layouts.clear()
    with pytest.raises(RunError, match=r"point store is damaged.*part-00000.*Delete") as caught:
        filled.run_here()
    assert caught.value.message.count("point store is damaged") == 1


def test_of_a_part_only_the_end_and_the_rows_of_some_buckets_are_fetched(filled):
    n = 500_000
    random = np.random.default_rng(1)
    links, time_, speed = random.integers(0, 9000, n), random.integers(0, 10**15, n), random.random(n) * 30
    near = PointStore.open(filled.store, DecodeRules(speed_unit="mph"), filled.access)
    near.write_part("one", 0, in_order(links, time_, speed, np.zeros(n, dtype=np.int32)))
    size = (filled.folder / near.part("one", 0).key).stat().st_size
    with FaultProxy(filled.server.endpoint) as proxy:
        access = BucketEngine(filled.server, filled.bucket, endpoint=proxy.endpoint).access
        store = PointStore.at(filled.store, DecodeRules(speed_unit="mph"), access)
        expected = np.isin(bucket_of(links), np.arange(64, 128)).sum()
        for requests in (2, 3):  # the end is known to the second reader
            found = list(store.read_points("one", [0], 64, 128))
            assert sum(len(piece["link_id"]) for piece in found) == expected
            assert len(proxy.seen) == requests
        ranges = [span.removeprefix("bytes=").split("-") for _, _, span in proxy.seen]
        assert sum(int(b) - int(a) + 1 if a else int(b) for a, b in ranges) < size / 2
        whole = list(store.read_points("one", [0], 0, 4096))
    assert sum(len(piece["link_id"]) for piece in whole) == n
    assert not list(scratch.folder().glob("*.parquet"))
