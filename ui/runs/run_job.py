"""The work of a run, made from the form. Main thread only: QGIS gives out credentials there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Optional

from ...workflow import locations
from ..widgets.number_format import slug
from .pending import PendingRun
from .roads_choice import roads_of
from .run_from_record import job_of, settings_of
from .run_task import Job
from .settings import RunSettings, run_spec

if TYPE_CHECKING:
    from ...aggregation.inventory import TripCount
    from ...cluster_client.runs.records import Run


def new_job(settings: RunSettings, found: Optional[TripCount]) -> Job:
    """Return a new run with these settings; `found` is what was counted. Raises `RunError`."""
    from ...workflow.steps import run_name  # noqa: PLC0415

    profile = locations.profile_store().find(settings.profile)
    if settings.workers and profile.runs_here:
        profile = replace(profile, workers=settings.workers)
    spec = run_spec(settings, locations.point_store(profile))
    name = run_name(spec)
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    return Job(
        settings=settings,
        profile=profile,
        spec=spec,
        roads=roads_of(settings.roads),
        store=locations.run_store(),
        folder=str(locations.runs_folder() / f"{stamp}-{slug(name)}"),
        output=str(locations.maps_folder() / f"{slug(name)}-{stamp}.gpkg"),
        name=name,
        new_bytes=(found.new_bytes or 0) if found else 0,
    )


def job_again(run: Run, noted: Optional[PendingRun]) -> Job:
    """Return the work of following a run that was started before; `noted` is what the window knew of it.

    Never starts it: what is not running any more is only looked at. Raises `RunError`.
    """
    roads = (noted.settings if noted else settings_of(run)).roads
    job = job_of(run, roads_of(roads), locations.run_store())
    if noted is None:
        return job
    return replace(job, settings=noted.settings, output=noted.output, folder=noted.folder)
