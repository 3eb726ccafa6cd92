"""Interface of backends, which execute runs: this computer, SSH, Livy.

    run = Run.new("Belfast, June", profile, spec)
    run = backend.submit(run)                      # recorded in the run store before anything starts
    status = follow(backend, run, on_status=…, cancelled=…)
    folder = backend.fetch(run)                    # the run folder, on this computer

Methods may take the time of a few network calls and never wait for the run. Do not call them in the GUI
thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Protocol

from ....aggregation.contract.run_state import RunState
from ....aggregation.storage.s3.errors import S3Error
from ...errors import ClientError
from ...runs.records import Run
from ...runs.status import RunStatus


class Backend(Protocol):
    """The protocol of a backend, which executes runs. Raises `S3Error` and the errors of `errors`."""

    def submit(self, run: Run, cancelled: Optional[Callable[[], bool]] = None) -> Run:
        """Record and start a run; return it with its folder and remote id.

        `cancelled` is called several times a second while the run is being sent. Once it is True, nothing of
        the run is started, its record says so, and `aggregation.contract.errors.Cancelled` is raised, also
        over a slow network; a run that is being started at that moment is returned, and can be stopped.
        Raises `AlreadyStarted` if this run, or one in the same folder, was started before, and `StartError`
        if nothing is running.
        """

    def status(self, run: Run) -> RunStatus:
        """Return the run's status and record it. Raises `NoAnswer` if it cannot be read."""

    def cancel(self, run: Run) -> None:
        """Ask the run to stop; return at once. `status` reports when it has stopped."""

    def fetch(
        self,
        run: Run,
        progress: Optional[Callable[[int, int], None]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
    ) -> Path:
        """Fetch the finished run's files and return their folder; `progress` gets bytes done and total.

        Raises `NotFinished` for a run without a result.
        """

    def log(self, run: Run, tail: int = 200) -> str:
        """Return the last `tail` lines of the run's log; empty if there is none yet."""

    def discard(self, run: Run) -> None:
        """Delete the files and the record of an ended run; raises `BackendError`."""

    def close(self) -> None:
        """Close connections; runs continue."""


@dataclass(frozen=True)
class Polling:
    """Intervals of polling: short at first, so that a short run feels quick, then longer.

    All in seconds. Every pause is `growth` times the one before, up to `longest`.
    """

    first: float = 0.2
    growth: float = 1.3
    longest: float = 3.0

    def pauses(self) -> Iterator[float]:
        """Yield the pauses between polls, endlessly."""
        pause = self.first
        while True:
            yield pause
            pause = min(self.longest, pause * self.growth)


def follow(
    backend: Backend,
    run: Run,
    *,
    on_status: Optional[Callable[[RunStatus], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
    polling: Polling = Polling(),
    retry_seconds: float = 3600.0,
) -> RunStatus:
    """Poll a run until it has ended and return its final status; for background threads.

    `cancelled` is called several times a second; once it is True, the run is cancelled and still followed
    until it has stopped. A place that cannot be reached is tried again for `retry_seconds` seconds; the run
    goes on meanwhile. Raises `ClientError` or `S3Error` for faults that waiting does not mend.
    """
    asked = False
    silent_since: Optional[float] = None
    pauses = polling.pauses()
    while True:
        try:
            if cancelled and cancelled() and not asked:
                backend.cancel(run)
                asked = True
            status = backend.status(run)
            silent_since = None
        except (ClientError, S3Error) as error:
            silent_since = silent_since or time.monotonic()
            if not error.retry or time.monotonic() - silent_since > retry_seconds:
                raise
            status = RunStatus(RunState.UNKNOWN, message=error.message)
        if on_status:
            on_status(status)
        if status.is_final:
            return status
        if asked:
            _wait(polling.first, None)
        else:
            _wait(next(pauses), cancelled)


def _wait(seconds: float, cancelled: Optional[Callable[[], bool]]) -> None:
    """Sleep, but return within a tenth of a second once `cancelled` returns True."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not (cancelled and cancelled()):
        time.sleep(min(0.1, left))
