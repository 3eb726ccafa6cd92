"""The controls of the style: each is an option of `StyleOptions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional

from qgis.PyQt.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon, QPainter, QPixmap
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QPushButton, QSpinBox, QWidget

from ...mapping.language import tr
from ...mapping.style.methods import BY_HAND, DEFAULT_METHOD, FEWEST_CLASSES, METHODS, MOST_CLASSES
from ...mapping.style.options import BY_CLASS, BY_TRAFFIC
from ...mapping.style.palette import DARK, LIGHT, PALETTES
from ...mapping.style.ramps import RAMPS
from ..widgets.plain_text import PlainLabel, tip
from ..widgets.statistics import StatisticChooser
from .class_table import ClassTable

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile
    from ...mapping.style.options import StyleOptions

RAMP_SIZE = QSize(84, 12)


class StyleForm(QWidget):
    """All choices but presets; `changed` is emitted when one has changed."""

    changed = pyqtSignal()

    def __init__(self, file: MapFile, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self._limits: tuple[float, ...] = ()
        self.statistic = StatisticChooser(file.statistics)
        self.others = QPushButton(tr("Others…"))
        self.others.setObjectName("other_statistics")
        self.others.setAutoDefault(False)
        self.others.setToolTip(tip(tr("Statistics that the map file does not hold yet.")))
        self.theme = _choice("theme", {LIGHT: tr("light"), DARK: tr("dark")})
        self.ramp = _choice("ramp", {key: tr(ramp.label) for key, ramp in RAMPS.items()})
        self.ramp.setIconSize(RAMP_SIZE)
        self.fast_glows = _check("fast_glows", tr("turned round"))
        self.fast_glows.setToolTip(
            tip(tr("Fast roads, or the good end of another statistic, contrast most."))
        )
        self.method = _choice("method", {key: tr(method.label) for key, method in METHODS.items()})
        self.number = QSpinBox()
        self.number.setObjectName("number_of_classes")
        self.number.setRange(FEWEST_CLASSES, MOST_CLASSES)
        self.number.setKeyboardTracking(False)
        self.classes = ClassTable()
        self.width = _choice(
            "width", {BY_CLASS: tr("the class of the road"), BY_TRAFFIC: tr("traffic (trips)")}
        )
        self.few = _check("few", tr("Links with too few trips, thin and grey"))
        self.beside = _check("beside", tr("Directions beside each other"))
        self.beside.setToolTip(tip(tr("From 1:20,000 on; at smaller scales they lie on each other.")))
        self.side = _choice("driving_side", {"left": tr("left"), "right": tr("right")})
        self.labels = _check("labels", tr("Street names"))
        for box, entries in ((self.ramp, RAMPS), (self.method, METHODS)):
            for key, entry in entries.items():
                text = tr(entry.definition)
                box.setItemData(box.findData(key), tip(text), Qt.ItemDataRole.ToolTipRole)
        self._lay_out()
        self._connect()

    def choices(self) -> dict[str, Any]:
        """Return the options that are chosen, as changes to those of the map file."""
        found: dict[str, Any] = {
            "statistic": self.statistic.key,
            "theme": self.theme.currentData(),
            "ramp": self.ramp.currentData(),
            "fast_glows": self.fast_glows.isChecked(),
            "method": self.method.currentData(),
            "classes": self.number.value(),
            "width": self.width.currentData(),
            "few": self.few.isChecked(),
            "beside": self.beside.isChecked(),
            "driving_side": self.side.currentData(),
            "labels": self.labels.isChecked(),
        }
        if found["method"] == BY_HAND:
            found["limits"] = self._limits
        return found

    def show_choices(self, options: Mapping[str, Any]) -> None:
        """Show options of a style; those that are not given stay."""
        with QSignalBlocker(self):
            if "statistic" in options:
                self.statistic.set_key(options["statistic"])
            for name, box in self._boxes.items():
                if name in options:
                    box.setCurrentIndex(box.findData(options[name]))
            for name, check in self._checks.items():
                if name in options:
                    check.setChecked(options[name])
            self.number.setValue(options.get("classes", self.number.value()))
            self._limits = tuple(options.get("limits", self._limits))
        self._follow()

    def show_classes(self, options: StyleOptions) -> None:
        """Show the classes of a style that is computed."""
        from ...mapping.style.breaks import class_labels  # noqa: PLC0415

        self._limits = options.limits
        ground = PALETTES[options.theme].ground
        self.classes.show_classes(options.limits, class_labels(options.limits), options.colours, ground)

    def _lay_out(self) -> None:
        self._boxes = {
            "theme": self.theme, "ramp": self.ramp, "method": self.method, "width": self.width,
            "driving_side": self.side,
        }  # fmt: skip
        self._checks = {
            "fast_glows": self.fast_glows, "few": self.few, "beside": self.beside, "labels": self.labels,
        }  # fmt: skip
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(_label(tr("Statistic"), self.statistic), _line(self.statistic, self.others))
        form.addRow(_label(tr("Theme"), self.theme), self.theme)
        form.addRow(_label(tr("Colours"), self.ramp), _line(self.ramp, self.fast_glows))
        form.addRow(_label(tr("Classes by"), self.method), _line(self.method, self.number))
        form.addRow(self.classes)
        form.addRow(_label(tr("Width by"), self.width), self.width)
        form.addRow("", _line(self.beside, PlainLabel(tr("on the")), self.side))
        form.addRow("", self.few)
        form.addRow("", self.labels)

    def _connect(self) -> None:
        self.statistic.currentIndexChanged.connect(self._statistic_chosen)
        for box in self._boxes.values():
            box.currentIndexChanged.connect(self._edited)
        for check in self._checks.values():
            check.toggled.connect(self._edited)
        self.number.valueChanged.connect(self._resize)
        self.classes.edited.connect(self._typed)

    def _edited(self, *_: object) -> None:
        self._follow()
        self.changed.emit()

    def _statistic_chosen(self) -> None:
        """Leave limits that were typed to their statistic: in another one they would mean nothing."""
        if self.method.currentData() == BY_HAND:
            with QSignalBlocker(self.method):
                self.method.setCurrentIndex(self.method.findData(DEFAULT_METHOD))
        self._edited()

    def _resize(self, number: int) -> None:
        if self.method.currentData() == BY_HAND and self._limits:
            self._limits = self.classes.resized(number)
        self._edited()

    def _typed(self, limits: tuple[float, ...]) -> None:
        with QSignalBlocker(self):
            self.method.setCurrentIndex(self.method.findData(BY_HAND))
            self.number.setValue(len(limits) - 1)
        self._limits = limits
        self._edited()

    def _follow(self) -> None:
        """Let what depends on other choices follow them."""
        statistic, method = self.statistic.key, self.method.currentData()
        for at in range(self.method.count()):
            fits = METHODS[self.method.itemData(at)].fits(statistic)
            self.method.model().item(at).setEnabled(fits)
        if not METHODS[method].fits(statistic):
            with QSignalBlocker(self.method):
                self.method.setCurrentIndex(0)
        self.number.setEnabled(METHODS[self.method.currentData()].counts or method == BY_HAND)
        self.side.setEnabled(self.beside.isChecked())
        theme = self.theme.currentData()
        for at in range(self.ramp.count()):
            self.ramp.setItemIcon(at, QIcon(ramp_picture(self.ramp.itemData(at), theme)))


def ramp_picture(key: str, theme: str) -> QPixmap:
    """Return a ramp in a few classes."""
    picture = QPixmap(RAMP_SIZE)
    picture.fill(Qt.GlobalColor.transparent)
    painter, parts = QPainter(picture), 7
    width, height = RAMP_SIZE.width() // parts, RAMP_SIZE.height()
    for i in range(parts):
        painter.fillRect(i * width, 0, width, height, RAMPS[key].between(theme, i / (parts - 1)))
    painter.end()
    return picture


def _choice(name: str, entries: Mapping[str, str]) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    for key, text in entries.items():
        box.addItem(text, key)
    return box


def _check(name: str, text: str) -> QCheckBox:
    check = QCheckBox(text)
    check.setObjectName(name)
    return check


def _label(text: str, buddy: QWidget) -> PlainLabel:
    label = PlainLabel(text)
    label.setBuddy(buddy)
    return label


def _line(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    for widget in widgets:
        line.addWidget(widget, 1 if isinstance(widget, QComboBox) and widget is widgets[0] else 0)
    if not isinstance(widgets[0], QComboBox):
        line.addStretch(1)
    return line
