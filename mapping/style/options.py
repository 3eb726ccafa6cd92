"""Options of the layer's style."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from qgis.core import QgsVectorLayer

from ...aggregation.contract import statistic as statistics
from ...aggregation.contract.json_text import shown
from ...aggregation.contract.spec import BIN_MINUTES, METRES_PER_SECOND, RunSpec
from ..errors import MapError
from ..map_file import MOST_TRIPS, MapFile
from ..packed import FEW
from .breaks import DEFAULTS, WANTED, class_limits
from .driving_side import DRIVING_SIDES, driving_side_of

THEMES = ("light", "dark")
MOST_LIMITS, LARGEST_LIMIT = 100, 1e9
"""Number and size of a style's class limits."""

REFERENCE_DAY = date(2025, 1, 1)
"""Day on which bins are shown where the run has more than one date, or none: only the hour counts."""


@dataclass(frozen=True)
class StyleOptions:
    """Style of a layer of link speeds.

    `statistic` is the key of one; if the map file has no value of it for each bin, it is drawn for the whole
    day and does not play. `limits` are the class limits in `unit`, ascending: those of the statistic, the
    same for all of its bins. `day` is the day that stands for all days when the layer plays. `too_few` is the
    number by which the map file marks too few trips.
    """

    statistic: str = statistics.DEFAULT_DRAWN
    unit: str = "km/h"
    min_trips: int = 5
    bin_minutes: int = 60
    time_zone: str = "UTC"
    theme: str = "light"
    driving_side: str = "right"
    fast_glows: bool = False
    labels: bool = True
    limits: tuple[float, ...] = ()
    day: date = REFERENCE_DAY
    too_few: float = FEW

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("unit", self.unit, tuple(METRES_PER_SECOND)),
            ("theme", self.theme, THEMES),
            ("driving_side", self.driving_side, DRIVING_SIDES),
        ):
            if value not in choices:
                raise MapError(f"The style's {name} is {shown(value)}; choose one of {', '.join(choices)}.")
        if not _is_drawn(self.statistic):
            raise MapError(
                f"The style's statistic is {shown(self.statistic)}; choose one of "
                f"{', '.join(statistics.drawn_keys())}."
            )
        if type(self.bin_minutes) is not int or self.bin_minutes not in BIN_MINUTES:
            raise MapError(f"Bins of {shown(self.bin_minutes)} minutes do not cut a day into equal parts.")
        if type(self.min_trips) is not int or not 1 <= self.min_trips <= MOST_TRIPS:
            raise MapError(
                f"The style's min_trips is {shown(self.min_trips)}, not a number from 1 to {MOST_TRIPS:,}."
            )
        _check_limits(self.limits)
        if not self.limits:
            step = DEFAULTS.get(self.unit, 10.0)
            object.__setattr__(self, "limits", tuple(step * i for i in range(WANTED + 1)))

    @property
    def n_bins(self) -> int:
        """Number of bins in the day."""
        return 1440 // self.bin_minutes

    @property
    def title(self) -> str:
        """First words of the legend: the statistic and its unit."""
        return statistics.statistic(self.statistic).title(self.unit)

    @property
    def plays(self) -> bool:
        """The map file holds the statistic's value for each bin."""
        return self.statistic == statistics.DEFAULT_DRAWN

    @classmethod
    def from_run_table(cls, layer: QgsVectorLayer, **changes: Any) -> StyleOptions:
        """Options out of the GeoPackage that `layer` comes from; `changes` go over what the file says.

        Raises `UnknownLayer` where the file has no table `run`, `MapError` for a statistic that it lacks.
        """
        file = MapFile.of(layer)
        statistic = changes.get("statistic", file.statistic)
        if _is_drawn(statistic) and statistic not in file.statistics:
            raise MapError(
                f"The map file {file.path} holds no {statistics.statistic(statistic).label.lower()} "
                f"({statistic}), as its run did not compute it. Choose one of "
                f"{', '.join(file.statistics)}, or run again with {statistic} among the statistics."
            )
        options = cls(
            statistic=statistic,
            unit=file.spec.speed_unit,
            min_trips=file.min_trips,
            bin_minutes=file.spec.bin_minutes,
            time_zone=file.spec.time_zone,
            driving_side=driving_side_of(file.spec.time_zone),
            limits=_limits_of(file, statistic),
            day=reference_day(file.spec),
            too_few=file.too_few,
        )
        return replace(options, **changes)


def _limits_of(file: MapFile, statistic: str) -> tuple[float, ...]:
    """Return the class limits of a statistic: those in the file, or else from the whole day of its links."""
    held = file.limits(statistic)
    if held is not None:
        return held
    if not _is_drawn(statistic):
        return ()
    return tuple(class_limits(file.whole_day(statistic), file.spec.speed_unit))


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


def reference_day(spec: RunSpec) -> date:
    """Return the one day of the run, or the day that stands for several."""
    if spec.date_from and spec.date_from == spec.date_to:
        return spec.date_from
    return REFERENCE_DAY
