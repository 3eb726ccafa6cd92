"""The plugin is switched off and on again; what QGIS has besides is the same every time."""

import logging

import qgis.utils
from driver import Robot, drive, pause
from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtWidgets import QAction, QDialog, QToolBar
from qgis.utils import iface


def traces() -> dict:
    main = iface.mainWindow()
    return {
        "actions": sorted(
            a.objectName() for a in main.findChildren(QAction) if "roadpulse" in a.objectName().lower()
        ),
        "buttons": sum("oadpulse" in a.text() for bar in main.findChildren(QToolBar) for a in bar.actions()),
        "menus": sorted(a.text() for a in iface.vectorMenu().actions() if "oadpulse" in a.text()),
        "dialogs": len([d for d in main.findChildren(QDialog) if "oadpulse" in d.objectName()]),
        "providers": [
            p.id() for p in QgsApplication.processingRegistry().providers() if p.id() == "roadpulse"
        ],
        "handlers": len(logging.getLogger("roadpulse").handlers),
    }


def scenario(robot: Robot):
    messages = []
    QgsApplication.messageLog().messageReceived.connect(
        lambda text, tag, level: messages.append((text, tag, level))
    )
    robot.report["loaded"] = traces()
    yield from robot.open_run_dialog()
    entries = (robot.ui.profiles, robot.ui.diagnosis, robot.ui.manual)
    for entry in entries:
        entry.action.trigger()
    yield lambda: all(entry.dialog.isVisible() for entry in entries)
    robot.report["windows"] = traces()["dialogs"]
    qgis.utils.unloadPlugin("roadpulse")
    yield from pause(0.5)
    robot.report["unloaded"] = traces()
    qgis.utils.loadPlugin("roadpulse")
    qgis.utils.startPlugin("roadpulse")
    yield from pause(0.5)
    robot.report["loaded_again"] = traces()
    yield from robot.open_run_dialog()
    qgis.utils.unloadPlugin("roadpulse")
    yield from pause(0.5)
    robot.report["unloaded_again"] = traces()
    grave = (Qgis.MessageLevel.Warning, Qgis.MessageLevel.Critical)
    robot.report["warnings"] = [[text, tag] for text, tag, level in messages if level in grave]


drive(scenario)
