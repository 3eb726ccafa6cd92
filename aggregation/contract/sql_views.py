"""The data dictionary of a run's views in SQL: their columns, with type, unit and meaning.

The tables of results have the columns of the registry of statistics (see tables).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from . import statistic, tables
from .data_package import TITLES, table_schema
from .spec import RunSpec

TRIPS, POINTS, TRAVERSALS, LINKS = "trips", "points", "traversals", "links"


class ViewColumn(NamedTuple):
    """A column of a view: its name, its type in DuckDB, and what it holds."""

    name: str
    kind: str
    meaning: str


class View(NamedTuple):
    """A view: its name, what a row is, and its columns."""

    name: str
    row: str
    columns: Sequence[ViewColumn]


def views_of(spec: RunSpec, text_ids: bool = False) -> list[View]:
    """Return the views of a run; with `text_ids` link ids are texts."""
    link = ViewColumn("link_id", "VARCHAR" if text_ids else "BIGINT", "id of the directed road segment")
    trip = ViewColumn("trip", "INTEGER", "number of the trip in `trips`, in this run")
    speed, zone = spec.unit, spec.time_zone
    own = [
        View(TRIPS, "A trip that the run counts", (
            trip,
            ViewColumn("trip_id", "VARCHAR", "id in the trip files; empty if they name none"),
            ViewColumn("path", "VARCHAR", "its file, the first by name if several hold parts of it"),
            ViewColumn("vehicle", "VARCHAR", "id of the vehicle; empty if the field mapping names none"),
            ViewColumn("points", "BIGINT", "points with a link and a speed, of all dates"),
            ViewColumn("first_time", "TIMESTAMPTZ", "time of the first point with one"),
            ViewColumn("last_time", "TIMESTAMPTZ", "time of the last point with one"),
        )),
        View(POINTS, "A point that the run counts", (
            link,
            ViewColumn("time", "TIMESTAMPTZ", "instant; NULL if the point has no usable time"),
            ViewColumn("local_time", "TIMESTAMP", f"the same on the clock of {zone}"),
            ViewColumn("bin", "VARCHAR", f"start of its {spec.bin_minutes:,} minutes of the day, as HH:MM"),
            ViewColumn("speed", "DOUBLE", f"speed in {speed}"),
            trip,
        )),
        View(TRAVERSALS, "A stretch of consecutive points of one trip on one link", (
            link,
            ViewColumn("entry", "TIMESTAMPTZ", "time of its first point with one"),
            ViewColumn("exit", "TIMESTAMPTZ", "time of its last point with one"),
            ViewColumn("local_entry", "TIMESTAMP", f"entry on the clock of {zone}"),
            ViewColumn("points", "INTEGER", "number of its points"),
            ViewColumn("mean", "DOUBLE", f"mean speed of its points in {speed}"),
            ViewColumn("min", "DOUBLE", f"lowest speed of its points in {speed}"),
            ViewColumn("seconds", "DOUBLE", "how long the points last, in s"),
            ViewColumn("metres", "DOUBLE", "speed by time over its points, in m"),
            ViewColumn("brakes", "INTEGER", "decelerations beyond 3 m/s² between consecutive points"),
            ViewColumn("seq", "INTEGER", "its place in the trip, from 0"),
            trip,
        )),
        View(LINKS, "A link with a result", (
            link,
            ViewColumn("key", "BIGINT", "its number in the point store: itself, or the key of a text"),
        )),
    ]  # fmt: skip
    return [*own, *(_of_results(table, spec, text_ids) for table in tables.tables_of(spec))]


def _of_results(table: str, spec: RunSpec, text_ids: bool) -> View:
    fields = table_schema(table, spec, text_ids)["fields"]
    columns = []
    for field in fields:
        key = field["name"]
        kind = {"integer": "BIGINT", "number": "DOUBLE", "date": "DATE"}.get(field["type"], "VARCHAR")
        title = statistic.statistic(key).title(spec.unit) if statistic.is_statistic(key) else field["title"]
        columns.append(ViewColumn(key, kind, f"{title}: {field['description']}"))
    return View(
        table, TITLES[table].replace("Speeds of each", "Statistics of a").replace(" each ", " a "), columns
    )


def dictionary_text(views: Sequence[View]) -> str:
    """Return the data dictionary as text in Markdown."""
    lines = []
    for view in views:
        lines += [f"## {view.name}", "", f"{view.row}.", "", "| column | type | what |", "|---|---|---|"]
        lines += [f"| `{name}` | `{kind}` | {meaning} |" for name, kind, meaning in view.columns]
        lines.append("")
    return "\n".join(lines)
