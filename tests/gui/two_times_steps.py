"""Steps of `scenarios/publish.py`: two times of a map side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driver import Robot, pause
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.utils import iface
from time_bar_steps import Eyes

LEFT = Qt.MouseButton.LeftButton


def right_edge(canvas: Any) -> int:
    """Pixels between a canvas and the right edge of the window."""
    window = canvas.window()
    return window.width() - canvas.mapTo(window, QPoint(canvas.width(), 0)).x()


def view(canvas: Any) -> list[float]:
    """Centre, scale and rotation."""
    return [canvas.center().x(), canvas.center().y(), canvas.scale(), canvas.rotation()]


def steps(robot: Robot) -> Iterator[Any]:
    from tests.qgis import speed_maps as maps

    seen: dict[str, Any] = robot.report.setdefault("two_times", {})
    eyes, main = Eyes(robot), iface.mapCanvas()
    layer = iface.addVectorLayer(
        f"{Path(robot.options['folder']) / 'day.gpkg'}|layername=links", "Speeds", "ogr"
    )
    yield lambda: eyes.track.model is not None
    speeds = {"3": maps.SPEED_AT_3, "8": maps.SPEED_AT_8}
    seen["colour"] = {
        hour: layer.renderer().symbolForValue(speed).color().name() for hour, speed in speeds.items()
    }
    robot.click(eyes.button(eyes.bar.worst))
    yield lambda: eyes.words().startswith("08:00")
    yield from pause(0.3)
    edge, since = right_edge(main), robot.now()
    feature = robot.ui.two_times
    robot.click(eyes.button(feature.action))
    yield lambda: feature.dock is not None and feature.dock.isVisible()
    yield from pause(0.5)
    dock, second = feature.dock, feature.dock.canvas
    seen["opened"] = [eyes.feature.clock.lines[0], dock.clock.lines[0]]
    area = dock.track._area()
    at = area.left() + dock.track.model.left(3, area.width()) + dock.track.model.bin_width(area.width()) / 2
    QTest.mouseClick(dock.track, LEFT, Qt.KeyboardModifier.NoModifier, at_height(dock.track, at))
    yield lambda: dock.clock.lines[0].startswith("03:00")
    yield lambda: not main.isDrawing() and not second.isDrawing()
    yield from pause(0.3)
    seen["times"] = [canvas.temporalRange().begin().toString("HH:mm") for canvas in (main, second)]
    seen["clocks"] = [eyes.feature.clock.lines[0], dock.clock.lines[0]]
    robot.measure("two times", since)
    yield lambda: robot.colours(second).get(seen["colour"]["3"], 0) > 100
    seen["colours"] = [robot.colours(), robot.colours(second)]
    robot.screenshot("two-times")
    since = robot.now()
    yield from keep_in_step(main, second, seen)
    robot.measure("linked canvases", since)
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    node.setItemVisibilityChecked(False)
    yield lambda: not main.layers()
    yield from pause(0.1)
    seen["hidden layer"] = [[one.name() for one in canvas.layers()] for canvas in (main, second)]
    node.setItemVisibilityChecked(True)
    seen["main alone"] = eyes.hour()
    dock.close()
    yield lambda: feature.dock is None
    robot.click(eyes.button(eyes.bar.on_map))
    yield from pause(0.5)
    seen["closed"] = {
        "pressed": feature.action.isChecked(),
        "canvases": len(iface.mapCanvases()),
        "same edge": right_edge(main) == edge,
        "clock": list(eyes.feature.clock.lines),
    }
    robot.click(eyes.button(eyes.bar.on_map))
    iface.newProject()
    yield eyes.bar.isHidden


def keep_in_step(main: Any, second: Any, seen: dict[str, Any]) -> Iterator[Any]:
    counts = {"main": 0, "second": 0}

    def count(name: str) -> None:
        counts[name] += 1

    main.extentsChanged.connect(lambda: count("main"))
    second.extentsChanged.connect(lambda: count("second"))
    yield from act_and_look("zoomed", lambda: main.zoomByFactor(0.4), main, second, counts, seen)
    yield from act_and_look("moved", lambda: move(second), main, second, counts, seen)
    yield from act_and_look("turned", lambda: main.setRotation(30), main, second, counts, seen)
    window = iface.mainWindow()
    yield from act_and_look("resized", lambda: window.resize(1300, 840), main, second, counts, seen)
    window.resize(1500, 940)
    second.setRotation(0)
    yield lambda: main.rotation() == 0


def move(canvas: Any) -> None:
    centre = canvas.center()
    centre.setX(centre.x() + 100)
    canvas.setCenter(centre)


def act_and_look(
    name: str, act: Any, main: Any, second: Any, counts: dict[str, int], seen: dict[str, Any]
) -> Iterator[Any]:
    before = view(main)
    counts.update(main=0, second=0)
    act()
    yield from pause(0.7)
    seen[name] = {
        "before": before, "views": [view(main), view(second)], "signals": list(counts.values()),
    }  # fmt: skip


def at_height(track: Any, x: float) -> QPoint:
    return QPoint(round(x), track.height() // 2)
