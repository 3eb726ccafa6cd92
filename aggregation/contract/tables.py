"""Names and columns of the result tables."""

from __future__ import annotations

from . import statistic

LINK_SPEEDS, LINK_SPEEDS_BY_TIME = "link_speeds", "link_speeds_by_time"
"""One row per link; one row per link and bin."""

LINK_ID, BIN = "link_id", "bin"
"""Key columns: an integer, and the local start of the bin as `HH:MM`."""

KEYS = {LINK_SPEEDS: (LINK_ID,), LINK_SPEEDS_BY_TIME: (LINK_ID, BIN)}
"""The key columns of each table; together they identify a row."""


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of a result table in order: its keys, then one for each statistic."""
    return (*KEYS[table], *statistic.keys())


def whole_columns() -> tuple[str, ...]:
    """Return the integer columns of all tables."""
    return (LINK_ID, *statistic.whole_keys())
