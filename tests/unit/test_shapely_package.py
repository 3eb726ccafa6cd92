"""Shapely uses its own GEOS where the program has another one, as QGIS does."""

from __future__ import annotations

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest
import shapely

SCRIPT = """
import sys
flags = sys.getdlopenflags()
from roadpulse.cluster_client.shapely_package import load_shapely
from roadpulse.cluster_client.postgis.link_geometry import Road, join_roads
shapely = load_shapely()
assert shapely is load_shapely() and sys.getdlopenflags() == flags
lines = [shapely.to_wkb(shapely.from_wkt(text), flavor="iso", byte_order=1) for text in sys.argv[1:]]
print(shapely.to_wkt(shapely.from_wkb(join_roads([[Road(line) for line in lines]])[0].wkb)))
"""
LINES = "LINESTRING Z (0 0 7, 1 1 7)", "LINESTRING Z (3 3 7, 4 4 8)"


@pytest.mark.skipif(not hasattr(os, "RTLD_DEEPBIND"), reason="libraries are bound by name elsewhere")
def test_another_geos_in_the_program_does_no_harm() -> None:
    other = find_library("geos_c")
    assert other, "QGIS brings it"
    loaded = subprocess.run(
        [sys.executable, "-c", SCRIPT, *LINES],
        check=False, capture_output=True, text=True,
        env={**os.environ, "LD_PRELOAD": other, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (loaded.returncode, loaded.stderr) == (0, "")
    joined = shapely.multilinestrings([shapely.from_wkt(line) for line in LINES])
    assert loaded.stdout.strip() == shapely.to_wkt(joined)
