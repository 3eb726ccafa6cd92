"""The log of a run behind a click, read in the background while it is visible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from ...mapping.language import tr
from ..background.latest_call import LatestCall
from ..widgets.messages import message_of
from ..widgets.plain_text import visible

NEAR, FAR = 1000, 3000
"""Milliseconds between readings of a log, on this computer and over the network."""


class RunLog(QWidget):
    """A button, and the last lines of the log under it."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._read: Optional[Callable[[], str]] = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.button = QToolButton()
        self.button.setObjectName("log_button")
        self.button.setAutoRaise(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.text = QPlainTextEdit()
        self.button.clicked.connect(lambda _checked: self.show_log(not self.text.isVisibleTo(self)))
        self.text.setObjectName("log")
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setMinimumHeight(140)
        column.addWidget(self.text, 1)
        column.addStretch(0)
        self._reader = LatestCall(self, wait=0)
        self._reader.done.connect(self._show)
        self._reader.failed.connect(lambda error: self._show(message_of(error)))
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._read_log)
        self.show_log(False)

    def begin(self, read: Callable[[], str], far: bool) -> None:
        """Show another run; `read` returns its last lines, and may take a while."""
        self._read = read
        self._reader.forget()
        self.text.setPlainText("")
        self.show_log(False)
        self._clock.start(FAR if far else NEAR)

    def end(self) -> None:
        """Stop reading; the text stays."""
        self._clock.stop()

    def show_log(self, shown: bool) -> None:
        """Show the log, or hide it."""
        self.text.setVisible(shown)
        self.button.setText(tr("Log"))
        self.button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        if shown:
            if not self.text.toPlainText():
                self.text.setPlainText(tr("Reading…"))
            self._read_log()

    def _read_log(self) -> None:
        read = self._read
        if read is not None and self.text.isVisible() and not self._reader.busy:
            self._reader.submit(lambda _call: read())

    def _show(self, text: str) -> None:
        text = visible(text) or tr("Nothing has been written yet.")
        if text != self.text.toPlainText():
            self.text.setPlainText(text)
            self.text.verticalScrollBar().setValue(self.text.verticalScrollBar().maximum())
