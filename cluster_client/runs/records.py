"""The run store: one record per run, written before anything of the run is started.

A folder of JSON files, one per run, by which runs are re-attached after a restart of QGIS or the computer,
or a loss of the network. Two processes may use a store at once.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from ...aggregation.contract.json_text import Entries, JsonFault
from ...aggregation.contract.run_state import RunState
from ...aggregation.contract.spec import RunSpec
from ..errors import AlreadyStarted, ProfileError, RunRecordError
from ..profiles.profile import Profile
from ..shared_files import locked, read_json, write_atomically
from .status import RunStatus, read_instant

SCHEMA = 1
_TEXTS = ("id", "name", "folder", "local_folder", "remote_id", "message")
_TIMES = ("created", "started", "ended")
_LONGEST_FOLDER = 8192


@dataclass(frozen=True)
class Run:
    """Record of one run.

    `id` is a UUID and the idempotency key everywhere. `profile` is a copy of the profile at the run's
    creation, so that the run can be reached after the profile has changed. `spec` is the run specification's
    JSON (`read_spec` parses it). `folder` is the run folder as the backend sees it, `local_folder` the folder
    on this computer that it is in or fetched to. `remote_id` identifies the run at the backend (process
    group, batch name, …). `state` is the last known state, `message` the error message if there was one.
    """

    id: str
    name: str
    profile: Profile
    spec: Mapping[str, Any]
    folder: str = ""
    local_folder: str = ""
    remote_id: str = ""
    state: RunState = RunState.QUEUED
    message: str = ""
    created: Optional[datetime] = None
    started: Optional[datetime] = None
    ended: Optional[datetime] = None

    @classmethod
    def new(cls, name: str, profile: Profile, spec: RunSpec, folder: str = "", local_folder: str = "") -> Run:
        """Return a run with a new id, not yet recorded; the backend chooses folders that are empty."""
        return cls(
            id=str(uuid.uuid4()), name=name, profile=profile, spec=spec.to_json(),
            folder=folder, local_folder=local_folder, created=_now(),
        )  # fmt: skip

    def read_spec(self) -> RunSpec:
        """Return the run's specification; raises `aggregation.contract.errors.SpecError`."""
        return RunSpec.from_json(self.spec)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in _TIMES:
            values[name] = values[name].isoformat() if values[name] else None
        return {
            "schema": SCHEMA, **values,
            "profile": self.profile.to_json(), "spec": dict(self.spec), "state": self.state.value,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: object) -> Run:
        """Create a record from decoded JSON; raises `JsonFault` or `ProfileError`."""
        entries = Entries.of(values, "the record")
        if entries.whole("schema") != SCHEMA:
            raise entries.fault("schema", f"not {SCHEMA}: another version of Roadpulse wrote it")
        known: dict[str, Any] = {name: entries.text(name) for name in _TEXTS}
        known.update({name: _moment(entries, name) for name in _TIMES})
        for name in ("folder", "local_folder"):
            if "\0" in known[name] or len(known[name]) > _LONGEST_FOLDER:
                raise entries.fault(name, "not the name of a folder")
        _check_id(entries)
        return cls(
            **known,
            profile=Profile.from_json(entries.value("profile")),
            spec=dict(entries.part("spec").values),
            state=RunState.read(entries.text("state")),
        )


@dataclass(frozen=True)
class RunList:
    """Runs, newest first, and the records that could not be read."""

    runs: tuple[Run, ...]
    faults: tuple[RunRecordError, ...]


class RunStore:
    """Run records in `folder`, which may not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, run: Run) -> None:
        """Record a new run; raises `AlreadyStarted` if it is recorded already, or `RunRecordError`."""
        try:
            write_atomically(self._path(run.id), _text(run), new=True)
        except FileExistsError as error:
            raise AlreadyStarted(
                f"The run {run.name!r} has been started before. Look at it in the list of runs."
            ) from error
        except OSError as error:
            raise _refused("written", self._path(run.id), error) from error

    def update(self, run_id: str, **changes: Any) -> Run:
        """Change entries of a record and return it; a final state is never changed.

        Raises `RunRecordError`.
        """
        try:
            with locked(self.folder):
                run = self.find(run_id)
                if run.state.is_final:
                    changes.pop("state", None)
                changed = replace(run, **changes)
                if changed != run:
                    write_atomically(self._path(run_id), _text(changed))
                return changed
        except OSError as error:
            raise _refused("written", self._path(run_id), error) from error

    def note(self, run: Run, status: RunStatus) -> Run:
        """Update the run's record if the state has changed; return the recorded run."""
        if status.state is run.state or run.state.is_final:
            return run
        return self.update(
            run.id,
            state=status.state,
            message=status.error.message if status.error else "",
            ended=_now() if status.is_final else None,
        )

    def find(self, run_id: str) -> Run:
        """Return the run with that id; raises `RunRecordError`."""
        path = self._path(run_id)
        try:
            run = Run.from_json(read_json(path))
        except FileNotFoundError as error:
            raise RunRecordError(f"There is no record of a run {run_id} in {self.folder}.") from error
        except OSError as error:
            raise _refused("read", path, error) from error
        except (JsonFault, ProfileError) as error:
            what = error.fault if isinstance(error, JsonFault) else error.message.rstrip(".")
            raise RunRecordError(
                f"The record {path} cannot be read: {what}. The run itself is not touched by this; delete "
                "the record to have it out of the list.",
                what,
            ) from error
        if run.id != run_id:
            raise RunRecordError(f"The record {path} is that of another run, {run.id}; delete it.")
        return run

    def find_folder(self, folder: str) -> Optional[Run]:
        """Return the newest run with this remote or local folder; None if there is none."""
        return next((run for run in self.runs().runs if folder in (run.folder, run.local_folder)), None)

    def runs(self) -> RunList:
        """Return all runs, newest first, and the records that cannot be read."""
        runs: list[Run] = []
        faults: list[RunRecordError] = []
        for path in sorted(self.folder.glob("[!.]*.json")):
            try:
                runs.append(self.find(path.stem))
            except RunRecordError as error:
                faults.append(error)
        earliest = datetime.min.replace(tzinfo=timezone.utc)
        runs.sort(key=lambda run: run.created or earliest, reverse=True)
        return RunList(tuple(runs), tuple(faults))

    def unfinished(self) -> tuple[Run, ...]:
        """Return the runs to re-attach: those without a final state."""
        return tuple(run for run in self.runs().runs if not run.state.is_final)

    def delete(self, run_id: str) -> None:
        """Delete a record, readable or not; the run folder stays. Raises `RunRecordError`."""
        path = self._path(run_id)
        try:
            with locked(self.folder):
                path.unlink()
        except FileNotFoundError as error:
            raise RunRecordError(f"There is no record of a run {run_id} in {self.folder}.") from error
        except OSError as error:
            raise _refused("deleted", path, error) from error

    def _path(self, run_id: str) -> Path:
        if not run_id or run_id.startswith(".") or any(c in "/\\:\0" for c in run_id):
            raise RunRecordError(f"{run_id!r} is not the id of a run.")
        return self.folder / f"{run_id}.json"


def _check_id(entries: Entries) -> None:
    try:
        uuid.UUID(entries.text("id"))
    except ValueError as error:
        raise entries.fault("id", "not the id of a run") from error


def _moment(entries: Entries, name: str) -> Optional[datetime]:
    if not entries.value(name):
        return None
    moment = read_instant(entries.text(name))
    if moment is None:
        raise entries.fault(name, "not a moment such as 2025-06-10T08:00:00+00:00")
    return moment


def _text(run: Run) -> str:
    return json.dumps(run.to_json(), indent=2) + "\n"


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def _refused(what: str, path: Path, error: OSError) -> RunRecordError:
    return RunRecordError(f"The record {path} cannot be {what}: {error.strerror or error}.", str(error))
