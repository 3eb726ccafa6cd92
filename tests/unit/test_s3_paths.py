"""Paths in buckets, the log of a run in a bucket, and temporary files, without a server."""

import logging
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from roadpulse.aggregation import storage
from roadpulse.aggregation.contract.errors import RunError, SpecError
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.run_folder_sync import HEAD_BYTES, TAIL_BYTES, BoundedLog
from roadpulse.aggregation.runners import wheelhouse
from roadpulse.aggregation.storage import S3Path, list_trips, place
from roadpulse.aggregation.storage.local import scratch
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.storage.s3.address import address_of
from roadpulse.aggregation.storage.s3.error_messages import explained
from roadpulse.aggregation.storage.s3.signed_requests import SignedRequests
from roadpulse.aggregation.storage.s3.trips import base
from roadpulse.cluster_client.s3.client import connect

ACCESS = S3Access(endpoint="http://pi0:9000")


@pytest.mark.parametrize("url", ["s3://trips/a/b", "S3://trips/a/b/", "s3://trips//a/b"])
def test_a_path_of_a_bucket_is_read_and_told_back(url):
    found = place(url, ACCESS)
    assert str(found) == "s3://trips/a/b"
    assert (found.bucket, found.key, found.name, str(found.parent)) == ("trips", "a/b", "b", "s3://trips/a")
    assert str(found / "c.json") == "s3://trips/a/b/c.json"
    assert pickle.loads(pickle.dumps(found)) == found
    assert pickle.loads(pickle.dumps(found)).access == ACCESS


def test_a_whole_bucket_is_a_place():
    bucket = S3Path.of("s3://trips", ACCESS)
    assert (str(bucket), str(bucket / "a")) == ("s3://trips", "s3://trips/a")


@pytest.mark.parametrize("url", ["s3://", "s3:///a", "s3://b/x//y", "s3://b/../y", "s3://b/a\nb"])
def test_what_names_no_place_is_refused(url):
    with pytest.raises(SpecError, match="s3"):
        place(url, ACCESS)


def test_other_paths_are_folders_of_this_computer(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert place("s3:/trips") == tmp_path / "s3:/trips"
    assert place("~") == Path.home()


@pytest.mark.parametrize(
    ("trips", "folder"),
    [
        ("s3://b/a/c", "s3://b/a/c"),
        ("s3://b/a/*.json", "s3://b/a"),
        ("s3://b/a/2025-*/x/*.json", "s3://b/a"),
        ("s3://b/*", "s3://b"),
        ("s3://b", "s3://b"),
    ],
)
def test_the_folder_of_a_glob_ends_before_the_first_wildcard(trips, folder):
    assert str(base(trips, ACCESS)) == folder


@pytest.mark.parametrize(
    ("access", "service"),
    [
        (S3Access(region="eu-west-2"), "s3.eu-west-2.amazonaws.com"),
        (S3Access(region="cn-north-1"), "s3.cn-north-1.amazonaws.com.cn"),
        (S3Access(region="eu-west-2", addressing="path"), "s3.eu-west-2.amazonaws.com"),
        (S3Access(endpoint="https://s3.example.org"), "s3.example.org"),
        (S3Access(endpoint="https://s3.example.org", addressing="virtual"), "s3.example.org"),
        (S3Access(endpoint="http://s3.example.org:9000/", addressing="virtual"), "s3.example.org:9000"),
        (S3Access(endpoint="https://127.0.0.1:9000", addressing="virtual"), "127.0.0.1:9000"),
        (S3Access(endpoint="https://[::1]:9000", addressing="virtual"), "[::1]:9000"),
    ],
)
def test_engine_and_desktop_name_a_bucket_in_the_same_place(access, service):
    """In the host's name as at AWS, or in the path: always where its name is none for a host."""
    client, hosts = connect(replace(access, anonymous=True)).client, set()
    for bucket in ("trips", "a.b", "1.2.3", "Trips", "a_b", "a" * 63, "x-", "-x"):
        address, in_path = address_of(access, bucket)
        hosts.add(urlsplit(address).netloc.replace(bucket, "*"))
        of_desktop = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
        assert of_desktop == (f"{address}/{bucket}/a" if in_path else f"{address}/a")
        assert SignedRequests(access, bucket, lambda: ("", "", "")).host == urlsplit(address).netloc
    by_name = not access.path_style and not service.startswith(("1", "["))
    assert hosts == {service, *([f"*.{service}"] if by_name else [])}


def test_what_the_environment_says_of_addresses_does_not_count(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        monkeypatch.setenv(name, "http://elsewhere:9000")
    access = S3Access(region="eu-west-2", anonymous=True)
    aws = "https://s3.eu-west-2.amazonaws.com"
    assert connect(access).client.meta.endpoint_url == aws
    found = storage.s3.obstore_store.store(access, "environment").config
    assert found["endpoint"] == aws.replace("s3.", "environment.s3.")


def test_trips_without_a_bucket_are_refused():
    with pytest.raises(RunError, match="name no bucket"):
        list_trips("s3://")


def test_only_in_a_bucket_attempts_have_folders_of_their_own(tmp_path):
    here, there = RunFolder.begun(LocalPath(tmp_path)), RunFolder.begun(S3Path.of("s3://b/runs/1", ACCESS))
    assert here.results == tmp_path / "results"
    assert here.work == tmp_path / "work"
    assert str(there.results) == f"s3://b/runs/1/results/{there.attempt}"
    assert there.results != RunFolder.begun(there.path).results


def test_what_a_server_says_never_shows_the_access_key():
    said = (
        "Server returned non-2xx status code: 403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code>"
        "<Message>It does not fit.</Message><AWSAccessKeyId>AKSECRET</AWSAccessKeyId></Error>"
    )
    error = explained(Exception(said), "read s3://b/x", "b", ACCESS)
    assert "SignatureDoesNotMatch, It does not fit." in error.message
    assert "AKSECRET" not in error.message + error.detail


# -- packages ---------------------------------------------------------------------------------------


def test_obstore_travels_only_where_a_run_uses_a_bucket(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(wheelhouse, "_fetch", lambda folder, wheels, wanted: asked.append(wanted))
    plain, with_s3 = wheelhouse.collect(tmp_path), wheelhouse.collect(tmp_path, s3=True)
    assert plain.folder != with_s3.folder
    assert not any(word.startswith("obstore") for word in asked[0])
    assert asked[1][:-1] == asked[0]
    assert asked[1][-1].startswith("obstore")


def test_the_engine_loads_without_obstore():
    script = (
        "import sys; sys.modules['obstore'] = None\n"
        "import roadpulse.aggregation.run, roadpulse.aggregation.runners.processes\n"
        "from roadpulse.aggregation import storage\n"
        "from roadpulse.aggregation.contract.errors import StorageError\n"
        "access = storage.S3Access(endpoint='http://127.0.0.1:1', anonymous=True)\n"
        "try: storage.check_reach('s3://bucket/trips', access)\n"
        "except StorageError as error: assert 'pip install obstore' in error.message; sys.exit(7)\n"
    )
    plugins = str(Path(__file__).resolve().parents[2] / "build" / "plugins")
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": plugins}, check=False
    )
    assert done.returncode == 7


# -- the log ----------------------------------------------------------------------------------------


def test_a_long_log_keeps_its_beginning_and_its_end():
    lines = BoundedLog()
    log = logging.Logger("test")
    log.addHandler(lines)
    log.info("the first words")
    for n in range(30_000):
        log.info("line %06d %s", n, "x" * 60)
    log.info("the last words")
    content = lines.content()
    assert len(content) <= HEAD_BYTES + TAIL_BYTES + 100
    assert content.startswith(b"20")
    assert b"the first words" in content.splitlines()[0]
    assert content.endswith(b"the last words\n")
    assert content.count(b"bytes left out") == 1
    kept = [line for line in content.splitlines() if b" line " in line]
    assert all(line.endswith(b"x" * 60) for line in kept)


def test_a_short_log_is_whole():
    lines = BoundedLog()
    log = logging.Logger("test")
    log.addHandler(lines)
    log.warning("caf\udce9 %s", "東京")
    assert lines.content().decode("utf-8").endswith("WARNING caf\\xe9 東京\n")


# -- temporary files --------------------------------------------------------------------------------


def test_a_temporary_file_goes_with_its_block():
    with pytest.raises(ZeroDivisionError), scratch.file("part.parquet") as path:
        path.write_bytes(b"x")
        1 / 0  # noqa: B018
    assert not path.exists()
    assert path.parent == scratch.folder()
    with scratch.file() as path:
        pass  # never written


def test_folders_of_killed_processes_are_removed_and_those_of_living_ones_stay(tmp_path):
    script = (
        "import sys, time\nfrom roadpulse.aggregation.storage.local import scratch\n"
        "with scratch.file('a') as file:\n file.touch(); print(file, flush=True)\n"
        " time.sleep(60 if len(sys.argv) > 1 else 0)"
    )
    plugins = str(Path(__file__).resolve().parents[2] / "build" / "plugins")
    command = [sys.executable, "-c", script]
    env = {**os.environ, "PYTHONPATH": plugins, "TMPDIR": str(tmp_path)}
    killed, living = (
        subprocess.Popen([*command, "wait"], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)
    )
    killed_file, living_file = (Path(process.stdout.readline().strip()) for process in (killed, living))
    assert killed_file.exists()
    killed.kill()
    killed.communicate()
    ended_file = Path(
        subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    )
    try:
        assert killed_file.parent.parent == tmp_path
        assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [living_file.parent] * 2
        assert not killed_file.parent.exists()
        assert not ended_file.parent.exists()
    finally:
        living.kill()
        living.communicate()


def of_a_killed_process(folder):
    """A folder as a killed process leaves it, with a file in it."""
    left = folder / "roadpulse-scratch-1-abcdefgh"
    left.mkdir(mode=0o700)
    (left / "lock").write_text(left.name)
    (left / "0123456789ab-trip").write_text("x")
    return left


def content(folder):
    return {str(path.relative_to(folder)): path.lstat().st_ino for path in folder.rglob("*")}


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_is_removed(temporary):
    left = of_a_killed_process(temporary)
    (left / f"{'a' * 64}.pem").write_text("x")
    (left / "tmp_0123456789ac-rows.csv").write_text("x")
    (left / "0123456789ac-two\nlines").write_text("x")
    scratch.sweep()
    assert content(temporary) == {}


def mine_alone(left):
    """A person's folder that happens to have such a name."""
    (left / "lock").unlink()
    (left / "0123456789ab-trip").rename(left / "thesis.txt")
    os.utime(left, (0, 0))  # forgotten for long


def renamed(left):
    left.rename(left.with_name("roadpulse-scratch-results"))


def copied(left):
    shutil.copytree(left, left.with_name("roadpulse-scratch-results"))
    scratch._delete(left)


def with_an_empty_lock(left):
    (left / "lock").write_text("")
    os.utime(left, (0, 0))


def with_a_lock_of_others(left):
    (left / "lock").write_bytes(b"\xff" * 5000)


def with_a_pipe(left):
    (left / "lock").unlink()
    os.mkfifo(left / "lock")


def with_a_link(left):
    (left / "lock").rename(left.parent / "elsewhere")
    (left / "lock").symlink_to(left.parent / "elsewhere")


def behind_a_link(left):
    left.rename(left.parent / "elsewhere")
    left.symlink_to(left.parent / "elsewhere")


def of_another_user(left):
    if os.geteuid() != 0:
        pytest.skip("Only root can give files away")
    os.chown(left / "lock", 54_321, -1)


@pytest.mark.skipif(os.name == "nt", reason="pipes, links and users of POSIX")
@pytest.mark.parametrize(
    "become",
    [mine_alone, renamed, copied, with_an_empty_lock, with_a_lock_of_others, with_a_pipe, with_a_link,
     behind_a_link, of_another_user],
)  # fmt: skip
def test_a_folder_that_no_process_made_stays_whatever_its_name(temporary, become):
    become(of_a_killed_process(temporary))
    before = content(temporary)
    scratch.sweep()
    scratch.clear()
    assert content(temporary) == before


def test_what_a_person_put_into_a_temporary_folder_stays(temporary):
    left = of_a_killed_process(temporary)
    (left / "thesis.txt").write_text("x")
    (left / "0123456789ac-folder").mkdir()
    scratch.sweep()
    assert set(content(left)) == {"thesis.txt", "0123456789ac-folder"}


def test_places_of_both_kinds_answer_alike(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "x.json").write_text("{}")
    (tmp_path / "file").touch()
    here = LocalPath(tmp_path)
    assert here.folder_names() == ["one"]
    assert (here / "one").file_names() == ["x.json"]
    assert here.folders_with("x.json") == ["one"]
    assert (here / "none").silent_for() is None
    assert (here / "file").silent_for() < 60
    with here.all_at_hand(["file"]) as files:
        assert files == [tmp_path / "file"]
