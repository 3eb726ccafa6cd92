"""Two canvases that show the same layers at the same extent and scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qgis.core import QgsProject, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject


class LinkedViews(QObject):
    """Keeps a second canvas in step with the main one: what either shows of the map, the other shows, too.

    Centre, scale and rotation go both ways; layers, coordinate system and ground come from the main canvas.
    When a canvas is given another size, the second one follows the main one.
    """

    def __init__(self, main: QgsMapCanvas, second: QgsMapCanvas) -> None:
        super().__init__(second)
        self._main, self._second = main, second
        self._size = second.size()
        self._is_linking = False
        second.setProject(QgsProject.instance())
        second.setCachingEnabled(main.isCachingEnabled())
        second.setParallelRenderingEnabled(main.isParallelRenderingEnabled())
        second.setMapUpdateInterval(main.mapUpdateInterval())
        second.enableAntiAliasing(main.antiAliasingEnabled())
        second.setWheelFactor(main.zoomInFactor())
        second.setSelectionColor(main.selectionColor())
        self._signals = (
            (main.extentsChanged, self._follow_main),
            (main.rotationChanged, self._follow_main),
            (main.magnificationChanged, self._magnify),
            (main.layersChanged, self._take_layers),
            (main.destinationCrsChanged, self._take_ground),
            (main.canvasColorChanged, self._take_ground),
            (second.extentsChanged, self._follow_second),
            (second.rotationChanged, self._follow_second),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        self._take_ground()
        self._take_layers()
        self._magnify(main.magnificationFactor())

    def leave(self) -> None:
        """Unlink the canvases."""
        if not sip.isdeleted(self._main) and not sip.isdeleted(self._second):
            for signal, slot in self._signals:
                signal.disconnect(slot)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Ignore the signals of the canvas that is being set."""
        self._is_linking = True
        try:
            yield
        finally:
            self._is_linking = False

    def _follow_main(self, *_: object) -> None:
        if not self._is_linking:
            with self._alone():
                _show_alike(self._main, self._second)

    def _follow_second(self, *_: object) -> None:
        if self._is_linking:
            return
        if self._second.size() != self._size:
            self._size = self._second.size()
            self._follow_main()
            return
        with self._alone():
            _show_alike(self._second, self._main)

    def _magnify(self, factor: float) -> None:
        with self._alone():
            self._second.setMagnificationFactor(factor)
        self._follow_main()

    def _take_layers(self) -> None:
        self._second.setLayers(self._main.layers())

    def _take_ground(self) -> None:
        with self._alone():
            self._second.setDestinationCrs(self._main.mapSettings().destinationCrs())
            self._second.setCanvasColor(self._main.canvasColor())
        self._follow_main()


def _show_alike(one: QgsMapCanvas, other: QgsMapCanvas) -> None:
    """Give `other` the centre, scale and rotation of `one`, for its own size."""
    if other.rotation() != one.rotation():
        other.setRotation(one.rotation())
    unit, size = one.mapSettings().mapUnitsPerPixel(), other.mapSettings().outputSize()
    if unit > 0 and not size.isEmpty():
        extent = QgsRectangle.fromCenterAndSize(one.center(), size.width() * unit, size.height() * unit)
        if extent != other.mapSettings().extent():
            other.setExtent(extent)
