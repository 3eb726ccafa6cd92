"""The style of a map, chosen with the map in view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import QCheckBox, QDialogButtonBox, QPushButton, QVBoxLayout

from ...aggregation.contract.errors import RunError
from ...mapping.language import tr
from ...mapping.style.methods import BY_HAND
from ...mapping.style.options import APPEARANCE, StyleOptions
from ...mapping.style.presets import Preset
from ...mapping.style.saved_styles import check_save, save_style
from ...mapping.style.symbology import drawn_statistic, kept_options
from ..manual.window import STYLE, HelpButton
from ..other_statistic.dialog import offer
from ..widgets.messages import log_error, message_of
from ..widgets.notes import Note
from ..widgets.plain_text import PlainLabel, tip
from ..widgets.screen_fit import OnScreenDialog
from ..widgets.scroll_area import Scrolled
from ..widgets.statistics import name_of
from .form import StyleForm
from .preset_row import PresetRow
from .preview import Preview

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile

_BUTTON = QDialogButtonBox.StandardButton


class StyleDialog(OnScreenDialog):
    """Shows each choice on the map at once; Cancel gives the earlier style back."""

    def __init__(self, iface: Any, layer: QgsVectorLayer, file: MapFile) -> None:
        super().__init__(iface.mainWindow())
        self.iface, self.layer, self._file = iface, layer, file
        self.setObjectName("style_dialog")
        self.setWindowTitle(tr("Style of “{layer}”").format(layer=layer.name()))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(520, 760)
        start = drawn_statistic(layer) or file.statistic
        if start not in file.statistics:
            start = file.statistic
        self.preview = Preview(layer, file, start, self)
        self.presets = PresetRow(lambda: self.preview.options)
        self.form = StyleForm(file)
        self.contrast, self.note = Note(), Note()
        self.contrast.setObjectName("contrast")
        self.save = QCheckBox(tr("Keep it in the map file, too"))
        self.save.setObjectName("save")
        self.save.setToolTip(tip(tr("Then every QGIS that opens the GeoPackage shows it so.")))
        self.buttons = QDialogButtonBox(_BUTTON.Ok | _BUTTON.Cancel | _BUTTON.Apply | _BUTTON.Reset)
        self.buttons.addButton(HelpButton(STYLE), QDialogButtonBox.ButtonRole.HelpRole)
        self._lay_out()
        self._connect()
        self.form.show_choices(self._options_of(start))
        self.preview.show(self.form.choices(), on_map=False)

    def leave(self) -> None:
        """Give the earlier style back, and close."""
        self.reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter end what is typed, not the dialog, unless a button has the focus."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter or isinstance(self.focusWidget(), QPushButton):
            super().keyPressEvent(event)

    def reject(self) -> None:
        """Give the earlier style back, and close."""
        self.preview.back()
        super().reject()

    def accept(self) -> None:
        """Keep what is shown, and close; a choice that is not shown yet is waited for."""
        if self.preview.busy:
            self._closing = True
            return
        if self._keep():
            super().accept()

    # -- parts --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._closing = False
        area = Scrolled(self.form)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        line = PlainLabel(tr("Preset"))
        line.setBuddy(self.presets.box)
        column.addWidget(line)
        column.addWidget(self.presets)
        column.addWidget(area, 1)
        column.addWidget(self.contrast)
        column.addWidget(self.note)
        column.addWidget(self.save)
        column.addWidget(self.buttons)
        for button in self.buttons.buttons():
            button.setAutoDefault(False)

    def _connect(self) -> None:
        self.form.changed.connect(self._show)
        self.form.others.clicked.connect(lambda _checked=False: self._offer_others())
        self.presets.chosen.connect(self._take)
        self.presets.failed.connect(self._failed)
        self.presets.said.connect(self.note.show_text)
        self.presets.qml_wanted.connect(self._write_qml)
        self.preview.shown.connect(self._shown)
        self.preview.failed.connect(self._failed)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.buttons.button(_BUTTON.Apply).clicked.connect(lambda _checked=False: self._apply())
        self.buttons.button(_BUTTON.Reset).clicked.connect(lambda _checked=False: self._reset())
        self.layer.willBeDeleted.connect(self._gone)

    # -- choices ------------------------------------------------------------------------------------------

    def _options_of(self, statistic: str) -> dict[str, Any]:
        """Return what the layer was styled with, and for the rest the usual."""
        usual = self._usual()
        return {**usual, **kept_options(self.layer, statistic)}

    def _usual(self) -> dict[str, Any]:
        from ...mapping.style.driving_side import driving_side_of  # noqa: PLC0415

        usual = StyleOptions()
        shared = {name: getattr(usual, name) for name in APPEARANCE}
        return {**shared, "driving_side": driving_side_of(self._file.spec.time_zone)}

    def _show(self) -> None:
        self.note.show_text("")
        self.preview.show(self.form.choices())

    def _take(self, preset: Preset) -> None:
        """Show a preset, in its statistic if the map file has that."""
        key = preset.statistic or self.form.statistic.key
        lacks = key not in self._file.statistics
        if lacks:
            key = self.form.statistic.key
        changes = preset.changes(key, self._file.spec.unit)
        if changes.get("method") == BY_HAND and "limits" not in changes:
            del changes["method"]
        self.form.show_choices({**changes, "statistic": key})
        self._show()
        if lacks:
            from ...aggregation.contract.statistic import statistic  # noqa: PLC0415

            words = tr("“{preset}” is for the {statistic}, which the map file lacks. “Others…” computes it.")
            self.note.show_warning(
                words.format(preset=preset.name, statistic=name_of(statistic(preset.statistic)))
            )

    def _offer_others(self) -> None:
        """Keep what is shown, and offer statistics that the map file lacks: it is made again with one."""
        if not self.preview.busy and self._keep():
            super().accept()
            offer(self.iface, self.layer)

    def _reset(self) -> None:
        self.form.show_choices(self._usual())
        self._show()

    def _apply(self) -> None:
        if not self.preview.busy:
            self._keep()

    # -- answers ------------------------------------------------------------------------------------------

    def _shown(self, options: StyleOptions, faults: list[str]) -> None:
        self.form.show_classes(options)
        self.presets.show_preset_of(options)
        if faults:
            self.contrast.show_warning("\n".join(faults))
        else:
            self.contrast.show_text(
                tr("Classes can be distinguished from each other and the ground, also without seeing green.")
            )
        if self._closing:
            self._closing = False
            self.accept()

    def _failed(self, error: Exception) -> None:
        self._closing = False
        if not isinstance(error, RunError):
            log_error(error)
        self.note.show_warning(message_of(error))

    def _keep(self) -> bool:
        """Make the look that of the layer, and on demand of the file; return whether that was done."""
        try:
            if self.save.isChecked():
                check_save(self.layer)
                save_style(self.layer)
        except RunError as error:
            self._failed(error)
            return False
        self.preview.keep()
        return True

    def _write_qml(self, path: str) -> None:
        text, is_good = self.layer.saveNamedStyle(path)
        if is_good:
            self.note.show_text(tr("The style is in {file}; it works without Roadpulse.").format(file=path))
        else:
            self.note.show_warning(text)

    def _gone(self) -> None:
        """Close, as the layer leaves the project."""
        self.preview.forget()
        if not sip.isdeleted(self):
            super().reject()
