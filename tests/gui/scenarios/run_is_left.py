"""A run is started, and QGIS closed while it goes on."""

from driver import Robot, drive, pause, store_connection


def scenario(robot: Robot):
    options = robot.options
    store_connection("Roads", options["postgis"])
    yield from robot.open_run_dialog()
    form = robot.dialog.form
    robot.type("trips", options["trips"])
    robot.choose("unit", "mph")
    robot.type("zone", "Europe/London")
    form.more.workers.setValue(1)
    yield lambda: form.roads.table.count() > 0
    robot.find("table").setCurrentText("roads.streets")
    yield lambda: robot.find("run").isEnabled() and not form.busy
    robot.click("run")
    yield lambda: robot.dialog.page.bar.value() > 0
    robot.report["running"] = robot.dialog.running
    robot.report["folder"] = robot.dialog.task.job.folder
    yield from pause(0.01)


drive(scenario)
