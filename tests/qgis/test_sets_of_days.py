"""Maps with sets of days: a week plays as a week, dates as dates, other sets one after another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
from qgis.core import (
    QgsDateTimeRange,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextScope,
    QgsExpressionContextUtils,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsTemporalUtils,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from roadpulse.aggregation.contract.days import Days
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.algorithms.pages import sets_of
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.layout.page import PageOptions, speed_page
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer, style_project
from roadpulse.mapping.style.temporal import frame_range
from roadpulse.mapping.style_check import active_parts
from roadpulse.mapping.timeline import Timeline
from roadpulse.mapping.writer.geopackage import write_geopackage
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

DATES = ("2025-06-10", "2025-06-12", "2025-07-01")
DIVISIONS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "weekdays": ("weekdays", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),
    "workdays": ("workdays", ("Mon-Fri", "Sat-Sun")),
    "dates": ("dates", DATES),
    "named": ({"Term": "Mon-Fri 2025-06-01/2025-06-30", "O'Hara's": "Sun"}, ("Term", "O'Hara's")),
}
"""Division of each kind, and the sets that it has in the table by time."""


def value(place: int, hour: int) -> float:
    """The mean of the link EAST in a bin of the set at `place`; distinct for each."""
    return round(1.0 + place + hour / 100, 2)


def written(path: Path, kind: str, minutes: int = 60) -> QgsVectorLayer:
    """A map of one link that has another value in each bin of each set, and of one with too few trips."""
    division, sets = DIVISIONS[kind]
    spec = replace(maps.SPEC, days=Days.from_json(division), bin_minutes=minutes, statistics=("mean", "std"))
    rows = [
        (
            link,
            name,
            f"{minute // 60:02d}:{minute % 60:02d}",
            trips * 3,
            trips,
            value(place, minute // 60),
            2.0,
        )
        for link, trips in ((maps.EAST, 7), (maps.QUIET, 2))
        for place, name in enumerate(sets)
        for minute in range(0, 1440, minutes)
    ]
    names = ["link_id", "days", "bin", "n_points", "n_trips", "mean", "std"]
    by_time = pd.DataFrame(rows, columns=names).sample(frac=1, random_state=1)  # in no order
    write_geopackage(path, maps.speeds(), by_time, maps.links(), {}, spec)
    return QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")


def drawn_at(layer: QgsVectorLayer, when: Optional[datetime], local: bool = False) -> Optional[float]:
    """What the renderer computes for the link EAST while QGIS draws a map at a time of the clock."""
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    scope = QgsExpressionContextScope("map")
    scope.addVariable(QgsExpressionContextScope.StaticVariable("zoom_level", 12, True, True))
    scope.addVariable(QgsExpressionContextScope.StaticVariable("vector_tile_zoom", 12.0, True, True))
    if when is not None:
        spec = Qt.TimeSpec.LocalTime if local else Qt.TimeSpec.UTC
        moment = QDateTime(QDate(when.year, when.month, when.day), QTime(when.hour, when.minute), spec)
        scope.setVariable("map_start_time", moment)
    context.appendScope(scope)
    feature = next(layer.getFeatures(f'"link_id" = {maps.EAST}'))
    context.setFeature(feature)
    expression = QgsExpression(layer.renderer().classAttribute())
    expression.prepare(context)
    found = expression.evaluate(context)
    assert not expression.hasEvalError(), expression.evalErrorString()
    return None if found in (None, "") else float(found)


def moments(options: StyleOptions) -> Iterator[tuple[int, datetime]]:
    """Number and time of every frame, as QGIS's clock shows them."""
    for number in range(len(options.timeline)):
        begin = frame_range(options.timeline, number).begin()
        yield number, datetime.strptime(begin.toString("yyyy-MM-dd HH:mm"), "%Y-%m-%d %H:%M")


@pytest.mark.parametrize("minutes", [60, 30, 360])
@pytest.mark.parametrize("kind", DIVISIONS)
def test_every_frame_shows_the_bin_of_its_set(tmp_path: Path, kind: str, minutes: int) -> None:
    layer = written(tmp_path / "map.gpkg", kind, minutes)
    options = style_layer(layer)
    for number, when in moments(options):
        place = number // (1440 // minutes)
        inside = when + timedelta(minutes=minutes - 1)
        assert drawn_at(layer, when) == drawn_at(layer, inside) == value(place, when.hour)
        if number % 7 == 0:
            assert drawn_at(layer, when, local=True) == value(place, when.hour)
    assert drawn_at(layer, None) == 15.0  # the whole period


def test_a_week_plays_on_any_date_and_from_monday_to_sunday(tmp_path: Path) -> None:
    layer = written(tmp_path / "map.gpkg", "weekdays")
    options = style_layer(layer)
    days = [when for number, when in moments(options) if number % 24 == 0]
    assert [f"{day:%a}" for day in days] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert [after - before for before, after in zip(days, days[1:])] == [timedelta(days=1)] * 6
    for day in range(1, 15):
        when = datetime(2031, 7, day, 17)
        assert drawn_at(layer, when) == value(when.weekday(), 17)


def test_workdays_play_on_any_date(tmp_path: Path) -> None:
    layer = written(tmp_path / "map.gpkg", "workdays")
    style_layer(layer)
    for day in range(1, 15):
        when = datetime(2031, 7, day, 17)
        assert drawn_at(layer, when) == value(int(when.weekday() >= 5), 17)


@pytest.mark.parametrize("minutes", [60, 360])
@pytest.mark.parametrize("kind", ["dates", "named"])
def test_a_day_on_which_nothing_plays_has_too_few_trips(tmp_path: Path, kind: str, minutes: int) -> None:
    layer = written(tmp_path / "map.gpkg", kind, minutes)
    options = style_layer(layer)
    assert {drawn_at(layer, datetime(2025, 6, day, 17)) for day in (9, 11, 13)} == {options.too_few}


@pytest.mark.parametrize(
    ("kind", "first", "end"),
    [
        ("weekdays", date(2025, 1, 6), date(2025, 1, 13)), ("workdays", date(2025, 1, 3), date(2025, 1, 5)),
        ("dates", date(2025, 6, 10), date(2025, 7, 2)), ("named", date(2025, 1, 1), date(2025, 1, 3)),
    ],
)  # fmt: skip
def test_layer_and_project_have_the_half_open_range_and_the_step(
    tmp_path: Path, kind: str, first: date, end: date
) -> None:
    layer = written(tmp_path / "map.gpkg", kind)
    project = QgsProject()
    project.addMapLayer(layer)
    style_project(project, style_layer(layer))
    edges = [
        QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0), Qt.TimeSpec.UTC) for day in (first, end)
    ]
    for found in (
        QgsTemporalUtils.calculateTemporalRangeForProject(project),
        project.timeSettings().temporalRange(),
        layer.temporalProperties().fixedTemporalRange(),
    ):
        assert [found.begin(), found.end()] == edges
    assert not project.timeSettings().temporalRange().includeEnd()
    assert project.timeSettings().timeStep() == 1.0


@pytest.mark.parametrize("kind", DIVISIONS)
def test_the_file_has_names_and_points_of_its_sets_and_harmless_styles(tmp_path: Path, kind: str) -> None:
    from qgis.core import QgsMapLayerStyle

    layer = written(tmp_path / "map.gpkg", kind)
    file, sets = MapFile.of(layer), DIVISIONS[kind][1]
    assert file.timeline.names == sets
    assert file.bin_totals() == [21.0 + 6.0] * (24 * len(sets))
    expected = [15.0] + [value(place, hour) for place in range(len(sets)) for hour in range(24)]
    assert file.profile(maps.EAST, "mean").tolist() == expected
    with closing(sqlite3.connect(tmp_path / "map.gpkg")) as database:
        found = database.execute(
            "SELECT days, bin, mean FROM links_by_time WHERE link_id = ? ORDER BY OGC_FID", (maps.EAST,)
        ).fetchall()
    assert found == [
        (name, f"{hour:02d}:00", value(place, hour)) for place, name in enumerate(sets) for hour in range(24)
    ]
    style_layer(layer)
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    assert active_parts(style.xmlData()) == []


@pytest.mark.parametrize(
    ("kind", "sets"),
    [("weekdays", "weekday"), ("dates", "date"), ("workdays", "set of days"), ("named", "set of days")],
)
def test_the_tool_tip_of_the_layer_says_which_sets_play(tmp_path: Path, kind: str, sets: str) -> None:
    layer = written(tmp_path / "map.gpkg", kind)
    style_layer(layer)
    assert layer.serverProperties().abstract() == (
        f"Mean speed (mph), mean of points; all days by {sets}, local time (Europe/London)"
    )


def test_page_and_film_name_the_set_and_the_zone(tmp_path: Path) -> None:
    layer = written(tmp_path / "map.gpkg", "dates")
    style = style_layer(layer)
    film = speed_page(QgsProject.instance(), layer, style, PageOptions("Town", paper="frame", film=True))
    film.show_frame(24 + 8)
    texts = {name: film.layout.itemById(name).text() for name in ("clock", "clock day", "dates")}
    assert texts == {
        "clock": "08:00", "clock day": "Thu 12 June 2025", "dates": "local time (Europe/London)",
    }  # fmt: skip
    begin = film.map_item.temporalRange().begin()
    assert begin.toString("yyyy-MM-dd HH:mm") == "2025-06-12 08:00"
    page = speed_page(QgsProject.instance(), layer, style, PageOptions("Town", frame=24 + 8))
    assert page.layout.itemById("subtitle").text() == "How fast traffic moves"
    assert page.layout.itemById("when").text() == "Thu 12 June 2025 08:00 – 09:00"  # too long for one line


@pytest.mark.parametrize("kind", ["weekdays", "dates", "long"])
@pytest.mark.parametrize("film", [False, True])
def test_words_stay_within_their_lines(
    tmp_path: Path, kind: str, film: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QGIS says how much room each text takes; what is wider would be drawn over the line below."""
    names = ("Fridays of the summer term without bank holidays", "Sundays")
    division = {names[0]: "Fri", names[1]: "Sun"}
    monkeypatch.setitem(DIVISIONS, "long", (division, names))
    layer = written(tmp_path / "map.gpkg", kind)
    style = style_layer(layer)
    frame = 24 + 8 if kind == "dates" else 8
    options = PageOptions("Town", "How much longer trips take", frame=frame, film=film)
    page = speed_page(QgsProject.instance(), layer, style, options)
    labels = [item for item in page.layout.items() if isinstance(item, QgsLayoutItemLabel)]
    assert {"title", "subtitle", "dates", "facts"} < {label.id() for label in labels}
    for label in labels:
        if label.id() != "sources":  # of as many lines as its box has room for
            assert label.sizeForText().width() <= label.rect().width(), label.text()
            assert label.sizeForText().height() < 1.25 * label.rect().height(), label.text()


def test_the_legend_keeps_long_headings_within_the_column(tmp_path: Path) -> None:
    layer = written(tmp_path / "map.gpkg", "weekdays")
    style = style_layer(layer)
    headings = {}
    for key in ("mean", "ci95"):
        shown = replace(style, statistic=key)
        page = speed_page(QgsProject.instance(), layer, shown, PageOptions("Town"))
        legend = page.layout.itemById("legend")
        headings[key] = legend.title().split(legend.wrapString())
    assert headings["mean"] == ["Mean speed (mph)"]
    assert " ".join(headings["ci95"]) == "Confidence of the mean trip speed (mph)"
    assert len(headings["ci95"]) == 2


def test_days_of_another_run_are_refused_by_name(tmp_path: Path) -> None:
    layer_spec = replace(maps.SPEC, days=Days.from_json("weekdays"))
    table = maps.by_time()
    with pytest.raises(MapError, match="days"):
        write_geopackage(tmp_path / "a.gpkg", maps.speeds(), table, maps.links(), {}, layer_spec)
    table.insert(1, "days", "Someday")
    with pytest.raises(MapError, match="Someday"):
        write_geopackage(tmp_path / "a.gpkg", maps.speeds(), table, maps.links(), {}, layer_spec)
    dates = replace(maps.SPEC, days=Days.from_json("dates"))
    with pytest.raises(MapError, match="Someday"):
        write_geopackage(tmp_path / "a.gpkg", maps.speeds(), table, maps.links(), {}, dates)


def years(spec: RunSpec, n_dates: int) -> pd.DataFrame:
    names = [str(date(2020, 1, 1) + timedelta(days=day)) for day in range(n_dates)]
    table = pd.DataFrame(
        {"link_id": maps.EAST, "days": names, "bin": "08:00", "n_points": 21, "n_trips": 7, "mean": 9.0}
    )
    return table.assign(**{key: 2.0 for key in spec.statistics if key not in table})


@pytest.mark.parametrize(("n_dates", "plays"), [(84, True), (85, False), (1500, False)])
def test_more_bins_than_a_map_file_holds_end_in_a_word_on_it(
    tmp_path: Path, n_dates: int, plays: bool
) -> None:
    spec = replace(maps.SPEC, days=Days.from_json("dates"))
    path = tmp_path / "map.gpkg"
    report = write_geopackage(path, maps.speeds(), years(spec, n_dates), maps.links(), {}, spec)
    assert bool(report.warnings) != plays
    layer = QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
    options = style_layer(layer)
    assert options.plays == plays
    if not plays:
        assert f"{n_dates:,} sets of days" in report.warnings[0] and "2,016" in report.warnings[0]
        assert MapFile.of(layer).not_playing in report.warnings[0]
        assert drawn_at(layer, None) == 15.0
        assert MapFile.of(layer).bin_totals() == []
    speed_page(QgsProject.instance(), layer, options, PageOptions("Town"))


def test_statistics_beyond_the_size_of_a_map_file_do_not_play_and_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadpulse.mapping.writer.geopackage.MOST_BYTES", 3 * 4 * 25 * 5)
    report = maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    assert MapFile.of(layer).playing == ("mean", "std", "p05")
    assert "p15, p50, p85, p95" in report.warnings[0]
    assert not style_layer(layer, StyleOptions.from_run_table(layer, statistic="p95")).plays


def test_a_run_without_a_mean_is_drawn_by_what_it_has(tmp_path: Path) -> None:
    spec = replace(maps.SPEC, statistics=("trip_mean", "tti", "free_flow"))
    rename = {"mean": "trip_mean", "p50": "tti", "p85": "free_flow"}
    by_time = maps.by_time().rename(columns=rename).drop(columns="free_flow")
    path = tmp_path / "map.gpkg"
    write_geopackage(path, maps.speeds().rename(columns=rename), by_time, maps.links(), {}, spec)
    layer = QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
    options = style_layer(layer)
    assert (options.statistic, MapFile.of(layer).playing) == ("trip_mean", ("trip_mean", "tti"))
    free_flow = StyleOptions.from_run_table(layer, statistic="free_flow")
    assert not free_flow.plays
    assert "85th percentile of points 22:00–06:00" in free_flow.meaning
    assert "85th percentile of points 22:00–06:00" in layer.attributeAlias(layer.fields().indexOf("tti"))
    assert "22:00" not in layer.attributeAlias(layer.fields().indexOf("trip_mean"))


def test_a_run_of_counts_alone_makes_no_map(tmp_path: Path) -> None:
    spec = replace(maps.SPEC, statistics=("n_traversals",))
    with pytest.raises(MapError, match="no statistic that a map can be coloured by"):
        write_geopackage(tmp_path / "a.gpkg", maps.speeds(), maps.by_time(), maps.links(), {}, spec)


def test_the_bad_end_of_a_statistic_contrasts_most(tmp_path: Path) -> None:
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    darkest = {}
    for key in ("mean", "std"):
        style_layer(layer, StyleOptions.from_run_table(layer, statistic=key, theme="light"))
        light = [entry.symbol().color().lightness() for entry in layer.renderer().ranges()[1:]]
        darkest[key] = light.index(min(light)) == 0
    assert darkest == {"mean": True, "std": False}


def test_rows_may_come_in_any_order_and_of_links_without_a_road(tmp_path: Path) -> None:
    """The rows of the table by time may come in any order, and of links that are not on the map."""
    one = maps.links(ids=np.array([maps.EAST]), wkb=maps.links().wkb[:1], names=None, classes=None)
    assert isinstance(one, LinkGeometry)
    write_geopackage(tmp_path / "a.gpkg", maps.speeds(), maps.by_time().iloc[::-1], one, {}, maps.SPEC)
    file = MapFile.of(QgsVectorLayer(f"{tmp_path / 'a.gpkg'}|layername=links", "", "ogr"))
    profile = file.profile(maps.EAST, "mean")
    assert (profile[0], profile[4], profile[9]) == (15.0, maps.SPEED_AT_3, maps.SPEED_AT_8)
    assert np.isnan(profile).sum() == 22


def test_a_frame_is_half_open() -> None:
    options = StyleOptions()
    first: QgsDateTimeRange = frame_range(options.timeline, 0)
    assert first.includeBeginning() and not first.includeEnd()
    assert first.end() == frame_range(options.timeline, 1).begin()


def test_a_single_set_of_days_is_named(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    spec = replace(maps.SPEC, days=Days.from_json({"Term": "Mon-Fri 2025-06-01/2025-06-30"}))
    write_geopackage(path, maps.speeds(), maps.by_time(), maps.links(), {}, spec)
    layer = QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
    options = style_layer(layer)
    number = next(n for n in range(24) if options.timeline.clock(n) == "08:00")
    assert options.timeline.span(number) == "Term 08:00 – 09:00"
    begin = frame_range(options.timeline, number).begin()
    when = datetime.strptime(begin.toString("yyyy-MM-dd HH:mm"), "%Y-%m-%d %H:%M")
    assert drawn_at(layer, when) == pytest.approx(maps.SPEED_AT_8)
    page = speed_page(QgsProject.instance(), layer, options, PageOptions("Town", frame=number))
    assert page.layout.itemById("when").text() == "Term 08:00 – 09:00"
    alias = layer.attributeAlias(layer.fields().indexOf("day_mean"))
    assert "by 60 min of Term, Europe/London" in alias


class Warned(QgsProcessingFeedback):
    """Keeps the warnings."""

    def __init__(self) -> None:
        super().__init__(False)
        self.warnings: list[str] = []

    def pushWarning(self, warning: str) -> None:
        self.warnings.append(warning)


def test_a_page_says_which_days_and_hours_it_does_not_show(processing: Any, tmp_path: Path) -> None:
    path, warned = tmp_path / "map.gpkg", Warned()
    spec = replace(maps.SPEC, days=Days.from_json("weekdays"), statistics=("mean", "free_flow"))
    by_time = maps.by_time()[["link_id", "bin", "n_points", "n_trips", "mean"]].assign(days="Tue")
    write_geopackage(path, maps.speeds().assign(free_flow=30.0), by_time, maps.links(), {}, spec)
    call = {"INPUT": f"{path}|layername=links", "DPI": 50, "OUTPUT": str(tmp_path / "page.png")}

    def page(**more: str) -> list[str]:
        processing.run("roadpulse:exportlayout", {**call, **more}, feedback=warned)
        return warned.warnings

    assert page(DAYS="Tue", TIME="08:00") == []
    with pytest.raises(QgsProcessingException, match="DAYS: needs a TIME, such as 08:00"):
        page(DAYS="Tue")
    with pytest.raises(QgsProcessingException, match="has no days 'Noon'; it has Mon, Tue, Wed, Thu, Fri, S"):
        page(DAYS="Noon", TIME="08:00")
    (words,) = page(STATISTIC="free_flow", TIME="08:00")
    assert "no values by bin of Free-flow speed (mph): the page shows the whole period" in words


def test_a_map_without_sets_says_that_it_has_none(qgis_app: Any) -> None:
    with pytest.raises(MapError, match="has no days 'Mon'; it has all days alone"):
        sets_of(Timeline(), "Mon")
    with pytest.raises(MapError, match="has no days '2025-06-10'; it has values of the whole period alone"):
        sets_of(Timeline(60, "dates", (), ()), "2025-06-10")


def test_a_film_of_a_map_that_does_not_play_says_why(processing: Any, tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    spec = replace(maps.SPEC, days=Days.from_json("dates"), bin_minutes=5)
    days = [date(2025, 6, 1) + timedelta(days=n) for n in range(8)]  # 8 × 288 bins are more than 2,016
    by_time = pd.concat([maps.by_time().assign(days=day.isoformat()) for day in days])
    write_geopackage(path, maps.speeds(), by_time, maps.links(), {}, spec)
    call = {"INPUT": f"{path}|layername=links", "OUTPUT": str(tmp_path / "film.gif")}
    with pytest.raises(QgsProcessingException, match=r"of this map.* 8 sets of days with 288 bins each"):
        processing.run("roadpulse:exportanimation", call)


def test_a_map_by_dates_without_a_date_becomes_a_page_that_says_so(processing: Any, tmp_path: Path) -> None:
    path, page = tmp_path / "map.gpkg", tmp_path / "page.png"
    spec = replace(maps.SPEC, days=Days.from_json("dates"), date_from=date(2030, 1, 1))
    nothing = maps.by_time().assign(days="2030-01-01").iloc[:0]
    write_geopackage(path, maps.speeds().iloc[:0], nothing, maps.links(), {}, spec)
    warned = Warned()
    call = {"INPUT": f"{path}|layername=links", "DPI": 50, "OUTPUT": str(page)}
    for more in ({}, {"TIME": "08:00"}):
        processing.run("roadpulse:exportlayout", {**call, **more}, feedback=warned)
        assert page.stat().st_size > 0
        page.unlink()
    (words,) = warned.warnings
    assert "no values by bin of Mean speed (mph)" in words
    layer = QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
    assert not style_layer(layer).plays


@pytest.mark.parametrize(("minutes", "heads"), [(60, 4), (720, 2), (1440, 0)])
def test_small_maps_are_of_different_bins_and_their_set_is_named(
    tmp_path: Path, minutes: int, heads: int
) -> None:
    path, name = tmp_path / "map.gpkg", "Term time without the week of the fair, mornings too"
    sets = {name: "Mon", "Other": "Tue"}
    spec = replace(maps.SPEC, days=Days.from_json(sets), bin_minutes=minutes)
    by_time = pd.concat([maps.by_time().assign(days=one, bin="00:00").iloc[[0]] for one in sets])
    write_geopackage(path, maps.speeds(), by_time, maps.links(), {}, spec)
    layer = QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
    page = speed_page(QgsProject.instance(), layer, style_layer(layer), PageOptions("Town"))
    shown = [item for item in page.layout.items() if isinstance(item, QgsLayoutItemMap)]
    small = [item for item in shown if item.id() != "map"]
    begins = {item.temporalRange().begin().toString("yyyy-MM-dd HH:mm") for item in small}
    assert len(small) == len(begins) == heads
    if heads:
        text = page.layout.itemById("small maps").text().replace("\n", " ")
        assert text == f"The same streets through the day: {name}"
