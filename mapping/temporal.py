"""Time: which bin a frame shows, and the settings with which QGIS's own temporal controller plays the layer."""

from __future__ import annotations

from datetime import date

from qgis.core import Qgis, QgsDateTimeRange, QgsInterval, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QDateTime, QTime

from .packed import OFFSET, PACKED_FIELD
from .style_options import StyleOptions


def bin_index(bin_minutes: int) -> str:
    """Expression for the place in the packed column: 1 is the whole day, 2 the first bin.

    The time goes through `to_time`: what a clock shows, whatever time zone QGIS holds it in.
    """
    minutes = "minute(to_time(@map_start_time) - make_time(0, 0, 0))"
    return f"coalesce(2 + {minutes} // {bin_minutes}, 1)"


def value_expression(options: StyleOptions) -> str:
    """Expression for the value drawn: the bin's while the map has a time, else the whole day's.

    Below 0 means too few trips, but only while a map is drawn: where QGIS asks for values to make new
    classes from, there is no zoom level, and such links have no value, so that no classification ever
    takes them for slow ones.
    """
    if options.statistic != "mean":
        few = f'coalesce("n_trips", 0) < {options.min_trips}'
        drawn, plain = f'CASE WHEN {few} THEN -1 ELSE "{options.statistic}" END', f'"{options.statistic}"'
        return f"CASE WHEN @zoom_level IS NOT NULL THEN {drawn} WHEN NOT {few} THEN {plain} END"
    decoded = '(ascii(substr("{field}", {place}, 1)) - {offset}) / {scale}'.format
    drawn = decoded(
        field=PACKED_FIELD, place=bin_index(options.bin_minutes), offset=OFFSET, scale=f"{options.scale:.1f}"
    )
    day = decoded(field=PACKED_FIELD, place=1, offset=OFFSET, scale=f"{options.scale:.1f}")
    return f"CASE WHEN @zoom_level IS NOT NULL THEN {drawn} ELSE nullif({day}, {few_value(options)}) END"


def few_value(options: StyleOptions) -> float:
    """What the expression gives for too few trips."""
    from .packed import TOO_FEW

    return (TOO_FEW - OFFSET) / options.scale


def bin_range(day: date, bin_number: int, bin_minutes: int) -> QgsDateTimeRange:
    """The half-open time of one bin: naive, local to the run's zone, as the map and its clock show it."""
    start = QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0)).addSecs(bin_number * bin_minutes * 60)
    return QgsDateTimeRange(start, start.addSecs(bin_minutes * 60), True, False)


def day_range(day: date) -> QgsDateTimeRange:
    """The half-open day."""
    start = QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0))
    return QgsDateTimeRange(start, start.addDays(1), True, False)


def set_layer_time(layer: QgsVectorLayer, options: StyleOptions) -> None:
    """Let the layer be drawn anew for every frame; a layer with a fixed range would keep its first picture."""
    properties = layer.temporalProperties()
    properties.setMode(Qgis.VectorTemporalMode.RedrawLayerOnly)
    properties.setFixedTemporalRange(day_range(options.day))
    properties.setIsActive(options.statistic == "mean")


def set_project_time(project: QgsProject, options: StyleOptions) -> None:
    """Give the project the run's day and bins, which the temporal controller takes when it is switched on."""
    settings = project.timeSettings()
    settings.setTemporalRange(day_range(options.day))
    hours = options.bin_minutes % 60 == 0
    settings.setTimeStep(options.bin_minutes / 60 if hours else options.bin_minutes)
    settings.setTimeStepUnit(Qgis.TemporalUnit.Hours if hours else Qgis.TemporalUnit.Minutes)
    settings.setFramesPerSecond(2 if options.n_bins <= 48 else 8)


def bin_interval(options: StyleOptions) -> QgsInterval:
    """Length of a bin."""
    return QgsInterval(options.bin_minutes * 60)
