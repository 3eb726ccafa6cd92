"""The sidecar of a run's result tables: a Data Package of Frictionless (version 1), with a Table Schema each.

`results/datapackage.json` describes every CSV beside it: columns with types, units, descriptions and
constraints, out of the registry of statistics; and the run: its specification without places of storage,
sources, counts, dates and versions. It holds nothing that differs between two runs with the same result.
See https://specs.frictionlessdata.io/data-package/ and https://specs.frictionlessdata.io/table-schema/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import statistic, tables
from .days import DATES
from .spec import RunSpec

FILE_NAME = "datapackage.json"
"""Name of the file, in `results`."""

ENTRY = "data_package"
"""Entry of the manifest with the file's path, bytes and SHA-256."""

TITLES = {
    tables.LINK_SPEEDS: "Speeds of each road link",
    tables.LINK_SPEEDS_BY_TIME: "Speeds of each road link in each bin of the day",
    tables.LINK_SPEEDS_BY_PERIOD: "Speeds of each road link in each named period",
}
_VERSIONS = ("roadpulse", "tzdata")
"""Software that a result depends on, of that in the manifest."""

_FILES = ("named", "bad", "packed_copies", "bytes")
_POINTS = ("read", "counted", "dropped", "reasons", "time_faults", "without_time", "filtered", "implausible")


def data_package(spec: RunSpec, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Data Package of a run, from its specification and manifest."""
    values = spec.to_json()
    for place in ("store", "s3"):
        values.pop(place, None)
    dates = manifest["dates"]
    return {
        "profile": "tabular-data-package",
        "name": "link-speeds",
        "title": "Speeds of road links",
        "description": (
            f"Statistics of GPS trips by road link. Speeds are in {spec.unit}; hours, dates and "
            f"weekdays are those of {spec.time_zone}; a day has {spec.n_bins:,} bins of "
            f"{spec.bin_minutes:,} minutes. An empty value is one that too few data have. No licence is "
            "stated: add `licenses` before you hand the tables on."
        ),
        "sources": [{"title": spec.trips}],
        "time_zone": spec.time_zone,
        "speed_unit": spec.unit,
        "bin_minutes": spec.bin_minutes,
        "temporal": {"first": dates["first"], "last": dates["last"]},
        "counts": {
            "files": {name: manifest["files"][name] for name in _FILES if name in manifest["files"]},
            "points": {name: manifest["points"][name] for name in _POINTS if name in manifest["points"]},
        },
        "software": {name: manifest["software"][name] for name in _VERSIONS if name in manifest["software"]},
        "specification": values,
        "resources": [
            _resource(table, part, spec, tables.has_text_ids(manifest))
            for table in tables.tables_of(spec)
            for part in manifest["results"][table]["parts"]
        ],
    }


def content(spec: RunSpec, manifest: Mapping[str, Any]) -> bytes:
    """Return the text of `datapackage.json`, in UTF-8; what UTF-8 cannot hold is written as JSON escapes."""
    text = json.dumps(data_package(spec, manifest), ensure_ascii=False, indent=1)
    return f"{text}\n".encode("utf-8", "backslashreplace")


def table_schema(table: str, spec: RunSpec, text_ids: bool = False) -> dict[str, Any]:
    """Return the Table Schema of a result table; with `text_ids` link ids are texts."""
    keys = tables.key_columns(table, spec)
    return {
        "fields": [
            *(_key_field(key, spec, text_ids) for key in keys),
            *(_field(statistic.statistic(key), spec) for key in tables.statistics_of(table, spec)),
        ],
        "primaryKey": list(keys),
        "missingValues": [""],
    }


def _resource(table: str, part: Mapping[str, Any], spec: RunSpec, text_ids: bool) -> dict[str, Any]:
    """Return the resource of one CSV; its path is relative to the sidecar."""
    file = part["path"].rsplit("/", 1)[-1]
    return {
        "profile": "tabular-data-resource",
        "name": file[: -len(".csv")],
        "title": TITLES[table],
        "path": file,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "header": True},
        "bytes": part["bytes"],
        "hash": f"sha256:{part['sha256']}",
        "rows": part["rows"],
        "schema": table_schema(table, spec, text_ids),
    }


def _key_field(key: str, spec: RunSpec, text_ids: bool) -> dict[str, Any]:
    field: dict[str, Any] = {"name": key, "type": "string"}
    constraints: dict[str, Any] = {"required": True}
    if key == tables.LINK_ID:
        kind = "string" if text_ids else "integer"
        field |= {"type": kind, "title": "Link", "description": "id of the directed road segment"}
    elif key == tables.BIN:
        field |= {
            "title": "Bin of the day",
            "description": f"start of {spec.bin_minutes:,} minutes, local to {spec.time_zone}",
        }
        constraints["enum"] = spec.bin_names
    elif key == tables.PERIOD:
        field |= {"title": "Period", "description": _periods_text(spec)}
        constraints["enum"] = [period.name for period in spec.periods]
    elif spec.days.kind == DATES:
        field |= {"type": "date", "title": "Date", "description": f"date, local to {spec.time_zone}"}
    else:
        field |= {
            "title": "Days",
            "description": "set of days that the values are of; a holiday counts as a Sunday",
        }
        constraints["enum"] = [one.name for one in spec.days.fixed_sets]
    return {**field, "constraints": constraints}


def _periods_text(spec: RunSpec) -> str:
    described = "; ".join(
        f"{period.name}: {json.dumps(period.to_json(), ensure_ascii=False)}" for period in spec.periods
    )
    return f"named part of the week that the values are of ({described})"


def _field(entry: statistic.Statistic, spec: RunSpec) -> dict[str, Any]:
    definition = entry.definition
    if entry.key == "free_flow":
        definition = f"speed without traffic, one value a link: {spec.free_flow.definition}"
    field: dict[str, Any] = {
        "name": entry.key,
        "type": "integer" if entry.is_whole else "number",
        "title": entry.label,
        "description": definition,
    }
    unit = entry.unit_text(spec.unit)
    if unit:
        field["unit"] = unit
    if entry.estimator:
        field["estimator"] = entry.estimator
    constraints: dict[str, Any] = {"minimum": 0}
    if entry.is_whole:
        constraints["required"] = True
    if entry.key == "n_points":
        constraints["minimum"] = 1
    elif entry.key == "n_trips":
        constraints["minimum"] = max(1, spec.suppress_below)
    elif entry.unit == statistic.SHARE and not entry.derived_from:
        constraints["maximum"] = 1
    if entry.key == "bti":
        del constraints["minimum"]
    return {**field, "constraints": constraints}
