"""Steps of `scenarios/publish.py`: a film, made from the dialog, cancelled once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driver import Robot, pause
from qgis.utils import iface


def steps(robot: Robot) -> Iterator[Any]:
    seen: dict[str, Any] = robot.report.setdefault("film", {})
    folder = Path(robot.options["folder"]) / "films"
    folder.mkdir()
    feature = robot.ui.film
    feature.action.trigger()  # there is no map yet
    yield lambda: bool(iface.messageBar().items())
    seen["without a map"] = feature.dialog is None
    iface.messageBar().clearWidgets()
    layer = iface.addVectorLayer(
        f"{Path(robot.options['folder']) / 'day.gpkg'}|layername=links", "Speeds", "ogr"
    )
    yield lambda: not iface.mapCanvas().isDrawing()
    since = robot.now()
    feature.action.trigger()
    yield lambda: feature.dialog is not None and feature.dialog.isVisible()
    dialog = feature.dialog
    yield from pause(0.5)
    seen["title"] = dialog.windowTitle()
    robot.screenshot("film-form", dialog)
    choose(robot, dialog, "film_format", "gif")
    choose(robot, dialog, "film_size", "1080x1080")
    choose(robot, dialog, "film_from", 6)
    choose(robot, dialog, "film_to", 18)
    choose(robot, dialog, "film_extent", "all")
    robot.find("film_between", dialog).setValue(1)
    dialog.form.output.setFilePath(str(folder / "day.gif"))
    seen["note"] = dialog.note.plain
    yield from made(robot, dialog, cancel_after=2)
    seen["cancelled"] = [dialog.note.plain, sorted(path.name for path in folder.iterdir())]
    yield from made(robot, dialog)
    robot.measure("film", since)
    seen["made"] = [dialog.progress.words.plain, sorted(path.name for path in folder.iterdir())]
    seen["preview"] = [dialog.progress.preview.picture.width(), dialog.progress.preview.picture.height()]
    robot.screenshot("film-made")
    robot.click(dialog.shut)
    seen["style"] = layer.renderer().type()
    iface.newProject()
    yield robot.ui.time_bar.bar.isHidden


def choose(robot: Robot, dialog: Any, name: str, data: Any) -> None:
    box = robot.find(name, dialog)
    box.setCurrentIndex(box.findData(data))


def made(robot: Robot, dialog: Any, cancel_after: int = 0) -> Iterator[Any]:
    """Make the film, or cancel it after some pictures."""
    yield from pause(0.2)
    robot.click(dialog.make)
    yield lambda: dialog.process.going
    if cancel_after:
        yield lambda: len(dialog.progress.words.plain) and dialog.progress.bar.value() >= 10 * cancel_after
        robot.screenshot("film-going", dialog)
        robot.click(dialog.cancel)
    yield lambda: not dialog.process.going
    yield from pause(0.3)
