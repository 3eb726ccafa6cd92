"""The dialog of pages: rows by template, a layout of the project, files in one step, faults in words."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsLayoutItemMap, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtWidgets import QWidget

from roadpulse.algorithms import child_process
from roadpulse.mapping.ground import layers
from roadpulse.mapping.ground.meaning import GREEN, WATER
from roadpulse.mapping.ground.quiet import COLOURS
from roadpulse.mapping.layout.district import DistrictLinks
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.ui.page_dialog.dialog import PageDialog
from roadpulse.ui.page_dialog.form import EACH_DISTRICT, EACH_TIME
from tests.qgis import speed_maps as maps
from tests.qgis.widgets import until

pytestmark = pytest.mark.usefixtures("qgis_app")

NORTH = "Polygon ((500000 5999900, 501000 5999900, 501000 6000600, 500000 6000600, 500000 5999900))"


class Session:
    """A project with a map and a layer of districts, and the dialog over it."""

    def __init__(self, folder: Path) -> None:
        maps.write(folder / "map.gpkg")
        self.layer = QgsVectorLayer(f"{folder / 'map.gpkg'}|layername=links", "Speeds", "ogr")
        style_layer(self.layer)
        wards = QgsVectorLayer(
            "Polygon?crs=EPSG:32630&field=code:string&field=name:string", "Wards", "memory"
        )
        for name, wkt in (("North", NORTH), ("Nowhere", "")):
            ward = QgsFeature(wards.fields())
            ward["name"] = name
            if wkt:
                ward.setGeometry(QgsGeometry.fromWkt(wkt))
            wards.dataProvider().addFeature(ward)
        QgsProject.instance().addMapLayers([self.layer, wards])
        self.window, self.opened = QWidget(), []
        self.canvas, self.bar = QgsMapCanvas(self.window), QgsMessageBar(self.window)
        iface: Any = SimpleNamespace(
            mainWindow=lambda: self.window, mapCanvas=lambda: self.canvas, messageBar=lambda: self.bar,
            openLayoutDesigner=self.opened.append,
        )  # fmt: skip
        self.dialog = PageDialog(iface, self.layer, MapFile.of(self.layer))
        self.form = self.dialog.form
        self.dialog.show()

    def choose(self, key: str) -> None:
        for row in range(self.form.templates.count()):
            if Path(str(self.form.templates.item(row).data(Qt.ItemDataRole.UserRole))).stem == key:
                self.form.templates.setCurrentRow(row)

    def print_to(self, path: Path) -> str:
        self.dialog.print_to(path)
        until(lambda: not self.dialog.process.going)
        return str(self.dialog.note.text())

    def open_layout(self) -> None:
        before = len(self.opened)
        self.dialog.open.click()
        until(lambda: len(self.opened) > before)

    def close(self) -> None:
        self.dialog.leave()
        QgsProject.instance().clear()
        self.window.deleteLater()


def test_the_dialog_asks_for_what_the_template_needs_and_opens_a_layout(tmp_path: Path) -> None:
    session = Session(tmp_path)
    form, dialog = session.form, session.dialog
    assert form.time.isVisibleTo(dialog) and not form.districts.isVisibleTo(dialog)
    session.choose("pair")
    assert form.other.isVisibleTo(dialog) and not form.own.isVisibleTo(dialog)
    dialog.open.click()
    assert "Choose a second map or a second time" in dialog.note.text()
    form.time.setCurrentIndex(1 + 8)
    form.other_time.setCurrentIndex(1 + 17)
    session.open_layout()
    session.choose("district")
    assert form.districts.isVisibleTo(dialog) and form.district.currentText() == "North"
    session.open_layout()
    names = [layout.name() for layout in session.opened]
    assert names == ["trips", "North"]
    pair = [item for item in session.opened[0].items() if isinstance(item, QgsLayoutItemMap)]
    assert sorted(item.temporalRange().begin().toString("HH") for item in pair) == ["08", "17"]
    assert QgsProject.instance().layoutManager().layoutByName("North") is session.opened[1]
    session.choose("own")
    assert form.own.isVisibleTo(dialog) and not form.paper.isVisibleTo(dialog)
    dialog.open.click()
    assert "Choose the file of your layout template" in dialog.note.text()
    session.close()


@pytest.mark.parametrize("key", ["city", "day", "pair", "district", "zooms", "band"])
def test_all_that_a_page_says_of_its_links_is_read_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    session = Session(tmp_path)
    readers: dict[str, set[bool]] = {}

    def watched(place: Any, name: str) -> None:
        real = getattr(place, name)

        def called(*given: Any, **named: Any) -> Any:
            readers.setdefault(name, set()).add(threading.current_thread() is threading.main_thread())
            return real(*given, **named)

        monkeypatch.setattr(place, name, called)

    for name in ("boxes", "bin_totals", "links_drawn"):
        watched(MapFile, name)
    watched(layers, "built_up_text")
    watched(DistrictLinks, "__init__")
    session.choose(key)
    session.form.time.setCurrentIndex(1 + 8)
    session.form.other_time.setCurrentIndex(1 + 17)
    session.form.ground.setCurrentIndex(session.form.ground.findData("roads"))
    session.open_layout()
    assert {"boxes", "bin_totals", "built_up_text"} <= set(readers)
    assert all(in_main == {False} for in_main in readers.values()), readers
    assert ("__init__" in readers) == (key == "district")
    session.close()


def test_a_page_that_is_cancelled_leaves_no_layout_and_one_without_its_layer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(tmp_path)
    dialog, going, read = session.dialog, threading.Event(), MapFile.boxes

    def slow(file: MapFile) -> Any:
        assert going.wait(30)
        return read(file)

    monkeypatch.setattr(MapFile, "boxes", slow)
    dialog.open.click()
    assert dialog.note.plain == "The page is being laid out…"
    assert dialog.cancel.isVisibleTo(dialog)
    assert not (dialog.open.isEnabled() or dialog.export.isEnabled() or session.form.isEnabled())
    dialog.cancel.click()
    going.set()
    until(lambda: not dialog.laying_out)
    assert dialog.note.plain == "Cancelled; the project has no new layout."
    assert dialog.open.isEnabled() and dialog.export.isEnabled() and session.form.isEnabled()
    assert not QgsProject.instance().layoutManager().printLayouts()
    going.clear()
    session.choose("district")
    dialog.open.click()
    QgsProject.instance().removeMapLayer(QgsProject.instance().mapLayersByName("Wards")[0])
    going.set()
    until(lambda: not dialog.laying_out)
    assert "Choose a district" in dialog.note.plain
    assert not session.opened
    session.close()


def test_pages_are_exported_in_the_background_and_faults_are_named(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.dialog.dpi.setCurrentIndex(0)
    page = tmp_path / "page.png"
    assert "Written to" in session.print_to(page)
    assert page.stat().st_size > 5000
    session.choose("district")
    session.form.each.setCurrentIndex(session.form.each.findData(EACH_DISTRICT))
    assert not session.dialog.open.isEnabled()
    said = session.print_to(tmp_path / "wards")
    assert [path.name for path in (tmp_path / "wards").iterdir()] == ["North.pdf"]
    assert "has no shape" in said and "Nowhere" in said
    session.close()


def test_a_cancelled_export_says_so_and_the_dialog_goes_on(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.form.each.setCurrentIndex(session.form.each.findData(EACH_TIME))
    session.dialog.print_to(tmp_path / "hours")
    until(lambda: len(list((tmp_path / "hours").glob("*.pdf"))) > 1)
    session.dialog.cancel.click()
    until(lambda: not session.dialog.process.going)
    names = sorted(path.name for path in (tmp_path / "hours").iterdir())
    assert names[:2] == ["00-00.pdf", "01-00.pdf"] and len(names) < 24
    assert "Cancelled" in session.dialog.note.text()
    assert session.dialog.export.isEnabled()
    session.close()


def test_layers_of_qgis_s_memory_are_drawn_by_the_process_that_prints(tmp_path: Path) -> None:
    session = Session(tmp_path)
    QgsProject.instance().removeMapLayer(QgsProject.instance().mapLayersByName("Wards")[0])
    west, east = (box_of(session.layer, at) for at in (0, 1))
    lakes = QgsVectorLayer("Polygon?crs=EPSG:32630&field=fid:string&field=geom:string", "Lakes", "memory")
    lakes.dataProvider().addFeature(with_shape(lakes, west))
    woods = QgsVectorLayer("Polygon?crs=EPSG:32630", "all", "memory")
    woods.dataProvider().addFeature(with_shape(woods, east))
    QgsProject.instance().addMapLayer(woods, False)  # what a query reads
    asked = QgsVectorLayer(f"?layer_ref={woods.id()}:trees&query=SELECT * FROM trees", "Woods", "virtual")
    QgsProject.instance().addMapLayers([lakes, asked])
    session.dialog.dpi.setCurrentIndex(0)
    said = session.print_to(tmp_path / "page.png")
    image = QImage(str(tmp_path / "page.png"))
    colours = Counter(
        QColor(image.pixel(x, y)).name()
        for x in range(0, image.width(), 5)
        for y in range(0, image.height(), 5)
    )
    assert colours[COLOURS["light"][WATER]] > 100, said
    assert colours[COLOURS["light"][GREEN]] > 100, said
    session.close()


def test_a_layer_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(tmp_path)
    lakes = QgsVectorLayer("Polygon?crs=EPSG:32630", "Lakes", "memory")
    lakes.dataProvider().addFeature(with_shape(lakes, box_of(session.layer, 0)))
    QgsProject.instance().addMapLayer(lakes)
    request, written = child_process.request, []

    def elsewhere(algorithm: str, parameters: Any, layers: Any, folder: Path) -> Any:
        asked, write_files = request(algorithm, parameters, layers, folder / "missing")
        written.append(threading.current_thread())

        def write() -> None:
            written.append(threading.current_thread())
            write_files()

        return asked, write

    monkeypatch.setattr(child_process, "request", elsewhere)
    said = session.print_to(tmp_path / "page.png")
    assert "The layer “Lakes” cannot be written" in said
    assert not (tmp_path / "page.png").exists()
    assert session.dialog.export.isEnabled()
    assert written[0] is threading.main_thread() is not written[1]  # layers are written beside the windows
    session.close()


def box_of(layer: QgsVectorLayer, half: int) -> QgsRectangle:
    """The western or eastern half of a layer's extent."""
    extent = layer.extent()
    width = extent.width() / 2
    left = extent.xMinimum() + half * width
    return QgsRectangle(left, extent.yMinimum(), left + width, extent.yMaximum())


def with_shape(layer: QgsVectorLayer, box: QgsRectangle) -> QgsFeature:
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromRect(box))
    return feature
