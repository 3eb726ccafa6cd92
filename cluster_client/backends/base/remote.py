"""Base class of backends with remote runs: submission, fetching and deletion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional, TypeVar

from ....aggregation.contract.errors import NoAnswer
from ...errors import BackendError, NotFinished
from ...runs.fetching import fetch_run
from ...runs.files import RunFiles, here
from ...runs.folder import fetched_status, give_back, has_result, take_to_fetch
from ...runs.paths import folder_name, runs_folder
from ...runs.records import Run, RunStore
from ...runs.status import RunStatus
from ...runs.submission import Sending, carry_out

T = TypeVar("T")
InFolder = Callable[[RunFiles, str], T]
"""An idempotent function of the remote files and a run's folder."""

FETCH_RETRY_SECONDS = 3600.0
"""Seconds without a network after which fetching a result fails."""


class RemoteBackend(ABC):
    """Base class of backends with remote runs; see `backend.Backend` for the interface.

    `runs_folder` is the default parent of folders for fetched results.
    """

    def __init__(self, store: RunStore, runs_folder: Path) -> None:
        self._store, self._runs_folder = store, runs_folder.absolute()

    def submit(self, run: Run, cancelled: Optional[Callable[[], bool]] = None) -> Run:
        """Record the run, send its files and start it.

        A run of which it is unknown whether it was started is returned too; `status` finds out.
        """
        run = replace(
            run,
            folder=run.folder or f"{runs_folder(run.profile)}/{folder_name(run)}",
            local_folder=run.local_folder or str(self._runs_folder / folder_name(run)),
        )
        return carry_out(self._store, run, self._send, cancelled)

    def status(self, run: Run) -> RunStatus:
        """Return the run's status and record it."""
        status = fetched_status(self._local_folder(run), run)
        if status is None:
            try:
                status = self._status(run)
            except NoAnswer as error:
                raise type(error)(
                    f"{self._cut} The run goes on there, and Roadpulse looks again. ({error.message})",
                    error.detail,
                ) from error
        self._store.note(run, status)
        return status

    def fetch(
        self,
        run: Run,
        progress: Optional[Callable[[int, int], None]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
    ) -> Path:
        """Fetch the finished run's files, with retries; resumes interrupted downloads."""
        local = self._local_folder(run)
        if has_result(local, run):
            return local
        local = self._folder_to_fetch_to(run, local)
        stop = cancelled or (lambda: False)

        def bring(files: RunFiles, folder: str) -> None:
            if files.size(f"{folder}/manifest.json") is None:
                raise NotFinished(
                    f"The run {run.name!r} has no result: there is no manifest.json in {files.name(folder)}."
                )
            fetch_run(files, folder, local, progress, stop)

        self._in_folder(run, bring, stop, FETCH_RETRY_SECONDS)
        return local

    def log(self, run: Run, tail: int = 200) -> str:
        """Return the last `tail` lines of the run's log."""
        return self._in_folder(run, lambda files, folder: files.tail(f"{folder}/log.txt", tail))

    def discard(self, run: Run) -> None:
        """Delete the run's remote folder and its record; fetched results stay."""
        if not self.status(run).is_final:
            raise BackendError(f"The run {run.name!r} is still going. Cancel it first.")
        self._in_folder(run, lambda files, folder: files.remove_ended(folder, run.id))
        local = self._local_folder(run)
        if not has_result(local):  # nothing was fetched
            give_back(local, run)
        self._store.delete(run.id)

    @property
    @abstractmethod
    def _cut(self) -> str:
        """Message for an unknown status: what cannot be reached."""

    @abstractmethod
    def _status(self, run: Run) -> RunStatus:
        """Return the status of a run, read remotely; raises `NoAnswer`."""

    @abstractmethod
    def _in_folder(
        self, run: Run, work: InFolder[T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        """Call `work` for the run's remote folder; see `RetryingConnection.with_retries`."""

    @abstractmethod
    def _send(self, run: Run, sending: Sending) -> Run:
        """Send and start a recorded run; see `submission.carry_out`."""

    def _folder_to_fetch_to(self, run: Run, local: Path) -> Path:
        """Return the run's local folder; a new one if that has other content by now."""
        with here(local):
            if take_to_fetch(local, run):
                return local
            other = self._runs_folder / folder_name(run)
            if other == local or not take_to_fetch(other, run):
                raise BackendError(
                    f"The folder {local}, to which the result is to be fetched, holds other files. Nothing "
                    "in it was changed. Move them away and fetch the result again."
                )
        self._store.update(run.id, local_folder=str(other))
        return other

    def _local_folder(self, run: Run) -> Path:
        return Path(run.local_folder or self._runs_folder / folder_name(run))
