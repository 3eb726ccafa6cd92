"""The person opens the list of runs, finds one, puts it on the map, and deletes another."""

from driver import Robot, drive, pause
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QMenu, QMessageBox, QPushButton, QTreeView
from qgis.utils import iface


def double_click(table: QTreeView, key: str) -> None:
    at = table.visualRect(table.model().index_of(key)).center()
    for click in (QTest.mouseClick, QTest.mouseDClick):
        click(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def scenario(robot: Robot):
    options = robot.options
    main = iface.mainWindow()
    main.resize(1560, 920)
    uri = f"file://{options['streets']}?delimiter=,&wktField=wkt&crs=epsg:4326&detectTypes=yes"
    streets = QgsVectorLayer(uri, "Streets", "delimitedtext")
    streets.renderer().symbol().setColor(QColor("#c4c7cb"))
    QgsProject.instance().addMapLayer(streets)
    from dataclasses import replace

    from roadpulse.ui.runs.settings import LAYER, RoadsChoice, RunSettings

    roads = RoadsChoice(kind=LAYER, layer=streets.id(), id_field="link_id", name_field="name")
    replace(RunSettings.load(), roads=roads).save()
    yield from pause(0.5)
    robot.report["hidden"] = robot.ui.runs_dock.dock is None
    opened = robot.now()
    robot.ui.runs_dock.action.trigger()
    main.resizeDocks([robot.ui.runs_dock.dock], [310], Qt.Orientation.Vertical)
    yield lambda: robot.ui.runs_dock.dock.panel is not None and len(robot.ui.runs_dock.dock.panel.model) > 0
    panel = robot.ui.runs_dock.dock.panel
    table: QTreeView = panel.table
    yield lambda: any(row.trouble for row in panel.model.rows())
    yield lambda: any(row.status is not None for row in panel.model.rows())
    yield from pause(0.5)
    robot.measure("opening", opened)
    shown = [panel.model.index(at, 0) for at in range(panel.model.rowCount())]
    robot.report["rows"] = [
        [str(index.sibling(index.row(), column).data() or "") for column in range(9)] for index in shown
    ]
    robot.report["counts"] = panel.counts.text()
    wanted = panel.model.index_of(options["finished"])
    table.setCurrentIndex(wanted)
    robot.screenshot("runs")

    drawing = robot.now()
    double_click(table, options["finished"])
    yield lambda: len(QgsProject.instance().mapLayers()) == 2
    yield from pause(1.0)
    yield robot.map_is_drawn
    robot.measure("drawing", drawing)
    robot.report["layers"] = [layer.name() for layer in QgsProject.instance().layerTreeRoot().layerOrder()]
    robot.screenshot("runs-map")
    double_click(table, options["finished"])
    yield from pause(0.5)
    robot.report["layers_again"] = len(QgsProject.instance().mapLayers())

    # Run again: the dialog says what the run was asked for.
    panel.actions_.again(panel.model.row(options["finished"]))
    yield lambda: robot.dialog is not None and robot.dialog.isVisible() and robot.dialog.form.loaded
    settings = robot.dialog.form.settings()
    robot.report["again"] = [settings.trips, settings.speed_unit, settings.bin_minutes, settings.time_zone]
    robot.dialog.close()

    # A run that another QGIS started is followed, and ends when its person wants it to.
    table.setCurrentIndex(panel.model.index_of(options["going"]))
    robot.report["button"] = panel.open_button.text()
    robot.click(panel.open_button)
    yield lambda: robot.dialog.isVisible() and robot.dialog.running
    robot.report["followed"] = robot.dialog.page.title.text()
    robot.screenshot("runs-followed", robot.dialog)
    robot.dialog.cancel()
    yield lambda: not robot.dialog.running
    yield lambda: panel.model.row(options["going"]).state.value == "cancelled"
    robot.dialog.close()

    table.setCurrentIndex(panel.model.index_of(options["failed"]))
    menu = QMenu(panel)
    panel.actions_.fill(menu, panel.selected())
    robot.report["menu"] = [action.text() for action in menu.actions() if not action.isSeparator()]
    QTest.keyClick(table, Qt.Key.Key_Delete)
    yield lambda: main.findChild(QMessageBox, "delete_runs") is not None
    box = main.findChild(QMessageBox, "delete_runs")
    robot.report["question"] = f"{box.text()} {box.informativeText()}"
    robot.screenshot("runs-delete")
    robot.click(box.findChild(QPushButton, "delete"))
    yield lambda: panel.model.row(options["failed"]) is None
    robot.report["left"] = len(panel.model)
    panel.filter.setText("no such run")
    yield lambda: panel.stack.currentIndex() == 1
    robot.report["nothing"] = panel.nothing.text()
    robot.ui.runs_dock.dock.close()
    yield from pause(0.2)


drive(scenario)
