"""Read the roads of a remembered choice. Main thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from qgis.core import QgsCredentials, QgsDataSourceUri, QgsProject, QgsProviderRegistry, QgsVectorLayer

from ...aggregation.contract.errors import RunError
from ...mapping.language import tr
from ...workflow.id_rules import id_rule
from .settings import LAYER, RoadsChoice

if TYPE_CHECKING:
    from ...workflow.roads import Roads


_entered: dict[str, tuple[str, str]] = {}
"""User and password that the person entered in this session, by connection; never stored."""


def stored_uri(connection: str) -> Optional[QgsDataSourceUri]:
    """Return the address of a PostGIS connection that QGIS knows, with what the person entered for it."""
    known = QgsProviderRegistry.instance().providerMetadata("postgres").connections(False)
    if connection not in known:
        return None
    uri = QgsDataSourceUri(known[connection].uri())
    if connection in _entered:
        user, word = _entered[connection]
        uri.setUsername(user)
        uri.setPassword(word)
    return uri


def ask_login(connection: str, message: str) -> bool:
    """Open QGIS's login dialog for a connection without stored credentials; return True on OK."""
    uri = stored_uri(connection)
    if uri is None:
        return False
    realm = uri.connectionInfo(False)
    given, user, word = QgsCredentials.instance().get(realm, uri.username(), uri.password(), message)
    if given:
        _entered[connection] = (user, word)
    return bool(given)


def roads_of(choice: RoadsChoice) -> Roads:
    """Return the roads of a choice; raises `RunError` for what is not there any more."""
    from ...workflow.roads import RuledRoads  # noqa: PLC0415

    found, rule = _source(choice), id_rule(choice.id_rule)
    return RuledRoads(found, rule) if rule else found


def _source(choice: RoadsChoice) -> Roads:
    from ...workflow.roads import postgis_roads, roads_of_layer  # noqa: PLC0415

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
