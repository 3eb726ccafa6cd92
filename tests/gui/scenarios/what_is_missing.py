"""Nothing, then the wrong things are filled in: what the dialog says, and that it offers a way on."""

from driver import Robot, drive, pause, store_connection
from qgis.PyQt.QtWidgets import QApplication


def fields_dialog():
    return next(
        (w for w in QApplication.topLevelWidgets() if type(w).__name__ == "FieldsDialog" and w.isVisible()),
        None,
    )


def scenario(robot: Robot):
    options = robot.options
    store_connection("Nobody there", {**options["postgis"], "port": options["dead_port"]})
    said = robot.report["said"] = {}
    yield from robot.open_run_dialog()
    form = robot.dialog.form
    yield lambda: not form.busy
    yield from pause(0.3)
    said["no server"] = form.roads.note.plain
    robot.type("trips", options["empty"])
    yield lambda: not form.trips.busy
    said["empty folder"] = form.trips.note.plain
    said["footer"] = robot.find("footer").plain
    robot.screenshot("dialog-problems", robot.dialog)
    robot.type("trips", options["nowhere"])
    yield lambda: not form.trips.busy
    said["no folder"] = form.trips.note.plain
    robot.type("zone", "Europe/Londno")
    said["zone"] = form.when.note.plain
    robot.type("zone", "Europe/London")
    robot.type("trips", options["renamed"])
    yield lambda: not form.trips.busy
    yield from pause(0.2)
    said["renamed"] = form.trips.fields_note.plain
    robot.screenshot("dialog-proposal", robot.dialog)
    robot.click("fields")
    yield lambda: fields_dialog() is not None
    yield from pause(0.2)
    fields = fields_dialog()
    said["editor"] = fields.note.plain
    robot.screenshot("fields-not-found", fields)
    fields.note.clicked.emit("propose")
    said["editor after"] = fields.note.plain
    robot.report["columns"] = [
        fields.table.horizontalHeaderItem(i).text() for i in range(fields.table.columnCount())
    ]
    robot.screenshot("fields", fields)
    robot.click(fields.ok)
    yield lambda: not form.trips.busy
    yield from pause(0.2)
    said["after"] = form.trips.fields_note.plain
    robot.report["mapping"] = [
        form.trips.mapping.points,
        form.trips.mapping.link_id,
        form.trips.mapping.speed,
    ]
    robot.report["run_enabled"] = robot.find("run").isEnabled()


drive(scenario)
