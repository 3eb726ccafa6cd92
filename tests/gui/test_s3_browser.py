"""Trips in a bucket, found from the Run dialog of the real QGIS, and on its map."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from development.pytest_s3 import s3_server  # noqa: F401
from development.s3 import REGION, S3Server
from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.cluster_client.profiles.profile import Folders, Profile
from roadpulse.cluster_client.profiles.store import ProfileStore
from tests.gui.desktop import SCREENS, Desktop, always_waits


def test_a_folder_of_a_bucket_is_found_from_the_run_dialog_without_stopping_the_window(
    desktop: Desktop,
    city: Path,
    s3_server: S3Server,  # noqa: F811
) -> None:
    names = sorted((city / "trips").iterdir())
    for name in ("archive-2018", "belfast-trips", "results"):
        s3_server.make_bucket(name)
    for month in range(1, 7):
        folder = s3_server.data / "belfast-trips" / "2019" / f"{month:02d}"
        folder.mkdir(parents=True)
        for trip in names:
            shutil.copyfile(trip, folder / trip.name)
    (s3_server.data / "belfast-trips" / "2020").mkdir()
    shutil.copyfile(names[0], s3_server.data / "belfast-trips" / "2020" / names[0].name)
    access = S3Access(endpoint=s3_server.endpoint, region=REGION, keys_file=str(s3_server.keys_file))
    profile = replace(Profile(kind="local", name="MinIO from here"), s3=access)
    ProfileStore(desktop.profile / "roadpulse" / "profiles").save(profile)

    def drive() -> dict[str, Any]:
        return desktop.drive(
            "bucket_is_chosen", profile=profile.name, bucket="belfast-trips", screens=f"{SCREENS}/s3"
        )

    report = drive()
    assert report["buckets"] == ["archive-2018", "belfast-trips", "results"]
    n_bytes = 6 * sum(trip.stat().st_size for trip in names)
    assert report["numbers"] == f"900 trip files, {n_bytes / 1e6:,.0f} MB"
    assert report["trips"] == "s3://belfast-trips/2019/"
    assert report["note"].startswith("900 files")
    assert not always_waits(report, drive)


def test_trips_in_a_bucket_are_read_by_this_computer_and_drawn(
    desktop: Desktop,
    city: Path,
    s3_server: S3Server,  # noqa: F811
) -> None:
    trips = sorted((city / "trips").iterdir())
    for name in ("aldermere", "points"):
        s3_server.make_bucket(name)
    shutil.copytree(city / "trips", s3_server.data / "aldermere" / "june")
    access = S3Access(endpoint=s3_server.endpoint, region=REGION, keys_file=str(s3_server.keys_file))
    here = Profile(kind="local", name="Buckets", s3=access, folders=Folders(store="s3://points/aldermere"))
    ProfileStore(desktop.profile / "roadpulse" / "profiles").save(here)

    def drive() -> dict[str, Any]:
        return desktop.drive(
            "trips_are_in_a_bucket", profile=here.name, trips="s3://aldermere/june/",
            streets=str(city / "streets.csv"), screens=f"{SCREENS}/s3",
        )  # fmt: skip

    report = drive()
    assert report["ended"] == ""
    megabytes = sum(trip.stat().st_size for trip in trips) / 1e6
    assert report["filled"]["trips"] == f"150 files, {megabytes:,.0f} MB, all new"
    assert report["filled"]["preview"].startswith("link ")
    assert report["filled"]["fields"] == "Trips of 2019  ·  3 of 3 fields recognised"
    assert report["filled"]["roads"].endswith("of the sample's ids match")
    assert report["filled"]["footer"].endswith("on this computer (all files are new).")
    assert report["title"] == "june is on the map"
    assert report["read"].startswith("150 files")
    assert "150 trips" in report["summary"]
    assert report["layers"] == ["june: mean speed (mph)", "Streets"]
    assert (s3_server.data / "points" / "aldermere").is_dir()
    assert not always_waits(report, drive)
