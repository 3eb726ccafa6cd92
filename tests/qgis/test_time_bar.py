"""The track of the time bar, and the worst bin: against what a plain count over the tables says."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
from qgis.core import QgsDateTimeRange, QgsVectorLayer
from qgis.PyQt.QtCore import QDateTime

from roadpulse.aggregation.contract.days import Days
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.packed import unpack_all
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.style.temporal import frame_at, frame_range
from roadpulse.mapping.timeline import Timeline
from roadpulse.mapping.writer.geopackage import write_geopackage
from roadpulse.ui.time_bar.shown_map import Candidate, PlayedMap, played_map
from roadpulse.ui.time_bar.track_model import TrackModel
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

SETS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "all": ("all", ("all",)),
    "weekdays": ("weekdays", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),
    "workdays": ("workdays", ("Mon-Fri", "Sat-Sun")),
    "dates": ("dates", ("2025-06-10", "2025-06-12", "2025-07-01")),
    "named": ({"Term": "Mon-Fri", "Sundays": "Sun"}, ("Term", "Sundays")),
}
"""Division of days of each kind, and its sets in the table by time."""


def timeline(kind: str, minutes: int = 60) -> Timeline:
    division, names = SETS[kind]
    spec = replace(maps.SPEC, days=Days.from_json(division), bin_minutes=minutes)
    return Timeline.of(spec, names)


# -- which bin a moment shows ----------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [5, 60, 360])
@pytest.mark.parametrize("kind", SETS)
def test_the_time_of_each_frame_is_that_frame(kind: str, minutes: int) -> None:
    bins = timeline(kind, minutes)
    assert [frame_at(bins, frame_range(bins, n)) for n in range(len(bins))] == list(range(len(bins)))
    assert frame_at(bins, QgsDateTimeRange(QDateTime(), QDateTime())) is None


def test_weekdays_play_on_any_date_and_dates_on_their_own() -> None:
    days = [date(2031, 7, 1) + timedelta(days=n) for n in range(14)]
    assert [timeline("weekdays").number_at(day, 61) for day in days] == [
        24 * (int(f"{day:%u}") - 1) + 1 for day in days
    ]
    assert [timeline("workdays").number_at(day, 0) for day in days] == [
        24 * (f"{day:%a}" in ("Sat", "Sun")) for day in days
    ]
    assert timeline("all").number_at(days[0], 1439) == 23
    assert timeline("dates").number_at(date(2025, 6, 12), 8 * 60) == 24 + 8
    assert timeline("dates").number_at(date(2025, 6, 11), 8 * 60) is None


# -- where a bin lies on the track -----------------------------------------------------------------------


@pytest.mark.parametrize("width", [30.0, 121.5, 640.0, 3000.0])
@pytest.mark.parametrize(("kind", "minutes"), [("all", 60), ("all", 5), ("weekdays", 60), ("dates", 5)])
def test_bins_follow_one_another_over_the_whole_track(kind: str, minutes: int, width: float) -> None:
    bins = timeline(kind, minutes)
    model = TrackModel(bins, tuple(range(len(bins))))
    lefts = [model.left(n, width) for n in range(len(bins) + 1)]
    assert lefts[0] == 0 and lefts[-1] == width
    assert all(before < after for before, after in zip(lefts, lefts[1:]))
    size = model.bin_width(width)
    for number in range(len(bins)):
        assert model.number_at(lefts[number] + size / 2, width) == number
    assert (model.number_at(-50, width), model.number_at(width + 50, width)) == (0, len(bins) - 1)


def test_sets_of_days_have_a_gap_whose_halves_belong_to_the_bins_beside_it() -> None:
    model = TrackModel(timeline("weekdays"), (1.0,) * 168)
    one = (706.0 - 6 * 6) / 7
    assert model.left(24, 706.0) == pytest.approx(one + 6)
    assert model.number_at(one + 2, 706.0) == 23
    assert model.number_at(one + 6.1, 706.0) == 24


@pytest.mark.parametrize(("minutes", "width"), [(60, 480.0), (5, 100.0), (5, 2000.0)])
def test_each_bar_is_as_high_as_the_largest_of_its_bins(minutes: int, width: float) -> None:
    rng = np.random.default_rng(4)
    bins = timeline("weekdays", minutes)
    totals = rng.integers(0, 5000, len(bins)).astype(float).tolist()
    columns = list(TrackModel(bins, tuple(totals)).columns(width))
    assert [number for column in columns for number in range(column.first, column.end)] == list(
        range(len(bins))
    )
    for column in columns:
        assert column.height == max(totals[column.first : column.end]) / max(totals)
    assert len(columns) <= width + 7
    if width / len(bins) > 1:
        assert len(columns) == len(bins)


def test_labels_do_not_touch_and_name_days_or_hours() -> None:
    def wide(text: str) -> float:
        return 6.0 * len(text)

    day = list(TrackModel(timeline("all"), (1.0,) * 24).labels(480.0, wide))
    assert day == [(60.0 * n, f"{3 * n:02d}:00") for n in range(8)]
    week = TrackModel(timeline("weekdays"), (1.0,) * 168)
    assert [text for _, text in week.labels(480.0, wide)] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert [text for _, text in week.labels(60.0, wide)] == ["Mon", "Thu"]
    dates = TrackModel(timeline("dates"), (1.0,) * 72)
    assert [text for _, text in dates.labels(480.0, wide)] == ["10 Jun", "12 Jun", "1 Jul"]


def test_a_bin_is_described_with_its_day_and_points() -> None:
    totals = [0.0] * 72
    totals[24 + 8], totals[9] = 12_340.0, 1.0
    model = TrackModel(timeline("dates"), tuple(totals))
    assert model.describe(24 + 8) == "Thu 12 June 2025 08:00 – 09:00, 12,340 points"
    assert model.describe(9) == "Tue 10 June 2025 09:00 – 10:00, 1 point"


# -- the worst bin ---------------------------------------------------------------------------------------


def written(path: Path, kind: str, minutes: int, seed: int) -> MapFile:
    """A map of random values: some links are missing in some bins, some have too few trips."""
    rng = np.random.default_rng(seed)
    division, sets = SETS[kind]
    statistics = ("mean", "std", "tti")
    spec = replace(maps.SPEC, days=Days.from_json(division), bin_minutes=minutes, statistics=statistics)
    ids = np.arange(1, 9, dtype=np.int64)
    rows = [
        (link, name, f"{minute // 60:02d}:{minute % 60:02d}", trips * 3, trips, *rng.uniform(1, 60, 3))
        for link in ids.tolist()
        for name in sets
        for minute in range(0, 1440, minutes)
        if (trips := int(rng.integers(0, 12)))
    ]
    columns = ["link_id", "days", "bin", "n_points", "n_trips", *statistics]
    by_time = pd.DataFrame(rows, columns=columns)
    if kind == "all":
        by_time = by_time.drop(columns="days")
    whole = pd.DataFrame({"link_id": ids, "n_points": 300, "n_trips": rng.integers(3, 400, 8)})
    for name in statistics:
        whole[name] = rng.uniform(5, 50, 8)
    lines = [f"LineString (500000 {6000000 + y}, 500100 {6000000 + y})" for y in range(8)]
    links = maps.links(ids=ids, wkb=maps.column(*map(maps.wkb, lines)), names=None, classes=None)
    write_geopackage(path, whole, by_time, links, {}, spec)
    return MapFile.at(path, "Speeds")


def worst_by_rows(file: MapFile, key: str, high_is_good: bool) -> Optional[int]:
    """The worst frame out of the file's view for people, a row a link and bin, one after the other."""
    with closing(sqlite3.connect(file.path)) as database:
        usual = {
            link: (trips, value)
            for link, trips, value in database.execute(f"SELECT link_id, n_trips, {key} FROM links")
            if trips >= file.min_trips
        }
        bins = list(database.execute("SELECT days, bin, place FROM bins"))
        place = {(days, name): number for days, name, number in bins}
        totals: dict[int, list[float]] = {}
        for link, days, name, value in database.execute(
            f"SELECT link_id, days, bin, {key} FROM links_by_time WHERE {key} IS NOT NULL"
        ):
            trips, whole = usual[link]
            worse = whole - value if high_is_good else value - whole
            totals.setdefault(place[days, name], []).append(trips * worse)
    sums = {number: math.fsum(parts) for number, parts in totals.items()}
    return max(sums, key=lambda number: sums[number]) if sums else None


@pytest.mark.parametrize(
    ("kind", "minutes", "seed"), [("all", 60, 1), ("weekdays", 60, 2), ("dates", 360, 3), ("all", 15, 4)]
)
def test_the_worst_bin_is_that_of_a_plain_count(tmp_path: Path, kind: str, minutes: int, seed: int) -> None:
    file = written(tmp_path / "map.gpkg", kind, minutes, seed)
    for key, high_is_good in (("mean", True), ("std", False), ("tti", False)):
        assert file.worst_frame(key) == worst_by_rows(file, key, high_is_good)


def set_texts(file: MapFile, text: str) -> None:
    """Set all packed texts of the mean, past the triggers, which call GDAL's functions."""
    with closing(sqlite3.connect(file.path)) as database, database:
        for (name,) in list(database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(f"UPDATE links SET day_mean = {text} WHERE day_mean IS NOT NULL")


def test_what_does_not_play_has_no_worst_bin(tmp_path: Path) -> None:
    file = written(tmp_path / "map.gpkg", "all", 60, 5)
    assert file.worst_frame("p85") is None
    set_texts(file, "NULL")
    assert MapFile.at(file.path, "Speeds").worst_frame("mean") is None


def test_a_damaged_text_is_named_with_its_file(tmp_path: Path) -> None:
    file = written(tmp_path / "map.gpkg", "all", 60, 6)
    for text in ("'12.34'", "replace(day_mean, '.', 'x')", "12"):
        set_texts(file, text)
        with pytest.raises(MapError, match=r"map\.gpkg cannot be used: its table 'links' has values"):
            file.worst_frame("mean")


def test_many_texts_are_read_as_one_by_one() -> None:
    texts = [" 0.00", "12.34", "123.4", " 1234", "99999", "-1e99", "0.123", "-1.00"]
    found = unpack_all("".join(texts).encode(), 3).tolist()
    expected = [math.nan if text.startswith("-") else float(text) for text in texts]
    assert np.array(found).ravel().tolist() == pytest.approx(expected, rel=1e-6, nan_ok=True)
    with pytest.raises(ValueError, match="letters"):
        unpack_all(b"12x34", 0)


# -- what the bar says of a map --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def map_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maps") / "map.gpkg"
    maps.write(path)
    return path


def played(path: Path, **options: Any) -> PlayedMap:
    """A layer of the map, styled, as the bar sees it."""
    layer = QgsVectorLayer(f"{path}|layername=links", "A <b>map</b>", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer, **options))
    file = MapFile.of(layer)
    model = TrackModel(file.timeline, tuple(file.bin_totals()))
    return played_map(Candidate(layer.id(), layer.name(), path), layer, file, model)


def test_a_map_that_plays_has_its_points_by_bin_and_its_zone(map_path: Path) -> None:
    found = played(map_path)
    assert (found.reason, found.statistic, found.zone) == ("", "mean", "Europe/London")
    # Points of the table by time, those of links without a shape among them.
    by_hour = maps.by_time().groupby("bin")["n_points"].sum()
    assert found.model is not None
    expected = [float(by_hour.get(f"{hour:02d}:00", 0)) for hour in range(24)]
    assert list(found.model.totals) == expected


def test_a_map_says_why_it_does_not_play(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    maps.write(path)
    with closing(sqlite3.connect(path)) as database, database:
        (text,) = database.execute("SELECT value FROM run WHERE key = 'drawn'").fetchone()
        drawn = {**json.loads(text), "not_playing": "The file would have more than 2 GB: <i>p85</i>"}
        database.execute("UPDATE run SET value = ? WHERE key = 'drawn'", (json.dumps(drawn),))
        database.execute("ALTER TABLE links RENAME COLUMN day_p85 TO other")
    found = played(path, statistic="p85")
    assert (found.model, found.reason) == (None, "The file would have more than 2 GB: <i>p85</i>")
    assert played(path).reason == ""


def test_a_statistic_of_the_whole_period_is_named_with_its_layer(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    maps.write(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("ALTER TABLE links RENAME COLUMN day_p85 TO other")
    assert played(path, statistic="p85").reason == (
        "“A <b>map</b>” shows the 85th percentile speed of the whole period, which has no values by bin."
    )
