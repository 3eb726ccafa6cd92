"""The run folder: the protocol between a run and its clients, on a disk or in a bucket.

spec.json      written by the client before the start, read by the run
status.json    written by the run, atomically, about once a second
cancel         written by the client to stop a run that it cannot signal
results/*.csv  written by the last step, with datapackage.json, which describes them
manifest.json  written last: the result exists if and only if this file does
work/          intermediate files, removed when the run ends
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Optional
from uuid import uuid4

from .contract import json_text
from .contract.errors import RunError, SpecError
from .contract.manifest import check_manifest
from .contract.own_files import RESULT_FILES, WORK_FILES
from .contract.run_state import RunState
from .contract.spec import SCHEMA, RunSpec
from .storage import Place, printable


class AlreadyPublished(RunError):
    """Another process has published the run's result already."""


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run's files, in a folder or a bucket.

    In a bucket two processes may carry out the same run, so each writes its results under its own `attempt`,
    and the only manifest names the attempt that counts.
    """

    path: Place
    attempt: str = ""

    @classmethod
    def begun(cls, path: Place) -> RunFolder:
        """Return the folder for a process that starts to carry out the run; in a bucket a new attempt."""
        return cls(path, "" if path.is_local else uuid4().hex[:8])

    @property
    def spec(self) -> Place:
        return self.path / "spec.json"

    @property
    def status(self) -> Place:
        return self.path / "status.json"

    @property
    def manifest(self) -> Place:
        return self.path / "manifest.json"

    @property
    def results_name(self) -> str:
        """Path of the results relative to the run folder."""
        return f"results/{self.attempt}".rstrip("/")

    @property
    def results(self) -> Place:
        return self.path / self.results_name

    @property
    def work(self) -> Place:
        return self.path / f"work/{self.attempt}".rstrip("/")

    def cancel_asked(self) -> bool:
        """Return True if the client has asked the run to stop, by the file `cancel`."""
        return (self.path / "cancel").exists()

    def read_spec(self) -> RunSpec:
        """Return the run's specification; raises `SpecError`."""
        try:
            values = json_text.read(self.spec, json_text.LARGEST_NOTE)
        except OSError as error:
            raise SpecError("spec.json", f"cannot be read from {self.path}: {error}") from error
        except json_text.JsonFault as error:
            raise SpecError("spec.json", f"in {self.path} cannot be used: {error.fault}") from error
        return RunSpec.from_json(values)

    def claim(self) -> None:
        """Raise `RunError` if `work` or `results` contain files that are not a run's.

        In a bucket nothing is checked, as each attempt has its own folders.
        """
        for folder, ours in ((self.work, WORK_FILES), (self.results, RESULT_FILES)):
            foreign = folder.foreign(ours)
            if foreign:
                raise RunError(
                    f"{printable(str(folder))} {foreign}. Nothing in it was changed. A run folder is new or "
                    "empty: choose another one."
                )

    def remove_work(self) -> None:
        """Remove the steps' intermediate files."""
        self.work.remove_files(WORK_FILES)

    def remove_results(self) -> None:
        """Remove this attempt's results; called only if no manifest names them."""
        self.results.remove_files(RESULT_FILES)

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Publish the result; `results` must not change afterwards.

        Raises `AlreadyPublished` if another process has published one meanwhile.
        """
        if not self.manifest.publish_json(manifest):
            raise AlreadyPublished(
                f"Another process has ended the run in {self.path} meanwhile; its result counts. "
                "This one is not needed and was removed."
            )

    def may_be_published(self) -> bool:
        """Return True if the manifest exists or cannot be checked: a write's response may have been lost."""
        try:
            return self.manifest.exists()
        except (OSError, RunError):
            return True

    def read_manifest(self) -> dict[str, Any]:
        """Return the manifest of a finished run; raises `RunError` if it is missing or invalid."""
        try:
            return check_manifest(json_text.read(self.manifest), str(self.manifest))
        except FileNotFoundError as error:
            raise RunError(f"The run in {self.path} has no result yet.") from error
        except OSError as error:
            raise RunError(f"{self.manifest} cannot be read: {error.strerror or error}.") from error
        except json_text.JsonFault as error:
            raise RunError(f"{error}. Start the run again.") from error


def now() -> str:
    """Return the current time in UTC, ISO-8601."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@dataclass
class Status:
    """Contents of status.json during a run; `write` is limited to about once a second."""

    folder: RunFolder
    workers: int = 1
    state: RunState = RunState.LISTING
    files: dict[str, int] = field(default_factory=lambda: {"done": 0, "total": 0})
    bytes: dict[str, int] = field(default_factory=lambda: {"done": 0, "total": 0})
    tasks: dict[str, int] = field(default_factory=lambda: {"done": 0, "total": 0})
    points: int = 0
    error: Optional[dict[str, Any]] = None
    warnings: list[str] = field(default_factory=list)
    waiting: str = ""
    remark: str = ""
    runner: dict[str, Any] = field(default_factory=dict)
    started: str = field(default_factory=now)

    def __post_init__(self) -> None:
        self._clock = time.monotonic()
        self._phase_began = self._clock
        self._written = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._clock

    def enter(self, state: RunState, tasks: int = 0) -> None:
        """Enter a phase of `tasks` tasks."""
        self.state, self.tasks = state, {"done": 0, "total": tasks}
        self._phase_began = time.monotonic()
        self.write(force=True)

    def task_done(self) -> None:
        """Count one finished task of the phase."""
        self.tasks["done"] += 1
        self.write()

    def write(self, force: bool = False) -> None:
        """Write status.json if the last write is a second ago (two in a bucket), or always with `force`."""
        moment = time.monotonic()
        if not force and moment - self._written < self.folder.path.status_seconds:
            return
        self._written = moment
        with self.folder.path.disk_errors("write status.json"):
            self.folder.status.put_json(self._values())

    def _values(self) -> dict[str, Any]:
        """Return the present contents of status.json."""
        return {
            "schema": SCHEMA,
            "state": (RunState.WAITING if self.waiting else self.state).value,
            "message": self.waiting or self.remark,
            "files": self.files,
            "bytes": self.bytes,
            "tasks": self.tasks,
            "points": self.points,
            "started": self.started,
            "updated": now(),
            "elapsed": round(self.elapsed, 3),
            "seconds_left": self._seconds_left(),
            "workers": self.workers,
            "pid": os.getpid(),
            "runner": self.runner,
            "error": self.error,
            "warnings": self.warnings[:20],
        }

    def _seconds_left(self) -> Optional[float]:
        """Estimate the seconds left of the present phase, by bytes while decoding, else by tasks."""
        measure = self.bytes if self.state is RunState.DECODING else self.tasks
        done, total = measure["done"], measure["total"]
        if not done or not total or self.state not in (RunState.DECODING, RunState.SUMMARISING):
            return None
        return round((time.monotonic() - self._phase_began) / done * (total - done), 1)
