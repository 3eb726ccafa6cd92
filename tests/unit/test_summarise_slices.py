"""Computing some links at a time, as nodes with little memory do, changes neither result nor counts."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from roadpulse.aggregation.contract.days import Days, DaySet, Period
from roadpulse.aggregation.contract.spec import DecodeRules, FreeFlow, RunSpec
from roadpulse.aggregation.contract.statistic import all_keys
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store.decode import in_order
from roadpulse.aggregation.store.file_numbers import NumberTable
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.store.traversals import traversals_of
from roadpulse.aggregation.summary.result_tables import merge
from roadpulse.aggregation.summary.summarise import SummaryContext, SummaryTask, save_trips, summarise
from roadpulse.aggregation.trips.times import NO_TIME

N_POINTS, N_FILES = 6000, 12
EVERY = (*all_keys(), "p33", "trip_p99")
NIGHT = Period("Night", DaySet("Night", (2, 3)), 22 * 60, 6 * 60)
SPECS = {
    "hours": {},
    "whole day": {"bin_minutes": 1440},
    "five minutes, elsewhere": {"bin_minutes": 5, "time_zone": "Asia/Kathmandu"},
    "some days": {"weekdays": (2, 3), "date_from": date(2025, 6, 11)},
    "no day": {"date_from": date(2031, 1, 1)},
    "suppressed": {"suppress_below": 4},
    "every statistic": {"statistics": EVERY, "free_flow": FreeFlow(min_points=30)},
    "every statistic, dates": {"statistics": EVERY, "days": Days("dates"), "bin_minutes": 120},
    "sets that overlap": {
        "statistics": ("tti", "trip_p50"),
        "days": Days("named", (DaySet("Tuesday", (2,)), DaySet("any"), DaySet("never", (7,)))),
        "holidays": (date(2025, 6, 11),),
        "suppress_below": 2,
    },
    "periods": {"statistics": EVERY, "periods": (NIGHT, Period("Day", DaySet("Day"))), "weekdays": (2, 3, 4)},
}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> SummaryContext:
    """Points on 40 links, half of them on one; every tenth has no time; one file does not count."""
    random = np.random.default_rng(4)
    folder = LocalPath(tmp_path_factory.mktemp("slices"))
    link_id = np.where(random.random(N_POINTS) < 0.5, 77, random.integers(1, 40, N_POINTS))
    time = random.integers(1_749_500_000, 1_749_800_000, N_POINTS) * 1_000_000
    time[random.random(N_POINTS) < 0.1] = NO_TIME
    speed = random.integers(0, 400, N_POINTS) / 10 + random.choice([0, 100], N_POINTS, p=[0.99, 0.01])
    file = random.integers(0, N_FILES, N_POINTS).astype(np.int32)
    store = PointStore.open(str(folder / "store"), DecodeRules())
    for part in range(3):
        rows = np.arange(part, N_POINTS, 3)
        store.write_part("one", part, in_order(link_id[rows], time[rows], speed[rows], file[rows]))
        rows = rows[np.argsort(file[rows], kind="stable")]
        passages = traversals_of(link_id[rows], time[rows], speed[rows], file[rows], "m/s")
        store.write_traversals("one", part, passages)
    trips = np.arange(N_FILES, dtype=np.int32) // 2
    trips[5] = -1
    save_trips(folder / "trips.npz", {"one": NumberTable.of(np.arange(N_FILES, dtype=np.int32), trips)})
    spec = RunSpec("trips", "store", speed_unit="m/s")
    return SummaryContext(store, spec, {"one": [0, 1, 2]}, folder / "trips.npz", folder / "all")


def outcome(context: SummaryContext, folder: Path) -> tuple[dict[str, object], list[bytes]]:
    report = summarise(SummaryTask(0, 0, 4096), replace(context, results=LocalPath(folder)))
    merge(LocalPath(folder), LocalPath(folder / "results"), [0], context.spec)
    found = asdict(report)
    for name in ("opened", "bytes_read"):  # how it was read
        assert found.pop(name) > 0
    return found, [path.read_bytes() for path in sorted(folder.glob("results/*.csv"))]


@pytest.mark.parametrize("entries", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("limit", [40, 700, 2500, 5000])
def test_slices_give_the_same_bytes_and_counts(
    context: SummaryContext, tmp_path: Path, limit: int, entries: dict[str, object]
) -> None:
    whole = replace(context, spec=replace(context.spec, **entries))
    sliced = replace(whole, slice_points=limit)
    expected, tables = outcome(whole, tmp_path / "whole")
    assert outcome(sliced, tmp_path / "sliced") == (expected, tables)
    assert expected["points"] or "date_from" in entries
