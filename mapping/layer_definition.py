"""Definitions of layers: a document from which another process opens them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Callable

from qgis.core import (
    QgsFeatureRequest,
    QgsFeatureSink,
    QgsLayerDefinition,
    QgsMapLayer,
    QgsProject,
    QgsReadWriteContext,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from .errors import MapError
from .language import tr

_OWN_COLUMNS = ["FID=roadpulse_fid", "GEOMETRY_NAME=roadpulse_shape"]
"""Names of the file's own columns, which no field of a layer has."""


WriteFiles = Callable[[], None]
"""Writes the files that a definition names, in any thread; raises `MapError`."""


def layer_definition(layers: Sequence[QgsMapLayer], folder: Path) -> tuple[QDomDocument, WriteFiles]:
    """Return the definition of layers, with their ids and styles, and what writes the files that it needs.

    Layers that exist in this process alone, since they lie in its memory or ask other layers of it, are
    written to `folder`, and the definition names those files.
    """
    document = QgsLayerDefinition.exportLayerDefinitionLayers(layers, QgsReadWriteContext())
    copies = []
    for number, layer in enumerate(layers):
        if layer.providerType() in ("memory", "virtual") and layer.isValid():
            file = folder / f"layer-{number}.gpkg"
            copies.append(_Copy(layer, file))
            _refer(document.documentElement(), layer.id(), str(file))

    def write_files() -> None:
        for copy in copies:
            copy.write()

    return document, write_files


class _Copy:
    """A layer as it is, to be written to a GeoPackage; made in the thread of the layer, written in any."""

    def __init__(self, layer: QgsVectorLayer, path: Path) -> None:
        self._path, self._name = path, layer.name()
        self._features = QgsVectorLayerFeatureSource(layer)
        self._fields, self._shape, self._crs = layer.fields(), layer.wkbType(), layer.crs()
        self._transforms = QgsProject.instance().transformContext()

    def write(self) -> None:
        """Write the file; raises `MapError`."""
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName, options.fileEncoding = "GPKG", "UTF-8"
        options.layerOptions = _OWN_COLUMNS
        writer = QgsVectorFileWriter.create(
            str(self._path), self._fields, self._shape, self._crs, self._transforms, options
        )
        for feature in self._features.getFeatures(QgsFeatureRequest()):
            if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
                break
            writer.addFeature(feature, QgsFeatureSink.Flag.FastInsert)
        writer.flushBuffer()
        why = writer.errorMessage() if writer.hasError() != QgsVectorFileWriter.WriterError.NoError else ""
        del writer  # closes the file
        if why:
            text = tr("The layer “{name}” cannot be written for the process that draws it: {why}")
            raise MapError(text.format(name=self._name, why=why), why)


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
