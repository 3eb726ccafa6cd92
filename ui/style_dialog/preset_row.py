"""The choice of a preset, and what is done with presets: keep, delete, import, export."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)

from ...aggregation.contract.errors import RunError
from ...mapping.language import tr
from ...mapping.style.methods import METHODS
from ...mapping.style.options import StyleOptions
from ...mapping.style.palette import LIGHT
from ...mapping.style.presets import Preset, forget_preset, keep_preset, presets, read_preset, write_preset
from ...mapping.style.ramps import DEFAULT_RAMP
from ...workflow import locations
from ..widgets.plain_text import message_box, tip, visible
from .form import RAMP_SIZE, ramp_picture

_FILTER = "JSON (*.json)"
_USUAL = {"ramp": DEFAULT_RAMP, "theme": LIGHT}


def _gives(preset: Preset, options: StyleOptions) -> bool:
    """Return True if a preset gives this look; the number of classes counts only where it says something."""
    changes = preset.changes(options.statistic, options.unit)
    if not METHODS[options.method].counts:
        changes.pop("classes", None)
    of_it = preset.statistic in ("", options.statistic)
    return of_it and all(getattr(options, name) == value for name, value in changes.items())


class PresetRow(QWidget):
    """A line with the presets; `chosen` carries the one that is taken, `failed` an error to show."""

    chosen = pyqtSignal(object)
    failed = pyqtSignal(object)
    said = pyqtSignal(str)
    qml_wanted = pyqtSignal(str)

    def __init__(
        self, options: Callable[[], Optional[StyleOptions]], parent: Optional[QWidget] = None
    ) -> None:
        super().__init__(parent)
        self._options = options
        self.box = QComboBox()
        self.box.setObjectName("preset")
        self.box.setIconSize(RAMP_SIZE)
        self.keep = QPushButton(tr("Keep…"))
        self.keep.setObjectName("keep_preset")
        self.keep.setAutoDefault(False)
        self.keep.setToolTip(tip(tr("Keep this look under a name, for other maps.")))
        self.more = QToolButton()
        self.more.setObjectName("more_of_presets")
        self.more.setText("…")
        self.more.setToolTip(tip(tr("Delete, import and export presets, save the style as QML")))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._menu())
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.box, 1)
        line.addWidget(self.keep)
        line.addWidget(self.more)
        self.fill()
        self.box.activated.connect(self._activated)
        self.keep.clicked.connect(self._ask_name)

    @property
    def preset(self) -> Optional[Preset]:
        """The preset that the line shows, None for a choice of the person's own."""
        found = self.box.currentData()
        return found if isinstance(found, Preset) else None

    def fill(self, name: str = "") -> None:
        """Read the presets anew, and show the one of a name."""
        self.box.clear()
        self.box.addItem(tr("own choice"), None)
        for preset in presets(locations.presets_folder()):
            changes = {**_USUAL, **preset.style}
            icon = QIcon(ramp_picture(changes["ramp"], changes["theme"]))
            self.box.addItem(icon, visible(preset.name), preset)
            at = self.box.count() - 1
            about = preset.about or tr("Kept by you")
            self.box.setItemData(at, tip(about), Qt.ItemDataRole.ToolTipRole)
            if preset.name == name and not preset.is_shipped:
                self.box.setCurrentIndex(at)

    def show_preset_of(self, options: StyleOptions) -> None:
        """Show the preset that has this look, or “own choice” for none."""
        if self.preset is None or not _gives(self.preset, options):
            found = (at for at in range(1, self.box.count()) if _gives(self.box.itemData(at), options))
            self.box.setCurrentIndex(next(found, 0))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        self.delete = menu.addAction(tr("Delete this preset…"))
        menu.addSeparator()
        importing = menu.addAction(tr("Import a preset…"))
        exporting = menu.addAction(tr("Export this look…"))
        menu.addSeparator()
        qml = menu.addAction(tr("Save as QML…"))
        qml.setToolTip(tip(tr("The layer's style in QGIS's own form; it works without Roadpulse.")))
        self.delete.triggered.connect(lambda _checked=False: self._ask_delete())
        importing.triggered.connect(lambda _checked=False: self._ask_import())
        exporting.triggered.connect(lambda _checked=False: self._ask_export())
        qml.triggered.connect(lambda _checked=False: self._ask_qml())
        menu.aboutToShow.connect(
            lambda: self.delete.setEnabled(self.preset is not None and not self.preset.is_shipped)
        )
        return menu

    def _activated(self) -> None:
        if self.preset is not None:
            self.chosen.emit(self.preset)

    # -- keeping ------------------------------------------------------------------------------------------

    def _ask_name(self) -> None:
        asking = QInputDialog(self)
        asking.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asking.setWindowTitle(tr("Keep this look"))
        asking.setLabelText(tr("Name of the preset, such as “Report of the county”"))
        asking.setTextValue(self.preset.name if self.preset and not self.preset.is_shipped else "")
        asking.textValueSelected.connect(lambda name: self._try(lambda: self._keep_as(name.strip())))
        asking.open()

    def _keep_as(self, name: str) -> None:
        options = self._options()
        if options is None or not name:
            return
        preset = Preset.of(name, options)
        if any(one.name == name and not one.is_shipped for one in presets(locations.presets_folder())):
            self._ask(
                tr("Replace the preset “{name}”?").format(name=name), "", tr("Replace"),
                lambda: self._keep(preset),
            )  # fmt: skip
        else:
            self._keep(preset)

    def _keep(self, preset: Preset) -> None:
        keep_preset(preset, locations.presets_folder())
        self.fill(preset.name)
        self.said.emit(tr("Kept as “{name}”.").format(name=preset.name))

    def _ask_delete(self) -> None:
        preset = self.preset
        if preset is not None:
            self._ask(
                tr("Delete the preset “{name}”?").format(name=preset.name), tr("The map stays as it is."),
                tr("Delete"), lambda: self._delete(preset),
            )  # fmt: skip

    def _delete(self, preset: Preset) -> None:
        forget_preset(preset.name, locations.presets_folder())
        self.fill()

    # -- files --------------------------------------------------------------------------------------------

    def _ask_import(self) -> None:
        dialog = QFileDialog(self, tr("Import a preset"), "", _FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._open(dialog, self.read)

    def read(self, path: Path) -> None:
        """Take the preset of a file, and keep it; one of its name is only replaced if the person agrees."""
        preset = read_preset(path)
        taken = {one.name: one for one in presets(locations.presets_folder()) if not one.is_shipped}
        if preset.name in taken and taken[preset.name].style != preset.style:
            self._ask(
                tr("Replace the preset “{name}”?").format(name=preset.name),
                tr("You have another one of this name."), tr("Replace"), lambda: self._take(preset),
            )  # fmt: skip
        else:
            self._take(preset)

    def _take(self, preset: Preset) -> None:
        self._keep(preset)
        self.chosen.emit(preset)

    def _ask_export(self) -> None:
        dialog = QFileDialog(self, tr("Export this look"), "", _FILTER)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        self._open(dialog, self.write)

    def write(self, path: Path) -> None:
        """Write the present look as a preset, under its name or that of the file."""
        options = self._options()
        if options is not None:
            write_preset(Preset.of(self.preset.name if self.preset else path.stem, options), path)
            self.said.emit(tr("Written to {file}.").format(file=path.name))

    def _ask_qml(self) -> None:
        dialog = QFileDialog(self, tr("Save the layer's style"), "", "QML (*.qml)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("qml")
        self._open(dialog, lambda path: self.qml_wanted.emit(str(path)))

    def _open(self, dialog: QFileDialog, then: Callable[[Path], Any]) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self._try(lambda: then(Path(name))))
        dialog.open()

    def _ask(self, text: str, more: str, yes: str, then: Callable[[], Any]) -> None:
        box = message_box(QMessageBox.Icon.Question, tr("Roadpulse"), text, more, self)
        button = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        button.clicked.connect(lambda _checked=False: self._try(then))
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.open()

    def _try(self, do: Callable[[], Any]) -> None:
        try:
            do()
        except RunError as error:
            self.failed.emit(error)
