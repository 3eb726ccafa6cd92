"""Trips of a day in one file, from the file to the colour on the map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtGui import QColor

from tests.qgis.test_symbology import draw
from tests.qgis.test_text_ids import THERE, points, speed_map, write_roads

GREY = 0.2
"""Saturation below which a colour is grey."""

TRIPS = [points(101, 20.0 + number, trip=f"trip {number}") for number in range(12)]


def has_colour(path: Path) -> bool:
    """Whether the only link is drawn in a colour, and not in grey, as the whole period."""
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    place = layer.extent().buffered(0.002)
    image = draw(layer, extent=(place.xMinimum(), place.yMinimum(), place.xMaximum(), place.yMaximum()))
    pixels = [image.pixelColor(x, y) for x in range(0, 800, 8) for y in range(0, 800, 2)]
    assert any(pixel != QColor("white") for pixel in pixels)
    return max(pixel.saturationF() for pixel in pixels) > GREY


@pytest.mark.parametrize("named", [True, False])
def test_twelve_trips_in_a_file_are_drawn_in_a_colour(processing: Any, tmp_path: Path, named: bool) -> None:
    """By the field of their id; without it they are one trip, too few for a colour, and a warning says so."""
    trips = tmp_path / "trips"
    trips.mkdir()
    (trips / "day.json").write_text(json.dumps({"data": [point for trip in TRIPS for point in trip]}))
    roads = write_roads(tmp_path / "roads.geojson", [(THERE, {"link_id": 101})])
    mapping = json.dumps({"trip_id": "data.trip"} if named else {})
    result = speed_map(processing, tmp_path, trips, roads, MIN_TRIPS=5, MAPPING=mapping)
    warnings = json.loads((tmp_path / "run" / "manifest.json").read_text())["warnings"]
    assert result["TRIP_COUNT"] == (12 if named else 1)
    assert any("one trip" in warning for warning in warnings) is not named
    assert has_colour(tmp_path / "map.gpkg") is named
