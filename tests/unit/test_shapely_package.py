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
if sys.argv.pop(1) == "imported before":
    import shapely
flags = sys.getdlopenflags()
from roadpulse.cluster_client.shapely_package import load_shapely
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry, np, objects
shapely = load_shapely()
assert shapely is load_shapely() and sys.getdlopenflags() == flags
lines = objects([bytes.fromhex(line) for line in sys.argv[1:]])
print(LinkGeometry.of_rows(np.zeros(len(lines), int), lines, None, None, "").wkb[0].hex())
"""
LINES = "LINESTRING Z (0 0 7, 1 1 7)", "LINESTRING Z (3 3 7, 4 4 8)"
FLAT = "LINESTRING (0 0, 1 1)", "LINESTRING (3 3, 4 4)"


def wkb(shape: shapely.Geometry) -> bytes:
    return shapely.to_wkb(shape, flavor="iso", byte_order=1)


@pytest.mark.skipif(not hasattr(os, "RTLD_DEEPBIND"), reason="libraries are bound by name elsewhere")
@pytest.mark.parametrize("when", ["imported here", "imported before"])
@pytest.mark.parametrize("texts", [LINES, FLAT], ids=["with Z", "flat"])
def test_another_geos_in_the_program_does_no_harm(texts: tuple[str, str], when: str) -> None:
    other = find_library("geos_c")
    assert other, "QGIS brings it"
    lines = shapely.from_wkt(texts)
    loaded = subprocess.run(
        [sys.executable, "-c", SCRIPT, when, *(wkb(line).hex() for line in lines)],
        check=False, capture_output=True, text=True,
        env={**os.environ, "LD_PRELOAD": other, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert bytes.fromhex(loaded.stdout) == wkb(shapely.multilinestrings(lines))
