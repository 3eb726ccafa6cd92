"""The person looks for the trips in the buckets of a profile, from the Run dialog."""

from driver import Robot, drive, pause
from qgis.PyQt.QtWidgets import QDialog, QTreeWidgetItem
from qgis.utils import iface


def scenario(robot: Robot):
    options = robot.options
    iface.mainWindow().resize(1500, 940)
    yield from robot.open_run_dialog()
    robot.choose("profile", options["profile"])
    robot.type("trips", "s3://")
    yield lambda: robot.find("browse").isVisible()
    yield from pause(0.5)
    opened = robot.now()
    robot.click("browse")
    yield lambda: browser_of(robot) is not None and browser_of(robot).isVisible()
    browser = browser_of(robot)
    tree, contents = browser.tree, browser.contents
    yield lambda: tree.topLevelItemCount() > 1
    robot.report["buckets"] = [tree.topLevelItem(at).text(0) for at in range(tree.topLevelItemCount())]
    top = tree.invisibleRootItem()
    bucket = child(top, options["bucket"])
    bucket.setExpanded(True)
    yield lambda: child(bucket, "2019") is not None
    year = child(bucket, "2019")
    tree.setCurrentItem(year)
    year.setExpanded(True)
    yield lambda: child(year, "06") is not None
    yield lambda: contents.counted is not None and contents.fields.rowCount() > 0
    yield from pause(0.3)
    robot.report["numbers"] = contents.numbers.text()
    robot.measure("browsing", opened)
    robot.screenshot("s3-browser", browser)
    robot.screenshot("s3-browser-in-qgis")
    robot.click(browser.choose)
    yield lambda: robot.find("trips").text().startswith("s3://" + options["bucket"])
    robot.report["trips"] = robot.find("trips").text()
    yield lambda: robot.dialog.form.trips.count is not None
    robot.report["note"] = robot.dialog.form.trips.note.plain
    robot.screenshot("s3-chosen", robot.dialog)


def child(item: QTreeWidgetItem, name: str) -> QTreeWidgetItem | None:
    found = (item.child(at) for at in range(item.childCount()))
    return next((each for each in found if each.text(0) == name), None)


def browser_of(robot: Robot) -> QDialog:
    return robot.dialog.findChild(QDialog, "RoadpulseS3Browser")


drive(scenario)
