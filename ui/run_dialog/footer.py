"""The footer of the Run dialog: the estimate or what is missing, and the buttons."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QHBoxLayout, QPushButton, QShortcut, QWidget

from ...mapping.language import tr
from ..manual.window import RUN, HelpButton
from ..widgets.notes import Note

_LONGEST = 90


class RunFooter(QWidget):
    """A note, and the buttons of the form, of a run that goes on, and of one that ended."""

    show_wanted = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.note = Note()
        self.note.setObjectName("footer")
        self.note.clicked.connect(lambda _name: self.show_wanted.emit())
        policy = self.note.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.note.setSizePolicy(policy)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 10, 16, 12)
        line.setSpacing(8)
        line.addWidget(HelpButton(RUN, "one-run"))
        line.addWidget(self.note, 1)
        self.close_button = self._button(line, "close", tr("Close"))
        self.back = self._button(line, "back", tr("New run"))
        self.leave = self._button(line, "leave", tr("Leave it running"))
        self.leave.setToolTip(tr("Look no further; the run goes on, and is in the list of runs"))
        self.cancel = self._button(line, "cancel", tr("Cancel"))
        self.run = self._button(line, "run", tr("Run"))
        self.run.setDefault(True)
        self.run.setToolTip(tr("Ctrl+Enter"))
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(self.run.click)

    @staticmethod
    def _button(line: QHBoxLayout, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setMinimumWidth(88)
        button.setAutoDefault(False)
        line.addWidget(button)
        return button

    def show_for(self, *, form: bool, running: bool, remote: bool) -> None:
        """Show the buttons of the dialog's present state."""
        self.run.setVisible(form and not running)
        self.cancel.setVisible(running)
        self.cancel.setEnabled(True)
        self.leave.setVisible(running and remote)
        self.back.setVisible(not form and not running)
        if running:
            self.note.show_text(tr("You can close this window; the run goes on."))

    def show_problem(self, problem: str, section: str, estimate: str) -> None:
        """Show what is missing (in the section of that title, if one is named), or the estimate."""
        self.run.setEnabled(not problem)
        if not problem:
            self.note.show_text(estimate or tr("Ready."))
        elif not section:
            self.note.show_text(problem)
        elif len(problem) > _LONGEST:
            text = tr("{section}: see what is said there.")
            self.note.show_warning(text.format(section=tr(section)), tr("Show"), "problem")
        else:
            self.note.show_warning(problem, tr("Show"), "problem")
