"""`roadpulse:speedmap`: trips to a styled layer, what the Run button does."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback

from ..aggregation.contract.errors import SpecError
from ..aggregation.contract.statistic import first_drawn
from ..mapping.language import tr
from . import parameters as p
from .aggregate_trips import AggregateTrips, add_run_outputs, plan_run, run_trips
from .base import Parameters, Results, RoadpulseAlgorithm
from .join_links import JoinLinks, add_match_outputs, join
from .outputs import check_map
from .reader import Reader

RUN_SHARE = 75.0
"""Per cent of the progress that the aggregation takes."""


class SpeedMap(RoadpulseAlgorithm):
    """Aggregates, joins and styles in one."""

    ID = "speedmap"
    NEEDS = tuple(dict.fromkeys((*AggregateTrips.NEEDS, *JoinLinks.NEEDS)))
    TAGS = ("map", "choropleth", "viridis", "temporal", "animation", "aggregate", "join")

    def title(self) -> str:
        return tr("Speed map")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "From a folder of GPS trips to a map: computes the speeds of each road link by time of day, "
                "joins them to the roads and gives a styled layer that plays through the day with the "
                "temporal controller."
            ),
            tr(
                "It does what “Aggregate trips”, “Join links” and “Style speeds” do one after the other. The "
                "run folder stays, so the map can be made again without reading a trip."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        trips = list(p.trip_parameters())
        roads = list(p.road_parameters())
        for parameter in (*trips[:2], *roads[:2], *trips[2:], *roads[2:]):
            self.addParameter(parameter)
        self.addParameter(p.run_folder_destination())
        self.addParameter(p.map_destination())
        add_run_outputs(self)
        add_match_outputs(self)

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        check_map(self, parameters, context, p.OUTPUT)
        reader = Reader(self, parameters, context)
        self._run = plan_run(reader)
        if not first_drawn(self._run.spec.statistics):
            fault = tr("has only counts, by which no map is coloured; add another one, such as mean")
            raise SpecError(p.STATISTICS, fault)
        self._roads = reader.roads()

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        from ..workflow import steps  # noqa: PLC0415  (needs the packages)

        steps.check_roads(self._roads, feedback.isCanceled)
        run = run_trips(self._run, Reader(self, parameters, context), feedback, 0, RUN_SHARE)
        folder = run[p.RUN_FOLDER]
        return {**run, **join(self, parameters, context, feedback, folder, self._roads, RUN_SHARE, 100)}
