"""Where a run lies on the cluster, and the files that are written there before its start."""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..profile import Profile
from ..runs import Run
from ..spark_settings import spark_settings
from .folders import absolute, runs_folder
from .jobzip import MAIN, JobZip
from .scripts import assignments, source

DEFAULT_PYTHON = "python3"
GRACE_SECONDS = 10


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

    @property
    def launcher(self) -> str:
        """The path of the launcher."""
        return f"{self.jobs}/{named('launcher', source('launcher').encode(), '.sh')}"

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


def run_files(run: Run, place: Place, job: JobZip, grace: float = GRACE_SECONDS) -> dict[str, bytes]:
    """Names and contents of the files that a run's folder holds before the start; none holds a secret."""
    profile = run.profile
    spark = uses_spark(profile)
    python = python_of(profile, place)
    files = {
        "spec.json": _json(spec_values(run.spec, place.home)),
        "job.json": _json(
            {"schema": 1, "run": run.id, "name": run.name, "resources": vars(profile.resources)}
        ),
        "job.sh": assignments(
            {
                "python": python,
                "job_zip": place.job_zip(job),
                "workers": str(profile.workers),
                "grace": f"{grace:g}",
                "spark_submit": spark_submit(profile, place) if spark else "",
            }
        ).encode("utf-8", "surrogateescape"),
    }
    if spark:
        files["run.py"] = MAIN.encode()
        files["spark.conf"] = spark_conf(profile, run.name, python).encode("utf-8")
    return files


def uses_spark(profile: Profile) -> bool:
    """Whether a profile's runs are Spark's; otherwise the processes of the one computer carry them out."""
    return bool(profile.spark_master or profile.spark_home)


def python_of(profile: Profile, place: Place) -> str:
    """The interpreter of a profile's runs, as the cluster's shell calls it."""
    return place.absolute(profile.python) if "/" in profile.python else profile.python or DEFAULT_PYTHON


def spark_submit(profile: Profile, place: Place) -> str:
    """The program that starts a run on Spark, as the cluster's shell calls it."""
    home = profile.spark_home
    return posixpath.join(place.absolute(home), "bin/spark-submit") if home else "spark-submit"


def spark_conf(profile: Profile, name: str, python: str) -> str:
    """Spark's settings for an application, as a properties file."""
    values = spark_settings(profile, name, python)
    return "".join(f"{name} {_property(value)}\n" for name, value in values.items())


def _property(value: str) -> str:
    """A value as java.util.Properties reads it."""
    plain = "".join(c if c.isprintable() else " " for c in value)
    escaped = plain.replace("\\", "\\\\")
    return "".join(c if ord(c) < 128 else "".join(f"\\u{u:04x}" for u in _utf16(c)) for c in escaped)


def _utf16(character: str) -> list[int]:
    raw = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()
