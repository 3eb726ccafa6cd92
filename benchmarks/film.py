"""Frames of a film, 170,000 links at 1920 × 1080: one against the plain render, and many against single ones.

The plain render draws the map alone, in the same size, with `QgsMapRendererSequentialJob`;
the frame has page, legend, clock and track too. Many frames are drawn by processes of their own, single ones
one after the other in this one. Then films are written. Memory is that of this process and of all
that it starts, together.

    python -m benchmarks.film [--links 170000] [--frames 96] [--rounds 3] [--workers 2]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import Optional

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

from benchmarks.measure import SCRATCH, MemoryWatch
from benchmarks.synthetic import city, spec_of
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.film.drawing import Drawing, draw
from roadpulse.mapping.film.formats import FORMATS
from roadpulse.mapping.film.frame_page import frame_page
from roadpulse.mapping.film.moments import Moment
from roadpulse.mapping.film.pictures import FAST, Painter, links_of, picture_at
from roadpulse.mapping.layout.page import PageOptions, SpeedPage
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.style.temporal import frame_range
from roadpulse.mapping.writer.geopackage import write_geopackage

SIZE = (1920, 1080)
GOAL = 0.6


def map_of(links: int) -> Path:
    """Write a map with 24 bins, once."""
    path = SCRATCH / f"film_{links}.gpkg"
    if not path.exists():
        spec = spec_of("24")
        speeds, by_time, geometry = city(links, spec=spec)
        assert isinstance(geometry, LinkGeometry)
        write_geopackage(path, speeds, by_time, geometry, {}, spec)
    return path


def page_of(path: Path) -> SpeedPage:
    """Return the page of the film's frame, without street names."""
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    QgsProject.instance().addMapLayer(layer)
    style = style_layer(layer, StyleOptions.from_run_table(layer, labels=False))
    return frame_page(QgsProject.instance(), layer, style, PageOptions(title="City", frame=0), SIZE)


def plain(page: SpeedPage, number: int) -> None:
    """Draw the frame's map as a canvas does."""
    layer, item = links_of(page), page.map_item
    box = item.sceneBoundingRect()
    scale = SIZE[1] / page.layout.pageCollection().page(0).rect().height()
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(item.crs())
    settings.setExtent(item.extent())
    settings.setOutputSize(QSize(round(box.width() * scale), round(box.height() * scale)))
    settings.setOutputDpi(25.4 * scale)
    settings.setIsTemporal(True)
    settings.setTemporalRange(frame_range(page.style.timeline, number))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()


def one_frame(page: SpeedPage, rounds: int) -> None:
    """Print CPU seconds of a frame and of the plain render, in turn."""
    painter = Painter(page.layout, links_of(page), SIZE)
    ways = {
        "plain render": lambda number: plain(page, number),
        "frame": lambda number: painter.draw(picture_at(page, Moment(number))),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            begin = time.process_time()
            way(8 + turn)
            if turn:  # the first one fills the caches
                seconds[name].append(time.process_time() - begin)
            painter.restore()
    base = statistics.median(seconds["plain render"])
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(f"  {name:26} {middle:6.2f} s CPU  {middle / base:5.2f} ×")


def many(page: SpeedPage, frames: int, workers: int) -> tuple[float, float, float]:
    """Return seconds, CPU seconds and MB of drawing so many frames; they stay in the scratch folder."""
    folder = SCRATCH / "film"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wanted = [Moment(number % 24) for number in range(frames)]
    drawing = Drawing(page, wanted, SIZE, folder, folder / "film.mp4", FAST)
    watch = MemoryWatch(os.getpid())
    begin, before = time.perf_counter(), _cpu()
    said: list[str] = []
    drawn = sum(1 for _ in draw(drawing, workers, lambda: None, said.append))
    assert drawn == frames and not said, said
    return time.perf_counter() - begin, _cpu() - before, watch.stop()


def _cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(arguments: Optional[list[str]] = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=170_000)
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    wanted = parser.parse_args(arguments or [])
    application = QgsApplication([], False)
    application.initQgis()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    page = page_of(map_of(wanted.links))
    print(f"a frame of {wanted.links:,} links, {SIZE[0]} × {SIZE[1]}")
    one_frame(page, wanted.rounds)
    print(f"{wanted.frames} frames")
    base = 0.0
    for name, workers in (("single ones", 1), (f"{wanted.workers} processes", wanted.workers)):
        wall, cpu, megabytes = many(page, wanted.frames, workers)
        base = base or wall
        print(
            f"  {name:26} {wall:6.1f} s  {cpu:6.1f} s CPU  {megabytes:5.0f} MB  {wall / base:5.2f} ×"
            f"  (goal {GOAL} ×)"
        )
    pictures = sorted((SCRATCH / "film").glob("*.png"))
    for film in FORMATS:
        if film.write is not None and not film.lacking()[0]:
            path = SCRATCH / f"film{film.ending}"
            begin = time.perf_counter()
            film.write(pictures, path, 2.0, lambda: None)
            took, size = time.perf_counter() - begin, path.stat().st_size / 1e6
            print(f"  as {film.label:23} {took:6.1f} s  {size:6.1f} MB")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
