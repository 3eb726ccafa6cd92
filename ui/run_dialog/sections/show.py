"""Options of the map, and the settings that are rarely changed, under More."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import QTime, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QSpinBox, QTimeEdit, QWidget

from ....aggregation.contract.spec import LOCAL_TIMES, FreeFlow, Trim
from ....aggregation.contract.statistic import statistic
from ....cluster_client.profiles.profile import Profile
from ....mapping.language import tr
from ...runs.settings import RunSettings
from ...widgets.number_format import counted
from ...widgets.plain_text import tip
from ...widgets.statistics import StatisticChooser, StatisticList
from .section import Section, add_to_row, unit_chooser


class ShowSection(Section):
    """Statistic, unit and the least number of trips; `statistics_wanted` asks for the list under More."""

    statistics_wanted = pyqtSignal()

    title = "Show"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.statistic = StatisticChooser()
        self._unit_of_trips = ""
        self.unit = unit_chooser("shown_unit")
        self.unit.setToolTip(
            tr("The unit of the speeds on the map and in the results. No trip is read anew for another one.")
        )
        self.min_trips = QSpinBox()
        self.min_trips.setObjectName("min_trips")
        self.min_trips.setRange(1, 1_000_000)
        self.min_trips.setGroupSeparatorShown(True)
        self.min_trips.setToolTip(tr("Links with fewer trips are drawn thin and grey, as “too few trips”."))
        self.row(
            self.statistic,
            tr("in"),
            self.unit,
            tr("links with at least"),
            self.min_trips,
            tr("trips"),
            None,
        )
        self.column.addWidget(self.note)
        self.note.clicked.connect(lambda _name: self.statistics_wanted.emit())
        self.statistic.currentIndexChanged.connect(self.changed)
        self.unit.currentIndexChanged.connect(self.changed)
        self.min_trips.valueChanged.connect(self.changed)

    def show_settings(self, settings: RunSettings) -> None:
        """Put the remembered choice into the controls."""
        self.statistic.set_key(settings.statistic)
        self._unit_of_trips = settings.speed_unit
        self.unit.setCurrentIndex(max(0, self.unit.findData(settings.unit)))
        self.min_trips.setValue(settings.min_trips)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with this choice."""
        return replace(
            settings,
            statistic=self.statistic.key,
            shown_unit="" if self.unit.currentData() == settings.speed_unit else self.unit.currentData(),
            min_trips=self.min_trips.value(),
        )

    def follow(self, unit: str) -> None:
        """Propose the usual unit for another one of the trips, unless the person has chosen otherwise."""
        if unit != self._unit_of_trips:
            if self.unit.currentData() == usual_unit(self._unit_of_trips):
                self.unit.setCurrentIndex(self.unit.findData(usual_unit(unit)))
            self._unit_of_trips = unit

    def show_computed(self, keys: Sequence[str]) -> None:
        """Show how many statistics the run computes, and offer those among them for the map."""
        self.statistic.offer(key for key in keys if statistic(key).is_drawn)
        self.note.show_text(
            tr("The run computes {statistics} a link.").format(
                statistics=counted(len(keys), tr("statistic"), tr("statistics"))
            ),
            tr("Choose which"), "statistics",
        )  # fmt: skip


def usual_unit(of_trips: str) -> str:
    """Return the unit that a map usually has: that of the trips, but km/h where drivers do not use it."""
    return "km/h" if of_trips in ("m/s", "knots") else of_trips


class MoreSection(Section):
    """Statistics, free flow, what is left out, bad files, workers, looks; folded at first."""

    title = "More"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.group = QgsCollapsibleGroupBox(tr("More"))
        self.group.setObjectName("more")
        self.group.setSaveCollapsedState(False)
        self.group.setCollapsed(True)
        self.form = form = QFormLayout(self.group)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self.statistics = StatisticList()
        form.addRow(tr("Statistics"), self.statistics)
        form.addRow(tr("Free flow"), self._free_flow_row())
        self.stationary = _spin("trim_stationary", 0, 86_400, tr("counts"), tr(" s, and any at trips' ends"))
        self.stationary.setPrefix(tr("left out from "))
        self.stationary.setToolTip(
            tip(tr("Parking is no traffic. 180 s is usual; queues are shorter. Trips are then read anew."))
        )
        form.addRow(tr("Standing"), self.stationary)
        form.addRow(tr("Ends of trips"), self._ends_row())
        self.bad_files = _chooser(
            "bad_files", (tr("leave them out and name them"), "skip"), (tr("stop at the first one"), "stop")
        )
        self.naive = _chooser(
            "naive",
            (tr("count in no time bin"), "refuse"),
            (tr("are UTC"), "utc"),
            (tr("are in the time zone of the run"), LOCAL_TIMES),
        )
        self.suppress = _spin("suppress", 0, 1_000_000, tr("off"), tr(" trips"))
        self.suppress.setToolTip(
            tr("For privacy: links and bins with fewer trips are left out of the result files as well.")
        )
        self.workers = _spin("workers", 0, 256, tr("one for each core"), "")
        self.theme = _chooser("theme", (tr("light paper"), "light"), (tr("dark ground"), "dark"))
        self.side = _chooser(
            "side",
            (tr("as usual in the time zone"), ""),
            (tr("on the right"), "right"),
            (tr("on the left"), "left"),
        )
        self.side.setToolTip(
            tr("Both directions of a road are drawn beside each other, each on its driving side.")
        )
        form.addRow(tr("Bad files"), self.bad_files)
        form.addRow(tr("Times without a zone"), self.naive)
        form.addRow(tr("Leave out below"), self.suppress)
        form.addRow(tr("Workers"), self.workers)
        form.addRow(tr("Map on"), self.theme)
        form.addRow(tr("Traffic drives"), self.side)
        self.column.addWidget(self.group)
        for chooser in (self.bad_files, self.naive, self.theme, self.side):
            chooser.currentIndexChanged.connect(self.changed)
        for spin in (
            self.suppress, self.workers, self.percentile, self.min_points, self.stationary, self.metres,
            self.seconds,
        ):  # fmt: skip
            spin.valueChanged.connect(self.changed)
        for spin in (self.stationary, self.metres, self.seconds):
            spin.setKeyboardTracking(False)  # trips are counted again for every value
        for edit in (self.start, self.end):
            edit.timeChanged.connect(self.changed)
        self.statistics.changed.connect(self.changed)

    def _free_flow_row(self) -> QWidget:
        self.percentile = _spin("free_flow_percentile", 1, 99, "", "")
        self.start, self.end = QTimeEdit(), QTimeEdit()
        for edit, name in ((self.start, "free_flow_from"), (self.end, "free_flow_to")):
            edit.setObjectName(name)
            edit.setDisplayFormat("HH:mm")
        self.min_points = _spin("free_flow_points", 1, 1_000_000, "", "")
        self.min_points.setMaximumWidth(80)
        row = _row(
            tr("percentile"), self.percentile, tr("from"), self.start, tr("to"), self.end, tr("of at least"),
            self.min_points, tr("points"), None,
        )  # fmt: skip
        row.setToolTip(tip(tr("The speed without traffic; of all points where fewer lie in these hours.")))
        return row

    def _ends_row(self) -> QWidget:
        self.metres = _spin("trim_metres", 0, 1_000_000, tr("0 m"), tr(" m"))
        self.seconds = _spin("trim_seconds", 0, 86_400, tr("0 s"), tr(" s"))
        row = _row(tr("the first and last"), self.metres, tr("and"), self.seconds, tr("are left out"), None)
        row.setToolTip(tip(tr("For privacy: where trips begin and end. Trips are then read anew.")))
        return row

    def problem(self) -> str:
        """Return what is wrong with the statistics that are typed."""
        return self.statistics.problem()

    def set_naive_times(self, value: str) -> None:
        """Choose what times without a zone are, of `NAIVE_TIMES`."""
        self.naive.setCurrentIndex(max(0, self.naive.findData(value)))

    def go_to(self) -> None:
        """Unfold, and focus the list of statistics."""
        self.group.setCollapsed(False)
        (self.statistics.more if self.problem() else self.statistics.list).setFocus()

    def set_profile(self, profile: Profile) -> None:
        """Show the number of workers only for runs here; of a cluster the profile has it."""
        for widget in (self.workers, self.form.labelForField(self.workers)):
            widget.setVisible(profile.runs_here)

    def show_settings(self, settings: RunSettings) -> None:
        """Put the remembered choice into the controls."""
        for chooser, value in (
            (self.bad_files, settings.bad_files), (self.naive, settings.mapping.naive_times),
            (self.theme, settings.theme), (self.side, settings.driving_side),
        ):  # fmt: skip
            chooser.setCurrentIndex(max(0, chooser.findData(value)))
        rule, trim = settings.free_flow, settings.trim
        self.statistics.set_drawn(settings.statistic)
        self.statistics.set_keys(settings.statistics)
        self.percentile.setValue(rule.percentile)
        self.start.setTime(QTime(rule.start // 60, rule.start % 60))
        self.end.setTime(QTime(rule.end // 60 % 24, rule.end % 60))
        self.min_points.setValue(rule.min_points)
        self.stationary.setValue(trim.stationary_seconds)
        self.metres.setValue(trim.ends_metres)
        self.seconds.setValue(trim.ends_seconds)
        self.suppress.setValue(settings.suppress_below)
        self.workers.setValue(settings.workers)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with this choice."""
        return replace(
            settings,
            bad_files=self.bad_files.currentData(),
            mapping=replace(settings.mapping, naive_times=self.naive.currentData()),
            statistics=self.statistics.keys,
            free_flow=FreeFlow(
                self.percentile.value(), _minute(self.start), _minute(self.end), self.min_points.value()
            ),
            trim=self.trim,
            suppress_below=self.suppress.value(),
            workers=self.workers.value(),
            theme=self.theme.currentData(),
            driving_side=self.side.currentData(),
        )

    @property
    def trim(self) -> Trim:
        """The rule by which points of a trip are left out."""
        return Trim(self.stationary.value(), self.metres.value(), self.seconds.value())


def _minute(edit: QTimeEdit) -> int:
    return int(edit.time().hour() * 60 + edit.time().minute())


def _row(*parts: object) -> QWidget:
    holder = QWidget()
    line = QHBoxLayout(holder)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(6)
    add_to_row(line, *parts)
    return holder


def _chooser(name: str, *items: tuple[str, str]) -> QComboBox:
    chooser = QComboBox()
    chooser.setObjectName(name)
    for text, value in items:
        chooser.addItem(text, value)
    return chooser


def _spin(name: str, low: int, high: int, special: str, suffix: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setRange(low, high)
    spin.setSpecialValueText(special)
    spin.setSuffix(suffix)
    return spin
