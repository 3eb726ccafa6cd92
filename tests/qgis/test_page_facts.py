"""What a page says beside its map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject, QgsVectorLayer

from roadpulse.mapping.layout.facts import span
from roadpulse.mapping.layout.page import PageOptions, speed_page
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2025-06-10", "2025-06-10", "10 June 2025"),
        ("2025-06-10", "2025-06-12", "10 – 12 June 2025"),
        ("2025-05-30", "2025-06-02", "30 May – 2 June 2025"),
        ("2024-12-31", "2025-01-01", "31 December 2024 – 1 January 2025"),
        (None, None, ""),
    ],
)
def test_dates_are_said_as_people_say_them(first: str, last: str, words: str) -> None:
    assert span(first, last) == words


def test_a_page_of_an_hour_has_the_facts_of_that_hour(tmp_path: Path) -> None:
    """At 08:00 there are 142 of 212 points, and three of the four links have five trips or more."""
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    style = style_layer(layer)

    def facts_of(**options: Any) -> str:
        page = speed_page(QgsProject.instance(), layer, style, PageOptions("Town", **options))
        return str(page.layout.itemById("facts").text())

    assert facts_of(frame=8) == "142 points; 3 links with at least 5 trips"
    assert facts_of(frame=4) == "0 points; 0 links with at least 5 trips"
    assert facts_of() == "212 points on 5 links"
    film = facts_of(frame=8, film=True, paper="frame")  # whose pictures are of other hours
    assert film == "Whole day: 212 points on 5 links"
