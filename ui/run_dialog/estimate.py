"""Estimate of a run's duration from the last run at the same place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...mapping.language import tr
from ..runs.run_texts import location_name
from ..runs.settings import Throughput
from ..widgets.number_format import about, count

if TYPE_CHECKING:
    from ...aggregation.inventory import TripCount
    from ...cluster_client.profiles.profile import Profile
    from ..runs.run_task import FinishedRun

_MEASURABLE_BYTES = 20e6
_MEASURABLE_SECONDS = 0.5


def seconds(found: TripCount, throughput: Mapping[str, float]) -> float:
    """Expected duration in s: new bytes are read, all bytes' points computed, and the map made."""
    new = found.bytes if found.new_bytes is None else found.new_bytes
    return new / throughput["decode"] + found.bytes / throughput["summarise"] + throughput["rest"]


def sentence(found: TripCount, throughput: Mapping[str, float], profile: Profile) -> str:
    """`About 20 s on this computer (1,204 files are new).` Without a throughput: nothing was measured yet."""
    where = tr("this computer") if profile.runs_here else location_name(profile)
    if found.more:
        return tr("There are too many trips to say how long {place} takes.").format(place=where)
    if not throughput:
        text = tr("How long {place} takes is known after the first run there.").format(place=where)
        return f"{_news(found)}. {text}" if found.new_files is not None else text
    time = about(seconds(found, throughput))
    if found.new_files is None:
        return tr("At most about {time} on {place}.").format(time=time, place=where)
    news = _news(found)
    return tr("About {time} on {place} ({news}).").format(
        time=time, place=where, news=news[0].lower() + news[1:]
    )


def _news(found: TripCount) -> str:
    if not found.new_files:
        return tr("No file is new")
    if found.new_files == found.files:
        return tr("All files are new")
    if found.new_files == 1:
        return tr("1 file is new")
    return tr("{n} files are new").format(n=count(found.new_files))


def learn(finished: FinishedRun) -> None:
    """Store the speed that a finished run measured for its place."""
    timings, files = finished.manifest.get("timings", {}), finished.manifest["files"]
    decode, summarise = float(timings.get("decode", 0)), float(timings.get("summarise", 0))
    n_bytes = float(files["bytes"])
    # the number of new bytes is known if they were counted, or if all of them were new
    new_bytes = finished.job.new_bytes or (n_bytes if files["decoded"] == files["named"] else 0.0)
    throughput = {"rest": max(1.0, finished.seconds - decode - summarise)}
    if new_bytes > _MEASURABLE_BYTES and decode > _MEASURABLE_SECONDS:
        throughput["decode"] = new_bytes / decode
    if n_bytes > _MEASURABLE_BYTES and summarise > _MEASURABLE_SECONDS:
        throughput["summarise"] = n_bytes / summarise
    if finished.job.known is None:  # only then is the beginning of the run known
        Throughput.save(throughput, finished.job.profile)
