"""A run that fails, one that is cancelled, one that succeeds: each said in the message bar or the page."""

from driver import Robot, drive, pause, store_connection
from qgis.gui import QgsMessageViewer
from qgis.PyQt.QtWidgets import QApplication, QPlainTextEdit, QTextBrowser, QTextEdit


def viewer_shown():
    return next(
        (w for w in QApplication.topLevelWidgets() if isinstance(w, QgsMessageViewer) and w.isVisible()), None
    )


def scenario(robot: Robot):
    options = robot.options
    store_connection("Roads", options["postgis"])
    yield from robot.open_run_dialog()
    dialog, form = robot.dialog, robot.dialog.form
    robot.type("trips", options["broken"])
    yield lambda: form.roads.table.count() > 0
    robot.find("table").setCurrentText("roads.streets")
    form.more.bad_files.setCurrentIndex(1)
    yield lambda: robot.find("run").isEnabled() and not form.busy
    robot.click("run")
    yield lambda: not dialog.running
    yield from pause(0.5)
    robot.report["error"] = dialog.banner.words.text()
    robot.screenshot("dialog-error", dialog)
    robot.click("details")
    yield lambda: viewer_shown() is not None
    yield from pause(0.2)
    viewer = viewer_shown()
    texts = [
        w.toPlainText()
        for kind in (QTextBrowser, QTextEdit, QPlainTextEdit)
        for w in viewer.findChildren(kind)
    ]
    robot.report["details"] = "\n".join(texts)
    viewer.close()
    robot.type("trips", options["trips"])
    yield lambda: robot.find("run").isEnabled() and not form.busy
    robot.click("run")
    yield lambda: robot.dialog.page.bar.value() > 0
    robot.click("cancel")
    yield lambda: not dialog.running
    yield from pause(0.3)
    robot.report["cancelled"] = dialog.banner.words.text()
    robot.screenshot("dialog-cancelled", dialog)
    robot.report["form_again"] = robot.find("run").isVisible()


drive(scenario)
