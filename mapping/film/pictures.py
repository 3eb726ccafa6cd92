"""Pictures of a film's moments, out of one layout: what changes from one to the next, and the drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qgis.core import (
    QgsDateTimeRange,
    QgsGraduatedSymbolRenderer,
    QgsLayout,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, QSize, Qt
from qgis.PyQt.QtGui import QImage

from .. import language
from ..layout.items import inert
from ..layout.page import SpeedPage
from ..style.temporal import value_expression
from .moments import Moment, value_at

FAST = 90
"""Quality of a PNG that is written fast, for pictures that become a film."""

QUALITY = {"": -1, ".apng": 30}
"""Quality by the ending of the film, where it is not `FAST`: pictures that stay PNGs are small."""


@dataclass(frozen=True)
class FramePicture:
    """A picture that is to be drawn: the moment, and all that the layout's items show at it.

    `items` has the text of a label, source of a picture or time of a map by the uuid of the item. `value` is
    the expression of the links' value at that moment, which stands in the place of `usual`, that of a map at
    any time. A layer that is coloured by another expression keeps that.
    """

    moment: Moment
    items: dict[str, Any]
    value: str
    usual: str


def picture_at(page: SpeedPage, moment: Moment) -> FramePicture:
    """Let the page show a moment, and return what its items then show."""
    page.show_frame(moment.number)
    clock = page.layout.itemById("clock")
    if moment.share and clock is not None:
        clock.setText(inert(language.clock(moment.minute(page.style.timeline))))
    items: dict[str, Any] = {}
    for item in page.layout.items():
        if isinstance(item, QgsLayoutItemLabel):
            items[item.uuid()] = item.text()
        elif isinstance(item, QgsLayoutItemPicture):
            items[item.uuid()] = item.picturePath()
        elif isinstance(item, QgsLayoutItemMap) and item.isTemporal():
            when = item.temporalRange()
            items[item.uuid()] = [
                time.toUTC().toString(Qt.DateFormat.ISODate) for time in (when.begin(), when.end())
            ]
    return FramePicture(moment, items, value_at(page.style, moment), value_expression(page.style))


def links_of(page: SpeedPage) -> QgsVectorLayer:
    """Return the layer of links on the page's map, which may have others under it."""
    return next(
        layer
        for layer in page.map_item.layers()
        if isinstance(layer, QgsVectorLayer) and layer.fields().indexOf(page.style.packed) >= 0
    )


class Painter:
    """Draws pictures of a layout whose map shows `layer`."""

    def __init__(self, layout: QgsLayout, layer: QgsVectorLayer, size: tuple[int, int]) -> None:
        self._layout, self._layer, self._size = layout, layer, QSize(*size)
        self._own = layer.renderer().clone()

    def draw(self, picture: FramePicture) -> QImage:
        """Draw one picture."""
        for item in self._layout.items():
            if not hasattr(item, "uuid") or item.uuid() not in picture.items:
                continue
            value = picture.items[item.uuid()]
            if isinstance(item, QgsLayoutItemLabel):
                item.setText(value)
            elif isinstance(item, QgsLayoutItemPicture):
                if item.picturePath() != value:
                    item.setPicturePath(value, item.mode())
            else:
                begin, end = (QDateTime.fromString(text, Qt.DateFormat.ISODate) for text in value)
                item.setIsTemporal(True)
                item.setTemporalRange(QgsDateTimeRange(begin, end, True, False))
        self._colour_by(picture)
        self._layout.refresh()
        image = QgsLayoutExporter(self._layout).renderPageToImage(0, self._size)
        return image.convertToFormat(QImage.Format.Format_RGB32)  # a page is opaque, and is smaller without

    def restore(self) -> None:
        """Give the layer its own renderer again."""
        self._layer.setRenderer(self._own.clone())

    def _colour_by(self, picture: FramePicture) -> None:
        renderer = self._own.clone()
        if isinstance(renderer, QgsGraduatedSymbolRenderer) and renderer.classAttribute() == picture.usual:
            renderer.setClassAttribute(picture.value)
            self._layer.setRenderer(renderer)
