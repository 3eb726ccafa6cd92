"""A street that is cut into links looks like one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.PyQt.QtGui import QColor

from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps
from tests.qgis.test_symbology import class_colour, draw

pytestmark = pytest.mark.usefixtures("qgis_app")

CUTS = (500_000, 500_150, 500_300, 500_420, 500_600, 501_000)
"""Where a straight street from west to east is cut, in metres."""


@pytest.mark.parametrize(
    "gap", [0, 11], ids=["ends that meet", "ends 11 m apart, as some networks have them"]
)
def test_a_straight_street_is_as_wide_at_its_joints_as_between_them(tmp_path: Path, gap: int) -> None:
    """A link is 14 m wide at this scale; round ends would leave notches in the gap."""
    lines = [f"LineString ({a} 6000000, {b - gap} 6000000)" for a, b in zip(CUTS, CUTS[1:])]
    layer = maps.write_lines(
        tmp_path / "map.gpkg", lines, "EPSG:32630", classes=maps.column(*["primary"] * len(lines))
    )
    style_layer(layer, StyleOptions.from_run_table(layer, labels=False))
    image = draw(layer)
    first, last = (round((x - 499_900) / 1.5) for x in (CUTS[0] + 20, CUTS[-1] - 20))
    colour = QColor(class_colour(layer, 20.0))
    widths = [
        sum((255 - QColor(image.pixel(x, y)).blue()) / (255 - colour.blue()) for y in range(360, 440))
        for x in range(first, last)
    ]
    assert max(widths) - min(widths) < 0.5
    assert min(widths) > 8
