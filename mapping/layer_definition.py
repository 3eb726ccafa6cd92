"""Definitions of layers: a document from which another process opens them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.core import (
    QgsLayerDefinition,
    QgsMapLayer,
    QgsProject,
    QgsReadWriteContext,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from .errors import MapError
from .language import tr

_OWN_COLUMNS = ["FID=roadpulse_fid", "GEOMETRY_NAME=roadpulse_shape"]
"""Names of the file's own columns, which no field of a layer has."""


def layer_definition(layers: Sequence[QgsMapLayer], folder: Path) -> QDomDocument:
    """Return the definition of layers, with their ids and styles; raises `MapError`.

    Layers that exist in this process alone, since they lie in its memory or ask other layers of it, are
    written to `folder`, and the definition names those files.
    """
    document = QgsLayerDefinition.exportLayerDefinitionLayers(layers, QgsReadWriteContext())
    for number, layer in enumerate(layers):
        if layer.providerType() in ("memory", "virtual") and layer.isValid():
            file = folder / f"layer-{number}.gpkg"
            _write_layer(layer, file)
            _refer(document.documentElement(), layer.id(), str(file))
    return document


def _write_layer(layer: QgsVectorLayer, path: Path) -> None:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.fileEncoding = "GPKG", "UTF-8"
    options.layerOptions = _OWN_COLUMNS
    context = QgsProject.instance().transformContext()
    code, why, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), context, options)
    if code != QgsVectorFileWriter.WriterError.NoError:
        text = tr("The layer “{name}” cannot be written for the process that draws it: {why}")
        raise MapError(text.format(name=layer.name(), why=why), why)


def _refer(root: QDomElement, layer: str, source: str) -> None:
    """Let the definition of a layer name a file of OGR in the place of this process's memory."""
    found = root.elementsByTagName("maplayer")
    for at in range(found.count()):
        element = found.at(at).toElement()
        if element.firstChildElement("id").text() == layer:
            for name, text in (("datasource", source), ("provider", "ogr")):
                old = element.firstChildElement(name)
                new = root.ownerDocument().createElement(name)
                new.appendChild(root.ownerDocument().createTextNode(text))
                element.replaceChild(new, old)
