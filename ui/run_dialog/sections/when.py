"""The time of a run: dates, days of the week, bins and zone; sets of days, periods and holidays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QCompleter,
    QDateEdit,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from ....aggregation.contract.days import (
    ALL,
    ALL_WEEKDAYS,
    DATES,
    NAMED,
    WEEKDAYS,
    Days,
    DaySet,
    Period,
)
from ....aggregation.contract.days import (
    WORKDAYS as WORKDAYS_AND_WEEKEND,
)
from ....aggregation.contract.errors import SpecError
from ....aggregation.contract.time_zones import is_zone, zone_names
from ....mapping.language import tr, weekday
from ....workflow.holidays import read_holidays
from ...day_sets.editor import DaysEditor, Entry, summary
from ...runs.settings import RunSettings
from ...widgets.number_format import counted, duration
from .section import Section, add_to_row

BINS = (5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)
"""Offered lengths, in minutes, of the 29 that cut a day evenly."""

WORKDAYS, WEEKEND = (1, 2, 3, 4, 5), (6, 7)
_ISO = "yyyy-MM-dd"


class WhenSection(Section):
    """Choosers of dates, weekdays, bins and zone; of sets of days, periods and holidays below."""

    title = "When"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._sets: tuple[DaySet, ...] = ()
        self._periods: tuple[Period, ...] = ()
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
        self._sets_row()
        self.column.addWidget(self.note)
        for chooser in (self.dates, self.days, self.bins, self.division):
            chooser.currentIndexChanged.connect(self._changed)
        for edit in (self.zone, self.holidays):
            edit.textChanged.connect(self._changed)
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
        for day in ALL_WEEKDAYS:
            button = QToolButton()
            button.setText(weekday(day))
            button.setCheckable(True)
            button.setChecked(True)
            button.setMinimumWidth(42)
            button.toggled.connect(self._changed)
            self._day_buttons.append(button)
            line.addWidget(button)
        line.addStretch(1)
        self.column.addWidget(self.chosen_days)

    def _sets_row(self) -> None:
        self.division = QComboBox()
        self.division.setObjectName("division")
        for text, kind in (
            (tr("one day for all"), ALL), (tr("workdays and weekend"), WORKDAYS_AND_WEEKEND),
            (tr("each day of the week"), WEEKDAYS), (tr("each date"), DATES), (tr("named sets"), NAMED),
        ):  # fmt: skip
            self.division.addItem(text, kind)
        self.division.setToolTip(tr("The sets of days that have bins of their own."))
        self.edit_sets, self.edit_periods = QPushButton(tr("Edit…")), QPushButton(tr("Periods…"))
        self.edit_sets.setObjectName("edit_sets")
        self.edit_periods.setObjectName("edit_periods")
        self.edit_periods.setToolTip(
            tr("Named parts of the week, such as the morning peak, with a table of their own.")
        )
        self.edit_sets.clicked.connect(lambda: self._edit(self._sets, periods=False))
        self.edit_periods.clicked.connect(lambda: self._edit(self._periods, periods=True))
        self.holidays = QLineEdit()
        self.holidays.setObjectName("holidays")
        self.holidays.setClearButtonEnabled(True)
        self.holidays.setPlaceholderText(tr("none"))
        self.holidays.setToolTip(
            tr("Dates such as 2025-12-25, 2025-12-26, or a file with a date a line. They count as Sundays.")
        )
        self.browse_holidays = QToolButton()
        self.browse_holidays.setObjectName("browse_holidays")
        self.browse_holidays.setText("…")
        self.browse_holidays.setToolTip(tr("Choose a file with a date a line."))
        self.browse_holidays.clicked.connect(self._browse_holidays)
        for button in (self.edit_sets, self.edit_periods):
            button.setAutoDefault(False)
        self.row(
            self.division, self.edit_sets, self.edit_periods, tr("holidays"), (self.holidays, 1),
            self.browse_holidays,
        )  # fmt: skip

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
        self._sets, self._periods = settings.days.sets, settings.periods
        self.division.setCurrentIndex(max(0, self.division.findData(settings.days.kind)))
        self.holidays.setText(settings.holidays)
        self._changed()

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
            days=self.division_of_days,
            periods=self._periods,
            holidays=self.holidays.text().strip(),
        )

    @property
    def division_of_days(self) -> Days:
        """The sets of days that have bins of their own; one of all days while no set is named."""
        kind = self.division.currentData()
        if kind == NAMED:
            return Days(NAMED, self._sets) if self._sets else Days()
        return Days(kind)

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
        if self.division.currentData() == NAMED and not self._sets:
            return tr("Name the sets of days with Edit, or choose other days.")
        try:
            read_holidays(self.holidays.text())
        except SpecError as error:
            return tr("The list of holidays {fault}.").format(fault=error.fault)
        return ""

    def go_to(self) -> None:
        """Focus what `problem` is about."""
        if self.dates.currentData() == "range" and self.first.date() > self.last.date():
            self.first.setFocus()
        elif not self.weekdays:
            self._day_buttons[0].setFocus()
        elif not is_zone(self.time_zone):
            self.zone.setFocus()
        elif self.division.currentData() == NAMED and not self._sets:
            self.edit_sets.setFocus()
        else:
            self.holidays.setFocus()

    def _edit(self, start: Sequence[Entry], periods: bool) -> None:
        editor = DaysEditor(start, periods, self.window())
        editor.chosen.connect(self._periods_chosen if periods else self._sets_chosen)
        editor.open()

    def _sets_chosen(self, sets: tuple[DaySet, ...]) -> None:
        self._sets = sets
        self._changed()

    def _periods_chosen(self, periods: tuple[Period, ...]) -> None:
        self._periods = periods
        self._changed()

    def _browse_holidays(self) -> None:
        dialog = QFileDialog(self, tr("File of holidays"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([tr("Lists of dates") + " (*.txt *.csv)", tr("All files") + " (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.holidays.setText)
        dialog.open()

    def _changed(self) -> None:
        self.range.setVisible(self.dates.currentData() == "range")
        self.chosen_days.setVisible(self.days.currentIndex() == 3)
        self.edit_sets.setVisible(self.division.currentData() == NAMED)
        problem = self.problem()
        if problem:
            self.note.show_warning(problem)
        else:
            self.note.show_text(self._summary())
        self.changed.emit()

    def _summary(self) -> str:
        """Return the sets, periods and holidays that the row does not show itself."""
        parts = []
        if self.division.currentData() == NAMED:
            parts.append(tr("Sets of days: {names}").format(names=summary(self._sets)))
        if self._periods:
            parts.append(tr("Periods: {names}").format(names=summary(self._periods)))
        if self.holidays.text().strip():
            n = counted(len(read_holidays(self.holidays.text())), tr("holiday"), tr("holidays"))
            parts.append(tr("{holidays} as Sundays").format(holidays=n))
        return " · ".join(parts)

    def _add_bin(self, minutes: int) -> None:
        text = tr("whole day") if minutes == 1440 else duration(minutes * 60)
        if minutes in (60, 120, 180, 240, 360, 720):
            text = tr("{n} min").format(n=60) if minutes == 60 else tr("{n} h").format(n=minutes // 60)
        self.bins.addItem(text, minutes)
