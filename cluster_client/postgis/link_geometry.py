"""Geometry of links, from PostGIS or a layer, for the map file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from ..collector import paused
from ..shapely_package import handles_m, load_shapely

_BATCH = 4096
"""Links joined at once: no other thread runs meanwhile."""


@dataclass(frozen=True)
class LinkGeometry:
    """Geometry of links with distinct ids; all arrays have the same length n.

    `ids` is int64 (n,); `wkb` object (n,) of bytes (ISO WKB of lines and multi-lines, no curves);
    `srid_wkt_or_auth` names the coordinate system, such as "EPSG:4326", or holds its WKT, and `definition`
    (WKT or PROJ text) is what it means where that name is not known; both are empty where the source does
    not say. `names` and `classes` are object (n,) of str or None (street name, road class such as
    "primary"), or None where the source has no such field. `duplicates` counts rows beyond the first of
    their id, whose shapes are parts of the link's; `missing_geometry` counts ids without a shape.
    """

    ids: NDArray[Any]
    wkb: NDArray[Any]
    srid_wkt_or_auth: str
    names: Optional[NDArray[Any]] = None
    classes: Optional[NDArray[Any]] = None
    duplicates: int = 0
    missing_geometry: int = 0
    definition: str = ""

    def __len__(self) -> int:
        return len(self.ids)


class Road(NamedTuple):
    """One row of the roads: its line as little-endian ISO WKB, its street name and road class."""

    wkb: bytes
    name: Optional[str] = None
    road_class: Optional[str] = None


def join_roads(groups: Sequence[Sequence[Road]]) -> list[Road]:
    """Join the rows of each link id, whatever their order, to one road with all their lines.

    The lines stand in the order of their bytes, and lines that are alike count once; of mixed dimensions X
    and Y are kept. Lines without points, and rows that hold a line of a single point, are left out where the
    id has others. Name and class are the first ones that are not empty, in the order of the rows' bytes.
    """
    ordered = [
        sorted(rows, key=lambda row: (row.wkb, row.name or "", row.road_class or ""))
        if len(rows) > 1
        else rows
        for rows in groups
    ]
    several = [i for i, rows in enumerate(ordered) if rows[0].wkb != rows[-1].wkb]
    wkb = [rows[0].wkb for rows in ordered]
    with paused():
        for start in range(0, len(several), _BATCH):
            batch = several[start : start + _BATCH]
            for i, shape in zip(batch, _joined([[row.wkb for row in ordered[i]] for i in batch])):
                wkb[i] = shape
    return [
        rows[0]
        if len(rows) == 1
        else Road(
            shape,
            next((row.name for row in rows if row.name), None),
            next((row.road_class for row in rows if row.road_class), None),
        )
        for shape, rows in zip(wkb, ordered)
    ]


def _joined(groups: Sequence[Sequence[bytes]]) -> list[bytes]:
    """One WKB of all the lines of each group of lines and multi-lines, with M where shapely handles it."""
    shapely = load_shapely()

    shapes = shapely.from_wkb([shape for shapes in groups for shape in shapes], on_invalid="ignore")
    lines, row = shapely.get_parts(shapes, return_index=True)
    group = np.repeat(np.arange(len(groups)), [len(shapes) for shapes in groups])[row]
    there = ~shapely.is_empty(lines)
    lines, group = lines[there], group[there]
    has_m = shapely.has_m(lines) if handles_m(shapely) else np.zeros(len(lines), dtype=bool)
    for dimension in (shapely.has_z(lines), has_m):
        mixed = np.isin(group, np.intersect1d(group[dimension], group[~dimension]))
        lines[mixed] = shapely.force_2d(lines[mixed])
    wkb = _iso(lines)
    ends = np.searchsorted(group, np.arange(len(groups)), side="right").tolist()
    distinct = [
        [at for _, at in sorted(dict(zip(wkb[begin:end], range(begin, end))).items())]
        for begin, end in zip([0, *ends], ends)
    ]
    order = [at for places in distinct for at in places]
    numbers, place = np.unique(group[order], return_inverse=True)
    joined = [shapes[0] for shapes in groups]
    for number, multi in zip(numbers.tolist(), _iso(shapely.multilinestrings(lines[order], indices=place))):
        joined[number] = multi if len(distinct[number]) > 1 else wkb[distinct[number][0]]
    return joined


def _iso(shapes: NDArray[Any]) -> list[bytes]:
    """Shapes as ISO WKB, little endian."""
    shapely = load_shapely()

    dimensions = 4 if handles_m(shapely) else 3
    return list(shapely.to_wkb(shapes, output_dimension=dimensions, byte_order=1, flavor="iso"))
