"""Submission of a run to the cluster in idempotent steps."""

from __future__ import annotations

from typing import Callable

from ...errors import StartError
from ...runs.records import Run
from ...runs.submission import claim
from ...ssh.connection import Connection
from ...ssh.job_zip import job_zip
from ...ssh.run_paths import RemoteFolders
from ...ssh.scripts import call
from ...ssh.transfer import SftpFiles
from .run_files import GRACE_SECONDS, launcher, run_files


def prepare(
    connection: Connection, folders: RemoteFolders, run: Run, check: Callable[[], None] = lambda: None
) -> None:
    """Send the job, unless it is there, and create the run's folder; raises `AlreadyStarted`.

    `check` is called in between, and may raise.
    """
    files = SftpFiles(connection)
    folder, job = folders.absolute(run.folder), job_zip()
    files.make_folders(folders.jobs)
    files.put_once(folders.job_zip(job), job.content)
    check()
    files.make_folders(folder, private=True)
    contents = run_files(run, folders)
    claim(files, folder, run, contents.pop("job.json"))
    for name, content in contents.items():
        check()
        files.put_once(f"{folder}/{name}", content)


def start(connection: Connection, folders: RemoteFolders, run: Run, grace: float = GRACE_SECONDS) -> str:
    """Start the run unless it was started before; return its process group and start mark.

    Raises `StartError`, and `ConnectionLost` if it may have been started.
    """
    folder = folders.absolute(run.folder)
    program = launcher(run, folders, job_zip(), grace)
    answer = call(connection, "start", {"folder": folder, "run": run.id, "program": program})
    if answer[0] == "failed":
        raise StartError(
            f"The run could not be started in {folder} on {connection.login}: {' '.join(answer[1:])}."
        )
    return " ".join(answer[1:])


def withdraw(connection: Connection, folder: str, run: Run) -> bool:
    """Prevent the start of a run that was not started; return False if it was started after all."""
    return call(connection, "withdraw", {"folder": folder, "run": run.id})[0] != "started"
