"""The look that a dialog shows on the map while it is chosen, and the way back to the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsMapLayerStyle, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..background.tasks import LatestTask
from ..runs.map_view import legend_as_it_is, rename

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile
    from ...mapping.style.methods import Distribution
    from ...mapping.style.options import StyleOptions

_PAUSE = 120
"""Milliseconds without another choice after which one is shown."""


class Before:
    """A layer as it was: style, name, words about it, and the project's ground."""

    def __init__(self, layer: QgsVectorLayer) -> None:
        self._layer, self._style = layer, QgsMapLayerStyle()
        self._style.readFromLayer(layer)
        self._renderer = layer.renderer().clone()  # what a style is read into loses how classes are written
        about = layer.serverProperties()
        self._name, self._title, self._abstract = layer.name(), about.title(), about.abstract()
        self.ground = QgsProject.instance().backgroundColor()

    def restore(self) -> None:
        """Give all of it back."""
        layer = self._layer
        with legend_as_it_is(layer):
            for key in layer.customPropertyKeys():  # those of a style come beside what is there
                if key.startswith("roadpulse/"):
                    layer.removeCustomProperty(key)
            self._style.writeToLayer(layer)
            layer.setRenderer(self._renderer.clone())
        layer.setName(self._name)
        layer.serverProperties().setTitle(self._title)
        layer.serverProperties().setAbstract(self._abstract)
        if QgsProject.instance().backgroundColor() != self.ground:
            QgsProject.instance().setBackgroundColor(self.ground)
        layer.triggerRepaint()
        layer.emitStyleChanged()


class Preview(QObject):
    """Shows choices on a layer: classes are computed in the background, the latest choice counts.

    `shown` carries the `StyleOptions` and the faults of their colours, `failed` the error of a choice that
    cannot be shown.
    """

    shown = pyqtSignal(object, list)
    failed = pyqtSignal(object)

    def __init__(self, layer: QgsVectorLayer, file: MapFile, statistic: str, parent: QObject) -> None:
        super().__init__(parent)
        self._layer, self._file, self._statistic = layer, file, statistic
        self._known: dict[str, Distribution] = {}
        self._traffic: list[float] = []
        self._before = Before(layer)
        self._task = LatestTask("Roadpulse: style", self, _PAUSE)
        self._task.done.connect(self._done)
        self._task.failed.connect(self.failed)
        self._on_map = True
        self.options: Optional[StyleOptions] = None

    @property
    def busy(self) -> bool:
        """True while a choice is not shown yet."""
        return self._task.busy

    def show(self, choices: Mapping[str, Any], on_map: bool = True) -> None:
        """Show choices, options of the style, in the place of the ones before.

        Without `on_map` they are only computed: those that the layer has.
        """
        chosen, self._on_map = dict(choices), on_map
        self._task.submit(lambda _task: _options(self._file, self._known, self._traffic, chosen))

    def keep(self) -> None:
        """Make what is shown the state to which `back` goes."""
        self._before = Before(self._layer)

    def back(self) -> None:
        """Show the layer as it was, at once."""
        self._task.forget()
        if not sip.isdeleted(self._layer):
            self._before.restore()

    def forget(self) -> None:
        """Show nothing more."""
        self._task.forget()

    def _done(self, found: tuple[StyleOptions, list[str]]) -> None:
        self.options, faults = found
        if self._on_map:
            self._draw(self.options)
        self.shown.emit(self.options, faults)

    def _draw(self, options: StyleOptions) -> None:
        from ...mapping.style.palette import PALETTES  # noqa: PLC0415
        from ...mapping.style.symbology import style_layer  # noqa: PLC0415

        layer, project = self._layer, QgsProject.instance()
        if sip.isdeleted(layer):
            return
        with legend_as_it_is(layer):
            style_layer(layer, options)
        layer.emitStyleChanged()
        rename(layer, self._statistic, options.statistic, options.unit)
        self._statistic = options.statistic
        grounds = [palette.ground.name() for palette in PALETTES.values()]
        if project.backgroundColor().name() in ("#ffffff", *grounds):  # not one that the person has chosen
            project.setBackgroundColor(PALETTES[options.theme].ground)


def _options(
    file: MapFile, known: dict[str, Distribution], traffic: list[float], choices: dict[str, Any]
) -> tuple[StyleOptions, list[str]]:
    """Return the options of choices, and the faults of their colours.

    `known` keeps the values of statistics, `traffic` the numbers of trips at which lines get wider.

    In a thread of its own: colours take some 20 ms for each number of classes, once.
    """
    from ...mapping.style.methods import METHODS, USUAL, limits_of  # noqa: PLC0415
    from ...mapping.style.options import (  # noqa: PLC0415
        BY_TRAFFIC,
        TRAFFIC_STEPS,
        StyleOptions,
        distribution_of,
    )

    key, method, classes = choices["statistic"], choices["method"], choices["classes"]
    if not choices.get("limits") and METHODS[method].needs_values and (method, classes) != USUAL:
        if key not in known:
            known[key] = distribution_of(file, key)
        choices["limits"] = limits_of(method, known[key], classes)
    if choices["width"] == BY_TRAFFIC:
        if not traffic:
            traffic += file.traffic(TRAFFIC_STEPS)
        choices["traffic"] = tuple(traffic)
    options = StyleOptions.of_file(file, **choices)
    return options, options.faults
