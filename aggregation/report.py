"""The manifest of a run: what was read, dropped, counted and written, with warnings."""

from __future__ import annotations

import configparser
import pkgutil
import platform
from dataclasses import dataclass
from datetime import date
from typing import Any, Optional

import duckdb
import msgspec
import numpy as np

from .contract.errors import FILE_REASONS
from .contract.spec import METRES_PER_SECOND, SCHEMA, RunSpec
from .contract.statistic import statistic
from .contract.tables import (
    INTEGER,
    LINK_IDS,
    LINK_SPEEDS,
    LINK_SPEEDS_BY_PERIOD,
    LINK_SPEEDS_BY_TIME,
    TEXT,
    tables_of,
)
from .contract.time_zones import data_version
from .run_folder import now
from .runners.memory import peak_memory
from .storage import TripFiles, printable
from .store.tally import Example, FileTally
from .summary.cells import Calendar
from .summary.counts import IMPLAUSIBLE, SLOW, SummaryReport
from .summary.statistics import PACES, SLOWEST, WINDOW, inputs_of
from .trips.advice import file_advice, sentence
from .trips.times import DAYS_TO_1970
from .trips.values import (
    POINT_REASONS,
    POSITION_REASONS,
    SMALL_EPOCH_UNITS,
    TIME_FAULTS,
    TRIM_REASONS,
    TRIP_FAULTS,
)

ESTIMATOR = "mean of points"
"""The estimator of `mean`: each point counts once, which at a constant interval is the space-mean speed."""

WARN_FROM = {"no_link": 0.2, "no_speed": 0.2, "no_time": 0.2, "negative_speed": 0.2, "speed_not_finite": 0.2,
             "no_position": 0.2, "no_step": 0.2}  # fmt: skip
"""Fraction of the points above which a fault causes a warning."""

FEWEST_JUDGED = 100
"""Number of points from which slow speeds are judged."""

WARN_FROM_ELSE = 0.01
"""The fraction for all other faults: values in a format that is not read."""


@dataclass(frozen=True)
class RunFacts:
    """Input of the manifest: `tally` is that of all files that count, including bad ones, `trips` the number
    of trips in them.

    `copies` are packed files beside their plain versions, which do not count.
    """

    spec: RunSpec
    files: TripFiles
    copies: TripFiles
    tally: FileTally
    trips: int
    summaries: list[SummaryReport]
    results: dict[str, Any]
    decoded: int
    timings: dict[str, float]
    workers: int
    runner: dict[str, Any]
    started: str
    earlier_store: str = ""


def manifest(run: RunFacts) -> dict[str, Any]:
    """Return the manifest of a run whose results are complete."""
    spec, files, tally, summaries = run.spec, run.files, run.tally, run.summaries
    faults, met = tally.faults, tally.examples
    counted = sum(summary.points for summary in summaries)
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "results": run.results,
        "speed_unit": spec.unit,
        "time_zone": spec.time_zone,
        "bin_minutes": spec.bin_minutes,
        LINK_IDS: TEXT if any(summary.text_links for summary in summaries) else INTEGER,
        "estimator": ESTIMATOR,
        **_statistics(spec, summaries),
        "dates": _dates(summaries),
        "files": {
            "named": len(files),
            "decoded": run.decoded,
            "reused": len(files) - run.decoded,
            "bad": tally.n_bad,
            "packed_copies": len(run.copies),
            **({"left_out": tally.left_out} if spec.trim.is_asked else {}),
            "bytes": files.bytes,
            "trips": run.trips,
        },
        "points": {
            "read": tally.points,
            "counted": counted,
            "dropped": tally.points - tally.counted,
            "reasons": {
                name: faults[name]
                for name in (*POINT_REASONS, *POSITION_REASONS, *TRIM_REASONS)
                if name in faults
            },
            "time_faults": {name: faults[name] for name in TIME_FAULTS if name in faults},
            "examples": {name: _example(met[name]) for name in (*POINT_REASONS, *TIME_FAULTS) if name in met},
            **({"without_trip": faults[TRIP_FAULTS[0]]} if TRIP_FAULTS[0] in faults else {}),
            "without_time": sum(summary.without_time for summary in summaries),
            "filtered": {
                "date": sum(summary.other_date for summary in summaries),
                "weekday": sum(summary.other_weekday for summary in summaries),
            },
            "implausible": sum(summary.implausible for summary in summaries),
        },
        "bad_files": [bad._asdict() for bad in tally.bad],
        "bad_files_total": tally.n_bad,
        "bad_files_by_reason": dict(sorted(tally.bad_by_reason.items())),
        "store_read": {
            "opened": sum(summary.opened for summary in summaries),
            "bytes": sum(summary.bytes_read for summary in summaries),
        },
        "timings": {name: round(seconds, 3) for name, seconds in run.timings.items()},
        "workers": run.workers,
        "runner": run.runner,
        "peak_memory_mb": max(peak_memory(), run.runner.get("worker_memory_mb") or 0.0),
        "software": software(),
        "started": run.started,
        "finished": now(),
    }
    values["warnings"] = _warnings(values, run, met)
    values["remarks"] = _remarks(values, run, met)
    return values


def _statistics(spec: RunSpec, summaries: list[SummaryReport]) -> dict[str, Any]:
    """Return what was computed: statistics with their estimators, days, periods, and rules that they need."""
    entries = [statistic(key) for key in spec.statistics]
    values: dict[str, Any] = {
        "statistics": list(spec.statistics),
        "estimators": {entry.key: entry.estimator for entry in entries if entry.estimator},
        "days": spec.days.to_json(),
        "periods": {period.name: period.to_json() for period in spec.periods},
        "holidays": [day.isoformat() for day in spec.holidays],
        "points_of": {table: {} for table in tables_of(spec) if table != LINK_SPEEDS},
    }
    for layer in Calendar(spec).layers:
        n_points = sum(summary.in_layers.get(layer.number, 0) for summary in summaries)
        values["points_of"][layer.table][layer.name] = n_points
    wanted = inputs_of(spec.statistics)
    if WINDOW in wanted:
        by_window = sum(summary.free_flow_by_window for summary in summaries)
        values["free_flow"] = {
            **spec.free_flow.to_json(), "definition": spec.free_flow.definition, "links_by_window": by_window,
        }  # fmt: skip
    if PACES in wanted:
        values["slow_trips"] = {"below_km_h": SLOWEST, "raised": sum(summary.raised for summary in summaries)}
    return values


def _example(example: Example) -> dict[str, Any]:
    values: dict[str, Any] = {"value": example.value, "file": example.path}
    return {**values, "line": example.line} if example.line else values


def _dates(summaries: list[SummaryReport]) -> dict[str, Optional[str]]:
    """Return the first and last local date of the points that count, ISO-8601; None if none has a time."""
    first = min((s.first_day for s in summaries if s.first_day is not None), default=None)
    last = max((s.last_day for s in summaries if s.last_day is not None), default=None)
    return {"first": _iso(first), "last": _iso(last)}


def _iso(day: Optional[int]) -> Optional[str]:
    return None if day is None else date.fromordinal(day + DAYS_TO_1970).isoformat()


def _warnings(values: dict[str, Any], run: RunFacts, met: dict[str, Example]) -> list[str]:
    """Return warnings for the person about the data, bad files first."""
    found = []
    files, points = values["files"], values["points"]
    if files["bad"]:
        reasons = "; ".join(
            f"{n:,}: {FILE_REASONS[reason]}" for reason, n in values["bad_files_by_reason"].items()
        )
        first = values["bad_files"][0]
        found.append(
            f"{files['bad']:,} of {files['named']:,} trip files could not be used ({reasons}). "
            f"The first is {first['path']}: {first['message']}. "
            + file_advice(first["reason"], first["message"])
        )
    if run.copies:
        found.append(_packed_copies(run.copies))
    found += _without_trip_id(run)
    for reason, n in (*points["reasons"].items(), *points["time_faults"].items()):
        if reason in TRIM_REASONS:
            continue
        share = n / max(points["read"], 1)
        if share > WARN_FROM.get(reason, WARN_FROM_ELSE):
            example = met.get(reason, Example())
            how_many = f"{share:.0%} of the points" if share >= 0.01 else f"{n:,} points"
            found.append(f"{how_many}: {sentence(reason, example.value, example.where, run.spec.mapping)}")
    if not points["read"]:
        found.append("The trip files hold no points, so the result is empty.")
    elif not points["counted"]:
        found.append("No point lies in the dates and weekdays asked for, so the result is empty.")
    elif doubt := _doubt_of_unit(run):
        found.append(doubt)
    if points["counted"]:
        found += _too_few_trips(run)
        found += _empty_sets(values)
    return found


def _doubt_of_unit(run: RunFacts) -> str:
    """Return a warning if the speeds are not those of roads in the unit declared, else nothing."""
    counted = sum(summary.points for summary in run.summaries)
    too_fast = sum(summary.implausible for summary in run.summaries)
    slow = sum(summary.slow for summary in run.summaries)
    unit, likely = run.spec.speed_unit, ""
    if too_fast > 0.01 * counted:
        how_many, than, limit, likely = too_fast, "faster", IMPLAUSIBLE, "km/h"
    elif slow > 0.99 * counted and counted >= FEWEST_JUDGED:
        how_many, than, limit, likely = slow, "slower", SLOW, "m/s"
    else:
        return ""
    fastest = max(summary.fastest for summary in run.summaries) / run.spec.unit_factor
    text = (
        f"{how_many / counted:.1%} of the points are {than} than "
        f"{limit / METRES_PER_SECOND[unit]:,.0f} {unit}, the fastest has {fastest:,.1f} {unit}. "
        f"Check the unit of the speeds, declared as {unit}"
    )
    if unit == likely:
        return f"{text}."
    taken = fastest * METRES_PER_SECOND[likely] / METRES_PER_SECOND[unit]
    return f"{text}: if it is {likely}, the fastest has {taken:,.1f} {unit}."


def _empty_sets(values: dict[str, Any]) -> list[str]:
    """Return warnings about sets of days that were named, and periods, in which no point lies."""
    what = {LINK_SPEEDS_BY_PERIOD: "period"}
    if isinstance(values["days"], dict):
        what[LINK_SPEEDS_BY_TIME] = "set of days"
    return [
        f"No point lies in the {kind} {name!r}. Check its weekdays, dates and times."
        for table, kind in what.items()
        for name, n_points in values["points_of"].get(table, {}).items()
        if not n_points
    ]


def _remarks(values: dict[str, Any], run: RunFacts, met: dict[str, Example]) -> list[str]:
    """Return sentences on what was done as asked, or judged by values."""
    found = [
        f"Times are {unit} since 1970, judged by their size, such as {met[unit].value} in {met[unit].path}."
        for unit in SMALL_EPOCH_UNITS
        if unit in met
    ]
    reasons, read = values["points"]["reasons"], max(values["points"]["read"], 1)
    if any(left_out := [reasons.get(name, 0) for name in TRIM_REASONS]):
        text = (
            f"{sum(left_out) / read:.1%} of the points were left out as asked: {left_out[0] / read:.1%} "
            f"standing, {left_out[1] / read:.1%} near the ends of trips."
        )
        if gone := values["files"].get("left_out"):
            text += f" Nothing is left of {gone:,} trip {'file' if gone == 1 else 'files'}."
        found.append(text)
    if run.spec.suppress_below > 1:
        found.append(
            f"Links and bins with fewer than {run.spec.suppress_below:,} trips are left out of all tables."
        )
    return [*found, run.earlier_store] if run.earlier_store else found


def _packed_copies(copies: TripFiles) -> str:
    """Return the warning about packed files that do not count, as their plain versions lie beside them."""
    example = printable(copies[0].path)
    if len(copies) == 1:
        which = f"The file {example} was left out: the same name without .gz lies beside it and counts."
    else:
        which = (
            f"{len(copies):,} packed files were left out, as the same name without .gz lies beside each and "
            f"counts. The first is {example}."
        )
    return f"{which} If they are different trips, rename one."


def _without_trip_id(run: RunFacts) -> list[str]:
    """Return a warning about points of files with many trips that name none, which count as one a file."""
    n = run.tally.faults.get(TRIP_FAULTS[0], 0)
    if not n:
        return []
    named = run.spec.mapping.trip_id
    first = run.tally.first_without_trip
    text = f"{n:,} points have no trip id, so those of a file count as one trip; the first file is {first}. "
    if named:
        return [f"{text}Check the field mapping, where trip_id is {named!r}."]
    return [f"{text}Name the field that tells trips apart (trip_id)."]


def _too_few_trips(run: RunFacts) -> list[str]:
    """Return a warning if no link has enough trips to be coloured."""
    fewest, most = run.spec.min_trips, max(summary.most_trips for summary in run.summaries)
    if most >= fewest:
        return []
    grey = f"no link has the {fewest:,} trips that a colour takes (min_trips), and the map is grey everywhere"
    if run.tally.one_trip:
        return [
            f"All points count as one trip, that of {run.tally.first_used}, so {grey}. Name the "
            "field that tells trips apart (trip_id), write each trip into a file of its own, or lower that "
            "number."
        ]
    return [f"The most trips that a link has are {most:,}, so {grey}. Lower that number, or add trips."]


def software() -> dict[str, str]:
    """Return names and versions of what computed a result, for the manifest."""
    return {
        "roadpulse": plugin_version(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "msgspec": msgspec.__version__,
        "numpy": np.__version__,
        "tzdata": data_version() or "unknown",
        "machine": f"{platform.system()} {platform.machine()}",
    }


def plugin_version() -> str:
    """Return the version that metadata.txt gives."""
    metadata = pkgutil.get_data(__name__.split(".", 1)[0], "metadata.txt") or b""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(metadata.decode("utf-8"))
    return parser.get("general", "version", fallback="unknown")
