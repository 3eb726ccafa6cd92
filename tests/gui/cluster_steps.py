"""What several scenarios do with a cluster: open the dialog, choose it, name the trips."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from driver import Robot, pause, store_connection

Steps = Iterator[Callable[[], bool]]


def open_dialog(robot: Robot) -> Steps:
    yield from robot.open_run_dialog()
    robot.opened = robot.now()  # that opening takes no time is measured elsewhere


def fill_in(robot: Robot) -> Steps:
    """Everything that a run on the cluster needs."""
    options = robot.options
    store_connection("Roads", options["postgis"])
    yield from open_dialog(robot)
    form = robot.dialog.form
    robot.choose("profile", options["profile"])
    yield lambda: form.where.watch.state is not None
    robot.type("trips", options["trips"])
    robot.choose("unit", "mph")
    robot.type("zone", "Europe/London")
    yield lambda: form.roads.table.count() > 0
    robot.find("table").setCurrentText("roads.streets")
    yield lambda: form.trips.count is not None and form.trips.preview is not None
    yield lambda: form.roads.match is not None and form.roads.match.asked > 0 and not form.busy
    yield from pause(0.3)
