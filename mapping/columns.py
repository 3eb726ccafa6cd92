"""The columns of the table `links`: names, types, and what they are called for a person."""

from __future__ import annotations

from dataclasses import dataclass

from .packed import PACKED_FIELD

STATISTICS = ("mean", "std", "p05", "p15", "p50", "p85", "p95")
"""Statistics of speed, under the names that the result CSV gives them."""

WIDTH_FIELD = "width_mm"
"""Width of the drawn line at 1:12,000."""

LABEL_FIELD = "label"
"""The street's name on the links that are to carry it on the map."""

ESTIMATORS = {
    "mean": "mean of points",
    "std": "sample standard deviation of points",
    "p05": "5th percentile of points",
    "p15": "15th percentile of points",
    "p50": "median of points",
    "p85": "85th percentile of points",
    "p95": "95th percentile of points",
}

STATISTIC_NAMES = {
    "mean": "Mean speed",
    "std": "Spread of speed",
    "p05": "5th percentile speed",
    "p15": "15th percentile speed",
    "p50": "Median speed",
    "p85": "85th percentile speed",
    "p95": "95th percentile speed",
}
"""First words of the legend."""

SUBTITLES = {
    "mean": "How fast traffic moves",
    "std": "How much speeds vary",
    "p05": "How slow traffic gets",
    "p15": "How slow traffic gets",
    "p50": "How fast traffic moves",
    "p85": "How fast traffic gets",
    "p95": "How fast traffic gets",
}
"""What a map of a statistic shows, under the title of its page."""


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
        Column("n_points", "INTEGER", "Points, whole day"),
        Column("n_trips", "INTEGER", "Trips, whole day"),
    ]
    columns += [Column(name, "REAL", statistic_alias(name, unit)) for name in STATISTICS]
    for bin_name in bin_names:
        suffix = bin_suffix(bin_name)
        columns.append(
            Column(f"mean_{suffix}", "REAL", f"{bin_name} {statistic_alias('mean', unit).lower()}")
        )
        columns.append(Column(f"n_trips_{suffix}", "INTEGER", f"{bin_name} trips"))
    return columns


def statistic_alias(statistic: str, unit: str) -> str:
    """`Mean speed (mph), mean of points`: the statistic, its unit and the estimator."""
    return f"{STATISTIC_NAMES[statistic]} ({unit}), {ESTIMATORS[statistic]}"
