"""Files of a run on a cluster: those in its folder, and the program that carries it out."""

from __future__ import annotations

import posixpath

from ...profiles.profile import Profile
from ...profiles.spark_settings import spark_settings
from ...runs.records import Run
from ...ssh.job_zip import JobZip
from ...ssh.run_paths import RemoteFolders, job_json, json_file, python_of, spec_values
from ...ssh.scripts import assignments, source

GRACE_SECONDS = 10


def run_files(run: Run, folders: RemoteFolders) -> dict[str, bytes]:
    """Return names and contents of the files in a run's folder before the start; none has secrets.

    They are data only: as others may be able to write the folder, no code is read from it.
    """
    return {"spec.json": json_file(spec_values(run.spec, folders.home)), "job.json": job_json(run)}


def launcher(
    run: Run, folders: RemoteFolders, job: JobZip, grace: float = GRACE_SECONDS, more_conf: str = ""
) -> str:
    """Return the shell program that carries out a run: its parameters, and the launcher itself.

    `more_conf` are lines of Spark's settings in addition to the profile's.
    """
    profile = run.profile
    spark, head = uses_spark(profile), profile.resources.head_workers
    python = python_of(profile, folders)
    values = {
        "python": python,
        "job_zip": folders.job_zip(job),
        "workers": str(profile.workers),
        "head_workers": "auto" if head is None else str(head),
        "worker_memory": profile.resources.worker_memory,
        "grace": f"{grace:g}",
        "spark_submit": spark_submit(profile, folders) if spark else "",
        "spark_conf": spark_conf(profile, run.name, python) + more_conf if spark else "",
    }
    return assignments(values) + source("job") + source("launcher")


def uses_spark(profile: Profile) -> bool:
    """Return True if a profile's runs use Spark; False for processes of the one computer."""
    return bool(profile.spark_master or profile.spark_home)


def spark_submit(profile: Profile, folders: RemoteFolders) -> str:
    """Return the path of spark-submit, as the cluster's shell finds it."""
    home = profile.spark_home
    return posixpath.join(folders.absolute(home), "bin/spark-submit") if home else "spark-submit"


def spark_conf(profile: Profile, name: str, python: str) -> str:
    """Return Spark's settings for an application as the content of a properties file."""
    values = spark_settings(profile, name, python)
    return "".join(f"{name} {_property(value)}\n" for name, value in values.items())


def _property(value: str) -> str:
    """Return a value escaped for java.util.Properties."""
    plain = "".join(c if c.isprintable() else " " for c in value)
    escaped = plain.replace("\\", "\\\\")
    return "".join(c if ord(c) < 128 else "".join(f"\\u{u:04x}" for u in _utf16(c)) for c in escaped)


def _utf16(character: str) -> list[int]:
    raw = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
