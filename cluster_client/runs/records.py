"""The run store: one record for every run, written before anything of the run is started.

A folder of JSON files, one a run. With it a run is found again and re-attached after QGIS, the network or
the computer went away. Two processes may use one store at once.
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
from ...aggregation.contract.spec import RunSpec
from ..errors import AlreadyStarted, ProfileError, RunRecordError
from ..profiles.profile import Profile
from ..shared_files import locked, read_json, write_atomically
from .status import RunState, RunStatus, read_instant

SCHEMA = 1
_TEXTS = ("id", "name", "folder", "local_folder", "remote_id", "message")
_TIMES = ("created", "started", "ended")
_LONGEST_FOLDER = 8192


@dataclass(frozen=True)
class Run:
    """One run as the store knows it.

    `id` is a UUID and the idempotency key everywhere. `profile` is the profile as it was when the run was
    made, so that the run is found again after the profile changed. `spec` is the run specification's JSON
    (`read_spec` parses it). `folder` is the run folder as the place of execution sees it, `local_folder`
    where it lies, or is fetched to, on this computer. `remote_id` is what the place calls the run (process
    group, batch name, …). `state` is the last one seen, `message` the error's words if there was one.
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
        """A run with an id of its own, not yet recorded; empty folders are chosen by the backend."""
        return cls(
            id=str(uuid.uuid4()), name=name, profile=profile, spec=spec.to_json(),
            folder=folder, local_folder=local_folder, created=_now(),
        )  # fmt: skip

    def read_spec(self) -> RunSpec:
        """The run's specification; raises `aggregation.contract.errors.SpecError`."""
        return RunSpec.from_json(self.spec)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON-ready values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in _TIMES:
            values[name] = values[name].isoformat() if values[name] else None
        return {
            "schema": SCHEMA, **values,
            "profile": self.profile.to_json(), "spec": dict(self.spec), "state": self.state.value,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: object) -> Run:
        """Read a record from decoded JSON; raises `JsonFault` or `ProfileError`."""
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
    """Runs, the newest first, and the records that could not be read."""

    runs: tuple[Run, ...]
    faults: tuple[RunRecordError, ...]


class RunStore:
    """Run records in `folder`, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, run: Run) -> None:
        """Write down a new run; raises `AlreadyStarted` for one that is recorded, `RunRecordError`."""
        try:
            write_atomically(self._path(run.id), _text(run), new=True)
        except FileExistsError as error:
            raise AlreadyStarted(
                f"The run {run.name!r} has been started before. Look at it in the list of runs."
            ) from error
        except OSError as error:
            raise _refused("written", self._path(run.id), error) from error

    def update(self, run_id: str, **changes: Any) -> Run:
        """Change entries of a record and return it; the state of a run that ended stays.

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
        """Keep a changed state in the run's record; returns the run as it is now recorded."""
        if status.state is run.state or run.state.is_final:
            return run
        return self.update(
            run.id,
            state=status.state,
            message=status.error.message if status.error else "",
            ended=_now() if status.is_final else None,
        )

    def find(self, run_id: str) -> Run:
        """The run of that id; raises `RunRecordError`."""
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
        """The newest run whose folder, there or here, is this one; None if there is none."""
        return next((run for run in self.runs().runs if folder in (run.folder, run.local_folder)), None)

    def runs(self) -> RunList:
        """Every run, the newest first; a record that cannot be read is reported and hides no other."""
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
        """The runs to re-attach: those whose end has not been seen."""
        return tuple(run for run in self.runs().runs if not run.state.is_final)

    def delete(self, run_id: str) -> None:
        """Remove a record, readable or not; the run folder stays. Raises `RunRecordError`."""
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
