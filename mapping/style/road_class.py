"""Drawn width of a road: by its class, or by its traffic if the class is not known."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

REFERENCE_SCALE = 12_000
"""Scale (1:n) at which the widths below hold; they grow with the root of the scale."""

WIDTHS = {
    "motorway": 1.7,
    "trunk": 1.7,
    "primary": 1.7,
    "secondary": 1.25,
    "tertiary": 0.95,
    "residential": 0.55,
    "living_street": 0.55,
    "service": 0.55,
}
"""Millimetres, under OpenStreetMap's names of road classes."""

OTHER_WIDTH = 0.7
LINK_ROAD = 0.8
"""A slip road (`primary_link`) is drawn at this share of its class's width."""

MAIN_ROAD_WIDTH = 1.25
"""Width from which on a road counts as a main road: labelled at small scales."""

TRAFFIC_SHARES = ((0.95, 1.7), (0.85, 1.25), (0.6, 0.95), (0.3, 0.7), (0.0, 0.55))
"""Quantile of the trips, and the width of the links above it, where classes are unknown."""


def class_width(road_class: Optional[str]) -> float:
    """Width in mm at the reference scale of one road class."""
    text = (road_class or "").strip().lower()
    if text.endswith("_link"):
        return round(WIDTHS.get(text[: -len("_link")], OTHER_WIDTH) * LINK_ROAD, 3)
    return WIDTHS.get(text, OTHER_WIDTH)


def line_widths(classes: Optional[NDArray[Any]], trips: NDArray[Any]) -> NDArray[Any]:
    """Widths (n,) in mm of links with `classes` (object, n) or, where that is None, by `trips` (n,)."""
    if classes is not None:
        known = {text: class_width(text) for text in set(classes.tolist())}
        return np.array([known[text] for text in classes.tolist()], dtype=float)
    widths = np.full(len(trips), TRAFFIC_SHARES[-1][1])
    counted = np.isfinite(trips)
    if counted.any():
        for share, width in reversed(TRAFFIC_SHARES[:-1]):
            widths[counted & (trips > np.quantile(trips[counted], share))] = width
    return widths
