"""Files that are read in stretches: the records of the stretches become those of the file read whole.

The stretches of a file count together, once all of them are read. They give the records of the whole file if
none of them has met something that only the whole file tells, and no trip is in two of them; otherwise the
file is read again, whole.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..contract import json_text
from ..contract.trip_files import printable
from ..contract.trip_listing import TripFile
from ..trips.values import POSITION_REASONS, TRIM_REASONS
from . import point_store
from .point_store import FileRecord, ReadStretch
from .tally import LINES

_NO_TRIP = point_store.FAULTS.index("no_trip")
_OF_TRIP = {*TRIM_REASONS, *POSITION_REASONS}
_OF_FILE = [at for at, name in enumerate(point_store.FAULTS) if name not in _OF_TRIP]
"""Places of the faults that the first record of a file has of all of it."""

_Key = tuple[str, int, str]


class CutFiles:
    """Collects the records of stretches. `to_read_whole` are the files that have to be read uncut."""

    def __init__(self, files: Iterable[TripFile]) -> None:
        self.to_read_whole: list[TripFile] = []
        self._files = {(printable(file.path), file.size, file.version): file for file in files}
        self._held: dict[_Key, list[list[FileRecord]]] = {}

    def take(self, records: Sequence[FileRecord]) -> Sequence[FileRecord]:
        """Return the records of a task, or those of a file if its stretches are complete now; else none."""
        stretch = records[0].stretch if records else None
        if stretch is None:
            return records
        key = records[0].file
        held = self._held.setdefault(key, [])
        held.append(list(records))
        if len(held) < stretch.of:
            return ()
        del self._held[key]
        held.sort(key=_number)
        if not _are_one_file(held):
            self.to_read_whole.append(self._files[key])
            return ()
        return _joined(held)


def _stretch_of(records: Sequence[FileRecord]) -> ReadStretch:
    found = records[0].stretch
    if found is None:
        raise ValueError(records[0])
    return found


def _number(records: Sequence[FileRecord]) -> int:
    return _stretch_of(records).number


def _are_one_file(stretches: Sequence[Sequence[FileRecord]]) -> bool:
    """Return True if the stretches of a file have all of their trips whole."""
    if any(_stretch_of(records).needs_whole for records in stretches):
        return False
    if sum(bool(records[0].faults[_NO_TRIP]) for records in stretches) > 1:
        return False
    named = Counter(trip for records in stretches for trip in {record.trip_id for record in records} if trip)
    return len({records[0].form for records in stretches}) == 1 and max(named.values(), default=1) == 1


def _joined(stretches: Sequence[list[FileRecord]]) -> list[FileRecord]:
    """Return the records of a file; its stretches are in order."""
    firsts = [records[0] for records in stretches]
    examples = _examples(firsts)
    points = sum(first.points for first in firsts)
    has_rows = any(first.points and not first.fields for first in firsts)
    fields = "" if has_rows else next((first.fields for first in firsts if first.points), "")
    of_file = [sum(first.faults[at] for first in firsts) for at in _OF_FILE]
    with_trips = [records for records in stretches if _stretch_of(records).trips] or [stretches[0]]
    found = [record for records in with_trips for record in records]
    for place, record in enumerate(found):
        is_first = place == 0
        record.stretch, record.place = None, place
        record.points = points if is_first else 0
        record.fields, record.examples = (fields, examples) if is_first else ("", "")
        if is_first or any(record.faults):
            faults = list(record.faults)
            for at, n in zip(_OF_FILE, of_file):
                faults[at] = n if is_first else 0
            record.faults = tuple(faults)
    return found


def _examples(firsts: Sequence[FileRecord]) -> str:
    """Return the first example of each fault, with the number of its line in the whole file."""
    found: dict[str, Any] = {}
    lines: dict[str, int] = {}
    before = 0
    for first in firsts:
        here = json_text.decode(first.examples, first.path) if first.examples else {}
        for reason, line in here.pop(LINES, {}).items():
            lines.setdefault(reason, line + before)
        for reason, value in here.items():
            found.setdefault(reason, value)
        before += first.stretch.lines if first.stretch else 0
    if lines:
        found[LINES] = lines
    return json.dumps(found, sort_keys=True) if found else ""
