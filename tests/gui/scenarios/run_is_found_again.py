"""QGIS starts again: the run that went on without it is offered, and ends on the map."""

from driver import Robot, drive, pause
from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QPushButton
from qgis.utils import iface


def scenario(robot: Robot):
    yield lambda: iface.mainWindow().findChild(QPushButton, "roadpulse_rejoin") is not None
    yield from pause(0.5)
    robot.screenshot("offered")
    offer = iface.mainWindow().findChild(QPushButton, "roadpulse_rejoin")
    robot.report["offer"] = offer.parent().text()
    robot.click(offer)
    yield lambda: robot.dialog is not None and robot.dialog.finished_run is not None
    yield from pause(0.3)
    robot.report["layers"] = [layer.featureCount() for layer in QgsProject.instance().mapLayers().values()]
    robot.report["folder"] = str(robot.dialog.finished_run.folder)
    robot.report["summary"] = robot.dialog.page.summary.text()


drive(scenario)
