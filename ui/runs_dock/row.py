"""One line of the Runs dock: what its cells say, what they are sorted and found by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import IntEnum
from typing import Any, Optional

from ...aggregation.contract.run_state import RunState
from ...cluster_client.runs.records import Run
from ...cluster_client.runs.status import RunStatus
from ...mapping.language import many, tr
from ..runs import run_texts
from ..runs.catalogue import RunEntry
from ..widgets.number_format import count, duration, size

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class Column(IntEnum):
    """The columns, from left to right."""

    STATE = 0
    NAME = 1
    LOCATION = 2
    WHEN = 3
    POINTS = 4
    LINKS = 5
    SIZE = 6
    TOOK = 7
    REMARK = 8


NUMBERS = (Column.POINTS, Column.LINKS, Column.SIZE, Column.TOOK)


@dataclass(frozen=True)
class Row:
    """One run as it is listed: its record, what was last heard of it, and what hinders hearing more."""

    entry: RunEntry
    status: Optional[RunStatus] = None
    trouble: str = ""
    activity: str = ""

    @property
    def run(self) -> Optional[Run]:
        """The run; None for a damaged record."""
        return self.entry.run

    @property
    def state(self) -> RunState:
        """The state to show: an end that is recorded, else what was heard last."""
        if self.run is None:
            return RunState.UNKNOWN
        if self.run.state.is_final or self.status is None or self.status.state is RunState.UNKNOWN:
            return self.run.state
        return self.status.state

    @property
    def going(self) -> bool:
        """True if the run is not known to have ended."""
        return self.run is not None and not self.state.is_final

    @property
    def points(self) -> Optional[int]:
        """Points counted, or read so far."""
        if self.entry.facts is not None:
            return self.entry.facts.points
        return self.status.points if self.status is not None and self.status.points else None

    @property
    def seconds(self) -> Optional[float]:
        """The run's duration in seconds, up to now if it has not ended."""
        if self.entry.facts is not None and self.entry.facts.seconds:
            return self.entry.facts.seconds
        if self.going and self.status is not None and self.status.elapsed:
            return self.status.elapsed
        return run_texts.took(self.run) if self.run is not None and not self.going else None

    @property
    def remark(self) -> str:
        """A few more words on the run."""
        if self.run is None:
            return tr("The record cannot be read: {reason}").format(reason=self.entry.reason)
        if self.activity:
            return self.activity
        if self.going:
            said = self.status.message if self.status is not None else ""
            how_far = run_texts.progress(self.status) if self.status is not None else ""
            return self.trouble or said or how_far
        if self.state is RunState.FINISHED:
            if self.entry.gone:
                return tr("Its result is not in its folder any more.")
            return "" if self.entry.facts is not None else tr("The result is fetched when you open it.")
        return self.run.message

    def text(self, column: Column, now: datetime) -> str:
        """Return the text of a cell."""
        run, facts = self.run, self.entry.facts
        if run is None:
            if column is Column.WHEN:
                return run_texts.relative(self.entry.written, now)
            words = {Column.STATE: tr("Damaged"), Column.NAME: self.entry.key, Column.REMARK: self.remark}
            return words.get(column, "")
        if column is Column.STATE:
            return run_texts.state_name(self.state)
        if column is Column.NAME:
            return " ".join(run.name.split())
        if column is Column.LOCATION:
            return run_texts.location_name(run.profile)
        if column is Column.WHEN:
            return run_texts.relative(run.created, now)
        if column is Column.POINTS:
            return many(self.points) if self.points is not None else ""
        if column is Column.LINKS:
            return count(facts.links) if facts is not None else ""
        if column is Column.SIZE:
            n_bytes = facts.bytes if facts else self.status.bytes.total if self.going and self.status else 0
            return size(n_bytes) if n_bytes else ""
        if column is Column.TOOK:
            return duration(self.seconds) if self.seconds is not None else ""
        return self.remark

    def sort_value(self, column: Column) -> Any:
        """Return the sort key of a cell; rows without a value come first."""
        facts = self.entry.facts
        if column is Column.WHEN:
            return (self.run.created if self.run is not None else self.entry.written) or _LONG_AGO
        if column is Column.POINTS:
            return self.points or -1
        if column is Column.LINKS:
            return facts.links if facts else -1
        if column is Column.SIZE:
            return facts.bytes if facts else -1
        if column is Column.TOOK:
            return self.seconds if self.seconds is not None else -1.0
        return natural(self.text(column, _LONG_AGO))

    def matches(self, words: Iterable[str]) -> bool:
        """Return True if every word of a filter, in lower case, occurs in the row."""
        run = self.run
        parts = [self.text(column, _LONG_AGO) for column in (Column.STATE, Column.NAME, Column.LOCATION)]
        parts += [self.remark, self.entry.key]
        if run is not None:
            parts += [str(run.spec.get("trips", "")), run.folder]
        said = "\n".join(parts).casefold()
        return all(word in said for word in words)


def natural(text: str) -> list[tuple[int, str]]:
    """Return a sort key that orders numbers in texts by value: Belfast 9 before Belfast 10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [(int(part), "") if part.isdigit() and part.isascii() else (-1, part) for part in parts]


def tip_of(row: Row, column: Column) -> str:
    """Return the tool tip of a cell: its exact or whole value."""
    run, facts = row.run, row.entry.facts
    if run is None:
        return row.entry.fault
    if column is Column.WHEN:
        return "\n".join(
            label.format(time=run_texts.exact(moment))
            for label, moment in (
                (tr("Made: {time}"), run.created),
                (tr("Started: {time}"), run.started),
                (tr("Seen to end: {time}"), run.ended),
            )
            if moment is not None
        )
    if column is Column.NAME:
        return tr("{name}\nTrips: {trips}").format(name=run.name, trips=run.spec.get("trips", ""))
    if column is Column.LOCATION:
        host = f"{run.profile.host or run.profile.service_url}\n" if not run.profile.runs_here else ""
        done = f"{tr('Work done')} {facts.done_by}\n" if facts is not None and facts.done_by else ""
        return f"{run_texts.location_name(run.profile)}\n{host}{done}{run.folder}".strip()
    if column is Column.POINTS and row.points is not None:
        return tr("{n} points").format(n=count(row.points))
    if column is Column.SIZE and facts is not None:
        return tr("{n} trip files").format(n=count(facts.files))
    return row.remark
