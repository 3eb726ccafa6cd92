"""A statistic that is added as an entry of the registry and a formula reaches tables, map file and menus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qgis.core import QgsApplication

from roadpulse.aggregation.contract import statistic
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.aggregation.contract.statistic import Statistic
from roadpulse.aggregation.run import run
from roadpulse.aggregation.run_folder import RunFolder
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.summary.statistics import FORMULAS, POINTS, Formula
from roadpulse.cluster_client.runs.results import read_speeds, read_speeds_by_time
from roadpulse.mapping.foreign_style import bare_layer
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer.geopackage import write_geopackage
from roadpulse.tests.engine import Engine, LocalRunner, point
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

FASTEST = Statistic(
    "fastest", "Fastest point", "highest speed of the points", estimator="maximum of points",
    subtitle="How fast the fastest drive", default=True,
)  # fmt: skip


@pytest.fixture
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistic, "STATISTICS", (*statistic.STATISTICS, FASTEST))
    monkeypatch.setitem(
        FORMULAS, "fastest", Formula(lambda sample: sample.order_statistic(sample.n - 1), POINTS)
    )


def test_every_statistic_has_a_formula_and_every_formula_a_statistic() -> None:
    assert set(FORMULAS) == {one.key for one in statistic.STATISTICS if one.percentile is None}


@pytest.mark.usefixtures("_added")
def test_a_new_statistic_goes_from_trips_to_the_map(tmp_path: Path) -> None:
    engine, speeds = Engine(tmp_path), {str(maps.EAST): [9.0, 31.5, 20.0], str(maps.NORTH): [4.0]}
    points = [
        point(second, link, speed) for link, found in speeds.items() for second, speed in enumerate(found)
    ]
    engine.write("a.json", json.dumps({"data": points}).encode())
    folder = engine.prepare(min_trips=1)
    run(RunFolder(LocalPath(folder)), LocalRunner())

    by_link = read_speeds(folder).set_index("link_id")
    assert by_link["fastest"].to_dict() == {maps.EAST: 31.5, maps.NORTH: 4.0}
    by_time = read_speeds_by_time(folder)
    assert sorted(by_time["fastest"]) == [4.0, 31.5]

    file = tmp_path / "map.gpkg"
    spec = RunSpec.from_json(json.loads((folder / "spec.json").read_text()))
    manifest = json.loads((folder / "manifest.json").read_text())
    write_geopackage(file, read_speeds(folder), by_time, maps.links(), manifest, spec)
    layer = bare_layer(f"{file}|layername=links", "speeds")
    style_layer(layer, StyleOptions.from_run_table(layer, statistic="fastest"))
    found = {feature["link_id"]: feature["fastest"] for feature in layer.getFeatures()}
    assert found[maps.EAST] == 31.5
    assert layer.attributeAlias(layer.fields().indexOf("fastest")) == (
        f"Fastest point ({spec.speed_unit}), maximum of points, all days, UTC"
    )
    limits = [entry.upperValue() for entry in layer.renderer().ranges()[1:]]
    assert len(limits) >= 6 and np.all(np.diff(limits) > 0)


@pytest.mark.usefixtures("_added", "processing")
def test_a_new_statistic_is_offered_by_the_algorithms() -> None:
    for name in ("roadpulse:stylespeeds", "roadpulse:exportlayout"):
        algorithm: Any = QgsApplication.processingRegistry().createAlgorithmById(name)
        offered = algorithm.parameterDefinition("STATISTIC").metadata()["widget_wrapper"]["value_hints"]
        assert "fastest" in offered
