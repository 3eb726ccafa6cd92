"""A first look at the roads: which tables there are, which fields they have, how many of the sample's ids.

Plain functions for a thread. `connection` is libpq's text with credentials in it: it is never shown,
logged or stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Callable, Optional

from qgis.core import QgsFeatureRequest, QgsVectorLayerFeatureSource

from ....aggregation.contract.link_ids import LinkId, link_id_of
from ....cluster_client.postgis.link_ids import (
    LinkIds,
    are_texts,
    id_among,
    n_with_road,
    with_roads_of_opposites,
)
from ....mapping.writer.link_layers import check_system
from ....workflow.id_rules import IdRule, best_rule
from ...background.tasks import Task

if TYPE_CHECKING:
    from ....cluster_client.postgis.link_table import LinkTable

COUNT_MILLISECONDS = 5_000
EXAMPLES = 3
IDS_COMPARED = 200_000
"""Number of ids of a table that are read to find a rule."""

GOOD_MATCH = 0.5
"""Share of the trips' ids below which they are compared with those of the roads."""

Check = Callable[[], None]

_TABLES = """
SELECT f_table_schema, f_table_name, f_geometry_column
FROM geometry_columns
WHERE type LIKE '%LINE%' OR type IN ('GEOMETRY', 'GEOMETRYCOLLECTION', 'MULTICURVE')
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class RoadTable:
    """A table or view with lines."""

    schema: str
    table: str
    geometry: str

    @property
    def label(self) -> str:
        """`schema.table`, as it is shown."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class RoadField:
    """A field of the roads: `may_be_id` and `is_text` say what it can serve as, `is_key` is the likely id."""

    name: str
    may_be_id: bool
    is_text: bool
    is_key: bool = False


@dataclass(frozen=True)
class Match:
    """Number of links (None: too many to count), and how many of the `asked` ids are among them.

    Where few are: examples of ids of trips and roads as they stand there, and the `rule` by which enough
    match, if there is one. `matched` is None if it is not known.
    """

    links: Optional[int]
    asked: int
    matched: Optional[int]
    of_trips: tuple[LinkId, ...] = ()
    of_roads: tuple[LinkId, ...] = ()
    rule: Optional[IdRule] = None

    @property
    def rate(self) -> float:
        """Share of the ids that match; 1 if it is not known."""
        return self.matched / self.asked if self.asked and self.matched is not None else 1.0


def list_tables(connection: str) -> list[RoadTable]:
    """Return the tables with lines; raises `LinksError`.

    Also for a table that does not name the reference system of its roads.
    """
    import psycopg  # noqa: PLC0415

    from ....cluster_client.errors import NoPostgis  # noqa: PLC0415
    from ....cluster_client.postgis.connection import connect  # noqa: PLC0415
    from ....cluster_client.postgis.errors import server_error  # noqa: PLC0415

    with connect(connection) as session:
        try:
            return [RoadTable(*row) for row in session.execute(_TABLES).fetchall()]
        except psycopg.errors.UndefinedTable as error:
            raise NoPostgis(
                f"The database {session.info.dbname!r} has no PostGIS. Choose another connection.", str(error)
            ) from error
        except psycopg.Error as error:
            raise server_error(error, "the list of tables") from error


def list_fields(connection: str, table: RoadTable) -> list[RoadField]:
    """Return the fields of a table that can serve, the likeliest id first; raises `LinksError`.

    Also where the table does not say in which reference system its roads are.
    """
    from ....cluster_client.errors import UnsuitableLinks  # noqa: PLC0415
    from ....cluster_client.postgis.link_table import LinkTable, probe_table  # noqa: PLC0415

    probe = probe_table(connection, LinkTable(table.schema, table.table, geom_column=table.geometry))
    if probe.srid == 0:
        raise UnsuitableLinks(
            f"The geometries of {table.label} have the SRID 0, so it is not known what their coordinates "
            "are. Set it in the database with ST_SetSRID, or choose a layer of these roads and set its "
            "system in QGIS."
        )
    texts, ids = set(probe.text_columns), set(probe.id_columns)
    names = [*probe.id_columns, *(name for name in probe.text_columns if name not in ids)]
    return [RoadField(name, name in ids, name in texts, name == probe.id_column) for name in names]


def match_table(
    connection: str, table: RoadTable, id_field: str, ids: LinkIds, rule: Optional[IdRule] = None
) -> Match:
    """Count a table's links and look for the sample's ids, by a rule or as they are; raises `LinksError`.

    Raises it also if the links have several reference systems and that shows in a few seconds.
    """
    from ....cluster_client.postgis.link_table import LinkTable, probe_table  # noqa: PLC0415
    from ....cluster_client.postgis.links import check_systems  # noqa: PLC0415

    named = LinkTable(table.schema, table.table, id_field, table.geometry)
    check_systems(connection, named, timeout=COUNT_MILLISECONDS / 1000)
    probe = probe_table(connection, named, ids)
    match = Match(_count(connection, named, probe.rows), probe.sample, probe.matched)
    if not probe.sample or (rule is None and match.rate >= GOOD_MATCH):
        return match
    roads = _first_ids(connection, named)
    compared = compare(match, ids, iter(roads), rule)
    if rule is not None and len(roads) == IDS_COMPARED:  # there may be more
        return replace(match, matched=None)
    return compared


def match_layer(
    source: QgsVectorLayerFeatureSource,
    name: str,
    field: int,
    ids: LinkIds,
    check: Check,
    rule: Optional[IdRule] = None,
) -> Match:
    """Count a layer's links and look for the sample's ids, by a rule or as they are.

    `field` is the index of the id field.

    Raises `MapError` where the reference system of the layer `name` is not known, or cannot be right.
    """
    check_system(source, name, source.crs())
    request = QgsFeatureRequest()
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([field])
    wanted = set(with_roads_of_opposites(ids).tolist())
    found: set[LinkId] = set()
    texts = are_texts(ids)
    links = 0
    for feature in source.getFeatures(request):
        links += 1
        if links % 1000 == 0:
            check()
        link = id_among(feature.attribute(field), texts)
        if link is not None and link in wanted:
            found.add(link)
    match = Match(links, len(set(ids.tolist())), n_with_road(ids, found))
    if not wanted or (rule is None and match.rate >= GOOD_MATCH):
        return match

    def of_roads() -> Iterator[LinkId]:
        for number, feature in enumerate(source.getFeatures(request)):
            if number % 1000 == 0:
                check()
            link = link_id_of(feature.attribute(field))[0]
            if link is not None:
                yield link

    return compare(match, ids, of_roads(), rule)


def compare(match: Match, ids: LinkIds, roads: Iterator[LinkId], rule: Optional[IdRule]) -> Match:
    """Return the match by a rule, or as the ids are, with examples and a better rule where few match."""
    trips = [link for link in (link_id_of(one)[0] for one in ids.tolist()) if link is not None]
    examples = tuple(islice(roads, EXAMPLES))
    found = best_rule(trips, chain(examples, roads))
    asked, matched = found.by_key[rule.key] if rule else (found.asked, found.plain)
    match = replace(match, asked=asked, matched=matched)
    if match.rate >= GOOD_MATCH:
        return match
    fits = found.rule is not None and found.by_rule >= GOOD_MATCH * found.by_key[found.rule.key][0]
    return replace(
        match,
        of_trips=tuple(trips[:EXAMPLES]),
        of_roads=examples,
        rule=found.rule if fits and found.rule is not rule else None,
    )


def usual_field(fields: Sequence[RoadField], usual: Sequence[str], text: bool) -> str:
    """Return the first field with a usual name, else, for ids, the key; else empty."""
    known = {field.name.lower(): field.name for field in fields}
    named = next((known[name] for name in usual if name in known), "")
    if named or text:
        return named
    return next((field.name for field in fields if field.is_key), "")


def _first_ids(connection: str, table: LinkTable) -> list[LinkId]:
    """Return the first `IDS_COMPARED` ids of a table; none where they are not to be had in a few seconds."""
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    from ....cluster_client.postgis.connection import connect  # noqa: PLC0415
    from ....cluster_client.postgis.errors import server_error  # noqa: PLC0415

    query = sql.SQL("SELECT {column}::text FROM {table} WHERE {column} IS NOT NULL LIMIT {limit}").format(
        column=sql.Identifier(table.id_column), table=table.identifier(), limit=IDS_COMPARED
    )
    with connect(connection) as session:
        try:
            session.execute(sql.SQL("SET statement_timeout = {}").format(COUNT_MILLISECONDS))
            links = (link_id_of(row[0])[0] for row in session.execute(query).fetchall())
            return [link for link in links if link is not None]
        except psycopg.errors.QueryCanceled:
            return []
        except psycopg.Error as error:
            raise server_error(error, str(table)) from error


def _count(connection: str, table: LinkTable, estimate: Optional[int]) -> Optional[int]:
    """Return the exact number of rows where it is to be had in a few seconds, else the server's estimate."""
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    from ....cluster_client.postgis.connection import connect  # noqa: PLC0415
    from ....cluster_client.postgis.errors import server_error  # noqa: PLC0415

    with connect(connection) as session:
        try:
            session.execute(sql.SQL("SET statement_timeout = {}").format(COUNT_MILLISECONDS))
            row = session.execute(sql.SQL("SELECT count(*) FROM {}").format(table.identifier())).fetchone()
        except psycopg.errors.QueryCanceled:
            return estimate
        except psycopg.Error as error:
            raise server_error(error, str(table)) from error
    return int(row[0]) if row else estimate


def match_in_table(
    connection: str, table: RoadTable, id_field: str, ids: LinkIds, rule: Optional[IdRule] = None
) -> Callable[[Task], Match]:
    """`match_table` for a task."""
    return lambda _task: match_table(connection, table, id_field, ids, rule)


def match_in_layer(
    source: QgsVectorLayerFeatureSource, name: str, field: int, ids: LinkIds, rule: Optional[IdRule] = None
) -> Callable[[Task], Match]:
    """`match_layer` for a task; `source` is a snapshot taken in the main thread."""
    return lambda task: match_layer(source, name, field, ids, task.check, rule)
