"""The controls of the roads: which source, which table or layer, which fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from qgis.core import QgsMapLayerProxyModel
from qgis.gui import QgsMapLayerComboBox, QgsProviderConnectionComboBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QCompleter, QHBoxLayout, QStackedWidget, QWidget

from ....mapping.language import tr
from ...runs.roads_choice import stored_uri
from ...runs.settings import LAYER, POSTGIS, RoadsChoice
from .section import Section, add_to_row, label_of

if TYPE_CHECKING:
    from .road_probe import RoadField, RoadTable


class RoadsControls(Section):
    """Choosers of source, table or layer and fields; what they offer is filled in by `RoadsSection`."""

    title = "Roads"

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.fields: list[RoadField] = []
        self._tables: list[RoadTable] = []
        self._wish = RoadsChoice()
        self._make_source_row()
        self._make_field_row()
        self.column.addWidget(self.note)

    def _make_source_row(self) -> None:
        self.kind = QComboBox()
        self.kind.setObjectName("roads_kind")
        self.kind.addItem(tr("PostGIS"), POSTGIS)
        self.kind.addItem(tr("Layer"), LAYER)
        self.kind.setToolTip(
            tr("A table of a PostGIS connection that QGIS knows, or a line layer of this project.")
        )
        self.connection = QgsProviderConnectionComboBox("postgres")
        self.connection.setObjectName("connection")
        self.connection.setMinimumWidth(120)
        self.table = QComboBox()
        self.table.setObjectName("table")
        self.table.setEditable(True)
        self.table.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.table.lineEdit().setPlaceholderText(tr("schema.table"))
        self.table.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.table.completer().setFilterMode(Qt.MatchFlag.MatchContains)
        self.layer = QgsMapLayerComboBox()
        self.layer.setObjectName("layer")
        self.layer.setFilters(QgsMapLayerProxyModel.Filter.LineLayer)
        self.layer.setAllowEmptyLayer(True, tr("choose a line layer"))
        self.stack = QStackedWidget()
        self.stack.setSizePolicy(self.table.sizePolicy())
        for parts in (((self.connection, 1), (self.table, 2)), ((self.layer, 1),)):
            page = QWidget()
            line = QHBoxLayout(page)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(6)
            add_to_row(line, *parts)
            self.stack.addWidget(page)
        self.row(self.kind, (self.stack, 1))

    def _make_field_row(self) -> None:
        self.id_field, self.name_field, self.class_field = QComboBox(), QComboBox(), QComboBox()
        self.field_row = QWidget()
        line = QHBoxLayout(self.field_row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        for label, chooser, name in (
            (tr("id"), self.id_field, "id_field"),
            (tr("street"), self.name_field, "name_field"),
            (tr("class"), self.class_field, "class_field"),
        ):
            chooser.setObjectName(name)
            chooser.setMinimumContentsLength(9)
            chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            add_to_row(line, label_of(label), (chooser, 1))
        self.id_field.setToolTip(tr("The field with the link ids, the same as in the trips."))
        self.name_field.setToolTip(tr("The field with the street's name, for labels. It may be left out."))
        self.class_field.setToolTip(
            tr("The field with the road's class (primary, residential …), for widths. It may be left out.")
        )
        self.column.addWidget(self.field_row)

    def _fill_tables(self) -> None:
        self.table.blockSignals(True)
        self.table.clear()
        several = {t.label for t in self._tables if sum(o.label == t.label for o in self._tables) > 1}
        for table in self._tables:
            label = f"{table.label} ({table.geometry})" if table.label in several else table.label
            self.table.addItem(label, table)
        wish = (self._wish.schema, self._wish.table, self._wish.geometry)
        at = next((i for i, t in enumerate(self._tables) if (t.schema, t.table, t.geometry) == wish), -1)
        if at < 0 and len(self._tables) == 1:
            at = 0
        self.table.setCurrentIndex(at)
        if at < 0:
            self.table.setEditText("")
        self.table.blockSignals(False)

    def _chosen_table(self) -> Optional[RoadTable]:
        at = self.table.findText(self.table.currentText().strip())
        return self.table.itemData(at) if at >= 0 else None

    def _fill_fields(self) -> None:
        from ....workflow.roads import CLASS_FIELDS, ID_FIELDS, NAME_FIELDS  # noqa: PLC0415
        from .road_probe import usual_field  # noqa: PLC0415

        for chooser, usual, wish, text in (
            (self.id_field, ID_FIELDS, self._wish.id_field, False),
            (self.name_field, NAME_FIELDS, self._wish.name_field, True),
            (self.class_field, CLASS_FIELDS, self._wish.class_field, True),
        ):
            chooser.blockSignals(True)
            chooser.clear()
            chooser.addItem(tr("none") if text else tr("choose"), "")
            for field in self.fields:
                if field.is_text if text else field.may_be_id:
                    chooser.addItem(field.name, field.name)
            at = chooser.findData(wish) if wish else -1
            if at < 0:
                at = chooser.findData(usual_field(self.fields, usual, text))
            chooser.setCurrentIndex(max(0, at))
            chooser.blockSignals(False)
        self.field_row.setVisible(bool(self.fields))

    def _connection_text(self) -> str:
        uri = stored_uri(self.connection.currentConnection())
        return uri.connectionInfo(True) if uri is not None else ""
