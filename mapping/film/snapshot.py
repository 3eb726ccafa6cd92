"""A layout and the layers that it draws, as a file from which another process draws the same."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsLayerDefinition,
    QgsLayoutItem,
    QgsLayoutItemGroup,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemPage,
    QgsLayoutItemScaleBar,
    QgsLayoutSize,
    QgsMapLayer,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtXml import QDomDocument, QDomElement

from ..errors import MapError
from ..layer_definition import layer_definition

_PLACE, _BAR = "place", "scale-bar"
"""Elements with numbers of which QGIS writes six digits, so that letters would move by parts of a point, and
a scale bar be of 249.999 m in place of 250."""


def layers_of(layout: QgsPrintLayout) -> list[QgsMapLayer]:
    """Return the layers that maps and legends of a layout show, each once."""
    found: dict[str, QgsMapLayer] = {}
    for item in layout.items():
        shown = item.layers() if isinstance(item, QgsLayoutItemMap) else []
        if isinstance(item, QgsLayoutItemLegend):
            shown = [node.layer() for node in item.model().rootGroup().findLayers()]
        found.update((layer.id(), layer) for layer in shown if layer is not None)
    return list(found.values())


def only_here(layout: QgsPrintLayout) -> str:
    """Return the name of a layer that only this process can draw; empty if there is none.

    Such layers need a log-in of QGIS's authentication database.
    """
    return next((str(layer.name()) for layer in layers_of(layout) if "authcfg=" in layer.source()), "")


def write_snapshot(layout: QgsPrintLayout, path: Path) -> None:
    """Write a layout and its layers to `path`, those in memory to files beside it; raises `MapError`."""
    document, write_files = layer_definition(layers_of(layout), path.parent)
    write_files()
    root = document.documentElement()
    root.appendChild(layout.writeXml(document, QgsReadWriteContext()))
    for item in _placed(layout):
        numbers = [item.pos().x(), item.pos().y(), item.rect().width(), item.rect().height()]
        if isinstance(item, QgsLayoutItemMap):
            shown = item.extent()
            numbers += [shown.xMinimum(), shown.yMinimum(), shown.xMaximum(), shown.yMaximum()]
        _add(root, _PLACE, item, *numbers)
    for bar in _scale_bars(layout):
        _add(root, _BAR, bar, bar.unitsPerSegment(), bar.mapUnitsPerScaleBarUnit())
    path.write_text(document.toString(), encoding="utf-8")


def read_snapshot(path: Path, project: QgsProject) -> QgsPrintLayout:
    """Read a layout and its layers into `project`; raises `MapError` for layers that are lost."""
    document, context = QDomDocument(), QgsReadWriteContext()
    document.setContent(path.read_text(encoding="utf-8"))
    layers = QgsLayerDefinition.loadLayerDefinitionLayers(document, context)
    lost = [layer.name() for layer in layers if not layer.isValid()]
    if lost:
        raise MapError(f"The layer “{lost[0]}” cannot be opened in another process.")
    project.addMapLayers(layers)
    layout = QgsPrintLayout(project)
    element = document.documentElement().firstChildElement("Layout")
    if not layout.readXml(element, document, context):
        raise MapError(f"The layout in {path} cannot be read.")
    root = document.documentElement()
    bars = _numbers(root, _BAR)
    for bar in _scale_bars(layout):
        segment, unit = bars[bar.uuid()]
        bar.setUnitsPerSegment(segment)
        bar.setMapUnitsPerScaleBarUnit(unit)
        bar.update()
    places = _numbers(root, _PLACE)
    for item in _placed(layout):  # after the scale bars, which find a width of their own
        left, top, width, height, *shown = places[item.uuid()]
        if isinstance(item, QgsLayoutItemPage):
            item.setPageSize(QgsLayoutSize(width, height, layout.units()))
        else:
            item.attemptSetSceneRect(QRectF(left, top, width, height))
        if isinstance(item, QgsLayoutItemMap):
            item.setExtent(QgsRectangle(*shown))
    return layout


def _scale_bars(layout: QgsPrintLayout) -> list[QgsLayoutItemScaleBar]:
    return [item for item in layout.items() if isinstance(item, QgsLayoutItemScaleBar)]


def _placed(layout: QgsPrintLayout) -> list[QgsLayoutItem]:
    """Return pages and items, without groups, whose place is that of their items."""
    found = [item for item in layout.items() if isinstance(item, QgsLayoutItem)]
    return [item for item in found if not isinstance(item, QgsLayoutItemGroup)]


def _add(root: QDomElement, name: str, item: QgsLayoutItem, *numbers: float) -> None:
    """Add all digits of numbers of an item."""
    element = root.ownerDocument().createElement(name)
    element.setAttribute("uuid", item.uuid())
    element.setAttribute("numbers", " ".join(map(repr, numbers)))
    root.appendChild(element)


def _numbers(root: QDomElement, name: str) -> dict[str, list[float]]:
    """Return the numbers that `_add` wrote, by the uuid of their item."""
    found, element = {}, root.firstChildElement(name)
    while not element.isNull():
        found[element.attribute("uuid")] = [float(text) for text in element.attribute("numbers").split()]
        element = element.nextSiblingElement(name)
    return found
