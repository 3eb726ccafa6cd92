"""The progress of a run and its result: phases with their numbers, log, summary."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Optional

from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QProgressBar, QTextBrowser, QVBoxLayout, QWidget

from ...aggregation.contract.run_state import RunState
from ...cluster_client.runs.phases import Phase
from ...cluster_client.runs.status import RunStatus
from ...mapping.language import tr
from ..runs import summary
from ..runs.phases import RunProgress
from ..runs.run_task import FinishedRun, RunTask
from ..runs.run_texts import location_name
from ..widgets.notes import Note
from ..widgets.number_format import counted, duration, left
from ..widgets.plain_text import LinkLabel, Wrapped
from .log_view import RunLog
from .phase_rows import PhaseRows


class RunPage(QWidget):
    """Shows each `RunProgress` of a run, then its `FinishedRun`.

    `try_now` says that the person wants the place asked at once.
    """

    try_now = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._finished_run: Optional[FinishedRun] = None
        self._remote = self._stopping = False
        self._heard: Optional[tuple[Phase, RunStatus]] = None
        self._heard_at = self._shown = 0.0
        # A clock shows that a run goes on while it reports nothing new.
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._update_time)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.title = Wrapped()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.title.setFont(font)
        column.addWidget(self.title)
        self.rows = PhaseRows()
        column.addWidget(self.rows)
        self.bar = QProgressBar()
        self.bar.setObjectName("progress")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        column.addWidget(self.bar)
        self.time = Note()
        self.time.setObjectName("time")
        column.addWidget(self.time)
        self.trouble = Note()
        self.trouble.setObjectName("trouble")
        self.trouble.clicked.connect(lambda _name: self._try_now())
        column.addWidget(self.trouble)
        self._add_result(column)
        self.log = RunLog()
        column.addWidget(self.log, 1)
        column.addStretch(0)

    def _add_result(self, column: QVBoxLayout) -> None:
        self.summary = LinkLabel()
        self.summary.setObjectName("summary")
        self.summary.linkActivated.connect(self.show_detail)
        column.addWidget(self.summary)
        self.warnings = Note()
        column.addWidget(self.warnings)
        self.detail = QTextBrowser()
        self.detail.setObjectName("detail")
        self.detail.setMinimumHeight(150)
        column.addWidget(self.detail, 1)

    # -- while it goes on ---------------------------------------------------------------------------

    def begin(self, task: RunTask) -> None:
        """Show a new run."""
        job = task.job
        self._finished_run, self._stopping = None, False
        self._heard, self._shown = None, 0.0
        self._remote = not job.profile.runs_here
        title = tr("Running on {place}: {name}") if self._remote else tr("Running: {name}")
        self.title.setText(title.format(name=job.name, place=location_name(job.profile)))
        self.rows.begin(job.profile)
        self.bar.setValue(0)
        self.bar.show()
        self.time.show_text(tr("Starting…"))
        self.trouble.show_text("")
        self.summary.hide()
        self.warnings.show_text("")
        self.detail.hide()
        self.log.begin(task.log, self._remote)

    def show_progress(self, moment: RunProgress) -> None:
        """Show the progress of the run."""
        self.rows.show_progress(moment)
        self.bar.setValue(round(moment.total * 1000))
        if moment.status is not None:
            self._show_status(moment.phase, moment.status)
            return
        self.trouble.show_text("")
        self._clock.stop()
        if not self._stopping:
            fetching = moment.phase is Phase.FETCHING
            text = tr("Fetching the roads and writing the map file")
            self.time.show_text(tr("Fetching the result") if fetching else text)

    def _show_status(self, phase: Phase, status: RunStatus) -> None:
        if status.state is RunState.UNKNOWN:
            self._clock.stop()
            self.trouble.show_warning(status.message, tr("Try now"), "now")
            return
        self.trouble.show_text("")
        if self._heard is None or self._heard[1].elapsed != status.elapsed:
            self._heard_at = time.monotonic()
        self._heard = (phase, status)
        self._clock.start()
        self._update_time()

    def _update_time(self) -> None:
        if self._stopping or self._heard is None:
            return
        phase, status = self._heard
        self._shown = max(self._shown, status.elapsed + time.monotonic() - self._heard_at)
        words = []
        if status.workers:
            words.append(counted(status.workers, tr("worker"), tr("workers")))
        words.append(tr("{time} so far").format(time=duration(self._shown)))
        if status.seconds_left is not None and phase in (Phase.READING, Phase.COMPUTING):
            words.append(tr("{left} in this step").format(left=left(status.seconds_left)))
        if status.message and status.state is not RunState.WAITING:
            words.append(status.message)
        self.time.show_text("  ·  ".join(words))

    def stopping(self) -> None:
        """Show that the run is being cancelled."""
        self._stopping = True
        self.time.show_text(tr("Stopping. What has been read so far is kept."))

    def _try_now(self) -> None:
        self.trouble.show_text(tr("Connecting…"))
        self.try_now.emit()

    # -- when it has ended --------------------------------------------------------------------------

    def finish(self, finished: FinishedRun) -> None:
        """Show the result."""
        self.end()
        self._finished_run = finished
        self.title.setText(tr("{name} is on the map").format(name=finished.job.name))
        self.rows.finish(finished.manifest, finished.job.new_bytes, Path(finished.job.output).name)
        self.bar.hide()
        self.trouble.show_text("")
        took = tr("Took {time}").format(time=duration(finished.seconds))
        # the duration of a run that was resumed is not known
        self.time.show_text("" if finished.job.known is not None else took)
        self.summary.show_parts(summary.line(finished))
        self.summary.show()
        self.warnings.show_warning("\n".join(summary.warnings(finished)))
        self.show_detail("trips" if finished.manifest["files"]["bad"] else "map")

    def end(self) -> None:
        """Stop clock and log; the run has ended, or is not followed any more."""
        self._clock.stop()
        self.log.end()

    def show_detail(self, name: str) -> None:
        """Show the table behind one number of the summary."""
        if self._finished_run is not None:
            self.detail.setHtml(summary.details(self._finished_run, name))
            self.detail.show()
