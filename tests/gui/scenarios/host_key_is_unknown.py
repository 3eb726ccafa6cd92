"""A cluster that nobody here has connected to: the person compares its key, and goes on."""

from cluster_steps import open_dialog
from driver import Robot, drive, pause
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox, QLabel, QPushButton


def key_dialog():
    windows = QApplication.topLevelWidgets()
    return next((w for w in windows if w.objectName() == "RoadpulseHostKey" and w.isVisible()), None)


def scenario(robot: Robot):
    yield from open_dialog(robot)
    where = robot.dialog.form.where
    robot.choose("profile", robot.options["profile"])
    yield lambda: where.watch.error is not None
    yield from pause(0.2)
    robot.report["before"] = {
        "live": where.live.plain,
        "note": where.note.plain,
        "run": robot.find("run").isEnabled(),
        "footer": robot.find("footer").plain,
    }
    robot.screenshot("dialog-host-key", robot.dialog)
    where.note.clicked.emit("key")
    yield lambda: key_dialog() is not None
    robot.screenshot("host-key", key_dialog())
    robot.report["shown"] = " ".join(label.text() for label in key_dialog().findChildren(QLabel))
    box = key_dialog().findChild(QDialogButtonBox)
    accept = key_dialog().findChild(QPushButton, "accept")
    robot.report["buttons"] = [button.text() for button in box.buttons()]
    robot.click(accept)
    yield lambda: where.watch.state is not None
    yield from pause(0.2)
    robot.report["after"] = {"live": where.live.plain, "note": where.note.plain}


drive(scenario)
