"""Trip files, run folders and runs of the aggregation engine, for tests."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store.decode import decode
from roadpulse.aggregation.summary.summarise import summarise
from tests.waiting import until

PLUGINS = Path(__file__).resolve().parent.parent / "build" / "plugins"
LINK = 4575425001


def point(second: int = 0, link: Any = LINK, speed: Any = 24.5, time: Any = None) -> dict[str, Any]:
    """One point of 10 June 2025, a number of seconds after 08:00 UTC."""
    clock = f"2025-06-10T{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
    return {
        "timestamp": clock if time is None else time,
        "absVelocity": speed,
        "dbResponse": {"linkID": link},
    }


def trip(n: int = 10, first: int = 0, links: int = 3) -> bytes:
    """A trip of `n` points over some links, its speeds with one decimal."""
    points = [point(first + i, str(LINK + i % links), (first * 7 + i * 13) % 600 / 10) for i in range(n)]
    return json.dumps({"tripId": str(first), "data": points}).encode()


@dataclass
class Outcome:
    """What a run left behind."""

    code: int
    folder: Path
    output: str = ""

    @property
    def status(self) -> dict[str, Any]:
        return json.loads((self.folder / "status.json").read_text(encoding="utf-8"))

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    @property
    def error(self) -> str:
        return self.status["error"]["message"]

    @property
    def bad(self) -> dict[str, str]:
        """Reason by name, of the bad files."""
        return {Path(bad["path"]).name: bad["reason"] for bad in self.manifest["bad_files"]}

    def csv(self, table: str = "link_speeds") -> str:
        return (self.folder / "results" / f"{table}.csv").read_text(encoding="utf-8")

    @property
    def sidecar(self) -> bytes:
        """The description of the tables, as it is written."""
        return (self.folder / "results" / "datapackage.json").read_bytes()

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of every table, computed here and, as that of the sidecar, checked against the manifest."""
        found = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((self.folder / "results").iterdir())
        }
        listed = [part for table in self.manifest["results"].values() for part in table["parts"]]
        listed.append(self.manifest["data_package"])
        assert {Path(part["path"]).name: part["sha256"] for part in listed} == found
        del found["datapackage.json"]  # names the trips, which may lie elsewhere
        return found


class LocalRunner:
    """A runner that carries out every task in this process; a test may do something before a step."""

    workers = 1
    task_bytes = task_points = None
    waiting = remark = ""

    def __init__(self, before_decode: Callable[[], None] = lambda: None) -> None:
        self._before_decode = before_decode

    def describe(self):
        return {"kind": "here"}

    def check(self):
        pass

    def decode(self, tasks, context, done, tick):
        self._before_decode()
        for task in tasks:
            done(decode(task, context, lambda *_: None))
            tick(0, 0, 0)

    def summarise(self, tasks, context, done, tick):
        for task in tasks:
            done(summarise(task, context))
            tick(0, 0, 0)

    def close(self):
        pass


class Engine:
    """A folder with trips, a store and run folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trips = folder / "trips"
        self.store = folder / "store"
        self.trips.mkdir()
        self._runs = 0

    def write(self, name: str, content: Any = None) -> Path:
        """Write a trip file: bytes as they are, a list as points, anything else as JSON."""
        if content is None:
            content = trip()
        elif isinstance(content, list):
            content = {"data": content}
        path = self.trips / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def settle(self) -> None:
        """Let the trips be old enough that their times tell their versions apart."""
        files = [path for path in self.trips.rglob("*") if path.is_file()]
        for path in files:
            os.utime(path, ns=(1_750_000_000_123_456_789,) * 2)
        until(lambda: time.time_ns() > max(path.stat().st_ctime_ns for path in files) + 30_000_000)

    def prepare(self, **spec: Any) -> Path:
        """A new run folder with its specification."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        folder.mkdir()
        values = {"trips": str(self.trips), "store": str(self.store), "speed_unit": "mph", **spec}
        (folder / "spec.json").write_text(json.dumps(values), encoding="utf-8")
        return folder

    def run(self, workers: int = 1, folder: Path | None = None, **spec: Any) -> Outcome:
        """Carry out a run in a process of its own."""
        folder = folder or self.prepare(**spec)
        process = self.start(folder, workers)
        output, _ = process.communicate(timeout=240)
        return Outcome(process.returncode, folder, output)

    def finish(self, workers: int = 1, **spec: Any) -> Outcome:
        """Carry out a run that is to end well."""
        outcome = self.run(workers, **spec)
        assert outcome.code == 0, outcome.output
        return outcome

    def run_here(self, before_decode: Callable[[], None] = lambda: None, **spec: Any) -> Outcome:
        """Carry out a run in this process; raises its errors."""
        folder = self.prepare(**spec)
        run(RunFolder(LocalPath(folder)), LocalRunner(before_decode))
        return Outcome(0, folder)

    def start(
        self, folder: Path, workers: int = 1, before: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[str]:
        """Start a run in a process group of its own; `before` are words before its command."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "roadpulse.aggregation", str(folder), "--workers", str(workers)],
            env={**os.environ, "PYTHONPATH": str(PLUGINS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            **options,
        )

    def leftovers(self) -> list[str]:
        """Files and folders that no ended run may leave: half-written ones, work, uncommitted ingests."""
        found = [path for path in self.folder.rglob("*") if path.name.endswith(".tmp") or path.name == "work"]
        for points in self.store.glob("*/points/ingest=*"):
            if not (points.parent.parent / "files" / points.name / "files.parquet").exists():
                found.append(points)
        return [str(path.relative_to(self.folder)) for path in found]
