"""Validation of a decoded manifest: the entries that its readers rely on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from . import data_package, tables
from .days import Days, periods_from_json
from .errors import SpecError
from .json_text import Entries, JsonFault
from .spec import METRES_PER_SECOND, SCHEMA

_FILES = ("named", "decoded", "bad", "bytes")
_FILES_OPTIONAL = ("packed_copies", "left_out", "trips")
_POINTS = ("read", "counted", "dropped")
_POINTS_OPTIONAL = ("without_time", "without_trip", "implausible")
_TEXTS = ("time_zone", "estimator")


class OtherVersion(JsonFault):
    """A manifest of another schema version, `schema`, written by another version of Roadpulse."""

    def __init__(self, name: str, schema: object) -> None:
        super().__init__(name, "it is of another version of Roadpulse")
        self.schema = schema


def check_manifest(values: object, name: str) -> dict[str, Any]:
    """Check the types of all entries that are read later; return the manifest of the file `name`.

    Raises `OtherVersion`, or `JsonFault` that names the entry.
    """
    entries = Entries.of(values, name)
    schema = entries.value("schema")
    if isinstance(schema, bool) or schema != SCHEMA:
        raise OtherVersion(name, schema)
    for table in entries.part("results"):
        _check_table(entries.part("results").part(table))
    if data_package.ENTRY in entries:
        _check_file(entries.part(data_package.ENTRY))
    if entries.text("speed_unit") not in METRES_PER_SECOND:
        raise entries.fault("speed_unit", f"not one of {', '.join(METRES_PER_SECOND)}")
    for entry in _TEXTS:
        entries.text(entry)
    entries.whole("bin_minutes", 1, 1440)
    _check_link_ids(entries)
    _check_statistics(entries)
    for entry in _FILES:
        entries.part("files").whole(entry)
    for entry in _FILES_OPTIONAL:
        if entry in entries.part("files"):
            entries.part("files").whole(entry)
    _check_points(entries.part("points"))
    for file in entries.parts("bad_files"):
        for entry in ("path", "message"):
            file.text(entry)
    entries.whole("bad_files_total")
    entries.texts("warnings")
    if "remarks" in entries:
        entries.texts("remarks")
    timings = entries.part("timings")
    for entry in timings:
        timings.number(entry, 0)
    _check_dates(entries.part("dates"))
    entries.part("runner")
    return dict(entries.values)


def n_trips(manifest: Mapping[str, Any]) -> int:
    """Return the number of trips of a run; an earlier Roadpulse, which read one a file, counted files."""
    files = manifest["files"]
    return int(files.get("trips", files["named"] - files["bad"]))


def fingerprint(manifest: Mapping[str, Any]) -> str:
    """Return the fingerprint of a run, in its folder and in its map: a digest of all of its manifest."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _check_link_ids(entries: Entries) -> None:
    if tables.LINK_IDS in entries and entries.text(tables.LINK_IDS) not in (tables.INTEGER, tables.TEXT):
        raise entries.fault(tables.LINK_IDS, f"neither {tables.INTEGER} nor {tables.TEXT}")


def _check_table(table: Entries) -> None:
    table.texts("columns")
    table.whole("rows")
    for part in table.parts("parts"):
        part.whole("rows")
        _check_file(part)


def _check_file(file: Entries) -> None:
    file.text("path")
    file.whole("bytes")
    file.text("sha256")


def _check_statistics(entries: Entries) -> None:
    """Check what the run computed; a manifest of an earlier Roadpulse has none of these entries."""
    if "statistics" in entries:
        entries.texts("statistics")
    for entry in ("estimators", "periods"):
        if entry in entries:
            entries.part(entry)
    for entry in entries.part("estimators") if "estimators" in entries else ():
        entries.part("estimators").text(entry)
    readers = {"days": Days.from_json, "periods": periods_from_json}
    for entry, read in readers.items():
        if entry in entries:
            try:
                read(entries.value(entry))
            except SpecError as error:
                raise entries.fault(entry, "not what a specification holds") from error
    if "holidays" in entries:
        entries.texts("holidays")
    if "free_flow" in entries:
        entries.part("free_flow").text("definition")
        entries.part("free_flow").whole("links_by_window")
    if "slow_trips" in entries:
        entries.part("slow_trips").number("below_km_h", 0)
        entries.part("slow_trips").whole("raised")
    for table in entries.part("points_of") if "points_of" in entries else ():
        for name in entries.part("points_of").part(table):
            entries.part("points_of").part(table).whole(name)


def _check_points(points: Entries) -> None:
    for entry in _POINTS:
        points.whole(entry)
    for entry in _POINTS_OPTIONAL:
        if entry in points:
            points.whole(entry)
    for group in ("reasons", "filtered"):
        for entry in points.part(group):
            points.part(group).whole(entry)


def _check_dates(dates: Entries) -> None:
    for entry in ("first", "last"):
        if dates.value(entry) is None:
            continue
        try:
            date.fromisoformat(dates.text(entry))
        except JsonFault:
            raise
        except ValueError as error:
            raise dates.fault(entry, "not a date such as 2025-06-10") from error
