"""A run that is killed in the middle of decoding: the next one reads the rest, on a disk and in a bucket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from development.s3 import S3Server
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage import place
from roadpulse.tests.engine import PLUGINS, Engine, LocalRunner, Outcome, trip
from tests.integration.s3_engine import BucketEngine, result_bytes
from tests.waiting import until

TRIPS, DONE = 12, 7
MANY = 4000
"""Some seven seconds of one process: the first note comes after two."""


DYING = """
import json, os, signal, sys
from roadpulse.aggregation.store import recovery; from roadpulse.aggregation import storage
from roadpulse.aggregation.store.decode import decode
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.tests.engine import LocalRunner

folder, access, done = sys.argv[1], storage.S3Access.from_json(json.loads(sys.argv[2])), int(sys.argv[3])
recovery.NOTE_EVERY, recovery._NOTES_FRACTION = 0.0, float("inf")


class Dying(LocalRunner):
    task_bytes = 1

    def decode(self, tasks, context, told, tick):
        super().decode(tasks[:done], context, told, tick)
        decode(tasks[done], context, lambda *_: None)  # its points are there, and nobody was told
        os.kill(os.getpid(), signal.SIGKILL)


run(RunFolder.begun(storage.place(folder, access)), Dying())
"""


@pytest.fixture(params=["disk", "bucket"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Trips, and runs over them, in folders or in a bucket."""
    if request.param == "disk":
        found: Any = Engine(tmp_path)
    else:
        server: S3Server = request.getfixturevalue("s3_server")
        found = BucketEngine(server, request.getfixturevalue("bucket"))
    for number in range(TRIPS):
        found.write(f"trip {number:02d}.json", trip(200, 300 * number, 9))
    if request.param == "disk":
        found.settle()
    return found


def killed(engine: Any, done: int = DONE) -> None:
    """A run that dies after some tasks."""
    access = engine.access.to_json() if hasattr(engine, "access") else {}
    command = [sys.executable, "-c", DYING, str(engine.prepare()), json.dumps(access), str(done)]
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
    process = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


def undisturbed(engine: Any) -> dict[str, bytes]:
    """The result of these trips where nothing was read before."""
    return result_bytes(engine.finish(store=f"{engine.store} of another run"))


def test_the_next_run_reads_only_the_rest_and_gives_the_same_bytes(engine: Any) -> None:
    killed(engine)
    again = engine.finish()
    assert again.manifest["files"]["reused"] == DONE
    assert again.manifest["files"]["decoded"] == TRIPS - DONE
    assert result_bytes(again) == undisturbed(engine)
    third = engine.finish()
    assert third.manifest["files"]["decoded"] == 0
    assert result_bytes(third) == result_bytes(again)
    assert not [name for name in engine.leftovers() if "/work" not in name]


def test_a_run_that_is_killed_before_its_first_note_leaves_nothing_to_take(engine: Any) -> None:
    killed(engine, done=0)
    again = engine.finish()
    assert again.manifest["files"]["decoded"] == TRIPS
    assert result_bytes(again) == undisturbed(engine)


def test_two_runs_that_die_one_after_the_other_both_count(engine: Any) -> None:
    killed(engine, done=4)
    killed(engine, done=3)
    again = engine.finish()
    assert again.manifest["files"]["reused"] == 7
    assert result_bytes(again) == undisturbed(engine)


def test_what_a_living_run_noted_is_not_taken_from_it(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("roadpulse.aggregation.store.recovery.NOTE_EVERY", 0.0)
    monkeypatch.setattr("roadpulse.aggregation.store.recovery._NOTES_FRACTION", float("inf"))
    others: list[Outcome] = []

    class Slow(LocalRunner):
        task_bytes = 1

        def decode(self, tasks: Any, context: Any, done: Callable[..., None], tick: Any) -> None:
            super().decode(tasks[:DONE], context, done, tick)
            others.append(engine.finish())  # in the middle of this one
            super().decode(tasks[DONE:], context, done, tick)

    folder = engine.prepare()
    manifest = run(RunFolder.begun(place(str(folder), getattr(engine, "access", None))), Slow())
    (other,) = others
    assert other.manifest["files"]["decoded"] == manifest["files"]["decoded"] == TRIPS
    found = engine.outcome(folder) if hasattr(engine, "outcome") else Outcome(0, folder)
    assert result_bytes(found) == result_bytes(other) == undisturbed(engine)


def test_killed_processes_leave_what_they_noted(tmp_path: Path) -> None:
    """The command itself, with its workers, at its own pace."""
    engine = Engine(tmp_path)
    first = engine.write("trip 0.json", trip(3000, links=50))
    for number in range(1, MANY):
        os.link(first, engine.trips / f"trip {number}.json")
    engine.settle()
    process = engine.start(engine.prepare())
    until(lambda: list(engine.store.glob("*/points/*/notes-*.parquet")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    again = engine.finish(workers=2)
    assert again.manifest["files"]["reused"] > 0
    assert again.manifest["files"]["reused"] + again.manifest["files"]["decoded"] == MANY
    assert again.manifest["points"]["counted"] == MANY * 3000
