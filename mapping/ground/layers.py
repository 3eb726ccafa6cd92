"""The ground of a map: layers under the speeds on a page or a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Callable, Optional

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QPainter

from ..errors import MapError, UnknownLayer
from ..language import tr
from ..map_file import MapFile
from ..readings import Readings
from .attribution import attribution_of
from .built_up import built_up_layer, built_up_text
from .meaning import BUILT_UP, ROADS, VALUES, Meaning, meaning_of
from .quiet import quiet_renderer, renderer_by_values
from .reachable import why_not_drawn

NONE, BY_ROADS, PROJECT, BASE_MAPS = "none", "roads", "project", "basemaps"
KINDS = (NONE, BY_ROADS, PROJECT, BASE_MAPS)
"""Plain paper; built-up areas by the roads; the quiet layers of a project; its base maps."""


@dataclass(frozen=True)
class GroundChoice:
    """The ground that a person asks for.

    `kind` is one of `KINDS`. `project` is the person's, which stays as it is. `chosen` are layers to be
    drawn in any case, in place of those that would be recognised. `away` fills with the layers, by id, that
    cannot be drawn, so that many pages ask a server once; where `asks_servers` is False none is asked, and
    none waited for, and a base map whose server is away stays empty.
    """

    kind: str = NONE
    project: Optional[QgsProject] = None
    chosen: tuple[QgsMapLayer, ...] = ()
    asks_servers: bool = True
    away: dict[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise MapError(
                tr("There is no ground {kind!r}. Choose one of {kinds}.").format(
                    kind=self.kind, kinds=", ".join(KINDS)
                )
            )


@dataclass(frozen=True)
class Ground:
    """Layers to be drawn under the speeds, from the top, their attributions, and layers left out with why."""

    layers: tuple[QgsMapLayer, ...] = ()
    attributions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    without_attribution: tuple[str, ...] = ()

    def sources(self, others: str) -> str:
        """Return the text of a page's sources: those of the speeds, and under them the attributions."""
        return "\n".join(filter(None, (others, "; ".join(self.attributions))))


def ground_layers(
    choice: GroundChoice,
    speeds: QgsVectorLayer,
    theme: str,
    crs: QgsCoordinateReferenceSystem,
    extent: QgsRectangle,
    readings: Readings,
) -> Ground:
    """Return the ground of a map of `speeds`, of an extent in `crs`; `readings` are those of the page.

    Its layers are copies, in the quiet colours of `theme`, so that neither a layer nor a project of the
    person's changes. A layer that cannot be drawn is left out and named.
    """
    if choice.kind == NONE and not choice.chosen:
        return Ground()
    found = layers_of_ground(choice, speeds)
    layers: list[QgsMapLayer] = []
    attributions: list[str] = []
    left_out: list[str] = []
    nameless: list[str] = []
    for layer in found:
        why = choice.away.get(layer.id()) or why_not_drawn(layer, crs, extent, choice.asks_servers)
        if why:
            choice.away[layer.id()] = why
        copy = None if why else _quiet(layer, theme)
        if copy is None:
            left_out.append(f"{layer.name()} ({why or tr('it has no lines or areas')})")
            continue
        layers.append(copy)
        said = attribution_of(layer)
        if said:
            attributions.append(said)
        elif not isinstance(layer, QgsVectorLayer):
            nameless.append(layer.name())
    if choice.kind == BY_ROADS or (choice.kind == PROJECT and not layers and not choice.chosen):
        layers.append(_built_up(speeds, theme, crs, extent, readings))
    unique = tuple(dict.fromkeys(attributions))
    return Ground(tuple(layers), unique, tuple(left_out), tuple(nameless))


def layers_of_ground(choice: GroundChoice, speeds: QgsVectorLayer) -> Sequence[QgsMapLayer]:
    """Return the layers of the person's that a ground is made of, from the top."""
    if choice.chosen:
        return [layer for layer in choice.chosen if not _is_speeds(layer, speeds)]
    if choice.project is None:
        return []
    shown = layers_shown(choice.project)
    if choice.kind == BASE_MAPS:
        return [layer for layer in shown if is_base_map(layer)]
    found = []
    for layer in shown:
        if isinstance(layer, QgsVectorLayer) and not _is_speeds(layer, speeds):
            meaning = meaning_of(layer)
            if meaning is not None and (choice.kind == PROJECT or meaning.meaning == ROADS):
                found.append(layer)
    return found


def layers_shown(project: QgsProject) -> list[QgsMapLayer]:
    """Return the layers that a project shows, from the top."""
    root = project.layerTreeRoot()
    nodes = ((layer, root.findLayer(layer.id())) for layer in root.layerOrder())
    return [layer for layer, node in nodes if node is not None and node.isVisible()]


def is_base_map(layer: QgsMapLayer) -> bool:
    """Return True for pictures, tiles and maps of servers."""
    return layer.type() in (Qgis.LayerType.Raster, Qgis.LayerType.VectorTile)


def _is_speeds(layer: QgsMapLayer, speeds: QgsVectorLayer) -> bool:
    """Return True for the layer of speeds itself and for those of other map files."""
    if layer.source() == speeds.source():
        return True
    if not isinstance(layer, QgsVectorLayer) or layer.providerType() != "ogr" or not layer.isValid():
        return False
    try:
        MapFile.of(layer)
    except UnknownLayer:
        return False
    return True


def _quiet(layer: QgsMapLayer, theme: str) -> Optional[QgsMapLayer]:
    """Return a copy of a layer in quiet colours, or as it is for base maps; None for one without a shape."""
    copy = layer.clone()
    if not isinstance(copy, QgsVectorLayer):
        return copy
    kind = copy.geometryType()
    if kind not in (Qgis.GeometryType.Line, Qgis.GeometryType.Polygon):
        return None
    meaning = meaning_of(layer) or Meaning(ROADS if kind == Qgis.GeometryType.Line else BUILT_UP)
    copy.setRenderer(
        renderer_by_values(meaning.by_field, VALUES, kind, theme)
        if meaning.by_field
        else quiet_renderer(meaning.meaning, kind, theme)
    )
    copy.setLabelsEnabled(False)
    copy.setDiagramRenderer(None)
    copy.setOpacity(1)
    copy.setBlendMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    copy.temporalProperties().setIsActive(False)
    return copy


def may_be_built_up(choice: GroundChoice) -> bool:
    """Return True if a ground may be the built-up areas."""
    return choice.kind == BY_ROADS or (choice.kind == PROJECT and not choice.chosen)


def built_up_reader(
    speeds: QgsVectorLayer, crs: QgsCoordinateReferenceSystem, readings: Readings
) -> Callable[[QgsRectangle], str]:
    """Return a function of an extent in `crs`: the built-up areas about it (`built_up_text`).

    It may be called in any thread, and takes from `readings` what was computed before.
    """
    file, of_speeds, whole = readings.file(speeds), speeds.crs(), speeds.extent()
    into = QgsCoordinateTransform(crs, of_speeds, QgsProject.instance())

    def read(extent: QgsRectangle) -> str:
        area = QgsRectangle(extent)
        area.grow(0.6 * max(extent.width(), extent.height()))  # a page shows more than what was asked for
        try:
            area = into.transformBoundingBox(area)
        except QgsCsException:
            area = whole
        of = (area.xMinimum(), area.yMinimum(), area.xMaximum(), area.yMaximum())
        text: str = readings.once(
            ("built-up", file.path), of, lambda: built_up_text(file.boxes(), of_speeds, area)
        )
        return text

    return read


def _built_up(
    speeds: QgsVectorLayer,
    theme: str,
    crs: QgsCoordinateReferenceSystem,
    extent: QgsRectangle,
    readings: Readings,
) -> QgsVectorLayer:
    """Return the built-up areas about the links of a map, within an extent in `crs`."""
    layer = built_up_layer(built_up_reader(speeds, crs, readings)(extent), speeds.crs())
    layer.setRenderer(quiet_renderer(BUILT_UP, Qgis.GeometryType.Polygon, theme))
    return layer
