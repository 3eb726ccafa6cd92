"""The point store: Parquet files of decoded points and traversals, ingested once, analysed often.

It lies in a folder or a bucket:

    <store>/<digest>/points/ingest=<run>/part-NNNNN.parquet       one or more per decode task
    <store>/<digest>/traversals/ingest=<run>/part-NNNNN.parquet   the traversals of the same points
    <store>/<digest>/links/ingest=<run>/part-NNNNN.parquet        the texts of link ids, if there are any
    <store>/<digest>/files/ingest=<run>/files.parquet             one row per trip file: the commit
    <store>/<digest>/claims/                                      of readers and of a compaction (see there)

A link id in points and traversals is a number or the key of a text (`contract.link_ids`).

The digest is that of the rules by which trip files are read (`DecodeRules`) and of the store's layout.

Readers ignore an ingest without `files` (see recovery). Ingests are immutable, so that runs may read and
write the same store concurrently; if two of them have ingested the same file, readers count one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union
from uuid import uuid4

import duckdb
import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract import json_text
from ..contract.errors import RunError, StorageError
from ..contract.link_ids import LinkTexts
from ..contract.own_files import COMMIT_FILES, LINK_FILES, POINT_FILES, TRAVERSAL_FILES
from ..contract.s3_access import S3Access
from ..contract.spec import DecodeRules
from ..storage import Place
from ..storage.local.database import connect, literal
from ..storage.local.files import disk_errors
from ..trips.values import POINT_REASONS, POSITION_REASONS, TIME_FAULTS, TRIM_REASONS, TRIP_FAULTS
from . import owners
from .order import BUCKETS, Columns, bucket_of
from .rows import LINKS, POINTS, TRAVERSALS, Reading, RowType, write_rows, write_runs
from .trip_ends import NO_ENDS, TripEnds

PARTS_AT_ONCE = 64
_OWNER, _FILES, _INGEST, _NOTES, _MERGED = "owner.json", "files.parquet", "ingest=", "notes-", "-merged"
FAULTS = (*POINT_REASONS, *POSITION_REASONS, *TRIM_REASONS, *TIME_FAULTS, *TRIP_FAULTS)
_NO_FAULTS = (0,) * len(FAULTS)  # shared by the many files without any
_READ_BY_LATER = {
    "bad_time": "time_twice", "bad_link": "text_links", "negative_link": "text_links",
    "link_too_large": "text_links",
}  # fmt: skip
"""Faults of values that may be read now, each with a column that `files` has since then."""
_ROWS_AT_ONCE = 10_000
_RULES = "rules.json"

_HASHED = "SELECT {n}, bit_xor(hash({columns})) FROM read_parquet(?, hive_partitioning = false)"
_COUNT_POINTS = _HASHED.format(n="count(*)", columns=", ".join(POINTS.columns))
_COUNT_TRAVERSED = _HASHED.format(n="coalesce(sum(n), 0)", columns=", ".join(TRAVERSALS.columns))


class ReadStretch(NamedTuple):
    """Numbers of lines and trips of stretch `number` of the `of` of a cut file (see cut_files).

    If it `needs_whole`, the file has to be read uncut.
    """

    number: int
    of: int
    lines: int = 0
    trips: int = 0
    needs_whole: bool = False


@dataclass
class FileRecord:
    """One trip in an ingest: a row of `files`. A file of many trips has as many, one after the other.

    `number` is the trip's in `points`, `part` the part with its points. `place` is that among the trips of
    the file, from 0 on; the first has `points`, `faults`, `fields` and `examples` of the whole file. `form`
    is the file's form (see trips.readers). `reason` and `message` are empty for
    a good file; `passing` marks a transient fault, or one that an earlier version found in what this one
    reads, to be tried again. `limit` is the size in bytes above which the file would have been rejected;
    `examples` has a value for each fault, as JSON. `text_links` is True if link ids of it are texts. `ends`
    is read only where it is asked for. `stretch` is not kept: it belongs to the first record of one.
    """

    number: int
    part: int
    path: str
    size: int
    version: str
    limit: int
    trip_id: str = ""
    points: int = 0
    counted: int = 0
    reason: str = ""
    message: str = ""
    passing: bool = False
    fields: str = ""
    examples: str = ""
    text_links: bool = False
    form: str = ""
    place: int = 0
    faults: tuple[int, ...] = _NO_FAULTS
    ends: TripEnds = NO_ENDS
    stretch: Optional[ReadStretch] = None

    @property
    def file(self) -> tuple[str, int, str]:
        """The file in its version."""
        return self.path, self.size, self.version


_PLAIN_FIELDS = tuple(f.name for f in fields(FileRecord) if f.name not in ("faults", "ends", "stretch"))
_RECORDS = RowType((*_PLAIN_FIELDS, *FAULTS, *TripEnds._fields), ("first_time", "last_time"))
_DEFAULTS = {"form": "''", "text_links": "false", **dict.fromkeys(("place", *FAULTS), "0")}
"""Values, in SQL, of columns that the tables of earlier versions lack."""

_FROM = "FROM read_parquet(?, hive_partitioning = false)"
_COLUMNS = "SELECT name FROM parquet_schema(?)"
_TABLE = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"  # a group is held in memory
_JOIN_RECORDS = f"COPY ({_FROM}) TO ? {_TABLE}"


class NewRecords:
    """Records of an ingest until its commit: the last ones in memory, others in temporary files.

    A context manager. `n` is their number, `files` that of their files, `counted` that of their points that
    count, `parts` the parts with these.
    """

    def __init__(self, records: Iterable[FileRecord] = ()) -> None:
        self.n = self.files = self.counted = 0
        self.parts: set[int] = set()
        self._held: list[FileRecord] = []
        self._aside: list[Path] = []
        self._files = ExitStack()
        self.add(records)

    def __enter__(self) -> NewRecords:
        return self

    def __exit__(self, *exception: object) -> None:
        self._files.close()

    def add(self, records: Iterable[FileRecord]) -> None:
        """Add records."""
        for record in records:
            self._held.append(record)
            self.n += 1
            self.files += not record.place
            self.counted += record.counted
            if record.counted:
                self.parts.add(record.part)
            if len(self._held) == _ROWS_AT_ONCE:
                self._put_aside()

    def _put_aside(self) -> None:
        path = self._files.enter_context(storage.scratch.file("records.parquet"))
        with disk_errors("put records of trip files aside", path.parent):
            _write_records(path, self._held)
        self._aside.append(path)
        self._held = []

    def write(self, path: Path) -> None:
        """Write all of them as a table."""
        if not self._aside:
            _write_records(path, self._held)
            return
        if self._held:
            self._put_aside()
        with connect() as connection:
            connection.execute(_JOIN_RECORDS, [list(map(literal, self._aside)), str(path)])


@dataclass(frozen=True)
class PointStore:
    """The ingests of a store that were read by the same rules."""

    root: Place

    @classmethod
    def open(cls, store: str, rules: DecodeRules, access: Optional[S3Access] = None) -> PointStore:
        """Open the store for some rules; create its folder, with a description of them, if absent.

        `access` describes how to reach the bucket of a store in one.
        """
        opened = cls.at(store, rules, access)
        storage.check_name(opened.root)
        with opened.root.disk_errors("open the point store"):
            note = opened.root / _RULES
            if not note.exists():
                note.put_json(rules.to_json())
        return opened

    @classmethod
    def at(cls, store: str, rules: DecodeRules, access: Optional[S3Access] = None) -> PointStore:
        """Return the store for some rules without creating anything; its folder may not exist."""
        # Absolute, as DuckDB interprets "name:…" as a protocol.
        return cls(storage.place(store, access) / rules.digest())

    @staticmethod
    def earlier(store: str, rules: DecodeRules, access: Optional[S3Access] = None) -> Place:
        """Return the folder in which an earlier Roadpulse kept the points of the same mapping."""
        return storage.place(store, access) / rules.earlier_digest()

    def points_folder(self, ingest: str) -> Place:
        return self.root / "points" / f"{_INGEST}{ingest}"

    def part(self, ingest: str, number: int) -> Place:
        """Return the path of the points of one part of an ingest."""
        return self.points_folder(ingest) / _part(number)

    def traversals_folder(self, ingest: str) -> Place:
        return self.root / "traversals" / f"{_INGEST}{ingest}"

    def traversals(self, ingest: str, number: int) -> Place:
        """Return the path of the traversals of one part of an ingest."""
        return self.traversals_folder(ingest) / _part(number)

    def links_folder(self, ingest: str) -> Place:
        return self.root / "links" / f"{_INGEST}{ingest}"

    def files_table(self, ingest: str) -> Place:
        return self.root / "files" / f"{_INGEST}{ingest}" / _FILES

    def owner(self, ingest: str) -> Place:
        """Return the path of the writer's claim on an ingest (see owners)."""
        return self.points_folder(ingest) / _OWNER

    def heir(self, ingest: str) -> Place:
        """Return the path of the claim of the process that recovers an ingest (see recovery)."""
        return self.points_folder(ingest) / "heir.json"

    @property
    def claims(self) -> Place:
        """Folder of the claims of readers (see readers) and of a compaction."""
        return self.root / "claims"

    def make_claims_folder(self) -> None:
        """Make the folder of the claims if necessary."""
        note = self.claims / ".note"
        note.put_json({})
        note.unlink(missing_ok=True)

    def committed(self) -> list[str]:
        """Return the names of the committed ingests, oldest first."""
        return _ingests((self.root / "files").folders_with(_FILES))

    def ingests(self) -> list[str]:
        """Return the names of the committed ingests that no other one replaces, oldest first."""
        committed = self.committed()
        replaced = {name for ingest in committed for name in self.replaces(ingest)}
        return [ingest for ingest in committed if ingest not in replaced]

    @staticmethod
    def new_name() -> str:
        """Return the name of a new ingest."""
        return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex[:8]}"

    @classmethod
    def merged_name(cls) -> str:
        """Return the name of a new ingest that replaces others."""
        return cls.new_name() + _MERGED

    @staticmethod
    def is_merged(ingest: str) -> bool:
        """Return True if an ingest of that name may replace others."""
        return ingest.endswith(_MERGED)

    def replaces(self, ingest: str) -> tuple[str, ...]:
        """Return the names of the ingests that an ingest replaces (see compaction)."""
        if not self.is_merged(ingest):
            return ()
        try:
            return json_text.Entries.read(self._replaces(ingest), json_text.LARGEST_NOTE).texts("replaces")
        except FileNotFoundError:  # as in copies of the tables alone
            return ()
        except json_text.JsonFault as error:
            raise RunError(
                f"The point store is damaged: {error}. Delete the folder {self._replaces(ingest).parent}; "
                "the next run reads the trip files in it again.",
                repr(error),
            ) from error

    def _replaces(self, ingest: str) -> Place:
        return self.files_table(ingest).parent / "replaces.json"

    def begun(self) -> list[str]:
        """Return the names of all ingests with points, committed or not."""
        return _ingests((self.root / "points").folder_names())

    def traversed(self) -> list[str]:
        """Return the names of all ingests with traversals, committed or not."""
        return _ingests((self.root / "traversals").folder_names())

    def linked(self) -> list[str]:
        """Return the names of all ingests with texts of link ids, committed or not."""
        return _ingests((self.root / "links").folder_names())

    def committing(self) -> list[str]:
        """Return the names of all ingests whose commit was begun, finished or not."""
        return _ingests((self.root / "files").folder_names())

    # -- writing ------------------------------------------------------------------------------------

    def begin(self, ingest: str) -> None:
        """Claim an ingest, so that other runs do not consider it abandoned."""
        with self.root.disk_errors("begin writing points"):
            self.owner(ingest).put_json(owners.claim())

    def keep_alive(self, ingest: str) -> None:
        """Renew the claim on an ingest; called every few seconds.

        Raises `RunError` if another run has considered it abandoned and taken it over.
        """
        with self.root.disk_errors("keep the points"):
            if self.taken(ingest):
                raise StorageError(
                    "This run was silent for so long that another one took it for gone, and took over what "
                    "it had read. Run again: only the rest is read.",
                    str(self.points_folder(ingest)),
                )
            self.owner(ingest).touch()

    def taken(self, ingest: str) -> bool:
        """Return True if another run has considered an ingest abandoned and taken it over."""
        return not self.owner(ingest).exists() or self.heir(ingest).exists()

    def write_part(self, ingest: str, number: int, columns: Columns) -> None:
        """Write sorted points (see `decode.in_order`) as one part. Idempotent.

        `columns` has bucket int16, link_id int64, time int64 (`NO_TIME` for none), speed float64 and
        file int32.
        """
        self._write(self.part(ingest, number), columns, POINTS)

    def write_traversals(self, ingest: str, number: int, columns: Columns) -> None:
        """Write sorted traversals (see `traversals.in_order`) of the points of one part, before the points.

        Idempotent. `columns` are bucket and `traversals.COLUMNS`.
        """
        self._write(self.traversals(ingest, number), columns, TRAVERSALS)

    def write_links(self, ingest: str, number: int, texts: LinkTexts) -> None:
        """Write the texts of a part's link ids, if there are any, before its traversals. Idempotent."""
        if not texts:
            return
        link_id = np.array(sorted(texts), dtype=np.int64)
        bucket = bucket_of(link_id)
        order = np.argsort(bucket, kind="stable")
        text = np.array([texts[key] for key in link_id[order].tolist()], dtype=object)
        columns: Columns = {"bucket": bucket[order], "link_id": link_id[order], "text": text}
        self._write(self.links_folder(ingest) / _part(number), columns, LINKS)

    def write_long_part(self, ingest: str, number: int, runs: Iterable[Columns]) -> None:
        """Write points in sorted runs, as `write_part`, with one run in memory at a time.

        Readers skip fewer row groups of such a part.
        """
        self._write_runs(self.part(ingest, number), runs, POINTS)

    def write_long_traversals(self, ingest: str, number: int, runs: Iterable[Columns]) -> None:
        """Write traversals in sorted runs, as `write_traversals`, with one run in memory at a time."""
        self._write_runs(self.traversals(ingest, number), runs, TRAVERSALS)

    @staticmethod
    def _write(path: Place, columns: Columns, kind: RowType) -> None:
        with path.parent.disk_errors("write points"), path.written_aside() as aside:
            write_rows(aside, columns, kind)

    @staticmethod
    def _write_runs(path: Place, runs: Iterable[Columns], kind: RowType) -> None:
        with path.parent.disk_errors("write points"), path.written_aside() as aside:
            write_runs(aside, runs, kind)

    def commit(
        self, ingest: str, records: Union[NewRecords, Sequence[FileRecord]], replaces: Sequence[str] = ()
    ) -> None:
        """Write the ingest's `files`: from now on its points count, and not those that it `replaces`."""
        if replaces:
            with self.root.disk_errors("write down what was merged"):
                self._replaces(ingest).put_json({"replaces": list(replaces)})
        if isinstance(records, NewRecords):
            self._commit(ingest, records)
        else:
            with NewRecords(records) as new:
                self._commit(ingest, new)

    def _commit(self, ingest: str, records: NewRecords) -> None:
        self._write_records(self.files_table(ingest), records)
        self._remove_orphans(ingest, records.parts)

    def write_note(self, ingest: str, number: int, records: Sequence[FileRecord]) -> None:
        """Write the records of finished tasks beside their points, until the commit (see recovery)."""
        with NewRecords(records) as new:
            self._write_records(self.points_folder(ingest) / f"{_NOTES}{number:05d}.parquet", new)

    @staticmethod
    def is_note(name: str) -> bool:
        """Return True if a file of this name, beside points, is a note."""
        return name.startswith(_NOTES)

    def read_note(self, ingest: str, name: str) -> list[FileRecord]:
        """Return the records in a note; none if it is damaged."""
        try:
            return _read_records(self.points_folder(ingest) / name, with_ends=True)
        except duckdb.Error:
            return []

    @staticmethod
    def _write_records(path: Place, records: NewRecords) -> None:
        with path.parent.disk_errors("write down what was read"), path.written_aside() as aside:
            records.write(aside)

    def _remove_orphans(self, ingest: str, parts: set[int]) -> None:
        """Remove the parts of unfinished tasks of a run that stopped early."""
        kept = set(map(_part, parts))
        for folder in (self.links_folder(ingest), self.traversals_folder(ingest), self.points_folder(ingest)):
            for name in names_in(folder):
                if name != _OWNER and name not in kept and POINT_FILES.fullmatch(name):
                    (folder / name).unlink(missing_ok=True)

    def discard(self, ingest: str) -> None:
        """Remove the files of an uncommitted ingest."""
        if not self.files_table(ingest).exists():
            self.files_table(ingest).parent.remove_files(COMMIT_FILES)
            self.links_folder(ingest).remove_files(LINK_FILES)
            self.traversals_folder(ingest).remove_files(TRAVERSAL_FILES)
            self.points_folder(ingest).remove_files(POINT_FILES)

    def remove(self, ingest: str) -> None:
        """Remove a committed ingest, which no reader may need any more."""
        with self.root.disk_errors("remove points"):
            self.owner(ingest).put_json(owners.claim())  # if this process is killed, the next one continues
            self.files_table(ingest).unlink(missing_ok=True)
        self.discard(ingest)

    # -- reading ------------------------------------------------------------------------------------

    def read_files(
        self,
        ingest: str,
        kept: Callable[[FileRecord], bool] = lambda record: True,
        with_ends: bool = False,
    ) -> list[FileRecord]:
        """Return the records of a committed ingest for which `kept` is True; a run may need only a few."""
        with self._intact(ingest):
            return _read_records(self.files_table(ingest), kept, with_ends)

    def read_points(
        self,
        ingest: str,
        parts: Sequence[int],
        first_bucket: int,
        end_bucket: int,
        at_once: int = PARTS_AT_ONCE,
        at_most: int = 0,
    ) -> Iterator[Columns]:
        """Yield points of the buckets in [first_bucket, end_bucket), from `at_once` parts at a time.

        With `at_most` a portion has at most that many points. Columns link_id int64, time int64 (`NO_TIME`
        for none), speed float64, file int32.
        """
        reading = Reading(POINTS, ("link_id", "time", "speed", "file"), first_bucket, end_bucket, at_most)
        yield from self._rows(ingest, self.points_folder(ingest), parts, reading, at_once)

    def read_traversals(
        self,
        ingest: str,
        parts: Sequence[int],
        first_bucket: int,
        end_bucket: int,
        at_once: int = PARTS_AT_ONCE,
        at_most: int = 0,
        columns: Sequence[str] = ("link_id", "entry", "n", "weighted", "seconds", "brakes", "file"),
    ) -> Iterator[Columns]:
        """Yield traversals as `read_points` does points; `columns` may name any of `traversals.COLUMNS`.

        `entry` and `exit` are int64, `NO_TIME` for none.
        """
        reading = Reading(TRAVERSALS, tuple(columns), first_bucket, end_bucket, at_most)
        yield from self._rows(ingest, self.traversals_folder(ingest), parts, reading, at_once)

    def read_links(
        self, ingest: str, parts: Sequence[int], first_bucket: int = 0, end_bucket: int = BUCKETS
    ) -> LinkTexts:
        """Return the texts of the link ids of the buckets in [first_bucket, end_bucket).

        `parts` are parts that have texts. Raises `RunError` for two texts with one key.
        """
        found = LinkTexts()
        reading = Reading(LINKS, ("link_id", "text"), first_bucket, end_bucket)
        for some in self._rows(ingest, self.links_folder(ingest), parts, reading, PARTS_AT_ONCE):
            found.note(zip(some["link_id"].tolist(), some["text"].tolist()))
        return found

    def _rows(
        self, ingest: str, folder: Place, parts: Sequence[int], reading: Reading, at_once: int
    ) -> Iterator[Columns]:
        for start in range(0, len(parts), at_once):
            names = [_part(n) for n in parts[start : start + at_once]]
            with self._intact(ingest), folder.rows_at_hand(names, reading.first, reading.end) as files:
                yield from reading.rows(files)

    def part_names(self, ingest: str) -> set[str]:
        """Return the names of the parts that have both points and traversals."""
        return names_in(self.traversals_folder(ingest)) & names_in(self.points_folder(ingest))

    def rows(self, ingest: str, part: int) -> tuple[int, int]:
        """Read a part from end to end; raises `RunError` if damaged.

        Return its number of points, and that of points in its traversals.
        """
        with self._intact(ingest), connect() as connection:
            counts = []
            for path, count in (
                (self.part(ingest, part), _COUNT_POINTS),
                (self.traversals(ingest, part), _COUNT_TRAVERSED),
            ):
                with path.at_hand() as file:
                    ((n, _),) = connection.execute(count, [literal(file)]).fetchall()
                    counts.append(int(n))
        return counts[0], counts[1]

    @contextmanager
    def _intact(self, ingest: str) -> Iterator[None]:
        """Convert errors from damaged files of an ingest to a `RunError` with advice for repair."""
        try:
            yield
        except (duckdb.Error, FileNotFoundError) as error:
            commit = self.files_table(ingest).parent
            raise RunError(
                f"The point store is damaged: {str(error).splitlines()[0]}. Delete the folder {commit}; "
                "the next run reads the trip files in it again.",
                repr(error),
            ) from error


def stores_in(store: str, access: Optional[S3Access] = None) -> list[PointStore]:
    """Return the stores of all rules in a folder or bucket."""
    folder = storage.place(store, access)
    return [PointStore(folder / name) for name in folder.folders_with(_RULES)]


def _read_records(
    path: Place, kept: Callable[[FileRecord], bool] = lambda record: True, with_ends: bool = False
) -> list[FileRecord]:
    plain, counts, records = len(_PLAIN_FIELDS), len(_PLAIN_FIELDS) + len(FAULTS), []
    names = _RECORDS.columns if with_ends else _RECORDS.columns[:counts]
    with path.at_hand() as table, connect() as connection:
        there = {name for (name,) in connection.execute(_COLUMNS, [literal(table)]).fetchall()}
        known = [name for name, since in _READ_BY_LATER.items() if name in there and since not in there]
        again = " OR ".join(f'"{name}" > 0' for name in known) or "false"
        reading = f"{_RECORDS.reading(names, there, _DEFAULTS)}, {again} AS read_again"
        found = connection.execute(f"{reading} {_FROM}", [literal(table)])
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            for row in rows:
                faults = row[plain:counts] if any(row[plain:counts]) else _NO_FAULTS
                record = FileRecord(*row[:plain], faults=faults)  # type: ignore[misc]
                record.passing |= row[-1]
                if with_ends:
                    record.ends = TripEnds(*row[counts:-1])
                if kept(record):
                    records.append(record)
    return records


def _write_records(path: Path, records: Sequence[FileRecord]) -> None:
    frame = {name: _column([getattr(record, name) for record in records]) for name in _PLAIN_FIELDS}
    faults = np.array([record.faults for record in records], dtype=np.int64).reshape(-1, len(FAULTS))
    frame.update(zip(FAULTS, faults.T))
    frame.update(
        (name, _column([getattr(record.ends, name) for record in records])) for name in TripEnds._fields
    )
    with connect() as connection:
        connection.register("part", frame)
        connection.execute(_RECORDS.writing(_TABLE), [str(path)])


def _column(values: list[Any]) -> NDArray[Any]:
    return np.array(values, dtype=object if not values or isinstance(values[0], str) else None)


def _part(number: int) -> str:
    return f"part-{number:05d}.parquet"


def names_in(folder: Place) -> set[str]:
    """Return the names of the files in a folder, which may not exist."""
    try:
        return set(folder.file_names())
    except FileNotFoundError:
        return set()


def _ingests(folders: list[str]) -> list[str]:
    """Return the names of the ingests among names of folders."""
    return [name[len(_INGEST) :] for name in folders if name.startswith(_INGEST)]
