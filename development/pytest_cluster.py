"""Pytest fixtures: the stand-in cluster for the whole session, with either Spark, and Livy on it.

tests/integration/conftest.py imports them, and no test does so itself: that would make a second cluster in
the same place.

Nothing is started for a test that does not ask for it. A test that needs one combination only says so:

    @pytest.mark.parametrize("cluster", ["4"], indirect=True)
    @pytest.mark.parametrize("livy", ["0.7.1"], indirect=True)
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Optional

import pytest

from .certificates import Certificate
from .cluster import Cluster
from .cluster_spark import VERSIONS
from .installed import BUILD, Unavailable, left_behind
from .ldap import LdapServer
from .livy import Livy, livy_jars, versions

_PREFIX = "cluster-test-"


def _clean_up() -> None:
    """End the clusters of test sessions that were killed."""
    for folder in left_behind(_PREFIX):
        Cluster(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=VERSIONS, ids=[f"spark-{version}" for version in VERSIONS])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A running cluster on addresses of its own, so that sessions do not meet."""
    with contextlib.suppress(OSError):
        _clean_up()
    pid = os.getpid()
    found = Cluster(
        BUILD / f"{_PREFIX}{pid}",
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


@pytest.fixture(scope="session", params=versions(), ids=[f"livy-{version}" for version in versions()])
def livy(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Livy]:
    """A running Livy on that cluster, in each version that can be had; tests leave it running and empty."""
    _need(request.param)
    found = cluster.livy_server(
        request.param, f"{cluster.subnet}.15", cluster.folder / f"livy-{request.param}"
    )
    found.start()
    try:
        yield found
    finally:
        found.stop()


StartLivy = Callable[..., Livy]


@pytest.fixture
def start_livy(cluster: Cluster) -> Iterator[StartLivy]:
    """A function that starts a Livy of this test's own, to kill or to set up otherwise.

    `start_livy(version="0.7.1", *, certify=None, ldap=None, settings=None, environment=None)`: `certify`
    makes a certificate for the host that it is given; the others are those of `Livy`.
    """
    started: list[Livy] = []

    def start(
        version: str = "0.7.1",
        *,
        certify: Optional[Callable[[str], Certificate]] = None,
        ldap: Optional[LdapServer] = None,
        settings: Optional[Mapping[str, str]] = None,
        environment: Optional[Mapping[str, str]] = None,
    ) -> Livy:
        _need(version)
        number = len(started)
        host = f"{cluster.subnet}.{31 + number}"
        found = cluster.livy_server(
            version, host, cluster.folder / f"livy-own-{number}", certificate=certify and certify(host),
            ldap=ldap, settings=settings, environment=environment,
        )  # fmt: skip
        started.append(found)
        found.start()
        return found

    yield start
    for found in started:
        found.stop()
        shutil.rmtree(found.folder, ignore_errors=True)


def _need(version: str) -> None:
    try:
        livy_jars(version)
    except Unavailable as error:
        pytest.skip(str(error))
