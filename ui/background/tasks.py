"""Work in the background: tasks that never raise across threads, and the latest of a kind.

`work()` runs in a thread of QGIS's task manager and touches no widget, layer of the project or
setting. What it returns arrives in the main thread through `done`, what it raises through `failed`.
"""

from __future__ import annotations

import logging
from typing import Any, Callable, Optional

from qgis.core import QgsApplication, QgsTask
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.visible_text import untagged

log = logging.getLogger(__name__)

_alive: set[Task] = set()
"""QGIS does not keep Python's part of a task alive; this does."""


class Task(QgsTask):
    """A task that stores its result or error; `done`, `failed` and `ended` come in the main thread."""

    done = pyqtSignal(object)
    failed = pyqtSignal(object)
    stopped = pyqtSignal()

    def __init__(self, description: str, *, hidden: bool = True) -> None:
        flags = QgsTask.Flag.CanCancel | QgsTask.Flag.CancelWithoutPrompt | QgsTask.Flag.Silent
        # QGIS shows it as a line of a list and as a tool tip, which takes a tag for HTML.
        super().__init__(untagged(description), flags | QgsTask.Flag.Hidden if hidden else flags)
        self.result: Any = None
        self.error: Optional[Exception] = None

    def work(self) -> Any:
        """Do the task's work and return its result; implemented by subclasses."""
        raise NotImplementedError

    def check(self, *_: object) -> None:
        """Raise `Cancelled` once the task was cancelled; fits where progress is called back."""
        if self.isCanceled():
            raise Cancelled

    def leave(self) -> None:
        """Cancel the task because its result is no longer shown."""
        self.cancel()

    def run(self) -> bool:
        """Called by QGIS in a thread. An exception that left it would end QGIS."""
        try:
            self.result = self.work()
        except Cancelled as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  (stored, and reported in the main thread)
            self.error = error
        return self.error is None

    def finished(self, _succeeded: bool) -> None:
        """Called by QGIS in the main thread."""
        _alive.discard(self)
        if self.isCanceled() or isinstance(self.error, Cancelled):
            self.stopped.emit()
        elif self.error is not None:
            self.failed.emit(self.error)
        else:
            self.done.emit(self.result)

    def start(self) -> None:
        """Hand the task to QGIS."""
        _alive.add(self)
        QgsApplication.taskManager().addTask(self)


class CallTask(Task):
    """A task around one function, which gets the task to ask for cancellation."""

    def __init__(self, description: str, function: Callable[[Task], Any]) -> None:
        super().__init__(description)
        self._function = function

    def work(self) -> Any:
        """Call the function."""
        return self._function(self)


class LatestTask(QObject):
    """At most one wanted task of a kind: a new request replaces the one before, whose end is ignored.

    Requests wait for a pause of `wait` ms, so that typing does not start a task for every letter. The
    function gets the task, to `check`.
    """

    done = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, description: str, parent: QObject, wait: int = 300) -> None:
        super().__init__(parent)
        self._description = description
        self._function: Optional[Callable[[Any], Any]] = None
        self._going: Any = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(wait)
        self._timer.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """True while an answer is outstanding."""
        return self._timer.isActive() or self._going is not None

    def submit(self, function: Callable[[Any], Any]) -> None:
        """Start `function`, in place of the request before."""
        self.forget()
        self._function = function
        self._timer.start()

    def forget(self) -> None:
        """Cancel the request and drop its answer."""
        self._timer.stop()
        going, self._going = self._going, None
        if going is not None:
            self._cancel(going)

    def _begin(self) -> None:
        if self._function is not None:
            self._going = self._start(self._function)

    def _start(self, function: Callable[[Any], Any]) -> Any:
        task = CallTask(self._description, function)
        task.done.connect(lambda result: self._answered(task, result))
        task.failed.connect(lambda error: self._refused(task, error))
        task.start()
        return task

    def _cancel(self, going: Any) -> None:
        if not sip.isdeleted(going):
            going.cancel()

    def _answered(self, asked: Any, result: Any) -> None:
        if asked is self._going and not sip.isdeleted(self):
            self._going = None
            self.done.emit(result)

    def _refused(self, asked: Any, error: Exception) -> None:
        if asked is self._going and not sip.isdeleted(self):
            self._going = None
            self.failed.emit(error)


def leave_all() -> None:
    """End every task that still goes on, without ending the runs that some of them follow."""
    for task in list(_alive):
        if not sip.isdeleted(task):
            task.leave()
