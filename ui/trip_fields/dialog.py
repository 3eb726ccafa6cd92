"""The field mapping's editor: which fields the files have, and what Roadpulse reads with the choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.PyQt.QtCore import QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.errors import BadTripFile, SpecError
from ...aggregation.contract.field_path import keys_of, path_fault, path_of
from ...aggregation.contract.spec import LOCAL_TIMES, POSITIONS, FieldMapping
from ...aggregation.trips import values
from ...mapping.language import tr, weekday
from ..manual.window import FORMATS, HelpButton
from ..widgets.notes import Note, muted, warning
from ..widgets.plain_text import PlainLabel, tip, visible
from ..widgets.screen_fit import OnScreenDialog
from .guess_list import GuessList
from .kept_mappings import forget_mapping, keep_mapping, kept_mappings

if TYPE_CHECKING:
    from .sample import Preview

_IF_NAMED = ("vehicle_id", "longitude", "latitude", "direction")
_ENTRIES = ("points", "link_id", "speed", "time", "trip_id", *_IF_NAMED)


class FieldsDialog(OnScreenDialog):
    """Edits a mapping over one file; `chosen` carries the mapping when the person says OK.

    Before it, `used` carries entry and value of each guess that the person has used (see `GuessList`).
    """

    chosen = pyqtSignal(object)
    used = pyqtSignal(str, str)

    def __init__(
        self, preview: Preview, mapping: FieldMapping, zone: str, unit: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Fields of the trips"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 520)
        self._preview, self._start = preview, mapping
        self._zone, self._unit = zone, unit
        self._choosers: dict[str, QComboBox] = {}
        self._labels: dict[str, PlainLabel] = {}
        self._used: dict[str, str] = {}
        column = QVBoxLayout(self)
        column.setSpacing(10)
        intro = PlainLabel(
            tr("Where the trip files keep what Roadpulse needs. The file shown is {file}.").format(
                file=Path(preview.file).name
            )
        )
        intro.setWordWrap(True)
        column.addWidget(intro)
        column.addWidget(self._recognised())
        column.addWidget(self._form())
        self.note = Note()
        self.note.clicked.connect(self._use_proposal)
        column.addWidget(self.note)
        self.table = self._table()
        column.addWidget(self.table, 1)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.addButton(HelpButton(FORMATS, "trip-files"), QDialogButtonBox.ButtonRole.HelpRole)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._show(mapping)

    def _recognised(self) -> QWidget:
        """Return what the file is by itself, with a guess a line."""
        self.form_name = PlainLabel()
        self.form_name.setObjectName("form")
        found = self._preview.recognition
        self.form_name.setText(found.label if found else tr("This form of file is not known."))
        font = self.form_name.font()
        font.setBold(True)
        self.form_name.setFont(font)
        self.guesses = GuessList()
        self.guesses.used.connect(self._use_guess)
        holder = QWidget()
        lines = QVBoxLayout(holder)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        lines.addWidget(self.form_name)
        lines.addWidget(self.guesses)
        return holder

    def _presets(self) -> QWidget:
        """Return the choice of mappings: recognised, kept under a name, and that of 2019."""
        self.preset = QComboBox()
        self.preset.setObjectName("preset")
        self.keep = QPushButton(tr("Keep…"))
        self.keep.setObjectName("keep")
        self.keep.setToolTip(tip(tr("Keep these fields under a name, for other trips of this form.")))
        self.keep.clicked.connect(self._ask_name)
        self.forget = QPushButton(tr("Forget"))
        self.forget.setObjectName("forget")
        self.forget.clicked.connect(self._forget)
        self._fill_presets()
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.preset, 1)
        line.addWidget(self.keep)
        line.addWidget(self.forget)
        return holder

    def _fill_presets(self) -> None:
        self.preset.clear()
        self.preset.addItem(tr("own choice"), None)
        found = self._preview.recognition
        if found:
            self.preset.addItem(tr("as recognised"), found.mapping)
        self.preset.addItem(tr("names of 2019"), FieldMapping(naive_times=self._start.naive_times))
        for name, mapping in kept_mappings().items():
            self.preset.addItem(visible(name), mapping)
            self.preset.setItemData(self.preset.count() - 1, name, Qt.ItemDataRole.UserRole + 1)

    def _ask_name(self) -> None:
        asking = QInputDialog(self)
        asking.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asking.setWindowTitle(tr("Keep these fields"))
        asking.setLabelText(tr("Name of the form, such as “Probe data of the county”"))
        asking.setTextValue(self.preset.currentText() if self._kept_name() else "")
        asking.textValueSelected.connect(self._keep)
        asking.open()

    def _keep(self, name: str) -> None:
        name = name.strip()
        if not name:
            return
        if name != self._kept_name() and kept_mappings().get(name, self._mapping()) != self._mapping():
            text = tr("“{name}” is the name of other fields already. Choose another name, or forget those.")
            self.note.show_warning(text.format(name=name))
            return
        keep_mapping(name, self._mapping())
        self._fill_presets()
        self._edited()

    def _kept_name(self) -> str:
        return str(self.preset.currentData(Qt.ItemDataRole.UserRole + 1) or "")

    def _forget(self) -> None:
        forget_mapping(self._kept_name())
        self._fill_presets()
        self._edited()

    def _use_guess(self, entry: str, value: str) -> None:
        if entry == "times":
            self._start = replace(self._start, naive_times=value)
        elif entry == "unit":
            self._unit = value
            self._labels["speed"].setText(tr("Speed ({unit})").format(unit=value))
        elif entry == "zone":
            self._zone = value
        self._used[entry] = value
        self._edited()

    def _form(self) -> QWidget:
        from .proposals import arrays_of  # noqa: PLC0415

        content = self._preview.content
        root = content.root if content else None
        holder = QWidget()
        form = QFormLayout(holder)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Preset"), self._presets())
        inside = [f"{field.path}" for field in self._preview.fields]
        scalars = _scalars(root) if root is not None else inside
        examples = {field.path: field.example for field in self._preview.fields}
        for name, label, paths in (
            ("points", tr("Points"), arrays_of(root)),
            ("link_id", tr("Link id"), inside),
            ("speed", tr("Speed ({unit})").format(unit=self._unit), inside),
            ("time", tr("Time"), inside),
            ("trip_id", tr("Trip id"), scalars),
            ("vehicle_id", tr("Vehicle"), scalars),
            ("longitude", tr("Longitude"), inside),
            ("latitude", tr("Latitude"), inside),
            ("direction", tr("Direction"), inside),
        ):
            chooser = QComboBox()
            chooser.setObjectName(f"field_{name}")
            chooser.setEditable(True)
            chooser.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            chooser.addItems(paths)
            for at, path in enumerate(paths):
                if path in examples:
                    example = tr("for example {value}").format(value=examples[path])
                    chooser.setItemData(at, tip(example), Qt.ItemDataRole.ToolTipRole)
            if name == "trip_id":
                text = tr("none: every file is a trip") if root is not None else tr("none: one trip a file")
                chooser.lineEdit().setPlaceholderText(text)
            elif name == "points" and root is None:
                chooser.setEnabled(False)
                chooser.setToolTip(tip(tr("In files of this form each row is a point.")))
            elif name in _IF_NAMED:
                chooser.lineEdit().setPlaceholderText(tr("none"))
            self._choosers[name] = chooser
            self._labels[name] = PlainLabel(label)
            self._labels[name].setBuddy(chooser)
            form.addRow(self._labels[name], chooser)
            chooser.currentTextChanged.connect(self._edited)
            if name == "speed":
                form.addRow("", self._from_positions())
            elif name == "time":
                form.addRow(tr("Format of times"), self._time_format())
        self.preset.activated.connect(self._preset_chosen)
        return holder

    def _from_positions(self) -> QCheckBox:
        self.from_positions = QCheckBox(tr("computed from positions and times"))
        self.from_positions.setObjectName("speed_from")
        self.from_positions.setToolTip(
            tip(tr("For trips without speeds. Longitude and latitude, in degrees, are needed."))
        )
        self.from_positions.toggled.connect(self._edited)
        return self.from_positions

    def _time_format(self) -> QLineEdit:
        self.time_format = QLineEdit()
        self.time_format.setObjectName("time_format")
        self.time_format.setPlaceholderText(tr("recognised"))
        self.time_format.setToolTip(
            tip(tr("For times in a notation that is not recognised, such as %d/%m/%Y %H:%M:%S."))
        )
        self.time_format.textChanged.connect(self._edited)
        return self.time_format

    def _table(self) -> QTableWidget:
        table = QTableWidget()
        table.setObjectName("points")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setAlternatingRowColors(True)
        table.verticalHeader().setDefaultSectionSize(22)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        table.horizontalHeader().setStretchLastSection(True)
        return table

    # -- state --------------------------------------------------------------------------------------

    def _show(self, mapping: FieldMapping) -> None:
        self._start = mapping
        for name, chooser in self._choosers.items():
            chooser.blockSignals(True)
            chooser.setCurrentText(getattr(mapping, name))
            chooser.blockSignals(False)
        with QSignalBlocker(self.from_positions), QSignalBlocker(self.time_format):
            self.from_positions.setChecked(bool(mapping.speed_from))
            self.time_format.setText(mapping.time_format)
        self._edited()

    def _mapping(self) -> FieldMapping:
        texts = {name: self._choosers[name].currentText().strip() for name in _ENTRIES}
        speed_from = POSITIONS if self.from_positions.isChecked() else ""
        return replace(
            self._start, **texts, speed_from=speed_from, time_format=self.time_format.text().strip()
        )

    def _edited(self) -> None:
        from .proposals import changes  # noqa: PLC0415
        from .sample import inspect  # noqa: PLC0415

        self._choosers["speed"].setEnabled(not self.from_positions.isChecked())
        try:
            mapping = self._mapping()
        except SpecError as error:
            self.note.show_warning(error.message)
            self.ok.setEnabled(False)
            return
        self.ok.setEnabled(True)
        if self.preset.currentData() != mapping:
            at = next((i for i in range(self.preset.count()) if self.preset.itemData(i) == mapping), 0)
            self.preset.setCurrentIndex(at)
        self.forget.setEnabled(bool(self._kept_name()))
        if self._preview.content is None:
            return
        try:
            found = inspect(self._preview.file, self._preview.content, mapping, self._zone, self._unit)
        except BadTripFile as error:
            self.note.show_warning(error.message)
            self.ok.setEnabled(False)
            return
        times = "" if mapping.naive_times == "refuse" else LOCAL_TIMES
        chosen = {"unit": self._unit, "zone": self._zone, "times": times}
        self.guesses.show_guesses(found.recognition, {**chosen, "direction": mapping.direction})
        if found.problem:
            text = tr("In this file {problem}.").format(problem=found.problem)
        else:
            text = tr("{n} of 3 fields recognised in the first {points} points.").format(
                n=len(found.found), points=len(found.points)
            )
        if found.proposal:
            names = changes(mapping, found.proposal)
            self.note.show_warning(text, tr("Use {fields}").format(fields=names), "propose")
        elif len(found.found) < 3:
            self.note.show_warning(text)
        else:
            self.note.show_text(text)
        self._proposal = found.proposal
        self._fill(found)

    def _use_proposal(self) -> None:
        if self._proposal:
            self._show(self._proposal)

    def _preset_chosen(self) -> None:
        mapping = self.preset.currentData()
        if mapping is not None:
            self._show(mapping)

    def _accept(self) -> None:
        for entry, value in self._used.items():
            self.used.emit(entry, value)
        self.chosen.emit(self._mapping())
        self.accept()

    def _fill(self, found: Preview) -> None:
        read = [
            tr("Link"),
            tr("Speed, {unit}").format(unit=self._unit),
            tr("Time, {zone}").format(zone=self._zone),
        ]
        raw = [field.path for field in found.fields]
        self.table.clear()
        self.table.setColumnCount(len(read) + len(raw))
        self.table.setRowCount(len(found.points))
        self.table.setHorizontalHeaderLabels([visible(label) for label in read + raw])
        for row, (point, given) in enumerate(zip(found.points, found.raw)):
            cells = [
                "" if point.link_id is None else str(point.link_id),
                "" if point.speed is None else f"{point.speed:g}",
                self._clock(point.time),
            ]
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text or tr("not found"))
                if not text:
                    item.setForeground(warning(self.palette()))
                self.table.setItem(row, column, item)
            for column, path in enumerate(raw, start=len(read)):
                item = QTableWidgetItem(visible(_text(given, path)))
                item.setForeground(muted(self.palette()))
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()

    def _clock(self, moment: Any) -> str:
        from zoneinfo import ZoneInfo  # noqa: PLC0415

        if moment is None:
            return ""
        try:
            moment = moment.astimezone(ZoneInfo(self._zone))
        except (KeyError, ValueError, OSError):
            return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
        return f"{weekday(moment.isoweekday())} {moment:%Y-%m-%d %H:%M:%S}"


def _text(point: Any, path: str) -> str:
    value = values.follow(point, keys_of(path))
    return "" if value is None else str(value)


def _scalars(root: Any) -> list[str]:
    if not isinstance(root, dict):
        return []
    return [
        path_of((key,))
        for key, value in root.items()
        if isinstance(value, (str, int)) and not isinstance(value, bool)
        if not path_fault(path_of((key,)))
    ]
