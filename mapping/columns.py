"""The columns of the table `links`: names, types, and what they are called for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..aggregation.contract import statistic
from ..aggregation.contract.days import DATES, WEEKDAY_NAMES, WEEKDAYS
from ..aggregation.contract.spec import RunSpec
from ..aggregation.contract.tables import BIN, DAYS, LINK_ID, is_whole
from .packed import packed_field

WIDTH_FIELD = "width_mm"
"""Width of the drawn line at 1:12,000."""

LABEL_FIELD = "label"
"""The street's name on the links that are to carry it on the map."""


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
    columns = [Column("link_id", column_type(LINK_ID, text_ids), "Link")]
    if with_names:
        columns.append(Column("name", "TEXT", "Street"))
        columns.append(Column(LABEL_FIELD, "TEXT", "Street as labelled"))
    if with_classes:
        columns.append(Column("road_class", "TEXT", "Road class"))
    columns.append(Column(WIDTH_FIELD, "REAL", "Width of the line at 1:12,000 (mm)"))
    packed = [
        Column(packed_field(key), "TEXT", f"{meaning(key, spec, unit, by_bin=True)}, packed")
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
    parts = [entry.alias(unit), days_of(spec)]
    if by_bin:
        parts.append(f"by {spec.bin_minutes} min" + _sets_of(spec))
    parts.append(spec.time_zone)
    if rule := free_flow_rule(key, spec):
        parts.append(f"free flow: {rule}")
    return ", ".join(parts)


def free_flow_rule(key: str, spec: RunSpec) -> str:
    """Return the rule of the free-flow speed if a statistic depends on it; empty if not."""
    of_it = key == _FREE_FLOW or _FREE_FLOW in statistic.statistic(key).derived_from
    return spec.free_flow.definition if of_it else ""


def days_of(spec: RunSpec) -> str:
    """Return the days of a run in words: `all days`, `Mon–Fri`."""
    words = "all days" if len(spec.weekdays) == len(WEEKDAY_NAMES) else _ranges(spec.weekdays)
    return f"{words} with holidays as Sundays" if spec.holidays else words


def _sets_of(spec: RunSpec) -> str:
    if not spec.days.is_divided:
        return "".join(f" of {one.name}" for one in spec.days.sets)
    return f" and {kind_of_sets(spec.days.kind)}"


def kind_of_sets(division: str) -> str:
    """Return what each set of a division into several is: `weekday`, `date` or `set of days`."""
    return {WEEKDAYS: "weekday", DATES: "date"}.get(division, "set of days")


def _ranges(weekdays: Sequence[int]) -> str:
    """Return ISO weekdays as `Mon–Fri, Sun`."""
    runs: list[list[int]] = []
    for day in weekdays:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [[WEEKDAY_NAMES[day - 1] for day in (run[0], run[-1])][: len(run)] for run in runs]
    return ", ".join("–".join(pair) for pair in names)


def column_type(name: str, text_ids: bool = False) -> str:
    """Return the type in SQL of a column of the result tables; with `text_ids` link ids are texts."""
    if name in (BIN, DAYS) or (name == LINK_ID and text_ids):
        return "TEXT"
    return "INTEGER" if is_whole(name) else "REAL"
