"""The runs as the dock lists them: every record of the store, with what came out. Reads only what changed.

Plain Python for a thread; nothing here knows of widgets.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Optional

from ..cluster_client.errors import RunRecordError
from ..cluster_client.files import read_text
from ..cluster_client.runs import Run, RunStore
from ..cluster_client.status import RunState
from .done_by import done_by

_Stamp = tuple[int, int, int]


def _nothing() -> None:
    """For those who never stop."""


@dataclass(frozen=True)
class RunFacts:
    """What came out of a run, from its manifest: numbers of trip files, points and links, bytes of trips,
    seconds from start to end, and who did the work, in words."""

    files: int = 0
    bytes: int = 0
    points: int = 0
    links: int = 0
    seconds: float = 0.0
    done_by: str = ""


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


class RunsBook:
    """The list of a run store. `read` is for one thread at a time."""

    def __init__(self, store: RunStore) -> None:
        self.store = store
        self._known: dict[str, tuple[_Stamp, RunEntry]] = {}

    def read(self, check: Callable[[], None] = _nothing) -> tuple[RunEntry, ...]:
        """Every entry, in no order; one that has not changed is the same object as before.

        `check` is called now and then and may raise to stop.
        """
        found: dict[str, tuple[_Stamp, RunEntry]] = {}
        for key, stamp in _records(self.store.folder):
            check()
            before = self._known.get(key)
            entry = before[1] if before is not None and before[0] == stamp else self._entry(key, stamp)
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
    """Where a run's result lies on this computer, or will lie; empty where that is not known yet."""
    return run.local_folder or (run.folder if run.profile.kind == "local" else "")


def read_facts(folder: str) -> RunFacts:
    """The facts of the finished run in `folder`; raises `OSError` or `ValueError`."""
    values = json.loads(read_text(Path(folder) / "manifest.json"))
    if not isinstance(values, Mapping):
        raise ValueError("the manifest is not a JSON object")
    files, points = _part(values, "files"), _part(values, "points")
    links = _part(_part(values, "results"), "link_speeds")
    return RunFacts(
        files=_whole(files.get("named")) - _whole(files.get("bad")),
        bytes=_whole(files.get("bytes")),
        points=_whole(points.get("counted")),
        links=_whole(links.get("rows")),
        seconds=_between(values.get("started"), values.get("finished")),
        done_by=done_by(values.get("runner")),
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
    there = bool(folder) and (Path(folder) / "manifest.json").exists()
    gone = run.profile.kind == "local" and not there
    if there == (entry.facts is not None) and gone == entry.gone:
        return entry
    return replace(entry, facts=_facts(folder) if there else None, gone=gone)


def _facts(folder: str) -> RunFacts:
    try:
        return read_facts(folder)
    except (OSError, ValueError):
        return RunFacts()  # what is wrong with it is said when the result is opened


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    return part if isinstance(part, Mapping) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _between(began: object, ended: object) -> float:
    try:
        return max(
            0.0, (datetime.fromisoformat(str(ended)) - datetime.fromisoformat(str(began))).total_seconds()
        )
    except (ValueError, TypeError):
        return 0.0
