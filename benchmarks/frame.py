"""One animation frame against a static graduated frame, 170,000 links on one picture.

The static layer holds, in a plain column of its own file, what the frame at 08:00 shows, so that both draw
the same picture with the same symbols in the same order; what differs is how the value is come by. Frames
are drawn in turn; medians of CPU seconds of QgsMapRendererSequentialJob. Beside it, the usual ways.

    python -m benchmarks.frame [--links 170000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path
from typing import Optional

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QImage

from benchmarks.measure import SCRATCH
from benchmarks.synthetic import SPEC, city
from roadpulse.mapping.packed import DIGITS, FEW
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import ORDER_SCALE, drawing_order, style_layer
from roadpulse.mapping.style.temporal import bin_range
from roadpulse.mapping.style.zoom import zoom_of_scale
from roadpulse.mapping.writer.geopackage import write_geopackage

HOUR = 8
GOAL = 1.15


def layer_of(path: Path, class_attribute: Optional[str] = None) -> QgsVectorLayer:
    """The styled layer without labels; with `class_attribute` in place of the expression."""
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    style_layer(layer, StyleOptions.from_run_table(layer, labels=False))
    if class_attribute is not None:
        renderer = layer.renderer().clone()
        renderer.setClassAttribute(class_attribute)
        order = drawing_order(StyleOptions.from_run_table(layer))
        if class_attribute == "mean":
            zoom = zoom_of_scale(ORDER_SCALE)
            order = (
                f"CASE WHEN @vector_tile_zoom < {zoom:.6f} THEN 0 "
                f'WHEN "mean" = {FEW:g} THEN 0 ELSE "width_mm" END'
            )
        renderer.setOrderBy(QgsFeatureRequest.OrderBy([QgsFeatureRequest.OrderByClause(order, True)]))
        layer.setRenderer(renderer)
    return layer


def with_plain_column(path: Path) -> Path:
    """Return a copy whose column `mean` holds what the frame shows."""
    copy = path.with_name("frame_static.gpkg")
    shutil.copy(path, copy)
    start = (1 + HOUR) * DIGITS
    with closing(sqlite3.connect(copy)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(
            "UPDATE links SET mean = coalesce(cast(substr(day_packed, ?, ?) AS REAL), ?)",
            (start + 1, DIGITS, FEW),
        )
        database.commit()
    return copy


def draw(layer: QgsVectorLayer, time_of_map: bool) -> tuple[float, QImage]:
    """CPU seconds of a picture of the whole layer."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(1600, 1000))
    if time_of_map:
        options = StyleOptions.from_run_table(layer)
        settings.setIsTemporal(True)
        settings.setTemporalRange(bin_range(options.day, HOUR, options.bin_minutes))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    begin = time.process_time()
    job.start()
    job.waitForFinished()
    return time.process_time() - begin, job.renderedImage()


def main(arguments: Optional[list[str]] = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=170_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args(arguments or [])
    application = QgsApplication([], False)
    application.initQgis()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    path = SCRATCH / "frame.gpkg"
    speeds, by_time, links = city(wanted.links)
    write_geopackage(path, speeds, by_time, links, {}, SPEC)
    static = with_plain_column(path)
    hour = "lpad(hour(@map_start_time), 2, '0')"
    few = f"attribute('n_trips_' || {hour} || '00') < 5"
    usual = f"CASE WHEN {few} THEN {FEW:g} ELSE attribute('mean_' || {hour} || '00') END"
    cases = {
        "static, the same picture": (layer_of(static, "mean"), False),
        "frame": (layer_of(path), True),
        "whole day, no time": (layer_of(path), False),
        "frame by attribute('mean_' || …)": (layer_of(path, usual), True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    pictures: dict[str, QImage] = {}
    for turn in range(wanted.rounds + 1):
        for name, (layer, timed) in cases.items():
            took, pictures[name] = draw(layer, timed)
            if turn:  # the first one fills the caches
                seconds[name].append(took)
    base = statistics.median(seconds["static, the same picture"])
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(f"{name:36s} {middle:6.2f} s CPU  {middle / base:5.2f} ×")
    same = pictures["frame"] == pictures["static, the same picture"]
    drawn = by_time[(by_time["bin"] == f"{HOUR:02d}:00") & (by_time["n_trips"] >= SPEC.min_trips)]
    equal = "equal" if same else "DIFFER"
    print(f"{len(links):,} links, {len(drawn):,} in a colour; pictures {equal}; goal {GOAL} ×")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
