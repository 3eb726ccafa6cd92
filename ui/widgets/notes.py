"""The small line under a field that says what is there, what is missing and what to do."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPalette
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QWidget

from .plain_text import Link, in_html


def is_dark(palette: QPalette) -> bool:
    """Return True if QGIS is shown in dark colours."""
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def muted(palette: QPalette) -> QColor:
    """Return the colour of words that matter less, readable on the window (contrast above 4.5)."""
    return QColor("#a8adb2" if is_dark(palette) else "#5c6166")


def warning(palette: QPalette) -> QColor:
    """Return the colour of words that ask for something to be done."""
    return QColor("#f0b46a" if is_dark(palette) else "#9a4b00")


def good(palette: QPalette) -> QColor:
    """Return the colour of a light that says that all is well."""
    return QColor("#6cc27a" if is_dark(palette) else "#2f8f46")


def bad(palette: QPalette) -> QColor:
    """Return the colour of a light that says that something is wrong."""
    return QColor("#f08d86" if is_dark(palette) else "#b3261e")


_SHORT = 30
_SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse
_LINKS = Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard


class Note(QLabel):
    """One or two lines of text under a field. Links in it are reported by `clicked`, with their name."""

    clicked = pyqtSignal(str)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.linkActivated.connect(self.clicked)
        self.plain = ""
        self.show_text("")

    def show_text(self, text: str, link: str = "", name: str = "") -> None:
        """Show a text; `link` is a piece of text to click, reported as `name`."""
        self._show(text, muted(self.palette()), link, name)

    def show_warning(self, text: str, link: str = "", name: str = "") -> None:
        """Show what is missing and what to do."""
        self._show(text, warning(self.palette()), link, name)

    def _show(self, text: str, colour: QColor, link: str, name: str) -> None:
        self.plain = f"{text} {link}".strip()
        words = in_html(text, breakable=True)
        if link:
            # A few words to press stand on one line, as those of a button do.
            held = link.replace(" ", "\u00a0") if len(link) < _SHORT else link
            words += f" {Link(name, held).html}"
        self.setText(f'<span style="color:{colour.name()}">{words}</span>')
        # Tab stops where there is something to press, and nowhere else.
        self.setTextInteractionFlags(_SELECTABLE | _LINKS if link else _SELECTABLE)
        self.setVisible(bool(self.plain))
