"""Errors for a person: one sentence in a message bar, the rest behind “Details”."""

from __future__ import annotations

import logging
import traceback

from qgis.core import Qgis
from qgis.gui import QgsMessageBar, QgsMessageBarItem, QgsMessageViewer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QPushButton, QWidget

from ...aggregation.contract.errors import RunError
from ...mapping.language import tr
from ...workflow import requirements
from .entry_labels import in_form
from .plain_text import in_html, one_line, visible

log = logging.getLogger(__name__)


def message_of(error: Exception) -> str:
    """Return the message for the person."""
    if isinstance(error, RunError):
        return in_form(error.message)
    if lacking := requirements.lacking(error):
        return requirements.install_text(lacking)
    return tr("Something went wrong that Roadpulse does not know: {error}").format(
        error=str(error) or type(error).__name__
    )


def detail_of(error: Exception) -> str:
    """Return the details for finding the cause: message, detail of the error, and trace."""
    own = error.detail if isinstance(error, RunError) else ""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return "\n\n".join(filter(None, (message_of(error), own, trace)))


def log_error(error: Exception) -> None:
    """Write an error with its trace to the log."""
    log.error("%s", detail_of(error))


def show_error(bar: QgsMessageBar, error: Exception, title: str = "Roadpulse") -> QgsMessageBarItem:
    """Show an error in a message bar; it stays until it is closed."""
    detail = detail_of(error)
    item = make_message(message_of(error), title)
    button = QPushButton(tr("Details"))
    button.setObjectName("details")
    button.clicked.connect(lambda: show_text(bar, title, detail))
    item.layout().addWidget(button)
    bar.pushWidget(item, Qgis.MessageLevel.Critical)
    return item


def make_message(text: str, title: str = "Roadpulse") -> QgsMessageBarItem:
    """A plain text for a message bar, which shows one line; the caller pushes it, perhaps with buttons."""
    return QgsMessageBar.createMessage(in_html(title), in_html(one_line(text)))


def show_message(bar: QgsMessageBar, text: str, level: Qgis.MessageLevel, seconds: int = 0) -> None:
    """Show a plain text in a message bar, for some seconds, or until it is closed (0)."""
    bar.pushMessage("Roadpulse", in_html(one_line(text)), level, seconds)


def show_text(parent: QWidget, title: str, text: str) -> QgsMessageViewer:
    """Show a longer text in a window that blocks nothing."""
    viewer = QgsMessageViewer(parent.window())
    viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    viewer.setTitle(title)
    viewer.setMessageAsPlainText(visible(text))
    viewer.setCheckBoxVisible(False)
    viewer.setModal(False)
    viewer.show()
    return viewer
