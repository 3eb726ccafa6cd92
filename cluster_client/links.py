"""The geometry of links from PostGIS, in one exchange with the server.

The ids travel inside one `COPY (SELECT …) TO STDOUT (FORMAT BINARY)` as an array, the answer comes back as
the COPY's binary rows, and the transaction around it is read-only. A temporary table filled by a COPY of
its own would need a second exchange, the right to make one, and a server that is no read-only replica.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from ..aggregation.errors import Cancelled
from .errors import UnsuitableLinks
from .link_geometry import LinkGeometry
from .link_table import LinkTable, id_array, look_up
from .postgres import ConnectionInfo, connect, exchange, server_error

TIMEOUT_SECONDS = 300.0
PATIENCE_SECONDS = 15.0
"""Silence that is borne beyond the query's own time limit."""
PROGRESS_ROWS = 5_000
_HEADER = 19
"""Bytes before the first row of a binary COPY: signature 11, flags 4, extension length 4."""

_LINES = (2, 5)
_SHAPES = {
    1: "points", 3: "polygons", 4: "points", 6: "polygons", 7: "collections", 8: "arcs", 9: "curves",
    10: "polygons", 11: "curves", 12: "surfaces", 15: "surfaces", 16: "surfaces", 17: "triangles",
}  # fmt: skip
_LOOK_CLOSER = ("42P01", "3F000", "42703", "42883", "42704", "42804", "42846")
"""No such table, schema, column, function, type; types that do not go together."""


@dataclass(frozen=True)
class _Way:
    """How the table has to be asked; the usual way first, the catalogue's facts if that fails."""

    text_ids: bool = False
    postgis: str = ""

    def name(self, text: str) -> sql.Identifier:
        """A name of PostGIS's own, with its schema where that is known."""
        return sql.Identifier(self.postgis, text) if self.postgis else sql.Identifier(text)


def fetch_links(
    info: ConnectionInfo,
    table: LinkTable,
    ids: NDArray[np.int64],
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> LinkGeometry:
    """Geometry of the links in `ids` that the table has.

    `progress` gets links received and links asked for, `cancelled` is asked ten times a second. Geometry
    comes as ISO WKB, little endian, with Z and M as stored. Of several rows with one id the one counts
    that comes first by its WKB's bytes, whatever the server's order. `timeout` (s) limits the query.

    Raises `LinksError` or one of its kinds, and `Cancelled`.
    """
    wanted = np.unique(np.asarray(ids, dtype=np.int64))
    _ask(cancelled)
    with closing(connect(info)) as connection:  # no COMMIT: it would cost a round trip
        _ask(cancelled)
        way = _Way()
        try:
            rows, system = _read(connection, table, wanted, way, progress, cancelled, timeout)
        except psycopg.Error as error:
            if error.sqlstate not in _LOOK_CLOSER:
                raise server_error(error, str(table)) from error
            connection.execute("ROLLBACK")
            facts = look_up(connection, table)
            column = facts.column(table.id_column)
            way = _Way(text_ids=column is not None and column.is_text, postgis=facts.postgis_schema)
            try:
                rows, system = _read(connection, table, wanted, way, progress, cancelled, timeout)
            except psycopg.Error as again:
                raise server_error(again, str(table)) from again
    return _links(rows, system, table)


def _ask(cancelled: Optional[Callable[[], bool]]) -> None:
    if cancelled and cancelled():
        raise Cancelled


def _read(
    connection: psycopg.Connection[Any],
    table: LinkTable,
    wanted: NDArray[np.int64],
    way: _Way,
    progress: Optional[Callable[[int, int], None]],
    cancelled: Optional[Callable[[], bool]],
    timeout: float,
) -> tuple[_Rows, Sequence[Optional[bytes]]]:
    """The rows of the answer and the entry of their reference system (srid, authority, code, WKT)."""
    begin = sql.SQL("BEGIN READ ONLY; SET LOCAL statement_timeout = {}").format(int(timeout * 1000))
    copy, system_query = _copy_query(table, wanted, way), _system_query(table, way)
    patience = timeout + PATIENCE_SECONDS
    batches: list[tuple[sql.Composable, bool]]
    if table.where:
        # Somebody's own SQL goes alone, as one statement: then it cannot end the read-only transaction.
        batches = [(begin, False), (copy, True), (system_query, True)]
    else:
        batches = [(sql.SQL("; ").join([begin, copy, system_query]), False)]
    rows: list[bytes] = []
    system: Sequence[Optional[bytes]] = ()
    try:
        for query, single in batches:
            for piece in exchange(
                connection, query.as_bytes(connection), patience=patience, cancelled=cancelled, single=single
            ):
                if isinstance(piece, list):
                    system = piece
                    continue
                rows.append(bytes(piece))
                if progress and len(rows) % PROGRESS_ROWS == 0:
                    progress(min(len(rows), len(wanted)), len(wanted))
    except psycopg.Error:
        if not _complete(rows):
            raise  # else only the name of the reference system could not be read
    if progress:
        progress(len(wanted), len(wanted))
    return _Rows(rows, bool(table.name_column), bool(table.class_column)), system


def _copy_query(table: LinkTable, wanted: NDArray[np.int64], way: _Way) -> sql.Composed:
    geometry = sql.SQL("t.{}::{}").format(sql.Identifier(table.geom_column), way.name("geometry"))
    extra = [
        sql.SQL(", t.{}::text").format(sql.Identifier(column))
        for column in (table.name_column, table.class_column)
        if column
    ]
    return sql.SQL(
        "COPY (SELECT wanted.id, {srid}({geometry}), {wkb}({geometry}, 'NDR'){extra} "
        "FROM {table} AS t JOIN unnest({ids}::bigint[]) AS wanted(id) ON t.{id} = wanted.id{cast}{where}) "
        "TO STDOUT (FORMAT BINARY)"
    ).format(
        srid=way.name("st_srid"), wkb=way.name("st_asbinary"), geometry=geometry,
        extra=sql.SQL("").join(extra), table=table.identifier(), id=sql.Identifier(table.id_column),
        ids=id_array(wanted),
        cast=sql.SQL("::text" if way.text_ids else ""), where=_where(table),
    )  # fmt: skip


def _system_query(table: LinkTable, way: _Way) -> sql.Composed:
    """The reference system of the table's first geometry: nearly always the one of all."""
    return sql.SQL(
        "SELECT s.srid, s.auth_name, s.auth_srid, s.srtext FROM {systems} AS s WHERE s.srid = "
        "(SELECT {srid}(t.{geom}::{geometry}) FROM {table} AS t WHERE t.{geom} IS NOT NULL LIMIT 1)"
    ).format(
        systems=way.name("spatial_ref_sys"), srid=way.name("st_srid"), geometry=way.name("geometry"),
        geom=sql.Identifier(table.geom_column), table=table.identifier(),
    )  # fmt: skip


def _where(table: LinkTable) -> sql.Composable:
    return sql.SQL(" WHERE ({}\n)").format(_Raw(table.where)) if table.where else sql.SQL("")


class _Raw(sql.Composable):
    """SQL that the person wrote, as it is."""

    def as_bytes(self, context: Any = None) -> bytes:
        return str(self._obj).encode()


def _complete(rows: Sequence[bytes]) -> bool:
    """Whether a COPY came to its end, which is a row of -1 columns."""
    return bool(rows) and rows[-1][-2:] == b"\xff\xff" and (len(rows) > 1 or len(rows[0]) == _HEADER + 2)


class _Rows:
    """The rows of a binary COPY, taken apart without a loop over them where that is possible.

    A row is int16 columns; then for each int32 length (-1: NULL) and the bytes, all big endian: here
    id int64, srid int32, WKB and up to two texts. Every COPY message holds one row; the first one begins
    with the header, the last one is the end mark.
    """

    def __init__(self, messages: list[bytes], has_name: bool, has_class: bool) -> None:
        messages = messages[:-1] if _complete(messages) else messages
        if messages:
            messages[0] = messages[0][_HEADER:]
        messages = [message for message in messages if message]
        sizes = np.fromiter(map(len, messages), np.int64, len(messages))
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if messages else sizes
        self._data = b"".join(messages)
        self._bytes = np.frombuffer(self._data, np.uint8)
        self.ids = self._numbers(starts + 6, ">i8").astype(np.int64)
        # A NULL geometry has neither srid nor WKB: each of the two is then only its length, -1.
        self.null = self._numbers(starts + 14, ">i4") < 0
        self.srids = np.where(self.null, 0, self._numbers(np.where(self.null, 0, starts + 18), ">i4"))
        at = starts + np.where(self.null, 18, 22)
        self._wkb_at, self._wkb_size, at = self._field(at)
        self.names: Optional[NDArray[np.object_]] = None
        self.classes: Optional[NDArray[np.object_]] = None
        if has_name:
            self.names, at = self._texts(at)
        if has_class:
            self.classes, at = self._texts(at)
        self.shapes, self.empty = self._kinds()

    def wkb(self, chosen: NDArray[np.int64]) -> NDArray[np.object_]:
        """WKB of some rows that have one."""
        data, begin = self._data, self._wkb_at[chosen]
        end = begin + self._wkb_size[chosen]
        return _objects([data[a:b] for a, b in zip(begin.tolist(), end.tolist())])

    def _numbers(self, at: NDArray[np.int64], kind: str) -> NDArray[Any]:
        width = np.dtype(kind).itemsize
        if not len(at):
            return np.empty(0, np.dtype(kind).newbyteorder("="))
        taken = self._bytes[at[:, None] + np.arange(width)]
        return np.ascontiguousarray(taken).view(kind)[:, 0].astype(np.dtype(kind).newbyteorder("="))

    def _field(self, at: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Start and size of a field (0 for NULL), and where the next one begins."""
        size = self._numbers(at, ">i4").astype(np.int64)
        begin = at + 4
        return begin, size, begin + np.maximum(size, 0)

    def _texts(self, at: NDArray[np.int64]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        begin, size, after = self._field(at)
        data = self._data
        texts: dict[bytes, str] = {}  # streets have many links, and classes are few
        found: list[Optional[str]] = []
        for a, n in zip(begin.tolist(), size.tolist()):
            if n < 0:
                found.append(None)
                continue
            raw = data[a : a + n]
            text = texts.get(raw)
            if text is None:
                text = texts[raw] = raw.decode("utf-8", "replace")
            found.append(text)
        return _objects(found), after

    def _kinds(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """WKB type of every row without Z and M (0: NULL), and whether it has no shape at all."""
        at = np.where(self.null, 0, self._wkb_at)
        kinds = np.where(self.null, 0, self._numbers(at + 1, "<u4").astype(np.int64) % 1000)
        counted = np.isin(kinds, (*_LINES, 3, 4, 6, 7))
        parts = self._numbers(np.where(counted, at + 5, 0), "<u4")
        return kinds, self.null | (counted & (parts == 0))


def _links(rows: _Rows, system: Sequence[Optional[bytes]], table: LinkTable) -> LinkGeometry:
    odd = np.unique(rows.shapes[~np.isin(rows.shapes, (0, *_LINES))])
    if len(odd):
        names = ", ".join(sorted({_SHAPES.get(int(kind), "other shapes") for kind in odd}))
        raise UnsuitableLinks(
            f"The table {table} holds {names} where lines are needed. Choose a table of lines."
        )
    shaped = ~rows.empty
    srids = np.unique(rows.srids[shaped])
    if len(srids) > 1:
        raise UnsuitableLinks(
            f"The links in {table} have several reference systems ({', '.join(map(str, srids[:5]))}). "
            "Bring them to one, for example with ST_Transform in a view."
        )
    distinct = np.unique(rows.ids)
    order = np.argsort(rows.ids, kind="stable")
    order = order[shaped[order]]
    ids = rows.ids[order]
    first = np.concatenate([[True], ids[1:] != ids[:-1]]) if len(ids) else np.empty(0, bool)
    chosen = order[first]
    if len(chosen) < len(order):
        chosen = _first_of_several(rows, order, np.flatnonzero(first), chosen)
    without_links = int(system[0] or 0) if system else 0
    srid = int(srids[0]) if len(srids) else without_links
    return LinkGeometry(
        ids=rows.ids[chosen],
        wkb=rows.wkb(chosen),
        srid_wkt_or_auth=_system_name(srid, system),
        names=None if rows.names is None else rows.names[chosen],
        classes=None if rows.classes is None else rows.classes[chosen],
        duplicates=len(rows.ids) - len(distinct),
        missing_geometry=len(distinct) - len(chosen),
    )


def _first_of_several(
    rows: _Rows, order: NDArray[np.int64], begins: NDArray[np.int64], chosen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Of the rows of each id (a stretch of `order`) the first by WKB, then name and class."""
    chosen = chosen.copy()
    ends = np.append(begins[1:], len(order))
    for group in np.flatnonzero(ends - begins > 1).tolist():
        stretch = order[begins[group] : ends[group]]
        shapes = rows.wkb(stretch)
        chosen[group] = min(
            range(len(stretch)),
            key=lambda i: (
                shapes[i],
                "" if rows.names is None else rows.names[stretch[i]] or "",
                "" if rows.classes is None else rows.classes[stretch[i]] or "",
            ),
        )
        chosen[group] = stretch[chosen[group]]
    return chosen


def _system_name(srid: int, system: Sequence[Optional[bytes]]) -> str:
    """`EPSG:4326` and the like; the WKT of a system without a code; empty for an unknown one."""
    if srid == 0:
        return ""
    known = [(part or b"").decode("utf-8", "replace") for part in system]
    if not known or known[0] != str(srid):
        return f"EPSG:{srid}"  # PostGIS numbers as EPSG does, but for systems that people added
    _, authority, code, wkt = known
    if authority and code and code != "0":
        return f"{authority}:{code}"
    return wkt or f"EPSG:{srid}"


def _objects(values: Sequence[object]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
