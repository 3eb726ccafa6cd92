"""Pytest plugin of development/test.sh: how far a session is, and how long each of its tests took.

    export ROADPULSE_KIND=unit ROADPULSE_NOW=now.txt ROADPULSE_TIMES=times.tsv
    python -m pytest -p development.pytest_progress

`ROADPULSE_NOW` names a file that holds one line about the test that runs, filled up with spaces. To that of
`ROADPULSE_TIMES` a line is added for each test: kind, seconds of its set-up (with the servers that it is the
first to ask for), of itself and of its tear-down, seconds of CPU meanwhile, and its name, separated by tabs.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections import Counter
from pathlib import Path

import pytest

STEPS = ("setup", "call", "teardown")
WIDTH = 400
"""Bytes of the progress file."""

MOUNTS = Path("/proc/mounts")


class CpuTime:
    """CPU time of this process and its descendants in seconds.

    Servers and what they start count as they compute, in a control group (cgroup v2) made for the session.
    Where none can be made, descendants count once they have ended and were waited for.
    """

    def __init__(self, mounts: Path = MOUNTS) -> None:
        self.group: Path | None = None
        try:
            lines = [line.split() for line in mounts.read_text(encoding="utf-8").splitlines()]
            top = next(Path(where) for _, where, kind, *_ in lines if kind == "cgroup2")
            group = top / f"roadpulse-tests-{os.getpid()}"
            group.mkdir()
            self.group = group
            (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
            self.seconds()
        except (OSError, StopIteration, ValueError):
            self.close()

    def seconds(self) -> float:
        """Return the CPU time so far."""
        if self.group:
            text = (self.group / "cpu.stat").read_text(encoding="ascii")
            return int(text.split("usage_usec", 1)[1].split(None, 1)[0]) / 1e6
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    def close(self) -> None:
        """Leave the control group, and remove it if nothing runs in it any more."""
        group, self.group = self.group, None
        if group:
            with contextlib.suppress(OSError):
                (group.parent / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
                group.rmdir()


class Progress:
    """The progress file of a test session."""

    def __init__(self, kind: str, now: str, times: str) -> None:
        self.kind, self.now, self.times = kind, now, times
        self.file: int | None = None
        self.total = self.begun = 0
        self.seconds: Counter[str] = Counter()
        self.cpu_time = CpuTime() if times else None
        self.cpu = 0.0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.total = len(session.items)
        self.cpu = self.cpu_time.seconds() if self.cpu_time else 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.begun += 1
        if self.now:
            share = 100 * (self.begun - 1) // max(1, self.total)
            line = f"{self.kind}, {share} % ({self.begun:,} of {self.total:,}): {nodeid.rpartition('/')[2]}"
            self.write_now(line)

    def write_now(self, line: str) -> None:
        """Write the line over the last one, of the same length.

        A new file in its place would be safe from being read half, but a file system writes one that replaces
        another to the disk at once: 7 ms for each of thousands of tests.
        """
        if self.file is None:
            self.file = os.open(self.now, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.pwrite(self.file, line.encode()[: WIDTH - 1].ljust(WIDTH - 1) + b"\n", 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.when or ""] += report.duration

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        steps = [f"{self.seconds.pop(step, 0.0):.3f}" for step in STEPS]
        if self.cpu_time:
            before, self.cpu = self.cpu, self.cpu_time.seconds()
            steps.append(f"{self.cpu - before:.3f}")
            with Path(self.times).open("a", encoding="utf-8") as file:  # others add their lines meanwhile
                file.write("\t".join([self.kind, *steps, nodeid]) + "\n")

    def pytest_unconfigure(self) -> None:
        if self.cpu_time:
            self.cpu_time.close()


def pytest_configure(config: pytest.Config) -> None:
    names = ("ROADPULSE_KIND", "ROADPULSE_NOW", "ROADPULSE_TIMES")
    config.pluginmanager.register(Progress(*(os.environ.get(name, "") for name in names)))
