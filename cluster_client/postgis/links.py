"""The geometry of links from PostGIS, in one exchange with the server.

The ids travel inside one `COPY (SELECT …) TO STDOUT (FORMAT BINARY)` as an array, the answer comes back as
the COPY's binary rows, and the transaction around it is read-only. A temporary table filled by a COPY of
its own would need a second exchange, the right to make one, and a server that is no read-only replica.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from ..errors import UnsuitableLinks
from .connection import Connecting, ConnectionInfo, CopyRows, Rows, exchange
from .copy_rows import LINES, LinkRows, RowReader
from .errors import server_error
from .link_geometry import LinkGeometry, join_roads
from .link_ids import same_id
from .link_table import LinkTable, id_array, look_up

TIMEOUT_SECONDS = 300.0
SYSTEMS_SECONDS = 30.0
"""Time for a look at the reference system of every link before a run."""
PATIENCE_SECONDS = 15.0
"""Silence that is borne beyond the query's own time limit."""
_WORK_MEM = "64MB"
"""The server's usual 4 MB would have the join of 140,000 ids go through its disk."""
_SHAPES = {
    1: "points", 3: "polygons", 4: "points", 6: "polygons", 7: "collections", 8: "arcs", 9: "curves",
    10: "polygons", 11: "curves", 12: "surfaces", 15: "surfaces", 16: "surfaces", 17: "triangles",
}  # fmt: skip
_SYSTEM = sql.SQL("s.srid, s.auth_name, s.auth_srid, s.srtext, s.proj4text")
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
    comes as ISO WKB, little endian, with Z and M as stored. The rows of one id are parts of one link
    (`join_roads`), whatever the server's order. `timeout` (s) limits the query.

    Raises `LinksError` or one of its kinds, and `Cancelled`.
    """
    connecting = Connecting(info)
    wanted = np.unique(np.asarray(ids, dtype=np.int64))
    array = id_array(wanted)
    with closing(connecting.result(cancelled)) as connection:  # no COMMIT: it would cost a round trip
        reading = _Reading(table, array, len(wanted), progress, cancelled, timeout)
        way = _Way()
        try:
            rows, system = reading.read(connection, way)
        except psycopg.Error as error:
            if error.sqlstate not in _LOOK_CLOSER:
                raise server_error(error, str(table)) from error
            facts = look_up(connection, table)
            column = facts.column(table.id_column)
            way = _Way(text_ids=column is not None and column.is_text, postgis=facts.postgis_schema)
            try:
                rows, system = reading.read(connection, way)
            except psycopg.Error as again:
                raise server_error(again, str(table)) from again
        srid = _srid(rows, table)
        if srid and (not system or system[0] != str(srid).encode()):
            system = reading.system(connection, way, srid)
    return _links(rows, srid, system)


def check_systems(
    info: ConnectionInfo,
    table: LinkTable,
    cancelled: Optional[Callable[[], bool]] = None,
    *,
    timeout: float = SYSTEMS_SECONDS,
) -> Optional[int]:
    """The SRID of all links of a table, before it is known which of them are wanted.

    0: they name no reference system. None: there is no geometry, or the server took longer than `timeout` (s)
    to look at every row, as it has to where the column declares no system. Raises `UnsuitableLinks` where
    there are several systems, and the other errors of `fetch_links`.
    """
    with closing(Connecting(info).result(cancelled)) as connection:
        facts = look_up(connection, table)
        column = facts.column(table.geom_column)
        if column is not None and column.srid:
            return column.srid
        begin = sql.SQL("BEGIN READ ONLY; SET LOCAL statement_timeout = {}").format(int(timeout * 1000))
        look = _srids_query(table, _Way(postgis=facts.postgis_schema))
        srids: list[int] = []
        try:
            for query, single in ((begin, False), (look, True)):
                for row in exchange(
                    connection, query.as_bytes(connection), patience=timeout + PATIENCE_SECONDS,
                    cancelled=cancelled, single=single,
                ):  # fmt: skip
                    srids += [int(value) for value in row if value is not None]
        except psycopg.errors.QueryCanceled:
            return None
        except psycopg.Error as error:
            raise server_error(error, str(table)) from error
    if len(srids) > 1:
        raise _several_systems(table, srids)
    return srids[0] if srids else None


def _srids_query(table: LinkTable, way: _Way) -> sql.Composed:
    geometry = sql.SQL("t.{}::{}").format(sql.Identifier(table.geom_column), way.name("geometry"))
    return sql.SQL(
        "SELECT DISTINCT {srid}({geometry}) FROM "
        "(SELECT * FROM {table} AS t{where}) AS t "
        "WHERE t.{geom} IS NOT NULL AND NOT {empty}({geometry}) ORDER BY 1"
    ).format(
        srid=way.name("st_srid"), empty=way.name("st_isempty"), geometry=geometry,
        table=table.identifier(), where=_where(table), geom=sql.Identifier(table.geom_column),
    )  # fmt: skip


@dataclass(frozen=True)
class _Reading:
    """One reading of a table; `n_wanted` ids are in `array`."""

    table: LinkTable
    array: sql.Literal
    n_wanted: int
    progress: Optional[Callable[[int, int], None]]
    cancelled: Optional[Callable[[], bool]]
    timeout: float

    def read(
        self, connection: psycopg.Connection[Any], way: _Way
    ) -> tuple[LinkRows, Sequence[Optional[bytes]]]:
        """The rows of the answer and the entry of the table's reference system, as `_SYSTEM` has it."""
        table = self.table
        reader = RowReader(bool(table.name_column), bool(table.class_column))
        system: Sequence[Optional[bytes]] = ()
        try:
            for piece in self._pieces(connection, way):
                if not isinstance(piece, CopyRows):
                    system = piece
                    continue
                reader.add(piece)
                if self.progress:
                    self.progress(min(reader.count, self.n_wanted), self.n_wanted)
        except psycopg.Error:
            if not reader.complete:
                raise  # else only the name of the reference system could not be read
        if self.progress:
            self.progress(self.n_wanted, self.n_wanted)
        return reader.rows(), system

    def system(self, connection: psycopg.Connection[Any], way: _Way, srid: int) -> Sequence[Optional[bytes]]:
        """The entry of a reference system; empty where there is none, or it may not be read."""
        query = sql.SQL("SELECT {columns} FROM {systems} AS s WHERE s.srid = {srid}").format(
            columns=_SYSTEM, systems=way.name("spatial_ref_sys"), srid=srid
        )
        system: Sequence[Optional[bytes]] = ()
        with contextlib.suppress(psycopg.Error):  # then the number has to do, as EPSG's
            for piece in exchange(
                connection, query.as_bytes(connection), patience=self.timeout + PATIENCE_SECONDS,
                cancelled=self.cancelled,
            ):  # fmt: skip
                system = piece
        return system

    def _pieces(self, connection: psycopg.Connection[Any], way: _Way) -> Iterator[Union[CopyRows, Rows]]:
        begin = sql.SQL("BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL work_mem = {}").format(
            int(self.timeout * 1000), _WORK_MEM
        )
        copy, system = _copy_query(self.table, self.array, way), _system_query(self.table, way)
        queries: list[tuple[sql.Composable, bool]] = [(sql.SQL("; ").join([begin, copy, system]), False)]
        if self.table.where:
            # Somebody's own SQL goes alone, as one statement: then it cannot end the read-only transaction.
            queries = [(begin, False), (copy, True), (system, True)]
        for query, single in queries:
            yield from exchange(
                connection, query.as_bytes(connection), patience=self.timeout + PATIENCE_SECONDS,
                cancelled=self.cancelled, single=single,
            )  # fmt: skip


def _copy_query(table: LinkTable, array: sql.Literal, way: _Way) -> sql.Composed:
    geometry = sql.SQL("t.{}::{}").format(sql.Identifier(table.geom_column), way.name("geometry"))
    extra = [
        sql.SQL(", t.{}::text").format(sql.Identifier(column))
        for column in (table.name_column, table.class_column)
        if column
    ]
    return sql.SQL(
        "COPY (SELECT wanted.roadpulse_id, {srid}({geometry}), {wkb}({geometry}, 'NDR'){extra} "
        "FROM {table} AS t JOIN unnest({ids}::bigint[]) AS wanted(roadpulse_id) "  # no name a filter may use
        "ON {same}{where}) "
        "TO STDOUT (FORMAT BINARY)"
    ).format(
        srid=way.name("st_srid"), wkb=way.name("st_asbinary"), geometry=geometry,
        extra=sql.SQL("").join(extra), table=table.identifier(), ids=array,
        same=same_id(sql.SQL("t.{}").format(sql.Identifier(table.id_column)),
                     sql.SQL("wanted.roadpulse_id"), way.text_ids),
        where=_where(table),
    )  # fmt: skip


def _system_query(table: LinkTable, way: _Way) -> sql.Composed:
    """The reference system of the table's first geometry: nearly always the one of all."""
    return sql.SQL(
        "SELECT {columns} FROM {systems} AS s WHERE s.srid = "
        "(SELECT {srid}(t.{geom}::{geometry}) FROM {table} AS t WHERE t.{geom} IS NOT NULL LIMIT 1)"
    ).format(
        columns=_SYSTEM, systems=way.name("spatial_ref_sys"), srid=way.name("st_srid"),
        geometry=way.name("geometry"), geom=sql.Identifier(table.geom_column), table=table.identifier(),
    )  # fmt: skip


def _where(table: LinkTable) -> sql.Composable:
    return sql.SQL(" WHERE ({}\n)").format(_Raw(table.where)) if table.where else sql.SQL("")


class _Raw(sql.Composable):
    """SQL that the person wrote, as it is."""

    def as_bytes(self, context: Any = None) -> bytes:
        return str(self._obj).encode()


def _srid(rows: LinkRows, table: LinkTable) -> Optional[int]:
    """The SRID of the links (0: they name none), None without links.

    Raises `UnsuitableLinks` for other shapes than lines, and for several reference systems.
    """
    odd = np.unique(rows.kinds[~np.isin(rows.kinds, (0, *LINES))])
    if len(odd):
        names = ", ".join(sorted({_SHAPES.get(int(kind), "other shapes") for kind in odd}))
        raise UnsuitableLinks(
            f"The table {table} holds {names} where lines are needed. Choose a table of lines."
        )
    srids = np.unique(rows.srids[~rows.empty])
    if len(srids) > 1:
        raise _several_systems(table, srids.tolist())
    return int(srids[0]) if len(srids) else None


def _several_systems(table: LinkTable, srids: Sequence[int]) -> UnsuitableLinks:
    return UnsuitableLinks(
        f"The links in {table} have several reference systems (SRID {', '.join(map(str, srids[:5]))}). "
        "Bring them to one, for example with ST_Transform in a view, or with ST_SetSRID where 0 stands "
        "for none."
    )


def _links(rows: LinkRows, srid: Optional[int], system: Sequence[Optional[bytes]]) -> LinkGeometry:
    shaped = ~rows.empty
    distinct = np.unique(rows.ids)
    order = np.argsort(rows.ids, kind="stable")
    order = order[shaped[order]]
    ids = rows.ids[order]
    begins = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if len(ids) else order
    chosen = order[begins]
    wkb = rows.wkb[chosen]
    street_names = None if rows.names is None else rows.names[chosen]
    classes = None if rows.classes is None else rows.classes[chosen]
    ends = np.append(begins[1:], len(order))
    groups = np.flatnonzero(ends - begins > 1).tolist()
    roads = join_roads([rows.roads(order[begins[group] : ends[group]]) for group in groups])
    for group, road in zip(groups, roads):
        for column, value in zip((wkb, street_names, classes), road):
            if column is not None:
                column[group] = value
    name, definition = _system_name(srid, system)
    return LinkGeometry(
        ids=rows.ids[chosen],
        wkb=wkb,
        srid_wkt_or_auth=name,
        names=street_names,
        classes=classes,
        duplicates=len(rows.ids) - len(distinct),
        missing_geometry=len(distinct) - len(chosen),
        definition=definition,
    )


def _system_name(srid: Optional[int], system: Sequence[Optional[bytes]]) -> tuple[str, str]:
    """Name and definition of a reference system, as PostGIS reads its entry `system`; empty for none.

    The name is `EPSG:4326` and the like, or the WKT of a system without a code; the definition is what the
    entry says besides. Without links (`srid` None) it is the table's system.
    """
    if srid == 0 or (srid is None and not system):
        return "", ""
    if not system:
        return f"EPSG:{srid}", ""  # PostGIS numbers as EPSG does, but for systems that people added
    number, authority, code, wkt, proj = ((part or b"").decode("utf-8", "replace").strip() for part in system)
    definition = wkt or proj
    if authority and code and code != "0":
        return f"{authority}:{code}", definition
    return definition or f"EPSG:{number}", ""
