"""The same Run on a cluster over SSH: chosen in the dialog, followed, left, cancelled, on the map."""

from __future__ import annotations

import csv
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from development.cluster import Cluster
from development.cluster_profiles import livy_profile, ssh_profile
from development.installed import link_packages
from development.livy import Livy
from development.postgis import PostGIS
from tests.gui.desktop import SCREENS, Desktop, always_waits
from tests.integration.ssh_server import Relay
from tests.waiting import until

NAME = "Belfast Pi cluster"
PATIENCE = "150"
"""Seconds for a step: a run on Spark starts slowly where other tests go on."""

newest = pytest.mark.parametrize("cluster", ["4"], indirect=True)


@dataclass
class Analyst:
    """Somebody with a QGIS profile that knows the cluster."""

    desktop: Desktop
    cluster: Cluster
    folder: Path

    def know(self, profile: dict[str, Any] | None = None, **entries: Any) -> None:
        """Store the cluster's profile (over SSH), with run folders of this test's own.

        All is left to Spark, so that a run lasts long enough to be cancelled or left; to one executor, since
        each takes seconds to start.
        """
        values = profile or ssh_profile(self.cluster)
        values = {**values, "resources": {**values["resources"], "head_workers": 0, "cores": 2}}
        folders = {"runs": str(self.folder / "runs"), "store": str(self.folder / "store")}
        folders = {**values["folders"], **folders}
        file = self.desktop.profile / "roadpulse" / "profiles" / "cluster.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**values, "name": NAME, "folders": folders, **entries}), encoding="utf-8")

    def drive(self, scenario: str, trips: Path, postgis: PostGIS, **options: Any) -> dict[str, Any]:
        return self.desktop.drive(
            scenario, timeout=600, trips=str(trips), postgis=postgis.conninfo(), profile=NAME, **options
        )

    def measure(self, scenario: str, trips: Path, postgis: PostGIS, **options: Any) -> dict[str, Any]:
        """Drive it, and hold that nothing of it always keeps the window waiting."""
        report = self.drive(scenario, trips, postgis, **options)
        late = always_waits(
            report, lambda: self.drive(scenario, trips, postgis, network=options.get("network"))
        )
        assert not late, late
        return report


class Cable:
    """The network between QGIS and a host; a scenario writes `down` or `up` into the file `switch`."""

    def __init__(self, host: str, port: int, switch: Path) -> None:
        self.switch = switch
        self._relay = Relay(port, host)
        self.port = self._relay.port
        self._ended = threading.Event()

    def __enter__(self) -> Cable:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._relay.close()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            word = self.switch.read_text(encoding="ascii") if self.switch.exists() else "up"
            if word == "down" and self._relay.open:
                self._relay.cut(reopen=False)
            elif word == "up":
                self._relay.open = True


@pytest.fixture
def analyst(tmp_path: Path, checkout: Path, cluster: Cluster) -> Analyst:
    # The packages are not what is tested here: take those that other tests fetched.
    link_packages(tmp_path / "store")
    desktop = Desktop(tmp_path / "qgis", checkout, environment={"ROADPULSE_GUI_PATIENCE": PATIENCE})
    found = Analyst(desktop, cluster, tmp_path)
    found.know()
    until(lambda: not cluster.spark.cores_used())  # which the test before gives back by and by
    return found


@newest
@pytest.mark.belfast
def test_belfast_run_on_the_cluster_is_the_same_map(
    analyst: Analyst, belfast: Path, postgis: PostGIS
) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")
    report = analyst.measure(
        "person_runs_on_cluster", belfast / "trips", postgis, screens=f"{SCREENS}/cluster"
    )
    assert report["ended"] == ""
    assert report["filled"]["live"] == "connected, 3 workers, all 6 cores free"
    assert report["filled"]["trips"].startswith("2,574 files, ")
    assert report["filled"]["preview"] == "link 14778911013  ·  34.6 mph  ·  Tue 00:00"
    assert report["filled"]["roads"] == "4,383 links, 100 % of the sample's ids match"
    assert not report["filled"]["browse"]
    assert NAME in report["filled"]["footer"]

    assert report["phases"][-2:] == ["FETCHING", "MAPPING"]
    assert report["fetched"][0] == report["fetched"][1] > 100_000
    assert report["log"]
    with (belfast / "expected.csv").open(newline="") as file:
        expected = list(csv.DictReader(file))
    assert report["layers"] == [len(expected)]
    assert f"{sum(int(row['count(linkID)']) for row in expected):,}" in report["points"]
    assert "2,574 trips" in report["summary"]
    assert report["again"]["trips"].endswith(", none new")
    assert report["again"]["footer"].startswith("About ")


@newest
@pytest.mark.belfast
def test_a_run_on_the_cluster_is_cancelled_and_gives_its_cores_back(
    analyst: Analyst, belfast: Path, postgis: PostGIS
) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")
    report = analyst.measure("run_is_cancelled_there", belfast / "trips", postgis, screens=f"{SCREENS}/stop")
    assert report["before it began"].startswith("The run was cancelled before it began.")
    assert report["running"]
    assert report["at_once"].startswith("Stopping.")
    assert report["said"].startswith("The run was cancelled.")
    assert report["form_again"]
    until(lambda: not analyst.cluster.spark.cores_used())


@newest
def test_the_key_of_an_unknown_host_is_compared_once(analyst: Analyst, city: Path, postgis: PostGIS) -> None:
    analyst.know(host_key="")
    report = analyst.drive("host_key_is_unknown", city / "trips", postgis, screens=f"{SCREENS}/key")
    before = report["before"]
    assert before["live"] == "host key unknown"
    assert before["note"].endswith("Check…")
    assert not before["run"]
    assert before["footer"]
    assert analyst.cluster.sshd.fingerprint in report["shown"]
    assert report["after"]["live"].startswith("connected, 3 workers")
    known = (analyst.desktop.profile / "roadpulse" / "known_hosts").read_text(encoding="ascii")
    assert analyst.cluster.sshd.known_hosts.read_text(encoding="ascii").split()[2] in known


@newest
@pytest.mark.belfast
def test_a_run_on_the_cluster_goes_on_without_qgis_and_is_taken_up_again(
    analyst: Analyst, belfast: Path, postgis: PostGIS
) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")
    left = analyst.drive("run_goes_on_there", belfast / "trips", postgis)
    assert left["running"]
    found = analyst.drive("run_is_found_again", belfast / "trips", postgis, screens=f"{SCREENS}/there-again")
    assert f"on {NAME}" in found["offer"]
    assert found["folder"] == left["folder"]
    assert "2,574 trips" in found["summary"]
    started = list((analyst.folder / "runs").glob("2*"))
    assert len(started) == 1


@newest
@pytest.mark.belfast
def test_a_lost_network_is_said_and_waited_out(analyst: Analyst, belfast: Path, postgis: PostGIS) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")
    sshd = analyst.cluster.sshd
    with Cable(sshd.host, sshd.port, analyst.folder / "network") as cable:
        analyst.know(host="127.0.0.1", port=cable.port)
        report = analyst.measure(
            "network_is_lost", belfast / "trips", postgis, screens=f"{SCREENS}/lost", network=cable.switch
        )
    assert report["running"]
    assert "There is no connection to" in report["trouble"]
    assert report["trouble"].endswith("Try now")
    assert report["connecting"] == "Connecting…"
    assert "2,574 trips" in report["summary"], report["said"]


@pytest.mark.long
@newest
@pytest.mark.parametrize("livy", ["0.7.1"], indirect=True)
@pytest.mark.belfast
def test_the_same_run_through_livy(analyst: Analyst, livy: Livy, belfast: Path, postgis: PostGIS) -> None:
    postgis.load_streets(belfast / "streets.csv", table="streets", schema="roads")
    analyst.know(livy_profile(analyst.cluster, livy))
    report = analyst.measure("person_runs_on_cluster", belfast / "trips", postgis, screens=f"{SCREENS}/livy")
    assert report["ended"] == ""
    assert report["filled"]["live"] == "connected, Livy 0.7.1"
    assert report["filled"]["trips"].startswith("2,574 files, ")
    assert report["phases"][-2:] == ["FETCHING", "MAPPING"]
    assert "2,574 trips" in report["summary"]
    assert report["again"]["trips"].endswith(", none new")
