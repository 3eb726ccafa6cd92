"""Growth of the cost of a step with its input: CPU seconds of four times the input over those of the input.

A step that takes time in proportion has a ratio of about 4, n log n a little more, the square of n 16.

    python -m benchmarks growth [STEP …]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Optional

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QApplication, QMainWindow

from benchmarks.synthetic import SPEC, city
from roadpulse.aggregation.contract.spec import OBJECT, DecodeRules, FieldMapping
from roadpulse.aggregation.runners.selection import select
from roadpulse.aggregation.storage import TripFile, TripFiles, list_trips
from roadpulse.aggregation.store.point_store import FileRecord, NewRecords, PointStore
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry, objects
from roadpulse.cluster_client.profiles.profile import LOCAL
from roadpulse.cluster_client.runs.records import Run, RunStore
from roadpulse.mapping.map_file import MapFile
from roadpulse.mapping.style.breaks import class_limits
from roadpulse.mapping.style.methods import limits_of
from roadpulse.mapping.style.options import distribution_of
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer.geopackage import write_geopackage
from roadpulse.mapping.writer.link_layers import links_of_layer
from roadpulse.mapping.writer.street_names import street_names
from roadpulse.ui.runs.catalogue import RunCatalogue, RunEntry
from roadpulse.ui.runs.poller import RunsPoller
from roadpulse.ui.runs_dock.panel import RunsPanel
from roadpulse.ui.trip_fields.content import Content
from roadpulse.ui.trip_fields.proposals import fields_of, propose
from roadpulse.ui.trip_fields.sample import inspect

GOAL = 6.0
"""Ratio above which a step counts as growing faster than its input."""

TIMES = 4
LONGEST = 20.0
"""Seconds: a step that takes longer than this on its input alone is not tried on more."""

Work = Callable[[], object]


def one_street(n: int, _: Path) -> Work:
    """Labels of links that all have one name, spread over a country."""
    random = np.random.default_rng(3)
    place = np.column_stack([random.uniform(-100, -80, n), random.uniform(30, 45, n)])
    names = np.full(n, "Main Street", dtype=object)
    return lambda: street_names(names, np.full(n, 400.0), place, np.full(n, 0.7))


def one_place(n: int, _: Path) -> Work:
    """Labels of links of one name that lie all in one village."""
    names, place = np.full(n, "Main Street", dtype=object), np.full((n, 2), 50.0)
    return lambda: street_names(names, np.full(n, 400.0), place, np.full(n, 0.7))


def limits(n: int, _: Path) -> Work:
    """Class limits."""
    values = np.random.default_rng(3).uniform(0, 90, 50 * n)
    return lambda: class_limits(values)


def natural_breaks(n: int, folder: Path) -> Work:
    """Natural breaks over the values of all bins, which are counted in the map file."""
    file = MapFile.of(_layer(n, folder))
    return lambda: limits_of("natural", distribution_of(file, "mean"), 7)


def map_file(n: int, folder: Path) -> Work:
    """Writing the map file."""
    speeds, by_time, links = city(n)
    return lambda: write_geopackage(folder / f"map-{n}.gpkg", speeds, by_time, links, {}, SPEC)


def _layer(n: int, folder: Path) -> QgsVectorLayer:
    path = folder / f"layer-{n}.gpkg"
    if not path.exists():
        speeds, by_time, links = city(n)
        write_geopackage(path, speeds, by_time, links, {}, SPEC)
    return QgsVectorLayer(f"{path}|layername=links", "links", "ogr")


def roads(n: int, folder: Path) -> Work:
    """Reading the roads of a layer, each with an id of its own."""
    layer = _layer(n, folder)
    ids = city(n)[2].ids
    return lambda: links_of_layer(layer, "link_id", ids, None, "name", "road_class")


def roads_of_one_id(n: int, _: Path) -> Work:
    """Joining roads that all have the same id."""
    lines = city(n)[2].wkb
    ids, names = np.zeros(n, dtype=np.int64), objects([f"Street {i}" for i in range(n)])
    return lambda: LinkGeometry.of_rows(ids, lines, names, None, "EPSG:32630")


def style(n: int, folder: Path) -> Work:
    """Styling the layer, and asking for its page's place."""
    from roadpulse.mapping.layout.page import PageOptions, speed_page

    layer = _layer(n, folder)
    project = QgsProject.instance()
    return lambda: speed_page(project, layer, style_layer(layer), PageOptions(title="Growth"))


def trip_list(n: int, folder: Path) -> Work:
    """Listing trip files."""
    trips = folder / f"trips-{n}"
    for i in range(n):
        file = trips / f"{i // 1000}" / f"{i}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return lambda: list_trips(str(trips))


def known_trips(n: int, folder: Path) -> Work:
    """Looking up listed trip files in a point store that has all of them, and the trips that they are."""
    store = PointStore.open(str(folder / f"store-{n}"), DecodeRules())
    files = TripFiles(TripFile(f"/trips/{i:09d}.json", 1000 + i, f"{i * i:x}") for i in range(n))
    records = (
        FileRecord(number, number // 1000, *file, 1 << 20, points=9, counted=9, trip_id=f"{number // 2}")
        for number, file in enumerate(files)
    )
    store.begin("one")
    with NewRecords(records) as new:
        store.commit("one", new)
    return lambda: select(files, store, limit=1 << 20).trips()


def preview(n: int, _: Path) -> Work:
    """The first look at a file with so many points."""
    root = {"data": [{"dbResponse": {"linkID": i}, "absVelocity": 9.0, "timestamp": i} for i in range(n)]}
    return lambda: inspect("a.json", Content(OBJECT, root), FieldMapping())


def wide_preview(n: int, _: Path) -> Work:
    """Fields of points with so many fields, and a proposal what they hold."""
    points = [{f"column {i}": i for i in range(n)} for _ in range(5)]
    return lambda: (fields_of(points), propose(Content(OBJECT, {"points": points}), FieldMapping()))


def _runs(n: int) -> list[Run]:
    return [Run.new(f"Run {i}", LOCAL, SPEC) for i in range(n)]


def run_list(n: int, folder: Path) -> Work:
    """Reading the list of runs."""
    store = RunStore(folder / f"runs-{n}")
    store.folder.mkdir()
    for run in _runs(n):
        (store.folder / f"{run.id}.json").write_text(json.dumps(run.to_json()))
    return lambda: RunCatalogue(store).read()


def run_panel(n: int, folder: Path) -> Work:
    """Sorting and filtering the window's list of runs while all are selected."""
    window = QMainWindow()
    panel = RunsPanel(window, RunsPoller(RunStore(folder / "none"), window), lambda _then: None, window)
    now = datetime.now(timezone.utc)
    entries = [RunEntry(run.id, run, written=now - timedelta(seconds=i)) for i, run in enumerate(_runs(n))]
    panel.model.show_entries(entries)

    def work() -> Any:
        panel.table.selectAll()
        for column in (1, 3):
            panel.model.sort(column, Qt.SortOrder.DescendingOrder)
        for entry in entries:
            panel.model.update_run(entry.key, trouble="no answer")
        return window

    return work


STEPS: dict[str, tuple[Callable[[int, Path], Work], int]] = {
    "one street": (one_street, 10_000),
    "one place": (one_place, 10_000),
    "limits": (limits, 20_000),
    "natural breaks": (natural_breaks, 20_000),
    "map file": (map_file, 3_000),
    "roads": (roads, 3_000),
    "roads of one id": (roads_of_one_id, 10_000),
    "style and page": (style, 3_000),
    "trip list": (trip_list, 1_000),
    "known trips": (known_trips, 20_000),
    "preview": (preview, 20_000),
    "wide preview": (wide_preview, 2_000),
    "run list": (run_list, 300),
    "run panel": (run_panel, 300),
}
"""Steps with the size of their input."""


def seconds(work: Work) -> float:
    """CPU seconds of this process, the less of two times."""
    took = []
    for _ in range(2):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
        if took[0] > LONGEST:
            break
    return min(took)


def delete_windows() -> None:
    """Delete the windows of a step; at the end of Python their timers would find no event loop."""
    gc.collect()
    for window in QApplication.topLevelWidgets():
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def main(arguments: Optional[list[str]] = None) -> None:
    """Print the ratio of every step, or of those named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks growth")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(map(repr, STEPS)))
    names = parser.parse_args(arguments or []).steps
    for name in names:
        if name not in STEPS:
            parser.error(f"there is no step {name!r}; known are {', '.join(map(repr, STEPS))}")
    application = QgsApplication([], True)
    application.initQgis()
    with tempfile.TemporaryDirectory() as scratch:
        for name in names or tuple(STEPS):
            make, n = STEPS[name]
            once = seconds(make(n, Path(scratch)))
            more = seconds(make(TIMES * n, Path(scratch))) if once < LONGEST else float("inf")
            delete_windows()
            ratio = more / max(once, 1e-6)
            print(
                f"{name:18} {n:8,} {once:8.3f} s   {TIMES * n:8,} {more:8.3f} s   {ratio:5.1f} ×"
                f"{'   faster than its input' if ratio > GOAL else ''}"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
