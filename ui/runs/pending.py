"""Runs whose end QGIS has not seen: remembered by their folder, found again at the next start.

The run store has the place and the status of a run; these notes have what only the window knew: the roads,
the look and the map file.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from qgis.core import QgsSettings

from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.json_text import Entries, JsonFault, decode
from .settings import RunSettings, from_json

if TYPE_CHECKING:
    from ...cluster_client.runs.records import Run

_GROUP = "roadpulse/pending"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PendingRun:
    """A run that may still go on."""

    folder: str
    output: str
    name: str
    settings: RunSettings


def remember(run: PendingRun) -> None:
    """Write down a run before it starts."""
    values = {
        "folder": run.folder, "output": run.output, "name": run.name, "settings": run.settings.to_json(),
    }  # fmt: skip
    settings = QgsSettings()
    settings.setValue(_key(run.folder), json.dumps(values))
    settings.sync()


def forget(folder: str) -> None:
    """Remove the note of a run whose end has been seen."""
    QgsSettings().remove(_key(folder))


def pending() -> list[PendingRun]:
    """Return the runs to offer; unreadable notes are dropped."""
    settings = QgsSettings()
    settings.beginGroup(_GROUP)
    texts = {key: settings.value(key, "", type=str) for key in settings.childKeys()}
    settings.endGroup()
    found = []
    for key, text in texts.items():
        try:
            values = Entries.of(decode(text, f"{_GROUP}/{key}"), f"{_GROUP}/{key}")
            read = from_json(values.part("settings").values, RunSettings.defaults())
            found.append(PendingRun(values.text("folder"), values.text("output"), values.text("name"), read))
        except (JsonFault, SpecError) as error:
            log.warning("A note of an unfinished run cannot be read and was dropped: %s", error)
            settings.remove(f"{_GROUP}/{key}")
    return found


def note_of(run: Run) -> Optional[PendingRun]:
    """Return the note of a run; None if there is none, or the end of the run has been seen."""
    return next((note for note in pending() if note.folder in (run.folder, run.local_folder)), None)


def _key(folder: str) -> str:
    return f"{_GROUP}/{hashlib.sha256(folder.encode()).hexdigest()[:16]}"
