"""Time: which bin a frame shows, and what QGIS's own temporal controller needs to play the layer."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date, timedelta

from qgis.core import Qgis, QgsDateTimeRange, QgsInterval, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from ..packed import DIGITS, PACKED_FIELD
from .options import StyleOptions


def value_expression(options: StyleOptions) -> str:
    """Expression for the value drawn: the bin's while the map has a time, else the whole day's.

    `options.too_few` stands for too few trips, but only while a map is drawn: when QGIS asks for values to
    make new classes there is no zoom level, and such links have no value, so that no classification takes
    them for slow ones. QGIS folds the zoom level into a constant once a map; the time it looks up for every
    link. The time goes through `to_time`, the time on a clock, so that the time zone in QGIS does not matter.
    """
    few_value = f"{options.too_few:g}"
    if not options.plays:
        few = f'coalesce("n_trips", 0) < {options.min_trips}'
        value = f'"{options.statistic}"'
        return f"CASE WHEN NOT ({few}) THEN {value} WHEN @zoom_level IS NOT NULL THEN {few_value} END"
    # Without a time the whole day, as the bin -1; QGIS's `//` fails at NULL, so NULL must not reach it.
    minutes = f"coalesce(minute(to_time(@map_start_time) - make_time(0, 0, 0)), -{options.bin_minutes})"
    place = f"{1 + DIGITS} + {DIGITS} * ({minutes} // {options.bin_minutes})"
    bin_value = f'substr("{PACKED_FIELD}", {place}, {DIGITS})'
    return (
        f"CASE WHEN @zoom_level IS NULL THEN nullif(to_real({bin_value}), {few_value}) "
        f'WHEN "{PACKED_FIELD}" IS NULL THEN {few_value} ELSE {bin_value} END'
    )


def bin_range(day: date, bin_number: int, bin_minutes: int) -> QgsDateTimeRange:
    """Return the half-open time of one bin: local to the run's zone, as the map and its clock show it.

    It is labelled UTC, as QGIS's own time widgets label what they hold, so that they show it unshifted.
    """
    start = QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0), Qt.TimeSpec.UTC).addSecs(
        bin_number * bin_minutes * 60
    )
    return QgsDateTimeRange(start, start.addSecs(bin_minutes * 60), True, False)


def day_range(day: date) -> QgsDateTimeRange:
    """Return the half-open day."""
    start = QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0), Qt.TimeSpec.UTC)
    return QgsDateTimeRange(start, start.addDays(1), True, False)


def set_layer_time(layer: QgsVectorLayer, options: StyleOptions) -> None:
    """Let the layer be drawn anew for every frame, and give QGIS the day that it has, also without a project.

    A layer with a fixed range would keep its first picture, and one that is only redrawn has no day for *Set
    to full range*. So its links have a beginning and an end, by expressions: those of the day when QGIS asks
    for the layer's extent in time, and all time while a map is drawn (there is a zoom level then, which QGIS
    folds into a constant), since the bins play on any date.
    """
    properties = layer.temporalProperties()
    properties.setMode(Qgis.VectorTemporalMode.FeatureDateTimeStartAndEndFromExpressions)
    properties.setStartExpression(_moment_expression(options.day, MINYEAR))
    properties.setEndExpression(_moment_expression(options.day + timedelta(days=1), MAXYEAR))
    properties.setFixedTemporalRange(day_range(options.day))
    properties.setIsActive(options.plays)


def _moment_expression(day: date, year: int) -> str:
    """Expression for midnight of `day`, or while a map is drawn for the first of January of `year`."""
    midnight, always = (
        f"make_datetime({d.year}, {d.month}, {d.day}, 0, 0, 0)" for d in (day, date(year, 1, 1))
    )
    return f"CASE WHEN @zoom_level IS NULL THEN {midnight} ELSE {always} END"


def set_project_time(project: QgsProject, options: StyleOptions) -> None:
    """Give the project the run's day and bins, which the temporal controller takes when it is switched on."""
    settings = project.timeSettings()
    settings.setTemporalRange(day_range(options.day))
    hours = options.bin_minutes % 60 == 0
    settings.setTimeStep(options.bin_minutes / 60 if hours else options.bin_minutes)
    settings.setTimeStepUnit(Qgis.TemporalUnit.Hours if hours else Qgis.TemporalUnit.Minutes)
    settings.setFramesPerSecond(2 if options.n_bins <= 48 else 8)


def bin_interval(options: StyleOptions) -> QgsInterval:
    """Return length of a bin."""
    return QgsInterval(options.bin_minutes * 60)
