"""The list of runs knows the map of a run by its file, whichever way its layer came into the project."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsLayerTreeModel, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QMainWindow

from roadpulse.aggregation.contract.run_state import RunState
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.folder import OWNER
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.mapping.errors import UnknownLayer
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.ui.runs.catalogue import RunCatalogue
from roadpulse.ui.runs.map_view import legend_as_it_is
from roadpulse.ui.runs.poller import RunsPoller
from roadpulse.ui.runs_dock.feedback import ActionFeedback
from roadpulse.ui.runs_dock.model import RunsModel
from roadpulse.ui.runs_dock.run_on_map import RunMaps


class Window(QMainWindow):
    """What the list of runs needs of QGIS's own window."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[Any] = []

    def setActiveLayer(self, layer: Any) -> None:
        self.active.append(layer)

    def zoomToActiveLayer(self) -> None:
        pass


class RunsList:
    """The list of a store, and what asking for the map of a run does: an active layer, or a question."""

    def __init__(self, store: RunStore) -> None:
        self.window, self.model, self.asked = Window(), RunsModel(), []
        self.model.show_entries(RunCatalogue(store).read())
        poller = RunsPoller(store, self.window)
        feedback = ActionFeedback(self.window, self.model)
        self._maps = RunMaps(self.window, poller, self.model, feedback, self.asked.append, self.window)

    def show(self, run: Run) -> Any:
        self._maps.show(run)
        return self.window.active.pop() if self.window.active else None


def finished(store: RunStore, folder: Path) -> Run:
    """A record of the finished run in `folder`, whose roads are not known."""
    spec = RunSpec.from_json(json.loads((folder / "spec.json").read_text()))
    run = Run.new(folder.name, LOCAL, spec, folder=str(folder), local_folder=str(folder))
    run = replace(run, state=RunState.FINISHED)
    store.record(run)
    return run


@pytest.fixture
def run_folder(city_run: dict[str, Any], tmp_path: Path) -> Path:
    """The city's run, made by Processing, in a folder that belongs to no record yet."""
    folder = tmp_path / "run"
    shutil.copytree(city_run["RUN_FOLDER"], folder, ignore=shutil.ignore_patterns(OWNER))
    return folder


@pytest.fixture
def project(qgis_app: Any) -> Iterator[QgsProject]:
    project = QgsProject.instance()
    project.clear()
    yield project
    project.clear()


def test_a_long_legend_stays_unfolded_for_other_classes(city_map: Path, project: QgsProject) -> None:
    """QGIS's list of layers folds legends of ten entries, nine classes and too few trips."""
    model = QgsLayerTreeModel(project.layerTreeRoot())
    model.setAutoCollapseLegendNodes(10)
    layer = QgsVectorLayer(f"{city_map}|layername=links", "Speeds", "ogr")
    project.addMapLayer(layer)
    node = project.layerTreeRoot().findLayer(layer)
    nine = tuple(float(limit) for limit in range(10))
    node.setExpanded(True)
    with legend_as_it_is(layer):
        style_layer(layer, StyleOptions.from_run_table(layer, limits=nine))
        assert len(layer.renderer().ranges()) == 10
    assert node.isExpanded()
    node.setExpanded(False)
    with legend_as_it_is(layer):
        style_layer(layer)
    assert not node.isExpanded()


@pytest.mark.parametrize(
    "source", ["{path}|layername=links", "{path}", "{path}|layername=links|subset=fid > 0"]
)
def test_a_map_made_by_processing_is_the_map_of_its_run(
    source: str, city_map: Path, run_folder: Path, project: QgsProject, tmp_path: Path
) -> None:
    store = RunStore(tmp_path / "records")
    run = finished(store, run_folder)
    runs = RunsList(store)
    assert runs.show(run) is None
    assert runs.asked == [run]
    layer = QgsVectorLayer(source.format(path=city_map), "dragged here", "ogr")
    project.addMapLayers([QgsVectorLayer(f"{city_map}|layername=unmatched", "lost", "ogr"), layer])
    assert runs.show(run) is layer
    assert runs.asked == [run]


def test_the_map_of_another_run_of_the_same_trips_is_not_taken(
    city_map: Path, run_folder: Path, project: QgsProject, tmp_path: Path
) -> None:
    manifest = json.loads((run_folder / "manifest.json").read_text())
    manifest["finished"] = "2025-06-10T12:00:00+00:00"
    (run_folder / "manifest.json").write_text(json.dumps(manifest))
    store = RunStore(tmp_path / "records")
    run = finished(store, run_folder)
    project.addMapLayer(QgsVectorLayer(f"{city_map}|layername=links", "map", "ogr"))
    assert RunsList(store).show(run) is None


def test_a_map_file_says_of_which_run_it_is(city_map: Path, city_run: dict[str, Any]) -> None:
    folder = Path(city_run["RUN_FOLDER"])
    manifest = json.loads((folder / "manifest.json").read_text())
    file = MapFile.of(QgsVectorLayer(f"{city_map}|layername=links", "map", "ogr"))
    assert (file.path, file.spec.to_json()) == (city_map, json.loads((folder / "spec.json").read_text()))
    assert file.dates == (manifest["dates"]["first"], manifest["dates"]["last"])
    assert file.matched("points") == manifest["points"]["counted"] == sum(file.bin_totals())
    assert file.left_out("no_such_reason") == 0


def test_other_layers_are_no_maps(city: dict[str, Any], qgis_app: Any) -> None:
    for layer in (
        QgsVectorLayer(city["LINKS"], "roads", "ogr"),
        QgsVectorLayer("LineString?field=link_id:integer", "memory", "memory"),
    ):
        assert layer.isValid()
        with pytest.raises(UnknownLayer):
            MapFile.of(layer)
