"""The choices of a film: each is a parameter of `roadpulse:exportanimation`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsMapLayer, QgsProject, QgsReferencedRectangle, QgsVectorLayer
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QSignalBlocker, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from ...algorithms.style_parameters import AS_LAYER
from ...mapping.film.formats import FORMATS, FilmFormat
from ...mapping.film.moments import moments
from ...mapping.ground.layers import GroundChoice, layers_of_ground
from ...mapping.language import clock, number_text, tr
from ...workflow import locations
from ...workflow.run_names import name_of_trips
from ..background.calls import Calls
from ..widgets.notes import Note
from ..widgets.number_format import slug
from ..widgets.plain_text import PlainLabel, tip

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile

CANVAS, ALL = "canvas", "all"
PROJECT, BASE_MAPS, BY_ROADS, NO_GROUND = "project", "basemaps", "roads", "none"
SIZES = (
    ("1280x720", "HD"), ("1920x1080", "Full HD"), ("2560x1440", "QHD"), ("3840x2160", "4K"),
    ("1080x1080", ""), ("1080x1920", ""), ("2160x2160", ""), ("2160x3840", ""),
)  # fmt: skip
_SLOWEST, _FASTEST = 0.1, 60.0
_USUAL_RATE, _SOFT_RATE = 2.0, 24.0
_USUAL_SIZE = "1920x1080"


class FilmForm(QWidget):
    """All choices; `changed` is emitted when one has changed."""

    changed = pyqtSignal()

    def __init__(self, canvas: Any, layer: QgsVectorLayer, file: MapFile) -> None:
        super().__init__()
        self._canvas, self._layer, self._file = canvas, layer, file
        self._timeline = file.timeline
        self._lacking: dict[str, str] = {}  # of each format, once it is known
        self._calls = Calls(self)
        self.format = self._box("film_format", ((each.key, _label(each)) for each in FORMATS))
        self.format_note = Note()
        self.format_note.setWordWrap(False)  # so that it takes the height of one line
        self.size = self._box("film_size", ((key, _size_text(key, name)) for key, name in SIZES))
        self.size.setCurrentIndex(self.size.findData(_USUAL_SIZE))
        self.days = self._box("film_days", [("", tr("all, one after the other")), *self._sets()])
        self.begin = self._box("film_from", self._times(0))
        self.end = self._box("film_to", self._times(1))
        self.end.setCurrentIndex(self.end.count() - 1)
        self.rate = _number(_SLOWEST, _FASTEST, 1)
        self.rate.setObjectName("film_rate")
        self.rate.setValue(_USUAL_RATE)
        self.length = _number(0.1, 36_000, 1)
        self.length.setObjectName("film_length")
        self.length.setSuffix(tr(" s"))
        self.between = QSpinBox()
        self.between.setObjectName("film_between")
        self.between.setRange(0, 60)
        self.between.setSpecialValueText(tr("none"))
        self.between.setToolTip(
            tip(tr("Pictures between two bins, with interpolated values. The film says so in the picture."))
        )
        self.preset = self._box("film_preset", self._presets())
        self.extent = self._box(
            "film_extent",
            ((CANVAS, tr("what the map window shows")), (ALL, tr("most of the links with data"))),
        )
        self.ground = self._box(
            "film_ground",
            (
                (PROJECT, tr("water, parks, borders … of the project, quietly")),
                (BASE_MAPS, tr("base maps of the project, with their attribution")),
                (BY_ROADS, tr("built-up areas, by the roads")),
                (NO_GROUND, tr("none")),
            ),
        )
        self.title = QLineEdit()
        self.title.setObjectName("film_title")
        self.title.setPlaceholderText(name_of_trips(file.spec.trips))
        self.sources = QLineEdit()
        self.sources.setObjectName("film_sources")
        self.sources.setPlaceholderText(tr("where trips and roads come from, in small type"))
        self.output = QgsFileWidget()
        self.output.setObjectName("film_output")
        self._lay_out()
        self._connect()
        self._format_chosen()
        self._count_again()
        self._calls.submit(
            lambda _call: {each.key: each.lacking()[0] for each in FORMATS}, self._know, lambda _error: None
        )

    # -- choices ------------------------------------------------------------------------------------------

    @property
    def film_format(self) -> FilmFormat:
        """The format that is chosen."""
        key = self.format.currentData()
        return next(each for each in FORMATS if each.key == key)

    @property
    def path(self) -> Optional[Path]:
        """The file or folder to write; None while none is named."""
        text = self.output.filePath().strip()
        return Path(text).expanduser() if text else None

    @property
    def bins(self) -> list[int]:
        """The frames that are shown."""
        n_bins, days = self._timeline.n_bins, self.days.currentData()
        names = self._timeline.names
        sets = [at for at, name in enumerate(names) if days in ("", name) or not self._timeline.is_divided]
        times = range(self.begin.currentData(), self.end.currentData())
        return [at * n_bins + number for at in sets for number in times]

    @property
    def pictures(self) -> int:
        """Number of pictures."""
        return len(moments(self._timeline, self.bins, 1 + self.between.value()))

    def problem(self) -> str:
        """Return what is missing or cannot be, and what to do; empty if the film can be made."""
        lacking = self._lacking.get(self.film_format.key)
        if lacking:
            return tr("{why}.").format(why=lacking)
        if not self.bins:
            return tr("There is no bin between the two times. Choose a later end.")
        if self.path is None:
            return tr("Name the file of the film.")
        if not self.path.is_absolute():
            return tr("Name the film with its whole path, or choose a folder with “…”.")
        return ""

    def replaced(self) -> str:
        """Return the name of what the film would take the place of; empty for nothing."""
        path = self.path
        with suppress(OSError):
            if path is not None and path.is_file() and path.stat().st_size:
                return path.name
            if path is not None and path.is_dir() and any(path.glob("frame_*.png")):
                return tr("the pictures in {folder}").format(folder=path.name)
        return ""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the algorithm."""
        minutes = self._timeline.bin_minutes
        values: dict[str, Any] = {
            "INPUT": self._layer.id(),
            "TIME_FROM": _time(self.begin.currentData() * minutes),
            "TIME_TO": _time(self.end.currentData() * minutes),
            "DAYS": self.days.currentData(),
            "PRESET": self.preset.currentData(),
            "FRAME_SIZE": self.size.currentData(),
            "FRAMES_PER_SECOND": self.rate.value(),
            "BETWEEN": self.between.value(),
            "GROUND": self.ground.currentData(),
            "TITLE": self.title.text().strip(),
            "SOURCES": self.sources.text().strip(),
            "OUTPUT": str(self.path),
        }
        if self.extent.currentData() == CANVAS:
            values["EXTENT"] = _extent_text(
                QgsReferencedRectangle(self._canvas.extent(), self._canvas.mapSettings().destinationCrs())
            )
        return values

    def layers(self) -> list[QgsMapLayer]:
        """Return the layers that the film needs: the map, and those of its ground in the project's order."""
        ground = GroundChoice(str(self.ground.currentData()), QgsProject.instance())
        return [self._layer, *layers_of_ground(ground, self._layer)]

    # -- parts --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        rows = QFormLayout(self)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow(tr("Format"), self.format)
        rows.addRow("", self.format_note)
        rows.addRow(tr("Size"), self.size)
        if self._timeline.is_divided:
            rows.addRow(tr("Days"), self.days)
        rows.addRow(tr("Times"), _line(self.begin, PlainLabel(tr("up to")), self.end))
        rows.addRow(tr("Speed"), _line(self.rate, PlainLabel(tr("pictures a second, in all")), self.length))
        rows.addRow(tr("Between bins"), _line(self.between, PlainLabel(tr("pictures, interpolated"))))
        rows.addRow(tr("Look"), self.preset)
        rows.addRow(tr("Place"), self.extent)
        rows.addRow(tr("Ground"), self.ground)
        rows.addRow(tr("Title"), self.title)
        rows.addRow(tr("Sources"), self.sources)
        rows.addRow(tr("Film"), self.output)

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(lambda _at: self._format_chosen())
        for box in (self.size, self.days, self.preset, self.extent):
            box.currentIndexChanged.connect(lambda _at: self.changed.emit())
        for box in (self.begin, self.end):
            box.currentIndexChanged.connect(lambda _at: self._count_again())
        self.between.valueChanged.connect(lambda _value: self._between_chosen())
        self.rate.valueChanged.connect(lambda _value: self._count_again())
        self.days.currentIndexChanged.connect(lambda _at: self._count_again())
        self.length.valueChanged.connect(lambda _value: self._length_chosen())
        self.output.fileChanged.connect(lambda _path: self.changed.emit())

    def _format_chosen(self) -> None:
        film = self.film_format
        self.format_note.show_text(_about(film))
        folder = film.kind is None
        mode = QgsFileWidget.StorageMode
        self.output.setStorageMode(mode.GetDirectory if folder else mode.SaveFile)
        self.output.setConfirmOverwrite(False)  # it is asked when the film is made
        self.output.setFilter("" if folder else f"{film.label} (*{film.ending})")
        self.output.setFilePath(str(self._path_for(film)))
        self.changed.emit()

    def _know(self, lacking: dict[str, str]) -> None:
        self._lacking = lacking
        self.changed.emit()

    def _path_for(self, film: FilmFormat) -> Path:
        """Return the path that is named, with the ending of a format."""
        if self.path is None:
            name = slug(name_of_trips(self._file.spec.trips)) or "film"
            folder = Path(QgsProject.instance().homePath() or self._file.path.parent)
            stems = (f"{name}-film", *(f"{name}-film-{number}" for number in range(2, 100)))
            paths = [folder / f"{stem}{film.ending}" for stem in stems]
            return next((each for each in paths if not each.exists()), paths[0])
        known = self.path.suffix.lower() in {each.ending for each in FORMATS}
        return self.path.with_suffix(film.ending) if known else Path(f"{self.path}{film.ending}")

    def _between_chosen(self) -> None:
        """Keep the time of a bin on the screen, as far as a film can be that fast."""
        soft = self.between.value() > 0
        with QSignalBlocker(self.rate):
            if soft and self.rate.value() == _USUAL_RATE:
                self.rate.setValue(_SOFT_RATE)
            elif not soft and self.rate.value() == _SOFT_RATE:
                self.rate.setValue(_USUAL_RATE)
        self._count_again()

    def _count_again(self) -> None:
        with QSignalBlocker(self.length):
            self.length.setValue(self.pictures / self.rate.value())
        self.changed.emit()

    def _length_chosen(self) -> None:
        with QSignalBlocker(self.rate):
            self.rate.setValue(self.pictures / self.length.value())
        self.changed.emit()

    def _box(self, name: str, entries: Any) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        for data, text in entries:
            box.addItem(text, data)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        return box

    def _sets(self) -> list[tuple[str, str]]:
        timeline = self._timeline
        if not timeline.is_divided:
            return []
        return [(name, timeline.set_name(at * timeline.n_bins)) for at, name in enumerate(timeline.names)]

    def _times(self, first: int) -> list[tuple[int, str]]:
        minutes = self._timeline.bin_minutes
        return [(number, clock(number * minutes)) for number in range(first, self._timeline.n_bins + first)]

    @staticmethod
    def _presets() -> list[tuple[str, str]]:
        from ...mapping.style.presets import presets  # noqa: PLC0415

        found = [(each.name, each.name) for each in presets(locations.presets_folder())]
        return [(AS_LAYER, tr("as on the map")), *found]


def _label(film: FilmFormat) -> str:
    return tr(film.label)


def _about(film: FilmFormat) -> str:
    texts = {
        "mp4": tr("H.264: every player and presentation shows it."),
        "webm": tr("VP9: small, for web pages."),
        "gif": tr("Loops by itself, everywhere."),
        "apng": tr("Loops by itself in browsers, without any loss; the largest."),
        "frames": tr("A PNG for each picture, in a new or empty folder."),
    }
    return texts[film.key]


def _size_text(key: str, name: str) -> str:
    width, height = map(int, key.split("x"))
    if width == height:
        name = tr("square")
    elif width < height:
        name = tr("tall, for phones")
    return tr("{width} × {height} ({name})").format(
        width=number_text(width), height=number_text(height), name=name
    )


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _extent_text(extent: QgsReferencedRectangle) -> str:
    sides = (extent.xMinimum(), extent.xMaximum(), extent.yMinimum(), extent.yMaximum())
    return f"{','.join(f'{side:.9f}' for side in sides)} [{extent.crs().authid()}]"


def _number(least: float, most: float, decimals: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(decimals)
    box.setRange(least, most)
    box.setKeyboardTracking(False)
    return box


def _line(*parts: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    for part in parts:
        line.addWidget(part, 0 if isinstance(part, PlainLabel) else 1)
    return line
