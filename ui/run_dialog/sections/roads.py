"""The source of the roads: a stored PostGIS connection, or a line layer of the project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsField, QgsVectorLayer, QgsVectorLayerFeatureSource
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QMetaType, Qt
from qgis.PyQt.QtWidgets import QWidget

from ....aggregation.contract.errors import RunError
from ....aggregation.contract.json_text import shown
from ....cluster_client.errors import LoginRefused
from ....mapping.language import tr
from ....workflow.id_rules import IdRule, id_rule
from ...background.tasks import LatestTask, Task
from ...runs.roads_choice import ask_login, roads_of
from ...runs.settings import LAYER, POSTGIS, RoadsChoice, RunSettings
from ...widgets.number_format import counted, share
from .roads_controls import RoadsControls

if TYPE_CHECKING:
    from ....aggregation.contract.link_ids import LinkId
    from .road_probe import Match, RoadField, RoadTable

_LOGIN, _NO_RULE = "login", "no rule"
"""Names of links in the note; any other is the key of a rule."""

_WHOLE = (QMetaType.Type.Int, QMetaType.Type.LongLong, QMetaType.Type.UInt, QMetaType.Type.ULongLong)


class RoadsSection(RoadsControls):
    """Source, table or layer, fields, and how many of the sample's links are there."""

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(parent)
        self.match: Optional[Match] = None
        self.sample: Any = None
        self.rule: Optional[IdRule] = None
        self._fault = ""
        self._login = False
        self._followed: Optional[QgsVectorLayer] = None
        self._tasks = {
            "tables": LatestTask(tr("Looking for road tables"), self, wait=50),
            "fields": LatestTask(tr("Looking at the road table"), self, wait=50),
            "match": LatestTask(tr("Looking for the links of the sample"), self, wait=100),
        }
        self._connect()
        self._kind_changed()

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.connection.connectionChanged.connect(lambda _name: self._connection_changed())
        self.table.currentTextChanged.connect(lambda _text: self._table_changed())
        self.layer.layerChanged.connect(lambda _layer: self._layer_changed())
        self.id_field.currentIndexChanged.connect(self._id_changed)
        self.name_field.currentIndexChanged.connect(self.changed)
        self.class_field.currentIndexChanged.connect(self.changed)
        for chooser in (self.kind, self.connection, self.table, self.layer, self.id_field):
            chooser.activated.connect(lambda _at: self._use_rule(None))  # another choice of the person
        self.note.clicked.connect(self._note_clicked)
        self._tasks["tables"].done.connect(self._tables_found)
        self._tasks["fields"].done.connect(self._fields_found)
        self._tasks["match"].done.connect(self._matched)
        for task in self._tasks.values():
            task.failed.connect(self._refused)

    # -- settings -----------------------------------------------------------------------------------

    def show_settings(self, settings: RunSettings) -> None:
        """Choose the remembered source; table and fields follow when they are known."""
        self._wish, self.rule = settings.roads, id_rule(settings.roads.id_rule)
        kind = settings.roads.kind
        if not settings.roads.connection and not settings.roads.layer and not self.connection.count():
            kind = LAYER  # without a stored connection the layer is the choice that works
        if settings.roads.connection:
            self.connection.setConnection(settings.roads.connection)
        wanted = settings.roads.layer
        for at in range(self.layer.count()):
            layer = self.layer.layer(at)
            if layer is not None and wanted in (layer.id(), layer.name()):
                self.layer.setLayer(layer)
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self._kind_changed()

    def apply(self, settings: RunSettings) -> RunSettings:
        """Return the settings with this source."""
        table = self._chosen_table()
        layer = self.layer.currentLayer()
        return replace(
            settings,
            roads=RoadsChoice(
                kind=self.kind.currentData(),
                connection=self.connection.currentConnection(),
                schema=table.schema if table else self._wish.schema,
                table=table.table if table else self._wish.table,
                geometry=table.geometry if table else self._wish.geometry,
                layer=layer.id() if layer is not None else "",
                id_field=self.id_field.currentData() or "",
                name_field=self.name_field.currentData() or "",
                class_field=self.class_field.currentData() or "",
                id_rule=self.rule.key if self.rule else "",
            ),
        )

    def problem(self) -> str:
        """Return what is missing."""
        if self.kind.currentData() == POSTGIS:
            if not self.connection.currentConnection():
                return tr(
                    "There is no PostGIS connection in QGIS yet. Add one in the Browser, or choose a layer."
                )
            if self._fault:
                return self._fault
            if self._tasks["tables"].busy:
                return tr("Looking for road tables…")
            if self._chosen_table() is None:
                return tr("Choose the table of the roads.")
        elif self.layer.currentLayer() is None:
            return tr("Choose the line layer of the roads.")
        if self._tasks["fields"].busy:
            return tr("Looking at the roads…")
        if self._fault:
            return self._fault
        if not self.id_field.currentData():
            return tr("Choose the field of the roads that holds the link id.")
        return ""

    def go_to(self) -> None:
        """Focus the control that `problem` is about."""
        target: QWidget = self.id_field
        if self.kind.currentData() == LAYER and self.layer.currentLayer() is None:
            target = self.layer
        elif self.kind.currentData() == POSTGIS and self._chosen_table() is None:
            target = self.table if self.connection.currentConnection() else self.kind
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def roads(self, choice: Optional[RoadsChoice] = None) -> Any:
        """The roads for a run (`workflow.roads.Roads`): as chosen here, or those of a remembered choice.

        For the main thread, where QGIS gives out credentials. Raises `RunError`.
        """
        return roads_of(choice or self.apply(RunSettings()).roads)

    # -- looking ------------------------------------------------------------------------------------

    def forget(self) -> None:
        """End all look-ups."""
        for task in self._tasks.values():
            task.forget()

    @property
    def busy(self) -> bool:
        """True while an answer is outstanding."""
        return any(task.busy for task in self._tasks.values())

    def look_again(self) -> None:
        """Ask the source again."""
        self._kind_changed()

    def set_sample(self, ids: Any) -> None:
        """Link ids of a sample of the trips (an array of `link_ids.LinkIds`), or None."""
        self.sample = ids
        self._count_matches()

    def _kind_changed(self) -> None:
        self.stack.setCurrentIndex(0 if self.kind.currentData() == POSTGIS else 1)
        if self.kind.currentData() == POSTGIS:
            self._connection_changed()
        else:
            self._layer_changed()

    def _connection_changed(self) -> None:
        if self.kind.currentData() != POSTGIS:
            return
        self._start_over()
        self._tables = []
        self._fill_tables()
        text = self._connection_text()
        if text:

            def look(_task: Task) -> object:
                from .road_probe import list_tables  # noqa: PLC0415

                return list_tables(text)

            self._tasks["tables"].submit(look)
        self._update_note()

    def _tables_found(self, tables: list[RoadTable]) -> None:
        self._tables = tables
        self._fill_tables()
        if not tables:
            self._fault = tr("This database has no table with lines that you may read.")
        self._table_changed()

    def _table_changed(self) -> None:
        if self.kind.currentData() != POSTGIS:
            return
        fault = self._fault if not self._tables else ""
        self._start_over()
        self._fault = fault
        table, text = self._chosen_table(), self._connection_text()
        if table is not None:

            def look(_task: Task) -> object:
                from .road_probe import list_fields  # noqa: PLC0415

                return list_fields(text, table)

            self._tasks["fields"].submit(look)
        self._update_note()
        self.changed.emit()

    def _layer_changed(self) -> None:
        if self.kind.currentData() != LAYER:
            return
        self._start_over()
        layer = self.layer.currentLayer()
        self._follow_system(layer)
        if layer is not None:
            from .road_probe import RoadField  # noqa: PLC0415

            keys = set(layer.primaryKeyAttributes())
            self._fields_found(
                [
                    RoadField(
                        field.name(),
                        field.type() in _WHOLE
                        or _is_text(field)
                        or (field.isNumeric() and field.precision() == 0),
                        _is_text(field),
                        at in keys,
                    )
                    for at, field in enumerate(layer.fields())
                ]
            )
        self._update_note()
        self.changed.emit()

    def _follow_system(self, layer: Optional[QgsVectorLayer]) -> None:
        """Look up the layer again when its reference system is set while the dialog is open."""
        if layer is self._followed:
            return
        if self._followed is not None and not sip.isdeleted(self._followed):
            self._followed.crsChanged.disconnect(self._layer_changed)
        self._followed = layer
        if layer is not None:
            layer.crsChanged.connect(self._layer_changed)

    def _start_over(self) -> None:
        self._tasks["fields"].forget()
        self._tasks["match"].forget()
        self._fault, self._login = "", False
        self.match = None
        self.fields = []
        self._fill_fields()

    def _fields_found(self, fields: list[RoadField]) -> None:
        self.fields = fields
        self._fill_fields()
        self._count_matches()
        self.changed.emit()

    def _id_changed(self) -> None:
        self._count_matches()
        self.changed.emit()

    def _count_matches(self) -> None:
        self._tasks["match"].forget()
        self.match = None
        id_field, sample = self.id_field.currentData(), self.sample
        if not id_field or not self.fields:
            self._update_note()
            return
        if sample is None:
            import numpy as np  # noqa: PLC0415

            sample = np.empty(0, dtype=np.int64)
        from .road_probe import match_in_layer, match_in_table  # noqa: PLC0415

        table, layer = self._chosen_table(), self.layer.currentLayer()
        if self.kind.currentData() == POSTGIS and table is not None:
            look = match_in_table(self._connection_text(), table, id_field, sample, self.rule)
        else:
            look = match_in_layer(
                QgsVectorLayerFeatureSource(layer), layer.name(), layer.fields().lookupField(id_field),
                sample, self.rule,
            )  # fmt: skip
        self._tasks["match"].submit(look)
        self._update_note()

    def _matched(self, match: Match) -> None:
        self.match = match
        self._update_note()

    def _refused(self, error: Exception) -> None:
        self._fault = error.message if isinstance(error, RunError) else str(error)
        self._login = isinstance(error, LoginRefused)
        self._update_note()

    def _note_clicked(self, name: str) -> None:
        if name in (_LOGIN, _NO_RULE):
            self._enter_login() if name == _LOGIN else self._use_rule(None)
        elif id_rule(name) is not None:
            self._use_rule(id_rule(name))

    def _use_rule(self, rule: Optional[IdRule]) -> None:
        """Bring ids of trips and roads together by a rule, or by none."""
        if rule is not self.rule:
            self.rule = rule
            self._count_matches()
            self.changed.emit()

    def _enter_login(self) -> None:
        if ask_login(self.connection.currentConnection(), self._fault):
            self._connection_changed()

    def _update_note(self) -> None:
        match = self.match
        if self.problem():
            busy = self._tasks["tables"].busy or self._tasks["fields"].busy
            if self._login and self._fault:
                self.note.show_warning(self._fault, tr("Enter user and password…"), _LOGIN)
                self.updated.emit()
                return
            (self.note.show_text if busy else self.note.show_warning)(self.problem())
        elif match is None:
            searching = self._tasks["match"].busy
            self.note.show_text(tr("Looking for the links of the trips…") if searching else "")
        else:
            self._show_match(match)
        self.updated.emit()

    def _show_match(self, match: Match) -> None:
        from .road_probe import GOOD_MATCH  # noqa: PLC0415

        text = tr("links") if match.links is None else counted(match.links, tr("link"), tr("links"))
        if match.asked and match.matched is not None:
            text = tr("{links}, {share} of the sample's ids match").format(
                links=text, share=share(match.rate)
            )
        if self.rule is not None:
            text += " " + tr("by a rule ({rule})").format(rule=tr(self.rule.label))
        without = (tr("Do not use it"), _NO_RULE) if self.rule is not None else ("", "")
        if match.rate >= GOOD_MATCH:
            self.note.show_text(text, *without)
            return
        if match.of_trips and match.of_roads:
            text += ": " + tr("trips {trips}; roads {roads}").format(
                trips=_listed(match.of_trips), roads=_listed(match.of_roads)
            )
        if match.rule is not None:
            use = tr("Use “{rule}”").format(rule=tr(match.rule.label))
            self.note.show_warning(f"{text}.", use, match.rule.key)
        else:
            advice = tr("{found}. Check the id field and the version of the roads.").format(found=text)
            self.note.show_warning(advice, *without)


def _listed(links: tuple[LinkId, ...]) -> str:
    return ", ".join(shown(link) if isinstance(link, str) else str(link) for link in links)


def _is_text(field: QgsField) -> bool:
    return field.type() == QMetaType.Type.QString
