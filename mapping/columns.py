"""The columns of the table `links`: names, types, and what they are called for a person."""

from __future__ import annotations

from dataclasses import dataclass

from ..aggregation.contract import statistic
from ..aggregation.contract.tables import BIN, DAYS, LINK_ID, is_whole
from .packed import PACKED_FIELD

WIDTH_FIELD = "width_mm"
"""Width of the drawn line at 1:12,000."""

UNMATCHED_COLUMNS = (LINK_ID, "n_points", "n_trips", "mean")
"""Columns of the table `unmatched`."""

PLAYED = (statistic.statistic("mean"), statistic.statistic("n_trips"))
"""Statistics of which the table `links` holds the value of each bin, in the order of the columns of a bin."""

LABEL_FIELD = "label"
"""The street's name on the links that are to carry it on the map."""


@dataclass(frozen=True)
class Column:
    """One column: its name, its type in SQL and its alias."""

    name: str
    sql_type: str
    alias: str


def bin_suffix(bin_name: str) -> str:
    """`0800` for the bin `08:00`."""
    return bin_name.replace(":", "")


def link_columns(bin_names: list[str], unit: str, with_names: bool, with_classes: bool) -> list[Column]:
    """Every column after the geometry, in the order of the table.

    What a frame of the animation reads stands before the columns of the bins, so that SQLite need not
    walk over hundreds of them to get at it.
    """
    columns = [Column("link_id", "INTEGER", "Link")]
    if with_names:
        columns.append(Column("name", "TEXT", "Street"))
        columns.append(Column(LABEL_FIELD, "TEXT", "Street as labelled"))
    if with_classes:
        columns.append(Column("road_class", "TEXT", "Road class"))
    columns += [
        Column(WIDTH_FIELD, "REAL", "Width of the line at 1:12,000 (mm)"),
        Column(PACKED_FIELD, "TEXT", f"Speeds of the day, packed for drawing ({unit})"),
    ]
    for entry in map(statistic.statistic, statistic.default_keys()):
        alias = f"{entry.alias(unit)}, whole day" if entry.is_whole else entry.alias(unit)
        columns.append(Column(entry.key, column_type(entry.key), alias))
    for bin_name in bin_names:
        suffix = bin_suffix(bin_name)
        for entry in PLAYED:
            alias = f"{bin_name} {entry.alias(unit).lower()}"
            columns.append(Column(f"{entry.key}_{suffix}", column_type(entry.key), alias))
    return columns


def column_type(name: str) -> str:
    """Return the type in SQL of a column of the result tables."""
    return "TEXT" if name in (BIN, DAYS) else "INTEGER" if is_whole(name) else "REAL"
