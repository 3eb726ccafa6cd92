"""The SSH backend: runs on a cluster's head, which go on whatever becomes of this computer.

A run is in the run store before anything is sent. What starts it there takes the folder `started` inside
the run folder, which exactly one can make: however often a submission is cut off and repeated, the run is
started once.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Optional

from ..errors import AlreadyStarted, BackendError, ClientError, NotFinished, StartError, Unreachable
from ..local import RUN_FILES
from ..profile import Profile
from ..runs import Run, RunStore
from ..status import Evidence, RunState, RunStatus, judge
from . import submission, transfer
from .connection import Connection
from .credentials import Credentials
from .fetching import fetch_run
from .folders import folder_name, runs_folder
from .known_hosts import KnownHosts
from .network import TIMEOUTS, Timeouts
from .remote_run import GRACE_SECONDS, Place
from .scripts import call
from .session import PATIENCE, Patience, Session
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

    def submit(self, run: Run) -> Run:
        """Record the run, send what it needs and start it.

        A run of which it is not known whether it was started is returned too: `status` tells.
        """
        run = replace(
            run,
            folder=run.folder or f"{runs_folder(run.profile)}/{folder_name(run)}",
            local_folder=run.local_folder or str(self._runs_folder / folder_name(run)),
            remote_id=submission.being_sent(run.id),
            started=datetime.now(timezone.utc).replace(microsecond=0),
        )
        try:
            self._store.record(run)
            try:
                self._claim(run)
            except AlreadyStarted:
                self._store.delete(run.id)
                raise
            return self._send(run)
        finally:
            submission.sent(run.id)

    def status(self, run: Run) -> RunStatus:
        """Where the run stands now; its record follows."""
        local = Path(run.local_folder or self._runs_folder / folder_name(run))
        if (local / "manifest.json").exists():
            content = (local / "status.json").read_bytes() if (local / "status.json").exists() else None
            status = judge(Evidence(alive=False, status=content, manifest=True), str(local))
        else:
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
        local = Path(run.local_folder or self._runs_folder / folder_name(run))
        if (local / "manifest.json").exists():
            return local
        stop = cancelled or (lambda: False)
        finished = self._session.patiently(
            lambda c, place: transfer.size(c, f"{place.absolute(run.folder)}/manifest.json"),
            stop,
            FETCH_PATIENCE,
        )
        if finished is None:
            raise NotFinished(
                f"The run {run.name!r} has no result: there is no manifest.json in {run.folder} on "
                f"{self._session.login}."
            )
        self._session.patiently(
            lambda c, place: fetch_run(c, place.absolute(run.folder), local, progress, stop),
            stop,
            FETCH_PATIENCE,
        )
        return local

    def log(self, run: Run, tail: int = 200) -> str:
        """The last lines of the run's log."""
        return self._session.patiently(
            lambda c, place: transfer.tail(c, f"{place.absolute(run.folder)}/log.txt", tail)
        )

    def discard(self, run: Run) -> None:
        """Delete the run's folder on the cluster and its record; what was fetched stays."""
        if not self.status(run).is_final:
            raise BackendError(f"The run {run.name!r} is still going. Cancel it first.")
        answer = self._session.patiently(
            lambda connection, place: call(connection, "remove", {"folder": place.absolute(run.folder)})
        )
        if answer[0] == "failed":
            raise BackendError(
                f"The run's folder {run.folder} on {self._session.login} cannot be deleted: "
                f"{' '.join(answer[1:])}."
            )
        self._store.delete(run.id)

    def close(self) -> None:
        """Give up the connection; runs go on."""
        self._session.close()

    def _send(self, run: Run) -> Run:
        asked = False

        def start(connection: Connection, place: Place) -> str:
            nonlocal asked
            asked = True
            return submission.start(connection, place, run)

        try:
            self._session.at_once(lambda *_: None)  # the address may be wrong: no second attempt
            self._session.patiently(lambda c, place: submission.prepare(c, place, run, self._grace))
            process = self._session.patiently(start)
        except ClientError as error:
            if asked and isinstance(error, Unreachable):
                return self._store.update(run.id, message=error.message)  # whoever looks next is told
            ended = datetime.now(timezone.utc).replace(microsecond=0)
            self._store.update(run.id, state=RunState.FAILED, message=error.message, ended=ended)
            self._unclaim(run)
            raise
        return self._store.update(run.id, remote_id=process, state=RunState.STARTING)

    def _claim(self, run: Run) -> None:
        """Make the local folder this run's; its spec.json is replaced by the cluster's in the end."""
        local = Path(run.local_folder)
        taken = AlreadyStarted(f"The folder {local} already holds a run. Choose an empty folder.")
        try:
            local.mkdir(parents=True, exist_ok=True)
            if any((local / name).exists() for name in RUN_FILES):
                raise taken
            with (local / "spec.json").open("x", encoding="utf-8", newline="\n") as file:
                json.dump(dict(run.spec), file, indent=2)
        except FileExistsError as error:
            raise taken from error
        except OSError as error:
            message = f"The run folder {local} cannot be written: {error.strerror or error}."
            self._store.update(run.id, state=RunState.FAILED, message=message)
            raise StartError(message, repr(error)) from error

    @staticmethod
    def _unclaim(run: Run) -> None:
        """Leave no half-made folder behind for a run that never was."""
        with contextlib.suppress(OSError):
            (Path(run.local_folder) / "spec.json").unlink()
            Path(run.local_folder).rmdir()
