"""A finished run of the list onto the map: fetched, joined to the roads that were used last, drawn."""

from __future__ import annotations

from typing import Any, Callable, Optional

from qgis.core import Qgis, QgsVectorLayer
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QPushButton

from ...cluster_client.runs.phases import Phase
from ...cluster_client.runs.records import Run
from ...mapping.language import tr
from ...workflow import requirements
from ..background.chunked_job import ChunkedJob
from ..runs import pending
from ..runs.map_view import maps_in_project, show_map
from ..runs.phases import RunProgress
from ..runs.poller import RunsPoller
from ..runs.run_from_record import settings_of
from ..runs.run_job import job_again
from ..runs.run_task import FinishedRun, RunTask
from ..widgets.messages import log_error, make_message, show_message
from .feedback import ActionFeedback
from .model import RunsModel

_FEW = 0.5
"""Share of the links on the map below which the roads are probably not those of the trips."""


class RunMaps(QObject):
    """Makes maps of runs in the background; `ask_for_roads` is called where none can be used."""

    def __init__(
        self,
        iface: Any,
        poller: RunsPoller,
        model: RunsModel,
        feedback: ActionFeedback,
        ask_for_roads: Callable[[Run], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.iface, self.poller, self.model = iface, poller, model
        self._feedback = feedback
        self._ask_for_roads = ask_for_roads
        self._drawing: dict[str, RunTask] = {}

    def show(self, run: Run) -> None:
        """Put a finished run on the map; its result is fetched first where it is elsewhere."""
        if run.id in self._drawing:
            return
        layer = self.layer_of(run)
        if layer is not None:
            self.iface.setActiveLayer(layer)
            self.iface.zoomToActiveLayer()
            return
        lacking = requirements.missing(requirements.MAPS)
        if lacking:
            text = requirements.install_text(lacking)
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Warning)
            return
        try:
            noted = pending.note_of(run)
            if not (noted.settings if noted else settings_of(run)).roads.id_field:
                self._ask_for_roads(run)
                return
            job = job_again(run, noted)
        except Exception as error:  # noqa: BLE001  (the Run dialog says what is missing)
            log_error(error)
            self._ask_for_roads(run)
            return
        task = RunTask(job, tr("Roadpulse: map of {name}").format(name=run.name))
        task.moved.connect(lambda moment: self._feedback.show_activity(run, _activity(moment)))
        task.done.connect(lambda finished: self._drawn(run, finished))
        task.failed.connect(lambda error: self._not_drawn(run, error))
        task.stopped.connect(lambda: self._drawing_over(run))
        self._drawing[run.id] = task
        self._feedback.show_activity(run, tr("Opening the result…"))
        task.start()

    def layer_of(self, run: Run) -> Optional[QgsVectorLayer]:
        """Return the layer of a run's map that is in the project already."""
        row = self.model.row(run.id)
        facts = row.entry.facts if row else None
        if facts is None or not facts.fingerprint:
            return None
        return next(
            (layer for layer, file in maps_in_project() if file.fingerprint == facts.fingerprint), None
        )

    def _drawn(self, run: Run, finished: FinishedRun) -> None:
        ChunkedJob(
            show_map(self.iface, finished),
            lambda: self._shown(run, finished),
            lambda error: self._not_shown(run, error),
            self,
        )

    def _shown(self, run: Run, finished: FinishedRun) -> None:
        from ..runs import summary  # noqa: PLC0415

        self._drawing_over(run)
        pending.forget(finished.job.folder)
        bar = self.iface.messageBar()
        text, match = summary.plain_line(finished), finished.match
        if match.warnings:
            text = f"{text} {' '.join(match.warnings)}"
        if match.link_rate >= _FEW or not match.links:  # without links no other roads would help
            fine = match.links and not match.warnings
            level = Qgis.MessageLevel.Success if fine else Qgis.MessageLevel.Warning
            show_message(bar, text, level, 12)
            return
        item = make_message(text)
        self._offer_roads(item, run)
        bar.pushWidget(item, Qgis.MessageLevel.Warning)

    def _not_shown(self, run: Run, error: Exception) -> None:
        self._drawing_over(run)
        self._feedback.show_error(error)

    def _not_drawn(self, run: Run, error: Exception) -> None:
        self._drawing_over(run)
        self._offer_roads(self._feedback.show_error(error), run)

    def _offer_roads(self, item: Any, run: Run) -> None:
        button = QPushButton(tr("Choose other roads…"))
        button.clicked.connect(lambda _checked=False: self._ask_for_roads(run))
        item.layout().addWidget(button)

    def _drawing_over(self, run: Run) -> None:
        self._drawing.pop(run.id, None)
        self._feedback.show_activity(run, "")
        self.poller.read()


def _activity(moment: RunProgress) -> str:
    if moment.phase is not Phase.MAPPING:
        return tr("Fetching the result…")
    return tr("Drawing the map, {n} %").format(n=round(moment.done * 100))
