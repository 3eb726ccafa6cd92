"""The run as a background task: from settings to a GeoPackage, told phase by phase."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt.QtCore import pyqtSignal

from ..aggregation.errors import Cancelled
from ..aggregation.spec import RunSpec
from ..cluster_client.profile import Profile
from ..cluster_client.runs import Run, RunStore
from ..cluster_client.status import RunState, RunStatus
from .settings import RunSettings
from .tasks import Task

if TYPE_CHECKING:
    from ..algorithms.roads import Roads
    from ..mapping.geopackage import MatchReport


class Phase(Enum):
    """The phases of a run as a person sees them, with their usual share of the time."""

    LISTING = 0.02
    READING = 0.55
    COMPUTING = 0.23
    MAPPING = 0.20


_PHASES = {
    RunState.QUEUED: Phase.LISTING,
    RunState.STARTING: Phase.LISTING,
    RunState.LISTING: Phase.LISTING,
    RunState.DECODING: Phase.READING,
    RunState.SUMMARISING: Phase.COMPUTING,
    RunState.PUBLISHING: Phase.COMPUTING,
    RunState.FINISHED: Phase.MAPPING,
}


@dataclass(frozen=True)
class Moment:
    """Where the run is: its phase, the phase's share that is done, all of it, and the last status."""

    phase: Phase
    done: float
    total: float
    status: Optional[RunStatus] = None


@dataclass(frozen=True)
class Job:
    """What a task needs: everything that the main thread had to look up, and nothing of Qt."""

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
class Outcome:
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
        self._leaving = False
        self._asked_at: Optional[float] = None
        self._phase = Phase.LISTING
        self._entered = time.monotonic()
        self._seconds: dict[Phase, float] = {}
        self._furthest = 0.0

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

    def _is_stopped(self) -> bool:
        """Whether the run itself is to be stopped; raises `Cancelled` when only nobody follows any more."""
        if self._leaving:
            raise Cancelled
        return self._asked_at is not None and time.monotonic() >= self._asked_at

    def work(self) -> Outcome:
        """Everything, in the task's thread."""
        from ..aggregation.runfolder import RunFolder  # noqa: PLC0415
        from ..algorithms import steps  # noqa: PLC0415  (pandas and GDAL load in the thread)

        began = time.monotonic()
        job = self.job
        if job.known is not None:
            folder = steps.rejoin(job.known, job.store, self._on_status, self._is_stopped)
        else:
            folder = steps.run_aggregation(
                job.profile, job.spec, job.store, self._on_status, self._is_stopped,
                name=job.name, folder=job.folder,
            )  # fmt: skip
        self._tell(Phase.MAPPING, 0.0, None)
        match = steps.make_map(folder, job.roads, job.output, self._on_map, self.isCanceled)
        manifest = RunFolder(folder).read_manifest()
        self._tell(Phase.MAPPING, 1.0, None)
        self._seconds[Phase.MAPPING] = time.monotonic() - self._entered
        return Outcome(job, folder, manifest, match, time.monotonic() - began, dict(self._seconds))

    def _on_status(self, status: RunStatus) -> None:
        if self._leaving:
            raise Cancelled
        phase = _PHASES.get(status.state, self._phase)
        if phase is not Phase.MAPPING:
            self._tell(phase, status.fraction or 0.0, status)

    def _on_map(self, percent: float) -> None:
        self._tell(Phase.MAPPING, percent / 100, None)

    def _tell(self, phase: Phase, done: float, status: Optional[RunStatus]) -> None:
        if phase is not self._phase:
            now = time.monotonic()
            self._seconds[self._phase] = now - self._entered
            self._phase, self._entered = phase, now
        before = sum(p.value for p in list(Phase)[: list(Phase).index(phase)])
        self._furthest = max(self._furthest, min(1.0, before + phase.value * done))
        self.setProgress(self._furthest * 100)
        self.moved.emit(Moment(phase, done, self._furthest, status))
