"""One animation frame against a static graduated frame, 170,000 links on one picture.

The static layer is a file of its own without anything that plays, which holds in a plain column what the
frame at 08:00 shows: both draw the same picture with the same symbols in the same order; what differs is how
the value is come by. Frames are drawn in turn; medians of CPU seconds of QgsMapRendererSequentialJob. A map
file has three statistics that play, of which the one named is drawn.

    python -m benchmarks.frame [--links 170000] [--rounds 5] [--bins 24 168 288] [--statistic mean]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Optional

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pandas as pd
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
from benchmarks.synthetic import CITIES, PLAYING, city, spec_of
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry
from roadpulse.mapping.packed import FEW
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import ORDER_SCALE, style_layer
from roadpulse.mapping.style.temporal import frame_range
from roadpulse.mapping.style.zoom import zoom_of_scale
from roadpulse.mapping.writer.geopackage import write_geopackage

HOUR = 8
GOAL = 1.2


def layer_of(path: Path, options: Optional[StyleOptions] = None, statistic: str = "mean") -> QgsVectorLayer:
    """The styled layer without labels; with `options` it is static, coloured by the plain column."""
    layer = QgsVectorLayer(f"{path}|layername=links", "links", "ogr")
    style_layer(layer, options or StyleOptions.from_run_table(layer, statistic=statistic, labels=False))
    if options:
        renderer = layer.renderer().clone()
        renderer.setClassAttribute(options.statistic)
        order = (
            f"CASE WHEN @vector_tile_zoom < {zoom_of_scale(ORDER_SCALE):.6f} THEN $id "
            f'WHEN "{options.statistic}" = {FEW:g} THEN 0 ELSE "width_mm" END'
        )
        renderer.setOrderBy(QgsFeatureRequest.OrderBy([QgsFeatureRequest.OrderByClause(order, True)]))
        layer.setRenderer(renderer)
        layer.temporalProperties().setIsActive(False)
    return layer


def write_static(
    path: Path, speeds: pd.DataFrame, by_time: pd.DataFrame, links: LinkGeometry, spec: RunSpec, key: str
) -> int:
    """Write a file whose column `key` holds what the frame shows; return how many links have a colour."""
    at = by_time["bin"] == f"{HOUR:02d}:00"
    if spec.days.is_divided:
        at &= by_time["days"] == spec.days.fixed_sets[0].name
    shown = by_time[at & (by_time["n_trips"] >= spec.min_trips)].set_index("link_id")[key]
    values = shown.reindex(speeds["link_id"]).fillna(FEW).to_numpy()
    without = by_time.iloc[:0].drop(columns=[name for name in PLAYING if name in by_time])
    write_geopackage(path, speeds.assign(**{key: values}), without, links, {}, spec)
    return len(shown)


def draw(layer: QgsVectorLayer, options: Optional[StyleOptions]) -> tuple[float, QImage]:
    """CPU seconds of a picture of the whole layer, at `HOUR` of the first set of days with `options`."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(1600, 1000))
    if options:
        number = HOUR * 60 // options.timeline.bin_minutes
        settings.setIsTemporal(True)
        settings.setTemporalRange(frame_range(options.timeline, number))
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    begin = time.process_time()
    job.start()
    job.waitForFinished()
    return time.process_time() - begin, job.renderedImage()


def measure(links_wanted: int, rounds: int, bins: str, key: str) -> None:
    """Print the times of a frame, of the whole period and of a static layer."""
    spec = spec_of(bins)
    speeds, by_time, links = city(links_wanted, spec=spec)
    path, static = SCRATCH / f"frame_{bins}.gpkg", SCRATCH / "frame_static.gpkg"
    write_geopackage(path, speeds, by_time, links, {}, spec)
    coloured = write_static(static, speeds, by_time, links, spec, key)
    del speeds, by_time
    moving = layer_of(path, statistic=key)
    options = StyleOptions.from_run_table(moving, statistic=key, labels=False)
    cases = {
        "static, the same picture": (layer_of(static, options), None),
        "frame": (moving, options),
        "whole period, no time": (moving, None),
    }
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    pictures: dict[str, QImage] = {}
    for turn in range(rounds + 1):
        for name, (layer, when) in cases.items():
            took, pictures[name] = draw(layer, when)
            if turn:  # the first one fills the caches
                seconds[name].append(took)
    base = statistics.median(seconds["static, the same picture"])
    size = path.stat().st_size / 1e6
    print(f"{bins} bins, {key}, {size:.0f} MB: {coloured:,} of {links_wanted:,} links in a colour")
    for name, values in seconds.items():
        middle = statistics.median(values)
        print(f"  {name:26s} {middle:6.2f} s CPU  {middle / base:5.2f} ×")
    same = pictures["frame"] == pictures["static, the same picture"]
    print(f"  pictures {'equal' if same else 'DIFFER'}; goal {GOAL} ×")


def main(arguments: Optional[list[str]] = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=170_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bins", nargs="+", default=list(CITIES), choices=list(CITIES))
    parser.add_argument("--statistic", default="mean", choices=PLAYING)
    wanted = parser.parse_args(arguments or [])
    application = QgsApplication([], False)
    application.initQgis()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for bins in wanted.bins:
        measure(wanted.links, wanted.rounds, bins, wanted.statistic)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
