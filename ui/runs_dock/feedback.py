"""Feedback on actions on runs: in the row while they go on, in QGIS's message bar if they fail."""

from __future__ import annotations

from typing import Any

from ...cluster_client.runs.records import Run
from ..widgets.messages import log_error, show_error
from .model import RunsModel


class ActionFeedback:
    """Shows activities in the rows of `model`, and errors in the message bar of `iface`."""

    def __init__(self, iface: Any, model: RunsModel) -> None:
        self._iface, self._model = iface, model

    def show_activity(self, run: Run, activity: str) -> None:
        """Show in a run's row what is done with it; empty for nothing any more."""
        self._model.update_run(run.id, activity=activity)

    def show_error(self, error: Exception) -> Any:
        """Log an error and show it; return the item of the message bar, to which buttons can be added."""
        log_error(error)
        return show_error(self._iface.messageBar(), error)
