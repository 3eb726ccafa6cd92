"""Status of runs on the cluster, read from their folders and processes there."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Optional

from ....aggregation.contract.run_state import RunState
from ...errors import BackendError
from ...runs.records import Run
from ...runs.status import Evidence, Fault, RunStatus, judge, read_exit_code, read_status
from ...runs.submission import is_being_sent
from ...ssh.connection import Connection
from ...ssh.scripts import call
from ...ssh.transfer import SftpFiles
from .submission import withdraw

_ENOUGH_KILOBYTES = 1024
_BEYOND_GRACE = 5.0


class StatusPoller:
    """Reads the status of runs, and keeps the last observations, as the cluster's clocks may differ."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._seen: dict[str, tuple[bytes, float]] = {}
        self._asked: dict[str, float] = {}

    def stopping(self, run: Run) -> None:
        """Note that the run was asked to stop."""
        self._asked.setdefault(run.id, time.monotonic())

    def status(self, connection: Connection, folder: str, run: Run) -> RunStatus:
        """Return the run's status."""
        files = SftpFiles(connection)
        # In the order that `Evidence` requires: the process first, the manifest last.
        content = files.read(f"{folder}/status.json")
        word, free = self._process(connection, folder, run, content)
        if word == "closed":
            raise BackendError(f"The run folder {folder} on {connection.login} may not be read.")
        if word == "unstarted" or (word == "gone" and not _was_started(run)):
            if is_being_sent(run):
                return RunStatus(RunState.QUEUED)
            if withdraw(connection, folder, run):
                return RunStatus(RunState.LOST, error=_never_started(run))
            word = "alive"
        if word == "dead":  # it may have written something since, which is no sign of life
            content = files.read(f"{folder}/status.json")
            if content is not None:
                self._seen[run.id] = (content, time.monotonic())
        cancel_asked = files.size(f"{folder}/cancel") is not None
        evidence = Evidence(
            alive=word == "alive",
            exit_code=read_exit_code(files.read(f"{folder}/rc", 20)),
            status=content,
            log_tail=files.tail(f"{folder}/log.txt", 20) if word == "dead" else "",
            cancel_asked=cancel_asked,
            folder=word != "gone",
            manifest=files.size(f"{folder}/manifest.json") is not None,
        )
        where = f"{folder} on {connection.login}"
        return _with_full_disk(judge(evidence, where, self._their_now(run, content)), free, where)

    def _process(
        self, connection: Connection, folder: str, run: Run, content: Optional[bytes]
    ) -> tuple[str, Optional[int]]:
        """Return the probe's answer and free space in kB; not probed if the status has changed."""
        before, asked = self._seen.get(run.id), self._asked.get(run.id)
        if content is not None and (before is None or before[0] != content):
            self._seen[run.id] = (content, time.monotonic())
            if before is not None and not read_status(content).is_final:
                return "alive", None
        overdue = asked is not None and time.monotonic() - asked > self._grace + _BEYOND_GRACE
        values = {"folder": folder, "run": run.id, "force": "yes" if overdue else ""}
        word, *rest = call(connection, "probe", values)
        return word, int(rest[0]) if rest and rest[0].isdigit() else None

    def _their_now(self, run: Run, content: Optional[bytes]) -> Optional[datetime]:
        """Return the cluster's present time, extrapolated from the run's last status."""
        updated, seen = read_status(content).updated, self._seen.get(run.id)
        return updated + timedelta(seconds=time.monotonic() - seen[1]) if updated and seen else updated


def _was_started(run: Run) -> bool:
    return run.remote_id.split(" ")[0].isdigit()


def _never_started(run: Run) -> Fault:
    return Fault(
        f"The run {run.name!r} was never started: Roadpulse or this computer stopped while it was being "
        "sent. Start it again.",
        retry=True,
    )


def _with_full_disk(status: RunStatus, free: Optional[int], where: str) -> RunStatus:
    """Add a message on the full disk to the status of a failed run."""
    before = status.error or Fault("")
    if free is None or free >= _ENOUGH_KILOBYTES or status.state not in (RunState.FAILED, RunState.LOST):
        return status
    if "disk is full" in before.message.lower():
        return status
    text = (
        f"The disk is full: {free} kB are left in {where}. Free some space there and start the run again; "
        "trips that are in the point store are not read again."
    )
    return replace(status, error=Fault(text, f"{before.message}\n{before.detail}", True))
