"""Compaction: many small ingests of a point store become one, without what no run can use any more.

The new ingest is written and committed like that of a run; its name ends in `MERGED`, and beside its commit

    <store>/<digest>/files/ingest=<name>/replaces.json

names the ingests that it replaces, which readers ignore from then on. They are removed later, once no run
reads the store that may have begun before the commit. A compaction that is killed leaves an ingest without
commit, which is cleaned up like that of a run; a removal that is killed is continued by the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from ..contract.errors import RunError, StorageError
from ..contract.link_ids import LinkTexts
from . import owners
from .decode import in_order
from .file_numbers import NumberTable
from .order import BUCKETS, Columns
from .point_store import FileRecord, PointStore
from .readers import has_readers
from .traversals import COLUMNS
from .traversals import in_order as traversals_in_order

log = logging.getLogger(__name__)

GRACE = 120.0
"""Seconds from a commit until what it replaces is removed: servers may show earlier listings for a minute."""

SMALL, MANY, MOST = 1_000_000, 16, 4_000_000
"""Points below which an ingest is small, least number of small ones that a run merges, and most points."""

PART = 500_000
"""Points of a new part, at least, if there are so many."""

Check = Callable[[], None]


@dataclass(frozen=True)
class Merged:
    """Outcome of a merge: the new ingest, the ones that it replaces, and the number of files left out."""

    ingest: str
    replaces: tuple[str, ...]
    left_out: int


def worth_merging(sizes: dict[str, int]) -> list[str]:
    """Return the ingests that a run merges, given numbers of points: none unless many are small."""
    small = sorted((n, ingest) for ingest, n in sizes.items() if n < SMALL)
    if len(small) < MANY:
        return []
    total = np.cumsum([n for n, _ in small])
    return [ingest for (_, ingest), upto in zip(small, total) if upto <= MOST]


def merge(
    store: PointStore,
    ingests: Sequence[str],
    is_useless: Callable[[FileRecord], bool] = lambda record: False,
    check: Check = lambda: None,
) -> Optional[Merged]:
    """Write the files of some ingests to a new one that replaces them; None if another process does so.

    Files that were found twice, that are to be read again, or that are `is_useless`, are left out. `check` is
    called regularly, and may raise to stop: then nothing has changed.
    """
    lock = store.claims / "compaction.json"
    if not _locked(store):
        return None
    try:
        present = [ingest for ingest in store.ingests() if ingest in set(ingests)]
        if not present:
            return None
        name = store.merged_name()
        store.begin(name)
        try:
            return _merge(store, name, present, is_useless, lambda: _alive(store, name, check))
        finally:
            store.discard(name)  # does nothing if it is committed
    finally:
        lock.unlink(missing_ok=True)


def _locked(store: PointStore) -> bool:
    """Claim the store's compaction; return False if another process has it."""
    lock = store.claims / "compaction.json"
    with store.root.disk_errors("merge parts of the point store"):
        store.make_claims_folder()
        if lock.claim_json(owners.claim()):
            return True
        if not owners.abandoned(lock):
            return False
        lock.unlink(missing_ok=True)
        return lock.claim_json(owners.claim())


def _alive(store: PointStore, name: str, check: Check) -> None:
    check()
    store.keep_alive(name)
    (store.claims / "compaction.json").touch()


def _merge(
    store: PointStore,
    name: str,
    ingests: list[str],
    is_useless: Callable[[FileRecord], bool],
    check: Check,
) -> Merged:
    replaced = dict.fromkeys(ingests)
    seen: dict[tuple[object, ...], str] = {}
    records: list[FileRecord] = []
    parts: list[_Part] = []
    left_out: set[tuple[object, ...]] = set()
    for ingest in ingests:
        check()
        replaced.update(dict.fromkeys(store.replaces(ingest)))
        found = store.read_files(ingest, with_ends=True)
        kept: list[tuple[int, int]] = []
        by_part: dict[int, list[FileRecord]] = {}
        for record in found:
            key = (record.path, record.size, record.version, record.limit, record.reason)
            if record.passing or seen.setdefault(key, ingest) != ingest or is_useless(record):
                left_out.add((ingest, *record.file))
                continue
            kept.append((record.number, len(records)))
            records.append(replace(record, number=len(records)))
            by_part.setdefault(record.part, []).append(records[-1])
        numbers = NumberTable.of(*np.array(kept, dtype=np.int32).reshape(-1, 2).T)
        parts.extend(_Part(ingest, number, some, numbers) for number, some in by_part.items())
    for number, group in enumerate(_groups(parts)):
        check()
        for part in group:
            for record in part.records:
                record.part = number
        if full := [part for part in group if part.points]:
            _write(store, name, number, full)
    check()
    store.commit(name, records, [ingest for ingest in replaced if ingest != name])
    return Merged(name, tuple(replaced), len(left_out))


@dataclass(frozen=True)
class _Part:
    """A part of an ingest, records of its files that are kept, and new numbers of trips by the old."""

    ingest: str
    number: int
    records: list[FileRecord]
    numbers: NumberTable

    @property
    def points(self) -> int:
        return sum(record.counted for record in self.records)

    def renumbered(self, portions: Iterator[Columns]) -> Iterator[Columns]:
        """Yield the rows of the files that are kept, with the new numbers."""
        for rows in portions:
            file = self.numbers[rows["file"]]
            kept = file >= 0
            if kept.any():
                yield {name: column[kept] for name, column in {**rows, "file": file}.items()}


def _groups(parts: list[_Part]) -> Iterator[list[_Part]]:
    """Yield parts that become one: as many as have `PART` points, and one that has more by itself."""
    group: list[_Part] = []
    held = 0
    for part in parts:
        if group and held + part.points > PART:
            yield group
            group, held = [], 0
        group.append(part)
        held += part.points
    if group:
        yield group


def _write(store: PointStore, name: str, number: int, group: list[_Part]) -> None:
    """Write the points and traversals of some parts as one; a single part beyond `PART` in its own order."""
    texts = LinkTexts()
    for part in group:
        if any(record.text_links for record in part.records if record.counted):
            texts.note(store.read_links(part.ingest, [part.number]).items())
    store.write_links(name, number, texts)
    long = len(group) == 1 and group[0].points > PART
    at_most = PART if long else 0

    def passages(part: _Part) -> Iterator[Columns]:
        whole = (part.ingest, [part.number], 0, BUCKETS, 1, at_most // 2, COLUMNS)
        return part.renumbered(store.read_traversals(*whole))

    def points(part: _Part) -> Iterator[Columns]:
        return part.renumbered(store.read_points(part.ingest, [part.number], 0, BUCKETS, 1, at_most))

    if long:
        store.write_long_traversals(name, number, map(traversals_in_order, passages(group[0])))
        store.write_long_part(name, number, map(_points_in_order, points(group[0])))
        return
    store.write_traversals(name, number, traversals_in_order(_joined(passages, group)))
    store.write_part(name, number, _points_in_order(_joined(points, group)))


def _joined(read: Callable[[_Part], Iterator[Columns]], group: list[_Part]) -> Columns:
    pieces = [piece for part in group for piece in read(part)]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _points_in_order(rows: Columns) -> Columns:
    return in_order(rows["link_id"], rows["time"], rows["speed"], rows["file"])


def remove_replaced(store: PointStore, check: Check = lambda: None) -> list[str]:
    """Remove the ingests that others replace, as far as no run may still read them; return their names.

    `check` is called regularly, and may raise to stop. What cannot be removed stays, and the log says so.
    """
    removed: list[str] = []
    try:
        _remove_replaced(store, check, removed)
    except (OSError, StorageError) as error:  # must not stop a run
        log.warning("Points that lie in a larger part now could not be removed: %s", error)
    return removed


def _remove_replaced(store: PointStore, check: Check, removed: list[str]) -> None:
    committed = store.committed()
    for name in filter(store.is_merged, committed):
        check()
        there = [ingest for ingest in store.replaces(name) if ingest in committed and ingest not in removed]
        silent = store.files_table(name).silent_for(store.root.now()) if there else None
        if silent is None or silent <= GRACE:
            continue
        if has_readers(store):
            break
        if not _is_whole(store, name, check):
            log.warning("%s is not whole, and what it replaces is kept", store.files_table(name).parent)
            continue
        for ingest in there:
            check()
            store.remove(ingest)
            removed.append(ingest)


def _is_whole(store: PointStore, name: str, check: Check) -> bool:
    """Read an ingest on a disk, which after a power failure may have names of files without their content."""
    points: dict[int, int] = {}
    with_texts = set()
    try:
        for record in store.read_files(name):
            points[record.part] = points.get(record.part, 0) + record.counted
            if record.counted and record.text_links:
                with_texts.add(record.part)
        for part, n in points.items():
            check()
            if n and store.root.is_local and store.rows(name, part) != (n, n):
                return False
        for part in sorted(with_texts) if store.root.is_local else ():
            check()
            store.read_links(name, [part])
    except StorageError:
        raise
    except RunError:
        return False
    return True
