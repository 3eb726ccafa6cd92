"""The rule by which a worker's memory decides what it does at once."""

from __future__ import annotations

import pytest

from roadpulse.aggregation.contract.s3_access import S3Access
from roadpulse.aggregation.contract.spec import DecodeRules, RunSpec
from roadpulse.aggregation.runners import worker_memory
from roadpulse.aggregation.runners.worker_memory import WorkerMemory, bounds, megabytes_of, megabytes_of_each
from roadpulse.aggregation.storage import place
from roadpulse.aggregation.store.decode import DecodeContext
from roadpulse.aggregation.store.point_store import PointStore
from roadpulse.aggregation.summary.summarise import SummaryContext

ON_SPARK = 112


@pytest.mark.parametrize(
    ("free", "cores", "megabytes"),
    [
        (0, 4, 150),  # nothing is known
        (450, 4, 150),  # a board of 1 GB beside an executor
        (900, 4, 150),  # with nothing else on it
        (3_200, 4, 512),  # one of 4 GB
        (3_200, 64, 150),
        (20_000, 2, 2_000),  # more is of no use
    ],
)
def test_half_of_what_is_free_is_shared_by_the_cores(free: float, cores: int, megabytes: int) -> None:
    assert megabytes_of_each(free, ON_SPARK, cores, ON_SPARK) == megabytes


def test_a_worker_that_keeps_memory_counts_it_as_its_share() -> None:
    """Otherwise its share would sink from task to task."""
    kept = 300
    assert megabytes_of_each(3_200, ON_SPARK, 4, ON_SPARK) == megabytes_of_each(
        3_200 - 4 * kept, ON_SPARK + kept, 4, ON_SPARK
    )


def test_with_150_mb_a_task_stays_as_small_as_it_is_measured_to_fit() -> None:
    """See tests/integration/test_worker_memory.py."""
    smallest = bounds(150)
    assert (smallest.part_points, smallest.slice_points) == (90_000, 50_000)
    assert (smallest.duckdb_megabytes, smallest.keeps_memory) == (96, False)


def test_everything_follows_from_the_memory() -> None:
    sizes = [bounds(megabytes) for megabytes in (150, 250, 500, 1000, 2000)]
    for less, more in zip(sizes, sizes[1:]):
        assert less.part_points < more.part_points
        assert less.slice_points < more.slice_points
        assert less.duckdb_megabytes <= more.duckdb_megabytes
        assert more.duckdb_megabytes < more.megabytes
        # 100 bytes for each point that is computed, and as many that are held, which were measured as 250
        assert more.slice_points * 250 < more.megabytes * 1e6
    assert [size.keeps_memory for size in sizes] == [False, False, True, True, True]
    assert bounds(150, start=60).slice_points > bounds(150).slice_points  # without PySpark


def test_a_node_has_what_was_asked_for_or_less_if_it_has_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_memory, "usable_cores", lambda: 4)
    monkeypatch.setattr(worker_memory, "held_memory", lambda: 80.0)
    for free, expected in ((16_000, 500), (2_400, 412), (300, 150)):
        monkeypatch.setattr(worker_memory, "free_megabytes", lambda free=free: free)
        assert WorkerMemory(most=500).bounds().megabytes == expected


def test_both_steps_work_within_the_bounds_or_within_less() -> None:
    root = place("/nowhere", S3Access())
    store, spec = PointStore(root), RunSpec("trips", "store", speed_unit="m/s")
    decoding = DecodeContext(store, "one", DecodeRules(), 1, True)
    summarising = SummaryContext(store, spec, {}, root, root)
    found = bounds(500)
    assert found.decoding(decoding).part_points == found.part_points
    assert found.summarising(summarising).slice_points == found.slice_points
    few = SummaryContext(store, spec, {}, root, root, slice_points=100)
    assert found.summarising(few).slice_points == 100


@pytest.mark.parametrize(("text", "megabytes"), [("150m", 150), ("500m", 500), ("2g", 2000)])
def test_sizes(text: str, megabytes: int) -> None:
    assert megabytes_of(text) == megabytes


@pytest.mark.parametrize("text", ["", "0m", "149m", "lots", "500", "1.5g", "500M", "-1g"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="500m or 2g, of at least 150m"):
        megabytes_of(text)
