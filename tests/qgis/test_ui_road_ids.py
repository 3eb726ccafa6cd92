"""The Run dialog compares the ids of the roads with those of the trips, and offers a rule where few match."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsVectorLayer

from roadpulse.cluster_client.postgis.link_ids import ids_of
from roadpulse.ui.run_dialog.sections.roads import RoadsSection
from roadpulse.ui.runs.roads_choice import roads_of
from roadpulse.ui.runs.settings import LAYER, RoadsChoice, RunSettings, from_json
from tests.qgis.widgets import until


@pytest.fixture
def section(qgis_app: Any, qgis_new_project: None) -> Iterator[RoadsSection]:
    """A section with roads that have TMC codes with P and N."""
    layer = QgsVectorLayer("LineString?crs=EPSG:4326&field=tmc:string&field=number:integer", "TMC", "memory")
    features = []
    for number in range(1, 6):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"110{'P' if number % 2 else 'N'}0409{number}", number])
        feature.setGeometry(QgsGeometry.fromWkt(f"LineString (-77 38.{number}, -77.1 38.{number})"))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    QgsProject.instance().addMapLayer(layer)
    made = RoadsSection()
    made.show_settings(RunSettings(roads=RoadsChoice(kind=LAYER, layer="TMC", id_field="tmc")))
    yield made
    made.forget()


def look(section: RoadsSection, ids: list[Any]) -> str:
    section.set_sample(ids_of(ids))
    return answer(section)


def answer(section: RoadsSection) -> str:
    until(lambda: not section.busy and section.match is not None, 20)
    return str(section.note.plain)


def test_few_matching_ids_are_shown_beside_those_of_the_roads_with_a_rule_that_fits(
    section: RoadsSection,
) -> None:
    assert look(section, ["110+04091", "110-04092", "110+04093", "110-07777"]) == (
        "5 links, 0 % of the sample's ids match: trips '110+04091', '110-04092', '110+04093'; "
        "roads '110P04091', '110N04092', '110P04093'. Use “TMC codes with P and N for + and -”"
    )
    section.note.clicked.emit("tmc")
    text = answer(section)
    assert text == (
        "5 links, 75 % of the sample's ids match by a rule (TMC codes with P and N for + and -) Do not use it"
    )
    settings = section.apply(RunSettings())
    assert from_json(settings.to_json(), RunSettings()).roads.id_rule == "tmc"
    found = roads_of(settings.roads).read(ids_of(["110-04092"]), lambda _done: None, lambda: False)
    assert found.ids.tolist() == ["110-04092"]
    section.note.clicked.emit("no rule")
    assert "Use “TMC" in answer(section)
    assert section.apply(settings).roads.id_rule == ""


def test_where_no_rule_fits_the_examples_are_shown_with_what_to_check(section: RoadsSection) -> None:
    assert look(section, [101, 102, 103, 104]) == (
        "5 links, 0 % of the sample's ids match: trips 101, 102, 103; roads '110P04091', '110N04092', "
        "'110P04093'. Check the id field and the version of the roads."
    )


def test_ids_that_match_are_not_compared_and_opposite_directions_match(section: RoadsSection) -> None:
    assert look(section, ["110P04091", "110N04092"]) == "5 links, 100 % of the sample's ids match"
    section.id_field.setCurrentIndex(section.id_field.findData("number"))
    assert look(section, [-1, -2, -3]) == "5 links, 100 % of the sample's ids match"


def test_a_remembered_rule_is_used_until_other_roads_are_chosen(section: RoadsSection) -> None:
    roads = RoadsChoice(kind=LAYER, layer="TMC", id_field="tmc", id_rule="tmc")
    section.show_settings(RunSettings(roads=roads))
    assert look(section, ["110+04091"]).startswith("5 links, 100 % of the sample's ids match by a rule")
    section.id_field.activated.emit(section.id_field.currentIndex())
    assert section.apply(RunSettings()).roads.id_rule == ""
    section.show_settings(RunSettings(roads=replace(roads, id_rule="of another version")))
    assert section.apply(RunSettings()).roads.id_rule == ""


def test_without_a_sample_nothing_is_compared(section: RoadsSection) -> None:
    section.set_sample(np.empty(0, np.int64))
    assert answer(section) == "5 links"
