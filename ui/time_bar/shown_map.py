"""The map of the project that the time bar plays, read off the window's thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...mapping.language import tr
from ..background.tasks import LatestTask
from ..widgets.messages import log_error, message_of
from ..widgets.statistics import name_of
from .track_model import TrackModel

if TYPE_CHECKING:
    from ...mapping.map_file import MapFile

_PAUSE = 50
"""Milliseconds in which the changes of a project are taken as one."""


@dataclass(frozen=True)
class Candidate:
    """A layer that may be a map, with its file."""

    layer: str
    name: str
    path: Path


@dataclass(frozen=True)
class PlayedMap:
    """A map with its track, or with the reason for which it does not play."""

    candidate: Candidate
    file: Optional[MapFile]
    model: Optional[TrackModel]
    statistic: str = ""
    reason: str = ""

    @property
    def zone(self) -> str:
        """Time zone of the run."""
        return "" if self.file is None else self.file.spec.time_zone


class ShownMap(QObject):
    """The active layer if it is a visible map, else the topmost visible map, else the topmost one."""

    changed = pyqtSignal()

    def __init__(self, iface: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._iface = iface
        self.map: Optional[PlayedMap] = None
        self._read: dict[tuple[Path, int], tuple[MapFile, TrackModel]] = {}
        self._followed: Optional[QgsVectorLayer] = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._update)
        self._loader = LatestTask(tr("Roadpulse: days of a map"), self, wait=0)
        self._loader.done.connect(self._loaded)
        self._loader.failed.connect(self._failed)
        project = QgsProject.instance()
        root = project.layerTreeRoot()
        self._signals = (
            project.layersAdded, project.layersRemoved, project.readProject, root.visibilityChanged,
            root.layerOrderChanged, iface.currentLayerChanged,
        )  # fmt: skip
        for signal in self._signals:
            signal.connect(self._touch)
        self._timer.start()

    def leave(self) -> None:
        """Stop following the project."""
        for signal in self._signals:
            signal.disconnect(self._touch)
        self._follow_layer(None)
        self._timer.stop()
        self._loader.forget()

    def _touch(self, *_: object) -> None:
        self._timer.start()

    # -- looking ------------------------------------------------------------------------------------

    def _update(self) -> None:
        candidates = list(self._candidates())
        if not candidates:
            self._loader.forget()
            self._set(None)
            return
        known = dict(self._read)
        self._loader.submit(lambda _task: _first_map(candidates, known))

    def _candidates(self) -> Iterator[Candidate]:
        """Layers that may be maps, the one that the person looks at first."""
        from ...mapping.map_file import path_of  # noqa: PLC0415

        root, active = QgsProject.instance().layerTreeRoot(), self._iface.activeLayer()
        layers = [
            layer for layer in root.layerOrder() if isinstance(layer, QgsVectorLayer) and layer.isSpatial()
        ]
        nodes = {layer.id(): root.findLayer(layer.id()) for layer in layers}
        visible = {name for name, node in nodes.items() if node is not None and node.isVisible()}
        layers.sort(key=lambda layer: (layer.id() not in visible, layer is not active))
        for layer in layers:
            path = path_of(layer)
            if path is not None and "layername=links" in layer.source():
                yield Candidate(layer.id(), layer.name(), path)

    def _loaded(self, found: Any) -> None:
        candidate, read, reason = found
        if candidate is None:
            self._set(None)
            return
        layer = QgsProject.instance().mapLayer(candidate.layer)
        if layer is None:
            return  # it has gone meanwhile, and the change follows
        if read is None:
            self._set(PlayedMap(candidate, None, None, reason=reason), layer)
            return
        key, file, model = read
        self._read = {key: (file, model)}
        self._set(played_map(candidate, layer, file, model), layer)

    def _failed(self, error: Exception) -> None:
        log_error(error)
        nothing = Candidate("", "", Path())
        self._set(PlayedMap(nothing, None, None, reason=message_of(error)))

    def _set(self, played: Optional[PlayedMap], layer: Optional[QgsVectorLayer] = None) -> None:
        self._follow_layer(layer)
        if played != self.map:
            self.map = played
            self.changed.emit()

    def _follow_layer(self, layer: Optional[QgsVectorLayer]) -> None:
        """Follow a layer's name, style and time."""
        before, self._followed = self._followed, layer
        if before is layer:
            return
        if before is not None and not sip.isdeleted(before):
            before.styleChanged.disconnect(self._touch)
            before.nameChanged.disconnect(self._touch)
            before.temporalProperties().changed.disconnect(self._touch)
        if layer is not None:
            layer.styleChanged.connect(self._touch)
            layer.nameChanged.connect(self._touch)
            layer.temporalProperties().changed.connect(self._touch)


def played_map(candidate: Candidate, layer: QgsVectorLayer, file: MapFile, model: TrackModel) -> PlayedMap:
    """Return a map as its layer draws it: the statistic it shows may not play, or its time be off."""
    from ...aggregation.contract.statistic import statistic  # noqa: PLC0415
    from ...mapping.style.symbology import drawn_statistic  # noqa: PLC0415

    key = drawn_statistic(layer) or file.statistic
    reason = ""
    if not len(model) or key not in file.playing:
        usual = tr("“{layer}” shows the {statistic} of the whole period, which has no values by bin.")
        reason = file.not_playing or usual.format(layer=candidate.name, statistic=name_of(statistic(key)))
    elif not layer.temporalProperties().isActive():
        text = tr("“{layer}” does not follow the time: switch it on under Properties > Temporal.")
        reason = text.format(layer=candidate.name)
    return PlayedMap(candidate, file, None if reason else model, key, reason)


def _first_map(candidates: list[Candidate], known: dict[Any, Any]) -> tuple[Any, Any, str]:
    """Return the first candidate that is a map with what was read of it, or the reason why it was not.

    Called in a thread: files may lie on a slow share.
    """
    from ...mapping.errors import MapError, UnknownLayer  # noqa: PLC0415
    from ...mapping.map_file import MapFile  # noqa: PLC0415

    for candidate in candidates:
        try:
            key = (candidate.path, candidate.path.stat().st_mtime_ns)
            if key not in known:
                file = MapFile.at(candidate.path, candidate.name)
                known[key] = (file, TrackModel(file.timeline, tuple(file.bin_totals())))
                _ = file.playing, file.not_playing, file.statistic  # read here, and kept
            return candidate, (key, *known[key]), ""
        except UnknownLayer:
            continue
        except OSError as error:
            reason = tr("The file of “{layer}” cannot be read: {error}.")
            return candidate, None, reason.format(layer=candidate.name, error=error.strerror or error)
        except MapError as error:
            return candidate, None, error.message
    return None, None, ""
