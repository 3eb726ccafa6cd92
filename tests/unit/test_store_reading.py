"""What a summary reads of the point store grows with the data, and not with its square."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from roadpulse.aggregation.contract.spec import DecodeRules, RunSpec
from roadpulse.aggregation.runners import plan
from roadpulse.aggregation.storage.local.path import LocalPath
from roadpulse.aggregation.store.decode import in_order
from roadpulse.aggregation.store.file_numbers import NumberTable
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.summary.summarise import SummaryContext, save_trips, summarise

POINTS_OF_A_PART = 20_000
WORKERS = 2


def read_of(folder: LocalPath, n_parts: int) -> tuple[int, int, int]:
    """Files opened and bytes read by all tasks of a summary, and the bytes of the store's points."""
    random = np.random.default_rng(n_parts)
    store = PointStore.open(str(folder / "store"), DecodeRules())
    for part in range(n_parts):
        link_id = random.integers(1, 3_000, POINTS_OF_A_PART)
        time = random.integers(1_749_500_000, 1_749_800_000, POINTS_OF_A_PART) * 1_000_000
        speed = np.round(random.random(POINTS_OF_A_PART) * 40, 3)
        store.write_part("one", part, in_order(link_id, time, speed, np.zeros_like(link_id, dtype=np.int32)))
    numbers = np.zeros(1, dtype=np.int32)
    save_trips(folder / "trips.npz", {"one": NumberTable.of(numbers, numbers)})
    spec = RunSpec("trips", "store", speed_unit="m/s")
    context = SummaryContext(store, spec, {"one": [*range(n_parts)]}, folder / "trips.npz", folder / "work")
    tasks = plan.summary_tasks(n_parts * POINTS_OF_A_PART, WORKERS)
    reports = [summarise(task, context) for task in tasks]
    assert sum(report.points for report in reports) == n_parts * POINTS_OF_A_PART
    stored = sum(path.stat().st_size for path in Path(str(store.points_folder("one"))).iterdir())
    return sum(report.opened for report in reports), sum(report.bytes_read for report in reports), stored


def test_files_opened_and_bytes_read_grow_with_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a run of 50,000 trips does with a store of a hundred times the points."""
    monkeypatch.setattr(plan, "LEAST_POINTS", 8_000)
    monkeypatch.setattr(plan, "POINTS_PER_TASK", 8_000 * 100)
    opened, n_bytes, stored = read_of(LocalPath(tmp_path / "few"), 4)
    more_opened, more_bytes, more_stored = read_of(LocalPath(tmp_path / "many"), 16)
    assert more_opened == 4 * opened
    assert stored <= n_bytes
    assert more_bytes / more_stored <= 1.1 * n_bytes / stored
