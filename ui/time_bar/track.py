"""The track of the time bar: the bins of a map as bars, to click, to drag along and to walk by keys."""

from __future__ import annotations

from typing import Any, Optional

from qgis.PyQt.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QToolTip, QWidget

from ...mapping.language import tr
from ..widgets.notes import is_dark, muted
from ..widgets.plain_text import tip, visible
from .track_model import Column, TrackModel

_BARS, _LABELS, _MARGIN = 20, 12, 4
"""Heights of bars and labels, and the space around them, in pixels at the usual size of a font."""

_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_Up: 1,
}
_PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
_ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
_KEYS = {*_STEPS, *_PAGES, *_ENDS, Qt.Key.Key_Space}


class Track(QWidget):
    """Shows a `TrackModel` and the bin that a map shows; reports the bin that the person chooses."""

    chosen = pyqtSignal(int)
    play_pressed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("roadpulse_track")
        self.setAccessibleName(tr("Time"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.model: Optional[TrackModel] = None
        self.current: Optional[int] = None
        self.note = ""
        self._bounds = (0, 0)
        self._hovered: Optional[int] = None
        self._columns: tuple[Any, list[Column]] = ((), [])

    # -- what it shows ------------------------------------------------------------------------------

    def show_model(self, model: Optional[TrackModel], note: str = "") -> None:
        """Show the bins of a map, or without a model a note in their stead."""
        if (model, note) != (self.model, self.note):
            self.model, self.note, self._hovered = model, visible(note), None
            self._bounds = (0, len(model) if model else 0)
            self.setEnabled(model is not None)
            self.setToolTip(tip(note) if model is None else "")
            self.update()

    def show_current(self, number: Optional[int], words: str) -> None:
        """Mark the bin that the map shows; `words` say it for those who do not see the track."""
        self.setAccessibleDescription(words)
        if number != self.current:
            self.current = number
            self.update()

    def show_bounds(self, first: int, end: int) -> None:
        """Grey the bins before `first` and from `end` on, which the controller does not play."""
        if (first, end) != self._bounds:
            self._bounds = (first, end)
            self.update()

    def sizeHint(self) -> QSize:
        """Return the size that shows a week well."""
        return QSize(480, self._height())

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which a day can still be clicked into."""
        return QSize(120, self._height())

    def _height(self) -> int:
        return round((_BARS + _LABELS + _MARGIN) * self._scale())

    def _scale(self) -> float:
        """Return the size of the person's font by the usual one."""
        return max(self.fontMetrics().height() / 16, 0.8)

    # -- drawing ------------------------------------------------------------------------------------

    def paintEvent(self, _event: Any) -> None:
        """Draw bars, labels, and the frame of the focus."""
        painter = QPainter(self)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        if self.model is None:
            painter.setPen(muted(self.palette()))
            text = painter.fontMetrics().elidedText(
                self.note, Qt.TextElideMode.ElideRight, self.width() - 2 * _MARGIN
            )
            painter.drawText(
                self.rect().adjusted(_MARGIN, 0, -_MARGIN, 0), Qt.AlignmentFlag.AlignVCenter, text
            )
        else:
            self._draw_bars(painter, self.model, ink)
            self._draw_labels(painter, self.model)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _area(self) -> QRectF:
        """Return where the bars are."""
        height = _BARS * self._scale()
        return QRectF(_MARGIN, _MARGIN / 2, max(self.width() - 2 * _MARGIN, 1), height)

    def _draw_bars(self, painter: QPainter, model: TrackModel, ink: QColor) -> None:
        area, highlight = self._area(), self.palette().color(QPalette.ColorRole.Highlight)
        usual, beyond = _mixed(ink, 0.42), _mixed(ink, 0.16)
        if self._columns[0] != (model, area.width()):
            self._columns = (model, area.width()), list(model.columns(area.width()))
        for column in self._columns[1]:
            width = max(column.width - (1 if column.width >= 3 else 0), 0.8)
            inside = self._bounds[0] <= column.first < self._bounds[1]
            colour = usual if inside else beyond
            if self._hovered is not None and column.first <= self._hovered < column.end:
                colour = _mixed(ink, 0.75)
            height = max(column.height * area.height(), 1.0)
            bar = QRectF(area.left() + column.left, area.bottom() - height, width, height)
            painter.fillRect(bar, colour)
        if self.current is not None:
            left = model.left(self.current, area.width()) + area.left()
            width = max(model.bin_width(area.width()), 2.0)
            ground = QColor(highlight)
            ground.setAlpha(90)
            painter.fillRect(QRectF(left, area.top(), width, area.height()), ground)
            height = max(model.totals[self.current] / model.largest * area.height(), 2.0)
            painter.fillRect(
                QRectF(left, area.bottom() - height, width, height), _bright(highlight, self.palette())
            )
        painter.fillRect(QRectF(area.left(), area.bottom(), area.width(), 1), _mixed(ink, 0.42))

    def _draw_labels(self, painter: QPainter, model: TrackModel) -> None:
        font = QFont(self.font())
        font.setPixelSize(max(round(9 * self._scale()), 8))
        painter.setFont(font)
        painter.setPen(muted(self.palette()))
        wide, area = QFontMetricsF(font), self._area()
        base = area.bottom() + 1 + wide.ascent()
        for left, text in model.labels(area.width(), wide.horizontalAdvance):
            painter.drawText(QPointF(area.left() + left, base), visible(text))

    # -- mouse and keys -----------------------------------------------------------------------------

    def _number_at(self, x: float) -> Optional[int]:
        if self.model is None:
            return None
        area = self._area()
        return self.model.number_at(x - area.left(), area.width())

    def mousePressEvent(self, event: Any) -> None:
        """Choose the bin under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self._number_at(event.pos().x()))

    def mouseMoveEvent(self, event: Any) -> None:
        """Say which bin is under the mouse, and choose it while the button is pressed."""
        number = self._number_at(event.pos().x())
        if number != self._hovered:
            self._hovered = number
            self.update()
        if number is None or self.model is None:
            return
        QToolTip.showText(self.mapToGlobal(event.pos()), tip(self.model.describe(number)))
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(number)

    def leaveEvent(self, event: QEvent) -> None:
        """Take back the tool tip and forget the bin under the mouse."""
        QToolTip.hideText()
        self._hovered = None
        self.update()
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the track from being taken for shortcuts while it has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and self._is_ours(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: Any) -> None:
        """Walk by arrows, days by page keys, to the ends by Home and End; Space plays."""
        key = event.key()
        if self.model is None or not self._is_ours(event):
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            self.play_pressed.emit()
        elif key in _ENDS:
            self._choose(range(len(self.model))[_ENDS[key]])
        else:
            step = _STEPS.get(key) or _PAGES[key] * self.model.page
            at = self.current if self.current is not None else (-1 if step > 0 else len(self.model))
            self._choose(min(max(at + step, 0), len(self.model) - 1))

    @staticmethod
    def _is_ours(event: Any) -> bool:
        without = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return event.key() in _KEYS and without == Qt.KeyboardModifier.NoModifier

    def _choose(self, number: Optional[int]) -> None:
        if number is not None and number != self.current:
            self.chosen.emit(number)


def _mixed(ink: QColor, alpha: float) -> QColor:
    found = QColor(ink)
    found.setAlphaF(alpha)
    return found


def _bright(highlight: QColor, palette: QPalette) -> QColor:
    """Return the highlight of the theme, light enough to stand out of a dark window."""
    return highlight.lighter(150) if is_dark(palette) and highlight.lightness() < 140 else highlight
