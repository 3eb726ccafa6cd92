"""Options of the layer's style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtGui import QColor

from ...aggregation.contract import statistic as statistics
from ...aggregation.contract.json_text import shown
from ...aggregation.contract.spec import BIN_MINUTES, METRES_PER_SECOND
from .. import statistic_words
from ..columns import days_of, free_flow_rule, kind_of_sets
from ..errors import MapError
from ..language import tr
from ..map_file import MOST_TRIPS, MapFile
from ..packed import FEW
from ..timeline import Timeline
from .breaks import WANTED, class_labels, class_limits, usual_limits
from .contrast import faults
from .driving_side import DRIVING_SIDES, driving_side_of
from .methods import (
    BY_HAND,
    DEFAULT_METHOD,
    FEWEST_CLASSES,
    METHODS,
    MOST_CLASSES,
    ROUND,
    USUAL,
    Distribution,
    limits_of,
)
from .palette import DARK, LIGHT, PALETTES
from .ramps import DEFAULT_RAMP, RAMPS, class_colours, middle_of
from .road_class import TRAFFIC_SHARES

THEMES = (LIGHT, DARK)
BY_CLASS, BY_TRAFFIC = WIDTH_RULES = ("class", "traffic")
"""Rules of a line's width: by the class of its road, or by its trips."""

TRAFFIC_STEPS = tuple(share for share, _ in reversed(TRAFFIC_SHARES[:-1]))
"""Shares of the links at which lines get wider by traffic, ascending."""

MOST_LIMITS, LARGEST_LIMIT = 100, 1e9
"""Number and size of a style's class limits."""


APPEARANCE = (
    "theme", "fast_glows", "ramp", "method", "classes", "width", "few", "beside", "labels",
)  # fmt: skip
"""Names of the options that are of no map in particular."""


@dataclass(frozen=True)
class StyleOptions:
    """Style of a layer of link speeds.

    `statistic` is the key of one, and `packed` the column of the map file with its values by bin; without, it
    is drawn for the whole period and does not play. `limits` are the class limits, ascending: those of the
    statistic, the same for all of its bins. `timeline` has the frames. `too_few` is the number by which the
    map file marks too few trips. `ramp`, `method` and `width` are keys; `method` and `classes` say how
    `limits` came about. `few` and `beside` say whether links with too few trips are drawn, and the
    directions of a road beside each other. `traffic` has the numbers of trips at which lines get wider, if
    `width` is by traffic. `days` says in words which days the run counts, `free_flow` the rule of the
    free-flow speed if the statistic depends on it.
    """

    statistic: str = statistics.DEFAULT_DRAWN
    unit: str = "km/h"
    min_trips: int = 5
    time_zone: str = "UTC"
    theme: str = "light"
    driving_side: str = "right"
    fast_glows: bool = False
    labels: bool = True
    ramp: str = DEFAULT_RAMP
    method: str = DEFAULT_METHOD
    classes: int = WANTED
    width: str = BY_CLASS
    few: bool = True
    beside: bool = True
    limits: tuple[float, ...] = ()
    packed: str = ""
    timeline: Timeline = field(default_factory=Timeline)
    too_few: float = FEW
    traffic: tuple[float, ...] = ()
    days: str = "all days"
    free_flow: str = ""

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("unit", self.unit, tuple(METRES_PER_SECOND)),
            ("theme", self.theme, THEMES),
            ("driving_side", self.driving_side, DRIVING_SIDES),
            ("ramp", self.ramp, tuple(RAMPS)),
            ("method", self.method, tuple(METHODS)),
            ("width", self.width, WIDTH_RULES),
        ):
            if value not in choices:
                raise MapError(f"The style's {name} is {shown(value)}; choose one of {', '.join(choices)}.")
        if not _is_drawn(self.statistic):
            raise MapError(
                f"The style's statistic is {shown(self.statistic)}; choose one of "
                f"{', '.join(statistics.drawn_keys())}."
            )
        minutes = self.timeline.bin_minutes
        if type(minutes) is not int or minutes not in BIN_MINUTES:
            raise MapError(f"Bins of {shown(minutes)} minutes do not cut a day into equal parts.")
        if type(self.min_trips) is not int or not 1 <= self.min_trips <= MOST_TRIPS:
            raise MapError(
                f"The style's min_trips is {shown(self.min_trips)}, not a number from 1 to {MOST_TRIPS:,}."
            )
        if type(self.classes) is not int or not FEWEST_CLASSES <= self.classes <= MOST_CLASSES:
            raise MapError(
                f"The style's number of classes is {shown(self.classes)}, not a number from {FEWEST_CLASSES} "
                f"to {MOST_CLASSES}."
            )
        _check_limits(self.limits)
        if not self.limits:
            kind = statistics.statistic(self.statistic).unit
            object.__setattr__(self, "limits", tuple(usual_limits(self.unit, kind)))

    @property
    def title(self) -> str:
        """First words of the legend: the statistic and its unit."""
        return statistic_words.title(statistics.statistic(self.statistic), self.unit)

    @property
    def plays(self) -> bool:
        """The map file holds the statistic's value for each bin; False where dates without data have none."""
        return bool(self.packed) and len(self.timeline) > 0

    @property
    def high_contrasts(self) -> bool:
        """Give the highest class the most contrast: the bad end has it, or with `fast_glows` the other."""
        return (statistics.statistic(self.statistic).good == statistics.LOW) != self.fast_glows

    @property
    def n_entries(self) -> int:
        """Number of entries of the legend: the classes, and links with too few trips if they are drawn."""
        return len(self.limits) - 1 + self.few

    @property
    def colours(self) -> list[QColor]:
        """Colours of the classes, lowest first."""
        return class_colours(
            len(self.limits) - 1, self.theme, self.high_contrasts, self.ramp, middle_of(self.limits)
        )

    @property
    def faults(self) -> list[str]:
        """Faults of the colours, each as a sentence; empty if there are none."""
        n = len(self.limits) - 1
        matters = [0, n - 1] if RAMPS[self.ramp].diverging else [n - 1 if self.high_contrasts else 0]
        warning = RAMPS[self.ramp].warning
        computed = faults(self.colours, class_labels(self.limits), PALETTES[self.theme].ground, matters)
        return [warning, *computed] if warning else computed

    @property
    def meaning(self) -> str:
        """Statistic, unit, estimator, days and zone in a line, and the free-flow rule where it matters."""
        alias = statistic_words.alias(statistics.statistic(self.statistic), self.unit)
        days = self.days
        if self.plays and self.timeline.is_divided:
            days = tr("{days} by {set}").format(days=days, set=kind_of_sets(self.timeline.kind))
        words = tr("{statistic}; {days}, local time ({zone})").format(
            statistic=alias, days=days, zone=self.time_zone
        )
        if not self.free_flow:
            return words
        return tr("{words}; free flow: {rule}").format(words=words, rule=self.free_flow)

    @classmethod
    def from_run_table(cls, layer: QgsVectorLayer, **changes: Any) -> StyleOptions:
        """Options out of the GeoPackage that `layer` comes from; `changes` go over what the file says.

        Raises `UnknownLayer` where the file has no table `run`, `MapError` for a statistic that it lacks.
        """
        return cls.of_file(MapFile.of(layer), **changes)

    @classmethod
    def of_file(cls, file: MapFile, **changes: Any) -> StyleOptions:
        """Options out of a map file; `changes` go over what it says. Touches no layer.

        Raises `MapError` for a statistic that the file lacks, and for a method that does not fit it.
        """
        statistic = changes.get("statistic", file.statistic)
        if _is_drawn(statistic) and statistic not in file.statistics:
            raise MapError(
                f"The map file {file.path} holds no {statistics.statistic(statistic).label.lower()} "
                f"({statistic}), as its run did not compute it. Choose one of "
                f"{', '.join(file.statistics)}, or draw the map by {statistic} with Style speeds first."
            )
        options = cls(
            statistic=statistic,
            unit=file.spec.unit,
            min_trips=file.min_trips,
            time_zone=file.spec.time_zone,
            driving_side=driving_side_of(file.spec.time_zone),
            limits=(),
            packed=file.packed_column(statistic) if _is_drawn(statistic) else "",
            timeline=file.timeline,
            too_few=file.too_few,
            days=days_of(file.spec),
            free_flow=free_flow_rule(statistic, file.spec) if _is_drawn(statistic) else "",
        )
        if changes.get("limits"):
            changes.setdefault("method", BY_HAND)
        options = replace(options, **changes)
        if not changes.get("limits"):
            limits = _limits_of(file, options.statistic, options.method, options.classes)
            options = replace(options, limits=limits)
        if options.width == BY_TRAFFIC and not options.traffic:
            options = replace(options, traffic=tuple(file.traffic(TRAFFIC_STEPS)))
        return options


def known_options(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return those of the named options that a style of JSON gives and that are valid.

    With the method by hand its `limits` too, if they are.
    """
    kept: dict[str, Any] = {}
    for name in names:
        if name in values and type(values[name]) is type(getattr(StyleOptions(), name)):
            with suppress(MapError):
                kept[name] = getattr(StyleOptions(**{name: values[name]}), name)
    limits = values.get("limits")
    if kept.get("method") == BY_HAND and isinstance(limits, list):
        with suppress(MapError):
            kept["limits"] = StyleOptions(limits=tuple(limits)).limits
    return kept


def distribution_of(file: MapFile, statistic: str) -> Distribution:
    """Return the values of a statistic that a map draws, in all bins; a second's work for a large map."""
    return Distribution(statistic, file.spec.unit, *file.distribution(statistic))


def _limits_of(file: MapFile, statistic: str, method: str, classes: int) -> tuple[float, ...]:
    """Return class limits of a statistic: the usual ones as they are in the file, others from its values."""
    if (ROUND if method == BY_HAND else method, classes) == USUAL:
        held = file.limits(statistic)
        if held is not None:
            return held
        unit = statistics.statistic(statistic).unit
        return tuple(class_limits(file.whole_day(statistic), file.spec.unit, unit))
    return limits_of(method, distribution_of(file, statistic), classes)


def _is_drawn(key: object) -> bool:
    return isinstance(key, str) and statistics.is_statistic(key) and statistics.statistic(key).is_drawn


def _check_limits(limits: object) -> None:
    """Refuse class limits that are not two or more ascending numbers; none stand for the usual ones."""
    if not isinstance(limits, tuple) or not limits:
        if limits == ():
            return
        raise MapError(f"The style's limits are {shown(limits)}, not ascending numbers such as 0, 5, 10.")
    numbers = [value for value in limits if isinstance(value, (int, float)) and not isinstance(value, bool)]
    rising = all(low < high for low, high in zip(numbers, numbers[1:]))
    fine = all(abs(value) <= LARGEST_LIMIT for value in numbers)  # NaN is not
    if len(numbers) != len(limits) or not 2 <= len(limits) <= MOST_LIMITS or not rising or not fine:
        raise MapError(f"The style's limits are {shown(limits)}, not ascending numbers such as 0, 5, 10.")
