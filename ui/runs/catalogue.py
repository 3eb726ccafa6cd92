"""The list of runs: every record of the store, with the facts of results. Reads only what changed.

Plain Python for a thread, without widgets.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Optional

from ...aggregation.contract.json_text import LARGEST
from ...aggregation.contract.manifest import check_manifest, fingerprint
from ...aggregation.contract.run_state import RunState
from ...cluster_client.collector import paused
from ...cluster_client.errors import RunRecordError
from ...cluster_client.runs.folder import has_result
from ...cluster_client.runs.records import Run, RunStore
from ...cluster_client.runs.status import read_instant
from ...cluster_client.shared_files import read_json
from .execution_summary import done_by

_Stamp = tuple[int, int, int]


def _nothing() -> None:
    """Default of `check`: never stop."""


@dataclass(frozen=True)
class RunFacts:
    """Facts of a finished run from its manifest: numbers of trip files, points and links, bytes of trips,
    seconds from start to end, the text of `done_by`, and the manifest's `fingerprint`, by which the run's map
    is known."""

    files: int = 0
    bytes: int = 0
    points: int = 0
    links: int = 0
    seconds: float = 0.0
    done_by: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class RunEntry:
    """One line of the list. `key` is the record's id; `fault` says why a record cannot be read,
    and what that means, `reason` the cause alone.

    `written` is when the record was changed last. `facts` are known once the result is on this computer.
    `gone`: the run ended well, and its result is not where it was any more.
    """

    key: str
    run: Optional[Run] = None
    facts: Optional[RunFacts] = None
    fault: str = ""
    reason: str = ""
    written: Optional[datetime] = None
    gone: bool = False


class RunCatalogue:
    """The list of a run store. `read` is for one thread at a time."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self._known: dict[str, tuple[_Stamp, RunEntry]] = {}

    def read(self, check: Callable[[], None] = _nothing) -> tuple[RunEntry, ...]:
        """Every entry, in no order; one that has not changed is the same object as before.

        `check` is called now and then and may raise to stop.
        """
        found: dict[str, tuple[_Stamp, RunEntry]] = {}
        with paused():  # these files lie beside QGIS's settings; results may lie where a look takes long
            for key, stamp in _records(self.store.folder):
                check()
                before = self._known.get(key)
                known = before is not None and before[0] == stamp
                found[key] = before if before is not None and known else (stamp, self._entry(key, stamp))
        for key, (stamp, entry) in found.items():
            check()
            found[key] = (stamp, _with_result(entry))
        self._known = found
        return tuple(entry for _, entry in found.values())

    def _entry(self, key: str, stamp: _Stamp) -> RunEntry:
        written = datetime.fromtimestamp(stamp[0] / 1e9, timezone.utc)
        try:
            return RunEntry(key, self.store.find(key), written=written)
        except RunRecordError as error:
            reason = error.detail or error.message
            return RunEntry(key, fault=error.message, reason=reason, written=written)


def result_folder(run: Run) -> str:
    """Return the folder of a run's result on this computer, or where it will be; empty while not known."""
    return run.local_folder or (run.folder if run.profile.runs_here else "")


def read_facts(run: Run, folder: str) -> RunFacts:
    """Return the facts of a finished run, whose result is in `folder`; raises `OSError` or `ValueError`."""
    path = Path(folder) / "manifest.json"
    values = check_manifest(read_json(path, LARGEST), str(path))
    files, table = values["files"], values["results"].get("link_speeds", {})
    return RunFacts(
        files=max(0, files["named"] - files["bad"]),
        bytes=files["bytes"],
        points=values["points"]["counted"],
        links=table.get("rows", 0),
        seconds=_between(values.get("started"), values.get("finished")),
        done_by=done_by(run.profile, values["runner"]),
        fingerprint=fingerprint(values),
    )


def _records(folder: Path) -> list[tuple[str, _Stamp]]:
    """Keys and stamps of the records; a folder that is not there has none."""
    try:
        with os.scandir(folder) as found:
            records = []
            for item in found:
                if item.name.endswith(".json") and not item.name.startswith("."):
                    about = item.stat()
                    stamp = (about.st_mtime_ns, about.st_size, about.st_ino)
                    records.append((item.name[: -len(".json")], stamp))
            return records
    except FileNotFoundError:
        return []


def _with_result(entry: RunEntry) -> RunEntry:
    run = entry.run
    if run is None or run.state is not RunState.FINISHED:
        return entry
    folder = result_folder(run)
    there = bool(folder) and has_result(Path(folder), run)
    gone = run.profile.runs_here and not there
    if there == (entry.facts is not None) and gone == entry.gone:
        return entry
    return replace(entry, facts=_facts(run, folder) if there else None, gone=gone)


def _facts(run: Run, folder: str) -> RunFacts:
    try:
        return read_facts(run, folder)
    except (OSError, ValueError):
        return RunFacts()  # what is wrong with it is said when the result is opened


def _between(began: object, ended: object) -> float:
    start, end = read_instant(began), read_instant(ended)
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0
