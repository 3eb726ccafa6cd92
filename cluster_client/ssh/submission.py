"""Sending a run to the cluster and starting it, in steps that may be repeated after a cut."""

from __future__ import annotations

import json
import os

from ..errors import AlreadyStarted, StartError
from ..processes import start_mark
from ..runs import Run
from .connection import Connection
from .jobzip import job_zip
from .remote_run import Place, run_files
from .scripts import call, source
from .transfer import SftpFiles

_SENDING = "sending"
_sending_here: set[str] = set()
"""Ids of the runs that a thread of this process is sending."""


def being_sent(run_id: str) -> str:
    """The remote id of a run that this process begins to send."""
    _sending_here.add(run_id)
    return f"{_SENDING} {os.getpid()} {start_mark(os.getpid())}"


def sent(run_id: str) -> None:
    """This process sends the run no more."""
    _sending_here.discard(run_id)


def is_being_sent(run: Run) -> bool:
    """Whether a process of this computer is still sending the run."""
    word, _, process = run.remote_id.partition(" ")
    pid, _, mark = process.partition(" ")
    if word != _SENDING or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return run.id in _sending_here
    return bool(mark) and start_mark(int(pid)) == mark


def prepare(connection: Connection, place: Place, run: Run, grace: float) -> None:
    """Send the job, unless it is there, and make the run's folder; raises `AlreadyStarted`."""
    files = SftpFiles(connection)
    folder, job, launcher = place.absolute(run.folder), job_zip(), source("launcher").encode()
    files.make_folders(place.jobs)
    files.put_once(place.job_zip(job), job.content)
    files.put_once(place.launcher, launcher)
    files.make_folders(folder)
    contents = run_files(run, place, job, grace)
    if not files.put_new(f"{folder}/job.json", contents.pop("job.json")):
        theirs = files.read(f"{folder}/job.json") or b""
        if _run_id(theirs) != run.id:
            raise AlreadyStarted(
                f"The folder {folder} on {connection.login} already holds a run. Choose an empty folder."
            )
    for name, content in contents.items():
        files.put_once(f"{folder}/{name}", content)


def start(connection: Connection, place: Place, run: Run) -> str:
    """Start the run, unless it was started before; returns its process group and mark.

    Raises `StartError`, and `ConnectionLost` when it may have been started.
    """
    folder = place.absolute(run.folder)
    answer = call(connection, "start", {"folder": folder, "launcher": place.launcher})
    if answer[0] == "failed":
        raise StartError(
            f"The run could not be started in {folder} on {connection.login}: {' '.join(answer[1:])}."
        )
    return " ".join(answer[1:])


def withdraw(connection: Connection, folder: str) -> bool:
    """Make sure that a run that was not started never will be; False when it was started after all."""
    return call(connection, "withdraw", {"folder": folder})[0] != "started"


def _run_id(job: bytes) -> str:
    try:
        return str(json.loads(job)["run"])
    except (ValueError, KeyError, TypeError):
        return ""
