"""The Livy backend: runs on a cluster's Spark, started by Livy's REST interface.

A run is in the run store, with the name of its batch, before anything is posted; it is posted once, and
found again by that name and by its folder. The folder is authoritative; Livy is consulted additionally.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, TypeVar

from ....aggregation.contract.errors import Cancelled, RunError
from ....aggregation.contract.run_state import RunState
from ...profiles.credentials import ProfileKeys
from ...profiles.profile import Profile
from ...retry import RETRY_POLICY, RetryPolicy
from ...runs.files import RunFiles
from ...runs.records import Run, RunStore
from ...runs.status import RunStatus
from ...runs.submission import Sending, clear, give_up
from ...ssh.network import TIMEOUTS as SSH_TIMEOUTS
from ...ssh.network import Timeouts as SshTimeouts
from ..base.remote import InFolder, RemoteBackend
from . import submission
from .batch import batch_name, batch_of
from .client import TIMEOUTS, Timeouts
from .connection import Way
from .file_access import FileAccess
from .job_files import put_jobs
from .status_poller import LIMITS, Limits, StatusPoller

if TYPE_CHECKING:
    from ...ssh.known_hosts import KnownHosts

T = TypeVar("T")


class LivyBackend(RemoteBackend):
    """Backend for runs through the Livy of `profile`; see `backend.Backend` for the interface. Thread-safe.

    `runs_folder` is the default parent of folders for fetched results. `known_hosts` is required if the
    profile names a host.
    """

    def __init__(
        self,
        profile: Profile,
        store: RunStore,
        runs_folder: Path,
        keys: ProfileKeys,
        known_hosts: Optional[KnownHosts] = None,
        *,
        timeouts: Timeouts = TIMEOUTS,
        ssh_timeouts: SshTimeouts = SSH_TIMEOUTS,
        retry_policy: RetryPolicy = RETRY_POLICY,
        limits: Limits = LIMITS,
        sure: float = submission.SURE_SECONDS,
    ) -> None:
        super().__init__(store, runs_folder)
        self._sure = sure
        self._file_access = FileAccess(
            profile, keys, known_hosts, timeouts=ssh_timeouts, retry_policy=retry_policy
        )
        self.way = Way(profile, keys, self._file_access, timeouts)
        self._poller = StatusPoller(self.way.client, limits)

    def cancel(self, run: Run) -> None:
        """Ask the run to stop; if it does not within seconds, or has not begun, Livy ends it."""
        if give_up(run.id):
            return

        def leave_word(files: RunFiles, folder: str) -> bool:
            if not files.holds(folder, run.id):
                return False
            if files.size(f"{folder}/manifest.json") is None:
                files.put(f"{folder}/cancel", b"cancelled\n")
            return files.size(f"{folder}/status.json") is not None

        begun = self._in_folder(run, leave_word)
        deleted = False
        if not begun:
            with contextlib.suppress(RunError):  # `status` tries again
                deleted = self.way.client.delete(batch_name(run))
        self._poller.stopping(run, deleted)

    def log(self, run: Run, tail: int = 200) -> str:
        """Return the last `tail` lines of the run's log; before it exists, those of its driver from Livy."""
        text = super().log(run, tail)
        if not text:
            with contextlib.suppress(RunError):
                text = "\n".join(self.way.client.log(batch_name(run))[-tail:])
        return text

    def close(self) -> None:
        """Close the connections; runs continue."""
        self.way.close()
        self._file_access.close()

    @property
    def _cut(self) -> str:
        return "The run's folder cannot be reached."

    def _status(self, run: Run) -> RunStatus:
        with contextlib.suppress(RunError):
            run = self._store.find(run.id)  # another process may have posted it since
        return self._file_access.polled(
            run.folder, lambda files, folders: self._poller.status(files, folders.absolute(run.folder), run)
        )

    def _in_folder(
        self, run: Run, work: InFolder[T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        return self._file_access.with_retries(
            run.folder, lambda files, folders: work(files, folders.absolute(run.folder)), cancelled, total
        )

    def _send(self, run: Run, sending: Sending) -> Run:
        try:
            return self._send_unless_given_up(run, sending)
        except (RunError, Cancelled):
            if sending.given_up:
                self._clear(run)
            raise

    def _send_unless_given_up(self, run: Run, sending: Sending) -> Run:
        self.way.client.version()  # fails for a wrong address, before anything is sent
        sending.check()
        folders = self._file_access.folders()
        sending.check()
        folder = folders.absolute(run.folder)
        addresses = put_jobs(self._file_access, folders)
        sending.check()
        self._file_access.with_retries(
            folder,
            lambda files, _: submission.prepare(files, folders, run, folder, sending.check),
            lambda: sending.given_up,
        )
        sending.starts()
        run = self._store.update(run.id, remote_id=batch_name(run))  # before it is posted
        poster = submission.Poster(self.way.client, self._file_access, folder, run.id, self._sure)
        found = poster.post(batch_of(run, folders, addresses))
        if found is None:
            return run  # the next status finds out
        remote_id = f"{found.name} {found.number}"
        return self._store.update(run.id, remote_id=remote_id, state=RunState.STARTING)

    def _clear(self, run: Run) -> None:
        """Remove a run that was given up; if the host does not answer, its folder stays."""
        with contextlib.suppress(RunError):
            self._file_access.once(
                run.folder, lambda files, folders: clear(files, folders.absolute(run.folder), run)
            )
        self.close()
