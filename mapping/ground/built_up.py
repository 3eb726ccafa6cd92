"""Built-up areas, from how close the roads lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, ogr
from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsRectangle, QgsVectorLayer

from ..foreign_style import bare_layer
from ..reference_system import in_degrees, metres_per_unit

DEGREE_OF_LATITUDE = 111_200.0
"""Metres in a degree from south to north, about."""

CELL_M = 60.0
"""Side of a cell of the grid, in metres, at least."""

MOST_CELLS = 1_200
"""Cells along the longer side of what is shown, at most."""

REACH_M = (220.0, 480.0)
"""Least and largest distance, in metres, up to which a road counts; one cell if that is more."""

SHARE_OF_REACH = 0.018
"""That distance as a share of the longer side of the layer, so that areas are rounder on small scales."""

DENSE = 5.0
"""Kilometres of links in a square kilometre, both directions, from which on an area is built-up."""

SMALLEST_AREA, SMALLEST_HOLE = 1 / 150, 1 / 75
"""Side of the smallest area and hole, as a share of the longer side of the layer: others are clutter."""

LONGEST_M = 400.0
"""Metres that a link counts for at most, so that a motorway does not make fields built-up."""


def built_up_text(boxes: NDArray[np.float64], crs: QgsCoordinateReferenceSystem, extent: QgsRectangle) -> str:
    """Return areas with many roads as GeoJSON, from the boxes (n, 4) of links in `crs`, within `extent`.

    The density of links is computed on a grid of metres, smoothed twice by a moving mean, which is about a
    Gaussian kernel, and cut at `DENSE`. May be called in any thread.
    """
    unit = metres_per_unit(crs, extent)
    units = np.array([unit, DEGREE_OF_LATITUDE if in_degrees(crs) else unit])
    areas: list[QgsGeometry] = []
    if np.isfinite(units).all() and (units > 0).all():
        first = np.array([extent.xMinimum(), extent.yMinimum()])
        places = ((boxes[:, :2] + boxes[:, 2:]) / 2 - first) * units
        metres = np.minimum(np.hypot(*((boxes[:, 2:] - boxes[:, :2]) * units).T), LONGEST_M)
        across = np.array([extent.width(), extent.height()]) * units
        side = max(CELL_M, float(across.max()) / MOST_CELLS)
        dense = _dense(places, metres, across, side)
        margin = (dense.shape[1] - across[0] / side) / 2
        smallest = np.maximum(across.max() * np.array([SMALLEST_AREA, SMALLEST_HOLE]), 2 * side) ** 2
        area, hole = (smallest / units.prod()).tolist()
        areas = _outlines(dense, first - margin * side / units, side / units, area, hole)
    features = (f'{{"type":"Feature","properties":{{}},"geometry":{area.asJson(7)}}}' for area in areas)
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


def _dense(
    places: NDArray[np.float64], metres: NDArray[np.float64], across: NDArray[np.float64], side: float
) -> NDArray[np.bool_]:
    """Return which cells of `side` metres (rows from the south) have enough metres of links about them.

    `places` (n, 2) are in metres from a corner of what is shown, `across` (2,) its width and height. The
    grid reaches beyond it on all sides, so that no outline runs along an edge.
    """
    reach = max(round(float(np.clip(SHARE_OF_REACH * across.max(), *REACH_M)) / side / 2), 1)
    margin = 4 * reach
    size = np.ceil(across / side).astype(int) + 2 * margin
    good = np.isfinite(places).all(axis=1) & np.isfinite(metres)
    cell = np.floor(np.clip(places[good] / side, -margin - 1, size)).astype(int) + margin
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    where = cell[inside, 1] * size[0] + cell[inside, 0]
    sums = np.bincount(where, weights=metres[good][inside], minlength=int(size.prod()))
    density: NDArray[np.float64] = sums.astype(float).reshape(size[::-1])
    for _ in range(2):
        for axis in (0, 1):
            density = _moving_mean(density, reach, axis)
    return density / side**2 * 1000 >= DENSE  # m per m², times 1,000, are km per km²


def _moving_mean(values: NDArray[np.float64], reach: int, axis: int) -> NDArray[np.float64]:
    """Return means over 2 × `reach` + 1 cells along an axis; beyond the edges all is 0."""
    wide = [(0, 0), (0, 0)]
    wide[axis] = (reach + 1, reach)
    sums = np.cumsum(np.pad(values, wide), axis=axis)
    n, span = values.shape[axis], 2 * reach + 1
    high, low = np.take(sums, range(span, span + n), axis), np.take(sums, range(n), axis)
    means: NDArray[np.float64] = (high - low) / span
    return means


def _outlines(
    dense: NDArray[np.bool_],
    corner: NDArray[np.float64],
    side: NDArray[np.float64],
    least_area: float,
    least_hole: float,
) -> list[QgsGeometry]:
    """Return the outlines of the dense cells, rounded, without areas and holes below those given.

    `corner` and `side` (2,) are in the map's units, the least area and hole in their square.
    """
    rows, columns = dense.shape
    raster = gdal.GetDriverByName("MEM").Create("", columns, rows, 1, gdal.GDT_Byte)
    raster.SetGeoTransform((corner[0], side[0], 0.0, corner[1], 0.0, side[1]))
    band = raster.GetRasterBand(1)
    band.WriteRaster(0, 0, columns, rows, dense.astype(np.uint8).tobytes())
    found = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = found.CreateLayer("areas", geom_type=ogr.wkbPolygon)
    gdal.Polygonize(band, band, layer, -1)
    outlines = []
    for feature in layer:
        shape = QgsGeometry()
        shape.fromWkb(bytes(feature.GetGeometryRef().ExportToWkb()))
        if shape.area() >= least_area:
            whole = shape.removeInteriorRings(least_hole)
            outlines.append(whole.simplify(float(side.max()) * 0.75).smooth(2))
    return outlines


def built_up_layer(text: str, crs: QgsCoordinateReferenceSystem) -> QgsVectorLayer:
    """Return the areas of `built_up_text` as a layer; its source is that text, so others can open it, too."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")  # QGIS tries to open it for editing first
    try:
        layer = bare_layer(text, "built-up areas")
    finally:
        gdal.PopErrorHandler()
    layer.setCrs(crs)
    return layer
