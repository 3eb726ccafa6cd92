"""State and progress of a run, derived from the files of its run folder.

The derivation is the same for all locations: a backend collects the `Evidence` (from disk, over SFTP, from a
bucket) and `judge` derives the status. `manifest.json` and `status.json` are authoritative; the process and
its exit code are only consulted without them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, Optional

from ...aggregation.contract.json_text import LARGEST_NOTE, MOST, JsonFault, decode
from ...aggregation.contract.run_state import RunState

SILENT_SECONDS = 60.0
"""Age of a status in seconds from which the person is informed; the state does not change."""


LONGEST_SECONDS = 1e9
"""Maximum plausible duration in a status, some 30 years."""

_EXIT_CODE = re.compile(rb"\s*-?[0-9]{1,10}\s*")
_YEARS = range(1971, 2200)
_LONGEST_LINE = 500
_LONGEST_WORDS = 4000
_LONGEST_DETAIL = 100_000
_MOST_WARNINGS = 100


@dataclass(frozen=True)
class PhaseProgress:
    """Progress as `done` of `total`, which is 0 while it is unknown."""

    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Fault:
    """Error of a failed run: `message` for the person (what, to what, what to do), `detail` for the log.

    `retry` is True if another attempt may succeed.
    """

    message: str
    detail: str = ""
    retry: bool = False


@dataclass(frozen=True)
class RunStatus:
    """Status of a run at one moment.

    `phase` is the state in status.json. `files`, `bytes` and `tasks` are the progress of the present phase,
    `speed` is in bytes/s over the whole run so far, `elapsed` and `seconds_left` are in s. `message` is a
    remark for the person that is not an error, such as an old status. `gone` is True if the run's files no
    longer exist.
    """

    state: RunState
    phase: str = ""
    files: PhaseProgress = field(default_factory=PhaseProgress)
    bytes: PhaseProgress = field(default_factory=PhaseProgress)
    tasks: PhaseProgress = field(default_factory=PhaseProgress)
    points: int = 0
    speed: float = 0.0
    elapsed: float = 0.0
    seconds_left: Optional[float] = None
    workers: int = 0
    updated: Optional[datetime] = None
    message: str = ""
    error: Optional[Fault] = None
    warnings: tuple[str, ...] = ()
    gone: bool = False

    @property
    def is_final(self) -> bool:
        """True if the run has ended."""
        return self.state.is_final

    @property
    def fraction(self) -> Optional[float]:
        """Fraction of the phase's work that is done, 0 to 1; None while its total is unknown."""
        by_size = (self.bytes, self.tasks, self.files)
        for amount in by_size if self.state is RunState.DECODING else (self.tasks, self.bytes, self.files):
            if amount.total > 0:
                return min(1.0, amount.done / amount.total)
        return None


@dataclass(frozen=True)
class Evidence:
    """Observations of a backend on a run and its folder.

    Collect it in the order of the fields, so that a run that ends meanwhile does not appear lost.
    `alive` is True if a process of the run exists (None: unknown), `exit_code` is the content of `rc`
    (128 + n after signal n), `cancel_asked` is True if the person has cancelled the run.
    """

    alive: Optional[bool]
    exit_code: Optional[int] = None
    status: Optional[bytes] = None
    manifest: bool = False
    folder: bool = True
    cancel_asked: bool = False
    log_tail: str = ""


def judge(evidence: Evidence, folder: str, now: Optional[datetime] = None) -> RunStatus:
    """Return the status that follows from the evidence; `folder` is named in messages."""
    status = read_status(evidence.status)
    if evidence.manifest:
        return replace(status, state=RunState.FINISHED, seconds_left=0.0, error=None, message="")
    if not evidence.folder:
        return replace(
            status, state=RunState.LOST, gone=True, error=Fault(
                f"The run's folder {folder} is gone, and its result with it. Start the run again; "
                "trips that are in the point store are not read again."
            ),
        )  # fmt: skip
    if status.state is RunState.FAILED and status.error is None:
        status = replace(status, error=_ended(evidence, folder))
    if status.state in (RunState.FAILED, RunState.CANCELLED):
        return status
    if evidence.alive or (evidence.alive is None and evidence.exit_code is None):
        return _running(status, evidence, now or datetime.now(timezone.utc))
    if evidence.cancel_asked:
        return replace(status, state=RunState.CANCELLED, seconds_left=None)
    state = RunState.LOST if evidence.exit_code is None else RunState.FAILED
    return replace(status, state=state, seconds_left=None, error=_ended(evidence, folder))


def read_status(content: Optional[bytes]) -> RunStatus:
    """Return the status in a `status.json`; missing or invalid entries count as unknown."""
    if content is None:
        return RunStatus(RunState.STARTING)
    try:
        values = decode(content, "status.json", LARGEST_NOTE)
    except JsonFault as error:
        return RunStatus(RunState.UNKNOWN, message=f"The run's status.json cannot be read: {error.fault}.")
    if not isinstance(values, Mapping):
        return RunStatus(
            RunState.UNKNOWN, message="The run's status.json cannot be read: it is not an object."
        )
    done = _phase_progress(values.get("bytes"))
    elapsed = _seconds(values.get("elapsed")) or 0.0
    warnings = values.get("warnings")
    return RunStatus(
        state=RunState.read(values.get("state")),
        phase=_words(values.get("state"), 100),
        files=_phase_progress(values.get("files")),
        bytes=done,
        tasks=_phase_progress(values.get("tasks")),
        points=_count(values.get("points")),
        speed=done.done / elapsed if elapsed > 0 else 0.0,
        elapsed=elapsed,
        seconds_left=_seconds(values.get("seconds_left")),
        workers=_count(values.get("workers")),
        updated=read_instant(values.get("updated")),
        message=_words(values.get("message")),
        error=_fault(values.get("error")),
        warnings=tuple(map(_words, warnings[:_MOST_WARNINGS])) if isinstance(warnings, list) else (),
    )


def read_exit_code(content: Optional[bytes]) -> Optional[int]:
    """Return the exit code in an `rc` file; None without a 32-bit number."""
    return int(content) if content and _EXIT_CODE.fullmatch(content) else None


def _running(status: RunStatus, evidence: Evidence, now: datetime) -> RunStatus:
    state = status.state
    if state is RunState.FINISHED:  # written before the manifest, which decides
        state = RunState.PUBLISHING
    message = status.message
    silence = (now - status.updated).total_seconds() if status.updated else 0.0
    if evidence.cancel_asked:
        message = "Stopping."
    elif silence > SILENT_SECONDS:
        message = f"The run has said nothing for {silence / 60:.0f} min."
    return replace(status, state=state, message=message)


def _ended(evidence: Evidence, folder: str) -> Fault:
    code = evidence.exit_code
    again = "Start the run again; trips that are in the point store are not read again."
    if code is None:
        what = (
            "The run stopped without a word: its process was ended from outside, or the computer restarted."
        )
    elif code == 0:
        what = f"The run ended without a result: there is no manifest.json in {folder}."
    elif code == 137:
        what = "The run was killed, most likely because the computer ran out of memory."
        again = "Close other programs or use fewer workers, then start it again."
    elif code > 128:
        what = f"The run was ended from outside by signal {code - 128}."
    else:
        what, again = f"The run failed with exit code {code}.", f"Its log is in {folder}."
    last = (
        f" Its last words: {evidence.log_tail.strip().splitlines()[-1].strip()[:_LONGEST_LINE]}"
        if evidence.log_tail.strip()
        else ""
    )
    return Fault(f"{what} {again}{last}", evidence.log_tail, retry=code in (None, 137))


def _phase_progress(value: object) -> PhaseProgress:
    if not isinstance(value, Mapping):
        return PhaseProgress()
    return PhaseProgress(_count(value.get("done")), _count(value.get("total")))


def _count(value: object) -> int:
    """Return a count; 0 if the value is not a non-negative integer."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MOST:
        return 0
    return int(value)


def _seconds(value: Any) -> Optional[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value <= LONGEST_SECONDS:
        return None
    return max(0.0, float(value)) if math.isfinite(value) else None


def _words(value: object, longest: int = _LONGEST_WORDS) -> str:
    return value[:longest] if isinstance(value, str) else ""


def read_instant(value: object) -> Optional[datetime]:
    """Return the time of an ISO string, UTC if it has no zone; None if it is invalid or implausible."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    if read.year not in _YEARS:  # arithmetic overflows near the calendar's ends
        return None
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


def _fault(value: object) -> Optional[Fault]:
    if not isinstance(value, Mapping):
        return None
    detail = _words(value.get("detail"), _LONGEST_DETAIL)
    return Fault(_words(value.get("message")), detail, value.get("retry") is True)
