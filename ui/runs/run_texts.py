"""Texts about a run: state, place, time and progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Optional

from ...aggregation.contract.run_state import RunState
from ...cluster_client.profiles.profile import LOCAL_NAME, Profile
from ...cluster_client.runs.records import Run
from ...cluster_client.runs.status import RunStatus
from ...mapping import language
from ...mapping.language import digits, tr
from ..widgets.number_format import count, duration

_ICONS = {
    RunState.QUEUED: "/mTaskQueued.svg",
    RunState.STARTING: "/mTaskRunning.svg",
    RunState.WAITING: "/mTaskOnHold.svg",
    RunState.LISTING: "/mTaskRunning.svg",
    RunState.DECODING: "/mTaskRunning.svg",
    RunState.SUMMARISING: "/mTaskRunning.svg",
    RunState.PUBLISHING: "/mTaskRunning.svg",
    RunState.FINISHED: "/mIconSuccess.svg",
    RunState.FAILED: "/mIconDelete.svg",
    RunState.CANCELLED: "/mActionStop.svg",
    RunState.LOST: "/mIconWarning.svg",
    RunState.UNKNOWN: "/mTaskOnHold.svg",
}
DAMAGED_ICON = "/mIconWarning.svg"


def state_icon(state: RunState) -> str:
    """Name of QGIS's icon for a state."""
    return _ICONS[state]


@cache  # thousands of rows are sorted and filtered by it
def state_name(state: RunState) -> str:
    """Return one word, or two, for a state."""
    words = {
        RunState.QUEUED: tr("Queued"),
        RunState.STARTING: tr("Starting"),
        RunState.WAITING: tr("Waiting for cores"),
        RunState.LISTING: tr("Finding trips"),
        RunState.DECODING: tr("Reading trips"),
        RunState.SUMMARISING: tr("Computing"),
        RunState.PUBLISHING: tr("Writing result"),
        RunState.FINISHED: tr("Finished"),
        RunState.FAILED: tr("Failed"),
        RunState.CANCELLED: tr("Cancelled"),
        RunState.LOST: tr("Lost"),
        RunState.UNKNOWN: tr("Not known"),
    }
    return words[state]


def location_name(profile: Profile) -> str:
    """Return the name of the place where a run executes, as the Run dialog shows it."""
    return tr("This computer") if profile.name == LOCAL_NAME else profile.name


def relative(moment: Optional[datetime], now: datetime) -> str:
    """`just now`, `5 min ago`, `today 08:12`, `yesterday 17:40`, `Tue 10 Jun`, `10 Jun 2024`; local time."""
    if moment is None:
        return tr("not known")
    local, today = moment.astimezone(), now.astimezone()
    seconds = (now - moment).total_seconds()
    clock = digits(f"{local:%H:%M}")
    if 0 <= seconds < 60:
        return tr("just now")
    if 0 <= seconds < 3600:
        return tr("{n} min ago").format(n=int(seconds // 60))
    if local.date() == today.date():
        return tr("today {time}").format(time=clock)
    if local.date() == today.date() - timedelta(days=1):
        return tr("yesterday {time}").format(time=clock)
    if 0 <= (today.date() - local.date()).days < 180:
        day = language.day_of_year(local.date(), short=True)
        day = tr("{weekday} {date}").format(weekday=language.weekday(local.isoweekday()), date=day)
        return tr(", ").join((day, clock))
    return language.day(local.date(), short=True)


def exact(moment: Optional[datetime]) -> str:
    """`10 Jun 2025, 08:12:03 BST`, local time."""
    if moment is None:
        return tr("not known")
    local = moment.astimezone()
    clock = digits(f"{local:%H:%M:%S}") + f" {local:%Z}"
    return tr(", ").join((language.day(local.date(), short=True), clock.rstrip()))


def progress(status: RunStatus) -> str:
    """Return the progress of a run, `1,204 of 49,998 files, 2 min left`; empty while it is not known."""
    amount = status.files if status.state is RunState.DECODING and status.files.total else status.tasks
    unit = tr("files") if amount is status.files else tr("parts")
    parts = []
    if amount.total:
        parts.append(
            tr("{done} of {total} {unit}").format(
                done=count(amount.done), total=count(amount.total), unit=unit
            )
        )
    if status.seconds_left:
        parts.append(tr("{time} left").format(time=duration(status.seconds_left)))
    return ", ".join(parts)


def took(run: Run) -> Optional[float]:
    """Seconds from the start of a run that ended to the moment its end was seen; None where not known."""
    if run.started is None or run.ended is None:
        return None
    return max(0.0, (run.ended - run.started).total_seconds())


def end_sentence(run: Run, status: RunStatus) -> str:
    """Return a sentence about the end of a run: `“Belfast” has finished on Belfast Pi cluster.`"""
    names = {"name": run.name, "location": location_name(run.profile)}
    if status.state is RunState.FINISHED:
        return tr("“{name}” has finished on {location}.").format(**names)
    if status.state is RunState.CANCELLED:
        return tr("“{name}” was cancelled on {location}.").format(**names)
    why = status.error.message if status.error is not None else ""
    return tr("“{name}” has failed on {location}. {why}").format(**names, why=why).rstrip()
