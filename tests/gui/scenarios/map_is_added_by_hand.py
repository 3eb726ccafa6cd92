"""A map file comes into an empty project in QGIS's own ways, with the plugin switched off, and plays there.

By the vector page and the browser page of the Data Source Manager, dragged out of the browser onto the map,
dropped as a file, and by a script. Each time the temporal controller is set up anew with its own buttons.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import qgis.utils
from driver import Robot, drive, pause
from qgis.core import QgsProject, QgsTemporalNavigationObject, QgsVectorLayer
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QMimeData as MimeData
from qgis.PyQt.QtCore import QModelIndex, QPointF, Qt, QTimer, QUrl
from qgis.PyQt.QtGui import QDragEnterEvent, QDropEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QDockWidget,
    QDoubleSpinBox,
    QSlider,
    QToolButton,
    QTreeView,
    QWidget,
)
from qgis.utils import iface

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
MANAGER, CHOICE = "QgsDataSourceManagerDialog", "QgsProviderSublayersDialogBase"


def shown(kind: type, within: QWidget, name: str = "") -> Any:
    """The visible widget of a class, by its name where one is given."""
    found = [w for w in within.findChildren(kind) if w.isVisible() and name in ("", w.objectName())]
    if not found:
        raise AssertionError(f"no {kind.__name__} {name!r} is shown")
    return found[0]


def window(name: str) -> Any:
    """The visible window of a name, or None."""
    found = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.objectName() == name]
    return found[0] if found else None


def button(box: QDialogButtonBox, text: str) -> QAbstractButton:
    return next(b for b in box.buttons() if b.text().replace("&", "") == text)


def soon(click: Any) -> None:
    """A click that opens a window which QGIS waits for: it must not be inside a step."""
    QTimer.singleShot(0, click)


def drop(mime: MimeData) -> bool:
    """Drop on the middle of the map, as Qt delivers it: to the widget there, else to those around it."""
    target, at = iface.mapCanvas().viewport(), iface.mapCanvas().viewport().rect().center()
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    while target is not None:
        if target.acceptDrops():
            enter = QDragEnterEvent(at, actions, mime, LEFT, NO_KEY)
            QApplication.sendEvent(target, enter)
            if enter.isAccepted():
                QApplication.sendEvent(target, QDropEvent(QPointF(at), actions, mime, LEFT, NO_KEY))
                return True
        at, target = target.mapToParent(at), target.parentWidget()
    return False


def below(view: QTreeView, parent: QModelIndex, name: str) -> QModelIndex | None:
    model = view.model()
    rows = [model.index(row, 0, parent) for row in range(model.rowCount(parent))]
    return next((index for index in rows if index.data() == name), None)


def open_in_browser(view: QTreeView, path: Path) -> Iterator[Any]:
    """Unfold Home and the map file in it; the index of its links is what the generator returns."""
    at = QModelIndex()
    for name in ("Home", path.name):
        yield lambda at=at, name=name: below(view, at, name) is not None
        at = below(view, at, name)
        view.expand(at)
    yield lambda: below(view, at, "links") is not None
    return below(view, at, "links")


def by_vector_page(robot: Robot, path: Path) -> Iterator[Any]:
    """Layer > Add Layer > Add Vector Layer, and all tables, which QGIS offers selected."""
    iface.openDataSourceManagerPage("ogr")
    yield lambda: window(MANAGER) is not None
    manager = window(MANAGER)
    shown(QgsFileWidget, manager, "mFileWidget").lineEdit().setText(str(path))
    add = button(shown(QDialogButtonBox, manager, "buttonBox"), "Add")
    yield add.isEnabled
    soon(add.click)
    yield lambda: window(CHOICE) is not None
    robot.screenshot("choice", window(CHOICE))
    soon(button(shown(QDialogButtonBox, window(CHOICE)), "Add Layers").click)
    yield lambda: window(CHOICE) is None and links() is not None
    manager.close()


def by_browser_page(robot: Robot, path: Path) -> Iterator[Any]:
    """The browser of the Data Source Manager, and a double click on the links."""
    iface.openDataSourceManagerPage("browser")
    yield lambda: window(MANAGER) is not None
    manager = window(MANAGER)
    view = shown(QTreeView, manager)
    at = yield from open_in_browser(view, path)
    view.scrollTo(at)
    place = view.visualRect(at).center()
    robot.screenshot("browser", manager)
    QTest.mouseClick(view.viewport(), LEFT, NO_KEY, place)
    soon(lambda: QTest.mouseDClick(view.viewport(), LEFT, NO_KEY, place))
    yield lambda: links() is not None
    manager.close()


def dragged_from_browser(_robot: Robot, path: Path) -> Iterator[Any]:
    """The links, out of the browser panel onto the map."""
    view = shown(QTreeView, iface.mainWindow().findChild(QDockWidget, "Browser"))
    at = yield from open_in_browser(view, path)
    mime = view.model().mimeData([at])
    soon(lambda: drop(mime))
    yield lambda: links() is not None


def dropped_as_file(_robot: Robot, path: Path) -> Iterator[Any]:
    """The file, out of a file manager onto the map."""
    mime = MimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    soon(lambda: drop(mime))
    yield lambda: window(CHOICE) is not None
    soon(button(shown(QDialogButtonBox, window(CHOICE)), "Add Layers").click)
    yield lambda: window(CHOICE) is None and links() is not None


def by_script(_robot: Robot, path: Path) -> Iterator[Any]:
    """`iface.addVectorLayer`, as in the Python console."""
    soon(lambda: iface.addVectorLayer(f"{path}|layername=links", "links", "ogr"))
    yield lambda: links() is not None


def links() -> QgsVectorLayer | None:
    """The layer of links in the project."""
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and "layername=links" in layer.source().split("|"):
            return layer
    return None


def play(robot: Robot, name: str) -> Iterator[Any]:
    """Set to full range, step of an hour, then the slider at 03:00 and 08:00."""
    layer = links()
    dock = iface.mainWindow().findChild(QDockWidget, "Temporal Controller")
    dock.show()
    yield from pause(0.3)
    QTest.mouseClick(shown(QToolButton, dock, "mNavigationAnimated"), LEFT)
    yield from pause(0.3)
    full = shown(QToolButton, dock, "mSetRangeButton")
    next(a for a in full.menu().actions() if a.text() == "Set to Full Range").trigger()
    steps = shown(QComboBox, dock, "mTimeStepsComboBox")
    steps.setCurrentIndex(steps.findText("hours"))
    shown(QDoubleSpinBox, dock, "mStepSpinBox").setValue(1)
    iface.mapCanvas().zoomToFullExtent()
    controller: QgsTemporalNavigationObject = iface.mapCanvas().temporalController()
    day = controller.temporalExtents()
    found: dict[str, Any] = {
        "layers": sorted(known.name() for known in QgsProject.instance().mapLayers().values()),
        "active": layer.temporalProperties().isActive(),
        "renderer": layer.renderer().type(),
        "range": [
            day.begin().toString(Qt.DateFormat.ISODate),
            day.end().toString(Qt.DateFormat.ISODate),
        ],
        "frames": controller.totalFrameCount(),
    }
    for hour in (3, 8):
        shown(QSlider, dock, "mAnimationSlider").setValue(hour)
        yield from pause(0.5)
        yield robot.map_is_drawn
        yield from pause(0.5)
        yield robot.map_is_drawn
        found[f"colours_{hour}"] = robot.colours()
        robot.screenshot(f"{name}-{hour:02}")
    robot.report.setdefault("ways", {})[name] = found
    QTest.mouseClick(shown(QToolButton, dock, "mNavigationOff"), LEFT)
    dock.hide()


def write_map(options: dict[str, Any]) -> dict[str, str]:
    """Write the small map of the tests, styled; returns the main road's colours at 03:00 and 08:00."""
    sys.path.insert(0, options["root"])
    from roadpulse.mapping.style.options import StyleOptions
    from roadpulse.mapping.style.saved_styles import save_style
    from roadpulse.mapping.style.symbology import style_layer
    from tests.qgis import speed_maps

    speed_maps.write(Path(options["map"]))
    layer = QgsVectorLayer(f"{options['map']}|layername=links", "links", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer))
    save_style(layer)
    renderer = layer.renderer()
    speeds = {"3": speed_maps.SPEED_AT_3, "8": speed_maps.SPEED_AT_8}
    return {hour: renderer.symbolForValue(speed).color().name() for hour, speed in speeds.items()}


def scenario(robot: Robot) -> Iterator[Any]:
    path = Path(robot.options["map"])
    iface.mainWindow().resize(1500, 940)
    robot.report["colour"] = write_map(robot.options)
    qgis.utils.unloadPlugin("roadpulse")
    yield from pause(0.5)
    for way in (by_vector_page, by_browser_page, dragged_from_browser, dropped_as_file, by_script):
        iface.newProject()
        yield from pause(0.5)
        yield from way(robot, path)
        yield from pause(0.5)
        yield from play(robot, way.__name__)


drive(scenario)
