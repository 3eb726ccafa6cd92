"""Inside QGIS: steps of a scenario taken one by one from QGIS's own event loop, as a person would.

    def scenario(robot):
        robot.click("run")
        yield lambda: robot.dialog.finished_run is not None

    drive(scenario)

A scenario yields conditions, and goes on when they hold; nothing ever waits inside the event loop.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from heartbeat import Heartbeat
from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtCore import QObject, QPoint, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QPainter, QPixmap
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialog, QWidget
from qgis.utils import iface

PATIENCE = float(os.environ.get("ROADPULSE_GUI_PATIENCE", "120"))

_kept: list[Any] = []
"""Whatever a timer calls has to be held by Python, or the garbage collector takes it."""


class Robot:
    """The person: finds widgets by their names, clicks, types, looks."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = json.loads(os.environ["ROADPULSE_GUI_OPTIONS"])
        self.report: dict[str, Any] = {"screens": []}
        self.heart = Heartbeat()
        self.iface = iface

    @property
    def ui(self) -> Any:
        """Roadpulse's `PluginGui`."""
        import qgis.utils

        return qgis.utils.plugins["roadpulse"]._windows

    @property
    def dialog(self) -> Any:
        return self.ui.run_dialog.dialog

    def open_run_dialog(self) -> Iterator[Callable[[], bool]]:
        """Open the Run dialog by its action; ends when its form has loaded."""
        self.ui.run_dialog.action.trigger()
        yield lambda: self.dialog is not None and self.dialog.isVisible() and self.dialog.form.loaded

    def find(self, name: str, within: QWidget | None = None) -> Any:
        found = (within or self.dialog).findChild(QWidget, name)
        if found is None:
            raise AssertionError(f"there is no widget {name!r}")
        return found

    def click(self, widget: str | QWidget) -> None:
        target = self.find(widget) if isinstance(widget, str) else widget
        if not target.isVisible() or not target.isEnabled():
            raise AssertionError(f"{target.objectName()!r} cannot be clicked: visible {target.isVisible()}, "
                                 f"enabled {target.isEnabled()}")  # fmt: skip
        QTest.mouseClick(target, Qt.MouseButton.LeftButton)

    def type(self, name: str, text: str) -> None:
        field = self.find(name)
        field.setFocus()
        field.clear()
        QTest.keyClicks(field, text)

    def choose(self, name: str, data: Any) -> None:
        chooser = self.find(name)
        at = chooser.findData(data)
        if at < 0:
            at = chooser.findText(str(data))
        if at < 0:
            raise AssertionError(f"{name!r} has no entry {data!r}")
        chooser.setCurrentIndex(at)

    def screenshot(self, name: str, widget: QWidget | None = None) -> None:
        """Save what the screen shows of a widget, or of QGIS with all its windows on top."""
        folder = self.options.get("screens")
        if not folder:
            return
        path = Path(folder) / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if widget is not None:
            picture = widget.grab()
        else:
            main = iface.mainWindow()
            picture = QPixmap(main.size())
            picture.fill(Qt.GlobalColor.white)
            painter = QPainter(picture)
            main.render(painter, QPoint(0, 0))
            origin = main.mapToGlobal(QPoint(0, 0))
            for window in QApplication.topLevelWidgets():
                if window is not main and isinstance(window, QDialog) and window.isVisible():
                    _paint_window(painter, window, window.mapToGlobal(QPoint(0, 0)) - origin)
            painter.end()
        picture.save(str(path))
        self.report["screens"].append(str(path))
        self.heart.forgive()

    @staticmethod
    def now() -> float:
        """A moment for `heart`."""
        return time.perf_counter()

    def measure(self, name: str, since: float) -> None:
        """Report the longest gaps of the event loop after a moment; `desktop.waits` judges them."""
        self.report.setdefault("gaps", {})[name] = self.heart.largest(since)

    def colours(self, canvas: QWidget | None = None) -> dict[str, int]:
        """How many of the pixels of the map, or of another canvas, every third, have each colour."""
        image = (canvas or iface.mapCanvas()).grab().toImage()
        found: dict[str, int] = {}
        for y in range(0, image.height(), 3):
            for x in range(0, image.width(), 3):
                name = image.pixelColor(x, y).name()
                found[name] = found.get(name, 0) + 1
        return found

    def map_is_drawn(self) -> bool:
        return not iface.mapCanvas().isDrawing()


def _paint_window(painter: QPainter, window: QWidget, at: QPoint) -> None:
    """A window with a title bar, which Xvfb has nobody to draw."""
    painter.setPen(QColor("#9aa0a6"))
    painter.setBrush(QColor("#dfe2e6"))
    painter.drawRect(at.x() - 1, at.y() - 29, window.width() + 1, window.height() + 29)
    painter.setPen(QColor("#202124"))
    painter.drawText(
        at.x(), at.y() - 28, window.width(), 28, int(Qt.AlignmentFlag.AlignCenter), window.windowTitle()
    )
    window.render(painter, at)


def pause(seconds: float) -> Iterator[Callable[[], bool]]:
    """Let the event loop turn for a while, where there is no condition to wait for."""
    end = time.monotonic() + seconds
    yield lambda: time.monotonic() > end


def store_connection(name: str, address: dict[str, Any]) -> None:
    """Store a PostGIS connection as the person would have done in the Browser."""
    settings = QgsSettings()
    values = {
        "host": address["host"], "port": str(address["port"]), "database": address["dbname"],
        "username": address["user"], "password": address["password"], "sslmode": "SslDisable",
        "saveUsername": "true", "savePassword": "true",
    }  # fmt: skip
    for key, value in values.items():
        settings.setValue(f"PostgreSQL/connections/{name}/{key}", value)


class Director(QObject):
    """Takes the steps of a scenario; writes the report and closes QGIS at its end."""

    def __init__(self, scenario: Callable[[Robot], Iterator[Any]]) -> None:
        super().__init__(iface.mainWindow())
        self.robot = Robot()
        self._steps = scenario(self.robot)
        self._condition: Callable[[], bool] | None = None
        self._since = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(20)
        self._timer.timeout.connect(self._step)
        QTimer.singleShot(1500, self._timer.start)
        sys.excepthook = self._escaped

    def _escaped(self, kind: type, error: BaseException, trace: Any) -> None:
        """An exception that left a slot: QGIS would show its window."""
        self._fail("".join(traceback.format_exception(kind, error, trace)))

    def _step(self) -> None:
        if self._waiting():
            return
        try:
            self._condition = next(self._steps, None)
        except Exception:  # noqa: BLE001  (it fails the test)
            self._fail(traceback.format_exc())
            return
        self._since = time.monotonic()
        if self._condition is None:
            self._end()

    def _waiting(self) -> bool:
        try:
            if self._condition is None or self._condition():
                return False
        except Exception:  # noqa: BLE001  (it fails the test)
            self._fail(traceback.format_exc())
            return True
        if time.monotonic() - self._since > PATIENCE:
            inner: Any = self._steps
            while getattr(inner, "gi_yieldfrom", None) is not None:
                inner = inner.gi_yieldfrom
            place = f"line {inner.gi_frame.f_lineno} of {Path(inner.gi_code.co_filename).name}"
            self._fail(f"{place} waited in vain for {PATIENCE:.0f} s")
        return True

    def _fail(self, text: str) -> None:
        if "failure" in self.robot.report:
            return
        self.robot.report["failure"] = text
        try:
            self.robot.screenshot("failure")
        finally:
            self._end()

    def _end(self) -> None:
        self._timer.stop()
        text = json.dumps(self.robot.report, default=str)
        Path(os.environ["ROADPULSE_GUI_REPORT"]).write_text(text, encoding="utf-8")
        # QGIS would ask about layers whose files lie in a temporary folder, as all do here.
        QgsProject.instance().clear()
        QgsProject.instance().setDirty(False)
        QTimer.singleShot(0, iface.actionExit().trigger)


def drive(scenario: Callable[[Robot], Iterator[Any]]) -> None:
    """Begin a scenario as soon as QGIS has settled."""
    _kept.append(Director(scenario))
