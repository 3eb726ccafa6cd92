"""A run is started on the cluster, and QGIS closed while it goes on."""

from cluster_steps import fill_in
from driver import Robot, drive, pause


def scenario(robot: Robot):
    yield from fill_in(robot)
    robot.click("run")
    seen = []
    robot.dialog.task.moved.connect(seen.append)
    yield lambda: any(m.status is not None for m in seen)
    robot.report["running"] = robot.dialog.running
    robot.report["folder"] = robot.dialog.task.job.folder
    yield from pause(0.01)


drive(scenario)
