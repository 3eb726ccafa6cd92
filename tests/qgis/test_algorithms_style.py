"""The look of a map: as a script asks for it, and as a layer comes into a project."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsProperty,
    QgsVectorLayer,
)

from roadpulse.algorithms.style_parameters import METHOD_KEYS, class_limits
from roadpulse.mapping.style.methods import BY_HAND, METHODS

Values = dict[str, Any]


@pytest.fixture
def layer(city_map: Path, tmp_path: Path) -> QgsVectorLayer:
    """The city's map, in a file of the test's own."""
    path = tmp_path / "speeds.gpkg"
    shutil.copy(city_map, path)
    layer = QgsVectorLayer(f"{path}|layername=links", "Speeds", "ogr")
    assert layer.isValid()
    return layer


def limits_of(layer: QgsVectorLayer) -> list[float]:
    """Upper limits of the drawn classes, but for the first (too few trips) and the last (open)."""
    return [each.upperValue() for each in layer.renderer().ranges()][1:-1]


def test_class_limits_are_those_asked_for(processing: Any, layer: QgsVectorLayer) -> None:
    processing.run("roadpulse:stylespeeds", {"INPUT": layer, "LIMITS": "0, 12; 24 36 48"})
    assert limits_of(layer) == [12, 24, 36]


def test_a_style_is_kept_in_the_file_only_where_that_is_wanted(
    processing: Any, layer: QgsVectorLayer
) -> None:
    before = limits_of(layer)
    parameters = {"INPUT": layer, "LIMITS": "0 10 20 30", "SAVE": False}
    processing.run("roadpulse:stylespeeds", parameters)
    assert limits_of(QgsVectorLayer(layer.source(), "", "ogr")) == before
    processing.run("roadpulse:stylespeeds", {**parameters, "SAVE": True})
    assert limits_of(QgsVectorLayer(layer.source(), "", "ogr")) == [10, 20]


def test_the_dark_theme_turns_what_contrasts_round(processing: Any, layer: QgsVectorLayer) -> None:
    def lightness_of_slowest() -> float:
        ranges = layer.renderer().ranges()  # the symbols are the list's
        return ranges[1].symbol().color().lightnessF()

    processing.run("roadpulse:stylespeeds", {"INPUT": layer, "THEME": "light", "SAVE": False})
    on_paper = lightness_of_slowest()
    processing.run("roadpulse:stylespeeds", {"INPUT": layer, "THEME": "dark", "SAVE": False})
    assert lightness_of_slowest() > on_paper
    processing.run(
        "roadpulse:stylespeeds", {"INPUT": layer, "THEME": "dark", "FAST_GLOWS": True, "SAVE": False}
    )
    assert lightness_of_slowest() == pytest.approx(on_paper, abs=0.2)


def test_a_percentile_plays_too(processing: Any, layer: QgsVectorLayer) -> None:
    processing.run("roadpulse:stylespeeds", {"INPUT": layer, "STATISTIC": "p85", "SAVE": False})
    assert "day_p85" in layer.renderer().classAttribute()
    assert layer.temporalProperties().isActive()


@pytest.mark.parametrize("limits", ["0 ten 20", "20 10", "5", "0 nan 5", "0 inf", "0 ٢٫٥ 5"])
def test_limits_that_do_not_ascend_are_refused(processing: Any, layer: QgsVectorLayer, limits: str) -> None:
    with pytest.raises(QgsProcessingException, match="ascending"):
        processing.run("roadpulse:stylespeeds", {"INPUT": layer, "LIMITS": limits})


@pytest.mark.parametrize("limits", ["0 2,5 62 70 80", "0; 2,5; 5", "0, 2,5, 5", "0 5,10 15"])
def test_a_comma_that_may_be_a_decimal_sign_is_refused_with_what_to_write(
    processing: Any, layer: QgsVectorLayer, limits: str
) -> None:
    with pytest.raises(QgsProcessingException, match=r"Write (2\.5|5\.10) for one"):
        processing.run("roadpulse:stylespeeds", {"INPUT": layer, "LIMITS": limits})


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", ()),
        (" ; ", ()),
        ("0 2.5 5", (0, 2.5, 5)),
        ("0,5,10,15", (0, 5, 10, 15)),
        ("0, 5, 10;15", (0, 5, 10, 15)),
        ("0 ,5 ;10, ", (0, 5, 10)),
        ("−5 0 5", (-5, 0, 5)),
        ("٠ ٥ ١٠", (0, 5, 10)),
    ],
)
def test_limits_are_read_as_they_are_written(text: str, limits: tuple[float, ...]) -> None:
    assert class_limits(text) == limits


def test_a_layer_of_somebody_else_is_refused_in_words(processing: Any, city: Values) -> None:
    with pytest.raises(QgsProcessingException, match="not the table 'links' of a map file"):
        processing.run("roadpulse:stylespeeds", {"INPUT": city["LINKS"]})


def test_the_loaded_layer_is_the_table_links_named_styled_and_in_time(
    processing: Any, city: Values, city_run: Values, tmp_path: Path
) -> None:
    """As QGIS's own window does it: run, take the layer out of the context, post-process."""
    project = QgsProject()
    context = QgsProcessingContext()
    context.setProject(project)
    feedback = QgsProcessingFeedback(False)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("roadpulse:joinlinks")
    destination = str(tmp_path / "speeds.gpkg")
    definition = QgsProcessingOutputLayerDefinition()
    definition.sink = QgsProperty.fromValue(destination)
    definition.destinationProject = project
    results, good = algorithm.run(
        {"RUN_FOLDER": city_run["RUN_FOLDER"], "LINKS": city["LINKS"], "OUTPUT": definition},
        context,
        feedback,
    )
    assert good
    ((source, details),) = context.layersToLoadOnCompletion().items()
    assert source == results["OUTPUT"] == f"{destination}|layername=links"
    layer = QgsProcessingUtils.mapLayerFromString(source, context)
    details.setOutputLayerName(layer)
    details.postProcessor().postProcessLayer(layer, context, feedback)
    project.addMapLayer(context.takeResultLayer(layer.id()))
    assert layer.name() == details.name != ""
    assert layer.renderer().type() == "graduatedSymbol"
    assert layer.temporalProperties().isActive()
    assert not project.timeSettings().temporalRange().isInfinite()


def test_the_methods_on_offer_are_all_but_limits_by_hand() -> None:
    """Listed by themselves, so that the algorithms are there without numpy."""
    assert set(METHOD_KEYS) == set(METHODS) - {BY_HAND}
