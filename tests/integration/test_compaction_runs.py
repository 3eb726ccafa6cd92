"""Compaction by runs and by its command, on disks and in buckets: the same results, and nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roadpulse.aggregation.contract.spec import DecodeRules
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage import place
from roadpulse.aggregation.store import compaction
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.tests.engine import PLUGINS, Engine, LocalRunner, Outcome, trip
from roadpulse.tests.integration.s3_engine import BucketEngine, result_bytes
from roadpulse.tests.unit.test_compaction import killed

RUNS = 4
SPEC = {"statistics": "all", "days": "workdays"}


@pytest.fixture(params=["disk", "bucket"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "disk":
        return Engine(tmp_path)
    return BucketEngine(request.getfixturevalue("s3_server"), request.getfixturevalue("bucket"))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has to be old to be removed."""
    monkeypatch.setattr(compaction, "GRACE", -1e9)


def store_of(engine: Any) -> PointStore:
    access = getattr(engine, "access", None)
    return PointStore.at(str(engine.store), DecodeRules(speed_unit="mph"), access)


def write(engine: Any, number: int, days: int = 0) -> None:
    engine.write(f"trip {number:02d}.json", trip(60, 86_400 * days + 300 * number, 9))


def increments(engine: Any) -> Outcome:
    """Some runs, each with two new trips; returns the last."""
    outcome = None
    for number in range(RUNS):
        write(engine, 2 * number, number)
        write(engine, 2 * number + 1, number)
        if isinstance(engine, Engine):
            engine.settle()
        outcome = engine.run_here(**SPEC)
    assert outcome is not None
    return outcome


def undisturbed(engine: Any) -> dict[str, bytes]:
    """The result of these trips where nothing was read before."""
    return result_bytes(engine.run_here(store=f"{engine.store} of another run", **SPEC))


def compact(engine: Any, *options: str) -> str:
    """The command in a process of its own; its output."""
    access = json.dumps(engine.access.to_json()) if hasattr(engine, "access") else "{}"
    command = [sys.executable, "-m", "roadpulse.aggregation", "compact", str(engine.store), "--s3", access]
    done = subprocess.run(
        [*command, *options],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_runs_merge_many_small_ingests(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MANY", RUNS)
    last = increments(engine)
    store = store_of(engine)
    (name,) = store.ingests()
    assert store.is_merged(name)
    assert len(store.committed()) == RUNS + 1
    again = engine.run_here(**SPEC)
    assert again.manifest["files"]["decoded"] == 0
    assert result_bytes(again) == result_bytes(last) == undisturbed(engine)
    assert store.committed() == store.begun() == store.traversed() == [name]
    assert store.claims.file_names() == []


def test_the_command_merges_and_leaves_out_what_it_is_told_to(engine: Any) -> None:
    increments(engine)
    write(engine, 0, 30)  # another version
    if isinstance(engine, Engine):
        engine.settle()
    expected = result_bytes(engine.run_here(**SPEC))
    assert "merged" in compact(engine, "--trips", str(engine.trips))
    store = store_of(engine)
    (name,) = store.ingests()
    assert sorted(Path(record.path).name for record in store.read_files(name)) == [
        f"trip {number:02d}.json" for number in range(RUNS * 2)
    ]
    assert result_bytes(engine.run_here(**SPEC)) == expected
    only = f"{engine.trips}/trip 0[0-3].json"
    compact(engine, "--trips", only, "--only-these")
    (name,) = store.ingests()
    assert len(store.read_files(name)) == 4
    again = engine.run_here(**SPEC)
    assert again.manifest["files"]["decoded"] == RUNS * 2 - 4
    assert result_bytes(again) == expected


def test_a_run_that_reads_keeps_what_it_reads_while_others_merge_it(engine: Any) -> None:
    expected = result_bytes(increments(engine))
    store = store_of(engine)
    told: list[Any] = []

    class Meanwhile(LocalRunner):
        def summarise(self, tasks: Any, context: Any, done: Callable[..., None], tick: Any) -> None:
            told.append(compact(engine))
            told.append(compaction.remove_replaced(store))
            super().summarise(tasks, context, done, tick)

    folder = engine.prepare(**SPEC)
    run(RunFolder.begun(place(str(folder), getattr(engine, "access", None))), Meanwhile())
    found = engine.outcome(folder) if hasattr(engine, "outcome") else Outcome(0, folder)
    assert result_bytes(found) == expected
    assert told[1] == []
    assert len(compaction.remove_replaced(store)) == RUNS
    assert result_bytes(engine.run_here(**SPEC)) == expected


def test_a_run_that_decodes_keeps_its_place_while_others_merge(engine: Any) -> None:
    increments(engine)
    write(engine, 90, 5)
    if isinstance(engine, Engine):
        engine.settle()
    found = engine.run_here(lambda: print(compact(engine)), **SPEC)
    expected = undisturbed(engine)
    assert result_bytes(found) == expected
    assert len(store_of(engine).ingests()) == 2
    assert result_bytes(engine.run_here(**SPEC)) == expected


@pytest.mark.parametrize(
    ("step", "name", "calls"),
    [("merge", "write_part", 0), ("merge", "_write_records", 0), ("remove", "remove", 1),
     ("remove", "discard", 2)],
)  # fmt: skip
def test_killed_anywhere_the_next_run_goes_on(engine: Any, step: str, name: str, calls: int) -> None:
    expected = result_bytes(increments(engine))
    store = store_of(engine)
    if step == "remove":
        compact(engine)
    access = [json.dumps(engine.access.to_json())] if hasattr(engine, "access") else []
    killed(store, step, name, calls, *access)
    assert result_bytes(engine.run_here(**SPEC)) == expected
    compaction.merge(store, store.ingests())
    again = engine.run_here(**SPEC)
    assert (again.manifest["files"]["decoded"], result_bytes(again)) == (0, expected)
    (left,) = store.ingests()
    assert store.committed() == store.begun() == store.traversed() == store.committing() == [left]
    assert store.claims.file_names() == []


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ([], 2, "the following arguments are required: store"),
        (["nowhere"], 1, "There is no point store"),
        (["x", "--only-these"], 2, "--only-these needs --trips"),
        (["x", "--s3", "{"], 1, "--s3"),
    ],
)
def test_a_wrong_call_is_told(tmp_path: Path, options: list[str], code: int, says: str) -> None:
    (tmp_path / "nowhere").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "roadpulse.aggregation", "compact", *options],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr
