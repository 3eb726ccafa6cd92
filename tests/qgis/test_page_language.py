"""Pages in the person's language: its words, its digits, and its direction of writing."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from pathlib import Path
from typing import Any, Callable

import pytest
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsLayoutItemLabel,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt

from development import translations
from roadpulse.mapping.language import tr
from roadpulse.mapping.layout.district import District
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.layout.templates.base import OtherMap, PageInput
from roadpulse.mapping.layout.templates.registry import TEMPLATES
from roadpulse.mapping.style.symbology import style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

Speak = Callable[[str], None]


@pytest.fixture(scope="module")
def map_file(qgis_app: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.gpkg"
    maps.write(path)
    return path


def page_of(map_file: Path, **options: object) -> SpeedPage:
    layer = QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")
    page = speed_page(
        QgsProject.instance(), layer, style_layer(layer), PageOptions(title="A b", frame=8, **options)
    )
    page.layer = layer  # type: ignore[attr-defined]  # which must live as long
    return page


def words_of(page: SpeedPage) -> list[str]:
    labels = [item.currentText() for item in page.layout.items() if isinstance(item, QgsLayoutItemLabel)]
    legend = page.layout.itemById("legend")
    nodes = legend.model().layerLegendNodes(legend.model().rootGroup().findLayers()[0])
    classes = [node.data(Qt.ItemDataRole.DisplayRole) for node in nodes]
    return [*labels, legend.title(), *classes]


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("de_DE", ("Mittlere Geschwindigkeit (mph)", "zu wenige Fahrten", "Wie schnell der Verkehr fließt")),
        ("fr_FR", ("Vitesse moyenne (mi/h)", "trop peu de trajets", "À quelle vitesse on circule")),
    ],
)
def test_words_of_a_printed_page_are_in_the_language(
    map_file: Path, tmp_path: Path, speak: Speak, locale: str, expected: tuple[str, ...]
) -> None:
    speak(locale)
    path = tmp_path / "page.pdf"
    export_page(page_of(map_file), path, 72)
    raw = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True).stdout
    read = unicodedata.normalize("NFKC", raw)  # a ligature is two letters
    for words in expected:
        assert words in read
    for english in ("Links", "trips", "Limits", "whole", "speed"):
        assert english not in read


def test_paper_is_that_of_the_country_where_none_is_named(processing: Any, speak: Speak) -> None:
    registry = QgsApplication.processingRegistry()
    found = {}
    for locale in ("en_US", "de_DE"):
        speak(locale)
        algorithm = registry.createAlgorithmById("roadpulse:exportlayout")
        found[locale] = algorithm.parameterDefinition("PAPER").defaultValue()
    assert found == {"en_US": "Letter", "de_DE": "A4"}


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_qt_has_loaded_what_is_written(speak: Speak, language: str) -> None:
    """Run `python development/translations.py` where a file was edited."""
    speak(language)
    written = translations.read(translations.file_of(language))
    assert {text: tr(text) for text in written} == written
    assert written["en"] == language


@pytest.mark.parametrize("key", [*TEMPLATES, "film"])
def test_an_arabic_page_has_one_kind_of_digits_and_no_english_words(
    map_file: Path, speak: Speak, key: str
) -> None:
    speak("ar_EG")
    layer = QgsVectorLayer(f"{map_file}|layername=links", "س", "ogr")
    style = style_layer(layer)
    if key == "film":
        page = page_of(map_file, film=True)
    else:
        district = QgsVectorLayer("Polygon?crs=EPSG:32630", "", "memory")
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(499_000, 5_999_000, 502_000, 6_001_000)))
        district.dataProvider().addFeatures([feature])
        options = PageOptions(title="س", frame=8)
        project, other = QgsProject.instance(), OtherMap(layer, style, 3)
        contents = PageInput(project, layer, style, options, other, District("ص", district, 1))
        page = TEMPLATES[key].build(contents)
    words = [re.sub("Europe/London|Main Road|North Street|A b", "", text) for text in words_of(page)]
    assert any("٠٨:٠٠" in text for text in words)
    assert [text for text in words if re.search("[0-9A-Za-z]", text)] == []


def test_an_arabic_page_is_the_mirror_image_of_an_english_one(map_file: Path, speak: Speak) -> None:
    def places(page: SpeedPage) -> dict[str, tuple[float, float]]:
        return {
            item.id(): (round(item.pos().x(), 2), round(item.pos().x() + item.rect().width(), 2))
            for item in map(page.layout.itemById, ("map", "column", "title", "map 03:00", "map 08:00"))
        }

    english = places(page_of(map_file))
    speak("ar_EG")
    arabic = page_of(map_file)
    width = arabic.layout.pageCollection().page(0).rect().width()
    for name, (left, right) in places(arabic).items():
        assert (width - right, width - left) == pytest.approx(english[name], abs=0.05)
    assert arabic.layout.itemById("title").hAlign() == Qt.AlignmentFlag.AlignRight
    column, legend = arabic.layout.itemById("column"), arabic.layout.itemById("legend")
    arabic.layout.refresh()
    assert legend.sceneBoundingRect().right() <= column.sceneBoundingRect().right() - 5
