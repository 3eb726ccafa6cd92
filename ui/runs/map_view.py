"""The finished map file in the project: layer, look, time, and the view on it. Main thread only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qgis.core import (
    QgsProject,
    QgsTemporalNavigationObject,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer

from ...aggregation.contract.errors import RunError
from ...aggregation.contract.statistic import statistic
from ...mapping import statistic_words
from ...mapping.language import tr
from .run_task import FinishedRun

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile
    from ...mapping.style.options import StyleOptions
    from ...mapping.timeline import Timeline


def maps_in_project() -> Iterator[tuple[QgsVectorLayer, MapFile]]:
    """The layers of map files in the project, whichever way they came into it, each with its file."""
    from ...mapping.errors import MapError  # noqa: PLC0415
    from ...mapping.map_file import MapFile  # noqa: PLC0415

    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isSpatial():
            with contextlib.suppress(MapError):
                yield layer, MapFile.of(layer)


@contextlib.contextmanager
def legend_as_it_is(layer: QgsVectorLayer) -> Iterator[None]:
    """Leave a legend unfolded while its layer gets other classes: QGIS folds one of ten entries."""
    root = QgsProject.instance().layerTreeRoot()
    node = None if sip.isdeleted(layer) else root.findLayer(layer.id())
    is_open = node is not None and node.isExpanded()
    yield
    if node is not None and is_open and not sip.isdeleted(node):
        node.setExpanded(True)


def name_ending(key: str, unit: str) -> str:
    """Return the end of the name of a map's layer, speeds in `unit`: `: mean speed (mph)`."""
    title = statistic_words.title(statistic(key), unit)
    return f": {title[:1].lower()}{title[1:]}"


def rename(layer: QgsVectorLayer, before: str, after: str, unit: str) -> None:
    """Let the name of a map's layer name another statistic, if it names the one before."""
    shown = name_ending(before, unit)
    if layer.name().endswith(shown):
        layer.setName(f"{layer.name()[: -len(shown)]}{name_ending(after, unit)}")


def show_map(iface: Any, finished: FinishedRun) -> Iterator[None]:
    """Add the map's layer on top of the project, styled and temporal; zoom to it if it is the first.

    Each step is a turn of the event loop (`ChunkedJob`): together they would be felt. Raises `RunError`
    where the map file cannot be opened.
    """
    from ...mapping.layout.facts import local_crs  # noqa: PLC0415
    from ...mapping.style.symbology import style_project  # noqa: PLC0415
    from ...mapping.style.temporal import set_project_time  # noqa: PLC0415

    layer, options = _open(finished)
    yield
    project = QgsProject.instance()
    empty = not project.mapLayers()
    first = not any(maps_in_project())
    with _set_up_by_us(iface):
        project.addMapLayer(layer, False)
        node = project.layerTreeRoot().insertLayer(0, layer)
        if node is not None:
            node.setExpanded(True)  # QGIS folds a legend of ten entries
    yield
    if sip.isdeleted(layer):
        return  # the project was closed meanwhile
    if empty:
        project.setCrs(local_crs(layer))
        style_project(project, options)
    else:
        set_project_time(project, options.timeline)
    yield
    if sip.isdeleted(layer):
        return
    _set_controller(iface, project, options.timeline)
    if empty or first:
        _zoom(iface, project, layer)
    iface.setActiveLayer(layer)


def _open(finished: FinishedRun) -> tuple[QgsVectorLayer, StyleOptions]:
    from ...mapping.foreign_style import bare_layer  # noqa: PLC0415
    from ...mapping.style.options import StyleOptions  # noqa: PLC0415
    from ...mapping.style.symbology import style_layer  # noqa: PLC0415

    settings = finished.job.settings
    name = f"{finished.job.name}{name_ending(settings.statistic, settings.unit)}"
    layer = bare_layer(f"{finished.job.output}|layername=links", name)
    if not layer.isValid():
        raise RunError(
            tr("The map file {file} was written, but QGIS cannot open it. Look at its folder.").format(
                file=finished.job.output
            )
        )
    changes: dict[str, Any] = {"theme": settings.theme, "statistic": settings.statistic}
    if settings.driving_side:
        changes["driving_side"] = settings.driving_side
    options = style_layer(layer, StyleOptions.from_run_table(layer, **changes))
    return layer, options


@contextlib.contextmanager
def _set_up_by_us(iface: Any) -> Iterator[None]:
    """Keep QGIS from choosing the project's coordinate system and extent for the first layer."""
    bridge = iface.layerTreeCanvasBridge()
    automatic = bridge.autoSetupOnFirstLayer()
    bridge.setAutoSetupOnFirstLayer(False)
    yield
    # The bridge looks at the new layer when the event loop turns; only then may it set up by itself again.
    QTimer.singleShot(500, lambda: bridge.setAutoSetupOnFirstLayer(automatic))


def _set_controller(iface: Any, project: QgsProject, timeline: Timeline) -> None:
    """Let QGIS's temporal controller play the day; it stays off until the person switches it on."""
    from ...mapping.style.temporal import bin_interval  # noqa: PLC0415

    controller = iface.mapCanvas().temporalController()
    if isinstance(controller, QgsTemporalNavigationObject):
        controller.setTemporalExtents(project.timeSettings().temporalRange())
        controller.setFrameDuration(bin_interval(timeline))
        controller.setFramesPerSecond(project.timeSettings().framesPerSecond())


def _zoom(iface: Any, project: QgsProject, layer: QgsVectorLayer) -> None:
    canvas = iface.mapCanvas()
    canvas.setDestinationCrs(project.crs())
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    if not extent.isEmpty():
        extent.scale(1.05)
        canvas.setExtent(extent)
    canvas.refresh()
