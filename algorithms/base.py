"""Base of Roadpulse's algorithms: icon, help, packages, error messages, cancellation."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFeedback,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
)
from qgis.PyQt.QtGui import QIcon

from ..aggregation.contract.errors import Cancelled, RunError
from ..aggregation.contract.visible_text import untagged, visible
from ..mapping.language import tr
from ..workflow import requirements
from . import parameter_check

ICON = Path(__file__).absolute().parents[1] / "resources" / "icons" / "roadpulse.svg"

Parameters = dict[str, Any]
Results = dict[str, Any]


class RoadpulseAlgorithm(QgsProcessingAlgorithm):
    """Base of the algorithms. Subclasses say who they are and write `carry_out`,
    and `plan_work` where needed.

    `ID`, `NEEDS` (packages without which it cannot run) and `TAGS` are for the computer; `title`, `section`
    and `paragraphs` for the person.
    """

    ID = ""
    NEEDS: tuple[str, ...] = ()
    TAGS: tuple[str, ...] = ()

    def title(self) -> str:
        """Return the algorithm's name in the toolbox."""
        raise NotImplementedError

    def section(self) -> tuple[str, str]:
        """Id and name of its group in the toolbox."""
        return "speeds", tr("Link speeds")

    def paragraphs(self) -> tuple[str, ...]:
        """Return the help: what the algorithm does and gives."""
        raise NotImplementedError

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        """Check the parameters and plan the work, in the main thread; raises `RunError`.

        QGIS calls for it twice: when it checks the parameters and before the work.
        """

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        """Do the work, in any thread; raises `RunError`."""
        raise NotImplementedError

    # -- QGIS's names ---------------------------------------------------------------------------------

    def name(self) -> str:
        return self.ID

    def displayName(self) -> str:
        return self.title()

    def groupId(self) -> str:
        return self.section()[0]

    def group(self) -> str:
        return self.section()[1]

    def shortHelpString(self) -> str:
        return "\n".join(self.paragraphs())

    def shortDescription(self) -> str:
        return self.paragraphs()[0]

    def tags(self) -> list[str]:
        return ["roadpulse", "traffic", "speed", "gps", "trips", *self.TAGS]

    def icon(self) -> QIcon:
        return QIcon(str(ICON))

    def svgIconPath(self) -> str:
        return str(ICON)

    def createInstance(self) -> RoadpulseAlgorithm:
        return type(self)()

    def canExecute(self) -> tuple[bool, str]:
        lacking = requirements.missing(self.NEEDS) if self.NEEDS else []
        return not lacking, requirements.install_text(lacking) if lacking else ""

    def checkParameterValues(self, parameters: Parameters, context: QgsProcessingContext) -> tuple[bool, str]:
        try:
            with self._packages_required():
                validated = self._validated(parameters)
                good, message = super().checkParameterValues(validated, context)
                if not good:
                    return False, message
                self.plan_work(validated, context)
        except RunError as error:  # here QGIS shows it in the window, from `prepareAlgorithm` only in the log
            return False, untagged(error.message)
        return True, ""

    def prepareAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        try:  # models and tasks come here without the check
            with self._packages_required():
                self.plan_work(self._validated(parameters), context)
        except RunError as error:
            raise _for_qgis(error, feedback) from error
        return True

    def processAlgorithm(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        with cancelled_by_interrupt(feedback) as interrupted:
            try:
                with self._packages_required():
                    return self.carry_out(self._validated(parameters), context, feedback)
            except Cancelled as error:
                if feedback.isCanceled() and not interrupted:
                    feedback.pushInfo(visible(error.message))
                    return {}  # QGIS reports a cancellation itself, and expects an end without error
                raise _for_qgis(error, feedback) from error
            except RunError as error:
                raise _for_qgis(error, feedback) from error

    @contextmanager
    def _packages_required(self) -> Iterator[None]:
        """Raise a `RunError` that says how to install a package that is missing; scripts do not ask."""
        can, text = self.canExecute()
        if not can:
            raise RunError(text)
        try:
            yield
        except ImportError as error:
            lacking = requirements.lacking(error)
            if not lacking:
                raise
            raise RunError(requirements.install_text(lacking), repr(error)) from error

    def _validated(self, parameters: Parameters) -> Parameters:
        """Return the caller's parameters, checked (see `parameter_check`)."""
        return parameter_check.validated(self.parameterDefinitions(), parameters)


def _for_qgis(error: RunError, feedback: QgsProcessingFeedback) -> QgsProcessingException:
    """Return the error for QGIS, which keeps it for good: its traceback must not hold a layer."""
    if error.detail:
        feedback.pushDebugInfo(visible(error.detail))
    traceback.clear_frames(error.__traceback__)
    return QgsProcessingException(visible(error.message))


@contextmanager
def cancelled_by_interrupt(feedback: QgsFeedback) -> Iterator[list[int]]:
    """Let an interrupt cancel `feedback`; the list that is yielded then holds the signal's number.

    qgis_process notes an interrupt, but acts on it only in an event loop, and an algorithm runs in its main
    thread without one. Does nothing outside the main thread, nor if Python has another handler of interrupts.
    """
    received: list[int] = []

    def cancel(number: int, _frame: Any) -> None:
        received.append(number)
        feedback.cancel()

    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not ours or before is not signal.default_int_handler:
        yield received
        return
    signal.signal(signal.SIGINT, cancel)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)
