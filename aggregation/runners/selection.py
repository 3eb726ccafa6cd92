"""Selection of the trip files that a run counts: those in the point store, and those that are new."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import compress
from typing import Optional, Union

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract.errors import RunError
from ..contract.spec import MAX_TRIP_MEGABYTES
from ..storage import TripFile, TripFiles
from ..store.file_numbers import NumberTable
from ..store.point_store import FileRecord, PointStore
from ..store.tally import FileTally

RECORDS_AT_ONCE = 10_000
"""Number of stored records that are looked up at once."""


class Selection:
    """The trip files that a run counts: those to decode (`new`), and the trips of others by ingest.

    `tally` has what is known of the files in ingests, `sizes` the points in the ingests that were looked at.
    It holds about 10 bytes for a file, and 16 more if the file names a trip.
    """

    def __init__(self) -> None:
        self.new: Sequence[TripFile] = TripFiles()
        self.tally = FileTally()
        self.sizes: dict[str, int] = {}
        self._counting: dict[str, _Counting] = {}
        self._n_own = self._n_empty = 0  # trips that no id names, and bad files among them
        self._named = bytearray()  # digests of the trip ids of the others

    def take(self, ingest: str, records: Sequence[FileRecord]) -> None:
        """Add records of an ingest."""
        counting = self._counting.setdefault(ingest, _Counting())
        for record in records:
            counting.numbers.append(record.number)
            if record.trip_id:
                counting.trips.append(-1 - len(self._named) // _DIGEST)
                self._named += _digest(record.trip_id)
            else:
                counting.trips.append(self._n_own)
                self._n_own += 1
                self._n_empty += bool(record.reason)
            if record.counted:
                counting.parts.add(record.part)
                if record.text_links:
                    counting.text_parts.add(record.part)
        self.tally.add(records)

    def numbers(self) -> dict[str, list[int]]:
        """Return for each ingest the numbers of the files of this run."""
        return {ingest: counting.numbers.tolist() for ingest, counting in self._counting.items()}

    def parts(self) -> dict[str, list[int]]:
        """Return for each ingest the parts with points of this run."""
        return {
            ingest: sorted(counting.parts) for ingest, counting in self._counting.items() if counting.parts
        }

    def text_parts(self) -> dict[str, list[int]]:
        """Return for each ingest the parts with points of this run whose link ids are texts."""
        return {
            ingest: sorted(counting.text_parts)
            for ingest, counting in self._counting.items()
            if counting.text_parts
        }

    @property
    def n_trips(self) -> int:
        """Number of trips."""
        named = _alike(self._named)
        return self._n_own - self._n_empty + (int(named.max()) + 1 if len(named) else 0)

    def trips(self) -> dict[str, NumberTable]:
        """Return for each ingest a table of trip indices by the numbers of its records.

        A record is a trip of its own unless it names one; those that name the same trip are parts of it.
        """
        named = self._n_own + _alike(self._named)
        trips = {}
        for ingest in self.parts():
            counting = self._counting[ingest]
            number, trip = (np.array(found, dtype=np.int32) for found in (counting.numbers, counting.trips))
            trip[trip < 0] = named[-1 - trip[trip < 0]]
            trips[ingest] = NumberTable.of(number, trip)
        return trips


class _Counting:
    """The files of one ingest that count: their numbers, the parts that hold points of them, and their trips.

    The trip is an index, or -1 - k for the k-th file that names one.
    """

    def __init__(self) -> None:
        self.numbers, self.trips = array("i"), array("i")
        self.parts: set[int] = set()
        self.text_parts: set[int] = set()


_DIGEST = 16
"""Bytes of a digest: of a hundred million texts, two have the same one with a probability below 1e-22."""


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


def _alike(digests: bytearray) -> NDArray[np.int32]:
    """Return for each digest an index that equal ones share."""
    order = np.argsort(np.frombuffer(digests, dtype=f"S{_DIGEST}"), kind="stable")
    sorted_digests = np.frombuffer(digests, dtype=f"S{_DIGEST}")[order]
    index = np.zeros(len(order), dtype=np.int32)
    index[order[1:]] = np.cumsum(sorted_digests[1:] != sorted_digests[:-1])
    return index


class _Places:
    """Places of texts in a sequence, in 24 bytes for each."""

    def __init__(self, texts: Iterable[str]) -> None:
        digests = bytearray()
        for text in texts:
            digests += _digest(text)
        found = np.frombuffer(digests, dtype=f"S{_DIGEST}")
        self._order = np.argsort(found, kind="stable")
        self._sorted = found[self._order]

    def of(self, texts: Iterable[str]) -> list[int]:
        """Return the places of some texts; -1 for one that is not there."""
        wanted = np.frombuffer(b"".join(map(_digest, texts)), dtype=f"S{_DIGEST}")
        if not len(self._sorted):
            return [-1] * len(wanted)
        at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        found: list[int] = np.where(self._sorted[at] == wanted, self._order[at], -1).tolist()
        return found


def _version_of(file: Union[TripFile, FileRecord]) -> str:
    return f"{storage.printable(file.path)}\0{file.size}\0{file.version}"


def select(
    files: Sequence[TripFile],
    store: PointStore,
    progress: Optional[Callable[[], None]] = None,
    limit: int = MAX_TRIP_MEGABYTES << 20,
) -> Selection:
    """Find which of `files`, sorted by path, the store has in the same version; the others are new.

    If several ingests have a file, the oldest counts. Files with transient faults are new, and so are those
    for which another `limit` on their size in bytes may change the result.
    """
    selection = Selection()
    ingests = store.ingests()
    listed = _Places(map(_version_of, files if ingests else ()))
    is_new = np.ones(len(files), dtype=bool)
    ingest_of = np.full(len(files), -1, dtype=np.int32)
    waiting: list[FileRecord] = []
    n_points = 0

    def note(record: FileRecord) -> bool:
        nonlocal n_points
        n_points += record.counted
        if _counts(record, limit):
            waiting.append(record)
            if len(waiting) == RECORDS_AT_ONCE:
                take()
        return False

    def take() -> None:
        found, number = [], ingests.index(ingest)
        for record, at in zip(waiting, listed.of(map(_version_of, waiting))):
            if at >= 0 and is_new[at]:
                is_new[at], ingest_of[at] = False, number
            if at >= 0 and ingest_of[at] == number:  # a file of many trips has as many records
                found.append(record)
        waiting.clear()
        if found:
            selection.take(ingest, found)

    for ingest in ingests:
        if not is_new.any():
            break
        n_points = 0
        store.read_files(ingest, note)
        take()
        selection.sizes[ingest] = n_points
        if progress:
            progress()
    selection.new = files if is_new.all() else TripFiles(compress(files, is_new))
    return selection


def superseded(files: Iterable[TripFile], only_these: bool = False) -> Callable[[FileRecord], bool]:
    """Return a predicate that is True for stored files of which `files` has another version.

    With `only_these` also for those that are not among `files`.
    """
    held = TripFiles(files)
    versions, paths = _Places(map(_version_of, held)), _Places(storage.printable(file.path) for file in held)

    def is_superseded(record: FileRecord) -> bool:
        return versions.of([_version_of(record)])[0] < 0 and (only_these or paths.of([record.path])[0] >= 0)

    return is_superseded


def known_files(
    store: PointStore,
    progress: Optional[Callable[[], None]] = None,
    limit: int = MAX_TRIP_MEGABYTES << 20,
) -> Callable[[TripFile], bool]:
    """Return a predicate that is True for files that `select` would find in the store.

    It holds one number per stored file instead of names, for callers that do not hold a list of all files.
    """
    held = array("q")

    def note(record: FileRecord) -> bool:
        if _counts(record, limit):
            held.append(hash(record.file))
        return False

    for ingest in store.ingests():
        try:
            store.read_files(ingest, note)
        except RunError:
            if store.files_table(ingest).exists():
                raise  # otherwise it was merged with others meanwhile
        if progress:
            progress()
    known = array("q", np.sort(np.frombuffer(held, dtype=np.int64)).tobytes())

    def is_known(file: TripFile) -> bool:
        wanted = hash((storage.printable(file.path), file.size, file.version))
        at = bisect_left(known, wanted)
        return at < len(known) and known[at] == wanted

    return is_known


def _counts(record: FileRecord, limit: int) -> bool:
    """Return True if a stored record counts: it has no transient fault, and the limit does not matter."""
    return not record.passing and _holds(record, limit)


def _holds(record: FileRecord, limit: int) -> bool:
    """Return True if a file read under the record's limit has the same result under `limit`."""
    too_large = record.reason == "too_large"
    return record.limit == limit or (record.limit > limit if too_large else record.limit < limit)
