"""What decides how the layer looks, and how to read it out of the GeoPackage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Optional

import numpy as np
from qgis.core import QgsProviderRegistry, QgsVectorLayer

from ..aggregation.json_text import decode
from ..aggregation.spec import RunSpec
from .breaks import DEFAULTS, WANTED, class_limits
from .columns import STATISTIC_NAMES, STATISTICS
from .driving_side import DRIVING_SIDES, driving_side_of
from .errors import MapError, UnknownLayer
from .map_file import is_database, reading

THEMES = ("light", "dark")

REFERENCE_DAY = date(2025, 1, 1)
"""Day on which bins are shown where the run has more than one date, or none: only the hour counts."""


@dataclass(frozen=True)
class StyleOptions:
    """How a layer of link speeds is drawn.

    `statistic` is a column of the overall statistics; the bins hold means, so anything but `mean` is
    drawn for the whole day and does not play. `limits` are the class limits in `unit`, ascending: those
    of the statistic, the same for all of its bins. `day` is the day that stands for all days when the
    layer plays.
    """

    statistic: str = "mean"
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

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("statistic", self.statistic, STATISTICS),
            ("theme", self.theme, THEMES),
            ("driving_side", self.driving_side, DRIVING_SIDES),
        ):
            if value not in choices:
                raise MapError(f"The style's {name} is {value!r}; choose one of {', '.join(choices)}.")
        if 1440 % self.bin_minutes:
            raise MapError(f"Bins of {self.bin_minutes} minutes do not cut a day into equal parts.")
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
        return f"{STATISTIC_NAMES[self.statistic]} ({self.unit})"

    @classmethod
    def from_run_table(cls, layer: QgsVectorLayer, **changes: Any) -> StyleOptions:
        """Options out of the GeoPackage that `layer` comes from; `changes` go over what the file says.

        Raises `UnknownLayer` where the file has no table `run`.
        """
        values = read_run_table(layer)
        spec = RunSpec.from_json(values["spec"])
        drawn = values["drawn"]
        statistic = changes.get("statistic", drawn["statistic"])
        options = cls(
            statistic=statistic,
            unit=spec.speed_unit,
            min_trips=drawn["min_trips"],
            bin_minutes=spec.bin_minutes,
            time_zone=spec.time_zone,
            driving_side=driving_side_of(spec.time_zone),
            limits=_limits_of(layer, drawn, statistic, spec.speed_unit),
            day=reference_day(spec),
        )
        return replace(options, **changes)


def _limits_of(layer: QgsVectorLayer, drawn: dict[str, Any], statistic: str, unit: str) -> tuple[float, ...]:
    """The class limits of a statistic: those in the file, or else from the whole day of its links.

    Files of 0.1.0 hold one list, which is that of the mean.
    """
    held = drawn["limits"]
    by_statistic = held if isinstance(held, dict) else {"mean": held}
    if statistic in by_statistic or statistic not in STATISTICS:
        return tuple(by_statistic.get(statistic, ()))
    with reading(file_of(layer)) as database:
        found = database.execute(
            "SELECT mean, std, p05, p15, p50, p85, p95 FROM links WHERE n_trips >= ?", (drawn["min_trips"],)
        )
        column = [name for name, *_ in found.description].index(statistic)
        values = [row[column] for row in found if isinstance(row[column], float)]
    return tuple(class_limits(np.array(values), unit))


def reference_day(spec: RunSpec) -> date:
    """The one day of the run, or the day that stands for several."""
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
    """What the table `run` holds: `spec`, `manifest`, `match`, `drawn`.

    Raises `UnknownLayer` where Roadpulse did not write the file, `MapError` where it cannot be read.
    """
    path = file_of(layer)
    with reading(path) as database:
        columns = {row[1] for row in database.execute("PRAGMA table_info(run)")}
        if not {"key", "value"} <= columns:
            raise UnknownLayer(_unknown(layer))
        rows = database.execute("SELECT key, value FROM run").fetchall()
    try:
        values = {key: decode(value, str(path)) for key, value in rows}
    except (TypeError, ValueError) as error:
        raise MapError(
            f"The table “run” of the map file {path} is damaged: {error}. Make the map again.", repr(error)
        ) from error
    if not {"spec", "drawn"} <= set(values):
        raise UnknownLayer(_unknown(layer))
    return values


def _unknown(layer: QgsVectorLayer) -> str:
    return (
        f"The layer {layer.name()} cannot be styled: it is not the table 'links' of a "
        "map file written by Roadpulse. Choose such a layer, or make one with 'Join links'."
    )
