"""The person chooses a statistic, sets of days, periods and holidays, errs, and mends it."""

from driver import Robot, drive, pause
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication


def editor():
    windows = QApplication.topLevelWidgets()
    return next((w for w in windows if type(w).__name__ == "DaysEditor" and w.isVisible()), None)


def fill(window, rows):
    for row, cells in enumerate(rows):
        if row >= window.table.rowCount():
            window.add.click()
        for column, text in enumerate(cells):
            window.table.item(row, column).setText(text)


def scenario(robot: Robot):
    said = robot.report["said"] = {}
    yield from robot.open_run_dialog()
    form = robot.dialog.form
    yield lambda: not form.busy
    yield from pause(0.3)
    said["usual"] = form.show_.note.plain
    robot.type("zone", "Europe/London")
    robot.choose("statistic", "tti")
    said["with tti"] = form.show_.note.plain
    robot.report["tip"] = robot.find("statistic").toolTip()
    robot.find("statistic").showPopup()
    yield from pause(0.5)
    robot.screenshot("statistics-offered", robot.find("statistic").view().window())
    robot.find("statistic").hidePopup()
    form.show_.note.clicked.emit("statistics")
    yield from pause(0.5)
    robot.report["unfolded"] = not form.more.group.isCollapsed()
    robot.click("all_statistics")
    said["all"] = form.show_.note.plain
    robot.type("more_percentiles", "p10, trip_q90")
    yield from pause(0.3)
    said["percentile"] = robot.dialog.form.more.statistics.note.plain
    robot.screenshot("dialog-more", robot.dialog)
    robot.type("more_percentiles", "p10, trip_p90")
    robot.choose("statistic", "trip_p90")
    robot.click("usual_statistics")
    robot.report["computed"] = list(form.settings().computed)
    robot.choose("statistic", "reliability")
    robot.find("trim_stationary").setValue(180)
    robot.find("trim_metres").setValue(200)
    robot.dialog.resize(760, 1000)
    yield from pause(0.3)
    robot.screenshot("dialog-more-tall", robot.dialog)
    form.more.group.setCollapsed(True)
    robot.dialog.resize(760, 620)

    robot.choose("division", "named")
    said["no set"] = form.when.note.plain
    robot.click("edit_sets")
    yield lambda: editor() is not None
    window = editor()
    fill(window, [("Term", "Mon-Fri", "2025-01-06/2025-02-14"), ("Sundays", "Sundae", "")])
    yield from pause(0.2)
    said["wrong days"] = window.note.plain
    robot.report["marked"] = window.table.item(1, 1).toolTip()
    robot.report["ok"] = [window.ok.isEnabled()]
    robot.screenshot("sets-of-days-fault", window)
    fill(window, [("Term", "Mon-Fri", "2025-01-06/2025-02-14"), ("Term", "Sun", "")])
    said["twice"] = window.note.plain
    fill(window, [("Term", "Mon-Fri", "2025-01-06/2025-02-14"), ("Sundays", "Sun", "")])
    robot.report["ok"].append(window.ok.isEnabled())
    yield from pause(0.2)
    robot.screenshot("sets-of-days", window)
    robot.click(window.ok)
    yield lambda: editor() is None
    robot.click("edit_periods")
    yield lambda: editor() is not None
    window = editor()
    fill(window, [("AM peak", "Mon-Fri", "07:00-09:00", ""), ("Night", "", "22:00-06:00", "")])
    yield from pause(0.2)
    robot.screenshot("periods", window)
    robot.click(window.ok)
    yield lambda: editor() is None
    robot.type("holidays", "2025-12-25, Christmas")
    said["holidays"] = form.when.note.plain
    robot.screenshot("dialog-holidays", robot.dialog)
    robot.type("holidays", "2025-12-25, 2025-12-26")
    said["when"] = form.when.note.plain
    yield from pause(0.3)
    robot.screenshot("dialog-when", robot.dialog)
    robot.report["settings"] = form.settings().to_json()
    robot.click("edit_periods")
    yield lambda: editor() is not None
    robot.report["again"] = [
        [editor().table.item(row, column).text() for column in range(4)] for row in range(2)
    ]
    editor().reject()
    yield lambda: editor() is None
    heading = robot.find("statistic").model().item(0)
    robot.report["heading"] = [heading.text(), heading.flags() == Qt.ItemFlag.NoItemFlags]


drive(scenario)
