"""Registry of the statistics of links, used by tables, maps, menus and documentation.

A statistic is one entry of `STATISTICS` and one formula in `aggregation.summary.statistics`. Its key is the
column's name in the result CSVs and in the map file. The documentation's page on statistics is generated
from this registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

from .errors import SpecError
from .json_text import shown

COUNT, SPEED, RATIO, SHARE, DELAY, RATE = "count", "speed", "ratio", "share", "delay", "rate"
"""Kinds of unit: a whole number; a speed in the run's unit; a ratio; a share from 0 to 1; seconds lost a
kilometre; a number per 100 traversals."""

COUNTS, POINTS, TRAVERSALS, TRIPS, FREE_FLOW, RELIABILITY = (
    "counts", "points", "traversals", "trips", "free flow", "reliability",
)  # fmt: skip
"""Families, by what a statistic is computed from or is about."""

HIGH, LOW, NEITHER = "high", "low", ""
"""Which end of a statistic is good for traffic."""

_UNITS = {RATIO: "", SHARE: "share", DELAY: "s/km", RATE: "per 100 traversals", COUNT: ""}


@dataclass(frozen=True)
class Statistic:
    """One statistic of a link, or of a link in one bin.

    `key` is the column's name, `label` the beginning of legend and column alias, `estimator` how the value
    is computed, `definition` an explanation in a sentence, `unit` a kind of unit, and `subtitle` that of its
    map. `percentile` is set for percentiles. A group of fewer than `min_points` points has no value.
    `by_bin` is False if a link has one value for all bins. `default` statistics are computed if a run names
    none. `derived_from` has the keys of the other statistics in its formula. `good` is the end that is good
    for traffic.
    """

    key: str
    label: str
    definition: str
    unit: str = SPEED
    estimator: str = ""
    subtitle: str = ""
    percentile: Optional[int] = None
    min_points: int = 1
    family: str = POINTS
    by_bin: bool = True
    default: bool = False
    derived_from: tuple[str, ...] = ()
    good: str = HIGH

    @property
    def is_whole(self) -> bool:
        """True if the values are integers."""
        return self.unit == COUNT

    @property
    def is_drawn(self) -> bool:
        """True if a map can be coloured by it."""
        return self.unit != COUNT

    @property
    def plays(self) -> bool:
        """True if a map can show its value of each bin."""
        return self.is_drawn and self.by_bin

    def unit_text(self, speed_unit: str) -> str:
        """Return the unit as legends and aliases show it; empty for numbers without a unit."""
        return speed_unit if self.unit == SPEED else _UNITS[self.unit]

    def title(self, speed_unit: str) -> str:
        """Return the beginning of a legend: `Mean speed (mph)`. A share has the word in its label."""
        unit = "" if self.unit == SHARE else self.unit_text(speed_unit)
        return f"{self.label} ({unit})" if unit else self.label

    def alias(self, speed_unit: str) -> str:
        """Return the column's display name: `Mean speed (mph), mean of points`."""
        return f"{self.title(speed_unit)}, {self.estimator}" if self.estimator else self.title(speed_unit)


_SLOW, _MOVES, _FAST = "How slow traffic gets", "How fast traffic moves", "How fast traffic gets"
_DEFAULT_PERCENTILES, _TRIP_PERCENTILES = (5, 15, 50, 85, 95), (50, 85)


def _subtitle(percentile: int) -> str:
    return _MOVES if 40 <= percentile <= 60 else _SLOW if percentile < 40 else _FAST


def _ordinal(percentile: int) -> str:
    ending = "th" if percentile in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(percentile % 10, "th")
    return f"{percentile}{ending}"


def _percentile(percentile: int) -> Statistic:
    name = "median" if percentile == 50 else f"{_ordinal(percentile)} percentile"
    label = "Median speed" if percentile == 50 else f"{_ordinal(percentile)} percentile speed"
    return Statistic(
        f"p{percentile:02d}", label, f"{name} of the points", estimator=f"{name} of points",
        subtitle=_subtitle(percentile), percentile=percentile, default=percentile in _DEFAULT_PERCENTILES,
    )  # fmt: skip


def _trip_percentile(percentile: int) -> Statistic:
    name = "median" if percentile == 50 else f"{_ordinal(percentile)} percentile"
    label = "Median trip speed" if percentile == 50 else f"{_ordinal(percentile)} percentile trip speed"
    return Statistic(
        f"trip_p{percentile:02d}", label, f"{name} of the trips' speeds", estimator=f"{name} of trips",
        subtitle=_subtitle(percentile), percentile=percentile, family=TRIPS,
    )  # fmt: skip


STATISTICS = (
    Statistic("n_points", "Points", "points that count", COUNT, family=COUNTS, default=True, good=NEITHER),
    Statistic(
        "n_trips", "Trips", "distinct trips; those of the bins do not add up to the day's", COUNT,
        family=COUNTS, default=True, good=NEITHER,
    ),
    Statistic(
        "n_traversals", "Traversals",
        "passages of trips over the link; one belongs to the bin in which it enters the link", COUNT,
        family=COUNTS, good=NEITHER,
    ),
    Statistic(
        "mean", "Mean speed",
        "mean of the points. Sampled at a constant interval this is total distance by total time, the "
        "space-mean speed",
        estimator="mean of points", subtitle=_MOVES, default=True,
    ),
    Statistic(
        "std", "Spread of speed", "sample standard deviation of the points (n − 1); empty for one point",
        estimator="sample standard deviation of points", subtitle="How much speeds vary", min_points=2,
        default=True, good=LOW,
    ),
    Statistic(
        "min", "Lowest speed", "lowest speed of a point", estimator="minimum of points", subtitle=_SLOW,
    ),
    Statistic(
        "max", "Highest speed", "highest speed of a point", estimator="maximum of points", subtitle=_FAST,
    ),
    *map(_percentile, _DEFAULT_PERCENTILES),
    Statistic(
        "weighted_mean", "Time-weighted mean speed",
        "mean of the points weighted by the time until the trip's next point, at most 30 s: total distance "
        "by total time at any sampling interval; by the bin in which a traversal enters the link",
        estimator="mean weighted by time", subtitle=_MOVES, family=TRAVERSALS,
    ),
    Statistic(
        "trip_mean", "Mean trip speed",
        "mean of the trips' speeds, so that each trip counts once: the time-mean speed. A trip's speed is "
        "the mean of its points on the link, and in the bin where there is one",
        estimator="mean of trips", subtitle=_MOVES, family=TRIPS,
    ),
    Statistic(
        "trip_hmean", "Speed of the mean travel time",
        "harmonic mean of the trips' speeds: the space-mean speed. A trip slower than 1 km/h counts as "
        "1 km/h",
        estimator="harmonic mean of trips", subtitle=_MOVES, family=TRIPS,
    ),
    *map(_trip_percentile, _TRIP_PERCENTILES),
    Statistic(
        "ci95", "Confidence of the mean trip speed",
        "half width of the 95 % confidence interval of the mean trip speed, t(n − 1; 0.975) · s / √n; empty "
        "for one trip",
        estimator="half width of the 95 % interval", subtitle="How sure the mean is", family=TRIPS, good=LOW,
    ),
    Statistic(
        "free_flow", "Free-flow speed",
        "speed without traffic, one value a link: by default the 85th percentile of the points from 22:00 to "
        "06:00 if they are at least 20, else of all points",
        estimator="free-flow rule", subtitle="How fast traffic could move", family=FREE_FLOW, by_bin=False,
    ),
    Statistic(
        "free_flow_share", "Share of free-flow speed", "speed of the mean travel time by free-flow speed",
        SHARE, estimator="harmonic mean of trips by free flow", subtitle="How freely traffic moves",
        family=FREE_FLOW, derived_from=("trip_hmean", "free_flow"),
    ),
    Statistic(
        "tti", "Travel-time index", "mean travel time by that at free-flow speed", RATIO,
        estimator="free flow by harmonic mean of trips", subtitle="How much longer a trip takes",
        family=RELIABILITY, derived_from=("free_flow", "trip_hmean"), good=LOW,
    ),
    Statistic(
        "pti", "Planning-time index",
        "95th percentile of the trips' travel times by that at free-flow speed", RATIO,
        estimator="free flow by 95th percentile of pace", subtitle="How much time to plan for",
        family=RELIABILITY, derived_from=("free_flow",), good=LOW,
    ),
    Statistic(
        "bti", "Buffer-time index",
        "95th percentile of the trips' travel times less their mean, by their mean", RATIO,
        estimator="pace of trips", subtitle="How much time to add", family=RELIABILITY, good=LOW,
    ),
    Statistic(
        "reliability", "Travel-time ratio 80 to 50",
        "80th percentile of the trips' travel times by their median. Not the official LOTTR, which takes "
        "15-minute means of all vehicles", RATIO,
        estimator="pace of trips", subtitle="How reliable travel times are", family=RELIABILITY, good=LOW,
    ),
    Statistic(
        "delay", "Delay", "seconds lost a kilometre: mean pace of the trips less that at free-flow speed, at "
        "least 0", DELAY, estimator="pace of trips less free flow", subtitle="How much time is lost",
        family=FREE_FLOW, derived_from=("free_flow",), good=LOW,
    ),
    Statistic(
        "stopped_share", "Share of stopped points", "share of the points below 5 km/h", SHARE,
        estimator="share of points", subtitle="Where traffic stands", good=LOW,
    ),
    Statistic(
        "brakes", "Hard braking", "decelerations beyond 3 m/s² per 100 traversals, by the bin in which a "
        "traversal enters the link", RATE, estimator="decelerations beyond 3 m/s²",
        subtitle="Where drivers brake hard", family=TRAVERSALS, good=LOW,
    ),
)  # fmt: skip
"""The statistics in the registry's order; of the percentiles those that `all` computes (see `statistic`)."""

DEFAULT_DRAWN = "mean"
"""Key of the statistic that a new map is coloured by."""

ALWAYS = ("n_points", "n_trips")
"""Keys of what every result has, as what is drawn depends on it."""

EVERYTHING = "all"
"""The word for all statistics of `STATISTICS`."""

_NAMED_PERCENTILE = re.compile(r"(p|trip_p)(0[1-9]|[1-9][0-9])")


def statistic(key: str) -> Statistic:
    """Return the statistic with that key, which may be any percentile `p01` … `p99`, `trip_p01` … `trip_p99`.

    Raises `KeyError`.
    """
    for entry in STATISTICS:
        if entry.key == key:
            return entry
    named = _NAMED_PERCENTILE.fullmatch(key)
    if not named:
        raise KeyError(key)
    return (_percentile if named[1] == "p" else _trip_percentile)(int(named[2]))


def is_statistic(key: str) -> bool:
    """Return True if there is a statistic with that key."""
    return any(entry.key == key for entry in STATISTICS) or bool(_NAMED_PERCENTILE.fullmatch(key))


def default_keys() -> tuple[str, ...]:
    """Return the keys of the statistics that a run computes if it names none, in column order."""
    return tuple(entry.key for entry in STATISTICS if entry.default)


def all_keys() -> tuple[str, ...]:
    """Return the keys of all statistics of `STATISTICS`, in column order."""
    return in_column_order(entry.key for entry in STATISTICS)


def in_column_order(keys: Iterable[str]) -> tuple[str, ...]:
    """Return distinct keys in the order of the columns: the default set, then the registry's order."""
    place = {entry.key: number for number, entry in enumerate(STATISTICS)}

    def order(key: str) -> tuple[bool, float, int]:
        entry = statistic(key)
        if key in place and entry.percentile is None:
            return not entry.default, place[key], 0
        first = (
            "p05" if entry.family == POINTS else "trip_p50"
        )  # all percentiles stand where their first does
        return not entry.default, place[first] if entry.percentile else place[key], entry.percentile or 0

    return tuple(sorted(set(keys), key=order))


def chosen_keys(text: str, name: str = "statistics") -> tuple[str, ...]:
    """Return the keys that a text names, in column order, with those that every result has.

    Keys are separated by commas; `all` stands for all, an empty text for the default set. Raises `SpecError`
    for the entry `name` that shows an unknown key.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    keys: set[str] = set(ALWAYS) if words else set(default_keys())
    for word in words:
        if word == EVERYTHING:
            keys.update(all_keys())
        elif is_statistic(word):
            keys.add(word)
        else:
            known = ", ".join(all_keys())
            raise SpecError(
                name,
                f"holds {shown(word)}; known are {known}, other percentiles p01 to p99 and trip_p01 to "
                "trip_p99, and all",
            )
    return in_column_order(keys)


def first_drawn(keys: Iterable[str]) -> str:
    """Return the key of the statistic that a map of these is coloured by at first; empty if none can be."""
    drawn = [key for key in keys if statistic(key).is_drawn]
    return DEFAULT_DRAWN if DEFAULT_DRAWN in drawn else next(iter(drawn), "")


def drawn_keys() -> tuple[str, ...]:
    """Return the keys of the statistics of `STATISTICS` that a map can be coloured by."""
    return tuple(entry.key for entry in STATISTICS if entry.is_drawn)
