"""Status of runs that Livy has started, from their folders and from Livy.

Livy forgets: ended batches after ten minutes, all of them with a restart. Its drivers may outlive it, and
then only their status.json is left, which is written every second or two.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Optional

from ....aggregation.contract.errors import RunError
from ....aggregation.contract.run_state import RunState
from ...runs.files import RunFiles
from ...runs.records import Run
from ...runs.status import Evidence, Fault, RunStatus, judge, read_exit_code, read_status
from ...runs.submission import is_being_sent
from .answers import Batch
from .batch import batch_name
from .client import LivyClient
from .submission import withdraw


@dataclass(frozen=True)
class Limits:
    """Seconds, all of them ends of a wait.

    `cancel`: until Livy ends a run that was asked to stop. `ghost`: until a batch of which Livy says nothing
    but `starting` counts as one that it refused. `posted`: until a run of which neither Livy nor its folder
    knows counts as never started, when Livy's answer was not heard. `silent`: until a run that Livy does not
    know and that writes no status counts as dead. `begin`: the same while it fetches packages, or has
    written none. `away`: the same while Livy does not answer.
    """

    cancel: float = 10.0
    ghost: float = 30.0
    posted: float = 60.0
    silent: float = 120.0
    begin: float = 1200.0
    away: float = 1200.0


LIMITS = Limits()


@dataclass
class _Seen:
    """Observations of a run, by this computer's clock: the cluster's may differ."""

    content: Optional[bytes] = None
    changed: float = field(default_factory=time.monotonic)
    ghost: float = 0.0
    cancelled: float = 0.0
    deleted: bool = False
    polls: int = 0


@dataclass(frozen=True)
class _Word:
    """Conclusion from Livy's answer and the run's silence: alive or not (None: not known), and a remark.

    `fault` is set for a run that ended before it wrote a status.
    """

    alive: Optional[bool]
    remark: str = ""
    fault: Optional[Fault] = None


class StatusPoller:
    """Reads the status of runs, and keeps the last observations."""

    def __init__(self, client: LivyClient, limits: Limits = LIMITS) -> None:
        self._client, self._limits = client, limits
        self._runs: dict[str, _Seen] = {}

    def stopping(self, run: Run, deleted: bool) -> None:
        """Note that the run was asked to stop; `deleted`: Livy has ended it."""
        seen = self._runs.setdefault(run.id, _Seen())
        seen.cancelled = seen.cancelled or time.monotonic()
        seen.deleted = seen.deleted or deleted

    def status(self, files: RunFiles, folder: str, run: Run) -> RunStatus:
        """Return the run's status. Raises the errors of reading the folder; Livy's errors are not raised."""
        if run.remote_id.split(" ")[0] != batch_name(run):
            return self._unposted(files, folder, run)
        seen = self._runs.setdefault(run.id, _Seen())
        content = files.read(f"{folder}/status.json")
        moved = content != seen.content and seen.polls > 0 and content is not None
        if content != seen.content:
            seen.content, seen.changed = content, time.monotonic()
        seen.polls += 1
        cancel_asked = files.size(f"{folder}/cancel") is not None
        if cancel_asked and not seen.cancelled:
            seen.cancelled = time.monotonic()
        word = _Word(True)
        if read_status(content).state not in (RunState.FAILED, RunState.CANCELLED):
            word = self._ask(files, folder, run, seen, moved)
        if word.alive is False:  # it may have written something since, which is no sign of life
            content = files.read(f"{folder}/status.json")
            if content != seen.content:
                seen.content, seen.changed = content, time.monotonic()
        manifest = files.size(f"{folder}/manifest.json") is not None
        if word.fault is not None and content is None and not manifest:
            return RunStatus(RunState.FAILED, error=word.fault)
        evidence = Evidence(
            alive=word.alive,
            exit_code=None if moved else read_exit_code(files.read(f"{folder}/rc", 20)),
            status=content,
            manifest=manifest,
            folder=content is not None or manifest or files.size(f"{folder}/job.json") is not None,
            cancel_asked=cancel_asked,
            log_tail=files.tail(f"{folder}/log.txt", 20) if word.alive is False else "",
        )
        status = judge(evidence, files.name(folder), self._their_now(seen, content))
        if not status.is_final and word.remark:
            said = f"{status.message.rstrip('.')}. " if status.message else ""
            status = replace(status, message=said + word.remark)
        return status

    # -- Livy -----------------------------------------------------------------------------------------

    def _ask(self, files: RunFiles, folder: str, run: Run, seen: _Seen, moved: bool) -> _Word:
        """Return whether the run is alive. A status that changed since the last poll is enough."""
        stopping = seen.cancelled and time.monotonic() - seen.cancelled > self._limits.cancel
        if stopping and not seen.deleted:
            return self._end(run, seen)
        if moved:
            return _Word(True)
        try:
            batch = self._client.batch(batch_name(run))
        except RunError as error:
            return self._unless_away(files, folder, run, seen, error)
        if batch is None:
            return self._unknown(files, folder, run, seen)
        if batch.may_be_ghost and seen.content is None:
            return self._ghost(run, seen)
        if not batch.ended:
            return _Word(True, "" if seen.content is not None else _starting(batch))
        return _Word(False, fault=None if seen.cancelled else self._died(run, batch))

    def _unknown(self, files: RunFiles, folder: str, run: Run, seen: _Seen) -> _Word:
        """Return the conclusion if Livy does not know the run: deleted, restarted, or never posted."""
        if seen.deleted:
            return _Word(False)
        if seen.cancelled:
            return self._unless_silent(seen, self._limits.cancel, "Stopping.")
        if seen.content is not None:
            starting = read_status(seen.content).state is RunState.STARTING
            limit = self._limits.begin if starting else self._limits.silent
            return self._unless_silent(seen, limit, "Livy was restarted; the run goes on by itself.")
        confirmed = " " in run.remote_id  # Livy gave its number
        limit = self._limits.begin if confirmed else self._limits.posted
        word = self._unless_silent(seen, limit, "Livy does not know the run; looking for a sign of it.")
        if word.alive is False:
            withdraw(files, folder, run.id)
            return replace(word, fault=_never_started(run))
        return word

    def _unless_away(self, files: RunFiles, folder: str, run: Run, seen: _Seen, error: RunError) -> _Word:
        """Return the conclusion without Livy's answer; the reason is reported if nothing else is known."""
        why = f"Livy cannot be asked at the moment: {error.message}"
        word = self._unless_silent(seen, self._limits.away, why)
        if word.alive is not False or seen.content is not None or seen.cancelled:
            return word
        withdraw(files, folder, run.id)
        fault = Fault(
            f"Nothing was heard of the run {run.name!r} since it was sent, and Livy cannot be asked: "
            f"{error.message} Then start it again.",
            error.detail,
            retry=True,
        )
        return replace(word, fault=fault)

    @staticmethod
    def _unless_silent(seen: _Seen, limit: float, remark: str) -> _Word:
        silent = time.monotonic() - seen.changed
        return _Word(False) if silent > limit else _Word(None, remark)

    def _end(self, run: Run, seen: _Seen) -> _Word:
        """End a run that has not stopped when asked."""
        try:
            seen.deleted = self._client.delete(batch_name(run))
        except RunError as error:
            why = f"Stopping. Livy cannot be asked at the moment: {error.message}"
            return self._unless_silent(seen, self._limits.silent, why)
        if seen.deleted:
            return _Word(False)
        return self._unless_silent(seen, self._limits.cancel, "Stopping.")

    def _ghost(self, run: Run, seen: _Seen) -> _Word:
        seen.ghost = seen.ghost or time.monotonic()
        if time.monotonic() - seen.ghost < self._limits.ghost:
            return _Word(True, "Livy has the run and has not started it yet.")
        try:
            self._client.delete(batch_name(run))
        except RunError as error:
            return _Word(True, error.message)
        return _Word(
            False,
            fault=Fault(
                f"Livy at {self._client.where} took the run {run.name!r} and never started it: it refuses "
                "something about it, and said so to nobody. Diagnose the profile, then start it again.",
                retry=True,
            ),
        )

    def _died(self, run: Run, batch: Batch) -> Fault:
        """Return the reason why a batch ended before the run wrote a status."""
        try:
            lines = self._client.log(batch.name)
        except RunError:
            lines = list(batch.log)
        last = telling(lines)
        return Fault(
            f"The run {run.name!r} ended before it began (Livy says {batch.state})."
            + (f" Its last words: {last.rstrip('.')}." if last else "")
            + " Diagnose the profile, then start it again.",
            "\n".join(lines),
        )

    # -- other ----------------------------------------------------------------------------------------

    def _unposted(self, files: RunFiles, folder: str, run: Run) -> RunStatus:
        """Return the status of a run that is recorded as not yet posted."""
        if is_being_sent(run):
            return RunStatus(RunState.QUEUED)
        withdraw(files, folder, run.id)
        return RunStatus(RunState.LOST, error=_never_started(run))

    @staticmethod
    def _their_now(seen: _Seen, content: Optional[bytes]) -> Optional[datetime]:
        """Return the cluster's present time, extrapolated from the run's last status."""
        updated = read_status(content).updated
        return updated + timedelta(seconds=time.monotonic() - seen.changed) if updated else updated


_OF_THE_RUN = re.compile(r"[-\d]+ [:,\d]+ ERROR (.+)")


def telling(lines: list[str]) -> str:
    """Return the most informative line of a log about a failure: the run's own, or else the error's."""
    own = [match[1] for line in lines if (match := _OF_THE_RUN.match(line.strip()))]
    if own:
        return own[0][:600]
    plain = [line.strip() for line in lines if line.strip() not in ("", "stdout:", "stderr:")]
    causes = ("at ", "Caused by:")  # Java's stack traces; the error itself says more
    faults = [
        line for line in plain if not line.startswith(causes) and ("Error" in line or "Exception" in line)
    ]
    return (faults or plain or [""])[-1][:300]


def _never_started(run: Run) -> Fault:
    return Fault(
        f"The run {run.name!r} was never started: Roadpulse or this computer stopped, or the connection "
        "broke, while it was being sent. Start it again.",
        retry=True,
    )


def _starting(batch: Batch) -> str:
    return f"Livy has started the run's driver (batch {batch.number}), which has said nothing yet."
