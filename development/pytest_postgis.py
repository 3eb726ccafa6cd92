"""The pytest fixture `postgis`: a throw-away server for the whole session.

from development.pytest_postgis import postgis  # noqa: F401
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .postgis import PostGIS

_BUILD = Path(__file__).resolve().parents[1] / "build"


def _clean_up() -> None:
    """End the servers of test sessions that were killed."""
    for folder in _BUILD.glob("postgis-test-*"):
        owner = folder.name.rpartition("-")[2]
        if not Path("/proc", owner).exists():
            PostGIS(folder).stop(remove=True)


@pytest.fixture(scope="session")
def postgis() -> Iterator[PostGIS]:
    """A running PostGIS with an empty database."""
    with contextlib.suppress(OSError):
        _clean_up()
    with PostGIS(_BUILD / f"postgis-test-{os.getpid()}") as server:
        yield server
