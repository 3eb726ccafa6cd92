"""Layers with a style that may be foreign: opened without it, or relieved of its active parts."""

from __future__ import annotations

from qgis.core import QgsEditFormConfig, QgsMapLayerStyle, QgsMemoryProviderUtils, QgsVectorLayer

from .style_check import active_parts

KEPT_STYLE = "Before Roadpulse"
"""Name of the style that a layer had, among the styles that QGIS keeps of it in the project."""

_OURS = "roadpulse/"
"""Beginning of the custom properties that Roadpulse sets."""


def bare_layer(source: str, name: str, provider: str = "ogr") -> QgsVectorLayer:
    """Open a layer without the style that its file or database brings, which may hold code of others."""
    options = QgsVectorLayer.LayerOptions(loadDefaultStyle=False)
    return QgsVectorLayer(source, name, provider, options)


def disarm(layer: QgsVectorLayer) -> list[str]:
    """Remove a style with active parts from a layer; return these parts, as clauses.

    QGIS gives a layer the style of its file, so an action, a map tip, the code of a form or an expression may
    come from the author of the file and not from the person who opened it. The two cannot be distinguished. A
    style without such parts stays whole: virtual fields, default values, forms and conditional formats of the
    person's are kept, and only what Roadpulse sets is replaced. One with such parts is replaced as a whole by
    an empty style, since parts may refer to each other, and kept in the project under the name `KEPT_STYLE`,
    where it does nothing until the person chooses it. Joins and the auxiliary storage come with projects, not
    with styles, and are left alone.
    """
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    found = active_parts(style.xmlData())
    if not found:
        return []
    manager = layer.styleManager()
    name, number = KEPT_STYLE, 1
    while name in manager.styles():
        number += 1
        name = f"{KEPT_STYLE} {number}"
    manager.addStyle(name, style)
    properties = {key: layer.customProperty(key) for key in layer.customPropertyKeys()}
    like = QgsMemoryProviderUtils.createMemoryLayer(
        layer.name(), layer.dataProvider().fields(), layer.wkbType(), layer.crs()
    )
    empty = QgsMapLayerStyle()
    empty.readFromLayer(like)
    layer.setEditFormConfig(QgsEditFormConfig())  # of which an empty style leaves the pages and the file
    empty.writeToLayer(layer)
    for key, value in properties.items():
        if key.startswith(_OURS):
            layer.setCustomProperty(key, value)
    return found
