"""Runs that went on without QGIS: which of them to offer, and the sentence for it. Needs no window.

The run store has the record of such a run (written before anything was started), the settings may have a note
of the window that started it: roads, looks, map file. A run without a record was never started; it is not
offered, since to follow it would start it. The list of runs finds the same runs in the same way
(`open_runs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from ...aggregation.contract.run_state import RunState
from ...cluster_client.runs.folder import is_gone
from ...mapping.language import tr
from .open_runs import is_remote, open_remote_runs
from .run_texts import location_name

if TYPE_CHECKING:
    from ...cluster_client.runs.records import Run, RunStore
    from .pending import PendingRun

_NEWS_DAYS = 14
"""Days after which a run without a note is only in the list of runs, and not offered."""


@dataclass(frozen=True)
class Offer:
    """A run to follow again; `noted` is the note of its window."""

    run: Run
    noted: Optional[PendingRun] = None


def offers(store: RunStore, noted: Sequence[PendingRun]) -> tuple[list[Offer], list[PendingRun]]:
    """Return the runs to offer, the newest first, and the notes without a run, which can be deleted.

    For a thread: it reads every record. A run that ends unseen stays offered until its end has been seen, so
    that its map is not forgotten.
    """
    found: dict[str, Offer] = {}
    lost = []
    records = store.runs().runs if noted else ()
    for note in noted:
        run = next((run for run in records if note.folder in (run.folder, run.local_folder)), None)
        if run is None or (run.state.is_final and not is_remote(run) and is_gone(Path(run.folder), run)):
            lost.append(note)
        else:
            found[run.id] = Offer(run, note)
    since = datetime.now(timezone.utc) - timedelta(days=_NEWS_DAYS)
    for run in open_remote_runs(store):
        if run.id not in found and run.created is not None and run.created > since:
            found[run.id] = Offer(run)
    oldest = datetime.min.replace(tzinfo=timezone.utc)
    return sorted(found.values(), key=lambda offer: offer.run.created or oldest, reverse=True), lost


def sentence(run: Run) -> str:
    """Return a sentence about a run whose end has not been seen."""
    where = location_name(run.profile)
    if run.state is RunState.FINISHED:
        text = tr("The run “{name}” has finished, and its map has not been drawn.")
    elif run.state.is_final:
        text = tr("The run “{name}” on {location} ended without a map.")
    elif is_remote(run):
        text = tr("The run “{name}” was still going on {location} when QGIS was closed.")
    else:
        text = tr("The run “{name}” was still going when QGIS was closed.")
    return text.format(name=run.name, location=where)
