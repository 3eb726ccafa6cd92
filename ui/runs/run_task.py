"""The run as a background task, from settings to a GeoPackage, with progress by phase."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt.QtCore import pyqtSignal

from ...aggregation.contract.errors import Cancelled, RunError
from ...aggregation.contract.run_state import RunState
from ...aggregation.contract.spec import RunSpec
from ...cluster_client.profiles.profile import Profile
from ...cluster_client.runs.phases import Phase, phase_of
from ...cluster_client.runs.records import Run, RunStore
from ...cluster_client.runs.status import RunStatus
from ..background.tasks import Task
from .phases import RunProgress, phases_of, total
from .settings import RunSettings

if TYPE_CHECKING:
    from ...cluster_client.backends.base.backend import Backend
    from ...cluster_client.profiles.credentials import ProfileKeys
    from ...mapping.writer.geopackage import MatchReport
    from ...workflow.roads import Roads

_LOG_LINES = 200


@dataclass(frozen=True)
class Job:
    """Input of a task: everything that the main thread had to look up, and nothing of Qt.

    `folder` is the run folder on this computer, into which the result of a remote run is fetched. `known` is
    the run if it was started before.
    """

    settings: RunSettings
    profile: Profile
    spec: RunSpec
    roads: Roads
    store: RunStore
    folder: str
    output: str
    name: str
    known: Optional[Run] = None
    new_bytes: int = 0


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: its folder, map file, manifest and match; `seconds` is the whole time it took."""

    job: Job
    folder: Path
    manifest: Mapping[str, Any]
    match: MatchReport
    seconds: float
    phase_seconds: Mapping[Phase, float] = field(default_factory=dict)


_DOUBT = 1.5
"""Seconds after which a cancellation by QGIS counts as the person's: QGIS did not close meanwhile."""


class RunTask(Task):
    """Runs (or follows) one aggregation, joins the roads and writes the map file."""

    moved = pyqtSignal(object)

    def __init__(self, job: Job, description: str) -> None:
        super().__init__(description, hidden=False)
        self.job = job
        self._keys: Optional[ProfileKeys] = None
        self._backend: Optional[Backend] = None
        self._run: Optional[Run] = job.known
        self._leaving = False
        self._asked_at: Optional[float] = None
        self._phase = phases_of(job.profile)[0]
        self._entered = time.monotonic()
        self._seconds: dict[Phase, float] = {}
        self._furthest = 0.0

    # -- in the main thread -------------------------------------------------------------------------

    def start(self) -> None:
        """Read the credentials, and hand the task to QGIS."""
        from ...workflow.credentials import read_credentials  # noqa: PLC0415

        try:
            self._keys = read_credentials(self.job.profile)
        except RunError as error:
            self.failed.emit(error)
            return
        super().start()

    def cancel(self) -> None:
        """Called by QGIS's own task list, and when QGIS closes; which of the two shows a moment later."""
        if self._asked_at is None:
            self._asked_at = time.monotonic() + _DOUBT
        super().cancel()

    def stop(self) -> None:
        """Stop the run, wherever it executes: the person asked for it."""
        self._asked_at = time.monotonic()
        super().cancel()

    def leave(self) -> None:
        """Stop following; the run itself goes on without QGIS."""
        self._leaving = True
        super().cancel()
        self.try_now()  # calls that wait for an answer end with an error

    def try_now(self) -> None:
        """Connect again at once to a place that did not answer."""
        backend = self._backend
        if backend is not None and not self.job.profile.runs_here:
            # closing a connection blocks when the host does not answer
            threading.Thread(target=backend.close, daemon=True).start()

    @property
    def started(self) -> bool:
        """True if a part of the run was ever started."""
        return self._run is not None

    @property
    def may_go_on(self) -> bool:
        """True if the run may go on elsewhere after this task, which has not seen its end."""
        run = self._run
        if run is None or self.job.profile.runs_here:
            return False
        try:
            return not self.job.store.find(run.id).state.is_final
        except RunError:
            return False

    # -- in any thread ------------------------------------------------------------------------------

    def log(self) -> str:
        """Return the last lines of the run's log; may take the time of a network call."""
        backend, run = self._backend, self._run
        return backend.log(run, _LOG_LINES) if backend is not None and run is not None else ""

    def work(self) -> FinishedRun:
        """Carry out the whole run, in the task's thread."""
        from ...aggregation.run_folder import RunFolder  # noqa: PLC0415
        from ...aggregation.storage.local.path import LocalPath  # noqa: PLC0415
        from ...workflow import steps  # noqa: PLC0415  (pandas and GDAL load in the thread)

        began = time.monotonic()
        job = self.job
        if job.known is not None:
            folder = steps.rejoin(
                job.known, job.store, self._on_status, self._is_stopped,
                credentials=self._keys, on_start=self._on_start, on_fetch=self._on_fetch,
            )  # fmt: skip
        else:
            steps.check_trips(job.profile, job.spec)
            steps.check_map_file(job.output)
            steps.check_roads(job.roads, self.isCanceled)
            folder = steps.run_aggregation(
                job.profile, job.spec, job.store, self._on_status, self._is_stopped,
                name=job.name, folder=job.folder,
                credentials=self._keys, on_start=self._on_start, on_fetch=self._on_fetch,
                is_withdrawn=self._is_withdrawn,
            )  # fmt: skip
        self._report_progress(Phase.MAPPING, 0.0)
        match = steps.make_map(folder, job.roads, job.output, self._on_map, self.isCanceled)
        manifest = RunFolder(LocalPath(folder)).read_manifest()
        self._report_progress(Phase.MAPPING, 1.0)
        self._seconds[Phase.MAPPING] = time.monotonic() - self._entered
        return FinishedRun(job, folder, manifest, match, time.monotonic() - began, dict(self._seconds))

    def _is_stopped(self) -> bool:
        """Return True if the run itself is to be stopped; raise `Cancelled` to stop following it only."""
        if self._leaving:
            raise Cancelled
        return self._asked_at is not None and time.monotonic() >= self._asked_at

    def _is_withdrawn(self) -> bool:
        """Return True if a run that is being sent is not to be started; False to stop following it only."""
        return not self._leaving and self._asked_at is not None and time.monotonic() >= self._asked_at

    def _on_start(self, backend: Backend, run: Run) -> None:
        self._backend, self._run = backend, run
        if self._leaving:
            raise Cancelled

    def _on_status(self, status: RunStatus) -> None:
        if self._leaving:
            raise Cancelled
        phase = phase_of(status.state, self._phase, phases_of(self.job.profile))
        if status.state is not RunState.FINISHED:
            self._report_progress(phase, status.fraction or 0.0, status)

    def _on_fetch(self, done: int, whole: int) -> None:
        if Phase.FETCHING in phases_of(self.job.profile):
            self._report_progress(Phase.FETCHING, done / whole if whole else 0.0, fetched=(done, whole))

    def _on_map(self, percent: float) -> None:
        self._report_progress(Phase.MAPPING, percent / 100)

    def _report_progress(
        self,
        phase: Phase,
        done: float,
        status: Optional[RunStatus] = None,
        fetched: tuple[int, int] = (0, 0),
    ) -> None:
        if phase is not self._phase:
            now = time.monotonic()
            self._seconds[self._phase] = now - self._entered
            self._phase, self._entered = phase, now
        if status is None or status.state is not RunState.UNKNOWN:
            self._furthest = max(self._furthest, total(phase, done, self.job.profile))
        self.setProgress(self._furthest * 100)
        self.moved.emit(RunProgress(phase, done, self._furthest, status, fetched))
