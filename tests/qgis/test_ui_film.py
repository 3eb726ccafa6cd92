"""The dialog of a film: what it says, what it asks the algorithm for, and a film made in another process."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtWidgets import QMainWindow, QMessageBox

from roadpulse.algorithms import child_process
from roadpulse.algorithms.child_feedback import MARK
from roadpulse.algorithms.export_animation import SIZES as OFFERED
from roadpulse.algorithms.export_animation import ExportAnimation
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.ui.film_dialog.dialog import FilmDialog
from roadpulse.ui.film_dialog.form import SIZES
from tests.qgis import speed_maps as maps
from tests.qgis.widgets import until

pytestmark = pytest.mark.usefixtures("qgis_app")


@pytest.fixture
def layer(tmp_path: Path) -> QgsVectorLayer:
    maps.write(tmp_path / "map.gpkg")
    layer = QgsVectorLayer(f"{tmp_path / 'map.gpkg'}|layername=links", "Speeds", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer, theme="dark"))
    QgsProject.instance().addMapLayer(layer)
    yield layer
    QgsProject.instance().removeAllMapLayers()


@pytest.fixture
def dialog(layer: QgsVectorLayer) -> Any:
    window, canvas = QMainWindow(), QgsMapCanvas()
    canvas.setDestinationCrs(layer.crs())
    canvas.setExtent(layer.extent())
    bar = SimpleNamespace(pushMessage=lambda title, text, level, seconds: bar.texts.append(text), texts=[])
    iface = SimpleNamespace(mainWindow=lambda: window, mapCanvas=lambda: canvas, messageBar=lambda: bar)
    dialog = FilmDialog(iface, layer, MapFile.of(layer))
    dialog.show()
    yield dialog
    dialog.leave()
    until(lambda: not dialog.process.going)
    dialog.deleteLater()


def choose(box: Any, data: Any) -> None:
    at = box.findData(data)
    assert at >= 0, data
    box.setCurrentIndex(at)


def test_every_size_of_the_dialog_is_one_of_the_algorithm() -> None:
    assert {key for key, _ in SIZES} <= set(OFFERED)


def test_what_is_chosen_is_what_the_algorithm_is_asked_for(dialog: Any, tmp_path: Path) -> None:
    form = dialog.form
    choose(form.format, "gif")
    choose(form.size, "1080x1920")
    choose(form.begin, 6)
    choose(form.end, 10)
    form.between.setValue(3)
    form.output.setFilePath(str(tmp_path / "film.gif"))
    asked = form.parameters()
    assert (asked["TIME_FROM"], asked["TIME_TO"], asked["FRAME_SIZE"]) == ("06:00", "10:00", "1080x1920")
    assert asked["BETWEEN"] == 3 and asked["EXTENT"].endswith("[EPSG:32630]")
    assert form.pictures == 13  # four bins, three between each two
    assert form.length.value() == pytest.approx(13 / 24, abs=0.06)  # soft films are fast
    form.length.setValue(6.5)
    assert form.rate.value() == pytest.approx(2.0)
    algorithm = ExportAnimation().create()
    known = {each.name() for each in algorithm.parameterDefinitions()}
    assert set(asked) <= known


def test_visible_layers_of_the_project_go_along_as_ground(dialog: Any, layer: QgsVectorLayer) -> None:
    project = QgsProject.instance()
    parks, hidden = (QgsVectorLayer("Polygon?crs=EPSG:32630", name, "memory") for name in ("parks", "water"))
    scratch = QgsVectorLayer("Point", "scratch", "memory")
    project.addMapLayers([parks, hidden, scratch, QgsVectorLayer(layer.source(), "roads", "ogr")])
    project.layerTreeRoot().findLayer(hidden).setItemVisibilityChecked(False)
    assert [each.name() for each in dialog.form.layers()] == ["Speeds", "parks"]
    choose(dialog.form.ground, "roads")
    assert dialog.form.layers() == [layer]
    assert dialog.form.parameters()["GROUND"] == "roads"


def test_the_name_follows_the_format_and_nonsense_is_said(dialog: Any, tmp_path: Path) -> None:
    form = dialog.form
    form.output.setFilePath(str(tmp_path / "day.mp4"))
    choose(form.format, "apng")
    assert form.output.filePath() == str(tmp_path / "day.apng")
    choose(form.format, "frames")
    assert form.output.filePath() == str(tmp_path / "day")
    choose(form.begin, 9)
    choose(form.end, 9)
    assert "no bin between" in dialog.note.plain and not dialog.make.isEnabled()
    choose(form.end, 12)
    assert dialog.note.plain.startswith("3 pictures") and dialog.make.isEnabled()
    form.output.setFilePath("")
    assert "Name the file" in dialog.note.plain and not dialog.make.isEnabled()


def test_a_film_is_made_in_another_process_and_can_be_cancelled(dialog: Any, tmp_path: Path) -> None:
    form = dialog.form
    choose(form.format, "apng")
    choose(form.size, "1280x720")
    choose(form.end, 3)
    made = tmp_path / "made"
    made.mkdir()
    form.output.setFilePath(str(made / "day.apng"))
    dialog.make.click()
    assert dialog.process.going and dialog.cancel.isVisible()
    dialog.close()
    until(lambda: not dialog.process.going)
    assert [path.name for path in made.iterdir()] == ["day.apng"], dialog.banner.words.text()
    assert "day.apng" in dialog.iface.messageBar().texts[0]
    dialog.show()
    assert "3 pictures" in dialog.progress.words.plain
    dialog.progress.hear({"said": "One."})
    dialog.progress.hear({"said": "Two."})
    assert dialog.progress.remarks.plain == "One.\nTwo."
    until(lambda: not dialog.progress.preview.picture.isNull())

    dialog.again.click()
    choose(form.end, 24)
    form.output.setFilePath(str(made / "other.apng"))
    dialog.make.click()
    until(lambda: dialog.progress._drawn > 0)
    dialog.cancel.click()
    until(lambda: not dialog.process.going)
    assert "Cancelled" in dialog.note.plain
    assert [path.name for path in made.iterdir()] == ["day.apng"]


def test_an_earlier_film_is_replaced_only_after_a_question(dialog: Any, tmp_path: Path) -> None:
    choose(dialog.form.format, "apng")
    path = tmp_path / "day.apng"
    path.write_bytes(b"\x89PNG\r\n\x1a\n earlier")
    dialog.form.output.setFilePath(str(path))
    dialog.make.click()
    box = dialog.findChild(QMessageBox, "film_replace")
    assert "day.apng" in box.text() and not dialog.process.going
    box.button(QMessageBox.StandardButton.No).click()
    assert not dialog.process.going and path.read_bytes().endswith(b"earlier")
    assert not box.isVisible()
    dialog.make.click()
    (box,) = (each for each in dialog.findChildren(QMessageBox) if each.isVisible())
    box.button(QMessageBox.StandardButton.Yes).click()
    assert dialog.process.going
    dialog.cancel.click()
    until(lambda: not dialog.process.going)
    assert path.read_bytes().endswith(b"earlier")


def test_what_the_process_refuses_is_said_in_the_dialog(dialog: Any, tmp_path: Path) -> None:
    choose(dialog.form.format, "apng")
    (tmp_path / "file").touch()
    dialog.form.output.setFilePath(str(tmp_path / "file" / "day.apng"))
    dialog.make.click()
    until(lambda: not dialog.process.going)
    assert "is not a folder" in dialog.banner.words.text()
    assert dialog.make.isVisible()


def test_a_process_ends_when_nobody_listens_to_it_any_more(layer: QgsVectorLayer, tmp_path: Path) -> None:
    words, environment = child_process.command()
    asked, _ = child_process.request(
        "exportanimation",
        {"INPUT": layer.id(), "OUTPUT": str(tmp_path / "film" / "day.apng"), "BETWEEN": 20},
        [layer],
        tmp_path,
    )
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(asked)
        process.stdin.flush()
        heard = (line for line in process.stdout if line.startswith(MARK))
        next(line for line in heard if "picture" in json.loads(line[len(MARK) :]))
        process.stdin.close()
        rest = [json.loads(line[len(MARK) :]) for line in heard]
        assert process.wait(60) == 0
    assert {"cancelled": True} in rest
    assert list((tmp_path / "film").iterdir()) == []
