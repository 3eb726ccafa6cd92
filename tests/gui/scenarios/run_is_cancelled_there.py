"""A run on the cluster is cancelled before it begins, and another one in the middle."""

from cluster_steps import fill_in
from driver import Robot, drive, pause


def scenario(robot: Robot):
    yield from fill_in(robot)
    dialog = robot.dialog
    began = robot.now()
    robot.click("run")
    robot.click("cancel")
    yield lambda: not dialog.running
    robot.report["before it began"] = dialog.banner.words.text()
    robot.measure("sending", began)
    robot.click("run")
    seen = []
    dialog.task.moved.connect(seen.append)
    yield lambda: any(m.phase.name in ("READING", "COMPUTING") for m in seen) or not dialog.running
    asked = robot.now()
    robot.report["running"] = dialog.running
    robot.click("cancel")
    robot.report["at_once"] = robot.find("time").plain
    yield lambda: not dialog.running
    robot.report["seconds"] = robot.now() - asked
    yield from pause(0.3)
    robot.measure("stopping", asked)
    robot.report["said"] = dialog.banner.words.text()
    robot.report["form_again"] = robot.find("run").isVisible()
    robot.screenshot("dialog-cancelled", dialog)


drive(scenario)
