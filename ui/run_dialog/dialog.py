"""The Run dialog, which stays open beside the map: the form, then the progress, then the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, cast

from qgis.core import Qgis, QgsSettings
from qgis.PyQt.QtCore import QByteArray, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QShowEvent
from qgis.PyQt.QtWidgets import QDialog, QStackedWidget, QWidget

from ...mapping.language import tr
from ..background.chunked_job import ChunkedJob
from ..runs import summary
from ..runs.map_view import show_map
from ..runs.pending import PendingRun, forget, remember
from ..runs.run_job import job_again, new_job
from ..runs.run_task import FinishedRun, Job, RunTask
from ..runs.run_texts import location_name
from ..runs.settings import RememberedTrips, RunSettings
from ..widgets.banner import Banner
from ..widgets.framed_layout import FramedLayout
from ..widgets.messages import log_error, show_error, show_message
from ..widgets.screen_fit import keep_on_screen
from ..widgets.scroll_area import Scrolled
from . import estimate
from .footer import RunFooter
from .form import RunForm
from .progress_page import RunPage

if TYPE_CHECKING:
    from ...cluster_client.ssh.errors import HostKeyError
    from ..runs.reattach import Offer

_GEOMETRY = "roadpulse/dialog_geometry"


class RunDialog(QDialog):
    """The window behind the toolbar button.

    `ended` carries how a run ended: finished, failed, cancelled, or left to itself.
    """

    ended = pyqtSignal(str)

    def __init__(self, iface: Any, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent or iface.mainWindow())
        self.iface = iface
        self.task: Optional[RunTask] = None
        self.finished_run: Optional[FinishedRun] = None
        self._placed = self._drawing = False
        self.setObjectName("RoadpulseRunDialog")
        self.setWindowTitle(tr("Roadpulse: run"))
        self.setModal(False)
        self.resize(740, 600)
        self.banner = Banner()
        self.form = RunForm()
        self.page = RunPage()
        self.stack = QStackedWidget()
        self.stack.addWidget(Scrolled(self.form))
        self.stack.addWidget(Scrolled(self.page))
        self.footer = RunFooter()
        FramedLayout(self, self.banner, self.stack, footer=self.footer)
        self._connect()
        self.form.show_settings(RunSettings.load())
        self._show_buttons()

    def _connect(self) -> None:
        self.form.changed.connect(self._refresh)
        self.page.try_now.connect(lambda: self.task.try_now() if self.task is not None else None)
        self.footer.show_wanted.connect(self._go_to_problem)
        self.footer.close_button.clicked.connect(self.close)
        self.footer.back.clicked.connect(self.show_form)
        self.footer.leave.clicked.connect(self.leave_it)
        self.footer.cancel.clicked.connect(self.cancel)
        self.footer.run.clicked.connect(self.run)

    # -- the form -----------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """True while this dialog follows a run, until its map is in the project."""
        return self.task is not None or self._drawing

    def show_form(self) -> None:
        """Show the form."""
        if not self.running:
            self.stack.setCurrentIndex(0)
            self._show_buttons()
            self.form.trips.folder.setFocus()
            self.form.look_again()

    def _refresh(self) -> None:
        """Show the estimate, or what is missing, in the footer."""
        if not self.running and self.stack.currentIndex() == 0:
            problem, section = self.form.problem()
            self.footer.show_problem(problem, section.title if section else "", self.form.estimate())

    def _go_to_problem(self) -> None:
        section = self.form.problem()[1]
        if section is not None:
            section.go_to()

    def _show_buttons(self) -> None:
        form = self.stack.currentIndex() == 0
        remote = self.task is not None and not self.task.job.profile.runs_here
        self.footer.show_for(form=form, running=self.running, remote=remote)
        if form:
            self._refresh()

    # -- the run ------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start a run with the settings of the form."""
        if self.running or self.stack.currentIndex() != 0 or self.form.problem()[0]:
            return
        self.banner.hide()
        self._remember()
        try:
            job = new_job(self.form.settings(), self.form.trips.count)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            log_error(error)
            self.banner.show_error(error)
            return
        self._follow(job)

    def rejoin(self, offer: Offer) -> None:
        """Follow a run that went on without QGIS."""
        if self.running:
            return  # it is in front now, with the run that it follows
        try:
            job = job_again(offer.run, offer.noted)
        except Exception as error:  # noqa: BLE001  (shown to the person)
            log_error(error)
            self.banner.show_error(error)
            return
        self.follow(job)

    def follow(self, job: Job) -> None:
        """Follow a run that goes on already (`job.known`), unless another one is followed now."""
        if not self.running:
            self.banner.hide()
            self._follow(job)

    def cancel(self) -> None:
        """Stop the run."""
        if self.task is not None:
            self.footer.cancel.setEnabled(False)
            self.page.stopping()
            self.task.stop()

    def leave_it(self) -> None:
        """Stop following a run that goes on elsewhere; it is offered again later."""
        task, self.task = self.task, None
        if task is None:
            return
        for signal in (task.moved, task.done, task.failed, task.stopped):
            signal.disconnect()
        task.leave()
        self.page.end()
        self.show_form()
        text = tr(
            "“{name}” keeps running on {place}. It is in the list of runs, and offered when QGIS starts."
        )
        self.banner.show_note(text.format(name=task.job.name, place=location_name(task.job.profile)))
        self.ended.emit("left")

    def leave(self) -> None:
        """End the following of the run, which itself goes on; QGIS closes or the plugin is unloaded."""
        self.form.forget()
        if self.task is not None:
            self.task.leave()

    def _follow(self, job: Job) -> None:
        self.form.forget()
        remember(PendingRun(job.folder, job.output, job.name, job.settings))
        task = RunTask(job, tr("Roadpulse: {name}").format(name=job.name))
        task.moved.connect(self.page.show_progress)
        task.done.connect(self._finished)
        task.failed.connect(self._failed)
        task.stopped.connect(self._stopped)
        self.task = task
        self.page.begin(task)
        self.stack.setCurrentIndex(1)
        self._show_buttons()
        self.footer.close_button.setFocus()  # neither Space nor Enter ends a run unasked
        task.start()

    def _finished(self, finished: FinishedRun) -> None:
        self.task, self._drawing = None, True
        forget(finished.job.folder)
        ChunkedJob(show_map(self.iface, finished), lambda: self._shown(finished), self._failed, self)

    def _shown(self, finished: FinishedRun) -> None:
        self.finished_run, self._drawing = finished, False
        estimate.learn(finished)
        self.page.finish(finished)
        self.footer.note.show_text("")
        self._show_buttons()
        self.footer.back.setFocus()
        if not self.isVisible():
            text = summary.plain_line(finished)
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Success)
        self.ended.emit("finished")

    def _failed(self, error: Exception) -> None:
        job = self.task.job if self.task is not None else None
        log_error(error)
        self._back()
        self.banner.show_error(error)
        if not self.isVisible():
            show_error(self.iface.messageBar(), error)
        elif type(error).__name__ == "HostKeyUnknown":  # the class needs paramiko
            # A run that was started before is looked at again, and never started a second time.
            known = job if job is not None and job.known is not None else None
            dialog = self.form.where.check_key(cast("HostKeyError", error))
            dialog.accepted.connect(lambda: self.follow(known) if known is not None else self.run())
        self.ended.emit("failed")

    def _stopped(self) -> None:
        text = tr("The run was cancelled. Trips that were read are kept, so the next run is shorter.")
        if self.task is not None and not self.task.started:
            text = tr("The run was cancelled before it began. Nothing of it goes on.")
        self._back()
        self.banner.show_note(text)
        if not self.isVisible():
            show_message(self.iface.messageBar(), text, Qgis.MessageLevel.Info)
        self.ended.emit("cancelled")

    def _back(self) -> None:
        task, self.task, self._drawing = self.task, None, False
        self.page.end()
        if task is not None and not task.may_go_on:
            forget(task.job.folder)
        self.show_form()

    # -- the window ---------------------------------------------------------------------------------

    def _remember(self) -> None:
        settings = self.form.settings()
        settings.save()
        RememberedTrips.save(self.form.where.profile, settings.trips)

    def showEvent(self, event: QShowEvent) -> None:
        """Show the window at its last position, or at the right of the map."""
        super().showEvent(event)
        if event.spontaneous():  # it was only minimised
            return
        if self.stack.currentIndex() == 0:
            self.form.trips.folder.setFocus()
        if self._placed:
            self.form.where.offer()  # profiles and trips may have changed meanwhile
            if not self.running and self.stack.currentIndex() == 0:
                self.form.look_again()
            return
        self._placed = True
        known = QgsSettings().value(_GEOMETRY, QByteArray(), type=QByteArray)
        if known and self.restoreGeometry(known):
            keep_on_screen(self)
            return
        around = self.parentWidget().geometry() if self.parentWidget() else None
        if around is not None:
            self.move(max(0, around.right() - self.width() - 24), around.top() + 120)
        keep_on_screen(self)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide the window and stop following a run, which goes on: a closed window keeps no connection."""
        self._remember()
        self.form.trips.forget()
        self.form.where.forget()
        QgsSettings().setValue(_GEOMETRY, self.saveGeometry())
        super().closeEvent(event)
