"""The main job end to end on a generated city: trips to map, page and film, as a person would script it.

    python development/demo.py FOLDER [--trips N] [--seed N] [--size small|medium|large|huge]

Leaves the city (trips, roads, water), the run folder with its CSVs, a GeoPackage, a project, the map as
PNG and PDF and the day as GIF, and prints where. What is there already, made with the same options, stays.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "build" / "plugins"), "/usr/share/qgis/python/plugins"]

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsCoordinateTransform,
    QgsProcessingFeedback,
    QgsProject,
    QgsReferencedRectangle,
    QgsVectorLayer,
)

HOUR = "08:00"
SOURCES = "Streets, traffic and trips are generated. Made with Roadpulse."


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trips", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--size", default="medium")
    parser.add_argument("--theme", default="light", choices=("light", "dark"))
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {**vars(options), "folder": str(folder), "code": _state_of_code()}
    stamp = folder / "demo.json"
    if not stamp.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} holds other files. Choose a new or empty folder for the demo.")
    made = {
        "result": folder / "run" / "results" / "link_speeds.csv",
        "result by hour": folder / "run" / "results" / "link_speeds_by_time.csv",
        "map": folder / "speeds.gpkg",
        "project": folder / "speeds.qgz",
        "page": folder / "speeds-0800.pdf",
        "picture": folder / "speeds-0800.png",
        "film": folder / "speeds.gif",
    }
    if not (
        stamp.exists() and json.loads(stamp.read_text()) == wanted and all(p.exists() for p in made.values())
    ):
        stamp.write_text(json.dumps({"complete": False}))
        _make(folder, options, made)
        stamp.write_text(json.dumps(wanted, indent=1))
    for what, path in made.items():
        print(f"  {what:15} {path}")
    return 0


def _state_of_code() -> float:
    """When the plugin's code was last changed: what was made by earlier code is made again."""
    rooms = ("aggregation", "cluster_client", "mapping", "workflow", "algorithms", "democity", "development")
    return max(path.stat().st_mtime for room in rooms for path in (ROOT / room).rglob("*.py"))


def _make(folder: Path, options: argparse.Namespace, made: dict[str, Path]) -> None:
    application = QgsApplication([], False)
    application.initQgis()
    import processing
    from processing.core.Processing import Processing

    from roadpulse.algorithms.provider import RoadpulseProvider

    Processing.initialize()
    provider = RoadpulseProvider()
    QgsApplication.processingRegistry().addProvider(provider)
    feedback = _Words()

    def run(name: str, **parameters: Any) -> dict[str, Any]:
        begin = time.perf_counter()
        results: dict[str, Any] = processing.run(f"roadpulse:{name}", parameters, feedback=feedback)
        print(f"{name:16} {time.perf_counter() - begin:5.1f} s")
        return results

    home = folder / f"city-{options.size}-{options.seed}-{options.trips}"
    city = run("democity", TRIPS=options.trips, SEED=options.seed, SIZE=options.size, OUTPUT=str(home))
    _remove_run(folder / "run")
    speeds = run(
        "speedmap", PROFILE=city["PROFILE"], TRIPS=city["TRIPS_FOLDER"], SPEED_UNIT="mph",
        TIME_ZONE="Europe/London", LINKS=city["LINKS"], RUN_FOLDER=str(folder / "run"),
        OUTPUT=str(made["map"]),
    )  # fmt: skip
    words = {"TITLE": "Aldermere", "SOURCES": SOURCES, "THEME": options.theme}
    _save_project(speeds["OUTPUT"], city, options.theme, made["project"])
    for name in ("page", "picture"):
        run("exportlayout", INPUT=speeds["OUTPUT"], TIME=HOUR, OUTPUT=str(made[name]), DPI=200, **words)
    run("exportanimation", INPUT=speeds["OUTPUT"], OUTPUT=str(made["film"]), FRAME_SIZE="1280x720", **words)
    QgsProject.instance().clear()  # page and film show its water and parks
    QgsApplication.processingRegistry().removeProvider(provider)
    application.exitQgis()


class _Words(QgsProcessingFeedback):
    """Prints what went wrong and nothing else."""

    def reportError(self, error: str, fatalError: bool = False) -> None:
        print(error, file=sys.stderr)

    def pushWarning(self, warning: str) -> None:
        print(warning, file=sys.stderr)


def _save_project(source: str, city: dict[str, Any], theme: str, path: Path) -> None:
    """A project with the speeds over water and parks, whose temporal controller plays the day."""
    from roadpulse.algorithms.post_processing import show
    from roadpulse.mapping.ground.meaning import GREEN, WATER
    from roadpulse.mapping.ground.quiet import quiet_renderer
    from roadpulse.mapping.layout.facts import busy_extent, local_crs
    from roadpulse.mapping.map_file import MapFile
    from roadpulse.mapping.style.temporal import set_project_time

    project = QgsProject.instance()
    project.setTitle("Aldermere: how fast traffic moves")
    layer = QgsVectorLayer(source, "Speeds", "ogr")
    project.addMapLayer(layer)
    style = show(layer, project, {"theme": theme})
    layer.setName(f"{style.title}, Aldermere")
    for name, meaning in (("Water", WATER), ("Parks", GREEN)):
        area = QgsVectorLayer(city[name.upper()], name, "ogr")
        area.setRenderer(quiet_renderer(meaning, area.geometryType(), theme))
        project.addMapLayer(area, False)
        project.layerTreeRoot().addLayer(area)  # below the roads
    project.setCrs(local_crs(layer))
    transform = QgsCoordinateTransform(layer.crs(), project.crs(), project)
    extent = transform.transformBoundingBox(busy_extent(MapFile.of(layer)))
    project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(extent, project.crs()))
    set_project_time(project, style.timeline)
    if not project.write(str(path)):
        raise SystemExit(f"The project cannot be written to {path}: {project.error()}")


def _remove_run(folder: Path) -> None:
    """Delete the run that an earlier call left in the demo's folder."""
    from roadpulse.cluster_client.runs.folder import remove_files_of_a_run

    remove_files_of_a_run(folder)


if __name__ == "__main__":
    sys.exit(main())
