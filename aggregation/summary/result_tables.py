"""The result CSVs: parts written by the summary tasks, and their merge by link id.

Both tables are RFC 4180 with a header, LF and UTF-8; floats are the shortest text that reads back to the
same value, and empty if missing. A task also writes an index of the bytes of each link in its two parts, so
that merging copies blocks of bytes without parsing.
"""

from __future__ import annotations

import hashlib
import mmap
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract import statistic
from ..contract.spec import RunSpec
from ..contract.tables import (
    BIN,
    LINK_ID,
    LINK_SPEEDS,
    LINK_SPEEDS_BY_TIME,
    columns,
    key_columns,
    statistics_of,
    tables_of,
)
from ..storage import Place
from ..storage.local.database import connect
from .statistics import Groups

PART_BYTES = 256 << 20
"""Approximate maximum size of one file of a table; larger tables have several files."""

_KEYS = {LINK_ID: LINK_ID, BIN: "printf('%02d:%02d', minute // 60, minute % 60)"}
"""The key columns in SQL."""


Piece = tuple[NDArray[np.int64], Groups, Groups]
"""Sorted links with their statistics: overall, with the link's index as key, and by time, with the key
index × number of bins + bin."""


def write_part(folder: Place, number: int, pieces: Iterable[Piece], spec: RunSpec) -> tuple[int, int]:
    """Write one task's rows of both tables and their index; return the numbers of rows.

    `pieces` are sorted by link.
    """
    tables = tables_of(spec)
    n_rows, links_of = dict.fromkeys(tables, 0), [np.empty(0, dtype=np.int64)]
    ends_of = {table: [np.empty(0, dtype=np.int64)] for table in tables}

    def writing() -> AbstractContextManager[None]:
        return folder.disk_errors("write the result")

    with ExitStack() as stack:
        with writing():
            paths = {table: folder / f"{table}-{number:05d}.csv" for table in tables}
            asides = {table: stack.enter_context(path.written_aside()) for table, path in paths.items()}
        for links, overall, by_time in pieces:
            rank, bin_of = np.divmod(by_time.key, spec.n_bins)
            for table, groups, link_of_row, minute in (
                (LINK_SPEEDS, overall, overall.key, None),
                (LINK_SPEEDS_BY_TIME, by_time, rank, bin_of * spec.bin_minutes),
            ):
                with writing():
                    ends = _append(asides[table], spec, links, link_of_row, minute, groups)
                ends_of[table].append(ends)
                n_rows[table] += len(link_of_row)
            links_of.append(links)
        with writing():
            stack.close()
            with (folder / _index(number)).written_aside() as aside, aside.open("wb") as stream:
                joined = {table: np.concatenate(found) for table, found in ends_of.items()}
                np.savez(stream, link_id=np.concatenate(links_of), **joined)
    return n_rows[LINK_SPEEDS], n_rows[LINK_SPEEDS_BY_TIME]


def _index(number: int) -> str:
    return f"links-{number:05d}.npz"


def _append(
    path: Path,
    spec: RunSpec,
    links: NDArray[np.int64],
    link_of_row: NDArray[np.int64],
    minute: Optional[NDArray[np.int64]],
    groups: Groups,
) -> NDArray[np.int64]:
    """Append rows to a part; return the end of each link's rows in bytes."""
    before = path.stat().st_size if path.exists() else 0
    with ExitStack() as stack:
        rows = stack.enter_context(storage.scratch.file("rows.csv")) if before else path
        _write_rows(rows, spec, links[link_of_row], minute, groups)
        if before:
            with rows.open("rb") as written, path.open("ab") as part:
                shutil.copyfileobj(written, part, 1 << 20)
        return before + _ends_of_links(rows, link_of_row, len(links))


def _write_rows(
    path: Path, spec: RunSpec, link_id: NDArray[np.int64], minute: Optional[NDArray[np.int64]], groups: Groups
) -> None:
    if not len(link_id):
        path.write_bytes(b"")
        return
    values: dict[str, NDArray[Any]] = {LINK_ID: link_id, **groups.columns}
    if minute is not None:
        values["minute"] = minute
    with connect() as connection:
        connection.register("part", values)
        table = LINK_SPEEDS if minute is None else LINK_SPEEDS_BY_TIME
        connection.execute(_writing(table, spec), [str(path)])


def _writing(table: str, spec: RunSpec) -> str:
    """Return the SQL statement that writes rows of a table; a statistic of too few points is empty."""
    values = list(statistics_of(table, spec))
    for at, entry in enumerate(map(statistic.statistic, values)):
        if entry.min_points > 1:
            values[at] = f"CASE WHEN n_points >= {entry.min_points} THEN {entry.key} END"
    listed = ", ".join([*(_KEYS[key] for key in key_columns(table, spec)), *values])
    return f"COPY (SELECT {listed} FROM part) TO ? (FORMAT csv, HEADER false)"  # noqa: S608  # nosec B608  # own names


def _ends_of_links(path: Path, link_of_row: NDArray[np.int64], n_links: int) -> NDArray[np.int64]:
    """Return the end of each link's rows, in bytes from the start of the part."""
    content = np.fromfile(path, dtype=np.uint8)
    ends_of_rows = np.concatenate([[0], np.flatnonzero(content == ord("\n")) + 1])
    last_row = np.searchsorted(link_of_row, np.arange(n_links), side="right")
    ends: NDArray[np.int64] = ends_of_rows[last_row]
    return ends


@dataclass
class _Output:
    """The files of one merged table, each with the header and of at most about `PART_BYTES`."""

    folder: Place
    shown: str
    table: str
    columns: tuple[str, ...]
    single: bool
    parts: list[dict[str, Any]] = field(default_factory=list)
    _stream: Optional[BinaryIO] = None
    _digest: Any = None
    _aside: ExitStack = field(default_factory=ExitStack)

    def write(self, block: bytes) -> None:
        if self._stream is None or (
            self.parts[-1]["bytes"] + len(block) > PART_BYTES and self.parts[-1]["rows"]
        ):
            self.close()
            name = f"{self.table}.csv" if self.single else f"{self.table}-{len(self.parts):05d}.csv"
            aside = self._aside.enter_context((self.folder / name).written_aside())
            self._stream = self._aside.enter_context(aside.open("wb"))
            self._digest = hashlib.sha256()
            self.parts.append({"path": f"{self.shown}/{name}", "rows": -1, "bytes": 0})
            self._put((",".join(self.columns) + "\n").encode("ascii"))
        if block:
            self._put(block)

    def _put(self, block: bytes) -> None:
        if self._stream is not None:
            self._stream.write(block)
            self._digest.update(block)
            self.parts[-1]["rows"] += block.count(b"\n")
            self.parts[-1]["bytes"] += len(block)

    def close(self) -> None:
        if self._stream is not None:
            self._stream = None
            self.parts[-1]["sha256"] = self._digest.hexdigest()
            self._aside.close()

    def __enter__(self) -> _Output:
        self.write(b"")
        return self

    def __exit__(self, *exception: Any) -> None:
        if exception[0] is None:
            self.close()
        else:
            self._aside.__exit__(*exception)


def merge(
    work: Place,
    results: Place,
    numbers: list[int],
    spec: RunSpec,
    progress: Callable[[], None] = lambda: None,
    shown: str = "results",
) -> dict[str, Any]:
    """Merge the parts of all tasks into `results`; return the `results` entry of the manifest.

    Rows are sorted by link id, then by bin. `progress` is called regularly; `shown` is the path of `results`
    in the run folder.
    """
    _allow_open_files(len(numbers))
    indexes = []
    with work.all_at_hand([_index(number) for number in numbers]) as files:
        for file in files:
            with np.load(file) as index:
                indexes.append(dict(index))
    entries: dict[str, Any] = {}
    ids = np.concatenate([index["link_id"] for index in indexes]) if indexes else np.empty(0, np.int64)
    part_of = np.repeat(np.arange(len(indexes)), [len(index["link_id"]) for index in indexes])
    order = np.argsort(ids, kind="stable")
    with results.disk_errors("write the result"):
        for table in tables_of(spec):
            ends = [index[table] for index in indexes]
            starts = np.concatenate([np.concatenate([[0], end])[:-1] for end in ends]) if ends else ids
            stops = np.concatenate(ends) if ends else ids
            total = int((stops - starts).sum())
            parts = [f"{table}-{number:05d}.csv" for number in numbers]
            with (
                work.all_at_hand(parts) as files,
                _Output(results, shown, table, columns(table, spec), single=total <= PART_BYTES) as output,
                ExitStack() as stack,
            ):
                contents = [_Mapped(file) for file in files]
                for content in contents:
                    stack.callback(content.close)
                pending: list[bytes] = []
                for step, (part, start, stop) in enumerate(
                    zip(part_of[order].tolist(), starts[order].tolist(), stops[order].tolist())
                ):
                    pending.append(contents[part][start:stop])
                    if step % 4096 == 4095:
                        output.write(b"".join(pending))
                        pending.clear()
                        progress()
                output.write(b"".join(pending))
            entries[table] = {
                "columns": list(columns(table, spec)),
                "rows": sum(part["rows"] for part in output.parts),
                "parts": output.parts,
            }
    return entries


def _allow_open_files(n: int) -> None:
    """Raise this process's limit of open files to `n`, as far as the system allows; 1024 is common."""
    try:
        import resource  # noqa: PLC0415  (there is none on Windows)
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n + 256
    if soft not in (resource.RLIM_INFINITY, -1) and soft < wanted:
        within = wanted if hard in (resource.RLIM_INFINITY, -1) else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (within, hard))


class _Mapped:
    """Bytes of a file by slices through a memory map; the file may be empty."""

    def __init__(self, path: Path) -> None:
        empty = path.stat().st_size == 0
        with path.open("rb") as stream:
            self._map = None if empty else mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)

    def __getitem__(self, span: slice) -> bytes:
        return b"" if self._map is None else self._map[span]

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
