"""Recovery of ingests that killed runs left in the point store.

Their finished tasks are committed, the rest is removed. While a run decodes, it writes every few seconds
which tasks have finished, beside their points:

    points/ingest=<run>/notes-NNNNN.parquet   rows as in `files`, of the tasks since the last note

Once its process is gone, the next run commits the tasks in the notes, so that they are not repeated. Of
several runs that find the ingest, one becomes the heir by creating `heir.json`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Optional

from ..contract.errors import RunError, StorageError
from ..contract.own_files import COMMIT_FILES, LINK_FILES, TRAVERSAL_FILES
from . import owners
from .point_store import FileRecord, NewRecords, PointStore

log = logging.getLogger(__name__)

NOTE_EVERY = 2.0
_NOTES_FRACTION = 0.02  # maximum fraction of a run's time for notes, if they are slow to write

MOST_HELD = 20_000
"""Number of records, of about a kilobyte each, that are written down at the latest."""


class Notes:
    """Writes notes of the finished tasks of an ingest in progress."""

    def __init__(self, store: PointStore, ingest: str) -> None:
        self._store, self._ingest = store, ingest
        self._new: list[FileRecord] = []
        self._written, self._due, self._most = 0, time.monotonic() + NOTE_EVERY, MOST_HELD

    def add(self, records: Sequence[FileRecord]) -> None:
        """Add the records of a finished task."""
        self._new.extend(records)

    def tick(self) -> None:
        """Write new records if due, or if there are many; called several times a second."""
        began = time.monotonic()
        if not self._new or (began < self._due and len(self._new) < self._most):
            return
        try:
            self._store.write_note(self._ingest, self._written, self._new)
        except StorageError as error:  # the run continues, and fails later if it cannot write
            log.warning("The note of finished tasks could not be written: %s", error.message)
            self._most = len(self._new) + MOST_HELD
        else:
            self._new, self._most = [], MOST_HELD
            self._written += 1
        ended = time.monotonic()
        self._due = ended + max(NOTE_EVERY, (ended - began) / _NOTES_FRACTION)


def clean_up(store: PointStore, check: Callable[[], None] = lambda: None) -> list[str]:
    """Recover or remove the uncommitted ingests of ended runs; return the names of the removed ones.

    `check` is called regularly, and may raise to stop.
    """
    removed = []
    for folder in (store.root, store.root / "points"):  # whose clocks are asked (see owners and compaction)
        folder.remove_clock()
    began, committing = store.begun(), store.committing()
    beside = [(ingest, store.traversals_folder(ingest), TRAVERSAL_FILES) for ingest in store.traversed()] + [
        (ingest, store.links_folder(ingest), LINK_FILES) for ingest in store.linked()
    ]
    committed = set(store.committed())  # after the others, so that no commit is missed
    for ingest in began:
        check()
        if ingest in committed:
            continue
        try:
            if owners.abandoned(store.owner(ingest)) and _take_over(store, ingest, check):
                removed.append(ingest)
        except (OSError, StorageError) as error:  # must not stop the run
            log.warning("Points of an earlier run stay in the point store: %s (%s)", ingest, error)
    for ingest in committing:  # left by an interrupted commit
        if ingest not in committed and ingest not in began:
            store.files_table(ingest).parent.remove_files(COMMIT_FILES)
    for ingest, folder, files in beside:  # written by a task while its ingest was removed
        if ingest not in committed and ingest not in began and owners.silent(folder):
            folder.remove_files(files)
    return removed


def _take_over(store: PointStore, ingest: str, check: Callable[[], None]) -> bool:
    """Commit an ended run's noted tasks, or remove its ingest; return True if it was removed."""
    taken = _adopt(store, ingest, check)
    if taken:
        log.info("Took over %d trip files that a killed run had read: %s", taken, ingest)
    elif taken == 0:
        store.discard(ingest)
        return True
    return False


def _inherit(store: PointStore, ingest: str) -> bool:
    """Claim an ingest whose writer is gone; return False if another process is the heir."""
    heir = store.heir(ingest)
    try:
        if heir.claim_json(owners.claim()):
            return True
        if not owners.abandoned(heir):
            return False
        heir.unlink(missing_ok=True)
        return heir.claim_json(owners.claim())
    except StorageError as error:
        log.warning("Points of a killed run cannot be taken over: %s", error.message)
        return False


def _adopt(store: PointStore, ingest: str, check: Callable[[], None]) -> Optional[int]:
    """Commit the tasks in an ingest's notes; return the number of files, None if another process does it."""
    try:
        names = store.points_folder(ingest).file_names()
        if not any(store.is_note(name) for name in names):
            return 0
        if not _inherit(store, ingest):
            return None
        notes = sorted(name for name in names if store.is_note(name))
        noted = (record for name in notes for record in store.read_note(ingest, name))
        spoilt = _spoilt_parts(store, ingest, noted, store.part_names(ingest), check)
        spoilt_files = {
            record.file
            for name in (notes if spoilt else ())
            for record in store.read_note(ingest, name)
            if record.part in spoilt
        }
    except FileNotFoundError:
        return None
    if store.files_table(ingest).exists():
        return None
    with NewRecords() as kept:
        for name in notes:
            kept.add(record for record in store.read_note(ingest, name) if record.file not in spoilt_files)
        if kept.n:
            store.commit(ingest, kept)
        return kept.files


def _spoilt_parts(
    store: PointStore,
    ingest: str,
    records: Iterable[FileRecord],
    names: set[str],
    check: Callable[[], None],
) -> set[int]:
    """Return the parts of records that are not complete.

    After a power failure a disk may have a file's name without its content, so parts are read from end to
    end. Objects in a bucket are always complete.
    """
    points: dict[int, int] = {}
    with_texts: set[int] = set()
    for record in records:
        points[record.part] = points.get(record.part, 0) + record.counted
        if record.counted and record.text_links:
            with_texts.add(record.part)
    spoilt = set()
    for part, n in points.items():
        check()
        path = store.part(ingest, part)
        is_whole = path.name in names and (not path.is_local or _rows(store, ingest, part) == (n, n))
        if n and not (is_whole and (part not in with_texts or _has_texts(store, ingest, part))):
            log.warning("%s is not whole, and its trips are read again", path)
            spoilt.add(part)
    return spoilt


def _rows(store: PointStore, ingest: str, part: int) -> tuple[int, int]:
    """Return the numbers of `PointStore.rows`; -1 if the part is damaged."""
    try:
        return store.rows(ingest, part)
    except RunError:
        return -1, -1


def _has_texts(store: PointStore, ingest: str, part: int) -> bool:
    """Return True if the texts of a part's link ids can be read."""
    try:
        return bool(store.read_links(ingest, [part]))
    except StorageError:
        raise
    except RunError:
        return False
