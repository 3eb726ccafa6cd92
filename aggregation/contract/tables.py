"""The result tables: their names, and their columns as the statistics give them."""

from __future__ import annotations

from . import statistic

LINK_SPEEDS, LINK_SPEEDS_BY_TIME = "link_speeds", "link_speeds_by_time"
"""One row a link; one row a link and bin."""

LINK_ID, BIN = "link_id", "bin"
"""Key columns: a whole number, and the local beginning of the bin as `HH:MM`."""

KEYS = {LINK_SPEEDS: (LINK_ID,), LINK_SPEEDS_BY_TIME: (LINK_ID, BIN)}
"""The key columns of each table; together they name a row."""


def columns(table: str) -> tuple[str, ...]:
    """The columns of a result table in their order: its keys, then a column for each statistic."""
    return (*KEYS[table], *statistic.keys())


def whole_columns() -> tuple[str, ...]:
    """The columns that hold whole numbers, in any of the tables."""
    return (LINK_ID, *statistic.whole_keys())
