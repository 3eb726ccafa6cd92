"""The point store: Parquet files of decoded points, in a folder or a bucket, ingested once, analysed often.

    <store>/<mapping digest>/points/ingest=<run>/part-NNNNN.parquet   one or more per decode task
    <store>/<mapping digest>/files/ingest=<run>/files.parquet         one row per trip file: the commit

Readers ignore an ingest without `files` (see recovery). Ingests are immutable, so that runs may read and
write the same store concurrently; if two of them have ingested the same file, readers count one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Optional

import duckdb
import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract.errors import RunError, StorageError
from ..contract.own_files import COMMIT_FILES, POINT_FILES
from ..contract.s3_access import S3Access
from ..contract.spec import FieldMapping
from ..storage import Place
from ..storage.local.database import connect
from ..trips.values import POINT_REASONS, TIME_FAULTS
from . import owners
from .point_rows import literal, read_rows, write_rows, write_runs

BUCKETS = 4096
_MULTIPLIER = np.uint64(11_400_714_819_323_198_485)
PARTS_AT_ONCE = 64
_OWNER, _FILES, _INGEST, _NOTES = "owner.json", "files.parquet", "ingest=", "notes-"
FAULTS = (*POINT_REASONS, *TIME_FAULTS)
_NO_FAULTS = (0,) * len(FAULTS)  # shared by the many files without any
_ROWS_AT_ONCE = 10_000

_COUNT_POINTS = """
SELECT count(*), bit_xor(hash(bucket, link_id, time, speed, file))
FROM read_parquet(?, hive_partitioning = false)
"""


def bucket_of(link_id: NDArray[np.int64]) -> NDArray[np.int16]:
    """Return the buckets (0 to 4095) of link ids: top 12 bits of `id × 11400714819323198485 mod 2^64`."""
    with np.errstate(over="ignore"):
        hashed = link_id.astype(np.uint64) * _MULTIPLIER
    return (hashed >> np.uint64(52)).astype(np.int16)


@dataclass
class FileRecord:
    """One trip file in an ingest: a row of `files`.

    `number` is the file's in `points`, `part` the part with its points. `reason` and `message` are empty for
    a good file; `passing` marks a transient fault, to be tried again. `limit` is the size in bytes above
    which the file would have been rejected; `examples` has a value for each fault, as JSON.
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
    faults: tuple[int, ...] = _NO_FAULTS


_PLAIN_FIELDS = tuple(f.name for f in fields(FileRecord) if f.name != "faults")
_COLUMNS = ", ".join(f'"{name}"' for name in (*_PLAIN_FIELDS, *FAULTS))
_READ_FILES = f"SELECT {_COLUMNS} FROM read_parquet(?, hive_partitioning = false)"  # noqa: S608  # nosec B608  # own names


@dataclass(frozen=True)
class PointStore:
    """The ingests of a store for one field mapping."""

    root: Place

    @classmethod
    def open(cls, store: str, mapping: FieldMapping, access: Optional[S3Access] = None) -> PointStore:
        """Open the store for a mapping; create its folder, with a description of the mapping, if absent.

        `access` describes how to reach the bucket of a store in one.
        """
        opened = cls.at(store, mapping, access)
        storage.check_name(opened.root)
        with opened.root.disk_errors("open the point store"):
            note = opened.root / "mapping.json"
            if not note.exists():
                note.put_json({name: getattr(mapping, name) for name in mapping.__dataclass_fields__})
        return opened

    @classmethod
    def at(cls, store: str, mapping: FieldMapping, access: Optional[S3Access] = None) -> PointStore:
        """Return the store for a mapping without creating anything; its folder may not exist."""
        # Absolute, as DuckDB interprets "name:…" as a protocol.
        return cls(storage.place(store, access) / mapping.digest())

    def points_folder(self, ingest: str) -> Place:
        return self.root / "points" / f"{_INGEST}{ingest}"

    def part(self, ingest: str, number: int) -> Place:
        """Return the path of one part of an ingest."""
        return self.points_folder(ingest) / _part(number)

    def files_table(self, ingest: str) -> Place:
        return self.root / "files" / f"{_INGEST}{ingest}" / _FILES

    def owner(self, ingest: str) -> Place:
        """Return the path of the writer's claim on an ingest (see owners)."""
        return self.points_folder(ingest) / _OWNER

    def heir(self, ingest: str) -> Place:
        """Return the path of the claim of the process that recovers an ingest (see recovery)."""
        return self.points_folder(ingest) / "heir.json"

    def ingests(self) -> list[str]:
        """Return the names of the committed ingests, oldest first."""
        return _ingests((self.root / "files").folders_with(_FILES))

    def begun(self) -> list[str]:
        """Return the names of all ingests with points, committed or not."""
        return _ingests((self.root / "points").folder_names())

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

    def write_part(self, ingest: str, number: int, columns: dict[str, NDArray[Any]]) -> None:
        """Write sorted points (see `decode.in_order`) as one part. Idempotent.

        `columns` has bucket int16, link_id int64, time int64 (`NO_TIME` for none), speed float64 and
        file int32.
        """
        path = self.part(ingest, number)
        with path.parent.disk_errors("write points"), path.written_aside() as aside:
            write_rows(aside, columns)

    def write_long_part(self, ingest: str, number: int, runs: Iterable[dict[str, NDArray[Any]]]) -> None:
        """Write points in sorted runs, as `write_part`, with one run in memory at a time.

        Readers skip fewer row groups of such a part.
        """
        path = self.part(ingest, number)
        with path.parent.disk_errors("write points"), path.written_aside() as aside:
            write_runs(aside, runs)

    def commit(self, ingest: str, records: Sequence[FileRecord]) -> None:
        """Write the ingest's `files`: from now on its points count."""
        self._write_records(self.files_table(ingest), records)
        self._remove_orphans(ingest, records)

    def write_note(self, ingest: str, number: int, records: Sequence[FileRecord]) -> None:
        """Write the records of finished tasks beside their points, until the commit (see recovery)."""
        self._write_records(self.points_folder(ingest) / f"{_NOTES}{number:05d}.parquet", records)

    @staticmethod
    def is_note(name: str) -> bool:
        """Return True if a file of this name, beside points, is a note."""
        return name.startswith(_NOTES)

    def read_note(self, ingest: str, name: str) -> list[FileRecord]:
        """Return the records in a note; none if it is damaged."""
        try:
            return _read_records(self.points_folder(ingest) / name)
        except duckdb.Error:
            return []

    def _write_records(self, path: Place, records: Sequence[FileRecord]) -> None:
        frame = {name: _column([getattr(record, name) for record in records]) for name in _PLAIN_FIELDS}
        frame.update(zip(FAULTS, np.array([record.faults for record in records], dtype=np.int64).T))
        with (
            path.parent.disk_errors("write down what was read"),
            path.written_aside() as aside,
            connect() as connection,
        ):
            connection.register("files", frame)
            connection.execute("COPY files TO ? (FORMAT parquet, COMPRESSION zstd)", [str(aside)])

    def _remove_orphans(self, ingest: str, records: Sequence[FileRecord]) -> None:
        """Remove the parts of unfinished tasks of a run that stopped early."""
        kept = {self.part(ingest, record.part).name for record in records if record.counted}
        folder = self.points_folder(ingest)
        for name in folder.file_names():
            if name != _OWNER and name not in kept and POINT_FILES.fullmatch(name):
                (folder / name).unlink(missing_ok=True)

    def discard(self, ingest: str) -> None:
        """Remove the files of an uncommitted ingest."""
        if not self.files_table(ingest).exists():
            self.files_table(ingest).parent.remove_files(COMMIT_FILES)
            self.points_folder(ingest).remove_files(POINT_FILES)

    # -- reading ------------------------------------------------------------------------------------

    def read_files(
        self, ingest: str, kept: Callable[[FileRecord], bool] = lambda record: True
    ) -> list[FileRecord]:
        """Return the records of a committed ingest for which `kept` is True; a run may need only a few."""
        with self._intact(ingest):
            return _read_records(self.files_table(ingest), kept)

    def read_points(
        self,
        ingest: str,
        parts: Sequence[int],
        first_bucket: int,
        end_bucket: int,
        at_once: int = PARTS_AT_ONCE,
        at_most: int = 0,
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield points of the buckets in [first_bucket, end_bucket), from `at_once` parts at a time.

        With `at_most` a portion has at most that many points. Columns link_id int64, time int64 (`NO_TIME`
        for none), speed float64, file int32.
        """
        for start in range(0, len(parts), at_once):
            names = [_part(n) for n in parts[start : start + at_once]]
            points = self.points_folder(ingest)
            with self._intact(ingest), points.rows_at_hand(names, first_bucket, end_bucket) as files:
                yield from read_rows(files, first_bucket, end_bucket, at_most)

    def rows(self, ingest: str, part: int) -> int:
        """Read a part from end to end and return its number of points; raises `RunError` if damaged."""
        with self._intact(ingest), self.part(ingest, part).at_hand() as file, connect() as connection:
            ((n, _),) = connection.execute(_COUNT_POINTS, [literal(file)]).fetchall()
        return int(n)

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


def _read_records(path: Place, kept: Callable[[FileRecord], bool] = lambda record: True) -> list[FileRecord]:
    plain, records = len(_PLAIN_FIELDS), []
    with path.at_hand() as table, connect() as connection:
        found = connection.execute(_READ_FILES, [literal(table)])
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            for row in rows:
                faults = row[plain:] if any(row[plain:]) else _NO_FAULTS
                record = FileRecord(*row[:plain], faults=faults)  # type: ignore[misc]
                if kept(record):
                    records.append(record)
    return records


def _column(values: list[Any]) -> NDArray[Any]:
    return np.array(values, dtype=object if isinstance(values[0], str) else None)


def _part(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _ingests(folders: list[str]) -> list[str]:
    """Return the names of the ingests among names of folders."""
    return [name[len(_INGEST) :] for name in folders if name.startswith(_INGEST)]
