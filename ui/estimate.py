"""How long a run will take, from what this computer did last time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .settings import Pace
from .words import about, count, tr

if TYPE_CHECKING:
    from .run_task import Outcome
    from .trip_sample import TripCount

_MEASURABLE_BYTES = 20e6
_MEASURABLE_SECONDS = 0.5


def seconds(found: TripCount, pace: Mapping[str, float]) -> float:
    """Expected duration in s: new bytes are read, all bytes' points computed, and the map made."""
    return found.new_bytes / pace["decode"] + found.bytes / pace["summarise"] + pace["rest"]


def sentence(found: TripCount, pace: Mapping[str, float]) -> str:
    """`About 20 s on this computer (1,204 files are new).`"""
    time = about(seconds(found, pace))
    if found.new_files == 0:
        return tr("About {time} on this computer (no file is new).").format(time=time)
    if found.new_files == found.files:
        return tr("About {time} on this computer (all files are new).").format(time=time)
    if found.new_files == 1:
        return tr("About {time} on this computer (1 file is new).").format(time=time)
    return tr("About {time} on this computer ({n} files are new).").format(
        time=time, n=count(found.new_files)
    )


def learn(outcome: Outcome) -> None:
    """Keep what a finished run tells about this computer."""
    timings = outcome.manifest.get("timings", {})
    decode, summarise = float(timings.get("decode", 0)), float(timings.get("summarise", 0))
    n_bytes = float(outcome.manifest["files"]["bytes"])
    pace = {"rest": max(1.0, outcome.seconds - decode - summarise)}
    if outcome.job.new_bytes > _MEASURABLE_BYTES and decode > _MEASURABLE_SECONDS:
        pace["decode"] = outcome.job.new_bytes / decode
    if n_bytes > _MEASURABLE_BYTES and summarise > _MEASURABLE_SECONDS:
        pace["summarise"] = n_bytes / summarise
    Pace.save(pace)
