"""Shapes of the links, from any vector layer, or from a PostGIS table at its server.

`Roads` are made in the main thread, where layers and stored credentials may be touched, and read in any. A
layer of a plain PostGIS table is read by key at the server, which a layer cannot do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Callable, Optional, Protocol

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsFeatureIterator,
    QgsFeatureRequest,
    QgsFeedback,
    QgsFields,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ..mapping.errors import MapError
from .id_rules import IdRule

if TYPE_CHECKING:
    from ..aggregation.contract.link_ids import LinkId
    from ..cluster_client.postgis.link_geometry import LinkGeometry
    from ..cluster_client.postgis.link_ids import LinkIds
    from ..cluster_client.postgis.link_table import LinkTable

ID_FIELDS = ("link_id", "linkid", "link", "edge_id", "segment_id", "way_id", "osm_id", "id")
NAME_FIELDS = ("name", "street", "street_name", "streetname", "road_name", "roadname", "label")
CLASS_FIELDS = ("highway", "fclass", "road_class", "roadclass", "class", "road_type", "type")
"""Names that fields of roads usually have, the likeliest first."""

Progress = Callable[[float], None]
"""Called with the share that is done, per cent."""
Cancelled = Callable[[], bool]
"""Asked whether to stop."""


def _ignore(_percent: float) -> None:
    """Ignore progress."""


class Roads(Protocol):
    """A source of link geometry."""

    def check(self, cancelled: Cancelled) -> None:
        """Raise the errors of `read` that can be found before the links are known."""

    def read(self, ids: LinkIds, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """Return the geometry of the links `ids`; raises `LinksError`, `MapError` or `Cancelled`."""

    def every_id(self, cancelled: Cancelled) -> set[LinkId]:
        """Return the ids of all links; raises the errors of `read`."""


class LayerSnapshot:
    """A copy of a vector layer for another thread: its features at this moment, edits included.

    `crs` is the reference system that its coordinates are in.
    """

    def __init__(self, layer: QgsVectorLayer, crs: QgsCoordinateReferenceSystem) -> None:
        self._source = QgsVectorLayerFeatureSource(layer)
        self._name, self._crs, self._fields = layer.name(), crs, QgsFields(layer.fields())
        self._kind, self._count = layer.geometryType(), layer.featureCount()

    def name(self) -> str:
        """Return the layer's name."""
        return str(self._name)

    def crs(self) -> QgsCoordinateReferenceSystem:
        """Return the reference system of the coordinates."""
        return self._crs

    def fields(self) -> QgsFields:
        """Return the layer's fields."""
        return self._fields

    def geometryType(self) -> Qgis.GeometryType:
        """Return the layer's type of geometry."""
        return self._kind

    def featureCount(self) -> int:
        """Return the layer's number of features; -1 if it is not known."""
        return int(self._count)

    def getFeatures(self, request: QgsFeatureRequest) -> QgsFeatureIterator:
        """Return the layer's features, in any thread."""
        return self._source.getFeatures(request)


class _Relay(QgsFeedback):
    """A feedback that hands progress and the question whether to stop to functions."""

    def __init__(self, progress: Progress, cancelled: Cancelled) -> None:
        super().__init__()
        self._cancelled = cancelled
        self.progressChanged.connect(progress)

    def isCanceled(self) -> bool:
        """Ask; a yes reaches QGIS's own iterators too."""
        if not super().isCanceled() and self._cancelled():
            self.cancel()
        return bool(super().isCanceled())


@dataclass(frozen=True)
class LayerRoads:
    """Roads of a layer."""

    layer: LayerSnapshot
    id_field: str
    name_field: str = ""
    class_field: str = ""
    direction_field: str = ""

    def check(self, cancelled: Cancelled) -> None:
        """Read no links."""
        import numpy as np  # noqa: PLC0415

        self.read(np.zeros(0, np.int64), _ignore, cancelled)

    def read(self, ids: LinkIds, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """Return the geometry of the links `ids`."""
        from ..mapping.writer.link_layers import links_of_layer  # noqa: PLC0415  (needs numpy)

        relay = _Relay(progress, cancelled)
        fields = (self.name_field, self.class_field, self.direction_field)
        return links_of_layer(self.layer, self.id_field, ids, relay, *fields)

    def every_id(self, cancelled: Cancelled) -> set[LinkId]:
        """Return the ids of all features."""
        from ..mapping.writer.link_layers import ids_of_layer  # noqa: PLC0415  (needs numpy)

        return ids_of_layer(self.layer, self.id_field, _Relay(_ignore, cancelled), self.direction_field)


@dataclass(frozen=True)
class PostgisRoads:
    """Roads of one table or view, asked at the server.

    `connection` is libpq's text, credentials included, and never shown. `where` is a condition as a
    layer's filter has it, `crs` the reference system (`reference_system.text_of`) of a table that declares
    none, or of any where a person chose it (`crs_chosen`).
    """

    connection: str = field(repr=False)
    schema: str
    table: str
    geometry: str
    id_field: str
    name_field: str = ""
    class_field: str = ""
    where: str = ""
    crs: str = ""
    crs_chosen: bool = False
    direction_field: str = ""

    def check(self, cancelled: Cancelled) -> None:
        """Read no links, and look at the reference systems of all."""
        import numpy as np  # noqa: PLC0415

        from ..cluster_client.postgis.links import check_systems  # noqa: PLC0415  (needs psycopg)

        self.read(np.zeros(0, np.int64), _ignore, cancelled)
        if check_systems(self.connection, self._links(), cancelled) == 0 and not self.crs:
            raise self._without_system()

    def read(self, ids: LinkIds, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """Return the geometry of the links `ids`."""
        from ..cluster_client.postgis.links import fetch_links  # noqa: PLC0415  (needs psycopg)

        table = self._links()
        links = fetch_links(
            self.connection, table, ids, lambda done, total: progress(100 * done / max(total, 1)), cancelled
        )
        if self.crs and (self.crs_chosen or not links.srid_wkt_or_auth):
            return replace(links, srid_wkt_or_auth=self.crs, definition="")
        if len(links) and not links.srid_wkt_or_auth:
            raise self._without_system()
        return links if links.definition else replace(links, definition=self.crs)

    def every_id(self, cancelled: Cancelled) -> set[LinkId]:
        """Return the ids of all rows."""
        from ..cluster_client.postgis.links import every_id  # noqa: PLC0415  (needs psycopg)

        return every_id(self.connection, self._links(), cancelled)

    def _links(self) -> LinkTable:
        from ..cluster_client.postgis.link_table import LinkTable  # noqa: PLC0415  (needs psycopg)

        return LinkTable(
            self.schema,
            self.table,
            self.id_field,
            self.geometry,
            self.name_field,
            self.class_field,
            self.where,
            self.direction_field,
        )

    def _without_system(self) -> MapError:
        from ..mapping.reference_system import HOW_TO_DECLARE, UnsuitableSystem  # noqa: PLC0415

        return UnsuitableSystem(
            f"The geometries of {self._links()} have the SRID 0, so it is not known what their coordinates "
            "are. " + HOW_TO_DECLARE
        )


@dataclass(frozen=True)
class RuledRoads:
    """Roads whose ids are those of the trips by a rule: links whose normal forms are the same."""

    roads: Roads
    rule: IdRule

    def check(self, cancelled: Cancelled) -> None:
        """Raise the errors of the roads."""
        self.roads.check(cancelled)

    def every_id(self, cancelled: Cancelled) -> set[LinkId]:
        """Return the ids of the roads as they are."""
        return self.roads.every_id(cancelled)

    def read(self, ids: LinkIds, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """Return the geometry of the links `ids`, with these ids; all roads of a link are its parts."""
        from ..mapping.writer.opposite_links import by_other_ids  # noqa: PLC0415  (needs numpy)

        roads_of: dict[LinkId, list[LinkId]] = {}
        for road in self.roads.every_id(cancelled):
            roads_of.setdefault(self.rule.normal(road), []).append(road)
        named = by_other_ids(ids, self.rule.normal, roads_of)
        return named.links_of(self.roads.read(named.roads, progress, cancelled))


def roads_of_layer(
    layer: QgsVectorLayer,
    id_field: str,
    name_field: str = "",
    class_field: str = "",
    crs: Optional[QgsCoordinateReferenceSystem] = None,
    direction_field: str = "",
) -> Roads:
    """Return the roads of a layer, with its filter and edits; for the main thread.

    `direction_field` has the direction in which a feature is its link; features without one serve both.
    `crs` is the reference system that the coordinates are in; None: as the layer says. Raises `MapError`.
    """
    from ..mapping.reference_system import text_of  # noqa: PLC0415
    from ..mapping.writer.link_layers import check_system  # noqa: PLC0415  (needs numpy)

    names = (id_field, name_field, class_field, direction_field)
    check_fields(layer.fields(), *names)
    system = layer.crs() if crs is None else crs
    check_system(layer, layer.name(), system)
    if layer.providerType() == "postgres" and not _has_own_values(layer, names):
        uri = QgsDataSourceUri(layer.dataProvider().dataSourceUri())
        if is_table(uri):
            chosen = crs is not None or layer.crs() != layer.dataProvider().crs()
            return replace(postgis_roads(uri, *names), crs=text_of(system), crs_chosen=chosen)
    return LayerRoads(LayerSnapshot(layer, system), *names)


def postgis_roads(
    uri: QgsDataSourceUri,
    id_field: str,
    name_field: str = "",
    class_field: str = "",
    direction_field: str = "",
) -> PostgisRoads:
    """Return the roads of the table that `uri` names, with its filter; for the main thread.

    There QGIS gives out the credentials that an authcfg stands for.
    """
    return PostgisRoads(
        uri.connectionInfo(True), uri.schema(), uri.table(), uri.geometryColumn(),
        id_field, name_field, class_field, uri.sql(), direction_field=direction_field,
    )  # fmt: skip


def is_table(uri: QgsDataSourceUri) -> bool:
    """Return True if a source is a table or view with a geometry, and not a query."""
    return bool(uri.table() and uri.geometryColumn() and not uri.table().lstrip().startswith("("))


def _has_own_values(layer: QgsVectorLayer, names: Sequence[str]) -> bool:
    """Return True if the layer has values that its server lacks: unsaved edits, joined or computed fields."""
    fields = layer.fields()
    origins = (fields.fieldOrigin(fields.lookupField(name)) for name in names if name)
    return layer.isModified() or any(origin != Qgis.FieldOrigin.Provider for origin in origins)


def check_fields(fields: QgsFields, *names: str) -> None:
    """Raise `MapError` for a field that is not there; empty names pass, except the first."""
    for place, name in enumerate(names):
        if (name or place == 0) and fields.lookupField(name) < 0:
            known = ", ".join(each.name() for each in fields)
            raise MapError(f"The roads have no field {name!r}. Choose one of {known}.")


def guess_field(fields: QgsFields, usual: Sequence[str]) -> str:
    """Return the first of the usual names that the fields have, in the fields' own spelling; else empty."""
    known = {each.name().lower(): each.name() for each in fields}
    return next((known[name] for name in usual if name in known), "")
