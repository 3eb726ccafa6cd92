"""Paths on a cluster, as its programs see them. Needs no connection, and none of the packages for one."""

from __future__ import annotations

import posixpath
import re
from datetime import datetime, timezone

from ..profiles.profile import Profile
from .records import Run

DEFAULT_RUNS = "~/roadpulse"
"""Where runs go of profiles that name no folder; `~/` is the user's home on the cluster."""


def runs_folder(profile: Profile) -> str:
    """The folder of a profile's runs as the profile writes it; `~/` is the user's home there."""
    return profile.folders.runs.rstrip("/") or DEFAULT_RUNS


def default_store(profile: Profile) -> str:
    """The point store of a profile's runs, on the cluster."""
    return profile.folders.store or f"{runs_folder(profile)}/points"


def folder_name(run: Run) -> str:
    """The name of a run's folder: of plain characters, and of this run alone."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-")[:40]
    made = (run.created or datetime.now(timezone.utc)).astimezone(timezone.utc).strftime("%Y-%m-%d-%H%M%S")
    return "_".join(filter(None, (made, readable, run.id[:8])))


def absolute(path: str, home: str) -> str:
    """A path as the cluster's programs see it: `~` is the home, and relative ones begin there."""
    if path == "~" or path.startswith("~/"):
        path = path[2:]
    if "://" in path:
        return path
    return posixpath.normpath(posixpath.join(home, path))
