"""The table behind the Runs dock: one row a run, sorted and filtered here, so that thousands stay quick."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qgis.PyQt.QtGui import QBrush, QGuiApplication, QIcon

from ...aggregation.contract.run_state import RunState
from ...mapping.language import tr
from ..runs import run_texts
from ..runs.catalogue import RunEntry
from ..widgets.notes import muted, warning
from ..widgets.plain_text import one_line, tip
from .row import NUMBERS, Column, Row, tip_of

KEY = Qt.ItemDataRole.UserRole
PROGRESS = Qt.ItemDataRole.UserRole + 1
"""The share of the run's present phase that is done, 0 to 1; None for a run that does not go on."""

_TOP = QModelIndex()
_NUMBERS_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunsModel(QAbstractTableModel):
    """Rows of runs: `show_entries` sets them, `update_run` updates one."""

    def __init__(self, parent: Optional[QObject] = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, Row] = {}
        self._shown: list[str] = []
        self._at: dict[str, int] = {}
        self._words: tuple[str, ...] = ()
        self._sort: tuple[Column, bool] = (Column.WHEN, True)
        self._icons: dict[str, QIcon] = {}

    # -- what is listed -----------------------------------------------------------------------------

    def __len__(self) -> int:
        """Return number of runs, those that the filter hides included."""
        return len(self._rows)

    def show_entries(self, entries: Iterable[RunEntry]) -> None:
        """List these; what was heard of a run that stays is kept."""
        rows: dict[str, Row] = {}
        changed = []
        for entry in entries:
            before = self._rows.get(entry.key)
            if before is None:
                rows[entry.key] = Row(entry)
            elif before.entry is entry:
                rows[entry.key] = before
            else:
                over = entry.run is None or entry.run.state.is_final
                rows[entry.key] = Row(entry, before.status, "" if over else before.trouble, before.activity)
                changed.append(entry.key)
        self._rows = rows
        self._arrange(changed)

    def update_run(self, key: str, **heard: Any) -> None:
        """Update a run: its `status`, the `trouble` in getting it, an `activity` of this plugin."""
        before = self._rows.get(key)
        if before is None:
            return
        values = {"status": before.status, "trouble": before.trouble, "activity": before.activity, **heard}
        after = Row(before.entry, **values)
        if after != before:
            self._rows[key] = after
            self._changed(key)

    def filter(self, text: str) -> None:
        """Show the runs in which every word of `text` occurs."""
        words = tuple(text.casefold().split())
        if words != self._words:
            self._words = words
            self._arrange(())

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the rows; Qt calls this when a column's head is clicked."""
        self._sort = (Column(column), order == Qt.SortOrder.DescendingOrder)
        self._arrange(())

    def time_passes(self) -> None:
        """Say the moments anew."""
        if self._shown:
            last = self.index(len(self._shown) - 1, Column.WHEN)
            self.dataChanged.emit(self.index(0, Column.WHEN), last, [Qt.ItemDataRole.DisplayRole])

    def row(self, key: str) -> Optional[Row]:
        """Return the row of a run, shown or not."""
        return self._rows.get(key)

    def rows(self) -> list[Row]:
        """Return all rows, in no order."""
        return list(self._rows.values())

    def key_at(self, index: QModelIndex) -> str:
        """Return the key of the run in a cell; empty for no cell."""
        return self._shown[index.row()] if index.isValid() and index.row() < len(self._shown) else ""

    def index_of(self, key: str) -> QModelIndex:
        """Return the first cell of a run; invalid when it is not shown."""
        at = self._at.get(key)
        return QModelIndex() if at is None else self.index(at, 0)

    def _arrange(self, changed: Iterable[str]) -> None:
        column, downwards = self._sort
        rows = [row for row in self._rows.values() if not self._words or row.matches(self._words)]
        # the newest first among equals, in either order
        rows.sort(key=lambda row: row.sort_value(Column.WHEN), reverse=True)
        rows.sort(key=lambda row: row.sort_value(column), reverse=downwards)
        shown = [row.entry.key for row in rows]
        if shown == self._shown:
            for key in changed:
                self._changed(key)
            return
        self.beginResetModel()
        self._shown = shown
        self._at = {key: at for at, key in enumerate(shown)}
        self.endResetModel()

    def _changed(self, key: str) -> None:
        at = self._at.get(key)
        if at is not None:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(Column) - 1))

    # -- what Qt asks for ---------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = _TOP) -> int:
        """Rows that are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex = _TOP) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' heads."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            return int(_NUMBERS_RIGHT if section in NUMBERS else left)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            tr("State"), tr("Run"), tr("Where"), tr("When"), tr("Points"), tr("Links"), tr("Trips"),
            tr("Took"), tr("Remark"),
        )[section]  # fmt: skip

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one cell."""
        if not index.isValid():
            return None
        row, column = self._rows[self._shown[index.row()]], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(row.text(column, _now()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(tip_of(row, column))
        if role == Qt.ItemDataRole.DecorationRole and column is Column.STATE:
            return self._icon(run_texts.DAMAGED_ICON if row.run is None else run_texts.state_icon(row.state))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in NUMBERS:
            return int(_NUMBERS_RIGHT)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(row, column)
        if role == KEY:
            return row.entry.key
        if role == PROGRESS:
            return (row.status.fraction or 0.0) if row.going and row.status is not None else None
        return None

    def _icon(self, name: str) -> QIcon:
        if name not in self._icons:
            self._icons[name] = QgsApplication.getThemeIcon(name)
        return self._icons[name]


def _colour(row: Row, column: Column) -> Optional[QBrush]:
    palette = QGuiApplication.palette()
    if column is Column.REMARK:
        bad = row.run is None or row.trouble or row.state in (RunState.FAILED, RunState.LOST)
        return QBrush(warning(palette) if bad else muted(palette))
    if column in (Column.WHEN, Column.LOCATION) or row.run is None:
        return QBrush(muted(palette))
    return None


def _now() -> datetime:
    return datetime.now(timezone.utc)
