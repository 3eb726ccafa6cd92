"""A day of Belfast from the trips through PostGIS to the map, against answers computed by others."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qgis.core import QgsDataSourceUri, QgsVectorLayer

from development.pytest_postgis import postgis  # noqa: F401

Values = dict[str, Any]


@pytest.fixture(scope="module")
def belfast_map(
    processing: Any,
    postgis: Any,  # noqa: F811
    belfast: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Values:
    postgis.load_streets(belfast / "streets.csv", table="belfast")
    info = postgis.conninfo()
    uri = QgsDataSourceUri()
    uri.setConnection(info["host"], str(info["port"]), info["dbname"], info["user"], info.get("password", ""))
    uri.setDataSource("public", "belfast", "geom", "", "link_id")
    folder = tmp_path_factory.mktemp("belfast")
    return processing.run(
        "roadpulse:speedmap",
        {
            "PROFILE": "local",
            "TRIPS": str(belfast / "trips"),
            "SPEED_UNIT": "mph",
            "TIME_ZONE": "Europe/London",
            "LINKS": f"postgres://{uri.uri(False)}",
            "RUN_FOLDER": str(folder / "run"),
            "OUTPUT": str(folder / "belfast.gpkg"),
        },
    )


@pytest.fixture(scope="module")
def links(belfast_map: Values) -> pd.DataFrame:
    layer = QgsVectorLayer(belfast_map["OUTPUT"], "", "ogr")
    names = layer.fields().names()
    rows = [feature.attributes() for feature in layer.getFeatures()]
    return pd.DataFrame(rows, columns=names).set_index("link_id").sort_index()


def test_every_link_with_data_is_on_the_map(belfast_map: Values, links: pd.DataFrame) -> None:
    assert belfast_map["MATCH_RATE"] == 100
    assert len(links) == belfast_map["LINK_COUNT"] == 3526


def test_the_day_on_the_map_is_the_expected_one(links: pd.DataFrame, belfast: Path) -> None:
    expected = pd.read_csv(belfast / "expected.csv").set_index("linkID").sort_index()
    assert list(links.index) == list(expected.index)
    assert (links["n_points"] == expected["count(linkID)"]).all()
    np.testing.assert_allclose(links["mean"].astype(float), expected["avg(absVelocity)"], rtol=1e-9)


def test_every_hour_on_the_map_is_the_expected_one(belfast_map: Values, belfast: Path) -> None:
    """By SQL, as somebody without the plugin asks: rounded up to hundredths, empty below 5 trips."""
    path = belfast_map["OUTPUT"].split("|")[0]
    with closing(sqlite3.connect(path)) as database:
        rows = pd.read_sql(
            "SELECT link_id, CAST(bin AS INTEGER) AS hour_local, mean, p50, p85 FROM links_by_time "
            "WHERE mean IS NOT NULL",
            database,
        )
        totals = database.execute("SELECT n_points FROM bins ORDER BY place").fetchall()
    expected = pd.read_csv(belfast / "expected_hourly.csv")
    assert len(expected) == 32650
    assert [total for (total,) in totals] == expected.groupby("hour_local")["n_points"].sum().tolist()
    drawn = expected[expected["n_trips"] >= 5]
    both = drawn.merge(rows, on=["link_id", "hour_local"], suffixes=("", "_map"), validate="1:1")
    assert len(both) == len(drawn) == len(rows) > 0
    for name in ("mean", "p50", "p85"):
        above = both[f"{name}_map"] - both[name]
        assert above.between(-1e-9, 0.01).all(), name


def test_the_faults_in_the_data_are_counted_under_their_reasons(belfast_map: Values) -> None:
    points = json.loads((Path(belfast_map["RUN_FOLDER"]) / "manifest.json").read_text())["points"]
    assert points["read"] == 1_102_918
    assert points["counted"] == 1_066_880
    assert points["reasons"] == {"no_link": 29_503, "no_speed": 6_709}
