"""The batch that is posted to Livy for a run, without secrets."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from ....aggregation.contract.s3_access import is_s3
from ...errors import StartError
from ...profiles.profile import Profile
from ...profiles.spark_settings import spark_settings
from ...runs.records import Run
from ...ssh.job_zip import MAIN, job_zip
from ...ssh.run_paths import RemoteFolders, named

_PREFIX = "roadpulse-"


def batch_name(run: Run) -> str:
    """Return the unique name of a run's batch, by which it is found again."""
    return f"{_PREFIX}{run.id}"


def job_files() -> dict[str, bytes]:
    """Return names and contents of the files for Livy: the script, and the zip that it imports from."""
    job, script = job_zip(), MAIN.encode()
    return {named("run", script, ".py"): script, f"{job.sha256}.zip": job.content}


def batch_of(run: Run, folders: RemoteFolders, addresses: list[str]) -> dict[str, Any]:
    """Return the body of the POST; `addresses` are those of the files of `job_files`, in that order."""
    folder = folders.absolute(run.folder)
    arguments = [folder, "--own-log"]
    if is_s3(folder):
        arguments = [folder, "--s3", json.dumps(run.spec.get("s3") or run.profile.s3.to_json())]
    head = run.profile.resources.head_workers
    if head is not None:
        arguments += ["--head-workers", str(head)]
    if run.profile.resources.worker_memory:
        arguments += ["--worker-memory", run.profile.resources.worker_memory]
    return batch(run.profile, batch_name(run), addresses, arguments, folders)


def batch(
    profile: Profile, name: str, addresses: list[str], arguments: list[str], folders: RemoteFolders
) -> dict[str, Any]:
    """Return a batch of Python on Spark; Livy's configuration sets the master."""
    python = folders.absolute(profile.python) if "/" in profile.python else profile.python
    settings = spark_settings(profile, name, python)
    for own in ("spark.master", "spark.app.name"):
        settings.pop(own, None)
    main, *others = addresses
    return {"name": name, "file": main, "pyFiles": others, "args": arguments, "conf": settings}


def address(path: str) -> str:
    """Return the URL of a file of Livy's host; raises `StartError` for a path that Spark cannot use."""
    if "," in path:  # Spark takes it for several
        raise StartError(
            f"The folder of the jobs cannot have a comma in its path: {path}. Name another one as "
            "'folders.jobs' in the profile."
        )
    # With a scheme, as Livy resolves bare paths in Hadoop's default file system.
    return f"file://{quote(path, safe='/')}"
