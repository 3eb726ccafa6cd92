"""A map file as somebody would write it who means harm: refused in words, and no text of it is evaluated."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from qgis.core import QgsLayoutItemLabel, QgsPrintLayout, QgsProject, QgsVectorFileWriter, QgsVectorLayer

from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.layout.facts import describe
from roadpulse.mapping.layout.items import Box, add_text, inert, text_format
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.timeline import Timeline
from tests.hostile_json import damaged
from tests.manifests import manifest_of

SPEC = RunSpec(trips="/data/trips", store="/data/store").to_json()
DRAWN = {"statistic": "mean", "min_trips": 5, "limits": {"mean": [0, 5, 10], "std": [0, 1.5]}}
MATCH = {"links": 3, "points": 7}
FUZZ = settings(
    derandomize=True, deadline=None, max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture
def layer(tmp_path: Path) -> QgsVectorLayer:
    path = tmp_path / "map.gpkg"
    made = QgsVectorLayer("LineString?field=link_id:integer&field=mean:double", "links", "memory")
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "links"
    QgsVectorFileWriter.writeAsVectorFormatV3(
        made, str(path), QgsProject.instance().transformContext(), options
    )
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE run (key TEXT, value)")
        database.execute("CREATE TABLE bins (place, n_points)")
    return QgsVectorLayer(f"{path}|layername=links", "links", "ogr")


def write(layer: QgsVectorLayer, bins: tuple[tuple[object, object], ...] = (), **entries: Any) -> None:
    values: dict[str, Any] = {
        "spec": SPEC,
        "drawn": DRAWN,
        "match": MATCH,
        "manifest": manifest_of({}),
        **entries,
    }
    with closing(sqlite3.connect(layer.source().split("|")[0])) as database, database:
        database.execute("DELETE FROM run")
        database.execute("DELETE FROM bins")
        rows = [(k, v if isinstance(v, bytes) else json.dumps(v)) for k, v in values.items()]
        database.executemany("INSERT INTO run VALUES (?, ?)", rows)
        database.executemany("INSERT INTO bins VALUES (?, ?)", bins)


def test_a_whole_file_is_read(layer: QgsVectorLayer) -> None:
    write(layer, bins=((8, 4),))
    style = StyleOptions.from_run_table(layer)
    assert (style.limits, style.min_trips, style.unit) == ((0, 5, 10), 5, "km/h")
    assert MapFile.of(layer).bin_totals()[8] == 4
    assert describe(MapFile.of(layer), style)[1] == "7 points on 3 links"


@pytest.mark.parametrize("entry", ["drawn", "spec"])
def test_what_is_drawn_is_read_or_refused(layer: QgsVectorLayer, entry: str) -> None:
    @FUZZ
    @given(damaged({"drawn": DRAWN, "spec": SPEC}[entry]))
    def read(content: bytes) -> None:
        write(layer, **{entry: content})
        try:
            style = StyleOptions.from_run_table(layer)
        except MapError as error:
            assert str(layer.source().split("|")[0]) in error.message or "style's" in error.message
        else:
            assert style.unit in ("m/s", "km/h", "mph") and type(style.min_trips) is int
            assert all(type(limit) in (int, float) for limit in style.limits)

    read()


@FUZZ
@given(damaged({"match": MATCH, "manifest": {"dates": {"first": "2025-06-10", "last": "2025-06-10"}}}))
def test_what_a_page_says_is_read_or_refused(layer: QgsVectorLayer, content: bytes) -> None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = {}
    parts = {k: v for k, v in found.items() if k in ("match", "manifest")} if isinstance(found, dict) else {}
    write(layer, **parts)
    try:
        assert "points on" in describe(MapFile.of(layer), StyleOptions())[1]
    except MapError as error:
        assert "run" in error.message


@pytest.mark.parametrize("row", [("[% env('HOME') %]", 1), (24, 1), (-1, 1), (b"8", 1), (None, 1), (8, "x")])
def test_a_bin_that_is_none_is_refused(layer: QgsVectorLayer, row: tuple[object, object]) -> None:
    write(layer, bins=(row,))
    with pytest.raises(MapError, match="its table 'bins'"):
        MapFile.of(layer).bin_totals()


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "[% env('HOME') %]"}, {"min_trips": "5 OR env('HOME')"}, {"min_trips": True},
        {"min_trips": 0},
        {"limits": ("0", "5")}, {"limits": (5.0, 0.0)}, {"limits": (0.0, float("nan"))}, {"limits": (0.0,)},
        {"limits": (0, 1e300)}, {"timeline": Timeline(7)}, {"timeline": Timeline("60")},
        {"statistic": "env('HOME')"},
    ],
)  # fmt: skip
def test_a_style_takes_only_values_of_its_types(changes: dict[str, Any]) -> None:
    with pytest.raises(MapError):
        StyleOptions(**changes)


@pytest.mark.parametrize(
    "words",
    [
        "[% 1 + 1 %]",
        "[[% 1 %]%]",
        "a [%'x'%] b",
        "[% '[' %]% 1 %]",
        "50 % [north]",
        "$CURRENT_DATE(yyyy)",
        "[%",
    ],
)
def test_words_of_a_page_come_out_as_they_were_written(words: str) -> None:
    layout = QgsPrintLayout(QgsProject.instance())
    layout.initializeDefaults()
    label = add_text(layout, words, Box(0, 0, 50, 10), text_format(8, PALETTES["light"].ink), "title")
    assert isinstance(label, QgsLayoutItemLabel)
    assert label.currentText() == words
    assert inert("plain") == "plain"
