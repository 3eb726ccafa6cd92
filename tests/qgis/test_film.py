"""Page and film: each map has its own time, and every frame its clock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsLayoutExporter,
    QgsLayoutItem,
    QgsLayoutItemMap,
    QgsLayoutItemRegistry,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QMetaType, QSize
from qgis.PyQt.QtGui import QColor, QImage

from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.film import drawing, ffmpeg
from roadpulse.mapping.film.export import FilmOptions, Listener, export_film, frame_name
from roadpulse.mapping.film.formats import FORMATS, check_film
from roadpulse.mapping.film.frame_page import frame_page
from roadpulse.mapping.film.moments import Moment, moments, value_at
from roadpulse.mapping.film.pictures import Painter, links_of, picture_at
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.layout.paper import PAPERS
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.style.temporal import frame_range
from roadpulse.mapping.timeline import Timeline
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

SMALL = (320, 180)
APART = ({"00:00", "interpolated"}, {"24:00", "interpolated"}, {"00:00", "24:00"}, {"scale bar", "sources"})
"""Parts whose boxes share room that only one of them fills."""
LAYOUT_PAGE = QgsLayoutItemRegistry.ItemType.LayoutPage


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


def drawn(page: SpeedPage, size: tuple[int, int], *at: Moment) -> list[QImage]:
    painter = Painter(page.layout, links_of(page), size)
    images = [painter.draw(picture_at(page, moment)) for moment in at]
    painter.restore()
    return images


def test_frames_differ_as_the_data_do(film_page: SpeedPage) -> None:
    ranges = film_page.map_item.layers()[0].renderer().ranges()
    at_3, at_8 = (
        colours(image.copy(0, 0, int(640 * 0.7), 360))
        for image in drawn(film_page, (640, 360), Moment(3), Moment(8))
    )
    slow, fast = (
        next(r.symbol().color().name() for r in ranges if r.lowerValue() <= speed <= r.upperValue())
        for speed in (maps.SPEED_AT_8, maps.SPEED_AT_3)
    )
    assert slow in at_8 and slow not in at_3
    assert fast in at_3 and fast not in at_8


def test_clock_and_track_follow_the_frame(film_page: SpeedPage) -> None:
    seen = []
    for number in (3, 17):
        picture_at(film_page, Moment(number))
        seen.append(
            (film_page.layout.itemById("clock").text(), film_page.layout.itemById("track").picturePath())
        )
    assert [clock for clock, _ in seen] == ["03:00", "17:00"]
    assert seen[0][1] != seen[1][1]


def test_there_is_a_frame_for_every_bin_in_order(film_page: SpeedPage) -> None:
    names = [frame_name(film_page, moment) for moment in moments(film_page.style.timeline)]
    assert len(names) == 24
    assert names == sorted(names)
    assert names[8] == "frame_0008_0800.png"


class Heard:
    """What a listener of a film hears."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.pictures: list[str] = []
        self.words: list[str] = []
        self.listener = Listener(
            progress=self.told.append,
            drawn=lambda path: self.pictures.append(path.name),
            said=self.words.append,
        )


def probed(path: Path) -> dict[str, str]:
    """What ffprobe finds in a film, every picture counted."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries",
         "format=duration:stream=codec_name,pix_fmt,width,height,nb_read_frames,color_space",
         "-of", "default=nw=1", str(path)], capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return dict(line.split("=", 1) for line in done.split())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twelve pictures as a film has them: a square that goes along on a ground with two plain colours."""
    folder = tmp_path_factory.mktemp("pictures")
    found = []
    for at in range(12):
        image = QImage(160, 90, QImage.Format.Format_RGB32)
        image.fill(QColor("#fafaf7"))
        for x in range(120, 160):
            for y in range(90):
                image.setPixelColor(x, y, QColor("#59c564"))
        for x in range(10 * at, 10 * at + 10):
            for y in range(40, 50):
                image.setPixelColor(x, y, QColor("#440154"))
        found.append(folder / f"{at:05d}.png")
        assert image.save(str(found[-1]))
    return found


@pytest.mark.parametrize(
    ("key", "codec", "pixels", "counted"),
    [
        ("mp4", "h264", "yuv420p", 144),  # each is held for twelve of its pictures, 24 a second
        ("webm", "vp9", "yuv420p", 12),
        ("gif", "gif", "bgra", 12),
        ("apng", "apng", "rgb24", 12),
    ],
)
def test_a_film_has_every_picture_for_as_long_as_it_should(
    pictures: list[Path], tmp_path: Path, key: str, codec: str, pixels: str, counted: int
) -> None:
    film = next(each for each in FORMATS if each.key == key)
    if film.lacking()[0] or not shutil.which("ffprobe"):
        pytest.skip(f"{film.lacking()[0]}, or ffprobe is missing")
    path = tmp_path / f"film{film.ending}"
    film.write(pictures, path, 2.0, lambda: None)
    assert film.kind.whole(path)
    found = probed(path)
    assert (found["codec_name"], found["pix_fmt"]) == (codec, pixels)
    assert (found["width"], found["height"], int(found["nb_read_frames"])) == ("160", "90", counted)
    if key != "apng":  # of which ffprobe tells no duration
        assert float(found["duration"]) == pytest.approx(6.0, abs=0.01)
    whole = path.read_bytes()
    for share in (2, 3):
        path.write_bytes(whole[: len(whole) * share // 4])
        assert not film.kind.whole(path), f"cut off at {share} quarters"


@pytest.mark.parametrize("key", ["gif", "apng"])
def test_plain_colours_are_exact_in_every_picture(pictures: list[Path], tmp_path: Path, key: str) -> None:
    image_module = pytest.importorskip("PIL.Image")
    path = tmp_path / f"film.{key}"
    next(each for each in FORMATS if each.key == key).write(pictures, path, 4.0, lambda: None)
    with image_module.open(path) as film:
        assert (film.n_frames, film.info["loop"]) == (12, 0)
        for at in (0, 5, 11):
            film.seek(at)
            assert film.info["duration"] == 250
            assert film.convert("RGB").tobytes() == image_module.open(pictures[at]).convert("RGB").tobytes()


def test_a_gif_holds_only_what_changes(pictures: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    sizes = []
    for number in (1, 12):
        next(each for each in FORMATS if each.key == "gif").write(
            pictures[:number], tmp_path / "film.gif", 2.0, lambda: None
        )
        sizes.append((tmp_path / "film.gif").stat().st_size)
    assert sizes[1] < 2.5 * sizes[0]


@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920)], ids=["wide", "tall"])
def test_a_canvas_at_the_same_time_shows_the_map_of_the_frame_pixel_by_pixel(
    layer: QgsVectorLayer, size: tuple[int, int]
) -> None:
    style = StyleOptions.from_run_table(layer, theme="dark")
    page = frame_page(QgsProject.instance(), layer, style, PageOptions(title="Bath", frame=3), size)
    (image,) = drawn(page, size, Moment(8))
    scale = size[0] / page.layout.pageCollection().page(0).rect().width()
    box = page.map_item.sceneBoundingRect()
    left, top, wide, high = (round(scale * at) for at in (box.left(), box.top(), box.width(), box.height()))
    canvas = QgsMapSettings()
    canvas.setLayers([layer])
    canvas.setDestinationCrs(page.map_item.crs())
    canvas.setOutputSize(QSize(wide, high))
    canvas.setExtent(page.map_item.extent())
    canvas.setOutputDpi(25.4 * scale)
    canvas.setBackgroundColor(page.map_item.backgroundColor())
    canvas.setIsTemporal(True)
    canvas.setTemporalRange(frame_range(style.timeline, 8))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(canvas))
    canvas.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(canvas)
    job.start()
    job.waitForFinished()
    shown = job.renderedImage().convertToFormat(QImage.Format.Format_RGB32)
    assert len(colours(shown)) > 5
    assert image.copy(left, top, wide, high) == shown


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1080), (1080, 1920)], ids=["wide", "square", "tall"])
@pytest.mark.parametrize("title", ["Bath", "Llanfairpwllgwyngyllgogerychwyrn and the roads around it"])
def test_parts_of_a_frame_have_room_in_every_shape(
    layer: QgsVectorLayer, size: tuple[int, int], title: str
) -> None:
    style = StyleOptions.from_run_table(layer, theme="dark")
    options = PageOptions(title=title, frame=8, sources="Roads: somebody, 2025. " * 3)
    page = frame_page(QgsProject.instance(), layer, style, options, size, interpolated=True)
    paper = page.layout.pageCollection().page(0).rect()
    assert paper.width() / paper.height() == pytest.approx(size[0] / size[1], rel=1e-3)
    image = QgsLayoutExporter(page.layout).renderPageToImage(0, QSize(*size))
    assert (image.width(), image.height()) == size
    parts = {
        item.id() or item.text(): item.sceneBoundingRect()
        for item in page.layout.items()
        if isinstance(item, QgsLayoutItem) and item.id() != "column" and item.type() != LAYOUT_PAGE
    }
    assert {"map", "title", "subtitle", "clock", "track", "legend", "sources", "interpolated"} <= set(parts)
    for name, box in parts.items():
        assert paper.adjusted(-0.01, -0.01, 0.01, 0.01).contains(box), name
        for other, its in parts.items():
            if other < name and {name, other} not in APART:
                common = box.intersected(its)
                assert common.width() < 1.5 or common.height() < 0.6, (name, other, box, its)
    assert parts["map"].height() * parts["map"].width() > 0.45 * paper.height() * paper.width()


def test_between_two_bins_values_lie_on_the_line_and_too_few_trips_stay_grey(
    layer: QgsVectorLayer, film_page: SpeedPage
) -> None:
    found: dict[float, dict[int, float]] = {}
    for share in (0.25, 0.75):
        expression = QgsExpression(value_at(film_page.style, Moment(8, share)))
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
        found[share] = {}
        for feature in layer.getFeatures():
            context.setFeature(feature)
            found[share][feature["link_id"]] = expression.evaluate(context)
            assert not expression.hasEvalError(), expression.evalErrorString()
    few = film_page.style.too_few
    # At 09:00 no link has a trip, so that each keeps what it has at 08:00.
    assert found[0.25] == found[0.75]
    assert found[0.25][maps.EAST] == maps.SPEED_AT_8 and found[0.25][maps.QUIET] == few


def test_a_value_between_two_bins_is_that_share_of_the_way(film_page: SpeedPage) -> None:
    fields = QgsFields()
    fields.append(QgsField(film_page.style.packed, QMetaType.Type.QString))
    feature = QgsFeature(fields)
    numbers = ["99.99"] + ["-1e99"] * 24
    numbers[1 + 3 : 1 + 6] = ["10.00", "20.00", "-1e99"]  # at 03:00, 04:00 and 05:00
    feature.setAttribute(0, "".join(numbers))
    context = QgsExpressionContext()
    context.setFeature(feature)
    few = film_page.style.too_few
    for number, share, wanted in (
        (3, 0.25, 12.5),
        (3, 0.75, 17.5),
        (4, 0.5, 20.0),
        (2, 0.5, few),
        (5, 0.5, few),
    ):
        expression = QgsExpression(value_at(film_page.style, Moment(number, share)))
        assert float(expression.evaluate(context)) == pytest.approx(wanted), (number, share)


def test_pictures_between_bins_show_each_bin_once(film_page: SpeedPage) -> None:
    timeline = film_page.style.timeline
    found = moments(timeline, [7, 8, 9, 20, 21], steps=3)
    assert [(m.number, round(m.share, 3)) for m in found] == [
        (7, 0.0), (7, 0.333), (7, 0.667), (8, 0.0), (8, 0.333), (8, 0.667), (9, 0.0),
        (20, 0.0), (20, 0.333), (20, 0.667), (21, 0.0),
    ]  # fmt: skip
    names = [frame_name(film_page, moment, 3) for moment in found]
    assert names == sorted(set(names))
    assert names[1] == "frame_0022_0720.png"
    week = Timeline(kind="weekdays", names=("Mon", "Tue"), days=(date(2025, 1, 6), date(2025, 1, 7)))
    assert [m.number for m in moments(week, [22, 23, 24, 25], steps=2)] == [22, 22, 23, 24, 24, 25]


def test_frames_as_pictures_go_into_a_folder(film_page: SpeedPage, tmp_path: Path) -> None:
    heard = Heard()
    written = export_film(film_page, tmp_path / "frames", FilmOptions(SMALL, bins=[3, 8]), heard.listener)
    assert [p.name for p in written] == ["frame_0003_0300.png", "frame_0008_0800.png"]
    assert QImage(str(written[0])).width() == SMALL[0]
    assert heard.told == sorted(heard.told) and heard.told[-1] == 100
    assert len(heard.pictures) == 2 and not heard.words


def test_processes_draw_what_this_one_draws(film_page: SpeedPage, tmp_path: Path) -> None:
    heard = Heard()
    bins = [1, 3, 8, 12]
    water = QgsVectorLayer("Polygon?crs=EPSG:32630", "Water", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(film_page.map_item.extent().scaled(0.4)))
    water.dataProvider().addFeature(feature)
    film_page.map_item.setLayers([*film_page.map_item.layers(), water])
    alone, shared = (
        export_film(film_page, tmp_path / name, FilmOptions((640, 360), bins=bins, workers=n), heard.listener)
        for name, n in (("alone", 1), ("shared", 2))
    )
    assert heard.words == []
    assert [path.name for path in shared] == [path.name for path in alone]
    for one, other in zip(alone, shared):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert len({path.read_bytes() for path in shared}) >= 3


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that were started to draw."""
    found: list[subprocess.Popen[str]] = []

    class Recorded(drawing._Worker):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            found.append(self._process)

    monkeypatch.setattr(drawing, "_Worker", Recorded)
    return found


@pytest.mark.parametrize("killed", [1, 2])
def test_a_film_outlives_the_processes_that_draw_it(
    film_page: SpeedPage, tmp_path: Path, started: list[subprocess.Popen[str]], killed: int
) -> None:
    heard, bins = Heard(), list(range(2, 12))

    def kill(path: Path) -> None:
        if not heard.pictures:
            for process in started[:killed]:
                process.kill()
        heard.pictures.append(path.name)

    listener = Listener(drawn=kill, said=heard.words.append)
    written = export_film(film_page, tmp_path / "frames", FilmOptions(SMALL, bins=bins, workers=2), listener)
    assert len(written) == len(bins) and not any(QImage(str(path)).isNull() for path in written)
    assert sorted(heard.pictures) == [f"{at:05d}.png" for at in range(len(bins))]
    assert ["one after the other" in words for words in heard.words] == ([True] if killed == 2 else [])


def test_cancelling_ends_the_processes_that_draw(
    film_page: SpeedPage, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    heard = Heard()
    listener = Listener(
        drawn=lambda path: heard.pictures.append(path.name), cancelled=lambda: bool(heard.pictures)
    )
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(Cancelled):
        export_film(film_page, tmp_path / "day.apng", FilmOptions(SMALL, workers=2), listener)
    assert [process.poll() is not None for process in started] == [True, True]
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_where_no_process_starts_the_film_is_made_all_the_same(
    film_page: SpeedPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadpulse.mapping.film.drawing.find_python", lambda: shutil.which("false"))
    heard = Heard()
    written = export_film(
        film_page, tmp_path / "frames", FilmOptions(SMALL, bins=[3, 8], workers=2), heard.listener
    )
    assert len(written) == 2
    assert "one after the other" in heard.words[0]


def test_without_ffmpeg_the_message_says_what_to_do_and_what_works(
    film_page: SpeedPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("PIL")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        MapError, match=r"ffmpeg is not on this computer\. Install it .*or choose GIF, APNG or a folder"
    ):
        export_film(film_page, tmp_path / "day.mp4", FilmOptions(SMALL))


def test_a_film_that_lacks_its_program_is_refused_before_the_first_frame(
    film_page: SpeedPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho ' V..... mpeg4  MPEG-4 part 2'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setitem(sys.modules, "PIL", None)
    heard = Heard()
    for name, words in (
        ("day.mp4", "has no encoder libx264"),
        ("day.webm", "has no encoder libvpx-vp9"),
        ("day.gif", "package Pillow is missing"),
    ):
        with pytest.raises(MapError, match=words):
            export_film(film_page, tmp_path / name, FilmOptions(SMALL), heard.listener)
    assert not heard.told
    assert check_film(tmp_path / "day.apng").key == "apng"


def test_what_ffmpeg_says_reaches_the_person(tmp_path: Path) -> None:
    if ffmpeg.why_missing("libx264")[0]:
        pytest.skip("ffmpeg is not installed")
    with pytest.raises(MapError, match="ffmpeg could not write the film"):
        ffmpeg.call(ffmpeg.arguments("libx264", 2, "film.mp4"), tmp_path)


def test_cancelling_leaves_nothing_behind(film_page: SpeedPage, tmp_path: Path) -> None:
    before = sorted(p.name for p in tmp_path.iterdir())
    calls = iter([False, True])
    with pytest.raises(Cancelled):
        export_film(
            film_page, tmp_path / "day.gif", FilmOptions(SMALL), Listener(cancelled=lambda: next(calls))
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == before
