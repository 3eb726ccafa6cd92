"""Fixtures that every kind of test shares."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from development.installed import locked

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT.parent / "shared" / "data" / "belfast.tar.xz"
STRICT = os.environ.get("ROADPULSE_STRICT") == "1"

# The same examples every time, and no judgement of how long one takes: the computer may have much else to do.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In strict mode a skipped test has failed: what it needs is missing."""
    outcome = yield
    report = outcome.get_result()
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in strict mode: {call.excinfo.value if call.excinfo else ''}"


@pytest.fixture(scope="session")
def belfast() -> Path:
    """Folder of the Belfast pack: trips/, streets.csv, expected.csv, expected_hourly.csv."""
    if not PACK.exists():
        pytest.skip(f"the Belfast pack is not at {PACK}")
    folder = ROOT / "build" / "belfast"
    done = folder / ".unpacked"
    with locked("belfast"):
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with tarfile.open(PACK) as archive:
                archive.extractall(folder)
            done.touch()
    return folder
