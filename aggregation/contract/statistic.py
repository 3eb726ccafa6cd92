"""Registry of the statistics of links, used by tables, maps, menus and documentation.

A statistic is one entry of `STATISTICS` and one formula in `aggregation.summary.statistics`. Its key is the
column's name in the result CSVs and in the map file. The documentation's page on statistics is generated
from this registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

COUNT, SPEED = "count", "speed"
"""Kinds of unit: a whole number without a unit, and a speed in the run's unit."""


@dataclass(frozen=True)
class Statistic:
    """One statistic of the points of a link, or of a link in one bin of the day.

    `key` is the column's name, `label` the beginning of legend and column alias, `estimator` how the value is
    computed from the points, `definition` an explanation in a sentence, and `subtitle` that of its map.
    `percentile` is set for percentiles of speed. A group of fewer than `min_points` points has no value.
    `plays` is True for the one statistic of which the map file packs the values of the bins into a column.
    """

    key: str
    label: str
    definition: str
    unit: str = SPEED
    estimator: str = ""
    subtitle: str = ""
    percentile: Optional[int] = None
    min_points: int = 1
    plays: bool = False

    @property
    def is_whole(self) -> bool:
        """True if the values are integers."""
        return self.unit == COUNT

    @property
    def is_drawn(self) -> bool:
        """True if a map can be coloured by it."""
        return self.unit == SPEED

    def title(self, unit: str) -> str:
        """Return the beginning of a legend: `Mean speed (mph)`."""
        return f"{self.label} ({unit})" if self.is_drawn else self.label

    def alias(self, unit: str) -> str:
        """Return the column's display name: `Mean speed (mph), mean of points`."""
        return f"{self.title(unit)}, {self.estimator}" if self.estimator else self.title(unit)


def _percentile(percentile: int, label: str, subtitle: str) -> Statistic:
    name = "median" if percentile == 50 else f"{percentile}th percentile"
    return Statistic(
        f"p{percentile:02d}", label, f"{name} of the points", estimator=f"{name} of points",
        subtitle=subtitle, percentile=percentile,
    )  # fmt: skip


STATISTICS = (
    Statistic("n_points", "Points", "points that count", COUNT),
    Statistic("n_trips", "Trips", "distinct trips; those of the bins do not add up to the day's", COUNT),
    Statistic(
        "mean", "Mean speed",
        "mean of the points. Sampled at a constant interval this is total distance by total time, the "
        "space-mean speed",
        estimator="mean of points", subtitle="How fast traffic moves", plays=True,
    ),
    Statistic(
        "std", "Spread of speed", "sample standard deviation of the points (n − 1); empty for one point",
        estimator="sample standard deviation of points", subtitle="How much speeds vary", min_points=2,
    ),
    _percentile(5, "5th percentile speed", "How slow traffic gets"),
    _percentile(15, "15th percentile speed", "How slow traffic gets"),
    _percentile(50, "Median speed", "How fast traffic moves"),
    _percentile(85, "85th percentile speed", "How fast traffic gets"),
    _percentile(95, "95th percentile speed", "How fast traffic gets"),
)  # fmt: skip
"""Every statistic, in the order of the columns of the result CSVs."""

DEFAULT_DRAWN = "mean"
"""Key of the statistic that a new map is coloured by."""


def statistic(key: str) -> Statistic:
    """Return the statistic with that key; raises `KeyError`."""
    return {entry.key: entry for entry in STATISTICS}[key]


def keys() -> tuple[str, ...]:
    """Return the keys of all statistics, in column order."""
    return tuple(entry.key for entry in STATISTICS)


def whole_keys() -> tuple[str, ...]:
    """Return the keys of the statistics with integer values."""
    return tuple(entry.key for entry in STATISTICS if entry.is_whole)


def drawn_keys() -> tuple[str, ...]:
    """Return the keys of the statistics that a map can be coloured by."""
    return tuple(entry.key for entry in STATISTICS if entry.is_drawn)
