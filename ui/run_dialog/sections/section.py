"""Base of the sections of the Run dialog."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...runs.settings import RunSettings
from ...widgets.notes import Note
from ...widgets.plain_text import PlainLabel

UNITS = ("km/h", "mph", "m/s", "knots")


class Section(QWidget):
    """A part of the form: rows of controls with a note under them.

    `changed` is emitted when a setting changed, `updated` when an answer arrived (a count, a match rate).
    """

    changed = pyqtSignal()
    updated = pyqtSignal()

    title = ""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(4)
        self.note = Note()

    def row(self, *parts: object) -> QHBoxLayout:
        """Add a row of widgets and words; a widget with a stretch comes as `(widget, stretch)`."""
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        add_to_row(line, *parts)
        self.column.addLayout(line)
        return line

    def show_settings(self, settings: RunSettings) -> None:
        """Put remembered settings into the controls."""
        raise NotImplementedError

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with what the controls of this section say."""
        raise NotImplementedError

    def problem(self) -> str:
        """Return what is missing for a run, with the thing to do; empty when nothing is."""
        return ""

    def go_to(self) -> None:
        """Focus the control that `problem` is about."""
        self.setFocus()


def unit_chooser(name: str) -> QComboBox:
    """Return a chooser of speed units."""
    chooser = QComboBox()
    chooser.setObjectName(name)
    for unit in UNITS:
        chooser.addItem(unit, unit)
    return chooser


def add_to_row(line: QHBoxLayout, *parts: object) -> None:
    """Fill a row; `None` is a stretch."""
    for part in parts:
        if part is None:
            line.addStretch(1)
        elif isinstance(part, str):
            line.addWidget(label_of(part))
        elif isinstance(part, tuple):
            line.addWidget(part[0], part[1])
        else:
            line.addWidget(part)


def label_of(text: str) -> QLabel:
    """Return a plain label between controls."""
    label = PlainLabel(text)
    label.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    return label
