"""The Run dialog: stays open beside the map; form, then progress, then what came out, in one place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Optional

from qgis.core import Qgis, QgsSettings
from qgis.PyQt.QtCore import QByteArray, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QKeySequence, QShowEvent
from qgis.PyQt.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QShortcut,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..algorithms import locations
from . import estimate, summary
from .banner import Banner
from .map_view import show_map
from .messages import log_error, show_error
from .notes import Note
from .pending import Pending, forget, remember
from .run_form import RunForm
from .run_page import RunPage
from .run_task import Job, Outcome, RunTask
from .scrolled import Scrolled
from .settings import RunSettings, run_spec
from .words import slug, tr

_GEOMETRY = "roadpulse/dialog_geometry"
_LONGEST_FOOTER = 90


class RunDialog(QDialog):
    """The window behind the toolbar button. `ended` tells how a run ended: finished, failed or cancelled."""

    ended = pyqtSignal(str)

    def __init__(self, iface: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent or iface.mainWindow())
        self.iface = iface
        self.task: Optional[RunTask] = None
        self.outcome: Optional[Outcome] = None
        self._placed = False
        self.setObjectName("RoadpulseRunDialog")
        self.setWindowTitle(tr("Roadpulse: run"))
        self.setModal(False)
        self.resize(720, 580)
        self.banner = Banner()
        self.form = RunForm()
        self.page = RunPage()
        self.stack = QStackedWidget()
        self.stack.addWidget(Scrolled(self.form))
        self.stack.addWidget(Scrolled(self.page))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.stack, 1)
        rule = QFrame()
        rule.setFrameShape(QFrame.Shape.HLine)
        rule.setFrameShadow(QFrame.Shadow.Sunken)
        column.addWidget(rule)
        column.addLayout(self._footer())
        self.form.changed.connect(self._look)
        self.form.show_settings(RunSettings.load())
        self._show_buttons()

    def _footer(self) -> QHBoxLayout:
        self.say = Note()
        self.say.setObjectName("footer")
        self.say.clicked.connect(self._go_to_problem)
        policy = self.say.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.say.setSizePolicy(policy)
        self.close_button = QPushButton(tr("Close"))
        self.close_button.setObjectName("close")
        self.close_button.clicked.connect(self.close)
        self.back_button = QPushButton(tr("New run"))
        self.back_button.setObjectName("back")
        self.back_button.clicked.connect(self.show_form)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.setObjectName("cancel")
        self.cancel_button.clicked.connect(self.cancel)
        self.run_button = QPushButton(tr("Run"))
        self.run_button.setObjectName("run")
        self.run_button.setDefault(True)
        self.run_button.setToolTip(tr("Ctrl+Enter"))
        self.run_button.clicked.connect(self.run)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(self.run)
        line = QHBoxLayout()
        line.setContentsMargins(16, 10, 16, 12)
        line.setSpacing(8)
        line.addWidget(self.say, 1)
        for button in (self.close_button, self.back_button, self.cancel_button, self.run_button):
            button.setMinimumWidth(88)
            button.setAutoDefault(False)
            line.addWidget(button)
        return line

    # -- the form -----------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run goes on that this dialog follows."""
        return self.task is not None

    def show_form(self) -> None:
        """Back to the settings."""
        if not self.running:
            self.stack.setCurrentIndex(0)
            self._show_buttons()
            self.form.look_again()

    def _look(self) -> None:
        """Say in the footer what will happen, or what is missing."""
        if self.running or self.stack.currentIndex() != 0:
            return
        problem, section = self.form.problem()
        self.run_button.setEnabled(not problem)
        if not problem:
            self.say.say(self.form.estimate() or tr("Ready."))
        elif section is None:
            self.say.say(problem)
        elif len(problem) > _LONGEST_FOOTER:
            self.say.ask(
                tr("{section}: see what is said there.").format(section=tr(section.title)),
                tr("Show"),
                "problem",
            )
        else:
            self.say.ask(problem, tr("Show"), "problem")

    def _go_to_problem(self) -> None:
        section = self.form.problem()[1]
        if section is not None:
            section.go_to()

    def _show_buttons(self) -> None:
        form = self.stack.currentIndex() == 0
        self.run_button.setVisible(form and not self.running)
        self.cancel_button.setVisible(self.running)
        self.cancel_button.setEnabled(True)
        self.back_button.setVisible(not form and not self.running)
        if form:
            self._look()
        elif self.running:
            self.say.say(tr("You can close this window; the run goes on."))

    # -- the run ------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start what the form says."""
        if self.running or self.stack.currentIndex() != 0 or self.form.problem()[0]:
            return
        self.banner.hide()
        settings = self.form.settings()
        settings.save()
        try:
            job = self._job(settings)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            log_error(error)
            self.banner.show_error(error)
            return
        self._follow(job)

    def rejoin(self, noted: Pending) -> None:
        """Follow a run that was going on when QGIS was closed."""
        self.banner.hide()
        try:
            job = self._job(noted.settings, noted)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            forget(noted.folder)
            log_error(error)
            self.banner.show_error(error)
            return
        self._follow(job)

    def follow(self, job: Job) -> None:
        """Follow a run that goes on already (`job.known`), unless another one is followed now."""
        if not self.running:
            self.banner.hide()
            self._follow(job)

    def cancel(self) -> None:
        """Stop the run."""
        if self.task is not None:
            self.cancel_button.setEnabled(False)
            self.page.stopping()
            self.task.stop()

    def leave(self) -> None:
        """QGIS closes or the plugin is unloaded: the run itself goes on."""
        self.form.forget()
        if self.task is not None:
            self.task.leave()

    def _job(self, settings: RunSettings, noted: Optional[Pending] = None) -> Job:
        from ..algorithms.steps import run_name  # noqa: PLC0415

        store = locations.run_store()
        profile = locations.profile_store().find(settings.profile)
        if settings.workers:
            profile = replace(profile, workers=settings.workers)
        spec = run_spec(settings, locations.point_store(profile))
        name = noted.name if noted else run_name(spec)
        stamp = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
        known = store.find_folder(noted.folder) if noted else None
        return Job(
            settings=settings, profile=profile, spec=spec,
            roads=self.form.roads.roads(settings.roads if noted else None),
            store=store,
            folder=noted.folder if noted else str(locations.runs_folder() / f"{stamp}-{slug(name)}"),
            output=noted.output if noted else str(locations.maps_folder() / f"{slug(name)}-{stamp}.gpkg"),
            name=name, known=known,
            new_bytes=self.form.trips.count.new_bytes if self.form.trips.count and not noted else 0,
        )  # fmt: skip

    def _follow(self, job: Job) -> None:
        self.form.forget()
        remember(Pending(job.folder, job.output, job.name, job.settings))
        task = RunTask(job, tr("Roadpulse: {name}").format(name=job.name))
        task.moved.connect(self.page.show_moment)
        task.done.connect(self._finished)
        task.failed.connect(self._failed)
        task.stopped.connect(self._stopped)
        self.task = task
        self.page.begin(job.name, job.folder)
        self.stack.setCurrentIndex(1)
        self._show_buttons()
        task.start()

    def _finished(self, outcome: Outcome) -> None:
        self.task = None
        self.outcome = outcome
        forget(outcome.job.folder)
        try:
            show_map(self.iface, outcome)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            self._failed(error)
            return
        estimate.learn(outcome)
        self.page.finish(outcome)
        self.say.say("")
        self._show_buttons()
        if not self.isVisible():
            self.iface.messageBar().pushMessage(
                "Roadpulse", summary.plain_line(outcome), Qgis.MessageLevel.Success, 0
            )
        self.ended.emit("finished")

    def _failed(self, error: Exception) -> None:
        log_error(error)
        self._back()
        self.banner.show_error(error)
        if not self.isVisible():
            show_error(self.iface.messageBar(), error)
        self.ended.emit("failed")

    def _stopped(self) -> None:
        text = tr("The run was cancelled. Trips that were read are kept, so the next run is shorter.")
        self._back()
        self.banner.show_note(text)
        if not self.isVisible():
            self.iface.messageBar().pushMessage("Roadpulse", text, Qgis.MessageLevel.Info, 0)
        self.ended.emit("cancelled")

    def _back(self) -> None:
        task, self.task = self.task, None
        self.page.end()
        if task is not None:
            forget(task.job.folder)
        self.show_form()

    # -- the window ---------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Stand where it stood last, or at the right of the map."""
        super().showEvent(event)
        if self._placed:
            return
        self._placed = True
        known = QgsSettings().value(_GEOMETRY, QByteArray(), type=QByteArray)
        if known and self.restoreGeometry(known):
            return
        around = self.parentWidget().geometry() if self.parentWidget() else None
        if around is not None:
            self.move(max(0, around.right() - self.width() - 24), around.top() + 120)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide; a run goes on."""
        self.form.settings().save()
        QgsSettings().setValue(_GEOMETRY, self.saveGeometry())
        super().closeEvent(event)
