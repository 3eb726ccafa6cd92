"""Measuring processes: wall time, CPU time of the whole tree, and the most memory it held at once."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Cost:
    """Cost of a command: seconds of wall clock, CPU seconds of all its processes, peak memory in MB."""

    wall: float
    cpu: float
    memory: float


def cost_of(command: Sequence[str], memory: bool = False) -> Cost:
    """Run a command to its end and measure it; raises `CalledProcessError` with its output.

    With `memory` its memory is watched too, which slows it down: not for comparing times.
    """
    begin = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "build" / "plugins")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled modules are kept, as elsewhere
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        watch = MemoryWatch(process.pid) if memory else None
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)  # of this command alone; others may end meanwhile
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begin
        peak = watch.stop() if watch else 0.0
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Cost(wall, used.ru_utime + used.ru_stime, peak)


def cpu_of(pid: int) -> float:
    """CPU seconds of a running process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class MemoryWatch:
    """Samples the proportional set size of a process and all its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak = pid, 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._end.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            self._peak = max(self._peak, sum(_memory(pid) for pid in _tree(self._pid)))


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [pid] + [inner for child in children for inner in _tree(int(child))]


def _memory(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next(float(line.split()[1]) / 1e3 for line in rollup.splitlines() if line.startswith("Pss:"))


def alternate(ways: dict[str, Callable[[], Cost]], times: int) -> dict[str, list[Cost]]:
    """Run each way in turn, `times` times over, so that other load of the machine affects all alike."""
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            costs[name].append(way())
    return costs


def report(title: str, costs: dict[str, list[Cost]], ours: str, other: str, goal: float) -> float:
    """Print the medians of two ways and their ratio (other / ours, by wall clock); returns the ratio."""
    print(f"\n{title}")
    for name, found in costs.items():
        print(f"  {name:28} {_median(found, 'wall'):7.2f} s wall   {_median(found, 'cpu'):7.2f} s CPU")
    ratio = _median(costs[other], "wall") / _median(costs[ours], "wall")
    by_cpu = _median(costs[other], "cpu") / _median(costs[ours], "cpu")
    print(f"  ratio {ratio:.1f} x by wall clock, {by_cpu:.1f} x by CPU   (goal {goal:g} x)")
    return ratio


def _median(costs: list[Cost], name: str) -> float:
    return statistics.median(getattr(cost, name) for cost in costs)


def rich_trips(n_trips: int) -> Path:
    """Folder of generated trips like those of 2019 (about 0.46 MB each), made once."""
    folder = SCRATCH / f"city-{n_trips}"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "roadpulse.democity",
            str(folder),
            "--trips",
            str(n_trips),
            "--rich",
            "--workers",
            "2",
        ],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "plugins")},
        stdout=subprocess.DEVNULL,
    )
    return folder / "trips"
