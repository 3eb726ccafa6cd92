"""The trips lie in a bucket, and this computer works on them: chosen, counted, run, on the map."""

from driver import Robot, drive
from qgis.core import QgsProject, QgsVectorLayer


def scenario(robot: Robot):
    options = robot.options
    uri = f"file://{options['streets']}?delimiter=,&wktField=wkt&crs=epsg:4326&detectTypes=yes"
    streets = QgsVectorLayer(uri, "Streets", "delimitedtext")
    QgsProject.instance().addMapLayer(streets)
    yield from robot.open_run_dialog()
    dialog, form = robot.dialog, robot.dialog.form
    form.roads.layer.setLayer(streets)
    began = robot.now()
    robot.choose("profile", options["profile"])
    robot.type("trips", options["trips"])
    robot.choose("unit", "mph")
    robot.type("zone", "Europe/London")
    yield lambda: form.trips.count is not None and form.trips.preview is not None
    yield lambda: form.roads.match is not None and form.roads.match.asked > 0 and not form.busy
    yield lambda: robot.find("run").isEnabled()
    robot.report["filled"] = {
        "trips": form.trips.note.plain,
        "preview": form.trips.point.text(),
        "fields": form.trips.fields_note.plain,
        "roads": form.roads.note.plain,
        "footer": robot.find("footer").plain,
    }
    robot.screenshot("s3-filled", dialog)
    robot.click("run")
    yield lambda: not dialog.running
    yield robot.map_is_drawn
    robot.report["ended"] = dialog.banner.words.text() if dialog.finished_run is None else ""
    robot.report["title"] = dialog.page.title.text()
    robot.report["summary"] = dialog.page.summary.text()
    robot.report["read"] = robot.find("phase_reading").text()
    robot.report["layers"] = [layer.name() for layer in QgsProject.instance().layerTreeRoot().layerOrder()]
    robot.screenshot("s3-done", dialog)
    robot.measure("all", began)


drive(scenario)
