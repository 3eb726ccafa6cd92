"""Page and film: each map has its own time, and every frame its clock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from qgis.core import QgsLayoutItemMap, QgsProject, QgsVectorLayer
from qgis.PyQt.QtGui import QColor, QImage

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.layout import film
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.layout.paper import PAPERS
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

SMALL = (320, 180)


@pytest.fixture
def layer(tmp_path: Path) -> QgsVectorLayer:
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer, theme="dark"))
    return layer


def page_of(layer: QgsVectorLayer, **options: object) -> SpeedPage:
    style = StyleOptions.from_run_table(layer, theme="dark")
    return speed_page(QgsProject.instance(), layer, style, PageOptions(title="Small town", **options))


@pytest.fixture
def film_page(layer: QgsVectorLayer) -> SpeedPage:
    return page_of(layer, paper="frame", film=True)


def colours(image: QImage) -> set[str]:
    return {QColor(image.pixel(x, y)).name() for x in range(image.width()) for y in range(image.height())}


def hours(page: SpeedPage) -> list[int]:
    return sorted(
        item.temporalRange().begin().time().hour()
        for item in page.layout.items()
        if isinstance(item, QgsLayoutItemMap) and item.isTemporal()
    )


def test_every_map_of_a_page_has_its_own_hour(layer: QgsVectorLayer) -> None:
    page = page_of(layer, frame=8)
    assert hours(page) == [3, 8, 8, 13, 17]
    assert page.map_item.temporalRange().begin().time().hour() == 8


def test_a_page_of_the_whole_day_has_no_hour_but_in_its_small_maps(layer: QgsVectorLayer) -> None:
    page = page_of(layer)
    assert not page.map_item.isTemporal()
    assert "whole day" in page.layout.itemById("subtitle").text()


@pytest.mark.parametrize(
    ("statistic", "words"),
    [
        ("mean", "How fast traffic moves, whole day"),
        ("p50", "How fast traffic moves, whole day"),
        ("std", "How much speeds vary, whole day"),
        ("p05", "How slow traffic gets, whole day"),
        ("p95", "How fast traffic gets, whole day"),
    ],
)
def test_the_subtitle_says_what_the_statistic_shows(
    layer: QgsVectorLayer, statistic: str, words: str
) -> None:
    style = style_layer(layer, StyleOptions.from_run_table(layer, statistic=statistic))
    page = speed_page(QgsProject.instance(), layer, style, PageOptions(title="Bath"))
    assert page.layout.itemById("subtitle").text() == words
    page = speed_page(QgsProject.instance(), layer, style, PageOptions(title="Bath", subtitle="Mine"))
    assert page.layout.itemById("subtitle").text() == "Mine, whole day"


def test_the_page_says_what_and_when(layer: QgsVectorLayer) -> None:
    page = page_of(layer, frame=8, sources="Roads: somebody")
    assert page.layout.itemById("subtitle").text().endswith("08:00 – 09:00")
    assert "Europe/London" in page.layout.itemById("dates").text()
    assert page.layout.itemById("legend").title() == "Mean speed (mph)"
    assert "fewer than 5 trips" in page.layout.itemById("sources").text()
    assert "Roads: somebody" in page.layout.itemById("sources").text()


@pytest.mark.parametrize("paper", ["A4", "A3"])
def test_the_map_reaches_the_edges_of_the_paper(layer: QgsVectorLayer, paper: str) -> None:
    page = page_of(layer, paper=paper)
    width, height = PAPERS[paper]
    rectangle = page.map_item.sceneBoundingRect()
    assert (rectangle.left(), rectangle.top(), rectangle.bottom()) == pytest.approx((0, 0, height))
    assert rectangle.right() == pytest.approx(page.layout.itemById("column").sceneBoundingRect().left())
    assert page.layout.itemById("column").sceneBoundingRect().right() == pytest.approx(width)


@pytest.mark.parametrize(
    ("name", "begin"), [("map.pdf", b"%PDF"), ("map.png", b"\x89PNG"), ("map.svg", b"<?xml")]
)
def test_a_page_is_written_by_the_ending_of_its_name(
    layer: QgsVectorLayer, tmp_path: Path, name: str, begin: bytes
) -> None:
    export_page(page_of(layer, frame=8), tmp_path / "new folder" / name, dpi=60)
    assert (tmp_path / "new folder" / name).read_bytes().startswith(begin)


def test_an_unknown_ending_is_refused(layer: QgsVectorLayer, tmp_path: Path) -> None:
    with pytest.raises(MapError, match=r"map\.docx"):
        export_page(page_of(layer), tmp_path / "map.docx")


def test_a_long_title_stays_in_its_column(layer: QgsVectorLayer) -> None:
    style = StyleOptions.from_run_table(layer)
    long = speed_page(
        QgsProject.instance(), layer, style, PageOptions(title="Llanfairpwllgwyngyllgogerychwyrn")
    )
    short = speed_page(QgsProject.instance(), layer, style, PageOptions(title="Bath"))
    sizes = [page.layout.itemById("title").textFormat().size() for page in (long, short)]
    assert sizes[0] < sizes[1]


def test_frames_differ_as_the_data_do(film_page: SpeedPage) -> None:
    drawn = {frame.number: frame.render() for frame in film.frames(film_page, (640, 360), [3, 8])}
    ranges = film_page.map_item.layers()[0].renderer().ranges()
    slow, fast = (
        next(r.symbol().color().name() for r in ranges if r.lowerValue() <= speed <= r.upperValue())
        for speed in (maps.SPEED_AT_8, maps.SPEED_AT_3)
    )
    map_part = {n: image.copy(0, 0, int(640 * 0.7), 360) for n, image in drawn.items()}
    assert slow in colours(map_part[8]) and slow not in colours(map_part[3])
    assert fast in colours(map_part[3]) and fast not in colours(map_part[8])


def test_clock_and_track_follow_the_frame(film_page: SpeedPage) -> None:
    seen = []
    for frame in film.frames(film_page, SMALL, [3, 17]):
        frame.render()
        seen.append(
            (film_page.layout.itemById("clock").text(), film_page.layout.itemById("track").picturePath())
        )
    assert [clock for clock, _ in seen] == ["03:00", "17:00"]
    assert seen[0][1] != seen[1][1]


def test_there_is_a_frame_for_every_bin_in_order(film_page: SpeedPage) -> None:
    names = [frame.name for frame in film.frames(film_page)]
    assert len(names) == 24
    assert names == sorted(names)
    assert names[8] == "frame_0008_0800.png"


def test_a_gif_has_all_its_frames(film_page: SpeedPage, tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    film.export_film(film_page, tmp_path / "day.gif", SMALL, 4, bins=[3, 8, 12])
    with image_module.open(tmp_path / "day.gif") as picture:
        assert (picture.n_frames, picture.size, picture.info["duration"]) == (3, SMALL, 250)


def test_frames_as_pictures_go_into_a_folder(film_page: SpeedPage, tmp_path: Path) -> None:
    told: list[float] = []
    written = film.export_film(film_page, tmp_path / "frames", SMALL, bins=[3, 8], progress=told.append)
    assert [p.name for p in written] == ["frame_0003_0300.png", "frame_0008_0800.png"]
    assert QImage(str(written[0])).width() == SMALL[0]
    assert told == sorted(told) and told[-1] == 100


def test_an_mp4_plays_as_long_as_it_should(film_page: SpeedPage, tmp_path: Path) -> None:
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        pytest.skip("ffmpeg is not installed")
    film.export_film(film_page, tmp_path / "day.mp4", (321, 181), 2, bins=[3, 8, 12, 17])
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration:stream=width,height", "-of", "csv=p=0",
         str(tmp_path / "day.mp4")], capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert said[0] == "320,180"
    assert float(said[1]) == pytest.approx(2.0, abs=0.1)


def test_without_ffmpeg_the_message_says_what_to_do(
    film_page: SpeedPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MapError, match="ffmpeg is not on this computer"):
        film.export_film(film_page, tmp_path / "day.mp4", SMALL)


def test_a_film_that_lacks_its_program_is_refused_before_the_first_frame(
    film_page: SpeedPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho ' V..... mpeg4  MPEG-4 part 2'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setitem(sys.modules, "PIL", None)
    told: list[float] = []
    for name, words in (("day.mp4", "has no encoder libx264"), ("day.gif", "package Pillow is missing")):
        with pytest.raises(MapError, match=words):
            film.export_film(film_page, tmp_path / name, SMALL, progress=told.append)
    assert not told


def test_what_ffmpeg_says_reaches_the_person(tmp_path: Path) -> None:
    try:
        ffmpeg = film.find_ffmpeg()
    except MapError as error:
        pytest.skip(error.message)
    with pytest.raises(MapError, match="ffmpeg could not write the film"):
        film.run_ffmpeg(film.ffmpeg_arguments(ffmpeg, 2), tmp_path)


def test_cancelling_leaves_nothing_behind(film_page: SpeedPage, tmp_path: Path) -> None:
    before = sorted(p.name for p in tmp_path.iterdir())
    calls = iter([False, True])
    with pytest.raises(Cancelled):
        film.export_film(film_page, tmp_path / "day.gif", SMALL, cancelled=lambda: next(calls))
    assert sorted(p.name for p in tmp_path.iterdir()) == before
