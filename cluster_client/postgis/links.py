"""Reading of links' geometry from PostGIS in one round trip.

The ids are sent as an array in one `COPY (SELECT …) TO STDOUT (FORMAT BINARY)`, in a read-only transaction,
and the answer is the COPY's binary rows. A temporary table for the ids would require another round trip, the
right to create it, and a server that is not a read-only replica.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Callable, Optional, Union

import numpy as np
import psycopg
from psycopg import sql

from ...aggregation.contract.json_text import shown
from ...aggregation.contract.link_ids import LinkId, directed, link_id_of
from ..errors import UnsuitableLinks
from .connection import Connecting, ConnectionInfo, CopyRows, Rows, exchange
from .copy_rows import LinkRows, RowReader
from .errors import server_error
from .link_geometry import LinkGeometry, present
from .link_ids import LinkIds, are_texts, id_among, with_other_directions
from .link_table import LinkTable, Wanted, look_up

TIMEOUT_SECONDS = 300.0
SYSTEMS_SECONDS = 30.0
"""Time limit for checking the reference systems of all links before a run."""
SILENCE_SECONDS = 15.0
"""Seconds without data beyond the query's own time limit."""
_WORK_MEM = "64MB"
"""Memory of the join; with the server's default of 4 MB, 140,000 ids are joined on disk."""
_SYSTEM = sql.SQL("s.srid, s.auth_name, s.auth_srid, s.srtext, s.proj4text")
_LOOK_CLOSER = ("42P01", "3F000", "42703", "42883", "42704", "42804", "42846")
"""Codes for a missing table, schema, column, function or type, and for incompatible types."""


@dataclass(frozen=True)
class _Way:
    """Properties of the table for the query: defaults at first, from the catalogue if the query fails."""

    text_ids: bool = False
    postgis: str = ""

    def name(self, text: str) -> sql.Identifier:
        """Return the identifier of a PostGIS function or table, with its schema if known."""
        return sql.Identifier(self.postgis, text) if self.postgis else sql.Identifier(text)


def fetch_links(
    info: ConnectionInfo,
    table: LinkTable,
    ids: LinkIds,
    progress: Optional[Callable[[int, int], None]] = None,
    cancelled: Optional[Callable[[], bool]] = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> LinkGeometry:
    """Return the geometry of the links in `ids` that the table has, with ids of the same type.

    `progress` gets the numbers of links received and requested, `cancelled` is polled ten times a second.
    Geometry is little-endian ISO WKB, with Z and M as stored. The rows of one id are parts of one link
    (`LinkGeometry.of_rows`), in any order. `timeout` (s) limits the query.

    Raises `LinksError` or a subclass, and `Cancelled`.
    """
    connecting = Connecting(info)
    with closing(connecting.result(cancelled)) as connection:  # no COMMIT, which would take a round trip
        way, column = _Way(), None
        if are_texts(ids):
            facts = look_up(connection, table)
            column = facts.column(table.id_column)
            way = _Way(text_ids=column is not None and column.is_text, postgis=facts.postgis_schema)
        asked = with_other_directions(ids) if table.direction_column else ids
        reading = _Reading(table, Wanted.of(asked, column), progress, cancelled, timeout)
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
        rows = replace(rows, ids=reading.wanted.found(rows.ids, are_texts(ids)))
        if rows.directions is not None:
            rows = _directed(rows, ids)
        srid = _srid(rows, table)
        if srid and (not system or system[0] != str(srid).encode()):
            system = reading.system(connection, way, srid)
    name, definition = _system_name(srid, system)
    return LinkGeometry.of_rows(rows.ids, rows.wkb, rows.names, rows.classes, name, definition)


def every_id(
    info: ConnectionInfo,
    table: LinkTable,
    cancelled: Optional[Callable[[], bool]] = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> set[LinkId]:
    """Return the ids of all links of a table in their directions; raises the errors of `fetch_links`."""
    columns = [sql.SQL("t.{}::text").format(sql.Identifier(name)) for name in (
        table.id_column, table.direction_column or table.id_column,
    )]  # fmt: skip
    query = sql.SQL("SELECT DISTINCT {columns} FROM {table} AS t{where}").format(
        columns=sql.SQL(", ").join(columns), table=table.identifier(), where=_where(table)
    )
    begin = sql.SQL("BEGIN READ ONLY; SET LOCAL statement_timeout = {}").format(int(timeout * 1000))
    found: set[LinkId] = set()
    with closing(Connecting(info).result(cancelled)) as connection:
        look_up(connection, table)
        try:
            for part, single in ((begin, False), (query, True)):
                for row in exchange(
                    connection, part.as_bytes(connection), silence_limit=timeout + SILENCE_SECONDS,
                    cancelled=cancelled, single=single,
                ):  # fmt: skip
                    link_id, direction = (None if value is None else value.decode() for value in row)
                    link, _ = link_id_of(link_id)
                    if link is not None:
                        found.add(directed(link, direction if table.direction_column else None))
        except psycopg.Error as error:
            raise server_error(error, str(table)) from error
    return found


def _directed(rows: LinkRows, ids: LinkIds) -> LinkRows:
    """Return those rows that are of `ids` in their directions, with these ids."""
    texts, wanted = are_texts(ids), set(ids.tolist())
    directions = [] if rows.directions is None else rows.directions.tolist()
    links = list(map(id_among, rows.ids.tolist(), repeat(texts), directions))
    at = [row for row, link in enumerate(links) if link in wanted]
    found = np.empty(len(at), dtype=ids.dtype)
    found[:] = [links[row] for row in at]
    names, classes = (None if column is None else column[at] for column in (rows.names, rows.classes))
    return LinkRows(found, rows.srids[at], rows.others[at], rows.wkb[at], names, classes)


def check_systems(
    info: ConnectionInfo,
    table: LinkTable,
    cancelled: Optional[Callable[[], bool]] = None,
    *,
    timeout: float = SYSTEMS_SECONDS,
) -> Optional[int]:
    """Return the SRID of all links of a table, for checks before a run.

    0: they have no reference system. None: there is no geometry, or the server took longer than `timeout` (s)
    to examine all rows, as it must if the column declares no system. Raises `UnsuitableLinks` for several
    systems, and the other errors of `fetch_links`.
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
                    connection, query.as_bytes(connection), silence_limit=timeout + SILENCE_SECONDS,
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
    """One reading of the rows with the ids `wanted` of a table."""

    table: LinkTable
    wanted: Wanted
    progress: Optional[Callable[[int, int], None]]
    cancelled: Optional[Callable[[], bool]]
    timeout: float

    def read(
        self, connection: psycopg.Connection[Any], way: _Way
    ) -> tuple[LinkRows, Sequence[Optional[bytes]]]:
        """Return the rows and the entry of the table's reference system, with the columns of `_SYSTEM`."""
        table, n_wanted = self.table, len(self.wanted.ids)
        reader = RowReader(bool(table.name_column), bool(table.class_column), bool(table.direction_column))
        system: Sequence[Optional[bytes]] = ()
        try:
            for piece in self._pieces(connection, way):
                if not isinstance(piece, CopyRows):
                    system = piece
                    continue
                reader.add(piece)
                if self.progress:
                    self.progress(min(reader.count, n_wanted), n_wanted)
        except psycopg.Error:
            if not reader.complete:
                raise  # otherwise only the name of the reference system could not be read
        if self.progress:
            self.progress(n_wanted, n_wanted)
        return reader.rows(), system

    def system(self, connection: psycopg.Connection[Any], way: _Way, srid: int) -> Sequence[Optional[bytes]]:
        """Return the entry of a reference system; empty if there is none, or it may not be read."""
        query = sql.SQL("SELECT {columns} FROM {systems} AS s WHERE s.srid = {srid}").format(
            columns=_SYSTEM, systems=way.name("spatial_ref_sys"), srid=srid
        )
        system: Sequence[Optional[bytes]] = ()
        with contextlib.suppress(psycopg.Error):  # then the number is taken for an EPSG code
            for piece in exchange(
                connection, query.as_bytes(connection), silence_limit=self.timeout + SILENCE_SECONDS,
                cancelled=self.cancelled,
            ):  # fmt: skip
                system = piece
        return system

    def _pieces(self, connection: psycopg.Connection[Any], way: _Way) -> Iterator[Union[CopyRows, Rows]]:
        begin = sql.SQL("BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL work_mem = {}").format(
            int(self.timeout * 1000), _WORK_MEM
        )
        copy, system = _copy_query(self.table, self.wanted, way), _system_query(self.table, way)
        queries: list[tuple[sql.Composable, bool]] = [(sql.SQL("; ").join([begin, copy, system]), False)]
        if self.table.where:
            # User-written SQL is sent as a single statement, so that it cannot end the read-only transaction.
            queries = [(begin, False), (copy, True), (system, True)]
        for query, single in queries:
            yield from exchange(
                connection, query.as_bytes(connection), silence_limit=self.timeout + SILENCE_SECONDS,
                cancelled=self.cancelled, single=single,
            )  # fmt: skip


def _copy_query(table: LinkTable, wanted: Wanted, way: _Way) -> sql.Composed:
    geometry = sql.SQL("t.{}::{}").format(sql.Identifier(table.geom_column), way.name("geometry"))
    extra = [
        sql.SQL(", t.{}::text").format(sql.Identifier(column))
        for column in (table.name_column, table.class_column, table.direction_column)
        if column
    ]
    return sql.SQL(
        "COPY (SELECT wanted.roadpulse_id, {srid}({geometry}), "
        "CASE WHEN {kind}({geometry}) NOT IN ('ST_LineString', 'ST_MultiLineString') "
        "THEN {kind}({geometry}) END, "
        "CASE WHEN NOT {empty}({geometry}) THEN {wkb}({geometry}, 'NDR') END{extra} "
        "FROM {table} AS t JOIN {wanted} ON {same}{where}) "
        "TO STDOUT (FORMAT BINARY)"
    ).format(
        srid=way.name("st_srid"), kind=way.name("st_geometrytype"), empty=way.name("st_isempty"),
        wkb=way.name("st_asbinary"), geometry=geometry,
        extra=sql.SQL("").join(extra), table=table.identifier(), wanted=wanted.table(),
        same=wanted.same(table, way.text_ids), where=_where(table),
    )  # fmt: skip


def _system_query(table: LinkTable, way: _Way) -> sql.Composed:
    """Return the query for the reference system of the table's first geometry, nearly always that of all."""
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
    """User-written SQL, included verbatim."""

    def as_bytes(self, context: Any = None) -> bytes:
        return str(self._obj).encode()


def _srid(rows: LinkRows, table: LinkTable) -> Optional[int]:
    """Return the SRID of the links (0: none), None without links.

    Raises `UnsuitableLinks` for geometries other than lines, and for several reference systems.
    """
    others = np.flatnonzero(present(rows.others))
    if len(others):
        first = others[np.argmin(rows.ids[others])]
        kind = rows.others[first]
        raise UnsuitableLinks(
            f"The table {table} holds shapes that are not lines: its link {rows.ids[first]} is a "
            f"{shown(kind.replace('ST_', '', 1))}. Choose a table of lines, or a view that makes lines of "
            "curves with ST_CurveToLine."
        )
    srids = np.unique(rows.srids[present(rows.wkb)])
    if len(srids) > 1:
        raise _several_systems(table, srids.tolist())
    return int(srids[0]) if len(srids) else None


def _several_systems(table: LinkTable, srids: Sequence[int]) -> UnsuitableLinks:
    return UnsuitableLinks(
        f"The links in {table} have several reference systems (SRID {', '.join(map(str, srids[:5]))}). "
        "Bring them to one, for example with ST_Transform in a view, or with ST_SetSRID where 0 stands "
        "for none."
    )


def _system_name(srid: Optional[int], system: Sequence[Optional[bytes]]) -> tuple[str, str]:
    """Return name and definition of a reference system from its entry `system`; empty if there is none.

    The name is a code such as `EPSG:4326`, or the WKT of a system without a code; the definition is the
    entry's other text. Without links (`srid` None) it is the table's system.
    """
    if srid == 0 or (srid is None and not system):
        return "", ""
    if not system:
        return f"EPSG:{srid}", ""  # PostGIS uses EPSG's numbers, except for user-defined systems
    number, authority, code, wkt, proj = ((part or b"").decode("utf-8", "replace").strip() for part in system)
    definition = wkt or proj
    if authority and code and code != "0":
        return f"{authority}:{code}", definition
    return definition or f"EPSG:{number}", ""
