"""Texts on widgets as plain text: what files, servers and people write is shown letter by letter.

Qt takes a text with a tag in it for rich text, loads its pictures and follows its links. Every label, tool
tip, question and message of the plugin gets its words through this module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Optional, Union

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import QLabel, QMessageBox, QWidget

from ...aggregation.contract.visible_text import visible

__all__ = [
    "Link", "LinkLabel", "PlainLabel", "Wrapped", "in_html", "message_box", "one_line", "tip", "visible",
]  # fmt: skip

_LONGEST_WORD = 60
"""Letters without a blank that stay on one line; longer words may break after so many."""

_LONGEST_LINE = 100
"""Letters in a line of a tool tip that Qt need not wrap, which it does for rich text alone."""


class PlainLabel(QLabel):
    """A label whose text is never rich text."""

    def __init__(self, text: str = "", parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text, its control characters included."""
        super().setText(visible(text))


class Wrapped(PlainLabel):
    """Plain text in as many lines as its width asks for, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def minimumSizeHint(self) -> QSize:
        """Return the height of one line: Qt would reserve that of the text at its narrowest."""
        return QSize(40, self.fontMetrics().height())


class LinkLabel(QLabel):
    """A label with links to press, which it reports by `linkActivated`; all its words are plain."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)

    def show_parts(self, parts: Sequence[Union[str, Link]]) -> None:
        """Show texts and links one after the other."""
        self.setText("".join(part.html if isinstance(part, Link) else in_html(part) for part in parts))


@dataclass(frozen=True)
class Link:
    """Words to press, reported under `name`."""

    name: str
    words: str

    @property
    def html(self) -> str:
        """The link as HTML."""
        return f'<a href="{escape(self.name)}">{in_html(self.words)}</a>'


def in_html(text: str, breakable: bool = False) -> str:
    """Return a plain text as HTML for a place that takes only HTML, such as QGIS's message bar.

    Long words may break if `breakable`, for where they would widen the window.
    """
    return _html(_breakable(visible(text)) if breakable else visible(text))


def _unmistakable(plain: str) -> str:
    """Return a text that Qt takes for plain, or as HTML that shows the same."""
    return f"<span>{_html(plain)}</span>" if "<" in plain else plain


def _html(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")


def one_line(text: str) -> str:
    """Return a plain text for a place that cuts off a second line, such as the cell of a table."""
    return " ".join(filter(None, (line.strip() for line in visible(text).split("\n"))))


def tip(text: str) -> str:
    """A plain text for where Qt decides what it takes for HTML, such as a tool tip; long lines wrap."""
    plain = visible(text)
    if all(len(line) <= _LONGEST_LINE for line in plain.split("\n")):
        return _unmistakable(plain)
    return f"<span>{_html(_breakable(plain))}</span>"


def _breakable(text: str) -> str:
    return re.sub(rf"(\S{{{_LONGEST_WORD}}})(?=\S)", "\\1\u200b", text)


def message_box(icon: QMessageBox.Icon, title: str, text: str, more: str, parent: QWidget) -> QMessageBox:
    """Return a message box that is deleted when it is closed; `more` stands under the text."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(icon)
    box.setWindowTitle(visible(title))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(visible(text))
    box.setInformativeText(_unmistakable(visible(more)))  # has no format of its own
    return box
