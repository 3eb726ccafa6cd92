"""Trips in a bucket: listed whatever they are called, read in one version, or named with the reason."""

import http.client
import json
import os
import string
import threading
import time
import tracemalloc
import urllib.parse
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadpulse.aggregation.contract.errors import BadTripFile, Cancelled, RunError, StorageError
from roadpulse.aggregation.contract.spec import FieldMapping
from roadpulse.aggregation.storage import (
    LARGE,
    TripFile,
    find_trips,
    list_trips,
    read_trip,
    read_trips,
    spans_of,
)
from roadpulse.aggregation.storage.base.traffic import TRAFFIC
from roadpulse.aggregation.storage.s3 import client as s3_client
from roadpulse.aggregation.storage.s3 import trips as s3_trips
from roadpulse.aggregation.storage.s3.folder_listing import AT_ONCE
from roadpulse.aggregation.storage.s3.obstore_client import ObstoreClient
from roadpulse.aggregation.trips.readers import TripReader
from roadpulse.aggregation.trips.readers.stretches import Stretch
from tests.integration.fault_proxy import Fault, FaultProxy, refusal
from tests.integration.s3_engine import BucketEngine

LIMIT = 1 << 20
AWKWARD = [
    "a b.json",
    "a#b?.json",
    "p%2Fq.json",
    "p%41.json",
    "%.json",
    "%zz.json",
    "Zürich 東京.json",
    "e\u0301.json",
    ".hidden.json",
    "back\\slash.json",
    "plus+and&equal=.json",
    "~!@$^*()[]{}|<>'\".json",
    "d.json/e.json",
    "..json",
]


@pytest.fixture
def engine(s3_server, bucket):
    return BucketEngine(s3_server, bucket)


@pytest.fixture
def filled(engine):
    for name in (
        "b.json",
        "a.JSON",
        "c.json.gz",
        "deep/er/d.json",
        "e.md",
        "f.json.tmp",
        ".h.json",
        ".i/j.json",
    ):
        engine.write(name, b"{}")
    engine.client.put_object(Bucket=engine.bucket, Key="trips/folder.json/")
    engine.client.put_object(Bucket=engine.bucket, Key="trips2/other.json", Body=b"{}")
    return engine


def listed(engine, trips, **options):
    return list_trips(trips, access=engine.access, **options)


def names(files):
    return [file.path.split("/trips/")[1] for file in files]


# -- listing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_prefix_names_the_trip_files_below_it_in_order(filled, ending):
    files = listed(filled, filled.trips + ending)
    assert names(files) == [".h.json", ".i/j.json", "a.JSON", "b.json", "c.json.gz", "deep/er/d.json"]
    assert all(file.size == 2 and file.version for file in files)


@pytest.mark.parametrize("pattern", ["", "/", "/**", "/**/*.*"])
def test_of_a_plain_trip_and_a_packed_one_of_its_name_the_plain_one_counts(filled, pattern):
    for name in ("b.json.gz", "a.JSON.GZ", "deep/er/d.json.gz", "d.json.gz"):
        filled.write(name, b"{}")
    heard = []
    found = find_trips(f"{filled.trips}{pattern}", heard.append, filled.access)
    assert names(found.copies) == ["a.JSON.GZ", "b.json.gz", "deep/er/d.json.gz"]
    assert [name for name in names(found.files) if not name.startswith(".")] == [
        "a.JSON", "b.json", "c.json.gz", "d.json.gz", "deep/er/d.json",
    ]  # fmt: skip
    assert heard[-1] == len(found.files)
    assert names(listed(filled, f"{filled.trips}/b.json.gz")) == ["b.json.gz"]


def test_the_whole_bucket_is_a_prefix_too(filled):
    assert len(listed(filled, f"s3://{filled.bucket}")) == 7
    assert len(listed(filled, f"S3://{filled.bucket}/")) == 7


@pytest.mark.parametrize(
    "pattern",
    [
        "*.json",
        "**/*.json",
        "**/**/d.json",
        "*/*/d.json",
        "?.json",
        "[!b].json",
        "[a-b].*",
        ".*",
        "**",
        "[].json",
        "*[",
    ],
)
def test_globs_mean_what_they_mean_on_a_disk(filled, pattern):
    on_disk = filled.folder / "trips"
    (on_disk / "folder.json").rmdir()

    def found(trips, access=None):
        try:
            return names(list_trips(trips, access=access))
        except RunError:
            return []

    assert found(f"{filled.trips}/{pattern}", filled.access) == found(f"{on_disk}/{pattern}")


def test_a_folder_that_exists_under_the_name_given_is_no_pattern(engine):
    for key in ("june [2024]/a.json", "june [2024]/b/c.json", "june 2/d.json"):
        engine.client.put_object(Bucket=engine.bucket, Key=f"trips/{key}", Body=b"{}")
    assert names(listed(engine, f"{engine.trips}/june [2024]/*.json")) == ["june [2024]/a.json"]
    assert len(listed(engine, f"{engine.trips}/june [2024]/**/*.json")) == 2
    assert names(listed(engine, f"{engine.trips}/june [0-9]/*.json")) == ["june 2/d.json"]


def test_a_single_object_is_a_trip_whatever_its_name_ends_with(filled):
    assert names(listed(filled, f"{filled.trips}/e.md")) == ["e.md"]
    assert names(listed(filled, f"{filled.trips}/deep/er/d.json")) == ["deep/er/d.json"]


@pytest.mark.parametrize(
    "trips", ["s3://{}/nothing", "s3://{}/trips/b", "s3://{}/trips/x.json", "s3://{}/trip"]
)
def test_trips_that_are_not_there_are_named(filled, trips):
    with pytest.raises(RunError, match="There is nothing in"):
        listed(filled, trips.format(filled.bucket))


@pytest.mark.parametrize("trips", ["s3://{}/none", "s3://{}/none/*.json", "s3://{}/*.xml"])
def test_a_prefix_without_any_trip_file_is_told(filled, trips):
    filled.client.put_object(Bucket=filled.bucket, Key="none/readme.md", Body=b"x")
    with pytest.raises(RunError, match=r"no trip files \(\.json, \.geojson, .*\.parquet\)"):
        listed(filled, trips.format(filled.bucket))


def test_twenty_thousand_objects_are_listed_in_bounded_memory_with_progress_and_can_be_stopped(engine):
    folder = engine.folder / "trips"
    for n in range(20):
        (folder / f"{n:02d}").mkdir(parents=True)
        for m in range(1000):
            (folder / f"{n:02d}" / f"{m}.json").touch()
    told = []
    tracemalloc.start()
    files = listed(engine, engine.trips, progress=told.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(files) == 20_000
    assert files == sorted(files, key=lambda file: file.path)
    assert told[-1] == 20_000
    assert len(told) >= 20
    assert peak < 20e6  # 1 kB each

    def stop(n):
        if n:
            raise Cancelled

    before = engine.requests()
    with pytest.raises(Cancelled):
        listed(engine, engine.trips, progress=stop)
    under_way = 2 * AT_ONCE  # a page of each folder, and the next one of each
    assert engine.requests(before)["ListObjectsV2"] <= 3 + under_way < 21


# -- names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_listed_and_read(engine, name):
    engine.write(name, name.encode())
    (file,) = listed(engine, engine.trips)
    assert file.path == f"{engine.trips}/{name}"
    assert read_trip(file, LIMIT, engine.access) == name.encode()


PRINTABLE = st.characters(blacklist_categories=("C",), blacklist_characters="/\\") | st.sampled_from(
    string.punctuation.replace("/", "") + string.digits
)
NAME = st.text(PRINTABLE, min_size=1, max_size=20).filter(lambda name: len(name.encode()) < 100)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(folder=NAME.filter(lambda name: name not in (".", "..")), name=NAME)
def test_names_with_every_printable_character_are_listed_and_read(engine, folder, name):
    key = f"{folder}/{name}.json"
    engine.write(key, key.encode())
    file = next(file for file in listed(engine, engine.trips) if file.path == f"{engine.trips}/{key}")
    assert read_trip(file, LIMIT, engine.access) == key.encode()
    engine.client.delete_object(Bucket=engine.bucket, Key=f"trips/{key}")


@pytest.mark.parametrize("name", ["new\nline.json", "tab\there.json", "delete\x7f.json"])
def test_a_name_that_cannot_be_printed_spoils_no_other_trip(engine, name):
    engine.write(name, b"{}")
    engine.write("good.json", b"[1]")
    found = {file.path: file for file in listed(engine, engine.trips)}
    assert set(found) == {f"{engine.trips}/{name}", f"{engine.trips}/good.json"}
    assert read_trip(found[f"{engine.trips}/good.json"], LIMIT, engine.access) == b"[1]"
    assert read_trip(found[f"{engine.trips}/{name}"], LIMIT, engine.access) == b"{}"


# -- reading ----------------------------------------------------------------------------------------


def fault_of(file, engine):
    with pytest.raises(BadTripFile) as caught:
        read_trip(file, LIMIT, engine.access)
    return caught.value.reason, caught.value.passing


def test_an_object_that_changes_or_vanishes_after_the_listing_is_left_out_for_now(engine):
    for name in ("same.json", "longer.json", "gone.json", "kept.json"):
        engine.write(name, b"{}")
    files = {file.path.split("/")[-1]: file for file in listed(engine, engine.trips)}
    engine.write("same.json", b"[]")
    engine.write("longer.json", b"{ }")
    engine.client.delete_object(Bucket=engine.bucket, Key="trips/gone.json")
    assert fault_of(files["same.json"], engine) == ("changed", True)
    assert fault_of(files["longer.json"], engine) == ("changed", True)
    assert fault_of(files["gone.json"], engine) == ("vanished", True)
    assert read_trip(files["kept.json"], LIMIT, engine.access) == b"{}"


def test_an_object_that_came_in_parts_is_read(engine):
    content = os.urandom(6 << 20)
    about = {"Bucket": engine.bucket, "Key": "trips/parts.json"}
    upload = engine.client.create_multipart_upload(**about)["UploadId"]
    parts = []
    for n, piece in enumerate((content[: 5 << 20], content[5 << 20 :]), start=1):
        sent = engine.client.upload_part(**about, UploadId=upload, PartNumber=n, Body=piece)
        parts.append({"PartNumber": n, "ETag": sent["ETag"]})
    engine.client.complete_multipart_upload(**about, UploadId=upload, MultipartUpload={"Parts": parts})
    (file,) = listed(engine, engine.trips)
    assert file.version.endswith("-2")
    assert read_trip(file, 8 << 20, engine.access) == content


def test_an_object_that_grew_is_not_fetched(engine):
    engine.write("a.json", b"{}")
    (file,) = listed(engine, engine.trips)
    engine.write("a.json", bytes(50 << 20))
    tracemalloc.start()
    assert fault_of(file, engine) == ("changed", True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20


def test_where_there_is_no_etag_size_and_time_tell_versions_apart(engine):
    folder = engine.folder / "trips"
    folder.mkdir()
    for name, moment in (("a.json", 1_750_000_000), ("b.json", 1_750_000_000), ("young.json", None)):
        (folder / name).write_bytes(b"{}")
        if moment:
            os.utime(folder / name, (moment, moment))
    first, second = listed(engine, engine.trips), listed(engine, engine.trips)
    assert first[:2] == second[:2]
    assert first[2].version != second[2].version  # may yet change within the second
    assert read_trip(first[2], LIMIT, engine.access) == b"{}"
    os.utime(folder / "a.json", (1_750_000_001,) * 2)
    assert listed(engine, engine.trips)[0].version != first[0].version
    assert fault_of(first[0], engine) == ("changed", True)
    assert read_trip(first[1], LIMIT, engine.access) == b"{}"


def test_an_object_above_the_limit_is_not_even_asked_for(engine):
    engine.write("large.json", bytes(LIMIT + 1))
    (file,) = listed(engine, engine.trips)
    before = engine.requests()
    assert fault_of(file, engine) == ("too_large", False)
    assert not engine.requests(before)["GetObject"]


def test_trips_come_in_their_order_and_bad_ones_between_them(engine):
    for n in range(40):
        engine.write(f"{n:02d}.json", b"%d" % n)
    files = listed(engine, engine.trips)
    engine.client.delete_object(Bucket=engine.bucket, Key="trips/07.json")
    found = list(read_trips(files, LIMIT, engine.access))
    assert [file for file, _ in found] == files
    assert [content.reason if isinstance(content, BadTripFile) else int(content) for _, content in found] == [
        "vanished" if n == 7 else n for n in range(40)
    ]


def test_large_trips_come_in_a_file_between_the_others(engine):
    contents = [b"{}", os.urandom(LARGE + 1), b"[]", os.urandom(LARGE + 7), b"[1]"]
    for n, content in enumerate(contents):
        engine.write(f"{n}.json", content)
    files = listed(engine, engine.trips)
    engine.write("3.json", os.urandom(LARGE + 7))
    found = []
    for _, content in read_trips(files, 8 << 20, engine.access):
        if isinstance(content, BadTripFile):
            found.append(content.reason)
        else:
            found.append(content if isinstance(content, bytes) else content.read_bytes())
            assert isinstance(content, bytes) == (len(found[-1]) <= LARGE)
    assert found == [*contents[:3], "changed", contents[4]]


def test_reading_may_end_early_and_holds_little(engine, monkeypatch):
    for n in range(30):
        engine.write(f"{n:02d}.json", bytes(200_000))
    files = listed(engine, engine.trips)
    monkeypatch.setattr(s3_trips, "HELD_BYTES", 500_000)
    before = engine.requests()
    reading = read_trips(files, LIMIT, engine.access)
    next(reading)
    reading.close()
    assert 1 <= engine.requests(before)["GetObject"] <= 3


def readers(monkeypatch, seconds):
    """The threads that open connections, each of which takes so long; filled while trips are read."""
    found = set()
    connect = http.client.HTTPConnection.connect

    def slowly(connection):
        found.add(threading.get_ident())
        time.sleep(seconds)
        connect(connection)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", slowly)
    return found


@pytest.mark.parametrize("away", [False, True], ids=["near", "far"])
def test_threads_read_where_the_server_is_far_and_the_decoders_own_one_elsewhere(engine, monkeypatch, away):
    for n in range(24):
        engine.write(f"{n:02d}.json", f"trip {n}".encode())
    files = listed(engine, engine.trips)
    before = engine.server.operations()["GetObject"]
    threads = readers(monkeypatch, 0.1 if away else 0)
    contents = []
    for _, content in read_trips(files, 100, engine.access):
        contents.append(content)
        time.sleep(0.02 if away else 0.1)  # a long trip to decode, also where the near server has much to do
    assert contents == [f"trip {n}".encode() for n in range(24)]
    assert engine.server.operations()["GetObject"] - before == 24
    assert (threads != {threading.get_ident()}) == away


def test_an_object_that_one_may_list_and_not_read_is_named(s3_server, bucket):
    owner = BucketEngine(s3_server, bucket)
    owner.write("a.json", b"{}")
    name = f"lister-{bucket}"
    s3_server.add_user(name)
    s3_server.allow(bucket, name, ("s3:ListBucket",))
    lister = BucketEngine(s3_server, bucket, keys_profile=name)
    (file,) = listed(lister, lister.trips)
    with pytest.raises(BadTripFile, match="AccessDenied") as caught:
        read_trip(file, LIMIT, lister.access)
    assert (caught.value.reason, caught.value.passing) == ("unreadable", True)


# -- faults -----------------------------------------------------------------------------------------


@pytest.fixture
def proxied(engine):
    with FaultProxy(engine.server.endpoint) as proxy:
        slow = BucketEngine(engine.server, engine.bucket, endpoint=proxy.endpoint)
        yield slow, proxy


def is_get(method, path):
    return method == "GET" and "/trips/" in urllib.parse.unquote(path)


@pytest.mark.parametrize(
    "fault",
    [
        refusal("SlowDown", 503, is_get),
        refusal("InternalError", 500, is_get),
        Fault(cut=70_000, fits=is_get),
        Fault(cut=0, fits=is_get),
        Fault(lost=True, fits=is_get),
    ],
    ids=["503", "500", "cut", "cut at once", "lost"],
)
def test_a_passing_fault_in_the_middle_of_a_trip_is_asked_for_again(proxied, fault):
    engine, proxy = proxied
    content = os.urandom(200_000)
    engine.write("a.json", content)
    (file,) = listed(engine, engine.trips)
    proxy.faults.extend([fault, fault])
    assert read_trip(file, LIMIT, engine.access) == content
    assert not proxy.faults


def test_faults_among_trips_that_are_under_way_together_harm_none_of_them(proxied):
    engine, proxy = proxied
    contents = [os.urandom(50_000) for _ in range(30)]
    for n, content in enumerate(contents):
        engine.write(f"{n:02d}.json", content)
    files = listed(engine, engine.trips)
    faults = [refusal("SlowDown", 503, is_get), Fault(cut=20_000, fits=is_get), Fault(gone=True, fits=is_get)]
    reading = read_trips(files, LIMIT, engine.access)
    found = [next(reading)[1]]  # connections are kept by now, and the next requests sent
    proxy.faults.extend(faults * 3)
    found += [content for _, content in reading]
    assert found == contents
    assert not proxy.faults


def test_a_busy_server_while_listing_is_asked_again(proxied):
    engine, proxy = proxied
    engine.write("a.json", b"{}")
    proxy.faults.append(refusal("SlowDown", 503))
    assert len(listed(engine, engine.trips)) == 1
    assert not proxy.faults


def test_a_listing_that_is_no_xml_is_told(proxied):
    engine, proxy = proxied
    engine.write("a.json", b"{}")
    proxy.faults.append(Fault(200, b"<html>Log in</html>", "text/html"))
    with pytest.raises(StorageError, match="not S3's"):
        listed(engine, engine.trips)


def test_a_trip_file_is_what_goes_to_the_nodes_so_it_holds_no_key(engine):
    engine.write("a.json", b"{}")
    (file,) = listed(engine, engine.trips)
    secret = engine.server.keys()
    assert isinstance(file, TripFile)
    assert secret.secret not in json.dumps(engine.access.to_json()) + repr(file)
    assert Path(engine.access.keys_file).exists()


# -- where only obstore knows the keys --------------------------------------------------------------


@pytest.fixture
def by_obstore(monkeypatch):
    """As with the keys of an instance's role, or behind a proxy."""
    monkeypatch.setattr(s3_client, "client_of", ObstoreClient)


def test_obstore_lists_and_reads_the_same(filled, monkeypatch):
    filled.client.delete_object(Bucket=filled.bucket, Key="trips/folder.json/")
    plain = listed(filled, filled.trips)
    monkeypatch.setattr(s3_client, "client_of", ObstoreClient)
    assert listed(filled, filled.trips) == plain
    assert names(listed(filled, f"{filled.trips}/*.json")) == ["b.json"]
    assert names(listed(filled, f"{filled.trips}/e.md")) == ["e.md"]
    assert [content for _, content in read_trips(plain, LIMIT, filled.access)] == [b"{}"] * len(plain)


def test_obstore_tells_what_changed_and_vanished(engine, by_obstore):
    for name in ("a.json", "b.json"):
        engine.write(name, b"{}")
    changed, gone = listed(engine, engine.trips)
    engine.write("a.json", b"[]")
    engine.client.delete_object(Bucket=engine.bucket, Key="trips/b.json")
    assert fault_of(changed, engine) == ("changed", True)
    assert fault_of(gone, engine) == ("vanished", True)


def test_a_name_that_obstore_cannot_say_is_told_and_never_left_out(engine, by_obstore):
    engine.write("good.json", b"{}")
    engine.write("tab\there.json", b"{}")
    with pytest.raises(StorageError, match=r"tab.here\.json.*Rename it"):
        listed(engine, engine.trips)
    file = TripFile(f"{engine.trips}/tab\there.json", 2, "x")
    assert fault_of(file, engine) == ("unreadable", True)


def test_a_proxy_is_obstores_business(engine, monkeypatch):
    monkeypatch.setattr(s3_client.urllib.request, "getproxies", lambda: {"http": "http://proxy:3128"})
    monkeypatch.setattr(s3_client.urllib.request, "proxy_bypass", lambda host: False)
    s3_client.forget()
    assert isinstance(s3_client.client_of(engine.access, engine.bucket), ObstoreClient)
    s3_client.forget()


# -- stretches --------------------------------------------------------------------------------------


def _in_stretches(file, access):
    """Link ids and trips of a file, read in five stretches."""
    found = []
    reader = TripReader(FieldMapping(link_id="link", speed="v", time="t", trip_id="trip"))
    for number in range(5):
        with spans_of(file, access) as spans:
            for piece in reader.stretch(spans, file.path, Stretch(number, 5)).pieces():
                found += zip(piece.link_id.tolist(), piece.trips)
    return found


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_object_is_read_in_stretches(engine, tmp_path, form):
    """Those of Parquet without fetching the object once for each."""
    path, options = tmp_path / f"a.{form}", "" if form == "csv" else ", ROW_GROUP_SIZE 2048"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'trip ' || n // 300 AS trip, 100 + n // 7 % 50 AS link, n % 60 AS v, "
            f"1750000000 + n AS t FROM range(40000) AS numbers(n)) TO '{path}' (FORMAT {form}{options})"
        )
    engine.write(path.name, path.read_bytes())
    (file,) = listed(engine, engine.trips)
    before = TRAFFIC.n_bytes
    expected = [(100 + n // 7 % 50, f"trip {n // 300}") for n in range(40_000)]
    assert _in_stretches(file, engine.access) == expected
    if form == "parquet":
        assert TRAFFIC.n_bytes - before < 2.5 * path.stat().st_size


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_object_that_changes_between_stretches_is_told(engine, form):
    engine.write(f"a.{form}", b"trip,link,v,t\n" * 100)
    (file,) = listed(engine, engine.trips)
    engine.write(f"a.{form}", b"trip,link,v,T\n" * 100)
    with pytest.raises(BadTripFile):
        _in_stretches(file, engine.access)
