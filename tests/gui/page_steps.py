"""Steps of `scenarios/publish.py`: a page, opened as a layout of the project, and exported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driver import Robot, pause
from qgis.core import QgsFeature, QgsGeometry, QgsLayoutItemMap, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QFileDialog, QLineEdit
from qgis.utils import iface

WARD = "Polygon ((500000 5999900, 501000 5999900, 501000 6000600, 500000 6000600, 500000 5999900))"


def steps(robot: Robot) -> Iterator[Any]:
    seen: dict[str, Any] = robot.report.setdefault("page", {})
    folder = Path(robot.options["folder"]) / "pages"
    folder.mkdir()
    layer = iface.addVectorLayer(
        f"{Path(robot.options['folder']) / 'day.gpkg'}|layername=links", "Speeds", "ogr"
    )
    wards = QgsVectorLayer("Polygon?crs=EPSG:32630&field=name:string", "Wards", "memory")
    ward = QgsFeature(wards.fields())
    ward["name"] = "North"
    ward.setGeometry(QgsGeometry.fromWkt(WARD))
    wards.dataProvider().addFeature(ward)
    QgsProject.instance().addMapLayer(wards)
    iface.setActiveLayer(layer)
    yield robot.map_is_drawn
    feature = robot.ui.page
    feature.action.trigger()
    yield lambda: feature.dialog is not None and feature.dialog.isVisible()
    dialog = feature.dialog
    yield from pause(0.5)
    press_template(dialog, "pair")
    choose(robot, dialog, "time", 8)
    choose(robot, dialog, "other_time", 3)
    robot.screenshot("page-form", dialog)
    manager, since = QgsProject.instance().layoutManager(), robot.now()
    # Up to QGIS's own window, which comes in a turn of its own and takes what it takes.
    manager.layoutAdded.connect(lambda _name: robot.measure("page laid out", since))
    robot.click(dialog.open)
    yield lambda: len(iface.openLayoutDesigners()) == 1
    yield from pause(0.5)
    (designer,) = iface.openLayoutDesigners()
    (layout,) = QgsProject.instance().layoutManager().printLayouts()
    found = [item for item in layout.items() if isinstance(item, QgsLayoutItemMap)]
    seen["layout"] = [
        layout.name(), sorted(item.temporalRange().begin().toString("HH:mm") for item in found)
    ]  # fmt: skip
    robot.screenshot("page-layout", designer.window())
    designer.close()
    yield lambda: not iface.openLayoutDesigners()
    press_template(dialog, "district")
    yield from pause(0.2)
    seen["district"] = robot.find("district", dialog).currentText()
    since = robot.now()
    robot.click(dialog.export)
    yield lambda: asked() is not None
    box = asked()
    seen["proposed"] = box.selectedFiles()[0].rpartition("/")[2]
    name = box.findChild(QLineEdit)
    name.setText(str(folder / "north.pdf"))
    QTest.keyClick(name, Qt.Key.Key_Return)
    yield lambda: dialog.process.going
    yield lambda: not dialog.process.going
    yield from pause(0.3)
    robot.measure("page", since)
    seen["exported"] = sorted(path.name for path in folder.iterdir())
    seen["note"] = dialog.note.plain
    robot.screenshot("page-exported", dialog)
    dialog.close()
    iface.newProject()
    yield robot.ui.time_bar.bar.isHidden


def asked() -> Any:
    """The dialog for the file, once it is open."""
    boxes = (each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog))
    return next((box for box in boxes if box.isVisible()), None)


def press_template(dialog: Any, key: str) -> None:
    """Click the picture of a template."""
    box = dialog.form.templates
    for row in range(box.count()):
        if box.item(row).data(Qt.ItemDataRole.UserRole) == key:
            place = box.visualItemRect(box.item(row)).center()
            QTest.mouseClick(
                box.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(place)
            )


def choose(robot: Robot, dialog: Any, name: str, data: Any) -> None:
    box = robot.find(name, dialog)
    box.setCurrentIndex(box.findData(data))
