"""Sums over the trip files of a run, in memory that does not grow with their number."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np

from ..contract import json_text
from ..contract.spec import FieldMapping
from ..trips import values
from ..trips.advice import file_advice, sentence
from . import point_store
from .point_store import FileRecord

BAD_FILES_NAMED = 1000
"""Number of bad files that are kept by name."""


LINES = "lines"
"""Entry of the stored examples with the numbers of their lines."""

_NO_TRIP = point_store.FAULTS.index("no_trip")
_TRIMMED = [point_store.FAULTS.index(name) for name in values.TRIM_REASONS]


class BadFile(NamedTuple):
    """A trip file that cannot be used, and why."""

    path: str
    reason: str
    message: str


@dataclass(frozen=True)
class Example:
    """An example of a faulty value, formatted for messages, and the file that has it; both may be empty.

    `line` is the number of its line, from 1 on; 0 where the form has no lines.
    """

    value: str = ""
    path: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """File and line for messages."""
        return f"{self.path}, line {self.line:,}" if self.line else self.path


class FileTally:
    """Sums over records of trip files, which are added in any order.

    `files` is their number, `points` what they hold, `counted` the points that can be used. `bad` has the
    first of the `n_bad` bad files by path, `examples` for each fault that of the first file by path.
    `left_out` is the number of files of which `trim` has left nothing; `first_used` is the first path with
    points that can be used, and `one_trip` is True if all of these are of one trip. `first_without_trip` is
    the first path of a file of many trips with points that name none.
    """

    def __init__(self, records: Iterable[FileRecord] = ()) -> None:
        self.files = self.points = self.counted = self.left_out = 0
        self.bad: list[BadFile] = []
        self.bad_by_reason: Counter[str] = Counter()
        self.examples: dict[str, Example] = {}
        self.first_used, self.one_trip, self.first_without_trip = "", True, ""
        self._faults = np.zeros(len(point_store.FAULTS), dtype=np.int64)
        self._first_read = self._fields = ""
        self._trip: Optional[tuple[str, ...]] = None
        self.add(records)

    def add(self, records: Iterable[FileRecord]) -> None:
        """Add files."""
        for record in records:
            self.files += not record.place
            self.points += record.points
            self.counted += record.counted
            if record.reason:
                self._add_bad(BadFile(record.path, record.reason, record.message))
            if record.points and (not self._first_read or record.path < self._first_read):
                self._first_read, self._fields = record.path, record.fields
            if any(record.faults):
                if record.faults[_NO_TRIP]:
                    self.first_without_trip = min(self.first_without_trip or record.path, record.path)
                self._faults += record.faults
                self.left_out += not record.counted and any(record.faults[at] for at in _TRIMMED)
            for reason, example in _examples(record):
                if reason not in self.examples or record.path < self.examples[reason].path:
                    self.examples[reason] = example
            if record.counted:
                self._add_used(record)

    @property
    def n_bad(self) -> int:
        """Number of files that cannot be used."""
        return sum(self.bad_by_reason.values())

    @property
    def faults(self) -> dict[str, int]:
        """The sum of the files' faults by reason, without reasons that did not occur."""
        return {name: int(n) for name, n in zip(point_store.FAULTS, self._faults) if n}

    def _add_bad(self, bad: BadFile) -> None:
        self.bad_by_reason[bad.reason] += 1
        if len(self.bad) < BAD_FILES_NAMED or bad < self.bad[-1]:
            insort(self.bad, bad)
            del self.bad[BAD_FILES_NAMED:]

    def _add_used(self, record: FileRecord) -> None:
        if not self.first_used or record.path < self.first_used:
            self.first_used = record.path
        if self.one_trip:
            trip = (record.trip_id,) if record.trip_id else (record.path, str(record.place))
            self.one_trip = self._trip in (None, trip)
            self._trip = trip

    def unusable(self, mapping: FieldMapping) -> str:
        """Return why no point of any file is usable, naming files and fields; empty if one is."""
        if self.files and self.n_bad == self.files:
            first = self.bad[0]
            return (
                f"None of the {self.files:,} trip files can be used. "
                f"The first is {first.path}: {first.message}. {file_advice(first.reason, first.message)}"
            )
        if not self.points or self.counted:
            return ""
        faults = self.faults
        trimmed_by = [reason for reason in values.TRIM_REASONS if faults.get(reason)]
        if trimmed_by:
            left_out = [f"{faults[reason]:,}: {values.REASON_TEXTS[reason]}" for reason in trimmed_by]
            return (
                f"Of {self.points:,} points none is left, as the run leaves out points by `trim` "
                f"({'; '.join(left_out)}). Lower its numbers, or leave it out."
            )
        reasons = (*values.POINT_REASONS, *values.POSITION_REASONS)
        worst = max((f for f in faults if f in reasons), key=lambda f: faults[f], default="")
        example = self.examples.get(worst, Example())
        text = f"None of the {self.points:,} points can be used: "
        if worst in values.POSITION_REASONS:
            return text + sentence(worst, "", self._first_read, mapping)
        if not example.value:
            return (
                f"{text}{values.REASON_TEXTS.get(worst, '')}. "
                f"The field mapping expects link id '{mapping.link_id}' and speed '{mapping.speed}'; a point "
                f"of {self._first_read} has: {self._fields}. Correct the field mapping and run again."
            )
        return text + sentence(worst, example.value, example.where, mapping)


def _examples(record: FileRecord) -> Iterator[tuple[str, Example]]:
    """Yield a file's examples by reason; none if the stored JSON is invalid."""
    if not record.examples:
        return
    try:
        found = json_text.Entries.of(json_text.decode(record.examples, record.path, 1 << 20), record.path)
        lines = found.part(LINES) if LINES in found else json_text.Entries.of({}, record.path)
        for reason in {*found, *lines} - {LINES}:
            value = found.text(reason) if reason in found else ""
            yield reason, Example(value, record.path, lines.whole(reason) if reason in lines else 0)
    except json_text.JsonFault:
        return
