"""A small map for tests: four directed links whose speeds are known, written as Roadpulse writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import numpy as np
import pandas as pd
from qgis.core import QgsGeometry, QgsVectorLayer

from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.writer.geopackage import MatchReport, write_geopackage

EAST, WEST, NORTH, QUIET, LOST = 1_315_560_000_001, 1_315_560_000_000, 30, 40, 99
"""Both directions of a main road, a street that ends on it, one with too few trips, one without a shape."""

SPEED_AT_3, SPEED_AT_8 = 28.0, 3.0
"""The main road's, eastward, in mph."""

SPEC = RunSpec(
    trips="trips", store="store", speed_unit="mph", time_zone="Europe/London", bin_minutes=60, min_trips=5
)


def wkb(text: str) -> bytes:
    return bytes(QgsGeometry.fromWkt(text).asWkb())


def column(*values: Any) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def links(crs: str = "EPSG:32630", **changes: Any) -> LinkGeometry:
    """Roads about the corner (500000, 6000000) of UTM zone 30, in metres."""
    values: dict[str, Any] = {
        "ids": np.array([EAST, WEST, NORTH, QUIET], dtype=np.int64),
        "wkb": column(
            wkb("LineString (500000 6000000, 501000 6000000)"),
            wkb("LineString (501000 6000000, 500000 6000000)"),
            wkb("LineString (500500 6000000, 500500 6000500)"),
            wkb("LineString (500000 5999500, 501000 5999500)"),
        ),
        "srid_wkt_or_auth": crs,
        "names": column("Main Road", "Main Road", "North Street", None),
        "classes": column("primary", "primary", "residential", "tertiary"),
    }
    values.update(changes)
    return LinkGeometry(**values)


def speeds() -> pd.DataFrame:
    rows = [
        (EAST, 100, 20, 15.0),
        (WEST, 60, 12, 22.0),
        (NORTH, 40, 8, 12.0),
        (QUIET, 4, 2, 30.0),
        (LOST, 8, 2, 9.0),
    ]
    return _statistics(pd.DataFrame(rows, columns=["link_id", "n_points", "n_trips", "mean"]))


def by_time() -> pd.DataFrame:
    rows = [
        (EAST, "03:00", 30, 6, SPEED_AT_3), (EAST, "08:00", 50, 10, SPEED_AT_8), (WEST, "08:00", 40, 8, 22.0),
        (WEST, "03:00", 4, 1, 31.0), (NORTH, "08:00", 40, 8, 12.0), (QUIET, "08:00", 4, 2, 30.0),
        (LOST, "08:00", 8, 2, 9.0),
    ]  # fmt: skip
    return _statistics(pd.DataFrame(rows, columns=["link_id", "bin", "n_points", "n_trips", "mean"]))


def _statistics(table: pd.DataFrame) -> pd.DataFrame:
    table["std"] = np.where(table["n_points"] > 1, 2.0, np.nan)
    for name, step in (("p05", -3), ("p15", -2), ("p50", 0), ("p85", 2), ("p95", 3)):
        table[name] = table["mean"] + step
    return table


def write(
    path: Path, geometry: Optional[LinkGeometry] = None, spec: RunSpec = SPEC, **more: Any
) -> MatchReport:
    """Write the small map to `path`."""
    manifest = {"points": 212, "bad_files": ["trip ü.json"]}
    return write_geopackage(
        path, speeds(), by_time(), links() if geometry is None else geometry, manifest, spec, **more
    )


def write_lines(
    path: Path,
    lines: list[str],
    crs: str = "EPSG:32632",
    manifest: Optional[dict[str, Any]] = None,
    classes: Optional[np.ndarray] = None,
) -> QgsVectorLayer:
    """A map of lines, as WKT, on each of which 20 trips went at 20 mph at 08:00; without any it is empty."""
    ids = np.arange(1, len(lines) + 1, dtype=np.int64)
    return write_links(path, LinkGeometry(ids, column(*map(wkb, lines)), crs, classes=classes), manifest)


def write_links(
    path: Path, geometry: LinkGeometry, manifest: Optional[dict[str, Any]] = None
) -> QgsVectorLayer:
    """A map of links, on each of which 20 trips went at 20 mph at 08:00."""
    ids = geometry.ids
    table = pd.DataFrame({"link_id": ids, "n_points": 100, "n_trips": 20, "mean": 20.0})
    by_bin = table.copy()
    by_bin.insert(1, "bin", np.full(len(ids), "08:00", dtype=object))
    write_geopackage(path, _statistics(table), _statistics(by_bin), geometry, manifest or {}, SPEC)
    return QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
