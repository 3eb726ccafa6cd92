"""A scroll area for a form."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

_FRAME = 8


class Scrolled(QScrollArea):
    """Scrolls up and down where the window is too low, and is no narrower than what it holds, unless that is
    wider than the screen, of which the window needs `beside` pixels for other things.
    """

    def __init__(self, widget: QWidget, beside: int = 0) -> None:
        super().__init__()
        self.beside = beside
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the tab key goes from field to field
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(16, 14, 16, 12)
        column.addWidget(widget)
        self.setWidget(holder)

    def minimumSizeHint(self) -> QSize:
        """Return the width of the contents, with room for the scroll bar."""
        width = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        room = self.screen().availableGeometry().width() - self.beside - _FRAME
        return QSize(min(width, room), 240)
