"""The columns of the table `links`: names, types, and what they are called for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..aggregation.contract import statistic
from ..aggregation.contract.days import DATES, WEEKDAY_NAMES, WEEKDAYS
from ..aggregation.contract.spec import RunSpec
from ..aggregation.contract.tables import BIN, DAYS, LINK_ID, is_whole
from . import statistic_words
from .language import clock, number_text, tr, weekdays
from .packed import packed_field

WIDTH_FIELD = "width_mm"
"""Width of the drawn line at 1:12,000."""

LABEL_FIELD = "label"
"""The street's name on the links that are to carry it on the map."""

LABEL_ZOOM_FIELD = "label_zoom"
"""QGIS's zoom level (`@vector_tile_zoom`) from which on the name is shown."""


_FREE_FLOW = "free_flow"


@dataclass(frozen=True)
class Column:
    """One column: its name, its type in SQL and its alias."""

    name: str
    sql_type: str
    alias: str


def link_columns(
    spec: RunSpec,
    playing: Sequence[str],
    with_names: bool,
    with_classes: bool,
    unit: str = "",
    text_ids: bool = False,
) -> list[Column]:
    """Every column after the geometry, in the order of the table; `playing` are keys of statistics.

    With `text_ids` link ids are texts.

    What a frame of the animation reads stands first, so that SQLite need not walk over the rest to get at it.
    """
    unit = unit or spec.unit
    columns = [Column("link_id", column_type(LINK_ID, text_ids), tr("Link"))]
    if with_names:
        columns.append(Column("name", "TEXT", tr("Street")))
        columns.append(Column(LABEL_FIELD, "TEXT", tr("Street as labelled")))
        columns.append(Column(LABEL_ZOOM_FIELD, "REAL", tr("Zoom level from which on the name is shown")))
    if with_classes:
        columns.append(Column("road_class", "TEXT", tr("Road class")))
    width = tr("Width of the line at 1:{scale} (mm)").format(scale=number_text(12_000))
    columns.append(Column(WIDTH_FIELD, "REAL", width))
    packed = [
        Column(
            packed_field(key),
            "TEXT",
            tr("{meaning}, packed").format(meaning=meaning(key, spec, unit, by_bin=True)),
        )
        for key in playing
    ]
    whole = [Column(key, column_type(key), meaning(key, spec, unit)) for key in spec.statistics]
    return [*columns, *packed[:1], *whole, *packed[1:]]


def unmatched_columns(drawn: str) -> tuple[str, ...]:
    """Return the columns of the table `unmatched` of a map coloured by the statistic `drawn` at first."""
    return (LINK_ID, *statistic.ALWAYS, drawn)


def meaning(key: str, spec: RunSpec, unit: str, by_bin: bool = False) -> str:
    """Return what a number is: statistic, unit, estimator, days and zone, and for some the free-flow rule."""
    entry = statistic.statistic(key)
    parts = [statistic_words.alias(entry, unit), days_of(spec)]
    if by_bin:
        parts.append(_bins_of(spec))
    parts.append(spec.time_zone)
    if rule := free_flow_rule(key, spec):
        parts.append(tr("free flow: {rule}").format(rule=rule))
    return tr(", ").join(parts)


def free_flow_rule(key: str, spec: RunSpec) -> str:
    """Return the rule of the free-flow speed if a statistic depends on it; empty if not."""
    of_it = key == _FREE_FLOW or _FREE_FLOW in statistic.statistic(key).derived_from
    if not of_it:
        return ""
    rule = spec.free_flow
    return tr("{percentile} {begin}–{end}, of at least {points}, else of all").format(
        percentile=statistic_words.estimator(statistic.statistic(f"p{rule.percentile:02d}")),
        begin=clock(rule.start),
        end=clock(rule.end),
        points=number_text(rule.min_points),
    )


def days_of(spec: RunSpec) -> str:
    """Return the days of a run in words: `all days`, `Mon–Fri`."""
    words = tr("all days") if len(spec.weekdays) == len(WEEKDAY_NAMES) else weekdays(spec.weekdays)
    return tr("{days} with holidays as Sundays").format(days=words) if spec.holidays else words


def _bins_of(spec: RunSpec) -> str:
    """Return what a bin is: `by 60 min`, `by 60 min of Term`, `by 60 min and weekday`."""
    minutes = number_text(spec.bin_minutes)
    if spec.days.is_divided:
        kind = kind_of_sets(spec.days.kind)
        return tr("by {minutes} min and {set}").format(minutes=minutes, set=kind)
    if spec.days.sets:
        return tr("by {minutes} min of {set}").format(minutes=minutes, set=spec.days.sets[0].name)
    return tr("by {minutes} min").format(minutes=minutes)


def kind_of_sets(division: str) -> str:
    """Return what each set of a division into several is: `weekday`, `date` or `set of days`."""
    return {WEEKDAYS: tr("weekday"), DATES: tr("date")}.get(division, tr("set of days"))


def column_type(name: str, text_ids: bool = False) -> str:
    """Return the type in SQL of a column of the result tables; with `text_ids` link ids are texts."""
    if name in (BIN, DAYS) or (name == LINK_ID and text_ids):
        return "TEXT"
    return "INTEGER" if is_whole(name) else "REAL"
