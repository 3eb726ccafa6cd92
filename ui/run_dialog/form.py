"""The form of the Run dialog: its sections from trips to map, and the estimate before a run."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Optional

from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ...aggregation.contract.s3_access import is_s3
from ...aggregation.contract.spec import FieldMapping
from ...cluster_client.profiles.profile import Profile
from ...mapping.language import tr
from ..background.calls import Call
from ..background.latest_call import LatestCall
from ..background.tasks import CallTask, Task
from ..runs.run_texts import location_name
from ..runs.settings import RememberedTrips, RunSettings, Throughput
from ..trip_fields.dialog import FieldsDialog
from ..widgets.plain_text import PlainLabel
from . import estimate
from .sections.roads import RoadsSection
from .sections.section import Section
from .sections.show import MoreSection, ShowSection
from .sections.trips import TripsSection
from .sections.when import WhenSection
from .sections.where import WhereSection

_SETTLE = 150
"""Milliseconds until a new window has been drawn."""


class RunForm(QWidget):
    """All sections; `changed` is emitted when the footer should be updated."""

    changed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.where = WhereSection()
        self.trips = TripsSection(self.where.watch)
        self.roads = RoadsSection()
        self.when = WhenSection()
        self.show_ = ShowSection()
        self.more = MoreSection()
        self.loaded = False
        self._filling = False
        self._sampled: Any = None
        self._sampler = LatestCall(self, wait=10)
        self._shown_for: Profile = self.where.profile
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(self._grid())
        column.addStretch(1)
        self._load_error: Optional[Exception] = None
        self._connect()
        # Not while the window is being made and drawn: the two would take Python's lock from each other.
        QTimer.singleShot(_SETTLE, self._load_packages)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(14)
        grid.setColumnStretch(1, 1)
        for row, section in enumerate((self.where, self.trips, self.roads, self.when, self.show_)):
            title = PlainLabel(tr(section.title))
            font = title.font()
            font.setBold(True)
            title.setFont(font)
            # As high as a line of controls, so that the word stands on their base line.
            title.setMinimumHeight(self.where.chooser.sizeHint().height())
            grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(section, row, 1)
        grid.addWidget(self.more, 5, 1)
        return grid

    def _connect(self) -> None:
        for section in self.sections:
            section.changed.connect(self._changed)
            section.updated.connect(self._updated)
        self.where.moved.connect(self._moved)
        self.trips.updated.connect(self._trips_updated)
        self.trips.mapping_proposed.connect(self._use_mapping)
        self.trips.guess_used.connect(self._use_guess)
        self.trips.fields.clicked.connect(self._edit_fields)
        self.show_.statistics_wanted.connect(self.more.go_to)
        self._sampler.done.connect(self.roads.set_sample)
        self._sampler.failed.connect(lambda _error: self.roads.set_sample(None))

    def _load_packages(self) -> None:
        """Import pandas, DuckDB and others in a thread, so that no click waits for it."""

        def load(_task: Task) -> None:
            import duckdb  # noqa: F401, PLC0415

            with suppress(ImportError):  # only roads in PostGIS need it
                import psycopg  # noqa: F401, PLC0415

            from ...mapping.style import symbology  # noqa: F401, PLC0415
            from ...workflow import roads, steps  # noqa: F401, PLC0415
            from ..trip_fields import sample as trip_field_sample  # noqa: F401, PLC0415

        task = CallTask(tr("Loading Roadpulse"), load)
        task.done.connect(lambda _nothing: self._packages_loaded(None))
        task.failed.connect(self._packages_loaded)
        task.start()

    def _packages_loaded(self, error: Optional[Exception]) -> None:
        self.loaded, self._load_error = True, error
        self.changed.emit()

    # -- settings -----------------------------------------------------------------------------------

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections, in the order of the form."""
        return (self.where, self.trips, self.roads, self.when, self.show_, self.more)

    def show_settings(self, settings: RunSettings) -> None:
        """Fill the form."""
        self._filling = True
        for section in self.sections:
            section.show_settings(settings)
        self._shown_for = self.where.profile
        self.more.set_profile(self._shown_for)
        self._filling = False
        self._changed()

    def settings(self) -> RunSettings:
        """Return the settings in the form."""
        settings = RunSettings.defaults()
        for section in self.sections:
            settings = section.apply(settings)
        return settings

    # -- what is known ------------------------------------------------------------------------------

    def problem(self) -> tuple[str, Optional[Section]]:
        """The first thing that is missing, and the section where it belongs; empty when a run may start."""
        for section in self.sections:
            problem = section.problem()
            if problem:
                return problem, section
        if self._load_error is not None:
            text = tr("A package of Roadpulse cannot be loaded: {error}").format(error=self._load_error)
            return text, None
        if not self.loaded:
            return tr("Loading…"), None
        return "", None

    def estimate(self) -> str:
        """Return the estimate of the duration; empty while it is not known."""
        profile, found = self.where.profile, self.trips.count
        if self.where.watch.error is not None:
            return tr("{place} does not answer now. Run tries it again.").format(place=location_name(profile))
        return estimate.sentence(found, Throughput.load(profile), profile) if found else ""

    @property
    def busy(self) -> bool:
        """True while an answer is outstanding."""
        looking = self.where.watch.busy or self.trips.busy or self.roads.busy or self._sampler.busy
        return looking or not self.loaded

    def forget(self) -> None:
        """End all look-ups of place, trips and roads."""
        self.where.forget()
        self.trips.forget()
        self.roads.forget()
        self._sampler.forget()

    def look_again(self) -> None:
        """Look up the place again, and with it count and match, after a run."""
        self.where.watch.refresh()

    def _moved(self) -> None:
        """Show the folders of another profile's place; a bucket is the same for all."""
        before, profile = self._shown_for, self.where.profile
        if self._filling or profile == before:
            return
        self._shown_for = profile
        self.more.set_profile(profile)
        if profile.name != before.name:
            RememberedTrips.save(before, self.trips.trips)
            if not is_s3(self.trips.trips):
                self.trips.folder.setText(RememberedTrips.load(profile))

    def _changed(self) -> None:
        if self._filling:
            return
        self.trips.set_zone(self.when.time_zone)
        self.show_.follow(self.trips.unit)
        self.trips.set_trim(self.more.trim)
        self.more.statistics.set_drawn(self.show_.statistic.key)
        self.show_.show_computed(self.more.statistics.keys)
        naive = self.more.naive.currentData()
        if naive != self.trips.mapping.naive_times:
            from dataclasses import replace  # noqa: PLC0415

            self.trips.set_mapping(replace(self.trips.mapping, naive_times=naive))
        self.changed.emit()

    def _updated(self) -> None:
        if not self._filling:
            self.changed.emit()

    def _trips_updated(self) -> None:
        found, mapping, source = self.trips.count, self.trips.mapping, self.trips.source
        if found is None or source is None:
            self._sampler.forget()
            self._sampled = None
            if not self.trips.trips and self.roads.sample is not None:
                self.roads.set_sample(None)
            return
        if self._sampled == (found.sample, mapping):
            return
        self._sampled = (found.sample, mapping)

        def read(call: Call) -> object:
            from ..trip_fields.sample import sample_link_ids  # noqa: PLC0415

            return sample_link_ids(source, found.sample, mapping, call.check)

        self._sampler.submit(read)

    def _use_guess(self, entry: str, value: str) -> None:
        if entry == "unit":
            self.trips.units.setCurrentIndex(max(0, self.trips.units.findData(value)))
        elif entry == "zone":
            self.when.zone.setText(value)
        elif entry == "times":
            self.more.set_naive_times(value)

    def _use_mapping(self, mapping: FieldMapping) -> None:
        self._use_guess("times", mapping.naive_times)
        self.trips.set_mapping(mapping)

    def _edit_fields(self) -> None:
        preview = self.trips.preview
        if preview is None or preview.content is None:
            return
        dialog = FieldsDialog(
            preview, self.trips.mapping, self.when.time_zone, self.trips.unit, self.window()
        )
        dialog.used.connect(self._use_guess)
        dialog.chosen.connect(self._use_mapping)
        dialog.open()
