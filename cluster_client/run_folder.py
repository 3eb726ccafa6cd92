"""A run's folder on this computer: one run's alone, and with its result once the manifest is there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from ..aggregation.json_text import LARGEST_NOTE, JsonFault, first_bytes
from .errors import AlreadyStarted, StartError
from .runs import Run, RunStore
from .status import Evidence, RunState, RunStatus, judge

RUN_FILES = ("spec.json", "status.json", "log.txt", "pid", "rc", "rc.tmp", "cancel", "manifest.json")


def take(folder: Path, spec: Mapping[str, Any]) -> None:
    """Make a folder a run's by its spec.json; whoever comes second is refused.

    Raises `AlreadyStarted` or `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken = AlreadyStarted(f"The folder {folder} already holds a run. Choose an empty folder.")
    if any((folder / name).exists() for name in RUN_FILES):
        raise taken
    try:
        with (folder / "spec.json").open("x", encoding="utf-8", newline="\n") as file:
            json.dump(dict(spec), file, indent=2)
    except FileExistsError as error:
        raise taken from error


def take_for(run: Run, store: RunStore) -> None:
    """Take the folder to which the result of a recorded run will be fetched.

    Its spec.json is replaced by the fetched one in the end. Raises `AlreadyStarted`, with the record deleted,
    or `StartError`, with the record failed.
    """
    folder = Path(run.local_folder)
    try:
        take(folder, run.spec)
    except AlreadyStarted:
        store.delete(run.id)
        raise
    except OSError as error:
        message = f"The run folder {folder} cannot be written: {error.strerror or error}."
        store.update(run.id, state=RunState.FAILED, message=message)
        raise StartError(message, repr(error)) from error


def give_back(run: Run) -> None:
    """Leave no half-made folder behind for a run that never was."""
    with contextlib.suppress(OSError):
        (Path(run.local_folder) / "spec.json").unlink()
        Path(run.local_folder).rmdir()


def has_result(folder: Path) -> bool:
    """Whether a run's result is here."""
    return (folder / "manifest.json").exists()


def fetched_status(folder: Path) -> Optional[RunStatus]:
    """The last status of a run whose result is here; None while it is not."""
    if not has_result(folder):
        return None
    status = folder / "status.json"
    try:
        content: Optional[bytes] = first_bytes(status, LARGEST_NOTE + 1)
    except (OSError, JsonFault):
        content = None
    return judge(Evidence(alive=False, status=content, manifest=True), str(folder))
