"""Submission of runs to remote backends, with cancellation, and claims on remote run folders.

The remote id in a run's record names the process that sends it, until the backend assigns another. A run is
sent in a background thread, so that cancelling does not wait for a slow network; once it is about to be
started remotely (`Sending.starts`), it can only be stopped there.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Optional

from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.own_files import OWNER
from ...aggregation.contract.run_state import RunState
from ...aggregation.storage.s3.errors import S3Error
from ..errors import AlreadyStarted, ClientError
from ..processes import start_mark
from .files import RunFiles
from .folder import give_back, take_for
from .records import Run, RunStore

_SENDING = "sending"
_POLL_SECONDS = 0.05
_CLEARING_SECONDS = 1.5
"""Seconds that a cancelled submission waits for the removal of its remote files."""


class Sending:
    """State of one submission; of `starts` and `give_up` the first call wins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = self._given_up = False

    @property
    def given_up(self) -> bool:
        """True if the run must not be started any more."""
        return self._given_up

    def check(self) -> None:
        """Raise `Cancelled` if it was given up."""
        if self._given_up:
            raise Cancelled

    def starts(self) -> None:
        """Mark the run as about to be started remotely; raises `Cancelled` if it was given up before."""
        with self._lock:
            self.check()
            self._started = True

    def give_up(self) -> bool:
        """Prevent the start; return False if it is too late."""
        with self._lock:
            self._given_up = self._given_up or not self._started
            return self._given_up


_sending_here: dict[str, Sending] = {}
"""The submissions of this process by run id."""


def carry_out(
    store: RunStore,
    run: Run,
    send: Callable[[Run, Sending], Run],
    cancelled: Optional[Callable[[], bool]] = None,
) -> Run:
    """Record a run, send it, and return the result of `send`, whose errors are recorded and raised.

    `send` calls `Sending.starts` immediately before it starts the run, and removes what it has sent if the
    run was given up: by `give_up`, or when `cancelled`, polled several times a second, returns True. Then the
    run is recorded as cancelled, and `Cancelled` is raised.
    """
    now = datetime.now(timezone.utc).replace(microsecond=0)
    run = replace(run, remote_id=f"{_SENDING} {os.getpid()} {start_mark(os.getpid())}", started=now)
    sending = _sending_here[run.id] = Sending()
    try:
        store.record(run)
        take_for(run, store)
        try:
            return _followed(run, send, sending, cancelled)
        except Cancelled:
            _note_end(store, run, RunState.CANCELLED)
            raise
        except (ClientError, S3Error) as error:
            _note_end(store, run, RunState.FAILED, error.message)
            raise
    finally:
        _sending_here.pop(run.id, None)


def _followed(
    run: Run, send: Callable[[Run, Sending], Run], sending: Sending, cancelled: Optional[Callable[[], bool]]
) -> Run:
    """Return the result of `send`; raises `Cancelled` as soon as the run is given up."""
    results: list[Run] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(send(run, sending))
        except BaseException as error:  # noqa: BLE001  (raised below)
            errors.append(error)

    thread = threading.Thread(target=work, name="Roadpulse sends", daemon=True)
    thread.start()
    while thread.is_alive() and not sending.given_up:
        thread.join(_POLL_SECONDS)
        if cancelled is not None and cancelled():
            sending.give_up()
    if sending.given_up:
        thread.join(_CLEARING_SECONDS)
        raise Cancelled
    if errors:
        raise errors[0]
    return results[0]


def _note_end(store: RunStore, run: Run, state: RunState, message: str = "") -> None:
    ended = datetime.now(timezone.utc).replace(microsecond=0)
    store.update(run.id, state=state, message=message, ended=ended)
    give_back(Path(run.local_folder), run)


def give_up(run_id: str) -> bool:
    """Give up a run that this process is sending; return False if it is not sending that run."""
    sending = _sending_here.get(run_id)
    return sending is not None and sending.give_up()


def is_being_sent(run: Run) -> bool:
    """Return True if a process of this computer is still sending the run."""
    if run.id in _sending_here:
        return True
    word, _, process = run.remote_id.partition(" ")
    pid, _, mark = process.partition(" ")
    if word != _SENDING or not pid.isdigit() or int(pid) == os.getpid():
        return False
    return bool(mark) and start_mark(int(pid)) == mark


def claim(files: RunFiles, folder: str, run: Run, job: bytes) -> None:
    """Claim a remote folder for a run by a job.json that names it; raises `AlreadyStarted`."""
    if not files.put_new(f"{folder}/{OWNER}", job) and not files.holds(folder, run.id):
        raise AlreadyStarted(f"The folder {files.name(folder)} already holds a run. Choose an empty folder.")


def clear(files: RunFiles, folder: str, run: Run) -> None:
    """Delete the remote folder of a run that was given up, if the run had claimed it."""
    files.remove(folder, run.id)
