"""Fixtures that every kind of test shares."""

from __future__ import annotations

import gc
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from development.installed import locked
from development.machine import PACK
from tests import abilities

ROOT = Path(__file__).resolve().parent.parent
STRICT = os.environ.get("ROADPULSE_STRICT") == "1"

# The same examples every time, and no judgement of how long one takes: the computer may have much else to do.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In strict mode a skipped test has failed: what it needs is missing.

    What this computer cannot do is another matter: it is counted, and told in one sentence in the end.
    """
    outcome = yield
    report = outcome.get_result()
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(call.excinfo.value) if call.excinfo else ""
        if not abilities.counted(reason):
            report.outcome = "failed"
            report.longrepr = f"skipped in strict mode: {reason}"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all collected tests again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In strict mode a session that left tests out has failed."""
    gc.unfreeze()  # what ends with the session is collected
    if abilities.COUNTS and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, tests in abilities.COUNTS.items():
        terminalreporter.write_line(f"strict mode: {tests} left out. {reason}")


@pytest.fixture(scope="session")
def belfast() -> Path:
    """Folder of the Belfast pack: trips/, streets.csv, expected.csv, expected_hourly.csv."""
    abilities.need("belfast")
    folder = ROOT / "build" / "belfast"
    done = folder / ".unpacked"
    with locked("belfast"):
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(PACK) as archive:
                archive.extractall(folder)
            done.touch()
    return folder
