"""Names and columns of the result tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import statistic
from .spec import RunSpec

LINK_SPEEDS, LINK_SPEEDS_BY_TIME, LINK_SPEEDS_BY_PERIOD = (
    "link_speeds", "link_speeds_by_time", "link_speeds_by_period",
)  # fmt: skip
"""One row per link; per link, set of days and bin; per link and named period."""

TABLES = (LINK_SPEEDS, LINK_SPEEDS_BY_TIME, LINK_SPEEDS_BY_PERIOD)
"""The names of all tables."""

LINK_ID, DAYS, BIN, PERIOD = "link_id", "days", "bin", "period"
"""Key columns: a link's id, the name of a set of days, the local start of the bin as `HH:MM`, the name of a
period."""


LINK_IDS, INTEGER, TEXT = "link_ids", "integer", "text"
"""Entry of a manifest that says what the column of the link ids holds: integers, or texts if one of the run's
ids is a text. It is missing in manifests of earlier versions, whose ids are integers."""


def has_text_ids(manifest: Mapping[str, Any]) -> bool:
    """Return True if the column of the link ids holds texts."""
    return bool(manifest.get(LINK_IDS) == TEXT)


def tables_of(spec: RunSpec) -> tuple[str, ...]:
    """Return the names of the tables of a run."""
    return TABLES if spec.periods else TABLES[:2]


def key_columns(table: str, spec: RunSpec) -> tuple[str, ...]:
    """Return the key columns of a table; together they identify a row."""
    if table == LINK_SPEEDS:
        return (LINK_ID,)
    if table == LINK_SPEEDS_BY_PERIOD:
        return LINK_ID, PERIOD
    return (LINK_ID, DAYS, BIN) if spec.days.is_divided else (LINK_ID, BIN)


def statistics_of(table: str, spec: RunSpec) -> tuple[str, ...]:
    """Return the keys of the statistics of a table, in column order."""
    if table == LINK_SPEEDS:
        return spec.statistics
    return tuple(key for key in spec.statistics if statistic.statistic(key).by_bin)


def columns(table: str, spec: RunSpec) -> tuple[str, ...]:
    """Return the columns of a result table in order: its keys, then one for each statistic."""
    return (*key_columns(table, spec), *statistics_of(table, spec))


def is_whole(column: str, text_ids: bool = False) -> bool:
    """Return True if a column of a result table holds integers."""
    if column == LINK_ID:
        return not text_ids
    return statistic.is_statistic(column) and statistic.statistic(column).is_whole
