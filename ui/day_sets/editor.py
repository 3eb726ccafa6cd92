"""The editor of named sets of days and of named periods: a table whose cells the contract reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.days import ALL_WEEKDAYS, NAMED, WEEKDAY_NAMES, Days, DaySet, Period, clock
from ...aggregation.contract.errors import SpecError
from ...mapping.language import tr
from ..manual.window import FORMATS, HelpButton
from ..widgets.notes import Note, warning
from ..widgets.plain_text import PlainLabel, tip
from ..widgets.screen_fit import OnScreenDialog

Entry = Union[DaySet, Period]


class DaysEditor(OnScreenDialog):
    """Edits sets of days, or periods; `chosen` carries a tuple of them when the person says OK."""

    chosen = pyqtSignal(object)

    def __init__(self, start: Sequence[Entry], periods: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._periods = periods
        self.setObjectName("periods_editor" if periods else "days_editor")
        self.setWindowTitle(tr("Periods") if periods else tr("Sets of days"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 380)
        self.table = self._table()
        self.note = Note()
        column = QVBoxLayout(self)
        column.setSpacing(10)
        intro = PlainLabel(_intro(periods))
        intro.setWordWrap(True)
        column.addWidget(intro)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)
        column.addLayout(self._row_buttons())
        column.addWidget(self._buttons())
        for entry in start:
            self._add(_cells(entry, periods))
        if not start:
            self._add()
        self.table.cellChanged.connect(self._edited)
        self._edited()

    def _table(self) -> QTableWidget:
        titles = [tr("Name"), tr("Days"), tr("Dates")]
        if self._periods:
            titles.insert(2, tr("From–to"))
        table = QTableWidget(0, len(titles))
        table.setObjectName("entries")
        table.setHorizontalHeaderLabels(titles)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAlternatingRowColors(True)
        table.verticalHeader().setVisible(False)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for at, width in enumerate((150, 130, 110)[: len(titles) - 1]):
            table.setColumnWidth(at, width)
        return table

    def _row_buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        self.add, self.remove = QPushButton(tr("Add a row")), QPushButton(tr("Remove the row"))
        for button, name, do in (
            (self.add, "add_row", self._add_row), (self.remove, "remove_row", self._remove_row)
        ):  # fmt: skip
            button.setObjectName(name)
            button.setAutoDefault(False)
            button.clicked.connect(do)
            line.addWidget(button)
        line.addStretch(1)
        return line

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box.addButton(HelpButton(FORMATS, "days-and-periods"), QDialogButtonBox.ButtonRole.HelpRole)
        self.ok = box.button(QDialogButtonBox.StandardButton.Ok)
        box.accepted.connect(self._accept)
        box.rejected.connect(self.reject)
        return box

    # -- rows -----------------------------------------------------------------------------------------

    def _add(self, cells: Sequence[str] = ()) -> None:
        row = self.table.rowCount()
        self.table.blockSignals(True)
        self.table.insertRow(row)
        for column in range(self.table.columnCount()):
            self.table.setItem(row, column, QTableWidgetItem(cells[column] if column < len(cells) else ""))
        self.table.blockSignals(False)

    def _add_row(self) -> None:
        self._add()
        self._edited()
        self.table.setCurrentCell(self.table.rowCount() - 1, 0)
        self.table.editItem(self.table.item(self.table.rowCount() - 1, 0))

    def _remove_row(self) -> None:
        row = self.table.currentRow()
        self.table.removeRow(row if row >= 0 else self.table.rowCount() - 1)
        self._edited()

    def _text(self, row: int, column: int) -> str:
        item = self.table.item(row, column)
        return item.text().strip() if item is not None else ""

    # -- what they say --------------------------------------------------------------------------------

    def entries(self) -> tuple[Entry, ...]:
        """Return what the rows say, those that are empty left out; raises `SpecError`."""
        found = []
        for row in range(self.table.rowCount()):
            name, *words = (self._text(row, column) for column in range(self.table.columnCount()))
            if name or any(words):
                found.append(self._entry(name, " ".join(filter(None, words))))
        if found:
            Days(NAMED, tuple(one.days if isinstance(one, Period) else one for one in found))
        return tuple(found)

    def _entry(self, name: str, text: str) -> Entry:
        return Period.from_json(name, text) if self._periods else DaySet.from_json(name, text)

    def _edited(self, *_cell: int) -> None:
        faults = [self._show_row(row) for row in range(self.table.rowCount())]
        fault = next(filter(None, faults), "")
        if not fault:
            try:
                self.entries()
            except SpecError as error:
                fault = error.fault
        self.note.show_warning(_sentence(fault))
        self.ok.setEnabled(not fault)

    def _show_row(self, row: int) -> str:
        """Mark the cell of a row that cannot be read; return its fault."""
        texts = [self._text(row, column) for column in range(self.table.columnCount())]
        fault, where = "", -1
        if any(texts):
            try:
                self._entry(texts[0], " ".join(filter(None, texts[1:])))
            except SpecError as error:
                fault, where = error.fault, self._culprit(texts)
        self.table.blockSignals(True)
        for column in range(self.table.columnCount()):
            item = self.table.item(row, column)
            if item is not None:
                bad = column == where
                item.setData(Qt.ItemDataRole.ForegroundRole, warning(self.palette()) if bad else None)
                item.setIcon(QgsApplication.getThemeIcon("/mIconWarning.svg") if bad else QIcon())
                item.setToolTip(tip(_sentence(fault)) if bad else "")
        self.table.blockSignals(False)
        return fault

    def _culprit(self, texts: Sequence[str]) -> int:
        """Return the column of the first cell that cannot be read by itself."""
        for column, text in enumerate(texts[1:], start=1):
            try:
                if text:
                    self._entry("x", text)
            except SpecError:
                return column
        return 0 if any(texts[1:]) else 1

    def _accept(self) -> None:
        try:
            found = self.entries()
        except SpecError as error:
            self.note.show_warning(_sentence(error.fault))
            return
        self.chosen.emit(found)
        self.accept()


def _intro(periods: bool) -> str:
    if periods:
        return tr(
            "Periods have a result table of their own. Give weekdays such as Mon-Fri, times of day such as "
            "07:00-09:00, and dates or ranges of dates such as 2025-01-06/2025-02-14. What is empty is not "
            "limited."
        )
    return tr(
        "Each set of days has bins of its own: weekdays such as Mon-Fri or Sat, Sun, and dates or ranges of "
        "dates such as 2025-01-06/2025-02-14. With both, a day has to be of both. Sets may overlap."
    )


def _sentence(fault: str) -> str:
    if fault.startswith(("has ", "names ")):  # of the whole list
        fault = f"the list {fault}"
    return f"{fault[:1].upper()}{fault[1:]}." if fault else ""


def _cells(entry: Entry, periods: bool) -> list[str]:
    days = entry.days if isinstance(entry, Period) else entry
    dates = ", ".join(
        first.isoformat() if first == last else f"{first.isoformat()}/{last.isoformat()}"
        for first, last in days.dates
    )
    limited = days.weekdays != ALL_WEEKDAYS or (not dates and not periods)
    cells = [entry.name, weekdays_text(days.weekdays) if limited else "", dates]
    if isinstance(entry, Period):
        whole = (entry.start, entry.end) == (0, 1440)
        cells.insert(2, "" if whole and len(cells[1] + dates) else f"{clock(entry.start)}-{clock(entry.end)}")
    return cells


def weekdays_text(weekdays: Sequence[int]) -> str:
    """Return ISO weekdays, ascending, as the contract reads them: `Mon-Fri`, `Mon, Wed`."""
    runs: list[list[int]] = []
    for day in weekdays:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [[WEEKDAY_NAMES[day - 1] for day in run] for run in runs]
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in names)


def summary(entries: Sequence[Entry]) -> str:
    """Return the names of sets or periods: `Term, Sundays`, no more than three."""
    names = [entry.name for entry in entries[:3]]
    if len(entries) > len(names):
        names.append(tr("{n} more").format(n=len(entries) - len(names)))
    return ", ".join(names)
