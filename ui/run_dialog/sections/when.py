"""The time of a run: dates, days of the week, the length of a bin, the time zone."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QCompleter,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)

from ....aggregation.contract.days import ALL_WEEKDAYS
from ....aggregation.contract.time_zones import is_zone, zone_names
from ....workflow.translation import tr
from ...runs.settings import RunSettings
from ...widgets.number_format import WEEKDAYS, duration
from .section import Section, add_to_row

BINS = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)
"""Offered lengths, in minutes, of the 29 that cut a day evenly."""

WORKDAYS, WEEKEND = (1, 2, 3, 4, 5), (6, 7)
_ISO = "yyyy-MM-dd"


class WhenSection(Section):
    """Choosers of dates, weekdays, bins and zone."""

    title = "When"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.dates = QComboBox()
        self.dates.setObjectName("dates")
        self.dates.addItem(tr("all dates"), "")
        self.dates.addItem(tr("dates from … to …"), "range")
        self.days = QComboBox()
        self.days.setObjectName("weekdays")
        for text, days in (
            (tr("every day"), ALL_WEEKDAYS), (tr("Monday to Friday"), WORKDAYS),
            (tr("Saturday and Sunday"), WEEKEND), (tr("chosen days"), ()),
        ):  # fmt: skip
            self.days.addItem(text, list(days))
        self.bins = QComboBox()
        self.bins.setObjectName("bins")
        for minutes in BINS:
            self._add_bin(minutes)
        self.zone = QLineEdit()
        self.zone.setObjectName("zone")
        self.zone.setMinimumWidth(150)
        self.zone.setToolTip(
            tr("The zone of the clock, such as Europe/London. Hours and dates are local to it.")
        )
        completer = QCompleter(list(zone_names()), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(12)
        self.zone.setCompleter(completer)
        self.row(self.dates, self.days, self.bins, tr("bins, clock of"), (self.zone, 1))
        self._range_row()
        self._days_row()
        self.column.addWidget(self.note)
        for chooser in (self.dates, self.days, self.bins):
            chooser.currentIndexChanged.connect(self._changed)
        self.zone.textChanged.connect(self._changed)
        self._changed()

    def _range_row(self) -> None:
        self.range = QWidget()
        line = QHBoxLayout(self.range)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        self.first, self.last = QDateEdit(), QDateEdit()
        for edit, name in ((self.first, "first"), (self.last, "last")):
            edit.setObjectName(name)
            edit.setCalendarPopup(True)
            edit.setDisplayFormat(_ISO)
            edit.setDate(QDate.currentDate())
            edit.dateChanged.connect(self._changed)
        add_to_row(line, tr("from"), self.first, tr("to"), self.last, tr("(both included)"), None)
        self.column.addWidget(self.range)

    def _days_row(self) -> None:
        self.chosen_days = QWidget()
        line = QHBoxLayout(self.chosen_days)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(3)
        self._day_buttons = []
        for name in WEEKDAYS:
            button = QToolButton()
            button.setText(tr(name))
            button.setCheckable(True)
            button.setChecked(True)
            button.setMinimumWidth(42)
            button.toggled.connect(self._changed)
            self._day_buttons.append(button)
            line.addWidget(button)
        line.addStretch(1)
        self.column.addWidget(self.chosen_days)

    # -- settings -----------------------------------------------------------------------------------

    def show_settings(self, settings: RunSettings) -> None:
        """Put remembered dates, days, bins and zone into the controls."""
        self.dates.setCurrentIndex(1 if settings.date_from or settings.date_to else 0)
        for edit, text in ((self.first, settings.date_from), (self.last, settings.date_to)):
            date = QDate.fromString(text, _ISO)
            if date.isValid():
                edit.setDate(date)
        known = next((i for i in range(3) if self.days.itemData(i) == list(settings.weekdays)), 3)
        for day, button in enumerate(self._day_buttons, start=1):
            button.setChecked(day in settings.weekdays)
        self.days.setCurrentIndex(known)
        if self.bins.findData(settings.bin_minutes) < 0:
            self._add_bin(settings.bin_minutes)
        self.bins.setCurrentIndex(self.bins.findData(settings.bin_minutes))
        self.zone.setText(settings.time_zone)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with what is chosen here."""
        limited = self.dates.currentData() == "range"
        return replace(
            settings,
            date_from=self.first.date().toString(_ISO) if limited else "",
            date_to=self.last.date().toString(_ISO) if limited else "",
            weekdays=self.weekdays,
            bin_minutes=self.bins.currentData(),
            time_zone=self.time_zone,
        )

    @property
    def weekdays(self) -> tuple[int, ...]:
        """ISO weekdays that count."""
        if self.days.currentIndex() < 3:
            return tuple(self.days.currentData())
        return tuple(day for day, button in enumerate(self._day_buttons, start=1) if button.isChecked())

    @property
    def time_zone(self) -> str:
        """The zone as it is typed."""
        return self.zone.text().strip()

    def problem(self) -> str:
        """Return what is missing."""
        if self.dates.currentData() == "range" and self.first.date() > self.last.date():
            return tr("The first date is after the last one.")
        if not self.weekdays:
            return tr("Choose at least one day of the week.")
        if not self.time_zone:
            return tr("Name the time zone, such as Europe/London.")
        if not is_zone(self.time_zone):
            return tr("“{zone}” is not a time zone. Choose one such as Europe/London.").format(
                zone=self.time_zone
            )
        return ""

    def go_to(self) -> None:
        """Focus what `problem` is about."""
        late = self.dates.currentData() == "range" and self.first.date() > self.last.date()
        (self.first if late else self.zone if self.weekdays else self._day_buttons[0]).setFocus()

    def _changed(self) -> None:
        self.range.setVisible(self.dates.currentData() == "range")
        self.chosen_days.setVisible(self.days.currentIndex() == 3)
        self.note.show_warning(self.problem())
        self.changed.emit()

    def _add_bin(self, minutes: int) -> None:
        text = tr("whole day") if minutes == 1440 else duration(minutes * 60)
        if minutes in (60, 120, 180, 240, 360, 720):
            text = tr("{n} min").format(n=60) if minutes == 60 else tr("{n} h").format(n=minutes // 60)
        self.bins.addItem(text, minutes)
