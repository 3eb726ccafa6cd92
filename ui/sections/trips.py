"""Where the trips are: the folder, how many there are, and what the first points look like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ...aggregation.errors import RunError
from ...aggregation.spec import FieldMapping
from ..notes import Note
from ..settings import RunSettings
from ..tasks import Latest, Task
from ..words import WEEKDAYS, count, counted, size, tr
from .section import Section

if TYPE_CHECKING:
    from ..trip_sample import FirstPoint, Preview, TripCount

_FIELD_NAMES = {"link_id": "link id", "speed": "speed", "time": "time"}


class TripsSection(Section):
    """Folder or glob of the trips, with count, preview and field mapping."""

    title = "Trips"
    unit_proposed = pyqtSignal(str)
    counting = pyqtSignal(int)

    def __init__(self, store: str, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.store = store
        self.mapping = FieldMapping()
        self.unit, self.zone = "km/h", "UTC"
        self.count: Optional[TripCount] = None
        self.preview: Optional[Preview] = None
        self._fault = ""
        self.folder = QgsFilterLineEdit()
        self.folder.setObjectName("trips")
        self.folder.setPlaceholderText(
            tr("Folder of trip files (.json, .json.gz), or a pattern such as /data/2019/*.json")
        )
        self.folder.setAccessibleName(tr("Folder of the trips"))
        self.browse = QPushButton(tr("Browse…"))
        self.browse.setObjectName("browse")
        self.row((self.folder, 1), self.browse)
        self.column.addWidget(self.note)
        self.column.addWidget(self._preview_box())
        self._counter = Latest(tr("Counting trips"), self)
        self._previewer = Latest(tr("Looking at the first trip"), self, wait=150)
        self.folder.textChanged.connect(self._folder_changed)
        self.browse.clicked.connect(self._browse)
        self.counting.connect(self._counted_so_far)
        self._counter.done.connect(self._counted)
        self._counter.failed.connect(self._not_counted)
        self._previewer.done.connect(self._previewed)
        self._previewer.failed.connect(lambda _error: self._previewed(None))

    def _preview_box(self) -> QWidget:
        self.box = QFrame()
        self.box.setObjectName("preview")
        self.box.setFrameShape(QFrame.Shape.StyledPanel)
        self.point = QLabel()
        self.point.setTextFormat(Qt.TextFormat.PlainText)
        self.point.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fields_note = Note()
        self.fields = QPushButton(tr("Fields…"))
        self.fields.setObjectName("fields")
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self.point)
        text.addWidget(self.fields_note)
        line = QHBoxLayout(self.box)
        line.setContentsMargins(8, 5, 6, 5)
        line.addLayout(text, 1)
        line.addWidget(self.fields, 0, Qt.AlignmentFlag.AlignVCenter)
        self.fields_note.clicked.connect(self._link_clicked)
        self.box.hide()
        return self.box

    # -- settings -----------------------------------------------------------------------------------

    def show_settings(self, settings: RunSettings) -> None:
        """Put the remembered folder and mapping in place, and look at them."""
        self.mapping = settings.mapping
        self.unit, self.zone = settings.speed_unit, settings.time_zone
        if self.folder.text() == settings.trips:
            self.look()
        else:
            self.folder.setText(settings.trips)

    def apply(self, settings: RunSettings) -> RunSettings:
        """The settings with this folder and mapping."""
        return replace(settings, trips=self.trips, mapping=self.mapping)

    @property
    def trips(self) -> str:
        """What stands in the field, without blanks around it."""
        return self.folder.text().strip()

    def problem(self) -> str:
        """What is missing."""
        if not self.trips:
            return tr("Choose the folder of the trips.")
        if self._fault:
            return self._fault
        if self.preview and self.preview.root is not None and "link_id" not in self.preview.found:
            return tr("Say which field of the trips holds the link id.")
        if self.preview and self.preview.root is not None and "speed" not in self.preview.found:
            return tr("Say which field of the trips holds the speed.")
        return ""

    def go_to(self) -> None:
        """Focus the folder, or the fields where these are the trouble."""
        target = self.fields if self.trips and not self._fault else self.folder
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_shown(self, unit: str, zone: str) -> None:
        """The unit and zone in which the preview is written."""
        if (unit, zone) != (self.unit, self.zone):
            self.unit, self.zone = unit, zone
            self._show_preview()

    def set_mapping(self, mapping: FieldMapping) -> None:
        """Use another field mapping and look again: points decoded under another one do not count."""
        if mapping != self.mapping:
            self.mapping = mapping
            self.changed.emit()
            self.look()

    # -- looking ------------------------------------------------------------------------------------

    def look(self) -> None:
        """Count and preview again, in the background."""
        trips, store, mapping = self.trips, self.store, self.mapping
        self.count = self.preview = None
        self._fault = ""
        self._counter.forget()
        self._previewer.forget()
        self._show_preview()
        if not trips:
            self.note.say(tr("One file a trip, as JSON. Nothing in them is changed."))
            self.updated.emit()
            return
        self.note.say(tr("Counting…"))

        def count_them(task: Task) -> object:
            from ..trip_sample import count_trips  # noqa: PLC0415  (numpy and DuckDB load in the thread)

            return count_trips(trips, store, mapping, task.check, self.counting.emit)

        def look_at_them(task: Task) -> object:
            from ..trip_sample import preview  # noqa: PLC0415

            return preview(trips, mapping, task.check)

        self._counter.ask(count_them)
        self._previewer.ask(look_at_them)
        self.updated.emit()

    @property
    def busy(self) -> bool:
        """Whether a count or preview is still to come."""
        return self._counter.busy or self._previewer.busy

    def forget(self) -> None:
        """Stop looking."""
        self._counter.forget()
        self._previewer.forget()

    def _folder_changed(self) -> None:
        self.changed.emit()
        self.look()

    def _browse(self) -> None:
        dialog = QFileDialog(self, tr("Folder of the trips"), self.trips or str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    def _counted_so_far(self, n_files: int) -> None:
        if self.count is None and self._counter.busy:
            self.note.say(tr("Counting… {files}").format(files=counted(n_files, tr("file"), tr("files"))))

    def _counted(self, found: TripCount) -> None:
        self.count = found
        parts = [counted(found.files, tr("file"), tr("files")), size(found.bytes)]
        if found.new_files == found.files:
            parts.append(tr("all new"))
        else:
            parts.append(
                tr("{n} new").format(n=count(found.new_files)) if found.new_files else tr("none new")
            )
        self.note.say(", ".join(parts))
        self.updated.emit()

    def _not_counted(self, error: Exception) -> None:
        self._fault = error.message if isinstance(error, RunError) else str(error)
        self.note.ask(self._fault)
        self.updated.emit()

    def _previewed(self, found: Optional[Preview]) -> None:
        self.preview = found
        self._show_preview()
        self.updated.emit()

    # -- the preview --------------------------------------------------------------------------------

    def _show_preview(self) -> None:
        found = self.preview
        self.box.setVisible(bool(found and found.file))
        if not found or not found.file:
            return
        name = Path(found.file).name
        if found.problem:
            self.point.setText(tr("{file} cannot be used").format(file=name))
        else:
            point = next((p for p in found.points if p.link_id is not None), found.points[0])
            self.point.setText(self._describe(point))
        if found.proposal:
            from ..field_proposals import changes  # noqa: PLC0415

            text = tr("{n} of 3 fields recognised.").format(n=len(found.found))
            if found.problem:
                text = tr("In {file} {problem}.").format(file=name, problem=found.problem)
            self.fields_note.ask(
                text, tr("Use {fields}").format(fields=changes(self.mapping, found.proposal)), "propose"
            )
        elif found.problem:
            self.fields_note.ask(tr("In {file} {problem}.").format(file=name, problem=found.problem))
        elif len(found.found) < len(_FIELD_NAMES):
            missing = ", ".join(tr(_FIELD_NAMES[n]) for n in _FIELD_NAMES if n not in found.found)
            self.fields_note.ask(
                tr("{n} of 3 fields recognised; not found: {missing}. Choose them under Fields.").format(
                    n=len(found.found), missing=missing
                )
            )
        elif found.unit and found.unit != self.unit:
            text = tr("The file says its speeds are in {there}, Show says {here}.")
            text = text.format(there=found.unit, here=self.unit)
            self.fields_note.ask(text, tr("Use {unit}").format(unit=found.unit), "unit")
        else:
            self.fields_note.say(tr("3 of 3 fields recognised"))

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
            time = f"{tr(WEEKDAYS[local.weekday()])} {local:%H:%M}"
        return f"{link}  ·  {speed}  ·  {time}"

    def _link_clicked(self, name: str) -> None:
        if self.preview and name == "propose" and self.preview.proposal:
            self.set_mapping(self.preview.proposal)
        elif self.preview and name == "unit":
            self.unit_proposed.emit(self.preview.unit)
