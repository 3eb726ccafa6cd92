"""Runs through Livy on the stand-in cluster, as analysts do them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from development.cluster import Cluster
from development.cluster_daemons import descendants
from development.cluster_profiles import livy_profile
from development.installed import link_packages
from development.livy import Livy
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.backends.base.backend import Polling
from roadpulse.cluster_client.backends.livy.backend import LivyBackend
from roadpulse.cluster_client.backends.livy.batch import batch_name
from roadpulse.cluster_client.backends.livy.client import LivyClient, Timeouts
from roadpulse.cluster_client.backends.livy.status_poller import Limits
from roadpulse.cluster_client.profiles.credentials import ProfileKeys, UserSecret
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.ssh_credentials import Credentials
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from tests.integration.spark_fixtures import wait_for_free_cores

FAST = Polling(first=0.1, longest=0.5)
LIMITS = Limits(cancel=4, ghost=3, posted=5, silent=60, begin=120, away=60)
QUICK = Timeouts(connect=10, answer=30, whole=60)
newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)
anywhere = pytest.mark.parametrize(("cluster", "livy"), [("4", "0.7.1")], indirect=True)
"""For what depends on no version."""


@dataclass
class LivyWay:
    """A desktop's way to one Livy, with folders of one test's own."""

    cluster: Cluster
    server: Livy
    folder: Path
    changes: dict[str, Any] = field(default_factory=dict)
    login: UserSecret | None = None

    def __post_init__(self) -> None:
        found = Profile.from_json(livy_profile(self.cluster, self.server))
        folders = Folders(str(self.folder / "runs"), str(self.folder / "store"), found.folders.jobs)
        # Spark does all, with one executor, unless a test wants otherwise.
        resources = replace(found.resources, head_workers=0, cores=2)
        self.profile = replace(found, **{"folders": folders, "resources": resources, **self.changes})
        self.keys = ProfileKeys(Credentials(key_path=self.profile.key_path), self.login)
        self.known = KnownHosts(self.cluster.sshd.known_hosts, ())
        self.store = RunStore(self.folder / "records")
        self.store_folder = str(self.folder / "store")
        self.backends: list[LivyBackend] = []

    def on_every_node(self) -> Profile:
        """The profile with all cores of the cluster, and so with an executor on every node."""
        spark = self.cluster.spark
        return replace(
            self.profile, resources=replace(self.profile.resources, cores=spark.workers * spark.cores)
        )

    def backend(self, profile: Profile | None = None, **options: Any) -> LivyBackend:
        """A desktop's way in; a second one is that of a desktop that was restarted."""
        options = {"timeouts": QUICK, "limits": LIMITS, "sure": 3.0, **options}
        found = LivyBackend(
            profile or self.profile, self.store, self.folder / "fetched", self.keys, self.known, **options
        )
        self.backends.append(found)
        return found

    def client(self) -> LivyClient:
        """A way of the test's own to ask that Livy."""
        return LivyClient(self.server.url, self.login, ca_file=self.profile.ca_file, timeouts=QUICK)

    def run(self, trips: Path, name: str = "Belfast", **entries: Any) -> Run:
        """A run that is not submitted yet."""
        spec = RunSpec(
            trips=str(trips), store=self.store_folder, s3=self.profile.s3, speed_unit="m/s",
            time_zone="Europe/London", **entries,
        )  # fmt: skip
        return Run.new(name, self.profile, spec)

    def batches(self) -> list[dict[str, Any]]:
        """All batches that this Livy knows."""
        with self.server.session() as session:
            found: list[dict[str, Any]] = session.get(f"{self.server.url}/batches?size=1000").json()[
                "sessions"
            ]
        return found

    def applications(self, run: Run) -> int:
        """How many Spark applications were ever started for a run."""
        state = self.cluster.spark.state()
        apps = [*state.get("activeapps", ()), *state.get("completedapps", ())]
        return sum(run.id in app["name"] for app in apps)

    def close(self) -> None:
        """Give up the connections, and end the runs that a failed test leaves."""
        for backend in self.backends:
            backend.close()
        names = [batch_name(run).encode() for run in self.store.runs().runs]
        for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if any(name in command for name in names):
                    for process in descendants(pid):
                        process.send(signal.SIGKILL)
                    os.kill(pid, signal.SIGKILL)


MakeWay = Callable[..., LivyWay]


@pytest.fixture
def make_way(cluster: Cluster, tmp_path: Path) -> Iterator[MakeWay]:
    """Makes ways to servers of a test's own."""
    # The packages are not what is tested here: take those that other tests fetched.
    link_packages(tmp_path / "store")
    wait_for_free_cores(cluster)  # which the test before gives back by and by
    made: list[LivyWay] = []

    def make(server: Livy, login: UserSecret | None = None, **changes: Any) -> LivyWay:
        made.append(LivyWay(cluster, server, tmp_path, changes, login))
        return made[-1]

    yield make
    for way in made:
        way.close()


@pytest.fixture
def livy_way(make_way: MakeWay, livy: Livy) -> LivyWay:
    """The way to the session's Livy."""
    return make_way(livy)


@pytest.fixture
def few_trips(belfast: Path, tmp_path: Path) -> Path:
    """A folder with 60 trips."""
    folder = tmp_path / "trips"
    folder.mkdir()
    for path in sorted((belfast / "trips").iterdir())[:60]:
        (folder / path.name).symlink_to(path)
    return folder
