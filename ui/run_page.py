"""The run while it goes on and when it has ended: phases with their numbers, log, summary."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase, QPalette
from qgis.PyQt.QtWidgets import (
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ..cluster_client.files import tail
from ..cluster_client.status import RunStatus
from . import summary
from .notes import Note, muted
from .run_task import Moment, Outcome, Phase
from .words import count, counted, duration, left, many, rate, size, tr

_LOG_LINES = 200
_ICON = 16


class RunPage(QWidget):
    """Shows `Moment`s as they come, then the `Outcome`."""

    detail_wanted = pyqtSignal(str)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._outcome: Optional[Outcome] = None
        self._log_file = Path()
        self._last: dict[Phase, RunStatus] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.title.setFont(font)
        self.title.setWordWrap(True)
        column.addWidget(self.title)
        column.addLayout(self._phase_rows())
        self.bar = QProgressBar()
        self.bar.setObjectName("progress")
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        column.addWidget(self.bar)
        self.time = Note()
        self.time.setObjectName("time")
        column.addWidget(self.time)
        self._add_result(column)
        self._add_log(column)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._read_log)

    def _add_result(self, column: QVBoxLayout) -> None:
        self.summary = QLabel()
        self.summary.setObjectName("summary")
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.RichText)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.summary.linkActivated.connect(self.show_detail)
        column.addWidget(self.summary)
        self.warnings = Note()
        column.addWidget(self.warnings)
        self.detail = QTextBrowser()
        self.detail.setObjectName("detail")
        self.detail.setMinimumHeight(150)
        column.addWidget(self.detail, 1)

    def _add_log(self, column: QVBoxLayout) -> None:
        self.log_button = QPushButton()
        self.log_button.setObjectName("log_button")
        self.log_button.setFlat(True)
        self.log_button.clicked.connect(self._toggle_log)
        column.addWidget(self.log_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.log = QPlainTextEdit()
        self.log.setObjectName("log")
        self.log.setReadOnly(True)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setMinimumHeight(140)
        column.addWidget(self.log, 1)
        column.addStretch(0)

    def _phase_rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        self._icons: dict[Phase, QLabel] = {}
        self._names: dict[Phase, QLabel] = {}
        self._numbers: dict[Phase, QLabel] = {}
        names = {
            Phase.LISTING: tr("Find the trips"),
            Phase.READING: tr("Read new trips"),
            Phase.COMPUTING: tr("Compute speeds"),
            Phase.MAPPING: tr("Draw the map"),
        }
        for row, (phase, name) in enumerate(names.items()):
            icon, label, numbers = QLabel(), QLabel(name), QLabel()
            icon.setFixedSize(_ICON, _ICON)
            icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
            numbers.setObjectName(f"phase_{phase.name.lower()}")
            for column, widget in enumerate((icon, label, numbers)):
                grid.addWidget(widget, row, column)
            self._icons[phase], self._names[phase], self._numbers[phase] = icon, label, numbers
        return grid

    # -- while it goes on ---------------------------------------------------------------------------

    def begin(self, name: str, folder: str) -> None:
        """Start over with a new run."""
        self._outcome = None
        self._last = {}
        self._log_file = Path(folder) / "log.txt"
        self.title.setText(tr("Running: {name}").format(name=name))
        for phase in Phase:
            self._mark(phase, "waiting")
            self._numbers[phase].setText("")
        self._mark(Phase.LISTING, "active")
        self.bar.setValue(0)
        self.bar.show()
        self.time.say(tr("Starting…"))
        self.summary.hide()
        self.warnings.say("")
        self.detail.hide()
        self._show_log(False)
        self._clock.start()

    def show_moment(self, moment: Moment) -> None:
        """Where the run is."""
        phases = list(Phase)
        for phase in phases:
            at = phases.index(phase) - phases.index(moment.phase)
            self._mark(phase, "done" if at < 0 else "active" if at == 0 else "waiting")
        self.bar.setValue(round(moment.total * 1000))
        if moment.status is not None:
            self._last[moment.phase] = moment.status
            self._show_status(moment.phase, moment.status)
        elif moment.phase is Phase.MAPPING:
            self._numbers[Phase.MAPPING].setText(f"{moment.done:.0%}".replace("%", " %"))
            self.time.say(tr("Fetching the roads and writing the map file"))

    def _show_status(self, phase: Phase, status: RunStatus) -> None:
        files = tr("{done} of {total} files").format(
            done=count(status.files.done), total=count(status.files.total)
        )
        if status.files.total:
            self._numbers[Phase.LISTING].setText(counted(status.files.total, tr("file"), tr("files")))
        if phase is Phase.READING:
            parts = [
                files,
                tr("{done} of {total}").format(done=size(status.bytes.done), total=size(status.bytes.total)),
            ]
            if status.speed:
                parts.append(rate(status.speed))
            self._numbers[phase].setText("  ·  ".join(parts))
        elif phase is Phase.COMPUTING:
            if not self._numbers[Phase.READING].text():
                self._numbers[Phase.READING].setText(tr("none is new"))
            elif Phase.READING in self._last:
                read = self._last[Phase.READING]
                self._numbers[Phase.READING].setText(f"{size(read.bytes.total)}  ·  {rate(read.speed)}")
            parts = [tr("{n} points").format(n=many(status.points))]
            if status.tasks.total:
                parts.append(
                    tr("{done} of {total} parts").format(
                        done=count(status.tasks.done), total=count(status.tasks.total)
                    )
                )
            self._numbers[phase].setText("  ·  ".join(parts))
        words = []
        if status.workers:
            words.append(counted(status.workers, tr("worker"), tr("workers")))
        words.append(tr("{time} so far").format(time=duration(status.elapsed)))
        if status.seconds_left is not None and phase in (Phase.READING, Phase.COMPUTING):
            words.append(tr("{left} in this step").format(left=left(status.seconds_left)))
        if status.message:
            words.append(status.message)
        self.time.say("  ·  ".join(words))

    def stopping(self) -> None:
        """The person pressed Cancel."""
        self.time.say(tr("Stopping. What has been read so far is kept."))

    # -- when it has ended --------------------------------------------------------------------------

    def finish(self, outcome: Outcome) -> None:
        """Show what came out."""
        self._clock.stop()
        self._outcome = outcome
        self.title.setText(tr("{name} is on the map").format(name=outcome.job.name))
        for phase in Phase:
            self._mark(phase, "done")
        files, points = outcome.manifest["files"], outcome.manifest["points"]
        self._numbers[Phase.LISTING].setText(counted(files["named"], tr("file"), tr("files")))
        self._numbers[Phase.READING].setText(_read_text(outcome))
        self._numbers[Phase.COMPUTING].setText(tr("{n} points counted").format(n=many(points["counted"])))
        self._numbers[Phase.MAPPING].setText(Path(outcome.job.output).name)
        self.bar.hide()
        self.time.say(tr("Took {time}").format(time=duration(outcome.seconds)))
        self.summary.setText(summary.line(outcome))
        self.summary.show()
        self.warnings.ask("\n".join(summary.warnings(outcome.manifest)))
        self.show_detail("trips" if outcome.manifest["files"]["bad"] else "map")

    def end(self) -> None:
        """The run stopped without a result."""
        self._clock.stop()

    def show_detail(self, name: str) -> None:
        """Show the table behind one number of the summary."""
        if self._outcome is not None:
            self.detail.setHtml(summary.details(self._outcome, name))
            self.detail.show()

    # -- log ----------------------------------------------------------------------------------------

    def _toggle_log(self) -> None:
        self._show_log(not self.log.isVisibleTo(self))

    def _show_log(self, shown: bool) -> None:
        self.log.setVisible(shown)
        self.log_button.setText(tr("Hide log") if shown else tr("Show log"))
        if shown:
            self._read_log()

    def _read_log(self) -> None:
        if not self.log.isVisibleTo(self):
            return
        text = tail(self._log_file, _LOG_LINES) or tr("Nothing has been written yet.")
        if text != self.log.toPlainText():
            self.log.setPlainText(text)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())

    # -- marks --------------------------------------------------------------------------------------

    def _mark(self, phase: Phase, state: str) -> None:
        icon, name = self._icons[phase], self._names[phase]
        font = name.font()
        font.setBold(state == "active")
        name.setFont(font)
        palette = name.palette()
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        palette.setColor(QPalette.ColorRole.WindowText, muted(self.palette()) if state == "waiting" else ink)
        name.setPalette(palette)
        if state == "done":
            icon.setPixmap(QgsApplication.getThemeIcon("/mIconSuccess.svg").pixmap(_ICON, _ICON))
        else:
            icon.setText("●" if state == "active" else "○")
            icon.setPalette(palette)


def _read_text(outcome: Outcome) -> str:
    """What was read, and how fast."""
    decoded = outcome.manifest["files"]["decoded"]
    if not decoded:
        return tr("none is new")
    parts = [counted(decoded, tr("file"), tr("files"))]
    seconds = float(outcome.manifest.get("timings", {}).get("decode", 0))
    if outcome.job.new_bytes and seconds:
        parts += [size(outcome.job.new_bytes), rate(outcome.job.new_bytes / seconds)]
    return "  ·  ".join(parts)
