"""Rows of a task by bucket, held in memory and put into a file."""

from __future__ import annotations

import numpy as np
import pytest

from roadpulse.aggregation.store.order import bucket_of
from roadpulse.aggregation.summary.bucket_rows import bucket_rows

ROW = np.dtype([("link_id", np.int64), ("trip", np.int32)])
FIRST, END = 1024, 2048


def links_of_a_task() -> np.ndarray:
    some = np.arange(1, 40_000, dtype=np.int64)
    bucket = bucket_of(some)
    return some[(bucket >= FIRST) & (bucket < END)]


@pytest.mark.parametrize("room", [10**9, 2_000, 0], ids=["in memory", "some in a file", "all in a file"])
def test_each_row_is_read_with_its_bucket(room: int) -> None:
    random = np.random.default_rng(3)
    link = random.choice(links_of_a_task(), 9_000)
    trip = np.arange(len(link), dtype=np.int32)
    with bucket_rows(ROW, (FIRST, END), room) as rows:
        rows.take((link[start : start + 700], trip[start : start + 700]) for start in range(0, 9_000, 700))
        ranges = rows.ranges(500)
        assert [start for start, _ in ranges] == [FIRST, *(end for _, end in ranges[:-1])]
        assert ranges[-1][1] == END
        assert max(map(rows.n_in, ranges)) <= 500
        seen = []
        for some in ranges:
            found = rows.read(some)
            buckets = bucket_of(found[0])
            assert len(buckets) == rows.n_in(some)
            assert np.all((buckets >= some[0]) & (buckets < some[1]))
            portions = [*rows.portions(some, 50)]
            assert max((len(portion[0]) for portion in portions), default=0) <= 50
            assert [*np.concatenate([portion[1] for portion in portions])] == [*found[1]]
            seen.append(np.column_stack(found))
    every = np.concatenate(seen)
    assert np.array_equal(every[np.argsort(every[:, 1])], np.column_stack([link, trip]))


def test_a_bucket_with_more_rows_than_the_limit_is_a_range_of_its_own() -> None:
    links = links_of_a_task()
    busy = links[np.argsort(bucket_of(links), kind="stable")][len(links) // 2]
    link = np.concatenate([links, np.full(900, busy)])
    with bucket_rows(ROW, (FIRST, END), 100) as rows:
        rows.take([(link, np.zeros(len(link), dtype=np.int32))])
        (some,) = [one for one in rows.ranges(300) if rows.n_in(one) > 300]
    assert some == (int(bucket_of(links[links == busy])[0]), some[0] + 1)


def test_no_rows_are_columns_without_values() -> None:
    with bucket_rows(ROW, (FIRST, END), 100) as rows:
        assert rows.ranges(10) == [(FIRST, END)]
        link, trip = rows.read((FIRST, END))
    assert (len(link), link.dtype, trip.dtype) == (0, np.int64, np.int32)
