"""Road geometry out of any line layer."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFeedback,
    QgsVariantUtils,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..aggregation.errors import Cancelled
from ..cluster_client.link_geometry import LinkGeometry
from .errors import MapError

_LARGEST = 2**63 - 1


def links_of_layer(
    layer: QgsVectorLayer,
    id_field: str,
    ids: NDArray[Any],
    feedback: Optional[QgsFeedback] = None,
    name_field: str = "",
    class_field: str = "",
) -> LinkGeometry:
    """Geometry of those of `ids` (int64, any order) that `layer` has, in the order of the ids.

    The layer may hold ids as text, whole or floating numbers; what is no link id matches nothing. Of
    several features with one id the first that has a shape counts. Raises `MapError` where the layer
    has no lines or no such field, `Cancelled` where `feedback` is.
    """
    if layer.geometryType() != QgsWkbTypes.GeometryType.LineGeometry:
        raise MapError(f"The layer {layer.name()} has no lines. Choose a layer of roads.")
    fields = layer.fields()
    columns = {}
    for what, name in (("link ids", id_field), ("street names", name_field), ("road classes", class_field)):
        index = fields.lookupField(name) if name else -1
        if name and index < 0:
            raise MapError(
                f"The layer {layer.name()} has no field {name} for the {what}; "
                f"it has {', '.join(fields.names()) or 'none'}. Choose one of them."
            )
        columns[what] = index
    wanted = set(np.asarray(ids, dtype=np.int64).tolist())
    request = QgsFeatureRequest().setSubsetOfAttributes([index for index in columns.values() if index >= 0])
    if feedback is not None:
        request.setFeedback(feedback)
    found: dict[int, tuple[bytes, Optional[str], Optional[str]]] = {}
    without: set[int] = set()
    duplicates = 0
    total = max(layer.featureCount(), 1)
    for i, feature in enumerate(layer.getFeatures(request)):
        if feedback is not None and i % 1000 == 0:
            if feedback.isCanceled():
                raise Cancelled
            feedback.setProgress(min(100.0, 100.0 * i / total))
        link = link_id(feature.attribute(columns["link ids"]))
        if link is None or link not in wanted:
            continue
        if link in found:
            duplicates += 1
            continue
        if link in without:
            duplicates += 1
        geometry = feature.geometry()
        if geometry.isNull() or geometry.isEmpty():
            without.add(link)
            continue
        found[link] = (
            bytes(geometry.asWkb()),
            _text(feature, columns["street names"]),
            _text(feature, columns["road classes"]),
        )
    if feedback is not None and feedback.isCanceled():
        raise Cancelled
    order = sorted(found)
    return LinkGeometry(
        ids=np.array(order, dtype=np.int64),
        wkb=_objects([found[link][0] for link in order]),
        srid_wkt_or_auth=_name_of(layer.crs()),
        names=_objects([found[link][1] for link in order]) if name_field else None,
        classes=_objects([found[link][2] for link in order]) if class_field else None,
        duplicates=duplicates,
        missing_geometry=len(without - set(found)),
    )


def link_id(value: Any) -> Optional[int]:
    """A link id as whole number, whether it came as text, integer or floating number; None if it is none."""
    if value is None or QgsVariantUtils.isNull(value) or isinstance(value, bool):
        return None
    if isinstance(value, float):
        # Beyond 2^53 a floating number no longer says which whole number was meant.
        return int(value) if value.is_integer() and 0 <= value <= 2**53 else None
    try:
        number = int(value.strip() if isinstance(value, str) else value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= _LARGEST else None


def _text(feature: Any, index: int) -> Optional[str]:
    if index < 0:
        return None
    value = feature.attribute(index)
    return None if QgsVariantUtils.isNull(value) or value == "" else str(value)


def _objects(values: list[Any]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _name_of(crs: QgsCoordinateReferenceSystem) -> str:
    return str(crs.authid() or crs.toWkt())
