"""The network goes away while a run goes on there, and comes back; the window says so, and never waits."""

from pathlib import Path

from cluster_steps import fill_in
from driver import Robot, drive, pause


def scenario(robot: Robot):
    network = Path(robot.options["network"])  # whoever holds the cable reads this file
    network.write_text("up", encoding="ascii")
    yield from fill_in(robot)
    dialog = robot.dialog
    robot.click("run")
    seen = []
    dialog.task.moved.connect(seen.append)
    yield lambda: any(m.status is not None and m.status.files.total for m in seen) or not dialog.running
    began = robot.now()
    network.write_text("down", encoding="ascii")
    yield lambda: bool(robot.find("trouble").plain) or not dialog.running
    yield from pause(0.3)
    robot.report["trouble"] = robot.find("trouble").plain
    robot.report["running"] = dialog.running
    robot.screenshot("dialog-lost", dialog)
    robot.find("trouble").clicked.emit("now")
    robot.report["connecting"] = robot.find("trouble").plain
    yield from pause(1.5)
    network.write_text("up", encoding="ascii")
    yield from pause(0.2)
    robot.find("trouble").clicked.emit("now")
    yield lambda: not robot.find("trouble").plain
    yield lambda: not dialog.running
    robot.measure("lost", began)
    robot.report["summary"] = dialog.page.summary.text()
    robot.report["said"] = dialog.banner.words.text()


drive(scenario)
