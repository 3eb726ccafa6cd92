"""Road geometry as it passes from its source (PostGIS or a layer) to the GeoPackage."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<BII")
"""Byte order, type, number of points or parts."""
_LINE, _MULTI_LINE = 2, 5
_DIMENSIONS = (2, 3, 3, 4)
"""Numbers of a point in XY, XYZ, XYM and XYZM."""


@dataclass(frozen=True)
class LinkGeometry:
    """Geometry of links; all arrays have the same length n, one entry a link, ids distinct.

    `ids` is int64 (n,); `wkb` object (n,) of bytes (ISO WKB); `srid_wkt_or_auth` names the coordinate
    system, such as "EPSG:4326", or holds its WKT, and `definition` (WKT or PROJ text) is what it means where
    that name is not known; both are empty where the source does not say. `names` and `classes` are object
    (n,) of str or None (street name, road class such as "primary"), or None where the source has no such
    field. `duplicates` counts rows beyond the first of their id, whose shapes are parts of the link's;
    `missing_geometry` counts ids without a shape.
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
    """One row of the roads: its line as ISO WKB, little endian, its street name and road class."""

    wkb: bytes
    name: Optional[str] = None
    road_class: Optional[str] = None


def one_road(rows: Iterable[Road]) -> Road:
    """Join the rows of one link id, whatever their order, to one road with all their lines.

    The lines stand in the order of their bytes, and lines that are alike count once. Name and class are the
    first ones that are not empty, in the order of the rows' bytes.
    """
    ordered = sorted(rows, key=lambda row: (row.wkb, row.name or "", row.road_class or ""))
    return Road(
        _joined([row.wkb for row in ordered]),
        next((row.name for row in ordered if row.name), None),
        next((row.road_class for row in ordered if row.road_class), None),
    )


def _joined(shapes: list[bytes]) -> bytes:
    """One WKB of all the lines in `shapes`, lines and multi-lines; of mixed dimensions X and Y are kept."""
    if len(set(shapes)) == 1:
        return shapes[0]
    lines = {line for shape in shapes for line in _lines(shape)}
    kinds = {_HEADER.unpack_from(line)[1] for line in lines}
    if len(kinds) > 1:
        lines = {_flat(line) for line in lines}
        kinds = {_LINE}
    if len(lines) == 1:
        return lines.pop()
    kind = kinds.pop() - _LINE + _MULTI_LINE
    return _HEADER.pack(1, kind, len(lines)) + b"".join(sorted(lines))


def _lines(shape: bytes) -> Iterator[bytes]:
    """The lines of a line or multi-line that have points, each as a WKB of its own."""
    kind, count = _head(shape, 0)
    at, parts = (_HEADER.size, count) if kind % 1000 == _MULTI_LINE else (0, 1)
    for _ in range(parts):
        kind, points = _head(shape, at)
        at += _HEADER.size
        end = at + 8 * points * _DIMENSIONS[kind // 1000]
        if points:
            yield _HEADER.pack(1, kind, points) + shape[at:end]
        at = end


def _head(shape: bytes, at: int) -> tuple[int, int]:
    """ISO type and number of points or parts; the old 2.5D flag is read as Z."""
    _, kind, count = _HEADER.unpack_from(shape, at)
    return (kind & 0xFFFF) + (1000 if kind & 0x80000000 else 0), count


def _flat(line: bytes) -> bytes:
    """A line without its Z and M."""
    _, kind, points = _HEADER.unpack_from(line)
    numbers = np.frombuffer(line, "<f8", offset=_HEADER.size).reshape(points, _DIMENSIONS[kind // 1000])
    return _HEADER.pack(1, _LINE, points) + numbers[:, :2].tobytes()
