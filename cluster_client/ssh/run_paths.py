"""Where a run lies on a cluster, and what is written there for it. Needs no package for connections."""

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
class Place:
    """The folders of a cluster's user; `home` and `runs` are absolute.

    `runs` holds the run folders, and beside them `points`, the point store of profiles that name none, and
    `jobs`, what was sent, unless that lies in `sent`.
    """

    home: str
    runs: str
    sent: str = ""

    @classmethod
    def of(cls, profile: Profile, home: str) -> Place:
        """The place of a profile's runs."""
        jobs = profile.folders.jobs
        return cls(home, absolute(runs_folder(profile), home), absolute(jobs, home) if jobs else "")

    @property
    def jobs(self) -> str:
        """The folder of what was sent."""
        return self.sent.rstrip("/") or f"{self.runs.rstrip('/')}/jobs"

    def job_zip(self, job: JobZip) -> str:
        """The path of a job's zip; its name is its content's."""
        return f"{self.jobs}/{job.sha256}.zip"

    def absolute(self, path: str) -> str:
        """A path as the cluster's programs see it."""
        return absolute(path, self.home)


def named(stem: str, content: bytes, ending: str) -> str:
    """A file name that goes with this content only."""
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"


def spec_values(spec: Mapping[str, Any], home: str) -> dict[str, Any]:
    """The specification with paths that hold on the cluster."""
    values = dict(spec)
    for entry in ("trips", "store"):
        values[entry] = absolute(str(values[entry]), home)
    return values


def job_json(run: Run) -> bytes:
    """What a run's folder holds as job.json: whose it is."""
    values = {"schema": 1, "run": run.id, "name": run.name, "resources": vars(run.profile.resources)}
    return json_file(values)


def json_file(values: Mapping[str, Any]) -> bytes:
    """The content of a small JSON file."""
    return (json.dumps(values, indent=2) + "\n").encode()


def python_of(profile: Profile, place: Place) -> str:
    """The interpreter of a profile's runs, as the cluster's shell calls it."""
    return place.absolute(profile.python) if "/" in profile.python else profile.python or DEFAULT_PYTHON
