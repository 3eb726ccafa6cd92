"""Roads in a real PostGIS, as a layer of a QGIS project names them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsDataSourceUri,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsProcessingException,
    QgsVectorLayer,
    QgsWkbTypes,
    edit,
)
from qgis.PyQt.QtCore import QMetaType

from development.pytest_postgis import postgis  # noqa: F401
from roadpulse.cluster_client.errors import LinksError

Values = dict[str, Any]

ROADS = """
CREATE TABLE roads.streets (id bigint PRIMARY KEY, link_id bigint UNIQUE, name text, highway text,
                            geom geometry(LineString, 4326));
"""


@pytest.fixture(scope="module")
def streets(postgis: Any, city: Values) -> Iterator[Any]:  # noqa: F811
    """The city's roads as the table roads.streets; gives libpq's parameters."""
    layer = QgsVectorLayer(city["LINKS"], "", "ogr")
    rows = [
        (number, f["link_id"], f["name"], f["highway"], f.geometry().asWkt(9))
        for number, f in enumerate(layer.getFeatures())
    ]
    with postgis.connect() as connection:
        connection.autocommit = True
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        connection.execute("CREATE SCHEMA roads")
        connection.execute(ROADS)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO roads.streets VALUES (%s, %s, %s, %s, ST_GeomFromText(%s, 4326))", rows
            )
    yield postgis.conninfo()
    with postgis.connect() as connection:
        connection.execute("DROP SCHEMA roads CASCADE")
        connection.commit()


def uri_of(info: Any, where: str = "", table: str = "streets", key: str = "id") -> QgsDataSourceUri:
    values = psycopg.conninfo.conninfo_to_dict(info) if isinstance(info, str) else dict(info)
    uri = QgsDataSourceUri()
    uri.setConnection(
        str(values.get("host", "")), str(values.get("port", "")), str(values["dbname"]),
        str(values.get("user") or ""), str(values.get("password") or ""),
    )  # fmt: skip
    uri.setDataSource("" if table.startswith("(") else "roads", table, "geom", where, key)
    return uri


def layer_of(info: Any, *arguments: str) -> QgsVectorLayer:
    layer = QgsVectorLayer(uri_of(info, *arguments).uri(False), "streets", "postgres")
    assert layer.isValid(), layer.error().message()
    return layer


def read(layer: QgsVectorLayer, ids: list[int]) -> Any:
    from roadpulse.workflow.roads import roads_of_layer

    wanted = np.array(ids, dtype=np.int64)
    return roads_of_layer(layer, "link_id", "name", "highway").read(wanted, lambda _: None, lambda: False)


@pytest.fixture(scope="module")
def ids(city: Values) -> list[int]:
    layer = QgsVectorLayer(city["LINKS"], "", "ogr")
    return sorted(feature["link_id"] for feature in layer.getFeatures())[:50]


def test_a_speed_map_takes_its_roads_from_a_source_as_qgis_writes_it(
    processing: Any, streets: Any, trip_parameters: Values, tmp_path: Path
) -> None:
    results = processing.run(
        "roadpulse:speedmap",
        {
            **trip_parameters, "LINKS": f"postgres://{uri_of(streets).uri(False)}",
            "OUTPUT": str(tmp_path / "speeds.gpkg"),
        },
    )  # fmt: skip
    assert results["MATCH_RATE"] == 100
    layer = QgsVectorLayer(results["OUTPUT"], "", "ogr")
    assert layer.featureCount() == results["LINK_COUNT"]
    assert {feature["road_class"] for feature in layer.getFeatures()} & {"primary", "residential"}


def test_a_layer_of_a_table_is_asked_at_the_server(streets: Any, ids: list[int]) -> None:
    from roadpulse.workflow.roads import PostgisRoads, roads_of_layer

    layer = layer_of(streets)
    assert isinstance(roads_of_layer(layer, "link_id"), PostgisRoads)
    assert read(layer, ids).ids.tolist() == ids


def test_a_filtered_layer_gives_only_what_its_filter_lets_through(streets: Any, ids: list[int]) -> None:
    middle = ids[len(ids) // 2]
    layer = layer_of(streets, f'"link_id" < {middle}')
    assert read(layer, ids).ids.tolist() == [link for link in ids if link < middle]


def test_a_filter_on_a_column_called_id_is_no_riddle_for_the_server(streets: Any, ids: list[int]) -> None:
    layer = layer_of(streets, "id < 20")
    expected = sorted(feature["link_id"] for feature in layer.getFeatures() if feature["link_id"] in ids)
    assert expected
    assert read(layer, ids).ids.tolist() == expected


def test_a_layer_made_by_a_query_gives_what_the_query_gives(streets: Any, ids: list[int]) -> None:
    query = (
        "(SELECT id, link_id, upper(name) AS name, highway, geom FROM roads.streets "
        f"WHERE link_id < {ids[7]})"
    )
    links = read(layer_of(streets, "", query), ids)
    assert links.ids.tolist() == ids[:7]
    assert all(name == name.upper() for name in links.names if name)


def test_edits_that_are_not_saved_yet_count(streets: Any, ids: list[int]) -> None:
    layer = layer_of(streets)
    feature = next(f for f in layer.getFeatures() if f["link_id"] == ids[0])
    layer.startEditing()
    layer.changeGeometry(feature.id(), QgsGeometry.fromWkt("LineString(7 7, 8 8)"))
    links = read(layer, ids[:1])
    layer.rollBack()
    assert QgsGeometry.fromWkt("LineString(7 7, 8 8)").asWkb().data() == bytes(links.wkb[0])


def test_a_computed_field_may_hold_the_link_id(streets: Any, ids: list[int]) -> None:
    layer = layer_of(streets)
    layer.addExpressionField('"link_id" + 0', QgsField("link_of_mine", QMetaType.Type.LongLong))
    from roadpulse.workflow.roads import roads_of_layer

    roads = roads_of_layer(layer, "link_of_mine")
    found = roads.read(np.array(ids, dtype=np.int64), lambda _: None, lambda: False)
    assert found.ids.tolist() == ids


def test_a_table_without_a_system_is_refused_unless_it_is_declared(
    postgis: Any,  # noqa: F811
    streets: Any,
    ids: list[int],
) -> None:
    from roadpulse.mapping.reference_system import UnsuitableSystem
    from roadpulse.ui.run_dialog.sections.road_probe import RoadTable, list_fields
    from roadpulse.workflow.roads import postgis_roads, roads_of_layer

    with postgis.connect() as connection:
        connection.execute(
            "CREATE TABLE roads.unknown AS SELECT id, link_id, ST_SetSRID(geom, 0) AS geom FROM roads.streets"
        )
    layer = layer_of(streets, "", "unknown")
    with pytest.raises(UnsuitableSystem, match=r"'streets' do not say .*ST_SetSRID"):
        roads_of_layer(layer, "link_id")
    wanted = np.array(ids[:3], dtype=np.int64)
    with pytest.raises(UnsuitableSystem, match=r"roads\.unknown have the SRID 0.*ST_SetSRID"):
        postgis_roads(uri_of(streets, "", "unknown"), "link_id").read(wanted, lambda _: None, lambda: False)
    with pytest.raises(LinksError, match=r"roads\.unknown have the SRID 0.*ST_SetSRID"):
        list_fields(psycopg.conninfo.make_conninfo(**streets), RoadTable("roads", "unknown", "geom"))
    wgs84 = QgsCoordinateReferenceSystem("EPSG:4326")
    declared = roads_of_layer(layer, "link_id", crs=wgs84)
    layer.setCrs(wgs84)  # what a person does in the layer's properties
    for roads in (declared, roads_of_layer(layer, "link_id")):
        assert roads.read(wanted, lambda _: None, lambda: False).srid_wkt_or_auth == "EPSG:4326"


def test_roads_of_several_systems_are_refused_before_the_run(
    processing: Any,
    postgis: Any,  # noqa: F811
    streets: Any,
    trip_parameters: Values,
    tmp_path: Path,
) -> None:
    from roadpulse.ui.run_dialog.sections.road_probe import RoadTable, match_table
    from roadpulse.workflow.roads import postgis_roads
    from roadpulse.workflow.steps import check_roads

    with postgis.connect() as connection:
        connection.execute(
            "CREATE TABLE roads.two AS SELECT id, link_id, name, highway, "
            "CASE WHEN id = 7 THEN ST_Transform(geom, 29902) ELSE geom END AS geom FROM roads.streets"
        )
    uri = uri_of(streets, "", "two")
    uri.setWkbType(QgsWkbTypes.Type.LineString)
    uri.setSrid("4326")  # what QGIS writes once a person has chosen one of the two
    several = r"roads\.two have several reference systems \(SRID 4326, 29902\)"
    with pytest.raises(QgsProcessingException, match=several):
        processing.run(
            "roadpulse:speedmap",
            {
                **trip_parameters, "LINKS": f"postgres://{uri.uri(False)}",
                "LINKS_CRS": "EPSG:4326", "OUTPUT": str(tmp_path / "speeds.gpkg"),
                "RUN_FOLDER": str(tmp_path / "run"),
            },
        )  # fmt: skip
    assert not (tmp_path / "run").exists()
    with pytest.raises(LinksError, match=several):
        check_roads(postgis_roads(uri_of(streets, "", "two"), "link_id"))
    info = psycopg.conninfo.make_conninfo(**streets)
    with pytest.raises(LinksError, match=several):
        match_table(info, RoadTable("roads", "two", "geom"), "link_id", np.zeros(0, np.int64))
    check_roads(postgis_roads(uri_of(streets, "id <> 7", "two"), "link_id"))


def test_ids_of_a_table_are_compared_with_those_of_the_trips(postgis: Any, streets: Any) -> None:  # noqa: F811
    from roadpulse.cluster_client.postgis.link_ids import ids_of
    from roadpulse.ui.run_dialog.sections.road_probe import RoadTable, match_table
    from roadpulse.workflow.id_rules import id_rule

    with postgis.connect() as connection:
        connection.execute(
            "CREATE TABLE roads.lettered AS SELECT row_number() OVER (ORDER BY id) || 'F' AS link_id, geom "
            "FROM roads.streets"
        )
    asked = psycopg.conninfo.make_conninfo(**streets), RoadTable("roads", "lettered", "geom"), "link_id"
    few = match_table(*asked, ids_of([1, 2, -1, 999_999]))
    assert (few.asked, few.matched, few.of_trips) == (4, 0, (1, 2, -1))
    assert (few.rule, len(few.of_roads)) == (id_rule("end_sign"), 3)
    ruled = match_table(*asked, ids_of([1, 2, -1, 999_999]), few.rule)
    assert (ruled.asked, ruled.matched, ruled.rule) == (4, 3, None)


def test_points_of_a_table_are_written_in_the_order_of_its_key_with_the_offsets_of_their_times(
    postgis: Any,  # noqa: F811
    streets: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from qgis.core import QgsCoordinateTransformContext

    from roadpulse.aggregation.contract.spec import FieldMapping
    from roadpulse.workflow import layer_trips
    from roadpulse.workflow.layer_trips import trips_of_layer

    monkeypatch.setattr(layer_trips, "_SORTED_AT_ONCE", 3)
    with postgis.connect() as connection:
        connection.execute(
            "CREATE TABLE roads.probes (id bigint PRIMARY KEY, link text, v numeric, at timestamptz, "
            "local timestamp, geom geometry(Point, 25833))"
        )
        connection.execute(
            "INSERT INTO roads.probes SELECT 5 - n, 'L' || n, n + 0.5, "
            "timestamptz '2025-06-10 08:00:00.5+02' + n * interval '1 s', "
            "timestamp '2025-06-10 08:00:00' + n * interval '1 s', "
            "ST_SetSRID(ST_Point(391390, 5817855), 25833) FROM generate_series(0, 4) AS n"
        )
    layer = layer_of(streets, "link <> 'L2'", "probes")
    written = []
    for time in ("at", "local"):
        mapping = FieldMapping.from_json({"link_id": "link", "speed": "v", "time": time})
        trips = trips_of_layer(layer, mapping, QgsCoordinateTransformContext())
        path = trips.write(tmp_path, lambda _done: None, lambda: False)
        written.append([json.loads(line) for line in path.read_text().splitlines()])
    rows = [[line["properties"][name] for name in ("link", "v")] for line in written[0]]
    assert rows == [["L4", 4.5], ["L3", 3.5], ["L1", 1.5], ["L0", 0.5]]
    moment = datetime.fromisoformat(written[0][-1]["properties"]["at"].replace("Z", "+00:00"))
    assert moment == datetime(2025, 6, 10, 6, 0, 0, 500_000, timezone.utc)
    assert written[1][-1]["properties"]["local"] == "2025-06-10T08:00:00.000"
    assert written[0][0]["geometry"]["coordinates"] == pytest.approx([13.4, 52.5], abs=0.01)


def test_roads_without_a_system_are_refused_before_the_run(
    postgis: Any,  # noqa: F811
    streets: Any,
) -> None:
    from roadpulse.mapping.reference_system import UnsuitableSystem
    from roadpulse.workflow.roads import postgis_roads
    from roadpulse.workflow.steps import check_roads

    with postgis.connect() as connection:
        connection.execute(
            "CREATE TABLE roads.nowhere AS SELECT id, link_id, ST_SetSRID(geom, 0) AS geom FROM roads.streets"
        )
    roads = postgis_roads(uri_of(streets, "", "nowhere"), "link_id")
    with pytest.raises(UnsuitableSystem, match=r"roads\.nowhere have the SRID 0.*ST_SetSRID"):
        check_roads(roads)
    check_roads(replace(roads, crs="EPSG:4326"))


def test_a_system_that_a_person_chose_goes_over_the_tables_own(streets: Any, ids: list[int]) -> None:
    layer = layer_of(streets)
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:4258"))
    assert read(layer, ids[:1]).srid_wkt_or_auth == "EPSG:4258"


def test_credentials_come_out_of_qgis_and_show_nowhere(
    postgis: Any,  # noqa: F811
    streets: Any,
    ids: list[int],
) -> None:
    from roadpulse.workflow.roads import postgis_roads

    manager = QgsApplication.authManager()
    if not manager.masterPasswordIsSet():
        assert manager.setMasterPassword("only for this test", True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("streets")
    secret = "not-to-be-seen"
    with postgis.connect() as connection:
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{secret}'")
        connection.execute("GRANT USAGE ON SCHEMA roads TO reader; GRANT SELECT ON roads.streets TO reader")
    config.setConfig("username", "reader")
    config.setConfig("password", secret)
    assert manager.storeAuthenticationConfig(config)[0]
    uri = uri_of(streets)
    uri.setUsername("")
    uri.setPassword("")
    uri.setAuthConfigId(config.id())
    roads = postgis_roads(uri, "link_id")
    assert secret not in uri.uri(False)
    assert secret not in repr(roads)
    found = roads.read(np.array(ids, dtype=np.int64), lambda _: None, lambda: False)
    assert found.ids.tolist() == ids


def test_a_layer_of_another_provider_sees_its_filter_too(city: Values, ids: list[int]) -> None:
    layer = QgsVectorLayer(city["LINKS"], "", "ogr")
    layer.setSubsetString(f'"link_id" < {ids[3]}')
    assert read(layer, ids).ids.tolist() == ids[:3]


def test_a_text_field_may_hold_the_link_id(ids: list[int]) -> None:
    layer = QgsVectorLayer(
        "LineString?crs=EPSG:4326&field=link_id:string&field=name:string&field=highway:string", "", "memory"
    )
    with edit(layer):
        for link in ids[:2]:
            feature = QgsFeature(layer.fields())
            feature.setAttributes([str(link), None, None])
            feature.setGeometry(QgsGeometry.fromWkt("LineString(0 0, 1 1)"))
            layer.addFeature(feature)
    assert read(layer, ids).ids.tolist() == ids[:2]
