"""A message at the top of a window, as long as it needs to be; QGIS's message bar shows two lines at most."""

from __future__ import annotations

from typing import Callable, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from ...mapping.language import tr
from .messages import detail_of, message_of, show_text
from .notes import is_dark
from .plain_text import PlainLabel

_ICON = 20


class Banner(QFrame):
    """Shows a message, with “Details” if there are any; hidden while there is none."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._detail = ""
        self.icon = PlainLabel()
        self.words = PlainLabel()
        self.words.setObjectName("banner_text")
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details = QPushButton(tr("Details"))
        self.details.setObjectName("details")
        self.details.setAutoDefault(False)
        self.details.clicked.connect(lambda: show_text(self, "Roadpulse", self._detail))
        self.act = QPushButton()
        self.act.setObjectName("act")
        self.act.setAutoDefault(False)
        self.act.clicked.connect(self._act)
        self._do: Callable[[], object] = self.hide
        self.shut = QToolButton()
        self.shut.setIcon(QgsApplication.getThemeIcon("/mIconClose.svg"))
        self.shut.setAutoRaise(True)
        self.shut.setAccessibleName(tr("Close the message"))
        self.shut.clicked.connect(self.hide)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 10, 8)
        line.setSpacing(10)
        line.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.words, 1)
        line.addWidget(self.act, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.details, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.shut, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_error(self, error: Exception) -> None:
        """An error: its message, the trace behind “Details”."""
        self._detail = detail_of(error)
        self._show_text(
            message_of(error), "/mIconCritical.svg", "#5a2320" if is_dark(self.palette()) else "#fbe3e1"
        )

    def show_note(self, text: str, action: str = "", do: Optional[Callable[[], object]] = None) -> None:
        """Something to know, and perhaps a button for something to do about it."""
        self._detail = ""
        self._show_text(text, "/mIconInfo.svg", "#1f3d55" if is_dark(self.palette()) else "#e5f1fa", action)
        self._do = do or self.hide

    def _act(self) -> None:
        self.hide()
        self._do()

    def _show_text(self, text: str, icon: str, colour: str, action: str = "") -> None:
        self.act.setText(action)
        self.act.setVisible(bool(action))
        self.words.setText(text)
        self.icon.setPixmap(QgsApplication.getThemeIcon(icon).pixmap(_ICON, _ICON))
        self.details.setVisible(bool(self._detail))
        self.setStyleSheet(f"#banner {{ background: {colour}; }}")
        self.show()
