"""A first look at the roads: which tables there are, which fields they have, how many of the sample's ids.

Plain functions for a thread. `connection` is libpq's text with credentials in it: it is never shown,
logged or stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from qgis.core import QgsFeatureRequest, QgsVectorLayerFeatureSource

from ....aggregation.contract.link_ids import LinkId
from ....cluster_client.postgis.link_ids import LinkIds, are_texts, id_among
from ....mapping.writer.link_layers import check_system
from ...background.tasks import Task

if TYPE_CHECKING:
    from ....cluster_client.postgis.link_table import LinkTable

COUNT_MILLISECONDS = 5_000
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
    """Number of links (None: too many to count), and how many of the `asked` ids are among them."""

    links: Optional[int]
    asked: int
    matched: Optional[int]


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


def match_table(connection: str, table: RoadTable, id_field: str, ids: LinkIds) -> Match:
    """Count a table's links and look for the sample's ids; raises `LinksError`.

    Raises it also if the links have several reference systems and that shows in a few seconds.
    """
    from ....cluster_client.postgis.link_table import LinkTable, probe_table  # noqa: PLC0415
    from ....cluster_client.postgis.links import check_systems  # noqa: PLC0415

    named = LinkTable(table.schema, table.table, id_field, table.geometry)
    check_systems(connection, named, timeout=COUNT_MILLISECONDS / 1000)
    probe = probe_table(connection, named, ids)
    return Match(_count(connection, named, probe.rows), probe.sample, probe.matched)


def match_layer(
    source: QgsVectorLayerFeatureSource, name: str, field: int, ids: LinkIds, check: Check
) -> Match:
    """Count a layer's links and look for the sample's ids; `field` is the index of the id field.

    Raises `MapError` where the reference system of the layer `name` is not known, or cannot be right.
    """
    check_system(source, name, source.crs())
    request = QgsFeatureRequest()
    request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([field])
    wanted = set(ids.tolist())
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
    return Match(links, len(wanted), len(found))


def usual_field(fields: Sequence[RoadField], usual: Sequence[str], text: bool) -> str:
    """Return the first field with a usual name, else, for ids, the key; else empty."""
    known = {field.name.lower(): field.name for field in fields}
    named = next((known[name] for name in usual if name in known), "")
    if named or text:
        return named
    return next((field.name for field in fields if field.is_key), "")


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


def match_in_table(connection: str, table: RoadTable, id_field: str, ids: LinkIds) -> Callable[[Task], Match]:
    """`match_table` for a task."""
    return lambda _task: match_table(connection, table, id_field, ids)


def match_in_layer(
    source: QgsVectorLayerFeatureSource, name: str, field: int, ids: LinkIds
) -> Callable[[Task], Match]:
    """`match_layer` for a task; `source` is a snapshot taken in the main thread."""
    return lambda task: match_layer(source, name, field, ids, task.check)
