"""Runs whose end has not been seen: those to resume when QGIS starts.

Plain functions over the run store, for a thread: two thousand records take about a second to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...cluster_client.runs.records import Run, RunStore


def open_runs(store: RunStore) -> tuple[Run, ...]:
    """Every recorded run that has not ended, the newest first; unreadable records are passed over."""
    return store.unfinished()


def is_remote(run: Run) -> bool:
    """Return True if the run executes on another computer, and so outlives this one."""
    return not run.profile.runs_here


def open_remote_runs(store: RunStore) -> tuple[Run, ...]:
    """Return the runs of `open_runs` that execute on other computers."""
    return tuple(run for run in open_runs(store) if is_remote(run))
