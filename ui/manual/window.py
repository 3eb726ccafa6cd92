"""The manual, in a window of its own: the Markdown pages of `docs/`, opened at a heading.

line.addWidget(HelpButton(SSH, "a-profile-in-the-window"))
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Optional

from qgis.PyQt.QtCore import Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QImage, QKeySequence, QTextBlock, QTextCursor, QTextDocument
from qgis.PyQt.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QShortcut,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...mapping.language import tr
from ..widgets.plain_text import tip
from ..widgets.screen_fit import OnScreenDialog
from .page_style import arrange, blocks

DOCS = Path(__file__).absolute().parents[2] / "docs"
CONTENTS, TUTORIAL, FORMATS = "index.md", "tutorial.md", "reference/formats.md"
RUN, SSH, S3 = "how-to/run.md", "how-to/ssh.md", "how-to/s3.md"
STYLE, PUBLISH = "how-to/style-a-map.md", "how-to/publish-a-map.md"
PAGES = "how-to/page-templates.md"
_WIDEST_PICTURE, _MARGIN = 660, 16


def anchor_of(heading: str) -> str:
    """Return the anchor of a heading: its words in lower case, with hyphens between (as on GitHub)."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.strip().replace(" ", "-")


class Pages(QTextBrowser):
    """Shows the pages, follows links within and between them, and leaves others to the web browser."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("manual_pages")
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(_MARGIN)
        self.anchorClicked.connect(self.follow)
        self._unsettled = QTimer(self)
        self._unsettled.setSingleShot(True)
        self._unsettled.timeout.connect(self._settle)
        self.sourceChanged.connect(lambda _url: self._unsettled.start())

    def follow(self, link: QUrl) -> None:
        """Go to a page, a heading, or out into the web."""
        url = self.source().resolved(link)
        if url.isLocalFile():
            self.open_page(url)
        else:
            QDesktopServices.openUrl(url)

    def open_page(self, url: QUrl) -> None:
        """Show a page from its file, at the heading that the fragment names."""
        self._in_one_step(lambda: self.setSource(url))

    def backward(self) -> None:
        """Go back."""
        self._in_one_step(super().backward)

    def forward(self) -> None:
        """Go forward again."""
        self._in_one_step(super().forward)

    def _in_one_step(self, go: Callable[[], None]) -> None:
        """Lay a page out once, and not after each of its tables, which takes a second for a long page."""
        with self._one_edit():
            go()
        self._settle()

    @contextmanager
    def _one_edit(self) -> Iterator[None]:
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        try:
            yield
        finally:
            cursor.endEditBlock()

    def loadResource(self, kind: int, name: QUrl) -> Any:
        """Load a picture, scaled to the width of the page at most."""
        if kind == QTextDocument.ResourceType.ImageResource:
            image = QImage(self.source().resolved(name).toLocalFile())
            if image.width() > _WIDEST_PICTURE:
                return image.scaledToWidth(_WIDEST_PICTURE, Qt.TransformationMode.SmoothTransformation)
            return image
        return super().loadResource(kind, name)

    def heading(self, anchor: str) -> Optional[QTextBlock]:
        """Return the block of a heading of the page; None if there is no such heading."""
        return next((block for block in self._headings() if anchor_of(block.text()) == anchor), None)

    def _headings(self) -> Iterator[QTextBlock]:
        return (block for block in blocks(self.document()) if block.blockFormat().headingLevel())

    def _settle(self) -> None:
        """Give the page its look, and scroll to the heading that was asked for."""
        self._unsettled.stop()
        width = self.viewport().width() - 2 * _MARGIN
        with self._one_edit():
            arrange(self.document(), self.palette(), max(width, _WIDEST_PICTURE))
        url = self.source()
        block = self.heading(url.fragment()) if url.hasFragment() else None
        if block is not None:
            top = self.document().documentLayout().blockBoundingRect(block).top()
            self.verticalScrollBar().setValue(int(top))


class Manual(OnScreenDialog):
    """The manual's window, which stays open beside other windows."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("RoadpulseManual")
        self.setWindowTitle(tr("Roadpulse: help"))
        self.setModal(False)
        self.resize(800, 720)
        self.pages = Pages()
        line = QHBoxLayout()
        for arrow, text, go, signal in (
            (Qt.ArrowType.LeftArrow, tr("Back"), self.pages.backward, self.pages.backwardAvailable),
            (Qt.ArrowType.RightArrow, tr("Forward"), self.pages.forward, self.pages.forwardAvailable),
        ):
            button = QToolButton()
            button.setArrowType(arrow)
            button.setToolTip(tip(text))
            button.setAccessibleName(text)
            button.setAutoRaise(True)
            button.setEnabled(False)
            button.clicked.connect(lambda _checked=False, go=go: go())
            signal.connect(button.setEnabled)
            line.addWidget(button)
        for page, text in (
            (CONTENTS, tr("Contents")),
            (TUTORIAL, tr("Tutorial")),
            (RUN, tr("Make a map")),
            (FORMATS, tr("Formats")),
        ):
            button = QPushButton(text)
            button.setObjectName(f"manual_{page}")
            button.setFlat(True)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, page=page: self.go_to(page))
            line.addWidget(button)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.pages, 1)

    def leave(self) -> None:
        """Close the window; the plugin is unloaded."""
        self.close()

    def go_to(self, page: str, anchor: str = "") -> None:
        """Show a page, from a heading on."""
        url = QUrl.fromLocalFile(str(DOCS / page))
        if anchor:
            url.setFragment(anchor)
        self.pages.open_page(url)


class HelpButton(QPushButton):
    """Opens the manual at a heading of a page; F1 does so too in the window that the button is in."""

    def __init__(self, page: str, anchor: str = "", parent: Optional[QWidget] = None) -> None:
        super().__init__(tr("Help"), parent)
        self.page, self.anchor = page, anchor
        self.manual: Optional[Manual] = None
        self.setObjectName("help")
        self.setAutoDefault(False)
        self.setMinimumWidth(72)
        self.setToolTip(tr("F1"))
        self.clicked.connect(self.open_manual)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.HelpContents), self)
        shortcut.activated.connect(self.click)

    def open_manual(self) -> None:
        """Show it beside the window; it is that window's own, so that it can be read beside a modal one."""
        if self.manual is None:
            self.manual = Manual(self.window())
        self.manual.show()  # where a heading is depends on the window's width
        self.manual.go_to(self.page, self.anchor)
        self.manual.raise_()
        self.manual.activateWindow()
