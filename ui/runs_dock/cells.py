"""Drawing of the cells of the Runs dock, and the widths of its columns."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QSize
from qgis.PyQt.QtGui import QPainter, QPalette
from qgis.PyQt.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from .model import PROGRESS
from .row import Column

_ICON, _ROOM = 24, 6
_SAMPLES = {
    Column.STATE: "Waiting for cores", Column.NAME: "Belfast, before and after",
    Column.LOCATION: "Belfast Pi cluster",
    Column.WHEN: "Wed 30 Sep, 00:00", Column.POINTS: "185.1 million", Column.LINKS: "1,170,212",
    Column.SIZE: "222.4 GB", Column.TOOK: "11 h 20 min",
}  # fmt: skip
"""The longest usual text of each column: it is shown whole."""


class ProgressLine(QStyledItemDelegate):
    """Draws how far a run is as a thin line under its state."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """The cell, and the line where the run goes on."""
        super().paint(painter, option, index)
        done = index.data(PROGRESS)
        if done is None:
            return
        box = option.rect.adjusted(24, option.rect.height() - 4, -8, -2)
        track = option.palette.color(QPalette.ColorRole.Mid)
        track.setAlpha(90)
        painter.fillRect(box, track)
        box.setWidth(round(box.width() * float(done)))
        painter.fillRect(box, option.palette.color(QPalette.ColorRole.Highlight))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Room for the line under the word."""
        size = super().sizeHint(option, index)
        return QSize(size.width(), size.height() + _ROOM)


class Indented(QStyledItemDelegate):
    """Keeps words away from the numbers on their left."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """The cell, moved to the right."""
        super().initStyleOption(option, index)
        option.text = f"\u2002{option.text}"


def draw_cells(table: QTreeView) -> None:
    """Give the table its own cells."""
    table.setItemDelegateForColumn(Column.STATE, ProgressLine(table))
    table.setItemDelegateForColumn(Column.REMARK, Indented(table))


def size_columns(table: QTreeView) -> None:
    """Make the columns as wide as what they usually hold."""
    for column, text in _SAMPLES.items():
        width = table.fontMetrics().horizontalAdvance(text) + _ICON
        table.header().resizeSection(column, width + _ICON if column is Column.STATE else width)
