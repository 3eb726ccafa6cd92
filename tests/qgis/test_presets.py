"""Presets: looks under a name that are kept, shared, and not lost by a version that cannot read them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsVectorLayer

from roadpulse.mapping.errors import MapError
from roadpulse.mapping.style import presets
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.presets import (
    Preset,
    find_preset,
    forget_preset,
    keep_preset,
    read_preset,
    write_preset,
)
from roadpulse.mapping.style.symbology import kept_options, style_layer
from tests.qgis import speed_maps as maps

pytestmark = pytest.mark.usefixtures("qgis_app")

LOOK = StyleOptions(theme="dark", ramp="magma", method="quantiles", classes=5, width="traffic", few=False)


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.gpkg"
    maps.write(path)
    return path


@pytest.fixture
def layer(map_file: Path) -> QgsVectorLayer:
    return QgsVectorLayer(f"{map_file}|layername=links", "Speeds", "ogr")


def restyle(layer: QgsVectorLayer, key: str) -> StyleOptions:
    """Style a layer by another statistic, with the look that it has."""
    return style_layer(layer, StyleOptions.from_run_table(layer, **kept_options(layer, key)))


def names(folder: Path) -> list[str]:
    return [preset.name for preset in presets.presets(folder) if not preset.is_shipped]


def test_a_preset_is_kept_under_its_name_and_gives_the_same_look(
    tmp_path: Path, layer: QgsVectorLayer
) -> None:
    keep_preset(Preset.of("Größe / “A”", LOOK), tmp_path)
    keep_preset(Preset.of("Größe / “B”", StyleOptions()), tmp_path)
    assert names(tmp_path) == ["Größe / “A”", "Größe / “B”"]
    changes = find_preset("Größe / “A”", tmp_path).changes("mean", "mph")
    options = StyleOptions.from_run_table(layer, **changes)
    for name in ("theme", "ramp", "method", "classes", "width", "few", "beside", "labels", "fast_glows"):
        assert getattr(options, name) == getattr(LOOK, name), name
    assert len(options.traffic) == 4
    forget_preset("Größe / “A”", tmp_path)
    assert names(tmp_path) == ["Größe / “B”"]


def test_a_preset_is_exported_and_read_where_another_person_has_it(tmp_path: Path) -> None:
    write_preset(Preset.of("Evening", LOOK), tmp_path / "shared.json")
    assert read_preset(tmp_path / "shared.json").changes("mean", "mph")["ramp"] == "magma"
    assert find_preset(str(tmp_path / "shared.json"), tmp_path / "none").name == "Evening"


def test_typed_limits_are_those_of_their_statistic_and_unit(tmp_path: Path) -> None:
    preset = Preset.of("Mine", StyleOptions(method="hand", limits=(0, 7, 40), unit="mph"))
    assert preset.changes("mean", "mph")["limits"] == (0, 7, 40)
    assert "limits" not in preset.changes("mean", "km/h")
    assert "limits" not in preset.changes("p85", "mph")


def test_a_method_of_few_statistics_brings_its_statistic(layer: QgsVectorLayer) -> None:
    preset = Preset.of("Bands", StyleOptions(statistic="tti", method="bands"))
    assert preset.statistic == "tti"
    assert Preset.of("Any", LOOK).statistic == ""


def test_what_a_later_version_wrote_stays_as_it_is(tmp_path: Path) -> None:
    keep_preset(Preset.of("Future", LOOK), tmp_path)
    (path,) = tmp_path.glob("*.json")
    later = json.loads(path.read_text()) | {"roadpulse_style": 2}
    path.write_text(json.dumps(later))
    assert names(tmp_path) == []
    with pytest.raises(MapError, match="later version"):
        keep_preset(Preset.of("Future", LOOK), tmp_path)
    keep_preset(Preset.of("Other", LOOK), tmp_path)
    assert json.loads(path.read_text()) == later


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("not JSON", "cannot be used"),
        ("{}", "not a preset"),
        ('{"roadpulse_style": 1, "name": "", "style": {}}', "cannot have the name"),
        ('{"roadpulse_style": 1, "name": "a", "style": {"ramp": "plasma"}}', "'style.ramp' is 'plasma'"),
        ('{"roadpulse_style": 1, "name": "a", "style": {"classes": 1000}}', "'style.classes' is 1000"),
        ('{"roadpulse_style": 1, "name": "a", "style": {"few": "yes"}}', "'style.few' is 'yes'"),
        ('{"roadpulse_style": 1, "name": "a", "style": {"statistic": "speed"}}', "'style.statistic'"),
    ],
)
def test_a_file_that_is_no_preset_is_refused_with_its_fault(tmp_path: Path, content: str, word: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(MapError, match=word):
        read_preset(tmp_path / "a.json")
    assert names(tmp_path) == []


def test_a_file_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(MapError, match="not a preset"):
        write_preset(Preset.of("Mine", LOOK), tmp_path / "notes.json")
    assert (tmp_path / "notes.json").read_text() == "{}"


def test_the_shipped_presets_are_whole(tmp_path: Path) -> None:
    shipped = presets.presets(tmp_path)
    assert [preset.name for preset in shipped] == ["Fast glows", "Free flow", "Night", "Paper", "Traffic"]
    assert len(list(presets.SHIPPED.glob("*.json"))) == len(shipped)
    usual = StyleOptions()
    paper = find_preset("Paper", tmp_path).changes("mean", "mph")
    assert paper == {name: getattr(usual, name) for name in paper}


def test_another_statistic_keeps_the_look_but_for_what_does_not_fit_it(layer: QgsVectorLayer) -> None:
    look = {
        "theme": "dark",
        "ramp": "cividis",
        "method": "equal",
        "classes": 4,
        "few": False,
        "beside": False,
    }
    style_layer(layer, StyleOptions.from_run_table(layer, **look))
    options = restyle(layer, "p85")
    assert {name: getattr(options, name) for name in look} == look
    assert len(options.limits) == 5
    style_layer(layer, StyleOptions.from_run_table(layer, limits=(0.0, 9.0, 99.0)))
    assert restyle(layer, "mean").limits == (0, 9, 99)  # the same statistic
    assert restyle(layer, "p85").limits != (0, 9, 99)
    layer.setCustomProperty("roadpulse/style", json.dumps({"method": "bands", "statistic": "tti"}))
    assert "method" not in kept_options(layer, "mean")


def test_a_script_takes_a_preset_by_name_or_file_and_sets_what_it_wants_otherwise(
    processing: Any, layer: QgsVectorLayer, tmp_path: Path
) -> None:
    def colours(**parameters: Any) -> str:
        processing.run("roadpulse:stylespeeds", {"INPUT": layer, "SAVE": False, **parameters})
        kept = json.loads(layer.customProperty("roadpulse/style"))
        return f"{kept['theme']} {kept['ramp']} {kept['method']} {kept['width']}"

    write_preset(Preset.of("Mine", LOOK), tmp_path / "mine.json")
    mine = str(tmp_path / "mine.json")
    assert colours(PRESET=mine) == "dark magma quantiles traffic"
    assert colours(PRESET=mine, RAMP="cividis") == "dark cividis quantiles traffic"
    assert colours(PRESET="layer", CLASSES=4) == "dark cividis quantiles traffic"
    assert colours(PRESET="Traffic") == "light cividis round traffic"
    assert colours(PRESET="Night", LIMITS="0 10 20 30") == "dark viridis hand class"
    assert colours(METHOD="equal", CLASSES=3) == "light viridis equal class"
    with pytest.raises(Exception, match=r"no preset 'Nigt'.* Fast glows, Free flow, Night"):
        colours(PRESET="Nigt")
    with pytest.raises(Exception, match="not of the mean speed"):
        colours(METHOD="bands")


def test_a_page_of_a_file_takes_the_look_that_is_kept_in_it(
    processing: Any, map_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processing opens a file without its style."""
    from roadpulse.algorithms import post_processing

    path = tmp_path / "speeds.gpkg"
    shutil.copy(map_file, path)
    source, seen = f"{path}|layername=links", []
    processing.run("roadpulse:stylespeeds", {"INPUT": source, "RAMP": "magma", "FEW": False, "SAVE": True})
    show = post_processing.show
    monkeypatch.setattr(post_processing, "show", lambda *args: seen.append(show(*args)) or seen[-1])
    page = {"INPUT": source, "PRESET": "layer", "DPI": 40, "OUTPUT": str(tmp_path / "page.png")}
    processing.run("roadpulse:exportlayout", page)
    assert [(style.ramp, style.few) for style in seen] == [("magma", False)]
