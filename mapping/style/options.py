"""Options of the layer's style, and reading them out of the GeoPackage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Optional

import numpy as np
from qgis.core import QgsProviderRegistry, QgsVectorLayer

from ...aggregation.contract import statistic as statistics
from ...aggregation.contract.errors import SpecError
from ...aggregation.contract.json_text import Entries, JsonFault, decode, shown
from ...aggregation.contract.spec import BIN_MINUTES, METRES_PER_SECOND, RunSpec
from ..errors import MapError, UnknownLayer
from ..map_file import is_database, reading
from ..packed import FEW, FEW_OF_0_1
from .breaks import DEFAULTS, WANTED, class_limits
from .driving_side import DRIVING_SIDES, driving_side_of

THEMES = ("light", "dark")
MOST_TRIPS = 1_000_000
MOST_LIMITS, LARGEST_LIMIT = 100, 1e9
"""Of a style: numbers of trips and of class limits, and the size of a limit."""

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
            ("statistic", self.statistic, statistics.drawn_keys()),
            ("unit", self.unit, tuple(METRES_PER_SECOND)),
            ("theme", self.theme, THEMES),
            ("driving_side", self.driving_side, DRIVING_SIDES),
        ):
            if value not in choices:
                raise MapError(f"The style's {name} is {shown(value)}; choose one of {', '.join(choices)}.")
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
        return statistics.statistic(self.statistic).plays

    @classmethod
    def from_run_table(cls, layer: QgsVectorLayer, **changes: Any) -> StyleOptions:
        """Options out of the GeoPackage that `layer` comes from; `changes` go over what the file says.

        Raises `UnknownLayer` where the file has no table `run`.
        """
        values = read_run_table(layer)
        name = f"The table 'run' of {file_of(layer)}"
        try:
            spec = RunSpec.from_json(values["spec"])
            drawn = Entries.of(values["drawn"], name, "drawn")
            statistic = changes.get("statistic", drawn.text("statistic"))
            options = cls(
                statistic=statistic,
                unit=spec.speed_unit,
                min_trips=drawn.whole("min_trips", 1, MOST_TRIPS),
                bin_minutes=spec.bin_minutes,
                time_zone=spec.time_zone,
                driving_side=driving_side_of(spec.time_zone),
                limits=_limits_of(layer, drawn, statistic, spec.speed_unit),
                day=reference_day(spec),
                too_few=drawn.number("too_few") if "too_few" in drawn else FEW_OF_0_1,
            )
        except JsonFault as error:
            raise MapError(f"{error}. Make the map anew with 'Join links'.") from error
        except SpecError as error:
            raise MapError(f"{name} cannot be used: {error.message}.") from error
        return replace(options, **changes)


def _limits_of(layer: QgsVectorLayer, drawn: Entries, statistic: str, unit: str) -> tuple[float, ...]:
    """Return the class limits of a statistic: those in the file, or else from the whole day of its links.

    Files of 0.1.0 hold one list, which is that of the mean.
    """
    held = drawn.value("limits")
    by_statistic = drawn.part("limits") if isinstance(held, dict) else Entries({"mean": held}, drawn.name)
    if statistic in by_statistic:
        return tuple(by_statistic.array(statistic))
    if statistic not in statistics.drawn_keys():
        return ()
    least = drawn.whole("min_trips", 1, MOST_TRIPS)
    with reading(file_of(layer)) as database:
        found = database.execute(
            f"SELECT {statistic} FROM links WHERE n_trips >= ?",  # noqa: S608  # nosec B608
            (least,),
        )
        values = [value for (value,) in found if isinstance(value, float)]
    return tuple(class_limits(np.array(values), unit))


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


def file_of(layer: QgsVectorLayer) -> Path:
    """The GeoPackage that `layer` comes from; raises `UnknownLayer`, or `MapError` if it cannot be read."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path: Optional[str] = parts.get("path")
    if layer.providerType() != "ogr" or not path:
        raise UnknownLayer(_unknown(layer))
    file = Path(path)
    if not is_database(file):
        raise UnknownLayer(_unknown(layer))
    return file


def read_run_table(layer: QgsVectorLayer) -> dict[str, Any]:
    """Return the contents of the table `run`: `spec`, `manifest`, `match`, `drawn`.

    Raises `UnknownLayer` if Roadpulse did not write the file, `MapError` if it cannot be read.
    """
    path = file_of(layer)
    with reading(path) as database:
        columns = {row[1] for row in database.execute("PRAGMA table_info(run)")}
        if not {"key", "value"} <= columns:
            raise UnknownLayer(_unknown(layer))
        rows = database.execute("SELECT key, value FROM run LIMIT 100").fetchall()
    if not {"spec", "drawn"} <= {key for key, _ in rows}:
        raise UnknownLayer(_unknown(layer))
    values: dict[str, Any] = {}
    for key, value in rows:
        name = f"The entry {shown(key)} in the table 'run' of {path}"
        if not isinstance(key, str) or not isinstance(value, (str, bytes)):
            raise MapError(f"{name} is not a text. Make the map anew with 'Join links'.")
        try:
            values[key] = Entries.of(decode(value, name), name).values
        except JsonFault as error:
            raise MapError(f"{error}. Make the map anew with 'Join links'.") from error
    return values


def _unknown(layer: QgsVectorLayer) -> str:
    return (
        f"The layer {layer.name()} cannot be styled: it is not the table 'links' of a "
        "map file written by Roadpulse. Choose such a layer, or make one with 'Join links'."
    )
