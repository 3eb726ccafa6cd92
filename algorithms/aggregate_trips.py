"""`roadpulse:aggregatetrips`: trips to the tables of speeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
)

from ..aggregation.contract.manifest import n_trips
from ..aggregation.contract.tables import LINK_SPEEDS, LINK_SPEEDS_BY_PERIOD, LINK_SPEEDS_BY_TIME
from ..mapping.language import tr
from ..workflow import requirements
from . import parameters as p
from .base import Parameters, Results, RoadpulseAlgorithm
from .progress import RunReporter, part, push_result, run_summary
from .reader import Reader

if TYPE_CHECKING:
    from ..aggregation.contract.spec import RunSpec
    from ..cluster_client.profiles.credentials import ProfileKeys
    from ..cluster_client.profiles.profile import Profile
    from ..cluster_client.runs.records import Run, RunStore
    from ..workflow.layer_trips import LayerTrips


LAYER_SHARE = 0.2
"""Share of a run's progress in which the points of a layer are written."""


class AggregateTrips(RoadpulseAlgorithm):
    """One aggregation; gives a run folder."""

    ID = "aggregatetrips"
    NEEDS = requirements.RUNS
    TAGS = ("aggregate", "statistics", "percentile", "json", "csv")

    def title(self) -> str:
        return tr("Aggregate trips")

    def paragraphs(self) -> tuple[str, ...]:
        return (
            tr(
                "Computes speed statistics for each road link from GPS trips that are matched to links: "
                "points, trips, mean, standard deviation and percentiles, and where asked travel times, "
                "reliability, delay and others, over the whole time, by bins of the day for sets of days, "
                "and by named periods."
            ),
            tr(
                "Trips are JSON files, one a trip. What was read once is kept in a point store: the next run "
                "reads only files that are new or changed; other bins, days, periods or statistics read none."
            ),
            tr(
                "“mean” is the mean of the points. Every point that is dropped is counted, by reason, in the "
                "run folder's manifest.json."
            ),
            tr(
                "The run folder holds results/link_speeds.csv, results/link_speeds_by_time.csv, with periods "
                "results/link_speeds_by_period.csv, manifest.json and the specification of the run."
            ),
        )

    def initAlgorithm(self, configuration: Any = None) -> None:
        for parameter in p.trip_parameters():
            self.addParameter(parameter)
        self.addParameter(p.run_folder_destination())
        add_run_outputs(self)

    def plan_work(self, parameters: Parameters, context: QgsProcessingContext) -> None:
        self._run = plan_run(Reader(self, parameters, context))

    def carry_out(
        self, parameters: Parameters, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        return run_trips(self._run, Reader(self, parameters, context), feedback, 0, 100)


def add_run_outputs(algorithm: RoadpulseAlgorithm) -> None:
    """Declare what `run_trips` gives besides the run folder."""
    for name, label in (
        ("LINK_SPEEDS", tr("Speeds by link")),
        ("LINK_SPEEDS_BY_TIME", tr("Speeds by link and time")),
        ("LINK_SPEEDS_BY_PERIOD", tr("Speeds by link and period, if there are periods")),
    ):
        algorithm.addOutput(QgsProcessingOutputFile(name, label))
    for name, label in (
        ("TRIP_COUNT", tr("Trips that count")),
        ("POINT_COUNT", tr("Points that count")),
        ("LINK_COUNT", tr("Links with data")),
        ("BAD_FILE_COUNT", tr("Trip files that could not be used")),
    ):
        algorithm.addOutput(QgsProcessingOutputNumber(name, label))


@dataclass(frozen=True)
class PlannedRun:
    """A run as planned in the main thread: where it goes, and the credentials.

    The points of a `layer` are still to be written to a file.
    """

    profile: Profile
    spec: RunSpec
    credentials: ProfileKeys
    layer: Optional[LayerTrips] = None


def plan_run(reader: Reader) -> PlannedRun:
    """Read what determines a run; for the main thread. Raises `RunError`."""
    from ..workflow import locations, steps  # noqa: PLC0415  (need the packages)
    from ..workflow.credentials import read_credentials  # noqa: PLC0415

    profile = reader.profile()
    layer = reader.trips_layer(profile)
    store, written = locations.point_store(profile), str(locations.layers_folder()) if layer else ""
    spec = reader.spec(store, remote=not profile.runs_here, trips=written)
    if layer is None:
        steps.check_trips(profile, spec)
    else:
        spec = replace(spec, mapping=replace(spec.mapping, form="lines"))
    return PlannedRun(profile, spec, read_credentials(profile), layer)


def run_trips(
    run: PlannedRun, reader: Reader, feedback: QgsProcessingFeedback, start: float, end: float
) -> Results:
    """Run the aggregation that the parameters ask for; progress goes from `start` to `end` per cent."""
    from ..workflow import locations, steps  # noqa: PLC0415  (need the packages)

    if run.layer is not None:
        end_of_layer = start + LAYER_SHARE * (end - start)
        run = _with_file(run, run.layer, feedback, start, end_of_layer)
        start = end_of_layer
    store, where = locations.run_store(), reader.text(p.RUN_FOLDER)
    reporting = (RunReporter(feedback, part(feedback, start, end)), feedback.isCanceled)
    begun = _begun_before(run, store, where)
    folder = None
    if begun is not None:
        feedback.pushInfo(tr("This run was started before, and is taken up again."))
        try:
            folder = steps.rejoin(begun, store, *reporting, credentials=run.credentials)
        except steps.RunGone:
            feedback.pushInfo(tr("Its files are not there any more, so it is started anew."))
            steps.forget(begun, store)
    if folder is None:
        folder = steps.run_aggregation(
            run.profile, run.spec, store, *reporting, folder=where, credentials=run.credentials
        )
    result = steps.RunResult.read(folder)
    values = result.manifest.values
    push_result(feedback, run_summary(values), values["warnings"], values.get("remarks", ()))
    tables = {LINK_SPEEDS, LINK_SPEEDS_BY_TIME, LINK_SPEEDS_BY_PERIOD} & set(result.manifest.tables)
    return {
        p.RUN_FOLDER: str(folder),
        **{table.upper(): result.part_paths(table)[0] for table in sorted(tables)},
        "TRIP_COUNT": n_trips(values),
        "POINT_COUNT": values["points"]["counted"],
        "LINK_COUNT": result.manifest.tables[LINK_SPEEDS].rows,
        "BAD_FILE_COUNT": values["files"]["bad"],
    }


def _with_file(
    run: PlannedRun, layer: LayerTrips, feedback: QgsProcessingFeedback, start: float, end: float
) -> PlannedRun:
    """Write the points of the layer, and return the run of their file."""
    from ..workflow import locations  # noqa: PLC0415

    feedback.setProgressText(tr("Writing the points of the layer"))
    progress = part(feedback, start, end)
    path = layer.write(locations.layers_folder(), progress, feedback.isCanceled, locations.run_store())
    return replace(run, spec=replace(run.spec, trips=str(path)), layer=None)


def _begun_before(run: PlannedRun, store: RunStore, folder: str) -> Optional[Run]:
    """The same run, started with that folder by a QGIS that ended before it had the result; None: none is.

    A folder that was deleted since, or emptied, waits for no run.
    """
    from ..aggregation.contract.run_state import RunState  # noqa: PLC0415
    from ..cluster_client.runs.folder import has_result, is_of  # noqa: PLC0415  (need the packages)
    from ..workflow import steps  # noqa: PLC0415

    begun = store.find_folder(folder) or store.find_folder(str(Path(folder).absolute())) if folder else None
    if begun is None or begun.profile.name != run.profile.name:
        return None
    local = Path(begun.local_folder)
    if not is_of(local, begun):
        return None
    missing = begun.state is RunState.FINISHED and not has_result(local, begun)
    if begun.state.is_final and not missing:
        return None
    return begun if begun.read_spec() == steps.with_bucket(run.spec, run.profile, run.credentials) else None
