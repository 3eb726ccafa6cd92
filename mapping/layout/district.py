"""A district: its links, their speeds by hour weighted by length, and its slowest streets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Callable, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVariantUtils,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ...aggregation.contract import statistic as statistics
from ..columns import LABEL_FIELD
from ..errors import MapError
from ..packed import DIGITS, unpack
from ..readings import Readings
from ..reference_system import metres_per_unit
from ..style.options import StyleOptions
from .facts import MARGIN

SHORTEST_STREET = 150.0
"""Metres: a shorter piece of a street in a district is no street of its table."""


@dataclass(frozen=True)
class District:
    """A polygon: the feature `number` of `layer`, with the name by which a person knows it."""

    name: str
    layer: QgsVectorLayer
    number: int

    @cached_property
    def geometry(self) -> QgsGeometry:
        """The polygon in the system of its layer. Raises `MapError` where there is none."""
        feature: QgsFeature = self.layer.getFeature(self.number)
        geometry = feature.geometry()
        if geometry.isNull() or geometry.isEmpty():
            raise MapError(f"The district {self.name!r} has no shape.")
        return geometry if geometry.isGeosValid() else geometry.makeValid()

    def within(self, crs: QgsCoordinateReferenceSystem, project: QgsProject) -> QgsGeometry:
        """Return the polygon in another system. Raises `MapError`."""
        geometry = QgsGeometry(self.geometry)
        try:
            geometry.transform(QgsCoordinateTransform(self.layer.crs(), crs, project))
        except QgsCsException as error:
            raise MapError(
                f"The district {self.name!r} lies outside of the map's reference system."
            ) from error
        return geometry

    def extent(self, crs: QgsCoordinateReferenceSystem, project: QgsProject) -> QgsRectangle:
        """Return what a page of the district shows, in another system. Raises `MapError`."""
        extent = self.within(crs, project).boundingBox()
        extent.grow(MARGIN * max(extent.width(), extent.height()))
        return extent


@dataclass(frozen=True)
class Street:
    """A street in a district: its length with data in metres, and its value weighted by length."""

    name: str
    metres: float
    value: float


class DistrictLinks:
    """The links of a layer that lie in a district, each as long as its part inside.

    `metres` is (n,), `values` (n, 1 + frames) as they are drawn: the whole period, then each frame; NaN where
    too few trips were counted.
    """

    def __init__(
        self,
        source: QgsVectorLayerFeatureSource,
        style: StyleOptions,
        area: QgsGeometry,
        crs_metres: float,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Read the links of `source` in `area`, in its system, whose unit has so many metres.

        May be called in any thread; `check` is called in between.
        """
        self.style, names = style, source.fields().names()
        engine = QgsGeometry.createGeometryEngine(area.constGet())
        engine.prepareGeometry()
        self.extent: QgsRectangle = area.boundingBox()
        metres: list[float] = []
        values: list[NDArray[Any]] = []
        points: list[float] = []
        self.names: list[str] = []
        self.labelled: list[int] = []
        for link in source.getFeatures(QgsFeatureRequest().setFilterRect(self.extent)):
            check()
            shape = link.geometry()
            if shape.isNull() or not engine.intersects(shape.constGet()):
                continue
            inside = shape if engine.contains(shape.constGet()) else shape.intersection(area)
            if inside.length() <= 0:
                continue
            metres.append(inside.length() * crs_metres)
            values.append(self._values(link))
            points.append(float(_value(link, "n_points", names) or 0))
            self.names.append(str(_value(link, "name", names) or ""))
            if _value(link, LABEL_FIELD, names):
                self.labelled.append(link.id())
        frames = len(style.timeline) if style.plays else 0
        self.metres = np.array(metres)
        self.values = np.array(values, dtype=float).reshape(len(metres), 1 + frames)
        self.points = np.array(points)
        self._ranked: dict[Optional[int], list[Street]] = {}

    def _values(self, link: QgsFeature) -> NDArray[Any]:
        style = self.style
        if style.plays:
            frames, text = len(style.timeline), link.attribute(style.packed)
            if not isinstance(text, str) or len(text) != DIGITS * (1 + frames):
                text = None
            return unpack(text, frames, style.too_few)
        value, trips = link.attribute(style.statistic), link.attribute("n_trips")
        few = QgsVariantUtils.isNull(value) or QgsVariantUtils.isNull(trips) or trips < style.min_trips
        return np.array([np.nan if few else float(value)])

    def mean(self, frame: Optional[int]) -> float:
        """Return the mean of the drawn values weighted by length, Σ(length × value) / Σ length, or NaN."""
        return float(self._means[0 if frame is None else 1 + frame])

    def by_frame(self) -> list[float]:
        """Return `mean` of each frame."""
        return [float(value) for value in self._means[1:]]

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        drawn = np.isfinite(self.values)
        length = (self.metres[:, None] * drawn).sum(axis=0)
        total = (self.metres[:, None] * np.where(drawn, self.values, 0.0)).sum(axis=0)
        means: NDArray[np.float64] = np.divide(
            total, length, out=np.full(len(length), np.nan), where=length > 0
        )
        return means

    def n_drawn(self, frame: Optional[int]) -> int:
        """Return the number of links with enough trips."""
        return int(np.isfinite(self.values[:, 0 if frame is None else 1 + frame]).sum())

    def worst(self, frame: Optional[int], most: int) -> list[Street]:
        """Return the named streets with the worst values, worst first, of at least `SHORTEST_STREET`."""
        if frame not in self._ranked:
            self._ranked[frame] = self._rank(frame)
        return self._ranked[frame][:most]

    def _rank(self, frame: Optional[int]) -> list[Street]:
        length: dict[str, float] = defaultdict(float)
        total: dict[str, float] = defaultdict(float)
        of_frame = self.values[:, 0 if frame is None else 1 + frame]
        for name, metres, value in zip(self.names, self.metres.tolist(), of_frame.tolist()):
            if name and np.isfinite(value):
                length[name] += metres
                total[name] += metres * value
        streets = [
            Street(name, metres, total[name] / metres)
            for name, metres in length.items()
            if metres >= SHORTEST_STREET
        ]
        high_is_bad = statistics.statistic(self.style.statistic).good == statistics.LOW
        return sorted(streets, key=lambda one: (-one.value if high_is_bad else one.value, one.name))


def links_reader(
    layer: QgsVectorLayer,
    style: StyleOptions,
    district: District,
    project: QgsProject,
    readings: Readings,
) -> Callable[..., DistrictLinks]:
    """Return a function that reads the links of a layer in a district, or takes them from `readings`.

    It may be called in any thread, and takes what to call in between. Raises `MapError`.
    """
    area = district.within(layer.crs(), project)
    metres = metres_per_unit(layer.crs(), area.boundingBox())
    source = QgsVectorLayerFeatureSource(layer)
    of = (layer.id(), style, bytes(area.asWkb()))

    def read(check: Callable[[], None] = lambda: None) -> DistrictLinks:
        found: DistrictLinks = readings.once(
            "district", of, lambda: DistrictLinks(source, style, area, metres, check)
        )
        return found

    return read


def _value(link: QgsFeature, name: str, names: list[str]) -> Any:
    value = link.attribute(name) if name in names else None
    return None if QgsVariantUtils.isNull(value) else value
