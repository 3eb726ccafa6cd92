"""The layer's look: what is drawn in which colour, when, and what is left when somebody restyles it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Optional

import numpy as np
import pytest
from qgis.core import (
    QgsClassificationEqualInterval,
    QgsDateTimeRange,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsStyle,
    QgsTemporalUtils,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QSize, Qt, QTime
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QImage

from roadpulse.mapping.errors import MapError, UnknownLayer
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.breaks import class_limits
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.saved_styles import save_style
from roadpulse.mapping.style.symbology import few_label, style_layer, style_project
from roadpulse.mapping.style.temporal import bin_range, frame_range
from roadpulse.mapping.timeline import Timeline
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

Draw = Callable[..., QImage]


@pytest.fixture
def layer(tmp_path: Path) -> QgsVectorLayer:
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    assert layer.isValid()
    return layer


def draw(
    layer: QgsVectorLayer,
    time: Optional[QgsDateTimeRange] = None,
    extent: tuple[float, float, float, float] = (499900, 5999400, 501100, 6000600),
) -> QImage:
    """800 × 800 points on white; 1.5 m a point for the extent given, about 1:5,700."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(800, 800))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(QgsRectangle(*extent))
    if time is not None:
        settings.setIsTemporal(True)
        settings.setTemporalRange(time)
    # What QGIS does for its own maps:
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def colours_across(image: QImage, x_metres: float, y_metres: float, reach: int = 40) -> list[str]:
    """Colours of the column of points through a place, from north to south."""
    x, y = round((x_metres - 499900) / 1.5), round((6000600 - y_metres) / 1.5)
    return [QColor(image.pixel(x, y + i)).name() for i in range(-reach, reach + 1)]


def class_colour(layer: QgsVectorLayer, speed: float) -> str:
    """The colour that the legend gives a speed."""
    for drawn in layer.renderer().ranges():
        if drawn.lowerValue() <= speed <= drawn.upperValue():
            return str(drawn.symbol().color().name())
    raise LookupError(speed)


def styled(layer: QgsVectorLayer, **changes: object) -> StyleOptions:
    return style_layer(layer, replace(StyleOptions.from_run_table(layer, labels=False), **changes))


def at(options: StyleOptions, hour: int) -> QgsDateTimeRange:
    return frame_range(options.timeline, hour)


def test_a_link_is_drawn_in_the_colour_of_its_class_in_every_bin(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    for hour, speed in ((3, maps.SPEED_AT_3), (8, maps.SPEED_AT_8)):
        assert class_colour(layer, speed) in colours_across(draw(layer, at(options, hour)), 500200, 6000000)
    assert class_colour(layer, maps.SPEED_AT_3) != class_colour(layer, maps.SPEED_AT_8)


def test_without_a_time_the_whole_days_mean_is_drawn(layer: QgsVectorLayer) -> None:
    styled(layer)
    assert class_colour(layer, 15.0) in colours_across(draw(layer), 500200, 6000000)


def test_a_bin_with_too_few_trips_is_grey_and_never_a_colour(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    seen = set(colours_across(draw(layer, at(options, 8)), 500200, 5999500))
    grey = PALETTES["light"].few
    assert grey.name() in seen
    for name in seen:
        colour = QColor(name)
        assert max(colour.getRgb()[:3]) - min(colour.getRgb()[:3]) <= 6


def test_a_link_with_too_few_trips_is_half_as_wide(layer: QgsVectorLayer) -> None:
    few = styled(layer, min_trips=5)
    thin = sum(name != "#ffffff" for name in colours_across(draw(layer, at(few, 12)), 500200, 6000000))
    wide = sum(name != "#ffffff" for name in colours_across(draw(layer, at(few, 8)), 500200, 6000000))
    assert thin == pytest.approx(wide / 2, abs=4)


@pytest.mark.parametrize("hour", [3, 8])
@pytest.mark.parametrize("spec", [Qt.TimeSpec.UTC, Qt.TimeSpec.LocalTime])
def test_the_clocks_hour_counts_whatever_time_zone_qgis_holds_it_in(
    layer: QgsVectorLayer, hour: int, spec: Qt.TimeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        options = styled(layer)
        start = QDateTime(QDate(2025, 6, 10), QTime(hour, 0), spec)
        image = draw(layer, QgsDateTimeRange(start, start.addSecs(3600), True, False))
    finally:
        monkeypatch.undo()
        time.tzset()
    speed = {3: maps.SPEED_AT_3, 8: maps.SPEED_AT_8}[hour]
    assert class_colour(layer, speed) in colours_across(image, 500200, 6000000)
    assert options.time_zone == "Europe/London"


def test_a_frame_inside_a_bin_shows_that_bin(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    start = at(options, 8).begin().addSecs(40 * 60)
    image = draw(layer, QgsDateTimeRange(start, start.addSecs(600), True, False))
    assert class_colour(layer, maps.SPEED_AT_8) in colours_across(image, 500200, 6000000)


@pytest.mark.parametrize(("side", "north"), [("left", "east"), ("right", "west")])
def test_directions_lie_beside_each_other_on_the_driving_side(
    layer: QgsVectorLayer, side: str, north: str
) -> None:
    options = styled(layer, driving_side=side)
    across = colours_across(draw(layer, at(options, 8)), 500200, 6000000)
    east, west = class_colour(layer, maps.SPEED_AT_8), class_colour(layer, 22.0)
    assert (across.index(east) < across.index(west)) == (north == "east")
    assert across.count(east) == pytest.approx(across.count(west), abs=2)


def test_directions_are_merged_on_small_scales(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    small = draw(layer, at(options, 8), (480000, 5980000, 520000, 6020000))
    zoomed_in = draw(layer, at(options, 8))
    names = {QColor(small.pixel(x, y)).name() for x in range(395, 425) for y in range(395, 405)}
    both = {class_colour(layer, maps.SPEED_AT_8), class_colour(layer, 22.0)}
    assert not both <= names
    assert both <= set(colours_across(zoomed_in, 500200, 6000000))


def test_a_street_that_ends_on_a_main_road_does_not_cut_into_it(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    main = class_colour(layer, maps.SPEED_AT_8)  # eastward, so on the northern side
    image = draw(layer, at(options, 8))
    assert colours_across(image, 500500, 6000000).count(main) == colours_across(image, 500200, 6000000).count(
        main
    )


def test_too_few_trips_lie_under_the_other_direction_where_both_are_merged(layer: QgsVectorLayer) -> None:
    """On 1:30,000 the directions are merged; westward the main road has too few trips at 3."""
    options = styled(layer)
    half = 30000 * 800 / 96 * 0.0254 / 2
    image = draw(layer, at(options, 3), (500200 - half, 6000000 - half, 500200 + half, 6000000 + half))
    seen = [QColor(image.pixel(400, y)).name() for y in range(385, 415)]
    assert class_colour(layer, maps.SPEED_AT_3) in seen
    assert PALETTES["light"].few.name() not in seen


@pytest.mark.parametrize(("fast_glows", "seen"), [(False, "slow"), (True, "fast")])
def test_the_direction_that_matters_is_seen_where_both_are_merged(
    layer: QgsVectorLayer, fast_glows: bool, seen: str
) -> None:
    """On 1:30,000 the slow direction of the main road is not hidden by the fast one."""
    options = styled(layer, fast_glows=fast_glows)
    half = 30000 * 800 / 96 * 0.0254 / 2
    image = draw(layer, at(options, 8), (500200 - half, 6000000 - half, 500200 + half, 6000000 + half))
    colours = {QColor(image.pixel(400, y)).name() for y in range(385, 415)}
    speeds = {"slow": min(maps.SPEED_AT_8, 22.0), "fast": max(maps.SPEED_AT_8, 22.0)}
    assert {name for name, speed in speeds.items() if class_colour(layer, speed) in colours} == {seen}


def drawn_ids(layer: QgsVectorLayer, options: StyleOptions, hour: int, scale: int) -> list[int]:
    """Ids of the links in the order in which a map of that scale draws them."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(800, 800))
    half = scale * 800 / 96 * 0.0254 / 2
    settings.setExtent(QgsRectangle(500000 - half, 6000000 - half, 500000 + half, 6000000 + half))
    settings.setIsTemporal(True)
    settings.setTemporalRange(at(options, hour))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    request = QgsFeatureRequest().setOrderBy(layer.renderer().orderBy()).setExpressionContext(context)
    return [link["link_id"] for link in layer.getFeatures(request)]


def test_links_with_few_trips_are_drawn_first_and_main_roads_last(tmp_path: Path) -> None:
    classes = maps.column("residential", "primary", "residential", "tertiary")
    maps.write(tmp_path / "map.gpkg", maps.links(classes=classes))
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    options = styled(layer)
    at_3, at_8 = (drawn_ids(layer, options, hour, 15_000) for hour in (3, 8))
    assert at_3[3] == maps.EAST  # the only one with enough trips, and not the widest
    assert at_8[0] == maps.QUIET
    assert at_8[3] == maps.WEST


def test_a_map_of_a_country_draws_main_roads_last(tmp_path: Path) -> None:
    """Where QGIS shuffles streets of equal keys, grey ones hide the main roads of cities."""
    lines = [f"LineString ({500_000 + 10 * k} 6000000, {500_000 + 10 * k} 6000100)" for k in range(400)]
    classes = maps.column(*("primary", "residential", "tertiary", "secondary") * 100)
    layer = maps.write_lines(tmp_path / "map.gpkg", lines, "EPSG:32630", classes=classes)
    width = {link["link_id"]: link["width_mm"] for link in layer.getFeatures()}
    widths = [width[link] for link in drawn_ids(layer, styled(layer), 8, 1_000_000)]
    assert widths == sorted(widths)
    assert len(set(widths)) == 4


def test_slow_is_dark_on_paper_and_glows_on_a_dark_ground(layer: QgsVectorLayer) -> None:
    def lightness(**changes: object) -> tuple[int, int]:
        styled(layer, **changes)
        slow, fast = class_colour(layer, 1.0), class_colour(layer, 400.0)
        return QColor(slow).lightness(), QColor(fast).lightness()

    slow, fast = lightness(theme="light")
    assert slow < fast
    slow, fast = lightness(theme="dark")
    assert slow > fast
    slow, fast = lightness(theme="dark", fast_glows=True)
    assert slow < fast


def test_the_legend_begins_with_the_statistic_and_its_unit(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    assert options.title == "Mean speed (mph)"
    labels = [drawn.label() for drawn in layer.renderer().ranges()]
    assert labels[0] == few_label()
    assert labels[1].startswith("0 – ")
    assert 7 <= len(labels) <= 10
    assert layer.attributeAlias(layer.fields().indexOf("p85")) == (
        "85th percentile speed (mph), 85th percentile of points, all days, Europe/London"
    )


def test_the_heads_of_the_attribute_table_have_room(layer: QgsVectorLayer) -> None:
    """QGIS cuts a long head at both ends, so that nothing of the statistic is left."""
    styled(layer)
    heads = QFontMetricsF(QFont("Open Sans", 9))
    table = layer.attributeTableConfig()
    widths = {column.name: column.width for column in table.columns() if not column.hidden}
    for name in ("n_points", "mean", "p85"):
        alias = layer.attributeAlias(layer.fields().indexOf(name))
        assert widths[name] >= heads.horizontalAdvance(alias), alias
    assert widths["link_id"] == -1  # as QGIS has it
    chosen = [column.name for column in table.columns()].index("mean")
    table.setColumnWidth(chosen, 77)
    layer.setAttributeTableConfig(table)
    styled(layer)
    assert layer.attributeTableConfig().columnWidth(chosen) == 77


def test_a_statistic_that_the_run_did_not_compute_is_refused_and_those_it_has_are_named(
    layer: QgsVectorLayer,
) -> None:
    assert MapFile.of(layer).statistics == ("mean", "std", "p05", "p15", "p50", "p85", "p95")
    for key in ("free_flow", "p33", "trip_p15"):
        with pytest.raises(MapError, match=rf"\({key}\).*mean, std, p05, p15, p50, p85, p95"):
            StyleOptions.from_run_table(layer, statistic=key)
    with pytest.raises(MapError, match="statistic"):
        StyleOptions.from_run_table(layer, statistic="n_trips")


def test_a_new_classification_in_qgis_takes_too_few_trips_for_no_speed(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    renderer = layer.renderer()
    renderer.setClassificationMethod(QgsClassificationEqualInterval())
    renderer.updateClasses(layer, 4)
    ranges = renderer.ranges()
    assert min(drawn.lowerValue() for drawn in ranges) == pytest.approx(12.0)  # the slowest of the whole day
    assert max(drawn.upperValue() for drawn in ranges) == pytest.approx(22.0)
    seen = set(colours_across(draw(layer, at(options, 8)), 500200, 5999500))
    assert seen == {"#ffffff"}  # not drawn rather than drawn as slow


def test_another_ramp_leaves_too_few_trips_grey(layer: QgsVectorLayer) -> None:
    styled(layer)
    before = class_colour(layer, 3.0)
    layer.renderer().updateColorRamp(QgsStyle.defaultStyle().colorRamp("Spectral") or _reds())
    assert layer.renderer().ranges()[0].symbol().symbolLayer(0).color() == PALETTES["light"].few
    assert class_colour(layer, 3.0) != before


def _reds() -> object:
    from qgis.core import QgsGradientColorRamp

    return QgsGradientColorRamp(QColor("white"), QColor("red"))


def test_any_statistic_with_values_by_bin_plays(layer: QgsVectorLayer) -> None:
    options = style_layer(layer, StyleOptions.from_run_table(layer, statistic="p85", labels=False))
    assert layer.temporalProperties().isActive()
    assert class_colour(layer, 17.0) in colours_across(draw(layer), 500200, 6000000)
    assert class_colour(layer, 5.0) in colours_across(draw(layer, at(options, 8)), 500200, 6000000)
    assert class_colour(layer, 30.0) in colours_across(draw(layer, at(options, 3)), 500200, 6000000)


def upper_limits(layer: QgsVectorLayer) -> list[float]:
    """Of the classes that are drawn, but for the first (too few trips) and the last (open)."""
    return [drawn.upperValue() for drawn in layer.renderer().ranges()][1:-1]


def test_each_statistic_has_limits_of_its_own(layer: QgsVectorLayer) -> None:
    limits = {}
    for statistic in ("mean", "p85", "std"):
        style_layer(layer, StyleOptions.from_run_table(layer, statistic=statistic))
        limits[statistic] = upper_limits(layer)
    assert max(limits["std"]) <= 2.0  # every std is 2 mph
    p85 = class_limits(np.array([14.0, 17.0, 24.0, 5.0, 24.0, 14.0, 30.0]), "mph")  # whole day and bins
    assert limits["p85"] == p85[1:-1]
    assert max(limits["mean"]) >= 25.0  # 28 mph at 3
    assert StyleOptions.from_run_table(layer, statistic="std", limits=(0.0, 1.0, 3.0)).limits == (0, 1, 3)


def test_limits_of_an_older_file_are_those_of_the_mean(layer: QgsVectorLayer, tmp_path: Path) -> None:
    whole = {"p85": np.array([14.0, 17.0, 24.0]), "std": np.array([2.0])}
    own = {name: tuple(class_limits(values, "mph")) for name, values in whole.items()}
    own["mean"] = StyleOptions.from_run_table(layer).limits
    with closing(sqlite3.connect(tmp_path / "map.gpkg")) as database:
        drawn = json.loads(database.execute("SELECT value FROM run WHERE key = 'drawn'").fetchone()[0])
        drawn["limits"] = drawn["limits"]["mean"]
        database.execute("UPDATE run SET value = ? WHERE key = 'drawn'", (json.dumps(drawn),))
        database.commit()
    for name, limits in own.items():
        assert StyleOptions.from_run_table(layer, statistic=name).limits == limits


def test_width_grows_with_the_root_of_the_scale(layer: QgsVectorLayer) -> None:
    options = styled(layer)

    def width(metres: float) -> int:
        image = draw(
            layer, at(options, 8), (500200 - metres, 6000000 - metres, 500200 + metres, 6000000 + metres)
        )
        wanted = {class_colour(layer, maps.SPEED_AT_8), class_colour(layer, 22.0)}
        return sum(QColor(image.pixel(400, y)).name() in wanted for y in range(800))

    assert width(200) / width(800) == pytest.approx(2.0, rel=0.1)


def test_main_roads_are_drawn_as_wide_as_their_class_asks_at_1_to_12000(layer: QgsVectorLayer) -> None:
    options = styled(layer)
    half = 12000 * 800 / 96 * 0.0254 / 2  # metres from the middle to the edge at 1:12,000
    image = draw(layer, at(options, 8), (500200 - half, 6000000 - half, 500200 + half, 6000000 + half))
    main = class_colour(layer, maps.SPEED_AT_8)
    points = sum(QColor(image.pixel(400, y)).name() == main for y in range(800))
    assert points / 96 * 25.4 == pytest.approx(1.7, abs=0.35)  # an edge point is mixed with its neighbour


def test_a_layer_of_somebody_else_is_refused(tmp_path: Path) -> None:
    other = QgsVectorLayer("LineString?crs=EPSG:4326&field=mean:double", "Rivers", "memory")
    with pytest.raises(UnknownLayer, match="Rivers"):
        StyleOptions.from_run_table(other)


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2024, 2, 29)])
def test_the_map_file_alone_plays_in_any_project(layer: QgsVectorLayer, day: date) -> None:
    """As QGIS adds a file, by hand or by drag and drop: it opens it, then loads its default style."""
    styled(layer, timeline=Timeline(days=(day,)))
    save_style(layer)
    added = QgsVectorLayer(layer.source(), "added by hand", "ogr")
    added.loadDefaultStyle()
    project = QgsProject()
    project.addMapLayer(added)
    assert added.temporalProperties().isActive()
    full = QgsTemporalUtils.calculateTemporalRangeForProject(project)  # of "Set to full range"
    assert (full.begin(), full.end()) == tuple(
        QDateTime(QDate(one.year, one.month, one.day), QTime(0, 0), Qt.TimeSpec.UTC)
        for one in (day, day + timedelta(days=1))
    )
    for when in (day, date(2031, 7, 9)):  # the bins play on any date
        image = draw(added, bin_range(when, 8, 60))
        assert class_colour(layer, maps.SPEED_AT_8) in colours_across(image, 500200, 6000000)


def test_a_saved_project_plays_without_the_plugin(layer: QgsVectorLayer, tmp_path: Path) -> None:
    project = QgsProject()
    project.addMapLayer(layer, True)
    options = styled(layer, theme="dark", timeline=Timeline(days=(date(2025, 6, 10),)))
    style_project(project, options)
    assert project.write(str(tmp_path / "day.qgz"))
    colours = {speed: class_colour(layer, speed) for speed in (maps.SPEED_AT_3, maps.SPEED_AT_8, 15.0)}

    script = Path(__file__).with_name("render_saved_project.py")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "QGIS_PLUGINPATH")}
    environment["QT_QPA_PLATFORM"] = "offscreen"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "day.qgz"), str(tmp_path), "3", "8", "day"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
    pictures = {name: QImage(str(tmp_path / f"{name}.png")) for name in ("3", "8", "day")}
    ground = PALETTES["dark"].ground.name()
    for name, speed in (("3", maps.SPEED_AT_3), ("8", maps.SPEED_AT_8), ("day", 15.0)):
        across = colours_across(pictures[name], 500200, 6000000)
        assert colours[speed] in across
        assert across[0] == ground
    differ = np.array([
        pictures["3"].pixel(x, y) != pictures["8"].pixel(x, y) for x in range(800) for y in range(800)
    ]).reshape(800, 800)  # fmt: skip
    rows = np.flatnonzero(differ.any(axis=0))
    assert len(rows) > 0
    quiet = round((6000600 - 5999500) / 1.5)
    assert not (abs(rows - quiet) < 20).any()  # grey at both hours


def as_the_version_before(file: Path) -> None:
    """Turn a map file into one of the version before: one packed column, of means, and the long table."""
    with closing(sqlite3.connect(file)) as database, database:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda shape: 0)
        database.execute("DROP VIEW links_by_time")
        database.execute("DROP TABLE bins")
        database.execute("CREATE TABLE link_speeds_by_time (link_id INTEGER, bin TEXT, n_points INTEGER)")
        rows = maps.by_time()[["link_id", "bin", "n_points"]].itertuples(index=False)
        database.executemany("INSERT INTO link_speeds_by_time VALUES (?, ?, ?)", rows)
        database.execute("ALTER TABLE links RENAME COLUMN day_mean TO day_packed")
        for key in ("std", "p05", "p15", "p50", "p85", "p95"):
            database.execute(f"ALTER TABLE links DROP COLUMN day_{key}")
        for entry in ("days", "not_playing"):
            database.execute(
                "UPDATE run SET value = json_remove(value, ?) WHERE key = 'drawn'", (f"$.{entry}",)
            )


def test_a_map_file_of_the_version_before_plays_as_it_did(tmp_path: Path) -> None:
    file = tmp_path / "before.gpkg"
    maps.write(file)
    as_the_version_before(file)
    layer = QgsVectorLayer(f"{file}|layername=links", "before", "ogr")
    options = style_layer(layer, StyleOptions.from_run_table(layer, labels=False))
    assert MapFile.of(layer).playing == ("mean",)
    assert sum(MapFile.of(layer).bin_totals()) == maps.by_time()["n_points"].sum()
    for hour, speed in ((3, maps.SPEED_AT_3), (8, maps.SPEED_AT_8)):
        assert class_colour(layer, speed) in colours_across(draw(layer, at(options, hour)), 500200, 6000000)
    assert MapFile.of(layer).profile(maps.EAST, "mean")[9] == maps.SPEED_AT_8
    assert not StyleOptions.from_run_table(layer, statistic="p85").plays
    assert maps.write(file).links == 5  # and may be made again


def test_a_file_with_the_first_mark_of_too_few_is_drawn_by_that_mark(tmp_path: Path) -> None:
    file = tmp_path / "old.gpkg"
    maps.write(file)
    with closing(sqlite3.connect(file)) as database, database:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda shape: 0)  # GDAL's, for triggers that do not fire
        database.execute("UPDATE links SET day_mean = replace(day_mean, '-1e99', '-1.00')")
        database.execute("ALTER TABLE links RENAME COLUMN day_mean TO day_packed")
        database.execute("UPDATE run SET value = json_remove(value, '$.too_few') WHERE key = 'drawn'")
    layer = QgsVectorLayer(f"{file}|layername=links", "old", "ogr")
    options = StyleOptions.from_run_table(layer)
    style_layer(layer, options)
    renderer = layer.renderer()
    assert options.too_few == renderer.ranges()[0].lowerValue() == renderer.ranges()[0].upperValue() == -1.0
    context = QgsExpressionContext([*QgsExpressionContextUtils.globalProjectLayerScopes(layer)])
    context.lastScope().setVariable("zoom_level", 14)
    expression = QgsExpression(renderer.classAttribute())
    found = {}
    for feature in layer.getFeatures():
        context.setFeature(feature)
        value = float(expression.evaluate(context))
        found[feature["link_id"]] = renderer.rangeForValue(value).label()
    assert found[maps.QUIET] == few_label()
    assert [label for link, label in found.items() if label == few_label()] == [few_label()]
