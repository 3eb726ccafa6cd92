"""The controls of the trips: folder, count, and the first points as they are read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Optional

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ....aggregation.contract.spec import LOCAL_TIMES, FieldMapping
from ....mapping.language import tr, weekday
from ...trip_fields.guess_list import GuessList
from ...widgets.notes import Note
from ...widgets.plain_text import PlainLabel
from .section import Section, unit_chooser

if TYPE_CHECKING:
    from ...trip_fields.sample import FirstPoint, Preview

_FIELD_NAMES = {"link_id": "link id", "speed": "speed", "time": "time"}


class TripsControls(Section):
    """Widgets for the place of the trips and the first points.

    `mapping_proposed` carries a mapping that finds more in a file, `guess_used` the entry and the value of a
    guess that the person uses (see `GuessList`).
    `rules_changed` says that points which were read before do not count under the new unit or zone.
    """

    title = "Trips"
    mapping_proposed = pyqtSignal(object)
    guess_used = pyqtSignal(str, str)
    rules_changed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.mapping = FieldMapping()
        self.zone = "UTC"
        self.preview: Optional[Preview] = None
        self.folder = QgsFilterLineEdit()
        self.folder.setObjectName("trips")
        self.folder.setAccessibleName(tr("Folder of the trips"))
        self.browse = QPushButton(tr("Browse…"))
        self.browse.setObjectName("browse")
        self.units = unit_chooser("unit")
        self.units.setToolTip(tr("The unit of the speeds in the trip files. It is never guessed."))
        self.units.currentIndexChanged.connect(self._unit_chosen)
        self.row((self.folder, 1), self.browse, tr("speeds in"), self.units)
        self.note.setObjectName("trips_note")
        self.column.addWidget(self.note)
        self.column.addWidget(self._preview_box())

    def _preview_box(self) -> QWidget:
        self.box = QFrame()
        self.box.setObjectName("preview")
        self.box.setFrameShape(QFrame.Shape.StyledPanel)
        self.point = PlainLabel()
        self.point.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fields_note = Note()
        self.guesses = GuessList(brief=True)
        self.guesses.used.connect(self.guess_used)
        self.fields = QPushButton(tr("Fields…"))
        self.fields.setObjectName("fields")
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self.point)
        text.addWidget(self.fields_note)
        text.addWidget(self.guesses)
        line = QHBoxLayout(self.box)
        line.setContentsMargins(8, 5, 6, 5)
        line.addLayout(text, 1)
        line.addWidget(self.fields, 0, Qt.AlignmentFlag.AlignVCenter)
        self.fields_note.clicked.connect(self._link_clicked)
        self.box.hide()
        return self.box

    @property
    def unit(self) -> str:
        """Unit of the speeds in the trip files."""
        return str(self.units.currentData())

    def set_zone(self, zone: str) -> None:
        """Set the zone of the preview."""
        if zone != self.zone:
            self.zone = zone
            self.show_preview()
            if self.mapping.naive_times == LOCAL_TIMES:
                self.rules_changed.emit()

    def _unit_chosen(self) -> None:
        self.show_preview()
        self.changed.emit()
        self.rules_changed.emit()

    def show_preview(self) -> None:
        """Show the preview again."""
        found = self.preview
        self.box.setVisible(bool(found and found.file))
        if not found or not found.file:
            self.guesses.show_guesses(None, {})
            return
        name = PurePosixPath(found.file.replace("\\", "/")).name
        if found.problem:
            self.point.setText(tr("{file} cannot be used").format(file=name))
        else:
            point = next((p for p in found.points if p.link_id is not None), found.points[0])
            self.point.setText(self._describe(point))
        if found.proposal:
            from ...trip_fields.proposals import changes  # noqa: PLC0415

            text = tr("{n} of 3 fields recognised.").format(n=len(found.found))
            if found.problem:
                text = tr("In {file} {problem}.").format(file=name, problem=found.problem)
            self.fields_note.show_warning(
                text, tr("Use {fields}").format(fields=changes(self.mapping, found.proposal)), "propose"
            )
        elif found.problem:
            self.fields_note.show_warning(tr("In {file} {problem}.").format(file=name, problem=found.problem))
        elif found.faults:
            self.fields_note.show_warning(next(iter(found.faults.values())))
        elif len(found.found) < len(_FIELD_NAMES):
            missing = ", ".join(tr(_FIELD_NAMES[n]) for n in _FIELD_NAMES if n not in found.found)
            self.fields_note.show_warning(
                tr("{n} of 3 fields recognised; not found: {missing}. Choose them under Fields.").format(
                    n=len(found.found), missing=missing
                )
            )
        else:
            form = found.recognition.label if found.recognition else ""
            text = tr("3 of 3 fields recognised")
            self.fields_note.show_text(f"{form}  ·  {text}" if form else text)
        times = "" if self.mapping.naive_times == "refuse" else LOCAL_TIMES
        chosen = {"unit": self.unit, "zone": self.zone, "times": times}
        self.guesses.show_guesses(found.recognition, chosen)

    def _describe(self, point: FirstPoint) -> str:
        from zoneinfo import ZoneInfo  # noqa: PLC0415

        link = tr("link {id}").format(id=point.link_id) if point.link_id is not None else tr("no link")
        speed = f"{point.speed:.1f} {self.unit}" if point.speed is not None else tr("no speed")
        time = tr("no time")
        if point.time is not None:
            try:
                local = point.time.astimezone(ZoneInfo(self.zone))
            except (KeyError, ValueError, OSError):
                local = point.time
            time = f"{weekday(local.isoweekday())} {local:%H:%M}"
        return f"{link}  ·  {speed}  ·  {time}"

    def _link_clicked(self, name: str) -> None:
        if self.preview and name == "propose" and self.preview.proposal:
            self.mapping_proposed.emit(self.preview.proposal)
