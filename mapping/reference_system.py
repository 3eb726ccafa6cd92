"""The reference system of roads: what QGIS makes of its name, and whether the coordinates can be its own."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsDistanceArea,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsUnitTypes,
)

from ..cluster_client.shapely_package import load_shapely
from .errors import MapError

FAR = 30.0
"""Degrees outside of the area that a system is made for: UTM is used some zones away, not farther."""

SAMPLE = 10_000
"""Roads, evenly spread, whose coordinates are looked at."""

HOW_TO_DECLARE = (
    "Set the system that they are in, in QGIS (Layer Properties, Source) or, in scripts, with LINKS_CRS such "
    "as EPSG:25833; in PostGIS ST_SetSRID keeps it with the table."
)

_GEOGRAPHIC = (Qgis.CrsType.Geographic2d, Qgis.CrsType.Geographic3d)
_NO_PLANE = (Qgis.CrsType.Geocentric, Qgis.CrsType.Vertical, Qgis.CrsType.Temporal)
_ROUNDING = 1e-6
_BATCH = 50_000
"""Points transformed at once: no other thread runs meanwhile."""


class UnsuitableSystem(MapError):
    """Roads whose reference system is not known, or cannot be that of their coordinates."""


def find_system(name: str, definition: str = "") -> QgsCoordinateReferenceSystem:
    """Return the system of a name such as EPSG:25833, or of a definition if QGIS does not know the name.

    Both may be anything that QGIS accepts: authority and code, WKT or PROJ text. Raises `UnsuitableSystem`.
    """
    for text in filter(None, (name, definition)):
        crs = QgsCoordinateReferenceSystem()
        if crs.createFromUserInput(text) and is_known(crs):
            return crs
    if name or definition:
        raise UnsuitableSystem(
            f"The roads are in the reference system {shortened(name or definition)}, which QGIS does not "
            f"know. {HOW_TO_DECLARE}"
        )
    raise UnsuitableSystem(
        "The roads do not say in which reference system their coordinates are. " + HOW_TO_DECLARE
    )


def text_of(crs: QgsCoordinateReferenceSystem) -> str:
    """Return a text from which `find_system` finds the system on any computer; empty for an unknown one."""
    if not is_known(crs):
        return ""
    name = str(crs.authid())
    # A person's own systems (USER:100000) are numbered anew in every profile.
    if name and not name.startswith("USER:"):
        return name
    return str(crs.toWkt(Qgis.CrsWktVariant.Preferred))


def is_known(crs: QgsCoordinateReferenceSystem) -> bool:
    """Return True if coordinates of this system mean a place, on the earth or on a plane of known units.

    A GeoPackage's srs_id of 0 or -1 comes as a valid system called "Undefined …", which says nothing.
    """
    if not crs.isValid() or crs.type() in _NO_PLANE:
        return False
    if str(crs.description()).casefold().startswith("undefined"):
        return False
    return crs.type() in _GEOGRAPHIC or crs.mapUnits() != Qgis.DistanceUnit.Unknown


def in_degrees(crs: QgsCoordinateReferenceSystem) -> bool:
    """Return True if coordinates are angles (QGIS's `isGeographic` overlooks systems that have no code)."""
    return bool(crs.type() in _GEOGRAPHIC or crs.mapUnits() == Qgis.DistanceUnit.Degrees)


def label_of(crs: QgsCoordinateReferenceSystem) -> str:
    """Code or name, for messages."""
    return str(crs.authid() or crs.description() or "without a name")


def shortened(text: str, length: int = 60) -> str:
    """Return a text on one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def to_wgs84(crs: QgsCoordinateReferenceSystem) -> Optional[QgsCoordinateTransform]:
    """The way to longitude and latitude (EPSG:4326); None for a system that has no place on the earth."""
    wgs84 = QgsCoordinateReferenceSystem("EPSG:4326")
    transform = QgsCoordinateTransform(crs, wgs84, QgsProject.instance().transformContext())
    return transform if crs.isValid() and transform.isValid() else None


def degrees_of(xy: NDArray[Any], crs: QgsCoordinateReferenceSystem) -> Optional[NDArray[Any]]:
    """Coordinates (n, 2) as longitude and latitude, NaN where there is no such place; all in one call.

    None for a system that has no place on the earth.
    """
    transform = to_wgs84(crs)
    if transform is None:
        return None
    good = finite(xy)
    moved = xy if good.all() else np.where(good[:, None], xy, 0.0)
    if len(moved) and not transform.isShortCircuited():
        try:
            batches = np.array_split(moved, len(moved) // _BATCH + 1)
            moved = np.concatenate([_transformed(batch, transform) for batch in batches])
        except QgsCsException:
            return np.full(xy.shape, np.nan)
    good &= finite(moved) & (np.abs(moved[:, 1]) <= 90 + _ROUNDING)
    return moved if good.all() else np.where(good[:, None], moved, np.nan)


def _transformed(xy: NDArray[Any], transform: QgsCoordinateTransform) -> NDArray[Any]:
    """Coordinates (n, 2) in another system, as the points of one line; raises `QgsCsException`."""
    if len(xy) == 1:
        place = transform.transform(QgsPointXY(*xy[0].tolist()))
        return np.array([[place.x(), place.y()]])
    shapely = load_shapely()

    line = QgsGeometry()
    line.fromWkb(shapely.to_wkb(shapely.linestrings(xy), output_dimension=2))
    line.transform(transform)
    return shapely.get_coordinates(shapely.from_wkb(bytes(line.asWkb())))


def finite(xy: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the points (n, 2) have two finite coordinates; `all(axis=1)` takes thirty times as long."""
    return np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1])


def metres_of_unit(crs: QgsCoordinateReferenceSystem) -> float:
    """Return metres in a unit of a plane system."""
    return float(QgsUnitTypes.fromUnitToUnitFactor(crs.mapUnits(), Qgis.DistanceUnit.Meters))


def metres_per_unit(crs: QgsCoordinateReferenceSystem, extent: QgsRectangle) -> float:
    """Return metres on the ground in a unit of the map, from west to east in the middle of `extent`.

    Measured on the ellipsoid, so that it holds in any projection; NaN where that is not possible.
    """
    if to_wgs84(crs) is None:
        return metres_of_unit(crs)
    measure = QgsDistanceArea()
    measure.setSourceCrs(crs, QgsProject.instance().transformContext())
    measure.setEllipsoid("EPSG:7030")
    centre, half = extent.center(), extent.width() / 200
    ends = (QgsPointXY(centre.x() - half, centre.y()), QgsPointXY(centre.x() + half, centre.y()))
    try:
        return float(measure.measureLine(*ends) / (2 * half)) if half else float("nan")
    except QgsCsException:
        return float("nan")


def refuse_misplaced(
    boxes: NDArray[Any], crs: QgsCoordinateReferenceSystem, roads: str = "The roads"
) -> None:
    """Raise `UnsuitableSystem` where most coordinates cannot be of the system that they are said to be in.

    `boxes` (n, 4) holds xmin, xmax, ymin, ymax of roads, NaN for none. `roads` begins the message.
    """
    boxes = boxes[:: len(boxes) // SAMPLE + 1]
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return
    x, y = (float(np.median(boxes[:, low : low + 2])) for low in (0, 2))
    where = f"{roads} are said to be in {label_of(crs)}"
    found = f"their coordinates are about {_number(x)}, {_number(y)}"
    if in_degrees(crs):
        quarter = 90.0 if crs.mapUnits() == Qgis.DistanceUnit.Degrees else 100.0  # else grads
        if abs(x) > 4 * quarter or abs(y) > quarter + _ROUNDING:
            why = (
                "which may be latitude and longitude in the wrong order"
                if abs(x) <= quarter and abs(y) <= 4 * quarter
                else "which are no degrees"
            )
            raise UnsuitableSystem(f"{where}, but {found}, {why}. {HOW_TO_DECLARE}")
    elif crs.type() != Qgis.CrsType.Engineering and (np.abs(boxes) <= (180, 180, 90, 90)).all():
        raise UnsuitableSystem(
            f"{where}, but {found}, which look like longitude and latitude (EPSG:4326). {HOW_TO_DECLARE}"
        )
    _refuse_far(x, y, crs, where, found)


def _refuse_far(x: float, y: float, crs: QgsCoordinateReferenceSystem, where: str, found: str) -> None:
    """Raise `UnsuitableSystem` for a place far from the area that the system is made for."""
    if to_wgs84(crs) is None or _is_near(x, y, crs):
        return
    swapped = ". With x and y the other way round they would be" if _is_near(y, x, crs) else ""
    raise UnsuitableSystem(
        f"{where}, but {found}, far from the area that it is made for{swapped}. {HOW_TO_DECLARE}"
    )


def _is_near(x: float, y: float, crs: QgsCoordinateReferenceSystem) -> bool:
    degrees = degrees_of(np.array([[x, y]]), crs)
    if degrees is None or not np.isfinite(degrees).all():
        return False
    longitude, latitude = degrees[0].tolist()
    area = crs.bounds()
    if area.isEmpty() or area.width() > 360:  # systems that have no code have no area
        return True
    west, east = area.xMinimum(), area.xMaximum()
    beyond = 0.0
    if (longitude - west) % 360 > (east - west) % 360 and (east - west) < 360:
        beyond = min((west - longitude) % 360, (longitude - east) % 360)
    return max(beyond, area.yMinimum() - latitude, latitude - area.yMaximum()) <= FAR


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.5g}"
