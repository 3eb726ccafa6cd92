"""The pytest fixture `cluster`: the stand-in cluster for the whole session, with either version of Spark.

from development.pytest_cluster import cluster  # noqa: F401
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster
from .cluster_spark import VERSIONS

_BUILD = Path(__file__).resolve().parents[1] / "build"
_PREFIX = "cluster-test-"


def _clean_up() -> None:
    """End the clusters of test sessions that were killed."""
    for folder in _BUILD.glob(f"{_PREFIX}*"):
        owner = folder.name.rpartition("-")[2]
        if not Path("/proc", owner).exists():
            Cluster(folder).stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=VERSIONS, ids=[f"spark-{version}" for version in VERSIONS])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running cluster on addresses of its own, so that sessions do not meet."""
    with contextlib.suppress(OSError):
        _clean_up()
    pid = os.getpid()
    found = Cluster(
        _BUILD / f"{_PREFIX}{pid}",
        request.param,
        subnet=f"127.{100 + pid % 100}.{pid // 100 % 250}",
        ssh_port=22022,
        with_postgis=False,
    )
    found.start()
    try:
        yield found
    finally:
        found.stop()
        shutil.rmtree(found.folder, ignore_errors=True)
