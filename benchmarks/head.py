"""What the head of a run needs for each trip file: seconds and memory of all that it does itself.

    python -m benchmarks head [--files N …] [--ids]

The files are listed, compared with the point store, divided into tasks, written down and reported as in any
run. Only reading them is left out: a runner without workers says of each file that it holds twenty points.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.runners import Tick
from roadpulse.aggregation.storage import place, printable
from roadpulse.aggregation.store.decode import DecodeContext, DecodeTask, in_order
from roadpulse.aggregation.store.point_store import FileRecord
from roadpulse.aggregation.store.traversals import traversals_of
from roadpulse.aggregation.summary.counts import SummaryReport
from roadpulse.aggregation.summary.summarise import SummaryContext, SummaryTask, summarise

from .measure import SCRATCH

FEW = 1000
"""Number of files of the run whose memory is taken off that of the others."""

POINTS = 20
A_FOLDER = 5000
PHASES = ("list, select, plan", "records of tasks", "commit, trips", "summarise, report")


class NoWorkers:
    """Runner that reads no trip: all points of the first task's first file are the only ones in the store."""

    task_bytes: Optional[int] = None
    task_points: Optional[int] = None
    waiting = remark = ""
    workers = 8

    def __init__(self, with_ids: bool) -> None:
        self._with_ids = with_ids
        self.phases: list[tuple[float, float]] = []
        self.pickled = self.tasks = 0
        self._began = time.perf_counter()
        _forget_peak()

    def phase_ends(self) -> None:
        """Note seconds and peak memory, in MB, since the last call."""
        now = time.perf_counter()
        self.phases.append((now - self._began, _peak()))
        self._began = now
        _forget_peak()

    def decode(
        self,
        tasks: Sequence[DecodeTask],
        context: DecodeContext,
        done: Callable[[list[FileRecord]], None],
        tick: Tick,
    ) -> None:
        """Report every file of every task."""
        self.phase_ends()
        self.tasks = len(tasks)
        link, when = np.arange(POINTS), np.arange(POINTS) * 1_000_000
        points = link, when, np.full(POINTS, 9.0), np.zeros(POINTS, dtype=np.int32)
        context.store.write_traversals(context.ingest, 0, traversals_of(*points, context.rules.speed_unit))
        context.store.write_part(context.ingest, 0, in_order(*points))
        for task in tasks:
            records = [self._record(n, file, context) for n, file in enumerate(task.files, task.first_number)]
            done(pickle.loads(pickle.dumps(records)))  # as they come from another process
            tick(task.first_number, 0, 0)
        self.phase_ends()

    def _record(self, number: int, file: Any, context: DecodeContext) -> FileRecord:
        record = FileRecord(
            number, 0, printable(file.path), file.size, file.version, context.max_bytes, points=POINTS,
            counted=POINTS,
        )  # fmt: skip
        if self._with_ids:
            record.trip_id = f"{number * 0x9E3779B97F4A7C15 % (1 << 64):016x}"
        return record

    def summarise(
        self,
        tasks: Sequence[SummaryTask],
        context: SummaryContext,
        done: Callable[[SummaryReport], None],
        tick: Tick,
    ) -> None:
        """Carry out one task for all buckets."""
        self.phase_ends()
        done(summarise(SummaryTask(0, tasks[0].first, tasks[-1].end), context))

    def describe(self) -> dict[str, Any]:
        """See `Runner.describe`."""
        return {"kind": "none"}

    def check(self) -> None:
        """See `Runner.check`."""

    def close(self) -> None:
        """See `Runner.close`."""


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1e3


def made(n_files: int) -> Path:
    """Return a folder of so many empty trip files, made once, with times as of files that were copied."""
    folder = SCRATCH / f"head-{n_files}"
    if not (folder / "complete").exists():
        chance = random.Random(5)
        for number in range(n_files):
            file = folder / f"2019-{number // A_FOLDER:05d}" / f"trip-{number:09d}.json"
            if number % A_FOLDER == 0:
                file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            when = 1_560_000_000_000_000_000 + chance.randrange(10**16)
            os.utime(file, ns=(when, when))
        (folder / "complete").touch()
    return folder


def one_run(trips: str, store: str, with_ids: bool) -> None:
    """Carry out one run in this process, and print what it took as JSON."""
    folder = SCRATCH / "head-run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = {"trips": trips, "store": store, "speed_unit": "m/s", "time_zone": "UTC"}
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    cpu, began = time.process_time(), time.perf_counter()
    runner = NoWorkers(with_ids)
    manifest = run(RunFolder(place(str(folder))), runner)
    runner.phase_ends()
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu, "wall": time.perf_counter() - began,
                "phases": runner.phases, "timings": manifest["timings"], "files": manifest["files"],
                "tasks": runner.tasks,
            }
        )
    )  # fmt: skip


def measured(n_files: int, store: Path, with_ids: bool) -> dict[str, Any]:
    """Carry out a run in a process of its own; return its `cpu` seconds and its `phases`."""
    command = [sys.executable, "-m", "benchmarks.head", "--one", str(made(n_files)), str(store)]
    environment = {**os.environ}
    found = subprocess.run(
        command + ["--ids"] * with_ids, check=True, capture_output=True, text=True, env=environment
    )
    values: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return values


def main(arguments: Optional[list[str]] = None) -> None:
    """Print seconds and bytes a file of a run over new files and of one over known files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks head", description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[200_000], help="numbers of trip files")
    parser.add_argument("--ids", action="store_true", help="every file names a trip id")
    parser.add_argument("--one", nargs=2, metavar=("TRIPS", "STORE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments or [])
    if options.one:
        one_run(*options.one, options.ids)
        return
    store = SCRATCH / "store-head"
    peaks: dict[str, float] = {}
    for n_files in (FEW, *options.files):
        made(n_files)
        shutil.rmtree(store, ignore_errors=True)
        for name in ("new", "again"):
            found = measured(n_files, store, options.ids)
            phases = dict(zip(PHASES if name == "new" else (PHASES[0], PHASES[3]), found["phases"]))
            peak = max(most for _, most in found["phases"])
            if n_files == FEW:
                peaks[name] = peak
                continue
            print(
                f"\n{n_files:,} files, {name}: {found['cpu']:.1f} s CPU, {peak:,.0f} MB, "
                f"{(peak - peaks[name]) * 1e6 / n_files:,.0f} bytes a file"
            )
            for phase, (seconds, most) in phases.items():
                per_file = (most - peaks[name]) * 1e6 / n_files
                print(f"  {phase:20} {seconds:6.1f} s {most:7,.0f} MB {per_file:7,.0f} bytes a file")


if __name__ == "__main__":
    main(sys.argv[1:])
