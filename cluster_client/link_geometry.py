"""Road geometry as it passes from its source (PostGIS or a layer) to the GeoPackage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from numpy.typing import NDArray


@dataclass(frozen=True)
class LinkGeometry:
    """Geometry of links; all arrays have the same length n, one entry a link, ids distinct.

    `ids` is int64 (n,); `wkb` object (n,) of bytes (ISO WKB); `srid_wkt_or_auth` names the coordinate
    system, such as "EPSG:4326", or holds its WKT; `names` and `classes` are object (n,) of str or None
    (street name, road class such as "primary"), or None where the source has no such field. `duplicates`
    counts rows whose id had come before (the first one counts), `missing_geometry` ids without a shape.
    """

    ids: NDArray[Any]
    wkb: NDArray[Any]
    srid_wkt_or_auth: str
    names: Optional[NDArray[Any]] = None
    classes: Optional[NDArray[Any]] = None
    duplicates: int = 0
    missing_geometry: int = 0

    def __len__(self) -> int:
        return len(self.ids)
