"""The sending of a run to another place: who does it at this moment, and which run has a folder there.

Who sends a run is the remote id of its record, until the run has another one.
"""

from __future__ import annotations

import json
import os

from .errors import AlreadyStarted
from .processes import start_mark
from .run_files import RunFiles
from .runs import Run

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
    if run.id in _sending_here:
        return True
    word, _, process = run.remote_id.partition(" ")
    pid, _, mark = process.partition(" ")
    if word != _SENDING or not pid.isdigit() or int(pid) == os.getpid():
        return False
    return bool(mark) and start_mark(int(pid)) == mark


def claim(files: RunFiles, folder: str, run: Run, job: bytes) -> None:
    """Make a folder there a run's by its job.json, which names the run; raises `AlreadyStarted`."""
    path = f"{folder}/job.json"
    if not files.put_new(path, job) and _run_id(files.read(path) or b"") != run.id:
        raise AlreadyStarted(f"The folder {files.name(folder)} already holds a run. Choose an empty folder.")


def _run_id(job: bytes) -> str:
    try:
        return str(json.loads(job)["run"])
    except (ValueError, KeyError, TypeError):
        return ""
