"""The person chooses a cluster, runs there, and gets the map here; the window never waits meanwhile."""

from cluster_steps import fill_in
from driver import Robot, drive, pause
from qgis.core import QgsProject
from qgis.utils import iface


def scenario(robot: Robot):
    iface.mainWindow().resize(1800, 1100)
    yield from pause(0.5)
    yield from fill_in(robot)
    dialog, form = robot.dialog, robot.dialog.form
    robot.report["filled"] = {
        "live": form.where.live.plain,
        "trips": form.trips.note.plain,
        "preview": form.trips.point.text(),
        "fields": form.trips.fields_note.plain,
        "roads": form.roads.note.plain,
        "browse": robot.find("browse").isVisible(),
        "footer": robot.find("footer").plain,
    }
    robot.screenshot("dialog-cluster", dialog)

    seen, shots = [], set()

    def moved(moment) -> None:
        seen.append(moment)
        name = moment.phase.name.lower()
        if name in ("reading", "computing", "fetching") and moment.done > 0.05 and name not in shots:
            shots.add(name)
            robot.screenshot(f"dialog-cluster-{name}", dialog)

    robot.click("run")
    dialog.task.moved.connect(moved)
    yield lambda: any(m.status is not None and m.status.files.done for m in seen) or not dialog.running
    robot.click("log_button")
    yield lambda: dialog.page.log.text.toPlainText() not in ("", "Reading…") or not dialog.running
    robot.report["log"] = dialog.page.log.text.toPlainText()
    robot.screenshot("dialog-cluster-log", dialog)
    if dialog.running:
        robot.click("log_button")
    yield lambda: not dialog.running
    robot.report["ended"] = dialog.banner.words.text() if dialog.finished_run is None else ""
    yield robot.map_is_drawn
    yield from pause(1.0)
    robot.measure("all", robot.opened)
    robot.report["phases"] = list(dict.fromkeys(moment.phase.name for moment in seen))
    robot.report["fetched"] = max(moment.fetched for moment in seen)
    robot.screenshot("dialog-cluster-done", dialog)
    robot.screenshot("beside-the-map")
    robot.report["title"] = dialog.page.title.text()
    robot.report["summary"] = dialog.page.summary.text()
    robot.report["layers"] = [layer.featureCount() for layer in QgsProject.instance().mapLayers().values()]
    robot.report["folder"] = str(dialog.finished_run.folder) if dialog.finished_run else ""
    dialog.page.summary.linkActivated.emit("points")
    robot.report["points"] = dialog.page.detail.toPlainText()
    robot.click("back")
    yield lambda: form.trips.count is not None and not form.busy
    robot.report["again"] = {"trips": form.trips.note.plain, "footer": robot.find("footer").plain}
    robot.screenshot("dialog-cluster-again", dialog)


drive(scenario)
