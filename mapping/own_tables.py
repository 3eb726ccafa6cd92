"""Check that the tables of a map file are tables: the file may be another's, and malicious.

A view, a virtual table or a trigger runs the statements of the file's author as soon as one reads or writes
the table in whose place it stands, without end or with functions of the program that opened it.
"""

from __future__ import annotations

import re
import sqlite3

from ..aggregation.contract.json_text import shown

LINKS_TABLE = "links"
BY_TIME_TABLE = "link_speeds_by_time"  # of earlier map files
UNMATCHED_TABLE = "unmatched"
RUN_TABLE = "run"
STYLES_TABLE = "layer_styles"
BINS_TABLE = "bins"
OWN_TABLES = (LINKS_TABLE, BINS_TABLE, BY_TIME_TABLE, UNMATCHED_TABLE, RUN_TABLE, STYLES_TABLE)
"""All that a map file holds besides the tables of the GeoPackage standard, and earlier ones held."""

BY_TIME_VIEW = "links_by_time"
"""A view for people, which Roadpulse never reads."""

GEOMETRY = "geom"
"""Column of the lines in `links`."""

INDEX_TABLE = "rtree_links_geom"
"""The spatial index of the links, the one virtual table."""

_INDEX = re.compile(r'CREATE VIRTUAL TABLE "?rtree_links_geom"? USING rtree\(', re.IGNORECASE)
_KEPT_UP = re.compile(
    r'(INSERT( OR \w+)? INTO|DELETE FROM|UPDATE( OR \w+)?) "?(rtree_links_geom|gpkg_ogr_contents)"?(?!\w)'
)
"""Beginnings of the statements with which the standard's triggers keep the index and GDAL's count."""
_WORDS = re.compile(
    r"CREATE|TRIGGER|BEFORE|AFTER|INSERT|UPDATE|DELETE|OF|ON|WHEN|BEGIN|END|OR|REPLACE|IGNORE|INTO|VALUES|FROM|"
    r"WHERE|IN|AND|NOT|NULL|NOTNULL|ISNULL|IS|SET|OLD|NEW|LOWER|ST_ISEMPTY|ST_M(IN|AX)[XY]|M(IN|AX)[XY]|FID|"
    r"GEOM|ID|TABLE_NAME|FEATURE_COUNT|GPKG_OGR_CONTENTS|1|"
    r"RTREE_LINKS_GEOM(_\w+)?|TRIGGER_(INSERT|DELETE)_FEATURE_COUNT_\w+"
)
"""Words of such a trigger, with its name; that of the table that it belongs to is left out."""
_KINDS = {"view": "a view", "trigger": "a trigger", "index": "an index"}


def fault_of(database: sqlite3.Connection) -> str:
    """Return what stands in the place of a table, or runs when it is written, as a clause; empty if nothing.

    Names are compared as SQLite does, without regard to the case of ASCII letters.
    """
    rows = database.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master").fetchall()
    for kind, name, table, page, sql in rows:
        if lower(name) in OWN_TABLES and (kind != "table" or not page):
            return f"its {shown(name)} is {_KINDS.get(kind, 'a virtual table')}, not a table"
        if lower(name) == INDEX_TABLE and not _INDEX.match(str(sql)):
            return f"its {shown(name)} is not a spatial index"
        if kind == "trigger" and lower(table) in OWN_TABLES and not _keeps_up(lower(table), sql):
            return f"its table {shown(table)} has the trigger {shown(name)}"
    return ""


def lower(name: object) -> str:
    """Return a name as SQLite compares it."""
    return re.sub("[A-Z]+", lambda found: found[0].lower(), str(name))


def _keeps_up(table: str, sql: object) -> bool:
    """Return True for a trigger of the standard or of GDAL, which writes the index or the count alone."""
    text = " ".join(str(sql).split())
    words = {word.upper() for word in re.findall(r"\w+", text)} - {table.upper()}
    _, _, body = text.partition(" BEGIN ")
    *statements, end = (part.strip() for part in body.split(";"))
    known = all(map(_WORDS.fullmatch, words)) and all(map(_KEPT_UP.match, statements))
    return known and bool(statements) and end == "END"
