"""Errors for a person: one sentence in a message bar, the rest behind “Details”."""

from __future__ import annotations

import logging
import traceback

from qgis.core import Qgis
from qgis.gui import QgsMessageBar, QgsMessageBarItem, QgsMessageViewer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QPushButton, QWidget

from ..aggregation.errors import RunError
from .entry_words import in_form
from .words import tr

log = logging.getLogger(__name__)


def message_of(error: Exception) -> str:
    """What to tell the person."""
    if isinstance(error, RunError):
        return in_form(error.message)
    return tr("Something went wrong that Roadpulse does not know: {error}").format(
        error=str(error) or type(error).__name__
    )


def detail_of(error: Exception) -> str:
    """What helps somebody who looks for the cause."""
    own = error.detail if isinstance(error, RunError) else ""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return "\n\n".join(filter(None, (message_of(error), own, trace)))


def log_error(error: Exception) -> None:
    """Write an error with its trace to the log."""
    log.error("%s", detail_of(error))


def show_error(bar: QgsMessageBar, error: Exception, title: str = "Roadpulse") -> QgsMessageBarItem:
    """Show an error in a message bar; it stays until it is closed."""
    detail = detail_of(error)
    item = QgsMessageBar.createMessage(title, message_of(error))
    button = QPushButton(tr("Details"))
    button.setObjectName("details")
    button.clicked.connect(lambda: show_text(bar, title, detail))
    item.layout().addWidget(button)
    bar.pushWidget(item, Qgis.MessageLevel.Critical)
    return item


def show_text(parent: QWidget, title: str, text: str) -> QgsMessageViewer:
    """A window with a longer text, which does not stop anything."""
    viewer = QgsMessageViewer(parent.window())
    viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    viewer.setTitle(title)
    viewer.setMessageAsPlainText(text)
    viewer.setCheckBoxVisible(False)
    viewer.setModal(False)
    viewer.show()
    return viewer
