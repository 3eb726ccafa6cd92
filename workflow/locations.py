"""Folders of Roadpulse on this computer: profiles, records of runs, run folders, points.

Profiles and runs belong to the QGIS user profile. Points are only a cache, shared by all of them: without it
a run takes longer and gives the same.
"""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QStandardPaths

from ..cluster_client.backends.base.backend_type import Kept
from ..cluster_client.profiles.profile import Profile
from ..cluster_client.profiles.store import ProfileStore
from ..cluster_client.runs.paths import default_store
from ..cluster_client.runs.records import RunStore


def home() -> Path:
    """Roadpulse's folder in the QGIS user profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "roadpulse"


def profile_store() -> ProfileStore:
    """Return the stored profiles."""
    return ProfileStore(home() / "profiles")


def run_store() -> RunStore:
    """Return the records of this computer's runs."""
    return RunStore(home() / "records")


def presets_folder() -> Path:
    """Return the folder of the person's presets of styles."""
    return home() / "presets"


def known_hosts() -> Path:
    """Return the SSH host keys that a person has accepted here."""
    return home() / "known_hosts"


def runs_folder() -> Path:
    """Return the folder of run folders, for runs that name none."""
    return home() / "runs"


def kept() -> Kept:
    """Return these folders as backends need them."""
    return Kept(runs=runs_folder(), known_hosts=known_hosts())


def maps_folder() -> Path:
    """Return the folder of map files, for calls that name none."""
    return home() / "maps"


def layers_folder() -> Path:
    """Return the folder of the points of layers that served as trips: a cache, like the point store."""
    cache = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation)
    return (Path(cache) / "roadpulse" if cache else home()) / "layers"


def point_store(profile: Profile) -> str:
    """Return the folder of the point store for runs of a profile, as the place of execution sees it."""
    if profile.folders.store:
        return profile.folders.store
    if not profile.runs_here:
        return default_store(profile)
    cache = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericCacheLocation)
    return str(Path(cache) / "roadpulse" / "points") if cache else str(home() / "points")
