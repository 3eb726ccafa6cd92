"""The whole of 2019 in one: 50,000 trips on 170,000 links of a generated country, from the trips to a film.

Trips and roads are made once (`country_trips`), in some minutes. Then, a line each: the run cold, again with
other bins, with one day more; the map file with geometry from PostGIS; opening it in QGIS, its first frame,
a page and a film. Runs are on this computer; trips are in the memory of the system.

    python -m benchmarks country [cold] [again] [day] [map] [open] [draw] [page] [film] [--trips-only]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

from benchmarks.country_trips import LISTED, CountryFiles, country_files
from benchmarks.engine import run_ours
from benchmarks.measure import SCRATCH, Cost
from development.postgis import PostGIS
from roadpulse.algorithms.post_processing import show
from roadpulse.mapping.film.export import export_film
from roadpulse.mapping.foreign_style import bare_layer
from roadpulse.mapping.layout.facts import local_crs
from roadpulse.mapping.layout.page import PageOptions, SpeedPage, speed_page
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.temporal import frame_range
from roadpulse.workflow.roads import roads_of_layer
from roadpulse.workflow.steps import make_map

STEPS = ("cold", "again", "day", "map", "open", "draw", "page", "film")
STORE = SCRATCH / "store-country"
RUN = SCRATCH / "run-country"
MAP = SCRATCH / "country.gpkg"
HOUR = 8


def main(arguments: Optional[list[str]] = None) -> None:
    """Make the trips if need be, and print the cost of every step."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks country")
    parser.add_argument("steps", nargs="*", help=f"of {', '.join(STEPS)}; all if none is named")
    parser.add_argument("--trips-only", action="store_true", help="make the trips and no more")
    wanted = parser.parse_args(arguments or [])
    if unknown := set(wanted.steps) - set(STEPS):
        parser.error(f"{', '.join(sorted(unknown))}: not a step; known are {', '.join(STEPS)}")
    files = country_files(SCRATCH / "country")
    totals = files.totals
    print(
        f"{LISTED:,} trips of {totals.trips:,} distinct files, {totals.points:,} points and "
        f"{totals.bytes / 1e9:.2f} GB in these; made in {files.seconds:.0f} s; {os.cpu_count()} cores"
    )
    steps = [name for name in STEPS if name in (wanted.steps or STEPS)] if not wanted.trips_only else []
    runs = {"cold": _cold, "again": _again, "day": _one_day_more}
    for name in steps:
        if name in runs:
            runs[name](files)
    if set(STEPS[3:]) & set(steps):
        application = QgsApplication([], False)
        application.initQgis()
        if "map" in steps:
            _map(files)
        _draw(steps)


# -- runs ---------------------------------------------------------------------------------------------


def _cold(files: CountryFiles) -> None:
    files.take_day_away()
    for file in sorted(files.folder.glob("distinct/*/*")):  # all read from memory
        file.read_bytes()
    shutil.rmtree(STORE, ignore_errors=True)
    _run("cold", files, 60)


def _again(files: CountryFiles) -> None:
    _run("again, other bins", files, 30)


def _one_day_more(files: CountryFiles) -> None:
    """Its result is that of the map."""
    new = files.add_day()
    _run(f"one day more, {new:,} new trips", files, 60)
    shutil.rmtree(RUN, ignore_errors=True)
    (SCRATCH / "run").replace(RUN)


def _run(name: str, files: CountryFiles, minutes: int) -> None:
    cost, manifest = run_ours(files.trips, STORE, minutes)
    rows = [table["rows"] for table in manifest["results"].values()]
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in manifest["timings"].items())
    _print(name, cost, f"{manifest['points']['counted']:,} points, {max(rows):,} rows by bin ({steps})")


# -- the map ------------------------------------------------------------------------------------------


def _map(files: CountryFiles) -> None:
    """The map file, its geometry looked up in PostGIS in one exchange."""
    with PostGIS(SCRATCH / "postgis-country") as server:
        server.load_streets(files.streets)
        info = server.conninfo()
        source = (
            f"dbname='{info['dbname']}' host={info['host']} port={info['port']} user='{info['user']}' "
            f"password='{info['password']}' key='link_id' table=\"public\".\"streets\" (geom)"
        )
        layer = QgsVectorLayer(source, "streets", "postgres")
        roads = roads_of_layer(layer, "link_id", "name", "highway")
        MAP.unlink(missing_ok=True)
        report = _timed("the map", make_map, RUN, roads, MAP)
    print(
        f"    {report.matched_links:,} of {report.links:,} links, {report.matched_km:,.0f} km, {_size(MAP)}"
    )


def _draw(steps: list[str]) -> None:
    project = QgsProject.instance()
    project.clear()
    opened: list[tuple[QgsVectorLayer, StyleOptions]] = []

    def open_map() -> None:
        layer = bare_layer(f"{MAP}|layername=links", "Country")
        opened.append((layer, show(layer, project)))
        project.addMapLayer(layer)

    if "open" in steps:
        _timed("opening it in QGIS", open_map)
    else:
        open_map()
    layer, style = opened[-1]
    if "draw" in steps:
        _timed("its first frame", _frame, layer, style, HOUR)
        job = _timed("the next frame", _frame, layer, style, HOUR + 1)
        job.renderedImage().save(str(SCRATCH / "country-frame.png"))
    if "page" in steps:
        page = _timed("a page, laid out", _page, project, layer, style)
        for ending in ("pdf", "png"):
            path = SCRATCH / f"country-page.{ending}"
            _timed(f"the page as {ending.upper()}", page, path)
            print(f"    {_size(path)}")
    if "film" in steps:
        path = SCRATCH / "country.mp4"
        film = _page(project, layer, style, paper="frame", film=True, frame=0)
        _timed("a film of 24 frames", export_film, film, path)
        print(f"    {_size(path)}")


def _frame(layer: QgsVectorLayer, style: StyleOptions, hour: int) -> QgsMapRendererParallelJob:
    """Draw the whole layer as QGIS's map window of 1600 × 1000 does."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(local_crs(layer))
    settings.setExtent(settings.layerExtentToOutputExtent(layer, layer.extent()))
    settings.setOutputSize(QSize(1600, 1000))
    settings.setIsTemporal(True)
    settings.setTemporalRange(frame_range(style.timeline, hour))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job


def _page(project: QgsProject, layer: QgsVectorLayer, style: StyleOptions, **more: Any) -> SpeedPage:
    contents = {"title": "Alderland", "sources": "Generated trips.", "frame": HOUR, **more}
    return speed_page(project, layer, style, PageOptions(**contents))


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _timed(name: str, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do the work, print what it took and return what it returned."""
    begin, cpu = time.perf_counter(), time.process_time()
    answer = work(*arguments)
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    _print(name, Cost(wall, cpu, peak), f"peak of this process so far {peak:,.0f} MB")
    return answer


def _print(name: str, cost: Cost, more: str) -> None:
    print(f"  {name:34} {cost.wall:7.1f} s {cost.cpu:7.1f} s CPU  {more}", flush=True)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
