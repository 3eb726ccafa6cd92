"""Road geometry out of any line layer."""

from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np
from qgis.core import (
    QgsAbstractFeatureSource,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsFeedback,
    QgsGeometry,
    QgsVariantUtils,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ...aggregation.contract.errors import Cancelled
from ...aggregation.contract.link_ids import LinkId, directed, link_id_of
from ...cluster_client.postgis.link_geometry import LinkGeometry, objects
from ...cluster_client.postgis.link_ids import LinkIds, are_texts, id_among
from ..errors import MapError
from ..reference_system import HOW_TO_DECLARE, UnsuitableSystem, is_known, refuse_misplaced, text_of

SAMPLE = 50
"""Features of a layer that are looked at before a run."""


def links_of_layer(
    layer: QgsVectorLayer,
    id_field: str,
    ids: LinkIds,
    feedback: Optional[QgsFeedback] = None,
    name_field: str = "",
    class_field: str = "",
    direction_field: str = "",
) -> LinkGeometry:
    """Geometry of those of `ids` (any order) that `layer` has, in the order of the ids and of their type.

    A feature whose direction is backward is of the opposite direction of its id (`link_ids.is_backward`).
    The layer may hold ids as text, whole or floating numbers (`link_id_of`); what is no link id matches
    nothing. The features of one id are parts of one link (`LinkGeometry.of_rows`), curves become lines.
    Raises `MapError` where the layer has no lines or no such field, `Cancelled` where `feedback` is.
    """
    if layer.geometryType() != QgsWkbTypes.GeometryType.LineGeometry:
        raise MapError(f"The layer {layer.name()} has no lines. Choose a layer of roads.")
    fields = layer.fields()
    columns = {}
    for what, name in (
        ("link ids", id_field), ("street names", name_field), ("road classes", class_field),
        ("directions", direction_field),
    ):  # fmt: skip
        index = fields.lookupField(name) if name else -1
        if name and index < 0:
            raise MapError(
                f"The layer {layer.name()} has no field {name} for the {what}; "
                f"it has {', '.join(fields.names()) or 'none'}. Choose one of them."
            )
        columns[what] = index
    wanted, texts = set(ids.tolist()), are_texts(ids)
    request = QgsFeatureRequest().setSubsetOfAttributes([index for index in columns.values() if index >= 0])
    if feedback is not None:
        request.setFeedback(feedback)
    rows: list[LinkId] = []
    shapes: list[Optional[bytes]] = []
    names: list[Optional[str]] = []
    classes: list[Optional[str]] = []
    total = max(layer.featureCount(), 1)
    for i, feature in enumerate(layer.getFeatures(request) if wanted else ()):
        if feedback is not None and i % 1000 == 0:
            if feedback.isCanceled():
                raise Cancelled
            feedback.setProgress(min(100.0, 100.0 * i / total))
        direction = feature.attribute(columns["directions"]) if direction_field else None
        link = id_among(feature.attribute(columns["link ids"]), texts, direction)
        if link is None or link not in wanted:
            continue
        geometry = feature.geometry()
        rows.append(link)
        shapes.append(None if geometry.isNull() or geometry.isEmpty() else _line_wkb(geometry))
        if name_field:
            names.append(_text(feature, columns["street names"]))
        if class_field:
            classes.append(_text(feature, columns["road classes"]))
    if feedback is not None and feedback.isCanceled():
        raise Cancelled
    return LinkGeometry.of_rows(
        objects(rows) if texts else np.array(rows, dtype=np.int64), objects(shapes),
        objects(names) if name_field else None, objects(classes) if class_field else None,
        text_of(layer.crs()),
    )  # fmt: skip


def ids_of_layer(
    layer: QgsVectorLayer, id_field: str, feedback: QgsFeedback, direction_field: str = ""
) -> set[LinkId]:
    """Return the ids of all features of a layer, by the rules of `links_of_layer`; raises `Cancelled`."""
    fields = layer.fields()
    at, direction = fields.lookupField(id_field), fields.lookupField(direction_field)
    request = QgsFeatureRequest().setSubsetOfAttributes([index for index in (at, direction) if index >= 0])
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setFeedback(feedback)
    found: set[LinkId] = set()
    for number, feature in enumerate(layer.getFeatures(request)):
        if number % 1000 == 0 and feedback.isCanceled():
            raise Cancelled
        way = feature.attribute(direction) if direction >= 0 else None
        link, _ = link_id_of(feature.attribute(at))
        if link is not None:
            found.add(directed(link, way))
    return found


def check_system(
    layer: Union[QgsVectorLayer, QgsAbstractFeatureSource], name: str, crs: QgsCoordinateReferenceSystem
) -> None:
    """Raise `UnsuitableSystem` where `crs` is not known, or the first features of a layer cannot be in it.

    `name` is what messages call the layer.
    """
    request = QgsFeatureRequest().setNoAttributes().setLimit(SAMPLE)
    shapes = [feature.geometry() for feature in layer.getFeatures(request) if feature.hasGeometry()]
    boxes = [shape.boundingBox() for shape in shapes if not shape.isEmpty()]
    roads = f"The roads {name!r}"
    if not is_known(crs):
        first = (
            f" (the first ones are {boxes[0].xMinimum():,.7g}, {boxes[0].yMinimum():,.7g})" if boxes else ""
        )
        raise UnsuitableSystem(
            f"{roads} do not say in which reference system their coordinates are{first}. {HOW_TO_DECLARE}"
        )
    limits = [(box.xMinimum(), box.xMaximum(), box.yMinimum(), box.yMaximum()) for box in boxes]
    refuse_misplaced(np.array(limits, dtype=float).reshape(-1, 4), crs, roads)


def _line_wkb(geometry: QgsGeometry) -> bytes:
    """Return a line as ISO WKB; curves become lines of points."""
    if QgsWkbTypes.isCurvedType(geometry.wkbType()):
        geometry = QgsGeometry(geometry.constGet().segmentize())
    return bytes(geometry.asWkb())


def _text(feature: Any, index: int) -> Optional[str]:
    value = feature.attribute(index)
    return None if QgsVariantUtils.isNull(value) or value == "" else str(value)
