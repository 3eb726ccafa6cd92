"""The styles that people saved in an earlier map, carried over into its successor."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ...aggregation.contract.json_text import shown
from ..own_tables import GEOMETRY, LINKS_TABLE, STYLES_TABLE
from ..sqlite_file import reading
from ..style.saved_styles import STYLE_NAME
from ..style_check import active_parts

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
