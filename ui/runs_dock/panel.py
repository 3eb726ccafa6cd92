"""The contents of the Runs dock: filter, table, and a text if there are no runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsApplication, QgsSettings
from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import (
    QByteArray,
    QEvent,
    QItemSelection,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
    QTimer,
)
from qgis.PyQt.QtGui import QHideEvent, QPalette, QShowEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QStackedWidget,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.run_state import RunState
from ...mapping.language import tr
from ..runs.catalogue import RunEntry
from ..runs.poller import RunsPoller
from ..widgets.notes import muted
from ..widgets.number_format import count, counted
from ..widgets.plain_text import Link, LinkLabel, PlainLabel
from .actions import RunActions
from .cells import draw_cells, size_columns
from .model import RunsModel
from .row import Column, Row

if TYPE_CHECKING:
    from ..run_dialog.dialog import RunDialog

_HEADER = "roadpulse/runs_header"
_MINUTE = 60_000
_PAUSE = 150


class RunsPanel(QWidget):
    """The list of runs with its filter."""

    def __init__(
        self,
        iface: Any,
        poller: RunsPoller,
        with_dialog: Callable[[Callable[[RunDialog], None]], None],
        parent: Optional[QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self.poller = poller
        self.model = RunsModel(self)
        self.actions_ = RunActions(iface, poller, self.model, with_dialog, self)
        self._with_dialog = with_dialog
        self._keys: list[str] = []
        self._current = ""
        self._scrolled = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        column.addLayout(self._head())
        self.stack = QStackedWidget()
        self.stack.addWidget(self._table())
        self.stack.addWidget(self._nothing())
        column.addWidget(self.stack, 1)
        self._connect()
        self._listed(poller.entries)

    def _head(self) -> QHBoxLayout:
        self.filter = QgsFilterLineEdit()
        self.filter.setObjectName("runs_filter")
        self.filter.setShowSearchIcon(True)
        self.filter.setPlaceholderText(tr("Filter by name, place, state, trips or id"))
        self.filter.setAccessibleName(tr("Filter the runs"))
        self.filter.setMaximumWidth(420)
        self.counts = PlainLabel()
        self.counts.setObjectName("runs_counts")
        palette = self.counts.palette()
        palette.setColor(QPalette.ColorRole.WindowText, muted(self.palette()))
        self.counts.setPalette(palette)
        self.open_button = QToolButton()
        self.open_button.setObjectName("runs_open")
        self.open_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.open_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        menu = QMenu(self.open_button)
        menu.aboutToShow.connect(self._fill_menu)
        self.open_button.setMenu(menu)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.filter, 3)
        line.addWidget(self.counts, 1)
        line.addWidget(self.open_button)
        return line

    def _table(self) -> QTreeView:
        self.table = QTreeView()
        self.table.setObjectName("runs_table")
        self.table.setAccessibleName(tr("Runs"))
        self.table.setModel(self.model)
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setAllColumnsShowFocus(True)
        self.table.setAlternatingRowColors(True)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        draw_cells(self.table)
        head = self.table.header()
        head.setStretchLastSection(True)
        head.setSectionsMovable(True)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        known = QgsSettings().value(_HEADER, QByteArray(), type=QByteArray)
        if not (known and head.restoreState(known)):
            size_columns(self.table)
            head.setSortIndicator(Column.WHEN, Qt.SortOrder.DescendingOrder)
        self.table.setSortingEnabled(True)
        return self.table

    def _nothing(self) -> QWidget:
        self.nothing = LinkLabel()
        self.nothing.setObjectName("runs_nothing")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMargin(24)
        self.nothing.linkActivated.connect(self._link)
        return self.nothing

    def _connect(self) -> None:
        self.poller.listed.connect(self._listed)
        self.poller.heard.connect(lambda key, status: self.model.update_run(key, status=status))
        self.poller.hindered.connect(lambda key, why: self.model.update_run(key, trouble=why))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_PAUSE)
        self._typing.timeout.connect(self._filter)
        self.filter.textChanged.connect(lambda _text: self._typing.start())
        self.model.modelAboutToBeReset.connect(self._remember)
        self.model.modelReset.connect(self._restore)
        self.model.dataChanged.connect(lambda *_: self._show_button())
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_button())
        self.table.customContextMenuRequested.connect(self._menu)
        self.open_button.clicked.connect(lambda _checked=False: self._open_current())
        self.table.doubleClicked.connect(lambda index: self._open(self.model.key_at(index)))
        self.table.installEventFilter(self)
        self._minute = QTimer(self)
        self._minute.setInterval(_MINUTE)
        self._minute.timeout.connect(self.model.time_passes)
        self.table.header().geometriesChanged.connect(self._save_header)
        self.table.header().sortIndicatorChanged.connect(lambda *_: self._save_header())

    # -- what is listed -----------------------------------------------------------------------------

    def select(self, key: str, on_map: bool = False) -> None:
        """Bring a run into view, and, if wanted, put it on the map."""
        self.filter.clear()
        self._filter()
        index = self.model.index_of(key)
        if index.isValid():
            self.table.setCurrentIndex(index)
            self.table.scrollTo(index)
        row = self.model.row(key)
        if on_map and row is not None:
            self.actions_.show(row)

    def selected(self) -> list[Row]:
        """Return the selected rows, from top to bottom."""
        keys = [
            self.model.key_at(i)
            for i in sorted(self.table.selectionModel().selectedRows(), key=QModelIndex.row)
        ]
        return [row for row in map(self.model.row, keys) if row is not None]

    def _listed(self, entries: tuple[RunEntry, ...]) -> None:
        self.model.show_entries(entries)
        self._show_empty_text()

    def _filter(self) -> None:
        self.model.filter(self.filter.text())
        self._show_empty_text()

    def _show_empty_text(self) -> None:
        shown, all_ = self.model.rowCount(), len(self.model)
        self.stack.setCurrentIndex(0 if shown else 1)
        going = sum(row.going for row in self.model.rows())
        text = counted(all_, tr("run"), tr("runs")) if all_ else ""
        if shown != all_:
            text = tr("{shown} of {all} runs").format(shown=count(shown), all=count(all_))
        if going:
            text += ", " + tr("{n} going on").format(n=count(going))
        self.counts.setText(text)
        if not all_:
            where = tr(
                "It is listed here while it goes on and when it has ended, "
                "with its result a double click away."
            )
            self.nothing.show_parts([tr("No runs yet.") + " ", Link("run", tr("Start one")), f". {where}"])
        elif not shown:
            text = tr("No run matches “{text}”.").format(text=self.filter.text())
            self.nothing.show_parts([f"{text} ", Link("all", tr("Show all"))])
        self._show_button()

    def _link(self, name: str) -> None:
        if name == "run":
            self._with_dialog(lambda dialog: dialog.show_form())
        else:
            self.filter.clear()

    def _remember(self) -> None:
        self._keys = [row.entry.key for row in self.selected()]
        self._current = self.model.key_at(self.table.currentIndex())
        self._scrolled = self.table.verticalScrollBar().value()

    def _restore(self) -> None:
        selection = self.table.selectionModel()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        current = self.model.index_of(self._current)
        if current.isValid():
            selection.setCurrentIndex(current, selection.SelectionFlag.NoUpdate)
        at = sorted(self.model.index_of(key).row() for key in self._keys)
        selection.select(self._rows_as_ranges([row for row in at if row >= 0]), flags)
        self.table.verticalScrollBar().setValue(self._scrolled)

    def _rows_as_ranges(self, rows: list[int]) -> QItemSelection:
        """Ascending rows as a selection of few ranges: Qt goes through all of them at every change."""
        ranges = QItemSelection()
        last = self.model.columnCount() - 1
        for i, row in enumerate(rows):
            if i == 0 or row != rows[i - 1] + 1:
                first = row
            if i == len(rows) - 1 or row != rows[i + 1] - 1:
                ranges.select(self.model.index(first, 0), self.model.index(row, last))
        return ranges

    # -- what can be done ---------------------------------------------------------------------------

    def _show_button(self) -> None:
        ranges = self.table.selectionModel().selection()
        selected = sum(part.height() for part in ranges)
        self.open_button.setEnabled(selected > 0)
        one = self.selected()[0] if selected == 1 else None
        text, icon = tr("Show on the map"), "/mActionZoomToLayer.svg"
        if one is not None and one.going:
            text, icon = tr("Follow"), "/mTaskRunning.svg"
        elif one is not None and (one.run is None or one.entry.gone or one.state is not RunState.FINISHED):
            text, icon = tr("Log"), "/mIconHistory.svg"
        if text != self.open_button.text():
            self.open_button.setText(text)
            self.open_button.setIcon(QgsApplication.getThemeIcon(icon))

    def _open(self, key: str) -> None:
        row = self.model.row(key)
        if row is not None:
            self.actions_.open(row)

    def _open_current(self) -> None:
        self._open(self.model.key_at(self.table.currentIndex()))

    def _menu(self, at: QPoint) -> None:
        rows = self.selected()
        if rows:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.actions_.fill(menu, rows)
            menu.popup(self.table.viewport().mapToGlobal(at))

    def _fill_menu(self) -> None:
        self.open_button.menu().clear()
        self.actions_.fill(self.open_button.menu(), self.selected())

    def _save_header(self) -> None:
        QgsSettings().setValue(_HEADER, self.table.header().saveState())

    def eventFilter(self, target: QObject, event: QEvent) -> bool:
        """Enter opens a run, Delete deletes the selected ones."""
        if target is self.table and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._open_current()
                return True
            if key == Qt.Key.Key_Delete:
                self.actions_.delete(self.selected())
                return True
        return super().eventFilter(target, event)

    # -- the window ---------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Poll often while the dock is visible."""
        super().showEvent(event)
        self.model.time_passes()
        self._minute.start()
        self.poller.show(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Poll rarely while the dock is hidden."""
        self._minute.stop()
        self.poller.show(False)
        super().hideEvent(event)
