"""Trip files listed and read, versions told apart, files written aside."""

import errno
import json
import os
import pickle
import random
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from roadpulse.aggregation.contract import trip_listing
from roadpulse.aggregation.contract.errors import BadTripFile, RunError, StorageError
from roadpulse.aggregation.contract.trip_files import CopiesInOrder
from roadpulse.aggregation.contract.trip_listing import Collector, TripFiles
from roadpulse.aggregation.inventory import first_files
from roadpulse.aggregation.storage import (
    TripFile,
    find_trips,
    list_trips,
    printable,
    read_trip,
)
from roadpulse.aggregation.storage.local import files as storage_local
from roadpulse.aggregation.storage.local.files import disk_errors, write_json, written_aside
from roadpulse.aggregation.storage.local.path import LocalPath

LIMIT = 1 << 20
AWKWARD = [
    "with space.json",
    "quo'te\".json",
    "line\nbreak.json",
    "Zürich 東京.json",
    "[a]*?.json",
    "back\\slash.json",
    "%s{}.json",
]


def names(files):
    return [Path(file.path).name for file in files]


@pytest.fixture
def folder(tmp_path):
    for name in ("b.json", "a.JSON", "c.json.gz", "deep/er/d.json", "e.md", "f.json.tmp", "json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    return tmp_path


def test_a_folder_names_the_trip_files_in_it_and_below_in_order(folder):
    files = list_trips(str(folder))
    assert [os.path.relpath(file.path, folder) for file in files] == [
        "a.JSON",
        "b.json",
        "c.json.gz",
        "deep/er/d.json",
    ]
    assert all(Path(file.path).is_absolute() and file.size == 2 for file in files)


def test_a_glob_and_a_single_file_name_trips(folder, monkeypatch):
    assert names(list_trips(f"{folder}/*.json")) == ["b.json"]
    assert names(list_trips(f"{folder}/**/*.json")) == ["b.json", "d.json"]
    assert names(list_trips(f"{folder}/e.md")) == ["e.md"]
    monkeypatch.chdir(folder)
    assert list_trips("b.json")[0].path == str(folder / "b.json")


@pytest.mark.parametrize("packed", ["b.json.gz", "b.json.GZ", "a.JSON.gz", "deep/er/d.json.gz"])
@pytest.mark.parametrize("trips", ["{}", "{}/**/*.[jJ][sS][oO][nN]*", "{}/**/**/*"])
def test_of_a_plain_trip_and_a_packed_one_of_its_name_the_plain_one_counts(folder, packed, trips):
    before = [file.path for file in list_trips(trips.format(folder))]
    (folder / packed).write_bytes(b"{}")
    heard = []
    found = find_trips(trips.format(folder), heard.append)
    assert [file.path for file in found.files] == before
    assert [file.path for file in found.copies] == [str(folder / packed)]
    assert heard[-1] == len(before)


def test_packed_trips_count_unless_the_plain_one_is_named_too(folder):
    for name in ("b.json.gz", "deep/c.json", "a.json.gz", "bb.json.gz", "e.md.gz"):
        (folder / name).write_bytes(b"{}")
    assert names(list_trips(f"{folder}/*.gz")) == ["a.json.gz", "b.json.gz", "bb.json.gz", "c.json.gz"]
    assert names(list_trips(f"{folder}/b.json.gz")) == ["b.json.gz"]
    assert names(find_trips(f"{folder}/b*").copies) == ["b.json.gz"]
    assert names(find_trips(str(folder)).copies) == ["b.json.gz"]  # a.json.gz is not a.JSON and .gz


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("together", [2, 7, 2000])
def test_copies_are_found_in_any_order(monkeypatch, seed, together):
    """A collector in any order and the search of a sorted list agree with a plain look at all pairs."""
    monkeypatch.setattr(trip_listing, "TOGETHER", together)
    chance = random.Random(seed)
    stems = [f"{'ab/.-j~'[n % 7]}{n // 7}" for n in range(20)]
    endings = (
        ".json",
        ".JSON",
        ".json.gz",
        ".json.GZ",
        ".json.json",
        ".json.json.gz",
        ".json-.json",
        ".JSON.gz",
    )
    paths = [stem + ending for stem in stems for ending in endings if chance.random() < 0.5]
    copies = {path for path in paths if any(path in (f"{plain}.gz", f"{plain}.GZ") for plain in paths)}
    chance.shuffle(paths)
    collector = Collector()
    for path in paths:
        collector.add(TripFile(path, 1, ""))
        collector.add(TripFile(path, 1, ""))
    found = collector.listing()
    assert [file.path for file in found.copies] == sorted(copies)
    assert [file.path for file in found.files] == sorted(set(paths) - copies)
    assert (len(found.copies), found.files.bytes) == (len(copies), len(set(paths) - copies))
    in_order = CopiesInOrder()
    assert {path for path in sorted(paths) if in_order.is_copy(path)} == copies


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("folder_by_folder", [True, False])
def test_a_listing_of_plain_files_is_sorted_and_whole(monkeypatch, seed, folder_by_folder):
    monkeypatch.setattr(trip_listing, "TOGETHER", 5)
    chance = random.Random(seed)
    folders = ["/t", "/t/a", "/t/a-b", "/t/a/c", "/t/z", "/t/ä\udcff"]
    paths = [f"{folder}/{chance.randrange(30)}.json" for folder in folders for _ in range(9)]
    if not folder_by_folder:
        chance.shuffle(paths)
    collector = Collector()
    for path in paths:
        collector.add(TripFile(path, len(path), f"v{path}"))
    found = collector.listing().files
    expected = [TripFile(path, len(path), f"v{path}") for path in sorted(set(paths))]
    assert list(found) == expected == list(pickle.loads(pickle.dumps(found)))
    assert [found[n] for n in range(len(found))] == expected
    assert found[3:-2] == expected[3:-2]
    assert found[-1] == expected[-1]
    with pytest.raises(IndexError):
        found[len(expected)]
    assert found.bytes == sum(map(len, set(paths)))


def test_a_listed_file_takes_little_memory():
    """Names and versions as of files that were copied, whose times are all different."""
    chance = random.Random(1)
    files = TripFiles(
        TripFile(
            f"/data/trips/2019-06-{n // 1000:02d}/trip-{n:08d}.json",
            chance.randrange(10**6),
            f"{chance.randrange(2**60):x}-{chance.randrange(2**60):x}",
        )
        for n in range(20_000)
    )
    assert len(pickle.dumps(files)) < 40 * len(files)
    assert not list(TripFiles())


def test_a_file_that_a_glob_names_several_times_counts_once(folder):
    assert names(list_trips(f"{folder}/**/**/d.json")) == ["d.json"]


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path):
    for name in ("2025[06]", "what?", "*"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.json").write_bytes(b"{}")
        assert names(list_trips(str(tmp_path / name))) == ["a.json"]


def test_a_folder_that_exists_under_the_name_given_is_no_pattern(tmp_path):
    for name in ("O'Brien [2024]", "O'Brien 2", "run [a]*/trips [12]", "run [a]*/trips 1"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / f"{name[-2:]}.json").write_text("{}")
    assert names(list_trips(f"{tmp_path}/O'Brien [2024]/*.json")) == ["4].json"]
    assert names(list_trips(f"{tmp_path}/run [a]*/trips [12]/*.json")) == ["2].json"]
    assert names(list_trips(f"{tmp_path}/run [a]*/trips [0-9]/*.json")) == [" 1.json"]
    assert names(list_trips(f"{tmp_path}/O'Brien [0-9]/*.json")) == [" 2.json"]
    assert [Path(path).name for path in first_files(f"{tmp_path}/O'Brien [2024]/*.json")] == ["4].json"]


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_are_listed_and_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"{}")
    (file,) = list_trips(str(tmp_path))
    assert Path(file.path).name == name
    assert read_trip(file, LIMIT) == b"{}"


def test_a_name_that_is_no_utf8_is_read_and_can_be_printed(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.json")).write_bytes(b"{}")
    (file,) = list_trips(str(tmp_path))
    assert read_trip(file, LIMIT) == b"{}"
    assert printable(file.path).endswith(r"/caf\xe9.json")


@pytest.mark.parametrize("text", ["plain", "Zoë 東京", "\udce9", "\ud800", "a\udfff\udc80\n"])
def test_whatever_is_printable_is_utf8(text):
    printable(text).encode("utf-8")
    assert (printable(text) == text) == text.isprintable() or "\n" in text


@pytest.mark.parametrize(
    "trips",
    [
        "{}/nothing here",
        "~nobody-of-that-name/trips",
        "{}/" + "x" * 300,
        "{}/b.json/inside",
        "{}/\ud800",
        "{}/\udce9",
    ],
)
def test_trips_that_are_not_there_are_named(folder, trips):
    given = trips.format(folder)
    with pytest.raises(RunError) as caught:
        list_trips(given)
    assert repr(given) in caught.value.message


@pytest.mark.parametrize("trips", ["{}/empty", "{}/*.xml", "{}/[z].json"])
def test_trips_without_any_file_are_told(folder, trips):
    (folder / "empty").mkdir()
    with pytest.raises(RunError, match=r"no trip files \(\.json, \.geojson, .*\.parquet\)"):
        list_trips(trips.format(folder))


def test_a_link_to_nothing_is_listed_and_its_fault_told(tmp_path):
    (tmp_path / "a.json").symlink_to("gone.json")
    (tmp_path / "b.json").symlink_to("b.json")
    dangling, loop = list_trips(str(tmp_path))
    with pytest.raises(BadTripFile, match="leads nowhere") as caught:
        read_trip(dangling, LIMIT)
    assert (caught.value.reason, caught.value.passing) == ("vanished", True)
    with pytest.raises(BadTripFile) as caught:
        read_trip(loop, LIMIT)
    assert (caught.value.reason, caught.value.passing) == ("unreadable", True)


def test_a_link_to_a_trip_is_the_trip(folder):
    (folder / "link.json").symlink_to("b.json")
    assert "link.json" in names(list_trips(str(folder)))


@pytest.mark.timeout(20)
def test_linked_folders_are_looked_into_and_circles_end(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "x.json").write_bytes(b"{}")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    (elsewhere / "circle").symlink_to(folder)
    (folder / "deep" / "myself").symlink_to(".")
    assert names(list_trips(str(folder))) == ["a.JSON", "x.json", "b.json", "c.json.gz", "d.json"]


@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "device.json").symlink_to("/dev/zero")
    (tmp_path / "folder.json").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.json"))
    for file in list_trips(str(tmp_path / "*.json")):
        with pytest.raises(BadTripFile) as caught:
            read_trip(file, LIMIT)
        assert (caught.value.reason, caught.value.passing) == ("unreadable", True), file.path


def test_a_file_that_is_gone_or_changed_since_it_was_listed_is_left_out_for_now(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    os.utime(path, (1, 1))
    (file,) = list_trips(str(tmp_path))
    assert read_trip(file, LIMIT) == b"{}"
    path.write_bytes(b"[]")
    with pytest.raises(BadTripFile) as caught:
        read_trip(file, LIMIT)
    assert (caught.value.reason, caught.value.passing) == ("changed", True)
    path.write_bytes(b"{ }")
    os.utime(path, (1, 1))
    with pytest.raises(BadTripFile) as caught:
        read_trip(file, LIMIT)
    assert (caught.value.reason, caught.value.passing) == ("changed", True)
    path.unlink()
    with pytest.raises(BadTripFile) as caught:
        read_trip(file, LIMIT)
    assert (caught.value.reason, caught.value.passing) == ("vanished", True)


@pytest.mark.parametrize("change", ["rewritten", "longer", "touched"])
def test_a_file_that_changes_while_it_is_read_is_left_out(tmp_path, monkeypatch, change):
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    os.utime(path, (1, 1))
    (file,) = list_trips(str(tmp_path))
    fstat, looks = os.fstat, []

    def look(descriptor):
        looks.append(descriptor)
        if len(looks) == 2:  # after the reading
            path.write_bytes(b"[]" if change == "rewritten" else b"[ ]" if change == "longer" else b"{}")
        return fstat(descriptor)

    monkeypatch.setattr(os, "fstat", look)
    with pytest.raises(BadTripFile) as caught:
        read_trip(file, LIMIT)
    assert (caught.value.reason, caught.value.passing) == ("changed", True)


def test_a_file_above_the_limit_is_not_even_opened(tmp_path):
    path = tmp_path / "large.json"
    path.write_bytes(bytes(LIMIT))
    (file,) = list_trips(str(tmp_path))
    assert len(read_trip(file, LIMIT)) == LIMIT
    path.unlink()
    with pytest.raises(BadTripFile, match="1 MiB") as caught:
        read_trip(TripFile(file.path, LIMIT + 1, file.version), LIMIT)
    assert caught.value.reason == "too_large"


def test_a_rewrite_of_the_same_size_makes_another_version_however_fast_it_comes(tmp_path):
    """Within one tick of the clock the times stay the same; so young files are never taken as known."""
    path = tmp_path / "a.json"
    seen = set()
    for n in range(50):
        path.write_bytes(b"%02d" % n)
        (file,) = list_trips(str(tmp_path))
        seen.add(file.version)
    assert len(seen) == 50


def test_a_rewrite_that_puts_the_old_time_back_makes_another_version(tmp_path):
    path = tmp_path / "a.json"
    seen = set()
    for stamp in (1, 1, 2e9, 2e9, 4e9, 4e9):
        for content in (b"1", b"2"):
            path.write_bytes(content)
            os.utime(path, (stamp, stamp))
            (file,) = list_trips(str(tmp_path))
            seen.add(file.version)
    assert len(seen) == 12


LONG_AGO, WHOLE_SECOND, FUTURE = (
    1_750_000_000_123_456_789,
    1_750_000_000_000_000_000,
    4_000_000_000_123_456_789,
)


@pytest.mark.parametrize(
    ("modified", "age", "trusted"),
    [
        (LONG_AGO, 0.005, False),
        (LONG_AGO, 0.1, True),
        (WHOLE_SECOND, 0.005, False),
        (WHOLE_SECOND, 0.1, True),  # out of an archive, which knows seconds only
        (FUTURE, 0.005, False),
        (FUTURE, 0.1, True),
    ],
)
def test_a_file_is_trusted_once_its_clock_must_have_moved_since_it_was_written(
    tmp_path, monkeypatch, modified, age, trusted
):
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    os.utime(path, ns=(modified, modified))
    moment = path.stat().st_ctime_ns + int(age * 1e9)
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    assert (list_trips(str(tmp_path)) == list_trips(str(tmp_path))) is trusted


@pytest.mark.parametrize("off", [-300, 300])
@pytest.mark.parametrize(("age", "trusted"), [(0.005, False), (0.1, True)])
def test_the_clock_that_counts_is_that_of_the_file_server(tmp_path, monkeypatch, off, age, trusted):
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    there = path.stat().st_ctime_ns + int(age * 1e9)
    monkeypatch.setattr(storage_local, "now_at", lambda folder: there / 1e9)
    monkeypatch.setattr(time, "time_ns", lambda: there + off * 1_000_000_000)
    listed = [list_trips(str(path), beside=LocalPath(tmp_path)) for _ in range(2)]
    assert (listed[0] == listed[1]) is trusted


def test_the_time_of_a_folder_is_that_of_its_files(tmp_path, monkeypatch):
    right = time.time()
    monkeypatch.setattr(time, "time", lambda: right + 300)
    assert abs(LocalPath(tmp_path).now() - right) < 60
    assert (LocalPath(tmp_path) / "is not there").now() == right + 300
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_a_run_that_dies_while_it_asks_for_the_time_leaves_no_file(tmp_path, monkeypatch):
    seen = []
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda handle: seen.append(list(tmp_path.iterdir())) or real(handle))
    storage_local.now_at(tmp_path)
    assert seen
    assert not any(seen)


@pytest.mark.parametrize(("age", "trusted"), [(0.1, False), (1.9, False), (2.1, True)])
def test_where_changes_are_timed_in_seconds_files_are_trusted_later(tmp_path, monkeypatch, age, trusted):
    """A file system that knows only seconds, or every other one, is nothing that this computer has."""
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    real = path.stat()
    coarse = SimpleNamespace(
        st_mode=real.st_mode, st_size=2, st_mtime_ns=WHOLE_SECOND, st_ctime_ns=WHOLE_SECOND
    )
    monkeypatch.setattr(os, "stat", lambda name, **_: coarse if str(name) == str(path) else real)
    monkeypatch.setattr(time, "time_ns", lambda: WHOLE_SECOND + int(age * 1e9))
    assert (list_trips(str(path)) == list_trips(str(path))) is trusted


# -- writing ----------------------------------------------------------------------------------------


def test_what_is_written_aside_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a"
    with pytest.raises(ZeroDivisionError), written_aside(path) as aside:
        aside.write_bytes(b"half")
        1 / 0  # noqa: B018
    assert list(path.parent.iterdir()) == []
    with written_aside(path) as aside:
        aside.write_bytes(b"whole")
        assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == ["a"]


def test_json_of_any_text_is_valid(tmp_path):
    values = {"path": "/x/caf\udce9", "half": "\ud800", "plain": "Zoë", "line": "a\nb"}
    write_json(tmp_path / "a.json", values)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == values
    assert "Zoë" in (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, ("disk is full", "MB left", "free some space")),
        (errno.EDQUOT, ("disk is full",)),
        (errno.EROFS, ("may not be written", "Choose another folder")),
        (errno.EACCES, ("may not be written",)),
        (errno.EIO, ("could not write points", "Check the folder and the disk")),
    ],
)
def test_a_disk_that_refuses_is_told_with_what_to_do(tmp_path, number, words):
    folder = tmp_path / "not yet there"
    with pytest.raises(StorageError) as caught, disk_errors("write points", folder):
        raise OSError(number, os.strerror(number))
    assert all(word in caught.value.message for word in words)
    assert str(tmp_path) in caught.value.message
    assert caught.value.retry


def test_other_errors_pass_through():
    with pytest.raises(ZeroDivisionError), disk_errors("write", Path("/")):
        1 / 0  # noqa: B018
    with pytest.raises(RunError, match="mine"), disk_errors("write", Path("/")):
        raise RunError("mine")
