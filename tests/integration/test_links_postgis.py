"""Link geometry from a real PostGIS: every kind of table, and every way in which it can go wrong."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import psycopg
import pytest
import shapely
from psycopg import sql

from development.ports import free_port
from roadpulse.aggregation.contract.errors import Cancelled
from roadpulse.cluster_client.errors import (
    LinksError,
    LoginRefused,
    NoPostgis,
    NotAllowed,
    NotThere,
    ServerUnreachable,
    TookTooLong,
    UnsuitableLinks,
)
from roadpulse.cluster_client.postgis.link_ids import id_among, ids_of
from roadpulse.cluster_client.postgis.link_table import LinkTable, probe_table
from roadpulse.cluster_client.postgis.links import check_systems, every_id, fetch_links
from tests.waiting import until

HOSTILE = [
    "two words",
    'quoted "x"',
    "it's",
    "new\nline",
    "улица",
    "道路 🛣",
    "Straße",
    "select",
    "a;drop table x;--",
    "%s{}$1",
    "back\\slash",
    " lead",
    "UPPER",
]
LARGEST = 2**63 - 1
UNDER_WAY = """SELECT pid FROM pg_stat_activity
WHERE query LIKE 'BEGIN READ ONLY%' AND state = 'active' AND datname = current_database()"""


@dataclass
class Database:
    """A database of a test's own, on the session's server."""

    server: object
    name: str

    @property
    def info(self):
        return self.server.conninfo(dbname=self.name)

    def run(self, *statements):
        with psycopg.connect(**self.info, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, statement):
        with psycopg.connect(**self.info, autocommit=True) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def empty(postgis):
    """A database without PostGIS."""
    with postgis.connect() as connection:
        connection.execute("CREATE DATABASE scratch")
    yield Database(postgis, "scratch")
    with postgis.connect() as connection:
        connection.execute("DROP DATABASE scratch WITH (FORCE)")


@pytest.fixture(scope="module")
def template(postgis):
    """Name of a database with PostGIS, made once to be copied."""
    with postgis.connect() as connection:
        connection.execute("CREATE DATABASE with_postgis")
    with postgis.connect(dbname="with_postgis") as connection:
        connection.execute("CREATE EXTENSION postgis")
    yield "with_postgis"
    with postgis.connect() as connection:
        connection.execute("DROP DATABASE with_postgis")


@pytest.fixture
def database(postgis, template):
    """A database with PostGIS."""
    with postgis.connect() as connection:
        connection.execute(f"CREATE DATABASE scratch TEMPLATE {template} STRATEGY FILE_COPY")
    yield Database(postgis, "scratch")
    with postgis.connect() as connection:
        connection.execute("DROP DATABASE scratch WITH (FORCE)")


@pytest.fixture
def streets(database):
    """Ten links, ids 10 to 100, in the table public.streets; link n goes from (0 0) to (n n+1)."""
    database.run(
        "CREATE TABLE streets (link_id bigint PRIMARY KEY, name text, highway text, "
        "geom geometry(LineString, 4326))",
        "INSERT INTO streets SELECT n * 10, 'Street ' || n, CASE WHEN n % 2 = 0 THEN 'primary' END, "
        "ST_SetSRID(ST_MakeLine(ST_Point(0, 0), ST_Point(n * 10, n * 10 + 1)), 4326) "
        "FROM generate_series(1, 10) AS n",
    )
    return database


STREETS = LinkTable("public", "streets")


def ids(*values):
    return np.array(values, dtype=np.int64)


def ends(links):
    """The last point of every link."""
    return {
        int(link): shapely.get_coordinates(shapely.from_wkb(shape))[-1].tolist()
        for link, shape in zip(links.ids, links.wkb)
    }


# --- what is found


def test_the_links_that_were_asked_for_come_back(streets):
    links = fetch_links(streets.info, STREETS, ids(30, 10, 999, 30))
    assert links.ids.dtype == np.int64
    assert ends(links) == {10: [10, 11], 30: [30, 31]}
    assert links.srid_wkt_or_auth == "EPSG:4326"
    assert (links.duplicates, links.missing_geometry) == (0, 0)
    assert (links.names, links.classes) == (None, None)


def test_names_and_classes_come_along(streets):
    links = fetch_links(
        streets.info, LinkTable("public", "streets", name_column="name", class_column="highway"), ids(10, 20)
    )
    assert links.names.tolist() == ["Street 1", "Street 2"]
    assert links.classes.tolist() == [None, "primary"]


@pytest.mark.parametrize("column", ["name", "highway"])
def test_one_of_name_and_class_is_enough(streets, column):
    named = fetch_links(streets.info, LinkTable("", "streets", name_column=column), ids(20))
    classed = fetch_links(streets.info, LinkTable("", "streets", class_column=column), ids(20))
    assert named.names.tolist() == classed.classes.tolist()
    assert named.classes is classed.names is None


def test_no_ids_give_no_links(streets):
    links = fetch_links(streets.info, STREETS, ids())
    assert len(links) == 0
    assert links.wkb.dtype == object
    assert links.srid_wkt_or_auth == "EPSG:4326"


def test_ids_that_are_not_there_give_no_links(streets):
    assert len(fetch_links(streets.info, STREETS, ids(1, 2, 3))) == 0


def test_an_empty_table_gives_no_links(streets):
    streets.run("TRUNCATE streets")
    links = fetch_links(streets.info, STREETS, ids(10))
    assert (len(links), links.srid_wkt_or_auth) == (0, "")


def test_the_largest_ids_are_exact(streets):
    streets.run(
        f"UPDATE streets SET link_id = {LARGEST} WHERE link_id = 10",
        f"UPDATE streets SET link_id = {2**53 + 1} WHERE link_id = 20",
        "UPDATE streets SET link_id = -5 WHERE link_id = 30",
    )
    links = fetch_links(streets.info, STREETS, ids(LARGEST, LARGEST - 1, 2**53 + 1, 2**53, -5, -(2**63)))
    assert ends(links) == {-5: [30, 31], 2**53 + 1: [20, 21], LARGEST: [10, 11]}


@pytest.mark.parametrize(
    "kind",
    [
        "bigint",
        "integer",
        "smallint",
        "numeric",
        "numeric(12,2)",
        "float8",
        "text",
        "varchar(20)",
        "char(20)",
    ],
)
def test_the_id_column_may_be_of_any_plain_type(streets, kind):
    streets.run(f"ALTER TABLE streets ALTER link_id TYPE {kind}")
    links = fetch_links(streets.info, STREETS, ids(10, 30, 2**40))
    assert ends(links) == {10: [10, 11], 30: [30, 31]}


WRITTEN = [
    "101",
    " 101 ",
    "0101",
    "101.0",
    "+101.",
    "\t101\n",
    "101.5",
    "1e2",
    "way 101",
    "",
    "9" * 500,
    str(2**63),
    "٣",
]


def test_text_ids_are_read_as_those_of_layers_are(streets):
    with psycopg.connect(**streets.info, autocommit=True) as connection:
        connection.execute("ALTER TABLE streets DROP CONSTRAINT streets_pkey")
        connection.execute("ALTER TABLE streets ALTER link_id TYPE text")
        for text in WRITTEN:
            connection.execute("UPDATE streets SET link_id = %s", [text])
            expected = [id_among(text, texts=False)] if id_among(text, texts=False) is not None else []
            found = fetch_links(streets.info, STREETS, ids(101, 100, LARGEST))
            assert found.ids.tolist() == expected, text
            assert probe_table(streets.info, STREETS, ids(101, 100, LARGEST)).matched == len(expected), text


def test_text_ids_find_the_texts_of_a_column(streets):
    """By the rule of layers: `test_link_ids.test_a_link_id_is_a_whole_number_or_a_text`."""
    written = [*WRITTEN, " 110+04099 ", 'a "b", \\ {c}', "null", "Süd 7"]
    with psycopg.connect(**streets.info, autocommit=True) as connection:
        connection.execute("ALTER TABLE streets DROP CONSTRAINT streets_pkey")
        connection.execute("ALTER TABLE streets ALTER link_id TYPE text")
        for text in written:
            connection.execute("UPDATE streets SET link_id = %s", [text])
            one = id_among(text, texts=True)
            asked = ids_of(["no such", *{"101", "NULL", one} - {None}])
            expected = [] if one is None or text in ("null", "9" * 500) else [one]
            found = fetch_links(streets.info, STREETS, asked)
            assert found.ids.tolist() == expected, text
            assert probe_table(streets.info, STREETS, asked).matched == len(expected), text


@pytest.mark.parametrize("kind", ["bigint", "text"])
def test_a_column_gives_the_direction_of_each_row(streets, kind):
    """Row 10 is forward, 20 backward, 30 has none."""
    with psycopg.connect(**streets.info, autocommit=True) as connection:
        connection.execute("ALTER TABLE streets ADD COLUMN way text")
        connection.execute("UPDATE streets SET way = CASE link_id WHEN 10 THEN 'F' WHEN 20 THEN 'T' END")
        connection.execute(f"ALTER TABLE streets ALTER link_id TYPE {kind}")
    table = LinkTable("public", "streets", name_column="name", direction_column="way")
    asked = [10, -10, 20, -20, 30, -30]
    found = fetch_links(streets.info, table, ids(*asked))
    assert found.ids.tolist() == [-20, 10, 30]
    texts = fetch_links(streets.info, table, ids_of([*asked, "AB7"]))
    assert texts.ids.tolist() == ["-20", "10", "30"]
    assert [*texts.names] == [*found.names]
    with pytest.raises(NotThere, match="no column 'wya'"):
        fetch_links(streets.info, replace(table, direction_column="wya"), ids(10))


def test_a_sample_finds_the_roads_of_opposite_directions(streets):
    assert probe_table(streets.info, STREETS, ids(10, -10, -20, -999)).matched == 3
    assert probe_table(streets.info, STREETS, ids_of([10, "-20", "AB7"])).matched == 2


def test_every_id_of_a_table_is_listed(streets):
    with psycopg.connect(**streets.info, autocommit=True) as connection:
        connection.execute("ALTER TABLE streets DROP CONSTRAINT streets_pkey")
        connection.execute("ALTER TABLE streets ALTER link_id TYPE text, ADD COLUMN way text")
        connection.execute("UPDATE streets SET way = CASE link_id WHEN '20' THEN 'T' END")
        connection.execute("UPDATE streets SET link_id = ' 0010' WHERE link_id = '10'")
        connection.execute("UPDATE streets SET link_id = '110+04099' WHERE link_id = '30'")
        connection.execute("INSERT INTO streets (link_id) VALUES ('')")
        there = {row[0] for row in connection.execute("SELECT link_id FROM streets")}
    others = {int(text) for text in there - {" 0010", "20", "110+04099", ""}}
    assert every_id(streets.info, STREETS) == {10, 20, "110+04099"} | others
    directed = replace(STREETS, direction_column="way")
    assert every_id(streets.info, directed) == {10, -20, "110+04099"} | others
    assert every_id(streets.info, replace(STREETS, where="link_id = '20'")) == {20}


def test_text_ids_find_numbers_in_a_column_of_numbers(streets):
    found = fetch_links(streets.info, STREETS, ids_of(["20", "AB7", 10, str(2**70)]))
    assert found.ids.tolist() == ["10", "20"]
    assert probe_table(streets.info, STREETS, ids_of(["20", "AB7"])).matched == 1


@pytest.mark.parametrize(("kind", "exact"), [("real", 2**24 - 1), ("float8", 2**53 - 1)])
def test_floating_ids_count_while_they_tell_neighbours_apart(streets, kind, exact):
    streets.run(
        f"UPDATE streets SET link_id = {exact} WHERE link_id = 10",
        f"UPDATE streets SET link_id = {exact + 2} WHERE link_id = 20",
        f"ALTER TABLE streets ALTER link_id TYPE {kind}",
    )
    asked = ids(exact, exact + 1, exact + 2, 30)
    assert fetch_links(streets.info, STREETS, asked).ids.tolist() == [30, exact]
    assert probe_table(streets.info, STREETS, asked).matched == 2


@pytest.mark.parametrize("kind", ["bigint", "text"])
@pytest.mark.parametrize("name", HOSTILE)
def test_names_may_hold_anything(streets, name, kind):
    schema, table, column, geom = (sql.Identifier(part + name) for part in ("s", "t", "c", "g"))
    streets.run(
        sql.SQL("CREATE SCHEMA {}").format(schema),
        sql.SQL("CREATE TABLE {}.{} AS SELECT link_id::{} AS {}, geom AS {}, name AS {} FROM streets").format(
            schema, table, sql.SQL(kind), column, geom, sql.Identifier(name)
        ),
    )
    there = LinkTable("s" + name, "t" + name, "c" + name, "g" + name, name_column=name)
    links = fetch_links(streets.info, there, ids(10, 30))
    assert ends(links) == {10: [10, 11], 30: [30, 31]}
    assert links.names.tolist() == ["Street 1", "Street 3"]
    probe = probe_table(streets.info, there, ids(10, 30, 31))
    assert (probe.id_column, probe.geom_column, probe.matched) == ("c" + name, "g" + name, 2)


@pytest.mark.parametrize("text", HOSTILE)
def test_street_names_may_hold_anything(streets, text):
    with psycopg.connect(**streets.info, autocommit=True) as connection:
        connection.execute("UPDATE streets SET name = %s", [text])
    links = fetch_links(streets.info, LinkTable("public", "streets", name_column="name"), ids(10))
    assert links.names.tolist() == [text]


@pytest.mark.parametrize("what", ["VIEW", "MATERIALIZED VIEW"])
def test_views_work(streets, what):
    streets.run(
        f"CREATE {what} seen AS SELECT link_id, ST_SetSRID(geom, 3857)::geometry AS geom FROM streets"
    )
    links = fetch_links(streets.info, LinkTable("public", "seen"), ids(10))
    assert len(links) == 1
    assert links.srid_wkt_or_auth == "EPSG:3857"


def test_a_table_of_the_search_path_needs_no_schema(streets):
    assert len(fetch_links(streets.info, LinkTable("", "streets"), ids(10))) == 1


@pytest.mark.parametrize(
    "wkt",
    [
        "LINESTRING (0 0, 1 1)",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "LINESTRING Z (0 0 5, 1 1 6)",
        "LINESTRING M (0 0 5, 1 1 6)",
        "LINESTRING ZM (0 0 5 7, 1 1 6 8)",
        "MULTILINESTRING Z ((0 0 1, 1 1 2))",
    ],
)
def test_lines_of_every_kind_come_as_iso_wkb(streets, wkt):
    streets.run(
        "ALTER TABLE streets ALTER geom TYPE geometry",
        f"UPDATE streets SET geom = ST_GeomFromText('{wkt}', 4326)",
    )
    (shape,) = fetch_links(streets.info, STREETS, ids(10)).wkb
    assert shape == bytes(streets.ask("SELECT ST_AsBinary(geom, 'NDR') FROM streets LIMIT 1")[0][0])
    assert shapely.from_wkb(shape).length > 1


def test_a_geography_will_do(streets):
    streets.run("ALTER TABLE streets ALTER geom TYPE geography USING geom::geography")
    assert ends(fetch_links(streets.info, STREETS, ids(10))) == {10: [10, 11]}


def test_postgis_may_live_in_a_schema_of_its_own(empty):
    empty.run(
        'CREATE SCHEMA "gis extension"',
        'CREATE EXTENSION postgis SCHEMA "gis extension"',
        "CREATE TABLE roads AS SELECT '7'::text AS id, "
        "\"gis extension\".ST_GeomFromText('LINESTRING (0 0, 1 2)', 3857) AS geom",
    )
    links = fetch_links(empty.info, LinkTable("public", "roads", "id"), ids(7))
    assert ends(links) == {7: [1, 2]}
    assert links.srid_wkt_or_auth == "EPSG:3857"
    assert probe_table(empty.info, LinkTable("public", "roads", "id")).srid == 3857


def test_a_system_without_a_code_comes_as_wkt(streets):
    streets.run(
        "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext) "
        "VALUES (990001, NULL, NULL, 'LOCAL_CS[\"Works\"]')",
        "ALTER TABLE streets ALTER geom TYPE geometry USING ST_SetSRID(geom::geometry, 990001)",
    )
    assert fetch_links(streets.info, STREETS, ids(10)).srid_wkt_or_auth == 'LOCAL_CS["Works"]'


def test_a_system_of_another_authority_keeps_its_name(streets):
    srid = streets.ask("SELECT srid FROM spatial_ref_sys WHERE auth_name = 'ESRI' ORDER BY 1 LIMIT 1")[0][0]
    streets.run(f"ALTER TABLE streets ALTER geom TYPE geometry USING ST_SetSRID(geom::geometry, {srid})")
    assert fetch_links(streets.info, STREETS, ids(10)).srid_wkt_or_auth.startswith("ESRI:")


def test_a_system_that_people_added_keeps_its_definition(streets):
    grid = "+proj=tmerc +lat_0=52.5 +lon_0=13.4 +x_0=5000 +y_0=5000 +ellps=bessel +units=m"
    streets.run(
        "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) "
        f"VALUES (990001, 'SR-ORG', 7483, '', '{grid}')",
        "ALTER TABLE streets ALTER geom TYPE geometry USING ST_SetSRID(geom::geometry, 990001)",
    )
    links = fetch_links(streets.info, STREETS, ids(10))
    assert (links.srid_wkt_or_auth, links.definition) == ("SR-ORG:7483", grid)
    streets.run("UPDATE spatial_ref_sys SET auth_name = NULL, auth_srid = NULL WHERE srid = 990001")
    assert fetch_links(streets.info, STREETS, ids(10)).srid_wkt_or_auth == grid


def test_the_system_is_that_of_the_links_and_not_of_the_first_row(streets):
    streets.run(
        "ALTER TABLE streets ALTER geom TYPE geometry",
        "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext) "
        "VALUES (990001, NULL, NULL, 'LOCAL_CS[\"Works\"]')",
        "CREATE TABLE sorted AS SELECT link_id, "
        "ST_SetSRID(geom, CASE link_id WHEN 20 THEN 990001 WHEN 30 THEN 0 WHEN 40 THEN 3857 ELSE 4326 END) "
        "AS geom FROM streets ORDER BY link_id",
    )
    table = LinkTable("public", "sorted")
    found = [fetch_links(streets.info, table, ids(link)).srid_wkt_or_auth for link in (10, 20, 30, 40)]
    assert found == ["EPSG:4326", 'LOCAL_CS["Works"]', "", "EPSG:3857"]
    with pytest.raises(UnsuitableLinks, match=r"SRID 0, 4326.*ST_SetSRID"):
        fetch_links(streets.info, table, ids(10, 30))


def mixed(streets, *changes, kind="geometry"):
    """The streets with systems of their own, changed by some statements."""
    streets.run(f"ALTER TABLE streets ALTER geom TYPE {kind}", *changes)


def test_the_system_of_all_links_is_known_before_any_is_wanted(streets):
    assert check_systems(streets.info, STREETS) == 4326
    streets.run("CREATE VIEW seen AS SELECT * FROM streets")
    assert check_systems(streets.info, LinkTable("", "seen")) == 4326
    streets.run("DROP VIEW seen")
    mixed(streets)
    assert check_systems(streets.info, STREETS) == 4326
    streets.run("UPDATE streets SET geom = ST_SetSRID(geom, 0)")
    assert check_systems(streets.info, STREETS) == 0
    streets.run("UPDATE streets SET geom = NULL")
    assert check_systems(streets.info, STREETS) is None


def test_several_systems_are_refused_before_any_link_is_wanted(streets):
    mixed(streets, "UPDATE streets SET geom = ST_SetSRID(geom, 3857) WHERE link_id = 100")
    assert fetch_links(streets.info, STREETS, ids(10)).srid_wkt_or_auth == "EPSG:4326"
    with pytest.raises(UnsuitableLinks, match=r"public\.streets have several .*SRID 3857, 4326"):
        check_systems(streets.info, STREETS)
    assert check_systems(streets.info, LinkTable("", "streets", where="link_id < 100 -- ours")) == 4326
    assert check_systems(streets.info, LinkTable("", "streets", where='"link_id" = 100')) == 3857


def test_rows_without_a_shape_have_no_system(streets):
    mixed(
        streets,
        "UPDATE streets SET geom = NULL WHERE link_id = 10",
        "UPDATE streets SET geom = 'SRID=3857;LINESTRING EMPTY' WHERE link_id = 20",
    )
    assert check_systems(streets.info, STREETS) == 4326


def test_geography_of_several_systems_is_refused_too(streets):
    streets.run(
        "ALTER TABLE streets ALTER geom TYPE geography USING geom::geography",
        "UPDATE streets SET geom = ST_SetSRID(geom::geometry, 4258)::geography WHERE link_id = 20",
    )
    with pytest.raises(UnsuitableLinks, match="SRID 4258, 4326"):
        check_systems(streets.info, STREETS)


def test_a_look_at_the_systems_that_takes_too_long_is_given_up(streets):
    mixed(streets)
    slow = LinkTable("", "streets", where="pg_sleep(60) IS NOT NULL")
    began = time.monotonic()
    assert check_systems(streets.info, slow, timeout=0.2) is None
    assert time.monotonic() - began < 50
    with pytest.raises(Cancelled):
        check_systems(streets.info, slow, lambda: True)


def test_a_condition_changes_nothing_where_systems_are_looked_at(streets):
    mixed(streets)
    with pytest.raises(LinksError):
        check_systems(streets.info, LinkTable("", "streets", where="true); COMMIT; DROP TABLE streets; --"))
    assert streets.ask("SELECT count(*) FROM streets") == [(10,)]


def test_geometry_without_a_system_says_so(streets):
    streets.run("ALTER TABLE streets ALTER geom TYPE geometry USING ST_SetSRID(geom::geometry, 0)")
    assert fetch_links(streets.info, STREETS, ids(10)).srid_wkt_or_auth == ""


def test_all_rows_of_one_id_are_parts_of_its_link_in_any_order(streets):
    streets.run(
        "ALTER TABLE streets DROP CONSTRAINT streets_pkey",
        "UPDATE streets SET link_id = 10 WHERE link_id <= 40",
        "INSERT INTO streets SELECT * FROM streets WHERE link_id = 10 LIMIT 1",
    )
    table = LinkTable("public", "streets", name_column="name", class_column="highway")
    first = fetch_links(streets.info, table, ids(10, 50))
    streets.run(
        "CREATE TABLE turned AS SELECT * FROM streets ORDER BY name DESC",
        "DROP TABLE streets",
        "ALTER TABLE turned RENAME TO streets",
    )
    second = fetch_links(streets.info, table, ids(10, 50))
    assert first.ids.tolist() == [10, 50]
    assert (first.duplicates, first.missing_geometry) == (4, 0)
    shape = shapely.from_wkb(first.wkb[0])
    assert sorted(shapely.get_coordinates(shape)[1::2].tolist()) == [[10, 11], [20, 21], [30, 31], [40, 41]]
    assert (first.wkb == second.wkb).all()
    assert first.names.tolist() == second.names.tolist()
    assert first.classes.tolist() == second.classes.tolist() == ["primary", None]


@pytest.mark.parametrize("empty", ["LINESTRING EMPTY", "MULTILINESTRING EMPTY", "MULTILINESTRING (EMPTY)"])
def test_links_without_a_shape_are_counted_and_left_out(streets, empty):
    streets.run(
        "UPDATE streets SET geom = NULL WHERE link_id IN (10, 100)",
        "ALTER TABLE streets ALTER geom TYPE geometry",
        f"UPDATE streets SET geom = ST_GeomFromText('{empty}', 4326) WHERE link_id = 20",
    )
    table = LinkTable("public", "streets", name_column="name", class_column="highway")
    links = fetch_links(streets.info, table, ids(10, 20, 30, 100))
    assert links.ids.tolist() == [30]
    assert links.missing_geometry == 3
    assert links.names.tolist() == ["Street 3"]


def test_a_second_row_lends_its_shape_to_one_without(streets):
    streets.run(
        "ALTER TABLE streets DROP CONSTRAINT streets_pkey",
        "UPDATE streets SET geom = NULL WHERE link_id = 10",
        "UPDATE streets SET link_id = 10 WHERE link_id = 20",
    )
    links = fetch_links(streets.info, STREETS, ids(10))
    assert ends(links) == {10: [20, 21]}
    assert (links.duplicates, links.missing_geometry) == (1, 0)


def test_links_without_any_shape_are_fine(streets):
    streets.run("UPDATE streets SET geom = NULL")
    links = fetch_links(streets.info, STREETS, ids(10, 20))
    assert (len(links), links.missing_geometry) == (0, 2)


def test_a_condition_narrows_the_table(streets):
    table = LinkTable("public", "streets", where="highway = 'primary' -- main roads only")
    links = fetch_links(streets.info, table, ids(10, 20))
    assert links.ids.tolist() == [20]
    assert links.srid_wkt_or_auth == "EPSG:4326"


@pytest.mark.parametrize(
    "where",
    [
        "true); DROP TABLE streets; --",
        "true) TO STDOUT; COMMIT; DROP TABLE streets; COPY (SELECT 1",
        "link_id IN (SELECT lo_create(77)::bigint)",
        "nextval('counter') > 0",
    ],
)
def test_a_condition_changes_nothing_in_the_database(streets, where):
    streets.run("CREATE SEQUENCE counter")
    with contextlib.suppress(LinksError):  # a large object may be made in vain: nothing is committed
        fetch_links(streets.info, LinkTable("public", "streets", where=where), ids(10))
    assert streets.ask("SELECT count(*) FROM streets") == [(10,)]
    assert streets.ask("SELECT is_called FROM counter") == [(False,)]
    assert streets.ask("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


def test_the_transaction_is_read_only(streets):
    streets.run(
        "CREATE SEQUENCE counter",
        "CREATE VIEW busy AS SELECT link_id + 0 * nextval('counter') AS link_id, geom FROM streets",
    )
    with pytest.raises(LinksError, match="read-only") as caught:
        fetch_links(streets.info, LinkTable("public", "busy"), ids(10))
    assert caught.value.sqlstate == "25006"


def test_a_database_in_another_encoding_gives_right_names(postgis):
    with postgis.connect() as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    latin = Database(postgis, "latin")
    try:
        latin.run(
            "SET client_encoding = 'UTF8'",
            "CREATE EXTENSION postgis",
            "CREATE TABLE \"Straßen\" AS SELECT 1 AS id, 'Königsallee' AS name, "
            "ST_GeomFromText('LINESTRING (0 0, 1 1)', 4326) AS geom",
        )
        links = fetch_links(latin.info, LinkTable("public", "Straßen", "id", name_column="name"), ids(1))
        assert links.names.tolist() == ["Königsallee"]
    finally:
        with postgis.connect() as connection:
            connection.execute("DROP DATABASE latin WITH (FORCE)")


def test_progress_ends_at_the_number_asked_for(streets):
    streets.run(
        "TRUNCATE streets",
        "INSERT INTO streets SELECT n, '', '', ST_GeomFromText('LINESTRING (0 0, 1 1)', 4326)"
        " FROM generate_series(1, 12000) AS n",
    )
    seen = []
    fetch_links(
        streets.info, STREETS, np.arange(1, 12001), progress=lambda done, total: seen.append((done, total))
    )
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == (12000, 12000)


def test_a_connection_may_be_given_as_text_and_as_a_service(streets, tmp_path, monkeypatch):
    info = streets.info
    text = psycopg.conninfo.make_conninfo(**info)
    assert len(fetch_links(text, STREETS, ids(10))) == 1
    (tmp_path / "services.conf").write_text(
        "[roads]\n" + "\n".join(f"{name}={value}" for name, value in info.items()), encoding="utf-8"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services.conf"))
    assert len(fetch_links({"service": "roads"}, STREETS, ids(10))) == 1


# --- what goes wrong


def test_no_server_is_told_with_its_address(streets):
    port = free_port()
    with pytest.raises(ServerUnreachable, match=f"127.0.0.1:{port}") as caught:
        fetch_links({**streets.info, "port": port}, STREETS, ids(10))
    assert caught.value.retry


def test_an_unknown_host_is_told(streets):
    with pytest.raises(ServerUnreachable, match=r"no computer called 'nowhere.invalid'"):
        fetch_links({**streets.info, "host": "nowhere.invalid"}, STREETS, ids(10))


def test_a_server_that_does_not_answer_is_given_up(streets):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        info = {**streets.info, "port": silent.getsockname()[1], "connect_timeout": 2}
        with pytest.raises(ServerUnreachable, match="does not answer"):
            fetch_links(info, STREETS, ids(10))


def test_a_wrong_password_is_told_and_not_repeated(streets):
    secret = "not the right one"
    with pytest.raises(LoginRefused, match="refused the password") as caught:
        fetch_links({**streets.info, "password": secret}, STREETS, ids(10))
    assert caught.value.sqlstate == "28P01"
    assert secret not in f"{caught.value.message} {caught.value.detail} {caught.value.__cause__}"


def test_a_missing_password_is_told(streets, monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    info = {name: value for name, value in streets.info.items() if name != "password"}
    with pytest.raises(LoginRefused, match="asks for a password"):
        fetch_links(info, STREETS, ids(10))


def test_an_unknown_user_reads_like_a_wrong_password(streets):
    with pytest.raises(
        LoginRefused, match=r"refused the password of 'nobody'|refused the password of nobody"
    ):
        fetch_links({**streets.info, "user": "nobody"}, STREETS, ids(10))


def test_a_missing_database_is_named_with_its_neighbours(streets):
    with pytest.raises(NotThere, match=r"no database 'scrach'.*'scratch'") as caught:
        fetch_links({**streets.info, "dbname": "scrach"}, STREETS, ids(10))
    assert (caught.value.what, caught.value.nearest[0]) == ("database", "scratch")


def test_ssl_that_the_server_lacks_is_told(streets):
    with pytest.raises(LoginRefused, match="SSL"):
        fetch_links({**streets.info, "sslmode": "require"}, STREETS, ids(10))


@pytest.mark.parametrize(
    "text", ["password=hunter2 host", "host='x password=hunter2", "nonsense=1 password=hunter2"]
)
def test_a_connection_that_cannot_be_read_is_told_without_its_password(text):
    with pytest.raises(LinksError) as caught:
        fetch_links(text, STREETS, ids(10))
    assert "hunter2" not in f"{caught.value.message} {caught.value.detail} {caught.value.__cause__}"


@pytest.mark.parametrize(
    ("table", "what", "name", "suggested"),
    [
        (LinkTable("pubic", "streets"), "schema", "pubic", "public"),
        (LinkTable("public", "strets"), "table", "strets", "streets"),
        (LinkTable("", "strets"), "table", "strets", "streets"),
        (LinkTable("public", "Streets"), "table", "Streets", "streets"),
        (LinkTable("public", "streets", "linkid"), "column", "linkid", "link_id"),
        (LinkTable("public", "streets", geom_column="geo"), "column", "geo", "geom"),
        (LinkTable("public", "streets", name_column="nam"), "column", "nam", "name"),
        (LinkTable("public", "streets", class_column="hihgway"), "column", "hihgway", "highway"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(streets, table, what, name, suggested):
    with pytest.raises(NotThere) as caught:
        fetch_links(streets.info, table, ids(10))
    assert (caught.value.what, caught.value.name, caught.value.nearest[0]) == (what, name, suggested)
    assert repr(name) in caught.value.message
    assert suggested in caught.value.message


def test_a_table_in_another_schema_is_suggested(streets):
    streets.run("CREATE SCHEMA roads", "ALTER TABLE streets SET SCHEMA roads")
    with pytest.raises(NotThere, match=r"roads.streets"):
        fetch_links(streets.info, STREETS, ids(10))


def test_a_database_without_postgis_is_told(empty):
    empty.run("CREATE TABLE streets (link_id bigint, geom text)")
    with pytest.raises(NoPostgis, match=r"scratch.*CREATE EXTENSION"):
        fetch_links(empty.info, STREETS, ids(10))


@pytest.fixture
def reader(streets):
    """A user who may connect and nothing else."""
    streets.run("CREATE ROLE reader LOGIN PASSWORD 'reads'")
    yield {**streets.info, "user": "reader", "password": "reads"}
    streets.run("DROP OWNED BY reader", "DROP ROLE reader")


def test_a_table_that_may_not_be_read_is_told(reader):
    with pytest.raises(NotAllowed, match=r"public\.streets.*GRANT SELECT") as caught:
        fetch_links(reader, STREETS, ids(10))
    assert caught.value.sqlstate == "42501"


def test_a_schema_that_may_not_be_used_is_told(streets, reader):
    streets.run(
        "CREATE SCHEMA closed",
        "ALTER TABLE streets SET SCHEMA closed",
        "GRANT SELECT ON closed.streets TO reader",
    )
    with pytest.raises(NotAllowed, match="GRANT USAGE"):
        fetch_links(reader, LinkTable("closed", "streets"), ids(10))


def test_the_right_to_read_is_enough(streets, reader):
    streets.run(
        "GRANT SELECT ON streets TO reader",
        "REVOKE TEMPORARY ON DATABASE scratch FROM PUBLIC",
        "REVOKE SELECT ON spatial_ref_sys FROM PUBLIC",
    )
    links = fetch_links(reader, STREETS, ids(10))
    assert (len(links), links.srid_wkt_or_auth) == (1, "EPSG:4326")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "ALTER TABLE streets ALTER geom TYPE geometry USING ST_StartPoint(geom::geometry)",
            "link 10 is a 'Point'",
        ),
        (
            "ALTER TABLE streets ALTER geom TYPE geometry USING ST_Buffer(geom::geometry, 1)",
            "link 10 is a 'Polygon'",
        ),
        (
            "ALTER TABLE streets ALTER geom TYPE geometry USING ST_ForceCurve(geom::geometry)",
            "CompoundCurve.*ST_CurveToLine",
        ),
        (
            "ALTER TABLE streets ALTER geom TYPE geometry USING CASE WHEN link_id = 20 "
            "THEN ST_GeomFromText('CIRCULARSTRING (0 0, 1 1, 2 0)', 4326) ELSE geom END",
            "link 20 is a 'CircularString'",
        ),
        (
            "ALTER TABLE streets ALTER geom TYPE geometry USING ST_SetSRID(geom, 4326 + link_id::int % 20)",
            "reference systems",
        ),
        ("ALTER TABLE streets ALTER geom TYPE integer USING 5", "not a geometry"),
        ("ALTER TABLE streets ALTER link_id TYPE date USING '2025-06-10'::date", "cannot hold link ids"),
    ],
)
def test_a_table_that_cannot_serve_says_why(streets, change, message):
    streets.run(
        "ALTER TABLE streets DROP CONSTRAINT streets_pkey",
        "ALTER TABLE streets ALTER geom TYPE geometry",
        change,
    )
    with pytest.raises(UnsuitableLinks, match=message):
        fetch_links(streets.info, STREETS, ids(10, 20, 30))


def test_a_query_that_takes_too_long_is_given_up(streets):
    streets.run("CREATE VIEW slow AS SELECT link_id, geom FROM streets WHERE pg_sleep(600) IS NOT NULL")
    with pytest.raises(TookTooLong) as caught:
        fetch_links(streets.info, LinkTable("public", "slow"), ids(10), timeout=0.3)
    assert caught.value.sqlstate == "57014"
    assert caught.value.retry


def test_cancel_is_quick_and_ends_the_query_on_the_server(streets):
    streets.run("CREATE VIEW slow AS SELECT link_id, geom FROM streets WHERE pg_sleep(600) IS NOT NULL")
    began = time.monotonic()
    with pytest.raises(Cancelled):
        fetch_links(
            streets.info,
            LinkTable("public", "slow"),
            ids(10),
            cancelled=lambda: streets.ask(UNDER_WAY),
        )
    until(lambda: not streets.ask(UNDER_WAY))
    assert time.monotonic() - began < 300  # the query itself takes ten minutes


def test_a_cancel_does_not_wait_for_a_server_that_does_not_answer(streets):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Cancelled):
        info = {**streets.info, "port": silent.getsockname()[1]}
        asked = []
        fetch_links(info, STREETS, ids(10), cancelled=lambda: asked.append(1) or len(asked) > 3)


def test_many_rows_come_in_any_order_and_each_finds_its_own(streets):
    streets.run(
        "TRUNCATE streets",
        "INSERT INTO streets SELECT n, CASE WHEN n % 3 > 0 THEN 'S' || n END, NULL, CASE WHEN n % 5 > 0 "
        "THEN ST_SetSRID(ST_MakeLine(ARRAY(SELECT ST_Point(k, n) FROM generate_series(0, 1 + n % 4) k)), "
        "4326) END FROM generate_series(1, 40000) n ORDER BY random()",
    )
    table = LinkTable("public", "streets", name_column="name", class_column="highway")
    links = fetch_links(streets.info, table, np.arange(1, 50001))
    shapes = shapely.from_wkb(links.wkb)
    assert links.ids.tolist() == [n for n in range(1, 40001) if n % 5]
    assert links.missing_geometry == 8000
    assert (shapely.get_y(shapely.get_point(shapes, 0)) == links.ids).all()
    assert (shapely.get_num_points(shapes) == links.ids % 4 + 2).all()
    assert links.names.tolist() == [f"S{n}" if n % 3 else None for n in links.ids]
    assert set(links.classes) == {None}


def test_a_cancel_before_the_start_reads_nothing(streets):
    with pytest.raises(Cancelled):
        fetch_links(streets.info, STREETS, ids(10), cancelled=lambda: True)


def test_a_connection_that_is_ended_by_the_server_is_told(streets):
    streets.run("CREATE VIEW slow AS SELECT link_id, geom FROM streets WHERE pg_sleep(600) IS NOT NULL")

    ended = f"SELECT pg_terminate_backend(pid) FROM ({UNDER_WAY}) AS found"
    killer = threading.Thread(target=lambda: until(lambda: streets.ask(ended)))
    killer.start()
    with pytest.raises(ServerUnreachable) as caught:
        fetch_links(streets.info, LinkTable("public", "slow"), ids(10))
    killer.join()
    assert caught.value.retry


class Cable:
    """A TCP relay that can be cut, or go silent with the connection up."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.silent = threading.Event()
        self.ends = []
        self.target = port
        self.at_query = lambda: None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                self.ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.silent.is_set():
                    sink.sendall(data)
                if b"BEGIN READ ONLY" in data:
                    self.at_query()

    def cut(self):
        for end in [self.listener, *self.ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def cable(streets):
    cable = Cable(streets.info["port"])
    yield cable
    cable.cut()


def test_a_network_that_is_cut_is_told(streets, cable):
    streets.run("CREATE VIEW slow AS SELECT link_id, geom FROM streets WHERE pg_sleep(600) IS NOT NULL")
    cable.at_query = cable.cut
    with pytest.raises(ServerUnreachable):
        fetch_links({**streets.info, "port": cable.port}, LinkTable("public", "slow"), ids(10))


def test_a_network_that_falls_silent_is_given_up(streets, cable, monkeypatch):
    monkeypatch.setattr("roadpulse.cluster_client.postgis.links.SILENCE_SECONDS", 0.5)
    streets.run("CREATE VIEW slow AS SELECT link_id, geom FROM streets WHERE pg_sleep(600) IS NOT NULL")
    cable.at_query = cable.silent.set
    with pytest.raises(TookTooLong, match="sent nothing"):
        fetch_links({**streets.info, "port": cable.port}, LinkTable("public", "slow"), ids(10), timeout=1.0)


# --- a look at a table


def test_a_probe_shows_what_a_dialog_needs(streets):
    streets.run("ANALYZE streets")
    probe = probe_table(streets.info, STREETS, ids(10, 20, 21, 20))
    assert (probe.rows, probe.id_column, probe.geom_column, probe.srid) == (10, "link_id", "geom", 4326)
    assert (probe.sample, probe.matched) == (3, 2)
    assert probe.id_columns[0] == "link_id"
    assert set(probe.text_columns) == {"name", "highway"}


def test_a_probe_tells_no_system_from_no_geometry(streets):
    streets.run("ALTER TABLE streets ALTER geom TYPE geometry USING ST_SetSRID(geom::geometry, 0)")
    assert probe_table(streets.info, STREETS).srid == 0
    streets.run("TRUNCATE streets")
    assert probe_table(streets.info, STREETS).srid is None


def test_a_probe_proposes_columns_that_were_not_named(streets):
    streets.run(
        "ALTER TABLE streets RENAME link_id TO road_link",
        "ALTER TABLE streets RENAME geom TO shape",
        "ALTER TABLE streets ADD code integer",
    )
    probe = probe_table(streets.info, STREETS, ids(10))
    assert (probe.id_column, probe.geom_column, probe.matched) == ("road_link", "shape", 1)
    assert probe.id_columns[:2] == ("road_link", "code")


def test_a_probe_does_not_wait_for_a_slow_view(streets, monkeypatch):
    monkeypatch.setattr("roadpulse.cluster_client.postgis.link_table.PROBE_SECONDS", 0.5)
    streets.run("CREATE VIEW slow AS SELECT link_id, geom FROM streets WHERE pg_sleep(600) IS NOT NULL")
    assert probe_table(streets.info, LinkTable("public", "slow"), ids(10)).matched is None


def test_a_probe_of_a_table_without_shapes_says_so(streets):
    streets.run("ALTER TABLE streets DROP geom")
    with pytest.raises(UnsuitableLinks, match="no geometry column"):
        probe_table(streets.info, STREETS)


def test_a_probe_of_a_table_that_is_not_there_says_so(streets):
    with pytest.raises(NotThere, match="streets"):
        probe_table(streets.info, LinkTable("public", "strets"))
