"""The person fills the Run dialog in, clicks Run, watches, and looks at the map."""

from driver import Robot, drive, pause, store_connection
from qgis.core import QgsDateTimeRange, QgsGraduatedSymbolRenderer, QgsProject, QgsTemporalNavigationObject
from qgis.utils import iface


def scenario(robot: Robot):
    options = robot.options
    store_connection(options["connection_name"], options["postgis"])
    iface.mainWindow().resize(1800, 1100)
    yield from pause(0.5)
    opened = robot.now()
    robot.ui.run_dialog.action.trigger()
    yield lambda: robot.dialog is not None and robot.dialog.isVisible()
    dialog, form = robot.dialog, robot.dialog.form
    yield lambda: form.loaded
    yield from pause(0.3)
    robot.measure("opening", opened)
    robot.screenshot("dialog-empty", dialog)
    robot.report["empty"] = {"run": robot.find("run").isEnabled(), "footer": robot.find("footer").plain}

    filling = robot.now()
    robot.type("trips", options["trips"])
    yield lambda: form.trips.count is not None and form.trips.preview is not None
    robot.report["guesses"] = form.trips.guesses.texts
    robot.choose("unit", options["unit"])
    robot.type("zone", options["zone"])
    robot.find("min_trips").setValue(options.get("min_trips", 5))
    yield lambda: form.roads.table.count() > 0
    robot.find("table").setCurrentText(options["table"])
    yield lambda: form.roads.match is not None and form.roads.match.asked > 0 and not form.busy
    yield from pause(0.3)
    robot.report["filled"] = {
        "trips": form.trips.note.plain,
        "preview": form.trips.point.text(),
        "fields": form.trips.fields_note.plain,
        "roads": form.roads.note.plain,
        "footer": robot.find("footer").plain,
    }
    robot.measure("filling", filling)
    robot.screenshot("dialog-filled", dialog)

    seen, values = [], set()
    started = robot.now()
    robot.click("run")
    dialog.task.moved.connect(seen.append)
    dialog.page.bar.valueChanged.connect(values.add)
    half = {"taken": False}

    def look() -> bool:
        if not half["taken"] and len(values) > 1:
            half["taken"] = True
            robot.screenshot("dialog-running", dialog)
        return not dialog.running

    yield look
    yield robot.map_is_drawn
    yield from pause(1.5)
    yield robot.map_is_drawn
    robot.measure("running", started)
    robot.report["progress"] = sorted(values)
    robot.report["phases"] = list(dict.fromkeys(moment.phase.name for moment in seen))
    robot.screenshot("dialog-done", dialog)
    robot.report["title"] = dialog.page.title.text()
    robot.report["summary"] = dialog.page.summary.text()

    layer = next(iter(QgsProject.instance().mapLayers().values()))
    renderer = layer.renderer()
    robot.report["layer"] = {
        "name": layer.name(),
        "features": layer.featureCount(),
        "valid": layer.isValid(),
        "graduated": isinstance(renderer, QgsGraduatedSymbolRenderer),
        "classes": [entry.label() for entry in renderer.ranges()],
        "temporal": layer.temporalProperties().isActive(),
        "output": dialog.finished_run.job.output,
        "folder": str(dialog.finished_run.folder),
    }
    canvas = iface.mapCanvas()
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    robot.report["zoomed"] = canvas.extent().contains(extent)
    whole_day = canvas.mapSettings().temporalRange()
    robot.report["whole_day"] = robot.colours()

    for name in ("trips", "points", "links", "no_link", "map"):
        dialog.page.summary.linkActivated.emit(name)
        robot.report.setdefault("details", {})[name] = dialog.page.detail.toPlainText()
    robot.screenshot("beside-the-map")

    controller: QgsTemporalNavigationObject = canvas.temporalController()
    controller.setNavigationMode(QgsTemporalNavigationObject.NavigationMode.Animated)
    robot.report["frames"] = controller.totalFrameCount()
    for hour in (3, 8):
        controller.setCurrentFrameNumber(hour)
        yield from pause(0.3)
        yield robot.map_is_drawn
        yield from pause(0.8)
        yield robot.map_is_drawn
        shown: QgsDateTimeRange = canvas.mapSettings().temporalRange()
        robot.report[f"hour_{hour}"] = {
            "shown": shown.begin().time().toString("HH:mm"),
            "colours": robot.colours(),
        }
    robot.report["whole_day_infinite"] = whole_day.isInfinite()
    dialog.close()
    yield from pause(0.5)
    robot.screenshot("map")


drive(scenario)
