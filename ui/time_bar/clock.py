"""The clock on a map canvas: the time that it shows, large, with day and zone under it."""

from __future__ import annotations

from typing import Any, Optional

from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QPainter
from qgis.PyQt.QtWidgets import QApplication

from ...mapping.language import tr
from ...mapping.timeline import Timeline
from ..widgets.plain_text import one_line

_LARGE, _SMALL, _PADDING, _MARGIN = 2.0, 1.0, 8.0, 12.0
"""Sizes of the texts by the person's font, and space within and around the plate in pixels."""
_LIGHT, _DARK = QColor("#f1f2f4"), QColor("#1d1f24")


class CanvasClock(QgsMapCanvasItem):
    """A plate in the upper left corner. It belongs to the canvas, not to the project, and is not printed."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.lines: tuple[str, ...] = ()
        self.setZValue(1000)
        self.setVisible(False)

    def show_lines(self, *lines: str) -> None:
        """Show a line in large letters and others under it; without any, nothing."""
        kept = tuple(one_line(line) for line in lines if line)
        if kept != self.lines:
            self.prepareGeometryChange()
            self.lines = kept
            self.setVisible(bool(kept))
            self.update()

    def updatePosition(self) -> None:
        """Stay in the corner when the map moves."""

    def boundingRect(self) -> QRectF:
        """Return the plate with its margin."""
        wide, high = 0.0, 0.0
        for number, line in enumerate(self.lines):
            metrics = QFontMetricsF(_font(number))
            wide, high = max(wide, metrics.horizontalAdvance(line)), high + metrics.height()
        return QRectF(0, 0, wide + 2 * _PADDING + _MARGIN, high + 1.5 * _PADDING + _MARGIN)

    def paint(self, painter: QPainter, _option: Any = None, _widget: Any = None) -> None:
        """Draw the plate in the map's ground, and the texts in what contrasts with it."""
        ground = QColor(self._canvas.canvasColor())
        ink = _DARK if ground.lightness() > 128 else _LIGHT
        ground.setAlpha(215)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(self.boundingRect().adjusted(_MARGIN, _MARGIN, 0, 0), 4, 4)
        painter.setPen(ink)
        top = _MARGIN + _PADDING * 0.75
        for number, line in enumerate(self.lines):
            font = _font(number)
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            painter.drawText(QPointF(_MARGIN + _PADDING, top + metrics.ascent()), line)
            top += metrics.height()

    def remove(self) -> None:
        """Take the clock off its canvas."""
        if not sip.isdeleted(self) and not sip.isdeleted(self._canvas):
            self._canvas.scene().removeItem(self)


def _font(number: int) -> QFont:
    font = QFont(QApplication.font())
    font.setPointSizeF(max(font.pointSizeF(), 8) * (_LARGE if number == 0 else _SMALL))
    font.setBold(number == 0)
    return font


def time_words(timeline: Timeline, current: Optional[int], is_on: bool) -> str:
    """Return the time that a map shows in words: `Mon 08:00 – 09:00`."""
    if not is_on:
        return tr("Whole period")
    return tr("No data on this day") if current is None else timeline.span(current)


def clock_lines(timeline: Timeline, current: Optional[int], is_on: bool, zone: str) -> tuple[str, ...]:
    """Return the lines of a clock: the bin's time, and under it day and zone."""
    if current is None:
        return time_words(timeline, current, is_on), zone
    name = timeline.set_name(current)
    return timeline.clock_span(current), f"{name} · {zone}" if name else zone
