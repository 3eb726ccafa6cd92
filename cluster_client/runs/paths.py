"""Paths on a cluster as its programs see them; requires neither a connection nor packages for one."""

from __future__ import annotations

import posixpath
import re
from datetime import datetime, timezone

from ..profiles.profile import Profile
from .records import Run

DEFAULT_RUNS = "~/roadpulse"
"""Default folder of runs; `~/` is the user's home on the cluster."""


def runs_folder(profile: Profile) -> str:
    """Return the folder of a profile's runs as the profile gives it; `~/` is the user's home there."""
    return profile.folders.runs.rstrip("/") or DEFAULT_RUNS


def default_store(profile: Profile) -> str:
    """Return the default point store of a profile's runs on the cluster."""
    return profile.folders.store or f"{runs_folder(profile)}/points"


def folder_name(run: Run) -> str:
    """Return the name of a run's folder, unique and of plain characters."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-")[:40]
    made = (run.created or datetime.now(timezone.utc)).astimezone(timezone.utc).strftime("%Y-%m-%d-%H%M%S")
    return "_".join(filter(None, (made, readable, run.id[:8])))


def absolute(path: str, home: str) -> str:
    """Return an absolute path on the cluster; `~` is the home, and relative paths begin there."""
    if path == "~" or path.startswith("~/"):
        path = path[2:]
    if "://" in path:
        return path
    return posixpath.normpath(posixpath.join(home, path))
