"""Paths and content of a run's files on a cluster; requires no package for connections."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..profiles.profile import Profile
from ..runs.paths import absolute, runs_folder
from ..runs.records import Run
from .job_zip import JobZip

DEFAULT_PYTHON = "python3"


@dataclass(frozen=True)
class RemoteFolders:
    """Folders of a cluster's user; `home` and `runs` are absolute.

    `runs` contains the run folders, the default point store `points`, and the sent files in `jobs`, unless
    these are in `sent`.
    """

    home: str
    runs: str
    sent: str = ""

    @classmethod
    def of(cls, profile: Profile, home: str) -> RemoteFolders:
        """Return the folders of a profile's runs."""
        jobs = profile.folders.jobs
        return cls(home, absolute(runs_folder(profile), home), absolute(jobs, home) if jobs else "")

    @property
    def jobs(self) -> str:
        """Folder of the sent files."""
        return self.sent.rstrip("/") or f"{self.runs.rstrip('/')}/jobs"

    def job_zip(self, job: JobZip) -> str:
        """Return the path of a job's zip, which is named by its content."""
        return f"{self.jobs}/{job.sha256}.zip"

    def absolute(self, path: str) -> str:
        """Return an absolute path on the cluster."""
        return absolute(path, self.home)


def named(stem: str, content: bytes, ending: str) -> str:
    """Return a file name with a hash of the content."""
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"


def spec_values(spec: Mapping[str, Any], home: str) -> dict[str, Any]:
    """Return the specification's values with absolute paths on the cluster."""
    values = dict(spec)
    for entry in ("trips", "store"):
        values[entry] = absolute(str(values[entry]), home)
    return values


def job_json(run: Run) -> bytes:
    """Return the content of a run folder's job.json, which names the run."""
    values = {"schema": 1, "run": run.id, "name": run.name, "resources": vars(run.profile.resources)}
    return json_file(values)


def json_file(values: Mapping[str, Any]) -> bytes:
    """Return values as the content of a JSON file."""
    return (json.dumps(values, indent=2) + "\n").encode()


def python_of(profile: Profile, folders: RemoteFolders) -> str:
    """Return the Python interpreter of a profile's runs, as the cluster's shell finds it."""
    return folders.absolute(profile.python) if "/" in profile.python else profile.python or DEFAULT_PYTHON
