"""Facts of a layer for its page: extent, course of the day, dates and counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Optional

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)

from ..errors import MapError
from ..language import day_span, number_text, tr
from ..map_file import MapFile
from ..reference_system import in_degrees
from ..style.options import StyleOptions

MARGIN = 0.03
"""Free space about the links on a page, as a share of the larger side."""

SMALLEST = 100.0
"""Metres: no page shows less from edge to edge."""


def local_crs(layer: QgsVectorLayer) -> QgsCoordinateReferenceSystem:
    """Return the layer's own system where it is in metres, else the UTM zone at its centre."""
    if not in_degrees(layer.crs()) or layer.extent().isNull():
        return layer.crs()
    centre = QgsCoordinateTransform(
        layer.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance()
    ).transform(layer.extent().center())
    zone = min(max(int((centre.x() + 180) // 6) + 1, 1), 60)
    return QgsCoordinateReferenceSystem(f"EPSG:{(32600 if centre.y() >= 0 else 32700) + zone}")


def emptiness(layer: QgsVectorLayer) -> str:
    """Return why no link is on the map, and what to do; empty if there are links."""
    if layer.featureCount() != 0:
        return ""
    links = MapFile.of(layer).matched("links")
    if links:
        return tr(
            "Nothing is on this map: none of the {links} links with data is among the roads. Check the "
            "field with the link id, and that these are the roads that the trips were matched to."
        ).format(links=number_text(links))
    return tr(
        "Nothing is on this map: the run found no point to count. Check its dates and weekdays, and what "
        "it says of points that could not be used."
    )


def directions(layer: QgsVectorLayer) -> str:
    """Return a pattern for `{estimator}` that adds what is known of the two directions of a road.

    An earlier version left points out whose link id was negative, a direction in a sign.
    """
    file = MapFile.of(layer)
    if file.left_out("negative_link"):
        return tr("{estimator}; points with a negative link id are left out, so one direction may be missing")
    return tr("{estimator}, each direction for itself") if file.is_directed else "{estimator}"


def page_crs(layer: QgsVectorLayer) -> QgsCoordinateReferenceSystem:
    """Return the system of a page: `local_crs`, or one in metres for a map without links."""
    crs = local_crs(layer)
    return QgsCoordinateReferenceSystem("EPSG:3857") if emptiness(layer) and in_degrees(crs) else crs


def busy_extent(file: MapFile) -> QgsRectangle:
    """Return the extent of the middle 94 % of the links with data in the file's system; null for none."""
    boxes = file.boxes()
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return QgsRectangle()
    left, bottom = np.quantile(boxes[:, :2], 0.03, axis=0).tolist()
    right, top = np.quantile(boxes[:, 2:], 0.97, axis=0).tolist()
    busy = QgsRectangle(left, bottom, right, top)  # also where all boxes but a few are points
    busy.grow(MARGIN * max(busy.width(), busy.height()))
    return busy


def extent_shown(file: MapFile, into: QgsCoordinateTransform, extent: Optional[QgsRectangle]) -> QgsRectangle:
    """Return the extent of the page in the system that `into` leads to from the layer's.

    It is `extent`, or that of the file's links. May be called in any thread. Raises `MapError`.
    """
    asked = busy_extent(file) if extent is None else extent
    if asked.isNull():
        return QgsRectangle(0, 0, 1000, 1000)
    wanted, detail = QgsRectangle(), ""
    try:
        if asked.isFinite():
            wanted = into.transformBoundingBox(asked)
    except QgsCsException as error:
        detail = str(error)
    if wanted.isNull() or not wanted.isFinite():
        shown_in = into.destinationCrs().userFriendlyIdentifier()
        raise MapError(
            f"The extent {asked.toString(4)} cannot be shown in {shown_in}. Choose one where the links lie.",
            detail,
        )
    return wanted


def fill(extent: QgsRectangle, ratio: float, cut: bool = False) -> QgsRectangle:
    """Return the smallest rectangle about `extent` with width : height = `ratio`.

    With `cut` it is the largest one inside, so that no edge of the map stays empty.
    """
    width, height = max(extent.width(), SMALLEST), max(extent.height(), SMALLEST)
    if (width > height * ratio) == cut:
        width = height * ratio
    else:
        height = width / ratio
    centre = extent.center()
    return QgsRectangle(
        centre.x() - width / 2, centre.y() - height / 2, centre.x() + width / 2, centre.y() + height / 2
    )


def describe(file: MapFile, style: StyleOptions, frame: Optional[int] = None) -> tuple[str, str]:
    """Return when the data are from, and how many: those of a frame, or of the whole period.

    `10 June 2025, local time (Europe/London)`; `1,066,880 points on 3,526 links`, or of a frame
    `44,312 points; 812 links with at least 5 trips`.
    """
    if frame is None:
        facts = tr("{points} points on {links} links").format(
            points=number_text(file.matched("points")), links=number_text(file.matched("links"))
        )
    else:
        facts = tr("{points} points; {links} links with at least {trips} trips").format(
            points=number_text(file.bin_totals()[frame]),
            links=number_text(file.links_drawn(style.statistic, frame)),
            trips=number_text(style.min_trips),
        )
    days = "" if style.days == tr("all days") else style.days
    zone = tr("local time ({zone})").format(zone=style.time_zone)
    return tr(", ").join(filter(None, (span(*file.dates), days, zone))), facts


def count_points(file: MapFile, frames: Iterable[int]) -> str:
    """Return how many points there are in some frames: `44,312 points`."""
    totals = file.bin_totals()
    return tr("{points} points").format(points=number_text(sum(totals[frame] for frame in frames)))


def span(first: object, last: object) -> str:
    """Two ISO dates in words, such as `10 – 12 June 2025`; empty for none."""
    try:
        return day_span(date.fromisoformat(str(first)), date.fromisoformat(str(last)))
    except ValueError:
        return ""
