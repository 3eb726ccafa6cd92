"""Projections are the arithmetic that the page states, and the page has their present figures."""

from __future__ import annotations

import math

import pytest

from benchmarks.projection import (
    CLUSTERS,
    PAGE_OF_DOCS,
    SHOWN_COSTS,
    Cluster,
    Costs,
    Projection,
    shown_bytes,
    shown_time,
    with_tables,
)

COSTS = Costs(
    trip_bytes=400_000, trip_points=1000, decode_bytes_per_second=200e6, decode_seconds_per_file=1e-3,
    store_bytes_per_point=6, traversal_bytes_per_point=4, report_bytes_per_file=300,
    summary_seconds_per_point=2e-7, open_seconds_per_part=1e-4, merge_seconds_per_row=1e-6,
    head_seconds_per_new_file=2e-5, head_seconds_per_known_file=1e-5, head_bytes_per_file=100,
    head_bytes=100e6,
)  # fmt: skip
CLUSTER = Cluster("eight slow cores", 4, 2, 0.5, 100e6, 50e6, 0.2, 0.048, requests=1000)
MILLION = Projection(COSTS, CLUSTER, 1_000_000)


def test_a_million_trips_by_hand() -> None:
    assert MILLION.points == 1e9
    assert MILLION.parts == 2385  # 400 GB in parts of 160 MiB
    assert MILLION.summary_tasks == 250  # of four million points each
    assert MILLION.parts_opened == 2385 * 250
    assert MILLION.listing.by == {"pages of the listing": 25}  # eight folders at once
    assert MILLION.head(known=False).by == {"the head's core": 40}
    assert MILLION.head(known=True).by == {"the head's core": 20}
    # 2,000 s of decoding and 1,000 of opening files, on four fast cores; 410 GB over cards and disks.
    assert MILLION.decode.by == {
        "cores": pytest.approx(750), "network cards": 1025, "disks": 2050, "requests": 1000,
        "answers": pytest.approx(250),  # 24 at once for each of eight cores
    }  # fmt: skip
    assert (MILLION.decode.seconds, MILLION.decode.limit) == (2050, "disks")
    index = 250 * 4e6
    assert MILLION.summary.by == {
        "cores": pytest.approx(50),
        "opening parts": pytest.approx(2385 * 250 * 1e-4 / 4),
        "network cards": (6e9 + index) / 400e6,
        "disks": (6e9 + index) / 200e6,
        "requests": 2385 * 250 * 2 / 1000,
    }
    assert MILLION.merge.by == {"the head's core": pytest.approx(8.5)}
    assert MILLION.head_memory == 200e6
    assert MILLION.reports == 300e6
    assert MILLION.store == 10e9
    again = 9 + 25 + 20 + MILLION.summary.seconds + MILLION.merge.seconds
    assert MILLION.total(known=True) == pytest.approx(again)
    assert MILLION.total(known=False) == pytest.approx(again + 20 + 2050)


def test_without_a_limit_of_its_own_requests_do_not_count() -> None:
    free = Cluster("free", 4, 2, 0.5, 100e6, math.inf, 0.2, 0.048)
    found = Projection(COSTS, free, 1_000_000)
    assert set(found.decode.by) == {"cores", "network cards", "disks", "answers"}
    assert (found.decode.limit, found.decode.by["disks"]) == ("network cards", 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.46, "4.5 s"), (119, "120 s"), (121, "2.0 min"), (7300, "2.0 h"), (185_000, "2.1 d"), (0.04, "0.0 s")],
)
def test_times_have_two_digits(seconds: float, text: str) -> None:
    assert shown_time(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(312e6, "310 MB"), (4.56e12, "4.6 TB"), (1e9, "1.0 GB"), (42_000, "42 kB"), (1.2e15, "1,200 TB")],
)
def test_sizes_have_two_digits(size: float, text: str) -> None:
    assert shown_bytes(size) == text


def test_the_page_has_the_tables_of_the_saved_costs() -> None:
    page = PAGE_OF_DOCS.read_text(encoding="utf-8")
    assert with_tables(page, Costs.read()) == page, "run `python -m benchmarks projection --write`"
    assert set(SHOWN_COSTS) == set(Costs.__dataclass_fields__)
    assert all(f"### {cluster.name}\n" in page for cluster in CLUSTERS)
