"""The package shapely inside of QGIS, which has a GEOS of its own."""

from __future__ import annotations

import os
import sys
from typing import Any


def load_shapely() -> Any:
    """Import shapely so that it uses the GEOS that it brings; raises `ImportError` without the package.

    On Linux the libraries of the program `qgis` come before those of a package: shapely from PyPI would call
    one version of GEOS through the interface of another, with wrong results or a crash
    (https://github.com/shapely/shapely/issues/1186). With RTLD_DEEPBIND it looks into its own ones first.
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
