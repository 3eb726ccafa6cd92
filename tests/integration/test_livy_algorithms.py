"""The algorithms through Livy, as one calls them in a terminal: a real Livy, Spark and qgis_process."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from osgeo import ogr

from development.cluster import Cluster
from development.cluster_profiles import livy_profile, s3_access
from development.installed import link_packages
from development.livy import Livy
from development.s3 import S3Server
from tests.terminal import Terminal

anywhere = pytest.mark.parametrize(("cluster", "livy"), [("4", "0.7.1")], indirect=True)


@dataclass
class Call:
    """What the algorithms need: a terminal, a city, its trips in a bucket and the file of a profile."""

    terminal: Terminal
    city: Path
    trips: str
    profile: Path


@pytest.fixture
def call(cluster: Cluster, livy: Livy, s3_server: S3Server, bucket: str, tmp_path: Path) -> Call:
    if shutil.which("qgis_process") is None:
        pytest.skip("there is no qgis_process; install QGIS's command line tools")
    terminal = Terminal(tmp_path / "qgis")
    city = tmp_path / "city"
    terminal("run", "roadpulse:democity", "--TRIPS=60", "--SEED=5", "--SIZE=small", f"--OUTPUT={city}")
    shutil.copytree(city / "trips", s3_server.data / bucket / "2019")
    link_packages(tmp_path / "store")
    profile = livy_profile(cluster, livy)
    profile["folders"].update(runs=str(tmp_path / "runs"), store=str(tmp_path / "store"))
    profile["resources"] = {**profile["resources"], "cores": 2}  # one executor
    profile["s3"] = s3_access(s3_server)
    path = tmp_path / "livy.json"
    path.write_text(json.dumps(profile))
    return Call(terminal, city, f"s3://{bucket}/2019", path)


@anywhere
def test_a_map_is_made_through_livy_of_trips_in_a_bucket(call: Call, tmp_path: Path) -> None:
    found = call.terminal.run(
        "roadpulse:speedmap",
        {
            "PROFILE": str(call.profile), "TRUST_PROGRAMS": True, "TRIPS": call.trips, "SPEED_UNIT": "mph",
            "MIN_TRIPS": 2, "LINKS": str(call.city / "links.gpkg"), "OUTPUT": str(tmp_path / "speeds.gpkg"),
        },
    )  # fmt: skip
    assert (found["TRIP_COUNT"], found["MATCH_RATE"]) == (60, 100)
    file, _, layer = found["OUTPUT"].partition("|layername=")
    written = ogr.Open(file)
    assert written.GetLayer(layer).GetFeatureCount() == found["LINK_COUNT"] > 50
    (there,) = (tmp_path / "runs").glob("20*")
    manifest = json.loads((there / "manifest.json").read_text())
    assert manifest["runner"]["kind"] == "spark"


@pytest.mark.long
@anywhere
def test_the_diagnosis_of_livy_with_trips_in_a_bucket_finds_all_well(call: Call) -> None:
    told = call.terminal(
        "run", "roadpulse:diagnose", f"--PROFILE={call.profile}", f"--TRIPS={call.trips}",
        "--TRUST_PROGRAMS=true",
    )  # fmt: skip
    assert "OUTCOME:\tok" in told, told
