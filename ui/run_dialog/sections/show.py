"""Options of the map, and the settings that are rarely changed, under More."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qgis.gui import QgsCollapsibleGroupBox
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QSpinBox, QWidget

from ....cluster_client.profiles.profile import Profile
from ....workflow.translation import tr
from ...runs.settings import RunSettings
from .section import Section

UNITS = ("km/h", "mph", "m/s")


class ShowSection(Section):
    """Statistic, unit and the least number of trips."""

    title = "Show"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.statistic = QComboBox()
        self.statistic.setObjectName("statistic")
        self.statistic.addItem(tr("mean speed"), "mean")
        self.statistic.setToolTip(
            tr("The mean of a link's points. For points at a constant interval this is the space-mean speed.")
        )
        self.unit = QComboBox()
        self.unit.setObjectName("unit")
        for unit in UNITS:
            self.unit.addItem(unit, unit)
        self.unit.setToolTip(tr("The unit of the speeds in the trip files. The map is labelled in it too."))
        self.min_trips = QSpinBox()
        self.min_trips.setObjectName("min_trips")
        self.min_trips.setRange(1, 1_000_000)
        self.min_trips.setGroupSeparatorShown(True)
        self.min_trips.setToolTip(tr("Links with fewer trips are drawn thin and grey, as “too few trips”."))
        self.row(
            self.statistic,
            tr("in"),
            self.unit,
            tr("for links with at least"),
            self.min_trips,
            tr("trips"),
            None,
        )
        self.statistic.currentIndexChanged.connect(self.changed)
        self.unit.currentIndexChanged.connect(self.changed)
        self.min_trips.valueChanged.connect(self.changed)

    def show_settings(self, settings: RunSettings) -> None:
        """Put the remembered choice into the controls."""
        self.unit.setCurrentIndex(max(0, self.unit.findData(settings.speed_unit)))
        self.min_trips.setValue(settings.min_trips)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with this choice."""
        return replace(settings, speed_unit=self.unit.currentData(), min_trips=self.min_trips.value())


class MoreSection(Section):
    """Bad files, privacy, workers, looks; folded at first."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.group = QgsCollapsibleGroupBox(tr("More"))
        self.group.setObjectName("more")
        self.group.setSaveCollapsedState(False)
        self.group.setCollapsed(True)
        self.form = form = QFormLayout(self.group)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self.bad_files = _chooser(
            "bad_files", (tr("leave them out and name them"), "skip"), (tr("stop at the first one"), "stop")
        )
        self.naive = _chooser("naive", (tr("count in no time bin"), "refuse"), (tr("are UTC"), "utc"))
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
        for spin in (self.suppress, self.workers):
            spin.valueChanged.connect(self.changed)

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
        self.suppress.setValue(settings.suppress_below)
        self.workers.setValue(settings.workers)

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with this choice."""
        return replace(
            settings,
            bad_files=self.bad_files.currentData(),
            mapping=replace(settings.mapping, naive_times=self.naive.currentData()),
            suppress_below=self.suppress.value(),
            workers=self.workers.value(),
            theme=self.theme.currentData(),
            driving_side=self.side.currentData(),
        )


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
