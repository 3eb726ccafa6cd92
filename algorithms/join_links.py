"""`roadpulse:joinlinks`: a result and its roads to one GeoPackage."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingOutputNumber

from ..aggregation.contract.statistic import first_drawn, statistic
from ..aggregation.contract.visible_text import visible
from ..mapping import statistic_words
from ..mapping.language import tr
from ..workflow import requirements
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .outputs import check_map
from .post_processing import load_map, map_path
from .progress import match_summary, part, push_result
from .reader import Reader


class JoinLinks(RoadpulseAlgorithm):
    """Joins by link id; gives the map's GeoPackage, styled."""

    ID = "joinlinks"
    NEEDS = requirements.MAPS
    TAGS = ("join", "geometry", "postgis", "geopackage")

    def title(self) -> str:
        return tr("Join links")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Joins the result of a run to the geometry of its roads, by link id, and writes one "
                "GeoPackage: a feature for each link with its statistics, also by bin, ready to "
                "be drawn and played."
            ),
            tr(
                "The share of links and points that found their road is reported; ids without a road are "
                "kept in the table “unmatched”. An earlier file is replaced only when the new one is "
                "complete."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        self.addParameter(p.run_folder_input())
        for parameter in p.road_parameters():
            self.addParameter(parameter)
        self.addParameter(p.map_destination())
        add_match_outputs(self)

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        from ..workflow import steps  # noqa: PLC0415  (needs the packages)

        check_map(self, parameters, context, p.OUTPUT)
        reader = Reader(self, parameters, context)
        steps.RunResult.read(reader.text(p.RUN_FOLDER))
        self._roads = reader.roads()

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        folder = Reader(self, parameters, context).text(p.RUN_FOLDER)
        return join(self, parameters, context, feedback, folder, self._roads, 0, 100)


def add_match_outputs(algorithm: RoadpulseAlgorithm) -> None:
    """Declare the numbers that `join` gives."""
    for name, label in (
        ("MATCHED_LINKS", tr("Links on the map")),
        ("MATCH_RATE", tr("Share of the links on the map (%)")),
        ("MATCH_RATE_POINTS", tr("Share of the points on the map (%)")),
        ("MATCHED_KM", tr("Road on the map (km)")),
    ):
        algorithm.addOutput(QgsProcessingOutputNumber(name, label))


def join(
    algorithm: RoadpulseAlgorithm,
    parameters: Parameters,
    context: QgsProcessingContext,
    feedback: QgsProcessingFeedback,
    folder: str,
    roads: Any,
    start: float,
    end: float,
) -> Results:
    """Write the map of the run in `folder`, style it and have it loaded; progress from `start` to `end`."""
    from ..workflow import steps  # noqa: PLC0415  (needs the packages)

    destination = algorithm.parameterAsOutputLayer(parameters, p.OUTPUT, context)
    output = map_path(destination)
    feedback.setProgressText(tr("Joining links and roads"))
    middle = start + 0.95 * (end - start)
    report = steps.make_map(folder, roads, output, part(feedback, start, middle), feedback.isCanceled)
    result = steps.RunResult.read(folder)
    drawn = statistic(first_drawn(result.spec.statistics))
    name = f"{statistic_words.title(drawn, result.spec.unit)}, {result.name}"
    part(feedback, middle, end)(100)
    push_result(feedback, match_summary(report), report.warnings)
    if not report.matched_links and report.links:
        feedback.pushWarning(
            visible(
                tr(
                    "None of the {links} links of the result is among the roads. Check the field with the "
                    "link id, and that these are the roads that the trips were matched to."
                ).format(links=f"{report.links:,}")
            )
        )
    return {
        p.OUTPUT: load_map(context, destination, output, name),
        "MATCHED_LINKS": report.matched_links,
        "MATCH_RATE": round(100 * report.link_rate, 2),
        "MATCH_RATE_POINTS": round(100 * report.point_rate, 2),
        "MATCHED_KM": round(report.matched_km, 3),
    }
