"""The whole way: SSH to the stand-in cluster's head, Spark on its workers, and back."""

from dataclasses import replace
from pathlib import Path

import pytest
from roadpulse.aggregation.spec import RunSpec
from roadpulse.cluster_client.backend import Polling, follow
from roadpulse.cluster_client.diagnosis.checks import Outcome, diagnose, worst
from roadpulse.cluster_client.diagnosis.cluster import ClusterLook
from roadpulse.cluster_client.profile import Folders, Profile
from roadpulse.cluster_client.runs import Run, RunStore
from roadpulse.cluster_client.ssh.backend import SshBackend
from roadpulse.cluster_client.ssh.credentials import Credentials
from roadpulse.cluster_client.ssh.known_hosts import KnownHosts
from roadpulse.cluster_client.status import RunState

from development.pytest_cluster import cluster  # noqa: F401
from tests.integration.spark_runs import BUILD, run_locally, tables

FAST = Polling(first=0.1, longest=0.5)
newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)


@pytest.fixture
def way(cluster, tmp_path):  # noqa: F811
    """The profile that the cluster prints, with folders of this test's own, and what it takes to use it."""

    class Way:
        profile = replace(
            Profile.read(cluster.profile_file),
            folders=Folders(str(tmp_path / "runs"), str(tmp_path / "store")),
        )
        credentials = Credentials(key_path=profile.key_path)
        known = KnownHosts(cluster.sshd.known_hosts, ())
        store = RunStore(tmp_path / "records")

        def backend(self):
            return SshBackend(self.profile, self.store, tmp_path / "fetched", self.credentials, self.known)

    # The packages are not what is tested here: take those that other tests fetched.
    (tmp_path / "store").mkdir()
    (BUILD / "packages").mkdir(exist_ok=True)
    (tmp_path / "store/packages").symlink_to(BUILD / "packages")
    return Way()


@pytest.mark.belfast
def test_belfast_over_ssh_and_spark_gives_the_same_bytes(way, cluster, belfast, tmp_path):  # noqa: F811
    spec = RunSpec(
        trips=str(belfast / "trips"),
        store=str(tmp_path / "store"),
        speed_unit="mph",
        time_zone="Europe/London",
    )
    backend = way.backend()
    run = backend.submit(Run.new("Belfast", way.profile, spec))
    backend.close()  # the desktop goes away, and another one comes
    backend = way.backend()
    (run,) = way.store.unfinished()
    status = follow(backend, run, polling=FAST)
    assert status.state is RunState.FINISHED, (status, backend.log(run))
    folder = backend.fetch(run)
    run_locally(tmp_path / "local", {**spec.to_json(), "store": str(tmp_path / "other")})
    assert tables(folder) == tables(tmp_path / "local")


@newest
def test_a_cancelled_run_gives_its_executors_back(way, cluster, belfast, tmp_path):  # noqa: F811
    backend = way.backend()
    spec = RunSpec(trips=str(belfast / "trips"), store=str(tmp_path / "store"), speed_unit="mph")
    run = backend.submit(Run.new("Belfast", way.profile, spec))
    status = follow(backend, run, polling=FAST, cancelled=lambda: bool(cluster.spark.cores_used()))
    assert status.state is RunState.CANCELLED
    assert not cluster.spark.cores_used()
    assert not list(Path("/tmp").glob("roadpulse.*"))


@newest
def test_the_diagnosis_sees_every_node(way, belfast):
    look = ClusterLook(way.profile, way.credentials, way.known, str(belfast / "trips"))
    found = {finding.name: finding for finding in diagnose(look.checks())}
    look.close()
    assert worst(found.values()) is Outcome.OK, [f for f in found.values() if f.outcome is not Outcome.OK]
    assert "3 alive" in found["workers"].found and "6 cores" in found["workers"].found
    assert "3 executors" in found["job"].found
    assert "2,574 trip files" in found["node_trips"].found
