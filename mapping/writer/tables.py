"""The tables of a GeoPackage, empty, made by GDAL, so that every entry the standard asks for is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr, osr
from qgis.core import QgsCoordinateReferenceSystem

from ..columns import Column
from ..own_tables import BINS_TABLE, BY_TIME_VIEW, GEOMETRY, LINKS_TABLE, RUN_TABLE, UNMATCHED_TABLE
from ..packed import DIGITS, FEW_TEXT, packed_field
from ..reference_system import text_of
from .shapes import Shapes

BIN_COLUMNS = {"place": "INTEGER", "days": "TEXT", "bin": "TEXT", "n_points": "INTEGER"}
"""Columns of the table `bins`: place in the packed texts, counted from 0; set of days; bin; its points."""

MOST_PLACES = 10_000
"""More than `bins` has rows, for numbers of the rows of the view."""

PAGES = (4096, 8192, 16384, 32768, 65536)
MOST_WASTE = 0.1
"""Share of a page that whole rows may leave empty."""


def create_tables(
    path: Path,
    crs: QgsCoordinateReferenceSystem,
    columns: list[Column],
    shapes: Shapes,
    unmatched: dict[str, str],
) -> None:
    """Make the empty tables; `unmatched` has the types of the columns of that table."""
    types = {"INTEGER": ogr.OFTInteger64, "REAL": ogr.OFTReal, "TEXT": ogr.OFTString}
    kind = ogr.wkbMultiLineString if shapes.multi else ogr.wkbLineString
    with _exceptions():
        reference = osr.SpatialReference()
        reference.SetFromUserInput(text_of(crs))
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
        dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
        layer = dataset.CreateLayer(
            LINKS_TABLE, reference, ogr.GT_SetZ(kind) if shapes.has_z else kind,
            [f"GEOMETRY_NAME={GEOMETRY}", "FID=fid", "SPATIAL_INDEX=NO"],
        )  # fmt: skip
        for column in columns:
            layer.CreateField(ogr.FieldDefn(column.name, types[column.sql_type]))
        for table, fields in (
            (BINS_TABLE, BIN_COLUMNS),
            (UNMATCHED_TABLE, unmatched),
            (RUN_TABLE, {"key": "TEXT", "value": "TEXT"}),
        ):
            layer = dataset.CreateLayer(table, None, ogr.wkbNone, ["FID=fid"])
            for name, sql_type in fields.items():
                layer.CreateField(ogr.FieldDefn(name, types[sql_type]))
        layer = None
        dataset.FlushCache()  # raises what closing it would only print
        dataset = None


def page_size(row_bytes: float) -> int:
    """Return the smallest size of SQLite's pages that rows of that size fill well."""
    for size in PAGES:
        if (size - 35) // row_bytes * row_bytes >= (1 - MOST_WASTE) * size:
            return size
    return PAGES[-1]


def create_view(database: sqlite3.Connection, playing: Sequence[str]) -> None:
    """Create the view with a row a link and bin, for people and programs that do not know packed texts."""
    start = f"{DIGITS + 1} + {DIGITS} * bins.place"
    values = [
        f"CAST(nullif(substr(links.{packed_field(key)}, {start}, {DIGITS}), '{FEW_TEXT}') AS REAL)"
        for key in playing
    ]
    query = (
        f"SELECT links.fid * {MOST_PLACES} + bins.place, links.link_id, bins.days, bins.bin, "  # noqa: S608  # nosec B608
        f"{', '.join(values)} FROM {LINKS_TABLE} AS links, {BINS_TABLE} AS bins"
    )
    # A column that is computed has no type, and GDAL takes its numbers for texts. So the view begins and ends
    # with a part without rows that has the columns of the tables: SQLite takes the types of the last part
    # before 3.41, later those of the first.
    types = f"SELECT links.fid, link_id, days, bin, {', '.join(playing)} FROM links, bins WHERE 0"  # noqa: S608  # nosec B608
    names = ", ".join(("OGC_FID", "link_id", "days", "bin", *playing))
    database.execute(f"CREATE VIEW {BY_TIME_VIEW} ({names}) AS {types} UNION ALL {query} UNION ALL {types}")
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
        "VALUES (?, 'attributes', ?, 'A row a link and bin; empty where too few trips were counted')",
        (BY_TIME_VIEW, BY_TIME_VIEW),
    )


def describe_columns(database: sqlite3.Connection, table: str, columns: list[Column]) -> None:
    """Write the names of the columns for a person, by the standard's schema extension (OGC 12-128r19, F.9).

    GDAL before 3.7 neither makes the table nor reads it; later ones give the names to QGIS as aliases.
    """
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_data_columns'").fetchone():
        database.execute(
            "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, "
            "title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT, "
            "CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), "
            "CONSTRAINT gdc_tn UNIQUE (table_name, name))"
        )
    database.execute(
        "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, "
        "extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, "
        "CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))"
    )
    if not database.execute("SELECT 1 FROM gpkg_extensions WHERE extension_name = 'gpkg_schema'").fetchone():
        database.execute(
            "INSERT INTO gpkg_extensions VALUES ('gpkg_data_columns', NULL, 'gpkg_schema', "
            "'http://www.geopackage.org/spec121/#extension_schema', 'read-write')"
        )
    database.executemany(
        "INSERT OR REPLACE INTO gpkg_data_columns (table_name, column_name, name, title) VALUES (?, ?, ?, ?)",
        [(table, column.name, column.alias, column.alias) for column in columns],
    )


@contextmanager
def _exceptions() -> Iterator[None]:
    """Have GDAL raise exceptions, which it does not by default; the setting is put back."""
    before = gdal.GetUseExceptions()
    gdal.UseExceptions()
    try:
        yield
    finally:
        if not before:
            gdal.DontUseExceptions()


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    with _exceptions():
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
        try:
            yield dataset
            dataset.FlushCache()  # raises what closing it would only print
        finally:
            dataset = None


@contextmanager
def without_triggers(database: sqlite3.Connection) -> Iterator[None]:
    """GDAL's triggers count features one by one; they are put back when all are in."""
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        database.execute('DROP TRIGGER "{}"'.format(name.replace('"', '""')))
    yield
    for _, sql in triggers:
        database.execute(sql)
