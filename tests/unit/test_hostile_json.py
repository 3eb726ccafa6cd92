"""Files of runs as somebody would write them who means harm: read, or refused in words."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from roadpulse.aggregation.contract.errors import RunError, SpecError
from roadpulse.aggregation.contract.spec import DecodeRules, RunSpec
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.runners import wheelhouse
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store import owners
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.store.recovery import clean_up
from roadpulse.cluster_client.errors import ProfileError, ResultError, RunRecordError
from roadpulse.cluster_client.profiles.profile import Profile
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.runs.results import read_manifest
from roadpulse.cluster_client.runs.status import Evidence, judge
from tests.hostile_json import RAW, damaged
from tests.manifests import manifest_of

STATISTICS = ("n_points", "n_trips", "mean", "std", "p05", "p15", "p50", "p85", "p95")
COLUMNS = {
    "link_speeds": ("link_id", *STATISTICS),
    "link_speeds_by_time": ("link_id", "bin", *STATISTICS),
}


FUZZ = settings(
    derandomize=True,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
MANIFEST = manifest_of({}, started="2025-06-10T08:00:00+00:00", finished="2025-06-10T08:00:09+00:00")
SPEC = RunSpec(trips="/data/trips", store="/data/store")
PROFILE = Profile(kind="ssh", name="Pi", host="pi0")
STATUS = {
    "schema": 1, "state": "decoding", "message": "", "files": {"done": 1, "total": 2},
    "bytes": {"done": 1, "total": 2}, "tasks": {"done": 1, "total": 2}, "points": 3,
    "started": "2025-06-10T08:00:00+00:00", "updated": "2025-06-10T08:00:01+00:00", "elapsed": 1.5,
    "seconds_left": 2.5, "workers": 2, "pid": 17, "runner": {"kind": "spark"},
    "error": {"message": "m", "detail": "d", "retry": True}, "warnings": ["w"],
}  # fmt: skip
PART = {"path": "results/link_speeds.csv", "rows": 1, "bytes": 9, "sha256": "0" * 64}
RESULTS = {
    name: {"columns": list(columns), "rows": 1, "parts": [{**PART, "path": f"results/{name}.csv"}]}
    for name, columns in COLUMNS.items()
}


@pytest.fixture(scope="module")
def here() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@FUZZ
@given(damaged(STATUS))
def test_a_status_is_read_whatever_it_holds(content: bytes) -> None:
    now = datetime(2025, 6, 10, 9, tzinfo=timezone.utc)
    told = judge(Evidence(alive=True, status=content), "/run", now)
    assert all(0 <= n < 2**63 for n in (told.points, told.workers, told.files.done, told.bytes.total))
    assert 0 <= told.elapsed <= 1e9
    assert told.seconds_left is None or 0 <= told.seconds_left <= 1e9
    assert told.updated is None or 1970 < told.updated.astimezone(timezone.utc).year < 2201
    assert len(told.message) < 5000


@FUZZ
@given(damaged({**MANIFEST, "results": RESULTS}))
def test_a_manifest_is_read_or_refused_by_name(here: Path, content: bytes) -> None:
    (here / "manifest.json").write_bytes(content)
    for read, fault in (
        (read_manifest, ResultError),
        (lambda f: RunFolder(LocalPath(f)).read_manifest(), RunError),
    ):
        try:
            found = read(here)
        except fault as error:
            assert str(here / "manifest.json") in error.message or str(here) in error.message
        else:
            values = found if isinstance(found, dict) else found.values
            assert values["files"]["named"] >= 0
            assert all(n >= 0 for n in values["points"]["reasons"].values())


@FUZZ
@given(damaged(SPEC.to_json()))
def test_a_specification_is_read_or_refused(here: Path, content: bytes) -> None:
    (here / "spec.json").write_bytes(content)
    try:
        RunFolder(LocalPath(here)).read_spec()
    except SpecError as error:
        assert len(error.message) < 12_000


@FUZZ
@given(damaged(PROFILE.to_json()))
def test_a_profile_is_read_or_refused_by_name(here: Path, content: bytes) -> None:
    (here / "team.json").write_bytes(content)
    try:
        Profile.read(here / "team.json")
    except ProfileError as error:
        assert str(here / "team.json") in error.message


@FUZZ
@given(damaged(Run.new("June", PROFILE, SPEC, folder="/runs/june", local_folder="/here/june").to_json()))
def test_a_record_hides_no_other(here: Path, content: bytes) -> None:
    store = RunStore(here / "runs")
    good, bad = Run.new("good", PROFILE, SPEC), Run.new("bad", PROFILE, SPEC)
    for path in store.folder.glob("*.json"):
        path.unlink()
    store.record(good)
    (store.folder / f"{bad.id}.json").write_bytes(content)
    listed = store.runs()
    assert good in listed.runs
    assert len(listed.runs) + len(listed.faults) == 2
    try:
        store.find(bad.id)
    except RunRecordError as error:
        assert bad.id in error.message


@pytest.mark.parametrize(
    "moment", ['"2025-06-10T08:00:00"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59"']
)
def test_moments_without_a_zone_or_out_of_our_time_hide_no_run(here: Path, moment: str) -> None:
    store = RunStore(here / "moments")
    good, other = Run.new("good", PROFILE, SPEC), Run.new("other", PROFILE, SPEC)
    store.record(good)
    text = json.dumps({**other.to_json(), "created": "@"}).replace('"@"', moment)
    (store.folder / f"{other.id}.json").write_text(text, encoding="utf-8")
    assert good in store.runs().runs
    (store.folder / f"{other.id}.json").unlink()


@pytest.mark.parametrize(
    "claim", [*RAW, *(f'{{"host": "{socket.gethostname()}", "pid": {raw}}}' for raw in RAW), "pipe", "folder"]
)
def test_a_planted_claim_stops_no_run_of_a_store(tmp_path: Path, claim: str) -> None:
    store = PointStore.open(str(tmp_path / "store"), DecodeRules())
    store.begin("planted")
    owner = Path(str(store.owner("planted")))
    owner.unlink()
    if claim == "pipe":
        os.mkfifo(owner)
    elif claim == "folder":
        owner.mkdir()
    else:
        owner.write_text(claim, encoding="utf-8")
    clean_up(store)
    assert isinstance(owners.abandoned(LocalPath(owner)), bool)


def test_an_heir_that_cannot_be_removed_stops_no_run_of_a_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = PointStore.open(str(tmp_path / "store"), DecodeRules())
    store.begin("planted")
    folder = Path(str(store.points_folder("planted")))
    (folder / "notes-00000.parquet").touch()
    Path(str(store.heir("planted"))).mkdir()
    for path in (store.owner("planted"), store.heir("planted")):
        os.utime(str(path), (0, 0))
    clean_up(store)
    assert "stay in the point store: planted" in caplog.text


@pytest.mark.skipif(os.name != "posix", reason="kill is POSIX's")
@pytest.mark.parametrize("pid", [0, -1, -(2**31), 2**31, 2**62])
def test_an_id_that_no_process_has_is_not_alive(tmp_path: Path, pid: int) -> None:
    """To `kill` 0 is the caller's group, and -1 every process there is."""
    owner = tmp_path / "points" / "ingest=planted" / "owner.json"
    owner.parent.mkdir(parents=True)
    owner.write_text(json.dumps({**owners.claim(), "pid": pid}), encoding="utf-8")
    assert owners.abandoned(LocalPath(owner))


@FUZZ
@given(damaged({"platform": "cpython-311-linux", "files": [["numpy-2.0-any.whl", "0" * 64]]}))
def test_a_list_of_packages_names_wheels_of_its_folder_only(here: Path, content: bytes) -> None:
    folder = wheelhouse.folder_in(here)
    folder.mkdir(exist_ok=True)
    (folder / "packages.json").write_bytes(content)
    (folder / "numpy-2.0-any.whl").touch()
    found = wheelhouse.kept(here)
    assert found is None or all(set(name).isdisjoint("/\\:\0") for name, _ in found.files)
