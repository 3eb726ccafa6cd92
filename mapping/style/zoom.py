"""Scales as zoom levels: `@vector_tile_zoom` is one of two variables of a map that QGIS makes constants."""

from __future__ import annotations

from math import log2

ZOOM_OF_SCALE_1 = log2(279_541_132.0143589)
"""Zoom level 0 is 1:279,541,132 in QGIS (`QgsVectorTileUtils`)."""


def zoom_of_scale(scale: float) -> float:
    """QGIS's `@vector_tile_zoom` at the scale 1:`scale`."""
    return ZOOM_OF_SCALE_1 - log2(scale)
