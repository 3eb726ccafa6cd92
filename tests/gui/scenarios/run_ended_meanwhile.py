"""QGIS starts: a run on another computer has ended since. It says so, and a click brings the map."""

from dataclasses import replace

from driver import Robot, drive, pause
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface


def scenario(robot: Robot):
    from roadpulse.ui.runs.settings import LAYER, RoadsChoice, RunSettings

    uri = f"file://{robot.options['streets']}?delimiter=,&wktField=wkt&crs=epsg:4326&detectTypes=yes"
    streets = QgsVectorLayer(uri, "Streets", "delimitedtext")
    QgsProject.instance().addMapLayer(streets)
    roads = RoadsChoice(kind=LAYER, layer=streets.id(), id_field="link_id", name_field="name")
    replace(RunSettings.load(), roads=roads).save()
    main = iface.mainWindow()
    yield lambda: main.findChild(QPushButton, "roadpulse_show_run") is not None
    yield from pause(0.3)
    robot.report["said"] = iface.messageBar().currentItem().text()
    robot.report["offers"] = len(main.findChildren(QPushButton, "roadpulse_rejoin"))
    robot.screenshot("told")
    robot.click(main.findChild(QPushButton, "roadpulse_show_run"))
    yield lambda: len(QgsProject.instance().mapLayers()) == 2
    yield from pause(0.5)
    layer = QgsProject.instance().layerTreeRoot().layerOrder()[0]
    robot.report["layer"] = [layer.name(), layer.featureCount()]
    robot.report["selected"] = [row.run.id for row in robot.ui.runs_dock.dock.panel.selected()]


drive(scenario)
