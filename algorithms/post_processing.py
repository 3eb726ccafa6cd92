"""The map's layer on its way into the project: the right table, a name, its style and its time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    QgsFeatureRequest,
    QgsGraduatedSymbolRenderer,
    QgsLineSymbol,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRendererRange,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ..aggregation.contract.errors import RunError
from ..aggregation.contract.visible_text import visible
from ..mapping.language import number_text, tr

if TYPE_CHECKING:
    from ..mapping.style.options import StyleOptions

LINKS_SUFFIX = "|layername=links"

LAST_RANK = 10**9
RANKS = (
    (1, 5, "#7a0177", 2.2),
    (6, 20, "#c51b8a", 1.5),
    (21, LAST_RANK, "#f768a1", 0.9),
)
"""First and last rank, colour and width (mm) of the classes of bottlenecks."""

_alive: dict[str, QgsProcessingLayerPostProcessorInterface] = {}
"""QGIS does not keep Python's part of a post-processor alive; this does, until it was called."""


class ShowMap(QgsProcessingLayerPostProcessorInterface):
    """Makes sure that the loaded layer is styled and that the project knows its day."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called by QGIS in the main thread, before the layer enters the project."""
        _alive.pop(self._source, None)
        if not isinstance(layer, QgsVectorLayer):
            return
        try:
            show(layer, context.project())
        except RunError as error:
            feedback.pushWarning(visible(error.message))


class ColourLayer(QgsProcessingLayerPostProcessorInterface):
    """Gives a loaded layer of roads or areas one colour, in the place of a random one."""

    def __init__(self, source: str, colour: str) -> None:
        super().__init__()
        self._source, self._colour = source, QColor(colour)

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called by QGIS in the main thread, before the layer enters the project."""
        _alive.pop(self._source, None)
        renderer = layer.renderer() if isinstance(layer, QgsVectorLayer) else None
        if isinstance(renderer, QgsSingleSymbolRenderer):
            symbol = renderer.symbol().clone()
            symbol.setColor(self._colour)
            symbol.symbolLayer(0).setStrokeColor(self._colour)
            layer.setRenderer(QgsSingleSymbolRenderer(symbol))  # the legend follows a new renderer only
            layer.emitStyleChanged()


def colour_when_loaded(details: QgsProcessingContext.LayerDetails, source: str, colour: str) -> None:
    """Have a layer that is to be loaded drawn in a colour, such as `#dfe7ee`."""
    _alive[source] = ColourLayer(source, colour)
    details.setPostProcessor(_alive[source])


class RankLayer(QgsProcessingLayerPostProcessorInterface):
    """Draws a loaded layer of bottlenecks by rank, and gives it the rule as its abstract."""

    def __init__(self, source: str, rule: str, aliases: Mapping[str, str]) -> None:
        super().__init__()
        self._source, self._rule, self._aliases = source, rule, aliases

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Called by QGIS in the main thread, before the layer enters the project."""
        _alive.pop(self._source, None)
        if not isinstance(layer, QgsVectorLayer):
            return
        metadata = layer.metadata()
        metadata.setAbstract(self._rule)
        layer.setMetadata(metadata)
        for name, alias in self._aliases.items():
            layer.setFieldAlias(layer.fields().lookupField(name), alias)
        ranges = []
        for first, last, colour, width in RANKS:
            symbol = QgsLineSymbol.createSimple(
                {"line_color": colour, "line_width": str(width), "capstyle": "round", "joinstyle": "round"}
            )
            label = tr("Rank {first} – {last}") if last < LAST_RANK else tr("Rank {first} and after")
            text = label.format(first=number_text(first), last=number_text(last))
            ranges.append(QgsRendererRange(first - 0.5, last + 0.5, symbol, text))
        renderer = QgsGraduatedSymbolRenderer("rank", ranges)
        renderer.setOrderBy(QgsFeatureRequest.OrderBy([QgsFeatureRequest.OrderByClause("rank", False)]))
        renderer.setOrderByEnabled(True)  # the first lie on top
        layer.setRenderer(renderer)
        layer.emitStyleChanged()


def rank_when_loaded(
    details: QgsProcessingContext.LayerDetails, source: str, rule: str, aliases: Mapping[str, str]
) -> None:
    """Have a layer of bottlenecks that is to be loaded drawn by rank, with its rule and names of columns."""
    _alive[source] = RankLayer(source, rule, aliases)
    details.setPostProcessor(_alive[source])


def show(
    layer: QgsVectorLayer, project: Optional[QgsProject], changes: Optional[Mapping[str, Any]] = None
) -> StyleOptions:
    """Style a layer of a map file, and set the project's temporal range; for the main thread.

    `changes` go over what the file says. A project that has nothing else takes the theme's ground too. Raises
    `MapError`.
    """
    from ..mapping.style.options import StyleOptions  # noqa: PLC0415  (GDAL and the like, only when used)
    from ..mapping.style.symbology import style_layer, style_project  # noqa: PLC0415
    from ..mapping.style.temporal import set_project_time  # noqa: PLC0415

    options = style_layer(layer, StyleOptions.from_run_table(layer, **dict(changes or {})))
    if project is not None:
        if set(project.mapLayers()) <= {layer.id()}:
            style_project(project, options)
        elif changes is None or project.timeSettings().temporalRange().isInfinite():
            set_project_time(project, options.timeline)
    return options


def map_path(destination: str) -> Path:
    """The file to write of a destination such as `/tmp/map.gpkg` or one with `|layername=` behind it."""
    path = Path(destination.split("|", maxsplit=1)[0])
    if path.suffix.lower() != ".gpkg":
        raise QgsProcessingException(
            visible(tr("The map is a GeoPackage, so its name ends in .gpkg: {path}").format(path=path))
        )
    return path


def load_map(context: QgsProcessingContext, destination: str, path: Path, name: str) -> str:
    """Have the table `links` of `path` loaded in place of `destination`, if that is to be; its source."""
    source = f"{path}{LINKS_SUFFIX}"
    waiting = context.layersToLoadOnCompletion()
    details = waiting.pop(destination, None)
    if details is not None:
        details.name = name
        details.forceName = True
        _alive[source] = ShowMap(source)
        details.setPostProcessor(_alive[source])
        context.setLayersToLoadOnCompletion({**waiting, source: details})
    return source
