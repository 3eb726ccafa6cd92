"""The film while it is made: the last picture, how far it is, and how long it takes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Optional

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QImage, QImageReader, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from ...mapping.language import number_text, tr
from ..background.calls import Call, Calls
from ..widgets.notes import Note
from ..widgets.number_format import about

_LARGEST = 960
_FEWEST = 3
"""Pictures after which the time that is left is known well enough."""


class FilmProgress(QWidget):
    """Shows the last picture above a bar."""

    def __init__(self) -> None:
        super().__init__()
        self.preview = _Picture()
        self.bar = QProgressBar()
        self.bar.setObjectName("film_progress")
        self.bar.setRange(0, 1000)
        self.words = Note()
        self.words.setObjectName("film_words")
        self.remarks = Note()
        self.remarks.setObjectName("film_remarks")
        self._calls = Calls(self)
        self._loading: Optional[Call] = None
        self._begun, self._drawn, self._number = 0.0, 0, 0
        column = QVBoxLayout(self)
        column.addWidget(self.preview, 1)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addWidget(self.remarks)

    def begin(self, pictures: int) -> None:
        """Begin a film of so many pictures."""
        self._begun, self._drawn, self._number = time.monotonic(), 0, pictures
        self.bar.setValue(0)
        self.preview.show_picture(QImage())
        self.words.show_text(tr("Starting…"))
        self.remarks.show_text("")

    def hear(self, values: dict[str, object]) -> None:
        """Show what the process tells."""
        if "percent" in values:
            self.bar.setValue(round(10 * float(str(values["percent"]))))
        if "said" in values:
            lines = [self.remarks.plain, str(values["said"])]
            self.remarks.show_warning("\n".join(filter(None, lines)))
        if "picture" in values:
            self._drawn += 1
            self._say()
            self._load(Path(str(values["picture"])))

    def _say(self) -> None:
        drawn, number = number_text(self._drawn), number_text(self._number)
        if self._drawn >= self._number:
            self.words.show_text(
                tr("All {number} pictures are drawn; writing the film…").format(number=number)
            )
            return
        words = tr("Picture {drawn} of {number}").format(drawn=drawn, number=number)
        if self._drawn >= _FEWEST:
            passed = time.monotonic() - self._begun
            left = passed / self._drawn * (self._number - self._drawn)
            words = tr("{picture}; about {time} left").format(picture=words, time=about(left))
        self.words.show_text(words)

    def _load(self, path: Path) -> None:
        """Load a picture off the window's thread, unless one is being loaded."""
        if self._loading is None:
            self._loading = self._calls.submit(
                lambda _call: _small(path), self._show, lambda _error: self._show(None)
            )

    def _show(self, picture: Optional[QImage]) -> None:
        self._loading = None
        if picture is not None and not picture.isNull():
            self.preview.show_picture(picture)


def _small(path: Path) -> QImage:
    """Read a picture, no larger than a window needs; Qt does that without holding up Python."""
    reader = QImageReader(str(path))
    size = reader.size()
    if size.width() > _LARGEST or size.height() > _LARGEST:
        reader.setScaledSize(size.scaled(_LARGEST, _LARGEST, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


class _Picture(QWidget):
    """A picture that is as large as its room lets it be."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("film_preview")
        self.picture = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 220)

    def sizeHint(self) -> QSize:
        return QSize(560, 360)

    def show_picture(self, picture: QImage) -> None:
        """Show a picture, or nothing for an empty one."""
        self.picture = picture
        self.update()

    def paintEvent(self, _event: Optional[QPaintEvent]) -> None:
        """Paint the picture into the middle."""
        if self.picture.isNull():
            return
        size = self.picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        x, y = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        painter.drawImage(self.rect().adjusted(x, y, -x, -y), self.picture)
        painter.end()
