"""The tutorial, followed to the letter in a shell; tests/gui/test_tutorial.py follows it in the windows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from qgis.core import QgsVectorLayer

from tests.guides import DOCS, follow

TUTORIAL = (DOCS / "tutorial.md").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_tutorial_goes_from_trips_to_a_film(qgis_app: object, tmp_path: Path) -> None:
    folder = tmp_path / "tutorial"
    follow("tutorial.md", folder)

    trips, links = re.search(r"--TRIPS=(\d+)", TUTORIAL)[1], "1,195"  # type: ignore[index]
    assert len(list((folder / "city" / "trips").rglob("*.json*"))) == int(trips)
    layer = QgsVectorLayer(f"{folder}/city/speeds.gpkg|layername=links", "speeds", "ogr")
    assert f"{layer.featureCount():,}" == links
    assert f"on {links} links" in TUTORIAL
    assert (folder / "aldermere.pdf").read_bytes().startswith(b"%PDF")
    with Image.open(folder / "aldermere.gif") as film:
        assert (film.n_frames, film.size) == (6, (960, 540))
        frames = set()
        for number in range(film.n_frames):
            film.seek(number)
            frames.add(film.convert("RGB").tobytes())
    assert len(frames) == 6
