"""Many WKB lines at once: bounding boxes, lengths on the ellipsoid and GeoPackage blobs, with numpy.

Links are simple lines nearly always, so these go by arrays; other shapes go one by one through QGIS.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsWkbTypes

from ..errors import MapError
from ..reference_system import degrees_of, metres_of_unit, refuse_misplaced

EQUATOR_DEGREE = 111_319.49
"""Metres in a degree of the equator."""

_LINE_HEADER = 9  # byte order, type, number of points


@dataclass(frozen=True)
class Shapes:
    """Lines as numbers: `box` float64 (n, 4) xmin, xmax, ymin, ymax; `metres` (n,) on the
    ellipsoid, `place` (n, 2) longitude and latitude of a point about halfway.

    In a system that has no place on the earth `metres` are those of its plane, and `place` is counted
    from a point of the equator.
    """

    box: NDArray[Any]
    metres: NDArray[Any]
    place: NDArray[Any]
    multi: bool
    has_z: bool


def measure(wkb: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> Shapes:
    """Measure n shapes in `crs`; raises `MapError` where one is not a line.

    Raises `UnsuitableSystem` where the coordinates cannot be those of `crs`.
    """
    n = len(wkb)
    box = np.zeros((n, 4))
    lengths = np.zeros(n)
    place = np.zeros((n, 2))
    kinds = np.array([_kind(shape) for shape in wkb], dtype=np.int64)
    for kind in np.unique(kinds):
        if QgsWkbTypes.geometryType(QgsWkbTypes.Type(int(kind))) != QgsWkbTypes.GeometryType.LineGeometry:
            where = int(np.flatnonzero(kinds == kind)[0])
            name = QgsWkbTypes.displayString(QgsWkbTypes.Type(int(kind))) or f"type {kind}"
            raise MapError(
                f"Link number {where + 1} of the roads is a {name}, not a line. Choose a layer of lines."
            )
    flat_kinds = kinds % 1000
    multi = bool(((flat_kinds == 5) | (flat_kinds == 11) | (flat_kinds == 12)).any())
    has_z = bool(any(QgsWkbTypes.hasZ(QgsWkbTypes.Type(int(kind))) for kind in np.unique(kinds)))
    simple = kinds == 2
    rows = (
        np.flatnonzero(simple & np.array([shape[0] == 1 for shape in wkb], dtype=bool))
        if n
        else np.zeros(0, int)
    )
    parts = [wkb[row][_LINE_HEADER:] for row in rows]
    others = np.setdiff1d(np.arange(n), rows)
    owners = [rows]
    for row in others:
        geometry = QgsGeometry()
        geometry.fromWkb(bytes(wkb[row]))
        for part in geometry.asGeometryCollection() if geometry.isMultipart() else [geometry]:
            line = part.constGet().segmentize()
            line.dropZValue()
            line.dropMValue()
            parts.append(bytes(line.asWkb())[_LINE_HEADER:])
            owners.append(np.array([row]))
    owner = np.concatenate(owners).astype(np.int64)
    sizes = np.array([len(part) // 16 for part in parts], dtype=np.int64)
    keep = sizes > 0
    owner, sizes = owner[keep], sizes[keep]
    if not len(sizes):
        box[:] = np.nan
        return Shapes(box, lengths, place, multi, has_z)
    xy = np.frombuffer(b"".join(parts), dtype="<f8").reshape(-1, 2)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    box[:, (0, 2)], box[:, (1, 3)] = np.inf, -np.inf
    for axis in (0, 1):
        low, high = box[:, 2 * axis], box[:, 2 * axis + 1]
        np.minimum.at(low, owner, np.minimum.reduceat(xy[:, axis], starts))
        np.maximum.at(high, owner, np.maximum.reduceat(xy[:, axis], starts))
    box[~np.isfinite(box).all(axis=1)] = np.nan
    refuse_misplaced(box, crs)
    degrees, steps = _on_ground(xy, crs)
    place[owner] = degrees[starts + sizes // 2]
    steps[starts[1:] - 1] = 0  # from the end of one line to the start of the next
    np.add.at(lengths, owner, np.add.reduceat(np.append(steps, 0.0), starts))
    return Shapes(box, lengths, place, multi, has_z)


def blob(shape: bytes, srs_id: int, box: NDArray[Any], multi: bool) -> bytes:
    """One GeoPackage geometry (OGC 12-128r19, 2.1.3): header with the XY envelope, then the WKB."""
    head = struct.pack("<2sBBi4d", b"GP", 0, 0b011, srs_id, *box)
    if multi and _kind(shape) % 1000 == 2:
        order = "<" if shape[0] == 1 else ">"
        shape = struct.pack(f"{order}BII", shape[0], _kind(shape) + 3, 1) + shape
    return head + shape


def _kind(shape: bytes) -> int:
    """ISO geometry type of a WKB; the old 2.5D flag is read as Z."""
    kind = int.from_bytes(shape[1:5], "little" if shape[0] == 1 else "big")
    return (kind & 0xFFFF) + (1000 if kind & 0x80000000 else 0)


def _on_ground(xy: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> tuple[NDArray[Any], NDArray[Any]]:
    """Longitude and latitude (n, 2), and metres between consecutive points (n - 1,), 0 where unknown."""
    degrees = degrees_of(xy, crs)
    if degrees is None:
        plane = (xy - np.median(xy, axis=0)) * metres_of_unit(crs)
        degrees, steps = plane / EQUATOR_DEGREE, np.hypot(*np.diff(plane, axis=0).T)
    else:
        steps = _steps(degrees)
    return degrees, steps if np.isfinite(steps.sum()) else np.nan_to_num(steps)


def _steps(degrees: NDArray[Any]) -> NDArray[Any]:
    """Metres between consecutive points (n - 1,), from the radii of curvature of WGS 84.

    Exact to a few millionths for the short steps of a road (M and N as in Snyder, Map Projections: A
    Working Manual, USGS 1987, equations 4-18 and 4-20).
    """
    a, e2 = 6378137.0, 0.00669437999014
    longitude, latitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    middle = (latitude[1:] + latitude[:-1]) / 2
    w = 1 - e2 * np.sin(middle) ** 2
    north = np.diff(latitude) * a * (1 - e2) / w**1.5
    turn = np.diff(longitude)
    if turn.size and not np.abs(turn).max() <= np.pi:  # the short way across 180°; also where one is NaN
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
    east = turn * a / np.sqrt(w) * np.cos(middle)
    return np.hypot(north, east)
