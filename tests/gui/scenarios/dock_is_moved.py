"""The person moves the list of runs to where it suits; the next QGIS finds it there."""

from driver import Robot, drive, pause
from qgis.PyQt.QtCore import Qt
from qgis.utils import iface


def scenario(robot: Robot):
    main, runs = iface.mainWindow(), robot.ui.runs_dock
    robot.report["there"] = runs.dock is not None and runs.dock.isVisible()
    robot.report["pressed"] = runs.action.isChecked()
    if runs.dock is None:
        runs.action.trigger()
        yield runs.dock.isVisible
        main.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, runs.dock)
    yield lambda: runs.dock.panel is not None
    yield from pause(0.3)
    robot.report["right"] = main.dockWidgetArea(runs.dock) == Qt.DockWidgetArea.RightDockWidgetArea


drive(scenario)
