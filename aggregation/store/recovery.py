"""What killed runs left in the point store: their finished tasks are taken over, the rest is removed.

While a run decodes, it notes every few seconds which tasks have finished, beside their points:

    points/ingest=<run>/notes-NNNNN.parquet   rows as in `files`, of the tasks since the last note

Once its process is gone, the next run commits what the notes tell, so that it need not be read again. Of
several runs that find it one is the heir, and says so in `heir.json`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional

from .. import storage
from ..contract.errors import RunError, StorageError
from ..contract.own_files import COMMIT_FILES
from . import owners
from .point_store import FileRecord, PointStore

log = logging.getLogger(__name__)

NOTE_EVERY = 2.0
_SHARE = 0.02  # of a run's time, for notes, where they are slow to write


class Notes:
    """Notes down the tasks of an ingest that have finished, while it is written."""

    def __init__(self, store: PointStore, ingest: str) -> None:
        self._store, self._ingest = store, ingest
        self._new: list[FileRecord] = []
        self._written, self._due = 0, time.monotonic() + NOTE_EVERY

    def add(self, records: Sequence[FileRecord]) -> None:
        """A task has finished, and these are its records."""
        self._new.extend(records)

    def tick(self) -> None:
        """Write down what is new, if it is time; called several times a second."""
        began = time.monotonic()
        if not self._new or began < self._due:
            return
        try:
            self._store.write_note(self._ingest, self._written, self._new)
        except StorageError as error:  # the run goes on, and will tell if it cannot
            log.warning("Finished tasks could not be noted: %s", error.message)
        else:
            self._new = []
            self._written += 1
        ended = time.monotonic()
        self._due = ended + max(NOTE_EVERY, (ended - began) / _SHARE)


def clean_up(store: PointStore, check: Callable[[], None] = lambda: None) -> list[str]:
    """Take over or remove what ended runs left uncommitted; returns the names of removed ingests.

    `check` is called now and then, and may raise to stop.
    """
    removed = []
    began, committing = store.begun(), store.committing()
    committed = set(store.ingests())  # after the others, so that no commit is missed
    for ingest in began:
        check()
        if ingest in committed:
            continue
        try:
            if owners.abandoned(store.owner(ingest)) and _take_over(store, ingest, check):
                removed.append(ingest)
        except (OSError, StorageError) as error:  # one that cannot be read or removed stops no run
            log.warning("What an earlier run left in the point store stays there: %s (%s)", ingest, error)
    for ingest in committing:  # left by a commit that was cut off
        if ingest not in committed and ingest not in began:
            storage.remove_files(store.files_table(ingest).parent, COMMIT_FILES)
    return removed


def _take_over(store: PointStore, ingest: str, check: Callable[[], None]) -> bool:
    """Commit what an ended run noted, or remove what it left; returns whether it was removed."""
    taken = _adopt(store, ingest, check)
    if taken:
        log.info("Took over %d trip files that a killed run had read: %s", taken, ingest)
    elif taken == 0:
        store.discard(ingest)
        return True
    return False


def _inherit(store: PointStore, ingest: str) -> bool:
    """Become the heir of an ingest whose writer is gone; False where another process is."""
    heir = store.heir(ingest)
    try:
        if storage.write_once(heir, owners.claim()):
            return True
        if not owners.abandoned(heir):
            return False
        heir.unlink(missing_ok=True)
        return storage.write_once(heir, owners.claim())
    except StorageError as error:
        log.warning("What a killed run had read cannot be taken over: %s", error.message)
        return False


def _adopt(store: PointStore, ingest: str, check: Callable[[], None]) -> Optional[int]:
    """Commit what an ingest's notes tell; returns the number of files, None where somebody else does it."""
    try:
        names = storage.file_names(store.points_folder(ingest))
        if not any(store.is_note(name) for name in names):
            return 0
        if not _inherit(store, ingest):
            return None
        notes = [name for name in names if store.is_note(name)]
        records = [record for name in notes for record in store.read_note(ingest, name)]
        kept = _with_whole_parts(store, ingest, records, set(names), check)
    except FileNotFoundError:
        return None
    if store.files_table(ingest).exists():
        return None
    if kept:
        store.commit(ingest, sorted(kept, key=lambda record: record.number))
    return len(kept)


def _with_whole_parts(
    store: PointStore,
    ingest: str,
    records: list[FileRecord],
    names: set[str],
    check: Callable[[], None],
) -> list[FileRecord]:
    """The records whose points are there, every one.

    A disk that lost its power may have the name of a file without its content, so parts are read from end
    to end. What is in a bucket is there whole.
    """
    points: dict[int, int] = {}
    for record in records:
        points[record.part] = points.get(record.part, 0) + record.counted
    spoilt = set()
    for part, n in points.items():
        check()
        path = store.part(ingest, part)
        if n and (path.name not in names or (isinstance(path, Path) and _rows(store, ingest, part) != n)):
            log.warning("%s is not whole, and its trips are read again", path)
            spoilt.add(part)
    return [record for record in records if record.part not in spoilt]


def _rows(store: PointStore, ingest: str, part: int) -> int:
    """The points of a part that can be read; -1 where some cannot."""
    try:
        return store.rows(ingest, part)
    except RunError:
        return -1
