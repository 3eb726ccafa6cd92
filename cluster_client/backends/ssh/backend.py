"""The SSH backend: runs on a cluster's head, independent of this computer.

A run is in the run store before anything is sent. The remote launcher creates the folder `started` in the
run folder, which succeeds only once: a submission that is interrupted and repeated starts the run once.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Callable, TypeVar

from ....aggregation.contract.errors import Cancelled
from ....aggregation.contract.run_state import RunState
from ...errors import BackendError, ClientError, Unreachable
from ...profiles.profile import Profile
from ...profiles.ssh_credentials import Credentials
from ...retry import RETRY_POLICY, RetryPolicy
from ...runs.records import Run, RunStore
from ...runs.status import RunStatus
from ...runs.submission import Sending, clear, give_up
from ...ssh.connection import Connection
from ...ssh.known_hosts import KnownHosts
from ...ssh.network import TIMEOUTS, Timeouts
from ...ssh.run_paths import RemoteFolders
from ...ssh.scripts import call
from ...ssh.session import Session
from ...ssh.transfer import SftpFiles
from ..base.remote import InFolder, RemoteBackend
from . import submission
from .run_files import GRACE_SECONDS
from .status_poller import StatusPoller

T = TypeVar("T")


class SshBackend(RemoteBackend):
    """Backend for runs on the cluster of `profile`; see `backend.Backend` for the interface. Thread-safe.

    `runs_folder` is the default parent of folders for fetched results.
    """

    def __init__(
        self,
        profile: Profile,
        store: RunStore,
        runs_folder: Path,
        credentials: Credentials,
        known_hosts: KnownHosts,
        *,
        timeouts: Timeouts = TIMEOUTS,
        retry_policy: RetryPolicy = RETRY_POLICY,
        grace: float = GRACE_SECONDS,
    ) -> None:
        super().__init__(store, runs_folder)
        self._grace = grace
        self._session = Session(profile, credentials, known_hosts, timeouts, retry_policy)
        self._poller = StatusPoller(grace)

    def cancel(self, run: Run) -> None:
        """Ask the run's processes to stop; they are killed after the grace period."""
        if give_up(run.id):
            return
        answer = self._session.with_retries(
            lambda connection, folders: call(
                connection, "stop", {"folder": folders.absolute(run.folder), "run": run.id}
            )
        )
        if answer[0] == "failed":
            raise BackendError(f"The run in {run.folder} on {self._session.login} cannot be stopped.")
        self._poller.stopping(run)

    def close(self) -> None:
        """Close the connection; runs continue."""
        self._session.close()

    @property
    def _cut(self) -> str:
        return f"There is no connection to {self._session.login}."

    def _status(self, run: Run) -> RunStatus:
        return self._session.polled(
            lambda connection, folders: self._poller.status(connection, folders.absolute(run.folder), run)
        )

    def _in_folder(
        self, run: Run, work: InFolder[T], cancelled: Callable[[], bool] = lambda: False, total: float = 0.0
    ) -> T:
        return self._session.with_retries(
            lambda c, folders: work(SftpFiles(c), folders.absolute(run.folder)), cancelled, total
        )

    def _send(self, run: Run, sending: Sending) -> Run:
        asked = False

        def start(connection: Connection, folders: RemoteFolders) -> str:
            nonlocal asked
            if not asked:
                sending.starts()
            asked = True
            return submission.start(connection, folders, run, self._grace)

        try:
            self._session.once(lambda *_: sending.check())  # no retries, as the address may be wrong
            self._session.with_retries(
                lambda c, folders: submission.prepare(c, folders, run, sending.check),
                lambda: sending.given_up,
            )
            process = self._session.with_retries(start, lambda: sending.given_up)
        except (ClientError, Cancelled) as error:
            if sending.given_up:
                self._clear(run)
            elif asked and isinstance(error, Unreachable):
                return self._store.update(run.id, message=error.message)  # the next status finds out
            raise
        return self._store.update(run.id, remote_id=process, state=RunState.STARTING)

    def _clear(self, run: Run) -> None:
        """Remove a run that was given up; if the host does not answer, its folder stays."""
        with contextlib.suppress(ClientError):
            self._session.once(lambda c, folders: clear(SftpFiles(c), folders.absolute(run.folder), run))
        self._session.close()
