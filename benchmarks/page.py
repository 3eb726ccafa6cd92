"""A page as a file: time, size and memory of 170,000 links on A0.

Each page is exported by a process of its own. Goals: a minute and 40 MB for a PDF of A0.

    python -m benchmarks.page [--links 170000] [--papers A4 A0] [--endings pdf png tif svg] [--dpi 300]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Optional

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import QgsApplication, QgsProject

from benchmarks.measure import SCRATCH, cost_of
from benchmarks.synthetic import city, spec_of
from roadpulse.mapping.foreign_style import bare_layer
from roadpulse.mapping.layout.export import export_page
from roadpulse.mapping.layout.page import PageOptions, speed_page
from roadpulse.mapping.style.options import StyleOptions
from roadpulse.mapping.style.symbology import style_layer
from roadpulse.mapping.writer.geopackage import write_geopackage

HOUR = 8
MOST_SECONDS, MOST_MEGABYTES = 60, 40


def map_of(links: int) -> Path:
    """Return a map file of so many links, by hour."""
    path = SCRATCH / f"page_{links}.gpkg"
    if not path.exists():
        SCRATCH.mkdir(parents=True, exist_ok=True)
        spec = spec_of("24", ("mean",))
        speeds, by_time, geometry = city(links, spec=spec)
        write_geopackage(path, speeds, by_time, geometry, {}, spec)
    return path


def export_one(map_file: Path, output: Path, paper: str, dpi: int) -> None:
    """Export one page of the map; print the seconds that its layout and its file took."""
    project = QgsProject()
    layer = bare_layer(f"{map_file}|layername=links", "links")
    project.addMapLayer(layer)
    style = style_layer(layer, StyleOptions.from_run_table(layer))
    begin = time.perf_counter()
    options = PageOptions(title="170,000 links", sources="Made from nothing.", frame=HOUR, paper=paper)
    page = speed_page(project, layer, style, options)
    between = time.perf_counter()
    export_page(page, output, dpi)
    print(f"layout {between - begin:.1f} s, file {time.perf_counter() - between:.1f} s", flush=True)


def main(arguments: Optional[list[str]] = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--links", type=int, default=170_000)
    parser.add_argument("--papers", nargs="+", default=["A4", "A0"])
    parser.add_argument("--endings", nargs="+", default=["pdf"])
    parser.add_argument("--dpi", type=int, default=300)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments or [])
    application = QgsApplication([], False)
    application.initQgis()
    path = map_of(wanted.links)
    if wanted.one:
        export_one(path, Path(wanted.one[0]), wanted.one[1], wanted.dpi)
        return
    for paper in wanted.papers:
        for ending in wanted.endings:
            output = SCRATCH / f"page_{paper}.{ending}"
            command = [
                sys.executable, "-m", "benchmarks.page", "--links", str(wanted.links),
                "--dpi", str(wanted.dpi), "--one", str(output), paper,
            ]  # fmt: skip
            cost = cost_of(command, memory=True)
            size = output.stat().st_size / 1e6
            took = f"{cost.wall:5.1f} s, {cost.cpu:5.1f} s of CPU"
            print(f"  {paper} {ending}: {took}, {size:5.1f} MB, {cost.memory:5.0f} MB of memory", flush=True)
    print(f"  goals of A0 as PDF: {MOST_SECONDS} s, {MOST_MEGABYTES} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
