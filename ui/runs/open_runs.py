"""Runs whose end nobody has seen yet: what there is to take up again when QGIS starts.

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
    """Whether the run executes on another computer, and so outlives this one."""
    return not run.profile.runs_here


def open_remote_runs(store: RunStore) -> tuple[Run, ...]:
    """Those of `open_runs` that execute on other computers."""
    return tuple(run for run in open_runs(store) if is_remote(run))
