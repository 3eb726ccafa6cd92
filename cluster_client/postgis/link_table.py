"""Tables of links in PostGIS: name and columns, lookup in the server's catalogue, and suitability."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from ...aggregation.contract.link_ids import link_id_of
from ..errors import NoPostgis, NotThere, UnsuitableLinks
from .connection import ConnectionInfo, connect
from .errors import nearest, server_error, suggestion
from .link_ids import LinkIds, are_texts, n_with_road, same_id, with_roads_of_opposites

PROBE_SECONDS = 5.0
_INTEGER_TYPES = ("int8", "int4", "int2", "numeric", "float8", "float4", "oid")
_TEXT_TYPES = ("text", "varchar", "bpchar", "citext", "name")
_GEOMETRY_TYPES = ("geometry", "geography")


@dataclass(frozen=True)
class LinkTable:
    """Names of a table of links and its columns, which may contain any characters.

    If `schema` is empty, the server's search path applies. `name_column` (street name) and `class_column`
    (road class) are optional, and so is `direction_column`, the direction in which a row is its link.
    `where` is a condition in SQL, such as QGIS's filter of a layer; it can only
    restrict the rows that are read.
    """

    schema: str
    table: str
    id_column: str = "link_id"
    geom_column: str = "geom"
    name_column: str = ""
    class_column: str = ""
    where: str = ""
    direction_column: str = ""

    def identifier(self) -> sql.Identifier:
        """The quoted name of the table."""
        return sql.Identifier(self.schema, self.table) if self.schema else sql.Identifier(self.table)

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


@dataclass(frozen=True)
class Column:
    """A column and its type in the server's notation, such as `geometry(LineString,4326)`."""

    name: str
    kind: str
    type_name: str

    @property
    def is_text(self) -> bool:
        return self.type_name in _TEXT_TYPES

    @property
    def may_be_id(self) -> bool:
        return self.is_text or self.type_name in _INTEGER_TYPES

    @property
    def is_geometry(self) -> bool:
        return self.type_name in _GEOMETRY_TYPES

    @property
    def srid(self) -> int:
        """SRID that the type declares; 0 if it declares none."""
        match = re.search(r",(\d+)\)$", self.kind)
        return int(match[1]) if match else 0


@dataclass(frozen=True)
class Facts:
    """Entries of the server's catalogue on a table."""

    columns: tuple[Column, ...]
    postgis_schema: str
    rows: Optional[int]

    def column(self, name: str) -> Optional[Column]:
        """Return the column of that name; None if there is none."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class TableProbe:
    """Description of a table for a dialog.

    `rows` is the server's estimate (None: never analysed). Candidates are sorted, best first. `srid` is that
    of the column or its first geometry (0: no reference system; None: no geometry, or the query took too
    long). `matched` of `sample` ids are in `id_column`; None if there was no sample or the query took too
    long.
    """

    rows: Optional[int]
    id_columns: tuple[str, ...]
    geom_columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    id_column: str
    geom_column: str
    srid: Optional[int]
    sample: int = 0
    matched: Optional[int] = None


@dataclass(frozen=True)
class Wanted:
    """Ids to be looked for in a column, distinct: as numbers, or as `texts` for a column of text."""

    ids: LinkIds
    texts: bool

    @classmethod
    def of(cls, ids: LinkIds, column: Optional[Column]) -> Wanted:
        """Return those of `ids` that a column can have; for numbers any column will do."""
        found = np.unique(ids)
        if not are_texts(ids) or column is None or column.is_text:
            return cls(found, are_texts(ids))
        numbers = (link_id_of(text)[0] for text in found.tolist())
        return cls(np.array([n for n in numbers if isinstance(n, int)], dtype=np.int64), texts=False)

    def table(self) -> sql.Composed:
        """Return the item of a FROM clause that has the ids.

        Its column `roadpulse_id`, whose name filters cannot use, has the numbers, or the places of the texts
        from 1 on. Ids are literals and no parameters, as names in the query may contain per cent signs.
        """
        if self.texts:
            return sql.SQL(
                "unnest({}::text[]) WITH ORDINALITY AS wanted(roadpulse_text, roadpulse_id)"
            ).format(sql.Literal(self.ids.tolist()))
        return sql.SQL("unnest({}::bigint[]) AS wanted(roadpulse_id)").format(
            sql.Literal("{" + ",".join(map(str, self.ids.tolist())) + "}")
        )

    def same(self, table: LinkTable, is_text: bool) -> sql.Composed:
        """Return SQL that is true if the id column of the table `t` has the id; `is_text` is its type."""
        column = sql.SQL("t.{}").format(sql.Identifier(table.id_column))
        wanted = sql.SQL("wanted.roadpulse_text" if self.texts else "wanted.roadpulse_id")
        return same_id(column, wanted, is_text, self.texts)

    def found(self, roadpulse_id: NDArray[np.int64], as_texts: bool) -> LinkIds:
        """Return the ids by values of the column `roadpulse_id`, as texts or as numbers."""
        if self.texts:
            found: LinkIds = self.ids[roadpulse_id - 1]
            return found
        if as_texts:
            return np.array([str(n) for n in roadpulse_id.tolist()], dtype=object)
        return roadpulse_id


def look_up(connection: psycopg.Connection[Any], table: LinkTable, *, complete: bool = True) -> Facts:
    """Return the catalogue's entries on a table.

    Raises `NoPostgis`, `NotThere` (with similar existing names) and, with `complete`, `UnsuitableLinks` if
    a column is unsuitable.
    """
    try:
        connection.execute("ROLLBACK")  # after a failed query
        return _look_up(connection, table, complete)
    except psycopg.Error as error:
        raise server_error(error, f"the catalogue of {table}") from error


def probe_table(info: ConnectionInfo, table: LinkTable, sample: Optional[LinkIds] = None) -> TableProbe:
    """Return a description of a table, in about a second.

    Columns that the table lacks are replaced by the best candidates. `sample` is some link ids of the trips.
    Raises the errors of `fetch_links`.
    """
    with connect(info) as connection:
        facts = look_up(connection, table, complete=False)
        ids = sorted(filter(_may_be_id, facts.columns), key=lambda column: _unlikeness(column, table))
        shapes = [column for column in facts.columns if column.is_geometry]
        if not shapes:
            raise UnsuitableLinks(f"The table {table} has no geometry column. Choose a table of lines.")
        geom = next((column for column in shapes if column.name == table.geom_column), shapes[0])
        chosen = facts.column(table.id_column)
        id_column = chosen if chosen and chosen.may_be_id else ids[0] if ids else None
        matched = None
        if sample is not None and len(sample) and id_column:
            matched = _matched(connection, table, id_column, sample)
        return TableProbe(
            rows=facts.rows,
            id_columns=tuple(column.name for column in ids),
            geom_columns=tuple(column.name for column in shapes),
            text_columns=tuple(column.name for column in facts.columns if column.is_text),
            id_column=id_column.name if id_column else "",
            geom_column=geom.name,
            srid=geom.srid or _first_srid(connection, table, geom, facts),
            sample=0 if sample is None else len(np.unique(sample)),
            matched=matched,
        )


def _may_be_id(column: Column) -> bool:
    return column.may_be_id


def _unlikeness(column: Column, table: LinkTable) -> tuple[bool, bool, bool, bool]:
    name = column.name.casefold()
    return (column.name != table.id_column, "link" not in name, "id" not in name, column.is_text)


def _look_up(connection: psycopg.Connection[Any], table: LinkTable, complete: bool) -> Facts:
    row = connection.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'postgis'"
    ).fetchone()
    if row is None:
        raise NoPostgis(
            f"The database {connection.info.dbname!r} has no PostGIS. Choose another one, or have its "
            "administrator run CREATE EXTENSION postgis in it."
        )
    postgis_schema = str(row[0])
    relation = _relation(connection, table)
    columns = tuple(
        Column(str(name), str(kind), str(type_name))
        for name, kind, type_name in connection.execute(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), coalesce(b.typname, t.typname) "
            "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
            "LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype "
            "WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            [relation[0]],
        )
    )
    facts = Facts(columns, postgis_schema, int(relation[1]) if relation[1] >= 0 else None)
    if complete:
        _check_columns(table, facts)
    return facts


def _relation(connection: psycopg.Connection[Any], table: LinkTable) -> tuple[int, float]:
    """Return oid and estimated number of rows of a table or view; raises `NotThere`."""
    found = connection.execute(
        "SELECT c.oid, c.reltuples FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relname = %(table)s AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND "
        "CASE WHEN %(schema)s = '' THEN pg_table_is_visible(c.oid) ELSE n.nspname = %(schema)s END",
        {"table": table.table, "schema": table.schema},
    ).fetchone()
    if found is not None:
        return int(found[0]), float(found[1])
    there = [
        (str(schema), str(name))
        for schema, name in connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^pg_' "
            "AND n.nspname <> 'information_schema' ORDER BY 1, 2"
        )
    ]
    schemas = [
        str(row[0])
        for row in connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
    ]
    if table.schema and table.schema not in schemas:
        close = nearest(table.schema, schemas)
        raise NotThere(
            f"There is no schema {table.schema!r} in the database {connection.info.dbname!r}."
            f"{suggestion(close, schemas)}",
            what="schema", name=table.schema, nearest=close, sqlstate="3F000",
        )  # fmt: skip
    here = [name for schema, name in there if schema == table.schema or not table.schema]
    elsewhere = [f"{schema}.{name}" for schema, name in there if name == table.table]
    close = elsewhere or nearest(table.table, here)
    where = f"the schema {table.schema!r}" if table.schema else f"the database {connection.info.dbname!r}"
    raise NotThere(
        f"There is no table {table.table!r} in {where}.{suggestion(close, here)}",
        what="table", name=table.table, nearest=close, sqlstate="42P01",
    )  # fmt: skip


def _columns_of(table: LinkTable) -> tuple[str, ...]:
    return (
        table.id_column, table.geom_column, table.name_column, table.class_column, table.direction_column,
    )  # fmt: skip


def _check_columns(table: LinkTable, facts: Facts) -> None:
    for name in filter(None, _columns_of(table)):
        if facts.column(name) is None:
            there = [column.name for column in facts.columns]
            close = nearest(name, there)
            raise NotThere(
                f"The table {table} has no column {name!r}.{suggestion(close, there)}",
                what="column", name=name, nearest=close, sqlstate="42703",
            )  # fmt: skip
    id_column, geom = facts.column(table.id_column), facts.column(table.geom_column)
    if id_column and not id_column.may_be_id:
        raise UnsuitableLinks(
            f"The column {id_column.name!r} of {table} is of type {id_column.kind} and cannot hold link ids. "
            "Choose a column of whole numbers or text."
        )
    if geom and not geom.is_geometry:
        shapes = [column.name for column in facts.columns if column.is_geometry]
        raise UnsuitableLinks(
            f"The column {geom.name!r} of {table} is of type {geom.kind}, not a geometry."
            f"{suggestion(shapes, [])}"
        )


def _matched(
    connection: psycopg.Connection[Any], table: LinkTable, column: Column, sample: LinkIds
) -> Optional[int]:
    wanted = Wanted.of(with_roads_of_opposites(sample), column)
    query = sql.SQL(
        "SELECT coalesce(array_agg(roadpulse_id), '{{}}') FROM {wanted} "
        "WHERE EXISTS (SELECT 1 FROM {table} AS t WHERE {same})"
    ).format(
        wanted=wanted.table(),
        table=table.identifier(),
        same=wanted.same(replace(table, id_column=column.name), column.is_text),
    )
    found = _answer(connection, table, query)
    if found is None:
        return None
    there = wanted.found(np.array(found, dtype=np.int64), are_texts(sample))
    return n_with_road(np.unique(sample), set(there.tolist()))


def _first_srid(
    connection: psycopg.Connection[Any], table: LinkTable, geom: Column, facts: Facts
) -> Optional[int]:
    query = sql.SQL(
        "SELECT {schema}.st_srid(t.{geom}::{schema}.geometry) FROM {table} AS t "
        "WHERE t.{geom} IS NOT NULL LIMIT 1"
    ).format(
        schema=sql.Identifier(facts.postgis_schema),
        geom=sql.Identifier(geom.name),
        table=table.identifier(),
    )
    srid = _answer(connection, table, query)
    return None if srid is None else int(srid)


def _answer(connection: psycopg.Connection[Any], table: LinkTable, query: sql.Composed) -> Any:
    """Return the value that a read-only query gives; None for no row or after `PROBE_SECONDS`."""
    try:
        with connection.transaction():
            connection.execute("SET TRANSACTION READ ONLY")
            connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(int(PROBE_SECONDS * 1000)))
            row = connection.execute(query).fetchone()
    except psycopg.errors.QueryCanceled:
        return None
    except psycopg.Error as error:
        raise server_error(error, str(table)) from error
    return row[0] if row else None
