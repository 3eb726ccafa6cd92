"""The tutorial's steps in the windows: Demo city with its layers, the Run dialog, then other bins."""

import processing
from driver import Robot, drive, pause
from qgis.core import QgsProject
from qgis.utils import iface


def scenario(robot: Robot):
    folder = robot.options["folder"]
    iface.mainWindow().resize(1500, 940)
    yield from pause(0.5)
    processing.runAndLoadResults(
        "roadpulse:democity", {"TRIPS": 800, "SIZE": "small", "OUTPUT": f"{folder}/city"}
    )
    roads = QgsProject.instance().mapLayersByName("Roads")
    layers = QgsProject.instance().mapLayers().values()
    robot.report["layers"] = {layer.name(): layer.renderer().symbol().color().name() for layer in layers}

    yield from robot.open_run_dialog()
    dialog, form = robot.dialog, robot.dialog.form
    robot.type("trips", f"{folder}/city/trips")
    yield lambda: form.trips.count is not None and form.trips.preview is not None
    form.roads.layer.setLayer(roads[0])
    robot.type("zone", "Europe/London")
    robot.choose("unit", "mph")
    yield lambda: form.roads.match is not None and form.roads.match.asked > 0 and not form.busy
    robot.report["filled"] = {
        "trips": form.trips.note.plain,
        "id": form.roads.id_field.currentText(),
        "roads": form.roads.note.plain,
    }
    yield from pause(0.3)
    robot.screenshot("dialog-filled", dialog)
    for minutes in (60, 30):
        robot.choose("bins", minutes)
        yield lambda: robot.find("run").isEnabled() and not form.busy
        robot.click("run")
        yield lambda: not dialog.running
        yield from pause(0.5)
        yield robot.map_is_drawn
        robot.report.setdefault("summaries", []).append(dialog.page.summary.text())
        robot.report.setdefault("read", []).append(robot.find("phase_reading").text())
        if minutes == 60:  # the picture in the tutorial
            dialog.hide()
            iface.mainWindow().resize(1200, 760)
            yield from pause(1)
            iface.mapCanvas().zoomToFeatureExtent(iface.activeLayer().extent())
            yield from pause(1)
            yield robot.map_is_drawn
            robot.screenshot("map")
            dialog.show()
        robot.click("back")
        yield from pause(0.3)


drive(scenario)
