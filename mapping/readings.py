"""Answers of map files, each read once, so that a thread can read before a page is laid out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsMapLayer

from .map_file import MapFile


class Readings:
    """Answers of map files, and what is computed from them.

    Filled in any thread, but in one at a time.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[Hashable, Any]] = {}

    def once(self, name: Hashable, of: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the answer `name`; `compute` is called where it is not there, or there of another `of`."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != of:
            kept = self._kept[name] = (of, compute())
        return kept[1]

    def file(self, layer: QgsMapLayer) -> MapFile:
        """Return the map file of a layer, which keeps its long answers. Raises as `MapFile.of`."""
        found: MapFile = self.once(("file", layer.id()), layer.source(), lambda: _KeptFile.of(layer))
        return found


@dataclass(frozen=True)
class _KeptFile(MapFile):
    """A map file that reads its links once for each question."""

    _answers: Readings = field(default_factory=Readings, compare=False)

    def boxes(self) -> NDArray[np.float64]:
        boxes: NDArray[np.float64] = self._answers.once("boxes", None, super().boxes)
        return boxes

    def bin_totals(self) -> list[float]:
        totals: list[float] = self._answers.once("bin totals", None, super().bin_totals)
        return totals

    def links_drawn(self, statistic: str, frame: int) -> int:
        read = super().links_drawn
        found: int = self._answers.once(("links", statistic, frame), None, lambda: read(statistic, frame))
        return found
