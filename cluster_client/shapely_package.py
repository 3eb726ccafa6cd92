"""The package shapely inside of QGIS, which has a GEOS of its own."""

from __future__ import annotations

import os
import sys
from typing import Any

from numpy.typing import NDArray


def load_shapely() -> Any:
    """Import shapely so that it uses the GEOS that it brings; raises `ImportError` without the package.

    On Linux the libraries of the program `qgis` come before those of a package: shapely from PyPI would call
    one version of GEOS through the interface of another, with wrong results or a crash
    (https://github.com/shapely/shapely/issues/1186). With RTLD_DEEPBIND it looks into its own ones first.
    That comes too late where `qgis.core` has imported shapely, as it does from QGIS 3.40 on if it finds the
    package. Such a shapely works as long as it calls only what the GEOS of QGIS has: see `handles_m`.
    """
    deep = getattr(os, "RTLD_DEEPBIND", 0)
    if deep and "shapely" not in sys.modules:
        import numpy  # noqa: F401, PLC0415  (its own libraries are loaded as ever)

        flags = sys.getdlopenflags()
        sys.setdlopenflags(flags | deep)
        try:
            import shapely  # noqa: PLC0415
        finally:
            sys.setdlopenflags(flags)
    import shapely  # noqa: PLC0415

    return shapely


def handles_m(shapely: Any) -> bool:
    """Return True if shapely reads and writes M, which takes shapely 2.1 and GEOS 3.12.

    The version of GEOS that shapely names is that of its build, even where it works with the one of QGIS;
    so a point is written to find out. Functions that the GEOS at work lacks must not be called: the library
    that has them does not understand its shapes.
    """
    if not hasattr(shapely, "has_m"):
        return False
    try:
        shapely.to_wkb(shapely.points(0.0, 0.0), output_dimension=4)
    except shapely.GEOSException:
        return False
    return True


def iso_wkb(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return shapes as little-endian ISO WKB, with M where shapely handles it."""
    shapely = load_shapely()
    dimensions = 4 if handles_m(shapely) else 3
    written: NDArray[Any] = shapely.to_wkb(shapes, output_dimension=dimensions, byte_order=1, flavor="iso")
    return written
