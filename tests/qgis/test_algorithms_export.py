"""Pages and films of a map, and the demo city."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor, QImage

from roadpulse.mapping.style.symbology import style_layer

Values = dict[str, Any]


def colours(image: QImage) -> int:
    """Number of different colours, on every fourth point."""
    return len({image.pixel(x, y) for x in range(0, image.width(), 4) for y in range(0, image.height(), 4)})


def different(first: QImage, second: QImage) -> float:
    """Share of the points that differ, on every fourth point."""
    places = [(x, y) for x in range(0, first.width(), 4) for y in range(0, first.height(), 4)]
    return sum(first.pixel(*place) != second.pixel(*place) for place in places) / len(places)


def page(processing: Any, city_map: Path, output: Path, **parameters: Any) -> QImage:
    processing.run(
        "roadpulse:exportlayout",
        {"INPUT": f"{city_map}|layername=links", "DPI": 50, "OUTPUT": str(output), **parameters},
    )
    return QImage(str(output))


def test_a_page_has_the_size_of_its_paper(processing: Any, city_map: Path, tmp_path: Path) -> None:
    image = page(processing, city_map, tmp_path / "page.png")
    assert (image.width(), image.height()) == pytest.approx((297 / 25.4 * 50, 210 / 25.4 * 50), abs=1.5)
    assert colours(image) > 50


def test_the_paper_is_turned_and_the_map_filled_where_that_is_asked_for(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    upright = page(processing, city_map, tmp_path / "upright.png", ORIENTATION="portrait")
    assert upright.height() > upright.width()
    whole = page(processing, city_map, tmp_path / "whole.png", ORIENTATION="landscape")
    filled = page(processing, city_map, tmp_path / "filled.png", ORIENTATION="landscape", FILL=True)
    assert different(whole, filled) > 0.01


def test_a_page_is_drawn_for_traffic_on_the_left_where_that_is_asked_for(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    """The demo city's trips name their zone; a run in UTC has no country."""
    place = {"EXTENT": _middle(city_map)}
    zone = page(processing, city_map, tmp_path / "zone.png", **place)
    left = page(processing, city_map, tmp_path / "left.png", DRIVING_SIDE="left", **place)
    right = page(processing, city_map, tmp_path / "right.png", DRIVING_SIDE="right", **place)
    assert different(left, right) > 0.01
    assert min(different(zone, left), different(zone, right)) == 0


def _middle(city_map: Path) -> str:
    """An extent small enough for directions to lie beside each other."""
    layer = QgsVectorLayer(f"{city_map}|layername=links", "links", "ogr")
    extent = layer.extent()
    extent.scale(0.15)
    sides = extent.xMinimum(), extent.xMaximum(), extent.yMinimum(), extent.yMaximum()
    return f"{','.join(map(str, sides))} [{layer.crs().authid()}]"


def test_pages_of_two_hours_differ_and_of_the_same_hour_do_not(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    night = page(processing, city_map, tmp_path / "night.png", TIME="03:00")
    morning = page(processing, city_map, tmp_path / "morning.png", TIME="08:00")
    again = page(processing, city_map, tmp_path / "again.png", TIME="08:59")
    assert different(night, morning) > 0.002
    assert different(morning, again) == 0


def test_the_dark_page_is_dark(processing: Any, city_map: Path, tmp_path: Path) -> None:
    def lightness(theme: str) -> float:
        image = page(processing, city_map, tmp_path / f"{theme}.png", THEME=theme)
        places = [(x, y) for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)]
        return sum(image.pixelColor(*place).lightnessF() for place in places) / len(places)

    assert lightness("dark") < 0.3 < 0.7 < lightness("light")


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_a_page_may_be_a_document(processing: Any, city_map: Path, tmp_path: Path, ending: str) -> None:
    output = tmp_path / f"page.{ending}"
    processing.run("roadpulse:exportlayout", {"INPUT": f"{city_map}|layername=links", "OUTPUT": str(output)})
    beginning = output.read_bytes()[:200]
    assert beginning.startswith(b"%PDF") if ending == "pdf" else b"<svg" in output.read_bytes()


def test_exporting_changes_neither_the_layer_nor_the_project(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    layer = QgsVectorLayer(f"{city_map}|layername=links", "Speeds", "ogr")
    before = layer.renderer().dump()
    n_layers = QgsProject.instance().count()
    processing.run(
        "roadpulse:exportlayout",
        {"INPUT": layer, "THEME": "dark", "LIMITS": "0 20 40", "DPI": 40, "OUTPUT": str(tmp_path / "p.png")},
    )
    assert layer.renderer().dump() == before
    assert QgsProject.instance().count() == n_layers


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TIME", "25:00", "not a time of the day"),
        ("TIME", "eight", "not a time"),
        ("TIME", "8²:00", "not a time"),
        ("OUTPUT", "page.docx", "docx"),
    ],
)
def test_what_cannot_be_a_page_is_refused(
    processing: Any, city_map: Path, tmp_path: Path, name: str, value: str, words: str
) -> None:
    value = str(tmp_path / value) if name == "OUTPUT" else value
    parameters = {"INPUT": f"{city_map}|layername=links", "OUTPUT": str(tmp_path / "p.png"), name: value}
    with pytest.raises(QgsProcessingException, match=words):
        processing.run("roadpulse:exportlayout", parameters)


def test_a_film_has_a_picture_for_each_bin_of_its_time(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    results = processing.run(
        "roadpulse:exportanimation",
        {
            "INPUT": f"{city_map}|layername=links", "FRAME_SIZE": "960x540", "TIME_FROM": "07:00",
            "TIME_TO": "09:00", "OUTPUT": str(tmp_path / "frames"),
        },
    )  # fmt: skip
    pictures = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert results["FRAME_COUNT"] == len(pictures) == 2
    assert pictures[1].endswith("0800.png")
    first, second = (QImage(str(tmp_path / "frames" / name)) for name in pictures)
    assert (first.width(), first.height()) == (960, 540)
    assert different(first, second) > 0.002


def test_a_film_says_that_it_interpolates_and_lasts_as_long_as_is_asked_for(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    call = {
        "INPUT": f"{city_map}|layername=links", "FRAME_SIZE": "960x540", "TIME_FROM": "07:00",
        "TIME_TO": "09:00", "BETWEEN": 1, "SECONDS": 6, "OUTPUT": str(tmp_path / "film.gif"),
    }  # fmt: skip
    results = processing.run("roadpulse:exportanimation", call)
    assert results["FRAME_COUNT"] == 3  # 07:00, 07:30, 08:00
    image_module = pytest.importorskip("PIL.Image")
    with image_module.open(tmp_path / "film.gif") as film:
        assert (film.n_frames, film.info["duration"]) == (3, 2000)
    with pytest.raises(
        QgsProcessingException, match=r"3 pictures in 60 s are 0\.05 a second.*0\.05 and 30 s"
    ):
        processing.run("roadpulse:exportanimation", {**call, "SECONDS": 60})


def test_a_film_looks_as_the_layer_does_also_after_changes_in_qgis(
    processing: Any, city_map: Path, tmp_path: Path
) -> None:
    layer = QgsVectorLayer(f"{city_map}|layername=links", "Speeds", "ogr")
    style_layer(layer)
    renderer = layer.renderer().clone()
    ranges = renderer.ranges()
    for at, each in enumerate(ranges):
        symbol = each.symbol().clone()
        symbol.symbolLayer(0).setLocked(False)
        symbol.setColor(QColor("#ff00ff"))
        renderer.updateRangeSymbol(at, symbol)
    layer.setRenderer(renderer)
    call = {
        "INPUT": layer, "FRAME_SIZE": "960x540", "TIME_FROM": "08:00", "TIME_TO": "09:00", "GROUND": "none",
        "PRESET": "layer",
    }  # fmt: skip
    magenta = {}
    for theme in ("light", "dark"):
        folder = tmp_path / theme
        processing.run("roadpulse:exportanimation", {**call, "THEME": theme, "OUTPUT": str(folder)})
        image = QImage(str(folder / "frame_0008_0800.png"))
        pixels = (image.pixelColor(x, y).name() for x in range(0, 700, 2) for y in range(0, 540, 2))
        magenta[theme] = sum(name == "#ff00ff" for name in pixels)
    assert magenta["light"] > 20  # which is what the layer has
    assert magenta["dark"] == 0  # another theme asks for other colours


def test_a_film_needs_at_least_one_bin(processing: Any, city_map: Path, tmp_path: Path) -> None:
    with pytest.raises(QgsProcessingException, match="no bin from 09:00 up to 09:00"):
        processing.run(
            "roadpulse:exportanimation",
            {
                "INPUT": f"{city_map}|layername=links", "TIME_FROM": "09:00", "TIME_TO": "09:00",
                "OUTPUT": str(tmp_path / "film.gif"),
            },
        )  # fmt: skip


def test_a_cancelled_film_leaves_nothing(processing: Any, city_map: Path, tmp_path: Path) -> None:
    feedback = QgsProcessingFeedback(False)
    feedback.progressChanged.connect(lambda share: feedback.cancel())
    processing.run(
        "roadpulse:exportanimation",
        {
            "INPUT": f"{city_map}|layername=links",
            "FRAME_SIZE": "960x540",
            "OUTPUT": str(tmp_path / "film.gif"),
        },
        feedback=feedback,
    )
    assert list(tmp_path.iterdir()) == []


def test_the_demo_city_has_roads_with_their_fields_and_water(city: Values) -> None:
    roads = QgsVectorLayer(city["LINKS"], "", "ogr")
    assert {"link_id", "name", "highway", "oneway", "limit", "length"} <= set(roads.fields().names())
    assert roads.featureCount() == city["LINK_COUNT"]
    assert roads.crs().authid() == "EPSG:4326"
    lengths = {f["link_id"]: f["length"] for f in roads.getFeatures()}
    assert len(lengths) == city["LINK_COUNT"]
    assert min(lengths.values()) > 1
    assert QgsVectorLayer(city["WATER"], "", "ogr").featureCount() >= 1
    assert len(list(Path(city["TRIPS_FOLDER"]).iterdir())) == 100


def test_the_demo_leaves_a_profile_and_the_settings_of_a_speed_map(city: Values) -> None:
    from roadpulse.cluster_client.profiles.profile import Profile

    profile = Profile.read(Path(city["PROFILE"]))
    assert profile.kind == "local"
    assert Path(profile.folders.runs).parent == Path(city["OUTPUT"])
    inputs = json.loads(Path(city["SETTINGS"]).read_text())["inputs"]
    assert inputs["PROFILE"] == city["PROFILE"]
    assert QgsVectorLayer(inputs["LINKS"], "", "ogr").isValid()


def test_a_second_call_finds_the_city_and_another_one_is_refused(processing: Any, city: Values) -> None:
    same = {"TRIPS": 100, "SEED": 3, "SIZE": "small", "OUTPUT": city["OUTPUT"]}
    before = Path(city["OUTPUT"], "links.gpkg").stat().st_mtime_ns
    assert processing.run("roadpulse:democity", same)["LINK_COUNT"] == city["LINK_COUNT"]
    assert Path(city["OUTPUT"], "links.gpkg").stat().st_mtime_ns == before
    with pytest.raises(QgsProcessingException, match="another generated city"):
        processing.run("roadpulse:democity", {**same, "SEED": 4})


def test_the_city_comes_into_the_project_only_where_that_is_wanted(processing: Any, city: Values) -> None:
    for wanted, names in ((True, {"Roads", "Water", "Parks"}), (False, set())):
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        processing.run(
            "roadpulse:democity",
            {"TRIPS": 100, "SEED": 3, "SIZE": "small", "LOAD": wanted, "OUTPUT": city["OUTPUT"]},
            context=context,
        )
        assert {details.name for details in context.layersToLoadOnCompletion().values()} == names
