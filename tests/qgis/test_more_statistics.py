"""A map with further statistics: out of the point store, into the same file, with the person's styles."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
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

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.cluster_client.runs.results import read_speeds
from roadpulse.mapping.errors import MapError
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import drawn_statistic, kept_options, style_layer
from roadpulse.workflow import locations
from roadpulse.workflow.more_statistics import name_with


@pytest.fixture
def trips(city: dict[str, Any], tmp_path: Path) -> Path:
    folder = tmp_path / "trips"
    shutil.copytree(city["TRIPS_FOLDER"], folder)
    return folder


@pytest.fixture
def layer(processing: Any, city: dict[str, Any], trips: Path, tmp_path: Path) -> QgsVectorLayer:
    """A map of the usual statistics in the project, with a style of the person's in its file."""
    output = tmp_path / "speeds.gpkg"
    processing.run(
        "roadpulse:speedmap",
        {
            "PROFILE": city["PROFILE"], "TRIPS": str(trips), "SPEED_UNIT": "mph", "MIN_TRIPS": 2,
            "TIME_ZONE": "Europe/London", "LINKS": city["LINKS"], "OUTPUT": str(output),
            "RUN_FOLDER": str(tmp_path / "run"),
        },
    )  # fmt: skip
    made = QgsVectorLayer(f"{output}|layername=links", "Speeds", "ogr")
    made.saveStyleToDatabase("Mine", "", False, "")
    QgsProject.instance().addMapLayer(made)
    yield made
    QgsProject.instance().removeMapLayer(made.id())


def rows(path: Path, *columns: str) -> dict[int, tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(f"SELECT link_id, {', '.join(columns)} FROM links").fetchall()
    return {row[0]: row[1:] for row in found}


def style(processing: Any, layer: QgsVectorLayer, **given: Any) -> str:
    feedback = QgsProcessingFeedback()
    processing.run("roadpulse:stylespeeds", {"INPUT": layer, **given}, feedback=feedback)
    return feedback.textLog()


def test_a_statistic_that_the_map_lacks_comes_out_of_the_store_with_styles_and_roads_kept(
    processing: Any, layer: QgsVectorLayer, trips: Path
) -> None:
    path = MapFile.of(layer).path
    before = rows(path, "mean", "n_trips", "name", "road_class", "hex(geom)")
    log = style(processing, layer, STATISTIC="tti", THEME="dark")
    assert "The map file holds no travel-time index (tti): it is made again from the point store." in log
    assert "Reading trips" not in log
    assert rows(path, "mean", "n_trips", "name", "road_class", "hex(geom)") == before
    assert "tti" in MapFile.of(layer).statistics
    assert layer.isValid() and layer.featureCount() == len(before)
    assert layer.fields().indexOf("tti") >= 0
    assert drawn_statistic(layer) == "tti"
    assert "Mine" in layer.listStylesInDatabase()[2]
    # as a run computes it that was asked for it at once
    store = locations.run_store()
    run = next(run for run in store.runs().runs if run.state is RunState.FINISHED)
    assert run.name.endswith(" + travel-time index")  # tells it from the others of its trips
    speeds = read_speeds(run.local_folder or run.folder).set_index("link_id")
    found = {link: value for link, (value,) in rows(path, "tti").items()}
    assert found == pytest.approx(speeds["tti"].to_dict(), rel=1e-12)
    # a second time it is there
    assert "made again" not in style(processing, layer, STATISTIC="tti")
    assert MapFile.of(layer).fingerprint
    style_layer(layer, StyleOptions.from_run_table(layer, **kept_options(layer, "p85")))
    assert drawn_statistic(layer) == "p85"
    with pytest.raises(MapError, match="holds no delay"):
        StyleOptions.from_run_table(layer, **kept_options(layer, "delay"))
    assert drawn_statistic(layer) == "p85"


def test_a_run_is_named_after_the_statistics_that_came_last() -> None:
    assert name_with("2019", ("tti",), ("mean",)) == "2019 + travel-time index"
    assert name_with("2019 + travel-time index", ("delay",), ("mean", "tti")) == "2019 + delay"
    assert name_with("A + B", ("delay", "p20"), ("mean",)) == "A + B + delay, 20th percentile speed"


def refused(processing: Any, layer: QgsVectorLayer, words: str) -> None:
    path = MapFile.of(layer).path
    before = path.read_bytes()
    with pytest.raises(QgsProcessingException, match=words):
        style(processing, layer, STATISTIC="delay", SAVE=False)
    assert path.read_bytes() == before
    assert layer.isValid() and layer.featureCount() > 0
    assert sorted(file.name for file in path.parent.glob(".roadpulse-*")) == []


def test_a_map_whose_trips_would_be_read_is_not_made_again(
    processing: Any, layer: QgsVectorLayer, trips: Path
) -> None:
    one = min(trips.iterdir())
    content = one.read_bytes()
    one.write_bytes(content + b"\n")
    refused(processing, layer, r"as 1 of 100 trip files are new, changed or no longer in the point store")
    one.unlink()
    refused(processing, layer, "as there are 99 trip files now, and the map is of 100")
    layer.startEditing()
    with pytest.raises(QgsProcessingException, match="is being edited"):
        style(processing, layer, STATISTIC="delay")
    layer.rollBack()


def test_a_map_whose_run_is_not_known_here_says_so(processing: Any, layer: QgsVectorLayer) -> None:
    store = locations.run_store()
    for run in store.runs().runs:
        store.delete(run.id)
    refused(processing, layer, r"holds no delay \(delay\), and its run is not in the list of runs")


@pytest.mark.parametrize("given", ["n_trips", "speed", "p100"])
def test_what_is_no_drawn_statistic_is_refused_by_name(
    processing: Any, layer: QgsVectorLayer, given: str
) -> None:
    with pytest.raises(QgsProcessingException, match=f"STATISTIC: is '{given}'; choose one of mean, "):
        processing.run(
            "roadpulse:stylespeeds", {"INPUT": layer, "STATISTIC": given}, context=QgsProcessingContext()
        )


def test_a_map_without_the_mean_shows_its_first_statistic_and_counts_alone_make_none(
    processing: Any, city: dict[str, Any], trip_parameters: dict[str, Any], tmp_path: Path
) -> None:
    given = {**trip_parameters, "LINKS": city["LINKS"], "OUTPUT": str(tmp_path / "delay.gpkg")}
    result = processing.run("roadpulse:speedmap", {**given, "STATISTICS": "delay,free_flow"})
    layer = QgsVectorLayer(result["OUTPUT"], "", "ogr")
    assert MapFile.of(layer).statistic == drawn_statistic(layer) == "free_flow"
    with pytest.raises(QgsProcessingException, match="STATISTICS: has only counts"):
        processing.run("roadpulse:speedmap", {**given, "STATISTICS": "n_traversals"})
