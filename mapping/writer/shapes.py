"""Many lines at once: bounding boxes, lengths on the ellipsoid and GeoPackage blobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsWkbTypes

from ...cluster_client.collector import paused
from ...cluster_client.shapely_package import iso_wkb, load_shapely
from ..errors import MapError
from ..reference_system import degrees_of, finite, metres_of_unit, refuse_misplaced

EQUATOR_DEGREE = 111_319.49
"""Metres in a degree of the equator."""

_BLOB_HEADER = np.dtype(
    [("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs_id", "<i4"), ("box", "<f8", 4)]
)
"""Header of a GeoPackage geometry with the XY envelope (OGC 12-128r19, 2.1.3)."""
_LITTLE_ENDIAN_XY = 0b011
_HEAD = 9
"""Bytes of a multi-line before its first line."""
_BATCH = 16_384
"""Lines read at once: no other thread runs meanwhile."""


@dataclass(frozen=True)
class Shapes:
    """Lines as they are written, and as numbers.

    `wkb` is object (n,) of bytes, multi-lines all of them if `multi`; `box` float64 (n, 4) xmin, xmax, ymin,
    ymax; `metres` (n,) on the ellipsoid, `place` (n, 2) longitude and latitude of a point about halfway.

    `opposed` is the share of the lines that go where another one comes from, and come from where it goes.

    In a system that has no place on the earth `metres` are those of its plane, and `place` is counted
    from a point of the equator.
    """

    wkb: NDArray[Any]
    box: NDArray[Any]
    metres: NDArray[Any]
    place: NDArray[Any]
    multi: bool
    has_z: bool
    opposed: float = 0.0


def measure(wkb: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> Shapes:
    """Measure n shapes in `crs`; raises `MapError` where one is not a line.

    Raises `UnsuitableSystem` where the coordinates cannot be those of `crs`.
    """
    shapely = load_shapely()

    n = len(wkb)
    with paused():
        lines = np.concatenate(
            [shapely.from_wkb(wkb[i : i + _BATCH], on_invalid="ignore") for i in range(0, max(n, 1), _BATCH)]
        )
    types = shapely.get_type_id(lines)
    several = types == shapely.GeometryType.MULTILINESTRING
    others = {
        int(row): _line_of_qgis(wkb[row], int(row))
        for row in np.flatnonzero(~several & (types != shapely.GeometryType.LINESTRING))
    }
    multi = bool(several.any()) or any(shape.isMultipart() for shape in others.values())
    has_z = bool(shapely.has_z(lines).any()) or any(
        QgsWkbTypes.hasZ(shape.wkbType()) for shape in others.values()
    )
    for row, shape in others.items():
        lines[row] = _points(shape)
    single = shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING
    parts, owner = shapely.get_parts(lines[~single], return_index=True)
    parts = np.concatenate([lines[single], parts])
    owner = np.concatenate([np.flatnonzero(single), np.flatnonzero(~single)[owner]])
    if multi:
        wkb = _as_multi(wkb, lines, np.flatnonzero(single), others)
    sizes = shapely.get_num_coordinates(parts)
    keep = sizes > 0
    owner, sizes = owner[keep], sizes[keep]
    box = shapely.bounds(lines)[:, (0, 2, 1, 3)]
    lengths = np.zeros(n)
    place = np.zeros((n, 2))
    opposed = _opposed(lines)
    if not len(sizes):
        return Shapes(wkb, box, lengths, place, multi, has_z)
    xy = shapely.get_coordinates(parts)
    box[np.repeat(owner, sizes)[~finite(xy)]] = np.nan
    refuse_misplaced(box, crs)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    degrees, steps = _on_ground(xy, crs)
    place[owner] = degrees[starts + sizes // 2]
    steps[starts[1:] - 1] = 0  # from the end of one line to the start of the next
    np.add.at(lengths, owner, np.add.reduceat(np.append(steps, 0.0), starts))
    return Shapes(wkb, box, lengths, place, multi, has_z, opposed)


def _opposed(lines: NDArray[Any]) -> float:
    """Return the share of lines of which another one begins where they end, and ends where they begin."""
    shapely = load_shapely()

    first, last = (shapely.get_point(lines, at) for at in (0, -1))
    ends = np.column_stack([read(end) for end in (first, last) for read in (shapely.get_x, shapely.get_y)])
    ends = ends[np.isfinite(ends).all(axis=1) & (ends[:, :2] != ends[:, 2:]).any(axis=1)]
    if not len(ends):
        return 0.0
    bits = (ends + 0.0).view(np.uint64)  # + 0.0 turns -0.0 into 0.0
    factors = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)
    with np.errstate(over="ignore"):
        start, end = ((bits[:, at : at + 2] * factors).sum(axis=1) for at in (0, 2))
        there, back = start * factors[0] + end, end * factors[0] + start
    return float(np.isin(there, back).sum() / len(lines))


def blobs(wkb: NDArray[Any], srs_id: int, box: NDArray[Any]) -> list[bytes]:
    """GeoPackage geometries of n lines with their boxes (n, 4)."""
    heads = np.zeros(len(wkb), dtype=_BLOB_HEADER)
    heads["magic"], heads["flags"], heads["srs_id"], heads["box"] = b"GP", _LITTLE_ENDIAN_XY, srs_id, box
    data, size = heads.tobytes(), heads.itemsize
    return [data[at : at + size] + shape for at, shape in zip(range(0, len(data), size), wkb)]


def _as_multi(
    wkb: NDArray[Any], lines: NDArray[Any], rows: NDArray[Any], others: dict[int, QgsGeometry]
) -> NDArray[Any]:
    """Return the WKB of multi-lines in place of lines: those of shapely in `rows`, and `others` of QGIS."""
    shapely = load_shapely()

    written = wkb.copy()
    others = dict(others)
    for at in (rows[i : i + _BATCH] for i in range(0, len(rows), _BATCH)):
        written[at] = iso_wkb(shapely.multilinestrings(lines[at][:, None]))
        added = np.array([*map(len, written[at])]) - [*map(len, wkb[at])]
        for row in at[added != _HEAD].tolist():  # not every shapely has M
            others[row] = QgsGeometry()
            others[row].fromWkb(wkb[row])
    for row, shape in others.items():
        shape.convertToMultiType()
        written[row] = bytes(shape.asWkb())
    return written


def _line_of_qgis(wkb: bytes, row: int) -> QgsGeometry:
    """Return a line that shapely does not read, of a single point; raises `MapError` for another shape."""
    geometry = QgsGeometry()
    geometry.fromWkb(wkb)
    if geometry.type() != QgsWkbTypes.GeometryType.LineGeometry:
        name = QgsWkbTypes.displayString(geometry.wkbType())
        raise MapError(
            f"Link number {row + 1} of the roads is a {name}, not a line. Choose a layer of lines."
        )
    return geometry


def _points(geometry: QgsGeometry) -> Any:
    """Return the parts of a line of QGIS as shapely has them, with a point for a line of a single point."""
    shapely = load_shapely()

    parts = geometry.asGeometryCollection() if geometry.isMultipart() else [geometry]
    lines = ([(p.x(), p.y()) for p in part.constGet().points()] for part in parts)
    return shapely.geometrycollections(
        [shapely.linestrings(line) if len(line) > 1 else shapely.points(line[0]) for line in lines if line]
    )


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
    """Return metres between consecutive points (n - 1,), from the radii of curvature of WGS 84.

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
