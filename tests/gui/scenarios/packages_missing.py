"""A QGIS without Roadpulse's packages: the button answers politely."""

from driver import Robot, drive, pause
from qgis.utils import iface


def scenario(robot: Robot):
    robot.ui.run_dialog.action.trigger()
    yield lambda: iface.messageBar().currentItem() is not None
    yield from pause(0.3)
    robot.report["said"] = iface.messageBar().currentItem().text()
    robot.report["dialog"] = robot.dialog is not None
    robot.screenshot("packages-missing")


drive(scenario)
