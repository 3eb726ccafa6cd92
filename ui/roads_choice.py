"""From a remembered choice of roads to what a run reads them from. Main thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from qgis.core import QgsDataSourceUri, QgsProject, QgsProviderRegistry, QgsVectorLayer

from ..aggregation.errors import RunError
from .settings import LAYER, RoadsChoice
from .words import tr

if TYPE_CHECKING:
    from ..algorithms.roads import Roads


def stored_uri(connection: str) -> Optional[QgsDataSourceUri]:
    """The address of a PostGIS connection that QGIS knows."""
    known = QgsProviderRegistry.instance().providerMetadata("postgres").connections(False)
    return QgsDataSourceUri(known[connection].uri()) if connection in known else None


def roads_of(choice: RoadsChoice) -> Roads:
    """The roads of a choice; raises `RunError` for what is not there any more."""
    from ..algorithms.roads import postgis_roads, roads_of_layer  # noqa: PLC0415

    fields = (choice.id_field, choice.name_field, choice.class_field)
    if choice.kind == LAYER:
        layer = QgsProject.instance().mapLayer(choice.layer)
        if not isinstance(layer, QgsVectorLayer):
            raise RunError(
                tr("The layer of the roads is not in this project. Add it, or choose another one.")
            )
        return roads_of_layer(layer, *fields)
    uri = stored_uri(choice.connection)
    if uri is None:
        raise RunError(
            tr(
                "QGIS has no PostGIS connection “{name}”. Add it in the Browser, or choose another one."
            ).format(name=choice.connection)
        )
    uri.setDataSource(choice.schema, choice.table, choice.geometry)
    return postgis_roads(uri, *fields)
