"""Fixtures of the tests that need real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from development.pytest_cluster import livy, start_livy  # noqa: F401
from development.pytest_postgis import postgis  # noqa: F401
from development.pytest_s3 import bucket, s3_server  # noqa: F401
from tests.abilities import need
from tests.integration.livy_fixtures import few_trips, livy_way, make_way  # noqa: F401
from tests.integration.spark_fixtures import (  # noqa: F401
    belfast_tables,
    cluster,
    many_tables,
    many_trips,
    start,
    trips,
    way,
)
from tests.integration.ssh_server import Relay, SshServer, User, ssh_server, temporary_user  # noqa: F401


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests of the same cluster and Livy follow one another, so that each of those starts once."""

    def servers(item: pytest.Item) -> tuple[str, str]:
        chosen = item.callspec.params if hasattr(item, "callspec") else {}
        return chosen.get("cluster", ""), chosen.get("livy", "")

    items.sort(key=servers)


@pytest.fixture
def relay(ssh_server: SshServer) -> Iterator[Relay]:  # noqa: F811
    """A way to that server, which can be cut."""
    relay = Relay(ssh_server.port)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def other_user() -> Iterator[User]:
    """A user with a password, a home and a shell that a test may change."""
    need("users")
    with temporary_user() as user:
        yield user
