"""The styles that a map file carries, in the table that QGIS keeps for them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from qgis.core import QgsVectorLayer

from ...aggregation.contract.json_text import shown
from ..errors import MapError
from ..map_file import reading
from ..own_tables import GEOMETRY, LINKS_TABLE, STYLES_TABLE
from ..style_check import active_parts
from .options import file_of

STYLE_NAME = "Speeds"
"""Name of the style that Roadpulse saves in a map file."""

MOST_STYLES = 100
"""Of an earlier map that are carried over."""
_LONGEST = 1000
"""Most characters of a style's name and description."""

_READ = """
SELECT styleName, styleQML, useAsDefault, description, owner, update_time
FROM layer_styles WHERE f_table_name = ? AND styleName <> ? LIMIT ?
"""
_WRITE = """
INSERT INTO layer_styles (
    f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD,
    useAsDefault, description, owner, ui, update_time
) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, ?, '', ?)
"""


def check_save(layer: QgsVectorLayer) -> None:
    """Raise `MapError` where no style can be saved in the file of a layer.

    It may not be written, or writing would run what others put in the place of our tables.
    """
    path = file_of(layer)
    with reading(path):
        pass
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):  # SQLite needs its journal there
        raise MapError(
            f"The style cannot be kept in {path}, which may not be written. Style the layer without keeping "
            "the style in its file, or copy the file first."
        )


def save_style(layer: QgsVectorLayer) -> None:
    """Make a layer's present style the default one of its table, in its file; raises `MapError`."""
    fault = layer.saveStyleToDatabase(STYLE_NAME, "Roadpulse", True, "")
    if fault:
        raise MapError(f"The style cannot be kept in {layer.source()}: {fault}", fault)
    path = layer.source().split("|", maxsplit=1)[0]
    # QGIS leaves the file in the mode of a write-ahead log, which a share that may only be read cannot serve.
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=0)) as database:
        database.execute("PRAGMA journal_mode = DELETE")  # refused while another program has the file open


def keep_styles(earlier: Path, path: Path) -> tuple[str, ...]:
    """Copy the styles that people saved in an earlier map into its successor at `path`, if it has styles.

    The earlier file may be foreign, so only harmless styles are copied (`style_check`), of each the QML with
    its name and description. Forms of Qt and SLD, which QGIS does not read back, are not. Returns the names
    of the styles that are left out, each with the reason.
    """
    if not earlier.exists() or not earlier.stat().st_size:
        return ()
    rows: list[tuple[object, ...]] = []
    with reading(earlier) as database:
        if _has_styles(database):
            rows = database.execute(_READ, (LINKS_TABLE, STYLE_NAME, MOST_STYLES + 1)).fetchall()
    with closing(sqlite3.connect(path)) as database, database:
        if not rows or not _has_styles(database):
            return ()
        left_out = [f"more than {MOST_STYLES} styles"] if len(rows) > MOST_STYLES else []
        default = False
        for name, qml, used, *about in rows[:MOST_STYLES]:
            faults = _faults(name, qml, about)
            if faults:
                left_out.append(f"{shown(name)} ({', '.join(faults)})")
                continue
            default = default or used in (1, True)
            database.execute(_WRITE, (LINKS_TABLE, GEOMETRY, name, qml, int(used in (1, True)), *about))
        if default:
            database.execute(
                "UPDATE layer_styles SET useAsDefault = 0 WHERE f_table_name = ? AND styleName = ?",
                (LINKS_TABLE, STYLE_NAME),
            )
    return tuple(left_out)


def _faults(name: object, qml: object, about: list[object]) -> list[str]:
    """Return why a style is not copied; empty if it is harmless."""
    texts = [text for text in (name, *about) if text is not None]
    if any(not isinstance(text, str) or len(text) > _LONGEST for text in texts) or not isinstance(qml, str):
        return ["what is not a style"]
    return active_parts(qml)


def _has_styles(database: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return database.execute(sql, (STYLES_TABLE,)).fetchone() is not None
