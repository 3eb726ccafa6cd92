"""Which links carry their street's name, and what a map shows of that."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qgis.core import (
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QFont, QFontInfo

from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.style import labels
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer import street_names as street_names_module
from roadpulse.mapping.writer.street_names import REPEAT_KM, street_names
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")


def links(n: int, names: int, side: float) -> tuple[Any, Any, Any]:
    """n links of some names, spread over a square of `side` degrees."""
    random = np.random.default_rng(7)
    texts = np.array([f"Street {i}" for i in random.integers(0, names, n)], dtype=object)
    place = np.column_stack([random.uniform(-6, -6 + side, n), random.uniform(54, 54 + side, n)])
    return texts, np.round(random.uniform(20, 600, n)), place


def kilometres(place: Any) -> Any:
    return place * [111.32 * np.cos(np.radians(place[:, 1].mean())), 110.57]


def texts_of(names: Any, metres: Any, place: Any, width: float = 0.7, classes: Any = None) -> Any:
    return street_names(names, metres, place, np.full(len(names), width), classes)[0]


def test_a_name_stands_on_the_longest_link_and_again_only_at_a_distance() -> None:
    names, metres, place = links(800, 5, 0.1)
    texts = texts_of(names, metres, place)
    km = kilometres(place)
    for name in set(names):
        of_street = np.flatnonzero(names == name)
        labelled = [row for row in of_street if texts[row] == name]
        assert metres[labelled].max() == metres[of_street].max()
        for row in of_street:
            near = [at for at in labelled if at != row and math.dist(km[at], km[row]) <= REPEAT_KM]
            if texts[row]:
                assert not near
            else:  # a longer link near by carries the name
                assert any(metres[at] >= metres[row] for at in near)


def test_short_streets_links_without_a_name_and_without_a_place_have_no_label() -> None:
    place = np.array([[-6.0, 54.0], [-6.0, 54.1], [np.nan, np.inf], [-6.0, 54.3]])
    names = np.array(["Short Lane", None, "Long Road", "King&apos;s Road"], dtype=object)
    texts = texts_of(names, np.array([200.0, 900.0, 900.0, 500.0]), place)
    assert texts == [None, None, None, "King's Road"]
    assert texts_of(names[:0], np.zeros(0), np.zeros((0, 2))) == []
    assert texts_of(names[2:3], np.array([900.0]), place[2:3]) == [None]


def test_short_streets_of_one_name_in_many_places_do_not_make_a_long_one() -> None:
    names = np.full(8, "Church Lane", dtype=object)
    place = np.column_stack([np.linspace(-6, -5, 8), np.full(8, 54.0)])
    assert texts_of(names, np.full(8, 200.0), place) == [None] * 8
    together = np.column_stack([np.linspace(-6, -5.99, 8), np.full(8, 54.0)])
    assert sum(text == "Church Lane" for text in texts_of(names, np.full(8, 200.0), together)) == 1


@pytest.mark.parametrize(
    "name", ["Slip road", "SLIP ROADS", "Roundabout", "off-ramp", "Kreisverkehr", "Auffahrt", "Bretelle", "?"]
)
def test_names_of_things_on_the_road_are_no_streets(name: str) -> None:
    place, metres = np.array([[-6.0, 54.0], [-6.0, 54.1]]), np.full(2, 900.0)
    street = {"Slip road": "Slipper Road", "Roundabout": "Shaftesbury Roundabout"}.get(name, "Rampton Way")
    assert texts_of(np.array([name, street], dtype=object), metres, place) == [None, street]


def test_link_roads_have_no_names() -> None:
    place, names = np.array([[-6.0, 54.0], [-6.0, 54.1]]), np.array(["A12", "A12"], dtype=object)
    classes = np.array(["motorway", "motorway_link"], dtype=object)
    assert texts_of(names, np.full(2, 900.0), place, 1.7, classes) == ["A12", None]


def at_scale(scale: int, texts: Any, zooms: Any) -> list[int]:
    zoom = math.log2(279_541_132.0143589 / scale)  # QgsVectorTileUtils
    return [row for row, text in enumerate(texts) if text and zoom >= zooms[row]]


def test_an_orbital_has_its_name_every_ten_centimetres_of_the_map() -> None:
    """250 links of 400 m, a circle of 100 km: a name every 1.5 km, 3 km, 6 km, and none on smaller scales."""
    turn = np.linspace(0, 2 * np.pi, 250, endpoint=False)
    metres_a_degree = 111_000.0
    radius = 100_000 / (2 * np.pi) / metres_a_degree
    place = np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])  # at the equator
    names, metres = np.full(250, "M98 Orbital", dtype=object), np.full(250, 400.0)
    found = street_names(names, metres, place, np.full(250, 1.7))
    counts = {scale: len(at_scale(scale, *found)) for scale in (5_000, 15_000, 29_000, 59_000, 61_000)}
    assert counts[5_000] == counts[15_000]
    for scale, apart in ((15_000, 1.5), (29_000, 3.0), (59_000, 6.0)):
        km = kilometres(place[at_scale(scale, *found)])
        nearest = np.sort(np.hypot(*(km[:, None] - km[None]).T), axis=1)[:, 1]
        assert nearest.min() > apart
        assert 100 / (2.1 * apart) < counts[scale] <= 100 / apart
    assert counts[61_000] == 0


def test_names_come_by_importance_as_one_goes_nearer() -> None:
    place = np.column_stack([np.full(4, -6.0), [54.0, 54.1, 54.2, 54.3]])
    names = np.array(["Main Road", "Mill Road", "Side Street", "Short Lane"], dtype=object)
    metres, widths = np.array([900.0, 900.0, 900.0, 300.0]), np.array([1.7, 0.95, 0.7, 0.7])
    found = street_names(names, metres, place, widths)
    shown = {scale: at_scale(scale, *found) for scale in (59_000, 23_000, 21_000, 15_000, 8_000, 7_000)}
    few, more = {59_000: [0], 23_000: [0], 21_000: [0, 1]}, {15_000: [0, 1, 2], 8_000: [0, 1, 2]}
    assert shown == {**few, **more, 7_000: [0, 1, 2, 3]}


def test_a_main_road_has_its_name_rather_than_a_longer_side_street_of_that_name() -> None:
    names, place = np.full(2, "Ormeau Road", dtype=object), np.array([[-6.0, 54.0], [-6.001, 54.0]])
    texts, _ = street_names(names, np.array([900.0, 600.0]), place, np.array([0.55, 1.7]))
    assert texts == [None, "Ormeau Road"]


def labels_drawn(layer: QgsVectorLayer, scale: int) -> list[str]:
    """Names that QGIS places on 1,600 × 1,000 points at 1:`scale`, each once for every place."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(1600, 1000))
    width, height = (points / 96 * 0.0254 * scale for points in (1600, 1000))
    settings.setExtent(QgsRectangle(-width / 2, -height / 2, width / 2, height / 2))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    letters = job.takeLabelingResults().allLabels()
    return sorted({letter.featureId: letter.labelText for letter in letters}.values())


def test_a_map_shows_few_names_and_those_of_main_roads_on_small_scales(tmp_path: Path) -> None:
    """A main road of 12 km from west to east in links of 200 m, with side streets at every cut."""
    lines = [f"LineString ({x} 0, {x + 200} 0)" for x in range(-6000, 6000, 200)]
    sides = [f"LineString ({x} 0, {x} 600)" for x in range(-6000, 6000, 200)]
    ids = np.arange(len(lines + sides))
    geometry = LinkGeometry(
        ids, maps.column(*map(maps.wkb, lines + sides)), "EPSG:32630",
        names=maps.column(*["Main Road"] * len(lines), *(f"Side Street {i}" for i in range(len(sides)))),
        classes=maps.column(*["primary"] * len(lines), *["residential"] * len(sides)),
    )  # fmt: skip
    layer = maps.write_links(tmp_path / "map.gpkg", geometry)
    style_layer(layer)
    at_25, at_12 = labels_drawn(layer, 25_000), labels_drawn(layer, 12_000)
    assert set(at_25) == {"Main Road"} and 2 <= len(at_25) <= 4
    assert 2 <= at_12.count("Main Road") <= 4
    assert any(name.startswith("Side Street") for name in at_12)
    assert labels_drawn(layer, 70_000) == []


def test_four_times_the_links_of_one_name_cost_about_four_times_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def distances(n: int) -> int:
        measured = 0

        def hypot(*sides: float) -> float:
            nonlocal measured
            measured += 1
            return math.hypot(*sides)

        monkeypatch.setattr(street_names_module, "math", SimpleNamespace(floor=math.floor, hypot=hypot))
        texts_of(*links(n, 1, 0.05 * n**0.5))
        return measured

    assert distances(8000) < 5 * distances(2000)


def test_the_font_is_one_that_this_computer_draws_with() -> None:
    assert QFontInfo(QFont(labels.font_family())).family() == labels.font_family()


@pytest.mark.parametrize("family", ["No such family", "Open", "Dej"])
def test_a_family_that_is_not_installed_by_its_whole_name_gives_way_to_the_default(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "FAMILY", family)
    assert labels.font_family() == QFont().family()
