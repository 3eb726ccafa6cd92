"""Where the shapes of the links come from: any vector layer, or a PostGIS table, asked directly.

`Roads` are made in the main thread, where layers and stored credentials may be touched, and read in any.
A layer of a plain PostGIS table is read by key at the server, which a layer cannot do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional, Protocol

import numpy as np
from qgis.core import Qgis, QgsDataSourceUri, QgsFields, QgsVectorLayer, QgsVectorLayerFeatureSource

from ..cluster_client.link_geometry import LinkGeometry
from ..mapping.errors import MapError

ID_FIELDS = ("link_id", "linkid", "link", "edge_id", "segment_id", "way_id", "osm_id", "id")
NAME_FIELDS = ("name", "street", "street_name", "streetname", "road_name", "roadname", "label")
CLASS_FIELDS = ("highway", "fclass", "road_class", "roadclass", "class", "road_type", "type")
"""Names that fields of roads usually have, the likeliest first."""

Progress = Callable[[float], None]
"""Told the share that is done, per cent."""
Cancelled = Callable[[], bool]
"""Asked whether to stop."""


class Roads(Protocol):
    """A source of link geometry."""

    def read(self, ids: np.ndarray, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """The geometry of the links `ids` (int64); raises `LinksError`, `MapError` or `Cancelled`."""


@dataclass(frozen=True)
class LayerRoads:
    """Roads of a layer, through a snapshot of it that any thread may read."""

    source: QgsVectorLayerFeatureSource
    fields: QgsFields
    crs: str
    id_field: str
    name_field: str = ""
    class_field: str = ""

    def read(self, ids: np.ndarray, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """The geometry of the links `ids`."""
        raise NotImplementedError


@dataclass(frozen=True)
class PostgisRoads:
    """Roads of one table or view; `connection` is libpq's text, credentials included, and never shown."""

    connection: str
    schema: str
    table: str
    geometry: str
    id_field: str
    name_field: str = ""
    class_field: str = ""

    def __repr__(self) -> str:
        return f"PostgisRoads({self.schema}.{self.table})"

    def read(self, ids: np.ndarray, progress: Progress, cancelled: Cancelled) -> LinkGeometry:
        """The geometry of the links `ids`."""
        raise NotImplementedError


def roads_of_layer(
    layer: QgsVectorLayer, id_field: str, name_field: str = "", class_field: str = ""
) -> Roads:
    """The roads of a layer, with its filter and edits; for the main thread. Raises `MapError`."""
    check_fields(layer.fields(), id_field, name_field, class_field)
    uri = QgsDataSourceUri(layer.source()) if layer.providerType() == "postgres" else None
    if uri is not None and is_plain_table(layer, uri, (id_field, name_field, class_field)):
        return postgis_roads(uri, id_field, name_field, class_field)
    return LayerRoads(
        QgsVectorLayerFeatureSource(layer), layer.fields(), layer.crs().authid() or layer.crs().toWkt(),
        id_field, name_field, class_field,
    )  # fmt: skip


def postgis_roads(
    uri: QgsDataSourceUri, id_field: str, name_field: str = "", class_field: str = ""
) -> PostgisRoads:
    """The roads of the table that `uri` names; for the main thread, where QGIS gives out credentials."""
    return PostgisRoads(
        uri.connectionInfo(True),  # True: an authcfg becomes user and password
        uri.schema(), uri.table(), uri.geometryColumn(), id_field, name_field, class_field,
    )  # fmt: skip


def is_plain_table(layer: QgsVectorLayer, uri: QgsDataSourceUri, names: Sequence[str]) -> bool:
    """Whether the server's table says all that the layer does: no query, filter, edits or joined fields."""
    fields = layer.fields()
    from_server = all(
        fields.fieldOrigin(fields.lookupField(name)) == Qgis.FieldOrigin.Provider
        for name in names if name
    )  # fmt: skip
    return bool(
        uri.table()
        and uri.geometryColumn()
        and not uri.table().lstrip().startswith("(")
        and not layer.subsetString()
        and not uri.sql()
        and not (layer.isEditable() and layer.isModified())
        and from_server
    )


def check_fields(fields: QgsFields, *names: str) -> None:
    """Raise `MapError` for a field that is not there; empty names pass, except the first."""
    for place, name in enumerate(names):
        if (name or place == 0) and fields.lookupField(name) < 0:
            known = ", ".join(field.name() for field in fields)
            raise MapError(f"The roads have no field {name!r}. Choose one of {known}.")


def guess_field(fields: QgsFields, usual: Sequence[str]) -> str:
    """The first of the usual names that the fields have, in the fields' own spelling; else empty."""
    known = {field.name().lower(): field.name() for field in fields}
    return next((known[name] for name in usual if name in known), "")


def find_field(fields: QgsFields, wish: Optional[str], usual: Sequence[str]) -> str:
    """The field that was asked for, else the one with a usual name, else empty."""
    return wish or guess_field(fields, usual)
