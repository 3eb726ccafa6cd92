"""Ownership of run folders on this computer: a new or empty folder becomes a run's by a job.json naming it.

Folders of version 0.1.0 have no job.json; they belong to a run if their spec.json is the run's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

from ...aggregation.contract.json_text import LARGEST_NOTE, Entries, JsonFault, decode
from ...aggregation.contract.own_files import OWNER, RESULT_FILES, RUN_FILES, WORK_FILES, names
from ...aggregation.contract.run_state import RunState
from ...aggregation.storage.local.files import make_folder, opener, remove_files
from ..errors import AlreadyStarted, RunRecordError, StartError
from ..shared_files import read_json
from .records import Run, RunStore
from .status import Evidence, RunStatus, judge

_CLAIM = (OWNER, "spec.json")
_NO_CONTENT = frozenset({".DS_Store", ".directory", "Thumbs.db", "desktop.ini"})
"""Files of file managers in folders that appear empty."""


# -- ownership ----------------------------------------------------------------------------------------


def job_text(run: Run) -> str:
    """Return the content of a run folder's job.json, which names the run."""
    return json.dumps({"schema": 1, "run": run.id, "name": run.name}, indent=2) + "\n"


def run_named_by(job: bytes) -> str:
    """Return the id of the run that the content of a job.json names; empty if it names none."""
    try:
        return Entries.of(decode(job, OWNER, LARGEST_NOTE), OWNER).text("run")
    except JsonFault:
        return ""


def owner(folder: Path) -> Optional[str]:
    """Return the id of the run that owns a folder: empty if job.json names none, None without job.json."""
    try:
        with (folder / OWNER).open("rb") as file:
            return run_named_by(file.read(LARGEST_NOTE + 1))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # unreadable, or the file system does not accept the name
        return ""


def is_of(folder: Path, run: Run) -> bool:
    """Return True if a folder is provably this run's."""
    found = owner(folder)
    if found is not None:
        return found == run.id
    try:
        return bool(read_json(folder / "spec.json") == dict(run.spec))
    except (OSError, JsonFault):
        return False


def is_gone(folder: Path, run: Run) -> bool:
    """Return True if a run's folder has no files of the run: it is missing, empty or another run's."""
    if owner(folder) not in (None, run.id):
        return True
    try:
        return not _content(folder)
    except OSError:
        return False


def has_result(folder: Path, run: Optional[Run] = None) -> bool:
    """Return True if the folder has a result, and of `run` if that is given."""
    try:
        if not (folder / "manifest.json").exists():
            return False
    except (OSError, ValueError):
        return False
    return run is None or owner(folder) in (None, run.id)


def _content(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.name not in _NO_CONTENT)
    except (FileNotFoundError, NotADirectoryError):
        return []


# -- claiming -----------------------------------------------------------------------------------------


def take(folder: Path, run: Run) -> None:
    """Claim a new or empty folder for a run by its job.json and spec.json.

    Raises `AlreadyStarted` if another process was first, or `OSError`.
    """
    make_folder(folder)
    found = _content(folder)
    if found:
        raise _in_use(folder, found)
    _write_new(folder / OWNER, job_text(run), folder)
    try:
        _write_new(folder / "spec.json", json.dumps(dict(run.spec), indent=2), folder)
    except OSError:
        give_back(folder, run)
        raise


def _write_new(path: Path, text: str, folder: Path) -> None:
    try:
        with open(path, "x", encoding="utf-8", newline="\n", opener=opener) as file:
            file.write(text)
    except FileExistsError as error:
        raise _in_use(folder, [path.name]) from error


def _in_use(folder: Path, found: list[str]) -> AlreadyStarted:
    if OWNER in found or any(RUN_FILES.fullmatch(name) for name in found):
        return AlreadyStarted(f"The folder {folder} already holds a run. Choose an empty folder.")
    return AlreadyStarted(
        f"The folder {folder} holds other files, such as {found[0]}. Nothing in it was changed. A run folder "
        "is new or empty: choose another one."
    )


def take_for(run: Run, store: RunStore) -> None:
    """Claim the folder to which the result of a recorded run will be fetched.

    Its spec.json is finally replaced by the fetched one. Raises `AlreadyStarted`, with the record deleted,
    or `StartError`, with the record marked as failed.
    """
    folder = Path(run.local_folder)
    try:
        _release(folder, store)
        take(folder, run)
    except AlreadyStarted:
        store.delete(run.id)
        raise
    except OSError as error:
        message = f"The run folder {folder} cannot be written: {error.strerror or error}."
        store.update(run.id, state=RunState.FAILED, message=message)
        raise StartError(message, repr(error)) from error


def take_to_fetch(folder: Path, run: Run) -> bool:
    """Claim a folder for the result of a run; return False if it has other content. Raises `OSError`."""
    if is_of(folder, run) or (owner(folder) is None and _is_of_earlier_version(folder)):
        return True
    try:
        take(folder, run)
    except AlreadyStarted:
        return False
    return True


def _is_of_earlier_version(folder: Path) -> bool:
    """Return True if version 0.1.0 has claimed the folder; its spec.json may have the cluster's paths."""
    try:
        spec = read_json(folder / "spec.json")
    except (OSError, JsonFault):
        return False
    return isinstance(spec, dict) and {"trips", "store", "speed_unit"} <= set(spec)


# -- releasing ----------------------------------------------------------------------------------------


def give_back(folder: Path, run: Run) -> None:
    """Remove the partly created folder of a run that was not started."""
    if owner(folder) == run.id:
        remove_files_of_a_run(folder, strict=False)


def _release(folder: Path, store: RunStore) -> None:
    """Release a folder that waits for the result of a run that has ended without one."""
    if not set(_content(folder)) <= set(_CLAIM):
        return
    try:
        run = store.find(owner(folder) or "none")
    except RunRecordError:
        return  # perhaps of another QGIS, which will fetch into it
    if run.state.is_final and run.state is not RunState.FINISHED:
        give_back(folder, run)


def remove_run(folder: Path, run: Run) -> None:
    """Delete the files of a run in its folder, by name, and the folder if it is then empty.

    Nothing is deleted unless the folder is provably this run's. Raises `OSError`.
    """
    if is_of(folder, run):
        remove_files_of_a_run(folder)


def remove_files_of_a_run(folder: Path, strict: bool = True) -> None:
    """Delete the files of any run in a folder, by name; see `remove_run`."""
    for name, ours in (("results", RESULT_FILES), ("work", WORK_FILES), (".fetched", RUN_FILES)):
        remove_files(folder / name, ours, strict)
    remove_files(folder, RUN_FILES, strict)
    remove_files(folder, names(OWNER), strict)  # last, so that an interrupted deletion can be repeated


# -- status -------------------------------------------------------------------------------------------


def fetched_status(folder: Path, run: Run) -> Optional[RunStatus]:
    """Return the final status of a run with a fetched result; None without one."""
    if not has_result(folder, run):
        return None
    status = folder / "status.json"
    content = status.read_bytes() if status.exists() else None
    return judge(Evidence(alive=False, status=content, manifest=True), str(folder))
