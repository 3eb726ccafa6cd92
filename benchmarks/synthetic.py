"""A city of any number of links with speeds for every hour, made from nothing, for measuring maps alone."""

from __future__ import annotations

import struct

import numpy as np
import pandas as pd

from roadpulse.aggregation.contract.spec import RunSpec
from roadpulse.cluster_client.postgis.link_geometry import LinkGeometry

SPEC = RunSpec(trips="trips", store="store", speed_unit="mph", time_zone="Europe/London", min_trips=5)
CLASSES = np.array(["primary", "secondary", "tertiary", "unclassified", "residential"], dtype=object)
SHARES = (0.08, 0.07, 0.10, 0.10, 0.65)
TRIPS = np.array([60.0, 30.0, 12.0, 5.0, 1.2])
"""Mean number of trips an hour on a link of each class, at noon."""


def city(n: int, filled: float = 1.0, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, LinkGeometry]:
    """`speeds`, `by_time` and geometry of `n` links of two to nine points.

    `filled` is the share of cells of links and hours that hold a row. Links of every class have the
    trips such a class has; with 1.0 all are counted in every hour, most streets with too few trips.
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
    hours = np.arange(24)
    rhythm = (
        0.08
        + np.exp(-((hours - 8) ** 2) / 6)
        + np.exp(-((hours - 17) ** 2) / 8)
        + 0.5 * (abs(hours - 13) < 5)
    )
    trips = 1 + random.poisson(TRIPS[kind][:, None] * rhythm)
    mean = np.clip(
        34 - 4.0 * kind[:, None] - 14 * rhythm * random.random((n, 1)) + random.normal(0, 2, (n, 24)),
        0.5,
        None,
    )
    rows, columns = np.nonzero(random.random((n, 24)) < filled)
    by_time = _statistics(ids[rows], trips[rows, columns], mean[rows, columns])
    by_time.insert(1, "bin", np.array(SPEC.bin_names, dtype=object)[columns])
    speeds = _statistics(ids, trips.sum(axis=1), mean.mean(axis=1))
    names = np.array([f"Street {i // 12}" for i in range(n)], dtype=object)
    return speeds, by_time, LinkGeometry(ids, shapes, "EPSG:32630", names, CLASSES[kind])


def _statistics(ids: np.ndarray, trips: np.ndarray, mean: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {"link_id": ids, "n_points": trips * 9, "n_trips": trips, "mean": mean, "std": mean / 5}
    )
    for name, share in (("p05", 0.6), ("p15", 0.8), ("p50", 1.0), ("p85", 1.15), ("p95", 1.3)):
        table[name] = mean * share
    return table
