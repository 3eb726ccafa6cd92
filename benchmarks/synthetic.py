"""A city of any number of links with speeds for every bin, made from nothing, for measuring maps alone."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pandas as pd

from roadpulse.aggregation.contract.days import WEEKDAYS, Days
from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry

SPEC = RunSpec(trips="trips", store="store", speed_unit="mph", time_zone="Europe/London", min_trips=5)
CITIES = {
    "24": SPEC,
    "168": replace(SPEC, days=Days(WEEKDAYS)),
    "288": replace(SPEC, bin_minutes=5),
}
"""Specifications by number of bins."""
PLAYING = ("mean", "p85", "tti")
"""Statistics of a benchmark's map that play: speeds and a ratio."""
CLASSES = np.array(["primary", "secondary", "tertiary", "unclassified", "residential"], dtype=object)
SHARES = (0.08, 0.07, 0.10, 0.10, 0.65)
TRIPS = np.array([60.0, 30.0, 12.0, 5.0, 1.2])
"""Mean number of trips an hour on a link of each class, at noon."""


def spec_of(bins: str, statistics: tuple[str, ...] = PLAYING) -> RunSpec:
    """Specification of a run with so many bins, a name of `CITIES`, that computes `statistics`."""
    return replace(CITIES[bins], statistics=statistics)


def city(
    n: int, filled: float = 1.0, seed: int = 1, spec: RunSpec = SPEC
) -> tuple[pd.DataFrame, pd.DataFrame, LinkGeometry]:
    """`speeds`, `by_time` and geometry of `n` links of two to nine points.

    `filled` is the share of cells of links and bins that hold a row. Links of every class have the trips
    such a class has, as many in any bin of an hour of any set of days; with 1.0 all are counted in every bin,
    most streets with too few trips.
    """
    random = np.random.default_rng(seed)
    ids = 1_000_000_000_000 + 10 * np.arange(n, dtype=np.int64)
    kind = random.choice(len(CLASSES), n, p=SHARES)
    side = int(np.ceil(np.sqrt(n)))
    start = np.column_stack([np.arange(n) % side, np.arange(n) // side]) * 90.0 + [500_000, 6_000_000]
    sizes = random.integers(2, 10, n)
    shapes = np.empty(n, dtype=object)
    for i, (corner, points) in enumerate(zip(start, sizes.tolist())):
        along = np.linspace(0, 85, points)
        bend = 4 * np.sin(along / 20 + i)
        line = corner + (np.column_stack([along, bend]) if i % 2 else np.column_stack([bend, along]))
        shapes[i] = struct.pack("<BII", 1, 2, points) + line.astype("<f8").tobytes()
    sets = [one.name for one in spec.days.fixed_sets]
    hours = np.tile(np.arange(spec.n_bins) * spec.bin_minutes / 60, len(sets))
    rhythm = (
        0.08
        + np.exp(-((hours - 8) ** 2) / 6)
        + np.exp(-((hours - 17) ** 2) / 8)
        + 0.5 * (abs(hours - 13) < 5)
    )
    rows, columns, trips, mean = [], [], [], []
    for first in range(0, n, 8192):  # as much memory as the result takes, and little more
        part = kind[first : first + 8192, None]
        shape = len(part), len(hours)
        cell = np.nonzero(random.random(shape, np.float32) < filled)
        rows.append(ids[first + cell[0]])
        columns.append(cell[1].astype(np.int16))
        trips.append((1 + random.poisson(TRIPS[part] * rhythm))[cell])
        noise = random.normal(0, 2, shape)
        mean.append(
            np.clip(34 - 4.0 * part - 14 * rhythm * random.random((len(part), 1)) + noise, 0.5, None)[cell]
        )
    of_link, frame = np.concatenate(rows), np.concatenate(columns)
    by_time = _statistics(of_link, np.concatenate(trips), np.concatenate(mean), spec.statistics)
    by_time.insert(1, "bin", pd.Categorical.from_codes(frame % spec.n_bins, spec.bin_names))
    if spec.days.is_divided:
        by_time.insert(1, "days", pd.Categorical.from_codes(frame // spec.n_bins, sets))
    whole = (
        by_time.groupby("link_id")[["n_trips", "mean"]].agg({"n_trips": "sum", "mean": "mean"}).reindex(ids)
    )
    speeds = _statistics(
        ids, whole["n_trips"].fillna(0).to_numpy(dtype=np.int64), whole["mean"].to_numpy(), spec.statistics
    )
    names = np.array([f"Street {i // 12}" for i in range(n)], dtype=object)
    return speeds, by_time, LinkGeometry(ids, shapes, "EPSG:32630", names, CLASSES[kind])


def _statistics(ids: np.ndarray, trips: np.ndarray, mean: np.ndarray, keys: tuple[str, ...]) -> pd.DataFrame:
    shares = {"mean": 1.0, "std": 0.2, "p05": 0.6, "p15": 0.8, "p50": 1.0, "p85": 1.15, "p95": 1.3}
    table = {"link_id": ids, "n_points": trips * 9, "n_trips": trips}
    for key in keys:
        if key not in table:
            table[key] = 40 / np.clip(mean, 1, None) if key == "tti" else mean * shares[key]
    return pd.DataFrame(table, copy=False)
