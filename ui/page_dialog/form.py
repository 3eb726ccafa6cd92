"""The choices of a page: template, paper, time, what stands beside it, words and extent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
    QgsVariantUtils,
    QgsVectorLayer,
)
from qgis.gui import QgsFieldComboBox, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...aggregation.contract.days import clock
from ...algorithms.style_parameters import AS_LAYER
from ...mapping.errors import MapError
from ...mapping.ground.layers import GroundChoice, layers_of_ground
from ...mapping.language import tr
from ...mapping.layout.district import District
from ...mapping.layout.page import PageOptions
from ...mapping.layout.paper import FRAME, ORIENTATIONS, PAPERS
from ...mapping.layout.templates.base import (
    NEEDS_DISTRICT,
    NEEDS_FRAMES,
    NEEDS_OTHER,
    OtherMap,
    PageInput,
    PageTemplate,
)
from ...mapping.layout.templates.own import SHIPPED
from ...mapping.layout.templates.registry import TEMPLATES, page_template
from ...mapping.style.symbology import current_style
from ..runs.map_view import maps_in_project
from ..widgets.plain_text import tip

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile

OWN = "own"
"""Key of the entry for a layout template of the person's."""
SAME = "same"
ONE, EACH_TIME, EACH_DISTRICT = "one", "time", "district"
"""Pages that are asked for: the last two as `EACH` of `roadpulse:exportpages`."""
_KEY = Qt.ItemDataRole.UserRole
_PICTURE = QSize(112, 79)


class PageForm(QWidget):
    """The choices; `changed` is emitted when one has changed."""

    changed = pyqtSignal()

    def __init__(self, canvas: Any, layer: QgsVectorLayer, file: MapFile, title: str) -> None:
        super().__init__()
        self._canvas, self.layer, self._usual_title = canvas, layer, title.strip()
        self._timeline = file.timeline
        timeline = file.timeline
        self.templates = _template_list()
        self.own = QgsFileWidget()
        self.own.setObjectName("own")
        self.own.setFilter(tr("Layout templates (*.qpt)"))
        self.own.setDialogTitle(tr("Choose a layout template"))
        self.each = _combo("each", ((tr("One page"), ONE), (tr("A page of each time"), EACH_TIME),
                                    (tr("A page of each district"), EACH_DISTRICT)))  # fmt: skip
        frames = [(timeline.span(number), number) for number in range(len(timeline))]
        self.time = _combo("time", ((tr("Whole period"), None), *frames))
        self.other = QgsMapLayerComboBox()
        self.other.setObjectName("other")
        self.other.setFilters(Qgis.LayerFilter.LineLayer)
        maps = [other for other, _file in maps_in_project()]
        lines = [each for each in QgsProject.instance().mapLayers().values() if each not in maps]
        self.other.setExceptedLayerList(lines)
        self.other.setLayer(layer)
        self.other_time = _combo("other_time", ((tr("As the first"), SAME), *frames))
        self.districts = QgsMapLayerComboBox()
        self.districts.setObjectName("districts")
        self.districts.setFilters(Qgis.LayerFilter.PolygonLayer)
        self.name_field = QgsFieldComboBox()
        self.name_field.setObjectName("name_field")
        self.district = _combo("district", ())
        self.paper = _combo("paper", ((name, name) for name in PAPERS if name != FRAME))
        words = {"auto": tr("as it shows more"), "landscape": tr("landscape"), "portrait": tr("portrait")}
        self.orientation = _combo("orientation", ((words[key], key) for key in ORIENTATIONS))
        self.title, self.subtitle, self.sources = QLineEdit(title), QLineEdit(), QLineEdit()
        for name in ("title", "subtitle", "sources"):
            getattr(self, name).setObjectName(name)
        self.subtitle.setPlaceholderText(tr("What the statistic shows"))
        self.sources.setPlaceholderText(tr("Where trips and roads come from"))
        extents = (
            (tr("Most of the links with data"), "links"), (tr("As on the canvas"), "canvas"),
            (tr("Whole layer"), "layer"),
        )  # fmt: skip
        self.extent = _combo("extent", extents)
        grounds = (
            (tr("Quiet layers of the project"), "project"), (tr("Built-up areas, by the roads"), "roads"),
            (tr("Base maps of the project"), "basemaps"), (tr("Plain paper"), "none"),
        )  # fmt: skip
        self.ground = _combo("ground", grounds)
        self.fill = QCheckBox(tr("Fill the map to its edges"))
        self.fill.setObjectName("fill")
        self._lay_out()
        self._connect()
        self._districts_changed()
        self._show_rows()

    # -- choices ------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Key of the template, or the path of a layout template."""
        item = self.templates.currentItem()
        key = item.data(_KEY) if item is not None else "city"
        return str(self.own.filePath()).strip() if key == OWN else str(key)

    def template(self) -> PageTemplate:
        """Return the template. Raises `MapError`."""
        if not self.key:
            raise MapError(tr("Choose the file of your layout template (.qpt)."))
        return page_template(self.key)

    def contents(self) -> PageInput:
        """Return the contents of one page, of layers of the project. Raises `MapError`."""
        template, style, other = self.template(), current_style(self.layer), None
        if NEEDS_OTHER in template.needs:
            second, frame = self._second()
            other = OtherMap(second, current_style(second), frame)
        district = self._district() if NEEDS_DISTRICT in template.needs else None
        options = PageOptions(
            title=self.words(district),
            subtitle=self.subtitle.text().strip(),
            sources=self.sources.text().strip(),
            paper=str(self.paper.currentData()),
            orientation=str(self.orientation.currentData()),
            frame=self.time.currentData(),
            extent=self._extent(),
            cut=self.fill.isChecked(),
            ground=self._ground(),
        )
        return PageInput(QgsProject.instance(), self.layer, style, options, other, district)

    def words(self, district: Optional[District] = None) -> str:
        """Return the title: what the person wrote, else the district's name or that of the run."""
        written = self.title.text().strip()
        if district is not None and written == self._usual_title:
            return district.name
        return written or str(self.layer.name())

    def call(self, output: Path, kind: str) -> tuple[str, dict[str, Any]]:
        """Return the algorithm that makes the same, and its parameters. Raises `MapError`.

        `output` is a file, or a folder for several pages of a `kind`.
        """
        template, each = self.template(), self.each.currentData()
        extent = self._extent()
        given: dict[str, Any] = {
            "TEMPLATE": self.key, "SUBTITLE": self.subtitle.text().strip(), "PRESET": AS_LAYER,
            "SOURCES": self.sources.text().strip(), "PAPER": self.paper.currentData(),
            "ORIENTATION": self.orientation.currentData(), "FILL": self.fill.isChecked(),
            "GROUND": self.ground.currentData(), "OUTPUT": str(output),
        }  # fmt: skip
        if extent is not None:
            sides = (extent.xMinimum(), extent.xMaximum(), extent.yMinimum(), extent.yMaximum())
            given["EXTENT"] = ",".join(map(repr, sides))
        if each != EACH_TIME:
            given.update(self._moment(self.time.currentData(), "TIME"))
        if NEEDS_OTHER in template.needs:
            second, frame = self._second()
            if second is not self.layer:
                given["OTHER"] = second.id()
            if self.other_time.currentData() != SAME:
                given.update(self._moment(frame, "OTHER_TIME", "OTHER_DAYS"))
        if NEEDS_DISTRICT in template.needs or each == EACH_DISTRICT:
            districts = self.districts.currentLayer()
            if districts is None:
                raise MapError(tr("Choose a polygon layer with the districts; the project has none yet."))
            given["DISTRICTS"] = districts.id()
            given["NAME_FIELD"] = self.name_field.currentField()
        if each == ONE:
            district = self._district() if NEEDS_DISTRICT in template.needs else None
            given["TITLE"] = self.words(district)
            if district is not None:
                given["DISTRICT"] = district.name
            return "exportlayout", {**given, "INPUT": self.layer.id()}
        if each == EACH_TIME:
            given["TITLE"] = self.title.text().strip()
        return "exportpages", {**given, "INPUTS": [self.layer.id()], "EACH": each, "FORMAT": kind}

    def layers(self) -> list[QgsMapLayer]:
        """Return the layers that a page draws: those of its ground in the project's order, maps, districts.

        Others would become a part of the ground.
        """
        named = (self.layer, self.other.currentLayer(), self.districts.currentLayer())
        ground = layers_of_ground(self._ground(), self.layer)
        return list(dict.fromkeys([*ground, *(layer for layer in named if layer is not None)]))

    def _ground(self) -> GroundChoice:
        return GroundChoice(str(self.ground.currentData()), QgsProject.instance(), asks_servers=False)

    def _second(self) -> tuple[QgsVectorLayer, Optional[int]]:
        """Return layer and frame of the second map. Raises `MapError` where they are those of the first."""
        layer, chosen = self.other.currentLayer() or self.layer, self.other_time.currentData()
        first = None if self.each.currentData() == EACH_TIME else self.time.currentData()
        frame = first if chosen == SAME else chosen
        if layer is self.layer and self.each.currentData() != EACH_TIME and frame == first:
            raise MapError(tr("Choose a second map or a second time, to have something to compare."))
        return layer, frame

    def _moment(self, frame: Optional[int], name: str, days: str = "DAYS") -> dict[str, str]:
        """Return the parameters of a frame of the timeline; none for the whole period."""
        if frame is None:
            return {}
        timeline = self._timeline
        moment = {name: clock(frame % timeline.n_bins * timeline.bin_minutes)}
        if timeline.is_divided:
            moment[days] = timeline.names[frame // timeline.n_bins]
        return moment

    def _extent(self) -> Optional[QgsRectangle]:
        wanted = self.extent.currentData()
        if wanted == "layer":
            return self.layer.extent()
        if wanted == "canvas":
            into = QgsCoordinateTransform(
                self._canvas.mapSettings().destinationCrs(), self.layer.crs(), QgsProject.instance()
            )
            return into.transformBoundingBox(self._canvas.extent())
        return None

    def _all_districts(self) -> Iterator[District]:
        layer = self.districts.currentLayer()
        if layer is None:
            return
        for number, feature in enumerate(layer.getFeatures(_without_shapes()), 1):
            yield District(self._name(feature) or f"{layer.name()} {number}", layer, feature.id())

    def _district(self) -> District:
        number = self.district.currentData()
        layer = self.districts.currentLayer()
        if layer is None or number is None:
            raise MapError(tr("Choose a district: a polygon layer, and one of its polygons."))
        return District(self.district.currentText(), layer, number)

    def _name(self, feature: QgsFeature) -> str:
        field = self.name_field.currentField()
        value = feature.attribute(field) if field else None
        return "" if QgsVariantUtils.isNull(value) else str(value).strip()

    # -- parts --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.rows = QFormLayout()
        self.rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for label, field in (
            (tr("Template file"), self.own),
            (tr("Pages"), self.each),
            (tr("Time"), self.time),
            (tr("Second map"), self.other),
            (tr("Second time"), self.other_time),
            (tr("Districts"), self.districts),
            (tr("Names"), self.name_field),
            (tr("District"), self.district),
            (tr("Title"), self.title),
            (tr("Subtitle"), self.subtitle),
            (tr("Sources"), self.sources),
            (tr("Paper"), self.paper),
            (tr("Orientation"), self.orientation),
            (tr("Ground"), self.ground),
            (tr("Extent"), self.extent),
            ("", self.fill),
        ):
            if isinstance(field, QComboBox):
                field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
                field.setMinimumContentsLength(16)
            self.rows.addRow(label, field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.templates)
        column.addLayout(self.rows)

    def _connect(self) -> None:
        self.templates.currentItemChanged.connect(lambda *_: self._show_rows())
        self.own.fileChanged.connect(lambda _path: self.changed.emit())
        self.each.currentIndexChanged.connect(lambda _row: self._show_rows())
        self.districts.layerChanged.connect(lambda _layer: self._districts_changed())
        self.name_field.fieldChanged.connect(lambda _field: self._list_districts())

    def _show_rows(self) -> None:
        """Show what the template needs, and nothing else."""
        item = self.templates.currentItem()
        key = item.data(_KEY) if item is not None else "city"
        needs = TEMPLATES[key].needs if key in TEMPLATES else frozenset()
        each = self.each.currentData()
        of_district = NEEDS_DISTRICT in needs
        shown = {
            self.own: key == OWN,
            self.time: each != EACH_TIME,
            self.other: NEEDS_OTHER in needs,
            self.other_time: NEEDS_OTHER in needs,
            self.districts: of_district or each == EACH_DISTRICT,
            self.name_field: of_district or each == EACH_DISTRICT,
            self.district: of_district and each != EACH_DISTRICT,
            self.title: each != EACH_DISTRICT,
            self.paper: key in TEMPLATES,
            self.orientation: key in TEMPLATES,
        }
        for field, visible in shown.items():
            field.setVisible(visible)
            label = self.rows.labelForField(field)  # Qt 5 hides no rows
            if label is not None:
                label.setVisible(visible)
        self.time.setToolTip(tip(tr("Of a day in small maps: any time of the day, or all sets of days."))
                             if NEEDS_FRAMES in needs else "")  # fmt: skip
        self.changed.emit()

    def _districts_changed(self) -> None:
        layer = self.districts.currentLayer()
        self.name_field.setLayer(layer)
        if layer is not None:
            names = {field.name().lower(): field.name() for field in layer.fields()}
            usual = next((names[name] for name in ("name", "title", "label") if name in names), "")
            self.name_field.setField(usual or next(iter(names.values()), ""))
        self._list_districts()

    def _list_districts(self) -> None:
        self.district.clear()
        if self.districts.currentLayer() is not None:
            for number, district in enumerate(self._all_districts()):
                if number == 2000:  # more than one looks through
                    break
                self.district.addItem(district.name, district.number)
        self.changed.emit()


def _without_shapes() -> QgsFeatureRequest:
    request = QgsFeatureRequest()
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    return request


def _template_list() -> QListWidget:
    """The templates with small pictures of their pages."""
    box = QListWidget()
    box.setObjectName("templates")
    box.setViewMode(QListWidget.ViewMode.IconMode)
    box.setIconSize(_PICTURE)
    box.setEditTriggers(QListWidget.EditTrigger.NoEditTriggers)
    box.setMovement(QListWidget.Movement.Static)
    box.setResizeMode(QListWidget.ResizeMode.Adjust)
    box.setWordWrap(True)
    box.setSpacing(4)
    box.setUniformItemSizes(True)
    box.setFixedHeight(2 * (_PICTURE.height() + 50) + 8)
    shipped = [
        (str(path), path.stem.capitalize(), str(path), path.stem) for path in sorted(SHIPPED.glob("*.qpt"))
    ]
    known = [(key, tr(each.label), tr(each.description), key) for key, each in TEMPLATES.items()]
    own = (OWN, tr("Your own template…"), tr("A layout template of QGIS (.qpt), filled in by ids."), "")
    for key, label, description, picture in (*known, *shipped, own):
        icon = SHIPPED / f"{picture}.png"
        item = QListWidgetItem(QIcon(str(icon)) if picture and icon.is_file() else QIcon(), label)
        item.setData(_KEY, key)
        item.setToolTip(tip(description))
        item.setSizeHint(QSize(_PICTURE.width() + 14, _PICTURE.height() + 44))
        box.addItem(item)
    box.setCurrentRow(0)
    return box


def _combo(name: str, entries: Any) -> QComboBox:
    combo = QComboBox()
    combo.setObjectName(name)
    for words, data in entries:
        combo.addItem(words, data)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(16)
    return combo
