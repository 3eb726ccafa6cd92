"""A run's status as Processing shows it: one percentage, and a line of text where something changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Optional

from qgis.core import QgsFeedback, QgsProcessingFeedback

from ..aggregation.contract.manifest import n_trips
from ..aggregation.contract.visible_text import visible
from ..aggregation.trips.values import TRIM_REASONS
from ..mapping.language import many, percent, tr

if TYPE_CHECKING:
    from ..cluster_client.runs.status import RunStatus
    from ..mapping.writer.geopackage import MatchReport

SPANS = {"listing": (0, 2), "decoding": (2, 75), "summarising": (75, 97), "publishing": (97, 100)}
"""Beginning and end of each phase of a run, per cent of the run."""

FEEDBACK_SECONDS = 10.0
"""Seconds between messages about a phase that lasts."""


def part(feedback: QgsFeedback, start: float, end: float) -> Callable[[float], None]:
    """Return a progress function whose 0 to 100 are `start` to `end` of the whole."""
    return lambda done: feedback.setProgress(start + (end - start) * min(max(done, 0.0), 100.0) / 100)


class RunReporter:
    """Reports a run to a feedback; `progress` gets per cent of the run."""

    def __init__(self, feedback: QgsProcessingFeedback, progress: Callable[[float], None]) -> None:
        self._feedback, self._progress = feedback, progress
        self._phase, self._text, self._reported, self._message = "", "", 0.0, ""

    def __call__(self, status: RunStatus) -> None:
        """Report one status."""
        phase = status.state.value
        if phase in SPANS:
            start, end = SPANS[phase]
            self._progress(start + (end - start) * (status.fraction or 0.0))
        text = phase_text(status)
        now = time.monotonic()
        is_news = text != self._text and now - self._reported > FEEDBACK_SECONDS
        if text and (phase != self._phase or is_news):
            self._phase, self._text, self._reported = phase, text, now
            self._feedback.setProgressText(visible(text))
        if status.message and status.message != self._message:
            self._feedback.pushInfo(visible(status.message))
        self._message = status.message


def phase_text(status: RunStatus) -> str:
    """Return what a run does at the moment, with real numbers; empty if there is nothing to report."""
    files = status.files
    texts = {
        "starting": tr("Starting the run"),
        "listing": tr("Listing the trips"),
        "decoding": tr("Reading trips: {done} of {total} files").format(
            done=f"{files.done:,}", total=f"{files.total:,}"
        ),
        "summarising": tr("Computing speeds of {points} points").format(points=many(status.points)),
        "publishing": tr("Writing the result"),
    }
    text = texts.get(status.state.value, "")
    if status.seconds_left and text:
        text += ", " + tr("{seconds} s left").format(seconds=f"{status.seconds_left:,.0f}")
    return text


def run_summary(manifest: Mapping[str, Any]) -> str:
    """Return the result of a run in one line."""
    points = manifest["points"]
    links = manifest["results"]["link_speeds"]["rows"]
    text = tr("{trips} trips, {points} points, {links} links").format(
        trips=f"{n_trips(manifest):,}", points=many(points["counted"]), links=f"{links:,}"
    )
    if points["read"]:
        trimmed = sum(points["reasons"].get(reason, 0) for reason in TRIM_REASONS)
        text += "; " + tr("{share} of the points could not be used").format(
            share=percent((points["dropped"] - trimmed) / points["read"])
        )
        if trimmed:
            text += ", " + tr("{share} were trimmed").format(share=percent(trimmed / points["read"]))
    return text + "."


def match_summary(report: MatchReport) -> str:
    """Return the share of a result that is on the map, in one line."""
    if not report.links:
        return tr("The run found no link with data, so nothing is on the map.")
    text = tr("{links} of the links and {points} of the points are on the map, {km} km of road").format(
        links=percent(report.link_rate), points=percent(report.point_rate), km=f"{report.matched_km:,.0f}"
    )
    if report.duplicates:
        text += "; " + tr("{count} roads are further parts of a link that comes in several").format(
            count=f"{report.duplicates:,}"
        )
    return text + "."


def push_result(
    feedback: QgsProcessingFeedback, text: str, warnings: Iterable[str] = (), remarks: Iterable[str] = ()
) -> None:
    """A result's line, remarks on it, and what to know before trusting it."""
    for line in (text, *remarks):
        feedback.pushInfo(visible(line))
    for warning in warnings:
        feedback.pushWarning(visible(warning))


def is_cancelled(feedback: Optional[QgsFeedback]) -> Callable[[], bool]:
    """Return a function that is True once the feedback is cancelled."""
    return feedback.isCanceled if feedback is not None else lambda: False
