"""Settings of the Run dialog, and the work of making a map, from a recorded run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...aggregation.contract.spec import RunSpec
from ...aggregation.contract.statistic import DEFAULT_DRAWN, first_drawn
from ...cluster_client.runs.records import Run, RunStore
from ...workflow import locations
from ..widgets.number_format import slug
from .catalogue import result_folder
from .run_task import Job
from .settings import RunSettings

if TYPE_CHECKING:
    from ...workflow.roads import Roads


def settings_of(run: Run) -> RunSettings:
    """Return the Run dialog's settings for the same run again, with the roads that were used last.

    Raises `SpecError`.
    """
    spec = run.read_spec()
    return replace(
        RunSettings.load(),
        profile=run.profile.name,
        trips=spec.trips,
        mapping=spec.mapping,
        date_from=spec.date_from.isoformat() if spec.date_from else "",
        date_to=spec.date_to.isoformat() if spec.date_to else "",
        weekdays=spec.weekdays,
        bin_minutes=spec.bin_minutes,
        time_zone=spec.time_zone,
        speed_unit=spec.speed_unit,
        shown_unit=spec.shown_unit,
        min_trips=spec.min_trips,
        bad_files=spec.bad_files,
        suppress_below=spec.suppress_below,
        statistics=spec.statistics,
        statistic=drawn_of(spec),
        days=spec.days,
        periods=spec.periods,
        holidays=", ".join(day.isoformat() for day in spec.holidays),
        free_flow=spec.free_flow,
        trim=spec.trim,
        workers=run.profile.workers,
    )


def drawn_of(spec: RunSpec) -> str:
    """Return the key of the statistic that a run's map shows: the one chosen last, if the run computed it."""
    chosen = RunSettings.load().statistic
    return chosen if chosen in spec.statistics else first_drawn(spec.statistics) or DEFAULT_DRAWN


def job_of(run: Run, roads: Roads, store: RunStore) -> Job:
    """Return the work of following a run to its end and onto the map. Raises `SpecError`."""
    folder = result_folder(run)
    output = locations.maps_folder() / f"{slug(run.name)}-{run.id[:8]}.gpkg"
    return Job(
        settings=settings_of(run), profile=run.profile, spec=run.read_spec(), roads=roads, store=store,
        folder=folder, output=str(output), name=run.name, known=run,
    )  # fmt: skip
