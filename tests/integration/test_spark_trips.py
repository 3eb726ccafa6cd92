"""Trips in a folder that every node has of its own, on workers that each see file systems of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from development.cluster import Cluster
from development.machine import own_mounts
from tests.abilities import need
from tests.integration.spark_fixtures import EVERYWHERE, Start, newest, spec_of
from tests.integration.spark_runs import run_locally, tables
from tests.integration.test_forms import FORMS, made
from tests.waiting import until

Nodes = Callable[..., None]


@pytest.fixture(scope="module")
def nodes(cluster: Cluster) -> Iterator[Nodes]:
    """A function that starts so many workers anew, each after a command in a name space of its own mounts."""
    need("mounts")

    def restart(wanted: int, *within: str) -> None:
        for number in range(cluster.spark.workers):
            cluster.spark.worker(number).stop()
        for number in range(wanted):
            cluster.spark.start_worker(number, *within)
        until(lambda: cluster.spark.alive_workers() == wanted)

    def start(command: str, wanted: int) -> None:
        restart(wanted, *own_mounts(), "sh", "-ec", f'{command}\nexec "$@"', "node")

    yield start
    restart(cluster.spark.workers)


@pytest.fixture
def elsewhere(trips: Path, tmp_path: Path) -> Path:
    """A copy of the trips with the files' times, to be mounted by nodes."""
    copy = tmp_path / "copy"
    shutil.copytree(trips, copy)
    return copy


def large_csv(path: Path) -> None:
    """Write a CSV of 40 MB, which is read in stretches, of trips one after the other."""
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'trip ' || n // 300 AS trip, 1750000000 + n AS timestamp, n % 90 AS absVelocity, "
            "100 + n // 20 % 40 AS \"dbResponse.linkID\", repeat('x', 40) AS note "
            f"FROM range(550000) AS numbers(n)) TO '{path}' (HEADER)"
        )


@newest
def test_files_of_many_trips_give_the_same_bytes_on_spark(start: Start, trips: Path, tmp_path: Path) -> None:
    """Of several forms, and of one large file that all workers share."""
    large_csv(trips / "large.csv")
    for n, name in enumerate(("Parquet", "comma", "a point a line", "array of points")):
        (trips / f"{n} {FORMS[name][0]}").write_bytes(FORMS[name][2](made()))
    spec = spec_of(trips, tmp_path / "store", mapping={"trip_id": "data.trip"})
    run = start(spec, **EVERYWHERE).finish()
    assert run.manifest()["files"]["bad"] == 0
    alone = run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.manifest()["files"]["trips"] == alone["files"]["trips"]
    assert run.tables() == tables(tmp_path / "local")


@newest
def test_trips_may_lie_in_a_folder_that_every_node_has_of_its_own(
    start: Start, nodes: Nodes, trips: Path, elsewhere: Path, tmp_path: Path
) -> None:  # fmt: skip
    (trips / "only-on-the-head.md").touch()
    nodes(f"mount -t tmpfs none {trips}; cp -a {elsewhere}/. {trips}/", 2)
    spec = spec_of(trips, tmp_path / "store")
    run = start(spec, **EVERYWHERE).finish()
    assert run.manifest()["files"]["bad"] == 0
    run_locally(tmp_path / "local", {**spec, "store": str(tmp_path / "other")})
    assert run.tables() == tables(tmp_path / "local")


@newest
def test_nodes_that_see_other_trips_are_named_until_they_see_the_same(
    start: Start, nodes: Nodes, trips: Path, elsewhere: Path, tmp_path: Path
) -> None:  # fmt: skip
    spec = spec_of(trips, tmp_path / "store")
    for command, words in {
        f"mount -t tmpfs none {trips}": "is missing there",
        f"mount -t tmpfs none {trips}; cp -r {elsewhere}/. {trips}/": "has another time or size there",
    }.items():
        nodes(command, 1)
        run = start(spec)
        assert run.wait() == 1
        message = run.status()["error"]["message"]
        assert words in message and str(trips) in message and os.uname().nodename in message
    nodes("true", 1)  # mended
    again = start(spec).finish()
    assert again.manifest()["files"]["bad"] == 0


@newest
def test_file_that_is_gone_everywhere_is_no_fault_of_a_node(
    start: Start, trips: Path, tmp_path: Path
) -> None:  # fmt: skip
    """A link that leads nowhere, since it is there for the listing and for nobody who reads."""
    (trips / "gone.json").symlink_to(tmp_path / "nowhere.json")
    run = start(spec_of(trips, tmp_path / "store")).finish()
    assert run.manifest()["bad_files_by_reason"] == {"vanished": 1}
