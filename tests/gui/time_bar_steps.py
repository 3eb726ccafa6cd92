"""Steps of `scenarios/publish.py`: the time bar, beside QGIS's own temporal controller."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from driver import Robot, pause
from qgis.core import QgsProject, QgsTemporalNavigationObject, QgsVectorLayer
from qgis.PyQt.QtCore import QDateTime, QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDateTimeEdit,
    QDockWidget,
    QDoubleSpinBox,
    QSlider,
    QToolButton,
)
from qgis.utils import iface

LEFT = Qt.MouseButton.LeftButton


def write_maps(robot: Robot) -> tuple[Path, Path]:
    """Write a map of a day and one of a week into Home."""
    sys.path.insert(0, robot.options["root"])
    import pandas as pd

    from roadpulse.aggregation.contract.days import Days
    from roadpulse.mapping.style.options import StyleOptions
    from roadpulse.mapping.style.saved_styles import save_style
    from roadpulse.mapping.style.symbology import style_layer
    from roadpulse.mapping.writer.geopackage import write_geopackage
    from tests.qgis import speed_maps as maps

    home = Path(robot.options["folder"])
    day, week = home / "day.gpkg", home / "week.gpkg"
    maps.write(day)
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    rows = [
        (link, name, f"{hour:02d}:00", 10 + hour * (7 - at), 6, 20.0 - (at == 4 and hour == 17) * 12, 2.0)
        for link in (maps.EAST, maps.WEST)
        for at, name in enumerate(names)
        for hour in range(24)
    ]
    columns = ["link_id", "days", "bin", "n_points", "n_trips", "mean", "std"]
    spec = replace(maps.SPEC, days=Days.from_json("weekdays"), statistics=("mean", "std"))
    write_geopackage(week, maps.speeds(), pd.DataFrame(rows, columns=columns), maps.links(), {}, spec)
    for path in (day, week):  # as `Join links` does, so that a map comes styled into any project
        layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
        style_layer(layer, StyleOptions.from_run_table(layer))
        save_style(layer)
    return day, week


class Eyes:
    """What the person sees of bar and map."""

    def __init__(self, robot: Robot) -> None:
        self.feature = robot.ui.time_bar
        self.bar = self.feature.bar
        self.track = self.bar.track
        self.controller: QgsTemporalNavigationObject = iface.mapCanvas().temporalController()
        self.panel = iface.mainWindow().findChild(QDockWidget, "Temporal Controller")

    def words(self) -> str:
        return self.bar.clock.text()

    def hour(self) -> str | None:
        """The hour that the map itself shows."""
        shown = iface.mapCanvas().temporalRange()
        return None if shown.isInfinite() else shown.begin().toString("ddd HH:mm")

    def place_of(self, number: int) -> QPoint:
        """The middle of a bin of the track."""
        place = self.track._area()
        left = self.track.model.left(number, place.width())
        return QPoint(
            round(place.left() + left + self.track.model.bin_width(place.width()) / 2),
            self.track.height() // 2,
        )

    def button(self, action: Any) -> Any:
        return self.bar.widgetForAction(action)

    def part(self, kind: type, name: str) -> Any:
        return self.panel.findChild(kind, name)

    def panel_says(self) -> dict[str, Any]:
        """What QGIS's own panel shows."""
        return {
            "animated": self.part(QToolButton, "mNavigationAnimated").isChecked(),
            "frame": self.part(QSlider, "mAnimationSlider").value(),
            "step": [
                self.part(QDoubleSpinBox, "mStepSpinBox").value(),
                self.part(QComboBox, "mTimeStepsComboBox").currentText(),
            ],
            "range": [
                self.part(QDateTimeEdit, name).dateTime().toString("yyyy-MM-dd HH:mm")
                for name in ("mStartDateTime", "mEndDateTime")
            ],
        }


def steps(robot: Robot) -> Iterator[Any]:
    seen: dict[str, Any] = robot.report.setdefault("time_bar", {})
    day, week = write_maps(robot)
    eyes = Eyes(robot)
    seen["hidden at first"] = eyes.bar.isHidden()
    yield from pause(0.2)
    since = robot.now()
    iface.addVectorLayer(f"{day}|layername=links", "Speeds", "ogr")
    yield lambda: eyes.bar.isVisible() and eyes.track.model is not None
    yield from pause(0.3)
    seen["off"] = [eyes.words(), eyes.hour()]
    yield from play(robot, eyes, seen)
    yield from walk(robot, eyes, seen)
    yield from beside_the_panel(eyes, seen)
    robot.measure("time bar", since)
    yield from keep(robot, eyes, seen, Path(robot.options["folder"]) / "kept.qgs")
    yield from follow_layers(robot, eyes, seen, week)
    iface.newProject()
    yield eyes.bar.isHidden
    seen["hidden at last"] = True
    yield from pause(0.1)
    seen["new project"] = eyes.hour()


def play(robot: Robot, eyes: Eyes, seen: dict[str, Any]) -> Iterator[Any]:
    robot.click(eyes.button(eyes.bar.play))
    yield lambda: eyes.controller.currentFrameNumber() >= 2
    seen["playing"] = [
        eyes.bar.play.text(),
        eyes.controller.animationState().name
        if hasattr(eyes.controller.animationState(), "name")
        else str(eyes.controller.animationState()),
    ]
    robot.click(eyes.button(eyes.bar.play))
    yield from pause(0.3)
    at = eyes.controller.currentFrameNumber()
    yield from pause(0.8)
    seen["paused"] = [eyes.bar.play.text(), eyes.controller.currentFrameNumber() - at]
    seen["panel"] = eyes.panel_says()
    robot.click(eyes.button(eyes.bar.first))
    yield lambda: eyes.words().startswith("00:00")
    seen["first"] = eyes.hour()
    robot.click(eyes.button(eyes.bar.next))
    yield lambda: eyes.words().startswith("01:00")
    seen["next"] = eyes.hour()
    robot.click(eyes.button(eyes.bar.previous))
    yield lambda: eyes.words().startswith("00:00")
    robot.click(eyes.button(eyes.bar.worst))
    yield lambda: not eyes.words().startswith("00:00")
    seen["worst"] = [eyes.hour(), eyes.words(), eyes.bar.worst.text()]
    yield from pause(0.5)
    seen["clock"] = list(eyes.feature.clock.lines)
    robot.screenshot("time-bar-day")


def walk(robot: Robot, eyes: Eyes, seen: dict[str, Any]) -> Iterator[Any]:
    track = eyes.track
    QTest.mouseClick(track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(17))
    yield lambda: eyes.words().startswith("17:00")
    seen["clicked"] = eyes.hour()
    QTest.mousePress(track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(17))
    for number in (18, 19, 20):
        drag(track, eyes.place_of(number))
    QTest.mouseRelease(track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(20))
    yield lambda: eyes.words().startswith("20:00")
    seen["dragged"] = eyes.hour()
    track.setFocus()
    hours = []
    for key in (
        Qt.Key.Key_Home,
        Qt.Key.Key_Right,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Left,
        Qt.Key.Key_End,
        Qt.Key.Key_Right,
    ):
        QTest.keyClick(track, key)
        yield from pause(0.1)
        hours.append(eyes.hour())
    seen["keys"] = hours
    seen["described"] = [track.accessibleName(), track.accessibleDescription()]
    QTest.keyClick(track, Qt.Key.Key_Space)
    yield lambda: eyes.bar.play.text() == "Pause"
    QTest.keyClick(track, Qt.Key.Key_Space)
    yield lambda: eyes.bar.play.text() == "Play"
    robot.click(eyes.button(eyes.bar.loop))
    yield from pause(0.1)
    seen["loops"] = eyes.controller.isLooping()
    QTest.mouseClick(track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(23))
    yield lambda: eyes.words().startswith("23:00")
    robot.click(eyes.button(eyes.bar.next))
    yield lambda: eyes.words().startswith("00:00")
    robot.click(eyes.button(eyes.bar.loop))
    yield from pause(0.1)
    seen["loops no more"] = eyes.controller.isLooping()
    next(one for one in eyes.bar.speed_menu.actions() if one.data() == 8).trigger()
    yield lambda: eyes.bar.speed.text() == "8/s"
    seen["speed"] = [
        eyes.controller.framesPerSecond(),
        QgsProject.instance().timeSettings().framesPerSecond(),
    ]
    yield from close_the_bar(eyes, seen)
    robot.click(eyes.button(eyes.bar.on_map))
    yield lambda: not eyes.feature.clock.lines
    robot.click(eyes.button(eyes.bar.on_map))
    yield lambda: bool(eyes.feature.clock.lines)


def close_the_bar(eyes: Eyes, seen: dict[str, Any]) -> Iterator[Any]:
    """Close the bar as View > Toolbars does; its keys work without it, and it stays closed."""
    window, entry = iface.mainWindow(), eyes.bar.toggleViewAction()
    entry.trigger()
    QApplication.setActiveWindow(window)  # there is no window manager
    QTest.keyClick(window, Qt.Key.Key_F8)
    yield lambda: eyes.bar.play.text() == "Pause"
    QTest.keyClick(window, Qt.Key.Key_F8)
    yield lambda: eyes.bar.play.text() == "Play"
    QTest.keyClick(window, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    yield lambda: eyes.words().startswith("08:00")
    hours = []
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Comma):
        QTest.keyClick(window, key, Qt.KeyboardModifier.AltModifier)
        yield from pause(0.1)
        hours.append(eyes.hour())
    QgsProject.instance().mapLayersByName("Speeds")[0].setName("Speeds")
    iface.setActiveLayer(None)
    yield from pause(0.2)
    seen["closed"] = [eyes.bar.isHidden(), hours]
    entry.trigger()
    yield eyes.bar.isVisible


def drag(track: Any, at: QPoint) -> None:
    """Move the mouse with its left button pressed; `QTest.mouseMove` forgets the button."""
    from qgis.PyQt.QtCore import QEvent, QPointF
    from qgis.PyQt.QtGui import QMouseEvent

    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), QPointF(track.mapToGlobal(at)), LEFT, LEFT,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(track, event)


def beside_the_panel(eyes: Eyes, seen: dict[str, Any]) -> Iterator[Any]:
    """The person uses QGIS's panel: the bar follows, and changes nothing there."""
    eyes.part(QSlider, "mAnimationSlider").setValue(5)
    yield lambda: eyes.words().startswith("05:00")
    eyes.part(QDateTimeEdit, "mStartDateTime").setDateTime(
        QDateTime.fromString("2025-01-01T06:00:00Z", Qt.DateFormat.ISODate)
    )
    eyes.part(QDateTimeEdit, "mEndDateTime").setDateTime(
        QDateTime.fromString("2025-01-01T10:00:00Z", Qt.DateFormat.ISODate)
    )
    yield from pause(0.3)
    seen["bounds"] = list(eyes.track._bounds)
    eyes.part(QSlider, "mAnimationSlider").setValue(3)
    yield lambda: eyes.words().startswith("09:00")
    QTest.mouseClick(eyes.button(eyes.bar.next), LEFT)
    yield from pause(0.3)
    seen["end of the range"] = [eyes.hour(), eyes.panel_says()["range"]]
    QTest.mouseClick(eyes.track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(8))
    yield lambda: eyes.words().startswith("08:00")
    seen["inside the range"] = eyes.panel_says()["range"]
    QTest.mouseClick(eyes.track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(17))
    yield lambda: eyes.words().startswith("17:00")
    seen["beyond the range"] = eyes.panel_says()["range"]
    QTest.mouseClick(eyes.part(QToolButton, "mNavigationOff"), LEFT)
    eyes.part(QToolButton, "mNavigationOff").click()
    yield lambda: eyes.words().startswith("Whole period")
    yield from pause(0.5)
    seen["switched off"] = [eyes.hour(), eyes.track.current, list(eyes.feature.clock.lines)]


def keep(robot: Robot, eyes: Eyes, seen: dict[str, Any], path: Path) -> Iterator[Any]:
    """Save the project at 17:00, and open it again."""
    QTest.mouseClick(eyes.track, LEFT, Qt.KeyboardModifier.NoModifier, eyes.place_of(17))
    yield lambda: eyes.words().startswith("17:00")
    QgsProject.instance().write(str(path))
    iface.newProject()
    yield eyes.bar.isHidden
    iface.addProject(str(path))
    yield lambda: eyes.bar.isVisible() and eyes.words().startswith("17:00")
    yield from pause(0.5)
    seen["opened again"] = [eyes.hour(), eyes.panel_says(), eyes.controller.framesPerSecond()]


def follow_layers(robot: Robot, eyes: Eyes, seen: dict[str, Any], week: Path) -> Iterator[Any]:
    """A second map, of a week, and what the bar says of maps that do not play."""
    layer = QgsProject.instance().mapLayersByName("Speeds")[0]
    second = iface.addVectorLayer(f"{week}|layername=links", "Week", "ogr")
    iface.setActiveLayer(second)
    yield lambda: eyes.track.model is not None and len(eyes.track.model) == 168
    robot.click(eyes.button(eyes.bar.worst))
    yield lambda: eyes.words().startswith("Fri")
    yield from pause(0.5)
    seen["week"] = [eyes.words(), eyes.hour(), eyes.panel_says()["range"], list(eyes.feature.clock.lines)]
    robot.screenshot("time-bar-week")
    QgsProject.instance().layerTreeRoot().findLayer(second.id()).setItemVisibilityChecked(False)
    yield lambda: len(eyes.track.model) == 24
    QgsProject.instance().layerTreeRoot().findLayer(second.id()).setItemVisibilityChecked(True)
    yield lambda: len(eyes.track.model) == 168
    QgsProject.instance().removeMapLayer(second.id())
    yield lambda: eyes.track.model is not None and len(eyes.track.model) == 24
    layer.temporalProperties().setIsActive(False)
    yield lambda: eyes.track.model is None
    seen["does not follow"] = [eyes.track.note, eyes.bar.play.isEnabled(), eyes.bar.isVisible()]
    robot.screenshot("time-bar-reason", eyes.bar)
