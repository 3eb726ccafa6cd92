"""Time: which bin a frame shows, and what QGIS's own temporal controller needs to play the layer."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date
from typing import Optional

from qgis.core import Qgis, QgsDateTimeRange, QgsInterval, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QDateTime, Qt, QTime

from ...aggregation.contract.days import DATES, NAMED, WEEKDAY_NAMES
from ..packed import DIGITS
from ..timeline import BY_WEEKDAY, Timeline
from .options import StyleOptions

_BY_WEEKDAY = {kind: (sets[-1], *sets[:-1]) for kind, sets in BY_WEEKDAY.items()}
"""Number of the set of days of each weekday, from Sunday on as QGIS counts them."""


def value_expression(options: StyleOptions) -> str:
    """Expression for the value drawn: the bin's while the map has a time, else the whole period's.

    `options.too_few` stands for too few trips, but only while a map is drawn: when QGIS asks for values to
    make new classes there is no zoom level, and such links have no value, so that no classification takes
    them for slow ones. QGIS folds the zoom level into a constant once a map; the time it looks up for every
    link. The time goes through `to_time` and the like, the time on a clock, so that the time zone in QGIS
    does not matter.
    """
    few_value = f"{options.too_few:g}"
    if not options.plays:
        few = f'coalesce("n_trips", 0) < {options.min_trips} OR "{options.statistic}" IS NULL'
        value = f'"{options.statistic}"'
        return f"CASE WHEN NOT ({few}) THEN {value} WHEN @zoom_level IS NOT NULL THEN {few_value} END"
    packed, timeline = f'"{options.packed}"', options.timeline
    whole = f"substr({packed}, 1, {DIGITS})"
    value = f"substr({packed}, {_place_expression(timeline)}, {DIGITS})"
    asked = whole if timeline.is_divided else value
    if timeline.kind in (NAMED, DATES):  # there are days on which nothing plays
        value = f"CASE WHEN @map_start_time IS NULL THEN {whole} ELSE coalesce({value}, {few_value}) END"
    return (
        f"CASE WHEN @zoom_level IS NULL THEN nullif(to_real({asked}), {few_value}) "
        f"WHEN {packed} IS NULL THEN {few_value} ELSE {value} END"
    )


def _place_expression(timeline: Timeline) -> str:
    """Expression for where the bin of the map's time begins in a packed text.

    Without a time it is that of the whole period, and on a day on which nothing plays NULL.
    """
    # Without a time the whole period, as the bin -1; QGIS's `//` fails at NULL, so NULL must not reach it.
    minutes = "coalesce(minute(to_time(@map_start_time) - make_time(0, 0, 0)), -{0}) // {0}"
    in_day = f"{1 + DIGITS} + {DIGITS} * ({minutes.format(timeline.bin_minutes)})"
    if not timeline.is_divided:
        return in_day
    by_weekday = timeline.kind in _BY_WEEKDAY
    if timeline.bin_minutes == 60:  # one look at the time, in place of one for the day and one for the hour
        numbers = enumerate(_BY_WEEKDAY[timeline.kind] if by_weekday else range(len(timeline.days)))
        starts = ", ".join(
            f"'{WEEKDAY_NAMES[place - 1] if by_weekday else timeline.days[place]} {hour}', "
            f"{1 + DIGITS + DIGITS * (24 * number + hour)}"
            for place, number in numbers
            for hour in range(24)
        )
        key = "ddd H" if by_weekday else "yyyy-MM-dd H"
        found = f"map_get(map({starts}), format_date(@map_start_time, '{key}', 'en'))"
        return f"coalesce({found}, 1)" if by_weekday else found
    characters = DIGITS * timeline.n_bins
    if by_weekday:
        starts = ", ".join(str(number * characters) for number in _BY_WEEKDAY[timeline.kind])
        return f"{in_day} + coalesce(array_get(array({starts}), day_of_week(@map_start_time)), 0)"
    starts = ", ".join(f"'{day}', {number * characters}" for number, day in enumerate(timeline.days))
    return f"{in_day} + map_get(map({starts}), to_string(to_date(@map_start_time)))"


def bin_range(day: date, bin_number: int, bin_minutes: int) -> QgsDateTimeRange:
    """Return the half-open time of one bin: local to the run's zone, as the map and its clock show it.

    It is labelled UTC, as QGIS's own time widgets label what they hold, so that they show it unshifted.
    """
    start = _midnight(day).addSecs(bin_number * bin_minutes * 60)
    return QgsDateTimeRange(start, start.addSecs(bin_minutes * 60), True, False)


def frame_range(timeline: Timeline, number: int) -> QgsDateTimeRange:
    """Return the half-open time of a frame."""
    day, bin_number = timeline.place(number)
    return bin_range(day, bin_number, timeline.bin_minutes)


def frame_at(timeline: Timeline, time: QgsDateTimeRange) -> Optional[int]:
    """Return the frame that a map shows while it has a time; None without one, and where nothing plays."""
    begin = time.begin()
    if not begin.isValid():
        return None
    day, clock = begin.date(), begin.time()
    return timeline.number_at(date(day.year(), day.month(), day.day()), clock.hour() * 60 + clock.minute())


def whole_range(timeline: Timeline) -> QgsDateTimeRange:
    """Return the half-open time of all frames."""
    return QgsDateTimeRange(_midnight(timeline.first_day), _midnight(timeline.end_day), True, False)


def _midnight(day: date) -> QDateTime:
    return QDateTime(QDate(day.year, day.month, day.day), QTime(0, 0), Qt.TimeSpec.UTC)


def set_layer_time(layer: QgsVectorLayer, options: StyleOptions) -> None:
    """Let the layer be drawn anew for every frame, and give QGIS its days, also without a project.

    A layer with a fixed range would keep its first picture, and one that is only redrawn has no day for *Set
    to full range*. So its links have a beginning and an end, by expressions: those of the days when QGIS asks
    for the layer's extent in time, and all time while a map is drawn (there is a zoom level then, which QGIS
    folds into a constant), since the bins of a day play on any date.
    """
    timeline, properties = options.timeline, layer.temporalProperties()
    properties.setMode(Qgis.VectorTemporalMode.FeatureDateTimeStartAndEndFromExpressions)
    properties.setStartExpression(_moment_expression(timeline.first_day, MINYEAR))
    properties.setEndExpression(_moment_expression(timeline.end_day, MAXYEAR))
    properties.setFixedTemporalRange(whole_range(timeline))
    properties.setIsActive(options.plays)


def _moment_expression(day: date, year: int) -> str:
    """Expression for midnight of `day`, or while a map is drawn for the first of January of `year`."""
    midnight, always = (
        f"make_datetime({d.year}, {d.month}, {d.day}, 0, 0, 0)" for d in (day, date(year, 1, 1))
    )
    return f"CASE WHEN @zoom_level IS NULL THEN {midnight} ELSE {always} END"


def set_project_time(project: QgsProject, timeline: Timeline) -> None:
    """Give the project the run's days and bins, which the temporal controller takes when switched on."""
    settings, step = project.timeSettings(), bin_interval(timeline)
    settings.setTemporalRange(whole_range(timeline))
    settings.setTimeStep(step.originalDuration())
    settings.setTimeStepUnit(step.originalUnit())
    settings.setFramesPerSecond(2 if len(timeline) <= 48 else 8)


def bin_interval(timeline: Timeline) -> QgsInterval:
    """Return the length of a bin, in the unit in which QGIS's temporal controller shows it."""
    minutes = timeline.bin_minutes
    if minutes % 60 == 0:
        return QgsInterval(minutes / 60, Qgis.TemporalUnit.Hours)
    return QgsInterval(minutes, Qgis.TemporalUnit.Minutes)
