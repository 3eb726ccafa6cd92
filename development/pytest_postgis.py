"""The pytest fixture `postgis`: a throw-away server for the whole session.

from development.pytest_postgis import postgis  # noqa: F401
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from .installed import BUILD, left_behind
from .postgis import PostGIS

_PREFIX = "postgis-test-"


def _clean_up() -> None:
    """End the servers of test sessions that were killed."""
    for folder in left_behind(_PREFIX):
        PostGIS(folder).stop(remove=True)


@pytest.fixture(scope="session")
def postgis() -> Iterator[PostGIS]:
    """A running PostGIS with an empty database."""
    with contextlib.suppress(OSError):
        _clean_up()
    with PostGIS(BUILD / f"{_PREFIX}{os.getpid()}") as server:
        yield server
