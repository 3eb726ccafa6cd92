"""Outputs of a call, checked before the work: nothing is refused late, and no input is destroyed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
    QgsProject,
    QgsProperty,
    QgsProviderRegistry,
    QgsVariantUtils,
    QgsVectorLayer,
    QgsVirtualLayerDefinition,
)
from qgis.PyQt.QtCore import QUrl

from ..mapping.foreign_style import bare_layer

if TYPE_CHECKING:
    from ..mapping.file_kinds import FileKind

_LAYERS = (QgsProcessingParameterVectorLayer, QgsProcessingParameterMapLayer)
_TEXTS = (QgsProcessingParameterFile, QgsProcessingParameterString)
_DEPTH = 5
"""Layers of layers that are looked into."""


class Destination:
    """The destination of an output, and the inputs that are read meanwhile. For the main thread."""

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        name: str,
    ) -> None:
        self.path = _path(parameters.get(name), context)
        """The file or folder; None for a temporary one, which QGIS chooses, and where none is wanted."""
        self.inputs = files_read(algorithm, parameters, context) if self.path else {}

    def check(self, kinds: Sequence[FileKind]) -> None:
        """Raise `RunError` where no file of one of the kinds can be written there, or none may be."""
        from ..mapping.output_file import check_output  # noqa: PLC0415

        if self.path is not None:
            check_output(self.path, kinds, self.inputs)


def check_map(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext, name: str
) -> None:
    """Raise `RunError` where a map cannot be written to the output `name`; for the main thread."""
    from ..mapping.file_kinds import MAP  # noqa: PLC0415

    Destination(algorithm, parameters, context, name).check((MAP,))


def _path(value: Any, context: QgsProcessingContext) -> Optional[Path]:
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        value = value.sink
    if isinstance(value, QgsProperty):
        value, _ = value.valueAsString(context.expressionContext(), "")
    if QgsVariantUtils.isNull(value) or not str(value).strip() or value == QgsProcessing.TEMPORARY_OUTPUT:
        return None
    return Path(str(value).split("|layername=", maxsplit=1)[0])


def files_read(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> dict[Path, str]:
    """Return the files that a call's parameters name, each with its parameter's label."""
    found: dict[Path, str] = {}
    for definition in algorithm.parameterDefinitions():
        if definition.isDestination():
            continue
        for path in _files_of(algorithm, definition, parameters, context):
            with suppress(OSError, ValueError):  # a text that is no path
                if path.is_file():
                    found.setdefault(path, definition.description())
    return found


def _files_of(
    algorithm: QgsProcessingAlgorithm,
    definition: QgsProcessingParameterDefinition,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
) -> Iterator[Path]:
    if isinstance(definition, QgsProcessingParameterMultipleLayers):
        for layer in algorithm.parameterAsLayerList(parameters, definition.name(), context):
            yield from layer_files(layer)
    elif isinstance(definition, _LAYERS):
        layer = algorithm.parameterAsLayer(parameters, definition.name(), context)
        if layer is not None:
            yield from layer_files(layer)
    elif isinstance(definition, _TEXTS):
        text = str(algorithm.parameterAsString(parameters, definition.name(), context) or "").strip()
        if text and not text.startswith("{"):
            yield Path(text).expanduser()


def layer_files(layer: QgsMapLayer, depth: int = _DEPTH) -> Iterator[Path]:
    """The files that a layer is read from, those of joined and virtual layers too."""
    path = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source()).get("path")
    if path:
        yield Path(path)
    if isinstance(layer, QgsVectorLayer) and depth:
        others = [join.joinLayer() for join in layer.vectorJoins()]
        if layer.providerType() == "virtual":
            definition = QgsVirtualLayerDefinition.fromUrl(QUrl.fromEncoded(layer.source().encode()))
            for each in definition.sourceLayers():
                if each.isReferenced():
                    others.append(QgsProject.instance().mapLayer(each.reference()))
                else:
                    others.append(bare_layer(each.source(), each.name(), each.provider()))
        for other in filter(None, others):
            yield from layer_files(other, depth - 1)
