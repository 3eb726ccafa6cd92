"""Steps of `scenarios/publish.py`: the style of the map, with the map in view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driver import Robot, pause
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox, QInputDialog, QLineEdit
from qgis.utils import iface

BUTTON = QDialogButtonBox.StandardButton


class Hands:
    """The person at the dialog of a layer."""

    def __init__(self, robot: Robot, dialog: Any) -> None:
        self.robot, self.dialog = robot, dialog

    def choose(self, name: str, key: Any) -> Iterator[Any]:
        """Choose an entry with the keyboard, and see it on the map."""
        box = self.robot.find(name, self.dialog)
        box.setFocus()
        for _ in range(box.count()):
            QTest.keyClick(box, Qt.Key.Key_Up)
        while box.currentData() != key:
            at = box.currentIndex()
            QTest.keyClick(box, Qt.Key.Key_Down)
            if box.currentIndex() == at:
                raise AssertionError(f"{name!r} has no entry {key!r}")
        yield from self.look()

    def look(self) -> Iterator[Any]:
        """Wait for the map to show the choice."""
        yield lambda: not self.dialog.preview.busy
        yield from pause(0.3)
        yield self.robot.map_is_drawn

    def press(self, button: Any) -> None:
        self.robot.click(self.dialog.buttons.button(button))


def steps(robot: Robot) -> Iterator[Any]:
    seen: dict[str, Any] = robot.report.setdefault("style", {})
    layer = iface.addVectorLayer(
        f"{Path(robot.options['folder']) / 'day.gpkg'}|layername=links", "Speeds", "ogr"
    )
    iface.setActiveLayer(layer)
    yield from pause(0.5)
    yield robot.map_is_drawn
    seen["before"] = robot.colours()
    seen["light"] = [each.symbol().color().name() for each in layer.renderer().ranges()]
    since = robot.now()
    robot.ui.style.action.trigger()
    yield lambda: layer.id() in robot.ui.style.dialogs
    hands = Hands(robot, robot.ui.style.dialogs[layer.id()])
    yield hands.dialog.isVisible
    yield from hands.look()
    robot.screenshot("style-opened")
    yield from hands.choose("theme", "dark")
    yield from hands.choose("ramp", "magma")
    yield from hands.choose("method", "natural")
    seen["dark"] = [robot.colours(), [colour.name() for colour in hands.dialog.preview.options.colours]]
    robot.screenshot("style-dark")
    robot.measure("style", since)
    yield from keep_a_preset(hands, seen)
    hands.press(BUTTON.Cancel)
    yield lambda: not robot.ui.style.dialogs
    yield from pause(0.5)
    yield robot.map_is_drawn
    seen["cancelled"] = robot.colours()
    yield from take_the_preset(robot, layer, seen)
    iface.newProject()
    yield lambda: not QgsProject.instance().mapLayers()


def keep_a_preset(hands: Hands, seen: dict[str, Any]) -> Iterator[Any]:
    hands.robot.click(hands.dialog.presets.keep)
    yield lambda: QApplication.activeModalWidget() is not None or hands.dialog.findChild(QInputDialog)
    asking = hands.dialog.findChild(QInputDialog)
    QTest.keyClicks(asking.findChild(QLineEdit), "Evening film")
    QTest.keyClick(asking.findChild(QLineEdit), Qt.Key.Key_Return)
    yield lambda: hands.dialog.presets.box.currentText() == "Evening film"
    seen["kept"] = hands.dialog.note.plain


def take_the_preset(robot: Robot, layer: Any, seen: dict[str, Any]) -> Iterator[Any]:
    """Open the dialog anew, take the preset, type a limit, and keep that."""
    robot.ui.style.action.trigger()
    yield lambda: layer.id() in robot.ui.style.dialogs
    hands = Hands(robot, robot.ui.style.dialogs[layer.id()])
    yield hands.dialog.isVisible
    yield from hands.look()
    box = hands.dialog.presets.box
    at = box.findText("Evening film")
    box.setCurrentIndex(at)
    box.activated.emit(at)
    yield from hands.look()
    seen["taken"] = [colour.name() for colour in hands.dialog.preview.options.colours]
    table = hands.dialog.form.classes
    table.setCurrentCell(1, 1)
    table.editItem(table.item(1, 1))
    editor = table.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "9.5")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    yield from hands.look()
    hands.press(BUTTON.Ok)
    yield lambda: not robot.ui.style.dialogs
    seen["limit"] = layer.renderer().ranges()[1].upperValue()
    robot.screenshot("style-kept")
