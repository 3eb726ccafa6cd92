"""Pytest plugin of development/test.sh: how far a session is, and how long each of its tests took.

    export ROADPULSE_KIND=unit ROADPULSE_NOW=now.txt ROADPULSE_TIMES=times.tsv
    python -m pytest -p development.pytest_progress

`ROADPULSE_NOW` names a file that always holds one line about the test that runs. To that of `ROADPULSE_TIMES`
a line is added for each test: kind, seconds of its set-up (with the servers that it is the first to ask for),
of itself and of its tear-down, and its name, separated by tabs.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

STEPS = ("setup", "call", "teardown")


class Progress:
    """The progress file of a test session."""

    def __init__(self, kind: str, now: str, times: str) -> None:
        self.kind, self.now, self.times = kind, now, times
        self.total = self.begun = 0
        self.seconds: Counter[str] = Counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.total = len(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.begun += 1
        if self.now:
            share = 100 * (self.begun - 1) // max(1, self.total)
            line = f"{self.kind}, {share} % ({self.begun:,} of {self.total:,}): {nodeid.rpartition('/')[2]}\n"
            aside = Path(f"{self.now}.part")
            aside.write_text(line, encoding="utf-8")
            aside.replace(self.now)  # a reader finds a whole line

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.when or ""] += report.duration

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        steps = [f"{self.seconds.pop(step, 0.0):.3f}" for step in STEPS]
        if self.times:
            with Path(self.times).open("a", encoding="utf-8") as file:  # others add their lines meanwhile
                file.write("\t".join([self.kind, *steps, nodeid]) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    names = ("ROADPULSE_KIND", "ROADPULSE_NOW", "ROADPULSE_TIMES")
    config.pluginmanager.register(Progress(*(os.environ.get(name, "") for name in names)))
