"""Widgets that choose among the statistics of the registry: one of them, or some."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Optional

from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QStandardItem, QStandardItemModel
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.statistic import (
    ALWAYS,
    COUNTS,
    DEFAULT_DRAWN,
    FREE_FLOW,
    POINTS,
    RELIABILITY,
    STATISTICS,
    TRAVERSALS,
    TRIPS,
    Statistic,
    chosen_keys,
    default_keys,
    in_column_order,
    statistic,
)
from ...mapping import statistic_words
from ...mapping.language import tr
from .notes import Note, is_dark, muted
from .plain_text import PlainLabel, tip

FAMILIES = {
    COUNTS: "Counts", POINTS: "Of points", TRAVERSALS: "Of passages over the link", TRIPS: "Of trips",
    FREE_FLOW: "Free flow", RELIABILITY: "Reliability",
}  # fmt: skip
"""Headings of the families, in their order."""

_KEY = Qt.ItemDataRole.UserRole


def name_of(entry: Statistic) -> str:
    """Return the name of a statistic within a sentence: `mean speed`."""
    label = statistic_words.label(entry)
    return f"{label[:1].lower()}{label[1:]}"


def explanation(entry: Statistic) -> str:
    """Return the definition of a statistic, as a sentence, with its key and what it lacks."""
    text = f"{entry.definition[:1].upper()}{entry.definition[1:]} ({entry.key})."
    if not entry.by_bin:
        text += " " + tr("It has one value a link and does not play.")
    return text


def by_family(keys: Iterable[str]) -> list[tuple[str, list[Statistic]]]:
    """Return statistics under the headings of their families, in column order."""
    entries = [statistic(key) for key in in_column_order(keys)]
    groups = ((heading, [one for one in entries if one.family == name]) for name, heading in FAMILIES.items())
    return [(heading, members) for heading, members in groups if members]


class StatisticChooser(QComboBox):
    """Chooses the statistic that a map shows; `offered` are the keys of the drawn ones on offer."""

    def __init__(self, offered: Optional[Collection[str]] = None, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.setObjectName("statistic")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(24)
        self.setMaxVisibleItems(40)
        if is_dark(self.palette()):  # its style sheet goes before an item's own colour
            self.setItemDelegate(QStyledItemDelegate(self))
            self.view().setStyleSheet(f"::item:disabled {{ color: {muted(self.palette()).name()}; }}")
        self._keys = set(offered or (one.key for one in STATISTICS if one.is_drawn))
        self._fill()
        self.currentIndexChanged.connect(self._show_tip)
        self.set_key(DEFAULT_DRAWN)

    @property
    def key(self) -> str:
        """Key of the chosen statistic."""
        return str(self.currentData() or "")

    def set_key(self, key: str) -> None:
        """Choose a statistic, which is offered from then on."""
        self.offer((key,))
        self.setCurrentIndex(max(0, self.findData(key)))

    def offer(self, keys: Iterable[str]) -> None:
        """Offer further statistics, such as a percentile that was typed."""
        more = {key for key in keys if statistic(key).is_drawn} - self._keys
        if more:
            before = self.key
            self._keys |= more
            self.blockSignals(True)
            self._fill()
            self.setCurrentIndex(max(0, self.findData(before)))
            self.blockSignals(False)

    def _fill(self) -> None:
        model = QStandardItemModel(self)
        for heading, members in by_family(self._keys):
            head = QStandardItem(tr(heading))
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            head.setForeground(muted(self.palette()))
            font = head.font()
            font.setBold(True)
            head.setFont(font)
            model.appendRow(head)
            for entry in members:
                item = QStandardItem(name_of(entry))
                item.setData(entry.key, _KEY)
                item.setData(tip(explanation(entry)), Qt.ItemDataRole.ToolTipRole)
                model.appendRow(item)
        self.setModel(model)

    def _show_tip(self) -> None:
        self.setToolTip(tip(explanation(statistic(self.key))) if self.key else "")


class StatisticList(QWidget):
    """Chooses the statistics that a run computes: a list with check marks, and other percentiles by typing.

    The drawn one is always computed, as are points and trips.
    """

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._drawn = DEFAULT_DRAWN
        self._is_lent = False  # the drawn one is marked because it is drawn
        self.list = QListWidget()
        self.list.setObjectName("statistics")
        self.list.setAlternatingRowColors(True)
        self.list.setMinimumSize(QSize(300, 170))
        self.usual, self.all = QPushButton(tr("Usual ones")), QPushButton(tr("All"))
        self.usual.setObjectName("usual_statistics")
        self.all.setObjectName("all_statistics")
        self.more = QLineEdit()
        self.more.setObjectName("more_percentiles")
        self.more.setPlaceholderText("p10, trip_p90")
        self.more.setToolTip(tip(tr("Any percentile: p01 to p99 of points, trip_p01 to trip_p99 of trips.")))
        self.note = Note()
        line = QHBoxLayout()
        for button in (self.usual, self.all):
            button.setAutoDefault(False)
            line.addWidget(button)
        line.addSpacing(8)
        line.addWidget(PlainLabel(tr("other percentiles")))
        line.addWidget(self.more, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addLayout(line)
        column.addWidget(self.note)
        self._fill()
        self.set_keys(default_keys())
        self.list.itemChanged.connect(self._edited)
        self.more.textChanged.connect(self._edited)
        self.usual.clicked.connect(lambda: self._choose(default_keys()))
        self.all.clicked.connect(lambda: self._choose([one.key for one in STATISTICS]))

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the statistics to compute, in column order; a percentile that is not one is left out."""
        marked = [key for key, item in self._items.items() if item.checkState() == Qt.CheckState.Checked]
        return in_column_order((*ALWAYS, self._drawn, *marked, *self._typed()))

    def set_keys(self, keys: Iterable[str]) -> None:
        """Mark the statistics of a run; percentiles that the list does not have are typed."""
        wanted = set(keys)
        self._is_lent = self._drawn not in wanted
        self.list.blockSignals(True)
        for key, item in self._items.items():
            on = key in wanted or key in ALWAYS or key == self._drawn
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self.more.setText(", ".join(in_column_order(wanted - set(self._items))))

    def set_drawn(self, key: str) -> None:
        """Compute the statistic that the map shows, in the place of the one that it showed before."""
        if key == self._drawn:
            return
        before, self._drawn = self._items.get(self._drawn), key
        self.list.blockSignals(True)
        if before is not None:
            self._set_free(before)
            if self._is_lent:
                before.setCheckState(Qt.CheckState.Unchecked)
        item = self._items.get(key)
        if item is not None:
            self._is_lent = item.checkState() != Qt.CheckState.Checked
            self._set_free(item)
        self.list.blockSignals(False)

    def problem(self) -> str:
        """Return what is wrong with the percentiles that are typed; empty if nothing is."""
        try:
            chosen_keys(self.more.text(), "")
        except SpecError:
            return tr("“{text}” under other percentiles: write keys such as p10 or trip_p90.").format(
                text=self.more.text()
            )
        return ""

    def _typed(self) -> tuple[str, ...]:
        try:
            return chosen_keys(self.more.text()) if self.more.text().strip(" ,") else ()
        except SpecError:
            return ()

    def _fill(self) -> None:
        self._items: dict[str, QListWidgetItem] = {}
        for heading, members in by_family(one.key for one in STATISTICS):
            head = QListWidgetItem(tr(heading), self.list)
            head.setFlags(Qt.ItemFlag.NoItemFlags)
            head.setForeground(muted(self.palette()))
            font = head.font()
            font.setBold(True)
            head.setFont(font)
            for entry in members:
                item = QListWidgetItem(statistic_words.label(entry), self.list)
                item.setData(_KEY, entry.key)
                item.setToolTip(tip(explanation(entry)))
                item.setCheckState(Qt.CheckState.Unchecked)
                self._items[entry.key] = item
                self._set_free(item)

    def _set_free(self, item: QListWidgetItem) -> None:
        """Let a statistic be marked or not, except for those that are computed in any case."""
        fixed = item.data(_KEY) in (*ALWAYS, self._drawn)
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
        item.setFlags(Qt.ItemFlag.ItemIsSelectable if fixed else flags | Qt.ItemFlag.ItemIsEnabled)
        # What cannot be chosen is to be read all the same, which QGIS's dark colours make hard.
        item.setData(Qt.ItemDataRole.ForegroundRole, muted(self.palette()) if fixed else None)
        if fixed:
            item.setCheckState(Qt.CheckState.Checked)

    def _choose(self, keys: Iterable[str]) -> None:
        self.set_keys((*keys, *self._typed()))
        self._edited()

    def _edited(self) -> None:
        self.note.show_warning(self.problem())
        self.changed.emit()
