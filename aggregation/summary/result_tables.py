"""The result CSVs: parts written by the summary tasks, and their merge by link id.

The tables are RFC 4180 with a header, LF and UTF-8; floats are the shortest text that reads back to the same
value, and empty if missing. A task also writes an index of the bytes of each link in its parts, so that
merging copies blocks of bytes without parsing.
"""

from __future__ import annotations

import hashlib
import mmap
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np
from numpy.typing import NDArray

from .. import storage
from ..contract import statistic
from ..contract.days import DATES
from ..contract.link_ids import LinkTexts
from ..contract.spec import RunSpec
from ..contract.tables import (
    BIN,
    DAYS,
    LINK_ID,
    LINK_SPEEDS_BY_PERIOD,
    LINK_SPEEDS_BY_TIME,
    PERIOD,
    columns,
    key_columns,
    statistics_of,
    tables_of,
)
from ..storage import Place
from ..storage.local.database import connect
from ..trips.link_keys import texts_among
from ..trips.times import DAYS_TO_1970
from .groups import Groups
from .link_tables import Piece

PART_BYTES = 256 << 20
"""Approximate maximum size of one file of a table; larger tables have several files."""

_ROWS_AT_ONCE = 1024
"""Number of rows from which on they are written."""

_NAMES = "CAST(? AS VARCHAR[])"
_KEYS = {
    LINK_ID: LINK_ID,
    BIN: "printf('%02d:%02d', minute // 60, minute % 60)",
    DAYS: f"{_NAMES}[days + 1]",
    PERIOD: f"{_NAMES}[period + 1]",
}
"""The key columns in SQL; the parameter has the names of sets of days or periods."""

_DATE = f"CAST(DATE '1970-01-01' + CAST(days - {DAYS_TO_1970} AS INTEGER) AS VARCHAR)"
"""The name of a set of days that is a date, in SQL."""


def write_part(
    folder: Place, number: int, pieces: Iterable[Piece], spec: RunSpec, texts: Optional[LinkTexts] = None
) -> int:
    """Write one task's rows of all tables and their index.

    `texts` are those of the link ids that are keys of texts. Return the number of such links.
    """
    texts = texts or LinkTexts()
    none = np.empty(0, dtype=np.int64)
    ends_of, links_of = {table: [none] for table in tables_of(spec)}, [none]

    def writing() -> AbstractContextManager[None]:
        return folder.disk_errors("write the result")

    with ExitStack() as stack:
        with writing():
            paths = {table: folder / f"{table}-{number:05d}.csv" for table in ends_of}
            asides = {table: stack.enter_context(path.written_aside()) for table, path in paths.items()}
            for aside in asides.values():
                aside.touch()
        for piece in _collected(pieces):
            for table, ends in ends_of.items():
                with writing():
                    ends.append(_append(asides[table], table, spec, piece, texts))
            links_of.append(piece.links)
            del piece  # before the next one is computed
        with writing():
            stack.close()
            with (folder / _index(number)).written_aside() as aside, aside.open("wb") as stream:
                joined = {table: np.concatenate(ends) for table, ends in ends_of.items()}
                links = np.concatenate(links_of)
                found = texts_among(texts, links.tolist())
                np.savez(stream, link_id=links, **_packed(found), **joined)
    return len(found)


def _packed(texts: dict[int, str]) -> dict[str, NDArray[Any]]:
    """Return texts of link ids by their keys as arrays of an index; none if there are no texts."""
    if not texts:
        return {}
    joined = "\n".join(texts.values()).encode("utf-8")  # no link id has a line feed
    return {"key": np.array(list(texts)), "text": np.frombuffer(joined, dtype=np.uint8)}


def _texts_in(indexes: Iterable[dict[str, NDArray[Any]]]) -> dict[int, str]:
    """Return the texts of link ids by their keys of all indexes."""
    found: dict[int, str] = {}
    for index in indexes:
        if "text" in index:
            found.update(zip(index["key"].tolist(), index["text"].tobytes().decode("utf-8").split("\n")))
    return found


def _order(ids: NDArray[np.int64], texts: dict[int, str]) -> NDArray[np.intp]:
    """Return the order of the rows of links: numbers ascending, then texts by code points."""
    order = np.argsort(ids, kind="stable")
    if not texts:
        return order
    found = [texts.get(key) for key in ids[order].tolist()]
    at = [row for row, text in enumerate(found) if text is not None]
    at.sort(key=lambda row: found[row] or "")
    numbers = [row for row, text in enumerate(found) if text is None]
    return order[np.array(numbers + at, dtype=np.intp)]


def _collected(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the same rows in fewer pieces, as writing takes some time however few the rows are."""
    pending: list[Piece] = []
    n = 0
    for piece in pieces:
        pending.append(piece)
        n += sum(len(groups.link) for groups in piece.tables.values())
        del piece  # before the next one is computed
        if n > _ROWS_AT_ONCE:
            yield Piece.joined(pending)
            pending.clear()
            n = 0
    if pending:
        yield Piece.joined(pending)


def _index(number: int) -> str:
    return f"links-{number:05d}.npz"


def _append(path: Path, table: str, spec: RunSpec, piece: Piece, texts: LinkTexts) -> NDArray[np.int64]:
    """Append rows to a part; return the end of each link's rows in bytes."""
    before = path.stat().st_size
    groups = piece.tables.get(table)
    if groups is None or not len(groups.link):
        return np.full(len(piece.links), before)
    with ExitStack() as stack:
        rows = stack.enter_context(storage.scratch.file("rows.csv")) if before else path
        _write_rows(rows, table, spec, _shown_ids(piece.links, texts)[groups.link], groups)
        if before:
            with rows.open("rb") as written, path.open("ab") as part:
                shutil.copyfileobj(written, part, 1 << 20)
        return before + _ends_of_links(rows, groups.link, len(piece.links))


def _shown_ids(links: NDArray[np.int64], texts: LinkTexts) -> NDArray[Any]:
    """Return link ids as the tables have them: numbers, or an array of str if one of them is a text."""
    keys = links.tolist()
    if texts.keys().isdisjoint(keys):
        return links
    return np.array([texts.get(key) or str(key) for key in keys], dtype=object)


def _write_rows(path: Path, table: str, spec: RunSpec, link_id: NDArray[Any], groups: Groups) -> None:
    """Write rows without a header."""
    values: dict[str, NDArray[Any]] = {LINK_ID: link_id, **groups.columns}
    if table == LINK_SPEEDS_BY_PERIOD:
        values[PERIOD] = groups.cell
    elif table == LINK_SPEEDS_BY_TIME:
        values[DAYS], bins = np.divmod(groups.cell, spec.n_bins)
        values["minute"] = bins * spec.bin_minutes
    statement, names = _writing(table, spec)
    with connect() as connection:
        connection.register("part", values)
        connection.execute(statement, [*names, str(path)])


def _writing(table: str, spec: RunSpec) -> tuple[str, list[list[str]]]:
    """Return the SQL statement that writes rows of a table, and its parameters before the path.

    A value that does not exist is empty.
    """
    keys, names = {**_KEYS}, {PERIOD: [one.name for one in spec.periods]}
    names[DAYS] = [one.name for one in spec.days.fixed_sets]
    if spec.days.kind == DATES:
        keys[DAYS] = _DATE
    wanted = key_columns(table, spec)
    values = [
        key if statistic.statistic(key).is_whole else f"CASE WHEN isfinite({key}) THEN {key} END"
        for key in statistics_of(table, spec)
    ]
    listed = ", ".join([*(keys[key] for key in wanted), *values])
    text = f"COPY (SELECT {listed} FROM part) TO ? (FORMAT csv, HEADER false)"  # noqa: S608  # nosec B608  # own names
    return text, [names[key] for key in wanted if "?" in keys[key]]


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

    Rows are sorted by link id (numbers ascending, then texts by code points), then by set of days and bin,
    or by period. `progress` is called regularly;
    `shown` is the path of `results` in the run folder.
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
    order = _order(ids, _texts_in(indexes))
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
