"""The SSH backend: runs on a cluster's head, which go on whatever becomes of this computer.

A run is in the run store before anything is sent. What starts it there takes the folder `started` inside
the run folder, which exactly one can make: however often a submission is cut off and repeated, the run is
started once.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from ...aggregation.errors import Cancelled
from ..errors import BackendError, ClientError, NotFinished, Unreachable
from ..fetching import fetch_run
from ..patience import PATIENCE, Patience
from ..profile import Profile
from ..run_folder import fetched_status, has_result
from ..runs import Run, RunStore
from ..sending import Sending, carry_out, clear, give_up
from ..status import RunState, RunStatus
from . import submission
from .connection import Connection
from .credentials import Credentials
from .folders import folder_name, runs_folder
from .known_hosts import KnownHosts
from .network import TIMEOUTS, Timeouts
from .place import Place
from .remote_run import GRACE_SECONDS
from .scripts import call
from .session import Session
from .transfer import SftpFiles
from .watch import Watch

FETCH_PATIENCE = 3600.0
"""Seconds without a network that the fetching of a result waits out, since nothing else is left to do."""


class SshBackend:
    """Runs on the cluster of `profile`; see `backend.Backend` for the protocol.

    `runs_folder` takes the fetched results of runs that name no local folder. Calls may come from several
    threads.
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
        patience: Patience = PATIENCE,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._store, self._runs_folder, self._grace = store, runs_folder.absolute(), grace
        self._session = Session(profile, credentials, known_hosts, timeouts, patience)
        self._watch = Watch(grace)

    def submit(self, run: Run, cancelled: Optional[Callable[[], bool]] = None) -> Run:
        """Record the run, send what it needs and start it.

        A run of which it is not known whether it was started is returned too: `status` tells.
        """
        run = replace(
            run,
            folder=run.folder or f"{runs_folder(run.profile)}/{folder_name(run)}",
            local_folder=run.local_folder or str(self._runs_folder / folder_name(run)),
        )
        return carry_out(self._store, run, self._send, cancelled)

    def status(self, run: Run) -> RunStatus:
        """Where the run stands now; its record follows."""
        status = fetched_status(self._local_folder(run))
        if status is None:
            try:
                status = self._session.again_and_again(
                    lambda connection, place: self._watch.look(connection, place.absolute(run.folder), run)
                )
            except Unreachable as error:
                raise type(error)(
                    f"There is no connection to {self._session.login}. The run goes on there, and "
                    f"Roadpulse looks again. ({error.message})",
                    error.detail,
                ) from error
        self._store.note(run, status)
        return status

    def cancel(self, run: Run) -> None:
        """Ask the run's processes to stop; after the grace period they are ended."""
        if give_up(run.id):
            return
        answer = self._session.patiently(
            lambda connection, place: call(connection, "stop", {"folder": place.absolute(run.folder)})
        )
        if answer[0] == "failed":
            raise BackendError(f"The run in {run.folder} on {self._session.login} cannot be stopped.")
        self._watch.stopping(run)

    def fetch(
        self,
        run: Run,
        progress: Optional[Callable[[int, int], None]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
    ) -> Path:
        """Bring the finished run's files here; a cut is waited out, and what is here is not sent again."""
        local = self._local_folder(run)
        if has_result(local):
            return local
        stop = cancelled or (lambda: False)
        finished = self._session.patiently(
            lambda c, place: SftpFiles(c).size(f"{place.absolute(run.folder)}/manifest.json"),
            stop,
            FETCH_PATIENCE,
        )
        if finished is None:
            raise NotFinished(
                f"The run {run.name!r} has no result: there is no manifest.json in {run.folder} on "
                f"{self._session.login}."
            )
        self._session.patiently(
            lambda c, place: fetch_run(SftpFiles(c), place.absolute(run.folder), local, progress, stop),
            stop,
            FETCH_PATIENCE,
        )
        return local

    def log(self, run: Run, tail: int = 200) -> str:
        """The last lines of the run's log."""
        return self._session.patiently(
            lambda c, place: SftpFiles(c).tail(f"{place.absolute(run.folder)}/log.txt", tail)
        )

    def discard(self, run: Run) -> None:
        """Delete the run's folder on the cluster and its record; what was fetched stays."""
        if not self.status(run).is_final:
            raise BackendError(f"The run {run.name!r} is still going. Cancel it first.")
        self._session.patiently(lambda c, place: SftpFiles(c).remove_ended(place.absolute(run.folder)))
        self._store.delete(run.id)

    def close(self) -> None:
        """Give up the connection; runs go on."""
        self._session.close()

    def _local_folder(self, run: Run) -> Path:
        return Path(run.local_folder or self._runs_folder / folder_name(run))

    def _send(self, run: Run, sending: Sending) -> Run:
        asked = False

        def start(connection: Connection, place: Place) -> str:
            nonlocal asked
            if not asked:
                sending.starts()
            asked = True
            return submission.start(connection, place, run)

        try:
            self._session.at_once(lambda *_: sending.check())  # the address may be wrong: no second attempt
            self._session.patiently(
                lambda c, place: submission.prepare(c, place, run, self._grace, sending.check),
                lambda: sending.given_up,
            )
            process = self._session.patiently(start, lambda: sending.given_up)
        except (ClientError, Cancelled) as error:
            if sending.given_up:
                self._clear(run)
            elif asked and isinstance(error, Unreachable):
                return self._store.update(run.id, message=error.message)  # whoever looks next is told
            raise
        return self._store.update(run.id, remote_id=process, state=RunState.STARTING)

    def _clear(self, run: Run) -> None:
        """Leave nothing there of a run that was given up; where nobody answers, a folder without a run."""
        with contextlib.suppress(ClientError):
            self._session.at_once(lambda c, place: clear(SftpFiles(c), place.absolute(run.folder), run))
        self._session.close()
