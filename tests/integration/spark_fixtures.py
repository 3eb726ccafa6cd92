"""Runs on the stand-in cluster as fixtures (see conftest): with spark-submit, and over SSH as analysts do."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from development.cluster import Cluster
from development.installed import link_packages
from development.pytest_cluster import cluster  # noqa: F401
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.base.backend import Polling
from roadpulse.cluster_client.backends.ssh.backend import SshBackend
from roadpulse.cluster_client.processes import start_mark
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from tests.integration.spark_runs import SparkRun, executors, run_locally, tables
from tests.waiting import until

FAST = Polling(first=0.1, longest=0.5)
newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)
"""For what does not depend on Spark's version."""

Start = Callable[..., SparkRun]

EVERYWHERE = {"cores_max": ""}
"""For a run that takes all cores of the cluster, with an executor on every node; others take two cores."""

QUICKLY = ("--head-workers", "auto")
"""For runs of which it does not matter who does them."""


@pytest.fixture
def start(cluster: Cluster, tmp_path: Path) -> Iterator[Start]:  # noqa: F811
    """Starts runs on the cluster, and ends those that a failed test leaves."""
    runs: list[SparkRun] = []
    wait_for_free_cores(cluster)  # which the test before gives back by and by

    def begin(spec: dict[str, Any], *arguments: str, entry: str = "", **conf: str) -> SparkRun:
        settings = {f"spark.{name.replace('_', '.')}": value for name, value in conf.items()}
        run = SparkRun(cluster, tmp_path / f"run-{len(runs)}", settings)
        runs.append(run)
        return run.start(spec, *arguments, entry=entry)

    yield begin
    for run in runs:
        run.end()


@pytest.fixture
def trips(belfast: Path, tmp_path: Path) -> Path:
    """A folder with 300 trips, to be changed at will."""
    folder = tmp_path / "trips"
    folder.mkdir()
    for path in sorted((belfast / "trips").iterdir())[:300]:
        copy = Path(shutil.copy(path, folder))
        # Files with times of whole seconds are read again by a run that listed them when just written.
        os.utime(copy, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns // 1000 * 1000 + 1))
    return folder


@pytest.fixture(scope="session")
def many_trips(belfast: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More trips than two cores read in the twinkling of an eye: every Belfast trip twice."""
    folder = tmp_path_factory.mktemp("many")
    for copy in range(2):
        (folder / str(copy)).mkdir()
        for path in (belfast / "trips").iterdir():
            (folder / str(copy) / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="session")
def many_tables(many_trips: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What these trips give without Spark."""
    folder = tmp_path_factory.mktemp("without-spark")
    run_locally(folder / "run", spec_of(many_trips, folder / "store"))
    return tables(folder / "run")


@pytest.fixture(scope="session")
def belfast_tables(belfast: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What Belfast's trips give without Spark."""
    folder = tmp_path_factory.mktemp("without-spark")
    run_locally(folder / "run", spec_of(belfast / "trips", folder / "store"))
    return tables(folder / "run")


def spec_of(trips: Path, store: Path, **entries: Any) -> dict[str, Any]:
    fixed = {"speed_unit": "m/s", "time_zone": "Europe/London"}
    return {"trips": str(trips), "store": str(store), **fixed, **entries}


def in_the_middle(status: dict[str, Any]) -> bool:
    done, total = status["tasks"]["done"], status["tasks"]["total"]
    return status["state"] == "decoding" and 0 < done < total


def wait_for_free_cores(cluster: Cluster, seconds: float = 240) -> None:  # noqa: F811
    """Wait until no application holds a core."""
    until(lambda: not cluster.spark.cores_used(), seconds, "an application holds its cores")


def wait_for_quiet(cluster: Cluster) -> None:  # noqa: F811
    """The same, and until the executors of ended applications have ended too, which takes a second more."""
    wait_for_free_cores(cluster)
    until(lambda: not executors(cluster), what="an executor does not end")


@dataclass
class Way:
    """The profile that the cluster prints, with folders of one test's own, and what it takes to use it."""

    cluster: Cluster
    folder: Path

    def __post_init__(self) -> None:
        self.profile = replace(
            Profile.read(self.cluster.profile_file),
            folders=Folders(str(self.folder / "runs"), str(self.folder / "store")),
        )
        self.profile = self.with_resources(head_workers=0, cores=2)
        self.credentials = Credentials(key_path=self.profile.key_path)
        self.known = KnownHosts(self.cluster.sshd.known_hosts, ())
        self.store = RunStore(self.folder / "records")

    def backend(self, profile: Profile | None = None) -> SshBackend:
        """A desktop's way in; a second one is that of a desktop that was restarted."""
        return SshBackend(
            profile or self.profile, self.store, self.folder / "fetched", self.credentials, self.known
        )

    def run(self, trips: Path, name: str = "Belfast", profile: Profile | None = None, **entries: Any) -> Run:
        """A run that is not submitted yet; `resources` of the profile may be given as `cores`."""
        spec = RunSpec(
            trips=str(trips), store=str(self.folder / "store"), speed_unit="m/s",
            time_zone="Europe/London", **entries,
        )  # fmt: skip
        return Run.new(name, profile or self.profile, spec)

    def with_resources(self, **entries: Any) -> Profile:
        """The profile with other resources. Its own leave all to Spark, which has one executor."""
        return replace(self.profile, resources=replace(self.profile.resources, **entries))

    def on_every_node(self) -> Profile:
        """The profile with all cores of the cluster, and so with an executor on every node."""
        return self.with_resources(cores=self.cluster.spark.workers * self.cluster.spark.cores)


@pytest.fixture
def way(cluster: Cluster, tmp_path: Path) -> Iterator[Way]:  # noqa: F811
    """The way to the cluster over SSH; ends the runs that a failed test leaves."""
    # The packages are not what is tested here: take those that other tests fetched.
    link_packages(tmp_path / "store")
    wait_for_free_cores(cluster)  # which the test before gives back by and by
    yield Way(cluster, tmp_path)
    for path in tmp_path.glob("runs/*/pid"):
        with contextlib.suppress(OSError, ValueError):
            group, mark = path.read_text(encoding="ascii").split()
            if start_mark(int(group)) == mark:  # nobody else's
                os.killpg(int(group), signal.SIGKILL)
