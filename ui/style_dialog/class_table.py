"""The list of classes: their colours and words, and the limits from which they begin, to be typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from qgis.PyQt.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPixmap
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from ...mapping.language import number_locale, number_text, tr
from ..widgets.notes import warning
from ..widgets.plain_text import tip, visible

_SWATCH, _LINE = QSize(40, 18), 5
"""Size of a swatch, and the ground above and below its line, in pixels."""


class ClassTable(QTableWidget):
    """Shows the classes, the highest last; `edited` carries the limits once they are numbers that ascend."""

    edited = pyqtSignal(tuple)

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(0, 2, parent)
        self.setObjectName("classes")
        self._limits: tuple[float, ...] = ()
        self.setHorizontalHeaderLabels([tr("Class"), tr("From")])
        self.setIconSize(_SWATCH)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().resizeSection(1, 110)
        self.itemChanged.connect(self._changed)

    def show_classes(
        self, limits: Sequence[float], labels: Sequence[str], colours: Sequence[QColor], ground: QColor
    ) -> None:
        """Show classes, lowest first, as lines on the ground of their theme."""
        self._limits = tuple(limits)
        with QSignalBlocker(self):
            self.setRowCount(len(labels))
            for row, (label, colour) in enumerate(zip(labels, colours)):
                name = QTableWidgetItem(QIcon(_swatch(colour, ground)), visible(label))
                name.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self.setItem(row, 0, name)
                limit = QTableWidgetItem(number_text(limits[row]))
                limit.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                limit.setToolTip(tip(tr("Type another limit: the classes are then by hand.")))
                self.setItem(row, 1, limit)
        self.setMinimumHeight(self.horizontalHeader().height() + 22 * min(len(labels), 9) + 4)

    def resized(self, classes: int) -> tuple[float, ...]:
        """Return the limits with another number of classes, taken from or added to the upper end."""
        limits = self._limits
        step = limits[-1] - limits[-2]
        more = tuple(limits[-1] + step * (i + 1) for i in range(classes + 1 - len(limits)))
        return (*limits, *more)[: classes + 1]

    def _changed(self, item: QTableWidgetItem) -> None:
        typed = [_number(self.item(row, 1).text()) for row in range(self.rowCount())]
        numbers = [number for number in typed if number is not None]
        rising = len(numbers) == len(typed) and all(low < high for low, high in zip(numbers, numbers[1:]))
        with QSignalBlocker(self):
            item.setData(Qt.ItemDataRole.ForegroundRole, None if rising else warning(self.palette()))
            item.setToolTip(
                "" if rising else tip(tr("Limits are numbers, each higher than the one above it."))
            )
        if rising:
            last = self._limits[-1] if self._limits[-1] > numbers[-1] else 2 * numbers[-1] - numbers[-2]
            self.edited.emit((*numbers, last))


def _swatch(colour: QColor, ground: QColor) -> QPixmap:
    picture = QPixmap(_SWATCH)
    picture.fill(ground)
    painter = QPainter(picture)
    painter.fillRect(0, _LINE, _SWATCH.width(), _SWATCH.height() - 2 * _LINE, colour)
    painter.end()
    return picture


def _number(text: str) -> Optional[float]:
    """Return a number as a person types it, with the decimal sign of their language or a point."""
    plain = text.strip().replace("−", "-")
    value, is_good = number_locale().toDouble(plain)
    if is_good:
        return float(value)
    try:
        return float(plain)
    except ValueError:
        return None
