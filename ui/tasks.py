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

from ..aggregation.errors import Cancelled

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
        super().__init__(description, flags | QgsTask.Flag.Hidden if hidden else flags)
        self.result: Any = None
        self.error: Optional[Exception] = None

    def work(self) -> Any:
        """What the task does; to be written by subclasses."""
        raise NotImplementedError

    def check(self, *_: object) -> None:
        """Raise `Cancelled` once the task was cancelled; fits where progress is called back."""
        if self.isCanceled():
            raise Cancelled

    def leave(self) -> None:
        """End because nobody is there any more to see the result."""
        self.cancel()

    def run(self) -> bool:
        """Called by QGIS in a thread. An exception that left it would end QGIS."""
        try:
            self.result = self.work()
        except Cancelled as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  (stored, and told in the main thread)
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


class Latest(QObject):
    """At most one wanted task of a kind: a new request replaces the one before, whose end is ignored.

    Requests wait for a pause of `wait` ms, so that typing does not start a task for every letter.
    """

    done = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, description: str, parent: QObject, wait: int = 300) -> None:
        super().__init__(parent)
        self._description = description
        self._function: Optional[Callable[[Task], Any]] = None
        self._task: Optional[Task] = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(wait)
        self._timer.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._timer.isActive() or self._task is not None

    def ask(self, function: Callable[[Task], Any]) -> None:
        """Replace whatever was asked before."""
        self.forget()
        self._function = function
        self._timer.start()

    def forget(self) -> None:
        """Want no answer any more."""
        self._timer.stop()
        task, self._task = self._task, None
        if task is not None and not sip.isdeleted(task):
            task.cancel()

    def _begin(self) -> None:
        function = self._function
        if function is None:
            return
        task = CallTask(self._description, function)
        task.done.connect(lambda result: self._answered(task, result))
        task.failed.connect(lambda error: self._refused(task, error))
        self._task = task
        task.start()

    def _answered(self, task: Task, result: Any) -> None:
        if task is self._task and not sip.isdeleted(self):
            self._task = None
            self.done.emit(result)

    def _refused(self, task: Task, error: Exception) -> None:
        if task is self._task and not sip.isdeleted(self):
            self._task = None
            self.failed.emit(error)


def leave_all() -> None:
    """End every task that still goes on, without ending the runs that some of them follow."""
    for task in list(_alive):
        if not sip.isdeleted(task):
            task.leave()
