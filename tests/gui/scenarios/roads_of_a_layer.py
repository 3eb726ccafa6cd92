"""Roads of a layer of the project, with a look back at a view that the person chose; then the same again."""

from driver import Robot, drive, pause
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

from roadpulse.mapping.style.symbology import drawn_statistic


def another_statistic(robot: Robot):
    """Show one that the map file holds, then one that it lacks; the map is made again for it."""
    layer = iface.activeLayer()
    robot.dialog.close()
    for key, name in (("p85", "held"), ("tti", "lacking")):
        robot.ui.other_statistic.action.trigger()
        yield lambda: chooser() is not None
        window = chooser()
        window.chooser.set_key(key)
        robot.report[name] = window.note.plain
        yield from pause(0.3)
        robot.screenshot(f"other-statistic-{name}", window)
        robot.click(window.ok)
        yield lambda key=key: drawn_statistic(layer) == key
        yield robot.map_is_drawn
        robot.report[f"{name} name"] = layer.name()
    yield from pause(1.0)
    yield robot.map_is_drawn
    robot.report["remade"] = [layer.isValid(), layer.fields().indexOf("tti") >= 0, layer.featureCount() > 100]
    robot.screenshot("other-statistic-map")


def chooser():
    windows = QApplication.topLevelWidgets()
    return next((w for w in windows if w.objectName() == "other_statistic" and w.isVisible()), None)


def scenario(robot: Robot):
    options = robot.options
    # A window too narrow for its status bar grows with what that says, and its map with it.
    iface.mainWindow().resize(1500, 940)
    yield from pause(0.5)
    uri = f"file://{options['streets']}?delimiter=,&wktField=wkt&crs=epsg:4326&detectTypes=yes"
    streets = QgsVectorLayer(uri, "Streets", "delimitedtext")
    QgsProject.instance().addMapLayer(streets)
    yield from robot.open_run_dialog()
    dialog, form = robot.dialog, robot.dialog.form
    robot.report["kind"] = form.roads.kind.currentText()
    form.roads.layer.setLayer(streets)
    robot.type("trips", options["trips"])
    robot.choose("unit", "mph")
    yield lambda: form.roads.match is not None and form.roads.match.asked > 0 and not form.busy
    robot.report["roads"] = form.roads.note.plain
    robot.report["fields"] = [form.roads.id_field.currentText(), form.roads.name_field.currentText()]
    views, crs = [], QgsProject.instance().crs().authid()
    for _ in range(2):
        yield lambda: robot.find("run").isEnabled() and not form.busy
        robot.report["estimate"] = robot.find("footer").plain
        robot.click("run")
        yield lambda: not dialog.running
        yield from pause(0.5)
        robot.report.setdefault("titles", []).append(dialog.page.title.text())
        robot.report.setdefault("read", []).append(robot.find("phase_reading").text())
        views.append(iface.mapCanvas().extent().toString(3))
        iface.mapCanvas().zoomByFactor(0.5)
        views.append(iface.mapCanvas().extent().toString(3))
        robot.click("back")
        yield from pause(0.3)
    robot.report["view_kept"] = views[1] == views[2]
    robot.report["views"] = views
    robot.report["crs_kept"] = QgsProject.instance().crs().authid() == crs
    robot.report["layers"] = [layer.name() for layer in QgsProject.instance().layerTreeRoot().layerOrder()]
    yield from another_statistic(robot)


drive(scenario)
