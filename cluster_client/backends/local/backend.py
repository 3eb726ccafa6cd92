"""The local backend: runs in processes of this computer that are independent of QGIS."""

from __future__ import annotations

import contextlib
import re
import subprocess  # nosec B404  # a fixed command, no shell
import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Optional

from ....aggregation.contract.errors import RunError
from ....aggregation.contract.json_text import LARGEST_NOTE, JsonFault, first_bytes
from ....aggregation.contract.run_state import RunState
from ....aggregation.contract.s3_access import is_s3
from ....aggregation.storage import Own, check_apart
from ....aggregation.storage.local.files import opener
from ... import shared_files
from ...errors import AlreadyStarted, BackendError, NotFinished, ProfileError, RunRecordError, StartError
from ...processes import RUN_VARIABLE, end_group, is_of_run, run_alive, start_mark
from ...profiles.credentials import S3Keys
from ...runs.folder import give_back, has_result, is_gone, remove_run, take
from ...runs.records import Run, RunStore
from ...runs.status import Evidence, RunStatus, judge, read_exit_code
from ...shared_files import read_text, write_atomically
from .python_path import child_environment, find_python

GRACE_SECONDS = 10.0
"""Seconds between asking a run to stop and killing it."""
START_SECONDS = 30.0
"""Seconds after which a recorded run without a process counts as never started."""
_END_SECONDS = 2.0
"""Maximum seconds between the manifest and the end of the process that writes it."""

_PACKAGE = __name__.split(".", maxsplit=1)[0]
_LAUNCHER = f"{_PACKAGE}.cluster_client.backends.local.launcher"
_PACKAGE_PARENT = Path(__file__).absolute().parents[4]


@dataclass(frozen=True)
class _Process:
    """A run's process group and its leader's start mark."""

    group: int
    mark: str
    run_id: str

    @property
    def alive(self) -> bool:
        mark = start_mark(self.group)
        # No other process can have the leader's id while members of its group exist.
        return mark == self.mark if mark else run_alive(self.group, self.run_id)


class LocalBackend:
    """Backend for runs on this computer; see `backend.Backend` for the interface.

    `runs_folder` is the default parent of run folders. `module` is run by the child process, with the run
    folder as its argument. Runs with trips or points in a bucket get `s3_keys` in their environment, which
    is not stored, and which other users cannot read.
    """

    def __init__(
        self,
        store: RunStore,
        runs_folder: Path,
        *,
        grace: float = GRACE_SECONDS,
        module: str = f"{_PACKAGE}.aggregation",
        s3_keys: Callable[[], Optional[S3Keys]] = lambda: None,
    ) -> None:
        self._store = store
        self._runs_folder = runs_folder
        self._grace = grace
        self._module = module
        self._s3_keys = s3_keys
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def submit(self, run: Run, cancelled: Optional[Callable[[], bool]] = None) -> Run:
        """Record the run, create its folder and start it, which is too fast to be cancelled."""
        python = find_python(run.profile.python)
        folder = self._folder(run)
        _keep_apart(run, folder)
        former = self._former_runs(folder) if run.folder else []
        run = replace(run, folder=str(folder), local_folder=str(folder), started=_now())
        self._store.record(run)
        try:
            take(folder, run)
        except AlreadyStarted:
            self._store.delete(run.id)
            raise
        except OSError as error:
            raise self._not_started(
                run, f"The run folder {folder} cannot be written: {error.strerror or error}.", error
            ) from error
        for gone in former:
            with contextlib.suppress(RunRecordError):
                self._store.delete(gone.id)
        command = [python, "-m", _LAUNCHER, str(folder), str(self._grace)]
        command += [python, "-m", self._module, str(folder)]
        if run.profile.workers:
            command += ["--workers", str(run.profile.workers)]
        try:
            child = _start(command, folder, self._environment(run))
        except OSError as error:
            raise self._not_started(
                run, f"The aggregation could not be started with {python}: {error.strerror or error}.", error
            ) from error
        self._children[run.id] = child
        remote_id = f"{child.pid} {start_mark(child.pid)}"
        return self._store.update(run.id, remote_id=remote_id, state=RunState.STARTING)

    def status(self, run: Run) -> RunStatus:
        """Return the run's status and record it."""
        folder = Path(run.folder)
        child = self._children.get(run.id)
        if child is not None and child.poll() is not None:
            del self._children[run.id]
        process = _process(run)
        if is_gone(folder, run) and not (process is None and _just_started(run)):
            status = judge(Evidence(alive=False, folder=False), str(folder))
            self._store.note(run, status)
            return status
        # In the order that `Evidence` requires: the process first, the manifest last.
        alive = process.alive if process else _just_started(run)
        cancel_asked = _age(folder / "cancel")
        if alive and process and cancel_asked is not None and cancel_asked > self._grace + 2:
            end_group(process.group, by_force=True)  # the launcher has ended, or the computer was asleep
        evidence = Evidence(
            alive=alive,
            exit_code=_exit_code(folder),
            status=_bytes(folder / "status.json"),
            log_tail=shared_files.tail(folder / "log.txt", 20) if not alive else "",
            cancel_asked=cancel_asked is not None,
            manifest=has_result(folder, run),
        )
        status = judge(evidence, str(folder))
        self._store.note(run, status)
        return status

    def cancel(self, run: Run) -> None:
        """Ask the run's processes to stop; they are killed after the grace period."""
        folder = Path(run.folder)
        process = _process(run)
        if process is None or not process.alive or has_result(folder, run):
            return
        if not is_gone(folder, run) and _age(folder / "cancel") is None:
            try:
                write_atomically(folder / "cancel", f"{_now().isoformat()}\n")
            except OSError as error:
                if sys.platform == "win32":  # the file is the only way there
                    raise BackendError(f"The run in {folder} cannot be stopped: {error}.") from error
        with contextlib.suppress(PermissionError):
            end_group(process.group, by_force=False)

    def fetch(
        self,
        run: Run,
        progress: Optional[Callable[[int, int], None]] = None,
        cancelled: Optional[Callable[[], bool]] = None,
    ) -> Path:
        """Return the run folder, which has the files already; raises `NotFinished`."""
        folder = Path(run.folder)
        if not has_result(folder, run):
            raise NotFinished(f"The run {run.name!r} has no result: there is no manifest.json in {folder}.")
        child = self._children.pop(run.id, None)
        if child is not None:  # it ends right after the manifest; unwaited for it would stay as a zombie
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_END_SECONDS)
        return folder

    def log(self, run: Run, tail: int = 200) -> str:
        """Return the last `tail` lines of the run's log."""
        folder = Path(run.folder)
        return "" if is_gone(folder, run) else shared_files.tail(folder / "log.txt", tail)

    def discard(self, run: Run) -> None:
        """Delete the run's files and its record; other files in the folder stay.

        If the folder is no longer this run's, only the record is deleted.
        """
        if not self.status(run).is_final:
            raise BackendError(f"The run {run.name!r} is still going. Cancel it first.")
        folder = Path(run.folder)
        try:
            remove_run(folder, run)
        except OSError as error:
            raise BackendError(
                f"The files of the run in {folder} cannot be deleted: {error.strerror}.", str(error)
            ) from error
        self._store.delete(run.id)

    def close(self) -> None:
        """Do nothing: there is no connection, and runs continue."""

    def _folder(self, run: Run) -> Path:
        if run.folder:
            return Path(run.folder).expanduser().absolute()
        if is_s3(run.profile.folders.runs):
            raise ProfileError(
                "folders.runs",
                f"The profile {run.profile.name!r} names a bucket for its run folders, and runs on this "
                "computer keep them here. Name a folder as 'folders.runs', or none; trips and points may lie "
                "in a bucket.",
            )
        base = Path(run.profile.folders.runs).expanduser() if run.profile.folders.runs else self._runs_folder
        readable = re.sub(r"[^A-Za-z0-9]+", "-", run.name).strip("-")[:40]
        made = (run.created or _now()).astimezone().strftime("%Y-%m-%d-%H%M%S")
        return base.absolute() / "_".join(filter(None, (made, readable, run.id[:8])))

    def _former_runs(self, folder: Path) -> list[Run]:
        """Return runs that used a folder and have no files left; raises `AlreadyStarted` if one is active."""
        found = [
            run
            for run in self._store.runs().runs
            if run.profile.runs_here and run.folder == str(folder) and is_gone(folder, run)
        ]
        for run in found:
            process = None if run.state.is_final else _process(run)
            if process and process.alive:
                raise AlreadyStarted(
                    f"The run {run.name!r} is still going in {folder}, although its files were deleted. Wait "
                    f"until its process {process.group} has ended, or end it, and start the run again."
                )
        return found

    def _environment(self, run: Run) -> dict[str, str]:
        environment = child_environment(_PACKAGE_PARENT)
        environment[RUN_VARIABLE] = run.id
        if any(is_s3(str(run.spec.get(entry, ""))) for entry in ("trips", "store")):
            keys = self._s3_keys()
            if keys is not None:
                keys.put_into(environment)
        return environment

    def _not_started(self, run: Run, message: str, error: OSError) -> StartError:
        self._store.update(run.id, state=RunState.FAILED, message=message, ended=_now())
        give_back(Path(run.folder), run)
        return StartError(message, str(error))


def _keep_apart(run: Run, folder: Path) -> None:
    """Raise `StartError` if trips and the run folder contain each other."""
    try:
        check_apart(str(run.spec.get("trips", "")), [Own("run folder", str(folder))])
    except RunError as error:
        raise StartError(error.message, error.detail) from error


def _start(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a command that writes the run's log, in a working directory without importable modules.

    Before Python 3.11 `-m` imports from the working directory, and a run folder may contain any files.
    """
    with open(folder / "log.txt", "ab", opener=opener) as log:
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            return subprocess.Popen(  # noqa: S603  # nosec B603
                command, cwd=_PACKAGE_PARENT, env=environment, creationflags=flags,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return subprocess.Popen(  # noqa: S603  # nosec B603
            command, cwd=_PACKAGE_PARENT, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def _process(run: Run) -> Optional[_Process]:
    """Return the run's process group; None if none is known.

    The record names it. The file `pid` in the run's folder, which others may have written, counts only for a
    process that is provably the run's, if the record was not finished.
    """
    group, _, mark = run.remote_id.partition(" ")
    if group.isdigit():
        return _Process(int(group), mark, run.id)
    try:
        group, _, mark = read_text(Path(run.folder) / "pid").strip().partition("\n")
        found = _Process(int(group), mark, run.id)
    except (OSError, ValueError):
        return None
    ours = is_of_run(found.group, run.id, f"{_LAUNCHER} {run.folder}") or run_alive(found.group, run.id)
    return found if ours else None


def _just_started(run: Run) -> bool:
    began = run.started or run.created
    return began is not None and (_now() - began).total_seconds() < START_SECONDS


def _exit_code(folder: Path) -> Optional[int]:
    return read_exit_code(_bytes(folder / "rc"))


def _bytes(path: Path) -> Optional[bytes]:
    try:
        return first_bytes(path, LARGEST_NOTE + 1)
    except (OSError, JsonFault):
        return None


def _age(path: Path) -> Optional[float]:
    """Return the seconds since a file was written; None if it does not exist."""
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return None


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)
