"""The style dialog: each choice is on the map, Cancel gives the earlier style back exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import Qgis, QgsMapLayerStyle, QgsProject, QgsReadWriteContext, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialogButtonBox, QMainWindow, QMessageBox
from qgis.PyQt.QtXml import QDomDocument

from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.palette import PALETTES
from roadpulse.mapping.style.presets import Preset, presets, read_preset, write_preset
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.ui.other_statistic.dialog import OtherStatisticDialog
from roadpulse.ui.runs.map_view import name_ending
from roadpulse.ui.style_dialog.dialog import StyleDialog
from roadpulse.ui.style_dialog.feature import StyleFeature
from roadpulse.workflow import locations
from tests.qgis import speed_maps as maps
from tests.qgis.widgets import until


class Iface:
    def __init__(self) -> None:
        self.window = QMainWindow()

    def mainWindow(self) -> QMainWindow:
        return self.window


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory, qgis_app: Any) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.gpkg"
    maps.write(path)
    return path


@pytest.fixture
def layer(map_file: Path) -> Iterator[QgsVectorLayer]:
    layer = QgsVectorLayer(f"{map_file}|layername=links", f"Town{name_ending('mean', 'mph')}", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer))
    QgsProject.instance().addMapLayer(layer)
    QgsProject.instance().setBackgroundColor(QColor("white"))
    yield layer
    QgsProject.instance().clear()


@pytest.fixture
def dialog(layer: QgsVectorLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StyleDialog]:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    iface = Iface()
    dialog = StyleDialog(iface, layer, MapFile.of(layer))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    dialog.show()
    shown(dialog)
    yield dialog
    dialog.reject()
    dialog.deleteLater()
    iface.window.deleteLater()


def shown(dialog: StyleDialog) -> StyleOptions:
    until(lambda: not dialog.preview.busy)
    assert dialog.preview.options is not None
    return dialog.preview.options


def xml(layer: QgsVectorLayer) -> str:
    """All that QGIS keeps of a layer in a project, but for the moment at which it is asked."""
    document = QDomDocument()
    element = document.createElement("maplayer")
    document.appendChild(element)
    layer.writeLayerXml(element, document, QgsReadWriteContext())
    return str(document.toString())


def press(dialog: StyleDialog, button: QDialogButtonBox.StandardButton) -> None:
    QTest.mouseClick(dialog.buttons.button(button), Qt.MouseButton.LeftButton)


def choose(dialog: StyleDialog, name: str, key: str) -> StyleOptions:
    box = dialog.form._boxes[name]
    box.setCurrentIndex(box.findData(key))
    return shown(dialog)


def test_each_choice_is_on_the_map(dialog: StyleDialog, layer: QgsVectorLayer) -> None:
    choose(dialog, "theme", "dark")
    choose(dialog, "ramp", "magma")
    choose(dialog, "method", "equal")
    dialog.form.number.setValue(4)
    dialog.form.few.setChecked(False)
    options = shown(dialog)
    assert (options.theme, options.ramp, options.method, len(options.limits)) == ("dark", "magma", "equal", 5)
    drawn = layer.renderer().ranges()
    assert [each.symbol().color().name() for each in drawn] == [colour.name() for colour in options.colours]
    assert len(drawn) == 4  # too few trips are not drawn
    assert QgsProject.instance().backgroundColor() == PALETTES["dark"].ground
    assert [dialog.form.classes.item(row, 0).text() for row in range(4)] == [each.label() for each in drawn]


def test_cancel_gives_back_exactly_what_was_there(
    layer: QgsVectorLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "home", lambda: tmp_path / "home")
    layer.renderer().updateRangeLabel(1, "crawling")  # the person's own change
    layer.setOpacity(0.8)
    layer.setCustomProperty("mine", "kept")
    before, name = xml(layer), layer.name()
    dialog = StyleDialog(Iface(), layer, MapFile.of(layer))
    shown(dialog)
    choose(dialog, "theme", "dark")
    choose(dialog, "width", "traffic")
    dialog.form.statistic.set_key("p85")
    shown(dialog)
    assert layer.name() == f"Town{name_ending('p85', 'mph')}"
    assert xml(layer) != before
    press(dialog, QDialogButtonBox.StandardButton.Cancel)
    assert xml(layer) == before
    assert layer.name() == name
    assert QgsProject.instance().backgroundColor() == QColor("white")


def test_ok_keeps_what_is_shown_and_apply_is_where_cancel_goes_back_to(
    dialog: StyleDialog, layer: QgsVectorLayer
) -> None:
    choose(dialog, "ramp", "cividis")
    press(dialog, QDialogButtonBox.StandardButton.Apply)
    applied = xml(layer)
    choose(dialog, "ramp", "redgreen")
    press(dialog, QDialogButtonBox.StandardButton.Cancel)
    assert xml(layer) == applied


def test_ok_waits_for_the_last_choice(dialog: StyleDialog, layer: QgsVectorLayer) -> None:
    dialog.form.theme.setCurrentIndex(dialog.form.theme.findData("dark"))
    press(dialog, QDialogButtonBox.StandardButton.Ok)
    until(lambda: not dialog.isVisible())
    assert '"theme": "dark"' in layer.customProperty("roadpulse/style")


def test_a_typed_limit_makes_the_classes_ones_by_hand(dialog: StyleDialog, layer: QgsVectorLayer) -> None:
    table = dialog.form.classes
    limits = shown(dialog).limits
    table.item(2, 1).setText("7,5" if table.item(1, 1).text().count(",") else "7.5")
    options = shown(dialog)
    assert options.method == "hand"
    assert options.limits[:3] == (limits[0], limits[1], 7.5)
    assert layer.renderer().ranges()[2].upperValue() == 7.5
    dialog.form.number.setValue(len(limits) - 3)
    assert shown(dialog).limits == options.limits[: len(limits) - 2]


def test_another_statistic_leaves_typed_limits_behind(dialog: StyleDialog) -> None:
    dialog.form.classes.item(1, 1).setText("7.5")
    assert shown(dialog).method == "hand"
    dialog.form.statistic.set_key("std")
    options = shown(dialog)
    assert (options.statistic, options.method) == ("std", "round")
    assert 7.5 not in options.limits


@pytest.mark.parametrize("text", ["fast", "1000", ""])
def test_a_limit_that_does_not_fit_is_marked_and_not_shown(dialog: StyleDialog, text: str) -> None:
    before = shown(dialog)
    cell = dialog.form.classes.item(1, 1)
    cell.setText(text)
    assert "higher than the one above" in cell.toolTip()
    assert shown(dialog) == before


def test_enter_in_a_field_shows_the_number_and_keeps_the_dialog_open(dialog: StyleDialog) -> None:
    dialog.form.number.setFocus()
    dialog.form.number.selectAll()
    QTest.keyClicks(dialog.form.number, "4")
    QTest.keyClick(dialog.form.number, Qt.Key.Key_Return)
    assert shown(dialog).classes == 4
    assert dialog.isVisible()


def test_contrast_is_judged_with_each_choice(dialog: StyleDialog) -> None:
    assert dialog.contrast.plain.startswith("Classes can be distinguished")
    choose(dialog, "ramp", "redgreen")
    assert "cannot tell red from green" in dialog.contrast.plain
    choose(dialog, "ramp", "viridis")
    choose(dialog, "method", "hand")
    dialog.form.number.setValue(12)
    shown(dialog)
    assert "Take fewer classes" in dialog.contrast.plain


def test_reset_is_the_usual_look(dialog: StyleDialog, layer: QgsVectorLayer) -> None:
    usual = shown(dialog)
    choose(dialog, "theme", "dark")
    dialog.form.labels.setChecked(False)
    dialog.form.number.setValue(3)
    shown(dialog)
    press(dialog, QDialogButtonBox.StandardButton.Reset)
    assert shown(dialog) == usual


def test_methods_that_do_not_fit_the_statistic_cannot_be_chosen(dialog: StyleDialog) -> None:
    bands = dialog.form.method.model().item(dialog.form.method.findData("bands"))
    assert not bands.isEnabled()


def test_a_preset_is_kept_taken_and_replaced_only_when_the_person_agrees(
    dialog: StyleDialog, tmp_path: Path
) -> None:
    row, folder = dialog.presets, locations.presets_folder()
    choose(dialog, "ramp", "magma")
    row._keep_as("Report")
    assert [one.name for one in presets(folder) if not one.is_shipped] == ["Report"]
    assert row.preset is not None and row.preset.name == "Report"
    choose(dialog, "ramp", "cividis")
    assert row.preset is None
    row._keep_as("Report")
    box = dialog.findChild(QMessageBox)
    assert "Replace the preset “Report”?" in box.text()
    box.reject()
    assert presets(folder)[-1].style["ramp"] == "magma"
    at = row.box.findText("Report")
    row.box.setCurrentIndex(at)
    row.box.activated.emit(at)
    assert shown(dialog).ramp == "magma"
    row.write(tmp_path / "report.json")
    assert read_preset(tmp_path / "report.json").name == "Report"


def test_an_imported_preset_is_shown_and_kept(dialog: StyleDialog, tmp_path: Path) -> None:
    write_preset(Preset.of("Theirs", StyleOptions(theme="dark", ramp="magma")), tmp_path / "a.json")
    dialog.presets.read(tmp_path / "a.json")
    assert (shown(dialog).theme, shown(dialog).ramp) == ("dark", "magma")
    assert "Theirs" in [one.name for one in presets(locations.presets_folder())]
    (tmp_path / "b.json").write_text("[]")
    dialog.presets._try(lambda: dialog.presets.read(tmp_path / "b.json"))
    assert "b.json cannot be used" in dialog.note.plain


def test_a_preset_for_a_statistic_that_the_file_lacks_says_so(dialog: StyleDialog) -> None:
    free_flow = next(one for one in presets(locations.presets_folder()) if one.name == "Free flow")
    dialog.presets.chosen.emit(free_flow)
    options = shown(dialog)
    assert (options.statistic, options.ramp, options.method) == ("mean", "magma", "round")
    assert "which the map file lacks" in dialog.note.plain


def test_the_qml_gives_the_same_look_without_roadpulse(
    dialog: StyleDialog, layer: QgsVectorLayer, tmp_path: Path
) -> None:
    choose(dialog, "ramp", "magma")
    dialog.presets.qml_wanted.emit(str(tmp_path / "style.qml"))
    assert "works without Roadpulse" in dialog.note.plain
    other = QgsVectorLayer(layer.source(), "other", "ogr")
    _, is_good = other.loadNamedStyle(str(tmp_path / "style.qml"))
    assert is_good
    styles = QgsMapLayerStyle(), QgsMapLayerStyle()
    for style, one in zip(styles, (layer, other)):
        style.readFromLayer(one)
    assert other.renderer().dump() == layer.renderer().dump()
    assert "roadpulse" not in other.renderer().classAttribute()


def test_other_statistics_are_a_click_away(dialog: StyleDialog, layer: QgsVectorLayer) -> None:
    choose(dialog, "theme", "dark")
    QTest.mouseClick(dialog.form.others, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert '"theme": "dark"' in layer.customProperty("roadpulse/style")
    (other,) = dialog.iface.window.findChildren(OtherStatisticDialog)
    assert other.isVisible()
    other.reject()


def test_the_dialog_goes_with_its_layer(dialog: StyleDialog, layer: QgsVectorLayer) -> None:
    dialog.form.theme.setCurrentIndex(1)
    QgsProject.instance().removeMapLayer(layer.id())
    until(lambda: not dialog.isVisible())


def test_switching_roadpulse_off_takes_back_what_was_not_kept(qgis_iface: Any, layer: QgsVectorLayer) -> None:
    feature = StyleFeature(qgis_iface)
    feature.load()
    assert feature.action is not None
    before = xml(layer)
    feature.action.trigger()
    until(lambda: layer.id() in feature.dialogs and feature.dialogs[layer.id()].isVisible())
    feature.action.trigger()  # the open one is raised
    dialog = feature.dialogs[layer.id()]
    shown(dialog)
    choose(dialog, "theme", "dark")
    assert xml(layer) != before
    feature.unload()
    assert xml(layer) == before
    assert feature.dialogs == {}


def test_without_a_map_the_entry_says_what_to_do(qgis_iface: Any) -> None:
    feature = StyleFeature(qgis_iface)
    feature.load()
    bar = qgis_iface.messageBar()
    bar.clear_messages()
    feature.show()
    until(lambda: bar.get_messages(Qgis.MessageLevel.Info))
    (said,) = bar.get_messages(Qgis.MessageLevel.Info)
    assert "There is no map of Roadpulse in the project" in said
    feature.unload()
